//! What can go wrong, told once and told well.
//!
//! An [`Error`] carries data: its [`Kind`] (which alone decides the exit status), one message, where it
//! happened, and the next step. Prose is written where the facts are known; looks belong to `render`.
//!
//! Invariant: no text of a token, and no text of a file or word that could be one, is ever put into an
//! error. Parsers that quote what they reject (TOML, clap) are reduced to a place and a reason here.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

/// The answer of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something failed. Decides the exit status, and nothing else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It could not be done (1).
    Failed,
    /// There is no such thing, or nobody is logged in (3).
    NotFound,
    /// A store or provider is unavailable, locked or too slow (4).
    Unavailable,
    /// Rejected by the server, or expired (5).
    Rejected,
    /// The words were wrong (64).
    Usage,
    /// A file is malformed (65).
    Malformed,
    /// Somebody pressed Ctrl-C (130).
    Interrupted,
}

impl Kind {
    /// All of them.
    const ALL: [Self; 7] = [
        Self::Failed,
        Self::NotFound,
        Self::Unavailable,
        Self::Rejected,
        Self::Usage,
        Self::Malformed,
        Self::Interrupted,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::NotFound => "not-found",
            Self::Unavailable => "unavailable",
            Self::Rejected => "rejected",
            Self::Usage => "usage",
            Self::Malformed => "malformed",
            Self::Interrupted => "interrupted",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The exit status of a process that ends with this kind of error.
    pub fn exit_status(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::NotFound => 3,
            Self::Unavailable => 4,
            Self::Rejected => 5,
            Self::Usage => 64,
            Self::Malformed => 65,
            Self::Interrupted => 130,
        }
    }
}

/// Where a value comes from, or where an error is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// A file; line and column count from one.
    File {
        /// The file.
        file: PathBuf,
        /// The line, where one is known.
        line: Option<usize>,
        /// The column, in characters; scripts have one.
        column: Option<usize>,
    },
    /// An environment variable.
    Env(String),
    /// An option of the process.
    Option(&'static str),
    /// One of credsh's own tokens, by its label.
    Label(String),
    /// Not on disk yet: an edit of the open transaction, and the file that it is for.
    Pending(PathBuf),
}

impl Place {
    /// A file as a whole.
    pub fn file(file: impl Into<PathBuf>) -> Self {
        Self::File {
            file: file.into(),
            line: None,
            column: None,
        }
    }

    /// One line of a file.
    pub fn line(file: impl Into<PathBuf>, line: usize) -> Self {
        Self::File {
            file: file.into(),
            line: Some(line),
            column: None,
        }
    }

    /// The file, if it is one.
    pub fn as_file(&self) -> Option<&Path> {
        match self {
            Self::File { file, .. } | Self::Pending(file) => Some(file),
            Self::Env(_) | Self::Option(_) | Self::Label(_) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line, column } => {
                write!(f, "{}", file.display())?;
                if let Some(line) = line {
                    write!(f, ":{line}")?;
                }
                if let Some(column) = column {
                    write!(f, ":{column}")?;
                }
                Ok(())
            }
            Self::Env(name) => write!(f, "environment variable `{name}`"),
            Self::Option(name) => write!(f, "option `{name}`"),
            Self::Label(name) => write!(f, "token `{name}`"),
            Self::Pending(file) => write!(f, "{} (pending)", file.display()),
        }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::File { file, line, column } => {
                map.serialize_entry("file", &file.display().to_string())?;
                map.serialize_entry("line", line)?;
                if let Some(column) = column {
                    map.serialize_entry("column", column)?;
                }
            }
            Self::Pending(file) => {
                map.serialize_entry("file", &file.display().to_string())?;
                map.serialize_entry("line", &None::<usize>)?;
            }
            Self::Env(name) => map.serialize_entry("env", name)?,
            Self::Option(name) => map.serialize_entry("option", name)?,
            Self::Label(name) => map.serialize_entry("label", name)?,
        }
        map.end()
    }
}

/// One failure: kind, message, place, the next step, and what lies beneath.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Parts>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Parts {
    kind: Kind,
    message: String,
    hint: Option<String>,
    place: Option<Place>,
    causes: Vec<String>,
    /// Whether the answer was to be a document.
    #[serde(skip)]
    is_document: bool,
    /// Whether some of what was to be done may be done all the same.
    #[serde(skip)]
    is_in_doubt: bool,
}

/// Two steps, one after the other, if there is a first one.
pub fn in_turn(first: Option<&str>, next: &str) -> String {
    match first {
        Some(first) => format!("{first}; {next}"),
        None => next.to_owned(),
    }
}

