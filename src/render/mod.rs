//! How answers look: blocks and errors as text. Knows no command. Home of `nu-ansi-term`.
//!
//! Text has roles, not colours; without colour every role looks the same, and nothing is said by colour alone.

pub mod notice;

use nu_ansi_term::{Color, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Narrower than this, a table is shown as if it were this wide.
const NARROWEST: usize = 40;

/// What a text is, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Nothing in particular.
    Plain,
    /// The head of a table, a label.
    Label,
    /// A name that could be typed.
    Name,
    /// Something is as it should be.
    Good,
    /// Something to look at.
    Doubtful,
    /// Something is wrong.
    Bad,
    /// A detail.
    Faint,
    /// A word of the language of scripts.
    Keyword,
    /// A text in quotes, in a script.
    Text,
    /// A number in a script.
    Number,
    /// The bracket at the cursor, and its partner.
    Bracket,
}

/// How things look on this standard output.
#[derive(Debug, Clone, Copy, Default)]
pub struct Theme {
    /// Whether standard output may have colours.
    pub color: bool,
    /// Whether standard error may.
    pub color_stderr: bool,
    /// The columns to fit into, where the reader is a terminal.
    pub width: Option<usize>,
}

/// A text with its role.
#[derive(Debug, Clone)]
pub struct Span(pub Role, pub String);

impl Span {
    /// A text with a role.
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self(role, text.into())
    }

    /// A text without one.
    pub fn plain(text: impl Into<String>) -> Self {
        Self(Role::Plain, text.into())
    }

    fn paint(&self, color: bool) -> String {
        paint(self.0, &self.1, color)
    }
}

/// A piece of an answer.
#[derive(Debug, Clone)]
pub enum Block {
    /// Rows under a head. One column, named by its index, may be shortened in its middle to fit.
    Table {
        /// The head.
        head: Vec<&'static str>,
        /// The rows, each as long as the head.
        rows: Vec<Vec<Span>>,
        /// The column that gives way.
        elastic: usize,
    },
    /// The same under a head that is known only now, of values from a script.
    Records {
        /// The head.
        head: Vec<String>,
        /// The rows, each as long as the head.
        rows: Vec<Vec<Span>>,
        /// The column that gives way.
        elastic: usize,
    },
    /// Labels and values.
    Fields(Vec<(&'static str, Span)>),
    /// The same with labels from a script.
    Record(Vec<(String, Span)>),
    /// A line.
    Line(Span),
    /// A line of prose, which breaks between words where the reader's terminal ends.
    Prose(Span),
    /// A line that belongs to the one before.
    Detail(Span),
    /// Text as it is, with its own line breaks; one follows it.
    Verbatim(String),
}

impl Block {
    /// A plain line.
    pub fn line(text: impl Into<String>) -> Self {
        Self::Line(Span::plain(text))
    }
}

/// Whether a text gets escape sequences for its role.
pub fn paint(role: Role, text: &str, color: bool) -> String {
    if !color || text.is_empty() {
        return text.to_owned();
    }
    let style = match role {
        Role::Plain => return text.to_owned(),
        Role::Label => Style::new().bold(),
        Role::Name => Color::Cyan.normal(),
        Role::Good | Role::Text => Color::Green.normal(),
        Role::Doubtful => Color::Yellow.bold(),
        Role::Bad => Color::Red.bold(),
        Role::Faint => Style::new().dimmed(),
        Role::Keyword => Color::Purple.normal(),
        Role::Number => Color::Yellow.normal(),
        Role::Bracket => Style::new().bold().underline(),
    };
    style.paint(text).to_string()
}

/// The blocks as the text of standard output.
pub fn text(blocks: &[Block], theme: Theme) -> String {
    let mut out = String::new();
    for block in blocks {
        match block {
            Block::Table {
                head,
                rows,
                elastic,
            } => table(&mut out, head, rows, *elastic, theme),
            Block::Records {
                head,
                rows,
                elastic,
            } => {
                let head: Vec<&str> = head.iter().map(String::as_str).collect();
                table(&mut out, &head, rows, *elastic, theme);
            }
            Block::Fields(all) => {
                let all: Vec<(&str, &Span)> =
                    all.iter().map(|(label, value)| (*label, value)).collect();
                fields(&mut out, &all, theme);
            }
            Block::Record(all) => {
                let all: Vec<(&str, &Span)> = all
                    .iter()
                    .map(|(label, value)| (label.as_str(), value))
                    .collect();
                fields(&mut out, &all, theme);
            }
            Block::Line(span) => push_line(&mut out, &span.paint(theme.color)),
            Block::Prose(Span(role, text)) => {
                for line in broken(text, theme.width) {
                    push_line(&mut out, &paint(*role, &line, theme.color));
                }
            }
            Block::Detail(span) => push_line(&mut out, &format!("    {}", span.paint(theme.color))),
            Block::Verbatim(text) => {
                out.push_str(text);
                out.push('\n');
            }
        }
    }
    out
}

fn fields(out: &mut String, fields: &[(&str, &Span)], theme: Theme) {
    let widths = fields.iter().map(|(label, _)| label.width());
    let width = widths.max().unwrap_or_default();
    for (label, value) in fields {
        let label = paint(Role::Label, &pad(label, width), theme.color);
        push_line(out, &format!("{label}  {}", value.paint(theme.color)));
    }
}

fn push_line(out: &mut String, line: &str) {
    out.push_str(line.trim_end());
    out.push('\n');
}

fn table(out: &mut String, head: &[&str], rows: &[Vec<Span>], elastic: usize, theme: Theme) {
    let mut widths: Vec<usize> = head.iter().map(|title| title.width()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.1.width());
        }
    }
    if let (Some(available), Some(&wide)) = (theme.width, widths.get(elastic)) {
        let total = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
        let excess = total.saturating_sub(available.max(NARROWEST));
        widths[elastic] = wide
            .saturating_sub(excess)
            .max(head[elastic].width())
            .max(12)
            .min(wide);
    }
    let titles: Vec<Span> = head
        .iter()
        .map(|title| Span::new(Role::Label, title.to_uppercase()))
        .collect();
    for row in std::iter::once(&titles).chain(rows) {
        let mut line = String::new();
        for ((index, cell), width) in row.iter().enumerate().zip(&widths) {
            let text = if index == elastic {
                shorten(&cell.1, *width)
            } else {
                cell.1.clone()
            };
            let padding = " ".repeat(width.saturating_sub(text.width()));
            line.push_str(&paint(cell.0, &text, theme.color));
            if index + 1 < row.len() {
                line.push_str(&padding);
                line.push_str("  ");
            }
        }
        push_line(out, &line);
    }
}

