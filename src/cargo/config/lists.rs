//! Programs with their arguments, and lists of them: strings that are split on white space, and arrays, of which several
//! files may each have a part.
//!
//! Invariant: what Cargo joins is joined, in its order; what it joins at random (6) is said to be so.

use super::{Config, Found, View, wrong_kind};
use crate::cargo::layers::Layer;
use crate::cargo::name::variable;
use crate::disk::tree::{Entry, Node};
use crate::error::{Error, Place, Result};

/// A program and its arguments as configured, before aliases.
#[derive(Debug, Clone)]
pub struct Words {
    /// The words; at least one.
    pub words: Vec<String>,
    /// Where they stand, or the nearest of several places.
    pub place: Place,
    /// Whether Cargo's choice between two arrays differs from run to run (6).
    pub is_random: bool,
}

impl Config {
    /// A program with arguments: a string that is split on white space, or an array of strings.
    pub fn words(&self, key: &[&str]) -> Result<Option<Words>> {
        self.check_tables(&key[..key.len() - 1], View::All)?;
        let name = variable(key);
        if let Some(text) = self.env.get(&name) {
            return Self::some_words(key, split(text), Place::Env(name), false).map(Some);
        }
        let Some((layer, entry)) = self.in_files(key, View::All).next() else {
            return Ok(None);
        };
        let place = layer.place(entry);
        match &entry.node {
            Node::Text(text) => Self::some_words(key, split(text), place, false).map(Some),
            Node::List(_) => {
                let (words, is_random) = self.joined_arrays(key)?;
                Self::some_words(key, words, place, is_random).map(Some)
            }
            other => Err(wrong_kind(
                key,
                "a string or an array of strings",
                other,
                place,
            )),
        }
    }

    fn some_words(
        key: &[&str],
        words: Vec<String>,
        place: Place,
        is_random: bool,
    ) -> Result<Words> {
        if words.is_empty() {
            return Err(
                Error::malformed(format!("`{}` names no program", key.join(".")))
                    .at(place)
                    .hint("name a provider, as `cargo:token`, or remove it"),
            );
        }
        Ok(Words {
            words,
            place,
            is_random,
        })
    }

    /// Arrays of a program: of the config files the nearest, then those of the credentials appended (4, 6).
    fn joined_arrays(&self, key: &[&str]) -> Result<(Vec<String>, bool)> {
        let (credentials, config): (Vec<_>, Vec<_>) = self
            .in_files(key, View::All)
            .partition(|(layer, _)| layer.is_credentials);
        let is_random = config.len() > 1 && self.shares_more_than(key);
        let mut words = Vec::new();
        for (layer, entry) in config
            .into_iter()
            .take(1)
            .chain(credentials.into_iter().rev())
        {
            words.extend(
                strings_of(key, layer, entry)?
                    .into_iter()
                    .map(|found| found.value),
            );
        }
        Ok((words, is_random))
    }

    /// Whether two config files have more in common than this one key: then Cargo's path to it depends on
    /// the order of a hash table, and with it whether the arrays are joined (6).
    fn shares_more_than(&self, key: &[&str]) -> bool {
        let layers: Vec<&Layer> = self
            .layers
            .iter()
            .filter(|layer| !layer.is_credentials && layer.get(key).is_some())
            .collect();
        (0..key.len()).any(|depth| {
            layers.windows(2).any(|pair| {
                let (Some(near), Some(far)) =
                    (pair[0].table(&key[..depth]), pair[1].table(&key[..depth]))
                else {
                    return false;
                };
                near.keys().filter(|other| far.contains_key(*other)).count() > 1
            })
        })
    }

    /// A list that is joined from all files, the farthest first, the environment last (6).
    pub fn joined(&self, key: &[&str]) -> Result<Vec<Found<String>>> {
        self.check_tables(&key[..key.len() - 1], View::All)?;
        let mut items = Vec::new();
        let entries: Vec<_> = self.in_files(key, View::All).collect();
        for (layer, entry) in entries.into_iter().rev() {
            items.extend(strings_of(key, layer, entry)?);
        }
        let name = variable(key);
        if let Some(text) = self.env.get(&name) {
            items.extend(split(text).into_iter().map(|value| Found {
                value,
                place: Place::Env(name.clone()),
            }));
        }
        Ok(items)
    }
}

fn split(text: &str) -> Vec<String> {
    text.split_whitespace().map(ToOwned::to_owned).collect()
}

fn strings_of(key: &[&str], layer: &Layer, entry: &Entry) -> Result<Vec<Found<String>>> {
    let Node::List(list) = &entry.node else {
        return Err(wrong_kind(
            key,
            "an array of strings",
            &entry.node,
            layer.place(entry),
        ));
    };
    list.iter()
        .map(|item| match &item.node {
            Node::Text(text) => Ok(Found {
                value: text.clone(),
                place: layer.place(item),
            }),
            other => Err(wrong_kind(
                key,
                "an array of strings",
                other,
                layer.place(item),
            )),
        })
        .collect()
}
