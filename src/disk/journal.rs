//! What a commit is about to do, kept beside the lock until it is done, so that whoever comes next can finish it.
//!
//! A file is remembered by the range in which its text changes, by what moves behind it, and by digests of the whole:
//! enough to tell whether it is as it was, as it is to be, half written, or somebody else's by now. For the last case
//! the single edits are there as well.
//!
//! Invariant: a journal is whole or not there, and nobody else can read it. It holds no text of a token that
//! is not in one of its files anyway.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use super::document::Value;
use super::replace;
use super::tree::Node;
use crate::error::{Error, Place, Result};

/// The version of the format.
const SCHEMA: u8 = 2;

/// The name of the file.
const NAME: &str = "journal";

/// What it is called until it is whole: nothing has happened yet.
const UNFINISHED: &str = "journal.new";

/// Everything that one commit is about to do.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Journal {
    schema: u8,
    /// The files, in the order in which they are written.
    pub(crate) files: Vec<FileRecord>,
    /// What is written after all of them, into files that are among them: each starts from the text that its file has
    /// by then.
    #[serde(default)]
    pub(crate) then: Vec<FileRecord>,
    /// Whether it is time for that.
    #[serde(default)]
    pub(crate) goes_on: bool,
    /// What is to happen outside files, as the room above spells it.
    pub(crate) items: Vec<Json>,
}

/// What is to become of one file.
#[derive(PartialEq, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    #[serde(skip)]
    pub(crate) file: PathBuf,
    /// The same, of a file in the home relative to it: a home may be moved or copied.
    #[serde(with = "lossless")]
    name: PathBuf,
    /// Whether Cargo locks this file, so that it is written in place and born private.
    pub(crate) is_credentials: bool,
    /// The name of the file beside it that is moved into its place.
    pub(crate) temporary: String,
    /// How many of the folders around it are made for it.
    #[serde(default)]
    pub(crate) folders: usize,
    /// The digest of the old text; none, where there is no file.
    before: Option<String>,
    /// The digest of the new text.
    after: String,
    /// How many bytes before the range stay where they are, and how many behind it.
    start: usize,
    behind: usize,
    /// The range before and after.
    was: String,
    becomes: String,
    /// What stays as it is, and comes to stand elsewhere: all that is behind the range, where that changes its length.
    moves: String,
    /// What the new text is for.
    pub(crate) edits: Vec<EditRecord>,
}

/// What is to become of one key.
#[derive(PartialEq, Serialize, Deserialize)]
pub(crate) struct EditRecord {
    pub(crate) key: Vec<String>,
    /// The digest of its value before; none, where it had none.
    before: Option<String>,
    /// Its value afterwards; none, where it is removed.
    pub(crate) after: Option<Value>,
    /// The digest of that.
    after_digest: Option<String>,
}

/// How a file stands to what was to become of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing has happened yet.
    Old,
    /// It is done.
    New,
    /// The write was cut off.
    Torn,
    /// Somebody else has written it since.
    Other,
}

impl Journal {
    pub(crate) fn new(files: Vec<FileRecord>, items: Vec<Json>) -> Self {
        Self {
            schema: SCHEMA,
            files,
            then: Vec::new(),
            goes_on: false,
            items,
        }
    }

    /// Everything that is written, in its order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &FileRecord> {
        self.files.iter().chain(&self.then)
    }

    /// Everything but what is written last is done: what there is to look at from then on.
    pub(crate) fn go_on(&mut self) {
        self.goes_on = true;
        let then = std::mem::take(&mut self.then);
        self.files
            .retain(|record| then.iter().all(|last| last.file != record.file));
        self.files.extend(then);
    }

    /// Whether there is one; reading it may still fail.
    pub(crate) fn is_left(folder: &Path) -> bool {
        folder.join(NAME).exists()
    }

    /// Whether there is one, or the beginning of one, which goes.
    pub(crate) fn is_begun(folder: &Path) -> bool {
        Self::is_left(folder) || folder.join(UNFINISHED).exists()
    }

    /// The one that was left in this folder.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>> {
        let file = folder.join(NAME);
        let Some(bytes) = read_ours(&file)? else {
            return Ok(None);
        };
        let home = folder.parent().unwrap_or(folder);
        Self::parse(&bytes, home).map(Some).ok_or_else(|| {
            Error::malformed("the journal of an interrupted change cannot be read")
                .at(Place::file(&file))
                .hint("look at Cargo's configuration and tokens, and remove this file")
        })
    }

    /// What the bytes of a journal of this home say; nothing, if they are none that this version has written.
    pub(crate) fn parse(bytes: &[u8], home: &Path) -> Option<Self> {
        // The error would quote the text.
        let mut journal: Self = serde_json::from_slice(bytes).ok()?;
        for record in journal.files.iter_mut().chain(&mut journal.then) {
            record.file = home.join(&record.name);
        }
        let is_ours = |record: &FileRecord| is_temporary(&record.temporary);
        (journal.schema == SCHEMA && journal.all().all(is_ours)).then_some(journal)
    }

    /// Keeps it in this folder. When this returns, it is on the disk.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let file = folder.join(NAME);
        // With room enough no copy is left behind by growing.
        let files: usize = self.all().map(FileRecord::room).sum();
        let items: usize = self
            .items
            .iter()
            .map(|item| item.to_string().len() + 1)
            .sum();
        let mut text = Zeroizing::new(Vec::with_capacity(1024 + files + items));
        serde_json::to_writer(&mut *text, self)
            .map_err(|error| Error::io("write", &file, &error.into()))?;
        if text.len() as u64 > replace::LONGEST {
            return Err(Error::failed("this change is too large")
                .at(Place::file(&file))
                .because("an interruption could not be finished, because credsh would not read this file")
                .hint("make it in several steps, or the files smaller"));
        }
        replace::private(&file, &text)
    }

    /// Everything is done.
    pub(crate) fn remove(folder: &Path) -> Result<()> {
        for name in [UNFINISHED, NAME] {
            let file = folder.join(name);
            match fs::remove_file(&file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::io("remove", &file, &error));
                }
                _ => {}
            }
        }
        // One that came back after a power failure would undo what was done since.
        replace::sync_folder(&folder.join(NAME));
        Ok(())
    }
}

