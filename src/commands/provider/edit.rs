//! `provider add`, `provider remove`, `provider move`

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use crate::cargo::config::{Config, View, wrong_kind};
use crate::commands::Outcome;
use crate::commands::alias;
use crate::commands::args::{CREDSH, ProviderSpec, SpecWords, Where, installed, list_node};
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

    fn position(&self, spec: &str) -> Option<usize> {
        self.tried.iter().position(|entry| is_same(entry, spec))
    }

    fn insert(&mut self, spec: String, position: &Position) -> Result<()> {
        let index = match &position.before {
            Some(ProviderSpec(words)) => {
                let other = words.join(" ");
                self.position(&other).ok_or_else(|| {
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

    fn write(mut self, session: &mut Session) -> Result<()> {
        self.tried.reverse();
        let node = (!self.tried.is_empty()).then(|| list_node(&self.tried));
        session.edit(&self.file, &KEY, node)?;
        warn_of_environment(session)
    }
}

fn wrong_shape(found: &Node, file: &std::path::Path, line: usize) -> Error {
    wrong_kind(&KEY, "an array of strings", found, Place::line(file, line))
}

/// Two spellings of one provider: a list's entries are split on white space, and credsh is itself by any path.
fn is_same(one: &str, other: &str) -> bool {
    fn named(word: &str) -> &str {
        let name = std::path::Path::new(word).file_stem();
        if name.is_some_and(|name| name == CREDSH) {
            CREDSH
        } else {
            word
        }
    }
    one.split_whitespace()
        .map(named)
        .eq(other.split_whitespace().map(named))
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
        let spec = spec_for_list(session, &words, &self.place)?;
        if let Some(listed) = find(session, &self.place, &spec)? {
            if self.position.is_given() {
                move_to(session, listed, &spec, &self.position, &self.place)?;
            }
            return Outcome::change();
        }
        let file = target(session, &self.place, &self.position)?;
        let config = session.config()?;
        let is_unset = config.joined(&KEY)?.is_empty();
        let mut listed = Listed::in_file(config, file)?;
        if is_unset && !is_same(&spec, "cargo:token") {
            // Cargo's own default, which would no longer be asked.
            listed.tried.push("cargo:token".to_owned());
        }
        listed.insert(spec, &self.position)?;
        listed.write(session)?;
        Outcome::change()
    }
}

impl Remove {
    /// Removes.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let spec = self.spec.words()?.join(" ");
        let mut listed =
            find(session, &self.place, &spec)?.ok_or_else(|| not_listed(session, &spec))?;
        listed.tried.retain(|entry| !is_same(entry, &spec));
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
        let spec = self.spec.words()?.join(" ");
        let listed =
            find(session, &self.place, &spec)?.ok_or_else(|| not_listed(session, &spec))?;
        move_to(session, listed, &spec, &self.position, &self.place)?;
        Outcome::change()
    }
}

fn move_to(
    session: &mut Session,
    mut from: Listed,
    spec: &str,
    position: &Position,
    place: &Where,
) -> Result<()> {
    let Some(index) = from.position(spec) else {
        return Ok(());
    };
    let file = target(session, place, position)?;
    let entry = from.tried.remove(index);
    if file == from.file {
        from.insert(entry, position)?;
        return from.write(session);
    }
    let mut to = Listed::in_file(session.config()?, file)?;
    to.insert(entry, position)?;
    from.write(session)?;
    to.write(session)
}

fn not_listed(session: &mut Session, spec: &str) -> Error {
    let error = Error::not_found(format!("`{spec}` is not in the global chain"));
    let listed: Vec<String> = session
        .config()
        .and_then(|config| config.joined(&KEY))
        .map(|found| found.into_iter().map(|found| found.value).collect())
        .unwrap_or_default();
    let words: Vec<&str> = listed.iter().map(String::as_str).collect();
    match crate::error::nearest(spec, &words) {
        Some(known) => error.hint(format!("did you mean `{known}`?")),
        None => error.hint("`provider list` shows the chain"),
    }
}

/// The file whose list has the provider.
fn find(session: &mut Session, place: &Where, spec: &str) -> Result<Option<Listed>> {
    let files = match place.named(session)? {
        Some(file) => vec![file],
        None => files_with_lists(session.config()?),
    };
    for file in files {
        let listed = Listed::in_file(session.config()?, file)?;
        if listed.position(spec).is_some() {
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
        && let Some(listed) = find(session, place, &words.join(" "))?
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
