//! What only the interactive shell has: a second, small table, so that Tab, colours and `help` know it too.
//!
//! Invariant: nothing here is a word of the process's arguments, of a batch or of a script.

use std::path::PathBuf;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use super::grammar::{self, Parsed};
use crate::error::Result;

/// A line that only the shell understands.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "credsh",
    no_binary_name = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
struct TerminalLine {
    #[command(subcommand)]
    command: TerminalCommand,
}

/// The commands of the shell about itself.
#[derive(Debug, Clone, Subcommand)]
pub enum TerminalCommand {
    /// Show the lines that were entered, this time and before
    #[command(after_help = "Examples:\n  history")]
    History,
    /// Write what changes from here on as a script
    ///
    /// The script has the net effect of what is committed until `record --stop`, not the lines: run with
    /// `credsh -f FILE` on an empty Cargo home it gives the same configuration. A token is in it by its source,
    /// never as text. What it cannot express, an edit outside the Cargo home for instance, stands in it as a comment.
    #[command(
        override_usage = "record FILE\n       record --stop",
        after_help = "Examples:\n  record team.rhai\n  record --stop"
    )]
    Record(Record),
    /// Leave the shell
    #[command(after_help = "Examples:\n  exit")]
    Exit,
    /// Leave the shell
    #[command(after_help = "Examples:\n  quit")]
    Quit,
}

/// When a script of the session begins and ends.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Record {
    /// The script to write; there must not be such a file
    pub file: Option<PathBuf>,
    /// End it, and write the script
    #[arg(long)]
    pub stop: bool,
}

impl TerminalCommand {
    /// Reads the words of a line.
    pub fn parse(words: &[String]) -> Result<Parsed<Self>> {
        let parsed = tree()
            .try_get_matches_from_mut(words)
            .and_then(|matches| TerminalLine::from_arg_matches(&matches));
        match parsed {
            Ok(line) => Ok(Parsed::Words(line.command)),
            Err(error) => grammar::told(&error),
        }
    }
}

/// These commands as they are written here.
pub fn table() -> clap::Command {
    TerminalLine::command()
}

/// The tree of these commands, for those that look at it.
pub fn tree() -> clap::Command {
    let mut tree = table();
    tree.build();
    tree
}

/// Their words, for those that ask at every key.
pub const WORDS: [&str; 4] = ["history", "record", "exit", "quit"];

#[cfg(test)]
mod tests {
    #[test]
    fn the_words_are_those_of_the_table() {
        let tree = super::tree();
        let names: Vec<&str> = tree
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        assert_eq!(names, super::WORDS);
    }

    #[test]
    fn the_examples_parse() {
        for command in super::tree().get_subcommands() {
            let help = command.clone().render_long_help().to_string();
            let examples = help.split("Examples:\n").nth(1).unwrap_or_default();
            assert!(!examples.is_empty(), "{}", command.get_name());
            for example in examples.lines() {
                let words = crate::words::split(example).unwrap();
                let parsed = super::TerminalCommand::parse(&words);
                assert!(
                    parsed.is_ok() && words[0] == command.get_name(),
                    "{example}"
                );
            }
        }
    }
}
