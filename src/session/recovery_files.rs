//! What a journal says of files, and what of it can still be done: by whole texts where nobody else has written them, by
//! single keys where somebody has.
//!
//! Invariant: what somebody else has changed since then stays, and is told. No token goes to a registry that has changed,
//! nor does a registry change whose token stays.

use std::collections::HashSet;
use std::path::Path;

use zeroize::Zeroizing;

use super::Session;
use super::change::{Key, is_same};
use super::editing::{forget_old_layout, parts};
use super::renames::Renames;
use super::writing::{until_done, write_for_good};
use crate::cargo::layers::{Layer, both_names};
use crate::disk::document::Document;
use crate::disk::journal::{EditRecord, FileRecord, Journal, State};
use crate::disk::replace::{self, Way};
use crate::disk::tree::{self, Node, is_secret};
use crate::error::{Error, Result};

impl Session {
    /// Brings every file to where it was to be; the names of those where anything of that is done.
    pub(super) fn finish_files(
        &mut self,
        journal: &mut Journal,
        may: &mut May,
    ) -> Result<Vec<String>> {
        let mut done = Vec::new();
        for at in journal.current() {
            let file = journal.at(at).file.clone();
            let mut has_done = false;
            until_done(&file, || {
                let finished = self.finish_file(journal, at, may)?;
                has_done |= finished == Some(true);
                Ok(finished.is_some())
            })?;
            if has_done {
                done.push(file.display().to_string());
            }
        }
        Ok(done)
    }

    /// A token that is in no file until what comes last is written stays in the journal, where that cannot be.
    pub(super) fn check_taken_along(&self, journal: &Journal, conflicts: &Conflicts) -> Result<()> {
        for token in journal.taken_along() {
            let Some(key) = conflicts.against(&token.comes.key) else {
                continue;
            };
            let text = replace::read_bytes(&token.from.file)?;
            let (_, layer) = read(token.from, text.as_ref().map(|text| text.as_slice()))?;
            let now = layer.get(&parts(&token.goes.key));
            if !token.goes.is_before(now.map(|entry| &entry.node)) {
                let name = token
                    .comes
                    .key
                    .iter()
                    .rev()
                    .nth(1)
                    .map_or("", String::as_str);
                let (key, token) = (key.join("."), token.comes.key.join("."));
                return Err(if key == token {
                    Error::failed(format!(
                        "somebody else has logged in to `{name}`, where a token is on its way to"
                    ))
                    .hint(format!(
                        "keep theirs elsewhere if you need it, log out with `cargo logout --registry {name}`, and start credsh again"
                    ))
                } else {
                    Error::failed(format!(
                        "somebody else has changed `{key}`, and `{token}` is not for that"
                    ))
                    .hint(format!("make `{key}` what it was, and start credsh again"))
                });
            }
        }
        Ok(())
    }

    /// Whether this file is not as it was, by what the journal says and not by others alone; and the keys of it that
    /// somebody else has changed. One that is half written gets its old text back, without which nothing can be read
    /// and nobody be asked.
    pub(super) fn compare(
        &mut self,
        record: &FileRecord,
        conflicts: &mut Conflicts,
    ) -> Result<bool> {
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
        // Also where it is as it was, or as it was to be: that may be what an earlier start has made of somebody else's.
        let (_, layer) = read(record, now.as_ref().map(|now| now.as_slice()))?;
        let mut has_begun = matches!(state, State::New | State::Torn);
        for edit in &record.edits {
            let key: Vec<&str> = edit.key.iter().map(String::as_str).collect();
            let node = layer.get(&key).map(|entry| &entry.node);
            let (is_before, is_after) = (edit.is_before(node), edit.is_after(node));
            has_begun |= is_after && !is_before;
            if !is_before && !is_after {
                conflicts.add(&edit.key, node.is_some());
            }
        }
        Ok(has_begun)
    }

    /// A token is for the index that it was meant for, and no other: somebody else may have changed that where it stood.
    /// Where the change sets it itself, that is compared already.
    pub(super) fn compare_indexes(
        &self,
        journal: &Journal,
        conflicts: &mut Conflicts,
    ) -> Result<()> {
        for token in journal.left().flat_map(|record| &record.edits) {
            let (Some(index), Some((_, table))) = (&token.index, token.key.split_last()) else {
                continue;
            };
            let file = index.file(&self.home);
            let key = [table, &["index".to_owned()]].concat();
            let is_set = |record: &FileRecord| {
                record.file == file && record.edits.iter().any(|edit| edit.key == key)
            };
            if journal.all().any(is_set) {
                continue;
            }
            let Some(text) = replace::read(&file)? else {
                continue;
            };
            let layer = Layer::alone(&file, tree::parse(&file, &text)?, false);
            let path: Vec<&str> = key.iter().map(String::as_str).collect();
            if layer.get(&path).is_some_and(|entry| {
                !is_same(Some(&entry.node), Some(&Node::Text(index.url.clone())))
            }) {
                conflicts.keys.push(key);
            }
        }
        Ok(())
    }

