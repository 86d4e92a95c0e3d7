//! What a transaction has changed, or would: the one list behind `--dry-run`, `--check`, and what is told
//! after a commit.

use std::path::Path;

use serde_json::{Value as Json, json};

use crate::render::{Block, Role, Span};
use crate::session::Flags;
use crate::session::overlay::{After, Change, shown};

/// The exit status of `--check` where something would change.
const WOULD_CHANGE: u8 = 2;

/// What a transaction has changed, or would.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) changes: Vec<Change>,
    pub(super) committed: bool,
}

impl Report {
    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub(super) fn status(&self, flags: Flags) -> u8 {
        if flags.check && !self.is_empty() {
            WOULD_CHANGE
        } else {
            0
        }
    }

    pub(super) fn json(&self) -> Json {
        json!({ "changes": self.changes, "committed": self.committed })
    }

    /// The changes of each file, under its name; and in one line what has become of them.
    pub(super) fn blocks(&self, flags: Flags) -> Vec<Block> {
        if self.is_empty() {
            return vec![Block::line("unchanged")];
        }
        let mut blocks = Vec::new();
        let mut files: Vec<&Path> = Vec::new();
        for file in self.changes.iter().map(|change| &change.file) {
            if !files.contains(&file.as_path()) {
                files.push(file);
            }
        }
        for file in files {
            blocks.push(Block::Line(Span::new(
                Role::Label,
                file.display().to_string(),
            )));
            for change in self.changes.iter().filter(|change| change.file == file) {
                blocks.push(Block::Detail(change_span(change)));
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

fn change_span(change: &Change) -> Span {
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