/// The lines of a text, each but the first set in.
fn broken(text: &str, width: Option<usize>) -> Vec<String> {
    let width = width.map_or(usize::MAX, |width| width.max(NARROWEST));
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last().map_or("", String::as_str);
        let is_first = line.trim().is_empty();
        if !is_first && line.width() + 1 + word.width() > width {
            lines.push(format!("    {word}"));
        } else if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// A text with white space behind it, up to a width.
pub fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// How wide a text is shown.
pub fn width(text: &str) -> usize {
    text.width()
}

/// A text that fits, its end replaced by an ellipsis.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if kept.width() + c.width().unwrap_or_default() + 1 > width {
            break;
        }
        kept.push(c);
    }
    format!("{}…", kept.trim_end())
}

/// A text in lines that fit, broken between words; a line keeps its indentation, and those that it is broken
/// into stand under its text, which begins behind the last two blanks in a row.
pub fn wrapped(text: &str, width: usize) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let hanging = line
            .trim_end()
            .rfind("  ")
            .map_or(indent, |gap| gap + 2)
            .max(indent);
        // Where hardly anything would fit beside it, it stands under the line's beginning.
        let hanging = if line.get(..hanging).unwrap_or_default().width() > width / 2 {
            indent
        } else {
            hanging
        };
        let mut shown = String::new();
        let (head, words) = line.split_at_checked(hanging).unwrap_or(("", line));
        shown.push_str(head);
        let hanging = head.width();
        for word in words.split(' ') {
            let is_first = shown.width() <= hanging;
            if !is_first && shown.width() + 1 + word.width() > width {
                lines.push(std::mem::replace(&mut shown, " ".repeat(hanging)));
            } else if !is_first {
                shown.push(' ');
            }
            shown.push_str(word);
        }
        lines.push(shown);
    }
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    lines.join("\n")
}

/// A text that fits, its middle replaced by an ellipsis: both ends of a URL say more than its middle.
fn shorten(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let kept = width.saturating_sub(1);
    let (front, back) = (kept.div_ceil(2), kept / 2);
    let start: String = letters.iter().take(front).collect();
    let end: String = letters[letters.len().saturating_sub(back)..]
        .iter()
        .collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use super::{Block, Role, Span, Theme, cut, shorten, text, wrapped};

    #[test]
    fn a_table_fits_its_terminal_and_shortens_the_middle() {
        let row = |url: &str| {
            vec![
                Span::new(Role::Name, "corp"),
                Span::plain(url),
                Span::plain("end"),
            ]
        };
        let rows = vec![
            row("sparse+https://crates.corp.example/a/very/long/path/index/"),
            row("x"),
        ];
        let table = Block::Table {
            head: vec!["name", "index", "last"],
            rows,
            elastic: 1,
        };
        let theme = Theme {
            width: Some(40),
            ..Theme::default()
        };
        assert_eq!(
            text(&[table], theme),
            "NAME  INDEX                         LAST\n\
             corp  sparse+https:/…ng/path/index/  end\n\
             corp  x                             end\n"
                .replace(
                    "sparse+https:/…ng/path/index/  end",
                    "sparse+https:/…g/path/index/  end"
                )
        );
    }

    #[test]
    fn shortening_keeps_both_ends() {
        assert_eq!(shorten("abcdefghij", 5), "ab…ij");
        assert_eq!(shorten("abc", 5), "abc");
        assert_eq!(cut("abcdefghij", 5), "abcd…");
        assert_eq!(cut("ab cd", 4), "ab…");
    }

    #[test]
    fn lines_are_broken_between_words_and_hang_under_their_text() {
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
    }

    #[test]
    fn prose_breaks_between_words() {
        let prose = Block::Prose(Span::plain(
            "also on PATH: `cargo-credential-one` and `cargo-credential-two`",
        ));
        let theme = Theme {
            width: Some(40),
            ..Theme::default()
        };
        assert_eq!(
            text(std::slice::from_ref(&prose), theme),
            "also on PATH: `cargo-credential-one` and\n    `cargo-credential-two`\n"
        );
        assert_eq!(text(&[prose], Theme::default()).lines().count(), 1);
    }

    #[test]
    fn without_colour_there_is_no_escape() {
        let blocks = [
            Block::Line(Span::new(Role::Bad, "x")),
            Block::Fields(vec![("a", Span::new(Role::Good, "b"))]),
        ];
        assert!(!text(&blocks, Theme::default()).contains('\u{1b}'));
        assert!(
            text(
                &blocks,
                Theme {
                    color: true,
                    ..Theme::default()
                }
            )
            .contains('\u{1b}')
        );
    }
}
