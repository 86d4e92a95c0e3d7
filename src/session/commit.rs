//! The one place where credsh changes the world.
//!
//! Everything is prepared in memory, under the locks, before the first byte is written; what cannot be
//! prepared is an error and leaves every file as it was. If a later file cannot be written, the earlier ones
//! are given their old text back.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use super::Session;
use super::change::{After, Change, FileChange, Key, is_same};
use super::items::Unfinished;
use super::overlay::Savepoint;
use crate::cargo::layers::Layer;
use crate::disk::document::{Document, Value};
use crate::disk::lock::{self, Lock};
use crate::disk::replace;
use crate::disk::tree::{self, Node};
use crate::error::{Error, Place, Result};

/// How long another process may hold a lock.
const PATIENCE: Duration = Duration::from_secs(30);

/// The new text of a file, ready to be written.
struct Prepared {
    file: PathBuf,
    /// What stands there; `None` where there is no file.
    old: Option<Zeroizing<String>>,
    new: Option<Zeroizing<String>>,
    /// The credentials file under Cargo's own lock; others are replaced as a whole.
    locked: Option<Lock>,
}

impl Prepared {
    /// A file that is there only because it was locked goes again where nothing comes of it.
    fn forget_creation(&self) {
        if self.locked.as_ref().is_some_and(|lock| lock.created) {
            // Left behind, it would be an empty file.
            let _ = std::fs::remove_file(&self.file);
        }
    }

    fn write(&mut self) -> Result<()> {
        let text = |text: &Option<Zeroizing<String>>| text.clone().unwrap_or_default();
        match (&mut self.locked, &self.new) {
            (Some(lock), _) => replace::in_place(
                &mut lock.file,
                &self.file,
                &text(&self.old),
                &text(&self.new),
            ),
            (None, Some(new)) => {
                replace::atomically(&self.file, self.old.as_ref().map(|old| old.as_str()), new)
            }
            // Going back to where there was no file.
            (None, None) => std::fs::remove_file(&self.file)
                .map_err(|error| Error::io("remove", &self.file, &error)),
        }
    }
}

/// What a commit has done.
#[derive(Debug, Default)]
pub struct Committed {
    /// What changed.
    pub changes: Vec<Change>,
    /// What a provider did not do.
    pub unfinished: Vec<Unfinished>,
}

/// Files that wait for being written.
#[derive(Default)]
struct Ready {
    prepared: Vec<Prepared>,
    /// What somebody else had made so since it was read.
    done_by_others: HashSet<(PathBuf, Key)>,
}

impl Session {
    /// Writes what is pending and says what changed. In a plan nothing is written, and the same is said.
    ///
    /// Afterwards nothing is pending, whether this succeeded or not.
    pub fn commit(&mut self) -> Result<Committed> {
        // Ctrl-C ends it between two steps, and what is done by then is undone.
        let held = self.world.interrupts.hold();
        let mut changes = self.overlay.changes_since(Savepoint::START);
        let written = if changes.is_empty() || self.flags.is_plan() {
            Ok(Vec::new())
        } else {
            self.write(&mut changes)
        };
        drop(held);
        self.overlay.clear();
        self.config = None;
        Ok(Committed {
            unfinished: written?,
            changes,
        })
    }

