//! Where the text of a token comes from. There is no way to write the text itself.
//!
//! Invariant: a source that does not parse is not quoted; it may be the token that somebody typed.

use std::path::PathBuf;
use std::str::FromStr;

use super::secret::{no_argument, stands_for_a_name, stands_for_a_program};
use crate::error::{Error, Result};

/// Where to take a token from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A hidden prompt on the terminal.
    Prompt,
    /// One line of standard input.
    Stdin,
    /// An environment variable.
    Env(String),
    /// A file that contains nothing else.
    File(PathBuf),
    /// The standard output of a command; split as a shell would, run without a shell.
    Command(Vec<String>),
    /// What another provider has for this registry.
    Provider(Vec<String>),
}

impl Source {
    /// The kinds, as they are typed.
    pub const KINDS: [&'static str; 6] =
        ["prompt", "stdin", "env:", "file:", "command:", "provider:"];

    /// Whether a plan may read it: variables and files are there to look at, the others run or ask (`--dry-run`).
    pub fn is_inert(&self) -> bool {
        matches!(self, Self::Env(_) | Self::File(_))
    }

    /// The error about a name that nothing has and that is rather the token: a shell has put it there.
    pub fn check_missing(&self) -> Result<()> {
        match self {
            Self::Env(name) if stands_for_a_name(name) => Err(no_argument(
                "name the variable that has it, without a `$`: `--from env:NAME`",
            )),
            Self::File(path) if path.to_str().is_some_and(stands_for_a_name) => {
                Err(no_argument("name the file that has it: `--from file:PATH`"))
            }
            _ => Ok(()),
        }
    }
}

impl FromStr for Source {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |message: &str| {
            Err(Error::usage(message.to_owned()).hint(
                "a token itself is never an argument; say where it is: `prompt`, `stdin`, `env:NAME`, `file:PATH`, `command:CMD ARGS` or `provider:SPEC`",
            ))
        };
        match text.split_once(':') {
            None if text == "prompt" => Ok(Self::Prompt),
            None if text == "stdin" => Ok(Self::Stdin),
            Some(("env" | "file" | "command" | "provider", "")) => {
                wrong("the source names nothing after its colon")
            }
            Some(("env", name)) => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) => Ok(Self::File(path.into())),
            Some(("command", line)) => match crate::words::split(line) {
                Ok(words) if !words.is_empty() => Ok(Self::Command(words)),
                Ok(_) => wrong("the source names no command"),
                Err(error) => Err(error),
            },
            Some(("provider", spec)) => {
                let words: Vec<String> = spec.split_whitespace().map(ToOwned::to_owned).collect();
                match words.first() {
                    // A shell has put the token itself where its name was meant.
                    Some(first) if stands_for_a_program(first) => Err(no_argument(
                        "name the provider that has it: `--from provider:SPEC`",
                    )),
                    _ => Ok(Self::Provider(words)),
                }
            }
            _ => wrong("this is not a source of a token"),
        }
    }
}
