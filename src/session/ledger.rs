//! The ledger of a session: what it says with what is pending, and that nobody else has changed it when it is
//! written.
//!
//! Its edits are those of single keys, like all. Invariant: what is written of a token is what this session has seen and
//! meant, as a whole: never the rules of one run mixed with those of another, and never two tokens that would serve one
//! request equally well.

use std::collections::BTreeSet;

use super::Session;
use super::change::{Change, FileChange, ItemChange, Key, is_same};
use super::own;
use crate::cargo::registry::Registry;
use crate::disk::replace;
use crate::disk::tree::{self, Entry as TreeEntry, Node, Table};
use crate::error::{Error, Place, Result};
use crate::stores::ledger::{self, Broken, Entry, Label, Ledger, ROOT};
use crate::stores::routing::tie;

impl Session {
    /// All that the ledger knows, pending edits included.
    pub fn ledger(&mut self) -> Result<Ledger> {
        let file = ledger::file(self.home());
        let config = self.open(&file).map_err(ledger::damaged)?;
        ledger::read(&file, config.in_file(&file, &[ROOT]))
    }

    /// What the ledger knows of one registry, by its index. Without one of its tokens the others say too little.
    pub fn own_tokens(&mut self, registry: &Registry) -> Result<Vec<Entry>> {
        let mut ledger = self.ledger()?;
        ledger.keep_index(registry.index_for_provider());
        let mut broken = ledger.broken.into_iter();
        match broken.find(|broken| broken.label.is_some()) {
            Some(broken) => Err(broken.error),
            None => Ok(ledger.entries),
        }
    }

    /// Tells what of the ledger is no token.
    pub fn warn_of_broken(&mut self, broken: &[Broken]) {
        for Broken { error, .. } in broken {
            self.warn_of(error);
        }
    }

    pub(super) fn note_in_ledger(&mut self, entry: &Entry) -> Result<()> {
        let file = ledger::file(self.home());
        for (setting, node) in entry.settings() {
            let key = [&entry.key()[..], &[setting]].concat();
            self.edit(&file, &key, node)?;
        }
        Ok(())
    }

    /// Takes a token's table away, whatever is in it.
    pub(super) fn strike_from_ledger(&mut self, index: &str, label: &Label) -> Result<()> {
        let file = ledger::file(self.home());
        let key = [ROOT, index, label.as_str()];
        let settings: Vec<String> = match self
            .open(&file)
            .map_err(ledger::damaged)?
            .in_file(&file, &key)
        {
            None => return Ok(()),
            Some(found) => match &found.node {
                Node::Table(table) if is_plain(table) => table.keys().cloned().collect(),
                // Nothing that credsh has written.
                _ => return self.edit(&file, &key, None),
            },
        };
        for setting in settings {
            self.edit(&file, &[&key[..], &[setting.as_str()]].concat(), None)?;
        }
        self.drop_table(&file, &key);
        Ok(())
    }

