//! Finishing what a run was killed in the middle of, by its journal.
//!
//! Files have everything that is needed to be finished, so where one has been written, or every login outside
//! of them is proved, all the rest is done as well. A login whose token died with the run cannot be: then
//! nothing has been written, and what can be taken back is.
//!
//! Invariant: what somebody else has changed since then stays, and is told. No token goes before its new place
//! has given it back, none goes to a registry that has changed, and none is removed from a store unless it is
//! known to be the one that was meant. Doing it twice is doing it once.

use std::path::Path;

use serde_json::Value as Json;
use zeroize::Zeroizing;

use super::Session;
use super::change::{ItemChange, Moved, Wish};
use super::commit::forget_old_layout;
use super::records::{HeldRecord, ItemRecord};
use super::writing::{tidy_after_kill, until_done, write_for_good};
use crate::cargo::chain::Provider;
use crate::cargo::config::Held;
use crate::cargo::layers::Layer;
use crate::cargo::providers::{Action, Said};
use crate::cargo::registry::Registry;
use crate::disk::document::Document;
use crate::disk::journal::{EditRecord, FileRecord, Journal, State};
use crate::disk::tree::is_secret;
use crate::disk::{lock, replace, tree};
use crate::error::{Error, Kind as ErrorKind, Place, Result, list};
use crate::stores;

