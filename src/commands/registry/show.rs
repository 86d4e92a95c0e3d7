//! `registry show`

use clap::Args;
use serde::Serialize;
use serde_json::Value as Json;

use super::list::{Row, login_span};
use crate::cargo::config::{Config, View};
use crate::cargo::inspection::Inspection;
use crate::cargo::name::{CRATES_IO, variable};
use crate::cargo::providers::Operation;
use crate::cargo::registry::{Registry, default};
use crate::commands::args::Target;
use crate::commands::{Answer, Outcome, document};
use crate::error::{Place, Result};
use crate::render::{Block, Role, Span};
use crate::session::Session;
use crate::session::change::shown;

/// Show one registry: each value, where it stands, and what it shadows
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  registry show crates-io\n  registry show crates-io --json")]
pub struct Show {
    #[command(flatten)]
    target: Target,
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    row: Row,
    values: Vec<Value>,
    variables: Vec<String>,
    #[serde(skip)]
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Value {
    key: String,
    value: Json,
    place: Place,
    shadowed: Vec<Loser>,
}

#[derive(Serialize)]
struct Loser {
    value: Json,
    place: Place,
}

impl Show {
    /// Shows.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let config = session.config()?;
        let inspection = Inspection::of(config, &self.target.wanted(), &Operation::READ, false)?;
        let default = default(config)?.map_or_else(|| CRATES_IO.to_owned(), |found| found.value);
        let is_default = inspection.registry.word() == default;
        let keys = settings(&inspection.registry);
        Outcome::answer(Shown {
            row: Row::of(&inspection, is_default),
            values: keys.iter().filter_map(|key| value(config, key)).collect(),
            variables: keys.iter().map(|key| variable(key)).collect(),
            warnings: inspection.warnings,
        })
    }
}

/// The keys that a registry can have.
fn settings(registry: &Registry) -> Vec<Vec<&str>> {
    let names: &[&str] = if registry.is_crates_io {
        &["token", "credential-provider"]
    } else {
        &["index", "token", "credential-provider"]
    };
    names
        .iter()
        .filter_map(|name| registry.setting(name))
        .collect()
}

fn value(config: &Config, key: &[&str]) -> Option<Value> {
    let view = View::of(key);
    let mut found = config.all(key, view).into_iter();
    let winner = found.next()?;
    let shadowed = found
        .map(|loser| Loser {
            value: shown(Some(&loser.value)),
            place: loser.place,
        })
        .collect();
    Some(Value {
        key: key.join("."),
        value: shown(Some(&winner.value)),
        place: winner.place,
        shadowed,
    })
}

impl Answer for Shown {
    fn json(&self) -> Json {
        document(self)
    }

    fn blocks(&self) -> Vec<Block> {
        let row = &self.row;
        let index = row
            .index
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let providers: Vec<String> = row.providers.iter().map(|words| words.join(" ")).collect();
        let mut blocks = vec![Block::Fields(vec![
            ("name", Span::new(Role::Name, row.name.clone())),
            ("index", Span::plain(index)),
            (
                "default",
                Span::plain(if row.is_default { "yes" } else { "no" }),
            ),
            ("providers", Span::plain(providers.join(", "))),
            ("logged in", login_span(row.logged_in)),
        ])];
        for value in &self.values {
            blocks.push(Block::line(format!(
                "{} = {}",
                value.key,
                plain(&value.key, &value.value)
            )));
            blocks.push(Block::Detail(Span::new(
                Role::Faint,
                format!("in {}", value.place),
            )));
            for loser in &value.shadowed {
                let text = format!(
                    "shadows {} in {}",
                    plain(&value.key, &loser.value),
                    loser.place
                );
                blocks.push(Block::Detail(Span::new(Role::Doubtful, text)));
            }
        }
        blocks.push(Block::line(format!(
            "variables: {}",
            self.variables.join(", ")
        )));
        for warning in &self.warnings {
            blocks.push(Block::Line(Span::new(
                Role::Doubtful,
                format!("warning: {warning}"),
            )));
        }
        blocks
    }
}

/// A value as TOML would have it; a token that has no fingerprint is only said to be there.
fn plain(key: &str, value: &Json) -> String {
    match value {
        Json::Null if key.ends_with("token") => "(a token)".to_owned(),
        Json::String(text) if text.starts_with("sha256:") => text.clone(),
        other => other.to_string(),
    }
}
