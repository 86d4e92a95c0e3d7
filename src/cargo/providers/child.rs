//! A provider's program: started as Cargo starts it, and ended when it takes too long.
//!
//! Invariant: whatever happens, no child is left behind when the [`Child`] is dropped; if it had to be ended, none of
//! those that it has started either, as far as they can be seen.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::processes::{end_descendants, is_asking};
use crate::cargo::config::Config;
use crate::error::{Error, Kind, Result};
use crate::world::{Held, Interrupts, Stderr};

/// No token, and no answer that contains one, is longer than this many bytes.
const LONGEST_LINE: u64 = 4 * 1024 * 1024;

/// The signal of Ctrl-C.
const SIGINT: i32 = 2;

/// What opens the sealed file is for credsh, and for no other program.
pub(super) const PASSPHRASE: &str = "CREDSH_PASSPHRASE";

/// How often a child that should be done is looked at.
const POLL: Duration = Duration::from_millis(2);

/// How often somebody who waits for a program looks whether Ctrl-C was pressed.
const GLANCE: Duration = Duration::from_millis(50);

/// How long somebody who watches is told nothing.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long an end of standard output may lag behind the end of the program, on a busy machine, too. It is waited for
/// where the one has come and not the other, which is rare.
const LAG: Duration = Duration::from_millis(500);

/// How long a program may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    time: Duration,
    then: Then,
}

/// What happens once the time is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// The program is ended.
    End,
    /// It is ended, unless it asks a person.
    EndUnlessAsking,
    /// It is waited for: it may ask a person where nobody can see that.
    Wait,
}

impl Limit {
    /// No longer than this.
    pub(super) fn of(time: Duration) -> Self {
        Self {
            time,
            then: Then::End,
        }
    }

    /// As long as it takes: a person may be asked, in a browser or an app. After this time it is said that
    /// it is waited for.
    pub(super) fn none(time: Duration) -> Self {
        Self {
            time,
            then: Then::Wait,
        }
    }

    /// No longer than this, unless it asks a person, who may take any time.
    pub(super) fn unless_asking(time: Duration) -> Self {
        Self {
            time,
            then: Then::EndUnlessAsking,
        }
    }
}

/// A running program whose standard output is read line by line.
pub(super) struct Child {
    child: std::process::Child,
    lines: Receiver<std::io::Result<Zeroizing<Vec<u8>>>>,
    time: Time,
}

/// The time that a program has, and may be given more of.
struct Time {
    program: String,
    /// What is waited for, in the words of whoever started it.
    name: String,
    started: Instant,
    id: u32,
    limit: Limit,
    end: Instant,
    is_announced: bool,
    stderr: Stderr,
    interrupts: Interrupts,
    /// Ctrl-C ends the program, and then whoever waits for it.
    _held: Held,
}

impl Time {
    /// What another thread has to say, in time; `None` if that is nothing any more.
    fn next<T>(&mut self, from: &Receiver<T>, missed: &str) -> Result<Option<T>> {
        loop {
            let left = self.end.saturating_duration_since(Instant::now());
            match from.recv_timeout(left.min(GLANCE)) {
                Ok(said) => return Ok(Some(said)),
                Err(RecvTimeoutError::Disconnected) => {
                    // Ctrl-C ends both.
                    self.interrupts.check()?;
                    return Ok(None);
                }
                Err(RecvTimeoutError::Timeout) => self.interrupts.check()?,
            }
            self.tell();
            if Instant::now() >= self.end {
                self.prolong(missed)?;
            }
        }
    }

    /// Tells somebody who watches what takes so long; unless the program asks them something, whose line it is then.
    fn tell(&mut self) {
        if !self.stderr.is_watched() || self.started.elapsed() < PATIENCE {
            return;
        }
        if is_asking(self.id) {
            self.stderr.leaves_the_line();
        } else if !self.is_announced {
            self.stderr.waits_for(&format!("`{}`", self.name));
        }
    }