    /// An index does not change under a token that has come since, and so is for the old one.
    pub(super) fn compare_tokens(
        &self,
        journal: &Journal,
        conflicts: &mut Conflicts,
    ) -> Result<()> {
        let mut edits = journal.left().flat_map(|record| &record.edits);
        if !edits.any(sets_index) {
            return Ok(());
        }
        let (plain, with_extension) = both_names(&self.home, "credentials");
        let file = if plain.exists() {
            plain
        } else {
            with_extension
        };
        // Cargo may be writing.
        let text = replace::read_settled(&file)?.unwrap_or_default();
        let tokens = Layer::alone(&file, tree::parse(&file, &text)?, true);
        for record in journal.left() {
            for index in record.edits.iter().filter(|edit| sets_index(edit)) {
                let table = &index.key[..index.key.len() - 1];
                let key = [table, &["token".to_owned()]].concat();
                let mut edits = journal.all().flat_map(|record| &record.edits);
                let Some(token) = tokens.get(&parts(&key)) else {
                    continue;
                };
                if index.is_beside(&token.node) || edits.any(|edit| edit.key == key) {
                    continue;
                }
                let text = replace::read_bytes(&record.file)?;
                let (_, layer) = read(record, text.as_ref().map(|text| text.as_slice()))?;
                let now = layer.get(&parts(&index.key)).map(|entry| &entry.node);
                if !index.is_after(now) {
                    conflicts.add(&key, true);
                }
            }
        }
        Ok(())
    }

    /// Brings one file to where it was to be; whether any of that is done. Nothing, where somebody else has just written
    /// it, and it is theirs from then on.
    fn finish_file(
        &mut self,
        journal: &mut Journal,
        at: usize,
        may: &mut May,
    ) -> Result<Option<bool>> {
        let record = journal.at(at);
        let is_gone = !record.is_credentials
            && record
                .file
                .parent()
                .is_some_and(|folder| !folder.is_dir() && !folder.starts_with(&self.home));
        if is_gone
            && record
                .file
                .parent()
                .and_then(Path::parent)
                .is_none_or(|project| !project.is_dir())
        {
            self.warn(&format!(
                "`{}` was to be written, and its folder is gone",
                record.file.display()
            ));
            return Ok(Some(false));
        }
        let mut lock = if record.is_credentials {
            self.lock_file(&record.file)?
        } else {
            None
        };
        let now = replace::read_bytes(&record.file)?;
        let old = now.as_ref().map(|now| now.as_slice());
        if record.state(old) == State::Old
            && may.make(record)
            && let Some(new) = record.new_text(old.unwrap_or_default())
        {
            return write_for_good(record, lock.as_mut(), old, &new, Way::Forth)
                .map(|is_written| is_written.then_some(true));
        }
        let (text, layer) = read(record, old)?;
        let found = self.sorted(record, &layer, may, journal.is_done(at));
        if found.made.is_empty() {
            return Ok(Some(found.is_done));
        }
        let new = edited_by_hand(record, &text, &found)?;
        // A start that is killed as well leaves one that knows what it was about to write.
        let known = now.as_ref().map(|_| text.as_str());
        journal.at_mut(at).made_anew(&self.home, known, &new);
        journal.write(&self.own_folder())?;
        let record = journal.at(at);
        let is_written = write_for_good(record, lock.as_mut(), old, &new, Way::Forth)?;
        Ok(is_written.then_some(true))
    }

    /// What of a file's edits is done, can be done, and stays undone, which is told.
    fn sorted<'r>(
        &mut self,
        record: &'r FileRecord,
        layer: &Layer,
        may: &mut May,
        is_told: bool,
    ) -> Sorted<'r> {
        let mut sorted = Sorted::default();
        for edit in &record.edits {
            let node = layer.get(&parts(&edit.key)).map(|entry| &entry.node);
            let (is_before, is_after) = (edit.is_before(node), edit.is_after(node));
            if is_after {
                sorted.is_done = true;
                sorted.is_begun |= !is_before;
            } else if is_before && may.edit(edit) {
                sorted.made.push(edit);
            } else {
                may.conflicts.keep(&edit.key, node.is_some());
                let why = if is_before {
                    "is left as it is, because of what else has changed since then"
                } else {
                    "was changed by somebody else since then, and stays so"
                };
                if !is_told {
                    self.warn(&format!(
                        "`{}` in {} {why}",
                        edit.key.join("."),
                        record.file.display()
                    ));
                }
                sorted.left.push(&edit.key);
            }
        }
        sorted
    }
}

/// The edits of a file that somebody else has written.
#[derive(Default)]
struct Sorted<'r> {
    /// Those that can be made.
    made: Vec<&'r EditRecord>,
    /// The keys of those that are not.
    left: Vec<&'r Key>,
    /// Some are what they were to be.
    is_done: bool,
    /// And were not so before.
    is_begun: bool,
}

impl Sorted<'_> {
    /// Whether nothing of a table stays where it is.
    fn is_whole(&self, table: &[String]) -> bool {
        !self.left.iter().any(|key| key.starts_with(table))
    }
}

