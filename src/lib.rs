//! credsh, the shell for Cargo registry credentials: this page is the map.
//!
//! Words come in through one of three doors (the arguments of the process, the interactive shell, a Rhai
//! script), become a command of one table, run in one session, and are committed in one place. A fourth door
//! is for Cargo: it asks for tokens, and is answered from the stores.
//!
//! - [`world`]: what is outside, as values. `main` builds the real one; tests build others.
//! - `cli`: the options of the process, and which door they open.
//! - `doors`: how words come in and answers go out. No door knows a command by name.
//! - [`commands`]: the table. One file a command: its arguments, its answer, how it is shown, what it does.
//! - [`session`]: what is known and what is pending; the commit, which alone changes the world.
//! - [`cargo`]: Cargo's view of the world, pure and with provenance; and performing its providers.
//! - [`stores`]: where credsh keeps tokens when it is the provider, and which of them serves a request.
//! - `disk`: TOML read and edited, locks, replacing files. Knows nothing of Cargo's keys.
//! - [`token`]: tokens that cannot leak, where they come from, how a server wants them spelt.
//! - `render`: blocks and errors as text. Knows no command.
//! - `error`: kinds, which alone decide exit statuses; places; the next step.
//!
//! Arrows point one way: doors, commands, session, stores, then cargo and disk, then token and error. What must hold:
//!
//! - Nothing but [`session::Session::commit`] writes a file of Cargo's, and only after it is anything
//!   reported as done.
//! - No text of a token has a spelling: commands take a [`token::Source`], and [`Token`] cannot be printed.
//! - Nothing but `main` reads the environment of the process, so [`run`] can be called again and again.

pub mod cargo;
mod cli;
pub mod commands;
pub mod disk;
pub mod doors;
mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod render;
pub mod session;
pub mod stores;
pub mod token;
pub mod words;
pub mod world;

use std::ffi::OsString;

pub use error::{Error, Kind, Place, Result};
pub use token::Token;

/// Runs credsh with these arguments (without the name of the program) in this world, and answers the exit
/// status: 0 done, 1 failed, 2 changes pending, 3 not found, 4 unavailable, 5 rejected, 64 wrong words,
/// 65 malformed file, 130 interrupted.
///
/// Nothing of the process itself is read or changed, so it can be called any number of times.
pub fn run(world: world::World, args: impl Iterator<Item = OsString>) -> u8 {
    cli::run(world, args)
}
