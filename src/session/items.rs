//! Logins and logouts that providers perform: noted by commands, done by the commit.
//!
//! A command asks a provider what it holds before it notes anything: that tells what is unchanged, and what to
//! give back should the commit fail. Invariant: in a plan nothing is asked, and nobody is told anything.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Session;
use super::change::{Action as Changed, After, Change, FileChange, ItemChange, Key, Wish};
use super::commit::Ready;
use super::own::Rules;
use super::undo::Logins;
use crate::cargo::chain::{Kind, Provider};
use crate::cargo::config::{Held, ItemKey, item_key};
use crate::cargo::providers::{self, Action, Reply, Said, os};
use crate::cargo::registry::Registry;
use crate::disk::tree::Node;
use crate::error::{Error, Kind as ErrorKind, Result};
use crate::token::Token;

impl Session {
    /// What a provider holds for a registry; `None` if it is locked. An error if it cannot be reached; one that
    /// fails in another way may still do as it is told.
    pub fn held_unless_locked(
        &mut self,
        provider: &Provider,
        registry: &Registry,
    ) -> Result<Option<Held>> {
        unless_failed(self.held_or_why_not(provider, registry))
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
        match providers::pending(self.config()?, provider, registry) {
            Some(pending) => self.heard(provider, pending?),
            None => self.look_for_all(provider, registry),
        }
    }

