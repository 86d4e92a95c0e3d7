//! Tables and fields: what has columns. A table that does not fit gives way in the middle of one column; where that is
//! not enough, each row is shown by itself. A name is never shortened.

use unicode_width::UnicodeWidthStr;

use super::lines::hanging;
use super::{Role, Span, Theme, pad, paint, push_line, set_in};

/// The blanks between the columns of a table.
const GAP: usize = 2;

/// A cell that gives way keeps as many columns; a table that needs more is not shown as one.
const LEAST: usize = 12;

pub(super) fn table(
    out: &mut String,
    head: &[&str],
    rows: &[Vec<Span>],
    elastic: usize,
    theme: Theme,
) {
    let mut widths: Vec<usize> = head.iter().map(|title| title.width()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.1.width());
        }
    }
    if let (Some(available), Some(&wide)) = (theme.width, widths.get(elastic)) {
        let total = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        let excess = total.saturating_sub(available);
        let least = head[elastic].width().max(LEAST).min(wide);
        if wide.saturating_sub(excess) < least {
            return stacked(out, head, rows, elastic, theme);
        }
        widths[elastic] = wide - excess;
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
                line.push_str(&" ".repeat(GAP));
            }
        }
        push_line(out, &line);
    }
}

/// A table that is too wide for its reader: each row by itself, a line a cell.
fn stacked(out: &mut String, head: &[&str], rows: &[Vec<Span>], elastic: usize, theme: Theme) {
    let label = |title: &str| title.to_uppercase();
    let widest = head.iter().map(|title| title.width()).max();
    let left = theme.width.map(|width| {
        let left = width.saturating_sub(widest.unwrap_or_default() + GAP);
        left.max(LEAST)
    });
    for (number, row) in rows.iter().enumerate() {
        if number > 0 {
            out.push('\n');
        }
        let mut labels = Vec::new();
        let mut cells = Vec::new();
        for (index, (title, Span(role, text))) in head.iter().zip(row).enumerate() {
            let text = match left {
                Some(left) if index == elastic => shorten(text, left),
                _ => text.clone(),
            };
            if !text.is_empty() {
                labels.push(label(title));
                cells.push(Span::new(*role, text));
            }
        }
        let labels = labels.iter().map(String::as_str);
        fields(out, &labels.zip(&cells).collect::<Vec<_>>(), theme);
    }
}

/// Labels and values.
pub(super) fn fields(out: &mut String, fields: &[(&str, &Span)], theme: Theme) {
    let widths = fields.iter().map(|(label, _)| label.width());
    let width = widths.max().unwrap_or_default();
    for (label, Span(role, text)) in fields {
        let label = paint(Role::Label, &pad(label, width), theme.color);
        let indented = format!("{}{text}", " ".repeat(width + GAP));
        for (number, line) in hanging(&indented, theme.width, width + GAP)
            .iter()
            .enumerate()
        {
            let value = set_in(*role, line, theme.color);
            match value.strip_prefix(&" ".repeat(width)) {
                Some(value) if number == 0 => push_line(out, &format!("{label}{value}")),
                // It does not fit beside its label.
                None if number == 0 => {
                    push_line(out, &label);
                    push_line(out, &value);
                }
                _ => push_line(out, &value),
            }
        }
    }
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
    use super::shorten;
    use crate::render::{Block, Role, Span, Theme, text};

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
    fn a_table_that_does_not_fit_is_shown_row_by_row_and_its_names_are_whole() {
        let row = |name: &str| {
            vec![
                Span::new(Role::Name, name),
                Span::plain("sparse+https://crates.corp.example/a/very/long/path/index/"),
                Span::plain(""),
                Span::plain("read, publish, yank, unyank, owners and others"),
            ]
        };
        let table = Block::Table {
            head: vec!["name", "index", "none", "for"],
            rows: vec![row("a-name-that-is-rather-long"), row("x")],
            elastic: 1,
        };
        let theme = Theme {
            width: Some(40),
            ..Theme::default()
        };
        assert_eq!(
            text(&[table], theme),
            "NAME   a-name-that-is-rather-long\n\
             INDEX  sparse+https://c…long/path/index/\n\
             FOR    read, publish, yank, unyank,\n       owners and others\n\n\
             NAME   x\n\
             INDEX  sparse+https://c…long/path/index/\n\
             FOR    read, publish, yank, unyank,\n       owners and others\n"
        );
    }
}
