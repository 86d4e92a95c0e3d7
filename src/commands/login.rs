//! `login`

use clap::Args;

use super::Outcome;
use super::args::{ProviderSpec, Target, Where};
use super::registry::set_provider;
use crate::cargo::chain::{Chain, Kind, Origin, Provider};
use crate::cargo::inspection::moved_index;
use crate::cargo::providers::not_yet;
use crate::cargo::registry::Registry;
use crate::disk::tree::Node;
use crate::error::{Error, Result};
use crate::session::Session;
use crate::session::overlay::is_same;
use crate::token::{Scheme, Source};

/// Store a token, with the provider that Cargo would give it to
///
/// The token itself is never an argument: name where it is. Without `--from` it is asked for, hidden, on a
/// terminal, and read from standard input elsewhere.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  login crates-io --from env:MY_TOKEN\n  login corp --scheme bearer --from file:token.txt"
)]
pub struct Login {
    #[command(flatten)]
    target: Target,
    /// Where the token is: `prompt`, `stdin`, `env:NAME`, `file:PATH`, `command:CMD ARGS`, `provider:SPEC`
    #[arg(long, value_name = "SOURCE")]
    from: Option<Source>,
    /// Remove it from where it was, once it is stored
    #[arg(long = "move", requires = "from")]
    move_it: bool,
    /// How the server wants it: as it is, or behind `Bearer`, `Basic` or `Token`
    #[arg(long, value_name = "SCHEME")]
    scheme: Option<Scheme>,
    /// Give the registry this provider first
    #[arg(long, value_name = "SPEC")]
    provider: Option<ProviderSpec>,
    /// Arguments for the provider
    #[arg(last = true, value_name = "ARGS")]
    rest: Vec<String>,
}

impl Login {
    /// Logs in.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let wanted = self.target.wanted();
        let registry = Registry::resolve(session.config()?, &wanted)?;
        if let Some(ProviderSpec(words)) = &self.provider {
            let name = registry.name.clone().ok_or_else(|| {
                Error::failed("a provider is set for a name, and this index has none").hint(
                    format!("give it one: `registry add NAME {}`", registry.index),
                )
            })?;
            set_provider(session, &name, words, &Where::default())?;
        }
        let chain = Chain::of(session.config()?, &registry)?;
        for warning in &chain.warnings {
            session.warn(warning);
        }
        let provider = taker(&chain)?;
        if self.move_it {
            return Err(
                Error::unavailable("credsh cannot move tokens yet (`--move`)")
                    .hint("log in without it, and then `logout` of the old place"),
            );
        }
        if provider.kind != Kind::Token {
            return Err(not_yet(provider, "log in through"));
        }
        if !self.rest.is_empty() {
            return Err(
                Error::usage("`cargo:token` takes no arguments; a token is never one")
                    .hint("say where the token is, with `--from`"),
            );
        }
        self.store(session, &registry, &chain)?;
        Outcome::change()
    }

    fn store(&self, session: &mut Session, registry: &Registry, chain: &Chain) -> Result<()> {
        let key: Vec<String> = registry
            .setting("token")
            .ok_or_else(|| {
                Error::failed(
                    "Cargo keeps a token under a registry's name, and this index has none",
                )
                .hint(format!(
                    "give it one: `registry add NAME {}`",
                    registry.index
                ))
            })?
            .into_iter()
            .map(ToOwned::to_owned)
            .collect();
        let key: Vec<&str> = key.iter().map(String::as_str).collect();
        for note in &registry.notes {
            session.note(note);
        }
        if let Some(warning) = moved_index(session.config()?, registry) {
            session.warn(&warning);
        }
        let file = session.config()?.credentials_file();
        session.note(&format!(
            "logging in to {} ({}) with `cargo:token`",
            registry.label(),
            registry.index
        ));
        if chain.origin == Origin::Default && !registry.is_crates_io {
            session.note("Cargo refuses a registry with `auth-required` until a credential provider is configured; if this is one: `provider add cargo:token`");
        }
        let source = self.from.clone().unwrap_or_else(|| default_source(session));
        if session.flags.is_plan() && !source.is_inert() {
            return session.edit_unread(&file, &key);
        }
        let token = session.read_token(&source, registry)?;
        if let (Some(wanted), Some(found)) = (self.scheme, Scheme::of(&token))
            && wanted != found
        {
            session.warn("the text has another scheme already, and keeps it");
        }
        let token = self.scheme.unwrap_or(Scheme::Raw).apply(token)?;
        if let Some(scheme) = Scheme::doubled(&token) {
            session.warn(&format!("the token has the scheme `{scheme}` twice"));
        }
        let node = Node::Secret(token);
        let now = session
            .config()?
            .in_file(&file, &key)
            .map(|entry| entry.node.clone());
        if !is_same(now.as_ref(), Some(&node)) && !session.flags.is_plan() {
            session.warn(&format!(
                "the token is kept as plain text in `{}`",
                file.display()
            ));
        }
        session.edit_setting(&file, &key, Some(node))
    }
}

/// On a terminal a person is asked; elsewhere the token comes down the pipe, as with `cargo login`.
fn default_source(session: &Session) -> Source {
    if session.world.terminal.stdin
        || (session.stdin_is_script && session.world.prompt.is_available())
    {
        Source::Prompt
    } else {
        Source::Stdin
    }
}

/// The provider that takes the token: Cargo passes over those that are not for this system only.
fn taker(chain: &Chain) -> Result<&Provider> {
    let provider = chain
        .providers
        .iter()
        .find(|provider| !provider.kind.is_foreign())
        .ok_or_else(|| {
            Error::failed("no credential provider of the chain works on this system")
                .hint("`provider list` shows them; `provider add cargo:token` adds one that does")
        })?;
    if provider.kind.can_login() == Some(false) {
        return Err(Error::failed(format!(
            "`{provider}` cannot store a token, and Cargo asks no other"
        ))
        .hint("put another provider before it, or use `--provider`"));
    }
    Ok(provider)
}
