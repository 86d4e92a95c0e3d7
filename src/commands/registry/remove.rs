//! `registry remove`

use std::path::PathBuf;

use clap::Args;

use super::{must_exist, refuse_crates_io, replace_default};
use crate::cargo::config::View;
use crate::cargo::index_url::IndexUrl;
use crate::cargo::name::RegistryName;
use crate::cargo::registry::Wanted;
use crate::commands::Outcome;
use crate::commands::logout::{LogoutPlace, Places, in_ignored, is_credentials, log_out};
use crate::disk::tree::Node;
use crate::error::{Kind, Result};
use crate::session::{Session, way_back};

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
                // What Cargo refuses, or would not find, can be removed all the more; there is no token of it.
                Err(error)
                    if matches!(error.kind(), Kind::Malformed | Kind::NotFound)
                        && !has_token(session, name)? =>
                {
                    None
                }
                Err(error) => return Err(error),
            }
        };
        if !session.flags.yes {
            refuse_to_leave(places.as_deref().unwrap_or_default())?;
        }
        let again = self.again(session)?;
        let whole = if self.keep_token {
            View::Config
        } else {
            View::All
        };
        session.rely_on(&table, whole);
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
            Some(mut places) => {
                for place in &mut places {
                    place.fate.advise(&again);
                }
                Outcome::change_with(Places {
                    registry: Some(name.to_string()),
                    places,
                    is_removal: true,
                })
            }
            None => Outcome::change(),
        }
    }

    /// The files that have something of the registry and are to lose it.
    fn files(&self, session: &mut Session, table: &[&str]) -> Result<Vec<PathBuf>> {
        // Those that Cargo passes over now are not to bring it back; what is wrong with them is of no concern to it.
        let ignored = in_ignored(session, table).unwrap_or_default();
        let config = session.config()?;
        let read = config.files().filter(|layer| layer.table(table).is_some());
        let read = read.map(|layer| (layer.file.clone(), layer.is_credentials));
        let ignored = ignored.into_iter().map(|(file, _)| {
            let is_credentials = is_credentials(&file);
            (file, is_credentials)
        });
        let files = read.chain(ignored);
        let files = files.filter(|(_, is_credentials)| !(self.keep_token && *is_credentials));
        Ok(files.map(|(file, _)| file).collect())
    }

    /// Whether a key is no setting of the registry, but a token that stays, or has gone already.
    fn keeps(&self, key: &str) -> bool {
        key == "token" || self.keep_token && matches!(key, "secret-key" | "secret-key-subject")
    }

    /// How to come back to a token that is left: no other name leads to it.
    fn again(&self, session: &mut Session) -> Result<String> {
        let name = self.name.as_str();
        let config = session.config()?;
        let index = config.text(&["registries", name, "index"], View::Config);
        let index = index
            .ok()
            .flatten()
            .map(|index| IndexUrl::shown(&index.value));
        let own = config.words(&["registries", name, "credential-provider"]);
        let own = own.ok().flatten().map(|own| own.words);
        Ok(way_back(
            name,
            &index.unwrap_or_default(),
            &own.unwrap_or_default(),
        ))
    }
}

/// What is left in a store would belong to no name any more.
fn refuse_to_leave(places: &[LogoutPlace]) -> Result<()> {
    let checked = places.iter().try_for_each(LogoutPlace::check);
    checked.map_err(|error| {
        error.hint(
            "make it answer and repeat the command, or leave what it has: `--yes` removes all else, and `--keep-token` no token at all",
        )
    })
}

fn has_token(session: &mut Session, name: &RegistryName) -> Result<bool> {
    let key = ["registries", name.as_str(), "token"];
    let is_read = !session.config()?.all(&key, View::All).is_empty();
    Ok(is_read || !in_ignored(session, &key)?.is_empty())
}
