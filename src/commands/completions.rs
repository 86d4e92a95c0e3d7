//! `completions`: what a person's own shell needs to ask credsh at Tab. Knows the shells and no command; what there is
//! to offer is answered by the running program, from the table and the configuration.

use clap::{Args, ValueEnum};

use super::{Outcome, Text};
use crate::error::Result;
use crate::session::Session;

/// Print the completions of `credsh` for your shell
///
/// `scripts/install` puts them in their place. Tab then offers commands, options, registries, providers, aliases and
/// files, as the shell of credsh does.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  completions bash\n  completions fish")]
pub struct Completions {
    /// Which shell
    shell: Shell,
}

/// A shell whose completion can start a program.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

impl Completions {
    /// Prints.
    pub fn run(&self, _session: &mut Session) -> Result<Outcome> {
        let text = match self.shell {
            Shell::Bash => include_str!("../../completions/credsh.bash"),
            Shell::Elvish => include_str!("../../completions/credsh.elv"),
            Shell::Fish => include_str!("../../completions/credsh.fish"),
            Shell::Powershell => include_str!("../../completions/_credsh.ps1"),
            Shell::Zsh => include_str!("../../completions/_credsh"),
        };
        Outcome::answer(Text::new(text))
    }
}
