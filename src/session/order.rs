//! In which order a commit writes its files: Cargo may look at any time, and sends whatever token it finds under a
//! name to whatever index it finds under that.
//!
//! Where the index of a name changes, its old token is for the old index, and a new one for the new index. So an old
//! one goes before the index does, and a new one comes after it. A name that has both has its credentials written
//! twice, around the configuration: in between it has no token at all. The alternative, to take the index away for that
//! time, would show Cargo the one of another file. Names whose index stays do not care, and mostly there is nothing to
//! take away, so usually the configuration is written first, and each file once.
//!
//! Invariant: at no instant is there a token under a name whose index it was not stored for.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::Session;
use super::change::{After, Change, FileChange};
use crate::cargo::config::{Config, View};
use crate::disk::journal::TableRecord;
use crate::disk::tree::{Entry, Node, is_secret};
use crate::error::{Error, Place, Result};

/// What is written to one file at once.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) file: PathBuf,
    pub(super) edits: Vec<FileChange>,
    /// What becomes of whole tables by that.
    pub(super) tables: Vec<TableRecord>,
}

/// All of them, in their order.
pub(super) struct Order {
    pub(super) parts: Vec<Part>,
    /// What is written after them to the credentials that are among them.
    pub(super) then: Option<Last>,
}

/// The second write of the credentials.
pub(super) struct Last {
    pub(super) part: Part,
    /// What both writes come to: the text is made by that, so that a token in the place of another has its comments.
    pub(super) whole: Part,
}

/// When a token changes: before its index does, or after that.
enum When {
    Before,
    After,
}

/// The configuration as it is on the disk now, and as it will be.
struct Indexes<'a> {
    now: Config,
    then: Config,
    /// The names that get an index in any file, and those that lose one: who does not read the files or variables that we
    /// read may find these.
    comes: HashSet<&'a str>,
    goes: HashSet<&'a str>,
}

impl Session {
    /// The order for these changes; `is_locked`, where we have Cargo's lock.
    pub(super) fn order(&mut self, changes: &[Change], is_locked: bool) -> Result<Order> {
        let credentials = self.config()?.credentials_file();
        let (tokens, parts): (Vec<Part>, Vec<Part>) = self
            .parts_of(changes)
            .into_iter()
            .partition(|part| part.file == credentials);
        if !parts
            .iter()
            .chain(&tokens)
            .flat_map(|part| &part.edits)
            .any(|edit| name_of(edit).is_some())
        {
            let parts = parts.into_iter().chain(tokens).collect();
            return Ok(Order { parts, then: None });
        }
        let now = Config::without_tokens(&self.world, &self.home)?;
        // No index stands among the tokens, and those may be many.
        let then = Config::without_tokens(&self.world, &self.home)?;
        let then = configuration_after(then, changes)?;
        let edits = || {
            let edits = changes.iter().filter_map(Change::as_file);
            edits.filter_map(|edit| Some((name_of_index(edit)?, edit)))
        };
        // In its own file it may be another one, too, which a nearer file hides.
        let comes = edits().filter(|(name, edit)| match edit.after.node() {
            Some(after) => edit.before.is_some() || is_another(after, &now, name),
            None => false,
        });
        let goes = edits().filter(|(name, edit)| match &edit.before {
            Some(before) => edit.after.node().is_some() || is_another(before, &then, name),
            None => false,
        });
        let indexes = Indexes {
            comes: comes.map(|(name, _)| name).collect(),
            goes: goes.map(|(name, _)| name).collect(),
            now,
            then,
        };
        let mut parts = self.in_order(parts, &indexes)?;
        let Some(tokens) = tokens.into_iter().next() else {
            return Ok(Order { parts, then: None });
        };
        let (last, first): (Vec<FileChange>, Vec<FileChange>) = tokens
            .edits
            .iter()
            .cloned()
            .partition(|edit| indexes.must_come_last(edit));
        if !self.has_to_go(&tokens, &indexes, is_locked)? {
            parts.push(tokens);
            return Ok(Order { parts, then: None });
        }
        if last.is_empty() {
            parts.insert(0, tokens);
            return Ok(Order { parts, then: None });
        }
        let gone = last.iter().cloned().map(|edit| FileChange {
            after: After::Gone,
            ..edit
        });
        let of_file = |edits, tables| Part {
            file: tokens.file.clone(),
            edits,
            tables,
        };
        let gone = first.into_iter().chain(gone).collect();
        parts.insert(0, of_file(gone, tokens.tables.clone()));
        let edits = last.into_iter().map(|edit| FileChange {
            before: None,
            ..edit
        });
        // Its tables have their names by then.
        let part = of_file(edits.collect(), Vec::new());
        let then = Some(Last {
            part,
            whole: tokens,
        });
        Ok(Order { parts, then })
    }

