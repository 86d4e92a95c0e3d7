//! `run`

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use crate::error::Result;
use crate::session::Session;

/// Run a script (`.rhai`), or a file of shell lines
///
/// It is part of the transaction that is open; alone, it is one.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  run scripts/setup.rhai")]
pub struct Run {
    /// The file
    file: PathBuf,
}

impl Run {
    /// Leaves the file to the door that the command came in by: only doors know how words become commands.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        Ok(Outcome {
            then_run: Some(session.path(&self.file)),
            ..Outcome::change()?
        })
    }
}
