//! Plugins: programs that speak Cargo's credential provider protocol (21).

use std::fmt;
use std::process::{Command, Stdio};

use cargo_credential::{
    Action as ProtocolAction, CacheControl, CredentialHello, CredentialRequest, CredentialResponse,
    LoginOptions, PROTOCOL_VERSION_1, RegistryInfo, Secret,
};
use zeroize::Zeroizing;

use super::child::{Child, Limit, PASSPHRASE, printed};
use super::os::{LOCKED, PATIENT, QUICK, SILENT, UNLOCK, is_unlocked};
use super::processes::Watch;
use super::{Action, Answer, Reply, Said};
use crate::cargo::chain::{Kind as ProviderKind, Provider};
use crate::cargo::config::Config;
use crate::cargo::programs::{CREDSH, is_this_program};
use crate::cargo::registry::Registry;
use crate::error::{Error, Kind, Result};
use crate::token::{Token, masked};

/// No more of what a program says of its version is read.
const LONGEST_VERSION: usize = 1000;

/// What a plugin answers.
pub(super) type Response = Result<CredentialResponse, cargo_credential::Error>;

pub(super) fn perform(
    config: &Config,
    provider: &Provider,
    registry: &Registry,
    action: Action<'_>,
) -> Result<Reply> {
    let is_look = matches!(action, Action::Get(_)) && provider.kind == ProviderKind::Own;
    if let Some(silence) = config.silence().filter(|_| is_look) {
        return Err(silence);
    }
    let reply = perform_once(config, provider, registry, action, false);
    if let Err(error) = &reply
        && is_look
        && error.message().starts_with(SILENT)
    {
        config.set_silence(Some(error.clone()));
    }
    let reply = reply?;
    if matches!(reply.said, Said::Locked) && config.may_unlock() {
        let reply = perform_once(config, provider, registry, action, true);
        config.set_dismissed(!is_unlocked(&reply));
        return reply;
    }
    Ok(reply)
}

fn perform_once(
    config: &Config,
    provider: &Provider,
    registry: &Registry,
    action: Action<'_>,
    may_unlock: bool,
) -> Result<Reply> {
    let [program, arguments @ ..] = provider.command.as_slice() else {
        return Err(Error::failed("a provider without a program"));
    };
    let command = command_of(config, provider);
    let time = config.time_limit();
    let mut call = Call {
        name: &provider.command[0],
        program: command,
        args: arguments.iter().map(String::as_str).collect(),
        limit: match action {
            _ if may_unlock => Limit::of(PATIENT + QUICK),
            // Whoever keeps a token may ask its owner, and where nobody sees that.
            Action::Login { .. } | Action::Logout if config.can_ask() => Limit::none(time),
            // We ask the owner of a locked keyring ourselves, and say so.
            _ if provider.is_credsh && config.may_unlock() => {
                Limit::unless_asking(time.max(PATIENT + QUICK))
            }
            _ => Limit::unless_asking(time),
        },
    };
    if may_unlock {
        call.args.push(UNLOCK);
    }
    if let Action::Login { args, .. } = action {
        call.args.extend(args.iter().map(String::as_str));
    }
    if provider.is_credsh {
        call.args.push(PARTS);
    }
    let (response, remarks) = call.perform(config, registry, action)?;
    let said = understood(response, action);
    if let Err(Misunderstood::Failed(error)) = &said
        && provider.kind == ProviderKind::Own
        && error.to_string() == LOCKED
    {
        let said = Said::Locked;
        return Ok(Reply { said, remarks });
    }
    let said = said.map_err(|why| match why {
        Misunderstood::Failed(error) if provider.kind == ProviderKind::Own => {
            let hint = of_parts(&error).and_then(|ours| ours.next_step().map(ToOwned::to_owned));
            Error::unavailable(error.to_string()).maybe_hint(hint)
        }
        Misunderstood::Failed(error) => {
            if let Some(ours) = of_parts(&error).filter(|_| provider.is_credsh) {
                if ours.message().starts_with(LOCKED) && config.may_unlock() {
                    config.set_dismissed(true);
                }
                // The words that were wrong are not those of whoever asks.
                let kind = match ours.kind() {
                    Kind::Usage | Kind::NotFound => Kind::Failed,
                    kind => kind,
                };
                return Error::new(kind, format!("`{program}` failed"))
                    .because(ours.message())
                    .maybe_hint(ours.next_step().map(ToOwned::to_owned));
            }
            Error::failed(format!("`{program}` failed")).because(words_of(provider, &error, action))
        }
        Misunderstood::AnotherQuestion => Error::failed(format!(
            "`{program}` answered another question than it was asked"
        )),
    })?;
    Ok(Reply { said, remarks })
}

