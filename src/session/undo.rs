//! Taking back what providers have done in a commit that fails.
//!
//! Invariant: Ctrl-C that made the commit fail does not end this, and only what is known not to be as it was before is
//! said not to be. What nobody knows stays in the journal: the next start asks again.

use super::Session;
use super::change::ItemChange;
use super::items::at_its_place;
use super::records::ItemRecord;
use crate::cargo::chain::Kind as ProviderKind;
use crate::cargo::config::Held;
use crate::cargo::providers::{Action, Said, os};
use crate::disk::journal::Journal;
use crate::error::{Error, Kind, Result};

/// What a commit has had providers keep.
#[derive(Default)]
pub(super) struct Logins {
    /// What is done, in its order.
    done: Vec<Done>,
    /// That of which nobody knows whether it is, or whether it is undone.
    in_doubt: Vec<ItemChange>,
}

/// A login that is done, as far as its provider has got.
struct Done {
    item: ItemChange,
    /// What it is known to hold since then.
    holds: Held,
}

impl Logins {
    /// One whose provider holds what it was given.
    pub(super) fn add(&mut self, item: ItemChange) {
        let holds = item.after.held();
        self.done.push(Done { item, holds });
    }

    /// One of which nobody knows what its provider holds now.
    pub(super) fn add_unproved(&mut self, item: ItemChange) {
        let holds = Held::Unknown;
        self.done.push(Done { item, holds });
    }
}

impl Session {
    /// Gives the providers back what they held, the last one first; who does not take it is named. Another Ctrl-C
    /// ends this, too. Answers whether something is left to the next start: of the logins, the journal then has only that.
    pub(super) fn undo(&mut self, mut logins: Logins, mut error: Error) -> (Error, bool) {
        let aside = self.world.interrupts.set_aside();
        for Done { item, holds } in logins.done.into_iter().rev() {
            let (provider, registry) = (&item.provider, item.registry.label());
            let why = match self.undo_one(&item, &holds) {
                Ok(true) => continue,
                Ok(false) => {
                    error = error.because(format!(
                        "and `{provider}` did not go back to what it held before for {registry}: it has neither that nor what it was given, so somebody else may have changed it, and it stays"
                    ));
                    continue;
                }
                Err(why) => self.or_interrupted(why),
            };
            // Whoever ends all of us ends a provider, too, which then has not failed.
            let is_ended = self.world.interrupts.ended().is_some();
            let is_unknown = why.kind() == Kind::Interrupted || why.is_in_doubt();
            let told = if matches!(item.before, Held::Unknown) {
                format!(
                    "and `{provider}` keeps the new token of {registry}: what it held before is not known"
                )
            } else if !is_unknown && self.is_back(&item, &why) {
                continue;
            } else if is_unknown || is_ended {
                logins.in_doubt.push(item.clone());
                format!(
                    "and whether `{provider}` went back to what it held before for {registry} is unknown: {why}"
                )
            } else {
                format!(
                    "and `{provider}` did not go back to what it held before for {registry}: {why}"
                )
            };
            // Nothing that is left undone may be hidden behind a word about Ctrl-C.
            if why.kind() == Kind::Interrupted {
                error = error.of_interrupt();
            }
            error = error.because(told);
        }
        drop(aside);
        if logins.in_doubt.is_empty() {
            return (error, false);
        }
        let error = match self.leave_in_doubt(&logins.in_doubt) {
            Ok(next) => error.because(format!("and the next start of credsh {next}")),
            Err(why) => error
                .because(format!("and {why}"))
                .because("and the next start of credsh finishes the change, or undoes it"),
        };
        (error, true)
    }

