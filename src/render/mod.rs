//! How answers look: blocks and errors as text. Knows no command. Home of `nu-ansi-term`.
//!
//! Text has roles, not colours; without colour every role looks the same, and nothing is said by colour alone.

pub mod notice;

use nu_ansi_term::{Color, Style};
use unicode_width::UnicodeWidthStr;

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
    /// Labels and values.
    Fields(Vec<(&'static str, Span)>),
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
        Role::Good => Color::Green.normal(),
        Role::Doubtful => Color::Yellow.bold(),
        Role::Bad => Color::Red.bold(),
        Role::Faint => Style::new().dimmed(),
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
            Block::Fields(fields) => {
                let width = fields
                    .iter()
                    .map(|(label, _)| label.width())
                    .max()
                    .unwrap_or_default();
                for (label, value) in fields {
                    let label = paint(Role::Label, &pad(label, width), theme.color);
                    push_line(&mut out, &format!("{label}  {}", value.paint(theme.color)));
                }
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

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
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
    use super::{Block, Role, Span, Theme, shorten, text};

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
