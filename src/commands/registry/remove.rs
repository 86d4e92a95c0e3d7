//! `registry remove`

use clap::Args;

use super::{must_exist, refuse_crates_io, replace_default};
use crate::cargo::config::View;
use crate::cargo::name::RegistryName;
use crate::cargo::registry::Wanted;
use crate::commands::Outcome;
use crate::commands::logout::{Places, log_out};
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
        let whole = if self.keep_token {
            View::Config
        } else {
            View::All
        };
        session.rely_on(&["registries", name.as_str()], whole);
        let mut keys = Vec::new();
        for layer in session.config()?.files() {
            for key in layer
                .table(&["registries", name.as_str()])
                .into_iter()
                .flat_map(|table| table.keys())
            {
                if key != "token" {
                    keys.push((layer.file.clone(), key.clone()));
                }
            }
        }
        for (file, key) in keys {
            session.edit(&file, &["registries", name.as_str(), &key], None)?;
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
}

fn has_token(session: &mut Session, name: &RegistryName) -> Result<bool> {
    let key = ["registries", name.as_str(), "token"];
    Ok(!session.config()?.all(&key, View::All).is_empty())
}
