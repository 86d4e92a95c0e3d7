//! The text of a token, and everything that may be said about it.
//!
//! Invariant: a [`Token`] has no `Display`, `Serialize`, `PartialEq` or `Deref`, and its `Debug` shows
//! nothing. [`Token::expose`] is the one way in, and a test lists the files that may use it.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::Scheme;
use crate::error::{Error, Result};

/// Tokens shorter than this get no fingerprint: it could be found again by trying.
const SHORTEST_FINGERPRINTED: usize = 20;

/// Shorter ones are not looked for in what others print.
const SHORTEST_SEARCHED: usize = 8;

/// Longer words are taken for tokens, where a name is meant.
const LONGEST_NAME: usize = 24;

/// What `cargo login` tells people to paste.
const PASTED_COMMAND: &str = "cargo login";

/// A token: exactly the text of the `Authorization` header. Zeroed when dropped.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// Takes the text over; the caller keeps no copy.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether both are the same text.
    pub fn is_same(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// Whether this text stands somewhere in those bytes; one of fewer than 8 could do so by chance.
    pub fn is_within(&self, bytes: &[u8]) -> bool {
        self.0.len() >= SHORTEST_SEARCHED
            && bytes
                .windows(self.0.len())
                .any(|window| window == self.0.as_bytes())
    }

    /// Another text with `(the token)` wherever this one stands in it: as it is, as JSON or Rust would quote it,
    /// and without its scheme.
    #[must_use]
    pub fn hidden_in(&self, text: &str) -> String {
        let quoted = |text: &str| {
            let quoted = Zeroizing::new(format!("{text:?}"));
            Zeroizing::new(quoted[1..quoted.len() - 1].to_owned())
        };
        let mut text = text.to_owned();
        let without_scheme = Scheme::of(self).and_then(|_| Some(self.0.split_once(' ')?.1.trim()));
        for secret in [Some(self.0.as_str()), without_scheme]
            .into_iter()
            .flatten()
        {
            let once = quoted(secret);
            let twice = quoted(&once);
            for spelling in [twice.as_str(), once.as_str(), secret] {
                if !spelling.is_empty() {
                    text = text.replace(spelling, "(the token)");
                }
            }
        }
        text
    }

    /// A stable name for a token that does not give it away: `sha256:` and 12 hex digits.
    ///
    /// None for one of fewer than 20 characters, and none for `Basic`, which contains a password.
    pub fn fingerprint(&self) -> Option<String> {
        let may_have_one = self.0.chars().count() >= SHORTEST_FINGERPRINTED
            && Scheme::of(self) != Some(Scheme::Basic);
        may_have_one.then(|| {
            let digest = Sha256::digest(self.0.as_bytes());
            digest[..6]
                .iter()
                .fold(String::from("sha256:"), |text, byte| {
                    format!("{text}{byte:02x}")
                })
        })
    }

    /// What a person typed or pasted, or a program printed, as Cargo would store it: without surrounding
    /// white space, and without the `cargo login` that was pasted along.
    #[must_use]
    pub fn cleaned(&self) -> Self {
        let text = self.0.trim();
        let Some(pasted) = text.strip_prefix(PASTED_COMMAND).map(str::trim_start) else {
            return Self::new(text);
        };
        // With its options, the token is what stands last.
        let is_after_options = pasted.starts_with('-');
        Self::new(
            pasted
                .split_whitespace()
                .next_back()
                .filter(|_| is_after_options)
                .unwrap_or(pasted),
        )
    }

    /// Refuses what Cargo would refuse to store or a server could not be sent: nothing at all, or
    /// anything but printable ASCII and tabs (`spec/cargo.md` 27).
    pub fn checked(self) -> Result<Self> {
        if self.0.is_empty() {
            return Err(Error::failed("the token is empty")
                .hint("see that the source gives one; the registry's web site issues them"));
        }
        let allowed = |c: char| c == '\t' || (' '..='~').contains(&c);
        match self.0.chars().enumerate().find(|&(_, c)| !allowed(c)) {
            None => Ok(self),
            Some((index, c)) => Err(Error::failed(format!(
                "the token has {} at character {} of {}; Cargo accepts printable ASCII and tabs only",
                kind_of(c),
                index + 1,
                self.0.chars().count(),
            ))
            .hint("copy it again, in one piece and with nothing around it")),
        }
    }
}

