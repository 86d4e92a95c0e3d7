//! Completion as a function: the table, what there is to name, a line and a cursor in; candidates out.
//!
//! Invariant: it starts no program, asks nobody and cannot fail. The type of an argument decides what is
//! offered for it; no command knows of this.

use std::any::TypeId;
use std::path::{Path, PathBuf};

use clap::{Arg, Command};

use crate::cargo::chain::Kind;
use crate::cargo::name::RegistryName;
use crate::cargo::registry::all_names;
use crate::commands::alias;
use crate::commands::args::{AliasName, ProviderSpec, RegistryRef};
use crate::commands::help::topics;
use crate::session::Session;
use crate::token::Source;

/// What there is to name, now.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Registries.
    pub registries: Vec<String>,
    /// Providers: built in, aliases, programs on PATH.
    pub providers: Vec<String>,
    /// Aliases.
    pub aliases: Vec<String>,
    /// Environment variables.
    pub variables: Vec<String>,
    /// The folder that relative paths start in.
    pub directory: PathBuf,
}

/// A candidate for the word at the cursor.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// What replaces the word.
    pub text: String,
    /// What it is.
    pub about: Option<String>,
}

impl Names {
    /// What there is; nothing, where the configuration cannot be read.
    pub fn of(session: &mut Session) -> Self {
        let directory = session.world.directory.clone();
        let variables = session
            .world
            .env
            .iter()
            .map(|(name, _)| name.to_owned())
            .collect();
        let programs = session
            .world
            .env
            .get_os("PATH")
            .map(programs_on)
            .unwrap_or_default();
        let Ok(config) = session.config() else {
            return Self {
                variables,
                directory,
                ..Self::default()
            };
        };
        let registries = all_names(config)
            .unwrap_or_default()
            .iter()
            .map(ToString::to_string)
            .collect();
        let aliases = alias::names(config);
        let mut providers: Vec<String> = Kind::built_in().map(ToOwned::to_owned).collect();
        providers.extend(aliases.iter().cloned());
        providers.extend(programs);
        Self {
            registries,
            providers,
            aliases,
            variables,
            directory,
        }
    }
}

/// The programs that are credential providers by their name.
fn programs_on(path: &std::ffi::OsStr) -> Vec<String> {
    let mut programs: Vec<String> = std::env::split_paths(path)
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("cargo-credential-"))
        .collect();
    programs.sort();
    programs.dedup();
    programs
}

/// The candidates for the word that ends at the cursor, and where that word begins.
pub fn complete(
    tree: &Command,
    names: &Names,
    line: &str,
    cursor: usize,
) -> (usize, Vec<Candidate>) {
    let before = line.get(..cursor).unwrap_or(line);
    let start = before
        .rfind(char::is_whitespace)
        .map_or(0, |space| space + 1);
    let word = &before[start..];
    let earlier: Vec<&str> = before[..start].split_whitespace().collect();
    let state = State::after(tree, &earlier);
    let mut candidates = state.candidates(names, word);
    candidates.retain(|candidate| candidate.text.starts_with(word) && candidate.text != word);
    candidates.sort();
    candidates.dedup();
    (start, candidates)
}

/// Where in the grammar the cursor is.
struct State<'a> {
    command: &'a Command,
    /// The option whose value comes next.
    pending: Option<&'a Arg>,
    /// How many positionals are there already.
    positionals: usize,
    /// The options that are there already.
    used: Vec<&'a str>,
    is_after_dashes: bool,
}

impl<'a> State<'a> {
    fn after(tree: &'a Command, words: &[&str]) -> Self {
        let mut state = Self {
            command: tree,
            pending: None,
            positionals: 0,
            used: Vec::new(),
            is_after_dashes: false,
        };
        for word in words {
            if state.pending.take().is_some() {
                continue;
            }
            if *word == "--" {
                state.is_after_dashes = true;
            } else if let Some(argument) = state.option(word) {
                state.used.extend(argument.get_long());
                let wants_value = argument.get_action().takes_values() && !word.contains('=');
                state.pending = wants_value.then_some(argument);
            } else if word.starts_with('-') {
            } else if let Some(child) = state.command.find_subcommand(word) {
                state.command = child;
            } else {
                state.positionals += 1;
            }
        }
        state
    }

