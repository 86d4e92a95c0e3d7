//! Reading a file, and the ways of writing one. The home of `tempfile`.
//!
//! `credentials.toml` is written in place, because Cargo waits for a lock on that inode and would write into
//! a file that is gone. A configuration file is replaced as a whole, so that no reader ever sees half of it.
//!
//! Invariant: what others look at is not written where it is the same. A mode is never widened. Nothing of a text is put into
//! an error.

mod folders;
mod in_place;

use std::borrow::Cow;
use std::fs::{self, File, Metadata, OpenOptions};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use zeroize::{Zeroize, Zeroizing};

use self::folders::make_folders;
pub(crate) use self::folders::{missing_folders, remove_folders};
use self::in_place::overwrite;
pub(crate) use self::in_place::{Way, in_place};
use super::exchange::{self, Exchange};
use super::lock;
use crate::error::{Error, Place, Result};

/// The mode of a new configuration file, and of one that holds tokens.
const PUBLIC: u32 = 0o644;
const PRIVATE: u32 = 0o600;

/// No file that is read is longer, in bytes: it would take minutes.
pub(super) const LONGEST: u64 = 40_000_000;

/// The text of a file; `None` if there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Zeroizing<String>>> {
    let bytes = read_bytes(path)?;
    bytes.map(|bytes| text_of(path, bytes)).transpose()
}

/// The text of a file that Cargo locks and writes in pieces, when it is not writing. Whoever has that lock uses
/// [`read`].
pub(crate) fn read_settled(path: &Path) -> Result<Option<Zeroizing<String>>> {
    let bytes = read_when(path, lock::settle)?;
    bytes.map(|bytes| text_of(path, bytes)).transpose()
}

/// What is in a file, be it text or half of it; `None` if there is none.
pub(crate) fn read_bytes(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>> {
    read_when(path, |_| {})
}

fn read_when(path: &Path, wait: impl Fn(&File)) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let failed = |error: &io::Error| Error::io("read", path, error);
    // Looks first: opening a pipe or a device may block.
    match fs::metadata(path) {
        Ok(metadata) => require_file(path, &metadata)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&error)),
    }
    match File::open(path) {
        Ok(mut file) => {
            wait(&file);
            read_open(&mut file, path).map(Some)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}

/// What is in a file that is open, as a locked one is, from its start; `path` is for the errors.
pub(crate) fn read_open(file: &mut File, path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let failed = |error: io::Error| Error::io("read", path, &error);
    // With room for all of it from the start, no copy is left behind by growing.
    let length = file.metadata().map_err(failed)?.len();
    if length > LONGEST {
        return Err(
            Error::failed(format!("this file has {} MB", length / 1_000_000))
                .at(Place::file(path))
                .because(format!("credsh reads up to {} MB", LONGEST / 1_000_000))
                .hint("look what is in it: Cargo's files have some kilobytes"),
        );
    }
    let room = usize::try_from(length)
        .unwrap_or_default()
        .saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::new());
    bytes
        .try_reserve_exact(room)
        .map_err(|_| failed(io::ErrorKind::OutOfMemory.into()))?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    file.read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Bytes as a text; `path` is for the error.
pub(crate) fn text_of(path: &Path, mut bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<String>> {
    String::from_utf8(std::mem::take(&mut *bytes))
        .map(Zeroizing::new)
        .map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let mut bytes = error.into_bytes();
            let line = bytes[..at].split(|byte| *byte == b'\n').count();
            bytes.zeroize();
            Error::malformed(format!("this is not UTF-8, from byte {} on", at + 1))
                .at(Place::line(path, line))
                .hint("save it as UTF-8")
        })
}

