//! `diff`. Home of `similar`.

use clap::Args;
use serde_json::{Value as Json, json};
use similar::{ChangeTag, TextDiff};

use super::{Answer, Outcome};
use crate::error::Result;
use crate::render::{Block, Role, Span};
use crate::session::change::Change;
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
        if self.files.is_empty() {
            return vec![Block::line("unchanged")];
        }
        self.files.iter().flat_map(blocks_of).collect()
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
