//! Writing into a file that stays the same one: Cargo may be waiting for a lock on it, or it may have several names.
//!
//! Invariant: a write that is cut off leaves a file of which a journal can tell that it is ours.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use zeroize::Zeroizing;

use super::read_open;
use crate::error::{Error, Result};

/// How a file that is written in place grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// To a new text in one write, so that a reader is exposed to that alone.
    Forth,
    /// Back to its old text, first by what had been cut off: a write that is cut off as well is then not to be taken for
    /// somebody else's work.
    Back,
}

/// Writes the text of a file that holds tokens: into the open and locked `file`. False, if that does not hold `old`:
/// then it stays as it is. What others may do with it is taken away first. One write of the range that differs, then the
/// cut at the end: a reader without a lock sees `old`, or `new` with some newlines behind it, except during that one
/// write.
pub(crate) fn in_place(
    file: &mut File,
    path: &Path,
    old: &[u8],
    new: &str,
    way: Way,
) -> Result<bool> {
    // Not everybody who writes it asks for the lock.
    if *read_open(file, path)? != *old {
        return Ok(false);
    }
    if old == new.as_bytes() {
        return Ok(true);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let failed = |error: io::Error| Error::io("keep others from reading", path, &error);
        let mut permissions = file.metadata().map_err(failed)?.permissions();
        if permissions.mode() & 0o077 != 0 {
            permissions.set_mode(permissions.mode() & 0o700);
            file.set_permissions(permissions).map_err(failed)?;
        }
    }
    overwrite(file, old, new, way).map_err(|error| Error::io("write", path, &error))?;
    Ok(true)
}

/// Writes the range that differs, padded to the old length, then cuts; on the way back to a longer text first what is to
/// stand behind the end of this one. If that fails, puts the old text back, in the same way, as far as it can. So one that
/// was cut off has the length of one of both, or ends with a whole block of the disk; and where it has been cut to a
/// shorter new text, that is on the disk.
pub(super) fn overwrite(file: &mut File, old: &[u8], new: &str, way: Way) -> io::Result<()> {
    let mut padded = Zeroizing::new(Vec::with_capacity(old.len().max(new.len())));
    padded.extend_from_slice(new.as_bytes());
    padded.resize(old.len().max(new.len()), b'\n');
    let same = |(a, b): &(&u8, &u8)| a == b;
    let start = old.iter().zip(padded.iter()).take_while(same).count();
    let behind = if old.len() == padded.len() {
        let tails = old[start..].iter().rev().zip(padded[start..].iter().rev());
        tails.take_while(same).count()
    } else {
        0
    };
    let put = |file: &mut File, start: usize, bytes: &[u8]| {
        if bytes.is_empty() {
            return Ok(());
        }
        file.seek(SeekFrom::Start(start as u64))?;
        file.write_all(bytes)
    };
    let cut = |file: &mut File, length: usize| {
        file.set_len(length as u64)?;
        file.sync_all()
    };
    // What was cut off first, and on the disk before anything else; a disk that fails tells so in the end.
    let end_first = |file: &mut File, there: usize, start: usize, text: &[u8]| {
        put(file, there, &text[there..])?;
        let _ = file.sync_all();
        put(file, start.min(there), &text[start.min(there)..there])
    };
    let written = if way == Way::Back && old.len() < new.len() {
        end_first(file, old.len(), start, new.as_bytes())
    } else {
        put(file, start, &padded[start..padded.len() - behind])
    };
    let written = written.and_then(|()| file.sync_all());
    let written = written.and_then(|()| {
        if new.len() < padded.len() {
            cut(file, new.len())
        } else {
            Ok(())
        }
    });
    if written.is_err() {
        let _ = end_first(file, new.len().min(old.len()), start, old)
            .and_then(|()| cut(file, old.len()));
    }
    written
}
