//! Logins and logouts outside files, as a journal has them.
//!
//! Invariant: a token is there by its fingerprint.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::change::{ItemChange, Key, Wish};
use super::{Session, own};
use crate::cargo::chain::{Kind, Provider};
use crate::cargo::config::Held;
use crate::cargo::name::RegistryName;
use crate::cargo::registry::Registry;
use crate::disk::journal::Journal;
use crate::error::Result;
use crate::stores::ledger::{self, Label, Ledger};

/// A login or logout outside files, as a journal has it: tokens by their fingerprints.
#[derive(PartialEq, Serialize, Deserialize)]
pub(super) struct ItemRecord {
    pub(super) command: Vec<String>,
    pub(super) is_own: bool,
    registry: Option<String>,
    /// As a provider is told it, which for crates.io is not what a command calls it.
    index: String,
    is_crates_io: bool,
    pub(super) before: HeldRecord,
    /// What it is to be: nothing, for a logout.
    pub(super) after: HeldRecord,
    /// For a logout that follows a move, where the token is then.
    pub(super) moved_to: Option<MovedRecord>,
}

/// Where a token has moved to, and what that is to be known by.
#[derive(PartialEq, Serialize, Deserialize)]
pub(super) struct MovedRecord {
    command: Vec<String>,
    is_own: bool,
    index: String,
    pub(super) token: HeldRecord,
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
                moved_to: Some(moved),
            } => Some(MovedRecord {
                command: moved.provider.command.clone(),
                is_own: moved.provider.kind == Kind::Own,
                index: moved.registry.index_for_provider().to_owned(),
                token: HeldRecord::of(&Held::Token(moved.token.clone())),
            }),
            _ => None,
        };
        Self {
            command: item.provider.command.clone(),
            is_own: item.provider.kind == Kind::Own,
            registry: item.registry.name_for_provider().map(ToOwned::to_owned),
            index: item.registry.index_for_provider().to_owned(),
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
        self.moved_to
            .as_ref()
            .is_some_and(|moved| moved.command == login.command && moved.index == login.index)
    }

    /// Whether both are of one token: that of one registry in one store.
    pub(super) fn is_in_place_of(&self, other: &Self) -> bool {
        (&self.command, self.is_own, &self.index) == (&other.command, other.is_own, &other.index)
    }

    /// Whether it is of a token that the ledger says is kept.
    pub(super) fn is_named_by(&self, ledger: &Ledger) -> bool {
        let provider = self.provider();
        let Some((store, label)) = own::item_of(&provider) else {
            return false;
        };
        ledger.entries.iter().any(|entry| {
            entry.index == self.index && entry.label.as_str() == label && entry.store == store
        })
    }

    /// Whether it stores a token of credsh's own for this index, under this label if one is named.
    pub(super) fn stores_own(&self, index: &str, label: Option<&Label>) -> bool {
        let provider = self.provider();
        let is_of_it = |own: &str| label.is_none_or(|label| label.as_str() == own);
        self.is_login()
            && self.index == index
            && own::item_of(&provider).is_some_and(|(_, own)| is_of_it(own))
    }

    /// Whether a store of credsh's own has a token where it had none, and nobody would know that again: nobody else
    /// writes there.
    pub(super) fn has_stored_own(&self, held: &Held) -> bool {
        self.is_own
            && self.before == HeldRecord::Nothing
            && self.after == HeldRecord::Unknown
            && matches!(held, Held::Token(_))
    }

    /// Whether what it is to be would be known again.
    pub(super) fn is_known(&self) -> bool {
        self.after != HeldRecord::Unknown
    }

    /// Whether there is something that it is to forget.
    pub(super) fn forgets(&self) -> bool {
        self.before != HeldRecord::Nothing || self.moved_to.is_some()
    }

    pub(super) fn is_login(&self) -> bool {
        self.after != HeldRecord::Nothing
    }

    /// The table of its registry.
    pub(super) fn table(&self) -> Option<Key> {
        if self.is_crates_io {
            return Some(vec!["registry".to_owned()]);
        }
        Some(vec!["registries".to_owned(), self.registry.clone()?])
    }

    /// The table of what the ledger says of its index.
    pub(super) fn ledger_table(&self) -> Key {
        vec![ledger::ROOT.to_owned(), self.index.clone()]
    }

    pub(super) fn provider(&self) -> Provider {
        provider_of(&self.command, self.is_own)
    }

    pub(super) fn registry(&self) -> Result<Registry> {
        self.registry_with(&self.index)
    }

    fn registry_with(&self, index: &str) -> Result<Registry> {
        let name = self.registry.as_deref();
        let name = name.and_then(|name| name.parse::<RegistryName>().ok());
        Ok(Registry {
            index: index.parse()?,
            is_crates_io: self.is_crates_io,
            key: name.as_ref().map(ToString::to_string),
            name,
            place: None,
            notes: Vec::new(),
        })
    }

    /// Who has a token that has moved, and for which registry: the same by name.
    pub(super) fn new_place(&self, moved: &MovedRecord) -> Result<(Provider, Registry)> {
        let provider = provider_of(&moved.command, moved.is_own);
        Ok((provider, self.registry_with(&moved.index)?))
    }
}

