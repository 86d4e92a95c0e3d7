//! Having a provider do something: a process does, except for the sealed file, which is opened in this one. It cannot
//! hang as a keyring can, and a passphrase's key, which takes a second to derive, is derived once for a run.

use super::change::{ItemChange, Proof, Wish};
use super::{Left, Session, own};
use crate::cargo::chain::{self, Provider};
use crate::cargo::config::Held;
use crate::cargo::providers::{self, Action, Answer, Operation, Reply, Said, os};
use crate::cargo::registry::Registry;
use crate::error::{Error, Kind, Result};
use crate::stores::{Item, StoreKind};
use crate::token::Token;

impl Session {
    /// Has a provider do something, now.
    pub(super) fn perform(
        &mut self,
        provider: &Provider,
        registry: &Registry,
        action: Action<'_>,
    ) -> Result<Reply> {
        match own::sealed_label(provider) {
            Some(label) => self.perform_sealed(label, registry, action),
            None => providers::perform(self.config()?, provider, registry, action),
        }
    }

    /// Refuses to have another credsh keep or forget a token: it would wait for the lock that this one takes for that.
    pub fn refuse_another_credsh(
        &mut self,
        provider: &Provider,
        registry: &Registry,
    ) -> Result<()> {
        if self.flags.is_plan() || !providers::is_another_credsh(self.config()?, provider) {
            return Ok(());
        }
        let config = self.config()?;
        let own = registry.setting("credential-provider");
        let is_of_registry = match own {
            Some(key) => config.words(&key)?.is_some(),
            None => false,
        };
        let hint = if is_of_registry {
            format!("`registry set {} --provider credsh`", registry.word())
        } else {
            "`provider add credsh`".to_owned()
        };
        Err(Error::failed(format!(
            "`{}` is another credsh, which would wait for this one's lock",
            provider.command[0]
        ))
        .hint(hint))
    }

    /// What a provider has for a read; what an open transaction will have given it counts already.
    pub(super) fn ask(&mut self, provider: &Provider, registry: &Registry) -> Result<Reply> {
        match providers::pending(self.config()?, provider, registry) {
            Some(pending) => pending,
            None => self.perform(provider, registry, Action::Get(&Operation::READ)),
        }
    }

    /// What a provider holds; `None` if it is locked.
    pub(super) fn heard(&mut self, provider: &Provider, reply: Reply) -> Result<Option<Held>> {
        match self.said(reply) {
            Said::Token(answer) => Ok(Some(Held::Token(answer.token))),
            Said::NotFound | Said::UrlNotSupported => Ok(Some(Held::Nothing)),
            Said::Locked => Ok(None),
            Said::NotSupported | Said::Done => {
                Err(Error::failed(format!("`{provider}` gives no tokens")))
            }
        }
    }

    /// What a provider holds now for a read, whatever is pending.
    fn look_for_read(&mut self, provider: &Provider, registry: &Registry) -> Result<Option<Held>> {
        let reply = self.perform(provider, registry, Action::Get(&Operation::READ))?;
        self.heard(provider, reply)
    }

    /// The same, and where a plugin has nothing for that, what it holds for a publish. One look wherever answers are
    /// compared: they were asked for alike.
    pub(super) fn look_for_all(
        &mut self,
        provider: &Provider,
        registry: &Registry,
    ) -> Result<Option<Held>> {
        let held = self.look_for_read(provider, registry)?;
        if !matches!(held, Some(Held::Nothing)) || provider.kind != chain::Kind::Plugin {
            return Ok(held);
        }
        // A publish without a crate is no request of Cargo's: whatever else it makes of that says nothing.
        match self.perform(provider, registry, Action::Get(&Operation::PUBLISH)) {
            Ok(Reply {
                said: Said::Token(answer),
                ..
            }) => Ok(Some(Held::Token(answer.token))),
            Err(error) if error.kind() == Kind::Interrupted => Err(error),
            _ => Ok(held),
        }
    }

