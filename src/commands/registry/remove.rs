//! `registry remove`

use std::path::PathBuf;

use clap::Args;

use super::{must_exist, refuse_crates_io, replace_default};
use crate::cargo::config::View;
use crate::cargo::name::RegistryName;
use crate::cargo::registry::Wanted;
use crate::commands::Outcome;
use crate::commands::logout::{Places, log_out};
use crate::disk::tree::Node;
use crate::error::{Kind, Result};
use crate::session::Session;

/// Remove a registry, and log out of it
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  registry remove lab\n  registry remove corp --keep-token")]
pub struct Remove {
    /// The registry's name
    name: RegistryName,
    /// Leave its token where it is
    #[arg(long)]
    keep_token: bool,
}

impl Remove {
    /// Removes.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let Self { name, .. } = self;
        refuse_crates_io(name, "removed")?;
        must_exist(session.config()?, name)?;
        session.defining_file(&["registries", name.as_str(), "index"])?;
        let table = ["registries", name.as_str()];
        let files = self.files(session, &table)?;
        let places = if self.keep_token {
            None
        } else {
            match log_out(session, &Wanted::Name(name.clone())) {
                Ok(places) => Some(places),
                // What Cargo refuses can be removed all the more; there is no token of it.
                Err(error) if error.kind() == Kind::Malformed && !has_token(session, name)? => None,
                Err(error) => return Err(error),
            }
        };
        for file in files {
            let now = session.open(&file)?.in_file(&file, &table);
            let keys: Vec<String> = match now.map(|entry| &entry.node) {
                Some(Node::Table(keys)) if keys.is_empty() => {
                    session.edit(&file, &table, None)?;
                    continue;
                }
                Some(Node::Table(keys)) => keys.keys().cloned().collect(),
                _ => Vec::new(),
            };
            for key in keys.iter().filter(|key| !self.keeps(key)) {
                session.edit(&file, &[&table[..], &[key]].concat(), None)?;
            }
            session.drop_table(&file, &table);
        }
        replace_default(session, name, None)?;
        match places {
            Some(places) => Outcome::change_with(Places {
                registry: Some(name.to_string()),
                places,
                must_be_gone: false,
            }),
            None => Outcome::change(),
        }
    }

    /// The files that have something of the registry and are to lose it.
    fn files(&self, session: &mut Session, table: &[&str]) -> Result<Vec<PathBuf>> {
        let layers = session.config()?.files().filter(|layer| {
            let stays = self.keep_token && layer.is_credentials;
            !stays && layer.table(table).is_some()
        });
        Ok(layers.map(|layer| layer.file.clone()).collect())
    }

    /// Whether a key is no setting of the registry, but a token that stays, or has gone already.
    fn keeps(&self, key: &str) -> bool {
        key == "token" || self.keep_token && matches!(key, "secret-key" | "secret-key-subject")
    }
}

fn has_token(session: &mut Session, name: &RegistryName) -> Result<bool> {
    let key = ["registries", name.as_str(), "token"];
    Ok(!session.config()?.all(&key, View::All).is_empty())
}
