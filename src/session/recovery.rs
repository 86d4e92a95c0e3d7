//! Finishing what a run was killed in the middle of, by its journal.
//!
//! Files have everything that is needed to be finished, so where one has been written, or every login outside
//! of them is proved, all the rest is done as well. A login whose token died with the run cannot be: then
//! nothing has been written, and what can be taken back is.
//!
//! Invariant: what somebody else has changed since then stays, and is told. No token goes before its new place
//! has given it back. Files are written in the order of the journal, which is the one of the commit. Doing it twice is
//! doing it once.

use std::time::Duration;

use serde_json::Value as Json;

use super::Session;
use super::records::ItemRecord;
use super::recovery_registries::Affected;
use super::writing::{TRIES, theirs, tidy_after_kill};
use crate::cargo::config::Held;
use crate::disk::journal::{FileRecord, Journal, Progress, State};
use crate::disk::tree::shown_key;
use crate::disk::{lock, replace};
use crate::error::{Error, Kind as ErrorKind, Result, list};
use crate::render::notice;
use crate::stores;

/// How long a start waits for another run that is at it.
const MOMENT: Duration = Duration::from_secs(1);

impl Session {
    /// Finishes what an earlier run was interrupted in, if there is such a thing. What cannot be finished now is
    /// told, and waits; an error is only that somebody has pressed Ctrl-C meanwhile.
    pub fn recover(&mut self) -> Result<()> {
        if !Journal::is_begun(&self.own_folder()) {
            return Ok(());
        }
        if self.flags.is_plan() {
            self.warn_of_interrupted();
            return Ok(());
        }
        let held = self.world.interrupts.hold();
        let finished = self.finish_at_start();
        drop(held);
        match finished {
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.warn(&format!(
                    "an interrupted change cannot be finished now, and the next start tries again: {error}"
                ));
                if let Some(hint) = error.next_step() {
                    self.say(&notice::hint(hint, self.theme));
                }
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn finish_at_start(&mut self) -> Result<()> {
        // Whoever is at it may be gone in a moment, killed or not; one that asks a person is not waited for.
        let Some(_lock) = self.lock_home_within(MOMENT)? else {
            if self.is_begun() {
                self.warn("another credsh is changing this right now, and what it has not written yet is not seen");
            }
            return Ok(());
        };
        // What is left of that is left for the next start.
        if self.finish_interrupted()? {
            return Ok(());
        }
        let mut waiting = Vec::new();
        for logout in self.records_of(&self.waiting)? {
            if !self.finish_logout(&logout)? {
                waiting.push(logout.json());
            }
        }
        if waiting != self.waiting {
            self.waiting = waiting;
            stores::sweep(&self.home);
            self.end_journal()?;
        }
        Ok(())
    }

    /// Whether a change was begun and is not done, as far as anybody can read that.
    fn is_begun(&self) -> bool {
        let folder = self.own_folder();
        Journal::is_left(&folder)
            && Journal::read(&folder).map_or(true, |journal| {
                journal.is_some_and(|journal| journal.is_of_change())
            })
    }

    /// Warns of a change that an earlier run was interrupted in, where it is not to be finished: in a plan, and
    /// in an answer to Cargo.
    pub fn warn_of_interrupted(&mut self) {
        let is_at_it = || lock::is_held(&self.home_lock());
        // Whoever was at it may be done by then.
        if self.is_begun() && matches!(is_at_it(), Ok(false)) && self.is_begun() {
            self.warn("an earlier change was interrupted, and what it was to write may be written in part: `credsh status` finishes it");
        }
    }

    /// Finishes the change of a run that was killed; whether that may have changed what is kept outside files. What
    /// earlier ones have left stays for later. For whoever has the lock of the home.
    pub(super) fn finish_interrupted(&mut self) -> Result<bool> {
        let folder = self.own_folder();
        let Some(mut journal) = Journal::read(&folder)? else {
            self.waiting.clear();
            return if Journal::is_begun(&folder) {
                Journal::remove(&folder).map(|()| false)
            } else {
                Ok(false)
            };
        };
        self.waiting = std::mem::take(&mut journal.waiting);
        if !journal.is_of_change() {
            return Ok(false);
        }
        journal.waiting.clone_from(&self.waiting);
        let left = self.finish(&mut journal).map_err(|error| {
            if error.kind() == ErrorKind::Interrupted {
                return error;
            }
            let path = folder.join("journal");
            error.because(if has_the_only_copy(&journal) {
                format!(
                    "a change that was interrupted cannot be finished without that, and a token may be nowhere but in `{}`",
                    path.display()
                )
            } else {
                // What somebody else has saved beside a file stays.
                let ours = journal.all().filter(|record| matches!(theirs(record), Ok(None)));
                let beside = ours.flat_map(|record| replace::left_beside(&record.file, &record.temporary));
                let all = std::iter::once(path).chain(beside);
                let all: Vec<String> = all.map(|path| path.display().to_string()).collect();
                let removed = list(&all);
                format!("a change that was interrupted cannot be finished without that; to give it up, remove {removed}")
            })
        })?;
        let items = self.records_of(&journal.items)?;
        self.waiting.extend(left);
        if items.iter().any(|item| item.is_own) {
            stores::sweep(&self.home);
        }
        // What was read before is read again.
        if self.overlay.is_empty() {
            self.config = None;
        }
        self.end_journal().map(|()| !journal.items.is_empty())
    }

    /// Everything is done or undone, but for what an earlier run has left and what waits until its store can be
    /// asked.
    pub(super) fn end_journal(&self) -> Result<()> {
        let folder = self.own_folder();
        if self.waiting.is_empty() {
            return Journal::remove(&folder);
        }
        Journal::new(Vec::new(), Vec::new(), self.waiting.clone()).write(&folder)
    }

    /// Answers what has to wait.
    fn finish(&mut self, journal: &mut Journal) -> Result<Vec<Json>> {
        for _ in 0..TRIES {
            if let Some(waiting) = self.finish_part(journal)? {
                return Ok(waiting);
            }
        }
        Err(Error::unavailable("others go on changing what it is about"))
    }

    /// The same of what there is to look at now; nothing, where there is more to look at by then.
    fn finish_part(&mut self, journal: &mut Journal) -> Result<Option<Vec<Json>>> {
        let items = self.records_of(&journal.items)?;
        let current = journal.current();
        let files = current.iter().map(|at| journal.at(*at));
        let files = files.filter(|file| !file.is_credentials);
        let _locked = self.lock_files(files.map(|file| file.file.as_path()))?;
        let mut is_kept = false;
        for at in &current {
            let was_put_back = journal.at(*at).is_put_back;
            if theirs(journal.at(*at))?.is_some() {
                journal.at_mut(*at).is_put_back = true;
                journal.write(&self.own_folder())?;
            }
            if let Some(kept) = tidy_after_kill(journal.at(*at))? {
                self.warn(&kept.to_string());
                // What is kept stays under the name that it has, and nothing is put back.
                let record = journal.at_mut(*at);
                record.temporary = replace::temporary();
                record.is_put_back = was_put_back;
                is_kept = true;
            }
        }
        if is_kept {
            journal.write(&self.own_folder())?;
        }
        let found = self.look_at(journal, items)?;
        let can_finish = found.can_finish() && !journal.is_given_up;
        found.affected.check_taken_along(journal, can_finish)?;
        for login in &found.logins {
            let is_known = is_proved(login);
            if is_known || matches!(login.1, Held::Unknown) {
                self.end_waiting(&login.0, is_known);
            }
        }
        if !can_finish {
            self.give_up(journal, &found)?;
            return Ok(Some(Vec::new()));
        }
        self.tell_of_logouts(journal, &found.affected);
        self.decide(journal, &found.affected)?;
        let Some(done) = self.finish_files(journal)? else {
            return Ok(None);
        };
        if !journal.goes_on && !journal.then.is_empty() {
            journal.go_on(&self.own_folder())?;
            return Ok(None);
        }
        // Everything is written. Without this mark, the start after a kill only has to guess a little.
        let _ = journal.end(&self.own_folder());
        for (login, held) in found.logins.iter().filter(|login| !is_proved(login)) {
            if login.is_known() && !matches!(held, Held::Unknown) {
                self.tell_not_kept(login)?;
            } else {
                self.tell_uncertain(login)?;
            }
        }
        let mut waiting = Vec::new();
        let mut has_forgotten = journal.files.is_empty();
        for logout in found.logouts.iter().filter(|logout| logout.forgets()) {
            // One of credsh's own goes with what the ledger says of it.
            let table = logout.table().filter(|_| !logout.is_own);
            if table.is_some_and(|table| found.affected.stays(&table)) {
                if matches!(self.held_now(logout)?, Held::Nothing) {
                    continue;
                }
                self.warn(&format!(
                    "`{}` keeps the token of {}, because of what else has changed since then",
                    logout.provider(),
                    logout.registry()?.label()
                ));
                continue;
            }
            // A token goes only when its new place has given it back.
            if !found.affected.may_forget() {
                self.tell_uncertain(logout)?;
            } else if !self.finish_logout(logout)? {
                waiting.push(logout.json());
            } else {
                has_forgotten = true;
            }
        }
        let is_left = journal
            .all()
            .any(|record| record.edits.iter().any(|edit| edit.is_left));
        if is_left || waiting.is_empty() || !journal.files.is_empty() {
            self.tell_finished(&done, is_left, has_forgotten);
        }
        Ok(Some(waiting))
    }

    pub(super) fn records_of(&self, items: &[Json]) -> Result<Vec<ItemRecord>> {
        let items = items.iter().map(|item| {
            serde_json::from_value(item.clone())
                .map_err(|_| Journal::unreadable(&self.own_folder()))
        });
        items.collect()
    }

    /// How far the change has come, and what others have made of it since then.
    fn look_at(&mut self, journal: &Journal, items: Vec<ItemRecord>) -> Result<Found> {
        let mut affected = self.look_at_files(journal, &items)?;
        let mut logins = Vec::new();
        for login in items.iter().filter(|item| item.is_login()) {
            let held = self.held_now(login)?;
            // Nothing else knows what became of a token that credsh keeps, and by which rules it is given away.
            if login.is_own && matches!(held, Held::Unknown) {
                return Err(Error::unavailable(format!(
                    "the store of a token of {} cannot be asked now",
                    login.registry()?.label()
                )));
            }
            logins.push(held);
        }
        if !logins.is_empty() {
            // Providers take their time, and others do not wait for that.
            let has_begun = affected.has_begun;
            affected = self.look_at_files(journal, &items)?;
            affected.has_begun |= has_begun;
        }
        let (asked, logouts): (Vec<_>, Vec<_>) = items.into_iter().partition(ItemRecord::is_login);
        let logins: Vec<_> = asked.into_iter().zip(logins).collect();
        affected.conclude(journal, logins.iter().all(is_proved));
        Ok(Found {
            affected,
            logins,
            logouts,
        })
    }

    /// Takes back what can be, of a change that has written no file.
    fn give_up(&mut self, journal: &Journal, found: &Found) -> Result<()> {
        let current = journal.current();
        let records = current.iter().map(|at| journal.at(*at));
        let conflicts = found.affected.conflicts();
        // A token that was to go and is another one by now may have gone before.
        let in_place = found.affected.in_place(journal);
        let mut edits = records.clone().flat_map(|record| {
            let edits = record.edits.iter().filter(|edit| edit.takes_token_away());
            edits.map(|edit| (record.file.as_path(), &edit.key))
        });
        let is_sure = edits.all(|edit| in_place.contains(&edit));
        let edits = records.clone().flat_map(|record| &record.edits);
        for kept in edits.filter(|edit| found.affected.leaves(edit)) {
            if found.affected.is_moved(&kept.key) && !conflicts.contains(&&kept.key) {
                self.warn(&format!(
                    "`{}` was to be removed, and stays, because of what else has changed since then",
                    kept.key.join(".")
                ));
            }
        }
        for login in &found.logins {
            let may_forget =
                is_sure && is_proved(login) && self.has_not_left(&login.0, &found.logouts)?;
            self.take_back(&login.0, &login.1, may_forget)?;
        }
        for record in records {
            replace::remove_folders(&record.file, record.folders);
        }
        let conflicts: Vec<String> = conflicts
            .iter()
            .map(|key| shown_key(key).join("."))
            .collect();
        let why = match &conflicts[..] {
            [] => String::new(),
            conflicts => format!(", because somebody else has changed {}", list(conflicts)),
        };
        // Of a file that was begun and is somebody else's by now, nobody knows.
        let is_unwritten = |at: &usize| journal.progress(*at) == Progress::Untouched;
        let of_which = if current.iter().all(is_unwritten) {
            ", of which no file is written,"
        } else {
            ""
        };
        self.note(&format!("an interrupted change{of_which} is given up{why}"));
        Ok(())
    }

    /// Tells what has become of it: these files are as they were to be, some of it may be left as others have made it.
    fn tell_finished(&mut self, names: &[String], is_left: bool, has_forgotten: bool) {
        let files = match names {
            [] => String::new(),
            names => format!(": {}", list(names)),
        };
        if is_left {
            self.note(&format!(
                "of an interrupted change only that is done which others have not changed since then{files}"
            ));
            let next =
                "`registry list` shows what there is now; repeat the rest if it is still wanted";
            self.say(&notice::hint(next, self.theme));
        } else if names.is_empty() && !has_forgotten {
            self.note("nothing of an interrupted change was left to be finished");
        } else {
            self.note(&format!("an interrupted change is finished now{files}"));
        }
    }
}

/// How far an interrupted change has come.
struct Found {
    affected: Affected,
    /// Each with what its provider holds now.
    logins: Vec<(ItemRecord, Held)>,
    logouts: Vec<ItemRecord>,
}

impl Found {
    /// Whether it goes on: something is written already, or all of it can be.
    fn can_finish(&self) -> bool {
        self.affected.has_begun
            || (self.logins.iter().all(is_proved) && self.affected.conflicts().is_empty())
    }
}

/// Whether a token may be in no file: it was on its way from one place to another, or what it stood in is half written.
fn has_the_only_copy(journal: &Journal) -> bool {
    let is_torn = |record: &FileRecord| {
        let now = replace::read_bytes(&record.file).ok().flatten();
        record.state(now.as_ref().map(|now| now.as_slice())) == State::Torn
    };
    journal.taken_along().next().is_some() || journal.all().any(is_torn)
}

/// Whether what the provider holds is the token that this login was to store.
fn is_proved((login, held): &(ItemRecord, Held)) -> bool {
    login.after.is(held) || login.has_stored_own(held)
}
