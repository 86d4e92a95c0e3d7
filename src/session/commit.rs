//! The one place where credsh changes the world.
//!
//! Everything is prepared in memory, under the locks, before the first byte is written; what cannot be
//! prepared is an error and leaves every file as it was. What is about to be done is in a journal until it is
//! done: whoever comes after a run that was killed finishes it (see `recovery`). If a later file cannot be
//! written, the earlier ones are given their old text back. Which file comes first is for `order` to say.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::Session;
use super::change::{Action, Change, FileChange, Key};
use super::editing::value_of;
use super::logouts::Unfinished;
use super::order::{Last, Order, Part, files_of};
use super::overlay::Savepoint;
use super::records::ItemRecord;
use super::undo::Logins;
use super::writing::{take_back, tidy, until_done, write_one};
use crate::disk::journal::{EditRecord, FileRecord, Journal, State};
use crate::disk::lock::Lock;
use crate::disk::replace::{self, Way};
use crate::disk::tree::Node;
use crate::error::{Error, Place, Result};

/// What a commit has done.
#[derive(Debug, Default)]
pub struct Committed {
    /// What changed.
    pub changes: Vec<Change>,
    /// What a provider did not do.
    pub unfinished: Vec<Unfinished>,
}

/// Files that wait for being written.
pub(super) struct Ready {
    /// What becomes of each file, in the order of `order`.
    journal: Journal,
    /// The texts of each.
    texts: Vec<Texts>,
    /// What stands in each key that changes, which somebody else may have changed since it was read.
    found: HashMap<(PathBuf, Key), Option<Node>>,
}

/// One of them.
struct Prepared {
    record: FileRecord,
    texts: Texts,
    found: Vec<Option<Node>>,
}

/// A file's text before and after.
struct Texts {
    /// What stands there; `None` where there is no file.
    old: Option<Zeroizing<String>>,
    new: Zeroizing<String>,
    /// What makes the one of the other.
    part: Part,
}

impl Session {
    /// Writes what is pending and says what changed; then nothing is pending any more. In a plan nothing is written,
    /// the same is said, and all of it is still pending.
    ///
    /// Where it was refused or undone, all of it is still pending, too. What is in doubt is not: the next start finishes it,
    /// or undoes it.
    pub fn commit(&mut self) -> Result<Committed> {
        // Ctrl-C ends it between two steps, and what is done by then is undone.
        let held = self.world.interrupts.hold();
        let mut changes = self.overlay.all_since(Savepoint::START);
        changes.retain(|change| {
            let item = change.as_item();
            !change.is_none() || item.is_some_and(|item| self.ends_waiting(item))
        });
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
        changes.retain(Change::is_seen);
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
        // What the commands were told by providers may not be so any more.
        if self.finish_interrupted()? {
            return Err(Error::failed(
                "a change that was interrupted meanwhile is finished, or given up, now; nothing else was written",
            )
            .hint("look at it and repeat the command"));
        }
        let files = files_of(changes).into_iter();
        let mut locks = self.lock_files(files.filter(|file| *file != credentials))?;
        let mut ready = self.prepare(changes, false)?;
        ready.journal.write(&folder)?;
        // One that passes it on may end in a file.
        let may_add_files = changes
            .iter()
            .filter_map(Change::as_item)
            .any(|item| item.action() == Action::Login);
        let mut logins = Logins::default();
        let written = self
            .log_in_items(changes, &mut ready, &mut logins)
            .and_then(|()| {
                // A login that comes to nothing may end what waits all the same: until then the journal has it.
                changes.retain(|change| matches!(change, Change::Item(_)) || !change.is_none());
                self.world.interrupts.check()?;
                self.write_files(changes, &mut ready, may_add_files, &mut locks)
            });
        if let Err(error) = written {
            return Err(self.not_done(error, logins));
        }
        for change in &mut *changes {
            if let Change::File(change) = change
                && let Some(found) = ready
                    .found
                    .remove(&(change.file.clone(), change.key.clone()))
            {
                change.before = found;
            }
        }
        for login in changes.iter().filter_map(Change::as_item) {
            self.end_waiting(&ItemRecord::of(login), true);
        }
        // What somebody else had made so is not ours.
        changes.retain(|change| !change.is_none());
        // What proves a move is what is on disk now.
        self.overlay.clear();
        self.config = None;
        let unfinished = self.log_out_items(changes);
        let tidied = ready.journal.all().try_for_each(tidy);
        let ended = match tidied {
            Ok(()) => self.end_journal(),
            // What lies beside a file is left to the next start, and nothing else: others may undo the rest by then.
            Err(error) => {
                ready.journal.items.clear();
                ready.journal.waiting.clone_from(&self.waiting);
                Err(ready.journal.write(&folder).err().unwrap_or(error))
            }
        };
        if let Err(error) = ended {
            // Everything is done.
            self.warn(&format!("{error}; the next start of credsh tries again"));
        }
        Ok(unfinished)
    }

