//! The keyring of the system, by the crate `keyring`, whose home this is.
//!
//! A call can block, and cannot be cancelled: each has a thread and a time limit, and a thread that does not
//! come back is left behind. Invariant: this is called in the process that Cargo has started, or that credsh
//! has started for it, and which ends soon; never in the shell.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use keyring::{Entry, Error as KeyringError};

use super::Item;
use crate::cargo::providers::os::is_locked;
use crate::error::{Error, Result};
use crate::token::Token;

/// Under which service the items stand.
const SERVICE: &str = "credsh";

/// How long the keyring may take.
const LIMIT: Duration = Duration::from_secs(3);

pub(super) fn get(home: &Path, item: Item<'_>) -> Result<Option<Token>> {
    within_limit(home, item, |entry| match entry.get_password() {
        Ok(text) => Ok(Some(Token::new(text))),
        Err(KeyringError::NoEntry) => unless_locked().map(|()| None),
        Err(error) => Err(error),
    })
}

pub(super) fn put(home: &Path, item: Item<'_>, token: &Token) -> Result<()> {
    let token = token.clone();
    within_limit(home, item, move |entry| entry.set_password(token.expose()))
}

pub(super) fn remove(home: &Path, item: Item<'_>) -> Result<()> {
    within_limit(home, item, |entry| match entry.delete_credential() {
        Err(KeyringError::NoEntry) => unless_locked(),
        done => done,
    })
}

/// What is not to be seen in a locked keyring may be there, and a new item cannot go there.
fn unless_locked() -> Result<(), KeyringError> {
    if is_locked() {
        return Err(KeyringError::NoStorageAccess(
            "its default collection is locked".into(),
        ));
    }
    Ok(())
}

fn within_limit<T: Send + 'static>(
    home: &Path,
    item: Item<'_>,
    call: impl FnOnce(&Entry) -> Result<T, KeyringError> + Send + 'static,
) -> Result<T> {
    let name = name_of(home, item);
    let (sender, receiver) = sync_channel(1);
    std::thread::spawn(move || {
        let said = Entry::new(SERVICE, &name).and_then(|entry| call(&entry));
        // Nobody waits any more where the time is up.
        let _ = sender.send(said);
    });
    match receiver.recv_timeout(LIMIT) {
        Ok(said) => said.map_err(|error| told(&error)),
        Err(RecvTimeoutError::Timeout) => Err(Error::unavailable(format!(
            "the keyring did not answer within {} s",
            LIMIT.as_secs()
        ))
        .hint("see whether the keyring's program hangs, and start it again")),
        Err(RecvTimeoutError::Disconnected) => {
            Err(Error::unavailable("the keyring cannot be called"))
        }
    }
}

/// The one name that an item has: label and index, which have no blanks, and the Cargo home. One keyring serves all
/// homes of a person, and each has a ledger of its own, whose rules are for its own tokens. Its path says which it is
/// even where everything in it is lost.
fn name_of(home: &Path, item: Item<'_>) -> String {
    let home = home.canonicalize().unwrap_or_else(|_| home.to_path_buf());
    format!("{} {} {}", item.label, item.index, home.display())
}

fn told(error: &KeyringError) -> Error {
    match error {
        KeyringError::NoDefaultStore => {
            let error = Error::unavailable("there is no keyring on this machine")
                .hint("start one, or keep the token in a file: `--store sealed`");
            match Entry::store_status() {
                Err(why) => error.because(why),
                Ok(()) => error,
            }
        }
        KeyringError::NoStorageAccess(why) => {
            Error::unavailable("the keyring is locked, or cannot be reached")
                .because(why)
                .hint("unlock it in its own program; then repeat the command")
        }
        KeyringError::BadEncoding(_) | KeyringError::BadDataFormat(..) => {
            Error::failed("what the keyring has under this name is no token")
        }
        // Never the text of an item: these are about the call.
        other => Error::unavailable("the keyring does not work").because(other),
    }
}
