//! The keys of the sealed file: the private one that opens it here, and the public ones that it is sealed for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use age::{Identity, IdentityFile, Recipient};
use zeroize::Zeroizing;

use crate::disk::replace;
use crate::error::{Error, Place, Result};

pub(super) const IDENTITY: &str = "identity";
const RECIPIENTS: &str = "recipients";

/// No more of a key than this many letters is shown; one of age has 62, one of RSA hundreds.
const LONGEST_SHOWN: usize = 80;

/// Somebody who can open what is written.
pub(super) struct Reader {
    /// What stands behind the key in the list.
    pub(super) name: String,
    pub(super) recipient: Box<dyn Recipient + Send>,
}

/// The private keys: a file of age's, or an SSH key without passphrase.
pub(super) fn identities(home: &Path) -> Result<Vec<Box<dyn Identity>>> {
    let (file, text) = identity_text(home)?;
    if is_ssh(&text) {
        return Ok(vec![Box::new(ssh_identity(&file, &text)?)]);
    }
    let identities = identity_file(&file, &text)?
        .into_identities()
        .map_err(|_| no_identity(&file))?;
    Ok(identities
        .into_iter()
        .map(|identity| identity as Box<dyn Identity>)
        .collect())
}

/// Who can open what is written, by public key: we ourselves, and whoever stands in the list.
pub(super) fn readers(home: &Path) -> Result<BTreeMap<String, Reader>> {
    let mut readers = BTreeMap::new();
    // One key, listed twice, is one.
    let mut add = |key: String, name: &str, recipient: Box<dyn Recipient + Send>| {
        let name = name.to_owned();
        readers.insert(key, Reader { name, recipient });
    };
    let (file, text) = identity_text(home)?;
    if is_ssh(&text) {
        let identity = ssh_identity(&file, &text)?;
        let own = age::ssh::Recipient::try_from(identity).map_err(|_| no_identity(&file))?;
        add(own.to_string(), "", Box::new(own));
    } else {
        identity_file(&file, &text)?;
        for line in text.lines() {
            if let Ok(identity) = line.trim().parse::<age::x25519::Identity>() {
                let own = identity.to_public();
                add(own.to_string(), "", Box::new(own));
            }
        }
    }
    let list = home.join(RECIPIENTS);
    let text = replace::read(&list)?.unwrap_or_default();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Ok(key) = line.parse::<age::x25519::Recipient>() {
            add(key.to_string(), "", Box::new(key));
        } else if let Ok(key) = line.parse::<age::ssh::Recipient>() {
            let name = line.splitn(3, ' ').nth(2).unwrap_or_default();
            add(key.to_string(), name, Box::new(key));
        } else {
            return Err(Error::malformed("this is no public key of age or SSH")
                .at(Place::line(&list, number + 1))
                .hint("one key a line: `age1...`, `ssh-ed25519 ...` or `ssh-rsa ...`"));
        }
    }
    Ok(readers)
}

/// A public key as a person can tell it from others.
pub(super) fn shown(key: &str, name: &str) -> String {
    let is_printable = |c: &char| !c.is_control();
    let name: String = name.chars().filter(is_printable).collect();
    let key = if key.len() <= LONGEST_SHOWN {
        key.to_owned()
    } else {
        // Keys of one kind all begin alike.
        let end = key.len().saturating_sub(LONGEST_SHOWN / 4);
        let kind = key.split(' ').next().unwrap_or_default();
        format!("{kind} \u{2026}{}", key.get(end..).unwrap_or_default())
    };
    if name.is_empty() {
        key
    } else {
        format!("{key} ({name})")
    }
}

fn identity_text(home: &Path) -> Result<(PathBuf, Zeroizing<String>)> {
    let file = home.join(IDENTITY);
    match replace::read(&file)? {
        Some(text) => Ok((file, text)),
        None => Err(
            Error::unavailable("the key file that opens the sealed tokens is not there")
                .at(Place::file(&file))
                .hint("put your private key there, of age or SSH, with mode 0600"),
        ),
    }
}

fn is_ssh(text: &str) -> bool {
    text.trim_start().starts_with("-----BEGIN")
}

fn ssh_identity(file: &Path, text: &str) -> Result<age::ssh::Identity> {
    match age::ssh::Identity::from_buffer(text.as_bytes(), None) {
        Ok(identity @ age::ssh::Identity::Unencrypted(_)) => Ok(identity),
        Ok(age::ssh::Identity::Encrypted(_)) => Err(Error::unavailable(
            "this SSH key has a passphrase of its own",
        )
        .at(Place::file(file))
        .hint("use one without, or a key file of age")),
        _ => Err(no_identity(file)),
    }
}

fn identity_file(file: &Path, text: &str) -> Result<IdentityFile<age::NoCallbacks>> {
    IdentityFile::from_buffer(text.as_bytes()).map_err(|_| no_identity(file))
}

fn no_identity(file: &Path) -> Error {
    Error::malformed("this is no private key of age or SSH")
        .at(Place::file(file))
        .hint("`age-keygen` makes one; so does credsh, where there is none at its first login")
}