impl Error {
    /// An error of this kind. The message is lower case and has no full stop.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            kind,
            message: message.into(),
            hint: None,
            place: None,
            causes: Vec::new(),
            is_document: false,
            is_in_doubt: false,
        }))
    }

    /// The same, and whether some of what was to be done may be done all the same.
    #[must_use]
    pub fn in_doubt(mut self, is_in_doubt: bool) -> Self {
        self.0.is_in_doubt = is_in_doubt;
        self
    }

    /// Whether that is so.
    pub fn is_in_doubt(&self) -> bool {
        self.0.is_in_doubt
    }

    /// The same, to be shown as a document.
    #[must_use]
    pub fn as_document(mut self) -> Self {
        self.0.is_document = true;
        self
    }

    /// Whether it is to be shown so.
    pub fn is_document(&self) -> bool {
        self.0.is_document
    }

    /// It could not be done (1).
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// There is no such thing (3).
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// A store or provider does not answer (4).
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, message)
    }

    /// Somebody pressed Ctrl-C.
    pub fn interrupted() -> Self {
        Self::new(Kind::Interrupted, "interrupted")
    }

    /// The words were wrong (64).
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// A file is malformed (65).
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(Kind::Malformed, message)
    }

    /// An operation on a file that the system refused (1).
    pub fn io(doing: &str, file: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let hint = match error.kind() {
            Io::StorageFull | Io::QuotaExceeded => "make room on that disk, and repeat the command",
            Io::FileTooLarge => "`ulimit -f` shows how long a file may become here; raise that",
            Io::ReadOnlyFilesystem => "see with `mount` why that disk is read-only",
            Io::PermissionDenied if let Some(own) = own_folder(file).filter(|own| own.exists()) => {
                &format!(
                    "`sudo credsh` has made it, perhaps: `sudo chown -R \"$(id -un)\" '{}'`",
                    own.display()
                )
            }
            Io::PermissionDenied if let Some(folder) = folder_in_the_way(file) => &format!(
                "see with `ls -ld '{}'` who may write to that folder",
                folder.display()
            ),
            _ if let Some(hint) = hint_of_system(error) => hint,
            _ => "see with `ls -ld` what is at that path, and whose it is",
        };
        Self::failed(format!("cannot {doing}"))
            .at(Place::file(file))
            .because(reason_of(error))
            .hint(hint)
    }

    /// The next step, as a whole sentence or the exact command to type.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The same, where there may be none to give.
    #[must_use]
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.0.hint = hint.or(self.0.hint);
        self
    }

    /// The same behind the one that is there.
    #[must_use]
    pub fn hint_then(self, next: &str) -> Self {
        let hint = in_turn(self.next_step(), next);
        self.hint(hint)
    }

    /// The next step, where nobody has said a better one.
    #[must_use]
    pub fn or_hint(mut self, hint: impl FnOnce() -> String) -> Self {
        self.0.hint.get_or_insert_with(hint);
        self
    }

    /// Where it happened; an inner place that is known already stays.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.0.place.get_or_insert(place);
        self
    }

    /// The same error somewhere else.
    #[must_use]
    pub fn moved_to(mut self, place: Place) -> Self {
        self.0.place = Some(place);
        self
    }

    /// The line or call of a script that failed. That says more than the place that the command itself
    /// names, which becomes a cause.
    #[must_use]
    pub fn called_at(self, place: Place) -> Self {
        let inner = self.0.place.as_ref().map(ToString::to_string);
        let error = self.moved_to(place);
        match inner {
            Some(inner) => error.because(format!("about {inner}")),
            None => error,
        }
    }

    /// What lies beneath; the most direct cause first.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.0.causes.push(cause.to_string());
        self
    }

    /// The same where Ctrl-C was pressed meanwhile, which is why, whatever it says itself.
    #[must_use]
    pub fn if_interrupted(self, is_pressed: bool) -> Self {
        if is_pressed && self.kind() != Kind::Interrupted {
            Self::interrupted()
        } else {
            self
        }
    }

    /// The same as what came of Ctrl-C, behind a word about that.
    #[must_use]
    pub fn of_interrupt(self) -> Self {
        if self.kind() == Kind::Interrupted {
            return self;
        }
        let hint = self.next_step().map(ToOwned::to_owned);
        Self::interrupted()
            .in_doubt(self.is_in_doubt())
            .because(self)
            .maybe_hint(hint)
    }

    /// Why it failed.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What failed.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do next.
    pub fn next_step(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Where it failed.
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// What lies beneath it.
    pub fn causes(&self) -> &[String] {
        &self.0.causes
    }
}

/// The folder of a home in which credsh keeps what is its own, if this file is in it.
fn own_folder(file: &Path) -> Option<&Path> {
    file.ancestors().find(|folder| folder.ends_with(".credsh"))
}

/// The folder in which a file, or one around it, is to be made, where there is none.
fn folder_in_the_way(file: &Path) -> Option<&Path> {
    let mut around = file.ancestors();
    around.next().filter(|file| !file.exists())?;
    around.find(|folder| folder.exists())
}

/// The system's reason, in our words: lower case, without `(os error 13)`.
pub(crate) fn reason_of(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.0.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "{}", self.0.message)?;
        for cause in &self.0.causes {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// `` `a`, `b` and `c` ``.
pub fn list(words: &[impl AsRef<str>]) -> String {
    let quoted: Vec<String> = words
        .iter()
        .map(|word| format!("`{}`", word.as_ref()))
        .collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// The next step for what has no kind in the standard library: by numbers that every Unix has.
fn hint_of_system(error: &std::io::Error) -> Option<&'static str> {
    match error.raw_os_error().filter(|_| cfg!(unix))? {
        // EIO.
        5 => Some("see in the system's log (`dmesg`) what that disk has, and repeat the command"),
        // ENFILE and EMFILE.
        23 | 24 => Some("`ulimit -n` shows how many files may be open here; raise that"),
        _ => None,
    }
}

/// The known word that somebody may have meant: one letter in three may be wrong, missing or too much.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let most = (word.chars().count() / 3).max(1);
    known
        .iter()
        .map(|&candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|&(distance, _)| distance <= most)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}
