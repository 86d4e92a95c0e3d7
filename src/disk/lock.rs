//! Advisory locks: credsh's own, and Cargo's on the file that it keeps tokens in.
//!
//! Cargo locks `credentials.toml` itself (`flock` on that inode), so that is what is locked here too. A file
//! that was replaced while we waited is another inode: a lock counts only if the path still leads to it.
//!
//! Invariant: a lock that is returned is on the file that the path leads to, or says that this file system
//! has no locks, and then keeps out at least other credsh of the same user on this machine (on Linux): a run that is at
//! work is told from one that was killed. Waiting has a limit, and nothing here blocks in a system call.
//!
//! What stands for a lock then is a name that has the user in it, and that any process of the same network namespace can
//! take all the same: somebody who means to can keep credsh from writing, but not more than that. Who is in another
//! namespace, or is another user who may write the same files, is not kept out.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::replace::require_file;
use crate::error::{Error, Kind, Place, Result};

/// How long to sleep before asking again for a lock that somebody else has.
const PAUSE: Duration = Duration::from_millis(20);

/// How long a reader waits for a writer, who needs some milliseconds.
const LONGEST_WRITE: Duration = Duration::from_secs(1);

/// How long for one who has not begun to write: some have the lock and do nothing.
const LONGEST_START: Duration = Duration::from_millis(100);

/// How often a file may be replaced while we wait for it.
const REPLACEMENTS: usize = 100;

/// An exclusive lock; dropping it lets go.
#[must_use = "dropping a lock lets go of it"]
pub(crate) struct Lock {
    /// The locked file, open for reading and writing.
    pub(crate) file: File,
    /// What stands for it, where the file system has no locks, as some network ones.
    stand_in: Option<Name>,
}

/// A name that one process of this machine can have, and that goes with it: no other credsh is here that has this file
/// locked, but who knows no such names is not kept out.
struct Name {
    #[cfg(target_os = "linux")]
    _listener: Option<std::os::unix::net::UnixListener>,
}

/// Takes credsh's own lock: `path` is `$CARGO_HOME/.credsh/lock` or beside it. The folder is created, for
/// nobody else to look into. `pause` is called again and again
/// while somebody else has the lock, and may end the waiting.
pub(crate) fn own(
    path: &Path,
    limit: Duration,
    pause: &mut dyn FnMut() -> Result<()>,
) -> Result<Lock> {
    if let Some(folder) = path.parent() {
        let mut private = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut private, 0o700);
        let created = folder
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| private.create(folder));
        match created {
            // A journal is no use in a folder that is gone after a power failure.
            Ok(()) => super::replace::sync_folder(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::io("create this folder", folder, &error)),
        }
    }
    take(path, true, limit, pause)?.ok_or_else(|| replaced_for_ever(path))
}

/// Whether somebody has credsh's own lock now; one that was never taken is nobody's.
pub(crate) fn is_held(path: &Path) -> Result<bool> {
    match take(path, false, Duration::ZERO, &mut || Ok(())) {
        Err(error) if error.kind() == Kind::Unavailable => Ok(true),
        taken => taken.map(|_| false),
    }
}

/// Takes the lock of a file itself, as Cargo does when it writes the one with tokens. None, if there is no such
/// file: an empty one that was made for its lock could not be taken away again, since somebody may wait for that
/// lock.
pub(crate) fn of_file(
    path: &Path,
    limit: Duration,
    pause: &mut dyn FnMut() -> Result<()>,
) -> Result<Option<Lock>> {
    take(path, false, limit, pause)
}

/// Waits until nobody is writing this file, which is open for reading, and keeps it so while it stays open: Cargo
/// writes it in pieces. A writer who takes too long is not waited for.
pub(crate) fn settle(file: &File) {
    let start = Instant::now();
    let was_written = || {
        let age = file.metadata().and_then(|metadata| metadata.modified());
        age.map_or(true, |at| {
            at.elapsed().map_or(true, |age| age < LONGEST_WRITE)
        })
    };
    while matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
        && start.elapsed() < LONGEST_WRITE
        && (start.elapsed() < LONGEST_START || was_written())
    {
        thread::sleep(PAUSE);
    }
}

fn take(
    path: &Path,
    creates: bool,
    limit: Duration,
    pause: &mut dyn FnMut() -> Result<()>,
) -> Result<Option<Lock>> {
    let start = Instant::now();
    for _ in 0..REPLACEMENTS {
        let Some(file) = open(path, creates)? else {
            return Ok(None);
        };
        loop {
            let stand_in = match try_lock(&file) {
                Ok(stand_in) => stand_in,
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {
                    continue;
                }
                Err(TryLockError::Error(error)) => return Err(Error::io("lock", path, &error)),
                Err(TryLockError::WouldBlock) => {
                    if !is_at(&file, path) {
                        break;
                    }
                    let left = limit.saturating_sub(start.elapsed());
                    if left.is_zero() {
                        return Err(held_too_long(path, limit));
                    }
                    pause()?;
                    thread::sleep(left.min(PAUSE));
                    continue;
                }
            };
            if !is_at(&file, path) {
                break;
            }
            return Ok(Some(Lock { file, stand_in }));
        }
    }
    Err(replaced_for_ever(path))
}

