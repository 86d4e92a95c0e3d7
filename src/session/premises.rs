//! What commands have found and built on, and whether that still stands when what they have made of it is written: the
//! index that a token is for, the provider that is to keep it, a table that is renamed as a whole.
//!
//! A key that is written is looked at where its file is; the others as well, those included that were not there.
//! What the session knows is compared with what the disk says now, both with all that is pending: so what a transaction
//! does itself is no difference.
//!
//! Invariant: what rests on something that is no longer so is not written, unless `--yes` says so; and nothing ever is to
//! a file that Cargo has ceased to read.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::Session;
use super::change::{Change, FileChange, Key, is_same, shown};
use super::editing::parts;
use super::locks::real;
use super::order::{Part, configuration_after};
use super::overlay::Premise;
use crate::cargo::config::{Config, View};
use crate::cargo::index_url::IndexUrl;
use crate::cargo::layers::Layer;
use crate::cargo::registry::with_canonical;
use crate::disk::document::Value;
use crate::disk::journal::{EditRecord, Journal, Surroundings, digest_of};
use crate::disk::lock;
use crate::disk::tree::{Entry, Node, Table, is_secret, prune};
use crate::error::{Error, Place, Result};

impl Session {
    /// Notes that a command has looked at this key, and at all below it, in the files of this view, and would have done
    /// something else had it found something else.
    pub fn rely_on(&mut self, key: &[impl AsRef<str>], view: View) {
        self.overlay.rely_on(key, view);
    }

    /// Refuses what rests on something that is no longer so; `is_locked`, where we have Cargo's lock.
    pub(super) fn check_premises(&self, changes: &[Change], is_locked: bool) -> Result<()> {
        match self.read_anew(is_locked)? {
            Some(now) => self.check_against(now, changes),
            None => Ok(()),
        }
    }

    /// The configuration, if it is no longer as it was told.
    fn read_anew(&self, is_locked: bool) -> Result<Option<Config>> {
        let told = self.config.as_ref();
        if told.is_none_or(|told| told.is_as_read(is_locked)) {
            return Ok(None);
        }
        Config::read(&self.world, &self.home, is_locked).map(Some)
    }

    fn check_against(&self, now: Config, changes: &[Change]) -> Result<()> {
        let Some(told) = &self.config else {
            return Ok(());
        };
        let now = configuration_after(now, changes)?;
        let both = Both {
            told,
            now: &now,
            changes: changes.iter().filter_map(Change::as_file).collect(),
        };
        both.check_files()?;
        if self.flags.yes {
            return Ok(());
        }
        self.overlay
            .premises()
            .iter()
            .try_for_each(|premise| both.check(premise))?;
        both.check_names()
    }

    /// What somebody else changed in the meantime, in a key that is about to be written, is not overwritten, unless
    /// they made it what it should be. What they took away does not come back under another name.
    pub(super) fn check_unchanged(&self, part: &Part, found: &[Option<Entry>]) -> Result<()> {
        let file = part.file.as_path();
        let renamed: Vec<&Key> = part
            .tables
            .iter()
            .filter_map(|(table, name)| name.as_ref().map(|_| table))
            .collect();
        for (edit, now) in part.edits.iter().zip(found) {
            let node = now.as_ref().map(|entry| &entry.node);
            let is_renamed = || renamed.iter().any(|table| edit.key.starts_with(table));
            let is_gone = node.is_none() && edit.before.is_some() && is_renamed();
            let is_known = edit.after.is(node) && !is_gone || is_same(node, edit.before.as_ref());
            if !is_known && !self.flags.yes {
                let place = now
                    .as_ref()
                    .map_or_else(|| Place::file(file), |entry| Place::line(file, entry.line));
                let nodes = [edit.before.as_ref(), node];
                return Err(changed_meanwhile(&edit.dotted(), nodes, place));
            }
        }
        Ok(())
    }