    /// The error of a commit that has changed nothing, has undone it, or has left it to the next start: then it is the
    /// journal's, and not pending any more.
    fn not_done(&mut self, error: Error, logins: Logins) -> Error {
        // Whoever finishes the files needs what the logins have stored.
        if error.is_in_doubt() {
            self.roll_back_all();
            return error
                .because("and the next start of credsh finishes the change")
                .hint_then("start credsh again, as with `credsh status`");
        }
        let (error, is_left) = self.undo(logins, error);
        if is_left {
            self.roll_back_all();
            return error;
        }
        match self.end_journal() {
            Ok(()) => error,
            Err(second) => {
                self.roll_back_all();
                error
                    .because(format!("and {second}"))
                    .because("and the next start of credsh finishes the change, or undoes it")
            }
        }
    }

    /// The new text of every file that changes, and the journal of all that is to be done; `is_locked`, where we
    /// have Cargo's lock.
    fn prepare(&mut self, changes: &[Change], is_locked: bool) -> Result<Ready> {
        let items = changes.iter().filter_map(Change::as_item);
        let mut ready = Ready {
            journal: Journal::new(
                Vec::new(),
                items.map(|item| ItemRecord::of(item).json()).collect(),
                self.waiting.clone(),
            ),
            texts: Vec::new(),
            found: HashMap::new(),
        };
        // It would be made again for a file of a project that somebody has deleted.
        let folder = &self.world.directory;
        let is_there = |file: &&Path| file.starts_with(folder);
        if files_of(changes).iter().any(is_there) && !folder.is_dir() {
            return Err(Error::failed("this folder is gone; nothing was written")
                .at(Place::file(folder))
                .hint("start credsh in a folder that is there, or name one with `-C`"));
        }
        self.check_premises(changes, is_locked)?;
        let Order { parts, then } = self.order(changes, is_locked)?;
        for part in parts {
            let old = self.text_of(&part.file, is_locked)?;
            let prepared = self.prepare_part(part, old)?;
            ready.add(prepared);
        }
        if let Some(Last { part, whole }) = then {
            let mut before = ready.texts.iter();
            if let Some(before) = before.find(|texts| texts.part.file == part.file) {
                let (old, between) = (before.old.clone(), before.new.clone());
                let new = self.prepare_part(whole, old)?.texts.new;
                let prepared = self.prepare_with(part, Some(between), Some(new))?;
                ready.add_last(prepared);
            } else {
                // Nothing has to go after all, so it is written once.
                let old = self.text_of(&whole.file, is_locked)?;
                let prepared = self.prepare_part(whole, old)?;
                ready.add(prepared);
            }
        }
        ready.journal.surroundings = self.surroundings(&ready.journal, changes, is_locked)?;
        Ok(ready)
    }

    pub(super) fn text_of(
        &mut self,
        file: &Path,
        is_locked: bool,
    ) -> Result<Option<Zeroizing<String>>> {
        if file == self.config()?.credentials_file() && !is_locked {
            replace::read_settled(file)
        } else {
            replace::read(file)
        }
    }

