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
use crate::world::{Env, Interrupts, Prompt, Stderr};

pub use sealed::Opened;

/// The folder of credsh in a Cargo home.
pub fn folder(home: &Path) -> PathBuf {
    home.join(".credsh")
}

/// Takes away what was left of a token that was being kept when everything was killed.
pub fn sweep(home: &Path) {
    sealed::sweep(home);
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

    /// What a person calls it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::Sealed => "sealed file",
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
    /// The passphrase that was typed, so that nobody types it twice; empty for a key file instead.
    pub passphrase: &'a mut Option<Token>,
    /// The sealed file as a passphrase has opened it last.
    pub opened: &'a mut Option<Opened>,
    /// Whether somebody has pressed Ctrl-C.
    pub interrupts: &'a Interrupts,
    /// Where somebody who waits says so.
    pub stderr: &'a Stderr,
}

impl Access<'_> {
    /// Whether there is anybody to ask, and it is allowed.
    fn may_ask(&self) -> bool {
        self.may_prompt && self.prompt.is_available()
    }

    /// The text of a token.
    pub fn get(&mut self, store: StoreKind, item: Item<'_>) -> Result<Option<Token>> {
        match store {
            StoreKind::Keyring => os::get(self, item),
            StoreKind::Sealed => sealed::get(self, item),
        }
    }

    /// Asks for the passphrase that a store opens with, or that a new one is to have, where a person has to
    /// type it.
    pub fn ask(&mut self, store: StoreKind, may_be_new: bool) -> Result<()> {
        match store {
            StoreKind::Keyring => Ok(()),
            StoreKind::Sealed => sealed::ask(self, may_be_new),
        }
    }

    /// Who can open a store now, and could not after its next change; `None` where nobody knows.
    pub fn locked_out(&mut self, store: StoreKind) -> Result<Option<Vec<String>>> {
        match store {
            StoreKind::Keyring => Ok(Some(Vec::new())),
            StoreKind::Sealed => sealed::locked_out(self),
        }
    }

    /// Who could open a store after its next change, where that is not everybody who can call it.
    pub fn readers(&self, store: StoreKind) -> Result<Vec<String>> {
        match store {
            StoreKind::Keyring => Ok(Vec::new()),
            StoreKind::Sealed => sealed::readers(self),
        }
    }

    /// Keeps a token.
    pub fn put(&mut self, store: StoreKind, item: Item<'_>, token: &Token) -> Result<()> {
        match store {
            StoreKind::Keyring => os::put(self, item, token),
            StoreKind::Sealed => sealed::put(self, item, Some(token)),
        }
    }

    /// Forgets a token; no matter if there is none.
    pub fn remove(&mut self, store: StoreKind, item: Item<'_>) -> Result<()> {
        match store {
            StoreKind::Keyring => os::remove(self, item),
            StoreKind::Sealed => sealed::put(self, item, None),
        }
    }
}
