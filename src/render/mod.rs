//! How answers look: blocks and errors as text. Knows no command. Home of `nu-ansi-term`.
//!
//! Text has roles, not colours; without colour every role looks the same, and nothing is said by colour alone.

mod lines;
pub mod notice;
mod table;
mod visible;

use nu_ansi_term::{Color, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use self::lines::broken;
pub use self::lines::wrapped;
use self::table::{fields, table};
pub use self::visible::{is_visible, visible, visible_in_line, visible_json};

/// Narrower than this, all is shown as if the terminal were this wide.
const NARROWEST: usize = 40;

/// How far what belongs to a label is set in.
const INDENT: usize = 4;

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
    /// The same for standard error.
    pub width_stderr: Option<usize>,
}

/// A text with its role. Whatever it was made from, a terminal only shows it.
#[derive(Debug, Clone)]
pub struct Span(Role, String);

impl Span {
    /// A text with a role.
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self(role, visible_in_line(&text.into()).into_owned())
    }

    /// A text without one.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(Role::Plain, text)
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
    /// A line, which is broken between words where the reader's terminal ends.
    Line(Span),
    /// A line that belongs to the one before.
    Detail(Span),
    /// Text as it is, with its own line breaks; one follows it. Whose it is must be known: [`visible()`] shows what is
    /// somebody else's.
    Verbatim(String),
    /// What stands under a label, set in.
    Section(String, Vec<Block>),
}

impl Block {
    /// A plain line.
    pub fn line(text: impl Into<String>) -> Self {
        Self::Line(Span::plain(text))
    }
}

/// Of the 256 that every terminal has, because what the first 16 look like is different everywhere: each of these can be
/// read on black as well as on white, bold or not.
const CYAN: Color = Color::Fixed(31);
const GREEN: Color = Color::Fixed(28);
const ORANGE: Color = Color::Fixed(130);
const RED: Color = Color::Fixed(160);
const PURPLE: Color = Color::Fixed(133);

/// Whether a text gets escape sequences for its role.
pub fn paint(role: Role, text: &str, color: bool) -> String {
    if !color || text.is_empty() {
        return text.to_owned();
    }
    let style = match role {
        Role::Plain => return text.to_owned(),
        Role::Label => Style::new().bold(),
        Role::Name => CYAN.normal(),
        Role::Good | Role::Text => GREEN.normal(),
        Role::Doubtful => ORANGE.bold(),
        Role::Bad => RED.bold(),
        Role::Faint => Style::new().dimmed(),
        Role::Keyword => PURPLE.normal(),
        Role::Number => ORANGE.normal(),
        Role::Bracket => Style::new().bold().underline(),
    };
    style.paint(text).to_string()
}

/// The blocks as the text of standard output.
pub fn text(blocks: &[Block], theme: Theme) -> String {
    let width = theme.width.map(|width| width.max(NARROWEST));
    within(blocks, Theme { width, ..theme })
}

/// The same in a part of the terminal.
fn within(blocks: &[Block], theme: Theme) -> String {
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
                let head: Vec<_> = head.iter().map(|title| visible_in_line(title)).collect();
                let head: Vec<&str> = head.iter().map(AsRef::as_ref).collect();
                table(&mut out, &head, rows, *elastic, theme);
            }
            Block::Fields(all) => {
                let all: Vec<(&str, &Span)> =
                    all.iter().map(|(label, value)| (*label, value)).collect();
                fields(&mut out, &all, theme);
            }
            Block::Record(all) => {
                let labels: Vec<_> = all.iter().map(|(it, _)| visible_in_line(it)).collect();
                let labels = labels.iter().map(AsRef::as_ref);
                let all: Vec<(&str, &Span)> =
                    labels.zip(all.iter().map(|(_, value)| value)).collect();
                fields(&mut out, &all, theme);
            }
            Block::Line(Span(role, text)) => {
                for line in broken(text, theme.width) {
                    push_line(&mut out, &paint(*role, &line, theme.color));
                }
            }
            Block::Detail(Span(role, text)) => {
                for line in broken(&format!("{}{text}", " ".repeat(INDENT)), theme.width) {
                    push_line(&mut out, &set_in(*role, &line, theme.color));
                }
            }
            Block::Verbatim(text) => {
                out.push_str(text);
                out.push('\n');
            }
            Block::Section(label, blocks) => {
                let label = visible_in_line(label);
                push_line(&mut out, &paint(Role::Label, &label, theme.color));
                let width = theme.width.map(|width| width.saturating_sub(INDENT));
                for line in within(blocks, Theme { width, ..theme }).lines() {
                    push_line(&mut out, &format!("{}{line}", " ".repeat(INDENT)));
                }
            }
        }
    }
    out
}

/// A line with a role for all but its indentation.
fn set_in(role: Role, line: &str, color: bool) -> String {
    let text = line.trim_start_matches(' ');
    let indent = &line[..line.len() - text.len()];
    format!("{indent}{}", paint(role, text, color))
}

fn push_line(out: &mut String, line: &str) {
    out.push_str(line.trim_end());
    out.push('\n');
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

#[cfg(test)]
mod tests {
    use super::{Block, Role, Span, Theme, cut, text};

    #[test]
    fn cutting_keeps_the_beginning() {
        assert_eq!(cut("abcdefghij", 5), "abcd…");
        assert_eq!(cut("ab cd", 4), "ab…");
    }

    /// By the formula of the Web Content Accessibility Guidelines, whose least for large text is 3.
    #[test]
    fn every_colour_can_be_read_on_black_and_on_white() {
        for color in [
            super::CYAN,
            super::GREEN,
            super::ORANGE,
            super::RED,
            super::PURPLE,
        ] {
            let nu_ansi_term::Color::Fixed(number @ 16..=231) = color else {
                panic!("{color:?} is none of the cube");
            };
            let part = |unit: u8| {
                let level =
                    [0.0, 95.0, 135.0, 175.0, 215.0, 255.0][usize::from((number - 16) / unit % 6)];
                let level: f64 = level / 255.0;
                ((level + 0.055) / 1.055).powf(2.4)
            };
            let light = 0.2126 * part(36) + 0.7152 * part(6) + 0.0722 * part(1);
            let (on_white, on_black) = (1.05 / (light + 0.05), (light + 0.05) / 0.05);
            assert!(
                on_white > 3.5 && on_black > 3.5,
                "{color:?}: {on_white} {on_black}"
            );
        }
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