    /// What a start that finishes this needs to know of what it does not write; `is_locked`, where we have Cargo's lock.
    /// Refused like the premises: what that start rests on is what this change may rest on.
    pub(super) fn surroundings(
        &mut self,
        journal: &Journal,
        changes: &[Change],
        is_locked: bool,
    ) -> Result<Surroundings> {
        let Some(now) = self.read_anew(is_locked)? else {
            let config = self.config()?;
            return Ok(surroundings(config.files(), config.home(), journal));
        };
        let said = surroundings(now.files(), &self.home, journal);
        self.check_against(now, changes)?;
        Ok(said)
    }
}

/// Somebody else has changed a key that a change is about, or rests on: what it was, and what it is now.
fn changed_meanwhile(key: &str, nodes: [Option<&Node>; 2], place: Place) -> Error {
    let [was, is] = nodes.map(|node| match (shown(node), node) {
        (_, None) => "nothing".to_owned(),
        // A token that is too short to be known again by it has no fingerprint.
        (Json::Null, _) => "a token".to_owned(),
        (Json::String(text), _) => format!("`{text}`"),
        (value, _) => format!("`{value}`"),
    });
    Error::failed(format!(
        "somebody else has changed `{key}` since it was read; nothing was written"
    ))
    .because(format!("it was {was}, and is {is} now"))
    .at(place)
    .hint("look at it and repeat what you did, in a transaction after `rollback`; or write all the same with `--yes`")
}

/// What files say of the registries that a journal is about, beside what it writes itself.
pub(crate) fn surroundings<'a>(
    layers: impl Iterator<Item = &'a Layer>,
    home: &Path,
    journal: &Journal,
) -> Surroundings {
    // A file may have several names, and others where credsh is started another time.
    let home = real(home);
    let mut names: Vec<(PathBuf, &Layer)> =
        layers.map(|layer| (real(&layer.file), layer)).collect();
    names.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut tables = BTreeSet::new();
    let mut written: BTreeMap<_, HashSet<&[String]>> = BTreeMap::new();
    for record in journal.all() {
        let keys = written.entry(lock::identity(&record.file)).or_default();
        for edit in &record.edits {
            tables.extend(registry_of(edit));
            keys.insert(&edit.key);
        }
    }
    let known = names.iter().map(|(name, _)| lock::identity(name));
    let known: Vec<_> = known.collect();
    let mut is_met = BTreeSet::new();
    let mut files = Vec::new();
    for ((name, layer), file) in names.iter().zip(&known) {
        if file.is_none() || is_met.insert(file) {
            files.push((name, layer, written.get(file)));
        }
    }
    // In a file of the old layout it may come to be read, or not, by what is written to another.
    let keys = || written.values().flatten();
    let writes_first_token = keys().any(|key| key.len() == 2 && is_secret(key));
    let said = tables.into_iter().filter_map(|table: Key| {
        let mut said = Table::new();
        for (file, layer, written) in &files {
            let Some(entry) = layer.get(&parts(&table)) else {
                continue;
            };
            let is_written = |key: &[String]| {
                written.is_some_and(|keys| keys.contains(key))
                    || writes_first_token && key.len() == 2 && is_secret(key)
            };
            let mut entry = entry.clone();
            if let Node::Table(rest) = &mut entry.node {
                rest.retain(|name, _| {
                    let key = [&table[..], std::slice::from_ref(name)].concat();
                    registry_table(&key).is_some() && !is_written(&key)
                });
                prune(rest);
                if rest.is_empty() {
                    continue;
                }
            }
            let name = file.strip_prefix(&home).unwrap_or(file);
            said.insert(name.display().to_string(), entry);
        }
        (!said.is_empty()).then(|| (table, digest_of(&Node::Table(said))))
    });
    let said = said.collect();
    Surroundings::new(&home, names.iter().map(|(name, _)| name.as_path()), said)
}

/// The table of the registry that an edit is about, or makes the default.
pub(super) fn registry_of(edit: &EditRecord) -> Option<Key> {
    match (edit.key.as_slice(), &edit.after) {
        ([table, setting], Some(Value::Text(name)))
            if table == "registry" && setting == "default" =>
        {
            Some(vec!["registries".to_owned(), name.clone()])
        }
        (key, _) => registry_table(key).map(<[String]>::to_vec),
    }
}