impl Session {
    /// Finishes what an earlier run was interrupted in, if there is such a thing. What cannot be finished now is
    /// told, and waits; an error is only that somebody has pressed Ctrl-C meanwhile.
    pub fn recover(&mut self) -> Result<()> {
        let finished = match self.is_interrupted(Journal::is_begun) {
            Ok(false) => return Ok(()),
            Ok(true) if self.flags.is_plan() => {
                self.warn_of_interrupted();
                return Ok(());
            }
            Ok(true) => {
                let held = self.world.interrupts.hold();
                let finished = self.lock_home().and_then(|_lock| self.finish_interrupted());
                drop(held);
                finished
            }
            Err(error) => Err(error),
        };
        match finished {
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.warn(&format!(
                    "an interrupted change cannot be finished now: {error}"
                ));
                if let Some(hint) = error.next_step() {
                    self.note(&format!("then the next start finishes it: {hint}"));
                }
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Warns of a change that an earlier run was interrupted in, where it is not to be finished: in a plan, and
    /// in an answer to Cargo.
    pub fn warn_of_interrupted(&mut self) {
        if matches!(self.is_interrupted(Journal::is_left), Ok(true)) {
            self.warn("an earlier change was interrupted, and what it was to write may be written in part: `credsh status` finishes it");
        }
    }

    /// Whether a change was begun, and nobody is at it.
    fn is_interrupted(&self, is_there: fn(&Path) -> bool) -> Result<bool> {
        Ok(is_there(&self.own_folder()) && !lock::is_held(&self.home_lock())?)
    }

    /// The same, for whoever has the lock of the home.
    pub(super) fn finish_interrupted(&mut self) -> Result<()> {
        let folder = self.own_folder();
        let Some(journal) = Journal::read(&folder)? else {
            self.waiting.clear();
            return if Journal::is_begun(&folder) {
                Journal::remove(&folder)
            } else {
                Ok(())
            };
        };
        self.waiting = self.finish(&journal).map_err(|error| {
            if error.kind() == ErrorKind::Interrupted {
                return error;
            }
            error.because(format!(
                "a change that was interrupted cannot be finished without that; to give it up, remove `{}`",
                folder.join("journal").display()
            ))
        })?;
        if journal.items.iter().any(|item| item["is_own"] == true) {
            stores::sweep(&self.home);
        }
        // What was read before is read again.
        if self.overlay.is_empty() {
            self.config = None;
        }
        self.end_journal()
    }

    /// Everything is done or undone, but for what an earlier run has left and what waits until its store can be
    /// asked.
    pub(super) fn end_journal(&self) -> Result<()> {
        let folder = self.own_folder();
        if self.waiting.is_empty() {
            return Journal::remove(&folder);
        }
        Journal::new(Vec::new(), self.waiting.clone()).write(&folder)
    }

    /// Answers what has to wait.
    fn finish(&mut self, journal: &Journal) -> Result<Vec<Json>> {
        let items = journal.items.iter().map(|item| {
            serde_json::from_value(item.clone()).map_err(|_| {
                Error::malformed("the journal of an interrupted change cannot be read")
                    .at(Place::file(self.own_folder().join("journal")))
                    .hint("it may be of another version of credsh: start that one")
            })
        });
        let items: Vec<ItemRecord> = items.collect::<Result<_>>()?;
        let files = journal.files.iter().filter(|file| !file.is_credentials);
        let _files = self.lock_files(files.map(|file| file.file.as_path()))?;
        for record in &journal.files {
            tidy_after_kill(record)?;
        }
        let (mut has_begun, mut conflicts) = (false, Vec::new());
        for record in &journal.files {
            has_begun |= self.compare(record, &mut conflicts)?;
        }
        let (logins, logouts): (Vec<_>, Vec<_>) = items.into_iter().partition(ItemRecord::is_login);
        let held = logins
            .iter()
            .map(|login| self.held_now(login))
            .collect::<Result<Vec<_>>>()?;
        let are_done = logins
            .iter()
            .zip(&held)
            .all(|(login, held)| login.after.is(held));
        if !has_begun && (!are_done || !conflicts.is_empty()) {
            // A token that was to go and is another one by now may have gone before.
            let is_removed = |edit: &EditRecord| is_secret(&edit.key) && edit.after.is_none();
            let edits = journal.files.iter().flat_map(|record| &record.edits);
            let is_sure = !edits
                .filter(|edit| is_removed(edit))
                .any(|edit| conflicts.contains(&edit.key));
            for (login, held) in logins.iter().zip(&held) {
                let may_forget =
                    is_sure && login.after.is(held) && self.has_not_left(login, &logouts)?;
                self.take_back(login, held, may_forget)?;
            }
            for record in &journal.files {
                replace::remove_folders(&record.file, record.folders);
            }
            self.note("an interrupted change, of which no file had been written, is given up");
            return Ok(Vec::new());
        }
        if !are_done {
            // A token goes only when its new place has given it back.
            for (login, held) in logins.iter().zip(&held) {
                if !login.after.is(held) {
                    self.tell_uncertain(login, "did not keep the new token of")?;
                }
            }
        }
        let may = May {
            forget_tokens: are_done,
            conflicts,
        };
        for record in &journal.files {
            until_done(&record.file, || self.finish_file(record, &may))?;
        }
        let mut waiting = Vec::new();
        if are_done {
            for logout in &logouts {
                if !self.finish_logout(logout)? {
                    waiting.push(logout.json());
                }
            }
        }
        if waiting.is_empty() || !journal.files.is_empty() {
            self.tell_finished(&journal.files);
        }
        Ok(waiting)
    }

    fn tell_finished(&mut self, files: &[FileRecord]) {
        let names: Vec<String> = files
            .iter()
            .map(|record| record.file.display().to_string())
            .collect();
        let what = match names.as_slice() {
            [] => String::new(),
            names => format!(": {}", list(names)),
        };
        self.note(&format!("an interrupted change is finished now{what}"));
    }

    /// What a provider holds; unknown, where it cannot be asked.
    fn held_now(&mut self, item: &ItemRecord) -> Result<Held> {
        self.held_there(&item.provider(), &item.registry()?, item.is_login())
    }

    fn held_there(
        &mut self,
        provider: &Provider,
        registry: &Registry,
        for_read: bool,
    ) -> Result<Held> {
        self.world.interrupts.check()?;
        self.note(&format!(
            "a change was interrupted: asking `{provider}` what it holds for {}",
            registry.label()
        ));
        let held = if for_read {
            self.look_for_read(provider, registry)
        } else {
            self.look_for_all(provider, registry)
        };
        match held {
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
            held => Ok(held.ok().flatten().unwrap_or(Held::Unknown)),
        }
    }

    /// Whether this file is not as it was, by what the journal says and not by others alone; and the keys of it that
    /// somebody else has changed. One that is half written gets its old text back, without which nothing can be read
    /// and nobody be asked.
    fn compare(&mut self, record: &FileRecord, conflicts: &mut Vec<Vec<String>>) -> Result<bool> {
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
                conflicts.push(edit.key.clone());
            }
        }
        Ok(has_begun)
    }

