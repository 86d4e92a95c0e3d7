//! The one place where credsh changes the world.
//!
//! Everything is prepared in memory, under the locks, before the first byte is written; what cannot be
//! prepared is an error and leaves every file as it was. What is about to be done is in a journal until it is
//! done: whoever comes after a run that was killed finishes it (see `recovery`). If a later file cannot be
//! written, the earlier ones are given their old text back.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::Session;
use super::change::{Action, After, Change, FileChange, Key, is_same};
use super::logouts::Unfinished;
use super::overlay::Savepoint;
use super::records::ItemRecord;
use super::writing::{tidy, until_done, write_one};
use crate::disk::document::{Document, Value};
use crate::disk::exchange;
use crate::disk::journal::{EditRecord, FileRecord, Journal, State};
use crate::disk::lock::Lock;
use crate::disk::replace;
use crate::disk::tree::{Entry, Node};
use crate::error::{Error, Place, Result};

/// What a commit has done.
#[derive(Debug, Default)]
pub struct Committed {
    /// What changed.
    pub changes: Vec<Change>,
    /// What a provider did not do.
    pub unfinished: Vec<Unfinished>,
}

/// Files that wait for being written, those that Cargo locks last.
pub(super) struct Ready {
    /// What becomes of each file.
    journal: Journal,
    /// The texts of each.
    texts: Vec<Texts>,
    /// What somebody else had made so since it was read.
    done_by_others: HashSet<(PathBuf, Key)>,
    /// Neither the old texts nor the new ones could be put where they belong.
    is_half_done: bool,
}

/// One of them.
struct Prepared {
    record: FileRecord,
    texts: Texts,
    done_by_others: Vec<Key>,
}

/// A file's text before and after.
struct Texts {
    /// What stands there; `None` where there is no file.
    old: Option<Zeroizing<String>>,
    new: Zeroizing<String>,
}

impl Session {
    /// Writes what is pending and says what changed; then nothing is pending any more. In a plan nothing is written,
    /// the same is said, and all of it is still pending.
    ///
    /// So it is where it was refused, or undone. What is left half done is not: the next start finishes it.
    pub fn commit(&mut self) -> Result<Committed> {
        // Ctrl-C ends it between two steps, and what is done by then is undone.
        let held = self.world.interrupts.hold();
        let mut changes = self.overlay.changes_since(Savepoint::START);
        let mut unfinished = Vec::new();
        if !self.flags.is_plan() {
            if !changes.is_empty() {
                let pending = self.overlay.savepoint();
                unfinished = self
                    .write(&mut changes)
                    .inspect_err(|_| self.roll_back(pending))?;
            }
            self.roll_back_all();
        }
        drop(held);
        Ok(Committed {
            changes,
            unfinished,
        })
    }

    /// Logins outside files, then files, then logouts outside files: a token is at every moment in one place
    /// at least. Leaves in `changes` what this run has changed.
    fn write(&mut self, changes: &mut Vec<Change>) -> Result<Vec<Unfinished>> {
        let folder = self.own_folder();
        let credentials = self.config()?.credentials_file();
        let _ours = self.lock_home()?;
        self.finish_interrupted()?;
        let files = files_of(changes).into_iter();
        let mut locks = self.lock_files(files.filter(|file| *file != credentials))?;
        let mut ready = self.prepare(changes, false)?;
        ready.journal.write(&folder)?;
        // One that passes it on may end in a file.
        let may_add_files = changes
            .iter()
            .filter_map(Change::as_item)
            .any(|item| item.action() == Action::Login);
        let logged_in = match self.log_in_items(changes, &mut ready) {
            Ok(logged_in) => logged_in,
            Err(error) => return Err(self.without_journal(error)),
        };
        changes.retain(|change| !change.is_none());
        let written = self
            .world
            .interrupts
            .check()
            .and_then(|()| self.write_files(changes, &mut ready, may_add_files, &mut locks));
        if let Err(error) = written {
            if ready.is_half_done {
                // Which needs what the logins have stored.
                self.roll_back_all();
                return Err(error.because("and the next start of credsh finishes it"));
            }
            let error = self.undo(logged_in, error);
            return Err(self.without_journal(error));
        }
        changes.retain(|change| match change {
            Change::File(change) => {
                let place = (change.file.clone(), change.key.clone());
                !ready.done_by_others.contains(&place)
            }
            Change::Item(_) => true,
        });
        // What proves a move is what is on disk now.
        self.overlay.clear();
        self.config = None;
        let unfinished = self.log_out_items(changes);
        let tidied = ready.journal.files.iter().try_for_each(tidy);
        if let Err(error) = tidied.and_then(|()| self.end_journal()) {
            // Everything is done.
            self.warn(&format!("{error}; the next start of credsh tries again"));
        }
        Ok(unfinished)
    }

    /// The error of a commit that has changed nothing, or has undone it.
    fn without_journal(&self, error: Error) -> Error {
        match self.end_journal() {
            Ok(()) => error,
            Err(second) => error.because(format!("and {second}")),
        }
    }