/// What a forbidden character is, without showing it.
fn kind_of(c: char) -> &'static str {
    match c {
        '\n' => "a line break",
        '\r' => "a carriage return",
        c if c.is_control() => "a control character",
        _ => "a character that is not ASCII",
    }
}

/// Whether a word where a name belongs is rather a token, as in `cargo login TOKEN`. Names are shorter, and
/// made of letters; crates.io's tokens begin alike.
pub(crate) fn looks_like_token(word: &str) -> bool {
    const SHORTEST: usize = 20;
    let length = word.chars().count();
    let has_digit = word.contains(|c: char| c.is_ascii_digit());
    word.starts_with("cio") && length >= SHORTEST || has_digit && length > LONGEST_NAME
}

/// Whether a token was typed where a program, a variable or a file is to be named, as in `env:$TOKEN`. Such names are
/// longer than those of registries, and of parts that are short or have no digits; a path says that it is one.
pub(crate) fn stands_for_a_name(word: &str) -> bool {
    const LONGEST_PART: usize = 11;
    let is_path = word.starts_with(['/', '.', '~']) || word.contains('\\');
    let is_variable = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let is_long =
        |part: &str| part.len() > LONGEST_PART && part.contains(|c: char| c.is_ascii_digit());
    let is_name = is_path || word.contains('_') && word.chars().all(is_variable);
    looks_like_token(word)
        && !is_name
        && word
            .split(|c: char| !c.is_alphanumeric())
            .any(|part| is_long(part) || part.starts_with("cio"))
}

/// The same where a program is to be named: by a path, or as Cargo's providers are called.
pub(crate) fn stands_for_a_program(word: &str) -> bool {
    let is_path = word.contains('/') && !word.contains(['=', '+']);
    let is_provider = word.starts_with("cargo:") || word.starts_with("cargo-credential-");
    stands_for_a_name(word) && !is_path && !is_provider
}

/// What a token is refused with, where a word was to be: this is to be done instead.
pub(crate) fn no_argument(instead: &str) -> Error {
    Error::usage("this looks like a token, and a token is never an argument").hint(format!(
        "revoke it if others can see this terminal or its history, and {instead}",
    ))
}

/// A text with every word that could be a token, or a part of one, as dots: as many, so that what stands
/// under a column stays there. URLs without user-info and the names of sources stay readable.
pub(crate) fn masked(text: &str) -> String {
    let is_edge = |c: char| c.is_whitespace() || "\"'`,;()[]{}<>".contains(c);
    let mut shown = String::new();
    let mut after_scheme = false;
    for piece in text.split_inclusive(is_edge) {
        let word = piece.trim_end_matches(is_edge);
        let hides = after_scheme || could_be_part(word);
        shown.extend(word.chars().map(|c| if hides { '·' } else { c }));
        shown.push_str(&piece[word.len()..]);
        if !word.is_empty() {
            // In small letters, the other two are words of a sentence.
            let is_scheme =
                word.eq_ignore_ascii_case("bearer") || matches!(word, "Basic" | "Token");
            after_scheme = is_scheme && piece.ends_with(' ');
        }
    }
    shown
}

