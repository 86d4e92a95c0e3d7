//! `record`: what a session changes, as a script that does the same.
//!
//! Invariant: the script is made from what was committed, not from what was typed, so what was undone is not
//! in it; a token is in it by its source only.

mod login;
mod net;
mod script;
mod text;

use std::path::{Path, PathBuf};

use self::text::Script;
use crate::disk::replace::{self, Way};
use crate::doors::Runner;
use crate::error::{Error, Place, Result};
use crate::session::Recording;

/// A recording that goes on, and the file that it is for.
pub struct Recorder {
    file: PathBuf,
}

/// What has become of one.
#[derive(Debug)]
pub struct Written {
    /// The script.
    pub file: PathBuf,
    /// How many calls are in it.
    pub calls: usize,
    /// What it cannot express.
    pub missing: Vec<String>,
}

impl Recorder {
    /// Begins one. A file that is there is somebody's work.
    pub fn begin(runner: &Runner, file: &Path) -> Result<Self> {
        let mut session = runner.session.borrow_mut();
        let file = session.path(file);
        let place = || Place::file(&file);
        if file.exists() {
            return Err(Error::failed("there is such a file already")
                .at(place())
                .hint("name another, or remove it: `!rm FILE`"));
        }
        if !file.parent().is_some_and(Path::is_dir) {
            return Err(Error::failed("there is no such folder")
                .at(place())
                .hint("name a file in a folder that exists"));
        }
        replace::can_create(&file)?;
        session.recording = Some(Recording::default());
        Ok(Self { file })
    }

    /// The file that it is for.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The script so far.
    pub fn script(runner: &Runner) -> Result<Script> {
        let mut session = runner.session.borrow_mut();
        let Some(recording) = session.recording.take() else {
            return Ok(Script::default());
        };
        let script = script::of(&mut session, &recording);
        session.recording = Some(recording);
        script
    }

    /// Writes the script, which ends it; where that fails, it goes on.
    pub fn stop(&self, runner: &Runner) -> Result<Written> {
        let script = Self::script(runner)?;
        let temporary = replace::temporary();
        if !replace::atomically(&self.file, &temporary, None, &script.text(), Way::Forth)? {
            return Err(replace::written_meanwhile(&self.file));
        }
        runner.session.borrow_mut().recording = None;
        Ok(Written {
            file: self.file.clone(),
            calls: script.calls(),
            missing: script.missing,
        })
    }
}