    /// The new text of one file, of which this is the old one.
    fn prepare_part(&mut self, part: Part, old: Option<Zeroizing<String>>) -> Result<Prepared> {
        self.prepare_with(part, old, None)
    }

    /// The same with a new text that is known.
    fn prepare_with(
        &mut self,
        part: Part,
        old: Option<Zeroizing<String>>,
        new: Option<Zeroizing<String>>,
    ) -> Result<Prepared> {
        let file = part.file.as_path();
        let edits: Vec<&FileChange> = part.edits.iter().collect();
        let is_credentials = file == self.config()?.credentials_file();
        if old.is_none() {
            replace::lands(file)?;
        }
        let text = old.as_ref().map(|old| old.as_str());
        let old_text = text.unwrap_or_default();
        let (new, found) = match new {
            Some(new) => (new, self.found(file, old_text, &edits)?),
            None => self.edited(file, old_text, &edits, &part.tables)?,
        };
        self.check_unchanged(&part, &found)?;
        let records = edits.iter().zip(&found).map(|(edit, found)| {
            let after = edit.after.node().map(|node| (value_of(node), node));
            let before = found.as_ref().map(|entry| &entry.node);
            EditRecord::new(edit.key.clone(), before, after)
        });
        let records = records.collect();
        let record = FileRecord::new(&self.home, file, is_credentials, text, &new, records)
            .with_old_layout(self.config()?.is_credentials(file))
            .with_tables(part.tables.clone());
        let found = found.into_iter().map(|found| found.map(|entry| entry.node));
        Ok(Prepared {
            record,
            found: found.collect(),
            texts: Texts { old, new, part },
        })
    }

    /// The same, once there is more to be done.
    pub(super) fn prepare_again(&mut self, changes: &[Change], ready: &mut Ready) -> Result<()> {
        self.check_ledger(changes)?;
        *ready = self.prepare(changes, false)?;
        ready.journal.write(&self.own_folder())
    }

    /// Writes the files. Cargo's lock is taken here at the earliest: it is not to wait for a provider that asks a person.
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
        is_current &= self.surroundings(&ready.journal, changes, lock.is_some())?
            == ready.journal.surroundings;
        if !is_current {
            *ready = self.prepare(changes, lock.is_some())?;
            ready.journal.write(&self.own_folder())?;
        }
        self.check_premises(changes, lock.is_some())?;
        for index in 0..ready.texts.len() {
            let turned = if index == ready.journal.files.len() {
                self.go_on(changes, ready, index)
            } else {
                Ok(())
            };
            let file = ready.texts[index].part.file.clone();
            let folder = self.own_folder();
            let begun = turned.and_then(|()| ready.journal.begin(&folder, index));
            let written = begun.and_then(|()| {
                until_done(&file, || {
                    self.write_file(changes, ready, index, &mut lock, locks)
                })
            });
            if let Err(error) = written {
                return Err(ready.take_back(index, error, &folder, &mut lock));
            }
        }
        // Everything is written. Without this mark, the next start only has to guess a little.
        let _ = ready.journal.end(&self.own_folder());
        Ok(())
    }

    /// All is written but what comes last: the journal says so, and of what text that is made.
    fn go_on(&mut self, changes: &[Change], ready: &mut Ready, index: usize) -> Result<()> {
        let texts = &ready.texts[index];
        let now = self.text_of(&texts.part.file, true)?;
        if now != texts.old {
            let prepared = self.prepare_part(texts.part.clone(), now)?;
            ready.replace(index, prepared);
            ready.journal.surroundings = self.surroundings(&ready.journal, changes, true)?;
        }
        ready.journal.go_on(&self.own_folder())
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
        let (texts, record) = (&ready.texts[index], ready.journal.at(index));
        let old = texts.old.as_ref().map(|old| old.as_bytes());
        if write_one(record, lock.as_mut(), old, &texts.new, Way::Forth)? {
            return Ok(true);
        }
        // Somebody has written the file, or has put another one in its place, since we looked for it.
        let (part, is_credentials) = (texts.part.clone(), record.is_credentials);
        let mut held = lock.iter().chain(&*locks);
        if !held.any(|lock| lock.is_of(&part.file)) {
            let taken = self.lock_file(&part.file)?;
            if is_credentials {
                *lock = taken;
            } else {
                locks.extend(taken);
            }
        }
        self.check_premises(changes, lock.is_some())?;
        let old = self.text_of(&part.file, lock.is_some())?;
        let prepared = self.prepare_part(part, old)?;
        ready.replace(index, prepared);
        ready.journal.surroundings = self.surroundings(&ready.journal, changes, lock.is_some())?;
        ready.journal.write(&self.own_folder())?;
        Ok(false)
    }
}

