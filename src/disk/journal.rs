//! What a commit is about to do, kept beside the lock until it is done, so that whoever comes next can finish it.
//!
//! A file is remembered by the range in which its text changes, by what moves behind it, and by digests of the whole:
//! enough to tell whether it is as it was, as it is to be, half written, or somebody else's by now. For the last case
//! the single edits are there as well.
//!
//! Behind that, each file that is begun leaves a mark, so that a change of somebody else's that looks like ours, or like
//! none, is known for what it is. Only of the one that is being written nobody knows but what it says itself.
//!
//! Invariant: a journal is whole or not there, and nobody else can read it. It holds no text of a token but of those that
//! its files have, or are to have.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::ops::Range;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use zeroize::Zeroizing;

use super::replace;
use crate::error::{Error, Place, Result};

mod record;

#[cfg(any(test, fuzzing))]
pub(crate) use record::BLOCK;
pub(crate) use record::{EditRecord, FileRecord, State, Surroundings, TableRecord, digest_of};

/// The version of the format.
const SCHEMA: u8 = 7;

/// The name of the file.
const NAME: &str = "journal";

/// What it is called until it is whole: nothing has happened yet.
const UNFINISHED: &str = "journal.new";

/// The mark of a file that is begun.
const MARK: u8 = b'.';

/// What is between what is to be done and the marks.
const END: u8 = b'\n';

/// How far the writing of a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Untouched,
    /// It may be written, or half written.
    Begun,
    Written,
}

/// Everything that one commit is about to do.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Journal {
    schema: u8,
    /// The files, in the order in which they are written.
    pub(crate) files: Vec<FileRecord>,
    /// What is written after all of them, into files that are among them: each starts from the text that its file has
    /// by then.
    pub(crate) then: Vec<FileRecord>,
    /// Whether it is time for that.
    pub(crate) goes_on: bool,
    /// What it rests on.
    pub(crate) surroundings: Surroundings,
    /// What is to happen outside files, as the room above spells it.
    pub(crate) items: Vec<Json>,
    /// What earlier changes have left of that, which is of none of these.
    pub(crate) waiting: Vec<Json>,
    /// Whether some of it has been undone, so that the rest can only be, too.
    pub(crate) is_given_up: bool,
    /// How many of the files were begun; one more, where all are written.
    #[serde(skip)]
    begun: usize,
}

/// A token that a file loses for a moment.
pub(crate) struct TakenAlong<'a> {
    /// The place of the file, and of its last write.
    pub(crate) place: usize,
    pub(crate) last: usize,
    pub(crate) from: &'a FileRecord,
    pub(crate) goes: &'a EditRecord,
    pub(crate) comes: &'a EditRecord,
}

/// The one thing that every version says alike.
#[derive(Deserialize)]
struct Version {
    schema: u64,
}

impl Journal {
    pub(crate) fn new(files: Vec<FileRecord>, items: Vec<Json>, waiting: Vec<Json>) -> Self {
        Self {
            schema: SCHEMA,
            files,
            then: Vec::new(),
            goes_on: false,
            surroundings: Surroundings::default(),
            items,
            waiting,
            is_given_up: false,
            begun: 0,
        }
    }

    /// How far the file at this place has come.
    pub(crate) fn progress(&self, place: usize) -> Progress {
        match self.begun.checked_sub(place + 1) {
            None => Progress::Untouched,
            Some(0) => Progress::Begun,
            Some(_) if self.at(place).is_put_back => Progress::Begun,
            Some(_) => Progress::Written,
        }
    }

    /// Notes that the file at this place is about to be written, and all before it are. When this returns, that is on
    /// the disk.
    pub(crate) fn begin(&mut self, folder: &Path, place: usize) -> Result<()> {
        let more = (place + 1).saturating_sub(self.begun);
        if more == 0 {
            return Ok(());
        }
        let file = folder.join(NAME);
        let failed = |error: io::Error| Error::io("write", &file, &error);
        let opened = File::options().append(true).open(&file);
        let mut open = opened.map_err(failed)?;
        open.write_all(&vec![MARK; more]).map_err(failed)?;
        self.begun += more;
        open.sync_data().map_err(failed)
    }

    /// Notes that all files are written.
    pub(crate) fn end(&mut self, folder: &Path) -> Result<()> {
        let behind_the_last = self.files.len() + self.then.len();
        self.begin(folder, behind_the_last)
    }

    /// Notes that all files are written, and that it is time for what comes last.
    pub(crate) fn go_on(&mut self, folder: &Path) -> Result<()> {
        let before = (self.goes_on, self.begun);
        self.goes_on = true;
        self.begun = self.begun.max(self.files.len() + 1);
        // Else what is on the disk says that it is not.
        self.write(folder)
            .inspect_err(|_| (self.goes_on, self.begun) = before)
    }

    /// Notes that it is no longer time for that.
    pub(crate) fn go_back(&mut self, folder: &Path) -> Result<()> {
        self.goes_on = false;
        self.begun = self.begun.min(self.files.len() + 1);
        self.write(folder)
    }

    /// Notes that the files are given back what they had, and that this many of them are still to be; which needs no
    /// room on the disk.
    pub(crate) fn step_back(&mut self, folder: &Path, begun: usize) -> Result<()> {
        let fewer = self.begun.saturating_sub(begun);
        if fewer == 0 {
            return Ok(());
        }
        let file = folder.join(NAME);
        let failed = |error: io::Error| Error::io("write", &file, &error);
        let open = File::options().write(true).open(&file).map_err(failed)?;
        let length = open.metadata().map_err(failed)?.len();
        open.set_len(length.saturating_sub(fewer as u64))
            .map_err(failed)?;
        self.begun -= fewer;
        open.sync_all().map_err(failed)
    }

