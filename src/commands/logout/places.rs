//! What became of each place where a token may have been, and how that is told.

use serde::Serialize;
use serde_json::Value as Json;

use crate::cargo::config::{ItemKey, item_key};
use crate::commands::{Answer, document};
use crate::error::{Error, Kind as ErrorKind, Place, Result, in_turn};
use crate::render::{Block, Role, Span};
use crate::session::{Left, Unfinished};

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceOutcome {
    /// There was a token, and now there is none.
    Removed,
    /// There was none.
    Absent,
    /// It is locked, so nobody knows.
    Locked,
    /// There is one still, and credsh cannot remove it.
    Kept,
    /// It did not work.
    Failed,
}

/// What became of one place.
#[derive(Debug, Clone, Serialize)]
pub struct Fate {
    /// How it ended.
    pub outcome: PlaceOutcome,
    detail: Option<String>,
    /// What to do about it.
    #[serde(skip)]
    hint: Option<String>,
    /// Why it is not as it was meant to be.
    #[serde(skip)]
    kind: Option<ErrorKind>,
    /// Whether Cargo does not look there, so that what is kept is none of its tokens.
    #[serde(skip)]
    is_aside: bool,
}

impl From<PlaceOutcome> for Fate {
    fn from(outcome: PlaceOutcome) -> Self {
        Self {
            outcome,
            detail: None,
            hint: None,
            kind: None,
            is_aside: false,
        }
    }
}

impl Fate {
    /// One that needs a word.
    pub fn told(outcome: PlaceOutcome, detail: impl Into<String>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..outcome.into()
        }
    }

    /// One that is not as it was meant to be.
    pub fn not_done(outcome: PlaceOutcome, error: &Error) -> Self {
        Self {
            outcome,
            detail: Some(error.to_string()),
            hint: error.next_step().map(ToOwned::to_owned),
            kind: Some(error.kind()),
            is_aside: false,
        }
    }

    /// A token that stays, and that Cargo does not ask for.
    pub fn aside(detail: impl Into<String>) -> Self {
        Self {
            is_aside: true,
            ..Self::told(PlaceOutcome::Kept, detail)
        }
    }

    /// The same where Cargo does not look: a token that is kept is of no concern.
    #[must_use]
    pub fn set_aside(self) -> Self {
        match (self.outcome, self.detail) {
            (PlaceOutcome::Kept, Some(detail)) => {
                Self::aside(format!("Cargo does not read it here; {detail}"))
            }
            (_, detail) => Self { detail, ..self },
        }
    }

    /// Whether it is of no concern that a token is left.
    pub fn is_aside(&self) -> bool {
        self.is_aside
    }

    /// Whether a token may be left there that was to go.
    fn is_not_done(&self) -> bool {
        matches!(self.outcome, PlaceOutcome::Locked | PlaceOutcome::Failed)
    }

    /// What to do about it afterwards, where it is not as it was meant to be.
    pub fn advise(&mut self, next: &str) {
        if self.is_not_done() {
            self.hint = Some(in_turn(self.hint.as_deref(), next));
        }
    }

    /// The word that was needed.
    pub fn detail(self) -> Option<String> {
        self.detail
    }
}

/// A place where a token may be.
#[derive(Debug, Clone, Serialize)]
pub struct LogoutPlace {
    /// Of which registry.
    pub registry: String,
    /// Whose place it is.
    pub provider: String,
    /// Where.
    pub place: Option<Place>,
    /// What became of it.
    #[serde(flatten)]
    pub fate: Fate,
    /// Where it is no file: what the commit will call it.
    #[serde(skip)]
    pub item: Option<ItemKey>,
}

/// All the places that were looked at.
#[derive(Debug, Serialize)]
pub struct Places {
    /// The registry, if it was one.
    pub registry: Option<String>,
    /// Each.
    pub places: Vec<LogoutPlace>,
    /// Whether the registry itself goes: a token that is kept does not count then.
    #[serde(skip)]
    pub is_removal: bool,
}

impl LogoutPlace {
    /// The error of one that cannot be logged out of, where afterwards nobody could either.
    pub fn check(&self) -> Result<()> {
        if !self.fate.is_not_done() {
            return Ok(());
        }
        let kind = self.fate.kind.unwrap_or(ErrorKind::Unavailable);
        let (provider, registry) = (&self.provider, &self.registry);
        let error = Error::new(
            kind,
            format!("whether `{provider}` has a token for `{registry}` is not known"),
        );
        Err(self.fate.detail.iter().fold(error, Error::because))
    }
}

