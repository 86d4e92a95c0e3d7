//! What an open transaction will have done to stores that are no files.
//!
//! Like the edits of files it is seen by every reader; putting back what [`Config::put_in_store`] gives
//! back undoes it.

use super::Config;
use crate::cargo::chain::Provider;
use crate::cargo::registry::Registry;
use crate::token::Token;

/// The item that a provider keeps for a registry: a provider is known by its command, a registry by its index.
pub type ItemKey = (Vec<String>, String);

/// What a store holds for a registry.
#[derive(Debug, Clone)]
pub enum Held {
    /// This token.
    Token(Token),
    /// No token.
    Nothing,
    /// Nobody here knows: it could not say, a plan did not ask, or the provider gets the token by itself.
    Unknown,
}

impl Held {
    /// Whether both are known to be the same.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Token(one), Self::Token(other)) => one.is_same(other),
            (Self::Nothing, Self::Nothing) => true,
            _ => false,
        }
    }
}

/// The key of an item.
pub fn item_key(provider: &Provider, registry: &Registry) -> ItemKey {
    (
        provider.command.clone(),
        registry.index_for_provider().to_owned(),
    )
}

impl Config {
    /// What the open transaction has in mind for an item, if anything.
    pub fn pending_in(&self, provider: &Provider, registry: &Registry) -> Option<&Held> {
        if self.stores.is_empty() {
            return None;
        }
        self.stores.get(&item_key(provider, registry))
    }

    /// Notes what an item will be, or forgets that, and gives back what was noted before.
    pub fn put_in_store(&mut self, key: ItemKey, held: Option<Held>) -> Option<Held> {
        self.is_edited = true;
        match held {
            Some(held) => self.stores.insert(key, held),
            None => self.stores.remove(&key),
        }
    }
}
