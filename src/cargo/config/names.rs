//! The names of registries by their index, which is how Cargo finds them (11).
//!
//! Every registry's index is looked at, and one that is no URL breaks the query for any other (10). That is
//! done once; edits keep the result current, so that ten thousand of them cost no more than ten thousand.

use std::collections::HashMap;

use super::{Config, View, wrong_kind};
use crate::cargo::index_url::IndexUrl;
use crate::disk::tree::Node;
use crate::error::{Error, Place, Result};

/// The names of each canonical index URL.
pub(super) type ByIndex = HashMap<String, Vec<String>>;

impl Config {
    /// The names that config files give to an index, in alphabetical order.
    pub fn names_of_index(&self, canonical: &str) -> Result<Vec<String>> {
        let known = if let Some(known) = self.by_index.get() {
            known
        } else {
            let all = self.all_by_index()?;
            self.by_index.get_or_init(|| all)
        };
        let mut names = known.get(canonical).cloned().unwrap_or_default();
        names.sort();
        Ok(names)
    }

    fn all_by_index(&self) -> Result<ByIndex> {
        self.check_tables(&["registries"], View::Config)?;
        let mut all = ByIndex::new();
        for name in self.names(&["registries"], View::Config) {
            if let Some(canonical) = self.canonical_index(&name)? {
                all.entry(canonical).or_default().push(name);
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
        let name = match key {
            [table, name, ..] if table == "registries" => Some(name.as_str()),
            [table] if table == "registries" => {
                self.by_index.take();
                None
            }
            _ => None,
        };
        let Some(name) = name.filter(|_| self.by_index.get().is_some()) else {
            return change(self);
        };
        let before = self.canonical_index(name);
        let changed = change(self);
        let after = self.canonical_index(name);
        match (self.by_index.get_mut(), before, after) {
            (_, Ok(before), Ok(after)) if before == after => {}
            (Some(all), Ok(before), Ok(after)) => {
                if let Some(names) = before.and_then(|before| all.get_mut(&before)) {
                    names.retain(|other| other != name);
                }
                if let Some(after) = after {
                    all.entry(after).or_default().push(name.to_owned());
                }
            }
            // Asked again, the error will be told.
            _ => {
                self.by_index.take();
            }
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
