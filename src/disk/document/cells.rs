//! The inside of `[..]` and `{..}`, cut so that each element carries its own blanks and comments.
//!
//! Invariant: cutting and joining again gives the same bytes; elements that stay keep theirs.

use std::ops::Range;

use zeroize::Zeroizing;

/// The elements between two brackets, the brackets included.
pub(super) struct Cells {
    open: String,
    inside: Vec<Cell>,
    trailing_comma: bool,
    close: String,
    line_end: &'static str,
}

struct Cell {
    /// Blanks and comment lines above.
    before: String,
    item: Zeroizing<String>,
    /// What is between the element and its comma.
    gap: String,
    /// What is behind the comma on the same line, and its end. `None`: as the neighbours have it.
    after: Option<String>,
    /// Whether it began a line, was the first one, or the last, when the text was cut.
    began_line: bool,
    was_first: bool,
    was_last: bool,
}

impl Cells {
    /// Cuts `text`, which starts and ends with its bracket, behind the elements that end at `ends`.
    pub(super) fn cut(text: &str, ends: &[usize], line_end: &'static str) -> Self {
        let mut at = 1 + rest_of_line(&text[1..]);
        let open = text[..at].to_owned();
        let mut inside = Vec::new();
        let mut trailing_comma = false;
        for (index, &end) in ends.iter().enumerate() {
            let start = at + trivia(&text[at..]);
            let mut comma = end + trivia(&text[end..]);
            trailing_comma = text[comma..].starts_with(',');
            let mut behind = comma + 1;
            if !trailing_comma {
                comma = end;
                behind = end;
            }
            let next = behind + rest_of_line(&text[behind..]);
            inside.push(Cell {
                before: text[at..start].to_owned(),
                item: text[start..end].to_owned().into(),
                gap: text[end..comma].to_owned(),
                after: Some(text[behind..next].to_owned()),
                began_line: text[..at].ends_with('\n'),
                was_first: index == 0,
                was_last: index + 1 == ends.len(),
            });
            at = next;
        }
        Self {
            open,
            inside,
            trailing_comma,
            close: text[at..].to_owned(),
            line_end,
        }
    }

    /// Puts `items` in the place of the elements in `range`. One that is told where it was keeps what is around it.
    pub(super) fn replace(
        &mut self,
        range: Range<usize>,
        items: Vec<(Option<usize>, Zeroizing<String>)>,
    ) {
        let (between, behind_last) = self.separators();
        let comma = self.before_comma();
        let indent = self.indent();
        let blanks = self.blanks();
        let first = self.inside.first().map(|cell| cell.before.clone());
        let first = first.filter(|before| is_blank(before));
        let mut old: Vec<Option<Cell>> = self.inside.drain(range.clone()).map(Some).collect();
        let fresh = |item| Cell {
            before: String::new(),
            item,
            gap: String::new(),
            after: None,
            began_line: false,
            was_first: false,
            was_last: false,
        };
        let new = items.into_iter().map(|(from, item)| {
            match from.and_then(|from| old[from - range.start].take()) {
                Some(cell) => Cell { item, ..cell },
                None => fresh(item),
            }
        });
        let new: Vec<Cell> = new.collect();
        self.inside.splice(range.start..range.start, new);

        let Some(last) = self.inside.len().checked_sub(1) else {
            return;
        };
        let mut begins_line = self.open.ends_with('\n');
        for (index, cell) in self.inside.iter_mut().enumerate() {
            let (is_new, is_last) = (cell.after.is_none(), index == last);
            // Behind the bracket the first one stands otherwise than those below it.
            let is_moved =
                first.is_some() && cell.was_first != (index == 0) || cell.began_line != begins_line;
            if is_new || is_moved && is_blank(&cell.before) {
                cell.before.clone_from(match &first {
                    Some(first) if index == 0 => first,
                    _ if begins_line => &indent,
                    _ => &blanks,
                });
            }
            // A comma that stands apart does so between any two.
            if is_last && !self.trailing_comma && !cell.was_last {
                let comment = cell.gap.rfind('\n').map_or("", |end| &cell.gap[..end]);
                let comment = comment.trim_end_matches('\r');
                let end = if is_blank(comment) { 0 } else { comment.len() };
                cell.gap.truncate(end);
            } else if !is_last
                && (is_new || cell.was_last && !self.trailing_comma)
                && cell.gap.is_empty()
            {
                // Before a comma in the next line, what is behind the element is not behind the comma.
                if comma.contains('\n') {
                    let behind = cell.after.take().filter(|behind| behind.contains('#'));
                    let behind = behind.unwrap_or_default();
                    cell.gap.push_str(behind.trim_end_matches(['\r', '\n']));
                }
                cell.gap.push_str(&comma);
            }
            // One that stays last or in the middle keeps what is behind it, and any keeps its comment.
            let is_as_before = cell
                .after
                .as_ref()
                .is_some_and(|after| cell.was_last == is_last || after.contains('#'));
            if !is_as_before {
                let wanted = match is_last {
                    true if !self.trailing_comma && cell.gap.contains('#') => self.line_end,
                    true => &behind_last,
                    false => &between,
                };
                cell.after = Some(wanted.to_owned());
            }
            begins_line = cell
                .after
                .as_ref()
                .is_some_and(|after| after.ends_with('\n'));
        }
    }

