//! Asking the providers of a chain, as Cargo would.
//!
//! `not-found` and `url-not-supported` go on to the next; every other failure stops everything (15).

mod child;
mod process;
mod token_from_stdout;

use std::time::Duration;

use serde::Serialize;

use super::chain::{Chain, Kind, Provider};
use super::config::Config;
use super::registry::Registry;
use crate::error::{Error, Place, Result};
use crate::token::Token;

/// How long a program may take to answer a `get`. Cargo waits for ever (21).
pub const TIME_LIMIT: Duration = Duration::from_secs(30);

/// How one provider of a chain answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It has a token.
    Token,
    /// It has none; the next is asked.
    NotFound,
    /// It is not for this registry or system; the next is asked.
    UrlNotSupported,
    /// It is locked.
    Locked,
    /// It failed, and everything stops.
    Error,
    /// One before it has answered.
    NotTried,
    /// Only asking would tell, and asking was not allowed.
    WouldAsk,
}

/// A token and what Cargo is told with it.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The token.
    pub token: Token,
    /// Where it stands, where that is a place.
    pub place: Option<Place>,
    /// How long Cargo may keep it: `never`, `session` or `expires`.
    pub cache: &'static str,
    /// Whether it serves every operation.
    pub operation_independent: bool,
}

/// A provider's step in a walk along the chain.
#[derive(Debug, Clone)]
pub struct Step {
    /// Which.
    pub provider: Provider,
    /// How it answered.
    pub outcome: Outcome,
    /// What there is to say about that.
    pub detail: Option<String>,
    /// Its token, if Cargo could send it.
    pub answer: Option<Answer>,
    /// Its failure.
    pub error: Option<Error>,
}

/// What a provider is asked for.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The registry.
    pub registry: &'a Registry,
    /// What Cargo would do with the token.
    pub operation: Operation,
    /// Whether programs may be started.
    pub may_ask: bool,
}

/// An operation that Cargo wants a token for (23).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Which.
    pub action: OperationKind,
    /// The crate that it is about; a read has none.
    pub crate_name: Option<String>,
}

/// The operations of Cargo's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum OperationKind {
    /// Read the index, download
    Read,
    /// Publish a version
    Publish,
    /// Yank a version
    Yank,
    /// Undo a yank
    Unyank,
    /// Change owners
    Owners,
}

impl Operation {
    /// A read, which names no crate.
    pub const READ: Self = Self {
        action: OperationKind::Read,
        crate_name: None,
    };

    /// The same in the protocol's own type; a version that is not known is left empty.
    fn for_protocol(&self) -> cargo_credential::Operation<'_> {
        let name = self.crate_name.as_deref().unwrap_or_default();
        match self.action {
            OperationKind::Read => cargo_credential::Operation::Read,
            OperationKind::Publish => cargo_credential::Operation::Publish {
                name,
                vers: "",
                cksum: "",
            },
            OperationKind::Yank => cargo_credential::Operation::Yank { name, vers: "" },
            OperationKind::Unyank => cargo_credential::Operation::Unyank { name, vers: "" },
            OperationKind::Owners => cargo_credential::Operation::Owners { name },
        }
    }
}

/// What one provider says.
enum Said {
    Token(Answer),
    NotFound,
    UrlNotSupported,
}

/// Walks the chain until somebody has a token or fails; the others are listed as not tried.
pub fn walk(config: &Config, chain: &Chain, request: &Request<'_>) -> Vec<Step> {
    let mut is_over = false;
    let mut would_ask: Option<String> = None;
    let step = |provider: &Provider| {
        let mut step = Step {
            provider: provider.clone(),
            outcome: Outcome::NotTried,
            detail: None,
            answer: None,
            error: None,
        };
        if is_over {
            return step;
        }
        if !request.may_ask && needs_asking(provider.kind) {
            would_ask.get_or_insert_with(|| provider.to_string());
            step.outcome = Outcome::WouldAsk;
            return step;
        }
        match get(config, provider, request) {
            Ok(Said::Token(answer)) => {
                step.outcome = Outcome::Token;
                if let Err(error) = answer.token.clone().checked() {
                    let refused = Error::failed(format!(
                        "Cargo would refuse to send this token: {}",
                        error.message()
                    ));
                    let refused = match &answer.place {
                        Some(place) => refused.at(place.clone()),
                        None => refused,
                    };
                    step.detail = Some(refused.message().to_owned());
                    step.error = Some(refused);
                } else {
                    step.answer = Some(answer);
                }
            }
            Ok(Said::NotFound) => step.outcome = Outcome::NotFound,
            Ok(Said::UrlNotSupported) => step.outcome = Outcome::UrlNotSupported,
            Err(error) => {
                step.outcome = Outcome::Error;
                step.detail = Some(error.to_string());
                step.error = Some(error);
            }
        }
        is_over = matches!(step.outcome, Outcome::Token | Outcome::Error);
        if let (Some(before), true) = (&would_ask, is_over) {
            step.detail = Some(match step.detail.take() {
                Some(detail) => format!("if `{before}` has none: {detail}"),
                None => format!("if `{before}` has none"),
            });
        }
        step
    };
    chain.providers.iter().map(step).collect()
}

/// Whether anything has to be started or called to hear what it has.
fn needs_asking(kind: Kind) -> bool {
    !kind.is_foreign() && !matches!(kind, Kind::Token | Kind::Paseto)
}

fn get(config: &Config, provider: &Provider, request: &Request<'_>) -> Result<Said> {
    if provider.kind.is_foreign() {
        return Ok(Said::UrlNotSupported);
    }
    match provider.kind {
        Kind::Token => from_files(config, request.registry),
        Kind::TokenFromStdout => {
            token_from_stdout::get(config, provider, request.registry).map(Said::Token)
        }
        Kind::Plugin => process::get(config, provider, request),
        Kind::Paseto => Err(Error::failed(
            "`cargo:paseto` is unstable, and a stable Cargo refuses it",
        )),
        Kind::Libsecret | Kind::MacosKeychain | Kind::Wincred => Err(not_yet(provider, "ask")),
    }
}

/// What this version does not perform.
pub fn not_yet(provider: &Provider, what: &str) -> Error {
    Error::unavailable(format!("credsh cannot {what} `{provider}` yet"))
        .hint("use `cargo` itself for this provider until a later version of credsh does")
}

/// `cargo:token`: the variable, the credentials file, then the config files.
fn from_files(config: &Config, registry: &Registry) -> Result<Said> {
    let Some(key) = registry.setting("token") else {
        return Ok(Said::NotFound);
    };
    Ok(match config.secret(&key)? {
        None => Said::NotFound,
        Some(found) => Said::Token(Answer {
            token: found.value,
            place: Some(found.place),
            cache: "session",
            operation_independent: true,
        }),
    })
}
