//! `cargo:token-from-stdout`: a program prints the token, on one line (20).

use std::process::Command;

use super::child::{Child, Limit};
use super::{Answer, Reply, Said};
use crate::cargo::chain::Provider;
use crate::cargo::config::Config;
use crate::cargo::registry::Registry;
use crate::error::{Error, Result};
use crate::token::Token;

pub(super) fn get(config: &Config, provider: &Provider, registry: &Registry) -> Result<Reply> {
    let [_, program, arguments @ ..] = provider.command.as_slice() else {
        return Err(Error::failed(
            "`cargo:token-from-stdout` needs a command, and none is configured",
        )
        .hint("write it behind the name: `cargo:token-from-stdout pass show crates-io`"));
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
    let mut child = Child::start(config, command, Limit::unless_asking(config.time_limit()))?;
    let line = child.line()?;
    let has_more = line.ends_with('\n') && child.has_another_line()?;
    if has_more {
        return Err(child.failed("printed more than one line; the token must be all of its output"));
    }
    child.finish()?;
    let text = line.strip_suffix('\n').unwrap_or(&line);
    let mut reply = Reply::from(Said::Token(Answer {
        token: Token::new(text),
        place: None,
        cache: "session",
        operation_independent: true,
    }));
    if text.ends_with('\r') {
        reply.remarks.push(format!(
            "`{program}` ends its line with a carriage return, which the Cargo that is installed may send along: have it print a line feed only"
        ));
    }
    Ok(reply)
}