    /// The new text of every file that changes, and the journal of all that is to be done; `is_locked`, where we
    /// have Cargo's lock.
    fn prepare(&mut self, changes: &[Change], is_locked: bool) -> Result<Ready> {
        let items = changes.iter().filter_map(Change::as_item);
        let mut ready = Ready {
            journal: Journal::new(
                Vec::new(),
                items
                    .map(|item| ItemRecord::of(item).json())
                    .chain(self.waiting.iter().cloned())
                    .collect(),
            ),
            texts: Vec::new(),
            done_by_others: HashSet::new(),
            is_half_done: false,
        };
        let credentials = self.config()?.credentials_file();
        let mut files = files_of(changes);
        // It would be made again for a file of a project that somebody has deleted.
        let folder = &self.world.directory;
        if files.iter().any(|file| file.starts_with(folder)) && !folder.is_dir() {
            return Err(Error::failed("this folder is gone; nothing was written")
                .at(Place::file(folder))
                .hint("start credsh in a folder that is there, or name one with `-C`"));
        }
        files.sort_by_key(|file| *file == credentials);
        for file in files {
            let Prepared {
                record,
                texts,
                done_by_others,
            } = self.prepare_file(file, changes, is_locked)?;
            let done = done_by_others.into_iter();
            let done = done.map(|key| (file.to_path_buf(), key));
            ready.done_by_others.extend(done);
            let old = texts.old.as_ref().map_or("", |old| old.as_str());
            if old != texts.new.as_str() {
                ready.journal.files.push(record);
                ready.texts.push(texts);
            }
        }
        Ok(ready)
    }

    /// The new text of one file.
    fn prepare_file(
        &mut self,
        file: &Path,
        changes: &[Change],
        is_locked: bool,
    ) -> Result<Prepared> {
        let edits: Vec<&FileChange> = changes
            .iter()
            .filter_map(Change::as_file)
            .filter(|change| change.file == file)
            .collect();
        let is_credentials = file == self.config()?.credentials_file();
        let old = if is_credentials && !is_locked {
            replace::read_settled(file)?
        } else {
            replace::read(file)?
        };
        let text = old.as_ref().map(|old| old.as_str());
        let (new, found) = self.edited(file, text.unwrap_or_default(), &edits)?;
        let done_by_others = self.check_unchanged(file, &edits, &found)?;
        let edits = edits.iter().zip(&found).map(|(edit, found)| {
            let after = match edit.after.node() {
                Some(node) => Some((value_of(node, file, &edit.dotted())?, node)),
                None => None,
            };
            let before = found.as_ref().map(|entry| &entry.node);
            Ok(EditRecord::new(edit.key.clone(), before, after))
        });
        let edits = edits.collect::<Result<_>>()?;
        let record = FileRecord::new(&self.home, file, is_credentials, text, &new, edits);
        Ok(Prepared {
            record,
            texts: Texts { old, new },
            done_by_others,
        })
    }

    /// The same, once there is more to be done.
    pub(super) fn prepare_again(&mut self, changes: &[Change], ready: &mut Ready) -> Result<()> {
        self.check_ledger(changes)?;
        *ready = self.prepare(changes, false)?;
        ready.journal.write(&self.own_folder())
    }

    /// Writes the files. Cargo's lock is taken only here: it is not to wait for a provider that asks a person.
    fn write_files(
        &mut self,
        changes: &[Change],
        ready: &mut Ready,
        may_add_files: bool,
        locks: &mut Vec<Lock>,
    ) -> Result<()> {
        let credentials = self.config()?.credentials_file();
        let mut lock = None;
        let mut is_current = !may_add_files;
        if files_of(changes).contains(&credentials.as_path()) {
            lock = self.lock_file(&credentials)?;
            // Cargo may have written it while we waited.
            let mut files = ready.journal.files.iter().zip(&ready.texts);
            let prepared = files.find(|(record, _)| record.is_credentials);
            let now = replace::read(&credentials)?;
            is_current &= prepared.is_some_and(|(_, texts)| texts.old == now);
        }
        if !is_current {
            *ready = self.prepare(changes, lock.is_some())?;
            ready.journal.write(&self.own_folder())?;
        }
        for index in 0..ready.texts.len() {
            let file = ready.journal.files[index].file.clone();
            let written = until_done(&file, || {
                self.write_file(changes, ready, index, &mut lock, locks)
            });
            if let Err(error) = written {
                return Err(ready.take_back(index, error));
            }
        }
        Ok(())
    }

    /// False, where somebody else has written the file: then it is prepared again.
    fn write_file(
        &mut self,
        changes: &[Change],
        ready: &mut Ready,
        index: usize,
        lock: &mut Option<Lock>,
        locks: &mut Vec<Lock>,
    ) -> Result<bool> {
        let record = &ready.journal.files[index];
        let texts = &ready.texts[index];
        let old = texts.old.as_ref().map(|old| old.as_bytes());
        if write_one(record, lock.as_mut(), old, &texts.new)? {
            return Ok(true);
        }
        // Somebody has written the file, or has put another one in its place, since we looked for it.
        let (file, is_credentials) = (record.file.clone(), record.is_credentials);
        if is_credentials {
            *lock = self.lock_file(&file)?;
        } else if !locks.iter().any(|lock| lock.is_of(&file)) {
            locks.extend(self.lock_file(&file)?);
        }
        let prepared = self.prepare_file(&file, changes, lock.is_some())?;
        ready.journal.files[index] = prepared.record;
        ready.texts[index] = prepared.texts;
        ready.journal.write(&self.own_folder())?;
        Ok(false)
    }