impl PlaceOutcome {
    fn word(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Absent => "absent",
            Self::Locked => "locked",
            Self::Kept => "kept",
            Self::Failed => "failed",
        }
    }
}

impl Places {
    /// Those that may still have a token.
    fn left(&self) -> impl Iterator<Item = &LogoutPlace> {
        let is_left = |place: &&LogoutPlace| match place.fate.outcome {
            PlaceOutcome::Removed | PlaceOutcome::Absent => false,
            PlaceOutcome::Locked | PlaceOutcome::Failed => true,
            PlaceOutcome::Kept => !self.is_removal && !place.fate.is_aside,
        };
        self.places.iter().filter(is_left)
    }

    /// The words that were needed, in lines of their own, because a table would shorten them; once for all
    /// registries that they are the same for.
    fn details(&self) -> Vec<String> {
        let mut details: Vec<(&str, &str, Vec<&str>)> = Vec::new();
        for place in &self.places {
            let Some(detail) = place.fate.detail.as_deref() else {
                continue;
            };
            let word = place.fate.outcome.word();
            let same = details
                .iter_mut()
                .find(|(outcome, known, _)| (*outcome, *known) == (word, detail));
            match same {
                Some((.., registries)) if registries.contains(&place.registry.as_str()) => {}
                Some((.., registries)) => registries.push(&place.registry),
                None => details.push((word, detail, vec![&place.registry])),
            }
        }
        details
            .into_iter()
            .map(|(word, detail, registries)| {
                format!("{word} for {}: {detail}", registries.join(", "))
            })
            .collect()
    }
}

impl Answer for Places {
    fn json(&self) -> Json {
        document(self)
    }

    fn settle(&mut self, unfinished: &mut Vec<Unfinished>) {
        unfinished.retain(|unfinished| {
            let change = &unfinished.change;
            let key = item_key(&change.provider, &change.registry);
            let is_it = |place: &&mut LogoutPlace| place.item.as_ref() == Some(&key);
            let Some(place) = self.places.iter_mut().find(is_it) else {
                return true;
            };
            let outcome = match unfinished.left {
                Left::Kept => PlaceOutcome::Kept,
                Left::Locked => PlaceOutcome::Locked,
                Left::Failed => PlaceOutcome::Failed,
            };
            place.fate = Fate::not_done(outcome, &unfinished.error);
            false
        });
    }

    fn blocks(&self) -> Vec<Block> {
        let rows = self.places.iter().map(|place| {
            let role = match place.fate.outcome {
                PlaceOutcome::Removed => Role::Good,
                PlaceOutcome::Absent => Role::Faint,
                PlaceOutcome::Kept => Role::Doubtful,
                PlaceOutcome::Locked | PlaceOutcome::Failed => Role::Bad,
            };
            let at = place
                .place
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
            vec![
                Span::new(Role::Name, place.registry.clone()),
                Span::plain(place.provider.clone()),
                Span::new(role, place.fate.outcome.word()),
                Span::plain(at),
            ]
        });
        let mut blocks = vec![Block::Table {
            head: vec!["registry", "provider", "outcome", "place"],
            rows: rows.collect(),
            elastic: 3,
        }];
        blocks.extend(self.details().into_iter().map(Block::line));
        let mut hints: Vec<&String> = Vec::new();
        for hint in self
            .places
            .iter()
            .filter_map(|place| place.fate.hint.as_ref())
        {
            if !hints.contains(&hint) {
                hints.push(hint);
                blocks.push(Block::line(format!("hint: {hint}")));
            }
        }
        blocks
    }

    fn failures(&self) -> Vec<Error> {
        let failure = |place: &LogoutPlace| {
            let kind = place.fate.kind.unwrap_or(ErrorKind::Failed);
            let is = match place.fate.outcome {
                PlaceOutcome::Kept => "is",
                _ => "may be",
            };
            let LogoutPlace {
                registry, provider, ..
            } = place;
            let told = format!("a token of `{registry}` {is} left in `{provider}`");
            let failure = Error::new(kind, told).maybe_hint(place.fate.hint.clone());
            match &place.fate.detail {
                Some(detail) => failure.because(detail),
                None => failure,
            }
        };
        self.left().map(failure).collect()
    }

    /// 0 if Cargo would find no token any more.
    fn exit_status(&self) -> u8 {
        let any = |kind| self.left().any(|place| place.fate.kind == Some(kind));
        let weightiest = [ErrorKind::Interrupted, ErrorKind::Unavailable]
            .into_iter()
            .find(|kind| any(*kind));
        match weightiest {
            Some(kind) => kind.exit_status(),
            None if self.left().next().is_some() => ErrorKind::Failed.exit_status(),
            None => 0,
        }
    }
}
