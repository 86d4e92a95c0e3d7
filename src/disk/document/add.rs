//! Where new lines go, and what they look like.
//!
//! Invariant: a new line splits no table, and is written as its siblings are.

use zeroize::Zeroizing;

use super::lines::find_back;
use super::{Document, Found, Id, Kind, Line, Name, ROOT, Text, Value, statement};

impl Document<'_> {
    /// Adds a key whose part `depth` is the first that is missing, in the table with this header and last line.
    pub(super) fn add(
        &mut self,
        key: &[&str],
        depth: usize,
        header: Option<Id>,
        last: Option<Id>,
        value: &Value,
    ) {
        let missing = key.len() - depth;
        // Below its own header, after the last statement there.
        if let (1, Some(header)) = (missing, header) {
            return self.add_below(header, &key[depth..], value);
        }
        // A table that exists only in dotted keys goes on in dotted keys: a header would define it twice.
        if let (1, None, Some(last)) = (missing, header, last)
            && let Some(sibling) = find_back(&self.lines, last, &key[..depth], Line::is_key)
        {
            return self.add_like(sibling, depth, &key[depth..], &[], value);
        }
        // A table among others is written as its last sibling is.
        if missing > 1
            && depth > 0
            && let Some(sibling) = last
            && let Kind::Key {
                header: above,
                path,
            } = &self.lines[sibling].kind
        {
            let length = self.header_path(*above).len() + path.len();
            let path: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
            let inline = length == depth + 1
                && statement::get(&self.lines[sibling].text, &path) == Some(Found::Table);
            if inline || length > depth + 1 || header.is_none() {
                let names = if inline { depth + 1 } else { key.len() };
                return self.add_like(sibling, depth, &key[depth..names], &key[names..], value);
            }
        }
        let path: Vec<Name<'_>> = key[..key.len() - 1]
            .iter()
            .map(|&name| Name::Owned(name.to_owned()))
            .collect();
        let mut after = match last.filter(|_| depth > 0) {
            Some(last) => self.end_of_table(last),
            None => self.end_of_file(),
        };
        // Where tables stand without a blank line between them, so does this one.
        let below = self.lines[after].next;
        if after != ROOT && (below == ROOT || matches!(self.lines[below].kind, Kind::Blank)) {
            after = self.push(after, Text::Kept(self.line_end), Kind::Blank);
        }
        let text = format!("[{}]{}", statement::spell_path(&path), self.line_end);
        let header = self.lines.len();
        self.push(
            after,
            Text::New(Zeroizing::new(text)),
            Kind::Header {
                path,
                element: false,
                last: header,
            },
        );
        self.index(header, last);
        self.add_below(header, &key[key.len() - 1..], value);
    }

    /// Adds a statement after the last one below this header.
    fn add_below(&mut self, header: Id, names: &[&str], value: &Value) {
        let Kind::Header { ref path, last, .. } = self.lines[header].kind else {
            return;
        };
        if last != ROOT {
            let depth = path.len();
            return self.add_like(last, depth, names, &[], value);
        }
        // The first in the file: below the comment that opens it, apart from what follows.
        let (mut opening, mut comment, mut at) = (ROOT, ROOT, self.lines[ROOT].next);
        loop {
            match self.lines[at].kind {
                Kind::Comment => comment = at,
                Kind::Blank => opening = comment,
                _ => break,
            }
            at = self.lines[at].next;
        }
        let mut after = if at == ROOT { comment } else { opening };
        if after != ROOT {
            after = self.push(after, Text::Kept(self.line_end), Kind::Blank);
        }
        self.add_like(after, 0, names, &[], value);
        let new = self.lines[after].next;
        let next = self.lines[new].next;
        if next != ROOT && !matches!(self.lines[next].kind, Kind::Blank) {
            self.push(new, Text::Kept(self.line_end), Kind::Blank);
        }
    }

    /// Adds the statement `names = { inner = value }` after a line, below the same header. If that line is a
    /// statement, it is repeated up to part `depth` of its key.
    fn add_like(&mut self, after: Id, depth: usize, names: &[&str], inner: &[&str], value: &Value) {
        let mut manner = (String::new(), " = ");
        let mut path = Vec::new();
        let header = match &self.lines[after].kind {
            Kind::Key {
                header,
                path: sibling,
            } => {
                let parts: Vec<&str> = sibling.iter().map(AsRef::as_ref).collect();
                path.extend_from_slice(&sibling[..depth - self.header_path(*header).len()]);
                manner = statement::manner(&self.lines[after].text, &parts, path.len());
                *header
            }
            Kind::Header { .. } => after,
            Kind::Blank | Kind::Comment | Kind::Gone => ROOT,
        };
        path.extend(names.iter().map(|&name| Name::Owned(name.to_owned())));
        let names = statement::spell_path(names);
        let spelt = statement::nested(inner, value);
        let parts = [&manner.0, &names, manner.1, &spelt, self.line_end];
        let text = Zeroizing::new(parts.concat());
        let id = self.push(after, Text::New(text), Kind::Key { header, path });
        self.index(id, Some(after));
    }

    /// The last line that belongs to the part of the file that this statement or header is in: comments right
    /// below are its own, unless a header follows them.
    fn end_of_table(&self, id: Id) -> Id {
        let header = self.header_of(id);
        let Kind::Header { last, .. } = self.lines[header].kind else {
            return id;
        };
        let below = self.skip(self.lines[last].next, |kind| matches!(kind, Kind::Comment));
        match self.lines[below].kind {
            Kind::Header { .. } if below != ROOT => last,
            _ => self.lines[below].previous,
        }
    }

    /// The last line of the file that is not blank.
    fn end_of_file(&self) -> Id {
        let mut at = self.lines[ROOT].previous;
        while matches!(self.lines[at].kind, Kind::Blank) {
            at = self.lines[at].previous;
        }
        at
    }
}
