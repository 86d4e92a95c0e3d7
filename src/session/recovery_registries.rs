//! What others have made of that which an interrupted change is about, and what of it is done all the same.
//!
//! A registry is its index, its token and its provider; with a rename, all its names are one. Where somebody else has
//! changed any of that, and nothing of ours has happened to it, it stays as it is, as a whole. Where something has
//! happened, only what is still to be done for its tokens is: some may be in no file.
//!
//! Invariant: what is left as it is has been decided for all files, and is in the journal, before the first is written: a
//! start that comes after one that was killed decides nothing anew. No token comes to a registry that has changed, none
//! goes before it has come elsewhere, and no index changes under one that stays.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::Session;
use super::change::{Key, is_same};
use super::editing::parts;
use super::recovery_files::read;
use super::writing::write_for_good;
use crate::cargo::index_url::IndexUrl;
use crate::cargo::layers::{Layer, Layers};
use crate::disk::document::Value;
use crate::disk::journal::{EditRecord, Journal, State, TakenAlong};
use crate::disk::replace::{self, Way};
use crate::disk::tree::{self, Node, is_secret};
use crate::error::{Error, Result};

/// What a change is about, and how far it has come.
#[derive(Default)]
pub(super) struct Affected {
    /// Something is in a file by now.
    pub(super) has_begun: bool,
    /// The edits that are not done, in their order.
    open: Vec<Open>,
    /// By their tables; a key that is of no registry is for itself.
    groups: HashMap<Key, usize>,
    facts: Vec<Facts>,
    /// Every login outside files has stored its token.
    are_proved: bool,
}

/// An edit that is not done, by the place of its file and its own.
#[derive(Clone, Copy)]
struct Open {
    file: usize,
    edit: usize,
    is_theirs: bool,
}

/// What is known of a registry.
#[derive(Default)]
struct Facts {
    /// It is a part of this one.
    part_of: Option<usize>,
    /// Something of it is done.
    has_begun: bool,
    /// The keys that somebody else has changed.
    conflicts: Vec<Key>,
    /// The tables that are still to have an index.
    indexes: HashSet<Key>,
    /// The tables whose token is still to go.
    tokens: HashSet<Key>,
    /// A token that was to come cannot.
    lacks_tokens: bool,
}

impl Session {
    /// How far the files of a change have come, and what others have made of them since then.
    pub(super) fn look_at_files(&mut self, journal: &Journal) -> Result<Affected> {
        let mut affected = Affected::of(journal);
        for at in journal.current() {
            self.compare(journal, at, &mut affected)?;
        }
        for file in journal.later() {
            for edit in 0..journal.at(file).edits.len() {
                affected.add_open(journal, (file, edit), false);
            }
        }
        self.compare_indexes(journal, &mut affected)?;
        self.compare_tokens(journal, &mut affected)?;
        self.tell_of_logouts(journal, &affected);
        Ok(affected)
    }

    /// A file is written at once. Where only some of its edits are done, somebody else has done them: has logged out, or
    /// has logged in again after all was done. Nobody can tell, so no token is given up.
    fn tell_of_logouts(&mut self, journal: &Journal, affected: &Affected) {
        if journal.goes_on {
            return;
        }
        let open = affected.open.iter();
        let open = open.filter(|open| open.file < journal.files.len() && !open.is_theirs);
        let open: HashSet<_> = open
            .map(|open| (&journal.at(open.file).file, &open.edit(journal).key))
            .collect();
        for token in journal.taken_along().filter(|token| !token.comes.is_left) {
            let file = &token.from.file;
            let is_in_part = open.iter().any(|(other, _)| *other == file);
            if !is_in_part || open.contains(&(file, &token.goes.key)) {
                continue;
            }
            let [from, to] = [token.goes, token.comes].map(|edit| edit.key.join("."));
            self.warn(&format!(
                "`{from}` was gone from {} before it was to be called `{to}`, and is kept as that: log out of that if you had logged out",
                file.display()
            ));
        }
    }

    /// What is done of the edits of one file, and which of its keys somebody else has changed. One that is half written
    /// gets its old text back, without which nothing can be read and nobody be asked.
    fn compare(&mut self, journal: &Journal, at: usize, affected: &mut Affected) -> Result<()> {
        let record = journal.at(at);
        // Cargo may be writing.
        let mut lock = if record.is_credentials {
            self.lock_file(&record.file)?
        } else {
            None
        };
        let mut now = replace::read_bytes(&record.file)?;
        let state = record.state(now.as_ref().map(|now| now.as_slice()));
        if let (State::Torn, Some(torn)) = (&state, &now) {
            if let Some(new) = record.new_but_for_the_cut(torn) {
                write_for_good(record, lock.as_mut(), Some(torn), &new, Way::Forth)?;
            } else if let Some(old) = record.old_text(torn) {
                write_for_good(record, lock.as_mut(), Some(torn), &old, Way::Back)?;
            }
            now = replace::read_bytes(&record.file)?;
        }
        affected.has_begun |= matches!(state, State::New | State::Torn);
        // Also where it is as it was, or as it was to be: that may be what an earlier start has made of somebody else's.
        let (_, layer) = read(record, now.as_ref().map(|now| now.as_slice()))?;
        for (place, edit) in record.edits.iter().enumerate() {
            let node = layer.get(&parts(&edit.key)).map(|entry| &entry.node);
            let is_before = edit.is_before(node);
            if !edit.is_after(node) {
                affected.add_open(journal, (at, place), !is_before);
            } else if !is_before && !edit.is_left {
                affected.has_begun = true;
                affected.facts_mut(&edit.key).has_begun = true;
            }
        }
        Ok(())
    }