    /// Logins outside files, then files, then logouts outside files: a token is at every moment in one place
    /// at least. Leaves in `changes` what this run has changed.
    fn write(&mut self, changes: &mut Vec<Change>) -> Result<Vec<Unfinished>> {
        let credentials = self.config()?.credentials_file();
        let files: Vec<PathBuf> = files_of(changes).into_iter().map(Into::into).collect();
        let _ours = self.lock(&files)?;
        let mut ready = Ready::default();
        self.prepare_files(changes, &mut ready, &|file| file != credentials)?;
        let logged_in = self.log_in_items(changes)?;
        changes.retain(|change| !change.is_none());
        // Cargo's lock comes last: it is not to wait for a provider that asks a person. And to lock a missing
        // file is to create it, so nothing but the writing may fail after that.
        let written = self
            .world
            .interrupts
            .check()
            .and_then(|()| self.prepare_files(changes, &mut ready, &|file| file == credentials))
            .and_then(|()| write_all(&mut ready.prepared));
        drop(ready.prepared);
        if let Err(error) = written {
            return Err(self.undo(logged_in, error));
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
        Ok(self.log_out_items(changes))
    }

    /// The new text of the files that change and are meant; each is locked as it needs.
    fn prepare_files(
        &mut self,
        changes: &[Change],
        ready: &mut Ready,
        is_meant: &dyn Fn(&Path) -> bool,
    ) -> Result<()> {
        let credentials = self.config()?.credentials_file();
        for file in files_of(changes).into_iter().filter(|file| is_meant(file)) {
            let edits: Vec<&FileChange> = changes
                .iter()
                .filter_map(Change::as_file)
                .filter(|change| change.file == file)
                .collect();
            let (prepared, done) = self.prepare(file, &edits, file == credentials)?;
            ready.prepared.push(prepared);
            let done = done.into_iter().map(|key| (file.to_path_buf(), key));
            ready.done_by_others.extend(done);
        }
        Ok(())
    }

    /// Two credsh at once: the second waits. The home has one lock; a file elsewhere, which two homes may
    /// have in common, has one of its own, always taken in the same order.
    fn lock(&mut self, files: &[PathBuf]) -> Result<Vec<Lock>> {
        let mut locks = vec![self.home.join(".credsh").join("lock")];
        if let Some(state) = self.world.folder("XDG_STATE_HOME", ".local/state") {
            let canonical =
                |file: &Path| file.canonicalize().unwrap_or_else(|_| file.to_path_buf());
            let elsewhere = files
                .iter()
                .filter(|file| file.parent() != Some(&self.home));
            let names: BTreeSet<String> =
                elsewhere.map(|file| lock_name(&canonical(file))).collect();
            locks.extend(names.into_iter().map(|name| state.join("locks").join(name)));
        }
        let mut taken = Vec::new();
        for file in locks {
            taken.push(lock::own(&file, PATIENCE, &mut || {
                self.announce_waiting(&file);
            })?);
        }
        Ok(taken)
    }

    fn prepare(
        &mut self,
        file: &Path,
        edits: &[&FileChange],
        is_credentials: bool,
    ) -> Result<(Prepared, Vec<Key>)> {
        let (locked, old) = if is_credentials {
            let mut lock = lock::with_cargo(file, PATIENCE, &mut || self.announce_waiting(file))?;
            if lock.unsupported {
                self.warn(&format!("this file system has no locks: a `cargo login` at the same time could be lost (`{}`)", file.display()));
            }
            let old = replace::read_open(&mut lock.file, file)?;
            (Some(lock), Some(old))
        } else {
            (None, replace::read(file)?)
        };
        let mut prepared = Prepared {
            file: file.to_path_buf(),
            old,
            new: None,
            locked,
        };
        let old = prepared.old.clone().unwrap_or_default();
        match self.edited(file, &old, edits) {
            Ok((new, done)) => {
                prepared.new = Some(new);
                Ok((prepared, done))
            }
            Err(error) => {
                prepared.forget_creation();
                Err(error)
            }
        }
    }

    /// The text of a file after its edits, and the keys in which it says already what they mean.
    pub(super) fn edited(
        &mut self,
        file: &Path,
        old: &str,
        edits: &[&FileChange],
    ) -> Result<(Zeroizing<String>, Vec<Key>)> {
        // Included ones too: they have no lock of Cargo's, but the same layout.
        let is_credentials = self
            .config()?
            .files()
            .any(|layer| layer.is_credentials && layer.file == file);
        let layer = Layer::alone(file, tree::parse(file, old)?, is_credentials);
        let done = self.check_unchanged(&layer, edits)?;
        let mut document = Document::parse(file, old)?;
        if is_credentials && edits.iter().any(|edit| edit.key == ["registry", "token"]) {
            // The old layout's place of the same token (5); `cargo login` moves it, too.
            document.unset(&["token"])?;
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
        Ok((document.text(), done))
    }

    /// What somebody else changed in the meantime, in a key that is about to be written, is not overwritten;
    /// the answer is where they made it what it should be.
    fn check_unchanged(&self, layer: &Layer, edits: &[&FileChange]) -> Result<Vec<Key>> {
        let mut done = Vec::new();
        for edit in edits {
            let key: Vec<&str> = edit.key.iter().map(String::as_str).collect();
            let now = layer.get(&key);
            let node = now.map(|entry| &entry.node);
            if edit.after.is(node) {
                done.push(edit.key.clone());
                continue;
            }
            let is_known = is_same(node, edit.before.as_ref());
            if !is_known && !self.flags.yes {
                let place =
                    now.map_or_else(|| Place::file(&layer.file), |entry| layer.place(entry));
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

    fn announce_waiting(&mut self, file: &Path) {
        self.note(&format!("waiting for the lock of `{}`", file.display()));
    }
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

/// The name of a file's lock: its path, as one name, and its end where that is too long for one.
fn lock_name(file: &Path) -> String {
    const LONGEST: usize = 200;
    let flat = |c: char| {
        if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') {
            c
        } else {
            '%'
        }
    };
    let name: Vec<char> = file.to_string_lossy().chars().map(flat).collect();
    name[name.len().saturating_sub(LONGEST)..].iter().collect()
}

fn write_all(prepared: &mut [Prepared]) -> Result<()> {
    for index in 0..prepared.len() {
        let Err(mut error) = prepared[index].write() else {
            continue;
        };
        // The first error is the one to tell; a file that cannot be mended either is named with it.
        for earlier in &mut prepared[..index] {
            std::mem::swap(&mut earlier.old, &mut earlier.new);
            if let Err(second) = earlier.write() {
                let file = earlier.file.display();
                error = error.because(format!(
                    "and `{file}` cannot be given its old text back: {second}"
                ));
            }
        }
        for file in prepared.iter() {
            file.forget_creation();
        }
        return Err(error);
    }
    Ok(())
}
