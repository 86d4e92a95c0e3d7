//! Completion as a function: the table, what there is to name, a line and a cursor in; candidates out.
//!
//! Invariant: it starts no program, asks nobody and cannot fail. The type of an argument decides what is
//! offered for it; no command knows of this.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Command;

use self::grammar::{State, Typed};
use self::values::files;
use super::language::{self, Language};
use crate::cargo::chain::Kind;
use crate::cargo::config::View;
use crate::cargo::index_url::IndexUrl;
use crate::cargo::programs;
use crate::cargo::registry::all_names;
use crate::commands::alias;
use crate::commands::args::CREDSH;
use crate::render::{is_visible, visible_in_line};
use crate::session::{Flags, Session};
use crate::token::masked;

mod grammar;
mod script;
mod values;

pub use self::grammar::{Part, missing, parts};
pub use self::script::calls;

/// What there is to name, now.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Registries, with their indexes.
    pub registries: Vec<Candidate>,
    /// Providers: built in, aliases, programs on PATH.
    pub providers: Vec<Candidate>,
    /// Aliases, with what they stand for.
    pub aliases: Vec<Candidate>,
    /// Labels of credsh's own tokens, with the registry of each.
    pub labels: Vec<Candidate>,
    /// The crates that those are for.
    pub crates: Vec<Candidate>,
    /// Environment variables.
    pub variables: Vec<String>,
    /// The folder that relative paths start in.
    pub directory: PathBuf,
    /// What scripts of the session have made, where a line can be a script.
    pub script: Option<ScriptNames>,
}

/// What scripts of a session have made.
#[derive(Debug, Clone, Default)]
pub struct ScriptNames {
    /// Variables and functions.
    pub all: Vec<Candidate>,
    /// What the variables that are maps have in them; and under `name[]`, what those have that a list has in it.
    pub members: BTreeMap<String, Vec<Candidate>>,
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
    /// A candidate that says it all.
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            about: None,
        }
    }

    /// A candidate, and what it is.
    pub fn new(text: impl Into<String>, about: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            about: Some(about.into()).filter(|about| !about.is_empty()),
        }
    }
}

impl Names {
    /// Variables and functions of the session's scripts.
    fn of_session(&self) -> impl Iterator<Item = &Candidate> {
        self.script.iter().flat_map(|script| &script.all)
    }

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
        let (mut labels, mut crates) = (Vec::new(), Vec::new());
        for entry in session.ledger().unwrap_or_default().entries {
            let registry = entry
                .registry
                .unwrap_or_else(|| IndexUrl::shown(&entry.index));
            let about = format!("a token for {registry}");
            labels.push(Candidate::new(entry.label.as_str(), about));
            let of_it = format!("of the token `{}`", entry.label);
            let patterns = entry.crates.iter();
            crates.extend(patterns.map(|of| Candidate::new(of.to_string(), of_it.as_str())));
        }
        labels.sort();
        let Ok(config) = session.config() else {
            return Self {
                labels,
                crates,
                variables,
                directory,
                ..Self::default()
            };
        };
        let registries = all_names(config)
            .unwrap_or_default()
            .iter()
            .map(|name| {
                let key = ["registries", name.as_str(), "index"];
                let index = config.text(&key, View::Config).ok().flatten();
                Candidate {
                    text: name.to_string(),
                    about: index.map(|found| IndexUrl::masked_text(&found.value)),
                }
            })
            .collect();
        let aliases: Vec<Candidate> = alias::names(config)
            .into_iter()
            .map(|name| {
                let words = config.words(&["credential-alias", &name]).ok().flatten();
                let about = words.map(|words| {
                    // Somebody may have written a secret among the arguments.
                    masked(&format!("stands for {}", words.words.join(" ")))
                });
                Candidate { text: name, about }
            })
            .collect();
        let mut providers: Vec<Candidate> = Kind::built_in()
            .map(|name| Candidate::new(name, "built into Cargo"))
            .collect();
        providers.push(Candidate::new(CREDSH, "a token for each operation"));
        providers.extend(aliases.iter().cloned());
        let on_path = programs.into_iter();
        providers.extend(on_path.map(|name| Candidate::new(name, "a program on PATH")));
        Self {
            registries,
            providers,
            aliases,
            labels,
            crates,
            variables,
            directory,
            ..Self::default()
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
    // Of several lines at once, each is one by itself.
    let first = language::last_place(tree, before);
    let (start, mut candidates) = of_piece(tree, names, &before[first..]);
    // What cannot be shown cannot be typed either; and what is said of the rest is only to be read.
    candidates.retain(|candidate| is_visible(&candidate.text));
    for about in candidates.iter_mut().filter_map(|it| it.about.as_mut()) {
        if !is_visible(about) {
            *about = visible_in_line(about).into_owned();
        }
    }
    (first + start, candidates)
}

fn of_piece(tree: &Command, names: &Names, before: &str) -> (usize, Vec<Candidate>) {
    let Typed {
        earlier,
        start,
        word,
    } = Typed::of(before);
    if language::of(tree, before) == Language::Outside {
        // The words of another program: what they are is not known here, but they may be files.
        let sign = if earlier.is_empty() { "!".len() } else { 0 };
        let mut files = files(&names.directory, word.get(sign..).unwrap_or_default(), "");
        files.sort();
        for file in &mut files {
            file.text = quoted(std::mem::take(&mut file.text));
        }
        return (start + sign, files);
    }
    // A first word may become a command still.
    let is_first_word = earlier.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '-');
    if language::of(tree, before) == Language::Rhai && !is_first_word {
        return script::complete(tree, names, before);
    }
    let mut candidates = State::after(tree, &earlier).candidates(names, &word);
    // A first word may also be a name of the session.
    if earlier.is_empty() && !word.is_empty() {
        candidates.extend(names.of_session().cloned());
    }
    candidates.retain(|candidate| candidate.text.starts_with(&word));
    // Rhai's own functions are many: they come where nothing else begins so.
    if candidates.is_empty() && earlier.is_empty() {
        return script::complete(tree, names, before);
    }
    candidates.sort();
    // What the command has of its own comes before what all have.
    candidates.sort_by_key(|candidate| {
        let option = candidate.text.strip_prefix("--");
        option.is_some_and(|name| name == "help" || Flags::has(name))
    });
    candidates.dedup_by(|second, first| second.text == first.text);
    for candidate in &mut candidates {
        candidate.text = quoted(std::mem::take(&mut candidate.text));
    }
    (start, candidates)
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
