//! Looking at what others have made of the files of an interrupted change, and deciding what of it is left as it is.
//!
//! Invariant: that is in the journal before the first file is written: a start that comes after one that was killed
//! decides nothing anew.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Session;
use super::change::Key;
use super::editing::parts;
use super::locks::real;
use super::premises::{registry_of, surroundings};
use super::records::ItemRecord;
use super::recovery_files::read;
use super::recovery_registries::{Affected, Open};
use super::writing::write_for_good;
use crate::cargo::layers::{Layer, Layers};
use crate::disk::journal::{Journal, Progress, State};
use crate::disk::replace::{self, Way};
use crate::disk::tree::{self, shown_key};
use crate::error::Result;

impl Session {
    /// How far the files of a change have come, and what others have made of them since then.
    pub(super) fn look_at_files(
        &mut self,
        journal: &Journal,
        items: &[ItemRecord],
    ) -> Result<Affected> {
        let mut affected = Affected::of(journal, items);
        for at in journal.current() {
            self.compare(journal, at, &mut affected)?;
        }
        for file in journal.later() {
            for edit in 0..journal.at(file).edits.len() {
                let open = Open {
                    file,
                    edit,
                    is_theirs: false,
                };
                affected.add_open(journal, open);
            }
        }
        self.compare_surroundings(journal, &mut affected)?;
        Ok(affected)
    }

    /// Where somebody may have logged out of what was to be called otherwise, nobody can tell: its token is kept.
    pub(super) fn tell_of_logouts(&mut self, journal: &Journal, affected: &Affected) {
        let in_place = affected.in_place(journal);
        for token in journal.taken_along().filter(|token| !token.comes.is_left) {
            let file = token.from.file.as_path();
            let is_in_doubt = affected.unwritten(&token) == Some(Progress::Begun);
            if !is_in_doubt
                || !affected.may(token.comes)
                || in_place.contains(&(file, &token.goes.key))
            {
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
        // What is written, or was not begun, others have written since.
        let progress = journal.progress(at);
        let is_begun = progress == Progress::Begun;
        if let (State::Torn, Some(torn), true) = (&state, &now, is_begun) {
            if let Some(new) = record.new_but_for_the_cut(torn) {
                write_for_good(record, lock.as_mut(), Some(torn), &new, Way::Forth)?;
            } else if let Some(old) = record.old_text(torn) {
                write_for_good(record, lock.as_mut(), Some(torn), &old, Way::Back)?;
            }
            now = replace::read_bytes(&record.file)?;
        }
        let is_ours = is_begun && matches!(state, State::New | State::Torn);
        affected.has_begun |= is_ours || progress == Progress::Written;
        // Also where it is as it was, or as it was to be: that may be what an earlier start has made of somebody else's.
        let (_, layer) = read(record, now.as_ref().map(|now| now.as_slice()))?;
        let (mut done, mut theirs) = (Vec::new(), Vec::new());
        let mut is_open = false;
        for (place, edit) in record.edits.iter().enumerate() {
            let node = layer.get(&parts(&edit.key)).map(|entry| &entry.node);
            // What was written and is again as it was before, somebody else has made so.
            let is_before = edit.is_before(node) && progress != Progress::Written;
            if !edit.is_after(node) {
                is_open |= is_before && !edit.is_left;
                let open = Open {
                    file: at,
                    edit: place,
                    is_theirs: !is_before,
                };
                affected.add_open(journal, open);
                if !is_before {
                    theirs.push(edit);
                }
            } else if !edit.is_before(node) && !edit.is_left {
                done.push(edit);
            }
        }
        // It is written at once: where some is not done, none of it was.
        if progress == Progress::Untouched || progress == Progress::Begun && is_open {
            affected.add_done_by_others(journal, at, &done, &theirs);
        } else {
            affected.has_begun |= !done.is_empty();
            for edit in done.iter().chain(&theirs) {
                affected.begin(&edit.key);
            }
        }
        Ok(())
    }

    /// What files say of a registry beside what is written: a token is for the index that it was meant for, and an index
    /// for the tokens that it had.
    fn compare_surroundings(&self, journal: &Journal, affected: &mut Affected) -> Result<()> {
        let edits = affected.open.iter().map(|open| open.edit(journal));
        let tables: BTreeSet<Key> = edits.filter_map(registry_of).collect();
        if tables.is_empty() {
            return Ok(());
        }
        let mut layers = Layers::of_home(&self.home)?.layers;
        for file in journal.surroundings.files(&real(&self.home)) {
            if layers.iter().any(|layer| real(&layer.file) == file) {
                continue;
            }
            if let Some(text) = replace::read(&file)? {
                layers.push(Layer::alone(&file, tree::parse(&file, &text)?, false));
            }
        }
        let now = surroundings(layers.iter(), &self.home, journal);
        let [now, before] = [&now, &journal.surroundings].map(|said| {
            let tables = said.tables.iter().map(|(table, said)| (table, said));
            tables.collect::<HashMap<_, _>>()
        });
        for table in tables {
            if now.get(&table) != before.get(&table) {
                affected.add_conflict(table);
            }
        }
        Ok(())
    }

    /// Decides what is left as it is, and tells.
    pub(super) fn decide(&mut self, journal: &mut Journal, affected: &Affected) -> Result<()> {
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
                let key = shown_key(&edit.key).join(".");
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
