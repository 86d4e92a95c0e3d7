//! The table of commands: the only list of them that there is.
//!
//! Parser, help, Tab, the completions of other shells, the functions of scripts and the reference in the
//! README are projections of [`Command`]. To add a command, add a file and a variant.
//!
//! Invariant: a command reads the session, adds to what is pending, and returns data. It does not print its
//! answer, read the environment or write a file.

pub mod alias;
pub mod args;
pub mod completions;
pub mod diff;
pub mod grammar;
pub mod help;
pub mod login;
pub mod logout;
pub mod man;
pub mod provider;
pub mod registry;
pub mod run;
pub mod status;
pub mod terminal;
pub mod token;
pub mod transaction;
pub mod why;

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;
use serde_json::Value as Json;

use crate::error::{Error, Result};
use crate::render::Block;
use crate::session::overlay::Savepoint;
use crate::session::{Session, Unfinished};

/// Everything that can be asked for in a shell line, a script or an argument list.
#[derive(Debug, Clone, Subcommand)]
#[expect(
    missing_docs,
    reason = "a variant's documentation is its struct's, which is its help"
)]
pub enum Command {
    /// Registries: list, show, add, change, rename, remove
    #[command(subcommand)]
    Registry(registry::RegistryCommand),
    Login(login::Login),
    Logout(logout::Logout),
    Status(status::Status),
    Why(why::Why),
    /// Tokens: show the one that Cargo would use; list, change, remove those that credsh keeps
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Credential providers: the global chain, in the order tried
    #[command(subcommand)]
    Provider(provider::ProviderCommand),
    /// Short names for providers (`[credential-alias]`)
    #[command(subcommand)]
    Alias(alias::AliasCommand),
    Begin(transaction::Begin),
    Commit(transaction::Commit),
    Rollback(transaction::Rollback),
    Diff(diff::Diff),
    Run(run::Run),
    Help(help::Help),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Command {
    /// Does it.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        match self {
            Self::Registry(command) => command.run(session),
            Self::Login(command) => command.run(session),
            Self::Logout(command) => command.run(session),
            Self::Status(command) => command.run(session),
            Self::Why(command) => command.run(session),
            Self::Token(command) => command.run(session),
            Self::Provider(command) => command.run(session),
            Self::Alias(command) => command.run(session),
            Self::Begin(command) => command.run(session),
            Self::Commit(command) => command.run(session),
            Self::Rollback(command) => command.run(session),
            Self::Diff(command) => command.run(session),
            Self::Run(command) => command.run(session),
            Self::Help(command) => command.run(session),
            Self::Completions(command) => command.run(session),
            Self::Man(command) => command.run(session),
        }
    }
}

/// What a command answers: data that can be printed as JSON, shown as blocks, or read by a script.
pub trait Answer {
    /// The document, without `schema`.
    fn json(&self) -> Json;
    /// The same for a person.
    fn blocks(&self) -> Vec<Block>;
    /// Learns after the commit what was not done, and takes what it tells itself.
    fn settle(&mut self, _unfinished: &mut Vec<Unfinished>) {}
    /// What it has left as it was, which is for those to know who do not look at the answer, too.
    fn failures(&self) -> Vec<Error> {
        Vec::new()
    }
    /// The exit status, where it is not 0 although nothing failed.
    fn exit_status(&self) -> u8 {
        0
    }
}

/// A text that is made for a program of its own: a script of a shell, a page of the manual.
#[derive(Serialize)]
struct Text {
    text: String,
}

impl Text {
    fn new(text: &str) -> Self {
        let text = text.trim_end().to_owned();
        Self { text }
    }
}

impl Answer for Text {
    fn json(&self) -> Json {
        document(self)
    }

    fn blocks(&self) -> Vec<Block> {
        vec![Block::Verbatim(self.text.clone())]
    }
}

/// What has come of a command.
#[derive(Default)]
pub struct Outcome {
    /// Its answer, if it has one.
    pub answer: Option<Box<dyn Answer>>,
    /// Whether it is one that changes things, so that the changes belong to what it says.
    pub is_change: bool,
    /// From where on the changes are its own, where that is before it began.
    pub since: Option<Savepoint>,
    /// A file of words that the door is to run next, as part of this command.
    pub then_run: Option<PathBuf>,
}

impl Outcome {
    /// A command that only answers.
    pub fn answer(answer: impl Answer + 'static) -> Result<Self> {
        Ok(Self {
            answer: Some(Box::new(answer)),
            ..Self::default()
        })
    }

    /// A command whose changes say it all.
    pub fn change() -> Result<Self> {
        Ok(Self {
            is_change: true,
            ..Self::default()
        })
    }

    /// A command that changes things and has something to say about it.
    pub fn change_with(answer: impl Answer + 'static) -> Result<Self> {
        Ok(Self {
            is_change: true,
            ..Self::answer(answer)?
        })
    }
}

/// The document of a serialisable answer; these structs have no way to fail.
pub fn document(answer: &impl Serialize) -> Json {
    serde_json::to_value(answer).unwrap_or_default()
}
