//! A file of tokens, encrypted in the format of age, whose home this is: for machines without a keyring.
//!
//! It opens with an identity file (of age or SSH) or with a passphrase. With identities, everybody whose
//! public key stands in `recipients` can open it, so that a team may keep it in a repository. Its content is
//! a JSON object: index URL, then label, then the token. The format hides for whom a file is sealed, so its content says
//! that, too: nobody is to be locked out unnoticed.
//!
//! Invariant: what cannot be opened is not written over.

mod keys;
mod passphrase;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::secrecy::{ExposeSecret, SecretString};
use age::{DecryptError, Decryptor, Encryptor, Identity};
use zeroize::Zeroizing;

use self::keys::IDENTITY;
pub(super) use self::passphrase::ask;
use self::passphrase::{PASSPHRASE, ask_new, from_variable};
use super::{Access, Item, folder};
use crate::disk::{lock, replace};
use crate::error::{Error, Place, Result};
use crate::token::Token;

const FILE: &str = "sealed.age";
const LOCK: &str = "sealed.lock";

/// How much work it is to derive the key of a passphrase, as a power of two: a second or less and 256 MiB, for whoever
/// guesses, too. `age` would choose by how long a little of it takes just now, so that a busy machine would seal weakly
/// and open nothing, and a quick one would take 1 GiB. It is what the first program of that name uses.
const WORK: u8 = 18;

/// The most that a file may ask for, which is 16 times that: other programs choose for their machine.
const MOST_WORK: u8 = 22;

/// Beside the index URLs: for whom the file is sealed, public keys and what they are called.
const READERS: &str = "recipients";

/// How long another process may hold the lock.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often others may write the file while we derive its key.
const TRIES: usize = 20;

/// How often somebody who waits for a key looks whether Ctrl-C was pressed.
const GLANCE: Duration = Duration::from_millis(50);

/// How long somebody who watches is told nothing.
const SILENCE: Duration = Duration::from_millis(500);

/// Tokens by index URL and label.
type Content = BTreeMap<String, BTreeMap<String, Zeroizing<String>>>;

/// What opens the file.
enum Key {
    Passphrase(SecretString),
    Identity,
}

/// A file that a passphrase has opened: to derive its key takes a second, so that is done once for each text of it.
pub struct Opened {
    bytes: Vec<u8>,
    content: Content,
    passphrase: SecretString,
}

pub(super) fn get(access: &mut Access<'_>, item: Item<'_>) -> Result<Option<Token>> {
    let Some((content, _)) = open(access)? else {
        return Ok(None);
    };
    let text = content
        .get(item.index)
        .and_then(|labels| labels.get(item.label));
    Ok(text.map(|text| Token::new(text.as_str())))
}

/// Keeps a token, or forgets it.
pub(super) fn put(access: &mut Access<'_>, item: Item<'_>, token: Option<&Token>) -> Result<()> {
    let home = folder(access.home);
    let interrupts = access.interrupts.clone();
    let _lock = lock::own(&home.join(LOCK), PATIENCE, &mut || interrupts.check())?;
    // Another home may have the same file by a link, and other programs write it, too.
    for _ in 0..TRIES {
        let old = sealed(&home)?;
        let (mut content, key) = match (open(access)?, token) {
            (Some(opened), _) => opened,
            (None, None) => return Ok(()),
            (None, Some(_)) => {
                // No key is made for a file that cannot be.
                replace::lands(&home.join(FILE))?;
                (Content::new(), new_key(access)?)
            }
        };
        let labels = content.entry(item.index.to_owned()).or_default();
        match token {
            Some(token) => {
                let text = Zeroizing::new(token.expose().to_owned());
                labels.insert(item.label.to_owned(), text);
            }
            None if labels.remove(item.label).is_none() => return Ok(()),
            None => {}
        }
        content.retain(|_, labels| !labels.is_empty());
        if seal(access, content, key, old.as_deref())? {
            return Ok(());
        }
    }
    Err(lock::replaced_for_ever(&home.join(FILE)))
}

/// Takes away what a process that was killed has left of its writing.
pub(super) fn sweep(home: &Path) {
    let home = folder(home);
    // Who has the lock is at work.
    if let Ok(Some(_lock)) = lock::of_file(&home.join(LOCK), PATIENCE, &mut || Ok(())) {
        for name in [FILE, IDENTITY] {
            replace::sweep_private(&home.join(name));
        }
    }
}

