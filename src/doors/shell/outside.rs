//! `!CMD`: a line for the person's own shell, which has the terminal for as long as it runs.

use std::process::{Command, ExitStatus};

use crate::error::{Error, Result, reason_of};
use crate::world::World;

/// Runs it, and answers how it ended. Alone, `!` opens that shell.
pub(super) fn run(world: &World, line: &str) -> Result<ExitStatus> {
    let line = line.trim_start().trim_start_matches('!').trim();
    let (variable, shell, option) = if cfg!(windows) {
        ("COMSPEC", "cmd", "/C")
    } else {
        ("SHELL", "/bin/sh", "-c")
    };
    let named = world.env.non_empty(variable);
    let shell = named.map_or_else(|| shell.into(), ToOwned::to_owned);
    let mut command = Command::new(&shell);
    if !line.is_empty() {
        command.arg(option).arg(line);
    }
    command
        .env_clear()
        .envs(world.env.all())
        .env_remove("CREDSH_PASSPHRASE")
        .current_dir(&world.directory)
        .status()
        .map_err(|error| {
            Error::failed(format!("cannot start `{}`", shell.display()))
                .because(reason_of(&error))
                .hint(format!("name a shell in `{variable}`"))
        })
}

/// An exit status, and what to say about it where it is not 0.
pub(super) fn told(ended: ExitStatus) -> (u8, Option<String>) {
    if ended.success() {
        return (0, None);
    }
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&ended) {
        let status = u8::try_from(128 + signal).unwrap_or(u8::MAX);
        return (status, Some(format!("ended by signal {signal}")));
    }
    let code = ended.code().unwrap_or(1);
    let status = u8::try_from(code).unwrap_or(1);
    (status, Some(format!("ended with status {code}")))
}
