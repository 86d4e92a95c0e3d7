//! Cargo's configuration as one thing to ask, each answer with its place and with what it shadows.
//!
//! Two views, as in Cargo: before it wants a token it has not read `credentials.toml` ([`View::Config`]),
//! afterwards that file lies above all others ([`View::All`], fact 4). The environment lies above both.
//!
//! An open transaction's edits are made in the layers themselves ([`Config::put`] gives back what was there,
//! which is all that undoing needs), so every reader sees what will be.

use std::path::{Path, PathBuf};

use super::layers::{Doubled, Layer, Layers, both_names};
use super::name::variable;
use crate::disk::replace;
use crate::disk::tree::{self, Entry, Node, Table, is_secret};
use crate::error::{Error, Place, Result};
use crate::token::Token;
use crate::world::Env;

/// How much of the configuration is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The environment and the config files.
    Config,
    /// The same, and the credentials file on top.
    All,
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Found<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub place: Place,
}

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
}

impl Config {
    /// Reads it all: what Cargo started in `directory`, with this environment and home, would read.
    pub fn read(env: &Env, home: &Path, directory: &Path) -> Result<Self> {
        let Layers { layers, doubled } = Layers::read(home, directory)?;
        check_shapes(&layers)?;
        let (home, directory) = (home.to_path_buf(), directory.to_path_buf());
        Ok(Self {
            env: env.clone(),
            home,
            directory,
            layers,
            others: Vec::new(),
            doubled,
        })
    }

    /// The environment that belongs to this view.
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// The folder that decides which project files count.
    pub fn directory(&self) -> &Path {
        &self.directory
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
        existing_or_toml(&self.home, "credentials")
    }

    /// The home's own config file.
    pub fn home_file(&self) -> PathBuf {
        existing_or_toml(&self.home, "config")
    }