    /// What a provider holds, where a locked one is of no use.
    pub fn held(&mut self, provider: &Provider, registry: &Registry) -> Result<Held> {
        self.refuse_another_credsh(provider, registry)?;
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
        let is_login = change.action() == Changed::Login;
        // What is pending already may be a login that has nothing to prove, and now has.
        let is_pending = is_login && self.config()?.pending_in(provider, registry).is_some();
        if change.is_none() && !is_pending && !self.ends_waiting(&change) {
            // What a plugin holds it may give for one operation, and not for another.
            return match provider.kind {
                Kind::Plugin => self.check_arrival(&change),
                _ => Ok(()),
            };
        }
        if self.ends_waiting(&change) {
            self.note(&format!(
                "an earlier logout of {} waits to be finished; this login ends that",
                change.registry.label()
            ));
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

    /// Has the providers keep what they are to keep. If one fails, or somebody interrupts, that and those before it
    /// are in `logins`, to be undone. A login that ends elsewhere than it was meant to takes the place of what was to
    /// become of that place before.
    pub(super) fn log_in_items(
        &mut self,
        changes: &mut Vec<Change>,
        ready: &mut Ready,
        logins: &mut Logins,
    ) -> Result<()> {
        self.check_ledger(changes)?;
        self.check_before(changes)?;
        let mut ended_elsewhere = BTreeSet::new();
        let mut next = 0;
        while next < changes.len() {
            let index = next;
            next += 1;
            let Change::Item(item) = &changes[index] else {
                continue;
            };
            let Wish::Login { proof, .. } = item.after else {
                continue;
            };
            let item = item.clone();
            let landed = self.log_in_item(&item, logins)?;
            if let Some(Change::Item(landed)) = &landed.change
                && !landed.is_none()
            {
                logins.add((**landed).clone());
            }
            let is_as_meant = landed.provider.command == item.provider.command;
            if let (true, Some(change)) = (is_as_meant, &landed.change) {
                changes[index] = change.clone();
                continue;
            }
            self.note(&format!(
                "`{}` does not take {}, so `{}` does",
                item.provider,
                item.registry.label(),
                landed.provider
            ));
            self.warn_of_landing(&item.registry, &landed);
            let Some(change) = landed.change else {
                let kept = self.keep_instead(&item, &landed.provider, changes)?;
                ended_elsewhere.extend(kept.replaced);
                self.prepare_again(changes, ready)?;
                follow(changes, &item, &kept.keeper);
                ended_elsewhere.insert(index);
                continue;
            };
            let place = place_of(&change);
            let there = (0..changes.len())
                .find(|&other| other != index && place_of(&changes[other]) == place);
            match there {
                Some(_) if proof.is_some() => {
                    return Err(Error::failed(format!(
                        "the token would move to where it is: `{}` does not take this registry",
                        item.provider
                    ))
                    .hint("name the new place with `--provider SPEC`"));
                }
                Some(other) => {
                    changes[other] = after(&changes[other], change);
                    ended_elsewhere.insert(index);
                }
                None => changes[index] = change,
            }
            follow(changes, &item, &landed.provider);
        }
        for index in ended_elsewhere.into_iter().rev() {
            changes.remove(index);
        }
        Ok(())
    }

    /// It is not where it was meant to be: what that means is said as if it had been named.
    fn warn_of_landing(&mut self, registry: &Registry, landed: &Landed) {
        if let Some(Change::File(change)) = &landed.change
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
    fn log_in_item(&mut self, item: &ItemChange, logins: &mut Logins) -> Result<Landed> {
        let Wish::Login {
            token,
            args,
            instead,
            ..
        } = &item.after
        else {
            return Ok(Landed {
                provider: item.provider.clone(),
                change: Some(Change::Item(Box::new(item.clone()))),
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
                    change: Some(change),
                    hidden_by,
                });
            }
            if index > 0 && provider.is_credsh {
                return Ok(Landed {
                    provider,
                    change: None,
                    hidden_by,
                });
            }
            if provider.can_login() == Some(false) {
                return Err(stores_nothing(&provider));
            }
            let held = if index > 0 {
                self.refuse_another_credsh(&provider, &item.registry)?;
                let held = unless_failed(self.look_for_all(&provider, &item.registry));
                held.and_then(|held| held.ok_or_else(|| os::locked(&provider)))
            } else if provider.kind == Kind::Own {
                Ok(item.before.clone())
            } else {
                self.look_again(&item).map_err(|(_, error)| error)
            };
            item.before = held.map_err(|error| at_its_place(error, &provider))?;
            let next = ItemChange {
                provider: provider.clone(),
                ..item.clone()
            };
            self.note_passed_on(&noted, &next)?;
            noted = next;
            if noted.is_none() {
                self.check_arrival(&noted)?;
                return Ok(Landed {
                    change: Some(Change::Item(Box::new(noted))),
                    provider,
                    hidden_by,
                });
            }
            let action = Action::Login {
                token: token.as_ref(),
                args,
            };
            let asked = (provider.clone(), item.provider.clone());
            item.provider = provider;
            let reply = self.perform(&item.provider, &item.registry, action);
            match reply.map(|reply| self.said(reply)) {
                Err(error) => return Err(self.login_failed(item, error, logins)),
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
                    if let Err(error) = self.check_arrival(&item) {
                        logins.add_unproved(item);
                        return Err(error);
                    }
                    return Ok(Landed {
                        provider: asked.0,
                        change: Some(Change::Item(Box::new(item))),
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

    /// Sees that a token that moves to a provider is there.
    fn check_arrival(&mut self, login: &ItemChange) -> Result<()> {
        match &login.after {
            Wish::Login {
                token: Some(token),
                proof: Some(proof),
                ..
            } => self.prove(&login.provider, &login.registry, token, *proof),
            _ => Ok(()),
        }
    }

    /// Looks, before anything is done, at what credsh keeps, which nobody else changes from now on, and at what is to
    /// leave a place, which may be nothing that can.
    fn check_before(&mut self, changes: &mut [Change]) -> Result<()> {
        for change in changes {
            let Change::Item(item) = change else {
                continue;
            };
            let is_own = item.provider.kind == Kind::Own;
            if !is_own && !item.after.is_move() {
                continue;
            }
            let now = self.look_again(item).map_err(|(_, error)| error)?;
            if is_own {
                let noted = item.clone();
                item.before = now;
                self.note_passed_on(&noted, item)?;
            }
        }
        Ok(())
    }

    /// A login that has been passed on to credsh, in this process: another one would wait for the lock. What that comes
    /// to is done after everything else.
    fn keep_instead(
        &mut self,
        item: &ItemChange,
        provider: &Provider,
        changes: &mut Vec<Change>,
    ) -> Result<Kept> {
        let Wish::Login { token, args, .. } = &item.after else {
            return Err(needs_token());
        };
        let token = token.clone().ok_or_else(needs_token)?;
        let configured = Rules::of_arguments(&provider.command[1..])?;
        let rules = Rules::of_arguments(args)?.or(configured.clone());
        self.check_reach(&item.registry, &rules, &configured, provider)?;
        let from = self.overlay.savepoint();
        let keeper = self.keep(&item.registry, &rules, Some(token))?;
        let mut replaced = Vec::new();
        for change in self.overlay.changes_since(from) {
            let place = place_of(&change);
            let change = match changes.iter().position(|other| place_of(other) == place) {
                Some(other) => {
                    replaced.push(other);
                    after(&changes[other], change)
                }
                None => change,
            };
            changes.push(change);
        }
        Ok(Kept { keeper, replaced })
    }

    /// The login that `cargo:token` performs: an edit of the credentials file.
    fn in_credentials(&mut self, registry: &Registry, token: Option<&Token>) -> Result<Change> {
        let token = token.ok_or_else(needs_token)?;
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

    /// What a provider says; what was odd is told to the person.
    pub(super) fn said(&mut self, reply: Reply) -> Said {
        for remark in reply.remarks {
            self.warn(&remark);
        }
        reply.said
    }
}

/// One that fails at a get may still do as it is told, and what it holds is unknown; one that cannot be reached is an
/// error.
fn unless_failed(held: Result<Option<Held>>) -> Result<Option<Held>> {
    match held {
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

/// Where a login has ended.
struct Landed {
    provider: Provider,
    /// `None` where it is credsh itself, whose changes are more than one.
    change: Option<Change>,
    /// One before it that keeps another token, and so is who Cargo gets one from.
    hidden_by: Option<Provider>,
}

/// What credsh keeps of what another provider has passed on.
struct Kept {
    keeper: Provider,
    /// Changes of the same places, which are part of the new ones now.
    replaced: Vec<usize>,
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

/// A token that was to move to this item's provider has gone to another one.
fn follow(changes: &mut [Change], item: &ItemChange, to: &Provider) {
    for change in changes {
        if let Change::Item(other) = change
            && let Wish::Logout {
                moved_to: Some(moved),
            } = &mut other.after
            && item_key(&moved.provider, &moved.registry)
                == item_key(&item.provider, &item.registry)
        {
            moved.provider = to.clone();
        }
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

/// A provider that gets a token by itself has passed the login on.
fn needs_token() -> Error {
    Error::failed("the provider does not take this registry, and the next one needs the token")
        .hint("say where the token is, with `--from`")
}

/// An error of a provider, with where it is configured.
pub(super) fn at_its_place(error: Error, provider: &Provider) -> Error {
    match &provider.place {
        Some(place) => error.at(place.clone()),
        None => error,
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
