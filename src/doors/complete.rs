//! Completion as a function: the table, what there is to name, a line and a cursor in; candidates out.
//!
//! Invariant: it starts no program, asks nobody and cannot fail. The type of an argument decides what is
//! offered for it; no command knows of this.

use std::any::TypeId;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, Command};

use crate::cargo::chain::Kind;
use crate::cargo::name::RegistryName;
use crate::cargo::programs;
use crate::cargo::registry::all_names;
use crate::commands::alias;
use crate::commands::args::{AliasName, ProviderSpec, RegistryRef};
use crate::commands::help::topics;
use crate::session::Session;
use crate::stores::ledger::Label;
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
    /// Labels of credsh's own tokens.
    pub labels: Vec<String>,
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

impl Candidate {
    fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            about: None,
        }
    }
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
        let programs = programs::providers(&session.world.env);
        let mut labels: Vec<String> = session
            .ledger()
            .unwrap_or_default()
            .iter()
            .map(|entry| entry.label.to_string())
            .collect();
        labels.sort();
        labels.dedup();
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
            labels,
            variables,
            directory,
        }
    }
}

/// The candidates for the word that ends at the cursor, quoted where they need it, and where that word begins.
pub fn complete(
    tree: &Command,
    names: &Names,
    line: &str,
    cursor: usize,
) -> (usize, Vec<Candidate>) {
    let before = line.get(..cursor).unwrap_or(line);
    let Typed {
        earlier,
        start,
        word,
    } = Typed::of(before);
    let mut candidates = State::after(tree, &earlier).candidates(names, &word);
    candidates.retain(|candidate| candidate.text.starts_with(&word));
    candidates.sort();
    candidates.dedup();
    for candidate in &mut candidates {
        candidate.text = quoted(std::mem::take(&mut candidate.text));
    }
    (start, candidates)
}

/// What has to follow a line, in the words of its usage: `NAME INDEX`. Nothing within a word.
pub fn missing(tree: &Command, line: &str) -> Option<String> {
    let Typed { earlier, word, .. } = Typed::of(line);
    if earlier.is_empty() || !word.is_empty() {
        return None;
    }
    let state = State::after(tree, &earlier);
    if std::ptr::eq(state.command, tree) || state.is_after_dashes {
        return None;
    }
    let value_name = |argument: &Arg| {
        let names = argument.get_value_names().unwrap_or_default();
        names.first().map_or_else(
            || argument.get_id().as_str().to_uppercase(),
            ToString::to_string,
        )
    };
    if let Some(argument) = state.pending {
        return Some(value_name(argument));
    }
    if state.command.has_subcommands() {
        return (state.positionals == 0).then(|| "COMMAND".to_owned());
    }
    let words: Vec<String> = state
        .open_positionals()
        .map(|argument| match value_name(argument) {
            name if argument.is_required_set() => name,
            name => format!("[{name}]"),
        })
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// The words before the cursor, as the line's own quoting means them.
struct Typed {
    earlier: Vec<String>,
    /// Where the word at the cursor begins, with its quotes.
    start: usize,
    word: String,
}

impl Typed {
    fn of(before: &str) -> Self {
        let mut earlier = Vec::new();
        let (mut start, mut word) = (before.len(), String::new());
        let (mut is_in_word, mut quote) = (false, None);
        let mut letters = before.char_indices();
        while let Some((index, c)) = letters.next() {
            if quote.is_none() && c.is_whitespace() {
                if is_in_word {
                    earlier.push(std::mem::take(&mut word));
                }
                is_in_word = false;
                continue;
            }
            if !is_in_word {
                (is_in_word, start) = (true, index);
            }
            match (quote, c) {
                (None, '\'' | '"') => quote = Some(c),
                (Some(open), c) if c == open => quote = None,
                (None | Some('"'), '\\') => word.extend(letters.next().map(|(_, next)| next)),
                _ => word.push(c),
            }
        }
        if !is_in_word {
            start = before.len();
        }
        Self {
            earlier,
            start,
            word,
        }
    }
}

/// As the line would have to spell it.
fn quoted(text: String) -> String {
    let is_special = |c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '\\');
    if text.contains(is_special) || text.starts_with('#') {
        crate::words::join(&[text])
    } else {
        text
    }
}

/// Where in the grammar the cursor is.
struct State<'a> {
    tree: &'a Command,
    command: &'a Command,
    /// The option whose value comes next.
    pending: Option<&'a Arg>,
    /// How many positionals are there already, and what they say.
    positionals: usize,
    given: Vec<&'a str>,
    /// The arguments that are there already.
    used: Vec<&'a Arg>,
    is_after_dashes: bool,
}

impl<'a> State<'a> {
    fn after(tree: &'a Command, words: &'a [String]) -> Self {
        let mut state = Self {
            tree,
            command: tree,
            pending: None,
            positionals: 0,
            given: Vec::new(),
            used: Vec::new(),
            is_after_dashes: false,
        };
        for word in words {
            state.take(word);
        }
        state
    }

    fn take(&mut self, word: &'a str) {
        if self.pending.take().is_some() || self.is_after_dashes {
            return;
        }
        if self.is_in_rest() {
            self.positionals += 1;
        } else if word == "--" {
            self.is_after_dashes = true;
        } else if let Some(argument) = self.option(word) {
            self.used.push(argument);
            let wants_value = argument.get_action().takes_values() && !word.contains('=');
            self.pending = wants_value.then_some(argument);
        } else if word.starts_with('-') {
            // No option of this command; the parser will say so.
        } else if self.positionals == 0
            && let Some(child) = self.command.find_subcommand(word)
        {
            self.command = child;
        } else {
            self.used.extend(self.next_positional());
            self.given.push(word);
            self.positionals += 1;
        }
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

    /// The positionals that are still to come; the last may be one that takes any number.
    fn open_positionals(&self) -> impl Iterator<Item = &'a Arg> {
        let all: Vec<&Arg> = self
            .command
            .get_positionals()
            .filter(|argument| !argument.is_last_set())
            .collect();
        let takes_more = |last: &Arg| {
            last.get_num_args()
                .is_some_and(|range| range.max_values() > 1)
        };
        let next = match all.last() {
            Some(last) if self.positionals >= all.len() && takes_more(last) => all.len() - 1,
            _ => self.positionals,
        };
        let excluded = |argument: &&Arg| !self.is_excluded(argument);
        all.into_iter()
            .skip(next)
            .filter(excluded)
            .collect::<Vec<_>>()
            .into_iter()
    }

