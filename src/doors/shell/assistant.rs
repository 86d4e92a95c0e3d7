//! What helps while a line is typed: Tab, hints, colours, and whether Enter ends it.
//!
//! Invariant: nothing here starts a program, asks anybody or fails.

use std::borrow::Cow;

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter, HistoryHinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::unit::{Language, goes_on, language, pieces};
use crate::doors::complete::{Names, complete, missing};
use crate::render::{Role, paint};

/// What helps while typing.
pub(super) struct Assistant {
    /// The table, and the words that only a terminal has.
    tree: clap::Command,
    /// What there is to name, now.
    pub(super) names: Names,
    history: HistoryHinter,
    color: bool,
}

impl Assistant {
    pub(super) fn new(tree: clap::Command, color: bool) -> Self {
        Self {
            tree,
            names: Names::default(),
            history: HistoryHinter::new(),
            color,
        }
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
        let (start, candidates) = complete(&self.tree, &self.names, line, cursor);
        let is_only_one = candidates.len() == 1;
        let is_at_end = line.get(cursor..).unwrap_or_default().is_empty();
        let pairs = candidates.into_iter().map(|candidate| {
            // After a source's kind and after a folder the word goes on.
            let goes_on = candidate
                .text
                .trim_end_matches('\'')
                .ends_with([':', '/', '=']);
            let space = if is_only_one && is_at_end && !goes_on {
                " "
            } else {
                ""
            };
            Pair {
                replacement: format!("{}{space}", candidate.text),
                display: candidate.text,
            }
        });
        Ok((start, pairs.collect()))
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
        // Without colour it would look as if it had been typed.
        if !self.color || line.trim().is_empty() || cursor < line.len() {
            return None;
        }
        let earlier = self.history.hint(line, cursor, context);
        // A block of several lines would cover the screen.
        if let Some(shown) = earlier.filter(|shown| !shown.contains('\n')) {
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
    fn highlight<'l>(&self, line: &'l str, _cursor: usize) -> Cow<'l, str> {
        if !self.color || language(&self.tree, line) == Language::Rhai {
            return Cow::Borrowed(line);
        }
        Cow::Owned(highlighted(&self.tree, line))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(paint(Role::Faint, hint, self.color))
    }

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        self.color
    }
}

/// A line with its commands and options painted; a first word that is no command is red.
fn highlighted(tree: &clap::Command, line: &str) -> String {
    let mut shown = String::new();
    let mut command = Some(tree);
    let mut is_first = true;
    for piece in line.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let child = command.and_then(|command| command.find_subcommand(word));
        let role = if word.starts_with('-') {
            Role::Label
        } else if child.is_some() {
            Role::Name
        } else if is_first && piece.len() > word.len() {
            Role::Bad
        } else {
            Role::Plain
        };
        if !word.is_empty() {
            is_first = false;
            if !word.starts_with('-') {
                command = child;
            }
        }
        shown.push_str(&paint(role, word, true));
        shown.push_str(&piece[word.len()..]);
    }
    shown
}

impl Validator for Assistant {
    /// An open quote or bracket, or a backslash at the end, goes on in the next line; two empty lines end it.
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let text = context.input();
        let is_given_up = text.ends_with("\n\n");
        let last = pieces(&self.tree, text).pop();
        let goes_on = last.is_some_and(|piece| goes_on(&self.tree, &piece));
        Ok(if goes_on && !is_given_up {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}
