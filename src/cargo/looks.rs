//! What reading a configuration asked of the disk, and what it was told: enough to tell later, without making anything
//! of it anew, whether it would be told the same.
//!
//! Invariant: whoever reads a configuration asks the disk through here. The texts of files are in no `Debug`.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::disk::tree::{self, Table};
use crate::disk::{lock, replace};
use crate::error::Result;

/// All questions, in their order, with their answers.
#[derive(Default)]
pub(super) struct Looks(Vec<Look>);

/// A question, and its answer.
enum Look {
    /// `None`, where the disk did not say.
    Exists(PathBuf, Option<bool>),
    Canonical(PathBuf, PathBuf),
    SameFile([PathBuf; 2], bool),
    Text {
        file: PathBuf,
        is_settled: bool,
        text: Option<Zeroizing<String>>,
    },
}

impl Looks {
    pub(super) fn exists(&mut self, path: &Path) -> io::Result<bool> {
        let exists = exists(path);
        let answer = exists.as_ref().ok().copied();
        self.0.push(Look::Exists(path.to_path_buf(), answer));
        exists
    }

    /// Whether something was there; `None` where nobody has asked, or the disk did not say.
    pub(super) fn existed(&self, path: &Path) -> Option<bool> {
        self.0.iter().find_map(|look| match look {
            Look::Exists(asked, existed) if asked == path => *existed,
            _ => None,
        })
    }

    /// The path without links; as it is, where nothing is there.
    pub(super) fn canonical(&mut self, path: &Path) -> PathBuf {
        let canonical = canonical(path);
        let look = Look::Canonical(path.to_path_buf(), canonical.clone());
        self.0.push(look);
        canonical
    }

    /// Whether two paths lead to one file, by a symbolic link or as two names of it.
    pub(super) fn is_same_file(&mut self, one: &Path, other: &Path) -> bool {
        let is_same = is_same_file(one, other);
        let paths = [one.to_path_buf(), other.to_path_buf()];
        self.0.push(Look::SameFile(paths, is_same));
        is_same
    }

    /// What a file says, if there is one; one that Cargo writes in pieces (`is_settled`) is read when it is not writing.
    pub(super) fn table(&mut self, file: &Path, is_settled: bool) -> Result<Option<Table>> {
        let text = text(file, is_settled)?;
        // What is refused was not read.
        let table = text.as_ref().map(|text| tree::parse(file, text));
        let table = table.transpose()?;
        self.0.push(Look::Text {
            file: file.to_path_buf(),
            is_settled,
            text,
        });
        Ok(table)
    }

    /// Whether this is what was read of a file, and so is TOML.
    pub(super) fn has_read(&self, wanted: &Path, now: &str) -> bool {
        self.0.iter().any(|look| match look {
            Look::Text { file, text, .. } if file == wanted => {
                text.as_ref().is_some_and(|text| **text == now)
            }
            _ => false,
        })
    }

    /// Whether every answer would still be the same; `is_locked`, where nobody can be writing.
    pub(super) fn still_hold(&self, is_locked: bool) -> bool {
        self.0.iter().all(|look| match look {
            Look::Exists(path, was) => exists(path).ok() == *was,
            Look::Canonical(path, was) => canonical(path) == *was,
            Look::SameFile([one, other], is_same) => is_same_file(one, other) == *is_same,
            Look::Text {
                file,
                is_settled,
                text: was,
            } => text(file, *is_settled && !is_locked).is_ok_and(|now| now == *was),
        })
    }
}

impl fmt::Debug for Looks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Looks").finish_non_exhaustive()
    }
}

/// What cannot be looked at may be there.
fn exists(path: &Path) -> io::Result<bool> {
    match path.metadata() {
        Ok(_) => Ok(true),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(false),
            _ => Err(error),
        },
    }
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    lock::identity(one).is_some_and(|one| lock::identity(other) == Some(one))
}

fn text(file: &Path, is_settled: bool) -> Result<Option<Zeroizing<String>>> {
    if is_settled {
        replace::read_settled(file)
    } else {
        replace::read(file)
    }
}
