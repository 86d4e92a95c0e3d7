//! What an open transaction would change: edits of files and of items in other stores, in order; and what they rest on.
//!
//! Each edit is also made in the configuration that commands read, and keeps what was there. So a savepoint
//! is a length, and undoing pops.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::change::{After, Change, FileChange, ItemChange, Key, Wish};
use crate::cargo::config::{Config, Held, ItemKey, View, item_key};
use crate::disk::journal::TableRecord;
use crate::disk::tree::Entry;
use crate::token::Token;

/// One edit.
#[derive(Debug)]
enum Edit {
    File {
        file: PathBuf,
        key: Key,
        after: After,
        before: Option<Entry>,
    },
    /// A table is called otherwise from now on, or goes. What that means for its keys is edited besides, one by one.
    Table {
        file: PathBuf,
        key: Key,
        name: Option<String>,
    },
    Item {
        change: Box<ItemChange>,
        /// What the transaction had in mind for it before.
        noted: Option<Held>,
    },
}

/// Something that is so, without which an edit would have been another: what is under this key, be it nothing.
#[derive(Debug)]
pub(super) struct Premise {
    pub(super) key: Key,
    /// In which files.
    pub(super) view: View,
}

/// The pending edits, and what they rest on.
#[derive(Debug, Default)]
pub struct Overlay {
    edits: Vec<Edit>,
    premises: Vec<Premise>,
}

/// A point to roll back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Savepoint {
    edits: usize,
    premises: usize,
}

impl Savepoint {
    /// Before everything.
    pub const START: Self = Self {
        edits: 0,
        premises: 0,
    };
}

impl Overlay {
    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// Now.
    pub fn savepoint(&self) -> Savepoint {
        Savepoint {
            edits: self.edits.len(),
            premises: self.premises.len(),
        }
    }

    /// Notes what an edit rests on.
    pub(super) fn rely_on(&mut self, key: &[impl AsRef<str>], view: View) {
        let key = key.iter().map(|part| part.as_ref().to_owned()).collect();
        self.premises.push(Premise { key, view });
    }

    /// All that the edits rest on.
    pub(super) fn premises(&self) -> &[Premise] {
        &self.premises
    }

    /// Makes an edit, unless the file says so already. What is not read is not to be seen by readers either.
    pub fn edit(&mut self, config: &mut Config, file: &Path, key: &[&str], after: After) {
        let now = config.in_file(file, key);
        if after.is(now.map(|entry| &entry.node)) {
            return;
        }
        let key: Key = key.iter().map(|&part| part.to_owned()).collect();
        let before = match &after {
            After::Unread => now.cloned(),
            After::Gone => config.put(file, &key, None),
            After::Is(node) => config.put(
                file,
                &key,
                Some(Entry {
                    node: node.clone(),
                    line: 0,
                }),
            ),
        };
        self.edits.push(Edit::File {
            file: file.to_path_buf(),
            key,
            after,
            before,
        });
    }

    /// Notes that a table, whose keys have moved or gone, has another name or none.
    pub fn edit_table(&mut self, file: &Path, key: &[&str], name: Option<&str>) {
        self.edits.push(Edit::Table {
            file: file.to_path_buf(),
            key: key.iter().map(|&part| part.to_owned()).collect(),
            name: name.map(ToOwned::to_owned),
        });
    }

    /// The tables of a file that were renamed or went, one after the other.
    pub(super) fn tables(&self, wanted: &Path) -> Vec<TableRecord> {
        let tables = self.edits.iter().filter_map(|edit| match edit {
            Edit::Table { file, key, name } if file == wanted => Some((key.clone(), name.clone())),
            _ => None,
        });
        tables.collect()
    }

    /// The keys of a file that were edited at all.
    pub fn keys(&self, wanted: &Path) -> HashSet<&Key> {
        let keys = self.edits.iter().filter_map(|edit| match edit {
            Edit::File { file, key, .. } if file == wanted => Some(key),
            _ => None,
        });
        keys.collect()
    }

    /// Notes what is to become of an item; what was there before is for the first of several to say.
    pub fn edit_item(&mut self, config: &mut Config, change: ItemChange) {
        let key = item_key(&change.provider, &change.registry);
        let noted = config.put_in_store(key, Some(change.after.held()));
        self.edits.push(Edit::Item {
            change: Box::new(change),
            noted,
        });
    }

    /// Undoes everything after the savepoint.
    pub fn roll_back(&mut self, config: &mut Config, to: Savepoint) {
        self.premises.truncate(to.premises);
        while self.edits.len() > to.edits {
            match self.edits.pop() {
                None
                | Some(
                    Edit::Table { .. }
                    | Edit::File {
                        after: After::Unread,
                        ..
                    },
                ) => {}
                Some(Edit::File {
                    file, key, before, ..
                }) => {
                    config.put(&file, &key, before);
                }
                Some(Edit::Item { change, noted }) => {
                    config.put_in_store(item_key(&change.provider, &change.registry), noted);
                }
            }
        }
    }

    /// Forgets everything, once it is on disk.
    pub fn clear(&mut self) {
        self.edits.clear();
        self.premises.clear();
    }

    /// What has come since the savepoint, one change a key, in the order of the first edit of each.
    pub fn changes_since(&self, from: Savepoint) -> Vec<Change> {
        let mut changes = self.all_since(from);
        changes.retain(|change| !change.is_none());
        changes
    }

    /// The same with those that come to nothing.
    pub(super) fn all_since(&self, from: Savepoint) -> Vec<Change> {
        let mut changes: Vec<Change> = Vec::new();
        let mut files: HashMap<(&PathBuf, &Key), usize> = HashMap::new();
        let mut items: HashMap<ItemKey, usize> = HashMap::new();
        for edit in &self.edits[from.edits..] {
            match edit {
                Edit::File {
                    file,
                    key,
                    after,
                    before,
                } => {
                    let at = *files.entry((file, key)).or_insert_with(|| {
                        changes.push(Change::File(FileChange {
                            file: file.clone(),
                            key: key.clone(),
                            before: before.as_ref().map(|entry| entry.node.clone()),
                            after: After::Gone,
                        }));
                        changes.len() - 1
                    });
                    if let Change::File(change) = &mut changes[at] {
                        change.after.clone_from(after);
                    }
                }
                Edit::Table { .. } => {}
                Edit::Item { change, .. } => {
                    let key = item_key(&change.provider, &change.registry);
                    let at = *items.entry(key).or_insert_with(|| {
                        changes.push(Change::Item(change.clone()));
                        changes.len() - 1
                    });
                    if let Change::Item(first) = &mut changes[at] {
                        first.after.clone_from(&change.after);
                    }
                }
            }
        }
        prove_what_comes_last(&mut changes);
        changes
    }
}

/// Where a token has moved to a place that gets another one after that, it is the other one that has to be given back.
fn prove_what_comes_last(changes: &mut [Change]) {
    let logins = changes.iter().filter_map(Change::as_item);
    let tokens: HashMap<ItemKey, Token> = logins
        .filter_map(|item| match item.after.held() {
            Held::Token(token) => Some((item_key(&item.provider, &item.registry), token)),
            _ => None,
        })
        .collect();
    for change in changes {
        if let Change::Item(item) = change
            && let Wish::Logout {
                moved_to: Some(moved),
            } = &mut item.after
            && let Some(token) = tokens.get(&item_key(&moved.provider, &moved.registry))
        {
            moved.token = token.clone();
        }
    }
}
