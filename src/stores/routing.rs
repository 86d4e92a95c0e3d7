//! Which token serves a request: the most specific one whose rules allow it.
//!
//! An exact crate before a pattern, a longer pattern before a shorter one, then a token that names its
//! operations before one that serves all. Invariant: two tokens of one index never tie; the second is refused
//! when it is stored, and where a ledger has both all the same, neither is given.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::StoreKind;
use super::ledger::{Broken, Day, Entry};
use crate::cargo::providers::{Operation, OperationKind};
use crate::error::{Error, Kind, Result, list};
use crate::token::Token;

/// Crates by name: one, or all whose name begins so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// This crate.
    Exact(String),
    /// Every crate whose name begins so.
    Prefix(String),
}

impl Pattern {
    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == name,
            Self::Prefix(prefix) => name.starts_with(prefix),
        }
    }

    /// Whether all that the other fits, this one fits, too.
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(one), Self::Exact(other)) => one == other,
            (Self::Exact(_), Self::Prefix(_)) => false,
            (Self::Prefix(prefix), Self::Exact(name) | Self::Prefix(name)) => {
                name.starts_with(prefix)
            }
        }
    }

    /// An exact name is more than any beginning, and a long one more than a short one.
    fn weight(&self) -> usize {
        match self {
            Self::Exact(_) => usize::MAX,
            Self::Prefix(prefix) => prefix.len() + 1,
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Prefix(prefix) => write!(f, "{prefix}*"),
        }
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Pattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, is_prefix) = match text.strip_suffix('*') {
            Some(prefix) => (prefix, true),
            None => (text, false),
        };
        let is_allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        if (name.is_empty() && !is_prefix) || !name.chars().all(is_allowed) {
            return Err(Error::usage(
                "this is neither the name of a crate nor the beginning of one",
            )
            .hint("write `serde`, or `serde*` for all that begin so"));
        }
        Ok(if is_prefix {
            Self::Prefix(name.to_owned())
        } else {
            Self::Exact(name.to_owned())
        })
    }
}

/// How closely a token fits: the crate first, then the operation.
type Fit = (usize, bool);

/// How closely a token fits a request; `None` where it may not serve it.
fn fit(entry: &Entry, operation: &Operation) -> Option<Fit> {
    let names_operation = !entry.operations.is_empty();
    if names_operation && !entry.operations.contains(&operation.action) {
        return None;
    }
    if entry.crates.is_empty() {
        return Some((0, names_operation));
    }
    let name = operation.crate_name.as_deref()?;
    let best = entry
        .crates
        .iter()
        .filter(|pattern| pattern.matches(name))
        .map(Pattern::weight)
        .max()?;
    Some((best, names_operation))
}

/// Of the tokens that may serve a request, the one that does first, two that fit it equally well: neither is to be chosen.
pub fn tied<'a>(candidates: &[&'a Entry], operation: &Operation) -> Option<[&'a Entry; 2]> {
    match candidates {
        [one, other, ..] if fit(one, operation) == fit(other, operation) => Some([one, other]),
        _ => None,
    }
}

/// The tokens that may serve a request, the one that does first.
pub fn candidates<'a>(entries: &'a [Entry], operation: &Operation) -> Vec<&'a Entry> {
    let mut fitting: Vec<(Fit, &Entry)> = entries
        .iter()
        .filter_map(|entry| Some((fit(entry, operation)?, entry)))
        .collect();
    fitting.sort_by(|(one, _), (other, _)| other.cmp(one));
    fitting.into_iter().map(|(_, entry)| entry).collect()
}

/// How credsh answers a request from what it keeps.
#[derive(Debug)]
pub struct Routed {
    /// The token, and what is known of it. `None` only where every store has answered, and none has one for this.
    pub found: Result<Option<(Entry, Token)>>,
    /// What else there is to say.
    pub warnings: Vec<String>,
}

/// How long Cargo may keep a token that it has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// Not beyond the request.
    Never,
    /// Until it ends.
    Session,
    /// To the end of this day.
    Until(Day),
}

impl Cache {
    /// A read's token may be kept as long as it is good, and is used for nothing else.
    pub fn of(entry: &Entry, operation: &Operation) -> Self {
        match entry.expires {
            _ if operation.action != OperationKind::Read => Self::Never,
            Some(day) => Self::Until(day),
            None => Self::Session,
        }
    }

    /// Its name in the protocol.
    pub fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Session => "session",
            Self::Until(_) => "expires",
        }
    }
}

/// Picks the token of one index that a request gets, and has its store give it.
pub fn route(
    entries: &[Entry],
    broken: Vec<Broken>,
    operation: &Operation,
    get: &mut dyn FnMut(&Entry) -> Result<Option<Token>>,
) -> Routed {
    let mut warnings = Vec::new();
    let found = found(entries, broken, operation, get, &mut warnings);
    Routed { found, warnings }
}

