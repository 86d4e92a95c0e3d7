//! `registry ...`: what Cargo would know by name.

mod add;
mod list;
mod remove;
mod rename;
mod set;
mod show;

use clap::Subcommand;

pub(super) use self::add::{refuse_mixed_shapes, set_provider};

use super::Outcome;
use crate::cargo::chain::Provider;
use crate::cargo::config::{Config, View};
use crate::cargo::name::RegistryName;
use crate::cargo::registry::unknown;
use crate::disk::tree::{Entry, Node};
use crate::error::{Error, Result};
use crate::session::Session;

/// Registries.
#[derive(Debug, Clone, Subcommand)]
#[expect(
    missing_docs,
    reason = "a variant's documentation is its struct's, which is its help"
)]
pub enum RegistryCommand {
    List(list::List),
    Show(show::Show),
    Add(add::Add),
    Set(set::Set),
    Rename(rename::Rename),
    Remove(remove::Remove),
}

impl RegistryCommand {
    /// Does it.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        match self {
            Self::List(command) => command.run(session),
            Self::Show(command) => command.run(session),
            Self::Add(command) => command.run(session),
            Self::Set(command) => command.run(session),
            Self::Rename(command) => command.run(session),
            Self::Remove(command) => command.run(session),
        }
    }
}

/// crates.io is built in: it cannot be added, renamed or removed.
fn refuse_crates_io(name: &RegistryName, doing: &str) -> Result<()> {
    if name.is_crates_io() {
        return Err(Error::usage(format!(
            "crates.io is built into Cargo and cannot be {doing}"
        ))
        .hint("`registry show crates-io` shows what can be set of it"));
    }
    Ok(())
}

/// Refuses a name that no file and no variable defines.
fn must_exist(config: &Config, name: &RegistryName) -> Result<()> {
    config.check_tables(&["registries", name.as_str()], View::All)?;
    if is_defined(config, name.as_str()) {
        return Ok(());
    }
    Err(unknown(config, name))
}

fn is_defined(config: &Config, name: &str) -> bool {
    !config
        .all(&["registries", name, "index"], View::Config)
        .is_empty()
        || config
            .in_files(&["registries", name], View::Config)
            .next()
            .is_some()
}

/// Warns of a token that an earlier registry of this name has left in a file: Cargo sends it to whatever index the name
/// has.
fn warn_of_left_token(session: &mut Session, name: &RegistryName) -> Result<()> {
    let key = ["registries", name.as_str(), "token"];
    let config = session.config()?;
    let place = config
        .in_files(&key, View::All)
        .next()
        .map(|(layer, entry)| layer.place(entry));
    if let Some(place) = place {
        session.warn(&format!(
            "there is a token of `{name}` already, at {place}, and from now on Cargo sends it to this index; `logout {name}` removes it"
        ));
    }
    Ok(())
}

/// Names another default, or none, in every file whose default is this registry.
fn replace_default(
    session: &mut Session,
    name: &RegistryName,
    other: Option<&RegistryName>,
) -> Result<()> {
    let key = ["registry", "default"];
    session.rely_on(&key, View::Config);
    let names_it = |entry: &Entry| matches!(&entry.node, Node::Text(text) if text == name.as_str());
    let files: Vec<_> = session
        .config()?
        .in_files(&key, View::Config)
        .filter(|(_, entry)| names_it(entry))
        .map(|(layer, _)| layer.file.clone())
        .collect();
    for file in files {
        session.edit(
            &file,
            &key,
            other.map(|other| Node::Text(other.to_string())),
        )?;
    }
    Ok(())
}

/// Providers as arrays of words.
fn words_of(providers: &[Provider]) -> Vec<Vec<String>> {
    providers
        .iter()
        .map(|provider| provider.command.clone())
        .collect()
}
