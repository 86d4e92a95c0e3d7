//! `registry list`

use clap::Args;
use serde::Serialize;
use serde_json::Value as Json;

use super::words_of;
use crate::cargo::index_url::IndexUrl;
use crate::cargo::inspection::Inspection;
use crate::cargo::name::{CRATES_IO, RegistryName};
use crate::cargo::providers::Operation;
use crate::cargo::registry::{Wanted, all_names, default};
use crate::commands::{Answer, Outcome, document};
use crate::error::{Place, Result};
use crate::render::{Block, Role, Span};
use crate::session::Session;

/// List every registry that Cargo would know here
///
/// `crates-io` is one of them. Starts no program: where only one could tell, the login is unknown.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  registry list\n  registry list --json")]
pub struct List {}

#[derive(Serialize)]
struct Registries {
    registries: Vec<Row>,
}

/// One registry, in the form that `registry show` starts with, too.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) index: Option<IndexUrl>,
    pub(super) is_default: bool,
    pub(super) providers: Vec<Vec<String>>,
    pub(super) defined_in: Option<Place>,
    pub(super) logged_in: Option<bool>,
    /// Why Cargo refuses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl List {
    /// Lists.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let config = session.config()?;
        let default = default(config)?.map_or_else(|| CRATES_IO.to_owned(), |found| found.value);
        let mut registries = Vec::new();
        for name in all_names(config)? {
            let is_default = name.as_str() == default;
            let wanted = Wanted::Name(name.clone());
            registries.push(
                match Inspection::of(config, &wanted, &Operation::READ, false) {
                    Ok(inspection) => Row::of(&inspection, is_default),
                    Err(error) => Row::refused(&name, is_default, error.message()),
                },
            );
        }
        Outcome::answer(Registries { registries })
    }
}

impl Row {
    pub(super) fn of(inspection: &Inspection, is_default: bool) -> Self {
        Self {
            name: inspection.registry.word(),
            index: Some(inspection.registry.index.clone()),
            is_default,
            providers: words_of(&inspection.chain.providers),
            defined_in: inspection.registry.place.clone(),
            logged_in: inspection.is_logged_in(),
            problem: None,
        }
    }

    fn refused(name: &RegistryName, is_default: bool, problem: &str) -> Self {
        Self {
            name: name.to_string(),
            index: None,
            is_default,
            providers: Vec::new(),
            defined_in: None,
            logged_in: None,
            problem: Some(problem.to_owned()),
        }
    }
}

/// How a login is shown in tables.
pub(super) fn login_span(logged_in: Option<bool>) -> Span {
    match logged_in {
        Some(true) => Span::new(Role::Good, "yes"),
        Some(false) => Span::new(Role::Faint, "no"),
        None => Span::new(Role::Doubtful, "unknown"),
    }
}

impl Answer for Registries {
    fn json(&self) -> Json {
        document(self)
    }

    fn blocks(&self) -> Vec<Block> {
        let rows = self.registries.iter().map(|row| {
            let index = match (&row.index, &row.problem) {
                (Some(index), _) => Span::plain(index.to_string()),
                (None, problem) => Span::new(Role::Bad, problem.clone().unwrap_or_default()),
            };
            let providers: Vec<String> =
                row.providers.iter().map(|words| words.join(" ")).collect();
            vec![
                Span::new(Role::Name, row.name.clone()),
                Span::plain(if row.is_default { "default" } else { "" }),
                index,
                login_span(row.logged_in),
                Span::plain(providers.join(", ")),
            ]
        });
        vec![Block::Table {
            head: vec!["name", "", "index", "logged in", "providers"],
            rows: rows.collect(),
            elastic: 2,
        }]
    }
}