    fn option(&self, word: &str) -> Option<&'a Arg> {
        let name = word.split('=').next().unwrap_or(word);
        self.command
            .get_arguments()
            .find(|argument| match name.strip_prefix("--") {
                Some(long) => argument.get_long() == Some(long),
                None => {
                    name.len() == 2
                        && name.starts_with('-')
                        && argument
                            .get_short()
                            .is_some_and(|short| name.ends_with(short))
                }
            })
    }

    fn candidates(&self, names: &Names, word: &str) -> Vec<Candidate> {
        if let Some(argument) = self.pending {
            return values(argument, names, word);
        }
        if self.is_after_dashes {
            return Vec::new();
        }
        if let Some((option, value)) = word.split_once('=')
            && let Some(argument) = self.option(option)
        {
            return values(argument, names, value)
                .into_iter()
                .map(|candidate| Candidate {
                    text: format!("{option}={}", candidate.text),
                    ..candidate
                })
                .collect();
        }
        if word.starts_with('-') {
            return self.options();
        }
        let mut all: Vec<Candidate> = self
            .command
            .get_subcommands()
            .map(|child| Candidate {
                text: child.get_name().to_owned(),
                about: child.get_about().map(ToString::to_string),
            })
            .collect();
        let positionals: Vec<&Arg> = self
            .command
            .get_positionals()
            .filter(|argument| !argument.is_last_set())
            .collect();
        let next = positionals.get(self.positionals).or_else(|| {
            positionals.last().filter(|last| {
                last.get_num_args()
                    .is_some_and(|range| range.max_values() > 1)
            })
        });
        if let Some(argument) = next {
            all.extend(values(argument, names, word));
        }
        all
    }

    fn options(&self) -> Vec<Candidate> {
        self.command
            .get_arguments()
            .filter(|argument| !argument.is_hide_set())
            .filter_map(|argument| Some((argument.get_long()?, argument)))
            .filter(|(long, _)| !self.used.contains(long))
            .map(|(long, argument)| Candidate {
                text: format!("--{long}"),
                about: argument.get_help().map(ToString::to_string),
            })
            .collect()
    }
}

/// What an argument's type offers.
fn values(argument: &Arg, names: &Names, word: &str) -> Vec<Candidate> {
    let is = |wanted: TypeId| argument.get_value_parser().type_id() == wanted;
    let plain = |text: &String| Candidate {
        text: text.clone(),
        about: None,
    };
    let possible = argument.get_possible_values();
    if !possible.is_empty() {
        return possible
            .iter()
            .map(|value| Candidate {
                text: value.get_name().to_owned(),
                about: value.get_help().map(ToString::to_string),
            })
            .collect();
    }
    if is(TypeId::of::<RegistryRef>()) || is(TypeId::of::<RegistryName>()) {
        return names.registries.iter().map(plain).collect();
    }
    if is(TypeId::of::<ProviderSpec>()) {
        return names.providers.iter().map(plain).collect();
    }
    if is(TypeId::of::<AliasName>()) {
        return names.aliases.iter().map(plain).collect();
    }
    if is(TypeId::of::<PathBuf>()) {
        return files(&names.directory, word, "");
    }
    if is(TypeId::of::<Source>()) {
        return sources(names, word);
    }
    if argument.get_id() == "words" {
        return topics()
            .map(|topic| Candidate {
                text: topic.to_owned(),
                about: None,
            })
            .collect();
    }
    Vec::new()
}

fn sources(names: &Names, word: &str) -> Vec<Candidate> {
    let with = |prefix: &str, all: &[String]| {
        all.iter()
            .map(|name| Candidate {
                text: format!("{prefix}{name}"),
                about: None,
            })
            .collect()
    };
    match word.split_once(':') {
        Some(("env", _)) => with("env:", &names.variables),
        Some(("provider", _)) => with("provider:", &names.providers),
        Some(("file", path)) => files(&names.directory, path, "file:"),
        _ => Source::KINDS
            .iter()
            .map(|kind| Candidate {
                text: (*kind).to_owned(),
                about: None,
            })
            .collect(),
    }
}

fn files(directory: &Path, word: &str, prefix: &str) -> Vec<Candidate> {
    let (folder, _) = word
        .rsplit_once('/')
        .map_or(("", word), |(folder, _)| (&word[..=folder.len()], ""));
    let Ok(entries) = std::fs::read_dir(directory.join(folder)) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let slash = if entry.path().is_dir() { "/" } else { "" };
            let name = entry.file_name().into_string().ok()?;
            Some(Candidate {
                text: format!("{prefix}{folder}{name}{slash}"),
                about: None,
            })
        })
        .collect()
}
