//! What a transaction has changed, or would: the one list behind `--dry-run`, `--check`, and what is told
//! after a commit.

use serde_json::{Value as Json, json};

use crate::commands::diff::item_span;
use crate::disk::document::spell_path;
use crate::error::{Error, Result};
use crate::render::{Block, Role, Span};
use crate::session::change::{Action, After, Change, FileChange, shown};
use crate::session::{Committed, Flags, Session, Unfinished};
use crate::stores::ledger;

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

    /// Whether all that was to be done is done, or will be.
    pub(super) fn is_whole(&self) -> bool {
        self.unfinished.is_empty()
    }

    fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The error of showing it, if there is one: by then what it is about is done.
    pub(super) fn untold(report: Option<&Self>, error: Error) -> Error {
        if !report.is_some_and(|report| report.committed && !report.is_empty()) {
            return error;
        }
        let told = Error::failed("the changes are written, but standard output cannot be")
            .hint("`status` and `registry list` show what there is now");
        error.causes().iter().fold(told, Error::because)
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
                let change = &unfinished.change;
                let mut told = json!({
                    "provider": change.provider,
                    "key": change.key(),
                    "action": change.action(),
                    "error": unfinished.error,
                });
                if let Some(label) = change.label() {
                    told["label"] = label.into();
                }
                told
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
        let mut places: Vec<(String, Vec<Span>)> = Vec::new();
        let alike = |one: &Change, other: &Change| is_of_one_token(one, other);
        for together in self.changes.chunk_by(alike) {
            let place = place_of(&together[0]);
            let index = places.iter().position(|(known, _)| *known == place);
            let index = index.unwrap_or_else(|| {
                places.push((place, Vec::new()));
                places.len() - 1
            });
            places[index].1.push(span_of(together));
        }
        let count: usize = places.iter().map(|(_, spans)| spans.len()).sum();
        for (place, spans) in places {
            blocks.push(Block::Line(Span::new(Role::Label, place)));
            blocks.extend(spans.into_iter().map(Block::Detail));
        }
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

/// Whether two settings of one of credsh's own tokens are written, or removed, one after the other.
fn is_of_one_token(one: &Change, other: &Change) -> bool {
    let (Change::File(one), Change::File(other)) = (one, other) else {
        return false;
    };
    let is_new = |change: &FileChange| (change.before.is_none(), change.action());
    matches!(one.key.as_slice(), [root, .., _] if root == ledger::ROOT)
        && one.file == other.file
        && one.key.len() == other.key.len()
        && one.key[..one.key.len() - 1] == other.key[..other.key.len() - 1]
        && is_new(one) == is_new(other)
        && (one.before.is_none() || one.action() == Action::Unset)
}

/// A change, or several that are told as one.
fn span_of(together: &[Change]) -> Span {
    match together {
        [Change::File(first), _, ..] => {
            let key = first.shown_key();
            let table = spell_path(&key[..key.len() - 1]);
            let settings = together.iter().filter_map(Change::as_file).map(|change| {
                let value = change.after.node().or(change.before.as_ref());
                let name = change.key.last().map_or("", String::as_str);
                format!("{name} = {}", shown(value))
            });
            let settings = settings.collect::<Vec<_>>().join(", ");
            match first.before {
                None => Span::new(Role::Good, format!("+ {table} = {{ {settings} }}")),
                Some(_) => Span::new(Role::Bad, format!("- {table} = {{ {settings} }}")),
            }
        }
        [Change::File(change), ..] => file_span(change),
        [Change::Item(change), ..] => item_span(change),
        [] => Span::plain(""),
    }
}

fn file_span(change: &FileChange) -> Span {
    let key = spell_path(&change.shown_key());
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
