//! Bringing files to where they were to be: by whole texts where nobody else has written them, by single keys where
//! somebody has. What of it is done is decided before (see `recovery_registries`).
//!
//! Invariant: what somebody else has written stays.

use std::collections::HashSet;
use std::path::Path;

use zeroize::Zeroizing;

use super::Session;
use super::change::{Key, is_same};
use super::editing::{forget_old_layout, parts};
use super::renames::Renames;
use super::writing::{until_done, write_for_good};
use crate::cargo::layers::Layer;
use crate::disk::document::Document;
use crate::disk::journal::{EditRecord, FileRecord, Journal, State};
use crate::disk::replace::{self, Way};
use crate::disk::tree::{self, Node};
use crate::error::Result;

impl Session {
    /// Brings every file to where it was to be; the names of those where anything of that is done. Nothing, where somebody
    /// else has just changed what it is about: then there is something to decide.
    pub(super) fn finish_files(&mut self, journal: &mut Journal) -> Result<Option<Vec<String>>> {
        let mut done = Vec::new();
        for at in journal.current() {
            journal.begin(&self.own_folder(), at)?;
            let file = journal.at(at).file.clone();
            let mut outcome = Outcome::Written;
            until_done(&file, || {
                outcome = self.finish_file(journal, at)?;
                Ok(!matches!(outcome, Outcome::Written))
            })?;
            match outcome {
                Outcome::Done => done.push(file.display().to_string()),
                Outcome::Changed => return Ok(None),
                Outcome::Nothing | Outcome::Written => {}
            }
        }
        Ok(Some(done))
    }

    /// Brings one file to where it was to be.
    fn finish_file(&mut self, journal: &mut Journal, at: usize) -> Result<Outcome> {
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
            return Ok(Outcome::Nothing);
        }
        let mut lock = if record.is_credentials {
            self.lock_file(&record.file)?
        } else {
            None
        };
        let now = replace::read_bytes(&record.file)?;
        let old = now.as_ref().map(|now| now.as_slice());
        if record.state(old) == State::Old
            && !record.edits.iter().any(|edit| edit.is_left)
            && let Some(new) = record.new_text(old.unwrap_or_default())
        {
            return write_for_good(record, lock.as_mut(), old, &new, Way::Forth).map(Outcome::of);
        }
        let (text, layer) = read(record, old)?;
        let Some(found) = Sorted::of(record, &layer) else {
            return Ok(Outcome::Changed);
        };
        if found.made.is_empty() {
            return Ok(if found.is_done && now.is_some() {
                Outcome::Done
            } else {
                Outcome::Nothing
            });
        }
        let edited = edited_by_hand(record, &text, &found)?;
        let merged = record.merged(&text);
        let new = merged
            .filter(|merged| has_same_values(&record.file, merged, &edited))
            .unwrap_or(edited);
        // A start that is killed as well leaves one that knows what it was about to write.
        let known = now.as_ref().map(|_| text.as_str());
        journal.at_mut(at).made_anew(&self.home, known, &new);
        journal.write(&self.own_folder())?;
        let record = journal.at(at);
        write_for_good(record, lock.as_mut(), old, &new, Way::Forth).map(Outcome::of)
    }
}

/// What has become of one file.
enum Outcome {
    /// It is where it was to be, in part at least.
    Done,
    /// There was nothing to do.
    Nothing,
    /// Somebody else has just written it, and it is theirs from then on.
    Written,
    /// And has changed what it is about.
    Changed,
}

impl Outcome {
    fn of(is_done: bool) -> Self {
        if is_done { Self::Done } else { Self::Written }
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
    has_begun: bool,
}

impl<'r> Sorted<'r> {
    /// Nothing, where one is somebody else's that nobody has decided on.
    fn of(record: &'r FileRecord, layer: &Layer) -> Option<Self> {
        let mut sorted = Self::default();
        for edit in &record.edits {
            let node = layer.get(&parts(&edit.key)).map(|entry| &entry.node);
            let (is_before, is_after) = (edit.is_before(node), edit.is_after(node));
            if is_after {
                sorted.is_done = true;
                sorted.has_begun |= !is_before;
            } else if edit.is_left {
                sorted.left.push(&edit.key);
            } else if is_before {
                sorted.made.push(edit);
            } else {
                return None;
            }
        }
        Some(sorted)
    }

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
        !found.has_begun
            && found.is_whole(table)
            && renamed.into_iter().all(|renamed| found.is_whole(&renamed))
    });
    let keys: HashSet<&Key> = record.edits.iter().map(|edit| &edit.key).collect();
    Renames::of(tables.clone(), keys.clone(), &keys).perform(&mut document)?;
    // Those too that are done: a table that has got another name may have brought something there.
    for edit in record.edits.iter().filter(|edit| !edit.is_left) {
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

/// Whether two texts say the same; a table without a key says nothing.
fn has_same_values(file: &Path, one: &str, other: &str) -> bool {
    let values = |text: &str| {
        let mut table = tree::parse(file, text).ok()?;
        tree::prune(&mut table);
        Some(Node::Table(table))
    };
    values(one).is_some_and(|one| is_same(Some(&one), values(other).as_ref()))
}

/// A file that somebody else has written, as text and as values.
pub(super) fn read(record: &FileRecord, now: Option<&[u8]>) -> Result<(Zeroizing<String>, Layer)> {
    let bytes = Zeroizing::new(now.unwrap_or_default().to_vec());
    let text = replace::text_of(&record.file, bytes)?;
    let root = tree::parse(&record.file, &text)?;
    let layer = Layer::alone(&record.file, root, record.may_have_old_layout);
    Ok((text, layer))
}
