//! The colours of a line while it is typed. They show what is known to be wrong before Enter does.

use clap::Command;

use crate::doors::complete::{Names, Part, calls, parts};
use crate::doors::language::lexer::{Kind, Lexeme, brackets_at, lexemes};
use crate::doors::language::{self, Language};
use crate::render::{Role, paint};

/// Rhai's words that are no names.
const KEYWORDS: [&str; 26] = [
    "let", "const", "if", "else", "switch", "do", "while", "until", "loop", "for", "in",
    "continue", "break", "return", "throw", "try", "catch", "fn", "private", "import", "export",
    "as", "true", "false", "this", "global",
];

/// Whether it is one of Rhai's words that are no names.
pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

/// A line, or several, with their colours; the bracket at the cursor is shown with its partner.
pub(super) fn painted(tree: &Command, names: &Names, text: &str, cursor: Option<usize>) -> String {
    let mut shown = String::new();
    let mut end = 0;
    for place in language::places(tree, text) {
        // What is between pieces is a comment.
        shown.push_str(&paint(Role::Faint, &text[end..place.start], true));
        let cursor = cursor.and_then(|cursor| cursor.checked_sub(place.start));
        shown.push_str(&piece(tree, names, &text[place.clone()], cursor));
        end = place.end;
    }
    shown.push_str(&paint(Role::Faint, &text[end..], true));
    shown
}

fn piece(tree: &Command, names: &Names, line: &str, cursor: Option<usize>) -> String {
    let roles = match language::of(tree, line) {
        Language::Rhai => of_script(tree, names, line, cursor),
        Language::Outside => {
            let sign = line.find('!').unwrap_or_default();
            vec![(sign..sign + 1, Role::Label)]
        }
        Language::Command | Language::Unknown => of_words(tree, names, line),
    };
    let mut shown = String::new();
    let mut end = 0;
    for (range, role) in roles {
        shown.push_str(&line[end..range.start]);
        shown.push_str(&paint(role, &line[range.clone()], true));
        end = range.end;
    }
    shown.push_str(&line[end..]);
    shown
}

type Roles = Vec<(std::ops::Range<usize>, Role)>;

fn of_words(tree: &Command, names: &Names, line: &str) -> Roles {
    parts(tree, names, line)
        .into_iter()
        .map(|(range, part)| {
            let role = match part {
                Part::Command => Role::Name,
                Part::Option => Role::Label,
                Part::Unknown => Role::Bad,
                Part::Value if line[range.clone()].starts_with(['\'', '"']) => Role::Text,
                Part::Value => Role::Plain,
            };
            (range, role)
        })
        .collect()
}

fn of_script(tree: &Command, names: &Names, line: &str, cursor: Option<usize>) -> Roles {
    let found = lexemes(line);
    let brackets = cursor.and_then(|cursor| brackets_at(line, &found, cursor));
    let role_of = |index: usize, lexeme: &Lexeme| {
        let text = lexeme.of(line);
        let start = Some(lexeme.range.start);
        match (lexeme.kind, brackets) {
            (Kind::Comment, _) => Role::Faint,
            (Kind::Text, _) => Role::Text,
            (Kind::Number, _) => Role::Number,
            (Kind::Symbol, Some((here, None))) if start == Some(here) => Role::Bad,
            (Kind::Symbol, Some((here, partner))) if start == Some(here) || start == partner => {
                Role::Bracket
            }
            (Kind::Symbol, _) => Role::Plain,
            (Kind::Word, _) if is_keyword(text) => Role::Keyword,
            (Kind::Word, _) => {
                let is = |other: Option<&Lexeme>, wanted: &str| {
                    other.is_some_and(|other| other.of(line) == wanted)
                };
                let is_call = is(found.get(index + 1), "(");
                let is_method = index > 0 && is(found.get(index - 1), ".");
                match calls(tree, names, text) {
                    Some(true) if is_call && !is_method => Role::Name,
                    Some(false) if is_call => Role::Bad,
                    _ => Role::Plain,
                }
            }
        }
    };
    found
        .iter()
        .enumerate()
        .map(|(index, lexeme)| (lexeme.range.clone(), role_of(index, lexeme)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::painted;
    use crate::commands::grammar::Grammar;
    use crate::doors::complete::{Candidate, Names, ScriptNames};

    /// The line with the first letter of each colour before what it paints.
    fn shown(line: &str, cursor: Option<usize>) -> String {
        let names = Names {
            registries: vec![Candidate::plain("corp")],
            script: Some(ScriptNames {
                all: vec![Candidate::plain("mine(")],
                ..ScriptNames::default()
            }),
            ..Names::default()
        };
        let text = painted(Grammar::default().tree(), &names, line, cursor);
        [
            ("\u{1b}[38;5;31m", "<name "),
            ("\u{1b}[1;4m", "<pair "),
            ("\u{1b}[1;38;5;160m", "<bad "),
            ("\u{1b}[1m", "<opt "),
            ("\u{1b}[2m", "<faint "),
            ("\u{1b}[38;5;133m", "<key "),
            ("\u{1b}[38;5;28m", "<text "),
            ("\u{1b}[38;5;130m", "<num "),
            ("\u{1b}[0m", ">"),
        ]
        .iter()
        .fold(text, |text, (code, word)| text.replace(code, word))
    }

    #[test]
    fn what_is_wrong_is_red_before_enter() {
        for (line, expected) in [
            ("registry list", "<name registry> <name list>"),
            ("registry lst ", "<name registry> <bad lst> "),
            ("registry li", "<name registry> li"),
            ("registry lx", "<name registry> <bad lx>"),
            (
                "login corp --from env:X",
                "<name login> corp <opt --from> env:X",
            ),
            ("login copr ", "<name login> <bad copr> "),
            ("login co", "<name login> co"),
            ("login corp --form ", "<name login> corp <bad --form> "),
            ("login corp --fr", "<name login> corp --fr"),
            (
                "login --scheme=bearr ",
                "<name login> <bad --scheme=bearr> ",
            ),
            (
                "login --scheme bearer corp",
                "<name login> <opt --scheme> bearer corp",
            ),
            (
                "login corp --from cio1 ",
                "<name login> corp <opt --from> <bad cio1> ",
            ),
            ("login corp extra ", "<name login> corp <bad extra> "),
            ("registry list -nq", "<name registry> <name list> <opt -nq>"),
            (
                "alias set 'x' --y",
                "<name alias> <name set> <text 'x'> --y",
            ),
            ("regstry list", "<bad regstry> <bad list>"),
            ("!ls -l", "<opt !>ls -l"),
            (
                "let x = login(\"corp\", 1); // why",
                "<key let> x = <name login>(<text \"corp\">, <num 1>); <faint // why>",
            ),
            ("registry::lst(1)", "<bad registry::lst>(<num 1>)"),
            ("registry::list()", "<name registry::list>()"),
            (
                "registry list\n# now\n1",
                "<name registry> <name list><faint \n# now\n><num 1>",
            ),
            ("registry \\\n list", "<name registry> \\\n <name list>"),
            ("print(prnt(x))", "<name print>(prnt(x))"),
            ("mine(x.login(2))", "<name mine>(x.login(<num 2>))"),
        ] {
            assert_eq!(shown(line, None), expected, "{line}");
        }
    }

    #[test]
    fn a_bracket_is_shown_with_its_partner() {
        assert_eq!(shown("f([1])", Some(6)), "f<pair (>[<num 1>]<pair )>");
        assert_eq!(shown("f(1]", Some(4)), "f(<num 1><bad ]>");
    }
}
