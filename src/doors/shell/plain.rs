//! Lines from a terminal that can show text and nothing else, as `TERM=dumb` is: no editing, no Tab, no colours.
//!
//! Invariant: Ctrl-C gives up all of what was entered, and whoever types next does so in a line of its own.

use std::io::{Read, Write};

use rustyline::error::ReadlineError;

use crate::world::World;

/// Whether the terminal is one of those for which the line editor has no way.
pub(super) fn is_plain(world: &World) -> bool {
    let is_none = |name: &str| matches!(name, "dumb" | "cons25" | "emacs");
    world.terminal.stdin && world.env.get("TERM").is_some_and(is_none)
}

/// Asks, and reads lines until nothing is open any more.
pub(super) fn read(
    world: &mut World,
    prompt: &str,
    goes_on: impl Fn(&str) -> bool,
) -> rustyline::Result<String> {
    // What ran before has had its Ctrl-C.
    world.interrupts.forget();
    write!(world.stdout, "{prompt}").and_then(|()| world.stdout.flush())?;
    let mut bytes = Vec::new();
    loop {
        // A line of the terminal is whole when it comes.
        let mut chunk = [0; 4096];
        let count = match world.stdin.read(&mut chunk) {
            Ok(0) => return Err(ReadlineError::Eof),
            Ok(count) => count,
            Err(_) if world.interrupts.is_pressed() => {
                writeln!(world.stdout)?;
                return Err(ReadlineError::Interrupted);
            }
            Err(error) => return Err(error.into()),
        };
        bytes.extend_from_slice(&chunk[..count]);
        let Some(text) = bytes.strip_suffix(b"\n") else {
            continue;
        };
        let text = String::from_utf8_lossy(text);
        if !goes_on(&text) {
            return Ok(text.into_owned());
        }
    }
}