/// The table of a registry that this is about; crates.io has the keys of `registry` that are not about others.
pub(super) fn registry_table(key: &[String]) -> Option<&[String]> {
    match key {
        [table, _, ..] if table == "registries" => Some(&key[..2]),
        [table, setting] if table == "registry" => {
            (is_secret(key) || setting == "credential-provider").then(|| &key[..1])
        }
        _ => None,
    }
}

/// The configuration as it was told and as it is now, both with these changes.
struct Both<'a> {
    told: &'a Config,
    now: &'a Config,
    changes: Vec<&'a FileChange>,
}

impl Both<'_> {
    /// Another file may have taken the place of one, or no longer includes it.
    fn check_files(&self) -> Result<()> {
        let reads = |config: &Config, file: &Path| config.files().any(|layer| layer.file == file);
        let mut files = self.changes.iter().map(|change| change.file.as_path());
        match files.find(|file| reads(self.told, file) && !reads(self.now, file)) {
            None => Ok(()),
            Some(file) => Err(Error::failed(
                "Cargo no longer reads this file; nothing was written",
            )
            .at(Place::file(file))
            .hint("look which file stands beside it or includes it, and repeat the command")),
        }
    }

    fn check(&self, premise: &Premise) -> Result<()> {
        let layers = self.told.files().chain(self.now.files());
        let seen = layers.filter(|layer| premise.view == View::All || !layer.is_credentials);
        for file in seen.map(|layer| layer.file.as_path()) {
            let key: Vec<&str> = premise.key.iter().map(String::as_str).collect();
            let entries = [self.told, self.now].map(|config| config.in_file(file, &key));
            if let Some(key) = self.difference(file, premise.key.clone(), entries) {
                return Err(self.refused(file, &key));
            }
        }
        Ok(())
    }

    /// Where an index is written, a name that has come for it: Cargo refuses both (11).
    fn check_names(&self) -> Result<()> {
        let index_of = |change: &&FileChange| match (change.key.as_slice(), change.after.node()) {
            ([table, _, setting], Some(Node::Text(text)))
                if table == "registries" && setting == "index" =>
            {
                text.parse::<IndexUrl>().ok()
            }
            _ => None,
        };
        for index in self.changes.iter().filter_map(index_of) {
            let known = with_canonical(self.told, &index)?;
            let names = with_canonical(self.now, &index)?;
            for name in names.iter().filter(|name| !known.contains(name)) {
                let key = ["registries", name, "index"];
                if let Some((layer, _)) = self.now.in_files(&key, View::Config).next() {
                    return Err(self.refused(&layer.file, &key.map(ToOwned::to_owned)));
                }
            }
        }
        Ok(())
    }

    /// The first key, from this one down, that is another one now. What is written is checked where it is written.
    fn difference(&self, file: &Path, key: Key, entries: [Option<&Entry>; 2]) -> Option<Key> {
        let nodes = entries.map(|entry| entry.map(|entry| &entry.node));
        let tables = nodes.map(|node| node.and_then(Node::as_table));
        if nodes.iter().flatten().count() > tables.iter().flatten().count() {
            let [told, now] = nodes;
            return (!is_same(told, now) && !self.is_ours(file, &key)).then_some(key);
        }
        let parts: BTreeSet<&String> = tables
            .iter()
            .flatten()
            .flat_map(|table| table.keys())
            .collect();
        parts.into_iter().find_map(|part| {
            let below = tables.map(|table| table.and_then(|table: &Table| table.get(part)));
            let key = key.iter().chain([part]).cloned().collect();
            self.difference(file, key, below)
        })
    }

    fn is_ours(&self, file: &Path, key: &[String]) -> bool {
        let mut changes = self.changes.iter();
        changes.any(|change| change.file == file && key.starts_with(&change.key))
    }

    fn refused(&self, file: &Path, key: &[String]) -> Error {
        let path: Vec<&str> = key.iter().map(String::as_str).collect();
        let place = match self.now.in_file(file, &path) {
            Some(entry) if entry.line > 0 => Place::line(file, entry.line),
            _ => Place::file(file),
        };
        let nodes = [self.told, self.now].map(|config| {
            let entry = config.in_file(file, &path);
            entry.map(|entry| &entry.node)
        });
        changed_meanwhile(&key.join("."), nodes, place)
    }
}
