//! Cargo's configuration as one thing to ask, each answer with its place and with what it shadows.
//!
//! Two views, as in Cargo: before it wants a token it has not read `credentials.toml` ([`View::Config`]),
//! afterwards that file lies above all others ([`View::All`], fact 4). The environment lies above both.
//!
//! An open transaction's edits are made in the layers themselves ([`Config::put`] gives back what was there,
//! which is all that undoing needs), so every reader sees what will be.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

mod edits;
mod lists;
mod names;
mod outside;
mod shapes;
mod stores;

pub use self::lists::Words;
use self::names::Names;
pub(super) use self::names::malformed_index;
pub use self::stores::{Held, ItemKey, item_key};
use super::layers::{Doubled, Layer, Layers, both_names};
use super::looks::Looks;
use super::name::variable;
use super::programs::Copies;
use crate::disk::tree::{Entry, Node, is_secret};
use crate::error::{Error, Place, Result};
use crate::token::Token;
use crate::world::{Env, Interrupts, Stderr, World};

/// How much of the configuration is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The environment and the config files.
    Config,
    /// The same, and the credentials file on top.
    All,
}

impl View {
    /// The view in which Cargo looks for a key: it finds registries before it has read the credentials (4).
    pub fn of(key: &[&str]) -> Self {
        match key {
            ["registries", _, "index"] | ["registry", "default"] => Self::Config,
            _ => Self::All,
        }
    }
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Found<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub place: Place,
}

/// The configuration that Cargo would see.
#[derive(Debug)]
pub struct Config {
    env: Env,
    home: PathBuf,
    directory: PathBuf,
    layers: Vec<Layer>,
    /// Files that Cargo does not read here, opened for editing.
    others: Vec<Layer>,
    doubled: Vec<Doubled>,
    looks: Looks,
    /// Whether the layers are no longer what was read.
    is_edited: bool,
    by_index: OnceCell<Names>,
    by_variable: OnceCell<Names>,
    /// What will have become of items in other stores.
    stores: HashMap<ItemKey, Held>,
    program: PathBuf,
    time_limit: Duration,
    interrupts: Interrupts,
    stderr: Stderr,
    may_prompt: bool,
    is_dismissed: Cell<bool>,
    /// What the keyring's silence was told as.
    silence: RefCell<Option<Error>>,
    copies: Copies,
    has_terminal: bool,
}

impl Config {
    /// Reads it all: what Cargo started in this world, with this home, would read. `is_locked`, where we have Cargo's
    /// lock.
    pub fn read(world: &World, home: &Path, is_locked: bool) -> Result<Self> {
        Self::of(
            world,
            home,
            Layers::read(home, &world.directory, is_locked)?,
        )
    }

    /// What Cargo would read before it wants a token: no credentials.
    pub fn without_tokens(world: &World, home: &Path) -> Result<Self> {
        Self::of(world, home, Layers::configuration(home, &world.directory)?)
    }

    fn of(world: &World, home: &Path, layers: Layers) -> Result<Self> {
        let Layers {
            layers,
            doubled,
            looks,
        } = layers;
        shapes::check(&layers)?;
        Ok(Self {
            env: world.env.clone(),
            home: home.to_path_buf(),
            directory: world.directory.clone(),
            layers,
            others: Vec::new(),
            doubled,
            looks,
            is_edited: false,
            by_index: OnceCell::new(),
            by_variable: OnceCell::new(),
            stores: HashMap::new(),
            program: world.program.clone(),
            time_limit: world.time_limit,
            interrupts: world.interrupts.clone(),
            stderr: world.stderr.clone(),
            may_prompt: false,
            is_dismissed: Cell::new(false),
            silence: RefCell::default(),
            copies: Copies::default(),
            has_terminal: world.prompt.is_available(),
        })
    }

    /// Whether reading it again would give the same.
    pub fn is_current(&self) -> bool {
        !self.is_edited && self.is_as_read(false)
    }

    /// Whether the disk still says what was read, whatever is pending; `is_locked`, where we have Cargo's lock.
    pub fn is_as_read(&self, is_locked: bool) -> bool {
        self.looks.still_hold(is_locked)
    }

    /// Whether a file had this text when it was read.
    pub fn has_read(&self, file: &Path, text: &str) -> bool {
        self.looks.has_read(file, text)
    }

    /// Whether a file is, or is included by, the credentials that Cargo reads.
    pub fn is_credentials(&self, file: &Path) -> bool {
        let mut layers = self.layers.iter();
        layers.any(|layer| layer.is_credentials && layer.file == file)
    }

    /// The files that were read, in order of precedence.
    pub fn files(&self) -> impl Iterator<Item = &Layer> {
        self.layers.iter()
    }

    /// Where two files stand and Cargo reads one.
    pub fn doubled(&self) -> &[Doubled] {
        &self.doubled
    }

    /// The credentials file that Cargo writes (29).
    pub fn credentials_file(&self) -> PathBuf {
        self.existing_or_toml(&self.home, "credentials")
    }

    /// The home's own config file.
    pub fn home_file(&self) -> PathBuf {
        self.existing_or_toml(&self.home, "config")
    }

