//! Two files that change places in one step: who puts a new text in the place of an old one sees what was there at that
//! very instant, and loses nothing of an editor that saves its own then.
//!
//! Invariant: what somebody else has put there stands there again where this succeeds. Only a kill, or a failing disk, can
//! come between; what lies beside the new text then is no old one, and goes back at the next start.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::replace::{self, LONGEST, Way};
use crate::error::{Error, Result};

/// How often somebody else may put something new there meanwhile.
const ROUNDS: usize = 100;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exchange {
    /// They have changed places.
    Done,
    /// Somebody else has written the file, which is as they left it.
    Refused,
    /// This system, or this file system, cannot do it; nothing is changed.
    Unsupported,
}

/// Puts the file `beside`, which has the text `new`, in the place of the one at `path`, if that has the text `known`.
pub(super) fn exchange(
    beside: &Path,
    path: &Path,
    known: &[u8],
    new: &[u8],
) -> io::Result<Exchange> {
    let mut expected = Some(Zeroizing::new(known.to_vec()));
    let mut placed = Some(Zeroizing::new(new.to_vec()));
    for round in 0..ROUNDS {
        match swap(beside, path) {
            Ok(()) => {}
            Err(error) if round == 0 => {
                return match error {
                    error if error.kind() == io::ErrorKind::NotFound => Ok(Exchange::Refused),
                    error if is_unsupported(&error) => Ok(Exchange::Unsupported),
                    error => Err(error),
                };
            }
            // Ours was taken away, and theirs is beside it.
            Err(_) => {
                fs::rename(beside, path)?;
                return Ok(Exchange::Refused);
            }
        }
        let out = match text_at(beside) {
            Ok(out) => out,
            Err(error) if round == 0 => {
                swap(beside, path)?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        if out == expected {
            return Ok(if round == 0 {
                Exchange::Done
            } else {
                Exchange::Refused
            });
        }
        // What came out goes back, in the place of what was put in.
        expected = std::mem::replace(&mut placed, out);
    }
    Err(io::Error::other("it is being replaced again and again"))
}

/// What is beside a file under the temporary name: the old one, if that was replaced.
pub(crate) fn kept(path: &Path, temporary: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
    replace::read_bytes(&beside(path, temporary)?)
}

/// Where that is.
pub(crate) fn beside(path: &Path, temporary: &str) -> Result<PathBuf> {
    let target =
        replace::follow(path).map_err(|error| Error::io("look at this file", path, &error))?;
    Ok(replace::folder_of(&target).join(temporary))
}

/// Puts that back, in the place of the text that is there `now` and that comes to be kept instead. False, and nothing is
/// changed, if it is no longer there.
#[must_use = "what is kept goes nowhere where it is false"]
pub(crate) fn put_back(path: &Path, temporary: &str, kept: &[u8], now: &[u8]) -> Result<bool> {
    let failed = |error: io::Error| Error::io("write", path, &error);
    let target = replace::follow(path).map_err(failed)?;
    let beside = beside(path, temporary)?;
    let exchanged = exchange(&beside, &target, now, kept).map_err(failed)?;
    Ok(exchanged == Exchange::Done)
}

/// Moves that back where nothing is there by now. Whether it is back.
pub(crate) fn move_back(path: &Path, temporary: &str) -> Result<bool> {
    let failed = |error: io::Error| Error::io("write", path, &error);
    let target = replace::follow(path).map_err(failed)?;
    replace::move_back(&beside(path, temporary)?, &target).map_err(failed)
}

/// Gives a file that was written with [`replace::atomically`] back what was there: the file that was kept, which needs no
/// room on the disk, and whose owner may have gone on writing it; else its `old` text. False, if somebody else has
/// written it: then it stays.
pub(crate) fn take_back(path: &Path, temporary: &str, new: &str, old: &str) -> Result<bool> {
    match kept(path, temporary)? {
        Some(kept) => put_back(path, temporary, &kept, new.as_bytes()),
        None => replace::atomically(path, temporary, Some(new.as_bytes()), old, Way::Back),
    }
}

/// Whether this is a file with this text.
pub(super) fn is(path: &Path, text: &[u8]) -> bool {
    matches!(text_at(path), Ok(Some(now)) if *now == *text)
}

/// The text of a file; none, where something else is.
fn text_at(path: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_file() || metadata.len() > LONGEST {
        return Ok(None);
    }
    fs::read(path).map(Zeroizing::new).map(Some)
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn swap(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn swap(_one: &Path, _other: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn is_unsupported(error: &io::Error) -> bool {
    #[cfg(unix)]
    if let Some(code) = error.raw_os_error() {
        use rustix::io::Errno;
        let codes = [Errno::NOSYS, Errno::INVAL, Errno::NOTSUP, Errno::OPNOTSUPP];
        return codes.iter().any(|errno| errno.raw_os_error() == code);
    }
    error.kind() == io::ErrorKind::Unsupported
}

#[cfg(test)]
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod tests {
    use super::*;

    /// What is at the path and beside it afterwards; the path has `now`, and `known` is what it is taken for.
    #[track_caller]
    fn check(now: Option<&str>, known: &str, expected: Exchange, left: [Option<&str>; 2]) {
        let folder = tempfile::tempdir().unwrap();
        let [path, beside] = ["path", "beside"].map(|name| folder.path().join(name));
        fs::write(&beside, "new").unwrap();
        if let Some(now) = now {
            fs::write(&path, now).unwrap();
        }
        let done = exchange(&beside, &path, known.as_bytes(), b"new").unwrap();
        let texts = [path, beside].map(|path| fs::read_to_string(path).ok());
        assert_eq!(done, expected);
        assert_eq!(texts.each_ref().map(Option::as_deref), left);
    }

    #[test]
    fn what_is_not_known_stays_where_it_is() {
        let (old, new, theirs) = (Some("old"), Some("new"), Some("theirs"));
        check(old, "old", Exchange::Done, [new, old]);
        check(theirs, "old", Exchange::Refused, [theirs, new]);
        check(None, "old", Exchange::Refused, [None, new]);
    }

    /// The text at the path and the one that was kept, before and after it is to be taken back.
    #[track_caller]
    fn check_back(before: [&str; 2], is_back: bool, after: [&str; 2]) {
        let folder = tempfile::tempdir().unwrap();
        let [path, beside] = ["path", "beside"].map(|name| folder.path().join(name));
        for (path, text) in [&path, &beside].into_iter().zip(before) {
            fs::write(path, text).unwrap();
        }
        assert_eq!(take_back(&path, "beside", "new", "old").unwrap(), is_back);
        let texts = [path, beside].map(|path| fs::read_to_string(path).unwrap());
        assert_eq!(texts, after);
    }

    /// Whatever has been written into either.
    #[test]
    fn what_is_kept_goes_back_or_stays() {
        check_back(["new", "old"], true, ["old", "new"]);
        check_back(["new", "old and more"], true, ["old and more", "new"]);
        check_back(["theirs", "old"], false, ["theirs", "old"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_or_a_link_stays_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let [path, beside] = ["path", "beside"].map(|name| folder.path().join(name));
        fs::write(&beside, "new").unwrap();
        let tried = || exchange(&beside, &path, b"old", b"new").unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!((tried(), path.is_dir()), (Exchange::Refused, true));
        fs::remove_dir(&path).unwrap();
        fs::write(folder.path().join("other"), "old").unwrap();
        std::os::unix::fs::symlink("other", &path).unwrap();
        assert_eq!((tried(), path.is_symlink()), (Exchange::Refused, true));
    }
}
