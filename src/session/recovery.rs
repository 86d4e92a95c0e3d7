//! Finishing what a run was killed in the middle of, by its journal.
//!
//! Files have everything that is needed to be finished, so where one has been written, or every login outside
//! of them is done, all the rest is done as well. A login whose token died with the run cannot be: then
//! nothing has been written, and what can be taken back is.
//!
//! Invariant: what somebody else has changed since then stays, and is told. A token is removed only where it
//! is known to be the one that was meant. Doing it twice is doing it once.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use zeroize::Zeroizing;

use super::Session;
use super::change::{ItemChange, Wish};
use super::commit::write_one;
use crate::cargo::chain::{Kind, Provider};
use crate::cargo::config::Held;
use crate::cargo::layers::Layer;
use crate::cargo::name::RegistryName;
use crate::cargo::providers::{self, Action, Operation, Said};
use crate::cargo::registry::Registry;
use crate::disk::document::Document;
use crate::disk::journal::{FileRecord, Journal, State};
use crate::disk::{lock, replace, tree};
use crate::error::{Error, Place, Result, list};
use crate::token::Token;

/// A login or logout outside files, as a journal has it: tokens by their fingerprints.
#[derive(Serialize, Deserialize)]
pub(super) struct ItemRecord {
    command: Vec<String>,
    is_own: bool,
    registry: Option<String>,
    index: String,
    is_crates_io: bool,
    before: HeldRecord,
    /// What it is to be; for a logout that follows a move, where the token then is.
    after: HeldRecord,
    moved_to: Option<Vec<String>>,
}

