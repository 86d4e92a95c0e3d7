//! What a transaction changes: values in files, and tokens in stores that are no files.
//!
//! Invariant: a change can be printed; tokens are in it as fingerprints.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::cargo::chain::{Kind, Provider};
use crate::cargo::config::Held;
use crate::cargo::index_url::IndexUrl;
use crate::cargo::registry::Registry;
use crate::disk::tree::{Node, is_secret, shown_key};
use crate::error::Result;
use crate::token::Token;

use super::own::item_of;

/// A key of a TOML file, from the outermost table inwards.
pub type Key = Vec<String>;

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

/// One change.
#[derive(Debug, Clone)]
pub enum Change {
    /// Of a value in a file.
    File(FileChange),
    /// Of a token in another store.
    Item(Box<ItemChange>),
}

/// What all the edits of one key of one file come to.
#[derive(Debug, Clone)]
pub struct FileChange {
    /// The file.
    pub file: PathBuf,
    /// The key.
    pub key: Key,
    /// What stands there now.
    pub before: Option<Node>,
    /// What will.
    pub after: After,
}

/// What a provider is to do about the token of one registry.
#[derive(Debug, Clone)]
pub struct ItemChange {
    /// Who.
    pub provider: Provider,
    /// Which registry.
    pub registry: Registry,
    /// What it holds now.
    pub before: Held,
    /// What it is to do.
    pub after: Wish,
}

/// A login or logout that a provider is to perform.
#[derive(Debug, Clone)]
pub enum Wish {
    /// Keep a token.
    Login {
        /// Which; without one, the provider gets it by itself.
        token: Option<Token>,
        /// Arguments behind the configured ones.
        args: Vec<String>,
        /// Who is to keep it where this provider says that the registry is none of its own.
        instead: Vec<Provider>,
        /// What it has to give the token back for, before anything else happens.
        proof: Option<Proof>,
    },
    /// Forget it; where it has moved, not before the new place has given it back.
    Logout {
        /// The new place.
        moved_to: Option<Box<Moved>>,
    },
}

/// Where a token has moved to.
#[derive(Debug, Clone)]
pub struct Moved {
    /// Who has it now.
    pub provider: Provider,
    /// For which registry.
    pub registry: Registry,
    /// What has to be given back there: with another scheme it is not the text that the old place has.
    pub token: Token,
}

/// What a provider has to give a token back for that is to leave its old place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A read: with one, everything begins that Cargo does (24).
    Read,
    /// Whatever it gave it for under another index: it is the same provider.
    AsBefore,
}

impl Moved {
    /// What the new place has to give the token back for.
    pub fn proof(&self, from: &Provider) -> Proof {
        if self.provider.command == from.command {
            Proof::AsBefore
        } else {
            Proof::Read
        }
    }
}

impl Wish {
    /// Whether a token goes that has moved elsewhere.
    pub fn is_move(&self) -> bool {
        matches!(self, Self::Logout { moved_to: Some(_) })
    }

    /// What the provider will hold.
    pub fn held(&self) -> Held {
        match self {
            Self::Login {
                token: Some(token), ..
            } => Held::Token(token.clone()),
            Self::Login { token: None, .. } => Held::Unknown,
            Self::Logout { .. } => Held::Nothing,
        }
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
    /// Whether there is nothing to do.
    pub fn is_none(&self) -> bool {
        match self {
            Self::File(change) => change.after.is(change.before.as_ref()),
            Self::Item(change) => change.is_none(),
        }
    }

    /// Whether anything is another one afterwards. A plugin that gives no token is told to forget it all the same.
    pub fn is_seen(&self) -> bool {
        match self {
            Self::File(_) => true,
            Self::Item(change) => !change.before.is_same(&change.after.held()),
        }
    }

    /// The change of a file, if it is one.
    pub fn as_file(&self) -> Option<&FileChange> {
        match self {
            Self::File(change) => Some(change),
            Self::Item(_) => None,
        }
    }

    /// The change of another store, if it is one.
    pub fn as_item(&self) -> Option<&ItemChange> {
        match self {
            Self::Item(change) => Some(change),
            Self::File(_) => None,
        }
    }
}

impl FileChange {
    /// What happens.
    pub fn action(&self) -> Action {
        match (is_secret(&self.key), !matches!(self.after, After::Gone)) {
            (true, true) => Action::Login,
            (true, false) => Action::Logout,
            (false, true) => Action::Set,
            (false, false) => Action::Unset,
        }
    }

    /// The key as it may be shown.
    pub fn shown_key(&self) -> Key {
        shown_key(&self.key)
    }

    /// The same with dots.
    pub fn dotted(&self) -> String {
        self.shown_key().join(".")
    }
}

impl Serialize for Change {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::File(change) => json!({
                "file": change.file.display().to_string(),
                "key": change.dotted(),
                "action": change.action(),
                "before": shown(change.before.as_ref()),
                "after": match &change.after {
                    After::Unread => "unknown".into(),
                    after => shown(after.node()),
                },
            }),
            Self::Item(change) => {
                let mut told = json!({
                    "provider": change.provider,
                    "key": change.key(),
                    "action": change.action(),
                    "before": shown_item(&change.before),
                    "after": shown_item(&change.after.held()),
                });
                if let Some(label) = change.label() {
                    told["label"] = label.into();
                }
                told
            }
        }
        .serialize(serializer)
    }
}

impl ItemChange {
    /// Whether there is nothing to do. A plugin that gives no token may have one for an operation that it was not asked
    /// about: it is told to forget it all the same, as by Cargo.
    pub fn is_none(&self) -> bool {
        let is_told = self.action() == Action::Logout && self.provider.kind == Kind::Plugin;
        !is_told && self.before.is_same(&self.after.held())
    }

    /// What happens.
    pub fn action(&self) -> Action {
        match self.after {
            Wish::Login { .. } => Action::Login,
            Wish::Logout { .. } => Action::Logout,
        }
    }

    /// What the provider knows the token by: the index of the registry.
    pub fn key(&self) -> String {
        IndexUrl::shown(self.registry.index_for_provider())
    }

    /// The label, of one of credsh's own.
    pub fn label(&self) -> Option<&str> {
        item_of(&self.provider).map(|(_, label)| label)
    }

    /// The same for a person, who knows a token of credsh's own by its label.
    pub fn in_words(&self) -> String {
        match item_of(&self.provider) {
            Some((store, label)) => {
                format!("`{label}` in the {} for {}", store.in_words(), self.key())
            }
            None => self.key(),
        }
    }
}

/// What a store holds, as it may be shown.
pub fn shown_item(held: &Held) -> Json {
    match held {
        Held::Token(token) => token.fingerprint().into(),
        Held::Nothing => Json::Null,
        Held::Unknown => "unknown".into(),
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
        (Some(Node::Table(a)), Some(Node::Table(b))) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| is_same(Some(&a.node), b.get(key).map(|b| &b.node)))
        }
        _ => false,
    }
}

/// A value as it may be shown: tokens as fingerprints, URLs without user-info.
pub fn shown(node: Option<&Node>) -> Json {
    match node {
        None => Json::Null,
        Some(Node::Secret(token)) => token.fingerprint().into(),
        Some(Node::Text(text)) => IndexUrl::shown(text).into(),
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
