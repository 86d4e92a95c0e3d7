//! Asking a provider for a token, giving it one, or having it forget one; and asking a chain, as Cargo would.
//!
//! `not-found` and `url-not-supported` go on to the next; every other failure stops everything (15).
//! Invariant: nothing here waits for ever, except for a person.

mod child;
pub mod conformance;
pub mod os;
mod process;
mod processes;
mod token_from_stdout;

pub use process::{PARTS, in_parts};
pub use processes::end_with_parent;

use std::process::Command;
use std::time::Duration;

use serde::Serialize;
use zeroize::Zeroizing;

use self::child::Limit;
use super::chain::{Chain, Kind, Provider};
use super::config::{Config, Held};
use super::programs;
use super::registry::Registry;
use crate::error::{Error, Place, Result};
use crate::token::Token;

/// How long a program may take to answer, while it asks nobody. Cargo waits for ever (21).
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
    /// It is locked; Cargo takes it for empty, and asks the next.
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

impl Answer {
    /// One that serves every operation for as long as Cargo runs.
    pub fn of_session(token: Token, place: Option<Place>) -> Self {
        Self {
            token,
            place,
            cache: "session",
            operation_independent: true,
        }
    }
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
    /// What was odd about the way it answered.
    pub remarks: Vec<String>,
}

/// What a chain is asked for.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The registry.
    pub registry: &'a Registry,
    /// What Cargo would do with the token.
    pub operation: Operation,
    /// Whether programs may be started.
    pub may_ask: bool,
    /// What credsh itself will say once an open transaction is written, where that is not what it would say now.
    pub own: Vec<KnownAnswer>,
}

/// What a provider with this command will answer.
pub type KnownAnswer = (Vec<String>, Result<Reply>);

/// An operation that Cargo wants a token for (23).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Which.
    pub action: OperationKind,
    /// The crate that it is about; a read has none.
    pub crate_name: Option<String>,
}

/// The operations of Cargo's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
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

