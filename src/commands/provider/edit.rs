//! `provider add`, `provider remove`, `provider move`

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use crate::cargo::chain::{Provider, resolve};
use crate::cargo::config::{Config, View, wrong_kind};
use crate::cargo::providers::is_another_credsh;
use crate::commands::Outcome;
use crate::commands::alias;
use crate::commands::args::{ProviderSpec, SpecWords, Where, installed, list_node, provider_node};
use crate::disk::tree::{Entry, Node};
use crate::error::{Error, Place, Result};
use crate::session::Session;

const KEY: [&str; 2] = ["registry", "global-credential-providers"];

/// Where in the chain.
#[derive(Debug, Clone, Args)]
#[group(multiple = false)]
struct Position {
    /// Tried before all others
    #[arg(long)]
    first: bool,
    /// Tried after all others
    #[arg(long)]
    last: bool,
    /// Tried just before this one
    #[arg(long, value_name = "SPEC")]
    before: Option<ProviderSpec>,
}

impl Position {
    fn is_given(&self) -> bool {
        self.first || self.last || self.before.is_some()
    }
}

/// Add a provider to the global chain
///
/// Tried first, unless another position is given. What Cargo asks so far stays in the chain.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  provider add cargo:token\n  provider add cargo:libsecret --before cargo:token"
)]
pub struct Add {
    #[command(flatten)]
    spec: SpecWords,
    #[command(flatten)]
    position: Position,
    #[command(flatten)]
    place: Where,
}

/// Remove a provider from the global chain
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  provider remove cargo:libsecret")]
pub struct Remove {
    #[command(flatten)]
    spec: SpecWords,
    #[command(flatten)]
    place: Where,
}

/// Change when a provider of the global chain is tried
#[derive(Debug, Clone, Args)]
#[command(
    group(ArgGroup::new("where").required(true).args(["first", "last", "before"])),
    after_help = "Examples:\n  provider move cargo:token --last"
)]
pub struct Move {
    #[command(flatten)]
    spec: SpecWords,
    #[command(flatten)]
    position: Position,
    #[command(flatten)]
    place: Where,
}

/// One file's list, in the order tried.
struct Listed {
    file: PathBuf,
    tried: Vec<String>,
}

impl Listed {
    /// What a file lists; nothing, if it does not.
    fn in_file(config: &Config, file: PathBuf) -> Result<Self> {
        let mut tried = match config.in_file(&file, &KEY) {
            None => Vec::new(),
            Some(Entry {
                node: Node::List(list),
                ..
            }) => list
                .iter()
                .map(|entry| match &entry.node {
                    Node::Text(text) => Ok(text.clone()),
                    other => Err(wrong_shape(other, &file, entry.line)),
                })
                .collect::<Result<_>>()?,
            Some(entry) => return Err(wrong_shape(&entry.node, &file, entry.line)),
        };
        tried.reverse();
        Ok(Self { file, tried })
    }

    fn position(&self, session: &mut Session, spec: &[String]) -> Result<Option<usize>> {
        for (index, entry) in self.tried.iter().enumerate() {
            if self.is_same(session, entry, spec)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// Whether an entry is the provider that was named: by its words, or both are credsh, which is itself by any path,
    /// one that is gone and one that an alias stands for included. Another build of it is known by what it says itself,
    /// so it is asked, if it is credsh that was named and this is no plan.
    fn is_same(&self, session: &mut Session, entry: &str, spec: &[String]) -> Result<bool> {
        let is_plan = session.flags.is_plan();
        let config = session.config()?;
        let entry = words_of(entry);
        if entry == spec || entry.is_empty() || spec.is_empty() {
            return Ok(entry == spec);
        }
        let spec = provider(config, spec, &Place::Option("SPEC"));
        let entry = provider(config, &entry, &Place::file(&self.file));
        Ok(spec.is_or_was_credsh(config)
            && spec.command[1..] == entry.command[1..]
            && (entry.is_or_was_credsh(config) || !is_plan && is_another_credsh(config, &entry)))
    }

    fn insert(&mut self, session: &mut Session, spec: String, position: &Position) -> Result<()> {
        let index = match &position.before {
            Some(ProviderSpec(words)) => {
                let other = words.join(" ");
                self.position(session, words)?.ok_or_else(|| {
                    Error::not_found(format!("`{other}` is not in the list of that file"))
                        .at(Place::file(&self.file))
                        .hint("`provider list` shows where each one stands")
                })?
            }
            None if position.last => self.tried.len(),
            None => 0,
        };
        self.tried.insert(index, spec);
        Ok(())
    }

    fn write(self, session: &mut Session) -> Result<Self> {
        let listed: Vec<String> = self.tried.iter().rev().cloned().collect();
        let node = (!listed.is_empty()).then(|| list_node(&listed));
        session.edit(&self.file, &KEY, node)?;
        warn_of_environment(session)?;
        Ok(self)
    }
}

fn wrong_shape(found: &Node, file: &std::path::Path, line: usize) -> Error {
    wrong_kind(&KEY, "an array of strings", found, Place::line(file, line))
}

/// A list's entries are split on white space.
fn words_of(entry: &str) -> Vec<String> {
    entry.split_whitespace().map(ToOwned::to_owned).collect()
}

fn provider(config: &Config, words: &[String], place: &Place) -> Provider {
    resolve(config, words, place, &mut Vec::new())
}

fn warn_of_environment(session: &mut Session) -> Result<()> {
    let name = crate::cargo::name::variable(&KEY);
    if session
        .config()?
        .env()
        .get(&name)
        .is_some_and(|value| !value.trim().is_empty())
    {
        session.warn(&format!(
            "what the variable `{name}` lists is tried before this"
        ));
    }
    Ok(())
}

impl Add {
    /// Adds.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let words = installed(session, self.spec.words()?)?;
        if let Some(listed) = find(session, &self.place, &words)? {
            let listed = self.refreshed(session, listed, &words)?;
            if self.position.is_given() {
                move_to(session, listed, &words, &self.position, &self.place)?;
            }
            return Outcome::change();
        }
        let spec = spec_for_list(session, &words, &self.place)?;
        let file = target(session, &self.place, &self.position)?;
        let config = session.config()?;
        let is_unset = config.joined(&KEY)?.is_empty();
        let mut listed = Listed::in_file(config, file)?;
        if is_unset && spec != "cargo:token" {
            // Cargo's own default, which would no longer be asked.
            listed.tried.push("cargo:token".to_owned());
        }
        listed.insert(session, spec, &self.position)?;
        listed.write(session)?;
        Outcome::change()
    }

    /// A list that has credsh, by a path that leads elsewhere or nowhere: this is where it is now.
    fn refreshed(&self, session: &mut Session, listed: Listed, words: &[String]) -> Result<Listed> {
        let Some(index) = listed.position(session, words)? else {
            return Ok(listed);
        };
        let config = session.config()?;
        let entry = words_of(&listed.tried[index]);
        if entry == words || provider(config, &entry, &Place::file(&listed.file)).is_credsh {
            return Ok(listed);
        }
        let key = ["credential-alias", entry[0].as_str()];
        if entry.len() == 1 && matches!(config.words(&key), Ok(Some(_))) {
            let file = self.place.file(session, &key)?;
            session.edit_setting(&file, &key, Some(provider_node(words)))?;
            return Ok(listed);
        }
        let mut listed = listed;
        listed.tried[index] = spec_for_list(session, words, &self.place)?;
        listed.write(session)
    }
}

impl Remove {
    /// Removes.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let spec = self.spec.words()?;
        let mut listed =
            find(session, &self.place, &spec)?.ok_or_else(|| not_listed(session, &spec))?;
        let mut kept = Vec::new();
        for entry in &listed.tried {
            if !listed.is_same(session, entry, &spec)? {
                kept.push(entry.clone());
            }
        }
        listed.tried = kept;
        listed.write(session)?;
        if session.config()?.joined(&KEY)?.is_empty() {
            session.note("the chain is unset now: Cargo asks `cargo:token` only, and refuses registries with `auth-required`");
        }
        Outcome::change()
    }
}