    /// Brings one file to where it was to be; false, where somebody else has just written it, and it is theirs from
    /// then on.
    fn finish_file(&mut self, record: &FileRecord, may: &May) -> Result<bool> {
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
            return Ok(true);
        }
        let mut lock = if record.is_credentials {
            self.lock_file(&record.file)?
        } else {
            None
        };
        let now = replace::read_bytes(&record.file)?;
        let old = now.as_ref().map(|now| now.as_slice());
        let whole = match record.state(old) {
            State::New => return Ok(true),
            State::Old if may.make(record) => record.new_text(old.unwrap_or_default()),
            State::Old | State::Torn | State::Other => None,
        };
        let new = match whole {
            Some(new) => new,
            None => self.edited_by_hand(record, old, may)?,
        };
        Ok(old.unwrap_or_default() == new.as_bytes()
            || write_for_good(record, lock.as_mut(), old, &new)?)
    }

    /// The text of a file with those edits that may be made: whose keys still have the value that they had.
    fn edited_by_hand(
        &mut self,
        record: &FileRecord,
        now: Option<&[u8]>,
        may: &May,
    ) -> Result<Zeroizing<String>> {
        let (text, layer) = read(record, now)?;
        let mut document = Document::of(&record.file, &text);
        let mut made = Vec::new();
        for edit in &record.edits {
            let key: Vec<&str> = edit.key.iter().map(String::as_str).collect();
            let node = layer.get(&key).map(|entry| &entry.node);
            if edit.is_after(node) {
                continue;
            }
            if !edit.is_before(node) || !may.edit(edit) {
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
        for edit in made {
            let key: Vec<&str> = edit.key.iter().map(String::as_str).collect();
            match &edit.after {
                Some(value) => document.set(&key, value)?,
                None => drop(document.unset(&key)?),
            }
        }
        Ok(document.text())
    }

    /// Has a provider forget the token that it was to forget, if it still is that one. False, where it has to wait:
    /// nothing else knows any more of a token that credsh keeps.
    fn finish_logout(&mut self, logout: &ItemRecord) -> Result<bool> {
        let token = match self.held_now(logout)? {
            Held::Nothing => return Ok(true),
            Held::Token(token) if logout.before.is(&Held::Token(token.clone())) => token,
            Held::Unknown if logout.is_own => {
                self.warn(&format!(
                    "the store of a token of {} that is to be forgotten cannot be asked now, so the next start tries again; to give that up, remove `{}`",
                    logout.registry()?.label(),
                    self.own_folder().join("journal").display()
                ));
                return Ok(false);
            }
            _ => {
                self.tell_uncertain(logout, "was to forget the token of")?;
                return Ok(true);
            }
        };
        let change = ItemChange {
            provider: logout.provider(),
            registry: logout.registry()?,
            before: Held::Token(token),
            after: Wish::Logout { moved_to: None },
        };
        let moved_to = match &logout.moved_to {
            None => None,
            Some(moved) => {
                let (provider, registry) = logout.new_place(moved)?;
                let held = self.held_there(&provider, &registry, true)?;
                let (true, Held::Token(token)) = (moved.token.is(&held), held) else {
                    self.tell_uncertain(logout, "was to forget the token of")?;
                    return Ok(true);
                };
                Some(Moved {
                    provider,
                    registry,
                    token,
                })
            }
        };
        match self.log_out_item(&change, moved_to.as_ref()) {
            Err((_, error)) if error.kind() == ErrorKind::Interrupted => Err(error),
            Err((_, error)) => {
                self.warn(&format!(
                    "`{}` was to forget the token of {}: {error}",
                    change.provider,
                    change.registry.label()
                ));
                Ok(true)
            }
            Ok(()) => Ok(true),
        }
    }

    /// Whether a token that this login was to move is still in its old place, for all that is known.
    fn has_not_left(&mut self, login: &ItemRecord, logouts: &[ItemRecord]) -> Result<bool> {
        for logout in logouts.iter().filter(|logout| logout.moves_to(login)) {
            if !logout.before.is(&self.held_now(logout)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Undoes a login of a change that is given up, where that takes nothing else away.
    fn take_back(&mut self, login: &ItemRecord, held: &Held, may_forget: bool) -> Result<()> {
        if login.before.is(held) {
            return Ok(());
        }
        let (provider, registry) = (login.provider(), login.registry()?);
        if !login.after.is(held) {
            return self.tell_uncertain(login, "was to keep a new token of");
        }
        let why_not = match &login.before {
            HeldRecord::Nothing if may_forget => None,
            HeldRecord::Nothing => Some("its old place may not have it any more"),
            _ => Some("the one that it held before is not known"),
        };
        if let Some(why_not) = why_not {
            self.warn(&format!(
                "`{provider}` keeps the new token of {}: {why_not}",
                registry.label()
            ));
            return Ok(());
        }
        let asked = self.perform(&provider, &registry, Action::Logout);
        match asked.map(|reply| reply.said) {
            Ok(Said::Done | Said::NotFound) => {
                self.warn(&format!(
                    "`{provider}` has forgotten the token of {} again, which that change had given it",
                    registry.label()
                ));
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
            _ => self.tell_uncertain(login, "was to keep a new token of"),
        }
    }
}

/// What may still be done of a change that others have written into.
struct May {
    /// Every login outside files is proved.
    forget_tokens: bool,
    /// The keys that somebody else has changed.
    conflicts: Vec<Vec<String>>,
}

impl May {
    /// A token is for a registry as it was to be: where somebody has changed that, it goes nowhere.
    fn edit(&self, edit: &EditRecord) -> bool {
        if !is_secret(&edit.key) {
            return true;
        }
        if edit.after.is_none() {
            return self.forget_tokens;
        }
        let table = &edit.key[..edit.key.len() - 1];
        !self.conflicts.iter().any(|key| key.starts_with(table))
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