/// What a store holds; a token without a fingerprint is not known again.
#[derive(PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum HeldRecord {
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
    fn is(&self, held: &Held) -> bool {
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

    fn is_login(&self) -> bool {
        self.after != HeldRecord::Nothing
    }

    fn provider(&self) -> Provider {
        let mut provider = provider_of(&self.command);
        if self.is_own {
            provider.kind = Kind::Own;
        }
        provider
    }

    fn registry(&self) -> Result<Registry> {
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

fn provider_of(command: &[String]) -> Provider {
    let first = command.first().map_or("", String::as_str);
    Provider {
        command: command.to_vec(),
        written: command.to_vec(),
        kind: Kind::of(first),
        place: None,
    }
}

impl Session {
    /// Finishes what an earlier run was interrupted in, if there is such a thing. What cannot be finished now is
    /// told, and waits.
    pub fn recover(&mut self) {
        match self.is_interrupted() {
            Ok(false) => return,
            Ok(true) if self.flags.is_plan() => return self.warn_of_interrupted(),
            Ok(true) => {}
            Err(error) => return self.tell_unfinished(&error),
        }
        let finished = self
            .lock_own(&self.home_lock())
            .and_then(|_lock| self.finish_interrupted());
        if let Err(error) = finished {
            self.tell_unfinished(&error);
        }
    }

    /// Warns of a change that an earlier run was interrupted in, where it is not to be finished: in a plan, and
    /// in an answer to Cargo.
    pub fn warn_of_interrupted(&mut self) {
        if matches!(self.is_interrupted(), Ok(true)) {
            self.warn("an earlier change was interrupted, and what it was to write may be written in part: `credsh status` finishes it");
        }
    }

    /// Whether a change was begun, and nobody is at it.
    fn is_interrupted(&self) -> Result<bool> {
        Ok(Journal::is_left(&self.own_folder()) && !lock::is_held(&self.home_lock())?)
    }

    fn tell_unfinished(&mut self, error: &Error) {
        self.warn(&format!(
            "an interrupted change cannot be finished now: {error}"
        ));
        if let Some(hint) = error.next_step() {
            let hint = format!("then it is finished at the next start: {hint}");
            self.note(&hint);
        }
    }

    /// The same, for whoever has the lock of the home.
    pub(super) fn finish_interrupted(&mut self) -> Result<()> {
        let folder = self.own_folder();
        let Some(journal) = Journal::read(&folder)? else {
            return Journal::remove(&folder);
        };
        let items = journal.items.iter().map(|item| {
            serde_json::from_value(item.clone()).map_err(|_| {
                Error::malformed("the journal of an interrupted change cannot be read")
                    .at(Place::file(folder.join("journal")))
                    .hint("it may be of another version of credsh: start that one")
            })
        });
        let items: Vec<ItemRecord> = items.collect::<Result<_>>()?;
        let files: Vec<_> = journal.files.iter().map(|file| file.file.clone()).collect();
        let _elsewhere = self.lock_elsewhere(&files)?;
        for record in &journal.files {
            replace::sweep(&record.file, &record.temporary);
        }
        let mut has_begun = false;
        for record in &journal.files {
            has_begun |= has_begun_to_write(record)?;
        }
        let (logins, logouts): (Vec<_>, Vec<_>) = items.into_iter().partition(ItemRecord::is_login);
        if has_begun || self.are_done(&logins)? {
            for record in &journal.files {
                self.finish_file(record)?;
            }
            for logout in &logouts {
                self.finish_logout(logout)?;
            }
            self.tell_finished(&journal.files);
        } else {
            for login in &logins {
                self.take_back(login)?;
            }
            self.note("an interrupted change, of which no file had been written, is given up");
        }
        // What was read before is read again.
        if self.overlay.is_empty() {
            self.config = None;
        }
        Journal::remove(&folder)
    }

    fn tell_finished(&mut self, files: &[FileRecord]) {
        let mut names: Vec<String> = files
            .iter()
            .map(|record| record.file.display().to_string())
            .collect();
        names.dedup();
        let what = match names.as_slice() {
            [] => String::new(),
            names => format!(": {}", list(names)),
        };
        self.note(&format!("an interrupted change is finished now{what}"));
    }

    /// Whether every provider holds what it was to hold.
    fn are_done(&mut self, logins: &[ItemRecord]) -> Result<bool> {
        for login in logins {
            if !login.after.is(&self.held_now(login)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What a provider holds; unknown, where it cannot be asked.
    fn held_now(&mut self, item: &ItemRecord) -> Result<Held> {
        let get = Action::Get(&Operation::READ);
        let (provider, registry) = (item.provider(), item.registry()?);
        let asked = providers::perform(self.config()?, &provider, &registry, get);
        Ok(match asked.map(|reply| reply.said) {
            Ok(Said::Token(answer)) => Held::Token(answer.token),
            Ok(Said::NotFound | Said::UrlNotSupported) => Held::Nothing,
            _ => Held::Unknown,
        })
    }

    /// Brings one file to where it was to be.
    fn finish_file(&mut self, record: &FileRecord) -> Result<()> {
        let mut lock = if record.is_credentials {
            self.lock_credentials(&record.file)?
        } else {
            None
        };
        let now = replace::read_bytes(&record.file)?;
        let old = now.as_ref().map(|now| now.as_slice());
        let torn = match record.state(old) {
            State::New => return Ok(()),
            State::Old | State::Torn => record.new_text(old.unwrap_or_default()),
            State::Other => None,
        };
        let new = match torn {
            Some(new) => new,
            None => self.edited_by_hand(record, old)?,
        };
        if write_one(record, lock.as_mut(), old, &new)? {
            return Ok(());
        }
        // It was made by somebody else just now, and is theirs from then on.
        self.finish_file(record)
    }

    /// The text of a file that somebody else has written since, with those edits whose keys still have the
    /// value that they had.
    fn edited_by_hand(
        &mut self,
        record: &FileRecord,
        now: Option<&[u8]>,
    ) -> Result<Zeroizing<String>> {
        let (text, layer) = read(record, now)?;
        let mut document = Document::parse(&record.file, &text)?;
        for edit in &record.edits {
            let key: Vec<&str> = edit.key.iter().map(String::as_str).collect();
            let node = layer.get(&key).map(|entry| &entry.node);
            if edit.is_after(node) {
                continue;
            }
            if !edit.is_before(node) {
                self.warn(&format!(
                    "somebody else has changed `{}` in {} since then, and it stays so",
                    edit.key.join("."),
                    record.file.display()
                ));
                continue;
            }
            match &edit.after {
                Some(value) => document.set(&key, value)?,
                None => drop(document.unset(&key)?),
            }
        }
        Ok(document.text())
    }

    /// Has a provider forget the token that it was to forget, if it still is that one.
    fn finish_logout(&mut self, logout: &ItemRecord) -> Result<()> {
        let held = self.held_now(logout)?;
        let token = match held {
            Held::Nothing => return Ok(()),
            Held::Token(token) if logout.before.is(&Held::Token(token.clone())) => token,
            _ => {
                return self.tell_uncertain(logout, "was to forget the token of");
            }
        };
        let change = self.logout_of(logout, &token)?;
        let Wish::Logout { moved_to } = &change.after else {
            return Ok(());
        };
        if let Err((_, error)) = self.log_out_item(&change, moved_to.as_ref()) {
            self.warn(&format!(
                "`{}` was to forget the token of {}: {error}",
                change.provider,
                change.registry.label()
            ));
        }
        Ok(())
    }

    fn logout_of(&mut self, logout: &ItemRecord, token: &Token) -> Result<ItemChange> {
        let moved_to = logout.moved_to.as_deref();
        Ok(ItemChange {
            provider: logout.provider(),
            registry: logout.registry()?,
            before: Held::Token(token.clone()),
            after: Wish::Logout {
                moved_to: moved_to.map(|to| (provider_of(to), token.clone())),
            },
        })
    }

    /// Undoes a login of a change that is given up, where that takes nothing else away.
    fn take_back(&mut self, login: &ItemRecord) -> Result<()> {
        let held = self.held_now(login)?;
        if login.before.is(&held) {
            return Ok(());
        }
        if login.before != HeldRecord::Nothing || !login.after.is(&held) {
            return self.tell_uncertain(login, "was to keep a new token of");
        }
        let (provider, registry) = (login.provider(), login.registry()?);
        let asked = providers::perform(self.config()?, &provider, &registry, Action::Logout);
        match asked.map(|reply| reply.said) {
            Ok(Said::Done | Said::NotFound) => Ok(()),
            _ => self.tell_uncertain(login, "was to keep a new token of"),
        }
    }

    fn tell_uncertain(&mut self, item: &ItemRecord, what: &str) -> Result<()> {
        let (provider, registry) = (item.provider(), item.registry()?);
        let command = if item.is_login() { "login" } else { "logout" };
        self.warn(&format!(
            "`{provider}` {what} {}, and nobody knows whether it did: repeat `{command} {}`",
            registry.label(),
            registry.word()
        ));
        Ok(())
    }
}

/// Whether this file is not as it was, by what the journal says and not by others alone.
fn has_begun_to_write(record: &FileRecord) -> Result<bool> {
    let now = replace::read_bytes(&record.file)?;
    let now = now.as_ref().map(|now| now.as_slice());
    Ok(match record.state(now) {
        State::New | State::Torn => true,
        State::Old => false,
        State::Other => {
            let (_, layer) = read(record, now)?;
            record.edits.iter().any(|edit| {
                let key: Vec<&str> = edit.key.iter().map(String::as_str).collect();
                let node = layer.get(&key).map(|entry| &entry.node);
                edit.is_after(node) && !edit.is_before(node)
            })
        }
    })
}

/// A file that somebody else has written, as text and as values.
fn read(record: &FileRecord, now: Option<&[u8]>) -> Result<(Zeroizing<String>, Layer)> {
    let bytes = Zeroizing::new(now.unwrap_or_default().to_vec());
    let text = replace::text_of(&record.file, bytes)?;
    let root = tree::parse(&record.file, &text)?;
    let layer = Layer::alone(&record.file, root, record.is_credentials);
    Ok((text, layer))
}
