//! Finding and reading the files of Cargo's configuration, nearest first, with what they include.
//!
//! Invariant: the order of the answer is the order of precedence, so "the first that has it" is the winner.

use std::io;
use std::path::{Path, PathBuf};

use super::looks::Looks;
use crate::disk::tree::{Entry, Node, Table};
use crate::error::{Error, Place, Result};

/// One file's values. An included file is a layer of its own, below the one that includes it.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The file.
    pub file: PathBuf,
    /// What stands in it (or, in an open transaction, will).
    pub root: Table,
    /// Whether it is, or is included by, `credentials.toml`: seen only where Cargo wants a token (4).
    pub is_credentials: bool,
}

impl Layer {
    /// A file by itself, its includes left out.
    pub fn alone(file: &Path, root: Table, is_credentials: bool) -> Self {
        let mut layer = Self {
            file: file.to_path_buf(),
            root,
            is_credentials,
        };
        if is_credentials {
            adopt_old_layout(std::slice::from_mut(&mut layer));
        }
        layer
    }

    /// The entry under this key, if there is one.
    pub fn get(&self, key: &[&str]) -> Option<&Entry> {
        let (first, rest) = key.split_first()?;
        rest.iter().try_fold(self.root.get(*first)?, |entry, part| {
            entry.node.as_table()?.get(*part)
        })
    }

    /// The table under this key; the root for an empty one.
    pub fn table(&self, key: &[&str]) -> Option<&Table> {
        if key.is_empty() {
            Some(&self.root)
        } else {
            self.get(key)?.node.as_table()
        }
    }

    /// Where an entry stands.
    pub fn place(&self, entry: &Entry) -> Place {
        match entry.line {
            0 => Place::Pending(self.file.clone()),
            line => Place::line(&self.file, line),
        }
    }
}

/// Two files where Cargo reads one: `used` wins over `ignored`.
#[derive(Debug, Clone)]
pub struct Doubled {
    /// The file that Cargo reads.
    pub used: PathBuf,
    /// The file that it passes over.
    pub ignored: PathBuf,
}

/// All layers, in order of precedence.
#[derive(Debug, Default)]
pub struct Layers {
    /// The credentials first, then the configuration, nearest first.
    pub layers: Vec<Layer>,
    /// Where two files stand side by side (1).
    pub doubled: Vec<Doubled>,
    /// What was asked of the disk for all that.
    pub(super) looks: Looks,
}

impl Layers {
    /// Reads everything that Cargo would read when started in `directory` with this Cargo home.
    ///
    /// Cargo may be writing the credentials, unless we have its lock (`is_locked`).
    pub fn read(home: &Path, directory: &Path, is_locked: bool) -> Result<Self> {
        let mut layers = Self::default();
        layers.read_credentials(home, is_locked)?;
        layers.read_configuration(home, directory)?;
        Ok(layers)
    }

    /// What it would read of this home wherever it is started; it may be writing the credentials.
    pub fn of_home(home: &Path) -> Result<Self> {
        let mut layers = Self::default();
        layers.read_credentials(home, false)?;
        if let Some(file) = layers.find(home, "config", true)? {
            layers.read_file(&file)?;
        }
        Ok(layers)
    }

    fn read_credentials(&mut self, home: &Path, is_locked: bool) -> Result<()> {
        if let Some(file) = self.find(home, "credentials", true)?
            && let Some(table) = self.looks.table(&file, !is_locked)?
        {
            self.add(&file, table, true, &mut Vec::new())?;
            adopt_old_layout(&mut self.layers);
        }
        Ok(())
    }

    /// The same without the credentials.
    pub fn configuration(home: &Path, directory: &Path) -> Result<Self> {
        let mut layers = Self::default();
        layers.read_configuration(home, directory)?;
        Ok(layers)
    }

    fn read_configuration(&mut self, home: &Path, directory: &Path) -> Result<()> {
        let home_identity = self.looks.canonical(home);
        let mut met_home = false;
        for folder in directory.ancestors() {
            let root = folder.join(".cargo");
            let is_home = self.looks.canonical(&root) == home_identity;
            if let Some(file) = self.find(&root, "config", is_home)? {
                self.read_file(&file)?;
            }
            met_home |= is_home;
        }
        if !met_home && let Some(file) = self.find(home, "config", true)? {
            self.read_file(&file)?;
        }
        Ok(())
    }

    /// The one of `NAME` and `NAME.toml` that Cargo reads (1).
    fn find(&mut self, folder: &Path, name: &str, is_home: bool) -> Result<Option<PathBuf>> {
        let (plain, with_extension) = both_names(folder, name);
        let exists = self.exists(&with_extension, is_home)?;
        if !self.exists(&plain, is_home)? {
            return Ok(exists.then_some(with_extension));
        }
        if exists && !self.looks.is_same_file(&plain, &with_extension) {
            self.doubled.push(Doubled {
                used: plain.clone(),
                ignored: with_extension,
            });
        }
        Ok(Some(plain))
    }

