//! The program: builds the real world and runs credsh in it. The only reader of the process environment.

use std::io::{IsTerminal, stderr, stdin, stdout};
use std::process::ExitCode;

use credsh::cargo::providers::TIME_LIMIT;
use credsh::world::{Input, Interrupts, Stderr, Terminal, TerminalPrompt, World};

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the process is looked at"
)]
fn main() -> ExitCode {
    let first = std::env::args_os().nth(1);
    if first.is_some_and(|first| first == credsh::doors::plugin::ARGUMENT) {
        end_with_the_asker();
    }
    let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let is_terminal = stdout().is_terminal();
    let interrupts = Interrupts::of_this_process();
    let world = World {
        env: std::env::vars_os().collect(),
        directory: std::env::current_dir().unwrap_or_default(),
        program: std::env::current_exe().unwrap_or_else(|_| "credsh".into()),
        user_home: std::env::home_dir().filter(|home| !home.as_os_str().is_empty()),
        stdin: Box::new(Input::new(interrupts.clone())),
        stdout: Box::new(stdout()),
        stderr: Stderr::new(stderr()),
        terminal: Terminal {
            stdin: stdin().is_terminal(),
            stdout: is_terminal,
            stderr: stderr().is_terminal(),
            width: width.filter(|_| is_terminal),
            width_stderr: width.filter(|_| stderr().is_terminal()),
        },
        prompt: Box::new(TerminalPrompt::new(interrupts.clone())),
        interrupts: interrupts.clone(),
        time_limit: TIME_LIMIT,
    };
    keep_memory_private();
    let status = credsh::run(world, std::env::args_os().skip(1));
    interrupts.end();
    ExitCode::from(status)
}

/// Tokens pass through this process: no core dump of it, no reading of its memory by others of this user.
fn keep_memory_private() {
    #[cfg(target_os = "linux")]
    {
        // Where the kernel refuses, everything else still holds.
        let _ =
            rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    }
}

/// As a plugin: nobody is asked for a password, and no token stored, once whoever wanted that has gone.
fn end_with_the_asker() {
    #[cfg(target_os = "linux")]
    {
        // Where the kernel refuses, it ends when the store has answered.
        let _ =
            rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    }
}
