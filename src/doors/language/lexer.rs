//! The pieces of a text of Rhai, also of one that is not finished: for colours, brackets, Tab, and whether
//! Enter ends it.
//!
//! Invariant: every text has pieces, in order, and none overlap. What is no piece is white space.

use std::ops::Range;

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name, a keyword, or names with `::` between them.
    Word,
    /// A number.
    Number,
    /// A text in quotes.
    Text,
    /// A comment.
    Comment,
    /// One character of anything else.
    Symbol,
}

/// A piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lexeme {
    /// Where it is.
    pub range: Range<usize>,
    /// What it is.
    pub kind: Kind,
    /// Whether its end is missing: a quote, or the end of a comment.
    pub is_open: bool,
}

impl Lexeme {
    /// Its text.
    pub fn of<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.range.clone()).unwrap_or_default()
    }
}

/// The pieces of a text.
pub fn lexemes(text: &str) -> Vec<Lexeme> {
    let mut found = Vec::new();
    let mut start = 0;
    while let Some(c) = text[start..].chars().next() {
        if c.is_whitespace() {
            start += c.len_utf8();
            continue;
        }
        let rest = &text[start..];
        let (kind, length, is_open) = piece(rest, c);
        found.push(Lexeme {
            range: start..start + length,
            kind,
            is_open,
        });
        start += length;
    }
    found
}

fn piece(rest: &str, first: char) -> (Kind, usize, bool) {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let until = |is_end: &dyn Fn(char) -> bool| rest.find(is_end).unwrap_or(rest.len());
    if rest.starts_with("//") {
        return (Kind::Comment, until(&|c| c == '\n'), false);
    }
    if rest.starts_with("/*") {
        let end = end_of_comment(rest);
        return (Kind::Comment, end.unwrap_or(rest.len()), end.is_none());
    }
    if let Some(end) = end_of_letter(rest) {
        return (Kind::Text, end, false);
    }
    if matches!(first, '"' | '`') {
        let end = end_of_text(rest, first);
        return (Kind::Text, end.unwrap_or(rest.len()), end.is_none());
    }
    if first.is_ascii_digit() {
        return (Kind::Number, end_of_number(rest), false);
    }
    if is_word(first) {
        let mut end = until(&|c| !is_word(c));
        while let Some(more) = rest[end..].strip_prefix("::") {
            end += 2 + more.find(|c| !is_word(c)).unwrap_or(more.len());
        }
        return (Kind::Word, end, false);
    }
    (Kind::Symbol, first.len_utf8(), false)
}