/// The text of a file with those edits that can be made.
fn edited_by_hand(
    record: &FileRecord,
    text: &str,
    found: &Sorted<'_>,
) -> Result<Zeroizing<String>> {
    let mut document = Document::of(&record.file, text);
    if record.may_have_old_layout {
        forget_old_layout(&mut document, found.made.iter().map(|edit| &edit.key))?;
    }
    // A table of which something stays where it is keeps its name; and what has another one already is not renamed again.
    let tables = record.tables.iter().filter(|(table, name)| {
        let above = &table[..table.len() - 1];
        let renamed = name
            .iter()
            .map(|name| [above, std::slice::from_ref(name)].concat());
        !found.is_begun
            && found.is_whole(table)
            && renamed.into_iter().all(|renamed| found.is_whole(&renamed))
    });
    let keys: HashSet<&Key> = record.edits.iter().map(|edit| &edit.key).collect();
    Renames::of(tables.clone(), keys.clone(), &keys).perform(&mut document)?;
    for edit in &found.made {
        let key = parts(&edit.key);
        let now = document.entry(&key)?;
        match &edit.after {
            _ if edit.is_after(now.as_ref().map(|entry| &entry.node)) => {}
            Some(value) => document.set(&key, value)?,
            None => drop(document.unset(&key)?),
        }
    }
    for (table, _) in tables {
        let table = parts(table);
        if document.names(&table).is_some_and(|names| names.is_empty()) {
            document.unset(&table)?;
        }
    }
    Ok(document.text())
}

/// Whether this is the index of a registry.
fn sets_index(edit: &EditRecord) -> bool {
    edit.after.is_some() && is_index(&edit.key)
}

fn is_index(key: &[String]) -> bool {
    matches!(key, [table, _, setting] if table == "registries" && setting == "index")
}

/// What may still be done of a change that others have written into.
pub(super) struct May {
    /// Every login outside files is proved.
    pub(super) forget_tokens: bool,
    /// The registries whose tokens are to go.
    pub(super) tokens: Vec<Key>,
    pub(super) conflicts: Conflicts,
}

/// What somebody else has changed.
#[derive(Default)]
pub(super) struct Conflicts {
    /// The keys.
    pub(super) keys: Vec<Vec<String>>,
    /// The tokens that stay, be they somebody else's or not.
    kept: Vec<Vec<String>>,
}
impl Conflicts {
    fn add(&mut self, key: &[String], is_there: bool) {
        self.keys.push(key.to_vec());
        self.keep(key, is_there);
    }

    fn keep(&mut self, key: &[String], is_there: bool) {
        if is_there && is_secret(key) {
            self.kept.push(key.to_vec());
        }
    }

    /// A token is for a registry as it was to be: where somebody has changed that, it goes nowhere.
    pub(super) fn may_add(&self, token: &[String]) -> bool {
        self.against(token).is_none()
    }

    /// What stands against that.
    fn against(&self, token: &[String]) -> Option<&Vec<String>> {
        let table = &token[..token.len() - 1];
        // What is below `registry` is mostly about others; crates.io has one index.
        let is_of_crates_io = |key: &[String]| matches!(key, [_, setting] if setting == "token" || setting == "credential-provider");
        let is_about = |key: &&Vec<String>| {
            key.starts_with(table) && (table != ["registry"] || is_of_crates_io(key))
        };
        self.keys.iter().find(is_about)
    }

    /// Whether the registry of this token is another one by now.
    pub(super) fn is_moved(&self, token: &[String]) -> bool {
        let table = &token[..token.len() - 1];
        let is_index = |key: &&Vec<String>| key.last().is_some_and(|last| last == "index");
        let mut indexes = self.keys.iter().filter(is_index);
        indexes.any(|key| key.starts_with(table))
    }
}

impl May {
    /// A registry whose token stays does not go elsewhere.
    fn edit(&self, edit: &EditRecord) -> bool {
        let table = &edit.key[..edit.key.len() - 1];
        let is_of_it = |key: &Vec<String>| key.starts_with(table);
        match (is_secret(&edit.key), &edit.after) {
            (true, None) => self.forget_tokens,
            (true, Some(_)) => self.conflicts.may_add(&edit.key),
            (false, Some(_)) if is_index(&edit.key) => !self.conflicts.kept.iter().any(is_of_it),
            (false, None) if is_index(&edit.key) => {
                self.forget_tokens || !self.tokens.iter().any(|known| known == table)
            }
            (false, _) => true,
        }
    }

    fn make(&self, record: &FileRecord) -> bool {
        record.edits.iter().all(|edit| self.edit(edit))
    }
}

/// A file that somebody else has written, as text and as values.
fn read(record: &FileRecord, now: Option<&[u8]>) -> Result<(Zeroizing<String>, Layer)> {
    let bytes = Zeroizing::new(now.unwrap_or_default().to_vec());
    let text = replace::text_of(&record.file, bytes)?;
    let root = tree::parse(&record.file, &text)?;
    let layer = Layer::alone(&record.file, root, record.may_have_old_layout);
    Ok((text, layer))
}
