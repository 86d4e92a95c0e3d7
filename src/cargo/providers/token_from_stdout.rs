//! `cargo:token-from-stdout`: a program prints the token, on one line (20).

use std::process::Command;

use super::child::Child;
use super::{Answer, TIME_LIMIT};
use crate::cargo::chain::Provider;
use crate::cargo::config::Config;
use crate::cargo::registry::Registry;
use crate::error::{Error, Result};
use crate::token::Token;

pub(super) fn get(config: &Config, provider: &Provider, registry: &Registry) -> Result<Answer> {
    let [_, program, arguments @ ..] = provider.command.as_slice() else {
        return Err(Error::failed("`cargo:token-from-stdout` needs a command"));
    };
    let mut command = Command::new(program);
    command.args(
        arguments
            .iter()
            .map(|argument| argument.replace("{index_url}", registry.index_for_provider())),
    );
    command.env("CARGO_REGISTRY_INDEX_URL", registry.index_for_provider());
    if let Some(name) = registry.name_for_provider() {
        command.env("CARGO_REGISTRY_NAME_OPT", name);
    }
    let mut child = Child::start(config, command, TIME_LIMIT)?;
    let line = child.line()?;
    let has_more = line.ends_with('\n') && !child.line()?.is_empty();
    if has_more {
        return Err(child.failed("printed more than one line; the token must be all of its output"));
    }
    let status = child.finish()?;
    if !status.success() {
        return Err(child.failed(&format!("ended with {status}")));
    }
    Ok(Answer {
        token: Token::new(line.strip_suffix('\n').unwrap_or(&line)),
        place: None,
        cache: "session",
        operation_independent: true,
    })
}