fn try_lock(file: &File) -> Result<Option<Name>, TryLockError> {
    match file.try_lock() {
        Ok(()) => Ok(None),
        Err(TryLockError::Error(error)) if is_unsupported(&error) => Name::take(file).map(Some),
        Err(error) => Err(error),
    }
}

impl Name {
    /// The name that stands for a file, unless somebody has it; where there are no names either, nothing does.
    #[cfg(target_os = "linux")]
    fn take(file: &File) -> Result<Self, TryLockError> {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::fs::MetadataExt;
        use std::os::unix::net::{SocketAddr, UnixListener};
        let metadata = file.metadata().map_err(TryLockError::Error)?;
        let user = rustix::process::geteuid().as_raw();
        let name = format!("credsh lock {user} {} {}", metadata.dev(), metadata.ino());
        let bound = SocketAddr::from_abstract_name(name)
            .and_then(|address| UnixListener::bind_addr(&address));
        match bound {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(TryLockError::WouldBlock),
            bound => Ok(Self {
                _listener: bound.ok(),
            }),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn take(_file: &File) -> Result<Self, TryLockError> {
        Ok(Self {})
    }
}

fn held_too_long(path: &Path, limit: Duration) -> Error {
    let error = Error::unavailable(format!(
        "another process holds the lock on this file for more than {} s",
        limit.as_secs()
    ));
    error.at(Place::file(path)).hint(if cfg!(unix) {
        format!(
            "`fuser '{}'` shows which one; repeat the command once it has ended",
            path.display()
        )
    } else {
        "repeat the command once it has ended".to_owned()
    })
}

/// Somebody else is always faster.
pub(crate) fn replaced_for_ever(path: &Path) -> Error {
    Error::unavailable("this file is being replaced again and again")
        .at(Place::file(path))
        .hint("end what writes it, and repeat the command")
}

/// Opens the file, if there is one or `creates` says so. Looks first: opening a pipe or a device may block.
fn open(path: &Path, creates: bool) -> Result<Option<File>> {
    match fs::metadata(path) {
        Ok(metadata) => require_file(path, &metadata)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound && creates => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("look at this file", path, &error)),
    }
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(creates)
        .truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(file) => Ok(Some(file)),
        // Somebody has taken it away since.
        Err(error) if error.kind() == io::ErrorKind::NotFound && !creates => Ok(None),
        Err(error) => Err(Error::io("open this file for writing", path, &error)),
    }
}

impl Lock {
    /// Whether whoever else writes the file, as Cargo, is kept out.
    pub(crate) fn is_for_all(&self) -> bool {
        self.stand_in.is_none()
    }

    /// Whether the path still leads to the locked file.
    pub(crate) fn is_of(&self, path: &Path) -> bool {
        is_at(&self.file, path)
    }
}

/// What a file is, by whatever name.
#[cfg(unix)]
pub(crate) type Identity = (u64, u64);

/// What a file is, by whatever name.
#[cfg(not(unix))]
pub(crate) type Identity = std::path::PathBuf;

/// What a file is; nothing, where there is none.
#[cfg(unix)]
pub(crate) fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    let metadata = path.metadata().ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// What a file is; nothing, where there is none.
#[cfg(not(unix))]
pub(crate) fn identity(path: &Path) -> Option<Identity> {
    path.canonicalize().ok()
}

/// Whether the path leads to this very file.
#[cfg(unix)]
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let same = |a: &fs::Metadata, b: &fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    matches!((file.metadata(), fs::metadata(path)), (Ok(a), Ok(b)) if same(&a, &b))
}

/// Whether the path leads to this very file: elsewhere a file that is open cannot be replaced.
#[cfg(not(unix))]
pub(super) fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

