//! What a journal says of files, and what of it can still be done: by whole texts where nobody else has written them, by
//! single keys where somebody has.
//!
//! Invariant: what somebody else has changed since then stays, and is told. No token goes to a registry that has changed,
//! nor does a registry change whose token stays.

use std::path::Path;

use zeroize::Zeroizing;

use super::Session;
use super::change::is_same;
use super::editing::forget_old_layout;
use super::writing::{until_done, write_for_good};
use crate::cargo::layers::Layer;
use crate::disk::document::Document;
use crate::disk::journal::{EditRecord, FileRecord, Journal, State};
use crate::disk::tree::{Node, is_secret};
use crate::disk::{replace, tree};
use crate::error::Result;

impl Session {
    /// Brings every file to where it was to be; the names of those where anything of that is done.
    pub(super) fn finish_files(&mut self, journal: &Journal, may: &mut May) -> Result<Vec<String>> {
        let mut done = Vec::new();
        for record in &journal.files {
            let mut has_done = false;
            until_done(&record.file, || {
                let finished = self.finish_file(record, may)?;
                has_done |= finished == Some(true);
                Ok(finished.is_some())
            })?;
            if has_done {
                done.push(record.file.display().to_string());
            }
        }
        Ok(done)
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
        let now = replace::read_bytes(&record.file)?;
        let now = now.as_ref().map(|now| now.as_slice());
        match record.state(now) {
            State::New => return Ok(true),
            State::Old => return Ok(false),
            State::Torn => {
                if let Some(old) = record.old_text(now.unwrap_or_default()) {
                    write_for_good(record, lock.as_mut(), now, &old)?;
                }
                return Ok(true);
            }
            State::Other => {}
        }
        let (_, layer) = read(record, now)?;
        let mut has_begun = false;
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
        for token in journal.all().flat_map(|record| &record.edits) {
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

    /// Brings one file to where it was to be; whether any of that is done. Nothing, where somebody else has just written
    /// it, and it is theirs from then on.
    fn finish_file(&mut self, record: &FileRecord, may: &mut May) -> Result<Option<bool>> {
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
        let whole = match record.state(old) {
            State::New => return Ok(Some(true)),
            State::Old if may.make(record) => record.new_text(old.unwrap_or_default()),
            State::Old | State::Torn | State::Other => None,
        };
        let (new, has_done) = match whole {
            Some(new) => (new, true),
            None => self.edited_by_hand(record, old, may)?,
        };
        let is_written = old.unwrap_or_default() == new.as_bytes()
            || write_for_good(record, lock.as_mut(), old, &new)?;
        Ok(is_written.then_some(has_done))
    }

    /// The text of a file with those edits that may be made: whose keys still have the value that they had. And whether
    /// any of them is made.
    fn edited_by_hand(
        &mut self,
        record: &FileRecord,
        now: Option<&[u8]>,
        may: &mut May,
    ) -> Result<(Zeroizing<String>, bool)> {
        let (text, layer) = read(record, now)?;
        let mut document = Document::of(&record.file, &text);
        let (mut made, mut is_done) = (Vec::new(), false);
        for edit in &record.edits {
            let key: Vec<&str> = edit.key.iter().map(String::as_str).collect();
            let node = layer.get(&key).map(|entry| &entry.node);
            if edit.is_after(node) {
                is_done = true;
                continue;
            }
            if !edit.is_before(node) || !may.edit(edit) {
                may.conflicts.keep(&edit.key, node.is_some());
                let why = if edit.is_before(node) {
                    "is left as it is, because of what else has changed since then"
                } else {
                    "was changed by somebody else since then, and stays so"
                };
                self.warn(&format!(
                    "`{}` in {} {why}",
                    edit.key.join("."),
                    record.file.display()
                ));
                continue;
            }
            made.push(edit);
        }
        if record.is_credentials {
            forget_old_layout(&mut document, made.iter().map(|edit| &edit.key))?;
        }
        let has_made = !made.is_empty();
        for edit in made {
            let key: Vec<&str> = edit.key.iter().map(String::as_str).collect();
            match &edit.after {
                Some(value) => document.set(&key, value)?,
                None => drop(document.unset(&key)?),
            }
        }
        Ok((document.text(), is_done || has_made))
    }
}

/// What may still be done of a change that others have written into.
pub(super) struct May {
    /// Every login outside files is proved.
    pub(super) forget_tokens: bool,
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
        let table = &token[..token.len() - 1];
        !self.keys.iter().any(|key| key.starts_with(table))
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
            (false, Some(_)) if edit.key.last().is_some_and(|key| key == "index") => {
                !self.conflicts.kept.iter().any(is_of_it)
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
    let layer = Layer::alone(&record.file, root, record.is_credentials);
    Ok((text, layer))
}
