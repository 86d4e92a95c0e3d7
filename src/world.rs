//! What is outside the program, as values: environment, current folder, streams, the person.
//!
//! `main` builds the real [`World`]; tests build others. Invariant: nothing else in the crate reads the
//! process environment or the current folder, so [`crate::run`] can be called any number of times.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use crate::error::{Error, Place, Result};
use crate::render::{visible, visible_in_line};
use crate::token::Token;

mod terminal;

pub use terminal::{Held, Input, Interrupts, TerminalPrompt};

/// Everything that a run may touch, apart from the file system and the programs that Cargo would start.
pub struct World {
    /// The environment variables.
    pub env: Env,
    /// The current folder, absolute.
    pub directory: PathBuf,
    /// This program, to be started once more; stores that can hang are called in a process of their own.
    pub program: PathBuf,
    /// The person's home folder, where one is known.
    pub user_home: Option<PathBuf>,
    /// Standard input.
    pub stdin: Box<dyn Read>,
    /// Standard output: data.
    pub stdout: Box<dyn Write>,
    /// Standard error: everything else.
    pub stderr: Stderr,
    /// Which of the streams are terminals.
    pub terminal: Terminal,
    /// How to ask a person.
    pub prompt: Box<dyn Prompt>,
    /// Whether somebody has pressed Ctrl-C.
    pub interrupts: Interrupts,
    /// How long a provider's program may take to answer, while it asks nobody.
    pub time_limit: Duration,
}

impl World {
    /// A folder of the person's for credsh: in the one that the variable names, else below their home.
    pub fn folder(&self, variable: &str, fallback: &str) -> Option<PathBuf> {
        let named = self.env.non_empty(variable).map(PathBuf::from);
        let folder = named.or_else(|| Some(self.user_home.as_ref()?.join(fallback)))?;
        Some(folder.join("credsh"))
    }

    /// The Cargo home: `--home`, `CARGO_HOME`, or `.cargo` in the person's home.
    pub fn cargo_home(&self, option: Option<&Path>) -> Result<PathBuf> {
        let (home, place) = match (option, self.env.non_empty("CARGO_HOME"), &self.user_home) {
            (Some(home), ..) => (home.to_path_buf(), Place::Option("--home")),
            (None, Some(home), _) => (home.into(), Place::Env("CARGO_HOME".to_owned())),
            (None, None, Some(home)) => (home.join(".cargo"), Place::file(home.join(".cargo"))),
            (None, None, None) => {
                return Err(
                    Error::failed("there is no home folder to find Cargo's files in")
                        .hint("set `CARGO_HOME`, or use `--home DIR`"),
                );
            }
        };
        // Without `.` parts, which would make one file look like two.
        let home: PathBuf = self.directory.join(home).components().collect();
        // One that is missing is made when something is written.
        if home.exists() && !home.is_dir() {
            return Err(Error::failed("this Cargo home is not a folder")
                .at(place)
                .hint("name a folder, existing or not, with `--home DIR` or `CARGO_HOME`"));
        }
        Ok(home)
    }
}

/// Standard error: what waits for somebody else says so there at once, wherever it is.
#[derive(Clone)]
pub struct Stderr(Rc<RefCell<Notices>>);

/// What is shared by all who speak there.
struct Notices {
    stream: Box<dyn Write>,
    /// Whether somebody watches who can be told what is waited for.
    is_watched: bool,
    /// Whether they can be told for a moment only.
    can_erase: bool,
    /// Whether that stands in the last line now, or has been told for good.
    is_told: bool,
}

/// The letters of what is waited for.
const LONGEST: usize = 50;

/// To the start of the line, and nothing in it.
const ERASE: &str = "\r\u{1b}[K";

impl Stderr {
    /// Over this stream.
    pub fn new(stream: impl Write + 'static) -> Self {
        Self(Rc::new(RefCell::new(Notices {
            stream: Box::new(stream),
            is_watched: false,
            can_erase: false,
            is_told: false,
        })))
    }

    /// Prints. A reader who left does not matter there.
    pub fn say(&self, text: &str) {
        self.0.borrow_mut().say(text);
    }

    /// Prints a note, for whoever has no session.
    pub fn note(&self, text: &str) {
        self.say(&format!("note: {}\n", visible(text)));
    }

