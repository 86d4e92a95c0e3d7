//! What came of a command, and of many, from the moment that it was performed until it is told.

use serde_json::{Value as Json, json};

use super::merge;
use super::report::Report;
use crate::commands::Outcome;
use crate::error::Error;
use crate::render::Block;
use crate::session::overlay::Savepoint;
use crate::session::{Flags, Unfinished};

/// What came of many commands before their changes were committed.
pub(super) struct Ran {
    /// The first exit status that is not 0, of what has told all that it had to tell.
    pub(super) status: u8,
    /// What they have still to say.
    pub(super) waiting: Vec<Waiting>,
    /// Whether one of them was to change something.
    pub(super) has_changed: bool,
}

/// A command that was performed.
pub struct Performed {
    pub(super) outcome: Outcome,
    pub(super) ran: Option<Ran>,
    pub(super) report: Option<Report>,
    pub(super) flags: Flags,
    /// How far the transaction had come with it.
    pub(super) reached: Savepoint,
    /// Whether that has been rolled back since: it is told as it was, and what is done later is none of it.
    pub(super) is_undone: bool,
}

/// Something that is told at the end of a batch.
pub(super) enum Waiting {
    /// An answer that is shown then.
    Shown(Performed),
    /// One that a script has, and may not have looked into.
    Called(Performed),
    Document(Json),
}

impl Waiting {
    fn as_shown(&self) -> Option<&Performed> {
        match self {
            Self::Shown(performed) => Some(performed),
            Self::Called(_) | Self::Document(_) => None,
        }
    }

    fn json(&self) -> Option<Json> {
        match self {
            Self::Shown(performed) => Some(performed.json()),
            Self::Called(_) => None,
            Self::Document(document) => Some(document.clone()),
        }
    }

    pub(super) fn status_of_call(&self) -> u8 {
        match self {
            Self::Called(performed) => performed.status(),
            Self::Shown(_) | Self::Document(_) => 0,
        }
    }

    fn failures(&self, is_shown: bool) -> Vec<Error> {
        match self {
            Self::Shown(performed) => performed.failures(is_shown),
            Self::Called(performed) => performed.failures(false),
            Self::Document(_) => Vec::new(),
        }
    }
}

/// Tells those who wait what was not done, and takes away what they tell themselves. Nobody sees the answer to a call.
pub(super) fn settle(waiting: &mut [Waiting], unfinished: &mut Vec<Unfinished>) {
    for waiting in waiting {
        if let Waiting::Shown(performed) = waiting {
            performed.settle(unfinished);
        }
    }
}

/// The first that is not 0.
pub(super) fn first_status(mut all: impl Iterator<Item = u8>) -> u8 {
    all.find(|status| *status != 0).unwrap_or_default()
}

impl Ran {
    /// The first exit status that is not 0. A later answer may know more than it did when its command had run.
    pub(super) fn status(&self) -> u8 {
        let shown = self.waiting.iter().filter_map(Waiting::as_shown);
        first_status(std::iter::once(self.status).chain(shown.map(Performed::status)))
    }

    pub(super) fn blocks(&self) -> Vec<Block> {
        let shown = self.waiting.iter().filter_map(Waiting::as_shown);
        shown.flat_map(Performed::blocks).collect()
    }

    pub(super) fn json(&self) -> Json {
        let results: Vec<Json> = self.waiting.iter().filter_map(Waiting::json).collect();
        json!({ "results": results })
    }

    /// What is left, and is in no answer that is shown; `is_shown`, whether those of this file are.
    pub(super) fn failures(&self, is_shown: bool) -> Vec<Error> {
        let waiting = self.waiting.iter();
        waiting
            .flat_map(|waiting| waiting.failures(is_shown))
            .collect()
    }
}

impl Performed {
    /// Whether it was a plan within what is none.
    pub(super) fn is_own_plan(&self, outer: Flags) -> bool {
        self.outcome.is_change && self.flags.is_plan() && !outer.is_plan()
    }

    /// Whether there is nothing to tell but what has changed.
    pub(super) fn has_no_answer(&self) -> bool {
        let ran = self.ran.as_ref();
        self.outcome.answer.is_none() && ran.is_none_or(|ran| ran.waiting.is_empty())
    }

    /// Its exit status, as far as its answer decides it.
    pub(super) fn status(&self) -> u8 {
        match (&self.outcome.answer, &self.ran) {
            (Some(answer), _) => answer.exit_status(),
            (None, Some(ran)) => ran.status(),
            (None, None) => 0,
        }
    }

    pub(super) fn settle(&mut self, unfinished: &mut Vec<Unfinished>) {
        if self.is_undone {
            return;
        }
        if let Some(answer) = &mut self.outcome.answer {
            answer.settle(unfinished);
        }
        if let Some(ran) = &mut self.ran {
            settle(&mut ran.waiting, unfinished);
        }
    }

    /// What is left, and is in no answer that is shown; `is_shown`, whether its own is.
    pub(super) fn failures(&self, is_shown: bool) -> Vec<Error> {
        let answer = self.outcome.answer.as_ref().filter(|_| !is_shown);
        let mut failures = answer.map(|answer| answer.failures()).unwrap_or_default();
        failures.extend(self.ran.iter().flat_map(|ran| ran.failures(is_shown)));
        failures
    }

    /// What its answer shows.
    pub(super) fn blocks(&self) -> Vec<Block> {
        match (&self.outcome.answer, &self.ran) {
            (Some(answer), _) => answer.blocks(),
            (None, Some(ran)) => ran.blocks(),
            (None, None) => Vec::new(),
        }
    }

    /// The same, and its changes, unless they are told later.
    pub(super) fn all_blocks(&self, is_told_later: bool) -> Vec<Block> {
        let mut blocks = self.blocks();
        let has_changed = self.ran.as_ref().is_none_or(|ran| ran.has_changed);
        if let Some(report) = &self.report
            && !is_told_later
            && has_changed
        {
            blocks.extend(report.blocks(self.flags));
        }
        blocks
    }

    /// What `--json` prints, and what a script gets.
    pub fn json(&self) -> Json {
        let mut document = match (&self.outcome.answer, &self.ran) {
            (Some(answer), _) => answer.json(),
            (None, Some(ran)) => ran.json(),
            (None, None) => json!({}),
        };
        if let Some(report) = &self.report {
            merge(&mut document, report.json());
        }
        document
    }
}