    /// The project's config file, in the current folder itself.
    pub fn local_file(&self) -> PathBuf {
        self.existing_or_toml(&self.directory.join(".cargo"), "config")
    }

    /// The one of `NAME` and `NAME.toml` that Cargo read when all was read, whatever has come since.
    fn existing_or_toml(&self, folder: &Path, name: &str) -> PathBuf {
        let (plain, with_extension) = both_names(folder, name);
        let existed = self.looks.existed(&plain);
        if existed.unwrap_or_else(|| plain.exists()) {
            plain
        } else {
            with_extension
        }
    }

    /// Everything that files say about this key, the winner first.
    pub fn in_files<'a>(
        &'a self,
        key: &'a [&'a str],
        view: View,
    ) -> impl Iterator<Item = (&'a Layer, &'a Entry)> {
        self.layers
            .iter()
            .filter(move |layer| view == View::All || !layer.is_credentials)
            .filter_map(move |layer| Some((layer, layer.get(key)?)))
    }

    /// Everything that is said about this key, environment included, the winner first.
    pub fn all(&self, key: &[&str], view: View) -> Vec<Found<Node>> {
        let name = variable(key);
        let from_env = self.env.get(&name).map(|text| Found {
            value: text_node(key, text),
            place: Place::Env(name.clone()),
        });
        let files = self.in_files(key, view).map(|(layer, entry)| Found {
            value: entry.node.clone(),
            place: layer.place(entry),
        });
        from_env.into_iter().chain(files).collect()
    }

    /// Cargo refuses a key that leads through something that is not a table, whatever else is said about it.
    pub fn check_tables(&self, key: &[&str], view: View) -> Result<()> {
        for depth in 1..=key.len() {
            let table = &key[..depth];
            for (layer, entry) in self.in_files(table, view) {
                if entry.node.as_table().is_none() {
                    return Err(wrong_kind(
                        table,
                        "a table",
                        &entry.node,
                        layer.place(entry),
                    ));
                }
            }
        }
        Ok(())
    }

    /// A string.
    pub fn text(&self, key: &[&str], view: View) -> Result<Option<Found<String>>> {
        self.check_tables(&key[..key.len() - 1], view)?;
        let name = variable(key);
        if let Some(text) = self.env.get(&name) {
            return Ok(Some(Found {
                value: text.to_owned(),
                place: Place::Env(name),
            }));
        }
        let Some((layer, entry)) = self.in_files(key, view).next() else {
            return Ok(None);
        };
        match &entry.node {
            Node::Text(text) => Ok(Some(Found {
                value: text.clone(),
                place: layer.place(entry),
            })),
            other => Err(wrong_kind(key, "a string", other, layer.place(entry))),
        }
    }

    /// A string that is a secret.
    pub fn secret(&self, key: &[&str]) -> Result<Option<Found<Token>>> {
        self.check_tables(&key[..key.len() - 1], View::All)?;
        let Some(found) = self.all(key, View::All).into_iter().next() else {
            return Ok(None);
        };
        match found.value {
            Node::Secret(token) => Ok(Some(Found {
                value: token,
                place: found.place,
            })),
            other => Err(wrong_kind(key, "a string", &other, found.place)),
        }
    }

    /// The keys of a table in all files, as often as they are there.
    pub fn keys<'a>(&'a self, table: &'a [&'a str], view: View) -> impl Iterator<Item = &'a str> {
        self.layers
            .iter()
            .filter(move |layer| view == View::All || !layer.is_credentials)
            .filter_map(move |layer| layer.table(table))
            .flat_map(|table| table.keys().map(String::as_str))
    }

    /// The same in alphabetical order, each once.
    pub fn names(&self, table: &[&str], view: View) -> Vec<String> {
        let mut names: Vec<String> = self.keys(table, view).map(ToOwned::to_owned).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The folder that a relative program is relative to (8): the one that holds `.cargo`.
    pub fn root_of(&self, place: &Place) -> PathBuf {
        match place.as_file() {
            Some(file) => file
                .parent()
                .and_then(Path::parent)
                .map_or_else(|| self.directory.clone(), Path::to_path_buf),
            None => self.directory.clone(),
        }
    }

    /// Variables that Cargo would read if they were spelt right (3), for this key.
    pub fn near_misses(&self, key: &[&str]) -> Vec<String> {
        let wanted = variable(key);
        let is_meant = |name: &str| {
            let letters = name.chars().map(|c| if c == '-' { '_' } else { c });
            letters.flat_map(char::to_uppercase).eq(wanted.chars())
        };
        self.env
            .iter()
            .map(|(name, _)| name)
            .filter(|name| *name != wanted && is_meant(name))
            .map(ToOwned::to_owned)
            .collect()
    }
}

fn text_node(key: &[&str], text: &str) -> Node {
    if is_secret(key) {
        Node::Secret(Token::new(text))
    } else {
        Node::Text(text.to_owned())
    }
}

/// Cargo refuses a value of another kind than it wants.
pub(crate) fn wrong_kind(key: &[&str], wanted: &str, found: &Node, place: Place) -> Error {
    Error::malformed(format!(
        "`{}` must be {wanted}, not {}",
        key.join("."),
        found.description()
    ))
    .hint(format!("make it {wanted}; Cargo refuses it as it is"))
    .at(place)
}