fn found(
    entries: &[Entry],
    broken: Vec<Broken>,
    operation: &Operation,
    get: &mut dyn FnMut(&Entry) -> Result<Option<Token>>,
    warnings: &mut Vec<String>,
) -> Result<Option<(Entry, Token)>> {
    let fitting = candidates(entries, operation);
    refuse_tied(&fitting, operation)?;
    let is_read = operation.action == OperationKind::Read;
    if is_read {
        warnings.extend(expired_for_later(entries));
    }
    // One whose table is broken may be the one that was meant: as if its store were down.
    let meant = broken.into_iter().find(|broken| broken.label.is_some());
    let mut trouble = meant.map(|broken| broken.error);
    let mut is_down: Vec<StoreKind> = Vec::new();
    for (index, entry) in fitting.iter().copied().enumerate() {
        if let Some(day) = entry.expires.filter(|day| day.is_over()) {
            return Err(Error::new(Kind::Rejected, expired(entry, day)));
        }
        // A build is not to get the power to publish because the store of its own token is down.
        if trouble.is_some() && is_read && entry.operations != [OperationKind::Read] {
            continue;
        }
        // Its time is up already, and Cargo waits.
        if is_down.contains(&entry.store) {
            continue;
        }
        refuse_tied(&fitting[index..], operation)?;
        match get(entry) {
            Ok(Some(token)) => return Ok(Some((entry.clone(), token))),
            Ok(None) => {
                let error = Error::failed(format!(
                    "the {} has nothing for the token `{}` any more",
                    entry.store.in_words(),
                    entry.label
                ))
                .hint("store it again, with `credsh login`");
                warnings.push(error.to_string());
                trouble = Some(error);
            }
            Err(error) => {
                warnings.push(format!("token `{}`: {error}", entry.label));
                is_down.push(entry.store);
                trouble = Some(error);
            }
        }
    }
    // Where a store could not say, Cargo must not go on as if there were no token.
    trouble.map_or(Ok(None), Err)
}

fn refuse_tied(candidates: &[&Entry], operation: &Operation) -> Result<()> {
    let Some([one, other]) = tied(candidates, operation) else {
        return Ok(());
    };
    Err(Error::failed(format!(
        "the tokens `{}` and `{}` fit this equally well, so neither is given",
        one.label, other.label
    ))
    .hint("say what each is for: `credsh token set`, or take one away: `credsh token remove`"))
}

/// A read goes well, and the publish that follows would not.
fn expired_for_later(entries: &[Entry]) -> impl Iterator<Item = String> {
    let is_for_later = |entry: &&Entry| {
        let reads = entry.operations.contains(&OperationKind::Read);
        (!entry.operations.is_empty() && !reads) || !entry.crates.is_empty()
    };
    entries.iter().filter(is_for_later).filter_map(|entry| {
        let day = entry.expires.filter(|day| day.is_over())?;
        Some(expired(entry, day))
    })
}

fn expired(entry: &Entry, day: Day) -> String {
    format!(
        "the token `{}` has expired on {day}; renew it: `credsh {}`",
        entry.label,
        entry.renewal()
    )
}

/// The rule by which a token may serve a request, in words.
pub fn rule(entry: &Entry, operation: &Operation) -> String {
    let by_crate = operation.crate_name.as_deref().and_then(|name| {
        let matching = entry.crates.iter().filter(|pattern| pattern.matches(name));
        matching.max_by_key(|pattern| pattern.weight())
    });
    in_words(entry, by_crate.as_slice())
}

/// All that a token may be used for, in words.
pub fn scope(entry: &Entry) -> String {
    let patterns: Vec<&Pattern> = entry.crates.iter().collect();
    in_words(entry, &patterns)
}

fn in_words(entry: &Entry, patterns: &[&Pattern]) -> String {
    let operations = if entry.operations.is_empty() {
        "every operation".to_owned()
    } else {
        let names: Vec<&str> = entry.operations.iter().map(|one| one.name()).collect();
        list(&names)
    };
    if patterns.is_empty() {
        return format!("serves {operations}");
    }
    let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
    format!("serves {operations} of crates {}", list(&patterns))
}

/// Whether a token, after a change, serves anything that it did not serve before.
pub fn is_wider(before: &Entry, after: &Entry) -> bool {
    let operations = !before.operations.is_empty()
        && (after.operations.is_empty()
            || !after
                .operations
                .iter()
                .all(|operation| before.operations.contains(operation)));
    let is_covered = |new: &Pattern| before.crates.iter().any(|had| had.covers(new));
    let crates = !before.crates.is_empty()
        && (after.crates.is_empty() || !after.crates.iter().all(is_covered));
    operations || crates
}

/// A request that two tokens would serve equally well, in words.
pub fn tie(one: &Entry, other: &Entry) -> Option<String> {
    if one.operations.is_empty() != other.operations.is_empty() {
        return None;
    }
    let patterns = |entry: &Entry| -> Vec<Option<Pattern>> {
        if entry.crates.is_empty() {
            vec![None]
        } else {
            entry.crates.iter().cloned().map(Some).collect()
        }
    };
    let both = |operation: &OperationKind| {
        let serves = |entry: &Entry| {
            (entry.operations.is_empty() || entry.operations.contains(operation))
                && (entry.crates.is_empty() || *operation != OperationKind::Read)
        };
        serves(one) && serves(other)
    };
    let operation = OperationKind::ALL
        .iter()
        .find(|operation| both(operation))?;
    // Two beginnings of one length that both fit a name are the same.
    let shared = patterns(one)
        .into_iter()
        .find(|pattern| patterns(other).contains(pattern))?;
    Some(match shared {
        Some(pattern) => format!("`{}` of crates `{pattern}`", operation.name()),
        None => format!("`{}`", operation.name()),
    })
}