    fn next_positional(&self) -> Option<&'a Arg> {
        self.open_positionals().next()
    }

    /// Whether everything from here on belongs to one argument, options too.
    fn is_in_rest(&self) -> bool {
        self.used
            .last()
            .is_some_and(|last| last.is_trailing_var_arg_set())
    }

    /// Whether an argument does not go together with one that is there.
    fn is_excluded(&self, argument: &Arg) -> bool {
        let conflict = |a: &Arg, b: &Arg| {
            self.command
                .get_arg_conflicts_with(a)
                .iter()
                .any(|other| other.get_id() == b.get_id())
                || self.command.get_groups().any(|group| {
                    let has = |argument: &Arg| group.get_args().any(|id| id == argument.get_id());
                    !group.clone().is_multiple() && has(a) && has(b)
                })
        };
        self.used
            .iter()
            .filter(|used| used.get_id() != argument.get_id())
            .any(|used| conflict(used, argument) || conflict(argument, used))
    }

    fn candidates(&self, names: &Names, word: &str) -> Vec<Candidate> {
        if let Some(argument) = self.pending {
            return self.values(argument, names, word);
        }
        if self.is_after_dashes || self.is_in_rest() {
            return Vec::new();
        }
        if let Some((option, value)) = word.split_once('=')
            && let Some(argument) = self.option(option)
        {
            return self
                .values(argument, names, value)
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
        if self.command.has_subcommands() {
            return if self.positionals == 0 {
                commands(self.command)
            } else {
                Vec::new()
            };
        }
        let Some(argument) = self.next_positional() else {
            return Vec::new();
        };
        let mut values = self.values(argument, names, word);
        values.retain(|value| !self.given.contains(&value.text.as_str()));
        values
    }

    fn options(&self) -> Vec<Candidate> {
        let is_repeatable = |argument: &Arg| matches!(argument.get_action(), ArgAction::Append);
        self.command
            .get_arguments()
            .filter(|argument| !argument.is_hide_set() && !self.is_excluded(argument))
            .filter(|argument| is_repeatable(argument) || !self.used.contains(argument))
            .filter_map(|argument| {
                Some(Candidate {
                    text: format!("--{}", argument.get_long()?),
                    about: argument.get_help().map(ToString::to_string),
                })
            })
            .collect()
    }

    /// What an argument's type offers.
    fn values(&self, argument: &Arg, names: &Names, word: &str) -> Vec<Candidate> {
        // The words of `help` are the commands themselves, and topics.
        if argument.get_id() == "words" {
            let mut given = self.given.iter();
            let mut command = Some(self.tree);
            while let (Some(parent), Some(word)) = (command, given.next()) {
                command = parent.find_subcommand(word);
            }
            let mut all = command.map(commands).unwrap_or_default();
            if self.given.is_empty() {
                all.extend(topics().map(Candidate::plain));
            }
            return all;
        }
        values(argument, names, word)
    }
}

fn commands(parent: &Command) -> Vec<Candidate> {
    parent
        .get_subcommands()
        .filter(|child| !child.is_hide_set())
        .map(|child| Candidate {
            text: child.get_name().to_owned(),
            about: child.get_about().map(ToString::to_string),
        })
        .collect()
}

/// What an argument's type offers.
fn values(argument: &Arg, names: &Names, word: &str) -> Vec<Candidate> {
    let is = |wanted: TypeId| argument.get_value_parser().type_id() == wanted;
    let plain = |text: &String| Candidate::plain(text);
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
    if is(TypeId::of::<Label>()) {
        return names.labels.iter().map(plain).collect();
    }
    if is(TypeId::of::<PathBuf>()) {
        return files(&names.directory, word, "");
    }
    if is(TypeId::of::<Source>()) {
        return sources(names, word);
    }
    Vec::new()
}

fn sources(names: &Names, word: &str) -> Vec<Candidate> {
    let with = |prefix: &str, all: &[String]| {
        all.iter()
            .map(|name| Candidate::plain(format!("{prefix}{name}")))
            .collect()
    };
    match word.split_once(':') {
        Some(("env", _)) => with("env:", &names.variables),
        Some(("provider", _)) => with("provider:", &names.providers),
        Some(("file", path)) => files(&names.directory, path, "file:"),
        _ => Source::KINDS
            .iter()
            .map(|kind| Candidate::plain(*kind))
            .collect(),
    }
}

/// The files that begin like the word; hidden ones for a word that asks for them.
fn files(directory: &Path, word: &str, prefix: &str) -> Vec<Candidate> {
    let (folder, begun) = match word.rfind('/') {
        Some(slash) => word.split_at(slash + 1),
        None => ("", word),
    };
    let Ok(entries) = std::fs::read_dir(directory.join(folder)) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            if !name.starts_with(begun) || name.starts_with('.') && !begun.starts_with('.') {
                return None;
            }
            let slash = if entry.path().is_dir() { "/" } else { "" };
            Some(Candidate::plain(format!("{prefix}{folder}{name}{slash}")))
        })
        .collect()
}