    /// The text of a file after its edits, and what it has in their keys before them.
    pub(super) fn edited(
        &mut self,
        file: &Path,
        old: &str,
        edits: &[&FileChange],
    ) -> Result<(Zeroizing<String>, Vec<Option<Entry>>)> {
        // Included ones too: they have no lock of Cargo's, but the same layout.
        let config = self.config()?;
        let is_credentials = config
            .files()
            .any(|layer| layer.is_credentials && layer.file == file);
        // In a long file that takes longer than all the rest.
        let mut document = if config.has_read(file, old) {
            Document::of(file, old)
        } else {
            Document::parse(file, old)?
        };
        let found = edits.iter().map(|edit| {
            let key: Vec<&str> = edit.key.iter().map(String::as_str).collect();
            if is_credentials {
                in_credentials(&document, &key)
            } else {
                document.entry(&key)
            }
        });
        let found = found.collect::<Result<_>>()?;
        if is_credentials {
            forget_old_layout(&mut document, edits.iter().map(|edit| &edit.key))?;
        }
        for edit in edits {
            let key: Vec<&str> = edit.key.iter().map(String::as_str).collect();
            match &edit.after {
                After::Is(node) => document.set(&key, &value_of(node, file, &edit.dotted())?)?,
                After::Gone => {
                    document.unset(&key)?;
                }
                After::Unread => {}
            }
        }
        Ok((document.text(), found))
    }

    /// What somebody else changed in the meantime, in a key that is about to be written, is not overwritten;
    /// the answer is where they made it what it should be.
    fn check_unchanged(
        &self,
        file: &Path,
        edits: &[&FileChange],
        found: &[Option<Entry>],
    ) -> Result<Vec<Key>> {
        let mut done = Vec::new();
        for (edit, now) in edits.iter().zip(found) {
            let node = now.as_ref().map(|entry| &entry.node);
            if edit.after.is(node) {
                done.push(edit.key.clone());
                continue;
            }
            let is_known = is_same(node, edit.before.as_ref());
            if !is_known && !self.flags.yes {
                let place = now
                    .as_ref()
                    .map_or_else(|| Place::file(file), |entry| Place::line(file, entry.line));
                return Err(Error::failed(format!(
                    "somebody else has changed `{}` since it was read; nothing was written",
                    edit.dotted()
                ))
                .at(place)
                .hint("look at it and repeat the command, or overwrite it with `--yes`"));
            }
        }
        Ok(done)
    }
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

/// The files that change, in the order of their first change.
fn files_of(changes: &[Change]) -> Vec<&Path> {
    let mut files: Vec<&Path> = Vec::new();
    for change in changes.iter().filter_map(Change::as_file) {
        if !files.contains(&change.file.as_path()) {
            files.push(&change.file);
        }
    }
    files
}

fn value_of(node: &Node, file: &Path, key: &str) -> Result<Value> {
    let refused = || {
        Error::failed(format!("`{key}` has a value that credsh cannot write")).at(Place::file(file))
    };
    match node {
        Node::Text(text) => Ok(Value::Text(text.clone())),
        Node::Secret(token) => Ok(Value::Text(token.expose().to_owned())),
        Node::List(list) => list
            .iter()
            .map(|entry| match &entry.node {
                Node::Text(text) => Ok(text.clone()),
                _ => Err(refused()),
            })
            .collect::<Result<_>>()
            .map(Value::List),
        _ => Err(refused()),
    }
}

impl Ready {
    /// Gives the files before this one their old text back. The first error is the one to tell; a file that
    /// cannot be mended either is named with it.
    fn take_back(&mut self, failed: usize, mut error: Error) -> Error {
        let written = self.journal.files.iter().zip(&self.texts).take(failed);
        // A file that has two names was written twice.
        for (record, texts) in written.rev() {
            let FileRecord {
                file, temporary, ..
            } = record;
            let undone = match &texts.old {
                Some(old) => exchange::take_back(file, temporary, &texts.new, old),
                None => replace::remove(file, &texts.new)
                    .map(|()| replace::remove_folders(file, record.folders)),
            };
            if let Err(second) = undone {
                error = error.because(format!(
                    "and `{}` cannot be given its old text back: {second}",
                    file.display()
                ));
                self.is_half_done = true;
            }
        }
        let record = &self.journal.files[failed];
        // What cannot be looked at may be torn.
        self.is_half_done |= replace::read_bytes(&record.file).map_or(true, |now| {
            let now = now.as_ref().map(|now| now.as_slice());
            matches!(record.state(now), State::Torn | State::New)
        });
        error
    }
}
