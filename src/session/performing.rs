//! Having a provider do something: a process does, except for the sealed file, which is opened in this one. It cannot
//! hang as a keyring can, and a passphrase's key, which takes a second to derive, is derived once for a run.

use super::{Session, own};
use crate::cargo::chain::Provider;
use crate::cargo::providers::{self, Action, Answer, Operation, Reply, Said};
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

    /// What a provider has; what an open transaction will have given it counts already.
    pub(super) fn ask(&mut self, provider: &Provider, registry: &Registry) -> Result<Reply> {
        match providers::pending(self.config()?, provider, registry) {
            Some(pending) => pending,
            None => self.perform(provider, registry, Action::Get(&Operation::READ)),
        }
    }

    /// Sees that a provider gives a token back.
    pub(super) fn prove(
        &mut self,
        provider: &Provider,
        registry: &Registry,
        token: &Token,
    ) -> Result<()> {
        let asked = self.perform(provider, registry, Action::Get(&Operation::READ))?;
        match asked.said {
            Said::Token(answer) if answer.token.is_same(token) => Ok(()),
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
