//! Logouts that providers perform, after everything else is written, each proved by what is there afterwards.
//!
//! Invariant: a token that has moved goes only where it is known to be the one that was meant, and its new place gives
//! it back before and after.

use serde_json::Value as Json;

use super::Session;
use super::change::{Change, ItemChange, Moved, Wish};
use super::records::{HeldRecord, ItemRecord};
use crate::cargo::chain;
use crate::cargo::config::Held;
use crate::cargo::providers::{Action, Said, os};
use crate::cargo::registry::with_canonical;
use crate::error::{Error, Kind, Result};
use crate::words;

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

/// The commands that come back to a token of a registry that has gone.
pub fn way_back(name: &str, index: &str, provider: &[String]) -> String {
    let mut line = ["registry", "add", name, index]
        .map(ToOwned::to_owned)
        .to_vec();
    if !provider.is_empty() {
        line.extend(["--provider".to_owned(), provider.join(" ")]);
    }
    format!(
        "`{}` brings it back, and `logout {name}` tries again",
        words::join(&line)
    )
}

/// What waits, if it is to forget what this login keeps.
fn logout_of(waiting: &Json, login: &ItemRecord) -> Option<ItemRecord> {
    let logout = serde_json::from_value::<ItemRecord>(waiting.clone()).ok()?;
    (login.is_login() && login.is_in_place_of(&logout)).then_some(logout)
}

