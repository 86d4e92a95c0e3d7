//! What a transaction has changed, or would: the one list behind `--dry-run`, `--check`, and what is told
//! after a commit.

use serde_json::{Value as Json, json};

use crate::commands::diff::item_span;
use crate::error::Result;
use crate::render::{Block, Role, Span};
use crate::session::change::{After, Change, FileChange, shown};
use crate::session::{Committed, Flags, Session, Unfinished};

/// The exit status of `--check` where something would change.
const WOULD_CHANGE: u8 = 2;

/// What a transaction has changed, or would.
#[derive(Debug, Default)]
pub(super) struct Report {
    changes: Vec<Change>,
    committed: bool,
    /// What a provider did not do, and no answer tells.
    pub(super) unfinished: Vec<Unfinished>,
    /// The exit status of the first thing that was not done.
    failure: Option<u8>,
}

impl Report {
    /// Of a transaction that goes on.
    pub(super) fn pending(changes: Vec<Change>) -> Self {
        Self {
            changes,
            ..Self::default()
        }
    }

    /// Of one that is to end now. Where all that is done here is a plan, so is what it was about.
    pub(super) fn of_commit(session: &mut Session, outer: Flags) -> Result<Self> {
        let is_plan = session.flags.is_plan();
        let Committed {
            changes,
            unfinished,
        } = session.commit()?;
        if outer.is_plan() {
            session.roll_back_all();
        }
        if let (Some(recording), false) = (&mut session.recording, is_plan) {
            recording.note_changes(&changes);
        }
        Ok(Self {
            changes,
            committed: !is_plan,
            failure: unfinished
                .first()
                .map(|first| first.error.kind().exit_status()),
            unfinished,
        })
    }

    fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub(super) fn status(&self, flags: Flags) -> u8 {
        if let Some(failure) = self.failure {
            failure
        } else if flags.check && !self.is_empty() {
            WOULD_CHANGE
        } else {
            0
        }
    }

    pub(super) fn json(&self) -> Json {
        let mut json = json!({ "changes": self.changes, "committed": self.committed });
        if !self.unfinished.is_empty() {
            let unfinished = self.unfinished.iter().map(|unfinished| {
                json!({
                    "provider": unfinished.change.provider,
                    "key": unfinished.change.key(),
                    "action": unfinished.change.action(),
                    "error": unfinished.error,
                })
            });
            json["unfinished"] = unfinished.collect();
        }
        json
    }

    /// The changes of each file or provider, under its name; and in one line what has become of them.
    pub(super) fn blocks(&self, flags: Flags) -> Vec<Block> {
        let mut blocks = self.changes_as_blocks(flags);
        for Unfinished { change, error, .. } in &self.unfinished {
            blocks.push(Block::Line(Span::new(
                Role::Bad,
                format!("not done: {}: {error}", change.registry.label()),
            )));
            if let Some(hint) = error.next_step() {
                blocks.push(Block::Detail(Span::plain(format!("hint: {hint}"))));
            }
        }
        blocks
    }

    fn changes_as_blocks(&self, flags: Flags) -> Vec<Block> {
        if self.is_empty() {
            let word = if self.unfinished.is_empty() {
                vec![Block::line("unchanged")]
            } else {
                Vec::new()
            };
            return word;
        }
        let mut blocks = Vec::new();
        let mut places: Vec<String> = Vec::new();
        let lines: Vec<(String, Span)> = self
            .changes
            .iter()
            .map(|change| (place_of(change), change_span(change)))
            .collect();
        for (place, _) in &lines {
            if !places.contains(place) {
                places.push(place.clone());
            }
        }
        for place in places {
            blocks.push(Block::Line(Span::new(Role::Label, place.clone())));
            for (_, span) in lines.iter().filter(|(other, _)| *other == place) {
                blocks.push(Block::Detail(span.clone()));
            }
        }
        let count = self.changes.len();
        let things = if count == 1 {
            "1 change".to_owned()
        } else {
            format!("{count} changes")
        };
        blocks.push(Block::line(match (self.committed, flags.is_plan()) {
            (true, _) => format!("{things} written"),
            (false, true) => format!("{things}, nothing written"),
            (false, false) => format!("{things} pending"),
        }));
        blocks
    }
}

/// Under which name a change is told.
fn place_of(change: &Change) -> String {
    match change {
        Change::File(change) => change.file.display().to_string(),
        Change::Item(change) => change.provider.to_string(),
    }
}

fn change_span(change: &Change) -> Span {
    match change {
        Change::File(change) => file_span(change),
        Change::Item(change) => item_span(change),
    }
}

fn file_span(change: &FileChange) -> Span {
    let key = change.dotted();
    let text = |node| match shown(node) {
        Json::Null => "(a token)".to_owned(),
        Json::String(text) if text.starts_with("sha256:") => text,
        value => value.to_string(),
    };
    let before = change.before.as_ref();
    match (&change.after, before) {
        (After::Unread, _) => {
            Span::new(Role::Doubtful, format!("? {key} = (known once it is read)"))
        }
        (After::Gone, before) => Span::new(Role::Bad, format!("- {key} = {}", text(before))),
        (After::Is(node), None) => Span::new(Role::Good, format!("+ {key} = {}", text(Some(node)))),
        (After::Is(node), before) => {
            let (before, after) = (text(before), text(Some(node)));
            Span::new(Role::Doubtful, format!("~ {key} = {before} -> {after}"))
        }
    }
}
