//! `token set`, `token remove`

use clap::Args;

use super::list::labelled;
use crate::cargo::registry::Registry;
use crate::commands::Outcome;
use crate::commands::args::{CREDSH, RegistryRef};
use crate::commands::logout::{Places, forget_one};
use crate::error::{Error, Kind as ErrorKind, Result};
use crate::session::Session;
use crate::session::own::{self, Rules};
use crate::stores::ledger::{Entry, Label};

/// Change what one of credsh's own tokens is for, when it expires, or where it is kept
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  token set ci --operations read\n  token set publish --crates 'serde*,toml' --expires 90d"
)]
pub struct Set {
    /// Its label
    #[arg(value_name = "TOKEN")]
    token: Label,
    /// Whose token, where several registries have one of that label
    #[arg(short, long, value_name = "REGISTRY")]
    registry: Option<RegistryRef>,
    #[command(flatten)]
    rules: Rules,
    /// For every operation again
    #[arg(long, conflicts_with = "operations")]
    all_operations: bool,
    /// For every crate again
    #[arg(long, conflicts_with = "crates")]
    all_crates: bool,
    /// Good without end again
    #[arg(long, conflicts_with = "expires")]
    never_expires: bool,
}

/// Forget one of credsh's own tokens
///
/// Nothing is revoked on the server.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  token remove ci")]
pub struct Remove {
    /// Its label
    #[arg(value_name = "TOKEN")]
    token: Label,
    /// Whose token, where several registries have one of that label
    #[arg(short, long, value_name = "REGISTRY")]
    registry: Option<RegistryRef>,
}

impl Set {
    /// Changes.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        if !self.rules.is_given() && !self.all_operations && !self.all_crates && !self.never_expires
        {
            return Err(Error::usage("there is nothing to change")
                .hint("`--operations`, `--crates`, `--expires`, `--store` or `--label`"));
        }
        let before = labelled(session, &self.token, self.registry.as_ref())?;
        let rules = self.rules.clone();
        let mut after = Entry {
            label: rules.label.unwrap_or_else(|| before.label.clone()),
            operations: rules
                .operations
                .unwrap_or_else(|| before.operations.clone()),
            crates: rules.crates.unwrap_or_else(|| before.crates.clone()),
            expires: rules.expires.or(before.expires),
            store: rules.store.unwrap_or(before.store),
            ..before.clone()
        };
        if self.all_operations {
            after.operations.clear();
        }
        if self.all_crates {
            after.crates.clear();
        }
        if self.never_expires {
            after.expires = None;
        }
        session.change_rules(&before, &after)?;
        Outcome::change()
    }
}

impl Remove {
    /// Forgets.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let entry = labelled(session, &self.token, self.registry.as_ref());
        let broken = self.broken(session)?;
        match (broken.as_slice(), &entry) {
            ([], _) => {}
            ([index], Err(error)) if error.kind() == ErrorKind::NotFound => {
                session.forget_broken(&self.token, index)?;
                return Outcome::change();
            }
            _ => {
                return Err(Error::usage(format!(
                    "several registries have a token `{}`, and one of its tables is broken",
                    self.token
                ))
                .hint("name one of them: `--registry NAME`"));
            }
        }
        let entry = entry?;
        let registry = own::registry_of(&entry)?;
        let place = forget_one(session, &entry, &registry, CREDSH.to_owned())?;
        Outcome::change_with(Places {
            registry: Some(registry.word()),
            places: vec![place],
            is_removal: false,
        })
    }

    /// The indexes that have a table of this token, and it is broken.
    fn broken(&self, session: &mut Session) -> Result<Vec<String>> {
        let mut ledger = session.ledger()?;
        if let Some(target) = &self.registry {
            let registry = Registry::resolve(session.config()?, &target.0)?;
            ledger.keep_index(registry.index_for_provider());
        }
        let broken = ledger.broken.into_iter();
        let of_this = broken.filter(|broken| broken.label.as_ref() == Some(&self.token));
        Ok(of_this.map(|broken| broken.index).collect())
    }
}
