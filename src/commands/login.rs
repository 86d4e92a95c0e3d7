//! `login`

use clap::Args;

use super::Outcome;
use super::args::{ProviderSpec, Target, Where};
use super::logout::{PlaceOutcome, forget_in_files};
use super::registry::set_provider;
use crate::cargo::chain::{Chain, Kind, Origin, Provider};
use crate::cargo::config::{Held, View};
use crate::cargo::inspection::moved_index;
use crate::cargo::registry::Registry;
use crate::disk::tree::Node;
use crate::error::{Error, Result};
use crate::session::change::{Moved, Proof, Wish, is_same};
use crate::session::own::Rules;
use crate::session::{Session, no_name, stores_nothing};
use crate::token::{Scheme, Source, Token};

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
    #[command(flatten)]
    rules: Rules,
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
        // The token that is moved away draws no warning that it stays unused.
        for warning in chain.warnings.iter().filter(|_| !self.move_it) {
            session.warn(warning);
        }
        let takers = takers(&chain)?;
        for key in chain.keys(&registry) {
            session.rely_on(&key, View::All);
        }
        if let Some(index) = registry.setting("index") {
            session.rely_on(&index, View::Config);
        }
        for note in &registry.notes {
            session.note(note);
        }
        let left = self.place_to_leave(session, &registry, &takers[0])?;
        session.note(&format!(
            "logging in to {} ({}) with `{}`",
            registry.label(),
            registry.index,
            takers[0]
        ));
        if chain.origin == Origin::Default && !registry.is_crates_io {
            session.note("Cargo refuses a registry with `auth-required` until a credential provider is configured; if this is one: `provider add cargo:token`");
        }
        if self.rules.is_given() && !takers[0].is_credsh {
            return Err(Error::usage(format!(
                "`{}` does not know what a token is for, or when it expires",
                takers[0]
            ))
            .hint("only credsh itself does, as a provider: `--provider credsh`"));
        }
        let (to, token) = if takers[0].is_credsh {
            self.keep(session, &registry, &takers[0])?
        } else if takers[0].kind == Kind::Token {
            (takers[0].clone(), self.store_in_files(session, &registry)?)
        } else {
            let token = self.hand_over(session, &registry, &takers)?;
            (takers[0].clone(), token)
        };
        if let Some(left) = left {
            leave(session, &registry, &left, &to, token)?;
        }
        Outcome::change()
    }

    /// The provider that the token moves away from.
    fn place_to_leave(
        &self,
        session: &mut Session,
        registry: &Registry,
        taker: &Provider,
    ) -> Result<Option<Provider>> {
        if !self.move_it {
            return Ok(None);
        }
        let Some(Source::Provider(words)) = &self.from else {
            return Err(
                Error::usage("a token can be moved away from a provider only")
                    .hint("name one, `--from provider:SPEC`, or remove the source yourself once the login is done"),
            );
        };
        let from = session.provider_named(words)?;
        session.refuse_another_credsh(&from, registry)?;
        if from.command == taker.command {
            return Err(
                Error::usage(format!("`{from}` is where the token would move to as well"))
                    .hint("name the new place with `--provider SPEC`"),
            );
        }
        if from.is_credsh {
            return Err(Error::failed(
                "credsh's own tokens do not move: each has its rules, and another provider knows none",
            )
            .hint("log in without `--move`, and then `token remove LABEL`"));
        }
        if from.can_login() == Some(false) {
            return Err(Error::failed(format!("`{from}` cannot forget a token"))
                .hint("log in without `--move`"));
        }
        Ok(Some(from))
    }

    /// `cargo:token`: an edit of the credentials file. Answers the token, unless a plan does not read it.
    fn store_in_files(&self, session: &mut Session, registry: &Registry) -> Result<Option<Stored>> {
        if !self.rest.is_empty() {
            return Err(
                Error::usage("`cargo:token` takes no arguments; a token is never one")
                    .hint("say where the token is, with `--from`"),
            );
        }
        let key: Vec<String> = registry
            .setting("token")
            .ok_or_else(|| no_name(registry))?
            .into_iter()
            .map(ToOwned::to_owned)
            .collect();
        let key: Vec<&str> = key.iter().map(String::as_str).collect();
        if let Some(warning) = moved_index(session.config()?, registry) {
            session.warn(&warning);
        }
        let file = session.config()?.credentials_file();
        let source = self.from.clone().unwrap_or_else(|| default_source(session));
        if session.flags.is_plan() && !source.is_inert() {
            session.edit_unread(&file, &key)?;
            return Ok(None);
        }
        let token = session.read_token(&source, registry)?;
        let token = self.with_scheme(session, token)?;
        let node = Node::Secret(token.stored.clone());
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
        session.edit_setting(&file, &key, Some(node))?;
        Ok(Some(token))
    }

    /// Any other provider: it is told at the commit. Answers the token, unless nobody here knows it.
    fn hand_over(
        &self,
        session: &mut Session,
        registry: &Registry,
        takers: &[Provider],
    ) -> Result<Option<Stored>> {
        let source = self.from.clone().unwrap_or_else(|| default_source(session));
        let [taker, instead @ ..] = takers else {
            return Ok(None);
        };
        let held = session.held(taker, registry)?;
        let token = if session.flags.is_plan() && !source.is_inert() {
            None
        } else if source == Source::Prompt && taker.kind == Kind::Plugin {
            // Some get it by themselves, in a browser for instance.
            let question = format!(
                "token for {} (empty: the provider asks for it): ",
                registry.word()
            );
            let typed = session.ask_secret(&question)?.cleaned();
            if typed.is_empty() {
                None
            } else {
                Some(typed.checked()?)
            }
        } else {
            Some(session.read_token(&source, registry)?)
        };
        let token = match token {
            Some(token) => Some(self.with_scheme(session, token)?),
            None => None,
        };
        session.wish(
            taker,
            registry,
            held,
            Wish::Login {
                token: token.as_ref().map(|token| token.stored.clone()),
                args: self.rest.clone(),
                instead: instead.to_vec(),
                proof: self.move_it.then_some(Proof::Read),
            },
        )?;
        Ok(token)
    }

    /// Credsh is the provider: its stores and its ledger. Answers who keeps the token there.
    fn keep(
        &self,
        session: &mut Session,
        registry: &Registry,
        provider: &Provider,
    ) -> Result<(Provider, Option<Stored>)> {
        let configured = Rules::of_arguments(&provider.command[1..])?;
        let here = Rules::of_arguments(&self.rest)?;
        let rules = self.rules.clone().or(here).or(configured.clone());
        session.check_reach(registry, &rules, &configured, provider)?;
        let source = self.from.clone().unwrap_or_else(|| default_source(session));
        let token = if session.flags.is_plan() && !source.is_inert() {
            None
        } else {
            let token = session.read_token(&source, registry)?;
            Some(self.with_scheme(session, token)?)
        };
        let stored = token.as_ref().map(|token| token.stored.clone());
        let keeper = session.keep(registry, &rules, stored)?;
        Ok((keeper, token))
    }

    fn with_scheme(&self, session: &mut Session, read: Token) -> Result<Stored> {
        if let (Some(wanted), Some(found)) = (self.scheme, Scheme::of(&read))
            && wanted != found
        {
            session.warn("the text has another scheme already, and keeps it");
        }
        let stored = self.scheme.unwrap_or(Scheme::Raw).apply(read.clone())?;
        if let Some(scheme) = Scheme::doubled(&stored) {
            session.warn(&format!("the token has the scheme `{scheme}` twice"));
        }
        // Who types blindly may have meant the next command.
        let source = self.from.clone();
        let source = source.unwrap_or_else(|| default_source(session));
        if matches!(source, Source::Prompt) && Scheme::is_missing(&stored) {
            session.warn(
                "what was typed has blanks in it and no scheme in front, as `Bearer TOKEN` has: log in again, if it was \
                 not the token",
            );
        }
        Ok(Stored { read, stored })
    }
}

