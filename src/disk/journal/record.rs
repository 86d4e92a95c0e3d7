//! What a journal remembers of one file: enough to tell what has become of it, and to bring it to its end.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use crate::disk::document::Value;
use crate::disk::replace;
use crate::disk::tree::{Node, is_secret};

/// The least that a system writes of a file, in bytes: a write that is cut off ends with a whole one.
pub(crate) const BLOCK: usize = 512;

/// What is to become of one file.
#[derive(PartialEq, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    #[serde(skip)]
    pub(crate) file: PathBuf,
    /// The same, of a file in the home relative to it: a home may be moved or copied.
    #[serde(with = "lossless")]
    pub(super) name: PathBuf,
    /// Whether Cargo locks this file, so that it is written in place and born private.
    pub(crate) is_credentials: bool,
    /// Whether crates.io's token may stand in it as Cargo once wrote it (5): also where the credentials include it.
    pub(crate) may_have_old_layout: bool,
    /// The name of the file beside it that is moved into its place.
    pub(crate) temporary: String,
    /// How many of the folders around it are made for it.
    pub(crate) folders: usize,
    /// The digest of the old text; none, where there is no file.
    before: Option<String>,
    /// The digest of the new text.
    after: String,
    /// How many bytes before the range stay where they are, and how many behind it.
    start: usize,
    behind: usize,
    /// The digest of those before it.
    head: String,
    /// The last of those, from the beginning of the line before, if there is one.
    above: String,
    /// The range before and after.
    was: String,
    becomes: String,
    /// What stays as it is, and comes to stand elsewhere: all that is behind the range, where that changes its length.
    moves: String,
    /// What the new text is for.
    pub(crate) edits: Vec<EditRecord>,
    /// What becomes of whole tables by that.
    pub(crate) tables: Vec<TableRecord>,
    /// Whether somebody else's text may have come to stand there again since it was written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_put_back: bool,
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
    /// Whether an earlier start has left it as it is, for good, because of what somebody else had changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_left: bool,
}

/// A table that is called otherwise from then on, or goes with the last of its keys.
pub(crate) type TableRecord = (Vec<String>, Option<String>);

/// What files say, beside what a change writes itself, of the registries that it is about: by that somebody else's change
/// of it is known again.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Surroundings {
    /// The files, where they are in the home relative to it.
    files: Vec<Name>,
    /// By their tables, the digest of it.
    pub(crate) tables: Vec<(Table, String)>,
}