/// Writes a text as a whole: beside the file, and then in its place. Symbolic links stay, and so does the
/// mode; a new file gets 0644 as the umask allows. A file with several names, of another owner or group, or
/// that cannot be replaced (as a mount point) is written in place. `known` is the text that `new` was made
/// from. False, if the path leads to another one by now: that stays as it is. `temporary` is the name of the file
/// beside it once it is whole, so that one that was left there can be found; where the system can exchange two files,
/// the old one is kept there until [`sweep`] takes it away, or [`exchange::take_back`] puts it back.
pub(crate) fn atomically(
    path: &Path,
    temporary: &str,
    known: Option<&[u8]>,
    new: &str,
    way: Way,
) -> Result<bool> {
    let failed = |error: io::Error| Error::io("write", path, &error);
    let old = read_bytes(path)?;
    if old.as_ref().is_some_and(|old| **old == *new.as_bytes()) {
        return Ok(true);
    }
    if old.as_ref().map(|old| old.as_slice()) != known {
        return Ok(false);
    }
    let path = follow(path).map_err(failed)?;
    let Some(old) = old else {
        return create(&path, temporary, new, false);
    };
    // A read-only file could be replaced in a folder that is not: whoever made it so did not want that.
    let mut file = match OpenOptions::new().read(true).write(true).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened.map_err(failed)?,
    };
    let metadata = file.metadata().map_err(failed)?;
    // One that was replaced since has no name any more, which is not to be taken for several.
    if !lock::is_at(&file, &path) {
        return Ok(false);
    }
    if is_ours_alone(&metadata) && !has_more_than_a_mode(&file) {
        match instead(&path, temporary, (&file, &metadata, &old), new) {
            Ok(Some(is_done)) => return Ok(is_done),
            Ok(None) => {}
            Err(error) if is_bound_to_its_place(&error) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    if *read_open(&mut file, &path)? != *old {
        return Ok(false);
    }
    overwrite(&mut file, &old, new, way).map_err(failed)?;
    // What was written into a file that is gone is written nowhere.
    Ok(lock::is_at(&file, &path))
}

/// Writes a file where there is none, as a whole; one with tokens for nobody else to read, from its birth. False,
/// and nothing is changed, if there is one by now. Folders that are missing are made; behind a link nothing is.
pub(crate) fn create(path: &Path, temporary: &str, new: &str, is_private: bool) -> Result<bool> {
    let failed = |error: io::Error| Error::io("write", path, &error);
    if lands(path)? != path {
        return Ok(false);
    }
    let folders = if is_private { 0 } else { make_folders(path)? };
    let mode = if is_private { PRIVATE } else { PUBLIC };
    let created = beside(path, temporary, new, mode);
    if !matches!(created, Ok(true)) {
        remove_folders(path, folders);
    }
    created.map_err(failed)
}

/// Where what is written to this path lands. An error for a link to what is not there: that may be on a disk that comes
/// back, and then hides what was written meanwhile to where it was.
pub(crate) fn lands(path: &Path) -> Result<PathBuf> {
    let target = follow(path).map_err(|error| Error::io("write", path, &error))?;
    if target == path || target.try_exists().unwrap_or(true) {
        return Ok(target);
    }
    Err(Error::failed(format!(
        "this link leads to `{}`, where nothing is",
        target.display()
    ))
    .at(Place::file(path))
    .hint("bring back what was there, or remove the link"))
}

/// Whether a file can be made beside where this one is to be: whoever will write much later wants to know now.
pub(crate) fn can_create(path: &Path) -> Result<()> {
    tempfile::tempfile_in(folder_of(path))
        .map(drop)
        .map_err(|error| Error::io("write", path, &error))
}

/// Takes a file away that we have made, with this text; links to it stay, and so does what is another's by now.
/// `temporary` is the name that it has until it is known to be ours: somebody may save theirs at that very instant.
pub(crate) fn remove(path: &Path, temporary: &str, known: &str) -> Result<()> {
    let failed = |error: io::Error| Error::io("remove", path, &error);
    match read_bytes(path)? {
        Some(now) if *now == known.as_bytes() => {}
        Some(_) => return Err(written_meanwhile(path)),
        None => return Ok(()),
    }
    let target = follow(path).map_err(failed)?;
    let beside = folder_of(&target).join(temporary);
    match fs::rename(&target, &beside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        renamed => renamed.map_err(failed)?,
    }
    let is_ours = exchange::is(&beside, known.as_bytes());
    if is_ours {
        fs::remove_file(&beside).map_err(failed)?;
    } else {
        move_back(&beside, &target).map_err(failed)?;
    }
    sync_folder(&target);
    if is_ours {
        Ok(())
    } else {
        Err(written_meanwhile(path))
    }
}

/// Gives what lies beside a file its name, unless somebody else has that by now: then it stays where it is. Whether it
/// has it.
pub(super) fn move_back(beside: &Path, target: &Path) -> io::Result<bool> {
    match fs::hard_link(beside, target) {
        Ok(()) => fs::remove_file(beside).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        // A file system without links.
        Err(_) if !target.exists() => fs::rename(beside, target).map(|()| true),
        Err(error) => Err(error),
    }
}

/// A name for the file beside another one, which nobody else picks.
pub(crate) fn temporary() -> String {
    let number = std::hash::RandomState::new().build_hasher().finish();
    format!(".credsh-{number:016x}")
}

/// Takes away what a write has left beside a file, or one that was cut off.
pub(crate) fn sweep(path: &Path, temporary: &str) -> Result<()> {
    let path = follow(path).map_err(|error| Error::io("look at this file", path, &error))?;
    for name in [temporary, &unfinished(temporary)] {
        let beside = folder_of(&path).join(name);
        match fs::remove_file(&beside) {
            // One that came back after a power failure would stay for ever.
            Ok(()) => sync_folder(&path),
            Err(error) if is_not_there(&error) => {}
            Err(error) => return Err(Error::io("remove", &beside, &error)),
        }
    }
    Ok(())
}

/// What there is of that.
pub(crate) fn left_beside(path: &Path, temporary: &str) -> Vec<PathBuf> {
    let path = follow(path).unwrap_or_else(|_| path.to_owned());
    let names = [temporary.to_owned(), unfinished(temporary)];
    let beside = names.map(|name| folder_of(&path).join(name));
    beside
        .into_iter()
        .filter(|beside| beside.exists())
        .collect()
}

/// Neither the file is there nor, perhaps, its folder.
fn is_not_there(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

pub(crate) fn written_meanwhile(path: &Path) -> Error {
    Error::failed("somebody else has written this file meanwhile; it stays as it is")
        .at(Place::file(path))
        .hint("repeat the command")
}

/// Refuses what is not a file: reading or writing it could block, or mean something else.
pub(super) fn require_file(path: &Path, metadata: &Metadata) -> Result<()> {
    let what = match metadata.file_type() {
        kind if kind.is_file() => return Ok(()),
        kind if kind.is_dir() => "this is a folder, not a file",
        _ => "this is not a regular file",
    };
    Err(Error::failed(what)
        .at(Place::file(path))
        .hint("name a file, or move what is there out of the way"))
}

/// Writes a new file beside `path` and moves it there, with this mode as the umask allows. False, and nothing is
/// changed, if there is one by now.
fn beside(path: &Path, temporary: &str, new: &str, mode: u32) -> io::Result<bool> {
    let mut file = born(path, &unfinished(temporary), mode)?;
    file.write_all(new.as_bytes())?;
    file.as_file().sync_all()?;
    let moved = match file.persist_noclobber(path) {
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        // A file system that cannot tell.
        Err(error) if !path.exists() => error.file.persist(path),
        moved => moved,
    };
    moved.map_err(|error| error.error)?;
    sync_folder(path);
    Ok(true)
}

/// Writes a new file beside `path` and exchanges it for the old one, whose mode and group it gets; that is kept. False,
/// if somebody else has put another one there, which stays; nothing, if ours cannot have that group.
fn instead(
    path: &Path,
    temporary: &str,
    (old_file, metadata, old): (&File, &Metadata, &[u8]),
    new: &str,
) -> io::Result<Option<bool>> {
    let mut file = born(path, &unfinished(temporary), PRIVATE)?;
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::gid(&file.as_file().metadata()?)
        != std::os::unix::fs::MetadataExt::gid(metadata)
    {
        return Ok(None);
    }
    file.as_file().set_permissions(metadata.permissions())?;
    file.write_all(new.as_bytes())?;
    file.as_file().sync_all()?;
    // Under that name there is never half a text: whoever finds one there knows that it was in the file's place, unless
    // it is the new one.
    let beside = folder_of(path).join(temporary);
    file.persist_noclobber(&beside)?;
    let done = exchange::exchange(&beside, path, old, new.as_bytes());
    let is_moved = match done {
        Ok(Exchange::Done) => Ok(true),
        Ok(Exchange::Refused) => Ok(false),
        Ok(Exchange::Unsupported) => {
            // All that can be done there is to look right before.
            let is_old = matches!(read_bytes(path), Ok(Some(now)) if *now == *old);
            if is_old && lock::is_at(old_file, path) {
                fs::rename(&beside, path).map(|()| true)
            } else {
                Ok(false)
            }
        }
        Err(error) => Err(error),
    };
    if matches!(is_moved, Ok(true)) {
        sync_folder(path);
    } else if exchange::is(&beside, new.as_bytes()) {
        fs::remove_file(&beside)?;
    }
    is_moved.map(Some)
}

/// Writes a file that nobody else may look into, as a whole. Symbolic links stay. Whoever calls this has the
/// lock under which alone this file is written: what an earlier write has left beside it is taken away.
pub(crate) fn private(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |error: io::Error| Error::io("write", path, &error);
    let path = lands(path)?;
    let temporary = unfinished(&name_of(&path));
    let write = || {
        match fs::remove_file(folder_of(&path).join(&temporary)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = born(&path, &temporary, PRIVATE)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        sync_folder(&path);
        Ok(())
    };
    write().map_err(failed)
}

/// Takes away what one of these writes has left that was cut off, for whoever has the lock.
pub(crate) fn sweep_private(path: &Path) {
    if let Ok(path) = follow(path) {
        let _ = sweep(&path, &unfinished(&name_of(&path)));
    }
}

/// What a file beside another one is called until it is whole.
fn unfinished(name: &str) -> String {
    format!("{name}.new")
}

fn name_of(path: &Path) -> Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}

/// A new file beside `path`, which goes again unless it is moved.
fn born(path: &Path, name: &str, mode: u32) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(name).rand_bytes(0);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode;
    builder.tempfile_in(folder_of(path))
}

/// Not every file system can sync a folder, and the text is in its place already.
pub(super) fn sync_folder(path: &Path) {
    #[cfg(unix)]
    let _ = File::open(folder_of(path)).and_then(|folder| folder.sync_all());
    #[cfg(not(unix))]
    let _ = path;
}

pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Where a chain of symbolic links ends, even if nothing is there.
pub(crate) fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..40 {
        if !fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink()) {
            return Ok(path);
        }
        let target = fs::read_link(&path)?;
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    Err(io::Error::other("too many symbolic links"))
}

/// One name, and owned by the user that we are.
#[cfg(unix)]
fn is_ours_alone(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.nlink() == 1 && metadata.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_ours_alone(_metadata: &Metadata) -> bool {
    true
}

/// Access lists and attributes of the user do not come along to another file, and without them the mode may mean
/// more than it did.
#[cfg(unix)]
fn has_more_than_a_mode(file: &File) -> bool {
    let mut names = vec![0_u8; 64 * 1024];
    match rustix::fs::flistxattr(file, &mut names) {
        Ok(length) => names[..length]
            .split(|byte| *byte == 0)
            .any(|name| !name.is_empty() && !name.starts_with(b"security.")),
        Err(_) => false,
    }
}

#[cfg(not(unix))]
fn has_more_than_a_mode(_file: &File) -> bool {
    false
}

/// A mount point, or a folder that we may not write to: the file in it we may.
fn is_bound_to_its_place(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied
            | io::ErrorKind::ResourceBusy
            | io::ErrorKind::CrossesDevices
    )
}

#[cfg(test)]
mod tests;