    /// The text again, with both brackets.
    pub(super) fn join(&self) -> Zeroizing<String> {
        let length = |cell: &Cell| {
            let after = cell.after.as_ref().map_or(0, String::len);
            cell.before.len() + cell.item.len() + cell.gap.len() + 1 + after
        };
        let length =
            self.open.len() + self.close.len() + self.inside.iter().map(length).sum::<usize>();
        let mut text = Zeroizing::new(String::with_capacity(length));
        if self.inside.is_empty() && !self.open.contains('#') && !self.close.contains('#') {
            text.push_str(&self.open[..1]);
            text.push_str(&self.close[self.close.len() - 1..]);
            return text;
        }
        text.push_str(&self.open);
        for (index, cell) in self.inside.iter().enumerate() {
            text.push_str(&cell.before);
            text.push_str(&cell.item);
            text.push_str(&cell.gap);
            if self.trailing_comma || index + 1 < self.inside.len() {
                text.push(',');
            }
            text.push_str(cell.after.as_deref().unwrap_or_default());
        }
        text.push_str(&self.close);
        text
    }

    /// What is behind the comma between the last two elements, and what is behind the last.
    fn separators(&self) -> (String, String) {
        let of = |cell: Option<&Cell>| -> Option<String> {
            let after = cell?.after.as_deref()?;
            Some(
                if after.contains('#') {
                    self.line_end
                } else {
                    after
                }
                .to_owned(),
            )
        };
        let lines = self.open.contains('\n');
        let otherwise = if lines { self.line_end } else { " " };
        let between = self
            .inside
            .split_last()
            .and_then(|(_, cells)| of(cells.last()));
        let behind_last = match of(self.inside.last()) {
            Some(after) => after,
            None if lines => self.line_end.to_owned(),
            None if self.open.ends_with([' ', '{']) => " ".to_owned(),
            None => String::new(),
        };
        (between.unwrap_or_else(|| otherwise.to_owned()), behind_last)
    }

    /// What is before the comma between the last two elements; a comment there is of the first one.
    fn before_comma(&self) -> String {
        let before = self.inside.split_last().and_then(|(_, cells)| cells.last());
        let gap = before.map_or("", |cell| cell.gap.as_str());
        let line = gap.rfind('\n').map_or(gap, |at| {
            let at = if gap[..at].ends_with('\r') {
                at - 1
            } else {
                at
            };
            &gap[at..]
        });
        if line.contains('#') {
            return String::new();
        }
        line.to_owned()
    }

    /// The blanks before an element that begins a line: those of the last one that does, of a comment, or some more than
    /// those of the bracket.
    fn indent(&self) -> String {
        let mut cells = self.inside.iter().rev();
        let begins = cells.find(|cell| cell.began_line || cell.before.contains('\n'));
        if let Some(cell) = begins {
            return blanks_of(last_line(&cell.before)).to_owned();
        }
        let comment = self
            .close
            .lines()
            .find(|line| line.trim_start().starts_with('#'));
        if let Some(comment) = comment {
            return blanks_of(comment).to_owned();
        }
        let bracket = blanks_of(last_line(&self.close));
        let more = if bracket.contains('\t') { "\t" } else { "    " };
        format!("{bracket}{more}")
    }

    /// The blanks before one that does not; mostly they are behind the comma.
    fn blanks(&self) -> String {
        let mut cells = self.inside.iter().rev();
        match cells.find(|cell| !cell.began_line) {
            Some(cell) => blanks_of(last_line(&cell.before)).to_owned(),
            None if self.open == "{" => " ".to_owned(),
            None => String::new(),
        }
    }
}

fn last_line(text: &str) -> &str {
    text.rsplit('\n').next().unwrap_or_default()
}

fn blanks_of(line: &str) -> &str {
    let rest = line.trim_start_matches([' ', '\t']);
    &line[..line.len() - rest.len()]
}

fn is_blank(text: &str) -> bool {
    text.trim_matches([' ', '\t']).is_empty()
}

/// The length of blanks, a comment and the line's end; nothing behind that.
fn rest_of_line(text: &str) -> usize {
    let blanks = text.len() - text.trim_start_matches([' ', '\t']).len();
    let rest = &text[blanks..];
    if rest.starts_with(['#', '\n', '\r']) {
        return rest.find('\n').map_or(text.len(), |end| blanks + end + 1);
    }
    blanks
}

/// The length of blanks, line ends and comments.
fn trivia(text: &str) -> usize {
    let mut at = 0;
    loop {
        let line = rest_of_line(&text[at..]);
        at += line;
        if line == 0 || !text[..at].ends_with('\n') {
            return at;
        }
    }
}
