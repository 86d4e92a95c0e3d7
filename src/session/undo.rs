//! Taking back what providers have done in a commit that fails.
//!
//! Invariant: Ctrl-C that made the commit fail does not end this, and only what is known not to be as it was before is
//! said not to be. Where a provider has not answered, the error is in doubt, and the journal stays: the next start asks
//! again.

use super::Session;
use super::change::ItemChange;
use super::items::at_its_place;
use crate::cargo::chain::Kind as ProviderKind;
use crate::cargo::config::Held;
use crate::cargo::providers::{Action, Said};
use crate::error::{Error, Kind, Result};

impl Session {
    /// Gives the providers back what they held, the last one first; who does not take it is named. Another Ctrl-C
    /// ends this, too, and leaves the rest to the next start.
    pub(super) fn undo(&mut self, done: Vec<ItemChange>, mut error: Error) -> Error {
        let aside = self.world.interrupts.set_aside();
        for item in done.into_iter().rev() {
            let (provider, registry) = (&item.provider, item.registry.label());
            let Err(mut why) = self.undo_one(&item) else {
                continue;
            };
            if self.world.interrupts.is_pressed() {
                why = why.of_interrupt();
            }
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
            let is_interrupted = why.kind() == Kind::Interrupted;
            let is_in_doubt = error.is_in_doubt() || why.is_in_doubt() || is_interrupted;
            // Nothing that is left undone may be hidden behind a word about Ctrl-C.
            if is_interrupted {
                error = error.of_interrupt();
            }
            error = error.because(told).in_doubt(is_in_doubt);
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
        let mut error = at_its_place(error, &item.provider);
        // At a terminal Ctrl-C is for the provider, too, which may end in its own way.
        if self.world.interrupts.is_pressed() {
            error = error.of_interrupt();
        }
        // A store of credsh's own that does not answer would hold up every later change until it does; and one that never
        // says what it holds will not say it then.
        let may_wait =
            item.provider.kind != ProviderKind::Own && !matches!(item.before, Held::Unknown);
        // One that did not answer is not asked again now. One that Ctrl-C has ended is, and if that hangs as well, another
        // Ctrl-C ends this one question: what was done before is undone all the same.
        let is_interrupted = error.kind() == Kind::Interrupted;
        if error.kind() != Kind::Failed && !is_interrupted {
            let is_in_doubt = error.is_in_doubt() && may_wait;
            return error.in_doubt(is_in_doubt);
        }
        let (provider, registry) = (&item.provider, item.registry.label());
        let aside = is_interrupted.then(|| self.world.interrupts.set_aside());
        let held = self.look_for_all(provider, &item.registry);
        drop(aside);
        let error = error.in_doubt(may_wait && !matches!(held, Ok(Some(_))));
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
        let (Said::Done | Said::NotFound) =
            self.perform(&item.provider, &item.registry, action)?.said
        else {
            return Err(Error::failed("it cannot"));
        };
        // What it says is not what it does.
        if self.holds_old(item)? {
            Ok(())
        } else {
            Err(Error::failed("it says that it has, and has not"))
        }
    }

    /// One that has failed may have done it all the same. One that did not answer is not asked again.
    fn is_back(&mut self, item: &ItemChange, why: &Error) -> bool {
        why.kind() == Kind::Failed && matches!(self.holds_old(item), Ok(true))
    }

    fn holds_old(&mut self, item: &ItemChange) -> Result<bool> {
        let held = self.look_for_all(&item.provider, &item.registry)?;
        Ok(held.is_some_and(|held| held.is_same(&item.before)))
    }
}
