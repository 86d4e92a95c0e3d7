//! Who may write: one credsh at a time in a home, and in each file; and Cargo's own lock.
//!
//! Invariant: they are taken in one order, the home's first, then those of files by what the
//! system knows them by, Cargo's last; only of a file that somebody has replaced since is the lock taken behind that, and
//! the limit ends it. Nobody waits for a lock that is their own. Waiting is announced, and has a limit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Session;
use crate::cargo::layers::both_names;
use crate::disk::lock::{self, Lock};
use crate::disk::replace;
use crate::error::{Error, Kind, Place, Result};

/// How long another process may hold a lock.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often to ask for one before that is told: who only looks whether it is free has it for an instant.
const OFTEN: usize = 3;

impl Session {
    /// The folder of what credsh keeps beside Cargo's files.
    pub(super) fn own_folder(&self) -> PathBuf {
        self.home.join(".credsh")
    }

    /// Whether a file is, or would be, one of those, by whatever path.
    pub fn is_own_file(&self, file: &Path) -> bool {
        let target = replace::follow(file).unwrap_or_else(|_| file.to_path_buf());
        real(&target).starts_with(real(&self.own_folder()))
    }

    /// Two credsh at once: the second waits.
    pub(super) fn lock_home(&mut self) -> Result<Lock> {
        self.lock_own(&self.home_lock())
    }

    /// The same, if it is to be had so soon.
    pub(super) fn lock_home_within(&mut self, limit: Duration) -> Result<Option<Lock>> {
        let file = self.home_lock();
        let interrupts = self.world.interrupts.clone();
        match lock::own(&file, limit, &mut || interrupts.check()) {
            Err(error) if error.kind() == Kind::Unavailable => Ok(None),
            taken => taken.map(Some),
        }
    }

    pub(super) fn home_lock(&self) -> PathBuf {
        self.own_folder().join("lock")
    }

    /// Two homes may have a file in common, as that of a project or by a link: so each file has a lock, too, always
    /// taken in the same order, and one only, whatever its names. One that is not there yet has none, and is made by one only.
    /// Refused is one that is by another name what Cargo keeps tokens in: whose lock comes last, and which is never replaced.
    pub(super) fn lock_files<'a>(
        &mut self,
        files: impl Iterator<Item = &'a Path>,
    ) -> Result<Vec<Lock>> {
        let files: BTreeMap<_, &Path> = files
            .filter_map(|file| Some((lock::identity(file)?, file)))
            .collect();
        for tokens in <[PathBuf; 2]>::from(both_names(&self.home, "credentials")) {
            let same = lock::identity(&tokens).and_then(|tokens| files.get(&tokens));
            if let Some(file) = same.filter(|file| ***file != tokens) {
                return Err(Error::failed(format!(
                    "this is the same file as `{}`, where Cargo keeps tokens",
                    tokens.display()
                ))
                .at(Place::file(file))
                .hint("make it a file of its own, without the tokens"));
            }
        }
        let mut locks = Vec::new();
        for file in files.into_values() {
            locks.extend(self.lock_file(file)?);
        }
        Ok(locks)
    }

    fn lock_own(&mut self, file: &Path) -> Result<Lock> {
        let mut asked = 0;
        let lock = lock::own(file, PATIENCE, &mut || self.wait(file, &mut asked))?;
        self.warn_where_unsupported(&lock, file);
        Ok(lock)
    }

    /// A file's own lock, for that of tokens also Cargo's, if there is one.
    pub(super) fn lock_file(&mut self, file: &Path) -> Result<Option<Lock>> {
        let mut asked = 0;
        let lock = lock::of_file(file, PATIENCE, &mut || self.wait(file, &mut asked))?;
        if let Some(lock) = &lock {
            self.warn_where_unsupported(lock, file);
        }
        Ok(lock)
    }

    fn wait(&mut self, file: &Path, asked: &mut usize) -> Result<()> {
        *asked += 1;
        if *asked == OFTEN {
            self.note(&format!("waiting for the lock of `{}`", file.display()));
        }
        self.world.interrupts.check()
    }

    fn warn_where_unsupported(&mut self, lock: &Lock, file: &Path) {
        if !lock.is_for_all() && self.is_news("no locks") {
            self.warn(&format!(
                "this file system has no locks: what `cargo login`, or a credsh elsewhere, writes at the same time could be lost (`{}`)",
                file.display()
            ));
        }
    }
}

/// A path without links, as far as it exists.
pub(super) fn real(path: &Path) -> PathBuf {
    let existing = |part: &Path| {
        let real = part.canonicalize().ok()?;
        let rest = path.strip_prefix(part).ok()?;
        // Joined with nothing it would end with a separator.
        Some(real.components().chain(rest.components()).collect())
    };
    let real = path.ancestors().find_map(existing);
    real.unwrap_or_else(|| path.to_path_buf())
}