    /// A token is for the index that it was meant for, and no other: somebody else may have changed that where it stood.
    /// Where the change sets it itself, that is compared already.
    fn compare_indexes(&self, journal: &Journal, affected: &mut Affected) -> Result<()> {
        let edits = journal
            .all()
            .flat_map(|record| record.edits.iter().map(|edit| (&record.file, &edit.key)));
        let known: HashSet<_> = edits.collect();
        let mut layers: HashMap<PathBuf, Layer> = HashMap::new();
        for token in affected.open_edits(journal) {
            let Some(index) = &token.index else {
                continue;
            };
            let file = index.file(&self.home);
            let key = beside(&token.key, "index");
            if known.contains(&(&file, &key)) {
                continue;
            }
            if !layers.contains_key(&file) {
                let text = replace::read(&file)?.unwrap_or_default();
                let root = tree::parse(&file, &text)?;
                layers.insert(file.clone(), Layer::alone(&file, root, false));
            }
            let now = layers.get(&file).and_then(|layer| layer.get(&parts(&key)));
            let meant = Node::Text(index.url.clone());
            if now.is_some_and(|now| !is_same(Some(&now.node), Some(&meant))) {
                affected.add_conflict(key);
            }
        }
        Ok(())
    }

    /// An index does not change under a token that has come since, and so is for the old one.
    fn compare_tokens(&self, journal: &Journal, affected: &mut Affected) -> Result<()> {
        let mut indexes = affected.open_edits(journal);
        indexes.retain(|edit| sets_index(edit));
        if indexes.is_empty() {
            return Ok(());
        }
        let edits = journal.all().flat_map(|record| &record.edits);
        let known: HashSet<&Key> = edits.map(|edit| &edit.key).collect();
        let credentials = Layers::credentials(&self.home, false)?.layers;
        for index in indexes {
            let key = beside(&index.key, "token");
            let mut tokens = credentials.iter().filter_map(|file| file.get(&parts(&key)));
            let token = tokens.next().filter(|_| !known.contains(&key));
            if token.is_some_and(|token| !index.is_beside(&token.node)) {
                affected.add_conflict(key);
            }
        }
        Ok(())
    }

    /// Decides what is left as it is, and tells. A token that is nowhere but in the journal stays there until it can be
    /// written: then nothing is decided.
    pub(super) fn decide(&mut self, journal: &mut Journal, affected: &Affected) -> Result<()> {
        affected.check_taken_along(journal)?;
        let open = affected.open.iter();
        let left: Vec<&Open> = open
            .filter(|open| open.is_theirs || !affected.may(open.edit(journal)))
            .collect();
        let mut told = HashSet::new();
        for open in &left {
            let (file, edit) = (&journal.at(open.file).file, open.edit(journal));
            if told.insert((file, &edit.key)) {
                let why = if open.is_theirs {
                    "was changed by somebody else since then, and stays so"
                } else {
                    "is left as it is, because of what else has changed since then"
                };
                let key = edit.key.join(".");
                self.warn(&format!("`{key}` in {} {why}", file.display()));
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        for open in left {
            journal.at_mut(open.file).edits[open.edit].is_left = true;
        }
        journal.write(&self.own_folder())
    }
}

impl Open {
    fn edit<'j>(&self, journal: &'j Journal) -> &'j EditRecord {
        &journal.at(self.file).edits[self.edit]
    }
}

impl Affected {
    /// With what belongs together, and what is known without looking at any file.
    fn of(journal: &Journal) -> Self {
        let mut affected = Self {
            has_begun: journal.goes_on,
            ..Self::default()
        };
        let edits = || journal.all().flat_map(|record| &record.edits);
        let mut going: HashMap<&str, &Key> = HashMap::new();
        for edit in edits() {
            if let Some(token) = edit.token_that_goes() {
                let first = going.entry(token).or_insert(&edit.key);
                affected.join(first, &edit.key);
            }
        }
        for edit in edits() {
            let from = edit.token_that_comes().and_then(|token| going.get(token));
            affected.join(from.unwrap_or(&&edit.key), &edit.key);
        }
        for (table, name) in journal.all().flat_map(|record| &record.tables) {
            let renamed = name.iter().map(|name| beside(table, name));
            renamed.for_each(|renamed| affected.join(table, &renamed));
        }
        if journal.goes_on {
            let done = journal.files.iter().flat_map(|record| &record.edits);
            for edit in done.filter(|edit| !edit.is_left) {
                affected.facts_mut(&edit.key).has_begun = true;
            }
        }
        for edit in edits() {
            affected.facts_mut(&edit.key).lacks_tokens |=
                edit.is_left && edit.token_that_comes().is_some();
        }
        affected
    }

