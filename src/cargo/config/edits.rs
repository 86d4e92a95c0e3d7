//! Edits that are made in the layers themselves, so that every reader sees what will be.
//!
//! Invariant: [`Config::put`] gives back what was there, and putting that back undoes it.

use std::path::{Path, PathBuf};

use super::Config;
use crate::cargo::layers::Layer;
use crate::disk::lock;
use crate::disk::tree::{Entry, Node, Table};
use crate::error::Result;

impl Config {
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
        let mut known = known.chain(&standard);
        // Of two names that are both known, the one that was said.
        if known.clone().any(|known| *known == file) {
            return file;
        }
        known
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
            if let Some(table) = self.looks.table(file, false)? {
                layer.root = table;
            }
            self.others.push(layer);
        }
        Ok(())
    }

    /// Puts an entry into a file that is open, or takes it out, and gives back what was there.
    pub fn put(&mut self, file: &Path, key: &[String], entry: Option<Entry>) -> Option<Entry> {
        self.is_edited = true;
        self.changing(key, |config| {
            let mut layers = config.layers.iter_mut().chain(&mut config.others);
            let layer = layers.find(|layer| layer.file == file)?;
            match entry {
                Some(entry) => put_into(&mut layer.root, key, entry),
                None => take_from(&mut layer.root, key),
            }
        })
    }
}

/// What a file is, or where it would be made: a path without links and `..`.
fn identity(file: &Path) -> Result<impl PartialEq + use<>, PathBuf> {
    lock::identity(file).ok_or_else(|| {
        match (file.parent().map(Path::canonicalize), file.file_name()) {
            (Some(Ok(folder)), Some(name)) => folder.join(name),
            _ => file.to_path_buf(),
        }
    })
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
