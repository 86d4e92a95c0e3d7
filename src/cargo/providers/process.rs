//! Plugins: programs that speak Cargo's credential provider protocol (21).

use std::process::{Command, Stdio};

use cargo_credential::{
    Action, CacheControl, CredentialHello, CredentialRequest, CredentialResponse,
    PROTOCOL_VERSION_1, RegistryInfo,
};

use super::child::Child;
use super::{Answer, Request, Said, TIME_LIMIT};
use crate::cargo::chain::Provider;
use crate::cargo::config::Config;
use crate::error::{Error, Result};
use crate::token::Token;

pub(super) fn get(config: &Config, provider: &Provider, request: &Request<'_>) -> Result<Said> {
    let action = Action::Get(request.operation.for_protocol());
    match perform(config, provider, request, action)? {
        Ok(CredentialResponse::Get {
            token,
            cache,
            operation_independent,
        }) => Ok(Said::Token(Answer {
            token: Token::new(token.expose()),
            place: None,
            cache: match cache {
                CacheControl::Session => "session",
                CacheControl::Expires { .. } => "expires",
                _ => "never",
            },
            operation_independent,
        })),
        Ok(_) => Err(Error::failed(format!(
            "`{}` answered another question than it was asked",
            provider.command[0]
        ))),
        Err(cargo_credential::Error::NotFound) => Ok(Said::NotFound),
        Err(cargo_credential::Error::UrlNotSupported) => Ok(Said::UrlNotSupported),
        Err(error) => {
            Err(Error::failed(format!("`{}` failed", provider.command[0])).because(error))
        }
    }
}

type Response = Result<CredentialResponse, cargo_credential::Error>;

fn perform(
    config: &Config,
    provider: &Provider,
    request: &Request<'_>,
    action: Action<'_>,
) -> Result<Response> {
    let mut command = Command::new(&provider.command[0]);
    command.arg("--cargo-plugin").stdin(Stdio::piped());
    let mut child = Child::start(config, command, TIME_LIMIT)?;

    let hello: CredentialHello = serde_json::from_str(&child.line()?)
        .map_err(|_| child.failed("did not say hello as Cargo's protocol asks for"))?;
    if !hello.v.contains(&PROTOCOL_VERSION_1) {
        return Err(child.failed("does not speak version 1 of Cargo's protocol"));
    }
    let request = CredentialRequest {
        v: PROTOCOL_VERSION_1,
        action,
        registry: RegistryInfo {
            index_url: request.registry.index_for_provider(),
            name: request.registry.name_for_provider(),
            headers: Vec::new(),
        },
        args: provider.command[1..].iter().map(String::as_str).collect(),
    };
    let text =
        serde_json::to_string(&request).map_err(|_| child.failed("cannot be sent a request"))?;
    child.send(&text)?;
    // What does not parse is not quoted: it may contain a token.
    let response = serde_json::from_str(&child.line()?)
        .map_err(|_| child.failed("gave an answer that is not of Cargo's protocol"))?;
    let status = child.finish()?;
    if !status.success() {
        return Err(child.failed(&format!("ended with {status}")));
    }
    Ok(response)
}
