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

use std::path::{Path, PathBuf};

use super::Session;
use super::change::{After, Change, FileChange};
use crate::cargo::config::{Config, View};
use crate::disk::journal::TableRecord;
use crate::disk::replace;
use crate::disk::tree::{Entry, is_secret};
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

/// The configuration as it is on the disk now, and as it will be.
struct Indexes {
    now: Config,
    then: Config,
}

impl Session {
    /// The order for these changes; `is_locked`, where we have Cargo's lock.
    pub(super) fn order(&mut self, changes: &[Change], is_locked: bool) -> Result<Order> {
        let credentials = self.config()?.credentials_file();
        let (tokens, mut parts): (Vec<Part>, Vec<Part>) = self
            .parts_of(changes)
            .into_iter()
            .partition(|part| part.file == credentials);
        if !parts
            .iter()
            .chain(&tokens)
            .flat_map(|part| &part.edits)
            .any(|edit| name_of(edit).is_some())
        {
            parts.extend(tokens);
            return Ok(Order { parts, then: None });
        }
        let indexes = Indexes {
            now: Config::without_tokens(&self.world, &self.home)?,
            // No index stands among the tokens, and those may be many.
            then: after(Config::without_tokens(&self.world, &self.home)?, changes)?,
        };
        // Others may have tokens, too, and are written once.
        for part in parts.iter().filter(|part| part.has_tokens()) {
            let mut comes = part
                .edits
                .iter()
                .filter(|edit| indexes.must_come_last(edit));
            if let (Some(edit), true) = (comes.next(), self.has_to_go(part, &indexes, false)?) {
                return Err(Error::failed(format!(
                    "a token in this file goes before an index changes, and `{}` comes after that; but it is written once",
                    edit.dotted()
                ))
                .at(Place::file(&part.file))
                .hint("make these changes one by one, or move the tokens to the file that Cargo writes first"));
            }
        }
        parts.sort_by_key(|part| !(part.has_tokens() && indexes.must_precede(part)));
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

    /// Whether there is a token that has to go before the index does.
    fn has_to_go(&mut self, tokens: &Part, indexes: &Indexes, is_locked: bool) -> Result<bool> {
        let mut going = tokens
            .edits
            .iter()
            .filter(|edit| indexes.must_go_first(edit))
            .peekable();
        if going.peek().is_none() {
            return Ok(false);
        }
        let text = if is_locked {
            replace::read(&tokens.file)?
        } else {
            replace::read_settled(&tokens.file)?
        };
        let text = text.unwrap_or_default();
        let going: Vec<&FileChange> = going.collect();
        let found = self.found(&tokens.file, &text, &going)?;
        Ok(found.iter().any(Option::is_some))
    }

    /// The files that change, in the order of their first change.
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

impl Part {
    fn has_tokens(&self) -> bool {
        self.edits.iter().any(|edit| is_secret(&edit.key))
            && self
                .edits
                .iter()
                .all(|edit| edit.key.last().is_none_or(|key| key != "index"))
    }
}

impl Indexes {
    fn must_precede(&self, part: &Part) -> bool {
        part.edits.iter().any(|edit| self.must_go_first(edit))
    }

    /// Whether what is under this key now may be no token for the index that comes.
    fn must_go_first(&self, edit: &FileChange) -> bool {
        self.of(edit)
            .is_some_and(|[now, then]| now != then && then.is_some())
    }

    /// Whether what comes under this key is no token for the index that is there now.
    fn must_come_last(&self, edit: &FileChange) -> bool {
        !matches!(edit.after, After::Gone)
            && self
                .of(edit)
                .is_some_and(|[now, then]| now != then && now.is_some())
    }

    /// The indexes of the registry whose token this is; nothing, where it is none.
    fn of(&self, edit: &FileChange) -> Option<[Option<String>; 2]> {
        name_of(edit)?;
        let key = index_key(edit);
        let index = |config: &Config| {
            let found = config.text(&key, View::Config).ok().flatten();
            found.map(|found| found.value)
        };
        Some([index(&self.now), index(&self.then)])
    }
}

/// What a configuration says once these changes are written.
pub(super) fn after(mut config: Config, changes: &[Change]) -> Result<Config> {
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

/// The same without what changes in them.
pub(super) fn files_of(changes: &[Change]) -> Vec<&Path> {
    let mut files: Vec<&Path> = Vec::new();
    for change in changes.iter().filter_map(Change::as_file) {
        if !files.contains(&change.file.as_path()) {
            files.push(&change.file);
        }
    }
    files
}