impl OperationKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Read,
        Self::Publish,
        Self::Yank,
        Self::Unyank,
        Self::Owners,
    ];

    /// Its name in the protocol.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Publish => "publish",
            Self::Yank => "yank",
            Self::Unyank => "unyank",
            Self::Owners => "owners",
        }
    }

    /// The operation of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Operation {
    /// What a request is about; `None` for an operation that is not known here.
    pub fn of_protocol(operation: &cargo_credential::Operation<'_>) -> Option<Self> {
        use cargo_credential::Operation as Asked;
        let (action, name) = match operation {
            Asked::Read => (OperationKind::Read, None),
            Asked::Publish { name, .. } => (OperationKind::Publish, Some(name)),
            Asked::Yank { name, .. } => (OperationKind::Yank, Some(name)),
            Asked::Unyank { name, .. } => (OperationKind::Unyank, Some(name)),
            Asked::Owners { name } => (OperationKind::Owners, Some(name)),
            _ => return None,
        };
        Some(Self {
            action,
            crate_name: name
                .filter(|name| !name.is_empty())
                .map(|name| (*name).to_owned()),
        })
    }

    /// A read, which names no crate.
    pub const READ: Self = Self {
        action: OperationKind::Read,
        crate_name: None,
    };

    /// A publish of whatever crate.
    pub const PUBLISH: Self = Self {
        action: OperationKind::Publish,
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

/// What is wanted of one provider.
#[derive(Debug, Clone, Copy)]
pub enum Action<'a> {
    /// A token.
    Get(&'a Operation),
    /// That it keeps this token; without one it asks for it itself.
    Login {
        /// The token.
        token: Option<&'a Token>,
        /// What follows the configured arguments.
        args: &'a [String],
    },
    /// That it forgets its token.
    Logout,
}

/// What one provider says.
#[derive(Debug, Clone)]
pub enum Said {
    /// Here is the token.
    Token(Answer),
    /// The login or logout is done.
    Done,
    /// There is no token.
    NotFound,
    /// This registry, or this system, is none of its own.
    UrlNotSupported,
    /// It has no such operation.
    NotSupported,
    /// Somebody would have to unlock it.
    Locked,
}

/// What one provider says, and what was odd about the way.
#[derive(Debug, Clone)]
pub struct Reply {
    /// What it says.
    pub said: Said,
    /// What its author or its user should know. No text of it comes from the provider.
    pub remarks: Vec<String>,
}

impl From<Said> for Reply {
    fn from(said: Said) -> Self {
        Self {
            said,
            remarks: Vec::new(),
        }
    }
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
            remarks: Vec::new(),
        };
        if is_over {
            return step;
        }
        let mut own = request.own.iter();
        let own = own.find(|(command, _)| *command == provider.command);
        let is_known = own.is_some()
            || !needs_asking(provider.kind)
            || config
                .pending_in(provider, request.registry)
                .is_some_and(|held| !matches!(held, Held::Unknown));
        if !request.may_ask && !is_known {
            would_ask.get_or_insert_with(|| provider.to_string());
            step.outcome = Outcome::WouldAsk;
            return step;
        }
        let reply = match own {
            Some((_, reply)) => reply.clone(),
            None => get(config, provider, request.registry, &request.operation),
        };
        step.take(reply);
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

impl Step {
    fn take(&mut self, reply: Result<Reply>) {
        let Reply { said, remarks } = match reply {
            Ok(reply) => reply,
            Err(error) => return self.fail(error),
        };
        self.remarks = remarks;
        match said {
            Said::Token(answer) => match answer.token.clone().checked() {
                Ok(_) => {
                    self.outcome = Outcome::Token;
                    self.answer = Some(answer);
                }
                Err(error) => {
                    self.fail(refused(&answer, &error));
                    self.outcome = Outcome::Token;
                }
            },
            Said::NotFound => self.outcome = Outcome::NotFound,
            Said::UrlNotSupported => self.outcome = Outcome::UrlNotSupported,
            Said::Locked => {
                self.outcome = Outcome::Locked;
                self.detail =
                    Some("Cargo takes it for empty, and goes on to the next provider".to_owned());
            }
            Said::NotSupported | Said::Done => {
                self.fail(Error::not_found(format!(
                    "`{}` gives no tokens",
                    self.provider
                )));
            }
        }
    }

    fn fail(&mut self, error: Error) {
        self.outcome = Outcome::Error;
        self.detail = Some(error.to_string());
        self.error = Some(error);
    }
}

/// A token that Cargo would not send.
fn refused(answer: &Answer, error: &Error) -> Error {
    let refused = Error::failed(format!(
        "Cargo would refuse to send this token: {}",
        error.message()
    ));
    match &answer.place {
        Some(place) => refused.at(place.clone()),
        None => refused,
    }
}

/// Whether anything has to be started or called to hear what it has.
fn needs_asking(kind: Kind) -> bool {
    !kind.is_foreign() && !matches!(kind, Kind::Token | Kind::Paseto)
}

/// What a provider has for a registry; what an open transaction will have given it counts already.
fn get(
    config: &Config,
    provider: &Provider,
    registry: &Registry,
    operation: &Operation,
) -> Result<Reply> {
    pending(config, provider, registry)
        .unwrap_or_else(|| perform(config, provider, registry, Action::Get(operation)))
}

/// What an open transaction will have given a provider; `None` where it has nothing in mind.
pub fn pending(config: &Config, provider: &Provider, registry: &Registry) -> Option<Result<Reply>> {
    Some(match config.pending_in(provider, registry)? {
        Held::Token(token) => Ok(Said::Token(Answer::of_session(token.clone(), None)).into()),
        Held::Nothing => Ok(Said::NotFound.into()),
        Held::Unknown => Err(Error::failed(format!(
            "what `{provider}` will have is known once this transaction is written"
        ))
        .hint("`commit` first")),
    })
}

/// What a program prints that gives a token and is no provider, as far as so many bytes. It may ask its user for
/// a password, as a provider may in a login.
pub fn printed(config: &Config, command: Command, most: usize) -> Result<Zeroizing<Vec<u8>>> {
    let time = config.time_limit();
    let limit = if config.can_ask() {
        Limit::none(time)
    } else {
        Limit::unless_asking(time)
    };
    child::printed(config, command, limit, most)
}

/// Whether it is another credsh, of another build for instance: what it does for a login or a logout waits for the lock
/// that is ours then. A program that is called alike says what it is.
pub fn is_another_credsh(config: &Config, provider: &Provider) -> bool {
    let program = &provider.command[0];
    provider.kind == Kind::Plugin
        && !provider.is_credsh
        && programs::is_called_credsh(program)
        && process::says_it_is_credsh(config, program)
}

/// Whether a program starts as a provider, and says hello.
pub fn greets(config: &Config, program: &str) -> Result<()> {
    process::hello(config, program)
}

/// Has a provider do something, now.
pub fn perform(
    config: &Config,
    provider: &Provider,
    registry: &Registry,
    action: Action<'_>,
) -> Result<Reply> {
    if provider.kind.is_foreign() {
        return Ok(Said::UrlNotSupported.into());
    }
    match (provider.kind, action) {
        (Kind::Token, Action::Get(_)) => from_files(config, registry).map(Into::into),
        (Kind::TokenFromStdout, Action::Get(_)) => {
            token_from_stdout::get(config, provider, registry)
        }
        // The session edits its files itself, together with others.
        (Kind::Token | Kind::TokenFromStdout, _) => Ok(Said::NotSupported.into()),
        (Kind::Plugin | Kind::Own, _) => process::perform(config, provider, registry, action),
        (Kind::Libsecret | Kind::MacosKeychain | Kind::Wincred, _) => {
            os::perform(config, provider, registry, action)
        }
        (Kind::Paseto, _) => Err(Error::failed(
            "`cargo:paseto` is unstable, and a stable Cargo refuses it",
        )),
    }
}

/// `cargo:token`: the variable, the credentials file, then the config files.
fn from_files(config: &Config, registry: &Registry) -> Result<Said> {
    let Some(key) = registry.setting("token") else {
        return Ok(Said::NotFound);
    };
    Ok(match config.secret(&key)? {
        None => Said::NotFound,
        Some(found) => Said::Token(Answer::of_session(found.value, Some(found.place))),
    })
}
