//! Logins and logouts that providers perform: noted by commands, done by the commit.
//!
//! A command asks a provider what it holds before it notes anything: that tells what is unchanged, and what to
//! give back should the commit fail. Invariant: in a plan nothing is asked, and nobody is told anything.

use std::path::PathBuf;

use super::Session;
use super::change::{After, Change, FileChange, ItemChange, Key, Wish};
use crate::cargo::chain::{Kind, Provider};
use crate::cargo::config::{Held, ItemKey, item_key};
use crate::cargo::providers::{Action, Operation, Reply, Said, os};
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
        match self.held_or_why_not(provider, registry) {
            Err(error)
                if !matches!(
                    error.kind(),
                    ErrorKind::Unavailable | ErrorKind::Interrupted
                ) =>
            {
                Ok(Some(Held::Unknown))
            }
            held => held,
        }
    }

    /// The same, and an error of one that fails in whatever way. Unknown is only what a plan does not ask for.
    pub fn held_or_why_not(
        &mut self,
        provider: &Provider,
        registry: &Registry,
    ) -> Result<Option<Held>> {
        if self.flags.is_plan() {
            return Ok(Some(Held::Unknown));
        }
        let reply = self.ask(provider, registry)?;
        match self.said(reply) {
            Said::Token(answer) => Ok(Some(Held::Token(answer.token))),
            Said::NotFound | Said::UrlNotSupported => Ok(Some(Held::Nothing)),
            Said::Locked => Ok(None),
            Said::NotSupported | Said::Done => {
                Err(Error::failed(format!("`{provider}` gives no tokens")))
            }
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

    /// Has the providers keep what they are to keep. If one fails, or somebody interrupts, those before it are
    /// undone. A login that ends elsewhere than it was meant to takes the place of what was to become of that
    /// place before.
    pub(super) fn log_in_items(&mut self, changes: &mut Vec<Change>) -> Result<Vec<ItemChange>> {
        self.check_ledger(changes)?;
        let mut done = Vec::new();
        let mut ended_elsewhere = Vec::new();
        for index in 0..changes.len() {
            let Change::Item(item) = &changes[index] else {
                continue;
            };
            let Wish::Login { must_prove, .. } = item.after else {
                continue;
            };
            let item = item.clone();
            let landed = match self.log_in_item(&item, &mut done) {
                Ok(landed) => landed,
                Err(error) => return Err(self.undo(done, error)),
            };
            if let Change::Item(landed) = &landed.change {
                done.push((**landed).clone());
            }
            if landed.provider.command == item.provider.command {
                changes[index] = landed.change;
                continue;
            }
            self.note(&format!(
                "`{}` does not take {}, so `{}` does",
                item.provider,
                item.registry.label(),
                landed.provider
            ));
            self.warn_of_landing(&item.registry, &landed);
            let place = place_of(&landed.change);
            let there = (0..changes.len())
                .find(|&other| other != index && place_of(&changes[other]) == place);
            match there {
                Some(_) if must_prove => {
                    let error = Error::failed(format!(
                        "the token would move to where it is: `{}` does not take this registry",
                        item.provider
                    ))
                    .hint("name the new place with `--provider SPEC`");
                    return Err(self.undo(done, error));
                }
                Some(other) => {
                    changes[other] = after(&changes[other], landed.change);
                    ended_elsewhere.push(index);
                }
                None => changes[index] = landed.change,
            }
            for change in changes.iter_mut() {
                if let Change::Item(other) = change
                    && let Wish::Logout {
                        moved_to: Some((to, _)),
                    } = &mut other.after
                    && to.command == item.provider.command
                {
                    *to = landed.provider.clone();
                }
            }
        }
        for index in ended_elsewhere.into_iter().rev() {
            changes.remove(index);
        }
        Ok(done)
    }

    /// It is not where it was meant to be: what that means is said as if it had been named.
    fn warn_of_landing(&mut self, registry: &Registry, landed: &Landed) {
        if let Change::File(change) = &landed.change
            && !change.after.is(change.before.as_ref())
        {
            self.warn(&format!(
                "the token is kept as plain text in `{}`",
                change.file.display()
            ));
        }
        if let Some(other) = &landed.hidden_by {
            self.warn(&format!(
                "`{other}` still has another token for {}, and is asked before `{}`: Cargo uses that one",
                registry.label(),
                landed.provider
            ));
        }
    }

    /// Adds to what is done what is to be undone with it, where it fails half-way.
    fn log_in_item(&mut self, item: &ItemChange, done: &mut Vec<ItemChange>) -> Result<Landed> {
        let Wish::Login {
            token,
            args,
            instead,
            must_prove,
        } = &item.after
        else {
            return Ok(Landed {
                provider: item.provider.clone(),
                change: Change::Item(Box::new(item.clone())),
                hidden_by: None,
            });
        };
        let mut noted = item.clone();
        let mut item = item.clone();
        let mut hidden_by = None;
        let candidates = std::iter::once(item.provider.clone()).chain(instead.iter().cloned());
        for (index, provider) in candidates.enumerate() {
            self.world.interrupts.check()?;
            if provider.kind == Kind::Token {
                let change = self.in_credentials(&item.registry, token.as_ref())?;
                return Ok(Landed {
                    provider,
                    change,
                    hidden_by,
                });
            }
            if provider.can_login() == Some(false) {
                return Err(stores_nothing(&provider));
            }
            if index > 0 {
                item.before = self.held(&provider, &item.registry)?;
                let next = ItemChange {
                    provider: provider.clone(),
                    ..item.clone()
                };
                self.note_passed_on(&noted, &next)?;
                noted = next;
            }
            let action = Action::Login {
                token: token.as_ref(),
                args,
            };
            let asked = (provider.clone(), item.provider.clone());
            item.provider = provider;
            let reply = self.perform(&item.provider, &item.registry, action);
            match reply.map(|reply| self.said(reply)) {
                Err(error) => return Err(self.login_failed(item, error, done)),
                Ok(Said::NotFound | Said::UrlNotSupported) => {
                    if matches!(item.before, Held::Token(_))
                        && !item.before.is_same(&item.after.held())
                    {
                        hidden_by.get_or_insert(asked.0);
                    }
                    item.provider = asked.1;
                }
                Ok(Said::Locked) => return Err(os::locked(&item.provider)),
                Ok(Said::NotSupported) => return Err(stores_nothing(&item.provider)),
                Ok(Said::Done | Said::Token(_)) => {
                    if let (true, Some(token)) = (*must_prove, token) {
                        let proved = self.prove(&item.provider, &item.registry, token);
                        if let Err(error) = proved {
                            done.push(item);
                            return Err(error);
                        }
                    }
                    return Ok(Landed {
                        provider: asked.0,
                        change: Change::Item(Box::new(item)),
                        hidden_by,
                    });
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
            // After Ctrl-C nothing more is begun.
            let begun = self.world.interrupts.check();
            let ended = begun
                .map_err(|error| (Left::Failed, error))
                .and_then(|()| self.log_out_item(item, moved_to.as_ref()));
            match ended {
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

    pub(super) fn log_out_item(
        &mut self,
        item: &ItemChange,
        moved_to: Option<&(Provider, Token)>,
    ) -> Result<(), (Left, Error)> {
        let ItemChange {
            provider, registry, ..
        } = item;
        let failed = |error| (Left::Failed, error);
        if let Some((place, token)) = moved_to {
            self.prove(place, registry, token).map_err(failed)?;
        }
        let reply = self
            .perform(provider, registry, Action::Logout)
            .map_err(failed)?;
        match self.said(reply) {
            Said::Done | Said::NotFound | Said::UrlNotSupported | Said::Token(_) => {}
            Said::Locked => return Err((Left::Locked, os::locked(provider))),
            Said::NotSupported => {
                let error = Error::failed(format!("`{provider}` does not log out"))
                    .hint("remove the token with the provider's own tool");
                return Err((Left::Kept, error));
            }
        }
        if let Some((place, token)) = moved_to {
            self.still_there(item, place, token)?;
        }
        // What it says is one thing, what it does then another.
        let asked = self
            .perform(provider, registry, Action::Get(&Operation::READ))
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

    /// Two providers may be two names of one store: then the logout has taken the token away, and it is given back.
    fn still_there(
        &mut self,
        item: &ItemChange,
        place: &Provider,
        token: &Token,
    ) -> Result<(), (Left, Error)> {
        if self.prove(place, &item.registry, token).is_ok() {
            return Ok(());
        }
        let login = Action::Login {
            token: Some(token),
            args: &[],
        };
        let one_store = Error::failed(format!(
            "`{}` and `{place}` are one store, so the token stays there",
            item.provider
        ));
        match self.perform(place, &item.registry, login) {
            Ok(Reply {
                said: Said::Done, ..
            }) => Err((Left::Kept, one_store)),
            Ok(_) => Err((
                Left::Failed,
                one_store.because("and it could not be given back: log in again"),
            )),
            Err(error) => Err((
                Left::Failed,
                one_store
                    .because("and it could not be given back: log in again")
                    .because(error),
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

/// Where a login has ended.
struct Landed {
    provider: Provider,
    change: Change,
    /// One before it that keeps another token, and so is who Cargo gets one from.
    hidden_by: Option<Provider>,
}

/// The place that a change is about.
#[derive(PartialEq)]
enum ChangedPlace {
    File(PathBuf, Key),
    Item(ItemKey),
}

fn place_of(change: &Change) -> ChangedPlace {
    match change {
        Change::File(change) => ChangedPlace::File(change.file.clone(), change.key.clone()),
        Change::Item(change) => ChangedPlace::Item(item_key(&change.provider, &change.registry)),
    }
}

/// A later change of the same place: what was there before the first one stays what was there before.
fn after(first: &Change, second: Change) -> Change {
    match (first, second) {
        (Change::File(first), Change::File(second)) => Change::File(FileChange {
            before: first.before.clone(),
            ..second
        }),
        (Change::Item(first), Change::Item(mut second)) => {
            second.before = first.before.clone();
            Change::Item(second)
        }
        (_, second) => second,
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
