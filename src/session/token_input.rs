//! Reading a token from its source.
//!
//! Invariant: the text is cleaned and checked here, before anything else sees it, and is in no message.

use std::io::Read;
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use super::Session;
use crate::cargo::chain::{Provider, resolve};
use crate::cargo::providers::{self, Said, os};
use crate::cargo::registry::Registry;
use crate::disk::replace;
use crate::error::{Error, Kind, Place, Result, reason_of};
use crate::token::{Source, Token};

/// Cargo would take a longer one, no server does; a source that never ends is noticed here.
const LONGEST_TOKEN: usize = 1024 * 1024;

/// As much as a source is read: white space around a token does not count.
const LONGEST_SOURCE: usize = LONGEST_TOKEN + 1024;

fn too_long() -> Error {
    Error::failed(format!(
        "this is no token: it has more than {LONGEST_TOKEN} bytes"
    ))
    .hint("name a source that gives the token and nothing else")
}

impl Session {
    /// The token, cleaned and checked.
    pub fn read_token(&mut self, source: &Source, registry: &Registry) -> Result<Token> {
        let is_there = match source {
            Source::Env(name) => self.world.env.get_os(name).is_some(),
            Source::File(path) => self.path(path).exists(),
            _ => true,
        };
        if !is_there {
            source.check_missing()?;
        }
        let place = match source {
            Source::Env(name) => Place::Env(name.clone()),
            Source::File(path) => Place::file(self.path(path)),
            Source::Stdin => Place::file("<stdin>"),
            Source::Prompt | Source::Command(_) | Source::Provider(_) => Place::Option("--from"),
        };
        let token = self
            .read_source(source, registry)
            .and_then(|text| {
                let token = text.cleaned();
                if token.len() > LONGEST_TOKEN {
                    return Err(too_long());
                }
                token.checked()
            })
            .map_err(|error| match (error.kind(), source) {
                // Whoever ends what runs knows what that is.
                (Kind::Interrupted, Source::Command(_)) => error,
                _ => error.at(place),
            })?;
        if let Some(recording) = &mut self.recording {
            recording.note_source(&token, source);
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
                    .hint(format!("set and export `{name}`, or name another source"))),
                Some(value) => match value.to_str() {
                    Some(text) => Ok(Token::new(text)),
                    None => Err(
                        Error::failed(format!("the variable `{name}` is not Unicode"))
                            .hint(format!("set `{name}` again, to the token and nothing else")),
                    ),
                },
            },
            Source::File(path) => {
                let file = self.path(path);
                // One that is no token is not read before that is said.
                if file
                    .metadata()
                    .is_ok_and(|meta| meta.len() > 2 * LONGEST_TOKEN as u64)
                {
                    return Err(too_long());
                }
                match replace::read(&file)? {
                    Some(text) => Ok(Token::new(text.as_str())),
                    None => Err(Error::failed("there is no such file").hint(
                        "the path after `file:` is relative to the current folder; `~` is not expanded",
                    )),
                }
            }
            Source::Command(words) => self.output_of(words),
            Source::Provider(words) => self.ask_provider(words, registry),
        }
    }

    /// One line, and nothing behind it but white space.
    fn one_line_of_stdin(&mut self) -> Result<Token> {
        read_text(&mut self.world.stdin, "standard input")
    }

    fn output_of(&mut self, words: &[String]) -> Result<Token> {
        let [program, arguments @ ..] = words else {
            return Err(Error::usage("the source names no command"));
        };
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        let printed = providers::printed(self.config()?, command, LONGEST_SOURCE)?;
        text_of(&printed, &format!("what `{program}` prints"))
    }

    /// A provider that is named rather than configured; an alias counts.
    pub fn provider_named(&mut self, words: &[String]) -> Result<Provider> {
        let place = Place::Option("--from");
        Ok(resolve(self.config()?, words, &place, &mut Vec::new()))
    }

    /// What another provider has for this registry.
    fn ask_provider(&mut self, words: &[String], registry: &Registry) -> Result<Token> {
        let provider = self.provider_named(words)?;
        let reply = self.ask(&provider, registry)?;
        for remark in &reply.remarks {
            self.warn(remark);
        }
        match reply.said {
            Said::Token(answer) => Ok(answer.token),
            Said::Locked => Err(os::locked(&provider)),
            _ => Err(Error::not_found(format!(
                "`{provider}` has no token for {}",
                registry.label()
            ))
            .hint(format!(
                "`why {}` says what each provider has",
                registry.word()
            ))),
        }
    }
}

/// The text of a source, as far as any token could go.
fn read_text(source: &mut dyn Read, what: &str) -> Result<Token> {
    let mut bytes = Zeroizing::new(Vec::new());
    source
        .take(LONGEST_SOURCE as u64)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::failed(format!("cannot read {what}")).because(reason_of(&error)))?;
    text_of(&bytes, what)
}

fn text_of(bytes: &[u8], what: &str) -> Result<Token> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Token::new(text)),
        Err(error) => Err(Error::failed(format!(
            "{what} is not UTF-8 at byte {}",
            error.valid_up_to() + 1
        ))
        .hint("a token is plain text: name a source that gives nothing else")),
    }
}
