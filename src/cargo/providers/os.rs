//! The stores of operating systems, performed by Cargo's own code, so that both see one and the same item
//! (22). Home of `cargo-credential-libsecret`, `-macos-keychain`, `-wincred` and `secret-service`.
//!
//! A call into such a store can block for ever and cannot be cancelled. So `perform` starts credsh itself as
//! a plugin, under a time limit, and it is that process which calls [`perform_here`].
//!
//! Invariant: a locked Secret Service, which looks empty through libsecret, is never reported as empty.

use std::process::Command;
use std::time::Duration;

use cargo_credential::{Action as ProtocolAction, Error as Failure, RegistryInfo};

use super::child::Limit;
use super::process::{Call, Misunderstood, Response, understood};
use super::{Action, Reply, Said};
use crate::cargo::chain::{Kind, Provider};
use crate::cargo::config::Config;
use crate::cargo::registry::Registry;
use crate::error::{Error, Result};

/// The argument before the name of the store, in a request to ourselves.
pub const STORE: &str = "--store";

/// The argument that lets the store ask its user for the password.
pub const UNLOCK: &str = "--unlock";

/// How long a store may take that asks nobody.
pub const QUICK: Duration = Duration::from_secs(3);

/// How long its user may take to unlock it.
pub const PATIENT: Duration = Duration::from_mins(1);

/// Windows keeps no more bytes in one credential (22).
const LONGEST_ON_WINDOWS: usize = 2560;

/// What is said where a change did not come to an end in time.
pub const UNKNOWN: &str = ", so whether it did as it was told is unknown";

/// What is said between the process that asks and the one that calls the store.
pub const LOCKED: &str = "the keyring is locked";

/// The same of one that does not answer.
pub const SILENT: &str = "the keyring did not answer";

/// The other things that are wrong with a Secret Service, each with its cure.
const NO_LIBRARY: (&str, &str) = (
    "the library libsecret is not installed",
    "install it (Debian: `libsecret-1-0`, Fedora: `libsecret`), or take `cargo:libsecret` out of the chain",
);
const NO_BUS: (&str, &str) = (
    "there is no D-Bus session bus, so no keyring can be reached",
    "log in to a desktop session, start the command under `dbus-run-session`, or use another provider on this machine",
);
const NO_SERVICE: (&str, &str) = (
    "no keyring answers on the D-Bus session bus",
    "start one (`gnome-keyring-daemon --start`, KWallet, KeePassXC), or use another provider on this machine",
);
/// The cure of one that is locked.
pub const UNLOCK_IT: &str = "unlock it in its own program, or log in to the desktop with your password; then repeat the command";

/// Asks the store, in a process of its own.
pub(super) fn perform(
    config: &Config,
    provider: &Provider,
    registry: &Registry,
    action: Action<'_>,
) -> Result<Reply> {
    if let (
        Kind::Wincred,
        Action::Login {
            token: Some(token), ..
        },
    ) = (provider.kind, action)
    {
        fits_windows(token.len())?;
    }
    // A keychain asks its user by itself, whenever it sees a program for the first time.
    let limit = if provider.kind == Kind::MacosKeychain {
        PATIENT
    } else {
        QUICK
    };
    let reply = call(config, provider, registry, action, &[], limit)?;
    if matches!(reply.said, Said::Locked) && config.may_unlock() {
        let reply = call(config, provider, registry, action, &[UNLOCK], PATIENT);
        config.set_dismissed(!is_unlocked(&reply));
        return reply;
    }
    Ok(reply)
}

/// Whether the owner of a locked keyring, who was asked to, has unlocked it.
pub(super) fn is_unlocked(reply: &Result<Reply>) -> bool {
    reply
        .as_ref()
        .is_ok_and(|reply| !matches!(reply.said, Said::Locked))
}

