//! `begin`, `commit`, `rollback`: an explicit transaction.
//!
//! One stack of savepoints, whoever asks: `begin` pushes where we are, `rollback` pops and goes back there,
//! `commit` pops and stays. At the prompt the last `commit` writes; within a batch the end of the batch does.

use clap::Args;
use serde::Serialize;
use serde_json::Value as Json;

use super::{Answer, Outcome, document};
use crate::error::Result;
use crate::render::Block;
use crate::session::Session;

/// Open a transaction: what follows is written at its `commit`, or not at all
///
/// Within a transaction it is a savepoint.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  begin")]
pub struct Begin {}

/// Write what has changed since `begin`
///
/// Within another transaction, or a batch, it is kept and written at the end of that one.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  commit")]
pub struct Commit {}

/// Undo what has changed since `begin`
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  rollback")]
pub struct Rollback {}

/// How many transactions are open.
#[derive(Serialize)]
struct Depth {
    open: usize,
}

impl Begin {
    /// Opens.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        Outcome::answer(Depth {
            open: session.begin(),
        })
    }
}

impl Commit {
    /// Closes and keeps; the door writes where nothing is open any more.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let since = session.close("commit")?;
        Ok(Outcome {
            since: Some(since),
            ..Outcome::change()?
        })
    }
}

impl Rollback {
    /// Closes and undoes.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let to = session.close("rollback")?;
        session.roll_back(to);
        Outcome::answer(Depth {
            open: session.depth(),
        })
    }
}

impl Answer for Depth {
    fn json(&self) -> Json {
        document(self)
    }

    fn blocks(&self) -> Vec<Block> {
        Vec::new()
    }
}