    /// Under the lock, before anything is done: each token that changes, be it in its store only, is what it was when
    /// this session read it, or what it is to be already; and none of them ties with one that has come since.
    pub(super) fn check_ledger(&mut self, changes: &[Change]) -> Result<()> {
        let file = ledger::file(self.home());
        let edits = || {
            let files = changes.iter().filter_map(Change::as_file);
            files.filter(|change| change.file == file)
        };
        let edited: BTreeSet<Key> = edits()
            .filter_map(|edit| edit.key.get(..ENTRY_DEPTH).map(Into::into))
            .collect();
        let items = changes.iter().filter_map(Change::as_item);
        let mut keys: BTreeSet<Key> = items.filter_map(key_of).collect();
        keys.extend(edited.iter().cloned());
        if keys.is_empty() {
            return Ok(());
        }
        let now = match replace::read(&file)? {
            Some(text) => tree::parse(&file, &text).map_err(ledger::damaged)?,
            None => Table::new(),
        };
        let config = self.config()?;
        let mut touched = Vec::new();
        for key in &keys {
            let path: Vec<&str> = key.iter().map(String::as_str).collect();
            let pending = config.in_file(&file, &path).map(|entry| &entry.node);
            let read = before(pending, edits().filter(|edit| edit.key.starts_with(key)));
            let found = at(&now, &path);
            if !is_same(found, read.as_ref()) && !is_same(found, pending) {
                return Err(Error::failed(format!(
                    "somebody else has changed the token `{}` since it was read; nothing was written",
                    path[ENTRY_DEPTH - 1]
                ))
                .at(Place::file(&file))
                .hint("look at it with `token list`, and repeat the command"));
            }
            if let (Some(Node::Table(table)), true) = (pending, edited.contains(key)) {
                let place = Place::file(&file);
                touched.push(Entry::read(path[1], &path[2].parse()?, table, &place)?);
            }
        }
        if touched.is_empty() {
            return Ok(());
        }
        let is_changed = |entry: &Entry| {
            edits().any(|edit| {
                edit.key
                    .iter()
                    .zip(entry.key())
                    .all(|(one, other)| one == other)
            })
        };
        let mut all = ledger::read(&file, now.get(ROOT))?.entries;
        all.retain(|entry| !is_changed(entry));
        for entry in touched {
            let others: Vec<Entry> = all
                .iter()
                .filter(|other| other.index == entry.index)
                .cloned()
                .collect();
            refuse_tie(&entry, &others)?;
            all.push(entry);
        }
        Ok(())
    }
}

/// How many parts the key of an entry has.
const ENTRY_DEPTH: usize = 3;

/// The key of the entry whose text an item is; `None` for a store that is not ours.
fn key_of(item: &ItemChange) -> Option<Key> {
    let (_, label) = own::item_of(&item.provider)?;
    let key = [ROOT, item.registry.index_for_provider(), label];
    Some(key.map(ToOwned::to_owned).into())
}

/// What was there before these edits.
fn before<'a>(pending: Option<&Node>, edits: impl Iterator<Item = &'a FileChange>) -> Option<Node> {
    let mut node = pending.cloned();
    for edit in edits {
        let Some(setting) = edit.key.get(ENTRY_DEPTH) else {
            node.clone_from(&edit.before);
            continue;
        };
        let mut table = match node {
            Some(Node::Table(table)) => table,
            _ => Table::new(),
        };
        match &edit.before {
            Some(before) => {
                let entry = TreeEntry {
                    node: before.clone(),
                    line: 0,
                };
                table.insert(setting.clone(), entry);
            }
            None => {
                table.remove(setting);
            }
        }
        node = (!table.is_empty()).then_some(Node::Table(table));
    }
    node
}

/// Whether a table has values, and no tables.
fn is_plain(table: &Table) -> bool {
    let is_table = |entry: &TreeEntry| matches!(entry.node, Node::Table(_));
    !table.is_empty() && !table.values().any(is_table)
}

/// What stands under a key.
fn at<'a>(root: &'a Table, key: &[&str]) -> Option<&'a Node> {
    let (first, rest) = key.split_first()?;
    let node = &root.get(*first)?.node;
    if rest.is_empty() {
        Some(node)
    } else {
        at(node.as_table()?, rest)
    }
}

/// Two tokens that a request would fit equally well are one too many.
pub(super) fn refuse_tie(entry: &Entry, others: &[Entry]) -> Result<()> {
    let tied = others
        .iter()
        .filter(|other| other.label != entry.label)
        .find_map(|other| Some((other, tie(entry, other)?)));
    let Some((other, what)) = tied else {
        return Ok(());
    };
    Err(Error::failed(format!(
        "the tokens `{}` and `{}` would serve {what} equally well",
        other.label, entry.label
    ))
    .at(Place::Label(other.label.to_string()))
    .hint(
        "say what each is for: `--operations`, `--crates`; or replace that one: the same `--label`",
    ))
}
