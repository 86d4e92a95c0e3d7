//! The switches of every command, understood before it and behind it.
//!
//! Written out instead of derived, because a derived switch that is not given is stored as `false`, once for
//! each level of the command tree: half the time of a script was that.

use clap::error::Error;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::Flags;

/// A switch: its long name, its short one, what it does, and its field.
type Switch = (
    &'static str,
    Option<char>,
    &'static str,
    fn(&mut Flags) -> &mut bool,
);

/// All of them, in the order in which help lists them.
const SWITCHES: [Switch; 6] = [
    (
        "json",
        None,
        "Print one JSON document on standard output, errors too",
        |flags| &mut flags.json,
    ),
    (
        "dry-run",
        Some('n'),
        "Print what would change; change nothing",
        |flags| &mut flags.dry_run,
    ),
    (
        "check",
        None,
        "Like --dry-run, and exit 2 if anything would change",
        |flags| &mut flags.check,
    ),
    ("quiet", Some('q'), "Print no notes", |flags| {
        &mut flags.quiet
    }),
    (
        "yes",
        Some('y'),
        "Answer yes to confirmations, and write over what somebody else has changed meanwhile",
        |flags| &mut flags.yes,
    ),
    ("no-input", None, "Never prompt", |flags| {
        &mut flags.no_input
    }),
];

impl Flags {
    /// Whether a switch of this name is one that every command has.
    pub fn has(name: &str) -> bool {
        SWITCHES.iter().any(|(long, ..)| *long == name)
    }

    /// A built tree in which these switches cost nothing where they are not given.
    pub fn sparse(tree: Command) -> Command {
        tree.mut_args(|arg| {
            if SWITCHES.iter().any(|(long, ..)| arg.get_id() == long) {
                arg.global(false).default_value(None)
            } else {
                arg
            }
        })
        .mut_subcommands(Self::sparse)
    }
}

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        command.args(SWITCHES.map(|(long, short, help, _)| {
            Arg::new(long)
                .long(long)
                .short(short)
                .help(help)
                .action(ArgAction::SetTrue)
                .global(true)
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        let mut level = Some(matches);
        while let Some(matches) = level {
            for (long, _, _, field) in SWITCHES {
                *field(self) |= matches
                    .try_get_one(long)
                    .is_ok_and(|given| given == Some(&true));
            }
            level = matches.subcommand().map(|(_, below)| below);
        }
        Ok(())
    }
}