/// Texts and values may be tokens.
impl Drop for FileRecord {
    fn drop(&mut self) {
        self.was.zeroize();
        self.becomes.zeroize();
        self.moves.zeroize();
    }
}

impl std::fmt::Debug for FileRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileRecord")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl FileRecord {
    /// The record of a file whose text changes from `old` to `new`.
    pub(crate) fn new(
        home: &Path,
        file: &Path,
        is_credentials: bool,
        old: Option<&str>,
        new: &str,
        edits: Vec<EditRecord>,
    ) -> Self {
        let text = old.unwrap_or_default();
        let same = |(one, other): &(u8, u8)| one == other;
        let mut start = text
            .bytes()
            .zip(new.bytes())
            .take_while(same)
            .count()
            .min(text.len());
        while !(text.is_char_boundary(start) && new.is_char_boundary(start)) {
            start -= 1;
        }
        let back = text[start..].bytes().rev().zip(new[start..].bytes().rev());
        let mut alike = back.take_while(same).count();
        let is_edge = |text: &str, alike: usize| text.is_char_boundary(text.len() - alike);
        while !(is_edge(text, alike) && is_edge(new, alike)) {
            alike -= 1;
        }
        let moves = if text.len() == new.len() { 0 } else { alike };
        Self {
            file: file.to_path_buf(),
            name: file.strip_prefix(home).unwrap_or(file).to_path_buf(),
            is_credentials,
            temporary: replace::temporary(),
            folders: if old.is_none() {
                replace::missing_folders(file)
            } else {
                0
            },
            before: old.map(|old| digest(old.as_bytes())),
            after: digest(new.as_bytes()),
            start,
            behind: alike - moves,
            was: text[start..text.len() - alike].to_owned(),
            becomes: new[start..new.len() - alike].to_owned(),
            moves: text[text.len() - moves..].to_owned(),
            edits,
        }
    }

    /// How many bytes of a journal its texts take, at most.
    fn room(&self) -> usize {
        // What JSON spells with a backslash takes up to six bytes.
        let spelt = |text: &str| {
            let special = text
                .bytes()
                .filter(|b| *b < b' ' || matches!(b, b'"' | b'\\'));
            text.len() + 5 * special.count()
        };
        let value = |value: &Value| match value {
            Value::Text(text) | Value::Other(text) => spelt(text),
            Value::List(texts) => texts.iter().map(|text| spelt(text) + 3).sum(),
        };
        let edits = self.edits.iter().map(|edit| {
            let key: usize = edit.key.iter().map(|part| spelt(part) + 3).sum();
            key + edit.after.as_ref().map_or(0, value) + 256
        });
        let texts = [&self.was, &self.becomes, &self.moves];
        1024 + texts.map(|text| spelt(text)).iter().sum::<usize>() + edits.sum::<usize>()
    }

    /// How the file stands to it, by its text now.
    pub(crate) fn state(&self, now: Option<&[u8]>) -> State {
        let Some(text) = now else {
            return if self.before.is_none() {
                State::Old
            } else {
                State::Other
            };
        };
        let now = Some(digest(text));
        if now.as_ref() == Some(&self.after) {
            State::New
        } else if now == self.before {
            State::Old
        } else if self.is_torn(text) {
            State::Torn
        } else {
            State::Other
        }
    }

    /// Whether around the range the old text stands, and in it at each place a byte of the old or of the new
    /// one: a system that stops may have written any of its pages.
    fn is_torn(&self, text: &[u8]) -> bool {
        let Some((head, inside, tail)) = self.cut(text) else {
            return false;
        };
        let moves = self.moves.as_bytes();
        let old = Zeroizing::new([head, self.was.as_bytes(), moves, tail].concat());
        if Some(digest(&old)) != self.before {
            return false;
        }
        let was = &old[head.len()..old.len() - tail.len()];
        let becomes = Zeroizing::new([self.becomes.as_bytes(), moves].concat());
        let is_either = |(at, byte): (usize, &u8)| {
            // A shorter text is written with newlines behind it, and then cut off: also the old one, where that is
            // put back.
            let new = becomes.get(at).unwrap_or(&b'\n');
            let old = was.get(at).unwrap_or(&b'\n');
            // What was never written is zero, which no text contains.
            byte == new || byte == old || *byte == 0
        };
        inside.len() <= was.len().max(becomes.len()) && inside.iter().enumerate().all(is_either)
    }

    /// What is before the range, in it and behind it.
    fn cut<'a>(&self, text: &'a [u8]) -> Option<(&'a [u8], &'a [u8], &'a [u8])> {
        let (head, rest) = text.split_at_checked(self.start)?;
        let (inside, tail) = rest.split_at_checked(rest.len().checked_sub(self.behind)?)?;
        Some((head, inside, tail))
    }

    /// The new text, of a file that is as it was or half written.
    pub(crate) fn new_text(&self, now: &[u8]) -> Option<Zeroizing<String>> {
        let text = self.around(now, &self.becomes)?;
        (digest(text.as_bytes()) == self.after).then_some(text)
    }

    /// The old text, of a file that is half written.
    pub(crate) fn old_text(&self, now: &[u8]) -> Option<Zeroizing<String>> {
        self.around(now, &self.was)
    }

    fn around(&self, now: &[u8], inside: &str) -> Option<Zeroizing<String>> {
        let (head, _, tail) = self.cut(now)?;
        let bytes = [head, inside.as_bytes(), self.moves.as_bytes(), tail].concat();
        String::from_utf8(bytes).map(Zeroizing::new).ok()
    }
}

