//! What helps while a line is typed: Tab, hints, colours, and whether Enter ends it.
//!
//! Invariant: nothing here starts a program, asks anybody or fails.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter, HistoryHinter};
use rustyline::history::SearchDirection;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Context, Helper};

use super::history::Hidden;
use super::paint::painted;
use crate::doors::complete::{Candidate, Names, complete, missing};
use crate::doors::language::{self, Language, goes_on, pieces};
use crate::render::{Role, cut, pad, paint, width};

/// Between a candidate and what it is.
const GAP: &str = "  ";

/// The editor counts them in 16 bits; nobody reads that many.
const MOST: usize = u16::MAX as usize;

/// What helps while typing.
pub(super) struct Assistant {
    /// The table, and the words that only a terminal has.
    tree: clap::Command,
    /// What there is to name, now.
    pub(super) names: Names,
    /// The columns of the terminal, now.
    pub(super) columns: usize,
    history: HistoryHinter,
    /// What is no hint.
    hidden: Hidden,
    /// Whether the line is one of the history as it stands there.
    pub(super) is_recalled: Arc<AtomicBool>,
    /// Whether the line is shown for the last time.
    is_final: Cell<bool>,
    color: bool,
}

impl Assistant {
    pub(super) fn new(tree: clap::Command, hidden: Hidden, color: bool) -> Self {
        Self {
            tree,
            names: Names::default(),
            columns: 80,
            history: HistoryHinter::new(),
            hidden,
            is_recalled: Arc::default(),
            is_final: Cell::new(false),
            color,
        }
    }

    /// An open quote or bracket, or a backslash at the end, goes on in the next line; two empty lines end it.
    pub(super) fn goes_on(&self, text: &str) -> bool {
        let is_given_up = text.ends_with("\n\n");
        let last = pieces(&self.tree, text).pop();
        !is_given_up && last.is_some_and(|piece| goes_on(&self.tree, &piece))
    }
}

impl Helper for Assistant {}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, mut candidates) = complete(&self.tree, &self.names, line, cursor);
        candidates.truncate(MOST);
        let is_at_end = line.get(cursor..).unwrap_or_default().is_empty();
        let is_script = language::of(&self.tree, line) == Language::Rhai && !is_one_word(line);
        if let ([only], true, false) = (candidates.as_mut_slice(), is_at_end, is_script) {
            // After a source's kind, a folder and a function the word goes on.
            let goes_on = only
                .text
                .trim_end_matches('\'')
                .ends_with([':', '/', '=', '(']);
            if !goes_on {
                only.text.push(' ');
            }
        }
        let texts = candidates.iter().map(|candidate| width(&candidate.text));
        let widest = texts.max().unwrap_or_default();
        let pair = |candidate: Candidate| Pair {
            display: display(&candidate, widest, self.columns),
            replacement: candidate.text,
        };
        Ok((start, candidates.into_iter().map(pair).collect()))
    }
}

/// A first word may become a command still.
fn is_one_word(line: &str) -> bool {
    !line
        .trim_start()
        .contains(|c: char| !c.is_alphanumeric() && c != '-')
}

/// A candidate and what it is, in one line of the terminal.
fn display(candidate: &Candidate, widest: usize, columns: usize) -> String {
    match &candidate.about {
        None => candidate.text.clone(),
        Some(about) => {
            let text = format!("{}{GAP}{about}", pad(&candidate.text, widest));
            cut(&text, columns.saturating_sub(GAP.len()))
        }
    }
}

/// What is shown behind the cursor.
pub(super) struct Suggestion {
    shown: String,
    /// The rest of a line of the history can be taken over; the names of arguments cannot.
    is_text: bool,
}

impl Hint for Suggestion {
    fn display(&self) -> &str {
        &self.shown
    }

    fn completion(&self) -> Option<&str> {
        self.is_text.then_some(&self.shown)
    }
}

impl Hinter for Assistant {
    type Hint = Suggestion;

    fn hint(&self, line: &str, cursor: usize, context: &Context<'_>) -> Option<Suggestion> {
        let index = context.history_index();
        let same = context.history().get(index, SearchDirection::Reverse);
        let is_recalled = same.is_ok_and(|found| found.is_some_and(|found| found.entry == line));
        self.is_recalled.store(is_recalled, Ordering::Relaxed);
        // Without colour it would look as if it had been typed.
        if !self.color || line.trim().is_empty() || cursor < line.len() {
            return None;
        }
        let earlier = self.history.hint(line, cursor, context);
        // A block of several lines would cover the screen.
        if let Some(shown) = earlier
            .filter(|shown| !shown.contains('\n') && !self.hidden.has(&format!("{line}{shown}")))
        {
            return Some(Suggestion {
                shown,
                is_text: true,
            });
        }
        let shown = missing(&self.tree, line)?;
        Some(Suggestion {
            shown,
            is_text: false,
        })
    }
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, cursor: usize) -> Cow<'l, str> {
        if !self.color {
            return Cow::Borrowed(line);
        }
        let cursor = (!self.is_final.get()).then_some(cursor);
        Cow::Owned(painted(&self.tree, &self.names, line, cursor))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(paint(Role::Faint, hint, self.color))
    }

    fn highlight_candidate<'c>(&self, shown: &'c str, _: CompletionType) -> Cow<'c, str> {
        match shown.split_once(GAP) {
            Some((text, about)) => {
                let about = paint(Role::Faint, about, self.color);
                Cow::Owned(format!("{text}{GAP}{about}"))
            }
            None => Cow::Borrowed(shown),
        }
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        self.is_final.set(kind == CmdKind::ForcedRefresh);
        self.color
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if self.goes_on(context.input()) {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}
