//! `registry set`

use clap::{ArgGroup, Args};

use super::add::{set_default, set_provider};
use super::must_exist;
use crate::cargo::chain::{Chain, Kind, Provider};
use crate::cargo::config::{Held, View};
use crate::cargo::index_url::IndexUrl;
use crate::cargo::name::RegistryName;
use crate::cargo::providers::os;
use crate::cargo::registry::{Registry, Wanted, default, with_canonical};
use crate::commands::Outcome;
use crate::commands::args::{ProviderSpec, Where};
use crate::commands::logout::{forget_in_files, in_ignored};
use crate::disk::tree::Node;
use crate::error::{Error, Kind as ErrorKind, Result, list};
use crate::session::change::{Moved, Proof, Wish};
use crate::session::{Session, own};
use crate::stores::ledger::Entry;

/// Change a registry
///
/// `cargo:token` keeps tokens under the registry's name: with a new index, the old token would be sent to the
/// new host. The other stores keep them under the index, and would have none for the new one. So a change of
/// the index wants to be told what becomes of a stored token.
#[derive(Debug, Clone, Args)]
#[command(
    group(ArgGroup::new("change").required(true).multiple(true).args(["index", "provider", "no_provider", "make_default", "no_default"])),
    after_help = "Examples:\n  registry set corp --index sparse+https://new.corp.example/index/\n  registry set corp --make-default"
)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub struct Set {
    /// The registry's name
    name: RegistryName,
    /// The new index
    #[arg(long, value_name = "URL")]
    index: Option<IndexUrl>,
    /// Keep the stored token, for the new index
    #[arg(long, requires = "index", conflicts_with = "drop_token")]
    move_token: bool,
    /// Forget the stored token
    #[arg(long, requires = "index")]
    drop_token: bool,
    /// The only provider that Cargo asks for this registry
    #[arg(long, value_name = "SPEC", conflicts_with = "no_provider")]
    provider: Option<ProviderSpec>,
    /// Back to the global chain
    #[arg(long)]
    no_provider: bool,
    /// Make it the registry that is meant when none is named
    #[arg(long, conflicts_with = "no_default")]
    make_default: bool,
    /// No longer the default
    #[arg(long)]
    no_default: bool,
    #[command(flatten)]
    place: Where,
}