/// Comments may contain comments.
fn end_of_comment(rest: &str) -> Option<usize> {
    let mut depth = 0;
    let mut at = 0;
    loop {
        let next = rest[at..].find(['/', '*'])? + at;
        let two = rest.get(next..next + 2)?;
        match two {
            "/*" => depth += 1,
            "*/" => depth -= 1,
            _ => {
                at = next + 1;
                continue;
            }
        }
        at = next + 2;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// One letter in single quotes; a quote alone is none.
fn end_of_letter(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('\'')?;
    let mut letters = inside.char_indices();
    let end = match letters.next()?.1 {
        '\\' => inside.get(2..)?.find('\'')? + 2,
        '\'' => return None,
        _ => letters.next().filter(|(_, c)| *c == '\'')?.0,
    };
    (end <= 12).then_some(1 + end + 1)
}

fn end_of_text(rest: &str, quote: char) -> Option<usize> {
    let mut letters = rest.char_indices().skip(1);
    while let Some((index, c)) = letters.next() {
        if c == '\\' && quote != '`' {
            letters.next();
        } else if c == quote {
            return Some(index + 1);
        }
    }
    None
}

/// `1..5` is two numbers, `1.5` is one.
fn end_of_number(rest: &str) -> usize {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    match rest[end..].strip_prefix('.') {
        Some(more) if more.starts_with(|c: char| c.is_ascii_digit()) => {
            end + 1 + more.find(|c| !is_part(c)).unwrap_or(more.len())
        }
        _ => end,
    }
}

/// Whether more has to follow: an open bracket, text or comment, or a backslash at the end.
pub fn is_open(text: &str) -> bool {
    let mut depth = 0_i32;
    for lexeme in lexemes(text) {
        match lexeme.of(text) {
            _ if lexeme.is_open => return true,
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
    }
    depth > 0 || text.ends_with('\\')
}

/// The bracket at the cursor, or right before it, and its partner, if it has one.
pub fn brackets_at(
    text: &str,
    lexemes: &[Lexeme],
    cursor: usize,
) -> Option<(usize, Option<usize>)> {
    let is_bracket =
        |lexeme: &&Lexeme| lexeme.kind == Kind::Symbol && "()[]{}".contains(lexeme.of(text));
    let brackets: Vec<&Lexeme> = lexemes.iter().filter(is_bracket).collect();
    let at = |place: usize| {
        brackets
            .iter()
            .position(|lexeme| lexeme.range.start == place)
    };
    let here = at(cursor).or_else(|| at(cursor.checked_sub(1)?))?;
    let mut open: Vec<usize> = Vec::new();
    for (index, bracket) in brackets.iter().enumerate() {
        if "([{".contains(bracket.of(text)) {
            open.push(index);
            continue;
        }
        let partner = open.pop().filter(|&other| {
            matches!(
                (brackets[other].of(text), bracket.of(text)),
                ("(", ")") | ("[", "]") | ("{", "}")
            )
        });
        if index == here || partner == Some(here) {
            let other = if index == here { partner } else { Some(index) };
            let place = |index: usize| brackets[index].range.start;
            return Some((place(here), other.map(place)));
        }
    }
    // Open still, which is no mistake.
    None
}

#[cfg(test)]
mod tests {
    use super::Kind::{Comment, Number, Symbol, Text, Word};
    use super::{Kind, brackets_at, is_open, lexemes};

    #[test]
    fn a_text_is_its_pieces() {
        let check = |text: &str, expected: &[(&str, Kind)]| {
            let pieces = lexemes(text);
            let pieces: Vec<(&str, Kind)> = pieces
                .iter()
                .map(|piece| (piece.of(text), piece.kind))
                .collect();
            assert_eq!(pieces, expected, "{text:?}");
        };
        check(
            "let x = 1.5;",
            &[
                ("let", Word),
                ("x", Word),
                ("=", Symbol),
                ("1.5", Number),
                (";", Symbol),
            ],
        );
        check(
            "1..5",
            &[("1", Number), (".", Symbol), (".", Symbol), ("5", Number)],
        );
        check(
            "registry::add(\"a\\\"(b\")",
            &[
                ("registry::add", Word),
                ("(", Symbol),
                ("\"a\\\"(b\"", Text),
                (")", Symbol),
            ],
        );
        check(
            "`a\\` + 'c'",
            &[("`a\\`", Text), ("+", Symbol), ("'c'", Text)],
        );
        check(
            "1 /* a /* b */ c */ 2 // d",
            &[
                ("1", Number),
                ("/* a /* b */ c */", Comment),
                ("2", Number),
                ("// d", Comment),
            ],
        );
        check("'\\'' '", &[("'\\''", Text), ("'", Symbol)]);
        check("ü + \"ö", &[("ü", Word), ("+", Symbol), ("\"ö", Text)]);
        check("a:: b", &[("a::", Word), ("b", Word)]);
    }

    #[test]
    fn what_is_open_wants_more() {
        for text in [
            "(", "[1, 2", "#{ a: 1,", "\"a", "`a", "/* a", "/* /* */", "1 + \\", "f(\")\"",
        ] {
            assert!(is_open(text), "{text:?}");
        }
        for text in [
            "()", "\"(\"", "// (", "/* ( */", "1 /", "a * b", "'('", ")(",
        ] {
            assert!(!is_open(text), "{text:?}");
        }
    }

    #[test]
    fn a_bracket_knows_its_partner() {
        let check = |text: &str, cursor, expected| {
            assert_eq!(
                brackets_at(text, &lexemes(text), cursor),
                expected,
                "{text:?}"
            );
        };
        check("f(a[1])", 1, Some((1, Some(6))));
        check("f(a[1])", 7, Some((6, Some(1))));
        check("f(a[1])", 3, Some((3, Some(5))));
        check("f(\")\")", 6, Some((5, Some(1))));
        check("f(a", 2, None);
        check("(]", 2, Some((1, None)));
        check("abc", 1, None);
    }
}
