//! The options of the process, and which door they open.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::commands::grammar::{Cli, ColorChoice, Parsed, Piece};
use crate::doors::script::{Arguments, Interpreter, folder_of};
use crate::doors::shell::Shell;
use crate::doors::{Runner, plugin, tab};
use crate::error::{Error, Kind, Place, Result};
use crate::render::Theme;
use crate::session::own::ITEM;
use crate::session::{Flags, Session};
use crate::world::World;

/// Runs the process: its arguments, without its name. The answer is the exit status.
pub(crate) fn run(world: World, args: impl Iterator<Item = OsString>) -> u8 {
    let args: Vec<OsString> = args.collect();
    match args.as_slice() {
        [first, ..] if first == plugin::ARGUMENT => return plugin::run(world, false),
        [ours, second] if ours == ITEM && second == plugin::ARGUMENT => {
            return plugin::run(world, true);
        }
        [first, line] if first == tab::ARGUMENT => return tab::run(world, &line.to_string_lossy()),
        _ => {}
    }
    // Where the arguments do not parse, this one is looked for by hand.
    let flags = Flags {
        json: args.iter().any(|arg| arg == "--json"),
        ..Flags::default()
    };
    let (cli, pieces) = match Cli::read(args.iter().cloned()) {
        Ok(Parsed::Words(cli)) => cli,
        Ok(Parsed::Text(text)) => {
            let runner = early(world, flags);
            let printed = runner.print_help(&text).map(|()| 0);
            return printed.unwrap_or_else(|error| fail(&runner, &error));
        }
        Err(error) => return fail(&early(world, flags), &error),
    };
    let prepared = prepare(world, &cli);
    let runner = match prepared {
        Ok(session) => Runner::new(
            session,
            Arguments {
                set: cli.set.clone(),
                rest: cli.rest.clone(),
            },
        ),
        Err((world, error)) => return fail(&early(*world, cli.flags), &error),
    };
    let recovered = runner.session.borrow_mut().recover();
    let ended = recovered.and_then(|()| open(&runner, &cli, &pieces));
    ended.unwrap_or_else(|error| {
        end_the_line(&runner, &error);
        fail(&runner, &error)
    })
}

/// Shows an error, and answers its exit status.
fn fail(runner: &Runner, error: &Error) -> u8 {
    runner.show_error(error);
    error.kind().exit_status()
}

/// A terminal shows Ctrl-C in the line where it was pressed; a question ends that line by itself.
fn end_the_line(runner: &Runner, error: &Error) {
    let world = &mut runner.session.borrow_mut().world;
    let is_pressed = error.kind() == Kind::Interrupted && world.interrupts.is_pressed();
    if is_pressed && world.terminal.stderr && !world.prompt.has_asked() {
        world.stderr.breaks_the_line();
    }
}

/// What can be told before there is a Cargo home.
fn early(world: World, flags: Flags) -> Runner {
    let theme = theme(&world, None);
    Runner::new(
        Session::new(world, PathBuf::new(), flags, theme),
        Arguments::default(),
    )
}

fn prepare(mut world: World, cli: &Cli) -> Result<Session, (Box<World>, Error)> {
    if let Some(directory) = &cli.directory {
        let directory = world.directory.join(directory);
        if !directory.is_dir() {
            let error = Error::usage("there is no such folder")
                .at(Place::Option("--directory"))
                .hint("name a folder that exists, relative to the current one");
            return Err((Box::new(world), error));
        }
        // Cargo's own idea of the folder: without `..` and links, so that its parents are its parents.
        world.directory = directory.canonicalize().unwrap_or(directory);
    }
    let home = match world.cargo_home(cli.home.as_deref()) {
        Ok(home) => home,
        Err(error) => return Err((Box::new(world), error)),
    };
    // What is started by us is to see the same home.
    if cli.home.is_some() {
        world.env.set("CARGO_HOME", &home);
    }
    let mut flags = cli.flags;
    flags.no_input |= world.env.is_on("CREDSH_NO_INPUT");
    let theme = theme(&world, cli.color);
    Ok(Session::new(world, home, flags, theme))
}