    /// What cannot be looked at is not taken for absent, as Cargo does: a change would then be made of half of what
    /// there is. Only another's folder around the current one is closed to us as it is to Cargo.
    fn exists(&mut self, path: &Path, is_home: bool) -> Result<bool> {
        match self.looks.exists(path) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && !is_home => Ok(false),
            exists => exists.map_err(|error| Error::io("look at this file", path, &error)),
        }
    }

    fn read_file(&mut self, file: &Path) -> Result<()> {
        match self.looks.table(file, false)? {
            Some(table) => self.add(file, table, false, &mut Vec::new()),
            None => Ok(()),
        }
    }

    /// Adds a file's values and, below them, those of its includes: of two, the later wins (2).
    fn add(
        &mut self,
        file: &Path,
        mut root: Table,
        is_credentials: bool,
        above: &mut Vec<PathBuf>,
    ) -> Result<()> {
        if above.iter().any(|other| other == file) {
            return Err(Error::malformed("this file includes itself")
                .at(Place::file(file))
                .hint("take it out of `include`, there or in a file that it includes"));
        }
        above.push(file.to_path_buf());
        let includes = match root.remove("include") {
            Some(entry) => includes_of(file, &entry)?,
            None => Vec::new(),
        };
        self.layers.push(Layer {
            file: file.to_path_buf(),
            root,
            is_credentials,
        });
        for include in includes.into_iter().rev() {
            match self.looks.table(&include.file, false)? {
                Some(table) => self.add(&include.file, table, is_credentials, above)?,
                None if include.is_optional => {}
                None => {
                    return Err(Error::malformed(format!(
                        "the included file `{}` is missing",
                        include.file.display()
                    ))
                    .at(include.place)
                    .hint("create it, or write it as `{ path = \"..\", optional = true }`"));
                }
            }
        }
        // Cargo keeps one set for the whole file, so a file that two others include is a cycle to it as well.
        Ok(())
    }
}

/// A top-level `token` is crates.io's, unless there is a `[registry]` (5): then nobody reads it.
fn adopt_old_layout(layers: &mut [Layer]) {
    if layers
        .iter()
        .any(|layer| layer.root.contains_key("registry"))
    {
        return;
    }
    let first = layers
        .iter_mut()
        .find_map(|layer| Some((layer.root.remove("token")?, layer)));
    if let Some((token, layer)) = first {
        let line = token.line;
        let table = Table::from([("token".to_owned(), token)]);
        let node = Node::Table(table);
        layer
            .root
            .insert("registry".to_owned(), Entry { node, line });
    }
}

/// `NAME` and `NAME.toml` in a folder.
pub fn both_names(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    (folder.join(name), folder.join(format!("{name}.toml")))
}

struct Include {
    file: PathBuf,
    is_optional: bool,
    place: Place,
}

fn includes_of(file: &Path, entry: &Entry) -> Result<Vec<Include>> {
    let wrong = |line: usize, what: &str| {
        Err(Error::malformed(format!("`include` {what}"))
            .at(Place::line(file, line))
            .hint("write it as `include = [\"other.toml\"]`"))
    };
    let Node::List(list) = &entry.node else {
        return wrong(
            entry.line,
            &format!(
                "must be an array of paths, not {}",
                entry.node.description()
            ),
        );
    };
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut includes = Vec::new();
    for item in list {
        let (path, is_optional) = match &item.node {
            Node::Text(path) => (path, false),
            Node::Table(table) => {
                let Some(Entry {
                    node: Node::Text(path),
                    ..
                }) = table.get("path")
                else {
                    return wrong(item.line, "needs a `path` that is a string");
                };
                match table.get("optional").map(|entry| &entry.node) {
                    None => (path, false),
                    Some(Node::Boolean(is_optional)) => (path, *is_optional),
                    Some(other) => {
                        return wrong(
                            item.line,
                            &format!("has {} as `optional`", other.description()),
                        );
                    }
                }
            }
            other => return wrong(item.line, &format!("contains {}", other.description())),
        };
        if Path::new(path)
            .extension()
            .is_none_or(|extension| extension != "toml")
        {
            return wrong(item.line, "names a file that does not end in `.toml`");
        }
        if path.contains(['*', '?', '[', ']', '{', '}']) {
            return wrong(item.line, "takes plain paths, without patterns or braces");
        }
        includes.push(Include {
            file: folder.join(path),
            is_optional,
            place: Place::line(file, item.line),
        });
    }
    Ok(includes)
}
