//! What a run that was killed was to do outside files, and what of it can still be done or undone.
//!
//! Invariant: no token is removed from a store unless it is known to be the one that was meant.

use std::time::{Duration, Instant};

use super::change::{ItemChange, Moved, Wish};
use super::records::{HeldRecord, ItemRecord};
use super::{Session, own};
use crate::cargo::chain::Provider;
use crate::cargo::config::Held;
use crate::cargo::providers::{Action, Said};
use crate::cargo::registry::Registry;
use crate::disk::journal::Journal;
use crate::disk::lock;
use crate::error::{Kind as ErrorKind, Result};
use crate::stores::ledger::{self, Label};

/// How long an answer waits for a change to end, which may be asking a person.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(20);

impl Session {
    /// Whether a change is under way, or was interrupted, that stores a token of credsh's own for this index: by which
    /// rules it may be given is not known before its end.
    pub fn is_changing(&self, index: &str, label: Option<&Label>) -> bool {
        let folder = self.own_folder();
        if !Journal::is_left(&folder) {
            return false;
        }
        // What it says of this token, nobody knows.
        let Ok(journal) = Journal::read(&folder) else {
            return true;
        };
        let items = journal.into_iter().flat_map(|journal| journal.items);
        let mut items = items.filter_map(|item| serde_json::from_value::<ItemRecord>(item).ok());
        items.any(|item| item.stores_own(index, label))
    }

    /// Waits for the end of such a change, if somebody is at it.
    pub fn wait_for_change(&self, index: &str) {
        let end = Instant::now() + PATIENCE;
        while self.is_changing(index, None)
            && matches!(lock::is_held(&self.home_lock()), Ok(true))
            && !self.world.interrupts.is_pressed()
            && Instant::now() < end
        {
            std::thread::sleep(PAUSE);
        }
    }

    /// What a provider holds; unknown, where it cannot be asked.
    pub(super) fn held_now(&mut self, item: &ItemRecord) -> Result<Held> {
        self.held_there(&item.provider(), &item.registry()?)
    }

    fn held_there(&mut self, provider: &Provider, registry: &Registry) -> Result<Held> {
        self.world.interrupts.check()?;
        if let Some((store, _)) = own::item_of(provider) {
            // Where nobody can be asked, the store says so itself.
            let _ = self.access().ask(store, false);
        }
        self.note(&format!(
            "a change was interrupted: asking `{provider}` what it holds for {}",
            registry.label()
        ));
        match self.look_for_all(provider, registry) {
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
            held => Ok(held.ok().flatten().unwrap_or(Held::Unknown)),
        }
    }

    /// Has a provider forget the token that it was to forget, if it still is that one. False, where it has to wait:
    /// nothing else knows any more of a token that credsh keeps. One that the ledger names again stays.
    pub(super) fn finish_logout(&mut self, logout: &ItemRecord) -> Result<bool> {
        if logout.is_own {
            match ledger::of_home(&self.home) {
                Ok(ledger) if logout.is_named_by(&ledger) => return Ok(true),
                Ok(_) => {}
                Err(_) => return Ok(false),
            }
        }
        let token = match self.held_now(logout)? {
            Held::Nothing => {
                self.tell_lost(logout)?;
                return Ok(true);
            }
            // One of credsh's own that no ledger names is nobody's, whichever it is.
            Held::Token(token)
                if logout.before.is(&Held::Token(token.clone()))
                    || logout.is_own && logout.moved_to.is_none() =>
            {
                token
            }
            Held::Unknown if logout.is_own => {
                self.warn(&format!(
                    "the store of a token of {} that is to be forgotten cannot be asked now, so the next start tries again; to give that up, remove `{}`",
                    logout.registry()?.label(),
                    self.own_folder().join("journal").display()
                ));
                return Ok(false);
            }
            _ => {
                self.tell_uncertain(logout)?;
                return Ok(true);
            }
        };
        let change = ItemChange {
            provider: logout.provider(),
            registry: logout.registry()?,
            before: Held::Token(token),
            after: Wish::Logout { moved_to: None },
        };
        let moved_to = match &logout.moved_to {
            None => None,
            Some(moved) => {
                let (provider, registry) = logout.new_place(moved)?;
                let held = self.held_there(&provider, &registry)?;
                let (true, Held::Token(token)) = (moved.token.is(&held), held) else {
                    self.tell_uncertain(logout)?;
                    return Ok(true);
                };
                Some(Moved {
                    provider,
                    registry,
                    token,
                })
            }
        };
        match self.log_out_item(&change, moved_to.as_ref()) {
            Err((_, error)) if error.kind() == ErrorKind::Interrupted => Err(error),
            Err((_, error)) => {
                self.warn(&format!(
                    "`{}` was to forget the token of {}: {error}",
                    change.provider,
                    change.registry.label()
                ));
                Ok(!logout.is_own)
            }
            Ok(()) => Ok(true),
        }
    }

    /// Tells of a token that has left its old place and is not in the new one: where both are one store, a run that was
    /// killed right after the logout has not given it back.
    fn tell_lost(&mut self, logout: &ItemRecord) -> Result<()> {
        let Some(moved) = &logout.moved_to else {
            return Ok(());
        };
        let (place, registry) = logout.new_place(moved)?;
        if let Held::Nothing = self.held_there(&place, &registry)? {
            self.warn(&format!(
                "the token of {} is in neither place, `{}` or `{place}`: log in again",
                registry.label(),
                logout.provider()
            ));
        }
        Ok(())
    }

    /// Whether a token that this login was to move is still in its old place, for all that is known.
    pub(super) fn has_not_left(
        &mut self,
        login: &ItemRecord,
        logouts: &[ItemRecord],
    ) -> Result<bool> {
        for logout in logouts.iter().filter(|logout| logout.moves_to(login)) {
            if !logout.before.is(&self.held_now(logout)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Undoes a login of a change that is given up, where that takes nothing else away.
    pub(super) fn take_back(
        &mut self,
        login: &ItemRecord,
        held: &Held,
        may_forget: bool,
    ) -> Result<()> {
        if login.before.is(held) {
            return Ok(());
        }
        let (provider, registry) = (login.provider(), login.registry()?);
        if !login.after.is(held) && !login.has_stored_own(held) {
            return self.tell_given_up(login);
        }
        let why_not = match &login.before {
            HeldRecord::Nothing if may_forget => None,
            HeldRecord::Nothing => Some("its old place may not have it any more"),
            _ => Some("the one that it held before is not known"),
        };
        if let Some(why_not) = why_not {
            self.warn(&format!(
                "`{provider}` keeps the new token of {}: {why_not}",
                registry.label()
            ));
            return Ok(());
        }
        // Others may have stored theirs, while the others were asked.
        let now = self.held_now(login)?;
        if !login.after.is(&now) && !login.has_stored_own(&now) {
            return self.tell_given_up(login);
        }
        let asked = self.perform(&provider, &registry, Action::Logout);
        match asked.map(|reply| reply.said) {
            Ok(Said::Done | Said::NotFound) if matches!(self.held_now(login)?, Held::Nothing) => {
                self.warn(&format!(
                    "`{provider}` has forgotten the token of {} again, which that change had given it",
                    registry.label()
                ));
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
            _ => self.tell_given_up(login),
        }
    }
}
