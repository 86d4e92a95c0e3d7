//! Logins and logouts that providers perform: noted by commands, done by the commit.
//!
//! A command asks a provider what it holds before it notes anything: that tells what is unchanged, and what to
//! give back should the commit fail. Invariant: in a plan nothing is asked, and nobody is told anything.

use super::Session;
use super::change::{After, Change, FileChange, ItemChange, Wish};
use crate::cargo::chain::{Kind, Provider};
use crate::cargo::config::{Config, Held};
use crate::cargo::providers::{self, Action, Operation, Reply, Said, os};
use crate::cargo::registry::Registry;
use crate::disk::tree::Node;
use crate::error::{Error, Kind as ErrorKind, Result};
use crate::token::Token;

/// A logout that was to be done and is not.
#[derive(Debug, Clone)]
pub struct Unfinished {
    /// Which.
    pub change: ItemChange,
    /// How it ended.
    pub left: Left,
    /// Why.
    pub error: Error,
}

/// How a logout ended that is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// The provider does not log out.
    Kept,
    /// It is locked.
    Locked,
    /// It failed, or nobody knows.
    Failed,
}

impl Session {
    /// What a provider holds for a registry; `None` if it is locked. An error if it cannot be reached; one that
    /// fails in another way may still do as it is told.
    pub fn held_unless_locked(
        &mut self,
        provider: &Provider,
        registry: &Registry,
    ) -> Result<Option<Held>> {
        if self.flags.is_plan() {
            return Ok(Some(Held::Unknown));
        }
        let asked = providers::get(self.config()?, provider, registry, &Operation::READ);
        match asked.map(|reply| self.said(reply)) {
            Ok(Said::Token(answer)) => Ok(Some(Held::Token(answer.token))),
            Ok(Said::NotFound | Said::UrlNotSupported) => Ok(Some(Held::Nothing)),
            Ok(Said::Locked) => Ok(None),
            Err(error) if error.kind() == ErrorKind::Unavailable => Err(error),
            Ok(Said::NotSupported | Said::Done) | Err(_) => Ok(Some(Held::Unknown)),
        }
    }

    /// What a provider holds, where a locked one is of no use.
    pub fn held(&mut self, provider: &Provider, registry: &Registry) -> Result<Held> {
        self.held_unless_locked(provider, registry)?
            .ok_or_else(|| os::locked(provider))
    }

    /// Notes what a provider that holds this now is to do, unless it is so already.
    pub fn wish(
        &mut self,
        provider: &Provider,
        registry: &Registry,
        before: Held,
        after: Wish,
    ) -> Result<()> {
        let change = ItemChange {
            provider: provider.clone(),
            registry: registry.clone(),
            before,
            after,
        };
        if change.before.is_same(&change.after.held()) {
            return Ok(());
        }
        self.config_mut()?;
        let Self {
            config: Some(config),
            overlay,
            ..
        } = self
        else {
            return Ok(());
        };
        overlay.edit_item(config, change);
        Ok(())
    }

    /// Has the providers keep what they are to keep. A login that ends in a file becomes a change of that file.
    /// If one fails, those before it are undone.
    pub(super) fn log_in_items(&mut self, changes: &mut [Change]) -> Result<Vec<ItemChange>> {
        let mut done = Vec::new();
        for change in changes {
            let Change::Item(item) = &*change else {
                continue;
            };
            if matches!(item.after, Wish::Logout { .. }) {
                continue;
            }
            match self.log_in_item(item) {
                Ok(Change::Item(item)) => {
                    done.push((*item).clone());
                    *change = Change::Item(item);
                }
                Ok(in_file) => *change = in_file,
                Err(error) => return Err(self.undo(done, error)),
            }
        }
        Ok(done)
    }

    fn log_in_item(&mut self, item: &ItemChange) -> Result<Change> {
        let Wish::Login {
            token,
            args,
            instead,
            must_prove,
        } = &item.after
        else {
            return Ok(Change::Item(Box::new(item.clone())));
        };
        let mut item = item.clone();
        let candidates = std::iter::once(item.provider.clone()).chain(instead.iter().cloned());
        for (index, provider) in candidates.enumerate() {
            if provider.kind == Kind::Token {
                return self.in_credentials(&item.registry, token.as_ref());
            }
            if provider.kind.can_login() == Some(false) {
                return Err(stores_nothing(&provider));
            }
            if index > 0 {
                item.before = self.held(&provider, &item.registry)?;
            }
            let action = Action::Login {
                token: token.as_ref(),
                args,
            };
            let reply = providers::perform(self.config()?, &provider, &item.registry, action);
            match reply.map(|reply| self.said(reply))? {
                Said::NotFound | Said::UrlNotSupported => {}
                Said::Locked => return Err(os::locked(&provider)),
                Said::NotSupported => return Err(stores_nothing(&provider)),
                Said::Done | Said::Token(_) => {
                    item.provider = provider;
                    if let (true, Some(token)) = (*must_prove, token) {
                        prove(self.config()?, &item.provider, &item.registry, token)
                            .map_err(|error| self.undo(vec![item.clone()], error))?;
                    }
                    return Ok(Change::Item(Box::new(item)));
                }
            }
        }
        Err(Error::failed(format!(
            "no credential provider takes a token for {}",
            item.registry.label()
        ))
        .hint("`provider list` shows them; `provider add cargo:token` adds one that takes every registry"))
    }

