//! `registry ...`: what Cargo would know by name.

mod add;
mod list;
mod remove;
mod rename;
mod set;
mod show;

use std::path::PathBuf;

use clap::Subcommand;

pub(super) use self::add::{refuse_mixed_shapes, set_provider};

use super::Outcome;
use super::logout::{in_ignored, place_of};
use crate::cargo::chain::Provider;
use crate::cargo::config::{Config, View};
use crate::cargo::name::RegistryName;
use crate::cargo::registry::unknown;
use crate::disk::tree::{Entry, Node};
use crate::error::{Error, Place, Result};
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

/// A setting that an earlier registry of a name has left in a file, and that counts for the next one.
struct Leftover {
    file: PathBuf,
    setting: String,
    place: Place,
    /// Whether Cargo does not read that file, because another one is in the way.
    is_ignored: bool,
}

impl Leftover {
    /// All that there is under a name.
    fn all(session: &mut Session, name: &RegistryName) -> Result<Vec<Self>> {
        let table = ["registries", name.as_str()];
        // What is wrong with those is of no concern to Cargo.
        let ignored = in_ignored(session, &table).unwrap_or_default();
        let config = session.config()?;
        let read = config.in_files(&table, View::All);
        let read = read.map(|(layer, _)| (layer.file.clone(), false));
        let files = read.chain(ignored.into_iter().map(|(file, _)| (file, true)));
        let mut all = Vec::new();
        for (file, is_ignored) in files {
            let entry = config.in_file(&file, &table);
            let Some(Node::Table(settings)) = entry.map(|entry| &entry.node) else {
                continue;
            };
            // An index among the credentials counts for nothing (4).
            let counts =
                |name: &str| matches!(name, "token" | "credential-provider" | "secret-key");
            let settings = settings.iter().filter(|(setting, _)| counts(setting));
            all.extend(settings.map(|(setting, entry)| Self {
                file: file.clone(),
                setting: setting.clone(),
                place: place_of(&file, entry),
                is_ignored,
            }));
        }
        Ok(all)
    }

    fn warning(&self, name: &RegistryName) -> String {
        let Self { setting, place, .. } = self;
        match (setting.as_str(), self.is_ignored) {
            ("token", false) => format!(
                "there is a token of `{name}` already, at {place}, and from now on Cargo sends it to this index; `logout {name}` removes it"
            ),
            ("token", true) => format!(
                "there is a token of `{name}` already, at {place}, which Cargo would send to this index if no other file were in the way of that; `logout {name}` removes it"
            ),
            (setting, false) => format!(
                "`registries.{name}.{setting}` is there already, at {place}, and counts for this registry"
            ),
            (setting, true) => format!(
                "`registries.{name}.{setting}` is there already, at {place}, and would count for this registry if no other file were in the way of that"
            ),
        }
    }
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