fn open(access: &mut Access<'_>) -> Result<Option<(Content, Key)>> {
    let home = folder(access.home);
    let file = home.join(FILE);
    let Some(bytes) = sealed(&home)? else {
        return Ok(None);
    };
    if !decryptor(&file, &bytes)?.is_scrypt() {
        let content = content_of(&file, &bytes, &keys::identities(&home)?)?;
        return Ok(Some((content, Key::Identity)));
    }
    if let Some(opened) = access
        .opened
        .as_ref()
        .filter(|opened| opened.bytes == bytes)
    {
        let key = Key::Passphrase(opened.passphrase.clone());
        return Ok(Some((opened.content.clone(), key)));
    }
    let passphrase = passphrase::passphrase(access, &file)?;
    let (text, typed) = (bytes.clone(), passphrase.clone());
    let content = derived(access, move || {
        let mut identity = age::scrypt::Identity::new(typed);
        identity.set_max_work_factor(MOST_WORK);
        content_of(&file, &text, &[Box::new(identity)])
    })?;
    let key = Key::Passphrase(passphrase.clone());
    *access.opened = Some(Opened {
        bytes,
        content: content.clone(),
        passphrase,
    });
    Ok(Some((content, key)))
}

fn content_of(file: &Path, bytes: &[u8], identities: &[Box<dyn Identity>]) -> Result<Content> {
    let mut reader = decryptor(file, bytes)?
        .decrypt(identities.iter().map(|identity| &**identity))
        .map_err(|error| broken(file, &error))?;
    let mut text = Zeroizing::new(Vec::new());
    reader.read_to_end(&mut text).map_err(|_| damaged(file))?;
    // serde's words about it may quote a token.
    let content = serde_json::from_slice::<BTreeMap<String, BTreeMap<String, String>>>(&text)
        .map_err(|_| {
            Error::malformed("what this file holds is not what credsh keeps there")
                .at(Place::file(file))
                .hint("it is a JSON object: index URL, then label, then token")
        })?;
    let wiped = content.into_iter().map(|(index, labels)| {
        let labels = labels.into_iter();
        let labels = labels.map(|(label, text)| (label, Zeroizing::new(text)));
        (index, labels.collect())
    });
    Ok(wiped.collect())
}

/// Writes the file over the `old` one. False, and nothing is changed, where somebody else has written it meanwhile.
fn seal(
    access: &mut Access<'_>,
    mut content: Content,
    key: Key,
    old: Option<&[u8]>,
) -> Result<bool> {
    let home = folder(access.home);
    let file = home.join(FILE);
    match key {
        Key::Identity => {
            let readers = keys::readers(&home)?;
            let names = readers
                .iter()
                .map(|(key, reader)| (key.clone(), Zeroizing::new(reader.name.clone())));
            content.insert(READERS.to_owned(), names.collect());
            let recipients = readers.values().map(|reader| &*reader.recipient as _);
            let bytes = Encryptor::with_recipients(recipients)
                .map_err(|error| unwritable(&file, &error))
                .and_then(|encryptor| text_of(&file, &content, encryptor))?;
            write(access, old, &bytes)
        }
        Key::Passphrase(passphrase) => {
            content.remove(READERS);
            let (plain, typed) = (content.clone(), passphrase.clone());
            let path = file.clone();
            let bytes = derived(access, move || {
                let mut recipient = age::scrypt::Recipient::new(typed);
                recipient.set_work_factor(WORK);
                let encryptor = Encryptor::with_recipients(std::iter::once(&recipient as _))
                    .map_err(|error| unwritable(&path, &error))?;
                text_of(&path, &plain, encryptor)
            })?;
            let is_written = write(access, old, &bytes)?;
            if is_written {
                *access.opened = Some(Opened {
                    bytes,
                    content,
                    passphrase,
                });
            }
            Ok(is_written)
        }
    }
}

fn write(access: &Access<'_>, old: Option<&[u8]>, bytes: &[u8]) -> Result<bool> {
    let home = folder(access.home);
    let file = home.join(FILE);
    let mut check = || access.interrupts.check();
    let _lock = lock::of_file(&file, PATIENCE, &mut check)?;
    if sealed(&home)?.as_deref() != old {
        return Ok(false);
    }
    replace::private(&file, bytes).map(|()| true)
}

/// What the file is to be.
fn text_of(file: &Path, content: &Content, encryptor: Encryptor) -> Result<Vec<u8>> {
    let plain: BTreeMap<&str, BTreeMap<&str, &str>> = content
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
        .map_err(|error| unwritable(file, &error))?;
    let mut text = Vec::new();
    let write = |text: &mut Vec<u8>| -> std::io::Result<()> {
        let armor = ArmoredWriter::wrap_output(text, Format::AsciiArmor)?;
        let mut writer = encryptor.wrap_output(armor)?;
        writer.write_all(&plain)?;
        writer.finish()?.finish()?;
        Ok(())
    };
    write(&mut text).map_err(|error| unwritable(file, &error))?;
    Ok(text)
}

/// Does what derives the key of a passphrase, which is slow on purpose: in a thread, so that Ctrl-C need not wait for it.
/// What comes too late is dropped; a thread writes no file.
fn derived<T: Send + 'static>(
    access: &Access<'_>,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    #[cfg(test)]
    tests::count();
    let _held = access.interrupts.hold();
    let (sender, receiver) = sync_channel(1);
    std::thread::spawn(move || {
        // Nobody waits any more after Ctrl-C.
        let _ = sender.send(work());
    });
    let begun = Instant::now();
    loop {
        match receiver.recv_timeout(GLANCE) {
            Ok(done) => {
                access.stderr.waits_no_more();
                return done;
            }
            Err(RecvTimeoutError::Timeout) => {
                let stderr = &access.stderr;
                let checked = access.interrupts.check();
                checked.inspect_err(|_| stderr.waits_no_more())?;
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::failed("the passphrase's key cannot be derived"));
            }
        }
        if begun.elapsed() >= SILENCE {
            access.stderr.waits_for("the passphrase's key");
        }
    }
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

