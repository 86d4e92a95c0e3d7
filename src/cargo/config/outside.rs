//! What belongs to a view of the configuration and stands in no file: the world that a provider's program is started in.

use std::path::Path;
use std::time::Duration;

use super::Config;
use crate::cargo::programs::Copies;
use crate::error::Error;
use crate::world::{Env, Interrupts, Stderr};

impl Config {
    /// The environment that belongs to this view.
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// The Cargo home.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// This program, to be started once more.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// What is known about copies of this program.
    pub fn copies(&self) -> &Copies {
        &self.copies
    }

    /// How long a provider's program may take to answer, while it asks nobody.
    pub fn time_limit(&self) -> Duration {
        self.time_limit
    }

    /// Whether somebody has pressed Ctrl-C.
    pub fn interrupts(&self) -> &Interrupts {
        &self.interrupts
    }

    /// Where somebody who waits says so.
    pub fn stderr(&self) -> &Stderr {
        &self.stderr
    }

    /// Whether a store may ask its user for a password.
    pub fn may_prompt(&self) -> bool {
        self.may_prompt
    }

    /// Whether there is a screen on which a program could ask its user.
    pub fn has_display(&self) -> bool {
        self.env.has_display()
    }

    /// Whether the owner of a locked keyring may be asked to unlock it: on a screen, and once for a command.
    pub fn may_unlock(&self) -> bool {
        self.may_prompt && self.has_display() && !self.is_dismissed.get()
    }

    /// Whether its owner was asked, and did not unlock it.
    pub fn is_dismissed(&self) -> bool {
        self.is_dismissed.get()
    }

    /// Says whether its owner was asked in vain.
    pub fn set_dismissed(&self, is_dismissed: bool) {
        self.is_dismissed.set(is_dismissed);
    }

    /// How the keyring has failed to answer before: whoever asks it for the next token does not wait again.
    pub fn silence(&self) -> Option<Error> {
        self.silence.borrow().clone()
    }

    /// Notes that it has failed to answer, or that it is to be asked again.
    pub fn set_silence(&self, error: Option<Error>) {
        self.silence.replace(error);
    }

    /// Whether a program may ask its user, and there is a terminal or a screen to do that on.
    pub fn can_ask(&self) -> bool {
        self.may_prompt && (self.has_terminal || self.has_display())
    }

    /// Says whether a store may ask its user.
    pub fn set_may_prompt(&mut self, may_prompt: bool) {
        self.may_prompt = may_prompt;
    }

    /// The folder that decides which project files count.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}
