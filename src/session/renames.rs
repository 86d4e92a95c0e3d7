//! Tables of a file that get new names where they stand, so that the edits of their keys find their work done, and what
//! is around those stays.
//!
//! Invariant: the edits decide. A key that they leave as it was is afterwards what it was, whatever has been renamed; only
//! what somebody else has added moves along.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::change::Key;
use super::editing::{parts, put};
use crate::disk::document::Document;
use crate::disk::journal::TableRecord;
use crate::error::Result;

/// What is renamed in one file, one after the other.
pub(super) struct Renames<'a> {
    steps: Vec<Step<'a>>,
    edited: HashSet<&'a Key>,
    /// The names that were edited in any of these tables; others are somebody else's.
    known: HashSet<&'a str>,
}

struct Step<'a> {
    table: Vec<&'a str>,
    /// Nothing, where it goes, and makes room for another one.
    name: Option<&'a str>,
    /// The same table under that name.
    renamed: Vec<&'a str>,
}

impl<'a> Renames<'a> {
    /// The tables that have a new name, the keys that the edits come to, and those that were edited at all.
    pub(super) fn of(
        tables: impl IntoIterator<Item = &'a TableRecord>,
        edited: HashSet<&'a Key>,
        keys: &HashSet<&'a Key>,
    ) -> Self {
        let steps = tables.into_iter().map(|(table, name)| {
            let (table, name) = (parts(table), name.as_deref());
            let renamed = match name {
                Some(name) => [&table[..table.len() - 1], &[name]].concat(),
                None => table.clone(),
            };
            Step {
                table,
                name,
                renamed,
            }
        });
        let steps: Vec<Step<'_>> = steps.collect();
        // What goes in the end, under whatever name, goes where it stands: the edits of its keys do that, and if a later
        // one is to be called like it, it makes room.
        let mut later: Vec<Step<'_>> = Vec::new();
        for mut step in steps.into_iter().rev() {
            let next = later.iter().rev().find(|next| next.table == step.renamed);
            if step.name.is_some() && next.is_some_and(|next| next.name.is_none()) {
                step.name = None;
                step.renamed.clone_from(&step.table);
            }
            later.push(step);
        }
        let mut taken = HashSet::new();
        later.retain(|step| match step.name {
            Some(_) => {
                taken.insert(step.renamed.clone());
                true
            }
            None => taken.contains(&step.table),
        });
        later.reverse();
        let steps = later;
        let mut renames = Self {
            steps,
            edited: HashSet::new(),
            known: HashSet::new(),
        };
        if !renames.steps.is_empty() {
            let tables = renames.tables();
            let known = keys.iter().filter_map(|key| {
                let (name, table) = key.split_last()?;
                tables.contains(&parts(table)).then_some(name.as_str())
            });
            renames.known = known.collect();
            renames.edited = edited;
        }
        renames
    }

    fn tables(&self) -> BTreeSet<Vec<&'a str>> {
        let steps = self.steps.iter();
        steps
            .flat_map(|step| [step.table.clone(), step.renamed.clone()])
            .collect()
    }

    pub(super) fn perform(&self, document: &mut Document<'_>) -> Result<()> {
        let mut before = BTreeMap::new();
        for key in self.unedited(document) {
            let entry = document.entry(&parts(&key))?;
            before.insert(key, entry);
        }
        for step in &self.steps {
            match step.name {
                Some(name) => drop(document.rename(&step.table, name)?),
                None => self.make_room(document, &step.table)?,
            }
        }
        for key in self.unedited(document) {
            if !before.contains_key(&key) {
                document.unset(&parts(&key))?;
            }
        }
        for (key, entry) in &before {
            if let Some(entry) = entry {
                put(document, &parts(key), &entry.node)?;
            }
        }
        Ok(())
    }

    /// Takes a table away that another one is to be called like, unless there is more in it than is known.
    fn make_room(&self, document: &mut Document<'_>, table: &[&str]) -> Result<()> {
        let is_known = |name: &String| self.known.contains(name.as_str());
        let names = document.names(table);
        if names.is_some_and(|names| names.iter().all(is_known)) {
            document.unset(table)?;
        }
        Ok(())
    }

    /// What is in these tables, by names that are known, and is to be what it was.
    fn unedited(&self, document: &Document<'_>) -> Vec<Key> {
        let mut keys = Vec::new();
        for table in self.tables() {
            let names = document.names(&table).unwrap_or_default();
            for name in names {
                let mut key: Key = table.iter().map(ToString::to_string).collect();
                let is_known = self.known.contains(name.as_str());
                key.push(name);
                if is_known && !self.edited.contains(&key) {
                    keys.push(key);
                }
            }
        }
        keys
    }
}