fn could_be_part(word: &str) -> bool {
    const SHORTEST: usize = 10;
    if word.contains("://") {
        return word.contains('@');
    }
    let is_variable = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let is_fingerprint = word
        .strip_prefix("sha256:")
        .is_some_and(|hex| hex.trim_end_matches(['.', ':']).len() == 12);
    if word.starts_with("env:") || word.starts_with("file:") || is_fingerprint {
        return false;
    }
    word.split([':', '=']).any(|part| {
        if part.contains('_') && part.chars().all(is_variable) {
            return false;
        }
        let length = part.chars().count();
        let has_digit = part.contains(|c: char| c.is_ascii_digit());
        length > LONGEST_NAME || length >= SHORTEST && (has_digit || part.starts_with("cio"))
    })
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Token, masked};

    #[test]
    fn a_word_that_could_be_a_token_is_not_shown() {
        for line in [
            r#"login("corp", "cio1234567890abcdef");"#,
            r#"login("Bearer abc");"#,
            r#"login("bearer abc");"#,
            r#"login("a \" abc1234567890");"#,
            r#"login("me:abc1234567890");"#,
            "login('abcdefghijklmnopqrstuvwxyzabc');",
            "let t = `abc1234567890",
            "let t = abc1234567890; // abc1234567890",
            r#"registry::add("x", "https://me:abc@host/");"#,
        ] {
            let shown = masked(line);
            assert!(
                shown.contains('·') && shown.chars().count() == line.chars().count(),
                "{shown}"
            );
            assert!(!shown.contains("123") && !shown.contains("abc"), "{shown}");
        }
        for message in [
            "set CARGO_REGISTRIES_MY_CORP_TOKEN_2 to the token of its registry",
            "from CARGO_REGISTRIES_MY_CORP_TOKEN_2: put the new one there",
            "revoke sha256:0123456789ab, please",
        ] {
            assert_eq!(masked(message), message);
        }
        let plain = r#"registry::add("corp", "sparse+https://host/1234567890/"); login("x", #{ from: "env:A_LONG_VARIABLE_NAME_1" });"#;
        assert_eq!(masked(plain), plain);
    }

    #[test]
    fn a_token_is_hidden_however_it_is_quoted() {
        for (token, text) in [
            ("abc", "no abc, abc."),
            ("a\"b\\c\td", r#"no a\"b\\c\td, a\\\"b\\\\c\\td."#),
            ("a'b", "no a'b, a'b."),
            ("Bearer a\"b", r#"no Bearer a\"b, a\"b."#),
        ] {
            let shown = Token::new(token).hidden_in(text);
            assert_eq!(shown, "no (the token), (the token).", "{token}");
        }
        assert_eq!(Token::new("").hidden_in("no luck"), "no luck");
    }

    #[test]
    fn a_fingerprint_is_stable_and_withheld_where_it_would_give_the_token_away() {
        let fingerprint = |text: &str| Token::new(text).fingerprint();
        assert_eq!(
            fingerprint("a token of 20 chars.").as_deref(),
            Some("sha256:f47c2317b002")
        );
        assert_eq!(fingerprint("a short token"), None);
        assert_eq!(
            fingerprint("Basic dXNlcjpwYXNzd29yZC1vZi1zb21lLWxlbmd0aA=="),
            None
        );
    }

    #[test]
    fn a_pasted_command_and_white_space_are_not_part_of_a_token() {
        for pasted in [
            "abc",
            " abc\t",
            "abc\r\n",
            "cargo login abc\n",
            "cargo login  abc",
            "cargo login --registry corp abc",
        ] {
            assert_eq!(Token::new(pasted).cleaned().expose(), "abc", "{pasted:?}");
        }
    }

    #[test]
    fn what_cargo_would_not_send_is_refused_by_position_and_not_shown() {
        for (text, says) in [
            ("", "empty"),
            ("ab\ncd", "a line break at character 3 of 5"),
            ("ab\rcd", "a carriage return at character 3"),
            ("abc\u{7}", "a control character at character 4"),
            ("abé", "not ASCII at character 3"),
        ] {
            let error = Token::new(text).checked().unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
            assert!(text.is_empty() || !error.contains(text), "{error}");
        }
        assert!(Token::new("Bearer a\tb ~").checked().is_ok());
    }
}
