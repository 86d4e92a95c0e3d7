//! A file of tokens, encrypted in the format of age, whose home this is: for machines without a keyring.
//!
//! It opens with an identity file (of age or SSH) or with a passphrase. With identities, everybody whose
//! public key stands in `recipients` can open it, so that a team may keep it in a repository. Its content is
//! a JSON object: index URL, then label, then the token.
//!
//! Invariant: what cannot be opened is not written over.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::secrecy::{ExposeSecret, SecretString};
use age::{DecryptError, Decryptor, Encryptor, Identity, IdentityFile, Recipient};
use zeroize::Zeroizing;

use super::{Access, Item, folder};
use crate::disk::{lock, replace};
use crate::error::{Error, Place, Result};
use crate::token::Token;

const FILE: &str = "sealed.age";
const IDENTITY: &str = "identity";
const RECIPIENTS: &str = "recipients";
const PASSPHRASE: &str = "CREDSH_PASSPHRASE";

/// How long another process may hold the lock.
const PATIENCE: Duration = Duration::from_secs(3);

/// Tokens by index URL and label.
type Tokens = BTreeMap<String, BTreeMap<String, Zeroizing<String>>>;

/// What opens the file.
enum Key {
    Passphrase(SecretString),
    Identity,
}

pub(super) fn get(access: &mut Access<'_>, item: Item<'_>) -> Result<Option<Token>> {
    let Some((tokens, _)) = open(access)? else {
        return Ok(None);
    };
    let text = tokens
        .get(item.index)
        .and_then(|labels| labels.get(item.label));
    Ok(text.map(|text| Token::new(text.as_str())))
}

/// Keeps a token, or forgets it.
pub(super) fn put(access: &mut Access<'_>, item: Item<'_>, token: Option<&Token>) -> Result<()> {
    let home = folder(access.home);
    let _lock = lock::own(&home.join("sealed.lock"), PATIENCE, &mut || Ok(()))?;
    let (mut tokens, key) = match (open(access)?, token) {
        (Some(opened), _) => opened,
        (None, None) => return Ok(()),
        (None, Some(_)) => (Tokens::new(), new_key(access)?),
    };
    let labels = tokens.entry(item.index.to_owned()).or_default();
    match token {
        Some(token) => {
            let text = Zeroizing::new(token.expose().to_owned());
            labels.insert(item.label.to_owned(), text);
        }
        None => {
            labels.remove(item.label);
        }
    }
    tokens.retain(|_, labels| !labels.is_empty());
    close(&home, &tokens, &key)
}

fn open(access: &mut Access<'_>) -> Result<Option<(Tokens, Key)>> {
    let home = folder(access.home);
    let file = home.join(FILE);
    let Some(bytes) = sealed(&home)? else {
        return Ok(None);
    };
    let decryptor = decryptor(&file, &bytes)?;
    let (identities, key): (Vec<Box<dyn Identity>>, Key) = if decryptor.is_scrypt() {
        let passphrase = passphrase(access, &file)?;
        let identity = age::scrypt::Identity::new(passphrase.clone());
        (vec![Box::new(identity)], Key::Passphrase(passphrase))
    } else {
        (identities(&home)?, Key::Identity)
    };
    let mut reader = decryptor
        .decrypt(identities.iter().map(|identity| &**identity))
        .map_err(|error| broken(&file, &error))?;
    let mut text = Zeroizing::new(Vec::new());
    reader.read_to_end(&mut text).map_err(|_| damaged(&file))?;
    // serde's words about it may quote a token.
    let tokens = serde_json::from_slice::<BTreeMap<String, BTreeMap<String, String>>>(&text)
        .map_err(|_| {
            Error::malformed("what this file holds is not what credsh keeps there")
                .at(Place::file(&file))
                .hint("it is a JSON object: index URL, then label, then token")
        })?
        .into_iter()
        .map(|(index, labels)| {
            let labels = labels
                .into_iter()
                .map(|(label, text)| (label, Zeroizing::new(text)));
            (index, labels.collect())
        })
        .collect();
    Ok(Some((tokens, key)))
}

fn close(home: &Path, tokens: &Tokens, key: &Key) -> Result<()> {
    let file = home.join(FILE);
    let failed = |error: &dyn std::fmt::Display| {
        Error::failed("the sealed file cannot be written")
            .because(error)
            .at(Place::file(&file))
    };
    let encryptor = match key {
        Key::Passphrase(passphrase) => Encryptor::with_user_passphrase(passphrase.clone()),
        Key::Identity => {
            let recipients = recipients(home)?;
            Encryptor::with_recipients(recipients.iter().map(|recipient| &**recipient as _))
                .map_err(|error| failed(&error))?
        }
    };
    let plain: BTreeMap<&str, BTreeMap<&str, &str>> = tokens
        .iter()
        .map(|(index, labels)| {
            let labels = labels
                .iter()
                .map(|(label, text)| (label.as_str(), text.as_str()));
            (index.as_str(), labels.collect())
        })
        .collect();
    let plain = serde_json::to_vec(&plain)
        .map(Zeroizing::new)
        .map_err(|error| failed(&error))?;
    let mut text = Vec::new();
    let write = |text: &mut Vec<u8>| -> std::io::Result<()> {
        let armor = ArmoredWriter::wrap_output(text, Format::AsciiArmor)?;
        let mut writer = encryptor.wrap_output(armor)?;
        writer.write_all(&plain)?;
        writer.finish()?.finish()?;
        Ok(())
    };
    write(&mut text).map_err(|error| failed(&error))?;
    replace::private(&file, &text)
}