impl Move {
    /// Moves.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let spec = self.spec.words()?;
        let listed =
            find(session, &self.place, &spec)?.ok_or_else(|| not_listed(session, &spec))?;
        move_to(session, listed, &spec, &self.position, &self.place)?;
        Outcome::change()
    }
}

fn move_to(
    session: &mut Session,
    mut from: Listed,
    spec: &[String],
    position: &Position,
    place: &Where,
) -> Result<()> {
    let Some(index) = from.position(session, spec)? else {
        return Ok(());
    };
    let file = target(session, place, position)?;
    let entry = from.tried.remove(index);
    if file == from.file {
        from.insert(session, entry, position)?;
        from.write(session)?;
        return Ok(());
    }
    let mut to = Listed::in_file(session.config()?, file)?;
    to.insert(session, entry, position)?;
    from.write(session)?;
    to.write(session)?;
    Ok(())
}

fn not_listed(session: &mut Session, spec: &[String]) -> Error {
    let spec = spec.join(" ");
    let error = Error::not_found(format!("`{spec}` is not in the global chain"));
    let listed: Vec<String> = session
        .config()
        .and_then(|config| config.joined(&KEY))
        .map(|found| found.into_iter().map(|found| found.value).collect())
        .unwrap_or_default();
    let words: Vec<&str> = listed.iter().map(String::as_str).collect();
    match crate::error::nearest(&spec, &words) {
        Some(known) => error.hint(format!("did you mean `{known}`?")),
        None => error.hint("`provider list` shows the chain"),
    }
}

/// The file whose list has the provider.
fn find(session: &mut Session, place: &Where, spec: &[String]) -> Result<Option<Listed>> {
    let files = match place.named(session)? {
        Some(file) => vec![file],
        None => files_with_lists(session.config()?),
    };
    for file in files {
        let listed = Listed::in_file(session.config()?, file)?;
        if listed.position(session, spec)?.is_some() {
            return Ok(Some(listed));
        }
    }
    Ok(None)
}

/// The files that have a list, the one that is tried first first.
fn files_with_lists(config: &Config) -> Vec<PathBuf> {
    config
        .in_files(&KEY, View::All)
        .map(|(layer, _)| layer.file.clone())
        .collect()
}

/// The file to put a provider into, so that it is tried when it should be.
fn target(session: &mut Session, place: &Where, position: &Position) -> Result<PathBuf> {
    if let Some(file) = place.named(session)? {
        return Ok(file);
    }
    if let Some(ProviderSpec(words)) = &position.before
        && let Some(listed) = find(session, place, words)?
    {
        return Ok(listed.file);
    }
    let config = session.config()?;
    let mut files = files_with_lists(config);
    let file = if position.last {
        files.pop()
    } else {
        files.into_iter().next()
    };
    Ok(file.unwrap_or_else(|| config.home_file()))
}

/// A list's entries are split on white space; where an argument contains some, an alias stands for it all.
fn spec_for_list(session: &mut Session, words: &[String], place: &Where) -> Result<String> {
    if !words
        .iter()
        .any(|word| word.is_empty() || word.contains(char::is_whitespace))
    {
        return Ok(words.join(" "));
    }
    let name = alias::make_for(session, words, place)?;
    session.note(&format!("an argument contains a space, and Cargo splits this list on spaces: the alias `{name}` stands for the provider"));
    Ok(name)
}