    /// More time for one that asks a person, or may, and an end for any other; and where the person may be gone.
    fn prolong(&mut self, missed: &str) -> Result<()> {
        let seconds = self.limit.time.as_secs_f32();
        let waits_for = match self.limit.then {
            _ if self.interrupts.ended().is_some() => None,
            Then::EndUnlessAsking if is_asking(self.id) => Some("it reads from the terminal"),
            Then::Wait => Some("it may be asking you for something"),
            Then::End | Then::EndUnlessAsking => None,
        };
        if let Some(why) = waits_for {
            if !self.is_announced {
                self.is_announced = true;
                self.stderr.note(&format!(
                    "`{}` did not {missed} within {seconds} s; {why}, so it is waited for, and Ctrl-C ends it",
                    self.program
                ));
            }
            self.end = Instant::now() + self.limit.time;
            return Ok(());
        }
        Err(Error::unavailable(format!(
            "`{}` did not {missed} within {seconds} s",
            self.program
        ))
        .hint("run it by itself to see what it waits for"))
    }
}

impl Child {
    /// Starts it in the current folder with the environment of the run.
    pub(super) fn start(config: &Config, mut command: Command, limit: Limit) -> Result<Self> {
        let interrupts = config.interrupts().clone();
        let held = interrupts.hold();
        let program = command.get_program().to_string_lossy().into_owned();
        // The variables of the command itself come on top of those of the run.
        let own: Vec<_> = command
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect();
        command
            .env_clear()
            .envs(config.env().all())
            .env_remove(PASSPHRASE)
            .envs(own);
        command
            .current_dir(config.directory())
            .stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| {
            let failed = if program.is_empty() {
                Error::unavailable(
                    "an empty entry of a list names no program, and Cargo starts it all the same",
                )
            } else {
                Error::unavailable(format!("cannot start `{program}`"))
            };
            match error.kind() {
                std::io::ErrorKind::NotFound => failed.because("there is no such program"),
                _ => failed.because(error),
            }
        })?;
        let (sender, lines) = sync_channel(1);
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stdout);
                loop {
                    let mut line = Zeroizing::new(Vec::new());
                    let read = reader
                        .by_ref()
                        .take(LONGEST_LINE)
                        .read_until(b'\n', &mut line);
                    let is_end = !matches!(read, Ok(1..));
                    if sender.send(read.map(|_| line)).is_err() || is_end {
                        return;
                    }
                }
            });
        }
        let time = Time {
            name: program.clone(),
            program,
            started: Instant::now(),
            id: child.id(),
            limit,
            end: Instant::now() + limit.time,
            is_announced: false,
            stderr: config.stderr().clone(),
            interrupts,
            _held: held,
        };
        Ok(Self { child, lines, time })
    }

    /// What it is called where it is waited for, if that is not its program.
    pub(super) fn called(mut self, name: &str) -> Self {
        name.clone_into(&mut self.time.name);
        self
    }

    /// The next line with its line break; empty at the end.
    pub(super) fn line(&mut self) -> Result<Zeroizing<String>> {
        self.line_or("answer")
    }

    fn line_or(&mut self, missed: &str) -> Result<Zeroizing<String>> {
        let bytes = match self.time.next(&self.lines, missed)? {
            None => return Ok(Zeroizing::default()),
            Some(Err(error)) => return Err(self.failed("cannot be read").because(error)),
            Some(Ok(bytes)) => bytes,
        };
        if bytes.len() as u64 == LONGEST_LINE && !bytes.ends_with(b"\n") {
            return Err(self.failed(&format!("printed a line of more than {LONGEST_LINE} bytes")));
        }
        let text = String::from_utf8(bytes.to_vec());
        text.map(Zeroizing::new)
            .map_err(|_| self.failed("printed something that is not UTF-8"))
    }

    /// Whether another line comes; waits for the end of its output.
    pub(super) fn has_another_line(&mut self) -> Result<bool> {
        let line = self.line_or("close its standard output")?;
        Ok(!line.is_empty())
    }

    /// Sends one line. One that is longer than a pipe is deep waits for its reader.
    pub(super) fn send(&mut self, line: Zeroizing<String>) -> Result<()> {
        let Some(mut stdin) = self.child.stdin.take() else {
            return Ok(());
        };
        let (sender, sent) = sync_channel(1);
        std::thread::spawn(move || {
            let written = stdin
                .write_all(line.as_bytes())
                .and_then(|()| stdin.write_all(b"\n"));
            // Nobody waits any more: then the program is ended, and its input with it.
            let _ = sender.send(written.map(|()| stdin));
        });
        match self.time.next(&sent, "answer")? {
            Some(Ok(stdin)) => self.child.stdin = Some(stdin),
            Some(Err(error)) => {
                return Err(self.failed("does not take its request").because(error));
            }
            None => {}
        }
        Ok(())
    }

    /// The error about output that ended before it should have.
    pub(super) fn ended_before(&mut self, what: &str) -> Error {
        let end = Instant::now() + LAG;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) if was_interrupted(status) => return Error::interrupted(),
                Ok(Some(status)) => {
                    return self.failed(&format!("ended with {status} before it {what}"));
                }
                Ok(None) if Instant::now() < end => std::thread::sleep(POLL),
                _ => return self.failed(&format!("closed its standard output before it {what}")),
            }
        }
    }

    /// Tells it that nothing more comes, and waits for its end, which must be a success.
    pub(super) fn finish(&mut self) -> Result<()> {
        drop(self.child.stdin.take());
        loop {
            self.time.interrupts.check()?;
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(self.failed(&format!("ended with {status}"))),
                Ok(None) if Instant::now() >= self.time.end => self.time.prolong("end")?,
                Ok(None) => {
                    self.time.tell();
                    std::thread::sleep(POLL);
                }
                Err(error) => return Err(self.failed("cannot be waited for").because(error)),
            }
        }
    }

    /// Whether it has printed anything that was not read. To be asked at its end.
    pub(super) fn has_more(&self) -> bool {
        matches!(self.lines.recv_timeout(LAG), Ok(Ok(line)) if !line.is_empty())
    }

    /// Its process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its name.
    pub(super) fn program(&self) -> &str {
        &self.time.program
    }

    /// An error about this program.
    pub(super) fn failed(&self, what: &str) -> Error {
        Error::failed(format!("`{}` {what}", self.time.program))
    }
}

