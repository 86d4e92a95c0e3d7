//! `token list`

use clap::Args;
use serde::Serialize;
use serde_json::Value as Json;

use crate::cargo::registry::Registry;
use crate::commands::args::Target;
use crate::commands::{Answer, Outcome, document};
use crate::error::{Kind, Result, list};
use crate::render::{Block, Role, Span};
use crate::session::Session;
use crate::stores::ledger::{Day, Entry};

/// List the tokens that credsh keeps itself, and what each is for
///
/// Those of other providers are not among them: `status` knows of all.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  token list\n  token list crates-io")]
pub struct List {
    #[command(flatten)]
    target: Target,
}

#[derive(Serialize)]
struct Tokens {
    tokens: Vec<Entry>,
    /// Whether nothing of the ledger is broken.
    #[serde(skip)]
    is_whole: bool,
    /// A person counts from today; a program is told the date.
    #[serde(skip)]
    counts_from_today: bool,
    /// The one registry that was asked about.
    #[serde(skip)]
    of: Option<String>,
}

impl List {
    /// Lists.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let mut ledger = session.ledger()?;
        let mut of = None;
        if self.target.is_given() {
            let registry = Registry::resolve(session.config()?, &self.target.wanted())?;
            ledger.keep_index(registry.index_for_provider());
            of = Some(registry.label());
        }
        session.warn_of_broken(&ledger.broken);
        Outcome::answer(Tokens {
            tokens: ledger.entries,
            is_whole: ledger.broken.is_empty(),
            counts_from_today: session.theme.width.is_some(),
            of,
        })
    }
}

impl Answer for Tokens {
    fn json(&self) -> Json {
        document(self)
    }

    fn blocks(&self) -> Vec<Block> {
        if self.tokens.is_empty() {
            return vec![Block::line(match &self.of {
                Some(registry) => format!("credsh keeps no tokens of {registry} itself"),
                None => "credsh keeps no tokens itself".to_owned(),
            })];
        }
        let rows = self.tokens.iter().map(|token| {
            let operations: Vec<&str> = token.operations.iter().map(|one| one.name()).collect();
            let crates: Vec<String> = token.crates.iter().map(ToString::to_string).collect();
            let all = |text: String| {
                if text.is_empty() {
                    "all".to_owned()
                } else {
                    text
                }
            };
            let told = |day: Day| {
                if self.counts_from_today {
                    day.from_today()
                } else {
                    day.to_string()
                }
            };
            let created = token.created.map(told).unwrap_or_default();
            let expires = match token.expires {
                None => Span::new(Role::Faint, "never"),
                Some(day) if day.is_over() => {
                    Span::new(Role::Bad, format!("expired {}", told(day)))
                }
                Some(day) => Span::plain(told(day)),
            };
            vec![
                Span::new(Role::Name, token.label.to_string()),
                Span::plain(token.registry.clone().unwrap_or_default()),
                Span::plain(all(operations.join(", "))),
                Span::plain(all(crates.join(", "))),
                Span::plain(token.store.name()),
                Span::new(Role::Faint, created),
                expires,
                Span::new(Role::Faint, shown(&token.index)),
            ]
        });
        vec![Block::Table {
            head: vec![
                "label", "registry", "for", "crates", "store", "created", "expires", "index",
            ],
            rows: rows.collect(),
            elastic: 7,
        }]
    }

    fn exit_status(&self) -> u8 {
        if self.is_whole {
            0
        } else {
            Kind::Malformed.exit_status()
        }
    }
}

fn shown(index: &str) -> String {
    match index.parse::<crate::cargo::index_url::IndexUrl>() {
        Ok(url) => url.to_string(),
        Err(_) => String::new(),
    }
}

/// The one token that has this label, of this registry if one is named.
pub(super) fn labelled(
    session: &mut Session,
    label: &crate::stores::ledger::Label,
    target: Option<&crate::commands::args::RegistryRef>,
) -> Result<Entry> {
    let mut ledger = session.ledger()?;
    if let Some(target) = target {
        let registry = Registry::resolve(session.config()?, &target.0)?;
        ledger.keep_index(registry.index_for_provider());
    }
    let mut found = ledger.entries;
    let labels: Vec<String> = found.iter().map(|entry| entry.label.to_string()).collect();
    found.retain(|entry| entry.label == *label);
    match found.as_slice() {
        [] => {
            let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            let error = crate::error::Error::not_found(format!("there is no token `{label}`"));
            Err(match crate::error::nearest(label.as_str(), &labels) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("`token list` shows them"),
            })
        }
        [one] => Ok(one.clone()),
        several => {
            let names: Vec<String> = several
                .iter()
                .map(|entry| {
                    entry
                        .registry
                        .clone()
                        .unwrap_or_else(|| shown(&entry.index))
                })
                .collect();
            Err(
                crate::error::Error::usage(format!("{} each have a token `{label}`", list(&names)))
                    .hint("name one of them: `--registry NAME`"),
            )
        }
    }
}
