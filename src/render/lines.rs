//! Lines that fit: broken between words, and never within something that is to be typed or copied.

use unicode_width::UnicodeWidthStr;

/// How far the rest of a line is set in.
const HANGING: usize = 4;

/// The lines that a line is broken into where the reader's terminal ends, those behind the first set in: as far as the
/// text behind a label, where the line begins with one.
pub(super) fn broken(text: &str, width: Option<usize>) -> Vec<String> {
    hanging(
        text,
        width,
        label(text, width).unwrap_or(indent(text) + HANGING),
    )
}

/// A text of several lines, as help is, in lines that fit; what has no label stays under its own beginning.
pub fn wrapped(text: &str, width: usize) -> String {
    let lines = text.lines().flat_map(|line| {
        let rest = label(line, Some(width)).unwrap_or(indent(line));
        hanging(line, Some(width), rest)
    });
    let lines: Vec<String> = lines.map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

fn indent(text: &str) -> usize {
    text.len() - text.trim_start_matches(' ').len()
}

/// Where the text behind a label begins; with a label that takes more than half of the line, it is none.
fn label(text: &str, width: Option<usize>) -> Option<usize> {
    let indent = indent(text);
    let end = indent + text[indent..].find("  ")?;
    let begin = text.len() - text[end..].trim_start_matches(' ').len();
    (begin < text.len() && width.is_some_and(|width| begin <= width / 2)).then_some(begin)
}

/// The lines that a line is broken into, the rest set in this far. What stands between backticks is one word: a command
/// that is broken could not be copied. A word that fits nowhere is set in less, and one that is longer than a line stays
/// where it is, for the terminal to break: what it shows in two lines is still copied as one.
pub(super) fn hanging(text: &str, width: Option<usize>, rest: usize) -> Vec<String> {
    let Some(width) = width else {
        return vec![text.to_owned()];
    };
    let indent = indent(text);
    let mut lines = vec![" ".repeat(indent)];
    let mut is_begun = false;
    for word in words(&text[indent..]) {
        let Some(line) = lines.last_mut() else {
            continue;
        };
        let gap = usize::from(is_begun);
        if line.width() + gap + word.width() <= width || word.width() > width {
            line.push_str(&" ".repeat(gap));
            line.push_str(word);
        } else {
            // In its place, or where what has no label would stand, or anywhere.
            let columns = [
                if is_begun { rest } else { indent },
                indent + HANGING,
                indent,
            ];
            let fits = |column: &usize| column + word.width() <= width;
            let column = columns.into_iter().find(fits).unwrap_or_default();
            let begun = format!("{}{word}", " ".repeat(column));
            if is_begun {
                line.truncate(line.trim_end().len());
                lines.push(begun);
            } else {
                *line = begun;
            }
        }
        is_begun = true;
    }
    lines
}

/// What stands between blanks that are not between backticks.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    let is_end = move |c: char| {
        is_code ^= c == '`';
        c == ' ' && !is_code
    };
    text.split(is_end)
}

#[cfg(test)]
mod tests {
    use super::{broken, wrapped};

    #[test]
    fn a_line_is_broken_between_words() {
        let text = "also on PATH: `cargo-credential-one` and `cargo-credential-two`";
        assert_eq!(
            broken(text, Some(40)),
            [
                "also on PATH: `cargo-credential-one` and",
                "    `cargo-credential-two`"
            ]
        );
        assert_eq!(broken(text, None), [text]);
    }

    #[test]
    fn code_is_not_broken_and_the_indentation_stays() {
        assert_eq!(
            broken(
                "  hint: run `credsh login corp --from env:C` twice",
                Some(40)
            ),
            [
                "  hint: run",
                "      `credsh login corp --from env:C`",
                "      twice"
            ]
        );
    }

    #[test]
    fn what_stands_behind_a_label_stays_behind_it() {
        assert_eq!(
            broken(
                "    token   cargo:token, in credentials.toml, plain text",
                Some(40)
            ),
            [
                "    token   cargo:token, in",
                "            credentials.toml, plain text"
            ]
        );
    }

    #[test]
    fn a_word_that_fits_nowhere_is_set_in_less_and_never_broken() {
        let word = "x".repeat(30);
        assert_eq!(
            broken(&format!("    index      {word} end"), Some(40)),
            [
                "    index".to_owned(),
                format!("        {word}"),
                "               end".to_owned()
            ]
        );
        assert_eq!(
            broken(&format!("            {word}"), Some(40)),
            [&word[..]]
        );
        let long = "x".repeat(50);
        assert_eq!(
            broken(&format!("- {long} = y"), Some(40)),
            [format!("- {long}"), "    = y".to_owned()]
        );
    }

    #[test]
    fn help_hangs_under_its_text() {
        assert_eq!(wrapped("one two three four", 9), "one two\nthree\nfour");
        assert_eq!(
            wrapped("  env:NAME  a variable of the\n\nend", 20),
            "  env:NAME  a\n  variable of the\n\nend"
        );
        assert_eq!(
            wrapped("  env:NAME  a variable of the", 26),
            "  env:NAME  a variable of\n            the"
        );
        assert_eq!(
            wrapped("    a  text of words", 16),
            "    a  text of\n       words"
        );
        assert_eq!(
            wrapped("as with `registry list` here", 16),
            "as with\n`registry list`\nhere"
        );
    }
}
