//! The names of registries by what Cargo finds them by: their index (11), and their variables (3).
//!
//! Every registry's index is looked at, and one that is no URL breaks the query for any other (10). That is
//! done once; edits keep the results current, so that ten thousand of them cost no more than ten thousand.

use std::collections::HashMap;

use super::{Config, View, wrong_kind};
use crate::cargo::index_url::IndexUrl;
use crate::cargo::name::variable;
use crate::disk::tree::Node;
use crate::error::{Error, Place, Result};

/// The names that have a thing in common.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<String, Vec<String>>);

impl Names {
    fn of(&self, thing: &str) -> Vec<String> {
        let mut names = self.0.get(thing).cloned().unwrap_or_default();
        names.sort();
        names
    }

    fn add(&mut self, thing: String, name: &str) {
        self.0.entry(thing).or_default().push(name.to_owned());
    }

    /// One name has another thing now, or none.
    fn moved(&mut self, name: &str, before: Option<String>, after: Option<String>) {
        if before == after {
            return;
        }
        if let Some(names) = before.and_then(|before| self.0.get_mut(&before)) {
            names.retain(|other| other != name);
        }
        if let Some(after) = after {
            self.add(after, name);
        }
    }
}

impl Config {
    /// The names that config files give to an index, in alphabetical order.
    pub fn names_of_index(&self, canonical: &str) -> Result<Vec<String>> {
        let known = if let Some(known) = self.by_index.get() {
            known
        } else {
            let all = self.all_by_index()?;
            self.by_index.get_or_init(|| all)
        };
        Ok(known.of(canonical))
    }

    /// The names in config files that have the same variables as this one, which may be among them.
    pub fn names_of_variables(&self, name: &str) -> Vec<String> {
        let known = self.by_variable.get_or_init(|| {
            let mut all = Names::default();
            for name in self.names(&["registries"], View::Config) {
                all.add(variable(&[&name]), &name);
            }
            all
        });
        known.of(&variable(&[name]))
    }

    fn all_by_index(&self) -> Result<Names> {
        self.check_tables(&["registries"], View::Config)?;
        let mut all = Names::default();
        for name in self.names(&["registries"], View::Config) {
            if let Some(canonical) = self.canonical_index(&name)? {
                all.add(canonical, &name);
            }
        }
        Ok(all)
    }

    /// What Cargo would compare of the index that files give to a name.
    fn canonical_index(&self, name: &str) -> Result<Option<String>> {
        self.check_tables(&["registries", name], View::Config)?;
        let key = ["registries", name, "index"];
        let Some((layer, entry)) = self.in_files(&key, View::Config).next() else {
            return Ok(None);
        };
        let place = layer.place(entry);
        let Node::Text(text) = &entry.node else {
            return Err(wrong_kind(&key, "a string", &entry.node, place));
        };
        text.parse::<IndexUrl>()
            .and_then(|url| url.canonical())
            .map(Some)
            .map_err(|error| malformed_index(&error, name, &place))
    }

    /// Makes a change of the layers, and keeps the names current.
    pub(super) fn changing<T>(&mut self, key: &[String], change: impl FnOnce(&mut Self) -> T) -> T {
        let (name, is_index) = match key {
            [table, name] if table == "registries" => (name, true),
            [table, name, setting, ..] if table == "registries" => (name, setting == "index"),
            [table] if table == "registries" => {
                self.by_index.take();
                self.by_variable.take();
                return change(self);
            }
            _ => return change(self),
        };
        let keeps_index = is_index && self.by_index.get().is_some();
        let index = |config: &Self| keeps_index.then(|| config.canonical_index(name));
        let keeps_variable = self.by_variable.get().is_some();
        let variables = |config: &Self| {
            (keeps_variable
                && config
                    .in_files(&["registries", name], View::Config)
                    .next()
                    .is_some())
            .then(|| variable(&[name]))
        };
        let before = (index(self), variables(self));
        let changed = change(self);
        let after = (index(self), variables(self));
        match (self.by_index.get_mut(), before.0, after.0) {
            (_, None, None) => {}
            (Some(all), Some(Ok(before)), Some(Ok(after))) => all.moved(name, before, after),
            // Asked again, the error will be told.
            _ => {
                self.by_index.take();
            }
        }
        if let Some(all) = self.by_variable.get_mut() {
            all.moved(name, before.1, after.1);
        }
        changed
    }
}

/// An index that is no URL.
pub(in crate::cargo) fn malformed_index(error: &Error, name: &str, place: &Place) -> Error {
    let message = format!("the index of `{name}` is not one: {}", error.message());
    Error::malformed(message)
        .at(place.clone())
        .maybe_hint(error.next_step().map(ToOwned::to_owned))
}
