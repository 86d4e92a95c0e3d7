//! `token ...`: the token that Cargo would use, and those that credsh keeps itself.

mod edit;
mod list;
pub(super) mod show;

use clap::Subcommand;

use super::Outcome;
use crate::error::Result;
use crate::session::Session;
pub use show::Asked;

/// Tokens.
#[derive(Debug, Clone, Subcommand)]
#[expect(
    missing_docs,
    reason = "a variant's documentation is its struct's, which is its help"
)]
pub enum TokenCommand {
    Show(show::Show),
    List(list::List),
    Set(edit::Set),
    Remove(edit::Remove),
}

impl TokenCommand {
    /// Does it.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        match self {
            Self::Show(command) => command.run(session),
            Self::List(command) => command.run(session),
            Self::Set(command) => command.run(session),
            Self::Remove(command) => command.run(session),
        }
    }
}