/// The key of a new file: a passphrase that is set or typed, else a new identity.
fn new_key(access: &mut Access<'_>) -> Result<Key> {
    let home = folder(access.home);
    if let Some(passphrase) = from_variable(access)? {
        return Ok(Key::Passphrase(passphrase));
    }
    let identity = home.join(IDENTITY);
    if identity.exists() {
        return Ok(Key::Identity);
    }
    ask_new(access)?;
    if let Some(typed) = access.passphrase.as_ref().filter(|typed| !typed.is_empty()) {
        return Ok(Key::Passphrase(secret(typed)));
    }
    let new = age::x25519::Identity::generate();
    let text = format!(
        "# public key: {}\n{}\n",
        new.to_public(),
        new.to_string().expose_secret()
    );
    replace::private(&identity, Zeroizing::new(text).as_bytes())?;
    Ok(Key::Identity)
}

fn from_variable(access: &Access<'_>) -> Result<Option<SecretString>> {
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

fn passphrase(access: &mut Access<'_>, file: &Path) -> Result<SecretString> {
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

fn secret(typed: &Token) -> SecretString {
    SecretString::from(typed.expose().to_owned())
}

/// Has a person type what the file opens with, or what a new one is to open with, unless it is known.
pub(super) fn ask(access: &mut Access<'_>, may_be_new: bool) -> Result<()> {
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

fn ask_new(access: &mut Access<'_>) -> Result<()> {
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

/// For how many keys the file is sealed, where fewer would be able to open it after the next change.
///
/// The file does not say whose they are, only how many.
pub(super) fn locked_out(home: &Path) -> Result<Option<(usize, usize)>> {
    let home = folder(home);
    let Some(bytes) = sealed(&home)? else {
        return Ok(None);
    };
    let file = home.join(FILE);
    if decryptor(&file, &bytes)?.is_scrypt() {
        return Ok(None);
    }
    let mut text = Vec::new();
    ArmoredReader::new(&bytes[..])
        .read_to_end(&mut text)
        .map_err(|_| damaged(&file))?;
    let header = text
        .split(|&byte| byte == b'\n')
        .take_while(|line| !line.starts_with(b"---"));
    // The format has everybody add a line that is for nobody, lest others rely on there being none.
    let is_key = |line: &&[u8]| {
        let tag = line.strip_prefix(b"-> ").map(<[u8]>::trim_ascii_end);
        let tag = tag.and_then(|rest| rest.split(|&byte| byte == b' ').next());
        tag.is_some_and(|tag| !tag.ends_with(b"-grease"))
    };
    let now = header.filter(is_key).count();
    let then = recipients(&home)?.len();
    Ok((then < now).then_some((now, then)))
}

/// The file's bytes, if there is one.
fn sealed(home: &Path) -> Result<Option<Vec<u8>>> {
    let file = home.join(FILE);
    match std::fs::read(&file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", &file, &error)),
    }
}

fn decryptor<'a>(
    file: &Path,
    bytes: &'a [u8],
) -> Result<Decryptor<ArmoredReader<std::io::BufReader<&'a [u8]>>>> {
    Decryptor::new_buffered(ArmoredReader::new(bytes)).map_err(|error| broken(file, &error))
}

/// The private keys: a file of age's, or an SSH key without passphrase.
fn identities(home: &Path) -> Result<Vec<Box<dyn Identity>>> {
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

/// Who can open what is written: we ourselves, and whoever stands in the list.
fn recipients(home: &Path) -> Result<Vec<Box<dyn Recipient + Send>>> {
    let (file, text) = identity_text(home)?;
    // One key, listed twice, is not two: the others' lines are counted.
    let mut known = BTreeSet::new();
    let mut recipients: Vec<Box<dyn Recipient + Send>> = if is_ssh(&text) {
        let identity = ssh_identity(&file, &text)?;
        let own = age::ssh::Recipient::try_from(identity).map_err(|_| no_identity(&file))?;
        known.insert(own.to_string());
        vec![Box::new(own)]
    } else {
        let keys = text.lines().filter_map(|line| line.trim().parse().ok());
        known.extend(keys.map(|key: age::x25519::Identity| key.to_public().to_string()));
        identity_file(&file, &text)?
            .to_recipients()
            .map_err(|_| no_identity(&file))?
    };
    let list = home.join(RECIPIENTS);
    let text = replace::read(&list)?.unwrap_or_default();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Ok(key) = line.parse::<age::x25519::Recipient>() {
            if known.insert(key.to_string()) {
                recipients.push(Box::new(key));
            }
        } else if let Ok(key) = line.parse::<age::ssh::Recipient>() {
            if known.insert(key.to_string()) {
                recipients.push(Box::new(key));
            }
        } else {
            return Err(Error::malformed("this is no public key of age or SSH")
                .at(Place::line(&list, number + 1))
                .hint("one key a line: `age1...`, `ssh-ed25519 ...` or `ssh-rsa ...`"));
        }
    }
    Ok(recipients)
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

fn damaged(file: &Path) -> Error {
    Error::malformed("this file is damaged; it stays as it is")
        .at(Place::file(file))
        .hint("bring back a copy of it, or remove it and log in again")
}

fn broken(file: &Path, error: &DecryptError) -> Error {
    match error {
        DecryptError::NoMatchingKeys => {
            Error::unavailable("your key does not open this file; it stays as it is")
                .at(Place::file(file))
                .hint("have somebody whose key does add yours to `recipients` and log in once")
        }
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
            Error::unavailable("the passphrase is wrong, or the file is damaged; it stays as it is")
                .at(Place::file(file))
                .hint(format!("see what `{PASSPHRASE}` says, or type it again"))
        }
        DecryptError::ExcessiveWork { .. } => {
            Error::unavailable("this file asks for more work than this machine does in a minute")
                .at(Place::file(file))
        }
        _ => damaged(file),
    }
}
