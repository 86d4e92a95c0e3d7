//! `provider ...`: the global chain, shown and edited in the order tried.
//!
//! A file lists providers in the opposite order, and several files' lists are joined (14, 6). Here a chain is
//! always what Cargo tries first, then next; `edit::Listed` turns one file's list around.

mod edit;
mod list;
mod test;

use clap::Subcommand;

use super::Outcome;
use crate::error::Result;
use crate::session::Session;

/// Providers.
#[derive(Debug, Clone, Subcommand)]
#[expect(
    missing_docs,
    reason = "a variant's documentation is its struct's, which is its help"
)]
pub enum ProviderCommand {
    List(list::List),
    Add(edit::Add),
    Remove(edit::Remove),
    Move(edit::Move),
    Test(test::Test),
}

impl ProviderCommand {
    /// Does it.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        match self {
            Self::List(command) => command.run(session),
            Self::Add(command) => command.run(session),
            Self::Remove(command) => command.run(session),
            Self::Move(command) => command.run(session),
            Self::Test(command) => command.run(session),
        }
    }
}