impl Set {
    /// Changes.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let Self { name, .. } = self;
        if !name.is_crates_io() {
            must_exist(session.config()?, name)?;
            session.rely_on(&["registries", name.as_str(), "index"], View::Config);
        }
        if let Some(index) = &self.index {
            self.set_index(session, index)?;
        }
        if let Some(ProviderSpec(words)) = &self.provider {
            set_provider(session, name, words, &self.place)?;
        }
        if self.no_provider {
            self.unset_provider(session)?;
        }
        if self.make_default {
            set_default(session, name, &self.place)?;
        }
        if self.no_default
            && default(session.config()?)?.is_some_and(|found| found.value == name.as_str())
        {
            let key = ["registry", "default"];
            let file = self.place.file(session, &key)?;
            session.edit_setting(&file, &key, None)?;
        }
        Outcome::change()
    }

    fn set_index(&self, session: &mut Session, index: &IndexUrl) -> Result<()> {
        let name = &self.name;
        if name.is_crates_io() {
            return Err(Error::usage("crates.io's index is built into Cargo")
                .hint("to use another in its place, see `[source.crates-io] replace-with` in Cargo's book"));
        }
        let index = index.clone().checked()?;
        let key = ["registries", name.as_str(), "index"];
        // One that is no text is about to be mended.
        let now = session.config()?.text(&key, View::Config).ok().flatten();
        if now.is_some_and(|found| found.value == index.as_sent()) {
            return Ok(());
        }
        let mut names = with_canonical(session.config()?, &index)?;
        names.retain(|other| other != name.as_str());
        if !names.is_empty() {
            return Err(Error::failed(format!(
                "this index belongs to {} already; Cargo refuses both then",
                list(&names)
            ))
            .hint(format!(
                "use that name, or remove it first: `registry remove {}`",
                names[0]
            )));
        }
        if let Some(doubt) = index.doubt() {
            session.warn(&doubt);
        }
        let token_key = ["registries", name.as_str(), "token"];
        session.rely_on(&token_key, View::All);
        let stored = session
            .config()?
            .in_files(&token_key, View::All)
            .next()
            .map(|(layer, entry)| layer.place(entry));
        let ignored = in_ignored(session, &token_key)?.into_iter();
        match stored.or(ignored.map(|(_, place)| place).next()) {
            Some(place) if !self.move_token && !self.drop_token => {
                return Err(Error::failed(format!(
                    "a token is stored for `{name}`, and would be sent to the new index"
                ))
                .at(place)
                .hint("say what you mean: `--move-token` or `--drop-token`"));
            }
            Some(_) if self.drop_token => {
                forget_in_files(session, &token_key, None, true)?;
            }
            _ => {}
        }
        self.take_along(session, &index)?;
        let file = self.place.file(session, &key)?;
        session.edit_setting(&file, &key, Some(Node::Text(index.as_sent().to_owned())))
    }

    /// The other stores know a registry by its index: there, the token would be left behind.
    fn take_along(&self, session: &mut Session, index: &IndexUrl) -> Result<()> {
        let wanted = Wanted::Name(self.name.clone());
        // One that Cargo refuses as it is now has no token anywhere.
        let Ok(old) = Registry::resolve(session.config()?, &wanted) else {
            return Ok(());
        };
        let Ok(chain) = Chain::of(session.config()?, &old) else {
            return Ok(());
        };
        let new = Registry {
            index: index.clone(),
            ..old.clone()
        };
        let keeps = |provider: &&Provider| {
            !provider.kind.is_foreign()
                && provider.kind != Kind::Token
                && provider.can_login() != Some(false)
        };
        for provider in chain.providers.iter().filter(keeps) {
            if provider.is_credsh {
                if !session.own_tokens(&old)?.is_empty() {
                    self.refuse_change_of_provider(provider)?;
                }
                self.take_own_along(session, &old, &new)?;
                continue;
            }
            let asked = session.held_or_why_not(provider, &old);
            let held = asked.and_then(|held| held.ok_or_else(|| os::locked(provider)));
            let held = match held {
                Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
                // It may do as it is told all the same.
                Err(error) if self.drop_token && error.kind() != ErrorKind::Unavailable => {
                    Held::Unknown
                }
                Err(error) if self.drop_token => {
                    session.warn(&format!(
                        "a token that `{provider}` has for the old index stays there: {error}"
                    ));
                    continue;
                }
                Err(error) if self.move_token && error.kind() == ErrorKind::Unavailable => {
                    return Err(error);
                }
                Err(error) if self.move_token => {
                    return Err(Error::failed(format!(
                        "`{provider}` does not say what token it has for the old index"
                    ))
                    .because(error)
                    .hint(format!("`provider test {provider}` says why")));
                }
                Err(error) => return Err(unknown(provider, &error)),
                Ok(Held::Nothing) => continue,
                Ok(held) => held,
            };
            self.refuse_change_of_provider(provider)?;
            if !self.move_token && !self.drop_token {
                if let Held::Token(_) = held {
                    return Err(self.left_behind(provider.to_string().as_str()));
                }
                session.note(&format!(
                    "a plan does not ask `{provider}`: if it has a token for the old index, or cannot say, the real run refuses without `--move-token` or `--drop-token`"
                ));
                continue;
            }
            let mut moved_to = None;
            if self.move_token {
                let there = session.held(provider, &new)?;
                // A logout would take it away from both.
                if there.is_same(&held) {
                    session.warn(&format!(
                        "`{provider}` gives this token for the new index already, as one does that does not tell the two registries apart, so it stays there"
                    ));
                    continue;
                }
                // Unknown in a plan only.
                let token = match &held {
                    Held::Token(token) => Some(token.clone()),
                    Held::Nothing | Held::Unknown => None,
                };
                moved_to = token.clone().map(|token| {
                    Box::new(Moved {
                        provider: provider.clone(),
                        registry: new.clone(),
                        token,
                    })
                });
                let login = Wish::Login {
                    token,
                    args: Vec::new(),
                    instead: Vec::new(),
                    proof: Some(Proof::AsBefore),
                };
                session.wish(provider, &new, there, login)?;
            }
            session.wish(provider, &old, held, Wish::Logout { moved_to })?;
        }
        Ok(())
    }

    /// Credsh's own tokens, each with its rules.
    fn take_own_along(&self, session: &mut Session, old: &Registry, new: &Registry) -> Result<()> {
        for entry in session.own_tokens(old)? {
            if self.drop_token {
                session
                    .forget(&entry)?
                    .ok_or_else(|| os::locked(&own::keeper(&entry)))?;
            } else if self.move_token {
                let moved = Entry {
                    index: new.index_for_provider().to_owned(),
                    ..entry.clone()
                };
                session.change_rules(&entry, &moved)?;
            } else {
                return Err(self.left_behind("credsh"));
            }
        }
        Ok(())
    }

    /// One that stays the provider of the registry.
    fn refuse_change_of_provider(&self, provider: &Provider) -> Result<()> {
        if !self.move_token || (self.provider.is_none() && !self.no_provider) {
            return Ok(());
        }
        Err(Error::usage(format!(
            "the token would move with `{provider}`, which is no longer to be asked"
        ))
        .hint(format!(
            "change the index first, and then the provider: `login {} --provider SPEC --from \"provider:{provider}\" --move`",
            self.name
        )))
    }

    fn left_behind(&self, provider: &str) -> Error {
        Error::failed(format!(
            "`{provider}` has a token for the old index of `{}`, and would have none for the new one",
            self.name
        ))
        .hint("say what you mean: `--move-token` or `--drop-token`")
    }

    fn unset_provider(&self, session: &mut Session) -> Result<()> {
        let table: &[&str] = if self.name.is_crates_io() {
            &["registry"]
        } else {
            &["registries", self.name.as_str()]
        };
        let key = [table, &["credential-provider"]].concat();
        if !self.place.has(session, &key)? {
            return Ok(());
        }
        let file = self.place.file(session, &key)?;
        session.edit_setting(&file, &key, None)
    }
}

/// A store that may have a token, and cannot be asked.
fn unknown(provider: &Provider, error: &Error) -> Error {
    Error::unavailable(format!(
        "whether `{provider}` has a token for the old index is not known"
    ))
    .because(error)
    .hint("make it answer and repeat the command, or leave behind what it has: `--drop-token`")
}
