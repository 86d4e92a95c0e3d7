//! The history: what Up finds, and what is on disk. The file may be that of several shells at once.
//!
//! Invariant: a line is on disk before the next one is read, behind those that others have written meanwhile;
//! none that could be a token ever is.

use std::io::Write;
use std::path::{Path, PathBuf};

use rustyline::Config;
use rustyline::error::ReadlineError;
use rustyline::history::{FileHistory, History as _};

use crate::error::reason_of;
use crate::token::looks_like_token;

/// How many lines are kept.
pub(super) const LENGTH: usize = 2_000;

/// What begins a file in which lines may be of several lines.
const HEAD: &[u8] = b"#V2\n";

/// The lines on disk, apart from those that Up alone knows.
pub(super) struct Log {
    file: PathBuf,
    lines: FileHistory,
}

impl Log {
    /// That of a file, which is made where there is none; only its owner may read it.
    pub(super) fn open(file: PathBuf, config: &Config) -> Result<Self, String> {
        let mut lines = FileHistory::with_config(config);
        if file.exists() {
            lines.load(&file).map_err(|error| reason(&error))?;
        }
        Ok(Self { file, lines })
    }

    /// The lines of before.
    pub(super) fn iter(&self) -> impl Iterator<Item = &String> {
        self.lines.iter()
    }

    /// Adds a line, under a lock. Where too many have come together, the oldest go.
    pub(super) fn add(&mut self, line: &str) -> Result<(), String> {
        if spells_token(line) {
            return Ok(());
        }
        create(&self.file).map_err(|error| reason_of(&error))?;
        self.lines
            .add(line)
            .and_then(|_| self.lines.append(&self.file))
            .map_err(|error| reason(&error))
    }
}

/// An empty history, unless there is one: the editor's own way to make one would empty another's.
fn create(file: &Path) -> std::io::Result<()> {
    if file.exists() {
        return Ok(());
    }
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(file) {
        Ok(mut made) => made.write_all(HEAD),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn reason(error: &ReadlineError) -> String {
    match error {
        ReadlineError::Io(error) => reason_of(error),
        other => other.to_string(),
    }
}

/// Whether a word of the line is rather a token.
pub(super) fn spells_token(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-'));
    words.any(|word| looks_like_token(word) && !word.starts_with("cargo-credential-"))
}