/// Starts a program that prints something and ends, and takes what it prints, as far as so many bytes: one that has more
/// is ended.
pub(super) fn printed(
    config: &Config,
    command: Command,
    limit: Limit,
    most: usize,
) -> Result<Zeroizing<Vec<u8>>> {
    let mut child = Child::start(config, command, limit).map_err(|error| {
        let failed = Error::failed(error.message());
        let failed = error.causes().iter().fold(failed, Error::because);
        failed.hint("name a program on `PATH` or by its path; no shell runs it, so none of a shell's own words")
    })?;
    let mut all = Zeroizing::new(Vec::with_capacity(most));
    while let Some(piece) = child.time.next(&child.lines, "close its standard output")? {
        let piece = piece.map_err(|error| child.failed("cannot be read").because(error))?;
        let room = most - all.len();
        all.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() >= room {
            return Ok(all);
        }
    }
    match child.finish() {
        Err(error) if error.kind() == Kind::Failed => {
            Err(error.hint("run it by itself to see what it lacks"))
        }
        ended => ended.map(|()| all),
    }
}

/// Whether Ctrl-C at a question of its own has ended it.
fn was_interrupted(status: ExitStatus) -> bool {
    #[cfg(unix)]
    let by_signal = std::os::unix::process::ExitStatusExt::signal(&status) == Some(SIGINT);
    #[cfg(not(unix))]
    let by_signal = false;
    by_signal || status.code() == Some(128 + SIGINT)
}

impl Drop for Child {
    fn drop(&mut self) {
        self.time.stderr.waits_no_more();
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            end_descendants(self.id());
        }
        // Ended already: then both calls have nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
