//! The ring of lines, and the tree of tables over it.
//!
//! Invariant: both say the same; `Table::last` and a header's `last` are the last in the file's order.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::{Document, Id, Kind, Line, Name, Node, ROOT, Reach, Table, Text, marks, statement};
use crate::disk::tree::shown_key;
use crate::error::{Error, Place, Result};

impl<'t> Document<'t> {
    pub(super) fn reach(&self, key: &[&str]) -> Reach<'_, 't> {
        let mut table = &self.root;
        for (depth, name) in key.iter().enumerate() {
            match table.nodes.get(*name) {
                None => return Reach::Missing(table, depth),
                Some(Node::Table(inner)) => table = inner,
                Some(Node::Statement(id)) => return Reach::Statement(*id),
                Some(Node::Elements(id)) => return Reach::Elements(*id),
            }
        }
        Reach::Table(table)
    }

    /// The part of a key path that a statement has itself.
    pub(super) fn inner<'a, 'k>(&self, id: Id, key: &'k [&'a str]) -> &'k [&'a str] {
        &key[self.header_path(self.header_of(id)).len()..]
    }

    pub(super) fn header_of(&self, id: Id) -> Id {
        match self.lines[id].kind {
            Kind::Key { header, .. } => header,
            _ => id,
        }
    }

    pub(super) fn header_path(&self, header: Id) -> &[Name<'t>] {
        self.lines[header].header_path()
    }

    /// A header with nothing below it, whose table has nothing elsewhere either.
    pub(super) fn is_bare(&self, header: Id) -> bool {
        let Kind::Header { path, last, .. } = &self.lines[header].kind else {
            return false;
        };
        let path: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
        *last == header
            && matches!(self.reach(&path), Reach::Table(table) if table.nodes.is_empty())
    }

    /// Whether there is a comment directly above a line.
    pub(super) fn stands_under_comment(&self, id: Id) -> bool {
        matches!(self.lines[self.lines[id].previous].kind, Kind::Comment)
    }

    /// Whether somebody has written a comment on a header: above it, or behind.
    pub(super) fn has_comment(&self, header: Id) -> bool {
        let text = &self.lines[header].text;
        let end = marks(text).first().map_or(0, |mark| mark.span.end);
        self.stands_under_comment(header) || text[end..].contains('#')
    }

    /// Whether there is a comment directly below a line, which is not the next header's.
    pub(super) fn stands_over_comment(&self, id: Id) -> bool {
        let below = self.lines[id].next;
        let end = self.skip(below, |kind| matches!(kind, Kind::Comment));
        below != end && (end == ROOT || !matches!(self.lines[end].kind, Kind::Header { .. }))
    }

    pub(super) fn ring(&self) -> impl Iterator<Item = Id> {
        let next = |id: &Id| Some(self.lines[*id].next).filter(|next| *next != ROOT);
        std::iter::successors(Some(ROOT), next)
    }

    /// The first line from `at` on that is not of this kind; the root's, at the end of the file.
    pub(super) fn skip(&self, mut at: Id, kind: impl Fn(&Kind<'_>) -> bool) -> Id {
        while kind(&self.lines[at].kind) {
            at = self.lines[at].next;
        }
        at
    }

    /// Statements, then headers, the last in the file first: a removal looks at what comes below, and that is to be
    /// something that stays.
    pub(super) fn sort_from_below(&self, ids: &mut [Id]) {
        let Some(first) = ids.first().map(|id| self.header_of(*id)) else {
            return;
        };
        // Mostly there is one header, and the rest of the file need not be walked.
        let is_one = ids.iter().all(|id| self.header_of(*id) == first);
        let mut places: HashMap<Id, usize> = ids.iter().map(|id| (*id, 0)).collect();
        let mut left = places.len();
        let mut at = if is_one { first } else { ROOT };
        for place in 0.. {
            if let Some(found) = places.get_mut(&at) {
                *found = place;
                left -= 1;
            }
            at = self.lines[at].next;
            if left == 0 || at == ROOT {
                break;
            }
        }
        ids.sort_by_key(|id| (!self.lines[*id].is_key(), Reverse(places[id])));
    }

    pub(super) fn refused(&self, key: &[&str], id: Id, what: &str) -> Error {
        Error::malformed(format!(
            "`{}` {what}",
            statement::spell_path(&shown_key(key))
        ))
        .at(Place::line(&self.path, self.lines[id].number))
        .hint("mend that line first")
    }

    /// A line of the file, behind all that were read before.
    pub(super) fn push_read(&mut self, text: &'t str, kind: Kind<'t>) -> Id {
        let last = self.lines[ROOT].previous;
        let above = &self.lines[last];
        let number = above.number + above.text.matches('\n').count();
        let id = self.push(last, Text::Kept(text), kind);
        self.lines[id].number = number;
        id
    }

    pub(super) fn push(&mut self, after: Id, text: Text<'t>, kind: Kind<'t>) -> Id {
        let (id, next) = (self.lines.len(), self.lines[after].next);
        self.lines.push(Line {
            number: self.lines[after].number,
            text,
            kind,
            previous: after,
            next,
        });
        self.lines[after].next = id;
        self.lines[next].previous = id;
        id
    }

    pub(super) fn push_trivia(&mut self, text: &'t str) {
        for line in text.split_inclusive('\n') {
            let kind = if line.trim().is_empty() {
                Kind::Blank
            } else {
                Kind::Comment
            };
            self.push_read(line, kind);
        }
    }

    pub(super) fn unlink(&mut self, id: Id) {
        let Line { previous, next, .. } = self.lines[id];
        self.lines[previous].next = next;
        self.lines[next].previous = previous;
        self.lines[id].kind = Kind::Gone;
        self.lines[id].text = Text::Kept("");
    }

    /// Enters a statement or header into the tree. Read from the file (no `base`), it is the last of its
    /// tables. Added after `base`, or at the end of what is below `base`'s header, it is the last of those
    /// whose last was above.
    pub(super) fn index(&mut self, id: Id, base: Option<Id>) {
        let path = full_path(&self.lines, id);
        let (own, element) = match &self.lines[id].kind {
            Kind::Key { header, .. } => (self.header_path(*header).len(), false),
            Kind::Header { element, .. } => (0, *element),
            Kind::Blank | Kind::Comment | Kind::Gone => return,
        };
        let is_key = self.lines[id].is_key();
        let header = self.header_of(id);
        if let Kind::Header { last, .. } = &mut self.lines[header].kind
            && (base.is_none_or(|base| *last == base) || *last == ROOT)
        {
            *last = id;
        }
        let section = base.map(|base| self.header_of(base));
        let (mut table, lines) = (&mut self.root, &self.lines);
        let is_above = |last: Id| match &lines[last].kind {
            Kind::Key { header, .. } => base == Some(last) || !is_key && section == Some(*header),
            _ => section == Some(last),
        };
        for (depth, name) in path.iter().enumerate() {
            if depth >= own && (base.is_none() || table.last.is_none_or(is_above)) {
                table.last = Some(id);
            }
            let node =
                table
                    .nodes
                    .entry(name.clone())
                    .or_insert_with(|| match depth + 1 == path.len() {
                        true if is_key => Node::Statement(id),
                        true if element => Node::Elements(id),
                        _ => Node::Table(Table::default()),
                    });
            match node {
                Node::Table(inner) => table = inner,
                Node::Statement(_) | Node::Elements(_) => return,
            }
        }
        (table.header, table.last) = (Some(id), Some(id));
    }

    /// Removes a statement or header, the comment lines directly above, and the blank lines that only kept
    /// it apart.
    pub(super) fn remove(&mut self, id: Id) {
        if matches!(self.lines[id].kind, Kind::Gone) {
            return;
        }
        let path = full_path(&self.lines, id);
        forget(&self.lines, &mut self.root, &path, 0, id);
        let header = self.header_of(id);
        let mut before = self.lines[id].previous;
        while !matches!(
            self.lines[before].kind,
            Kind::Key { .. } | Kind::Header { .. }
        ) {
            before = self.lines[before].previous;
        }
        if let Kind::Header { last, .. } = &mut self.lines[header].kind
            && *last == id
        {
            *last = before;
        }
        let mut above = self.lines[id].previous;
        self.unlink(id);
        while matches!(self.lines[above].kind, Kind::Comment) {
            let comment = above;
            above = self.lines[above].previous;
            self.unlink(comment);
        }

        let below = self.lines[above].next;
        let blank = |kind: &Kind<'_>| matches!(kind, Kind::Blank);
        if above == ROOT {
            let end = self.skip(below, blank);
            let mut at = below;
            while at != end {
                let next = self.lines[at].next;
                self.unlink(at);
                at = next;
            }
            return;
        }
        if below == ROOT || blank(&self.lines[below].kind) {
            while blank(&self.lines[above].kind) {
                let previous = self.lines[above].previous;
                self.unlink(above);
                above = previous;
            }
        }
    }
}

