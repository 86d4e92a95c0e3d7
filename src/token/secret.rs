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

    /// Whether both are the same text.
    pub fn is_same(&self, other: &Self) -> bool {
        self.0 == other.0
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
        Self::new(
            text.strip_prefix(PASTED_COMMAND)
                .map_or(text, str::trim_start),
        )
    }

    /// Refuses what Cargo would refuse to store or a server could not be sent: nothing at all, or
    /// anything but printable ASCII and tabs (`spec/cargo.md` 27).
    pub fn checked(self) -> Result<Self> {
        if self.0.is_empty() {
            return Err(Error::failed("the token is empty"));
        }
        let allowed = |c: char| c == '\t' || (' '..='~').contains(&c);
        match self.0.chars().enumerate().find(|&(_, c)| !allowed(c)) {
            None => Ok(self),
            Some((index, c)) => Err(Error::failed(format!(
                "the token has {} at character {} of {}; Cargo accepts printable ASCII and tabs only",
                kind_of(c),
                index + 1,
                self.0.chars().count(),
            ))),
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

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Token;

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