    /// What a provider holds right before it is changed. An error where that is neither what it held when it was asked
    /// first, nor what it is to hold: somebody else has stored it, and only `--yes` gives it up. Unknown, where the
    /// provider makes another one for each get; of such a one, what moves is not what would be forgotten.
    pub(super) fn look_again(&mut self, item: &ItemChange) -> Result<Held, (Left, Error)> {
        let ItemChange {
            provider,
            registry,
            before,
            after,
        } = item;
        let (is_logout, is_move) = (matches!(after, Wish::Logout { .. }), after.is_move());
        // There is nothing to compare with, nothing that could go, or it may go.
        if matches!(before, Held::Unknown)
            || (is_logout && matches!(before, Held::Nothing))
            || (is_logout && !is_move && self.flags.yes)
        {
            return Ok(before.clone());
        }
        let mut look = || match self.look_for_all(provider, registry) {
            Ok(Some(now)) => Ok(now),
            Ok(None) => Err((Left::Locked, os::locked(provider))),
            Err(error) => Err((Left::Failed, error)),
        };
        let now = look()?;
        let is_as_known = now.is_same(before) || now.is_same(&after.held());
        // A token that is made for each get says nothing about what it is made from.
        if !is_as_known
            && let (Held::Token(_), Held::Token(one)) = (before, &now)
            && let Held::Token(next) = look()?
            && !one.is_same(&next)
        {
            return if is_move {
                Err((Left::Kept, makes_tokens(provider)))
            } else {
                Ok(Held::Unknown)
            };
        }
        if self.flags.yes || is_as_known {
            return Ok(now);
        }
        let (ends, verb) = if is_logout {
            ("it stays", "forget")
        } else {
            ("nothing was written", "overwrite")
        };
        let error = Error::failed(format!(
            "somebody else has changed the token of {} in `{provider}` since it was asked for; {ends}",
            registry.label()
        ))
        .hint(format!(
            "look at it and repeat the command, or {verb} it with `--yes`"
        ));
        Err((Left::Kept, error))
    }

    /// Sees that a provider gives a token back.
    pub(super) fn prove(
        &mut self,
        provider: &Provider,
        registry: &Registry,
        token: &Token,
        proof: Proof,
    ) -> Result<()> {
        let held = match proof {
            Proof::Read => self.look_for_read(provider, registry)?,
            Proof::AsBefore => self.look_for_all(provider, registry)?,
        };
        match held {
            Some(Held::Token(held)) if held.is_same(token) => Ok(()),
            _ => Err(Error::failed(format!(
                "`{provider}` does not give back the token that it was given, so it stays where it is"
            ))
            .hint(format!(
                "`provider test {provider}` says more about this provider"
            ))),
        }
    }

    fn perform_sealed(
        &mut self,
        label: &str,
        registry: &Registry,
        action: Action<'_>,
    ) -> Result<Reply> {
        let item = Item {
            index: registry.index_for_provider(),
            label,
        };
        let mut access = self.access();
        // A person was asked before, if one was to be.
        access.may_prompt = false;
        let said = match action {
            Action::Get(_) => access.get(StoreKind::Sealed, item).map(|found| {
                let answer = |token| Said::Token(Answer::of_session(token, None));
                found.map_or(Said::NotFound, answer)
            }),
            Action::Login { token: None, .. } => Err(Error::failed("there is no token to keep")),
            Action::Login {
                token: Some(token), ..
            } => access
                .put(StoreKind::Sealed, item, token)
                .map(|()| Said::Done),
            Action::Logout => access.remove(StoreKind::Sealed, item).map(|()| Said::Done),
        };
        said.map(Into::into).map_err(|error| match error.kind() {
            Kind::Interrupted => error,
            // Whatever is wrong with it, it cannot be used.
            _ => Error::unavailable(error.to_string())
                .maybe_hint(error.next_step().map(ToOwned::to_owned)),
        })
    }
}

/// A provider whose tokens are not what it keeps: a logout would forget what it makes them from.
fn makes_tokens(provider: &Provider) -> Error {
    Error::failed(format!(
        "`{provider}` makes a token for each get, and what it makes them from cannot be moved"
    ))
    .hint("log in at the new place with a token that lasts")
}
