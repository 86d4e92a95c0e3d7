//! `provider list`

use clap::Args;
use serde::Serialize;
use serde_json::Value as Json;

use crate::cargo::chain::{Chain, Kind, Origin, Provider, resolve};
use crate::cargo::config::{Config, View};
use crate::cargo::programs;
use crate::commands::{Answer, Outcome, document};
use crate::error::{Place, Result, list};
use crate::render::{Block, Role, Span};
use crate::session::Session;

/// List the global chain in the order tried, then the registries that have a provider of their own
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  provider list")]
pub struct List {}

#[derive(Serialize)]
struct Providers {
    providers: Vec<Row>,
    /// Programs on PATH that are credential providers by their name, and are not configured.
    available: Vec<String>,
    #[serde(skip)]
    warnings: Vec<String>,
    #[serde(skip)]
    is_default: bool,
}

#[derive(Serialize)]
struct Row {
    command: Vec<String>,
    place: Option<Place>,
    kind: Kind,
    #[serde(skip)]
    is_credsh: bool,
    found: bool,
    can_login: Option<bool>,
    plain_text: Option<bool>,
    registry: Option<String>,
}

impl List {
    /// Lists.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let config = session.config()?;
        let mut warnings = Vec::new();
        let global = Chain::global(config, &mut warnings)?;
        let is_default = global.origin == Origin::Default;
        let mut providers: Vec<Row> = global
            .providers
            .into_iter()
            .map(|provider| Row::of(config, provider, None))
            .collect();
        for (registry, key) in own_providers(config) {
            let key: Vec<&str> = key.iter().map(String::as_str).collect();
            if let Some(words) = config.words(&key)? {
                let provider = resolve(config, &words.words, &words.place, &mut warnings);
                providers.push(Row::of(config, provider, Some(registry)));
            }
        }
        let mut available = programs::providers(config.env());
        available.retain(|name| !providers.iter().any(|row| row.command[0] == *name));
        Outcome::answer(Providers {
            providers,
            available,
            warnings,
            is_default,
        })
    }
}

/// The registries that could have a provider of their own, and the key of it.
fn own_providers(config: &Config) -> Vec<(String, Vec<String>)> {
    let setting = || "credential-provider".to_owned();
    let mut keys = vec![(
        crate::cargo::name::CRATES_IO.to_owned(),
        vec!["registry".to_owned(), setting()],
    )];
    for name in config.names(&["registries"], View::All) {
        if name != crate::cargo::name::CRATES_IO {
            keys.push((name.clone(), vec!["registries".to_owned(), name, setting()]));
        }
    }
    keys
}

impl Row {
    fn of(config: &Config, provider: Provider, registry: Option<String>) -> Self {
        Self {
            found: is_found(config, &provider),
            can_login: provider.can_login(),
            plain_text: provider.is_plain_text(),
            is_credsh: provider.is_credsh,
            kind: provider.kind,
            place: provider.place,
            command: provider.command,
            registry,
        }
    }
}

/// Whether it could be performed here: built in and for this system, or a program that is there.
fn is_found(config: &Config, provider: &Provider) -> bool {
    match provider.kind {
        Kind::Plugin => programs::find(config, &provider.command[0]).is_some(),
        Kind::TokenFromStdout => provider
            .command
            .get(1)
            .is_some_and(|program| programs::find(config, program).is_some()),
        Kind::Paseto => false,
        kind => !kind.is_foreign(),
    }
}

impl Answer for Providers {
    fn json(&self) -> Json {
        document(self)
    }

    fn blocks(&self) -> Vec<Block> {
        let mut number = 0;
        let rows = self.providers.iter().map(|row| {
            number += 1;
            let tried = row
                .registry
                .as_ref()
                .map_or_else(|| number.to_string(), |name| format!("only for {name}"));
            let found = if row.found {
                Span::new(Role::Good, "found")
            } else {
                Span::new(Role::Bad, "missing")
            };
            let keeps = match row.plain_text {
                Some(true) => Span::new(Role::Doubtful, "plain text"),
                Some(false) if row.is_credsh => Span::plain("keyring or sealed file"),
                Some(false) => Span::plain("OS store"),
                None => Span::new(Role::Faint, "its own way"),
            };
            let login = match row.can_login {
                Some(true) => "yes",
                Some(false) => "no",
                None => "perhaps",
            };
            let place = row
                .place
                .as_ref()
                .map_or("Cargo's default".to_owned(), ToString::to_string);
            vec![
                Span::plain(tried),
                Span::new(Role::Name, row.command.join(" ")),
                found,
                Span::plain(login),
                keeps,
                Span::new(Role::Faint, place),
            ]
        });
        let mut blocks = vec![Block::Table {
            head: vec![
                "tried",
                "provider",
                "",
                "can log in",
                "keeps tokens as",
                "place",
            ],
            rows: rows.collect(),
            elastic: 5,
        }];
        for warning in &self.warnings {
            blocks.push(Block::Line(Span::new(
                Role::Doubtful,
                format!("warning: {warning}"),
            )));
        }
        if !self.available.is_empty() {
            blocks.push(Block::Line(Span::plain(format!(
                "also on PATH: {}; `provider add` adds one, `provider test` tests it",
                list(&self.available)
            ))));
        }
        if self.is_default {
            blocks.push(Block::Line(Span::plain(
                "nothing is configured, so Cargo asks `cargo:token` only, and refuses registries with `auth-required`: `provider add cargo:token` cures that",
            )));
        }
        blocks
    }
}