/// The program of a provider, ready to be started: as this very one it gets what is for credsh alone.
pub(super) fn command_of(config: &Config, provider: &Provider) -> Command {
    let [program, arguments @ ..] = provider.command.as_slice() else {
        return Command::new("");
    };
    let mut command = if provider.kind == ProviderKind::Own {
        let mut command = Command::new(config.program());
        // The word that tells our own requests from Cargo's stands first in the provider's arguments.
        command.args(arguments.first());
        command.env("CARGO_HOME", config.home());
        command
    } else {
        Command::new(program)
    };
    let is_ours = provider.is_credsh || provider.kind == ProviderKind::Own;
    if is_ours && !config.may_prompt() {
        command.env("CREDSH_NO_INPUT", "1");
    }
    // Where it sees no screen, it asks for no keyring, and on the terminal for what it may.
    if is_ours && config.is_dismissed() {
        command.env("DISPLAY", "").env("WAYLAND_DISPLAY", "");
    }
    if provider.is_credsh
        && is_this_program(config, program)
        && let Some(passphrase) = config.env().get_os(PASSPHRASE)
    {
        command.env(PASSPHRASE, passphrase);
    }
    command
}

/// Why a response says nothing.
pub(super) enum Misunderstood {
    /// It is a failure.
    Failed(cargo_credential::Error),
    /// It belongs to another kind of request.
    AnotherQuestion,
}

/// What a response means.
pub(super) fn understood(response: Response, action: Action<'_>) -> Result<Said, Misunderstood> {
    match (response, action) {
        (
            Ok(CredentialResponse::Get {
                token,
                cache,
                operation_independent,
            }),
            Action::Get(_),
        ) => Ok(Said::Token(Answer {
            token: Token::new(token.expose()),
            place: None,
            cache: match cache {
                CacheControl::Session => "session",
                CacheControl::Expires { .. } => "expires",
                _ => "never",
            },
            operation_independent,
        })),
        (Ok(CredentialResponse::Login), Action::Login { .. })
        | (Ok(CredentialResponse::Logout), Action::Logout) => Ok(Said::Done),
        (Ok(_), _) => Err(Misunderstood::AnotherQuestion),
        (Err(cargo_credential::Error::NotFound), _) => Ok(Said::NotFound),
        (Err(cargo_credential::Error::UrlNotSupported), _) => Ok(Said::UrlNotSupported),
        (Err(cargo_credential::Error::OperationNotSupported), _) => Ok(Said::NotSupported),
        (Err(error), _) => Err(Misunderstood::Failed(error)),
    }
}

/// One part of an error of the protocol, and the next.
#[derive(Debug)]
struct Part(String, Option<Box<Self>>);

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Part {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.1.as_deref().map(|part| part as _)
    }
}

/// An error of the protocol in two parts, which the other side can tell apart.
#[cfg(target_os = "linux")]
pub fn two_part(message: impl fmt::Display, beneath: impl fmt::Display) -> cargo_credential::Error {
    let beneath = Part(beneath.to_string(), None);
    cargo_credential::Error::Other(Box::new(Part(message.to_string(), Some(Box::new(beneath)))))
}

/// The last argument of a request of credsh's to itself: an error is to come back in its parts.
pub const PARTS: &str = "--parts";

/// An error of ours as we tell it ourselves: after the message its kind, and what to do.
pub fn in_parts(error: &Error) -> cargo_credential::Error {
    let hint = error
        .next_step()
        .map(|hint| Box::new(Part(hint.to_owned(), None)));
    let kind = Part(error.kind().name().to_owned(), hint);
    cargo_credential::Error::Other(Box::new(Part(error.to_string(), Some(Box::new(kind)))))
}

/// The error that came in parts.
fn of_parts(error: &cargo_credential::Error) -> Option<Error> {
    let kind = std::error::Error::source(error)?;
    let hint = kind.source().map(ToString::to_string);
    let kind = Kind::named(&kind.to_string())?;
    Some(Error::new(kind, error.to_string()).maybe_hint(hint))
}

/// What a provider says about its failure.
pub(super) fn words_of(
    provider: &Provider,
    error: &cargo_credential::Error,
    action: Action<'_>,
) -> String {
    let told = in_full(error, action);
    // Our own words contain no token, and dates that look like one.
    if provider.is_credsh {
        told
    } else {
        masked(&told)
    }
}

/// No more of a plugin's own words than this is repeated.
const LONGEST_FAILURE: usize = 1000;

/// An error of the protocol with all its causes, on one line, without anything that is or could be a token: a
/// plugin that cannot read its request quotes it.
fn in_full(error: &cargo_credential::Error, action: Action<'_>) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    let sent = match action {
        Action::Login { token, .. } => token,
        Action::Get(_) | Action::Logout => None,
    };
    let text = sent.map_or_else(|| text.clone(), |token| token.hidden_in(&text));
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").chars().take(LONGEST_FAILURE).collect()
}