impl Session {
    /// Has the providers forget what they are to forget, after everything else is written. What is not done
    /// is told, and kept out of the changes; so is what was not there. What was cut off of a change that is otherwise done
    /// waits for the next start, if that can know it.
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
                .and_then(|()| self.is_as_before(item))
                .and_then(|()| self.log_out_item(item, moved_to.as_deref()));
            match ended {
                Ok(()) => !matches!(item.before, Held::Nothing),
                Err((left, error)) => {
                    unfinished.push(Unfinished {
                        change: (**item).clone(),
                        left,
                        error: self.or_interrupted(error),
                    });
                    false
                }
            }
        });
        let is_alone = changes.is_empty() && unfinished.len() == 1;
        for Unfinished { change, error, .. } in &mut unfinished {
            // What credsh has not forgotten is in no ledger any more. Where nothing else was to be done, nothing is half
            // done either; and what is not known now is not known again.
            let record = ItemRecord::of(change);
            let is_cut_off = error.kind() == Kind::Interrupted || error.is_in_doubt();
            let is_known = matches!(record.before, HeldRecord::Token(_));
            let hint = if record.is_own || is_cut_off && is_known && !is_alone {
                self.waiting.push(record.json());
                Some("the next start of credsh tries again".to_owned())
            } else {
                self.way_back(change)
            };
            if let Some(hint) = hint {
                *error = error.clone().hint_then(&hint);
            }
        }
        unfinished
    }

    /// What this login has stored is not to be forgotten any more; where nobody knows whether it has, the same token is
    /// not.
    pub(super) fn end_waiting(&mut self, login: &ItemRecord, is_known: bool) {
        self.waiting.retain(|waiting| {
            let logout = logout_of(waiting, login);
            logout.is_none_or(|logout| !is_known && logout.before != login.after)
        });
    }

    /// Whether this is a login with what an earlier change has left to be forgotten: then there is something to do, even
    /// where its provider has that token.
    pub(super) fn ends_waiting(&self, item: &ItemChange) -> bool {
        let login = ItemRecord::of(item);
        self.waiting
            .iter()
            .any(|waiting| logout_of(waiting, &login).is_some())
    }

    /// How to come back to a token that is left where no name leads any more.
    fn way_back(&mut self, item: &ItemChange) -> Option<String> {
        let ItemChange {
            provider, registry, ..
        } = item;
        let name = registry.name.as_ref()?;
        let names = with_canonical(self.config().ok()?, &registry.index).ok()?;
        names.is_empty().then(|| {
            way_back(
                name.as_str(),
                &registry.index.to_string(),
                &provider.command,
            )
        })
    }

    /// What credsh keeps itself was looked at before anything was done.
    fn is_as_before(&mut self, item: &ItemChange) -> Result<(), (Left, Error)> {
        if item.provider.kind == chain::Kind::Own {
            return Ok(());
        }
        self.look_again(item).map(drop)
    }

    pub(super) fn log_out_item(
        &mut self,
        item: &ItemChange,
        moved_to: Option<&Moved>,
    ) -> Result<(), (Left, Error)> {
        let ItemChange {
            provider, registry, ..
        } = item;
        if let Some(moved) = moved_to {
            let proved = self.prove(
                &moved.provider,
                &moved.registry,
                &moved.token,
                moved.proof(provider),
            );
            proved.map_err(|error| (Left::Failed, error))?;
        }
        let reply = self.perform(provider, registry, Action::Logout);
        let failure = match reply.map(|reply| self.said(reply)) {
            Ok(Said::NotFound | Said::UrlNotSupported)
                if matches!(item.before, Held::Nothing) && moved_to.is_none() =>
            {
                return Ok(());
            }
            Ok(Said::Done | Said::NotFound | Said::UrlNotSupported | Said::Token(_)) => None,
            Ok(Said::Locked) => Some((Left::Locked, os::locked(provider))),
            Ok(Said::NotSupported) => Some((
                Left::Kept,
                Error::failed(format!("`{provider}` does not log out"))
                    .hint("remove the token with the provider's own tool"),
            )),
            Err(error) => Some((Left::Failed, error)),
        };
        // One that has failed may have done it all the same.
        if let Some(moved) = moved_to {
            self.still_there(item, moved)?;
        }
        match failure {
            // One that did not answer is not asked again.
            Some((left, error)) if left == Left::Locked || error.kind() != Kind::Failed => {
                Err((left, error))
            }
            failure => self.is_gone(item, failure),
        }
    }

    /// What a provider says is one thing, what it does then another.
    fn is_gone(
        &mut self,
        item: &ItemChange,
        failure: Option<(Left, Error)>,
    ) -> Result<(), (Left, Error)> {
        let provider = &item.provider;
        let failure = match (self.look_for_all(provider, &item.registry), failure) {
            (Ok(Some(Held::Nothing)), None) => return Ok(()),
            (Ok(Some(Held::Nothing)), Some((_, error))) => {
                if !matches!(item.before, Held::Nothing) {
                    self.warn(&format!(
                        "{error}; its token of {} is gone all the same",
                        item.registry.label()
                    ));
                }
                return Ok(());
            }
            (_, Some(failure)) => failure,
            (Ok(None), None) => (Left::Locked, os::locked(provider)),
            (Err(error), None) => (Left::Failed, error),
            (Ok(Some(_)), None) => (
                Left::Kept,
                Error::failed(format!(
                    "`{provider}` says that it has logged out, and still gives a token"
                ))
                .hint("remove the token with the provider's own tool"),
            ),
        };
        Err(failure)
    }

    /// Two providers may be two names of one store, and one may keep a token for all registries: then the logout has
    /// taken it away from its new place, too, and it is given back.
    fn still_there(&mut self, item: &ItemChange, moved: &Moved) -> Result<(), (Left, Error)> {
        let Moved {
            provider: place,
            registry,
            token,
        } = moved;
        // Ctrl-C that ended the logout leaves no token in no place.
        let aside = self.world.interrupts.set_aside();
        let proof = moved.proof(&item.provider);
        if self.prove(place, registry, token, proof).is_ok() {
            return Ok(());
        }
        if let Ok(Some(Held::Token(now))) = self.look_for_all(place, registry)
            && !now.is_same(token)
        {
            self.warn(&format!(
                "`{place}` gives another token of {} by now, which stays, and not the one that has moved there: log in again if nobody else has",
                registry.label()
            ));
            return Ok(());
        }
        let login = Action::Login {
            token: Some(token),
            args: &[],
        };
        let given_back = self.perform(place, registry, login).map(|reply| reply.said);
        // What it says is not what it does.
        let is_back = matches!(given_back, Ok(Said::Done))
            && self.prove(place, registry, token, proof).is_ok();
        drop(aside);
        let one_store = Error::failed(if item.provider.command == place.command {
            format!("`{place}` does not tell the two registries apart, so the token stays there")
        } else {
            format!(
                "`{}` and `{place}` are one store, so the token stays there",
                item.provider
            )
        });
        let lost = "and it could not be given back: log in again";
        Err(match given_back {
            _ if is_back => (Left::Kept, one_store),
            Ok(_) => (Left::Failed, one_store.because(lost)),
            Err(error) => (Left::Failed, one_store.because(lost).because(error)),
        })
    }
}