impl<'t> Line<'t> {
    pub(super) fn is_key(&self) -> bool {
        matches!(self.kind, Kind::Key { .. })
    }

    pub(super) fn header_path(&self) -> &[Name<'t>] {
        match &self.kind {
            Kind::Header { path, .. } => path,
            _ => &[],
        }
    }
}

impl Table<'_> {
    /// All statements and headers of this table; or an array of tables that is in it.
    pub(super) fn collect(&self, found: &mut Vec<Id>) -> Result<(), Id> {
        for node in self.nodes.values() {
            match node {
                Node::Table(inner) => inner.collect(found)?,
                Node::Statement(id) => found.push(*id),
                Node::Elements(id) => return Err(*id),
            }
        }
        found.extend(self.header);
        Ok(())
    }
}

/// All parts of a statement's or header's key.
fn full_path<'t>(lines: &[Line<'t>], id: Id) -> Vec<Name<'t>> {
    match &lines[id].kind {
        Kind::Key { header, path } => [lines[*header].header_path(), path].concat(),
        _ => lines[id].header_path().to_vec(),
    }
}

/// The nearest line, from `at` backwards, that says something about the table at `path`; see `Table::last`.
pub(super) fn find_back<'t>(
    lines: &[Line<'t>],
    mut at: Id,
    path: &[impl AsRef<str>],
    wanted: impl Fn(&Line<'t>) -> bool,
) -> Option<Id> {
    let starts = |parts: &mut dyn Iterator<Item = &Name<'_>>| {
        path.iter()
            .all(|name| parts.next().is_some_and(|part| part == name.as_ref()))
    };
    while at != ROOT {
        let about = match &lines[at].kind {
            Kind::Header { path, .. } => starts(&mut path.iter()),
            Kind::Key { header, path: own } => {
                let above = lines[*header].header_path();
                let mut parts = above.iter().chain(own);
                above.len() <= path.len() && starts(&mut parts) && parts.next().is_some()
            }
            Kind::Blank | Kind::Comment | Kind::Gone => false,
        };
        if about && wanted(&lines[at]) {
            return Some(at);
        }
        at = lines[at].previous;
    }
    None
}

/// Takes a statement or header, which is still in its place, out of the tree, with the tables that it empties.
fn forget(lines: &[Line<'_>], table: &mut Table<'_>, path: &[Name<'_>], depth: usize, id: Id) {
    if depth == path.len() {
        table.header = table.header.filter(|header| *header != id);
    } else {
        let empty = match table.nodes.get_mut(&*path[depth]) {
            Some(Node::Table(inner)) => {
                forget(lines, inner, path, depth + 1, id);
                inner.nodes.is_empty() && inner.header.is_none()
            }
            Some(Node::Statement(at)) => *at == id,
            Some(Node::Elements(_)) | None => false,
        };
        if empty {
            table.nodes.remove(&*path[depth]);
        }
    }
    let alive = table.header.is_some() || !table.nodes.is_empty();
    if depth > 0 && alive && table.last == Some(id) {
        table.last = find_back(lines, lines[id].previous, &path[..depth], |_| true);
    }
}