/// One start of a program that speaks the protocol.
pub(super) struct Call<'a> {
    /// What a person calls it.
    pub(super) name: &'a str,
    pub(super) program: Command,
    pub(super) args: Vec<&'a str>,
    pub(super) limit: Limit,
}

impl Call<'_> {
    /// Starts it, sends the one request, and takes the one answer; the rest are remarks.
    pub(super) fn perform(
        mut self,
        config: &Config,
        registry: &Registry,
        action: Action<'_>,
    ) -> Result<(Response, Vec<String>)> {
        self.program.arg("--cargo-plugin").stdin(Stdio::piped());
        let mut child = Child::start(config, self.program, self.limit)?.called(self.name);
        greeting(&mut child)?;
        let request = request(registry, action, self.args);
        let text = serde_json::to_string(&request)
            .map(Zeroizing::new)
            .map_err(|_| child.failed("cannot be sent a request"))?;
        let watch = match action {
            Action::Login {
                token: Some(token), ..
            } => Some(Watch::start(child.id(), token)),
            _ => None,
        };
        // From here on it may have done what it was told.
        let name = self.name;
        let unless_known = |error: Error| match (action, error.kind()) {
            (Action::Get(_), _) => error,
            (_, Kind::Unavailable) => error
                .because("whether it did as it was told is unknown")
                .in_doubt(true),
            // The error itself does not name it.
            (_, Kind::Interrupted) => error
                .because(format!("whether `{name}` did as it was told is unknown"))
                .in_doubt(true),
            _ => error,
        };
        child.send(text).map_err(unless_known)?;
        let line = child.line().map_err(unless_known)?;
        if line.is_empty() {
            return Err(unless_known(child.ended_before("answered")));
        }
        // What does not parse is not quoted: it may contain a token.
        let response = serde_json::from_str(&line)
            .map_err(|_| child.failed("gave an answer that is not of Cargo's protocol"))?;
        let ended = child.finish();
        let mut remarks = Vec::new();
        match ended {
            // Its answer says what it has done, so that it can be undone, whether or not it ends; Ctrl-C is for whoever
            // goes on.
            Err(error) if !matches!(action, Action::Get(_)) => match error.kind() {
                Kind::Interrupted => {}
                Kind::Unavailable => remarks.push(error.to_string()),
                _ => return Err(error),
            },
            ended => ended?,
        }
        if child.has_more() {
            remarks.push(format!(
                "`{}` printed more than its answer on standard output, which belongs to the protocol",
                child.program()
            ));
        }
        if let Some(shown_by) = watch.and_then(Watch::result) {
            remarks.push(format!(
                "`{}` had the token on the command line of `{shown_by}`, where every user of this machine could read it",
                child.program()
            ));
        }
        Ok((response, remarks))
    }
}

/// Starts a program, and hears whether it is a provider.
pub(super) fn hello(config: &Config, program: &str) -> Result<()> {
    let mut command = Command::new(program);
    command.arg("--cargo-plugin").stdin(Stdio::piped());
    let mut child = Child::start(config, command, Limit::unless_asking(config.time_limit()))?;
    greeting(&mut child)?;
    child.finish()
}

/// Whether a program calls itself credsh, where it is asked for its version.
pub(super) fn says_it_is_credsh(config: &Config, program: &str) -> bool {
    let name = format!("{CREDSH} ");
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    let limit = Limit::of(QUICK.min(config.time_limit()));
    printed(config, command, limit, LONGEST_VERSION)
        .is_ok_and(|printed| printed.starts_with(name.as_bytes()))
}

fn greeting(child: &mut Child) -> Result<()> {
    let line = child.line()?;
    if line.is_empty() {
        return Err(child.ended_before("said hello"));
    }
    let hello: CredentialHello = serde_json::from_str(&line)
        .map_err(|_| child.failed("did not say hello as Cargo's protocol asks for"))?;
    if !hello.v.contains(&PROTOCOL_VERSION_1) {
        return Err(child.failed("does not speak version 1 of Cargo's protocol"));
    }
    Ok(())
}

/// The request as Cargo sends it.
pub(super) fn request<'a>(
    registry: &'a Registry,
    action: Action<'a>,
    args: Vec<&'a str>,
) -> CredentialRequest<'a> {
    let action = match action {
        Action::Get(operation) => ProtocolAction::Get(operation.for_protocol()),
        Action::Login { token, .. } => ProtocolAction::Login(LoginOptions {
            token: token.map(|token| Secret::from(token.expose())),
            login_url: None,
        }),
        Action::Logout => ProtocolAction::Logout,
    };
    CredentialRequest {
        v: PROTOCOL_VERSION_1,
        action,
        registry: RegistryInfo {
            index_url: registry.index_for_provider(),
            name: registry.name_for_provider(),
            headers: Vec::new(),
        },
        args,
    }
}