fn call(
    config: &Config,
    provider: &Provider,
    registry: &Registry,
    action: Action<'_>,
    more: &[&str],
    limit: Duration,
) -> Result<Reply> {
    let name = provider.command[0].as_str();
    let call = Call {
        name,
        program: Command::new(config.program()),
        args: [&[STORE, name], more].concat(),
        limit: Limit::of(limit),
    };
    let (response, remarks) = call.perform(config, registry, action).map_err(|error| {
        // Starting ourselves does not fail.
        if error.kind() != crate::error::Kind::Unavailable {
            return error;
        }
        let seconds = limit.as_secs();
        let too_slow = format!("`{name}` did not answer within {seconds} s");
        let is_in_doubt = error.is_in_doubt();
        let doubt = if is_in_doubt { UNKNOWN } else { "" };
        Error::unavailable(too_slow + doubt)
            .in_doubt(is_in_doubt)
            .hint("see whether the keyring's program hangs, and start it again")
    })?;
    let said = match understood(response, action) {
        Ok(said) => said,
        Err(Misunderstood::Failed(Failure::Other(failure))) if failure.to_string() == LOCKED => {
            Said::Locked
        }
        Err(Misunderstood::Failed(failure)) => return Err(unavailable(name, &failure)),
        Err(Misunderstood::AnotherQuestion) => {
            return Err(Error::failed(format!("`{name}` answered another question")));
        }
    };
    Ok(Reply { said, remarks })
}

/// The error about a store that is locked, for those who need it open.
pub fn locked(provider: &Provider) -> Error {
    Error::unavailable(format!("{LOCKED}, so `{provider}` cannot be used")).hint(UNLOCK_IT)
}

fn unavailable(name: &str, failure: &Failure) -> Error {
    let text = failure.to_string();
    let known = [NO_LIBRARY, NO_BUS, NO_SERVICE]
        .into_iter()
        .find(|(message, _)| text == *message);
    match known {
        Some((message, hint)) => {
            let error = Error::unavailable(format!("`{name}`: {message}")).hint(hint);
            match std::error::Error::source(failure) {
                Some(cause) => error.because(cause),
                None => error,
            }
        }
        None => Error::unavailable(format!("`{name}` failed"))
            .because(text)
            .hint("see with the keyring's own program what is wrong"),
    }
}

fn fits_windows(length: usize) -> Result<()> {
    if length <= LONGEST_ON_WINDOWS {
        return Ok(());
    }
    Err(Error::failed(format!(
        "the token has {length} bytes, and Windows keeps {LONGEST_ON_WINDOWS} at most"
    ))
    .hint("use another provider for this registry: `login NAME --provider SPEC`"))
}

/// What is said before somebody is waited for who may unlock it.
pub fn waiting() -> String {
    format!(
        "note: the keyring is locked; waiting up to {} s for it to be unlocked\n",
        PATIENT.as_secs()
    )
}

/// Whether a keyring is open for the items that have these attributes, and where there is none, for a new one. Its owner
/// may be asked to unlock it. Other systems ask by themselves.
pub fn is_open(attributes: [(&str, &str); 2], may_unlock: bool) -> Result<bool> {
    #[cfg(target_os = "linux")]
    return linux::is_open_for(attributes, may_unlock)
        .map_err(|error| Error::unavailable(error.to_string()));
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (attributes, may_unlock);
        Ok(true)
    }
}