    /// Leaves in the journal what is in doubt, and nothing of what is undone, or was never begun: somebody else may do
    /// that by then. Answers what the next start does: where everything is in doubt, it may all be done.
    fn leave_in_doubt(&self, in_doubt: &[ItemChange]) -> Result<&'static str> {
        const UNDOES: &str = "asks again, and undoes what it can";
        let folder = self.own_folder();
        let Some(mut journal) = Journal::read(&folder)? else {
            return Ok(UNDOES);
        };
        let (logins, logouts): (Vec<_>, Vec<_>) = self
            .records_of(&journal.items)?
            .into_iter()
            .partition(ItemRecord::is_login);
        let in_doubt: Vec<ItemRecord> = in_doubt.iter().map(ItemRecord::of).collect();
        let is_one = |login: &&ItemRecord| in_doubt.iter().any(|one| one.is_in_place_of(login));
        let left: Vec<&ItemRecord> = logins.iter().filter(is_one).collect();
        if left.len() == logins.len() {
            return Ok("finishes the change, or undoes it");
        }
        let is_after = |logout: &&ItemRecord| left.iter().any(|login| logout.moves_to(login));
        let items = left.iter().copied().chain(logouts.iter().filter(is_after));
        journal.items = items.map(ItemRecord::json).collect();
        journal.is_given_up = true;
        journal.write(&folder).map(|()| UNDOES)
    }

    /// A provider may fail after it has stored the token, or has removed the old one: then that is to be undone, too.
    pub(super) fn login_failed(
        &mut self,
        item: ItemChange,
        error: Error,
        logins: &mut Logins,
    ) -> Error {
        let error = self.or_interrupted(at_its_place(error, &item.provider));
        // A store of credsh's own that does not answer would hold up every later change until it does; and one that never
        // says what it holds will not say it then.
        let may_wait =
            item.provider.kind != ProviderKind::Own && !matches!(item.before, Held::Unknown);
        // One that did not answer is not asked again now. One that Ctrl-C has ended is, and if that hangs as well, another
        // Ctrl-C ends this one question: what was done before is undone all the same.
        let is_interrupted = error.kind() == Kind::Interrupted;
        if error.kind() != Kind::Failed && !is_interrupted {
            if error.is_in_doubt() && may_wait {
                logins.in_doubt.push(item);
            }
            return error.in_doubt(false);
        }
        let (provider, registry) = (&item.provider, item.registry.label());
        let aside = is_interrupted.then(|| self.world.interrupts.set_aside());
        let held = self.look_for_all(provider, &item.registry);
        drop(aside);
        let error = error.in_doubt(false);
        // What it has done is known by then.
        let known = |error: Error| match error.place() {
            _ if !is_interrupted => error,
            Some(place) => Error::interrupted().at(place.clone()),
            None => Error::interrupted(),
        };
        match held {
            Ok(Some(held)) if held.is_same(&item.before) => known(error),
            Ok(Some(held)) => {
                let is_gone = matches!((&item.before, &held), (Held::Token(_), Held::Nothing));
                if is_gone || held.is_same(&item.after.held()) {
                    logins.done.push(Done { item, holds: held });
                    return known(error);
                }
                // What was there before may have been made for that get: given to the provider, it would take the place
                // of what it is made from.
                error.because(format!(
                    "and whether `{provider}` holds what it held before for {registry} is not known"
                ))
            }
            Ok(None) | Err(_) => {
                let error = error.because(format!(
                    "and what `{provider}` holds for {registry} now is not known"
                ));
                if may_wait {
                    logins.in_doubt.push(item);
                }
                error
            }
        }
    }

    /// Why a provider failed: at a terminal Ctrl-C is for it, too, and it may end in its own way.
    pub(super) fn or_interrupted(&self, error: Error) -> Error {
        if self.world.interrupts.is_pressed() {
            error.of_interrupt()
        } else {
            error
        }
    }

    /// Gives back what was held before. False, and nothing is done, where somebody else may have changed that since.
    fn undo_one(&mut self, item: &ItemChange, holds: &Held) -> Result<bool> {
        let action = match &item.before {
            Held::Token(token) => Action::Login {
                token: Some(token),
                args: &[],
            },
            Held::Nothing => Action::Logout,
            Held::Unknown => return Err(Error::failed("it does not say what it holds")),
        };
        self.world.interrupts.check()?;
        match self.is_theirs(item, holds) {
            Ok(true) => return Ok(false),
            Err(error) if error.kind() == Kind::Interrupted => return Err(error),
            // It may do as it is told all the same.
            Ok(false) | Err(_) => {}
        }
        let (Said::Done | Said::NotFound) =
            self.perform(&item.provider, &item.registry, action)?.said
        else {
            return Err(Error::failed("it cannot"));
        };
        // What it says is not what it does.
        if self.holds_old(item).map_err(|error| error.in_doubt(true))? {
            Ok(true)
        } else {
            Err(Error::failed("it says that it has, and has not"))
        }
    }

    /// Whether a provider gives neither what it held before nor what it was left with. One that makes a token for each get
    /// says nothing of that.
    fn is_theirs(&mut self, item: &ItemChange, left: &Held) -> Result<bool> {
        if matches!(left, Held::Unknown) {
            return Ok(false);
        }
        let mut look = || self.look_for_all(&item.provider, &item.registry);
        match look()? {
            Some(now) if !now.is_same(left) && !now.is_same(&item.before) => {
                Ok(look()?.is_some_and(|next| next.is_same(&now)))
            }
            _ => Ok(false),
        }
    }

    /// One that has failed may have done it all the same. One that did not answer is not asked again.
    fn is_back(&mut self, item: &ItemChange, why: &Error) -> bool {
        why.kind() == Kind::Failed && matches!(self.holds_old(item), Ok(true))
    }

    fn holds_old(&mut self, item: &ItemChange) -> Result<bool> {
        let held = self.look_for_all(&item.provider, &item.registry)?;
        let held = held.ok_or_else(|| os::locked(&item.provider))?;
        Ok(held.is_same(&item.before))
    }
}
