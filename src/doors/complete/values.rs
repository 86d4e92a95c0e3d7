//! What an argument's type offers, and whether a word can be one.

use std::any::TypeId;
use std::path::{Path, PathBuf};

use clap::{Arg, Command};

use super::{Candidate, Names};
use crate::cargo::name::RegistryName;
use crate::commands::args::{AliasName, ProviderSpec, RegistryRef};
use crate::stores::ledger::Label;
use crate::stores::routing::Pattern;
use crate::token::Source;

pub(super) fn commands(parent: &Command) -> Vec<Candidate> {
    parent
        .get_subcommands()
        .filter(|child| !child.is_hide_set())
        .map(|child| Candidate {
            text: child.get_name().to_owned(),
            about: child.get_about().map(ToString::to_string),
        })
        .collect()
}

/// What an argument's type offers for a word that begins like this; of several in one word, what is left.
pub(super) fn values(argument: &Arg, names: &Names, word: &str) -> Vec<Candidate> {
    let several = argument.get_value_delimiter().and_then(|between| {
        let (before, last) = word.rsplit_once(between)?;
        Some((between, before, last))
    });
    let Some((between, before, last)) = several else {
        return single(argument, names, word);
    };
    let mut left = single(argument, names, last);
    left.retain(|candidate| before.split(between).all(|given| given != candidate.text));
    for candidate in &mut left {
        candidate.text = format!("{before}{between}{}", candidate.text);
    }
    left
}

fn single(argument: &Arg, names: &Names, word: &str) -> Vec<Candidate> {
    let is = |wanted: TypeId| argument.get_value_parser().type_id() == wanted;
    // Among ten thousand, only those that are meant are copied.
    let of = |all: &[Candidate]| {
        let meant = all.iter().filter(|name| name.text.starts_with(word));
        meant.cloned().collect()
    };
    let possible = argument.get_possible_values();
    if !possible.is_empty() && argument.get_action().takes_values() {
        return possible
            .iter()
            .map(|value| Candidate {
                text: value.get_name().to_owned(),
                about: value.get_help().map(ToString::to_string),
            })
            .collect();
    }
    if is(TypeId::of::<RegistryRef>()) || is(TypeId::of::<RegistryName>()) {
        return of(&names.registries);
    }
    if is(TypeId::of::<ProviderSpec>()) {
        return of(&names.providers);
    }
    if is(TypeId::of::<AliasName>()) {
        return of(&names.aliases);
    }
    if is(TypeId::of::<Label>()) {
        return of(&names.labels);
    }
    if is(TypeId::of::<Pattern>()) {
        return of(&names.crates);
    }
    if is(TypeId::of::<PathBuf>()) {
        return files(&names.directory, word, "");
    }
    if is(TypeId::of::<Source>()) {
        return sources(names, word);
    }
    Vec::new()
}

/// Whether a word can be a value of this argument, as far as it can be told without doing anything.
pub(super) fn judge(argument: &Arg, names: &Names, word: &str) -> bool {
    let is = |wanted: TypeId| argument.get_value_parser().type_id() == wanted;
    let possible = argument.get_possible_values();
    if !possible.is_empty() {
        let mut words = match argument.get_value_delimiter() {
            Some(delimiter) => word.split(delimiter).collect(),
            None => vec![word],
        }
        .into_iter();
        return words.all(|word| possible.iter().any(|value| value.matches(word, false)));
    }
    if is(TypeId::of::<RegistryRef>()) {
        let is_known = names.registries.iter().any(|name| name.text == word);
        // Where nothing could be read, nothing is known.
        return is_known || names.registries.is_empty() || word.contains("://");
    }
    if is(TypeId::of::<Source>()) {
        return word.parse::<Source>().is_ok();
    }
    true
}

/// What each kind of source is, in the order of [`Source::KINDS`].
const SOURCES: [&str; Source::KINDS.len()] = [
    "a hidden prompt",
    "one line of standard input",
    "an environment variable",
    "a file that contains nothing else",
    "what a command prints",
    "what another credential provider has",
];

fn sources(names: &Names, word: &str) -> Vec<Candidate> {
    match word.split_once(':') {
        Some(("env", _)) => {
            let all = names.variables.iter();
            all.map(|name| Candidate::plain(format!("env:{name}")))
                .collect()
        }
        Some(("provider", _)) => names
            .providers
            .iter()
            .map(|name| Candidate {
                text: format!("provider:{}", name.text),
                about: name.about.clone(),
            })
            .collect(),
        Some(("file", path)) => files(&names.directory, path, "file:"),
        _ => std::iter::zip(Source::KINDS, SOURCES)
            .map(|(kind, about)| Candidate::new(kind, about))
            .collect(),
    }
}

/// The files that begin like the word; hidden ones for a word that asks for them.
pub(super) fn files(directory: &Path, word: &str, prefix: &str) -> Vec<Candidate> {
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