fn is_unsupported(error: &io::Error) -> bool {
    #[cfg(unix)]
    if let Some(code) = error.raw_os_error() {
        use rustix::io::Errno;
        let codes = [Errno::NOTSUP, Errno::OPNOTSUPP, Errno::NOSYS, Errno::NOLCK];
        if codes.iter().any(|errno| errno.raw_os_error() == code) {
            return true;
        }
    }
    error.kind() == io::ErrorKind::Unsupported
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(60);
    const LONG: Duration = Duration::from_secs(20);

    fn quiet() -> impl FnMut() -> Result<()> {
        || panic!("nobody has the lock")
    }

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn folder_and_file_are_private_from_birth() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("cargo/.credsh/lock");
        assert!(!is_held(&path).unwrap());
        let lock = own(&path, SOON, &mut quiet()).unwrap();
        assert!(lock.is_for_all() && is_held(&path).unwrap());
        drop(lock);
        // A child that another thread is just starting has whatever is open until it is its program.
        let mut looks = (0..100).map(|_| {
            thread::sleep(PAUSE);
            is_held(&path).unwrap()
        });
        assert!(looks.any(|is_held| !is_held));
        #[cfg(unix)]
        {
            assert_eq!(mode(path.parent().unwrap()), 0o700);
            assert_eq!(mode(&path), 0o600);
        }
    }

    #[test]
    fn waiting_can_be_announced_and_has_a_limit() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("credentials.toml");
        fs::write(&path, "").unwrap();
        let _held = of_file(&path, SOON, &mut quiet()).unwrap();
        let mut told = 0;
        let error = of_file(&path, Duration::from_millis(500), &mut || {
            told += 1;
            Ok(())
        })
        .err()
        .unwrap();
        assert_eq!((told > 0, error.kind()), (true, Kind::Unavailable));
        assert_eq!(error.place(), Some(&Place::file(&path)));
        assert!(error.next_step().unwrap().contains("once it has ended"));
    }

    #[test]
    fn whoever_waits_can_be_interrupted() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("credentials.toml");
        fs::write(&path, "").unwrap();
        let _held = of_file(&path, SOON, &mut quiet()).unwrap();
        let error = of_file(&path, LONG, &mut || Err(Error::interrupted()));
        assert_eq!(error.err().unwrap().kind(), Kind::Interrupted);
    }

    #[test]
    fn the_lock_comes_when_the_other_lets_go() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("credentials.toml");
        fs::write(&path, "").unwrap();
        let mut held = Some(of_file(&path, SOON, &mut quiet()).unwrap());
        let _lock = of_file(&path, LONG, &mut || {
            held.take();
            Ok(())
        })
        .unwrap();
        assert!(held.is_none());
    }

    #[test]
    fn a_file_that_was_replaced_meanwhile_is_opened_again() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("credentials.toml");
        fs::write(&path, "old").unwrap();
        let _held = of_file(&path, SOON, &mut quiet()).unwrap();
        // The old inode stays locked for ever.
        let mut replace = || {
            let new = home.path().join("new");
            fs::write(&new, "the new one").unwrap();
            fs::rename(&new, &path).unwrap();
            Ok(())
        };
        let lock = of_file(&path, LONG, &mut replace).unwrap();
        assert_eq!(
            io::read_to_string(&lock.unwrap().file).unwrap(),
            "the new one"
        );
    }

    #[test]
    fn one_at_a_time() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("count");
        let add = || {
            for _ in 0..50 {
                let lock = home.path().join(".credsh/lock");
                let _lock = own(&lock, LONG, &mut || Ok(())).unwrap();
                let count = fs::read_to_string(&path).unwrap_or_default();
                fs::write(&path, count + "x").unwrap();
            }
        };
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(add);
            }
        });
        assert_eq!(fs::read_to_string(&path).unwrap().len(), 200);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_refused_and_links_are_followed() {
        let home = tempfile::tempdir().unwrap();
        let check = |name: &str, expected: &str| {
            let path = home.path().join(name);
            let error = of_file(&path, SOON, &mut quiet()).err().unwrap();
            assert_eq!(error.to_string(), format!("{}: {expected}", path.display()));
        };
        fs::create_dir(home.path().join("folder")).unwrap();
        check("folder", "this is a folder, not a file");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            home.path().join("pipe"),
            rustix::fs::FileType::Fifo,
            0o600.into(),
            0,
        )
        .unwrap();
        check("pipe", "this is not a regular file");

        let link = home.path().join("link");
        std::os::unix::fs::symlink("target", &link).unwrap();
        assert!(of_file(&link, SOON, &mut quiet()).unwrap().is_none());
        fs::write(home.path().join("target"), "").unwrap();
        let _held = of_file(&home.path().join("target"), SOON, &mut quiet()).unwrap();
        assert!(of_file(&link, SOON, &mut || Ok(())).is_err());
    }

    #[test]
    fn file_systems_without_locks_are_told_apart() {
        assert!(is_unsupported(&io::ErrorKind::Unsupported.into()));
        assert!(!is_unsupported(&io::ErrorKind::PermissionDenied.into()));
        #[cfg(unix)]
        for errno in [rustix::io::Errno::NOTSUP, rustix::io::Errno::NOSYS] {
            assert!(is_unsupported(&io::Error::from_raw_os_error(
                errno.raw_os_error()
            )));
        }
    }
}