impl EditRecord {
    /// A key whose value changes to `after`, which `node` is to a reader.
    pub(crate) fn new(
        key: Vec<String>,
        before: Option<&Node>,
        after: Option<(Value, &Node)>,
    ) -> Self {
        let (after, node) = after.unzip();
        Self {
            key,
            before: before.map(digest_of),
            after,
            after_digest: node.map(digest_of),
        }
    }

    /// Whether the key has the value that it had before.
    pub(crate) fn is_before(&self, now: Option<&Node>) -> bool {
        now.map(digest_of) == self.before
    }

    /// Whether it has the value that it was to have.
    pub(crate) fn is_after(&self, now: Option<&Node>) -> bool {
        now.map(digest_of) == self.after_digest
    }
}

/// Whether this is the name of a file that credsh would make, beside another one: it is taken away.
fn is_temporary(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    name.strip_prefix(".credsh-")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(plain))
}

/// What is in a journal. Who may write one may write whatever it names: it has to be this user's, and nobody else's.
fn read_ours(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let failed = |error: io::Error| Error::io("read", path, &error);
    match fs::metadata(path) {
        Ok(metadata) => replace::require_file(path, &metadata)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    }
    let mut file = File::open(path).map_err(failed)?;
    if let Some(what) = strangers(&file.metadata().map_err(failed)?) {
        return Err(
            Error::failed(format!("the journal of an interrupted change {what}"))
                .at(Place::file(path))
                .because(
                    "credsh writes what it says, and whoever that is may have put anything into it",
                )
                .hint("look at Cargo's configuration and tokens, and remove this file"),
        );
    }
    replace::read_open(&mut file, path).map(Some)
}

/// Who but this user may have written a file.
#[cfg(unix)]
fn strangers(metadata: &fs::Metadata) -> Option<&'static str> {
    use std::os::unix::fs::MetadataExt;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        Some("belongs to somebody else")
    } else if metadata.mode() & 0o022 != 0 {
        Some("can be written by others")
    } else {
        None
    }
}

#[cfg(not(unix))]
fn strangers(_metadata: &fs::Metadata) -> Option<&'static str> {
    None
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::new(), |mut text, byte| {
        text.push_str(&format!("{byte:02x}"));
        text
    })
}

/// The digest of a value, which is the same for every spelling of it.
fn digest_of(node: &Node) -> String {
    let mut spelt = Zeroizing::new(String::new());
    spell(node, &mut spelt);
    digest(spelt.as_bytes())
}

fn spell(node: &Node, into: &mut String) {
    match node {
        Node::Text(text) => into.push_str(&format!("{text:?}")),
        Node::Secret(token) => into.push_str(&Zeroizing::new(format!("{:?}", token.expose()))),
        Node::Integer(number) => into.push_str(&number.to_string()),
        Node::Boolean(switch) => into.push_str(&switch.to_string()),
        Node::List(list) => {
            into.push('[');
            for entry in list {
                spell(&entry.node, into);
                into.push(',');
            }
            into.push(']');
        }
        Node::Table(table) => {
            into.push('{');
            for (key, entry) in table {
                into.push_str(&format!("{key:?}="));
                spell(&entry.node, into);
                into.push(',');
            }
            into.push('}');
        }
    }
}

/// A path as the system has it, which need not be Unicode.
mod lossless {
    use std::ffi::OsString;
    use std::path::{Path, PathBuf};

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_os_str().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<PathBuf, D::Error> {
        OsString::deserialize(deserializer).map(PathBuf::from)
    }
}

#[cfg(test)]
mod tests;
