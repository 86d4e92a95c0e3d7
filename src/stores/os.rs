//! The keyring of the system, by the crate `keyring`, whose home this is.
//!
//! A call can block, and cannot be cancelled: each has a thread and a time limit, and a thread that does not
//! come back is left behind. Invariant: this is called in the process that Cargo has started, or that credsh
//! has started for it, and which ends soon; never in the shell.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use keyring::{Entry, Error as KeyringError};

use super::{Access, Item};
use crate::cargo::providers::os::{
    LOCKED, PATIENT, QUICK, SILENT, UNKNOWN, UNLOCK_IT, is_open, waiting,
};
use crate::error::{Error, Result};
use crate::token::Token;

/// Under which service the items stand.
const SERVICE: &str = "credsh";

pub(super) fn get(access: &Access<'_>, item: Item<'_>) -> Result<Option<Token>> {
    call(access, item, "", |entry| match entry.get_password() {
        Ok(text) => Ok(Some(Token::new(text))),
        Err(KeyringError::NoEntry) => Ok(None),
        Err(error) => Err(error),
    })
}

pub(super) fn put(access: &Access<'_>, item: Item<'_>, token: &Token) -> Result<()> {
    let token = token.clone();
    call(access, item, UNKNOWN, move |entry| {
        entry.set_password(token.expose())
    })
}

pub(super) fn remove(access: &Access<'_>, item: Item<'_>) -> Result<()> {
    call(access, item, UNKNOWN, |entry| {
        match entry.delete_credential() {
            Err(KeyringError::NoEntry) => Ok(()),
            done => done,
        }
    })
}

/// Calls the keyring where it is open for this item. One that is locked would ask its owner by itself, and without a
/// word; so it is asked first, and its owner only where there is a screen to do that on.
fn call<T: Send + 'static>(
    access: &Access<'_>,
    item: Item<'_>,
    if_too_slow: &str,
    call: impl FnOnce(&Entry) -> Result<T, KeyringError> + Send + 'static,
) -> Result<T> {
    let name = name_of(access.home, item);
    let is_locked = |may_unlock, limit| {
        let name = name.clone();
        within(limit, "", move || {
            let attributes = [("service", SERVICE), ("username", name.as_str())];
            // The keyring's own crate knows more about why nobody answers.
            matches!(is_open(attributes, may_unlock), Ok(false))
        })
    };
    if is_locked(false, QUICK)? {
        let may_unlock = access.may_prompt && access.env.has_display();
        if may_unlock {
            access.stderr.say(&waiting());
        }
        // Whoever leaves the question standing has not unlocked it.
        if !may_unlock || is_locked(true, PATIENT).unwrap_or(true) {
            return Err(Error::unavailable(LOCKED).hint(UNLOCK_IT));
        }
    }
    within(QUICK, if_too_slow, move || {
        Entry::new(SERVICE, &name).and_then(|entry| call(&entry))
    })?
    .map_err(|error| told(&error))
}

fn within<T: Send + 'static>(
    limit: Duration,
    if_too_slow: &str,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let (sender, receiver) = sync_channel(1);
    std::thread::spawn(move || {
        // Nobody waits any more where the time is up.
        let _ = sender.send(call());
    });
    receiver.recv_timeout(limit).map_err(|why| match why {
        RecvTimeoutError::Timeout => Error::unavailable(format!(
            "{SILENT} within {} s{if_too_slow}",
            limit.as_secs()
        ))
        .hint("see whether the keyring's program hangs, and start it again"),
        RecvTimeoutError::Disconnected => Error::unavailable("the keyring cannot be called"),
    })
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
