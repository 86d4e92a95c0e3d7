//! The person at the terminal: standard input, hidden and yes-or-no questions, and Ctrl-C. Home of `rpassword` and `signal-hook`.
//!
//! Invariants: a question is asked on the terminal device, never on standard input; however it ends, the
//! terminal echoes again, and nothing that was pasted behind the answer is left for others to read.

use std::fs::{File, OpenOptions};
use std::io::{Error as IoError, ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Prompt;
use crate::error::{Error, Kind, Result};
use crate::token::Token;

/// Ctrl-C as a value. It ends the process, as everywhere, except while somebody holds it.
#[derive(Debug, Clone, Default)]
pub struct Interrupts {
    ends: Arc<AtomicBool>,
    pressed: Arc<AtomicBool>,
}

/// While this lives, Ctrl-C only leaves a mark.
#[derive(Debug)]
#[must_use = "Ctrl-C ends the process again when this is dropped"]
pub struct Held {
    interrupts: Interrupts,
    before: bool,
}

impl Interrupts {
    /// Those of this process. Without a system that has them, Ctrl-C stays what it is.
    pub fn of_this_process() -> Self {
        let interrupts = Self::default();
        interrupts.ends.store(true, Ordering::SeqCst);
        #[cfg(unix)]
        {
            use signal_hook::{consts::SIGINT, flag};
            // In this order: where it does not end the process, it is marked. Where the system refuses,
            // Ctrl-C ends the process, which loses nothing.
            let _ = flag::register_conditional_default(SIGINT, Arc::clone(&interrupts.ends))
                .and_then(|_| flag::register(SIGINT, Arc::clone(&interrupts.pressed)));
        }
        interrupts
    }

    /// From here on Ctrl-C leaves a mark.
    pub fn hold(&self) -> Held {
        Held {
            interrupts: self.clone(),
            before: self.ends.swap(false, Ordering::SeqCst),
        }
    }

    /// Removes the mark.
    pub fn forget(&self) {
        self.pressed.store(false, Ordering::SeqCst);
    }

    /// Whether there is a mark.
    pub fn is_pressed(&self) -> bool {
        self.pressed.load(Ordering::SeqCst)
    }

    /// An error where there is a mark: for whoever is about to begin the next thing.
    pub fn check(&self) -> Result<()> {
        if self.is_pressed() {
            Err(Error::interrupted())
        } else {
            Ok(())
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.interrupts.ends.store(self.before, Ordering::SeqCst);
    }
}

/// Standard input, unbuffered. Waiting for it ends with Ctrl-C, where that only leaves a mark.
#[derive(Debug)]
pub struct Input {
    interrupts: Interrupts,
}

impl Input {
    /// That of this process.
    pub fn new(interrupts: Interrupts) -> Self {
        Self { interrupts }
    }
}

impl Read for Input {
    #[cfg(unix)]
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let stdin = std::io::stdin();
        // The mark may be made between looking and waiting.
        let a_moment = Timespec {
            tv_sec: 0,
            tv_nsec: 100_000_000,
        };
        loop {
            if self.interrupts.is_pressed() {
                // `ErrorKind::Interrupted` would be taken for a reason to go on.
                return Err(IoError::other("interrupted"));
            }
            match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&a_moment)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                // What is wrong with it, reading will say.
                _ => return Ok(rustix::io::read(&stdin, &mut *bytes)?),
            }
        }
    }

    #[cfg(not(unix))]
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        std::io::stdin().read(bytes)
    }
}

/// Asks on the terminal device itself, never on standard input.
#[derive(Debug)]
pub struct TerminalPrompt {
    interrupts: Interrupts,
}

impl TerminalPrompt {
    /// A prompt at which Ctrl-C is an answer.
    pub fn new(interrupts: Interrupts) -> Self {
        Self { interrupts }
    }
}

impl Prompt for TerminalPrompt {
    fn is_available(&self) -> bool {
        device().is_ok()
    }

    fn secret(&mut self, question: &str) -> Result<Token> {
        // The crate asks first and stops the echo then; who types at once must not see it either.
        let silence = Silence::of_the_terminal();
        // It raises the signal itself; held, that comes back as an error and the terminal is restored.
        let held = self.interrupts.hold();
        let answer = rpassword::prompt_password(question).map(Token::new);
        drop(held);
        drop(silence);
        // After Ctrl-D the cursor still stands behind the question.
        if let (true, Ok(mut device)) = (is_end(&answer), device()) {
            let _ = writeln!(device);
        }
        answer.map_err(|error| prompt_failed(&error))
    }

    fn confirm(&mut self, question: &str) -> Result<bool> {
        let held = self.interrupts.hold();
        let answer = ask_line(&format!("{question} [y/N] "));
        drop(held);
        let answer = answer.map_err(|error| prompt_failed(&error))?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }
}

/// While this lives, the terminal neither shows what is typed nor turns a key into a signal. Afterwards it is
/// as it was, and the rest of a pasted text is gone: it would be read, shown and remembered as a line.
#[cfg(unix)]
struct Silence(Option<(File, rustix::termios::Termios)>);

#[cfg(unix)]
impl Silence {
    fn of_the_terminal() -> Self {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let silence = device().and_then(|device| {
            let before = tcgetattr(&device)?;
            let mut silent = before.clone();
            silent.local_modes.remove(
                LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG,
            );
            tcsetattr(&device, OptionalActions::Now, &silent)?;
            Ok((device, before))
        });
        // Without a terminal the question itself fails, and says so.
        Self(silence.ok())
    }
}

#[cfg(unix)]
impl Drop for Silence {
    fn drop(&mut self) {
        if let Some((device, before)) = &self.0 {
            let _ =
                rustix::termios::tcsetattr(device, rustix::termios::OptionalActions::Flush, before);
        }
    }
}

#[cfg(not(unix))]
struct Silence;

#[cfg(not(unix))]
impl Silence {
    fn of_the_terminal() -> Self {
        Self
    }
}

fn is_end<T>(answer: &std::io::Result<T>) -> bool {
    answer
        .as_ref()
        .is_err_and(|error| error.kind() == ErrorKind::UnexpectedEof)
}

/// The terminal that this process belongs to.
fn device() -> std::io::Result<File> {
    #[cfg(unix)]
    return OpenOptions::new().read(true).write(true).open("/dev/tty");
    #[cfg(not(unix))]
    return OpenOptions::new().read(true).write(true).open("CONIN$");
}

/// One line, shown while it is typed.
fn ask_line(question: &str) -> std::io::Result<String> {
    let mut device = device()?;
    #[cfg(unix)]
    write!(device, "{question}")?;
    #[cfg(not(unix))]
    write!(
        OpenOptions::new().write(true).open("CONOUT$")?,
        "{question}"
    )?;
    #[cfg(unix)]
    {
        use rustix::event::{PollFd, PollFlags, poll};
        // Reading would be taken up again after Ctrl-C; waiting is not.
        if let Err(error) = poll(&mut [PollFd::new(&device, PollFlags::IN)], None) {
            writeln!(device)?;
            return Err(error.into());
        }
    }
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(device), &mut line)?;
    Ok(line)
}

fn prompt_failed(error: &IoError) -> Error {
    match error.kind() {
        ErrorKind::Interrupted => Error::interrupted(),
        ErrorKind::UnexpectedEof => Error::new(Kind::Interrupted, "nothing was typed"),
        _ => Error::failed("cannot read from the terminal").because(error),
    }
}
