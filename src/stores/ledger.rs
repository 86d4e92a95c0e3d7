//! The ledger: what is known about each of credsh's own tokens, and no secret.
//!
//! A file of tables, `[tokens."INDEX URL".LABEL]`, edited like every other. Home of `time`: tokens expire at
//! the end of a day, in UTC.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Serialize, Serializer};
use time::format_description::well_known::Iso8601;
use time::{Date, Duration, OffsetDateTime, Time};

use super::routing::Pattern;
use super::{StoreKind, folder};
use crate::cargo::index_url::IndexUrl;
use crate::cargo::providers::OperationKind;
use crate::disk::replace;
use crate::disk::tree::{self, Entry as TreeEntry, Node, Table};
use crate::error::{Error, Kind, Place, Result};
use crate::token::Scheme;

/// How long a token is good where nobody can tell what was meant.
const USUAL_DAYS: i64 = 90;

/// The outermost table.
pub const ROOT: &str = "tokens";

/// The label of a token that was given none.
pub const DEFAULT_LABEL: &str = "default";

/// The file of a Cargo home.
pub fn file(home: &Path) -> PathBuf {
    folder(home).join("tokens.toml")
}

/// What is known of one token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its name.
    pub label: Label,
    /// What the registry was called when it was stored.
    pub registry: Option<String>,
    /// The index URL that it is for, and no other. May contain a user's name, which is not shown.
    #[serde(serialize_with = "without_user_info")]
    pub index: String,
    /// What it may be used for; empty is everything.
    pub operations: Vec<OperationKind>,
    /// The crates that it may be used for; empty is all.
    pub crates: Vec<Pattern>,
    /// Where its text is.
    pub store: StoreKind,
    /// How it is spelt.
    pub scheme: Scheme,
    /// When it was stored.
    pub created: Option<Day>,
    /// The last day on which it is good.
    pub expires: Option<Day>,
}

fn without_user_info<S: Serializer>(index: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&IndexUrl::shown(index))
}

/// The name of a token: letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Label(String);