    /// Whether a change was begun, and this is not only what earlier ones have left.
    pub(crate) fn is_of_change(&self) -> bool {
        !self.files.is_empty() || !self.items.is_empty()
    }

    /// Everything that is written, in its order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &FileRecord> {
        self.files.iter().chain(&self.then)
    }

    /// The places, among all records, of those that there are to look at now: first those of the files, and once it is
    /// time for what comes last, that instead of what it is written over.
    pub(crate) fn current(&self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.files.len()).collect();
        if self.goes_on {
            places.retain(|at| !self.is_written_over(*at));
            places.extend(self.files.len()..self.files.len() + self.then.len());
        }
        places
    }

    /// Whether what comes last is written over this.
    fn is_written_over(&self, place: usize) -> bool {
        let mut last = self.then.iter();
        last.any(|last| last.file == self.files[place].file)
    }

    /// The places of what comes after these.
    pub(crate) fn later(&self) -> Range<usize> {
        let end = self.files.len() + self.then.len();
        let start = if self.goes_on { end } else { self.files.len() };
        start..end
    }

    /// The records of both.
    pub(crate) fn left(&self) -> impl Iterator<Item = &FileRecord> {
        let places = self.current().into_iter().chain(self.later());
        places.map(|at| self.at(at))
    }

    pub(crate) fn at(&self, place: usize) -> &FileRecord {
        match place.checked_sub(self.files.len()) {
            None => &self.files[place],
            Some(last) => &self.then[last],
        }
    }

    pub(crate) fn at_mut(&mut self, place: usize) -> &mut FileRecord {
        match place.checked_sub(self.files.len()) {
            None => &mut self.files[place],
            Some(last) => &mut self.then[last],
        }
    }

    /// The tokens that the first write of a file takes out of it and the last one puts into it again, under another
    /// name: each as it goes and as it comes. In between it is nowhere but here.
    pub(crate) fn taken_along(&self) -> impl Iterator<Item = TakenAlong<'_>> {
        let last = (self.files.len()..).zip(&self.then);
        let comes =
            last.flat_map(|(last, record)| record.edits.iter().map(move |edit| (last, edit)));
        comes.filter_map(|(last, comes)| {
            let token = Some(comes.token_that_comes()?);
            self.files.iter().enumerate().find_map(|(place, from)| {
                let mut edits = from.edits.iter();
                let goes = edits.find(|goes| goes.token_that_goes() == token)?;
                Some(TakenAlong {
                    place,
                    last,
                    from,
                    goes,
                    comes,
                })
            })
        })
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
        if let Some(journal) = Self::parse(&bytes, home) {
            return Ok(Some(journal));
        }
        Err(
            match serde_json::from_slice::<Version>(cut(&bytes).map_or(&bytes, |(text, _)| text)) {
                Ok(Version { schema }) if schema != u64::from(SCHEMA) => {
                    Error::malformed("an interrupted change was begun by another version of credsh")
                        .at(Place::file(&file))
                        .hint("start that version, which finishes it")
                }
                _ => Self::unreadable(folder),
            },
        )
    }

    /// The error of one that is damaged.
    pub(crate) fn unreadable(folder: &Path) -> Error {
        Error::malformed("the journal of an interrupted change cannot be read")
            .at(Place::file(folder.join(NAME)))
            .hint("look at Cargo's configuration, and at its tokens, which may be in this file alone, and remove it")
    }

    /// What the bytes of a journal of this home say; nothing, if they are none that this version has written.
    pub(crate) fn parse(bytes: &[u8], home: &Path) -> Option<Self> {
        let (text, marks) = cut(bytes)?;
        // A loss of power may leave the length of a mark without the mark.
        if marks.iter().any(|mark| ![MARK, 0].contains(mark)) {
            return None;
        }
        // The error would quote the text.
        let mut journal: Self = serde_json::from_slice(text).ok()?;
        journal.begun = marks.len();
        for record in journal.files.iter_mut().chain(&mut journal.then) {
            record.file = home.join(&record.name);
        }
        let is_ours = |record: &FileRecord| {
            is_temporary(&record.temporary)
                && record.edits.iter().all(|edit| !edit.key.is_empty())
                && record.tables.iter().all(|(table, _)| !table.is_empty())
        };
        (journal.schema == SCHEMA && journal.all().all(is_ours)).then_some(journal)
    }

    /// Keeps it in this folder. When this returns, it is on the disk.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let file = folder.join(NAME);
        let failed = |error: serde_json::Error| Error::io("write", &file, &error.into());
        // With room for all of it from the start, no copy is left behind by growing.
        let mut length = Length(0);
        serde_json::to_writer(&mut length, self).map_err(failed)?;
        let mut text = Zeroizing::new(Vec::with_capacity(length.0 + 1 + self.begun));
        serde_json::to_writer(&mut *text, self).map_err(failed)?;
        text.push(END);
        text.extend(std::iter::repeat_n(MARK, self.begun));
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

/// What is to be done, and the marks behind it.
fn cut(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == END)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

/// How long a text is that is not kept.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
    let mut file = match File::open(path) {
        // Whoever had it is done.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(failed)?,
    };
    if let Some(what) = strangers(&file.metadata().map_err(failed)?) {
        return Err(
            Error::failed(format!("the journal of an interrupted change {what}"))
                .at(Place::file(path))
                .because(
                    "credsh writes what it says, and whoever that is may have put anything into it",
                )
                .hint("start credsh as that user, or look at Cargo's configuration and tokens, and remove this file"),
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

#[cfg(test)]
mod tests;
