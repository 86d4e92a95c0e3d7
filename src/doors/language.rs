//! What is entered at once, a line or a pasted block, as the pieces that run one after another, and the
//! language of each.
//!
//! A piece is a command or Rhai, and each has its own idea of where it ends. The same idea decides whether
//! Enter goes on in a new line, so a block that is pasted is cut as if it had been typed.

use std::ops::Range;

use super::line;

pub mod lexer;

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A command of the table.
    Command,
    /// `!CMD`, for the person's own shell.
    Outside,
    /// Words, but the first is no command: rather a misspelt command than a script.
    Unknown,
    /// A script.
    Rhai,
}

/// What a piece that begins like this is.
pub fn of(tree: &clap::Command, text: &str) -> Language {
    let text = text.trim_start();
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_option = first
        .trim_start_matches('-')
        .starts_with(|c: char| c.is_ascii_alphabetic())
        && first.starts_with('-');
    if text.starts_with('!') {
        Language::Outside
    } else if is_call(text) {
        Language::Rhai
    } else if is_option || tree.find_subcommand(first).is_some() {
        Language::Command
    } else if looks_like_words(text) {
        Language::Unknown
    } else {
        Language::Rhai
    }
}

/// The pieces of a text. Comments and blank lines are none.
pub fn pieces(tree: &clap::Command, text: &str) -> Vec<String> {
    let cut = cut(tree, text).into_iter();
    cut.map(|(_, piece)| piece).collect()
}

/// Where the pieces of a text are.
pub fn places(tree: &clap::Command, text: &str) -> Vec<Range<usize>> {
    let cut = cut(tree, text).into_iter();
    cut.map(|(place, _)| place).collect()
}

/// Where the piece begins that is being typed at the end of a text.
pub fn last_place(tree: &clap::Command, text: &str) -> usize {
    let last = places(tree, text).pop();
    last.filter(|last| last.end == text.len())
        .map_or(text.len(), |last| last.start)
}

fn cut(tree: &clap::Command, text: &str) -> Vec<(Range<usize>, String)> {
    let mut pieces = Vec::new();
    let mut open: Option<(Range<usize>, String)> = None;
    let mut start = 0;
    for line in text.split('\n') {
        let end = start + line.len();
        let line = line.trim_end_matches('\r');
        let piece = match open.take() {
            Some((place, before)) => Some((place.start..end, line::join(&before, line))),
            None if is_nothing(line) => None,
            None => Some((start..end, line.to_owned())),
        };
        start = end + 1;
        match piece {
            Some(piece) if goes_on(tree, &piece.1) => open = Some(piece),
            piece => pieces.extend(piece),
        }
    }
    // Still open at the end: the parser says so.
    pieces.extend(open);
    pieces
}

/// Whether a new line belongs to what there is.
pub fn goes_on(tree: &clap::Command, piece: &str) -> bool {
    match of(tree, piece) {
        Language::Rhai => lexer::is_open(piece),
        Language::Command | Language::Unknown | Language::Outside => line::is_open(piece),
    }
}

fn is_nothing(line: &str) -> bool {
    let line = line.trim_start();
    // `#{` begins a map.
    line.is_empty() || line.starts_with('#') && !line.starts_with("#{")
}

/// `login("corp")` is a script's call, `login corp` a command.
fn is_call(text: &str) -> bool {
    let name_end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
        .unwrap_or(text.len());
    text[name_end..].starts_with('(') || text[..name_end].contains("::")
}

/// Words without anything of a language between them.
fn looks_like_words(text: &str) -> bool {
    const KEYWORDS: [&str; 16] = [
        "let", "const", "if", "for", "while", "loop", "do", "fn", "print", "throw", "try",
        "return", "true", "false", "switch", "import",
    ];
    let is_word = |word: &str| {
        word.chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default();
    let is_number = first.chars().all(|c| c.is_ascii_digit());
    is_word(first)
        && !KEYWORDS.contains(&first)
        && !is_number
        && words
            .next()
            .is_some_and(|second| second.starts_with('-') && second.len() > 1 || is_word(second))
}

#[cfg(test)]
mod tests {
    use super::{Language, last_place, of, pieces, places};
    use crate::commands::grammar::Grammar;

    #[test]
    fn a_block_is_cut_where_enter_would_have_ended_a_line() {
        let grammar = Grammar::default();
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(pieces(grammar.tree(), text), expected, "{text:?}");
            let places = places(grammar.tree(), text);
            assert_eq!(places.len(), expected.len(), "{text:?}");
            for (place, piece) in places.iter().zip(expected) {
                assert_eq!(text[place.clone()].replace("\\\n", ""), *piece, "{text:?}");
            }
        };
        check("registry list\nstatus", &["registry list", "status"]);
        check("!echo 'a\nb'\nstatus", &["!echo 'a\nb'", "status"]);
        check("\n# a comment\n status \n\n", &[" status "]);
        check(
            "login corp \\\n  --from env:T",
            &["login corp   --from env:T"],
        );
        check(
            "alias set x 'a\nb'\nstatus",
            &["alias set x 'a\nb'", "status"],
        );
        check(
            "fn f(x) {\n  x + 1\n}\nf(1)",
            &["fn f(x) {\n  x + 1\n}", "f(1)"],
        );
        check("#{ a: 1,\n b: 2 }", &["#{ a: 1,\n b: 2 }"]);
        check("let x = `a\nb`;\nx", &["let x = `a\nb`;", "x"]);
        check("print(\"a \\\" ( \")\nx", &["print(\"a \\\" ( \")", "x"]);
        check("1 + // don't (\n2", &["1 + // don't (", "2"]);
        check("/* (\n don't */ 1\n2", &["/* (\n don't */ 1", "2"]);
        check("registy 'a\nb'", &["registy 'a", "b'"]);
        check("status 'never closed", &["status 'never closed"]);
    }

    #[test]
    fn the_piece_at_the_end_is_the_one_that_is_typed() {
        let grammar = Grammar::default();
        let check = |text: &str, expected| {
            assert_eq!(last_place(grammar.tree(), text), expected, "{text:?}");
        };
        check("status", 0);
        check("status\nlogin c", 7);
        check("status\n", 7);
        check("login \\\n c", 0);
        check("# comment\nf(1,\n2", 10);
    }

    #[test]
    fn a_first_word_that_is_no_command_makes_a_script() {
        let grammar = Grammar::default();
        let check =
            |text: &str, expected| assert_eq!(of(grammar.tree(), text), expected, "{text:?}");
        for text in [
            "status",
            "  login corp",
            "--json status",
            "-n login corp",
            "help",
        ] {
            check(text, Language::Command);
        }
        for text in ["!ls", " !git log -1", "!"] {
            check(text, Language::Outside);
        }
        for text in ["registy list", "logn corp", "logn -n", "lst --json"] {
            check(text, Language::Unknown);
        }
        for text in [
            "1 + 2",
            "x",
            "let x = 1",
            "login(\"corp\")",
            "registry::list()",
            "x.len()",
            "-5 + 3",
            "if true { 1 }",
            "#{ a: 1 }",
            "\"a b\"",
        ] {
            check(text, Language::Rhai);
        }
    }
}
