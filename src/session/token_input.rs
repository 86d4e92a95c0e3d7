//! Reading a token from its source.
//!
//! Invariant: the text is cleaned and checked here, before anything else sees it, and is in no message.

use std::io::Read;
use std::process::{Command, Stdio};

use super::Session;
use crate::cargo::chain::{Chain, Origin, resolve};
use crate::cargo::providers::{self, Operation, Outcome, Request};
use crate::cargo::registry::Registry;
use crate::disk::replace;
use crate::error::{Error, Place, Result};
use crate::token::{Source, Token};

/// Cargo would take a longer one, no server does; a source that never ends is noticed here.
const LONGEST_TOKEN: usize = 1024 * 1024;

impl Session {
    /// The token, cleaned and checked.
    pub fn read_token(&mut self, source: &Source, registry: &Registry) -> Result<Token> {
        let place = match source {
            Source::Env(name) => Some(Place::Env(name.clone())),
            Source::File(path) => Some(Place::file(self.path(path))),
            _ => None,
        };
        let text = self.read_source(source, registry)?;
        let checked = text.cleaned().checked().map_err(|error| match place {
            Some(place) => error.at(place),
            None => error,
        });
        let token = checked?;
        if token.expose().len() > LONGEST_TOKEN {
            return Err(Error::failed(format!(
                "this is no token: it has {} bytes, and at most {LONGEST_TOKEN} are taken",
                token.expose().len()
            )));
        }
        Ok(token)
    }

    fn read_source(&mut self, source: &Source, registry: &Registry) -> Result<Token> {
        match source {
            Source::Prompt => self.ask_secret(&format!("token for {}: ", registry.word())),
            Source::Stdin if self.stdin_is_script => Err(Error::usage(
                "standard input is the script itself, so it cannot be the source of a token",
            )
            .hint("name another: `--from env:NAME`, `--from file:PATH`")),
            Source::Stdin => self.one_line_of_stdin(),
            Source::Env(name) => match self.world.env.get_os(name) {
                None => Err(Error::failed(format!("the variable `{name}` is not set"))
                    .at(Place::Env(name.clone()))),
                Some(value) => match value.to_str() {
                    Some(text) => Ok(Token::new(text)),
                    None => Err(
                        Error::failed(format!("the variable `{name}` is not Unicode"))
                            .at(Place::Env(name.clone())),
                    ),
                },
            },
            Source::File(path) => {
                let file = self.path(path);
                match replace::read(&file)? {
                    Some(text) => Ok(Token::new(text.as_str())),
                    None => Err(Error::failed("there is no such file").at(Place::file(file))),
                }
            }
            Source::Command(words) => self.output_of(words),
            Source::Provider(words) => self.ask_provider(words, registry),
        }
    }

    /// One line, and nothing behind it but white space.
    fn one_line_of_stdin(&mut self) -> Result<Token> {
        let mut bytes = zeroize::Zeroizing::new(Vec::new());
        let limit = LONGEST_TOKEN as u64 + 1;
        (&mut self.world.stdin)
            .take(limit)
            .read_to_end(&mut bytes)
            .map_err(|error| Error::failed("cannot read standard input").because(error))?;
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            Error::failed(format!(
                "standard input is not UTF-8 at byte {}",
                error.valid_up_to() + 1
            ))
        })?;
        Ok(Token::new(text))
    }

    fn output_of(&self, words: &[String]) -> Result<Token> {
        let [program, arguments @ ..] = words else {
            return Err(Error::usage("the source names no command"));
        };
        let output = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(self.world.env.all())
            .current_dir(&self.world.directory)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| Error::failed(format!("cannot start `{program}`")).because(error))?;
        if !output.status.success() {
            return Err(Error::failed(format!(
                "`{program}` ended with {}",
                output.status
            )));
        }
        let text = String::from_utf8(output.stdout).map_err(|_| {
            Error::failed(format!("`{program}` printed something that is not UTF-8"))
        })?;
        Ok(Token::new(text))
    }

    /// What another provider has for this registry.
    fn ask_provider(&mut self, words: &[String], registry: &Registry) -> Result<Token> {
        let config = self.config()?;
        let place = Place::Option("--from");
        let provider = resolve(config, words, &place, &mut Vec::new());
        let name = provider.to_string();
        let chain = Chain {
            providers: vec![provider],
            origin: Origin::Registry,
            warnings: Vec::new(),
        };
        let request = Request {
            registry,
            operation: Operation::READ,
            may_ask: true,
        };
        let step = providers::walk(config, &chain, &request).pop();
        match step {
            Some(step) if step.outcome == Outcome::Token => step.answer.map(|answer| answer.token),
            Some(step) => match step.error {
                Some(error) => return Err(error),
                None => None,
            },
            None => None,
        }
        .ok_or_else(|| Error::not_found(format!("`{name}` has no token for {}", registry.label())))
    }
}
