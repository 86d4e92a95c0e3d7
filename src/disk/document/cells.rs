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
    /// Whether it was the first one, or the last, when the text was cut.
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
        let indent = self.indent();
        let first = self.inside.first().map(|cell| cell.before.clone());
        let first = first.filter(|before| is_blank(before));
        let mut old: Vec<Option<Cell>> = self.inside.drain(range.clone()).map(Some).collect();
        let fresh = |item| Cell {
            before: indent.clone(),
            item,
            gap: String::new(),
            after: None,
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
        for (index, cell) in self.inside.iter_mut().enumerate() {
            // Behind the bracket the first one stands otherwise than those below it.
            if let Some(first) = &first
                && cell.was_first != (index == 0)
                && is_blank(&cell.before)
            {
                cell.before
                    .clone_from(if index == 0 { first } else { &indent });
            }
            let is_last = index == last;
            // One that stays last or in the middle keeps what is behind it, and any keeps its comment.
            let is_as_before = cell
                .after
                .as_ref()
                .is_some_and(|after| cell.was_last == is_last || after.contains('#'));
            if !is_as_before {
                let wanted = if is_last { &behind_last } else { &between };
                cell.after = Some(wanted.clone());
            }
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

    fn indent(&self) -> String {
        match self.inside.last() {
            Some(cell) => {
                let line = cell.before.rsplit('\n').next().unwrap_or_default();
                line.chars()
                    .take_while(|c| matches!(c, ' ' | '\t'))
                    .collect()
            }
            None if self.open.contains('\n') => "    ".to_owned(),
            None if self.open == "{" => " ".to_owned(),
            None => String::new(),
        }
    }
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