impl Session {
    /// Notes in the journal that not the first of these is to keep a token, but the second.
    pub(super) fn note_passed_on(&self, from: &ItemChange, to: &ItemChange) -> Result<()> {
        let (from, to) = (ItemRecord::of(from), ItemRecord::of(to));
        if from == to {
            return Ok(());
        }
        let folder = self.own_folder();
        let Some(mut journal) = Journal::read(&folder)? else {
            return Ok(());
        };
        for item in &mut journal.items {
            let Ok(mut record) = serde_json::from_value::<ItemRecord>(item.clone()) else {
                continue;
            };
            if record == from {
                *item = to.json();
            } else if record.moves_to(&from)
                && let Some(moved) = &mut record.moved_to
            {
                moved.command.clone_from(&to.command);
                *item = record.json();
            }
        }
        journal.write(&folder)
    }

    /// Tells of one whose end nobody knows, and what to do about it.
    pub(super) fn tell_uncertain(&mut self, item: &ItemRecord) -> Result<()> {
        let what = in_doubt(item)?;
        self.tell_left(item, &what)
    }

    /// The same of a login of a change that is given up, by which the registry may have got its name.
    pub(super) fn tell_given_up(&mut self, login: &ItemRecord) -> Result<()> {
        self.warn(&format!(
            "`{}` {}: look with `token show`, and repeat all of it",
            login.provider(),
            in_doubt(login)?
        ));
        Ok(())
    }

    /// Tells of a login whose token is lost, for its provider has nothing or another one.
    pub(super) fn tell_not_kept(&mut self, login: &ItemRecord) -> Result<()> {
        self.tell_left(
            login,
            &format!(
                "did not keep the new token of {}",
                login.registry()?.label()
            ),
        )
    }

    fn tell_left(&mut self, item: &ItemRecord, what: &str) -> Result<()> {
        let (provider, registry) = (item.provider(), item.registry()?);
        let word = registry.word();
        let next = match (item.is_login(), item.command.as_slice()) {
            (true, [.., label]) if item.is_own => {
                format!(
                    "log in again with the rules of `{label}`; `token list {word}` shows what is kept"
                )
            }
            (true, _) => format!("repeat `login {word}`"),
            // A logout would take it from its new place, too.
            (false, _) if item.moved_to.is_some() => {
                format!(
                    "the token is in its new place; remove it from `{provider}` with that program's own means"
                )
            }
            (false, _) => format!("repeat `logout {word}`"),
        };
        self.warn(&format!("`{provider}` {what}: {next}"));
        Ok(())
    }
}

/// What an item was to do.
fn in_doubt(item: &ItemRecord) -> Result<String> {
    let what = if item.is_login() {
        "was to keep a new token of"
    } else {
        "was to forget the token of"
    };
    Ok(format!(
        "{what} {}, and nobody knows whether it did",
        item.registry()?.label()
    ))
}

fn provider_of(command: &[String], is_own: bool) -> Provider {
    let first = command.first().map_or("", String::as_str);
    Provider {
        command: command.to_vec(),
        written: command.to_vec(),
        kind: if is_own { Kind::Own } else { Kind::of(first) },
        place: None,
        is_credsh: false,
    }
}
