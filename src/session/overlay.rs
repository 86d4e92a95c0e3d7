//! What an open transaction would change: edits of files, in order.
//!
//! Each edit is also made in the configuration that commands read, and keeps what was there. So a savepoint
//! is a length, and undoing pops.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::cargo::config::Config;
use crate::cargo::index_url::IndexUrl;
use crate::disk::tree::{Entry, Node, is_secret};

/// A key of a TOML file, from the outermost table inwards.
pub type Key = Vec<String>;

/// One edit.
#[derive(Debug)]
struct Edit {
    file: PathBuf,
    key: Key,
    after: After,
    before: Option<Entry>,
}

/// What a key becomes.
#[derive(Debug, Clone)]
pub enum After {
    /// Nothing.
    Gone,
    /// This value.
    Is(Node),
    /// A token that a plan does not read, because it would have to ask somebody or start something.
    Unread,
}

impl After {
    /// The value, if it is known.
    pub fn node(&self) -> Option<&Node> {
        match self {
            Self::Is(node) => Some(node),
            Self::Gone | Self::Unread => None,
        }
    }

    /// Whether it is what is there already.
    pub fn is(&self, now: Option<&Node>) -> bool {
        !matches!(self, Self::Unread) && is_same(now, self.node())
    }
}

/// The pending edits.
#[derive(Debug, Default)]
pub struct Overlay(Vec<Edit>);

/// A point to roll back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Savepoint(usize);

impl Savepoint {
    /// Before everything.
    pub const START: Self = Self(0);
}

/// What all the edits of one key of one file come to.
#[derive(Debug, Clone)]
pub struct Change {
    /// The file.
    pub file: PathBuf,
    /// The key.
    pub key: Key,
    /// What stands there now.
    pub before: Option<Node>,
    /// What will.
    pub after: After,
}

impl Overlay {
    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Now.
    pub fn savepoint(&self) -> Savepoint {
        Savepoint(self.0.len())
    }

    /// Makes an edit, unless the file says so already. What is not read is not to be seen by readers either.
    pub fn edit(&mut self, config: &mut Config, file: &Path, key: &[&str], after: After) {
        let now = config.in_file(file, key);
        if after.is(now.map(|entry| &entry.node)) {
            return;
        }
        let key: Key = key.iter().map(|&part| part.to_owned()).collect();
        let before = match &after {
            After::Unread => now.cloned(),
            After::Gone => config.put(file, &key, None),
            After::Is(node) => config.put(
                file,
                &key,
                Some(Entry {
                    node: node.clone(),
                    line: 0,
                }),
            ),
        };
        self.0.push(Edit {
            file: file.to_path_buf(),
            key,
            after,
            before,
        });
    }

    /// Undoes everything after the savepoint.
    pub fn roll_back(&mut self, config: &mut Config, to: Savepoint) {
        while self.0.len() > to.0 {
            if let Some(edit) = self.0.pop()
                && !matches!(edit.after, After::Unread)
            {
                config.put(&edit.file, &edit.key, edit.before);
            }
        }
    }

    /// Forgets everything, once it is on disk.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What has come since the savepoint, one change a key, in the order of the first edit of each.
    pub fn changes_since(&self, from: Savepoint) -> Vec<Change> {
        let mut changes: Vec<Change> = Vec::new();
        let mut index = std::collections::HashMap::new();
        for edit in &self.0[from.0..] {
            let at = *index.entry((&edit.file, &edit.key)).or_insert_with(|| {
                changes.push(Change {
                    file: edit.file.clone(),
                    key: edit.key.clone(),
                    before: edit.before.as_ref().map(|entry| entry.node.clone()),
                    after: After::Gone,
                });
                changes.len() - 1
            });
            changes[at].after.clone_from(&edit.after);
        }
        changes.retain(|change| !change.after.is(change.before.as_ref()));
        changes
    }
}

/// Whether two values are the same to a reader.
pub fn is_same(one: Option<&Node>, other: Option<&Node>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(Node::Text(a)), Some(Node::Text(b))) => a == b,
        (Some(Node::Secret(a)), Some(Node::Secret(b))) => a.is_same(b),
        (Some(Node::Integer(a)), Some(Node::Integer(b))) => a == b,
        (Some(Node::Boolean(a)), Some(Node::Boolean(b))) => a == b,
        (Some(Node::List(a)), Some(Node::List(b))) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|(a, b)| is_same(Some(&a.node), Some(&b.node)))
        }
        _ => false,
    }
}

/// What happens to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A value is written.
    Set,
    /// A value is removed.
    Unset,
    /// A token is stored.
    Login,
    /// A token is removed.
    Logout,
}

impl Change {
    /// What happens.
    pub fn action(&self) -> Action {
        match (is_secret(&self.key), !matches!(self.after, After::Gone)) {
            (true, true) => Action::Login,
            (true, false) => Action::Logout,
            (false, true) => Action::Set,
            (false, false) => Action::Unset,
        }
    }

    /// The key with dots.
    pub fn dotted(&self) -> String {
        self.key.join(".")
    }
}

impl Serialize for Change {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json!({
            "file": self.file.display().to_string(),
            "key": self.dotted(),
            "action": self.action(),
            "before": shown(self.before.as_ref()),
            "after": match &self.after {
                After::Unread => "unknown".into(),
                after => shown(after.node()),
            },
        })
        .serialize(serializer)
    }
}

/// A value as it may be shown: tokens as fingerprints, URLs without user-info.
pub fn shown(node: Option<&Node>) -> Json {
    match node {
        None => Json::Null,
        Some(Node::Secret(token)) => token.fingerprint().into(),
        Some(Node::Text(text)) => masked(text).into(),
        Some(Node::Integer(number)) => (*number).into(),
        Some(Node::Boolean(switch)) => (*switch).into(),
        Some(Node::List(list)) => list.iter().map(|entry| shown(Some(&entry.node))).collect(),
        Some(Node::Table(table)) => table
            .iter()
            .map(|(key, entry)| (key.clone(), shown(Some(&entry.node))))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

/// Only a URL can contain user-info; what has an `@` and is no URL of a host is not shown from there on back.
fn masked(text: &str) -> String {
    match text.parse::<IndexUrl>() {
        Ok(url) => url.masked_of(text),
        Err(_) => IndexUrl::masked_text(text),
    }
}