/// The path of a table.
type Table = Vec<String>;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Name(#[serde(with = "lossless")] PathBuf);

impl Surroundings {
    pub(crate) fn new<'f>(
        home: &Path,
        files: impl Iterator<Item = &'f Path>,
        tables: Vec<(Table, String)>,
    ) -> Self {
        let name = |file: &Path| Name(file.strip_prefix(home).unwrap_or(file).to_path_buf());
        Self {
            files: files.map(name).collect(),
            tables,
        }
    }

    pub(crate) fn files(&self, home: &Path) -> impl Iterator<Item = PathBuf> {
        self.files.iter().map(move |Name(name)| home.join(name))
    }
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

/// Texts and values may be tokens.
impl Drop for FileRecord {
    fn drop(&mut self) {
        self.above.zeroize();
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
        let line = text[..start].rfind('\n');
        let above = line.and_then(|line| text[..line].rfind('\n'));
        let above = above.map_or(0, |end| end + 1);
        Self {
            file: file.to_path_buf(),
            name: file.strip_prefix(home).unwrap_or(file).to_path_buf(),
            is_credentials,
            may_have_old_layout: is_credentials,
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
            head: digest(&text.as_bytes()[..start]),
            above: text[above..start].to_owned(),
            was: text[start..text.len() - alike].to_owned(),
            becomes: new[start..new.len() - alike].to_owned(),
            moves: text[text.len() - moves..].to_owned(),
            edits,
            tables: Vec::new(),
            is_put_back: false,
        }
    }

    /// The same of a file that the credentials may include.
    pub(crate) fn with_old_layout(mut self, may_have_it: bool) -> Self {
        self.may_have_old_layout = may_have_it;
        self
    }

    /// The same where that is to become of tables.
    pub(crate) fn with_tables(mut self, tables: Vec<TableRecord>) -> Self {
        self.tables = tables;
        self
    }

    /// The same edits, in a file that has another text by now, and so comes to another one.
    pub(crate) fn made_anew(&mut self, home: &Path, old: Option<&str>, new: &str) {
        let edits = std::mem::take(&mut self.edits);
        let mut anew = Self::new(home, &self.file, self.is_credentials, old, new, edits);
        anew.may_have_old_layout = self.may_have_old_layout;
        anew.folders = self.folders;
        anew.is_put_back = self.is_put_back;
        anew.tables = std::mem::take(&mut self.tables);
        *self = anew;
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

    /// Whether around the range the old text stands, and in it blocks of the old text and of the new one: a system that
    /// stops may have written any of them.
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
        // A shorter text is written with newlines behind it, and then cut off: also the old one, where that is put back.
        let bytes = (0..).map(|at| {
            (
                becomes.get(at).unwrap_or(&b'\n'),
                was.get(at).unwrap_or(&b'\n'),
            )
        });
        let mut is_behind = false;
        for (at, (byte, (new, old))) in inside.iter().zip(bytes).enumerate() {
            // What is written of a block is its beginning.
            is_behind &= !(head.len() + at).is_multiple_of(BLOCK);
            is_behind |= byte == old && byte != new;
            // What was never written is zero, which no text contains.
            if !(byte == old || byte == new && !is_behind || *byte == 0) {
                return false;
            }
        }
        // Whoever takes something away from the end leaves the beginning of the old text, or of the new one.
        let longer = was.len().max(becomes.len());
        match inside.len() {
            length if length == was.len() || length == longer => true,
            // On the way to a longer new text, or back to a longer old one: the end of that came first.
            length if (was.len()..longer).contains(&length) => text.len().is_multiple_of(BLOCK),
            length if (becomes.len() + 1..longer).contains(&length) => {
                text.len().is_multiple_of(BLOCK) && inside.starts_with(&becomes)
            }
            _ => false,
        }
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

    /// The new text, of a file to which only the cut is still to be made.
    pub(crate) fn new_but_for_the_cut(&self, now: &[u8]) -> Option<Zeroizing<String>> {
        let text = self.new_text(now)?;
        let rest = now.strip_prefix(text.as_bytes())?;
        rest.iter().all(|byte| *byte == b'\n').then_some(text)
    }

    /// The old text, of a file that is half written.
    pub(crate) fn old_text(&self, now: &[u8]) -> Option<Zeroizing<String>> {
        self.around(now, &self.was)
    }

    /// The text of somebody else, with the new range in the place of the old one, where they have only added something
    /// before that or behind it, and not to what is beside it: then all that is around it stays with it.
    pub(crate) fn merged(&self, theirs: &str) -> Option<Zeroizing<String>> {
        let next = self.moves.split_inclusive('\n').next().unwrap_or_default();
        let is_apart = |head: &str, rest: &str| {
            let above = if self.was.is_empty() { head } else { &self.was };
            let above = above.is_empty() || above.ends_with('\n');
            rest.is_empty() || above && rest.starts_with(['\n', '\r', '['])
        };
        let is_at = |(head, rest): &(&str, &str)| {
            let is_beside = |rest: &str| {
                if self.moves.is_empty() && self.behind == 0 {
                    is_apart(head, rest)
                } else {
                    rest.starts_with(next)
                }
            };
            let rest = rest.strip_prefix(&*self.was);
            digest(head.as_bytes()) == self.head && rest.is_some_and(is_beside)
        };
        let (head, rest) = match theirs.split_at_checked(self.start).filter(is_at) {
            Some(parts) => parts,
            None if self.behind == 0 && !self.is_empty_file() => {
                let head = theirs
                    .strip_suffix(&*self.moves)?
                    .strip_suffix(&*self.was)?;
                let before = head.strip_suffix(&*self.above)?;
                // Where no line is between, what they have written may be on what goes.
                let ends = if self.above.contains('\n') {
                    &["\n"][..]
                } else {
                    &["\n\n", "\n\r\n"]
                };
                if !before.is_empty() && !ends.iter().any(|end| before.ends_with(end)) {
                    return None;
                }
                theirs.split_at(head.len())
            }
            None => return None,
        };
        let parts = [head, &self.becomes, &rest[self.was.len()..]];
        Some(Zeroizing::new(parts.concat()))
    }

    /// In one, nobody knows which of both is before the other.
    fn is_empty_file(&self) -> bool {
        self.above.is_empty() && self.was.is_empty() && self.moves.is_empty()
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
            is_left: false,
        }
    }

    /// Whether a token goes, be it that another one takes its place.
    pub(crate) fn takes_token_away(&self) -> bool {
        is_secret(&self.key) && self.before.is_some() && self.before != self.after_digest
    }

    /// The digest of the token that this removes.
    pub(crate) fn token_that_goes(&self) -> Option<&str> {
        let is_removal = is_secret(&self.key) && self.after.is_none();
        self.before.as_deref().filter(|_| is_removal)
    }

    /// The digest of the token that this puts into its place.
    pub(crate) fn token_that_comes(&self) -> Option<&str> {
        let digest = self.after_digest.as_deref();
        digest.filter(|_| is_secret(&self.key))
    }

    /// Whether the key has the value that it had before.
    pub(crate) fn is_before(&self, now: Option<&Node>) -> bool {
        now.map(digest_of) == self.before
    }

    /// Whether it has this value before or afterwards.
    pub(crate) fn has_to_do_with(&self, value: &Node) -> bool {
        self.is_before(Some(value)) || self.is_after(Some(value))
    }

    /// Whether it has the value that it was to have.
    pub(crate) fn is_after(&self, now: Option<&Node>) -> bool {
        now.map(digest_of) == self.after_digest
    }
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::new(), |mut text, byte| {
        text.push_str(&format!("{byte:02x}"));
        text
    })
}

/// The digest of a value, which is the same for every spelling of it.
pub(crate) fn digest_of(node: &Node) -> String {
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
