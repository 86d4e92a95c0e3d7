//! What others have made of that which an interrupted change is about, and what of it is done all the same.
//!
//! A registry is its index, its token and its provider; with a rename, all its names are one. Where somebody else has
//! changed any of that, and nothing of ours has happened to it, it stays as it is, as a whole, and so does what other
//! stores have for it. Where something has happened, only what is still to be done for its tokens is: some may be in no
//! file.
//!
//! Invariant: no token comes under a name that has changed, none goes before it has come elsewhere, and no index changes
//! under one that stays.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::change::Key;
use super::editing::parts;
use super::premises::registry_table;
use super::records::ItemRecord;
use super::recovery_files::read;
use crate::cargo::index_url::IndexUrl;
use crate::cargo::layers::Layer;
use crate::cargo::name::CRATES_IO;
use crate::disk::document::Value;
use crate::disk::journal::{EditRecord, Journal, Progress, TakenAlong};
use crate::disk::replace;
use crate::disk::tree::{Node, is_secret, shown_key};
use crate::error::{Error, Result};
use crate::stores::ledger;

/// What a change is about, and how far it has come.
#[derive(Default)]
pub(super) struct Affected {
    /// Something is in a file by now.
    pub(super) has_begun: bool,
    /// The edits that are not done, in their order.
    pub(super) open: Vec<Open>,
    /// By their tables; a key that is of no registry is for itself.
    groups: HashMap<Key, usize>,
    /// What each is a part of by now, itself if of nothing else.
    wholes: Vec<usize>,
    facts: Vec<Facts>,
    /// The tokens that come into a file, by their digests.
    comes: HashSet<String>,
    /// The tokens that somebody else had taken away before they were to go.
    taken_away: HashSet<String>,
    /// The places of the files that nothing is written to yet, and whether that is certain.
    unwritten: HashMap<usize, Progress>,
    /// Every login outside files has stored its token.
    are_proved: bool,
}

/// An edit that is not done, by the place of its file and its own.
#[derive(Clone, Copy)]
pub(super) struct Open {
    pub(super) file: usize,
    pub(super) edit: usize,
    pub(super) is_theirs: bool,
}

/// What is known of a registry.
#[derive(Default)]
struct Facts {
    /// Something of it is done.
    has_begun: bool,
    /// The keys that somebody else has changed.
    conflicts: Vec<Key>,
    /// The tables that are still to have an index.
    indexes: HashSet<Key>,
    /// The tables whose token is still to go from all files.
    tokens: HashSet<Key>,
    /// A token that was to come cannot.
    lacks_tokens: bool,
    /// An earlier start has left some of it as it was.
    is_left: bool,
}

impl Open {
    pub(super) fn edit<'j>(&self, journal: &'j Journal) -> &'j EditRecord {
        &journal.at(self.file).edits[self.edit]
    }
}

impl Affected {
    /// With what belongs together, and what is known without looking at any file.
    pub(super) fn of(journal: &Journal, items: &[ItemRecord]) -> Self {
        let mut affected = Self {
            has_begun: journal.goes_on,
            ..Self::default()
        };
        let edits = || journal.all().flat_map(|record| &record.edits);
        for (table, name) in journal.all().flat_map(|record| &record.tables) {
            if let Some(name) = name {
                affected.join(table, &beside(table, name));
            }
        }
        for item in items.iter().filter(|item| item.is_own) {
            if let Some(table) = item.table() {
                affected.join(&table, &item.ledger_table());
            }
        }
        affected.join_tokens(journal);
        for edit in edits() {
            let is_done = journal.goes_on && !edit.is_left;
            let comes = edit.token_that_comes();
            affected.comes.extend(comes.map(ToOwned::to_owned));
            let facts = affected.facts_mut(&edit.key);
            facts.is_left |= edit.is_left;
            facts.lacks_tokens |= edit.is_left && comes.is_some();
            facts.has_begun |= is_done;
        }
        affected
    }

