//! Another name for a table or a value: one word changes, wherever the file says it.
//!
//! Invariant: nothing moves, so comments, order and layout stay, and so do quotes that both names can have.

use zeroize::Zeroizing;

use super::marks::names;
use super::statement::{self, spell_name_like, spliced};
use super::{Document, Id, Kind, Name, Node, Reach, Table, Text};
use crate::error::Result;

impl<'t> Document<'t> {
    /// The keys of a table; nothing, where there is none.
    pub(crate) fn names(&self, table: &[&str]) -> Option<Vec<String>> {
        match self.reach(table) {
            Reach::Table(table) => Some(table.nodes.keys().map(ToString::to_string).collect()),
            Reach::Statement(id) => {
                statement::read(&self.lines[id].text, self.inner(id, table), |item| {
                    let table = item.as_table_like()?;
                    Some(table.iter().map(|(name, _)| name.to_owned()).collect())
                })
                .flatten()
            }
            Reach::Elements(_) | Reach::Missing(..) => None,
        }
    }

    /// Calls what is at a key path `new` from now on. Whether it did: not where there is nothing, or something of that
    /// name already.
    pub(crate) fn rename(&mut self, key: &[&str], new: &str) -> Result<bool> {
        let Some((old, table)) = key.split_last() else {
            return Ok(false);
        };
        if let Reach::Elements(id) = self.reach(table) {
            return Err(self.refused(key, id, "leads to an array of tables"));
        }
        if !self.has(key) || self.has(&[table, &[new]].concat()) {
            return Ok(false);
        }
        for id in self.leading_through(key) {
            self.rename_in_line(id, key, new);
        }
        if let Some(table) = self.table_mut(table)
            && let Some(node) = table.nodes.remove(*old)
        {
            table.nodes.insert(Name::Owned(new.to_owned()), node);
        }
        Ok(true)
    }

    fn has(&self, key: &[&str]) -> bool {
        match self.reach(key) {
            Reach::Statement(id) => {
                statement::get(&self.lines[id].text, self.inner(id, key)).is_some()
            }
            Reach::Table(_) | Reach::Elements(_) => true,
            Reach::Missing(..) => false,
        }
    }

    /// The statements and headers that may have this key in their paths.
    fn leading_through(&self, key: &[&str]) -> Vec<Id> {
        let mut found = Vec::new();
        let is_whole = match self.reach(key) {
            Reach::Statement(id) => {
                found.push(id);
                true
            }
            Reach::Table(table) => table.collect(&mut found).is_ok(),
            Reach::Elements(_) | Reach::Missing(..) => false,
        };
        // What is in an array of tables is in no tree.
        if is_whole {
            found
        } else {
            self.ring().collect()
        }
    }

    fn rename_in_line(&mut self, id: Id, key: &[&str], new: &str) {
        let above = match self.lines[id].kind {
            Kind::Key { header, .. } => self.header_path(header),
            _ => &[],
        };
        if above.len() >= key.len() || !above.iter().zip(key).all(|(one, other)| one == other) {
            return;
        }
        let own = &key[above.len()..];
        let last = own.len() - 1;
        let line = &mut self.lines[id];
        let (Kind::Key { path, .. } | Kind::Header { path, .. }) = &mut line.kind else {
            return;
        };
        let mut text: Option<Zeroizing<String>> = None;
        for span in names(&line.text, own).into_iter().rev() {
            let spelt = spell_name_like(&line.text[span.clone()], own[last], new);
            text = Some(spliced(
                text.as_deref().map_or(&*line.text, |text| text),
                span,
                &spelt,
            ));
        }
        let Some(text) = text else { return };
        line.text = Text::New(text);
        if let Some(name) = path.get_mut(last) {
            *name = Name::Owned(new.to_owned());
        }
    }

    fn table_mut(&mut self, path: &[&str]) -> Option<&mut Table<'t>> {
        path.iter().try_fold(&mut self.root, |table, name| {
            match table.nodes.get_mut(*name) {
                Some(Node::Table(inner)) => Some(inner),
                _ => None,
            }
        })
    }
}
