//! `diff`. Home of `similar`.

use clap::Args;
use serde_json::{Value as Json, json};
use similar::{ChangeTag, TextDiff};

use super::{Answer, Outcome};
use crate::cargo::config::Held;
use crate::error::Result;
use crate::render::{Block, Role, Span};
use crate::session::change::{Change, ItemChange, shown_item};
use crate::session::overlay::Savepoint;
use crate::session::{Preview, Session};

/// How many unchanged lines are shown around a change.
const CONTEXT: usize = 3;

/// Show what a commit would change now, with tokens masked
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  diff")]
pub struct Diff {}

struct Differences {
    changes: Vec<Change>,
    files: Vec<Preview>,
}

impl Diff {
    /// Compares.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let changes = session.changes_since(Savepoint::START);
        let files = session.preview()?;
        Outcome::answer(Differences { changes, files })
    }
}

impl Answer for Differences {
    fn json(&self) -> Json {
        json!({ "changes": self.changes, "committed": false })
    }

    fn blocks(&self) -> Vec<Block> {
        if self.changes.is_empty() {
            return vec![Block::line("nothing is pending")];
        }
        let mut blocks: Vec<Block> = self.files.iter().flat_map(blocks_of).collect();
        for change in self.changes.iter().filter_map(Change::as_item) {
            blocks.push(Block::Line(Span::new(
                Role::Label,
                change.provider.to_string(),
            )));
            blocks.push(Block::Detail(item_span(change)));
        }
        blocks
    }
}

fn blocks_of(file: &Preview) -> Vec<Block> {
    let name = file.file.display();
    let head = |sign: &str| Block::Line(Span::new(Role::Label, format!("{sign} {name}")));
    let mut blocks = vec![head("---"), head("+++")];
    let diff = TextDiff::from_lines(file.before.as_str(), file.after.as_str());
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        blocks.push(Block::Line(Span::new(
            Role::Name,
            hunk.header().to_string(),
        )));
        for change in hunk.iter_changes() {
            let (role, sign) = match change.tag() {
                ChangeTag::Equal => (Role::Plain, ' '),
                ChangeTag::Insert => (Role::Good, '+'),
                ChangeTag::Delete => (Role::Bad, '-'),
            };
            let line = change.value().trim_end_matches(['\n', '\r']);
            blocks.push(Block::Line(Span::new(role, format!("{sign}{line}"))));
        }
    }
    blocks
}

/// What a provider is to do, in a line.
pub(crate) fn item_span(change: &ItemChange) -> Span {
    let key = change.in_words();
    let text = |held: &Held| match shown_item(held) {
        Json::String(text) if text == "unknown" => "(unknown)".to_owned(),
        Json::String(text) => text,
        _ => "(a token)".to_owned(),
    };
    let (before, after) = (&change.before, &change.after.held());
    match (before, after) {
        (Held::Unknown | Held::Nothing, Held::Nothing) => {
            Span::new(Role::Doubtful, format!("- {key} = (if there is a token)"))
        }
        (before, Held::Nothing) => Span::new(Role::Bad, format!("- {key} = {}", text(before))),
        (_, Held::Unknown) => Span::new(
            Role::Doubtful,
            format!("? {key} = (known once it is stored)"),
        ),
        (Held::Token(_), after) => Span::new(
            Role::Doubtful,
            format!("~ {key} = {} -> {}", text(before), text(after)),
        ),
        (_, after) => Span::new(Role::Good, format!("+ {key} = {}", text(after))),
    }
}
