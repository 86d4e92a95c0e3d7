//! Who may write: one credsh at a time in a home, and in each file elsewhere; and Cargo's own lock.
//!
//! Invariant: they are taken in one order, the home's first, then those of files elsewhere by name, then
//! Cargo's. Waiting is announced, and has a limit.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Session;
use crate::disk::lock::{self, Lock};
use crate::error::Result;

/// How long another process may hold a lock.
const PATIENCE: Duration = Duration::from_secs(30);

impl Session {
    /// The folder of what credsh keeps beside Cargo's files.
    pub(super) fn own_folder(&self) -> PathBuf {
        self.home.join(".credsh")
    }

    /// Two credsh at once: the second waits.
    pub(super) fn lock_home(&mut self) -> Result<Lock> {
        self.lock_own(&self.home_lock())
    }

    pub(super) fn home_lock(&self) -> PathBuf {
        self.own_folder().join("lock")
    }

    /// A file that is not in the home, so that two homes may have it in common, has a lock of its own, always
    /// taken in the same order.
    pub(super) fn lock_elsewhere(&mut self, files: &[PathBuf]) -> Result<Vec<Lock>> {
        let Some(state) = self.world.folder("XDG_STATE_HOME", ".local/state") else {
            return Ok(Vec::new());
        };
        let canonical = |file: &Path| file.canonicalize().unwrap_or_else(|_| file.to_path_buf());
        let elsewhere = files
            .iter()
            .filter(|file| file.parent() != Some(&self.home));
        let names: BTreeSet<String> = elsewhere.map(|file| lock_name(&canonical(file))).collect();
        let folder = state.join("locks");
        names
            .into_iter()
            .map(|name| self.lock_own(&folder.join(name)))
            .collect()
    }

    fn lock_own(&mut self, file: &Path) -> Result<Lock> {
        lock::own(file, PATIENCE, &mut || self.announce_waiting(file))
    }

    /// Cargo's own lock on the file that it keeps tokens in, if there is one.
    pub(super) fn lock_credentials(&mut self, file: &Path) -> Result<Option<Lock>> {
        let lock = lock::with_cargo(file, PATIENCE, &mut || self.announce_waiting(file))?;
        if lock.as_ref().is_some_and(|lock| lock.unsupported) {
            self.warn(&format!(
                "this file system has no locks: a `cargo login` at the same time could be lost (`{}`)",
                file.display()
            ));
        }
        Ok(lock)
    }

    fn announce_waiting(&mut self, file: &Path) {
        self.note(&format!("waiting for the lock of `{}`", file.display()));
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
