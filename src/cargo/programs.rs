//! Programs as the system would find them, on `PATH`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::config::Config;
use crate::disk::lock::{Identity, identity};
use crate::world::Env;

/// This program, as a provider.
pub const CREDSH: &str = "credsh";

/// How much of a program is compared at once, in bytes.
const PIECE: usize = 64 * 1024;

/// Whether a command stands for this program: by its bare name, or as the very file that runs now, or that its name leads
/// to on `PATH`, or as a copy of one of them. What is called alike elsewhere is somebody else's.
pub fn is_credsh(config: &Config, program: &str) -> bool {
    program == CREDSH
        || is_this_program(config, program)
        || find(config, CREDSH).is_some_and(|ours| leads_to(config, program, &ours))
}

/// Whether a command starts the very file that runs now, or a copy of it. Nothing else gets what is for credsh alone: its
/// name may lead to somebody else's program.
pub fn is_this_program(config: &Config, program: &str) -> bool {
    leads_to(config, program, config.program())
}

fn leads_to(config: &Config, program: &str, ours: &Path) -> bool {
    find(config, program).is_some_and(|found| config.copies().has(&found, ours))
}

/// Whether a command names a program of this name, be it this one, another's, or one that is gone.
pub fn is_called_credsh(program: &str) -> bool {
    let name = Path::new(program)
        .file_name()
        .and_then(|name| name.to_str());
    let is_path = program.contains('/') || program.contains('\\');
    let suffix = if is_path {
        std::env::consts::EXE_SUFFIX
    } else {
        ""
    };
    name.is_some_and(|name| name.strip_suffix(suffix) == Some(CREDSH))
}

/// Whether two files have the same bytes; hardly ever has one of the same length others.
fn is_copy(one: &Path, other: &Path) -> bool {
    let open = |path: &Path| {
        let file = File::open(path).ok()?;
        let length = file
            .metadata()
            .ok()
            .filter(std::fs::Metadata::is_file)?
            .len();
        Some((BufReader::with_capacity(PIECE, file), length))
    };
    let (Some((mut one, length)), Some((mut other, same_length))) = (open(one), open(other)) else {
        return false;
    };
    if length != same_length {
        return false;
    }
    loop {
        let (Ok(piece), Ok(same_piece)) = (one.fill_buf(), other.fill_buf()) else {
            return false;
        };
        let size = piece.len().min(same_piece.len());
        if piece[..size] != same_piece[..size] {
            return false;
        }
        if size == 0 {
            return piece.len() == same_piece.len();
        }
        one.consume(size);
        other.consume(size);
    }
}

/// What a file is, and that its bytes are what they were: nobody can set back when it was changed.
type State = (Identity, u64, Moment);

/// A moment, in seconds and nanoseconds.
#[cfg(unix)]
type Moment = (i64, i64);
#[cfg(not(unix))]
type Moment = std::time::SystemTime;

fn state(path: &Path) -> Option<State> {
    let metadata = path.metadata().ok()?;
    #[cfg(unix)]
    let changed = {
        use std::os::unix::fs::MetadataExt;
        (metadata.ctime(), metadata.ctime_nsec())
    };
    #[cfg(not(unix))]
    let changed = metadata.modified().ok()?;
    Some((identity(path)?, metadata.len(), changed))
}

/// Which files are copies of which: each registry may name the same one, and to compare two takes a while.
#[derive(Debug, Default)]
pub struct Copies(RefCell<HashMap<(State, State), bool>>);

impl Copies {
    /// Whether one is the other, or has the same bytes.
    fn has(&self, one: &Path, other: &Path) -> bool {
        let (Some(first), Some(second)) = (state(one), state(other)) else {
            return false;
        };
        if first == second {
            return true;
        }
        let mut known = self.0.borrow_mut();
        *known
            .entry((first, second))
            .or_insert_with(|| is_copy(one, other))
    }
}

/// The programs on `PATH` that are credential providers by their name, in alphabetical order.
pub fn providers(env: &Env) -> Vec<String> {
    let Some(path) = env.get_os("PATH") else {
        return Vec::new();
    };
    let mut programs: Vec<String> = std::env::split_paths(path)
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())))
        .filter(|(name, path)| name.starts_with("cargo-credential-") && is_executable(path))
        .map(|(name, _)| name)
        .collect();
    programs.sort();
    programs.dedup();
    programs
}

/// A program as the system would find it.
pub fn find(config: &Config, program: &str) -> Option<PathBuf> {
    if program.is_empty() {
        return None;
    }
    if program.contains('/') || program.contains(std::path::MAIN_SEPARATOR) {
        let path = config.directory().join(program);
        return is_executable(&path).then_some(path);
    }
    let folders = config.env().get_os("PATH")?;
    std::env::split_paths(folders)
        .map(|folder| {
            let suffix = std::env::consts::EXE_SUFFIX;
            if program.ends_with(suffix) {
                folder.join(program)
            } else {
                folder.join(format!("{program}{suffix}"))
            }
        })
        .find(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    let Ok(meta) = path.metadata() else {
        return false;
    };
    #[cfg(unix)]
    let may_run = std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let may_run = true;
    meta.is_file() && may_run
}
