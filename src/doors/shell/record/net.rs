//! The net effect, sorted by what it is about.

use std::collections::{BTreeMap, BTreeSet};

use super::text::Script;
use crate::error::Result;
use crate::session::Session;
use crate::session::change::{Change, FileChange, ItemChange};
use crate::stores::ledger::{self, ROOT};

/// What is to be written, sorted by what it is about.
#[derive(Default)]
pub(super) struct Net<'a> {
    pub(super) registries: BTreeMap<&'a str, BTreeMap<&'a str, &'a FileChange>>,
    pub(super) crates_io: BTreeMap<&'a str, &'a FileChange>,
    pub(super) aliases: BTreeMap<&'a str, &'a FileChange>,
    pub(super) default: Option<&'a FileChange>,
    pub(super) chain: Option<&'a FileChange>,
    pub(super) ledger: BTreeSet<(&'a str, &'a str)>,
    pub(super) items: Vec<&'a ItemChange>,
}

impl<'a> Net<'a> {
    /// Sorts the changes; what no call could make is noted.
    pub(super) fn of(
        session: &mut Session,
        changes: &'a [Change],
        script: &mut Script,
    ) -> Result<Self> {
        let config = session.config()?;
        let (home, credentials) = (config.home_file(), config.credentials_file());
        let ledger = ledger::file(session.home());
        let mut net = Self::default();
        for change in changes {
            let change = match change {
                Change::Item(item) => {
                    net.items.push(item);
                    continue;
                }
                Change::File(change) => change,
            };
            let key: Vec<&str> = change.key.iter().map(String::as_str).collect();
            if change.file != home && change.file != credentials && change.file != ledger {
                let why = format!("it stands in `{}`", change.file.display());
                script.lacks(&format!("`{}`", change.dotted()), &why);
                continue;
            }
            match key.as_slice() {
                ["registries", name, setting] => {
                    put(net.registries.entry(name).or_default(), setting, change);
                }
                ["registry", "default"] => net.default = Some(change),
                ["registry", "global-credential-providers"] => net.chain = Some(change),
                ["registry", setting] => {
                    put(&mut net.crates_io, setting, change);
                }
                ["credential-alias", name] => {
                    net.aliases.insert(name, change);
                }
                [root, index, label, _] if *root == ROOT => {
                    net.ledger.insert((index, label));
                }
                _ => script.lacks(&format!("`{}`", change.dotted()), "no command writes it"),
            }
        }
        Ok(net)
    }
}

/// A token may go from one file and come into another: then it has come.
fn put<'a>(
    settings: &mut BTreeMap<&'a str, &'a FileChange>,
    setting: &'a str,
    change: &'a FileChange,
) {
    if change.after.node().is_some() || !settings.contains_key(setting) {
        settings.insert(setting, change);
    }
}
