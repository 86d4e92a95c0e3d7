//! What the sealed file opens with where that is no key file: a variable says it, or a person types it, once for a run.

use std::path::Path;

use age::secrecy::SecretString;

use super::{Access, FILE, IDENTITY, decryptor, folder, sealed, secret};
use crate::error::{Error, Place, Result};

pub(super) const PASSPHRASE: &str = "CREDSH_PASSPHRASE";

pub(super) fn from_variable(access: &Access<'_>) -> Result<Option<SecretString>> {
    match access.env.non_empty(PASSPHRASE) {
        None => Ok(None),
        Some(text) => match text.to_str() {
            Some(text) => Ok(Some(SecretString::from(text.to_owned()))),
            None => Err(Error::failed(format!("`{PASSPHRASE}` is not Unicode"))
                .at(Place::Env(PASSPHRASE.to_owned()))
                .hint("set it again")),
        },
    }
}

pub(super) fn passphrase(access: &mut Access<'_>, file: &Path) -> Result<SecretString> {
    if let Some(passphrase) = from_variable(access)? {
        return Ok(passphrase);
    }
    if access.passphrase.is_none() && access.may_ask() {
        *access.passphrase = Some(access.prompt.secret("passphrase for the sealed tokens: ")?);
    }
    access.passphrase.as_ref().map(secret).ok_or_else(|| {
        Error::unavailable("this file opens with a passphrase, and there is nobody to ask for it")
            .at(Place::file(file))
            .hint(format!("set `{PASSPHRASE}`, or seal it for a key file"))
    })
}

/// Has a person type what the file opens with, or what a new one is to open with, unless it is known.
pub(in crate::stores) fn ask(access: &mut Access<'_>, may_be_new: bool) -> Result<()> {
    if access.passphrase.is_some() || from_variable(access)?.is_some() || !access.may_ask() {
        return Ok(());
    }
    let home = folder(access.home);
    match sealed(&home)? {
        None if may_be_new && !home.join(IDENTITY).exists() => ask_new(access),
        Some(bytes) if decryptor(&home.join(FILE), &bytes)?.is_scrypt() => {
            passphrase(access, &home.join(FILE)).map(|_| ())
        }
        _ => Ok(()),
    }
}

pub(super) fn ask_new(access: &mut Access<'_>) -> Result<()> {
    if access.passphrase.is_some() || !access.may_ask() {
        return Ok(());
    }
    let question = "passphrase for the new file of tokens (empty: a key file instead): ";
    let typed = access.prompt.secret(question)?;
    if !typed.is_empty() {
        let again = access.prompt.secret("the same passphrase again: ")?;
        if !again.is_same(&typed) {
            return Err(Error::failed("the two passphrases differ").hint("repeat the command"));
        }
    }
    *access.passphrase = Some(typed);
    Ok(())
}
