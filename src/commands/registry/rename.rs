//! `registry rename`

use std::path::PathBuf;

use clap::Args;

use super::{Leftover, is_defined, must_exist, refuse_crates_io, replace_default};
use crate::cargo::config::View;
use crate::cargo::name::{RegistryName, variable};
use crate::cargo::registry::{Registry, Wanted};
use crate::commands::Outcome;
use crate::commands::args::NewName;
use crate::commands::logout::in_ignored;
use crate::error::{Error, Result};
use crate::session::Session;
use crate::stores::ledger::Entry;

/// Rename a registry, with its stored token
///
/// Wherever it stands: its settings, its `cargo:token` token, and `registry.default` if it names it. The
/// other stores know a registry by its index and need nothing.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  registry rename corp work")]
pub struct Rename {
    /// The name that it has
    old: RegistryName,
    /// The name that it gets
    new: NewName,
}

impl Rename {
    /// Renames.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let (old, NewName(new)) = (&self.old, &self.new);
        refuse_crates_io(old, "renamed")?;
        refuse_crates_io(new, "the name of another registry")?;
        must_exist(session.config()?, old)?;
        if old == new {
            return Outcome::change();
        }
        if is_defined(session.config()?, new.as_str()) {
            return Err(
                Error::failed(format!("there is a registry named `{new}` already"))
                    .hint(format!("remove that one first: `registry remove {new}`")),
            );
        }
        session.defining_file(&["registries", old.as_str(), "index"])?;
        self.warn_of_leftovers(session)?;
        // Credsh's own tokens go by the index; what the registry was called is noted beside them.
        if let Ok(registry) = Registry::resolve(session.config()?, &Wanted::Name(old.clone())) {
            let known = session.own_tokens(&registry).unwrap_or_else(|error| {
                session.warn(&format!(
                    "what credsh keeps for `{old}` itself stays noted under that name: {error}"
                ));
                Vec::new()
            });
            for entry in known {
                let renamed = Entry {
                    registry: Some(new.to_string()),
                    ..entry.clone()
                };
                session.change_rules(&entry, &renamed)?;
            }
        }
        // What comes under the old name is not to stay there, nor is what comes under the new one to be taken for its.
        for name in [old, new] {
            session.rely_on(&["registries", name.as_str()], View::All);
        }
        let table = ["registries", old.as_str()];
        let config = session.config()?;
        let layers = config.files().filter(|layer| layer.table(&table).is_some());
        let mut files: Vec<PathBuf> = layers.map(|layer| layer.file.clone()).collect();
        // What Cargo passes over now is not to come back under a name that another registry has by then.
        let ignored = in_ignored(session, &table)?.into_iter();
        files.extend(ignored.map(|(file, _)| file));
        for file in files {
            session.rename_table(&file, &table, new.as_str())?;
        }
        replace_default(session, old, Some(new))?;
        self.warn_of_variables(session)?;
        Outcome::change()
    }

    /// What is under the new name gives way to what comes, where there is such a thing in the same file.
    fn warn_of_leftovers(&self, session: &mut Session) -> Result<()> {
        let (old, NewName(new)) = (&self.old, &self.new);
        for left in Leftover::all(session, new)? {
            let comes = ["registries", old.as_str(), &left.setting];
            let is_replaced = session.config()?.in_file(&left.file, &comes).is_some();
            if !is_replaced {
                session.warn(&left.warning(new));
            } else if left.setting == "token" {
                session.warn(&format!(
                    "there is a token of `{new}` already, at {}; that of `{old}` takes its place",
                    left.place
                ));
            }
        }
        Ok(())
    }

    /// A variable keeps the old name, and so no longer counts.
    fn warn_of_variables(&self, session: &mut Session) -> Result<()> {
        for setting in ["token", "credential-provider"] {
            let (old, new) = (
                variable(&["registries", self.old.as_str(), setting]),
                variable(&["registries", self.new.0.as_str(), setting]),
            );
            if old != new && session.config()?.env().get(&old).is_some() {
                session.warn(&format!(
                    "the variable `{old}` no longer counts; Cargo reads `{new}` now"
                ));
            }
        }
        Ok(())
    }
}
