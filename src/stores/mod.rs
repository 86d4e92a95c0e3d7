//! Where credsh keeps tokens when it is the provider itself, and which of them serves a request.
//!
//! A token has a label and belongs to an index URL; [`ledger`] knows what it is for and holds no secret,
//! [`routing`] picks one, and a store holds its text: the keyring of the system, or a sealed file.
//!
//! Invariant: nothing here steps down to plain text. A store that cannot be opened is an error.

pub mod ledger;
mod os;
pub mod routing;
mod sealed;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::Result;
use crate::token::Token;
use crate::world::{Env, Prompt};

/// The folder of credsh in a Cargo home.
pub fn folder(home: &Path) -> PathBuf {
    home.join(".credsh")
}

/// The stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// The keyring of the system
    Keyring,
    /// A file that is encrypted, for a key file or a passphrase
    Sealed,
}

impl StoreKind {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::Sealed => "sealed",
        }
    }

    /// The store of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Keyring, Self::Sealed]
            .into_iter()
            .find(|store| store.name() == name)
    }
}

/// What a store knows a token by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<'a> {
    /// The index URL, as Cargo gives it to a provider.
    pub index: &'a str,
    /// The label.
    pub label: &'a str,
}

/// What the stores need of the world.
pub struct Access<'a> {
    /// The Cargo home.
    pub home: &'a Path,
    /// The environment.
    pub env: &'a Env,
    /// How to ask for a passphrase.
    pub prompt: &'a mut dyn Prompt,
    /// Whether that is allowed.
    pub may_prompt: bool,
}

impl Access<'_> {
    /// The text of a token.
    pub fn get(&mut self, store: StoreKind, item: Item<'_>) -> Result<Option<Token>> {
        match store {
            StoreKind::Keyring => os::get(item),
            StoreKind::Sealed => sealed::get(self, item),
        }
    }

    /// Keeps a token.
    pub fn put(&mut self, store: StoreKind, item: Item<'_>, token: &Token) -> Result<()> {
        match store {
            StoreKind::Keyring => os::put(item, token),
            StoreKind::Sealed => sealed::put(self, item, Some(token)),
        }
    }

    /// Forgets a token; no matter if there is none.
    pub fn remove(&mut self, store: StoreKind, item: Item<'_>) -> Result<()> {
        match store {
            StoreKind::Keyring => os::remove(item),
            StoreKind::Sealed => sealed::put(self, item, None),
        }
    }
}
