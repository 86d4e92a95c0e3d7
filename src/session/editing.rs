//! The text of a file after its edits.

use std::path::Path;

use zeroize::Zeroizing;

use super::Session;
use super::change::{After, FileChange, Key, is_same};
use super::renames::Renames;
use crate::disk::document::{Document, Value, spell, spell_path};
use crate::disk::journal::TableRecord;
use crate::disk::tree::{Entry, Node, Table};
use crate::error::Result;

impl Session {
    /// What a file with this text has in the keys of these edits.
    pub(super) fn found(
        &mut self,
        file: &Path,
        text: &str,
        edits: &[&FileChange],
    ) -> Result<Vec<Option<Entry>>> {
        self.document(file, text)
            .and_then(|(document, is_credentials)| found_in(&document, is_credentials, edits))
    }

    /// The text of a file after its edits, and what it has in their keys before them.
    pub(super) fn edited(
        &mut self,
        file: &Path,
        old: &str,
        edits: &[&FileChange],
        tables: &[TableRecord],
    ) -> Result<(Zeroizing<String>, Vec<Option<Entry>>)> {
        let (mut document, is_credentials) = self.document(file, old)?;
        let found = found_in(&document, is_credentials, edits)?;
        if is_credentials {
            forget_old_layout(&mut document, edits.iter().map(|edit| &edit.key))?;
        }
        let edited = edits.iter().map(|edit| &edit.key).collect();
        Renames::of(tables, edited, &self.overlay.keys(file)).perform(&mut document)?;
        for edit in edits {
            let key = parts(&edit.key);
            match &edit.after {
                After::Is(node) => put(&mut document, &key, node)?,
                After::Gone => drop(document.unset(&key)?),
                After::Unread => {}
            }
        }
        let config = self.config()?;
        for (table, _) in tables {
            let table = parts(table);
            let is_empty = document.names(&table).is_some_and(|names| names.is_empty());
            // One with a comment is there still.
            if is_empty && config.in_file(file, &table).is_none() {
                document.unset(&table)?;
            }
        }
        Ok((document.text(), found))
    }

    /// A file's text, and whether it is one of credentials; included ones too: they have no lock of Cargo's, but the same
    /// layout.
    fn document<'t>(&mut self, file: &'t Path, text: &'t str) -> Result<(Document<'t>, bool)> {
        let config = self.config()?;
        // In a long file that takes longer than all the rest.
        let document = if config.has_read(file, text) {
            Document::of(file, text)
        } else {
            Document::parse(file, text)?
        };
        Ok((document, config.is_credentials(file)))
    }

    /// Calls a table of a file otherwise, with all that is in it.
    pub fn rename_table(&mut self, file: &Path, table: &[&str], name: &str) -> Result<()> {
        let Some((_, path)) = table.split_last() else {
            return Ok(());
        };
        let renamed = [path, &[name]].concat();
        let Some(Node::Table(keys)) = self.open(file)?.in_file(file, table).map(|now| &now.node)
        else {
            return Ok(());
        };
        // In the order of the file.
        let mut keys: Vec<(String, Entry)> = keys.clone().into_iter().collect();
        keys.sort_by_key(|(_, entry)| entry.line);
        if keys.is_empty() {
            self.edit(file, &renamed, Some(Node::Table(Table::new())))?;
            self.edit(file, table, None)?;
        }
        for (key, entry) in &keys {
            let key = [&renamed[..], &[key]].concat();
            self.edit(file, &key, Some(entry.node.clone()))?;
        }
        for (key, _) in &keys {
            self.edit(file, &[table, &[key]].concat(), None)?;
        }
        self.overlay.edit_table(file, table, Some(name));
        Ok(())
    }

    /// A table of a file, whose keys are edited one by one, goes with the last of them.
    pub fn drop_table(&mut self, file: &Path, table: &[&str]) {
        self.overlay.edit_table(file, table, None);
    }
}

fn found_in(
    document: &Document<'_>,
    is_credentials: bool,
    edits: &[&FileChange],
) -> Result<Vec<Option<Entry>>> {
    let found = edits.iter().map(|edit| {
        let key = parts(&edit.key);
        if is_credentials {
            in_credentials(document, &key)
        } else {
            document.entry(&key)
        }
    });
    found.collect()
}

pub(super) fn parts(key: &[String]) -> Vec<&str> {
    key.iter().map(String::as_str).collect()
}

/// Sets a key, unless it is so already.
pub(super) fn put(document: &mut Document<'_>, key: &[&str], node: &Node) -> Result<()> {
    let now = document.entry(key)?;
    if is_same(now.as_ref().map(|entry| &entry.node), Some(node)) {
        return Ok(());
    }
    document.set(key, &value_of(node))
}

/// A value in a credentials file, whose old layout has crates.io's token at the top (5).
fn in_credentials(document: &Document<'_>, key: &[&str]) -> Result<Option<Entry>> {
    if key == ["registry", "token"] && document.entry(&["registry"])?.is_none() {
        return document.entry(&["token"]);
    }
    document.entry(key)
}

/// Takes the old layout's place of crates.io's token (5) away, where that token changes; `cargo login` moves it, too.
pub(super) fn forget_old_layout<'a>(
    document: &mut Document<'_>,
    mut keys: impl Iterator<Item = &'a Key>,
) -> Result<()> {
    if keys.any(|key| *key == ["registry", "token"]) {
        document.unset(&["token"])?;
    }
    Ok(())
}

/// A value as it is written into a file.
pub(super) fn value_of(node: &Node) -> Value {
    match node {
        Node::Text(text) => Value::Text(text.clone()),
        Node::Secret(token) => Value::Text(token.expose().to_owned()),
        Node::List(list) => {
            let text = |entry: &Entry| match &entry.node {
                Node::Text(text) => Some(text.clone()),
                _ => None,
            };
            let texts: Option<Vec<String>> = list.iter().map(text).collect();
            texts.map_or_else(|| Value::Other(spelt(node)), Value::List)
        }
        Node::Integer(_) | Node::Boolean(_) | Node::Table(_) => Value::Other(spelt(node)),
    }
}

/// The same, in one line.
fn spelt(node: &Node) -> String {
    let inner = |entry: &Entry| spell(&value_of(&entry.node));
    match node {
        Node::Integer(number) => number.to_string(),
        Node::Boolean(switch) => switch.to_string(),
        Node::List(list) => enclosed("[", list.iter().map(inner), "]"),
        Node::Table(table) if table.is_empty() => "{}".to_owned(),
        Node::Table(table) => {
            let entry = |(key, entry): (&String, &Entry)| {
                Zeroizing::new([&spell_path(&[key]), " = ", &inner(entry)].concat())
            };
            enclosed("{ ", table.iter().map(entry), " }")
        }
        Node::Text(_) | Node::Secret(_) => spell(&value_of(node)).to_string(),
    }
}

fn enclosed(open: &str, parts: impl Iterator<Item = Zeroizing<String>>, close: &str) -> String {
    let parts: Vec<Zeroizing<String>> = parts.collect();
    let parts: Vec<&str> = parts.iter().map(|part| part.as_str()).collect();
    let inside = Zeroizing::new(parts.join(", "));
    [open, &inside, close].concat()
}