impl Ready {
    /// A file whose text changes.
    fn add(&mut self, prepared: Prepared) {
        if let Some((record, texts)) = self.noted(prepared) {
            self.journal.files.push(record);
            self.texts.push(texts);
        }
    }

    /// One of them that is written again, after all.
    fn add_last(&mut self, prepared: Prepared) {
        if let Some((record, texts)) = self.noted(prepared) {
            self.journal.then.push(record);
            self.texts.push(texts);
        }
    }

    /// What was there first is what was there.
    fn noted(&mut self, prepared: Prepared) -> Option<(FileRecord, Texts)> {
        let Prepared {
            record,
            texts,
            found,
        } = prepared;
        for (edit, found) in texts.part.edits.iter().zip(found) {
            let place = (edit.file.clone(), edit.key.clone());
            self.found.entry(place).or_insert(found);
        }
        let old = texts.old.as_ref().map_or("", |old| old.as_str());
        (old != texts.new.as_str()).then_some((record, texts))
    }

    fn replace(&mut self, index: usize, prepared: Prepared) {
        *self.journal.at_mut(index) = prepared.record;
        self.texts[index] = prepared.texts;
    }

    /// Gives the files before this one their old text back; `lock` is Cargo's. The first error is the one to tell; a
    /// file that cannot be mended either is named with it. In doubt, where neither the old texts nor the new ones could
    /// be put where they belong.
    fn take_back(
        &mut self,
        failed: usize,
        mut error: Error,
        folder: &Path,
        lock: &mut Option<Lock>,
    ) -> Error {
        // What cannot be looked at may be torn.
        let record = self.journal.at(failed);
        let mut is_half_done = replace::read_bytes(&record.file).map_or(true, |now| {
            let now = now.as_ref().map(|now| now.as_slice());
            matches!(record.state(now), State::Torn | State::New)
        });
        if self.journal.goes_on && !is_half_done {
            // Who finishes that begins with the first again.
            if let Err(second) = self.journal.go_back(folder) {
                error = error.because(format!("and {second}"));
                is_half_done = true;
            }
        }
        if !is_half_done && let Err(second) = tidy(self.journal.at(failed)) {
            error = error.because(format!("and {second}"));
        }
        // What was written last goes first, and nothing goes before it: a token comes back after its index has, and a
        // file may have two names.
        for index in (0..failed).rev() {
            if is_half_done {
                break;
            }
            let back = self.journal.step_back(folder, index + 1);
            let (record, texts) = (self.journal.at(index), &self.texts[index]);
            let old = texts.old.as_ref().map(|old| old.as_str());
            let back = back.and_then(|()| take_back(record, lock.as_mut(), old, &texts.new));
            if let Err(second) = back {
                error = error.because(format!(
                    "and `{}` cannot be given its old text back: {second}",
                    record.file.display()
                ));
                is_half_done = true;
            }
        }
        if !is_half_done && let Err(second) = self.journal.step_back(folder, 0) {
            error = error.because(format!("and {second}"));
        }
        error.in_doubt(is_half_done)
    }
}