fn secret(typed: &Token) -> SecretString {
    SecretString::from(typed.expose().to_owned())
}

/// Who can open the file now and could not after the next change of it; `None` where it does not say for whom it is
/// sealed, as one of another program's.
pub(super) fn locked_out(access: &mut Access<'_>) -> Result<Option<Vec<String>>> {
    let Some((content, Key::Identity)) = open(access)? else {
        return Ok(Some(Vec::new()));
    };
    let Some(now) = content.get(READERS) else {
        return Ok(None);
    };
    let then = keys::readers(&folder(access.home))?;
    let lost = now.iter().filter(|(key, _)| !then.contains_key(*key));
    Ok(Some(
        lost.map(|(key, name)| keys::shown(key, name)).collect(),
    ))
}

/// Who could open the file after the next change of it.
pub(super) fn readers(access: &Access<'_>) -> Result<Vec<String>> {
    let readers = keys::readers(&folder(access.home))?;
    let shown = readers
        .iter()
        .map(|(key, reader)| keys::shown(key, &reader.name));
    Ok(shown.collect())
}

/// The file's bytes, if there is one.
fn sealed(home: &Path) -> Result<Option<Vec<u8>>> {
    let bytes = replace::read_bytes(&home.join(FILE))?;
    Ok(bytes.map(|bytes| bytes.to_vec()))
}

fn decryptor<'a>(
    file: &Path,
    bytes: &'a [u8],
) -> Result<Decryptor<ArmoredReader<std::io::BufReader<&'a [u8]>>>> {
    Decryptor::new_buffered(ArmoredReader::new(bytes)).map_err(|error| broken(file, &error))
}

fn unwritable(file: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::failed("the sealed file cannot be written")
        .because(error)
        .at(Place::file(file))
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
            Error::unavailable("this file asks for more work than credsh does; it stays as it is")
                .at(Place::file(file))
                .hint("seal it with less work")
        }
        _ => damaged(file),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::fuzzing::Sandbox;

    thread_local! {
        /// How many keys this thread has had derived.
        static DERIVED: Cell<usize> = const { Cell::new(0) };
    }

    pub(super) fn count() {
        DERIVED.set(DERIVED.get() + 1);
    }

    const LOGIN: &str = "login a --from env:T --store sealed";

    /// A home with two registries whose tokens credsh keeps.
    fn with_two() -> Sandbox {
        let sandbox = Sandbox::new();
        let registry = |name| {
            format!(
                "[registries.{name}]\nindex = 'sparse+https://{name}.example/'\ncredential-provider = 'credsh'\n"
            )
        };
        sandbox.write("home/config.toml", [registry("a"), registry("b")].concat());
        sandbox
    }

    /// How many keys these lines derive, as one batch.
    #[track_caller]
    fn derived_by(sandbox: &Sandbox, lines: &[&str]) -> usize {
        let home = sandbox.path("home").display().to_string();
        let variables = [
            ("CARGO_HOME", &*home),
            (PASSPHRASE, "a horse"),
            ("T", "a-token"),
        ];
        let world = sandbox.world(variables.into_iter().collect());
        let args = lines.iter().flat_map(|line| ["-c", *line]);
        DERIVED.set(0);
        let status = crate::run(world, args.map(Into::into));
        assert_eq!(status, 0, "{lines:?}");
        DERIVED.get()
    }

    #[test]
    fn a_passphrase_costs_one_key_for_a_run_and_one_for_each_text_that_it_seals() {
        let sandbox = with_two();
        let logins = [LOGIN, "login b --from env:T --store sealed"];
        assert_eq!(derived_by(&sandbox, &logins), 2);
        let logouts = [
            "logout a",
            "token set default --registry b --expires 9d",
            "logout b",
        ];
        assert_eq!(derived_by(&sandbox, &logouts), 1 + 2);
    }

    #[test]
    fn how_much_work_a_passphrase_makes_is_no_matter_of_the_machine() {
        let sandbox = with_two();
        assert_eq!(derived_by(&sandbox, &[LOGIN]), 1);
        let sealed = sealed(&folder(&sandbox.path("home"))).unwrap().unwrap();
        let mut text = Vec::new();
        let mut reader = ArmoredReader::new(&*sealed);
        reader.read_to_end(&mut text).unwrap();
        let text = String::from_utf8_lossy(&text);
        let stanza = text.lines().nth(1).unwrap();
        assert!(stanza.starts_with("-> scrypt "), "{stanza}");
        assert!(stanza.ends_with(&format!(" {WORK}")), "{stanza}");
    }
}