    /// A token that goes from one name to another makes them one, where nothing else does.
    fn join_tokens(&mut self, journal: &Journal) {
        let edits = || journal.all().flat_map(|record| &record.edits);
        let mut going: HashMap<&str, Vec<&Key>> = HashMap::new();
        for edit in edits() {
            if let Some(token) = edit.token_that_goes() {
                going.entry(token).or_default().push(&edit.key);
            }
        }
        for edit in edits() {
            let from = edit.token_that_comes().and_then(|token| going.get(token));
            let from = from.map_or(&[][..], Vec::as_slice);
            let group = self.group(&edit.key);
            if !from.iter().any(|from| self.group(from) == group) {
                for from in from {
                    self.join(from, &edit.key);
                }
            }
        }
    }

    fn join(&mut self, one: &[String], other: &[String]) {
        let (one, other) = (self.group(one), self.group(other));
        self.wholes[other] = one;
    }

    fn group(&mut self, key: &[String]) -> usize {
        let group = *self.groups.entry(table_of(key)).or_insert_with(|| {
            self.facts.push(Facts::default());
            self.wholes.push(self.wholes.len());
            self.wholes.len() - 1
        });
        let whole = self.whole(group);
        self.wholes[group] = whole;
        whole
    }

    /// What this has become a part of.
    fn whole(&self, mut group: usize) -> usize {
        while self.wholes[group] != group {
            group = self.wholes[group];
        }
        group
    }

    /// Something of the registry of this key is done.
    pub(super) fn begin(&mut self, key: &[String]) {
        self.facts_mut(key).has_begun = true;
    }

    fn facts_mut(&mut self, key: &[String]) -> &mut Facts {
        let group = self.group(key);
        &mut self.facts[group]
    }

    fn facts(&self, key: &[String]) -> Option<&Facts> {
        let group = *self.groups.get(&table_of(key))?;
        self.facts.get(self.whole(group))
    }

    /// An edit that is not done, unless that has been decided already.
    pub(super) fn add_open(&mut self, journal: &Journal, open: Open) {
        let edit = open.edit(journal);
        if edit.is_left {
            return;
        }
        self.open.push(open);
        if open.is_theirs {
            self.add_conflict(edit.key.clone());
            return;
        }
        let leaves = self.leaves(edit);
        let facts = self.facts_mut(&edit.key);
        if sets_index(edit) {
            facts.indexes.insert(table_of(&edit.key));
        }
        if leaves {
            facts.tokens.insert(table_of(&edit.key));
        }
    }

    /// What others have taken away of that which was to be called otherwise does not come back under the other name. A
    /// token that may be nowhere but in the journal does.
    pub(super) fn add_done_by_others(
        &mut self,
        journal: &Journal,
        place: usize,
        done: &[&EditRecord],
        theirs: &[&EditRecord],
    ) {
        let (record, progress) = (journal.at(place), journal.progress(place));
        self.unwritten.insert(place, progress);
        let comes: HashSet<usize> = {
            let added = record.edits.iter().filter(|edit| edit.after.is_some());
            let added: Vec<&Key> = added.map(|edit| &edit.key).collect();
            added.into_iter().map(|key| self.group(key)).collect()
        };
        let kept = journal
            .taken_along()
            .filter(|_| progress == Progress::Begun);
        let kept: HashSet<&Key> = kept.map(|token| &token.goes.key).collect();
        for edit in done.iter().filter(|edit| edit.after.is_none()) {
            let token = edit.token_that_goes();
            let comes = comes.contains(&self.group(&edit.key))
                || token.is_some_and(|token| self.comes.contains(token));
            if comes && !kept.contains(&edit.key) {
                self.add_conflict(edit.key.clone());
                self.taken_away.extend(token.map(ToOwned::to_owned));
            }
        }
        let replaced = theirs.iter().filter_map(|edit| edit.token_that_goes());
        self.taken_away.extend(replaced.map(ToOwned::to_owned));
    }

    /// Whether nothing is written to the file of this token yet, for all that is known: then what is done of it others
    /// have done. Only of one that was begun nobody knows.
    pub(super) fn unwritten(&self, token: &TakenAlong<'_>) -> Option<Progress> {
        self.unwritten.get(&token.place).copied()
    }

    pub(super) fn add_conflict(&mut self, key: Key) {
        self.facts_mut(&key).conflicts.push(key);
    }