    /// From now on there is somebody at a terminal who watches, or nobody; and a line of it can be taken back, or stays.
    pub fn watched(&self, is_watched: bool, can_erase: bool) {
        let mut notices = self.0.borrow_mut();
        notices.is_watched = is_watched;
        notices.can_erase = can_erase;
    }

    /// Whether anybody watches.
    pub fn is_watched(&self) -> bool {
        self.0.borrow().is_watched
    }

    /// Tells whoever watches what is waited for, until something else is said; or once, where it has to stay.
    pub fn waits_for(&self, what: &str) {
        let mut notices = self.0.borrow_mut();
        if notices.is_watched && !notices.is_told {
            // One line of any terminal, or it could not be taken back.
            let what = visible_in_line(what);
            let what: String = what.chars().take(LONGEST).collect();
            let told = if notices.can_erase {
                format!("waiting for {what} \u{2026}")
            } else {
                format!("note: waiting for {what}\n")
            };
            notices.say(&told);
            notices.is_told = true;
        }
    }

    /// It has come: the line is empty again.
    pub fn waits_no_more(&self) {
        let mut notices = self.0.borrow_mut();
        notices.say("");
        notices.is_told = false;
    }

    /// Whatever stands in the line, what is said next has one of its own.
    pub fn breaks_the_line(&self) {
        let mut notices = self.0.borrow_mut();
        let text = if notices.is_told { "" } else { "\n" };
        notices.say(text);
    }

    /// Somebody else writes in that line now, and it is theirs.
    pub fn leaves_the_line(&self) {
        let mut notices = self.0.borrow_mut();
        notices.is_told &= !notices.can_erase;
    }
}

impl Notices {
    fn say(&mut self, text: &str) {
        let erase = if self.can_erase && std::mem::take(&mut self.is_told) {
            ERASE
        } else {
            ""
        };
        if erase.is_empty() && text.is_empty() {
            return;
        }
        let _ = self
            .stream
            .write_all(format!("{erase}{text}").as_bytes())
            .and_then(|()| self.stream.flush());
    }
}

impl std::fmt::Debug for Stderr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stderr")
    }
}

/// Which streams are terminals, and how wide they are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terminal {
    /// Standard input is a terminal.
    pub stdin: bool,
    /// Standard output is a terminal.
    pub stdout: bool,
    /// Standard error is a terminal.
    pub stderr: bool,
    /// Columns of standard output, where that is a terminal and says so.
    pub width: Option<usize>,
    /// The same of standard error.
    pub width_stderr: Option<usize>,
}

/// A snapshot of environment variables.
#[derive(Clone, Default)]
pub struct Env(BTreeMap<OsString, OsString>);

impl Env {
    /// A variable that is set and is Unicode, as Cargo's configuration sees it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(OsStr::new(name))
            .and_then(|value| value.to_str())
    }

    /// A variable whatever its bytes.
    pub fn get_os(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// A variable that is set to something other than the empty text.
    pub fn non_empty(&self, name: &str) -> Option<&OsStr> {
        self.get_os(name).filter(|value| !value.is_empty())
    }

    /// Whether there is a screen on which a program could ask its user. Elsewhere than on Linux and its kin there is one.
    pub fn has_display(&self) -> bool {
        let named = ["DISPLAY", "WAYLAND_DISPLAY"];
        cfg!(any(windows, target_os = "macos"))
            || named.iter().any(|name| self.non_empty(name).is_some())
    }

    /// Sets a variable, for this run and for what it starts.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.0.insert(name.into(), value.into());
    }

    /// Whether a switch of credsh's is set, and not to 0.
    pub fn is_on(&self, name: &str) -> bool {
        self.non_empty(name).is_some_and(|value| value != "0")
    }

    /// The variables whose name and value are Unicode, in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)))
    }

    /// All of them, for a program that is started.
    pub fn all(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

/// Values may be tokens, so only names are shown.
impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(
            variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

/// How a person is asked. Tests bring an implementation of their own.
pub trait Prompt {
    /// Whether there is anybody to ask.
    fn is_available(&self) -> bool;
    /// Asks for a secret without showing what is typed.
    fn secret(&mut self, question: &str) -> Result<Token>;
    /// Asks a question that is answered by yes or no.
    fn confirm(&mut self, question: &str) -> Result<bool>;
    /// Whether anybody was asked since this was asked last. Nobody types to one who reads no keys.
    fn has_asked(&mut self) -> bool {
        false
    }
}