/// A token as its source gives it, and as it is stored, with its scheme.
struct Stored {
    read: Token,
    stored: Token,
}

/// Removes the token from where it was, once the new place has proved that it has it.
fn leave(
    session: &mut Session,
    registry: &Registry,
    from: &Provider,
    to: &Provider,
    token: Option<Stored>,
) -> Result<()> {
    if from.kind == Kind::Token {
        let key = registry.setting("token").ok_or_else(|| no_name(registry))?;
        // The one that Cargo would send, also in a plan, which has not read it.
        let moves = session.config()?.secret(&key)?.map(|found| found.value);
        let places = forget_in_files(session, &key, moves.as_ref(), true)?;
        return match places
            .into_iter()
            .find(|(_, fate)| fate.outcome == PlaceOutcome::Kept && !fate.is_aside())
        {
            Some((place, fate)) => Err(Error::failed(
                "the token cannot be moved, because it would stay here",
            )
            .at(place)
            .maybe_hint(fate.detail())),
            None => Ok(()),
        };
    }
    // It was read from there a moment ago.
    let (before, moved_to) = match token {
        None => (Held::Unknown, None),
        Some(Stored { read, stored }) => (
            Held::Token(read),
            Some(Box::new(Moved {
                provider: to.clone(),
                registry: registry.clone(),
                token: stored,
            })),
        ),
    };
    session.wish(from, registry, before, Wish::Logout { moved_to })
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

/// The providers that Cargo would offer the token, one after the other: it passes over those that are not for
/// this system, and goes on only where one says that a registry is none of its own.
fn takers(chain: &Chain) -> Result<Vec<Provider>> {
    let takers: Vec<Provider> = chain
        .providers
        .iter()
        .filter(|provider| !provider.kind.is_foreign())
        .cloned()
        .collect();
    match takers.first() {
        None => Err(
            Error::failed("no credential provider of the chain works on this system")
                .hint("`provider list` shows them; `provider add cargo:token` adds one that does"),
        ),
        Some(first) if first.can_login() == Some(false) => Err(stores_nothing(first)),
        Some(_) => Ok(takers),
    }
}