    fn open_edits<'j>(&self, journal: &'j Journal) -> Vec<&'j EditRecord> {
        let open = self.open.iter();
        open.map(|open| open.edit(journal)).collect()
    }

    /// What follows from all this, once it is known whether every login outside files has stored its token.
    pub(super) fn conclude(&mut self, journal: &Journal, are_proved: bool) {
        self.are_proved = are_proved;
        for edit in self.open_edits(journal) {
            if edit.token_that_comes().is_some() && !self.may(edit) {
                self.facts_mut(&edit.key).lacks_tokens = true;
            }
        }
    }

    /// The keys that nothing has happened to, by nobody, each in its file.
    pub(super) fn in_place<'j>(&self, journal: &'j Journal) -> HashSet<(&'j Path, &'j Key)> {
        let current: HashSet<usize> = journal.current().into_iter().collect();
        let open = self.open.iter().filter(|open| !open.is_theirs);
        let open = open.filter(|open| current.contains(&open.file));
        open.map(|open| {
            (
                journal.at(open.file).file.as_path(),
                &open.edit(journal).key,
            )
        })
        .collect()
    }

    /// The keys that somebody else has changed.
    pub(super) fn conflicts(&self) -> Vec<&Key> {
        let conflicts = self.facts.iter().flat_map(|facts| &facts.conflicts);
        conflicts.collect()
    }

    /// Whether somebody else has changed the registry of this token, and not that itself.
    pub(super) fn is_moved(&self, token: &Key) -> bool {
        let table = table_of(token);
        let facts = self.facts(token);
        facts.is_some_and(|facts| {
            let mut conflicts = facts.conflicts.iter();
            conflicts.any(|key| key != token && table_of(key) == table)
        })
    }

    /// Whether anything of a registry stays as it was: then so does what other stores have for it.
    pub(super) fn stays(&self, table: &[String]) -> bool {
        let facts = self.facts(table);
        facts.is_some_and(|facts| facts.is_left || !self.is_whole(facts))
    }

    /// Whether this takes a token out of all files.
    pub(super) fn leaves(&self, edit: &EditRecord) -> bool {
        let token = edit.token_that_goes();
        token.is_some_and(|token| !self.comes.contains(token))
    }

    /// Whether tokens may go that are elsewhere now: all that were to come into a file are there, or can come.
    pub(super) fn may_forget(&self) -> bool {
        self.are_proved && !self.facts.iter().any(|facts| facts.lacks_tokens)
    }

    /// Whether nothing stands against it.
    fn is_whole(&self, facts: &Facts) -> bool {
        facts.conflicts.is_empty() && (self.are_proved || facts.tokens.is_empty())
    }

    /// Whether an edit can be made.
    pub(super) fn may(&self, edit: &EditRecord) -> bool {
        let Some(facts) = self.facts(&edit.key) else {
            return true;
        };
        if self.is_whole(facts) {
            return !is_default(&edit.key) || self.may_be_default(edit);
        }
        if !facts.has_begun {
            return false;
        }
        let table = table_of(&edit.key);
        if let Some(token) = edit.token_that_comes() {
            if self.taken_away.contains(token) {
                return false;
            }
            let mut conflicts = facts.conflicts.iter();
            return !facts.indexes.contains(&table) && !conflicts.any(|key| table_of(key) == table);
        }
        if edit.token_that_goes().is_some() {
            return (self.are_proved || !self.leaves(edit)) && !facts.lacks_tokens;
        }
        facts.conflicts.is_empty() && !(is_index(&edit.key) && facts.tokens.contains(&table))
    }

    /// The default is another one where the registries become so that it names before or afterwards.
    fn may_be_default(&self, edit: &EditRecord) -> bool {
        let is_named = |table: &[String]| match table {
            [table, name] if table == "registries" => {
                edit.has_to_do_with(&Node::Text(name.clone()))
            }
            _ => false,
        };
        let mut named = self.groups.keys().filter(|table| is_named(table));
        named.all(|table| self.facts(table).is_none_or(|facts| self.is_whole(facts)))
    }

    /// Refuses to go on, or to give up, where a token is in no file until what comes last is written, and that cannot be,
    /// or will not.
    pub(super) fn check_taken_along(&self, journal: &Journal, goes_on: bool) -> Result<()> {
        let mut layers: HashMap<&Path, Layer> = HashMap::new();
        for token in journal.taken_along().filter(|token| !token.comes.is_left) {
            let unwritten = self.unwritten(&token);
            if goes_on && self.may(token.comes) || unwritten == Some(Progress::Untouched) {
                continue;
            }
            let file = token.from.file.as_path();
            if !layers.contains_key(file) {
                let text = replace::read_bytes(file)?;
                let (_, layer) = read(token.from, text.as_ref().map(|text| text.as_slice()))?;
                layers.insert(file, layer);
            }
            let now = |edit: &EditRecord| {
                let entry = layers[file].get(&parts(&edit.key));
                entry.map(|entry| &entry.node)
            };
            // It may have come, and the configuration is another one again.
            let has_come = journal.progress(token.last) == Progress::Written
                || journal.goes_on && token.comes.is_after(now(token.comes));
            if !has_come && !token.goes.is_before(now(token.goes)) {
                return Err(self.waits_for(journal, &token));
            }
        }
        Ok(())
    }

    /// Why a token stays in the journal, and how it gets out of there.
    fn waits_for(&self, journal: &Journal, token: &TakenAlong<'_>) -> Error {
        let key = token.comes.key.join(".");
        let facts = self.facts(&token.comes.key);
        let conflicts = facts.map_or(&[][..], |facts| &facts.conflicts);
        let is_beside = |other: &&Key| table_of(other) == table_of(&token.comes.key);
        let conflict = conflicts.iter().find(is_beside).or(conflicts.first());
        let Some(conflict) = conflict else {
            let table = table_of(&token.comes.key);
            let name = table.get(1).map_or(CRATES_IO, String::as_str);
            return Error::failed(format!(
                "a provider has not got a token that it was given, and so nothing is done of what `{key}` belongs to"
            ))
            .hint(format!(
                "keep the token of `{name}` elsewhere if there is one, log out with `cargo logout --registry {name}`, and start credsh again"
            ));
        };
        if is_secret(conflict) {
            let name = match conflict.as_slice() {
                [_, name, _] => name,
                _ => CRATES_IO,
            };
            return Error::failed(format!(
                "somebody else has logged in to `{name}`, while `{key}` was on its way"
            ))
            .hint(format!(
                "keep their token elsewhere if you need it, log out with `cargo logout --registry {name}`, and start credsh again"
            ));
        }
        let mut edits = journal.left().flat_map(|record| &record.edits);
        let edit = edits.find(|edit| edit.key == *conflict);
        let wanted = match edit.map(|edit| &edit.after) {
            Some(Some(Value::Text(text))) => format!("make it `{}`", masked(text)),
            Some(None) => "remove it".to_owned(),
            _ => "make it what it was".to_owned(),
        };
        Error::failed(format!(
            "somebody else has changed `{}`, and `{key}` is not for that",
            shown_key(conflict).join(".")
        ))
        .hint(format!("{wanted}, and start credsh again"))
    }
}

/// What a key belongs to: the table of a registry, or that of what the ledger says of one; else it is for itself.
fn table_of(key: &[String]) -> Key {
    match key {
        [table, _, ..] if table == ledger::ROOT => key[..2].to_vec(),
        _ => registry_table(key).unwrap_or(key).to_vec(),
    }
}

/// Another key of the same table.
fn beside(key: &[String], name: &str) -> Key {
    let table = &key[..key.len() - 1];
    table.iter().cloned().chain([name.to_owned()]).collect()
}

/// Whether this gives a registry its index.
fn sets_index(edit: &EditRecord) -> bool {
    edit.after.is_some() && is_index(&edit.key)
}

fn is_index(key: &[String]) -> bool {
    matches!(key, [table, _, setting] if table == "registries" && setting == "index")
}

fn is_default(key: &[String]) -> bool {
    matches!(key, [table, setting] if table == "registry" && setting == "default")
}

/// A text that may be the address of an index, with a password.
fn masked(text: &str) -> String {
    let url = text.parse::<IndexUrl>();
    url.map_or_else(|_| text.to_owned(), |url| url.to_string())
}
