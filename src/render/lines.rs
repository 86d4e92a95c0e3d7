//! Lines that fit: broken between words, and never within something that is to be typed or copied.

use unicode_width::UnicodeWidthStr;

use super::NARROWEST;

/// How far the rest of a line is set in.
const HANGING: usize = 4;

/// The lines that a line is broken into where the reader's terminal ends, those behind the first set in: as far as the
/// text behind a label, where the line begins with one. What stands between backticks is one word: a command that is
/// broken could not be copied. A word that fits nowhere stays where it is.
pub(super) fn broken(text: &str, width: Option<usize>) -> Vec<String> {
    let indent = text.len() - text.trim_start_matches(' ').len();
    let label = text[indent..].find("  ").map(|end| {
        let behind = text[indent + end..].trim_start_matches(' ');
        text.len() - behind.len()
    });
    let label = label.filter(|label| width.is_some_and(|width| *label <= width / 2));
    hanging(text, width, label.unwrap_or(indent + HANGING))
}

/// The same with the rest set in this far.
pub(super) fn hanging(text: &str, width: Option<usize>, rest: usize) -> Vec<String> {
    let Some(width) = width.map(|width| width.max(NARROWEST)) else {
        return vec![text.to_owned()];
    };
    let indent = text.len() - text.trim_start_matches(' ').len();
    let mut lines = vec![" ".repeat(indent)];
    let mut is_begun = false;
    for word in words(&text[indent..]) {
        let Some(line) = lines.last_mut() else {
            continue;
        };
        let fits_here = line.width() + 1 + word.width() <= width;
        let fits_below = rest + word.width() <= width;
        if is_begun && !fits_here && fits_below {
            lines.push(format!("{}{word}", " ".repeat(rest)));
        } else {
            line.push_str(if is_begun { " " } else { "" });
            line.push_str(word);
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
    use super::broken;

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
        // Narrower than this, nothing would be better.
        assert_eq!(broken(text, Some(1)), broken(text, Some(40)));
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
        let long = "x".repeat(50);
        assert_eq!(
            broken(&format!("- {long} = y"), Some(40)),
            [format!("- {long}"), "    = y".to_owned()]
        );
    }
}
