//! Logins and logouts outside files, as a journal has them.
//!
//! Invariant: a token is there by its fingerprint.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::Session;
use super::change::{ItemChange, Wish};
use crate::cargo::chain::{Kind, Provider};
use crate::cargo::config::Held;
use crate::cargo::name::RegistryName;
use crate::cargo::registry::Registry;
use crate::disk::journal::Journal;
use crate::error::Result;

/// A login or logout outside files, as a journal has it: tokens by their fingerprints.
#[derive(PartialEq, Serialize, Deserialize)]
pub(super) struct ItemRecord {
    pub(super) command: Vec<String>,
    pub(super) is_own: bool,
    registry: Option<String>,
    index: String,
    is_crates_io: bool,
    pub(super) before: HeldRecord,
    /// What it is to be; for a logout that follows a move, where the token then is.
    pub(super) after: HeldRecord,
    pub(super) moved_to: Option<Vec<String>>,
}

/// What a store holds; a token without a fingerprint is not known again.
#[derive(PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum HeldRecord {
    Nothing,
    Token(String),
    Unknown,
}

impl HeldRecord {
    fn of(held: &Held) -> Self {
        match held {
            Held::Nothing => Self::Nothing,
            Held::Unknown => Self::Unknown,
            Held::Token(token) => token.fingerprint().map_or(Self::Unknown, Self::Token),
        }
    }

    /// Whether both are known to be the same.
    pub(super) fn is(&self, held: &Held) -> bool {
        *self != Self::Unknown && *self == Self::of(held)
    }
}

impl ItemRecord {
    pub(super) fn of(item: &ItemChange) -> Self {
        let moved_to = match &item.after {
            Wish::Logout {
                moved_to: Some((provider, _)),
            } => Some(provider.command.clone()),
            _ => None,
        };
        Self {
            command: item.provider.command.clone(),
            is_own: item.provider.kind == Kind::Own,
            registry: item.registry.name_for_provider().map(ToOwned::to_owned),
            index: item.registry.index.as_sent().to_owned(),
            is_crates_io: item.registry.is_crates_io,
            before: HeldRecord::of(&item.before),
            after: HeldRecord::of(&item.after.held()),
            moved_to,
        }
    }

    pub(super) fn json(&self) -> Json {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Whether this logout follows a login, which has the token now.
    pub(super) fn moves_to(&self, login: &Self) -> bool {
        self.moved_to.as_ref() == Some(&login.command) && self.index == login.index
    }

    pub(super) fn is_login(&self) -> bool {
        self.after != HeldRecord::Nothing
    }

    pub(super) fn provider(&self) -> Provider {
        let mut provider = provider_of(&self.command);
        if self.is_own {
            provider.kind = Kind::Own;
        }
        provider
    }

    pub(super) fn registry(&self) -> Result<Registry> {
        let name = self.registry.as_deref();
        let name = name.and_then(|name| name.parse::<RegistryName>().ok());
        Ok(Registry {
            index: self.index.parse()?,
            is_crates_io: self.is_crates_io,
            key: name.as_ref().map(ToString::to_string),
            name,
            place: None,
            notes: Vec::new(),
        })
    }
}

impl Session {
    /// Notes in the journal that not the first of these is to keep a token, but the second.
    pub(super) fn note_passed_on(&self, from: &ItemChange, to: &ItemChange) -> Result<()> {
        let folder = self.own_folder();
        let Some(mut journal) = Journal::read(&folder)? else {
            return Ok(());
        };
        let (from, to) = (ItemRecord::of(from), ItemRecord::of(to));
        for item in &mut journal.items {
            let Ok(mut record) = serde_json::from_value::<ItemRecord>(item.clone()) else {
                continue;
            };
            if record == from {
                *item = to.json();
            } else if record.moves_to(&from) {
                record.moved_to = Some(to.command.clone());
                *item = record.json();
            }
        }
        journal.write(&folder)
    }
}

pub(super) fn provider_of(command: &[String]) -> Provider {
    let first = command.first().map_or("", String::as_str);
    Provider {
        command: command.to_vec(),
        written: command.to_vec(),
        kind: Kind::of(first),
        place: None,
        is_credsh: false,
    }
}