    /// Files that may have tokens among other things, and are written once: those first from which a token goes before
    /// its index does, and those last to which one comes after it. An error where no order does for all.
    fn in_order(&mut self, mut parts: Vec<Part>, indexes: &Indexes<'_>) -> Result<Vec<Part>> {
        let edits: Vec<FileChange> = parts.iter().flat_map(|part| part.edits.clone()).collect();
        // What is in one file changes at once.
        let index_files = |token: &FileChange| -> Vec<&Path> {
            let key = index_key(token);
            let files = edits.iter().filter(|edit| edit.key == key);
            let files = files.map(|edit| edit.file.as_path());
            files.filter(|file| *file != token.file).collect()
        };
        let mut bound = Vec::new();
        for part in &parts {
            let is_apart = |edit: &&FileChange| !index_files(edit).is_empty();
            let apart: Vec<&FileChange> = part.edits.iter().filter(is_apart).collect();
            let going = apart.iter().filter(|edit| indexes.must_go_first(edit));
            let going: Vec<&FileChange> = going.copied().collect();
            let going = self.those_there(&part.file, &going, false)?.into_iter();
            bound.extend(going.map(|edit| (edit.clone(), When::Before)));
            let coming = apart.iter().filter(|edit| indexes.must_come_last(edit));
            bound.extend(coming.map(|edit| ((*edit).clone(), When::After)));
        }
        parts.sort_by_key(|part| {
            let mut whens = bound.iter().filter(|(edit, _)| edit.file == part.file);
            match whens.next() {
                Some((_, When::Before)) => 0,
                None => 1,
                Some((_, When::After)) => 2,
            }
        });
        let place = |file: &Path| parts.iter().position(|part| part.file == file);
        for (edit, when) in &bound {
            let is_wrong = |index: &&Path| match when {
                When::Before => place(index) < place(&edit.file),
                When::After => place(index) > place(&edit.file),
            };
            if index_files(edit).iter().any(is_wrong) {
                return Err(Error::failed(format!(
                    "`{}` and its index are in two files, and whichever is written first, Cargo would find a token with another index in between",
                    edit.dotted()
                ))
                .at(Place::file(&edit.file))
                .hint("make these changes one by one, or move the tokens to the file that Cargo writes first"));
            }
        }
        Ok(parts)
    }

    /// Whether there is a token that has to go before the index does.
    fn has_to_go(&mut self, tokens: &Part, indexes: &Indexes<'_>, is_locked: bool) -> Result<bool> {
        let edits = tokens.edits.iter();
        let going: Vec<&FileChange> = edits.filter(|edit| indexes.must_go_first(edit)).collect();
        let there = self.those_there(&tokens.file, &going, is_locked)?;
        Ok(!there.is_empty())
    }

    /// Those of these edits whose key is in the file now.
    fn those_there<'e>(
        &mut self,
        file: &Path,
        edits: &[&'e FileChange],
        is_locked: bool,
    ) -> Result<Vec<&'e FileChange>> {
        if edits.is_empty() {
            return Ok(Vec::new());
        }
        let text = self.text_of(file, is_locked)?.unwrap_or_default();
        let found = self.found(file, &text, edits)?;
        let found = edits.iter().zip(found);
        let there = found.filter(|(_, found)| found.is_some());
        Ok(there.map(|(edit, _)| *edit).collect())
    }

    /// What is written to each file, in the order of their first change.
    fn parts_of(&self, changes: &[Change]) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        for change in changes.iter().filter_map(Change::as_file) {
            match parts.iter_mut().find(|part| part.file == change.file) {
                Some(part) => part.edits.push(change.clone()),
                None => parts.push(Part {
                    file: change.file.clone(),
                    edits: vec![change.clone()],
                    tables: self.overlay.tables(&change.file),
                }),
            }
        }
        parts
    }
}

impl Indexes<'_> {
    /// Whether what is under this key now may be no token for the index that comes.
    fn must_go_first(&self, edit: &FileChange) -> bool {
        self.of(edit).is_some_and(|[now, then]| {
            now != then && then.is_some()
                || name_of(edit).is_some_and(|name| self.comes.contains(name))
        })
    }

    /// Whether what comes under this key is no token for the index that is there now.
    fn must_come_last(&self, edit: &FileChange) -> bool {
        !matches!(edit.after, After::Gone)
            && self.of(edit).is_some_and(|[now, then]| {
                now != then && now.is_some()
                    || name_of(edit).is_some_and(|name| self.goes.contains(name))
            })
    }

    /// The indexes of the registry whose token this is; nothing, where it is none.
    fn of(&self, edit: &FileChange) -> Option<[Option<String>; 2]> {
        let name = name_of(edit)?;
        Some([&self.now, &self.then].map(|config| index_of(config, name)))
    }
}

/// The index that a name has, for who reads what we read.
fn index_of(config: &Config, name: &str) -> Option<String> {
    let found = config.text(&["registries", name, "index"], View::Config);
    found.ok().flatten().map(|found| found.value)
}

/// Whether this is not the index that the name has in this configuration.
fn is_another(index: &Node, config: &Config, name: &str) -> bool {
    match index {
        Node::Text(text) => index_of(config, name).as_ref() != Some(text),
        _ => true,
    }
}

/// What a configuration says once these changes are written.
pub(super) fn configuration_after(mut config: Config, changes: &[Change]) -> Result<Config> {
    for change in changes.iter().filter_map(Change::as_file) {
        config.open(&change.file)?;
        let entry = change.after.node().map(|node| Entry {
            node: node.clone(),
            line: 0,
        });
        config.put(&change.file, &change.key, entry);
    }
    Ok(config)
}

/// The name of the registry whose token this edit is about; crates.io's has one index.
fn name_of(edit: &FileChange) -> Option<&str> {
    match edit.key.as_slice() {
        [table, name, _] if table == "registries" && is_secret(&edit.key) => Some(name),
        _ => None,
    }
}

fn index_key(edit: &FileChange) -> [&str; 3] {
    ["registries", name_of(edit).unwrap_or_default(), "index"]
}

/// The name of the registry whose index this edit is about.
fn name_of_index(edit: &FileChange) -> Option<&str> {
    match edit.key.as_slice() {
        [table, name, setting] if table == "registries" && setting == "index" => Some(name),
        _ => None,
    }
}

/// The files that change, each once, in the order of their first change.
pub(super) fn files_of(changes: &[Change]) -> Vec<&Path> {
    let mut files: Vec<&Path> = Vec::new();
    for change in changes.iter().filter_map(Change::as_file) {
        if !files.contains(&change.file.as_path()) {
            files.push(&change.file);
        }
    }
    files
}