    /// The login that `cargo:token` performs: an edit of the credentials file.
    fn in_credentials(&mut self, registry: &Registry, token: Option<&Token>) -> Result<Change> {
        let token = token.ok_or_else(|| {
            Error::failed(
                "the provider does not take this registry, and the next one needs the token",
            )
            .hint("say where the token is, with `--from`")
        })?;
        let key = registry
            .setting("token")
            .ok_or_else(|| no_name(registry))?
            .into_iter()
            .map(ToOwned::to_owned)
            .collect::<Vec<_>>();
        let config = self.config()?;
        let file = config.credentials_file();
        let path: Vec<&str> = key.iter().map(String::as_str).collect();
        let before = config.in_file(&file, &path).map(|entry| entry.node.clone());
        Ok(Change::File(FileChange {
            file,
            key,
            before,
            after: After::Is(Node::Secret(token.clone())),
        }))
    }

    /// Gives the providers back what they held, the last one first; who does not take it is named.
    pub(super) fn undo(&mut self, done: Vec<ItemChange>, mut error: Error) -> Error {
        for item in done.into_iter().rev() {
            let action = match &item.before {
                Held::Token(token) => Action::Login {
                    token: Some(token),
                    args: &[],
                },
                Held::Nothing => Action::Logout,
                Held::Unknown => {
                    error = error.because(format!(
                        "and `{}` keeps the new token of {}: what it held before is not known",
                        item.provider,
                        item.registry.label()
                    ));
                    continue;
                }
            };
            let undone = self.config().and_then(|config| {
                providers::perform(config, &item.provider, &item.registry, action)
            });
            let reason = match undone {
                Ok(Reply {
                    said: Said::Done | Said::NotFound,
                    ..
                }) => continue,
                Ok(_) => "it cannot".to_owned(),
                Err(error) => error.to_string(),
            };
            error = error.because(format!(
                "and `{}` did not go back to what it held before for {}: {reason}",
                item.provider,
                item.registry.label()
            ));
        }
        error
    }

    /// Has the providers forget what they are to forget, after everything else is written. What is not done
    /// is told, and kept out of the changes.
    pub(super) fn log_out_items(&mut self, changes: &mut Vec<Change>) -> Vec<Unfinished> {
        let mut unfinished = Vec::new();
        changes.retain(|change| {
            let Change::Item(item) = change else {
                return true;
            };
            let Wish::Logout { moved_to } = &item.after else {
                return true;
            };
            match self.log_out_item(item, moved_to.as_ref()) {
                Ok(()) => true,
                Err((left, error)) => {
                    unfinished.push(Unfinished {
                        change: (**item).clone(),
                        left,
                        error,
                    });
                    false
                }
            }
        });
        unfinished
    }

    fn log_out_item(
        &mut self,
        item: &ItemChange,
        moved_to: Option<&(Provider, Token)>,
    ) -> Result<(), (Left, Error)> {
        let ItemChange {
            provider, registry, ..
        } = item;
        let failed = |error| (Left::Failed, error);
        if let Some((place, token)) = moved_to {
            prove(self.config().map_err(failed)?, place, registry, token).map_err(failed)?;
        }
        let config = self.config().map_err(failed)?;
        let reply =
            providers::perform(config, provider, registry, Action::Logout).map_err(failed)?;
        match self.said(reply) {
            Said::Done | Said::NotFound | Said::UrlNotSupported | Said::Token(_) => {}
            Said::Locked => return Err((Left::Locked, os::locked(provider))),
            Said::NotSupported => {
                let error = Error::failed(format!("`{provider}` does not log out"))
                    .hint("remove the token with the provider's own tool");
                return Err((Left::Kept, error));
            }
        }
        // What it says is one thing, what it does then another.
        let config = self.config().map_err(failed)?;
        let asked = providers::perform(config, provider, registry, Action::Get(&Operation::READ))
            .map_err(failed)?;
        match asked.said {
            Said::NotFound | Said::UrlNotSupported => Ok(()),
            Said::Locked => Err((Left::Locked, os::locked(provider))),
            _ => Err((
                Left::Kept,
                Error::failed(format!(
                    "`{provider}` says that it has logged out, and still gives a token"
                ))
                .hint("remove the token with the provider's own tool"),
            )),
        }
    }

    /// What a provider says; what was odd is told to the person.
    fn said(&mut self, reply: Reply) -> Said {
        for remark in reply.remarks {
            self.warn(&remark);
        }
        reply.said
    }
}

/// Sees that a provider gives a token back.
fn prove(config: &Config, provider: &Provider, registry: &Registry, token: &Token) -> Result<()> {
    let asked = providers::perform(config, provider, registry, Action::Get(&Operation::READ))?;
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

/// A provider that keeps no tokens.
pub fn stores_nothing(provider: &Provider) -> Error {
    Error::failed(format!(
        "`{provider}` cannot store a token, and Cargo asks no other"
    ))
    .hint("put another provider before it, or use `--provider`")
}

/// A registry whose token `cargo:token` has no key for.
pub fn no_name(registry: &Registry) -> Error {
    Error::failed("Cargo keeps a token under a registry's name, and this index has none").hint(
        format!("give it one: `registry add NAME {}`", registry.index),
    )
}
