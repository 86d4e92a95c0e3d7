//! What must hold for whatever credsh reads: one function a target, each taking bytes that somebody else chose.
//!
//! `scripts/fuzz` calls them with bytes that reach new code, and `cargo test` with those that are kept in
//! `tests/fuzz/seeds`. A property that does not hold is a panic. This module is in no build that is used.
//!
//! Invariant: no program that the bytes name is started, and no store of the machine is touched.

#![expect(clippy::panic, reason = "a panic is what a fuzzer looks for")]
#![expect(clippy::missing_panics_doc, reason = "they all do")]

use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::token::Token;
use crate::world::{Env, Interrupts, Prompt, Terminal, World};

mod answers;
mod documents;
mod journal;
mod layers;
mod lines;
mod plain;
mod remains;
#[cfg(test)]
mod shapes;
mod urls;

pub use answers::answers;
pub use documents::documents;
pub use journal::journal;
pub use layers::layers;
pub use lines::lines;
pub use urls::urls;

/// A token of the tests: where it must not be seen, it is looked for.
const SECRET: &str = "cioSentinelSentinel0123456789abcdef";

/// A world with nothing around it but one folder.
pub(crate) struct Sandbox {
    root: tempfile::TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap_or_else(|error| panic!("no folder: {error}"));
        for folder in ["home", "work/.cargo"] {
            let made = std::fs::create_dir_all(root.path().join(folder));
            made.unwrap_or_else(|error| panic!("no {folder}: {error}"));
        }
        Self { root }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let written = std::fs::write(self.path(name), bytes);
        written.unwrap_or_else(|error| panic!("cannot write {name}: {error}"));
    }

    /// The world that a run in this folder sees, with these variables.
    pub(crate) fn world(&self, env: Env) -> World {
        World {
            env,
            directory: self.path("work"),
            program: self.path("no-such-program"),
            user_home: None,
            stdin: Box::new(std::io::empty()),
            stdout: Box::new(std::io::sink()),
            stderr: crate::world::Stderr::new(std::io::sink()),
            terminal: Terminal::default(),
            prompt: Box::new(Nobody),
            interrupts: Interrupts::default(),
            time_limit: Duration::from_secs(20),
        }
    }
}

/// Nobody to ask.
struct Nobody;

impl Prompt for Nobody {
    fn is_available(&self) -> bool {
        false
    }

    fn secret(&mut self, _question: &str) -> Result<Token> {
        Err(Error::failed("nobody types"))
    }

    fn confirm(&mut self, _question: &str) -> Result<bool> {
        Err(Error::failed("nobody answers"))
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds")
    }

    #[track_caller]
    fn seeds(target: &str, run: fn(&[u8])) {
        let mut seeds: Vec<_> = std::fs::read_dir(folder().join(target))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        seeds.sort();
        assert!(seeds.len() >= 10, "the target `{target}` has hardly a seed");
        for seed in seeds {
            // Which one it was, should it panic: shown with what else a failing test has printed.
            println!("{}", seed.display());
            run(&std::fs::read(seed).unwrap());
        }
    }

    #[cfg(unix)]
    #[test]
    fn answers() {
        seeds("answers", super::answers);
    }

    #[test]
    fn documents() {
        seeds("documents", super::documents);
    }

    #[test]
    fn journal() {
        seeds("journal", super::journal);
        // What is no journal of this version says little of one that is damaged.
        let whole = std::fs::read(folder().join("journal/whole")).unwrap();
        let journal = whole.split(|byte| *byte == 0xff).next().unwrap();
        assert!(crate::disk::journal::Journal::parse(journal, Path::new("")).is_some());
    }

    #[test]
    fn layers() {
        seeds("layers", super::layers);
    }

    #[test]
    fn lines() {
        seeds("lines", super::lines);
    }

    #[test]
    fn urls() {
        seeds("urls", super::urls);
    }
}