/// Colours: the option, then `CREDSH_COLOR`, then what every terminal program honours.
fn theme(world: &World, option: Option<ColorChoice>) -> Theme {
    let variable = match world.env.get("CREDSH_COLOR") {
        Some("always") => Some(ColorChoice::Always),
        Some("never") => Some(ColorChoice::Never),
        _ => None,
    };
    let env = &world.env;
    let on = |is_terminal: bool| match option.or(variable).unwrap_or(ColorChoice::Auto) {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if env.non_empty("NO_COLOR").is_some() => false,
        ColorChoice::Auto if env.is_on("CLICOLOR_FORCE") => true,
        ColorChoice::Auto => is_terminal && env.get("TERM") != Some("dumb"),
    };
    Theme {
        color: on(world.terminal.stdout),
        color_stderr: on(world.terminal.stderr),
        width: world.terminal.width,
        width_stderr: world.terminal.width_stderr,
    }
}

/// Picks the door.
fn open(runner: &Runner, cli: &Cli, pieces: &[Piece]) -> Result<u8> {
    if let Some(command) = &cli.command {
        let performed = runner.perform(command, Flags::default())?;
        runner.session.borrow().check_closed()?;
        return runner.show(performed);
    }
    if !pieces.is_empty() {
        let status = runner.batch(|| run_pieces(runner, pieces));
        if !cli.interactive {
            return status;
        }
        if let Err(error) = status {
            runner.show_error(&error);
        }
        return shell(runner, cli);
    }
    let is_terminal = runner.session.borrow().world.terminal.stdin;
    if is_terminal || cli.interactive {
        return shell(runner, cli);
    }
    let text = read_stdin(runner)?;
    runner.batch(|| runner.run_lines(&text, Path::new("<stdin>")))
}

fn run_pieces(runner: &Runner, pieces: &[Piece]) -> Result<u8> {
    let mut status = 0;
    // One interpreter a folder: the scripts of a start share their variables, as one program would.
    for piece in pieces {
        let ended = match piece {
            Piece::Line(line) => runner.run_line(line)?,
            Piece::File(file) if file.as_os_str() == "-" => {
                let text = read_stdin(runner)?;
                let directory = runner.session.borrow().world.directory.clone();
                Interpreter::new(runner, Some(&directory)).run_text(&text, Path::new("<stdin>"))?
            }
            Piece::File(file) => {
                let file = runner.session.borrow().path(file);
                Interpreter::new(runner, folder_of(&file).as_deref()).run_file(&file)?
            }
        };
        status = if status == 0 { ended } else { status };
    }
    Ok(status)
}

/// All of standard input, which is a script then, and no source of tokens.
fn read_stdin(runner: &Runner) -> Result<String> {
    let mut session = runner.session.borrow_mut();
    session.stdin_is_script = true;
    let mut bytes = Vec::new();
    session
        .world
        .stdin
        .read_to_end(&mut bytes)
        .map_err(|error| Error::failed("cannot read standard input").because(error))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to() + 1;
        Error::new(
            Kind::Usage,
            format!("standard input is not UTF-8 at byte {at}"),
        )
        .at(Place::file("<stdin>"))
        .hint("lines and scripts are UTF-8; a token is piped into `credsh login`")
    })
}

fn shell(runner: &Runner, cli: &Cli) -> Result<u8> {
    let (history, rc) = {
        let session = runner.session.borrow();
        let env = &session.world.env;
        let keeps_history = !cli.no_history && !env.is_on("CREDSH_NO_HISTORY");
        let runs_rc = !cli.no_rc && !env.is_on("CREDSH_NO_RC");
        (
            session
                .world
                .folder("XDG_STATE_HOME", ".local/state")
                .filter(|_| keeps_history)
                .map(|folder| folder.join("history")),
            session
                .world
                .folder("XDG_CONFIG_HOME", ".config")
                .filter(|_| runs_rc)
                .map(|folder| folder.join("rc.rhai")),
        )
    };
    let mut shell = Shell::new(runner, history)?;
    if let Some(rc) = rc {
        shell.run_rc(&rc);
    }
    shell.run()
}
