//! The door of the person's own shell: its Tab starts credsh, which answers what can stand at the cursor.
//!
//! What is offered comes from the function that serves Tab in credsh's shell, so both know the same. Invariant: it
//! starts no program, asks nobody, writes nothing but its answer, and whatever is wrong means no candidates.

use std::io::{Write, sink};
use std::path::{Path, PathBuf};

use clap::CommandFactory;

use super::complete::{Candidate, Names, complete};
use crate::commands::grammar::Cli;
use crate::render::Theme;
use crate::session::{Flags, Session};
use crate::words;
use crate::world::{Stderr, World};

/// The argument that opens this door; behind it stands the line up to the cursor, program and all.
pub const ARGUMENT: &str = "--complete";

/// Prints a candidate a line: the whole word as a program gets it, a tab, and what it is.
pub fn run(mut world: World, line: &str) -> u8 {
    world.stderr = Stderr::new(sink());
    let mut stdout = std::mem::replace(&mut world.stdout, Box::new(sink()));
    let mut text = String::new();
    for candidate in candidates(world, line) {
        let about = candidate.about.unwrap_or_default();
        text.push_str(&format!("{}\t{about}\n", candidate.text));
    }
    // A shell that asks no longer has what it wanted.
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    0
}

fn candidates(mut world: World, line: &str) -> Vec<Candidate> {
    // What stands before is the name of the program, which may be a path.
    let Some((_, line)) = line.trim_start().split_once(char::is_whitespace) else {
        return Vec::new();
    };
    let user_home = world.user_home.clone();
    let Place { home, directory } = Place::named_in(line, user_home.as_deref());
    if let Some(directory) = directory {
        world.directory.push(directory);
    }
    let Ok(home) = world.cargo_home(home.as_deref()) else {
        return Vec::new();
    };
    let flags = Flags {
        no_input: true,
        quiet: true,
        ..Flags::default()
    };
    let mut session = Session::new(world, home, flags, Theme::default());
    let names = Names::of(&mut session);
    let mut tree = Cli::command();
    tree.build();
    let tree = Flags::sparse(tree);
    let (start, found) = complete(&tree, &names, line, line.len());
    // The shell will put the home folder where the tilde is.
    let (found, tilde) = match (line[start..].strip_prefix("~/"), &user_home) {
        (Some(rest), Some(user_home)) => {
            let user_home = user_home.display().to_string();
            let line = format!("{}{}/{rest}", &line[..start], words::join(&[&user_home]));
            (complete(&tree, &names, &line, line.len()).1, user_home)
        }
        _ => (found, String::new()),
    };
    let as_a_program_gets_it = |candidate: Candidate| {
        let text = words::split(&candidate.text).ok()?.pop()?;
        let text = match text.strip_prefix(&tilde) {
            Some(rest) if !tilde.is_empty() => format!("~{rest}"),
            _ => text,
        };
        Some(Candidate { text, ..candidate })
    };
    found.into_iter().filter_map(as_a_program_gets_it).collect()
}

/// Where the line says that it takes place.
#[derive(Default)]
struct Place {
    home: Option<PathBuf>,
    directory: Option<PathBuf>,
}

impl Place {
    fn named_in(line: &str, user_home: Option<&Path>) -> Self {
        // The last word is not finished, and may have a quote that is open.
        let finished = line
            .char_indices()
            .rev()
            .filter(|(_, c)| c.is_whitespace())
            .find_map(|(at, _)| words::split(&line[..at]).ok());
        let Some(finished) = finished else {
            return Self::default();
        };
        let matches = Cli::command()
            .ignore_errors(true)
            .no_binary_name(true)
            .try_get_matches_from(finished);
        let Ok(matches) = matches else {
            return Self::default();
        };
        let path = |id: &str| {
            let path = matches.try_get_one::<PathBuf>(id).ok().flatten()?;
            match (path.strip_prefix("~"), user_home) {
                (Ok(rest), Some(user_home)) => Some(user_home.join(rest)),
                _ => Some(path.clone()),
            }
        };
        Self {
            home: path("home"),
            directory: path("directory"),
        }
    }
}
