//! `token show`

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::Value as Json;

use super::args::Target;
use super::{Answer, Outcome, document};
use crate::cargo::index_url::IndexUrl;
use crate::cargo::inspection::Inspection;
use crate::cargo::providers::{Operation, OperationKind};
use crate::error::{Error, Place, Result};
use crate::render::{Block, Role, Span};
use crate::session::Session;
use crate::token::Token;

/// Tokens.
#[derive(Debug, Clone, Subcommand)]
#[expect(
    missing_docs,
    reason = "a variant's documentation is its struct's, which is its help"
)]
pub enum TokenCommand {
    Show(Show),
}

impl TokenCommand {
    /// Does it.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        match self {
            Self::Show(command) => command.run(session),
        }
    }
}

/// What Cargo would do with the token.
#[derive(Debug, Clone, Args)]
pub struct Asked {
    /// What Cargo would do with it
    #[arg(long, value_name = "OPERATION")]
    operation: Option<OperationKind>,
    /// The crate that it would do it to
    #[arg(long = "crate", value_name = "NAME", requires = "operation")]
    crate_name: Option<String>,
}

impl Asked {
    /// As a request.
    pub fn operation(&self) -> Result<Operation> {
        let action = self.operation.unwrap_or(OperationKind::Read);
        if action == OperationKind::Read && self.crate_name.is_some() {
            return Err(Error::usage("a read names no crate"));
        }
        Ok(Operation {
            action,
            crate_name: self.crate_name.clone(),
        })
    }
}

/// Ask the chain as Cargo would, and show the token, masked
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  token show corp\n  token show corp --reveal")]
pub struct Show {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    asked: Asked,
    /// Print exactly what Cargo would send, and one newline
    #[arg(long)]
    reveal: bool,
}

#[derive(Serialize)]
struct Shown {
    registry: String,
    index: IndexUrl,
    fingerprint: Option<String>,
    from: From,
    cache: &'static str,
    operation_independent: bool,
    #[serde(skip)]
    revealed: Option<Token>,
}

#[derive(Serialize)]
struct From {
    provider: Vec<String>,
    place: Option<Place>,
}

impl Show {
    /// Asks.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let operation = self.asked.operation()?;
        let may_ask = !session.flags.is_plan();
        let config = session.config()?;
        let inspection = Inspection::of(config, &self.target.wanted(), &operation, may_ask)?;
        let (Some(answer), Some(winner)) = (inspection.answer(), inspection.winner()) else {
            return Err(
                match inspection.obstacle().as_ref().or(inspection.error()) {
                    Some(error) => error.clone(),
                    None => Error::not_found(format!(
                        "Cargo would find no token for {}",
                        inspection.registry.label()
                    ))
                    .hint(format!(
                        "store one with `login {}`; `why` shows who was asked",
                        inspection.registry.word()
                    )),
                },
            );
        };
        let token = answer.token.clone();
        let shown = Shown {
            registry: inspection.registry.word(),
            index: inspection.registry.index.clone(),
            fingerprint: token.fingerprint(),
            from: From {
                provider: winner.provider.command.clone(),
                place: answer.place.clone(),
            },
            cache: answer.cache,
            operation_independent: answer.operation_independent,
            revealed: self.reveal.then_some(token),
        };
        for warning in inspection.chain.warnings {
            session.warn(&warning);
        }
        Outcome::answer(shown)
    }
}

impl Answer for Shown {
    fn json(&self) -> Json {
        let mut json = document(self);
        json["token"] = self
            .revealed
            .as_ref()
            .map(|token| token.expose().to_owned())
            .into();
        json
    }

    fn blocks(&self) -> Vec<Block> {
        if let Some(token) = &self.revealed {
            return vec![Block::Verbatim(token.expose().to_owned())];
        }
        let place = self
            .from
            .place
            .as_ref()
            .map(|place| format!(", {place}"))
            .unwrap_or_default();
        vec![Block::Fields(vec![
            ("registry", Span::new(Role::Name, self.registry.clone())),
            ("index", Span::plain(self.index.to_string())),
            (
                "token",
                Span::plain(
                    self.fingerprint
                        .clone()
                        .unwrap_or_else(|| "(no fingerprint)".to_owned()),
                ),
            ),
            (
                "from",
                Span::plain(format!("{}{place}", self.from.provider.join(" "))),
            ),
            ("cache", Span::plain(self.cache)),
        ])]
    }
}
