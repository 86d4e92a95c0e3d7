//! The history: what Up finds, and what is on disk. The file may be that of several shells at once.
//!
//! Invariant: a line is on disk before the next one is read, behind those that others have written meanwhile;
//! none that could be a token ever is.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustyline::error::ReadlineError;
use rustyline::history::{FileHistory, History, MemHistory, SearchDirection, SearchResult};
use rustyline::{Config, Result as Answer};

use crate::error::reason_of;
use crate::token::looks_like_token;

/// How many lines are kept.
pub(super) const LENGTH: usize = 2_000;

/// What begins a file in which lines may be of several lines.
const HEAD: &[u8] = b"#V2\n";

/// What was entered this time and is not on disk, because it may be a token: Up finds it, nothing else shows it.
#[derive(Debug, Clone, Default)]
pub(super) struct Hidden(Rc<RefCell<HashSet<String>>>);

impl Hidden {
    /// Whether a line is one that only Up may show.
    pub(super) fn has(&self, line: &str) -> bool {
        self.0.borrow().contains(line) || spells_token(line)
    }

    /// Has a line be one of them, or be one no more.
    pub(super) fn set(&self, line: &str, is_hidden: bool) {
        let mut lines = self.0.borrow_mut();
        if is_hidden {
            lines.insert(line.to_owned());
        } else {
            lines.remove(line);
        }
    }
}

/// The lines that Up finds. A search, which shows a line for a part of it, passes over those that are hidden.
#[derive(Default)]
pub(super) struct Lines {
    all: MemHistory,
    pub(super) hidden: Hidden,
}

impl Lines {
    /// None yet.
    pub(super) fn new(config: &Config) -> Self {
        Self {
            all: MemHistory::with_config(config),
            hidden: Hidden::default(),
        }
    }

    /// Those that anybody may see.
    pub(super) fn shown(&self) -> impl Iterator<Item = &str> {
        let lines = self.all.into_iter().map(String::as_str);
        lines.filter(|line| !self.hidden.has(line))
    }
}

impl History for Lines {
    fn search(
        &self,
        term: &str,
        start: usize,
        direction: SearchDirection,
    ) -> Answer<Option<SearchResult<'_>>> {
        let mut next = Some(start);
        while let Some(start) = next {
            let Some(found) = self.all.search(term, start, direction)? else {
                break;
            };
            if !self.hidden.has(&found.entry) {
                return Ok(Some(found));
            }
            next = match direction {
                SearchDirection::Reverse => found.idx.checked_sub(1),
                SearchDirection::Forward => Some(found.idx + 1),
            };
        }
        Ok(None)
    }

    fn starts_with(
        &self,
        term: &str,
        start: usize,
        direction: SearchDirection,
    ) -> Answer<Option<SearchResult<'_>>> {
        self.all.starts_with(term, start, direction)
    }

    fn get(&self, index: usize, direction: SearchDirection) -> Answer<Option<SearchResult<'_>>> {
        self.all.get(index, direction)
    }

    fn add(&mut self, line: &str) -> Answer<bool> {
        self.all.add(line)
    }

    fn add_owned(&mut self, line: String) -> Answer<bool> {
        self.all.add_owned(line)
    }

    fn len(&self) -> usize {
        self.all.len()
    }

    fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    fn set_max_len(&mut self, length: usize) -> Answer<()> {
        self.all.set_max_len(length)
    }

    fn ignore_dups(&mut self, is_on: bool) -> Answer<()> {
        self.all.ignore_dups(is_on)
    }

    fn ignore_space(&mut self, is_on: bool) {
        self.all.ignore_space(is_on);
    }

    fn save(&mut self, file: &Path) -> Answer<()> {
        self.all.save(file)
    }

    fn append(&mut self, file: &Path) -> Answer<()> {
        self.all.append(file)
    }

    fn load(&mut self, file: &Path) -> Answer<()> {
        self.all.load(file)
    }

    fn clear(&mut self) -> Answer<()> {
        self.all.clear()
    }
}

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