    /// The project's config file, in the current folder itself.
    pub fn local_file(&self) -> PathBuf {
        existing_or_toml(&self.directory.join(".cargo"), "config")
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

    /// The names of the tables under a key, in alphabetical order, each once.
    pub fn names(&self, key: &[&str], view: View) -> Vec<String> {
        let mut names: Vec<String> = self
            .layers
            .iter()
            .filter(|layer| view == View::All || !layer.is_credentials)
            .filter_map(|layer| layer.table(key))
            .flat_map(|table| table.keys().cloned())
            .collect();
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
        self.env
            .iter()
            .map(|(name, _)| name)
            .filter(|name| *name != wanted && name.replace('-', "_").to_uppercase() == wanted)
            .map(ToOwned::to_owned)
            .collect()
    }

    /// What a file says about a key now, whether Cargo reads that file or not.
    pub fn in_file(&self, file: &Path, key: &[&str]) -> Option<&Entry> {
        self.layers
            .iter()
            .chain(&self.others)
            .find(|layer| layer.file == file)?
            .get(key)
    }

    /// The name under which a file is known here, whatever it was called: one file is never two.
    pub fn known_as(&self, file: PathBuf) -> PathBuf {
        let wanted = identity(&file);
        let standard = [self.credentials_file(), self.home_file(), self.local_file()];
        let known = self
            .layers
            .iter()
            .chain(&self.others)
            .map(|layer| &layer.file);
        known
            .chain(&standard)
            .find(|known| identity(known) == wanted)
            .cloned()
            .unwrap_or(file)
    }

    /// Makes a file known that may be about to be edited, and be it one that does not exist yet.
    pub fn open(&mut self, file: &Path) -> Result<()> {
        if self
            .layers
            .iter()
            .chain(&self.others)
            .any(|layer| layer.file == file)
        {
            return Ok(());
        }
        let mut layer = Layer {
            file: file.to_path_buf(),
            root: Table::new(),
            is_credentials: false,
        };
        if file == self.credentials_file() {
            layer.is_credentials = true;
            self.layers.insert(0, layer);
        } else if file == self.home_file() {
            self.layers.push(layer);
        } else if file == self.local_file() {
            let nearest = self
                .layers
                .iter()
                .filter(|layer| layer.is_credentials)
                .count();
            self.layers.insert(nearest, layer);
        } else {
            if let Some(text) = replace::read(file)? {
                layer.root = tree::parse(file, &text)?;
            }
            self.others.push(layer);
        }
        Ok(())
    }

    /// Puts an entry into a file that is open, or takes it out, and gives back what was there.
    pub fn put(&mut self, file: &Path, key: &[String], entry: Option<Entry>) -> Option<Entry> {
        let layer = self
            .layers
            .iter_mut()
            .chain(&mut self.others)
            .find(|layer| layer.file == file)?;
        match entry {
            Some(entry) => put_into(&mut layer.root, key, entry),
            None => take_from(&mut layer.root, key),
        }
    }
}

/// A path without links and `..`, of a file that need not exist.
fn identity(file: &Path) -> PathBuf {
    file.canonicalize().unwrap_or_else(|_| {
        match (file.parent().map(Path::canonicalize), file.file_name()) {
            (Some(Ok(folder)), Some(name)) => folder.join(name),
            _ => file.to_path_buf(),
        }
    })
}

fn existing_or_toml(folder: &Path, name: &str) -> PathBuf {
    let (plain, with_extension) = both_names(folder, name);
    if plain.exists() {
        plain
    } else {
        with_extension
    }
}

fn text_node(key: &[&str], text: &str) -> Node {
    if is_secret(key) {
        Node::Secret(Token::new(text))
    } else {
        Node::Text(text.to_owned())
    }
}

fn put_into(table: &mut Table, key: &[String], entry: Entry) -> Option<Entry> {
    let (first, rest) = key.split_first()?;
    if rest.is_empty() {
        return table.insert(first.clone(), entry);
    }
    let below = table.entry(first.clone()).or_insert_with(|| Entry {
        node: Node::Table(Table::new()),
        line: 0,
    });
    match &mut below.node {
        Node::Table(table) => put_into(table, rest, entry),
        _ => None,
    }
}

/// Takes an entry out, and the tables that become empty by it.
fn take_from(table: &mut Table, key: &[String]) -> Option<Entry> {
    let (first, rest) = key.split_first()?;
    if rest.is_empty() {
        return table.remove(first);
    }
    let Node::Table(below) = &mut table.get_mut(first)?.node else {
        return None;
    };
    let old = take_from(below, rest);
    if old.is_some() && below.is_empty() {
        table.remove(first);
    }
    old
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

/// Cargo refuses a whole configuration whose files disagree on the kind of a value (6).
fn check_shapes(layers: &[Layer]) -> Result<()> {
    for (index, near) in layers.iter().enumerate() {
        for far in &layers[index + 1..] {
            check_tables(near, &near.root, far, &far.root, &mut Vec::new())?;
        }
    }
    Ok(())
}

fn check_tables<'a>(
    near: &Layer,
    near_table: &'a Table,
    far: &Layer,
    far_table: &'a Table,
    path: &mut Vec<&'a str>,
) -> Result<()> {
    let (few, many) = if near_table.len() <= far_table.len() {
        (near_table, far_table)
    } else {
        (far_table, near_table)
    };
    for key in few.keys().filter(|key| many.contains_key(*key)) {
        path.push(key);
        let (one, other) = (&near_table[key], &far_table[key]);
        match (&one.node, &other.node) {
            (Node::Table(one), Node::Table(other)) => check_tables(near, one, far, other, path)?,
            (Node::List(_), Node::List(_)) => {}
            (Node::List(_) | Node::Table(_), _) | (_, Node::List(_) | Node::Table(_)) => {
                return Err(Error::malformed(format!(
                    "`{}` is {} here and {} in {}; Cargo refuses both files",
                    path.join("."),
                    one.node.description(),
                    other.node.description(),
                    far.place(other),
                ))
                .at(near.place(one))
                .hint("write both alike, or remove one"));
            }
            _ => {}
        }
        path.pop();
    }
    Ok(())
}