    fn join(&mut self, one: &[String], other: &[String]) {
        let (one, other) = (self.group(one), self.group(other));
        if one != other {
            self.facts[other].part_of = Some(one);
        }
    }

    fn group(&mut self, key: &[String]) -> usize {
        let facts = &mut self.facts;
        let group = self.groups.entry(table_of(key)).or_insert_with(|| {
            facts.push(Facts::default());
            facts.len() - 1
        });
        let group = *group;
        self.whole(group)
    }

    /// What this has become a part of.
    fn whole(&self, mut group: usize) -> usize {
        while let Some(whole) = self.facts[group].part_of {
            group = whole;
        }
        group
    }

    fn facts_mut(&mut self, key: &[String]) -> &mut Facts {
        let group = self.group(key);
        &mut self.facts[group]
    }
}

impl Affected {
    fn facts(&self, key: &[String]) -> Option<&Facts> {
        let group = *self.groups.get(&table_of(key))?;
        self.facts.get(self.whole(group))
    }

    /// An edit that is not done, unless that has been decided already.
    fn add_open(&mut self, journal: &Journal, (file, edit): (usize, usize), is_theirs: bool) {
        let open = Open {
            file,
            edit,
            is_theirs,
        };
        let edit = open.edit(journal);
        if edit.is_left {
            return;
        }
        self.open.push(open);
        if is_theirs {
            self.add_conflict(edit.key.clone());
            return;
        }
        let facts = self.facts_mut(&edit.key);
        if sets_index(edit) {
            facts.indexes.insert(table_of(&edit.key));
        }
        if edit.token_that_goes().is_some() {
            facts.tokens.insert(table_of(&edit.key));
        }
    }

    fn add_conflict(&mut self, key: Key) {
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

    /// The keys that somebody else has changed.
    pub(super) fn conflicts(&self) -> Vec<&Key> {
        let conflicts = self.facts.iter().flat_map(|facts| &facts.conflicts);
        conflicts.collect()
    }

    /// Whether somebody else has changed the index that this token is for.
    pub(super) fn is_moved(&self, token: &[String]) -> bool {
        let index = beside(token, "index");
        let facts = self.facts(token);
        facts.is_some_and(|facts| facts.conflicts.contains(&index))
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
    fn may(&self, edit: &EditRecord) -> bool {
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
        if edit.token_that_comes().is_some() {
            let mut conflicts = facts.conflicts.iter();
            return !facts.indexes.contains(&table) && !conflicts.any(|key| table_of(key) == table);
        }
        if edit.token_that_goes().is_some() {
            return self.are_proved && !facts.lacks_tokens;
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

    /// Refuses to go on where a token is in no file until what comes last is written, and that cannot be.
    fn check_taken_along(&self, journal: &Journal) -> Result<()> {
        for token in journal.taken_along().filter(|token| !token.comes.is_left) {
            if self.may(token.comes) {
                continue;
            }
            let text = replace::read_bytes(&token.from.file)?;
            let (_, layer) = read(token.from, text.as_ref().map(|text| text.as_slice()))?;
            let now = layer.get(&parts(&token.goes.key));
            if !token.goes.is_before(now.map(|entry| &entry.node)) {
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
            return Error::failed(format!(
                "a provider has not got a token that it was given, and so nothing is done of what `{key}` belongs to"
            ));
        };
        let changed = conflict.join(".");
        if let ([_, name, _], true) = (conflict.as_slice(), is_secret(conflict)) {
            return Error::failed(format!(
                "somebody else has logged in to `{name}`, while `{key}` was on its way"
            ))
            .hint(format!(
                "keep their token elsewhere if you need it, log out with `cargo logout --registry {name}`, and start credsh again"
            ));
        }
        let mut edits = journal.left().flat_map(|record| &record.edits);
        let edit = edits.find(|edit| edit.key == *conflict);
        let wanted = match (edit.map(|edit| &edit.after), &token.comes.index) {
            (Some(Some(Value::Text(text))), _) => Some(text),
            (None, Some(index)) => Some(&index.url),
            _ => None,
        };
        let wanted = match (wanted, edit) {
            (Some(text), _) => format!("make it `{}`", masked(text)),
            (None, Some(edit)) if edit.after.is_none() => "remove it".to_owned(),
            (None, _) => "make it what it was".to_owned(),
        };
        Error::failed(format!(
            "somebody else has changed `{changed}`, and `{key}` is not for that"
        ))
        .hint(format!("{wanted}, and start credsh again"))
    }
}

/// The table that a key is of, where that is about one registry; else the key itself.
fn table_of(key: &[String]) -> Key {
    let length = match key {
        [table, _, ..] if table == "registries" => 2,
        // What else is below `registry` is about others.
        [table, setting]
            if table == "registry" && (is_secret(key) || setting == "credential-provider") =>
        {
            1
        }
        _ => key.len(),
    };
    key[..length].to_vec()
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