impl Label {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Label {
    fn default() -> Self {
        Self(DEFAULT_LABEL.to_owned())
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Label {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        // A longer one could be the token itself.
        if text.is_empty() || text.len() > 24 || !text.chars().all(is_allowed) {
            return Err(Error::usage(
                "a label has up to 24 letters and digits of ASCII, `-` and `_`",
            )
            .hint("it is a name for the token, such as `ci` or `publish-serde`"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// A day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(Date);

impl Day {
    /// Today.
    pub fn today() -> Self {
        Self(OffsetDateTime::now_utc().date())
    }

    /// Whether it is over.
    pub fn is_over(self) -> bool {
        self < Self::today()
    }

    /// How far it is from today, in words: `in 3 days`, `2 days ago`.
    pub fn from_today(self) -> String {
        let days = (self.0 - Self::today().0).whole_days();
        let amount = match days.unsigned_abs() {
            count @ ..100 => format!("{count} days"),
            count @ ..730 => format!("{} months", count / 30),
            count => format!("{} years", count / 365),
        };
        match days {
            0 => "today".to_owned(),
            1 => "tomorrow".to_owned(),
            -1 => "yesterday".to_owned(),
            2.. => format!("in {amount}"),
            _ => format!("{amount} ago"),
        }
    }

    /// The last moment of it.
    pub fn end(self) -> OffsetDateTime {
        self.0.with_time(Time::MAX).assume_utc()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A date, or a number of days from today: `2027-01-31`, `90d`.
impl FromStr for Day {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::usage("this is neither a date nor a number of days")
                .hint("write `2027-01-31` or `90d`")
        };
        if let Some(days) = text.strip_suffix('d') {
            let days: i32 = days.parse().map_err(|_| wrong())?;
            let today = Self::today().0;
            let day = today
                .checked_add(Duration::days(days.into()))
                .ok_or_else(wrong)?;
            return Ok(Self(day));
        }
        Date::parse(text, &Iso8601::DATE)
            .map(Self)
            .map_err(|_| wrong())
    }
}

impl Entry {
    /// The key of its table.
    pub fn key(&self) -> [&str; 3] {
        [ROOT, &self.index, self.label.as_str()]
    }

    /// One of which nothing is known but where it may be.
    pub fn unknown(label: &Label, index: &str, store: StoreKind) -> Self {
        Self {
            label: label.clone(),
            registry: None,
            index: index.to_owned(),
            operations: Vec::new(),
            crates: Vec::new(),
            store,
            scheme: Scheme::Raw,
            created: None,
            expires: None,
        }
    }

    /// What stands in its table; `None` where a setting is left out.
    pub fn settings(&self) -> Vec<(&'static str, Option<Node>)> {
        let text = |text: String| Some(Node::Text(text));
        let list = |mut words: Vec<String>| {
            // Said twice is said once.
            let all = words.clone();
            let mut index = 0;
            words.retain(|word| {
                index += 1;
                !all[..index - 1].contains(word)
            });
            (!words.is_empty()).then(|| {
                Node::List(
                    words
                        .into_iter()
                        .map(|word| TreeEntry {
                            node: Node::Text(word),
                            line: 0,
                        })
                        .collect(),
                )
            })
        };
        let operations = self.operations.iter().map(|operation| operation.name());
        vec![
            ("registry", self.registry.clone().map(Node::Text)),
            (
                "operations",
                list(operations.map(ToOwned::to_owned).collect()),
            ),
            (
                "crates",
                list(self.crates.iter().map(ToString::to_string).collect()),
            ),
            ("store", text(self.store.name().to_owned())),
            ("scheme", text(self.scheme.name().to_owned())),
            (
                "created",
                self.created.and_then(|day| text(day.to_string())),
            ),
            (
                "expires",
                self.expires.and_then(|day| text(day.to_string())),
            ),
        ]
    }

    /// The command that stores its successor, for what it was for.
    pub fn renewal(&self) -> String {
        let index = || IndexUrl::shown(&self.index);
        let registry = self.registry.clone().unwrap_or_else(index);
        let mut command = format!("login {registry} --label {}", self.label);
        if !self.operations.is_empty() {
            let names: Vec<&str> = self.operations.iter().map(|one| one.name()).collect();
            command += &format!(" --operations {}", names.join(","));
        }
        if !self.crates.is_empty() {
            let crates: Vec<String> = self.crates.iter().map(ToString::to_string).collect();
            // A shell would take the star for itself.
            command += &format!(" --crates '{}'", crates.join(","));
        }
        if let Some(expires) = self.expires {
            // As long as this one was meant to be good.
            let days = self
                .created
                .map(|created| (expires.0 - created.0).whole_days());
            let days = days.filter(|days| *days > 0).unwrap_or(USUAL_DAYS);
            command += &format!(" --expires {days}d");
        }
        command
    }

    /// What its table says.
    pub fn read(index: &str, label: &Label, table: &Table, at: &Place) -> Result<Self> {
        let malformed = |what: &str| {
            Error::malformed(format!("the ledger has {what} for the token `{label}`"))
                .at(at.clone())
                .hint(format!(
                    "`token remove {label}` takes it away; then log in again"
                ))
        };
        let text = |key: &str| match table.get(key).map(|entry| &entry.node) {
            None => Ok(None),
            Some(Node::Text(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(malformed(&format!("a `{key}` that is no text"))),
        };
        let words = |key: &str| match table.get(key).map(|entry| &entry.node) {
            None => Ok(Vec::new()),
            Some(Node::List(list)) => list
                .iter()
                .map(|entry| match &entry.node {
                    Node::Text(text) => Ok(text.as_str()),
                    _ => Err(malformed(&format!("`{key}` that are no texts"))),
                })
                .collect(),
            Some(_) => Err(malformed(&format!("`{key}` that are no list"))),
        };
        let day = |key: &str| match text(key)? {
            None => Ok(None),
            Some(text) => text
                .parse()
                .map(Some)
                .map_err(|_| malformed(&format!("no date in `{key}`"))),
        };
        let operation = |name: &&str| {
            OperationKind::named(name).ok_or_else(|| malformed("an unknown operation"))
        };
        Ok(Self {
            label: label.clone(),
            registry: text("registry")?.map(ToOwned::to_owned),
            index: index.to_owned(),
            operations: words("operations")?
                .iter()
                .map(operation)
                .collect::<Result<_>>()?,
            crates: words("crates")?
                .iter()
                .map(|text| text.parse().map_err(|_| malformed("a wrong pattern")))
                .collect::<Result<_>>()?,
            store: text("store")?
                .and_then(StoreKind::named)
                .ok_or_else(|| malformed("no known `store`"))?,
            scheme: match text("scheme")? {
                None => Scheme::Raw,
                Some(name) => Scheme::named(name).ok_or_else(|| malformed("an unknown scheme"))?,
            },
            created: day("created")?,
            expires: day("expires")?,
        })
    }
}

/// What a ledger says.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Its tokens, by index and label.
    pub entries: Vec<Entry>,
    /// What stands where a token does, and is none.
    pub broken: Vec<Broken>,
}

impl Ledger {
    /// Leaves what is of one index.
    pub fn keep_index(&mut self, index: &str) {
        self.entries.retain(|entry| entry.index == index);
        self.broken.retain(|broken| broken.index == index);
    }
}

/// A table that does not say what a token is for.
#[derive(Debug, Clone)]
pub struct Broken {
    /// The index that it is under.
    pub index: String,
    /// Its token. Without one it is nothing that credsh ever wrote, and hides no token.
    pub label: Option<Label>,
    /// What is wrong with it.
    pub error: Error,
}

/// What `tokens` says, the outermost table of a ledger, if it has any. What is wrong with one token is of no concern to
/// the others.
pub fn read(file: &Path, tokens: Option<&TreeEntry>) -> Result<Ledger> {
    let mut ledger = Ledger::default();
    let at = |line| Place::line(file, line);
    let malformed = |line| {
        Error::malformed("the ledger has something that is no table of a token")
            .at(at(line))
            .hint("mend that table, or remove it and log in again")
    };
    let Some(tokens) = tokens else {
        return Ok(ledger);
    };
    let indexes = tokens
        .node
        .as_table()
        .ok_or_else(|| malformed(tokens.line))?;
    for (index, labels) in indexes {
        let broken = |label, error| Broken {
            index: index.clone(),
            label,
            error,
        };
        let Some(labels_of) = labels.node.as_table() else {
            ledger.broken.push(broken(None, malformed(labels.line)));
            continue;
        };
        for (label, entry) in labels_of {
            let label = match label.parse::<Label>() {
                Ok(label) => label,
                Err(why) => {
                    ledger
                        .broken
                        .push(broken(None, no_label(&why, at(entry.line))));
                    continue;
                }
            };
            let table = entry.node.as_table().ok_or_else(|| malformed(entry.line));
            match table.and_then(|table| Entry::read(index, &label, table, &at(entry.line))) {
                Ok(entry) => ledger.entries.push(entry),
                Err(error) => ledger.broken.push(broken(Some(label), error)),
            }
        }
    }
    Ok(ledger)
}

/// No command takes such a word.
fn no_label(why: &Error, at: Place) -> Error {
    Error::malformed("the ledger has a table whose label is none")
        .because(why.message())
        .at(at)
        .hint("take that table out of the file, or give it a right label, in an editor")
}

/// A ledger that is no TOML: no file of Cargo's.
pub fn damaged(error: Error) -> Error {
    if error.kind() == Kind::Malformed {
        error.hint("mend that line: this file says what each of credsh's own tokens is for")
    } else {
        error
    }
}

/// The tokens of one index, read from the disk without looking at those of others closer than needed.
pub fn of_index(home: &Path, index: &str) -> Result<Ledger> {
    let file = file(home);
    let Some(text) = replace::read(&file)? else {
        return Ok(Ledger::default());
    };
    let own = tables_of(&text, index);
    // The lines of a part are not those of the file: what is wrong is looked for in the whole.
    let mut ledger = match own.map(|own| parse(&file, &own)) {
        Some(Ok(ledger)) if !ledger.entries.is_empty() && ledger.broken.is_empty() => ledger,
        // Nothing found is nothing proved: a file that is damaged has no tables either.
        _ => parse(&file, &text)?,
    };
    ledger.keep_index(index);
    Ok(ledger)
}

/// All tokens of a home, read from the disk.
pub fn of_home(home: &Path) -> Result<Ledger> {
    let file = file(home);
    let text = replace::read(&file)?.unwrap_or_default();
    parse(&file, &text)
}

fn parse(file: &Path, text: &str) -> Result<Ledger> {
    let tree = tree::parse(file, text).map_err(damaged)?;
    read(file, tree.get(ROOT))
}

/// The tables of one index, where the file is as credsh writes it: every table named in full.
fn tables_of(text: &str, index: &str) -> Option<String> {
    // A text of several lines may have lines that look like headers.
    if text.contains("\"\"\"") || text.contains("'''") {
        return None;
    }
    let is_blank = |line: &str| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#')
    };
    let mut own = String::new();
    let (mut has_begun, mut is_own) = (false, false);
    for line in text.split_inclusive('\n') {
        if let Some(header) = line.strip_prefix('[') {
            let rest = header.strip_prefix(ROOT)?.strip_prefix(".\"")?;
            let (other, label) = rest.split_once("\".")?;
            let label = label.trim_end().strip_suffix(']')?;
            label.parse::<Label>().ok()?;
            is_own = other == index;
            has_begun = true;
        } else if line.trim_start().starts_with('[') || (!has_begun && !is_blank(line)) {
            return None;
        }
        if is_own {
            own.push_str(line);
        }
    }
    Some(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_one_index_are_found_without_reading_the_others() {
        let text = "# mine\n[tokens.\"a/\".x]\nstore = \"sealed\"\n\n[tokens.\"b/\".y]\nstore = \"keyring\"\n";
        assert_eq!(
            tables_of(text, "a/").as_deref(),
            Some("[tokens.\"a/\".x]\nstore = \"sealed\"\n\n")
        );
        assert_eq!(tables_of(text, "c/").as_deref(), Some(""));
        // In any other form the whole is read.
        assert_eq!(tables_of("[tokens]\n", "a/"), None);
        assert_eq!(tables_of("[tokens.'a/'.x]\n", "a/"), None);
    }
}
