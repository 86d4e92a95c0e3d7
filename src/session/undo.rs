//! Taking back what providers have done in a commit that fails.
//!
//! Invariant: Ctrl-C that made the commit fail does not end this, and only what is known not to be as it was before is
//! said not to be.

use super::Session;
use super::change::ItemChange;
use super::items::at_its_place;
use crate::cargo::config::Held;
use crate::cargo::providers::{Action, Said};
use crate::error::{Error, Kind, Result};

impl Session {
    /// Gives the providers back what they held, the last one first; who does not take it is named. Another Ctrl-C
    /// ends this, too.
    pub(super) fn undo(&mut self, done: Vec<ItemChange>, mut error: Error) -> Error {
        let aside = self.world.interrupts.set_aside();
        for item in done.into_iter().rev() {
            let (provider, registry) = (&item.provider, item.registry.label());
            let Err(why) = self.undo_one(&item) else {
                continue;
            };
            let told = if matches!(item.before, Held::Unknown) {
                format!(
                    "and `{provider}` keeps the new token of {registry}: what it held before is not known"
                )
            } else if why.kind() == Kind::Interrupted {
                format!(
                    "and whether `{provider}` went back to what it held before for {registry} is unknown: {why}"
                )
            } else if self.is_back(&item, &why) {
                continue;
            } else {
                format!(
                    "and `{provider}` did not go back to what it held before for {registry}: {why}"
                )
            };
            // Nothing that is left undone may be hidden behind a word about Ctrl-C.
            if why.kind() == Kind::Interrupted && error.kind() != Kind::Interrupted {
                error = Error::interrupted().because(error);
            }
            error = error.because(told);
        }
        drop(aside);
        error
    }

    /// A provider may fail after it has stored the token, or has removed the old one: then that is to be undone, too.
    pub(super) fn login_failed(
        &mut self,
        item: ItemChange,
        error: Error,
        done: &mut Vec<ItemChange>,
    ) -> Error {
        let error = at_its_place(error, &item.provider);
        // One that did not answer is not asked again; its error says that nobody knows. One that Ctrl-C has ended is.
        let is_interrupted = error.kind() == Kind::Interrupted;
        if error.kind() != Kind::Failed && !is_interrupted {
            return error;
        }
        let (provider, registry) = (&item.provider, item.registry.label());
        let aside = is_interrupted.then(|| self.world.interrupts.set_aside());
        let held = self.look_for_all(provider, &item.registry);
        drop(aside);
        match held {
            Ok(Some(held)) if held.is_same(&item.before) => error,
            Ok(Some(held)) => {
                let is_gone = matches!((&item.before, &held), (Held::Token(_), Held::Nothing));
                if is_gone || held.is_same(&item.after.held()) {
                    done.push(item);
                    return error;
                }
                // What was there before may have been made for that get: given to the provider, it would take the place
                // of what it is made from.
                error.because(format!(
                    "and whether `{provider}` holds what it held before for {registry} is not known"
                ))
            }
            Ok(None) | Err(_) => error.because(format!(
                "and what `{provider}` holds for {registry} now is not known"
            )),
        }
    }

    fn undo_one(&mut self, item: &ItemChange) -> Result<()> {
        let action = match &item.before {
            Held::Token(token) => Action::Login {
                token: Some(token),
                args: &[],
            },
            Held::Nothing => Action::Logout,
            Held::Unknown => return Err(Error::failed("it does not say what it holds")),
        };
        self.world.interrupts.check()?;
        match self.perform(&item.provider, &item.registry, action)?.said {
            // What it says is not what it does.
            Said::Done | Said::NotFound if self.holds_old(item) => Ok(()),
            Said::Done | Said::NotFound => Err(Error::failed("it says that it has, and has not")),
            _ => Err(Error::failed("it cannot")),
        }
    }

    /// One that has failed may have done it all the same. One that did not answer is not asked again.
    fn is_back(&mut self, item: &ItemChange, why: &Error) -> bool {
        why.kind() == Kind::Failed && self.holds_old(item)
    }

    fn holds_old(&mut self, item: &ItemChange) -> bool {
        let held = self.look_for_all(&item.provider, &item.registry);
        matches!(held, Ok(Some(held)) if held.is_same(&item.before))
    }
}