/// Calls the store of that name in this process, for however long it takes.
pub fn perform_here(
    name: &str,
    may_unlock: bool,
    registry: &RegistryInfo<'_>,
    action: &ProtocolAction<'_>,
) -> Response {
    let kind = Kind::of(name);
    if kind.is_foreign() {
        return Err(Failure::UrlNotSupported);
    }
    match kind {
        #[cfg(target_os = "linux")]
        Kind::Libsecret => linux::perform(may_unlock, registry, action),
        #[cfg(target_os = "macos")]
        Kind::MacosKeychain => cargo_credential::Credential::perform(
            &cargo_credential_macos_keychain::MacKeychain,
            registry,
            action,
            &[],
        ),
        #[cfg(windows)]
        Kind::Wincred => cargo_credential::Credential::perform(
            &cargo_credential_wincred::WindowsCredential,
            registry,
            action,
            &[],
        ),
        _ => {
            let _ = may_unlock;
            Err("there is no such store".into())
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashMap;

    use cargo_credential::Credential;
    use cargo_credential_libsecret::LibSecretCredential;
    use secret_service::blocking::{Item, SecretService};
    use secret_service::{EncryptionType, Error as ServiceError, SearchItemsResult};

    use super::super::process::two_part;
    use super::{
        Failure, LOCKED, NO_BUS, NO_LIBRARY, NO_SERVICE, ProtocolAction, RegistryInfo, Response,
    };

    /// The schema of Cargo's items (22).
    const SCHEMA: &str = "org.rust-lang.cargo.registry";

    /// What the bus says where nobody has the name of the Secret Service.
    const UNKNOWN_SERVICE: &str = "org.freedesktop.secrets";

    pub(super) fn perform(
        may_unlock: bool,
        registry: &RegistryInfo<'_>,
        action: &ProtocolAction<'_>,
    ) -> Response {
        let library =
            LibSecretCredential::new().map_err(|failure| two_part(NO_LIBRARY.0, &failure))?;
        let call = || (&library).perform(registry, action, &[]);
        match is_open(registry.index_url, action, may_unlock) {
            Ok(true) => call().map_err(in_our_words),
            Ok(false) => Err(LOCKED.into()),
            // libsecret knows more about why nobody answers; an empty answer is not to be believed then.
            Err(error) => match call() {
                Err(Failure::NotFound) => Err(Failure::from(Box::new(error))),
                other => other.map_err(in_our_words),
            },
        }
    }

    /// Whether the items of these attributes can be seen; where there are none, whether the keyring can that a new one
    /// would go to.
    pub(super) fn is_open_for(
        attributes: [(&str, &str); 2],
        may_unlock: bool,
    ) -> Result<bool, ServiceError> {
        let attributes = &HashMap::from(attributes);
        let service = SecretService::connect(EncryptionType::Plain)?;
        if !items_are_open(&service, attributes, may_unlock, every_one)? {
            return Ok(false);
        }
        let found = service.search_items(attributes.clone())?;
        Ok(!found.unlocked.is_empty() || collection_is_open(&service, may_unlock)?)
    }

    /// Whether what the action is about can be seen: libsecret takes what is locked for empty. Its owner may be
    /// asked to unlock it; one who does not leaves it locked.
    fn is_open(
        index_url: &str,
        action: &ProtocolAction<'_>,
        may_unlock: bool,
    ) -> Result<bool, ServiceError> {
        let service = SecretService::connect(EncryptionType::Plain)?;
        let attributes = HashMap::from([("url", index_url), ("xdg:schema", SCHEMA)]);
        match action {
            ProtocolAction::Login(_) => collection_is_open(&service, may_unlock),
            // Every one of them has to go.
            ProtocolAction::Logout => items_are_open(&service, &attributes, may_unlock, every_one),
            _ => items_are_open(&service, &attributes, may_unlock, |found| {
                found.locked.is_empty() || !found.unlocked.is_empty()
            }),
        }
    }

    fn every_one(found: &SearchItemsResult<Item<'_>>) -> bool {
        found.locked.is_empty()
    }

    fn items_are_open(
        service: &SecretService<'_>,
        attributes: &HashMap<&str, &str>,
        may_unlock: bool,
        is_open: impl Fn(&SearchItemsResult<Item<'_>>) -> bool,
    ) -> Result<bool, ServiceError> {
        let found = service.search_items(attributes.clone())?;
        if !may_unlock || is_open(&found) {
            return Ok(is_open(&found));
        }
        // Whether it was of any use is seen at once.
        let _ = service.unlock_all(&found.locked.iter().collect::<Vec<_>>());
        Ok(is_open(&service.search_items(attributes.clone())?))
    }

    fn collection_is_open(
        service: &SecretService<'_>,
        may_unlock: bool,
    ) -> Result<bool, ServiceError> {
        let collection = match service.get_default_collection() {
            Ok(collection) => collection,
            // It will be made.
            Err(ServiceError::NoResult) => return Ok(true),
            Err(error) => return Err(error),
        };
        if may_unlock && collection.is_locked()? {
            let _ = collection.unlock();
        }
        Ok(!collection.is_locked()?)
    }

    fn in_our_words(failure: Failure) -> Failure {
        let Failure::Other(other) = &failure else {
            return failure;
        };
        let text = other.to_string();
        if text.contains(UNKNOWN_SERVICE) {
            two_part(NO_SERVICE.0, &failure)
        } else if ["D-Bus", "connect", "DBus", "dbus-launch"]
            .iter()
            .any(|word| text.contains(word))
        {
            two_part(NO_BUS.0, &failure)
        } else {
            failure
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_keeps_2560_bytes() {
        assert!(fits_windows(2560).is_ok());
        assert!(fits_windows(2561).is_err());
    }
}
