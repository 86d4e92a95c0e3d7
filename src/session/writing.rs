//! Writing one file of a commit, and what lies beside it until the whole commit is done or taken back.
//!
//! Invariant: nothing of somebody else's is overwritten or taken away: who finds it prepares again, from what is there
//! now.

use std::path::Path;

use zeroize::Zeroizing;

use crate::disk::exchange;
use crate::disk::journal::{FileRecord, State};
use crate::disk::lock::{self, Lock};
use crate::disk::replace::{self, Way};
use crate::error::{Error, Place, Result};

/// How often somebody else may write a file while we do.
pub(super) const TRIES: usize = 100;

/// Does this until it is done: somebody else may write at the same time, but not for ever.
pub(super) fn until_done(file: &Path, mut step: impl FnMut() -> Result<bool>) -> Result<()> {
    for _ in 0..TRIES {
        if step()? {
            return Ok(());
        }
    }
    Err(lock::replaced_for_ever(file))
}

/// Writes one file's new text over the `old` one. False, where somebody has made or written the file meanwhile, or has
/// put another one in its place: then nothing is changed in that. The old file may be kept beside it, see [`tidy`].
pub(super) fn write_one(
    record: &FileRecord,
    lock: Option<&mut Lock>,
    old: Option<&[u8]>,
    new: &str,
    way: Way,
) -> Result<bool> {
    let FileRecord {
        file, temporary, ..
    } = record;
    match (lock, old) {
        (_, Some(_)) if !record.is_credentials => {
            replace::atomically(file, temporary, old, new, way)
        }
        (Some(lock), Some(old)) => Ok(lock.is_of(file)
            && replace::in_place(&mut lock.file, file, old, new, way)?
            && lock.is_of(file)),
        (_, None) => replace::create(file, temporary, new, record.is_credentials),
        (None, Some(_)) => Ok(false),
    }
}

/// The same where it is not to be taken back.
pub(super) fn write_for_good(
    record: &FileRecord,
    lock: Option<&mut Lock>,
    old: Option<&[u8]>,
    new: &str,
    way: Way,
) -> Result<bool> {
    let is_written = write_one(record, lock, old, new, way)?;
    tidy(record).map(|()| is_written)
}

/// Gives a file that was written with [`write_one`] its old text back, in the way in which it was written.
pub(super) fn take_back(
    record: &FileRecord,
    lock: Option<&mut Lock>,
    old: Option<&str>,
    new: &str,
) -> Result<()> {
    let FileRecord {
        file, temporary, ..
    } = record;
    let is_back = match old {
        None => {
            replace::remove(file, temporary, new)?;
            replace::remove_folders(file, record.folders);
            true
        }
        Some(old) if record.is_credentials => {
            write_one(record, lock, Some(new.as_bytes()), old, Way::Back)?
        }
        Some(old) => exchange::take_back(file, temporary, new, old)?,
    };
    if !is_back {
        return Err(replace::written_meanwhile(file));
    }
    tidy(record)
}

/// Takes away what a write has left beside the file. What somebody else has written into that since stays there until
/// the next start.
pub(super) fn tidy(record: &FileRecord) -> Result<()> {
    let FileRecord {
        file, temporary, ..
    } = record;
    if record.is_credentials {
        return Ok(());
    }
    if theirs(record)?.is_some() {
        return Err(kept_beside(record)?);
    }
    replace::sweep(file, temporary)
}

/// The same at the start that comes after: what somebody else has written goes back, unless they have written the file
/// again since. Then it stays, and what is to be told of it is answered.
pub(super) fn tidy_after_kill(record: &FileRecord) -> Result<Option<Error>> {
    let FileRecord {
        file, temporary, ..
    } = record;
    if let Some(kept) = theirs(record)? {
        let now = replace::read_bytes(file)?;
        let is_back = match &now {
            Some(now) if record.state(Some(now)) == State::New => {
                exchange::put_back(file, temporary, &kept, now)?
            }
            Some(_) => false,
            None => exchange::move_back(file, temporary)?,
        };
        if !is_back {
            return kept_beside(record).map(Some);
        }
    }
    replace::sweep(file, temporary).map(|()| None)
}

fn kept_beside(record: &FileRecord) -> Result<Error> {
    let beside = exchange::beside(&record.file, &record.temporary)?;
    Ok(Error::failed(format!(
        "somebody else has gone on writing the file that was here before; that is in `{}`",
        beside.display()
    ))
    .at(Place::file(&record.file)))
}

/// What lies beside a file and is neither its old text nor its new one: somebody else had saved theirs in the very instant
/// in which the files changed places, or had the old one open and has written into it since.
pub(super) fn theirs(record: &FileRecord) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let kept = exchange::kept(&record.file, &record.temporary)?;
    Ok(kept.filter(|kept| record.state(Some(kept)) == State::Other))
}
