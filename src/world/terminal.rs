//! The person at the terminal: standard input, hidden and yes-or-no questions, Ctrl-C and being told to end. Home of
//! `rpassword` and `signal-hook`.
//!
//! Invariants: a question is asked on the terminal device, never on standard input; however it ends, the
//! terminal echoes again; a secret is what was typed behind its question, and nothing that was typed ahead of it or
//! pasted behind the answer is left for others to read.

use std::fs::{File, OpenOptions};
use std::io::{Error as IoError, ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::Prompt;
use crate::error::{Error, Kind, Result};
use crate::token::Token;

/// Ctrl-C as a value. It ends the process, as everywhere, except while somebody holds it. The same is true of the
/// signals by which others end a process.
#[derive(Debug, Clone, Default)]
pub struct Interrupts {
    ends: Arc<AtomicBool>,
    pressed: Arc<AtomicBool>,
    /// The signal by which this process is to end, or 0.
    ended_by: Arc<AtomicUsize>,
    /// Whether something is being undone, which only a person may end.
    undoes: Arc<AtomicBool>,
}

/// While this lives, the mark that was there is not: what Ctrl-C has undone is not ended by the same Ctrl-C, only by
/// another.
#[derive(Debug)]
#[must_use = "the mark is there again when this is dropped"]
pub struct SetAside {
    interrupts: Interrupts,
    before: bool,
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
            use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
            // A write beyond what `ulimit -f` allows is to fail as on a full disk, and to be undone. It is not ignored
            // for good: what we start would inherit that.
            let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
            // Where the system refuses, the signal ends the process, which loses nothing.
            let _ = interrupts.mark(SIGINT);
            let _ = interrupts.mark(SIGTERM);
            if !is_hangup_ignored() {
                let _ = interrupts.mark(SIGHUP);
            }
        }
        interrupts
    }

    /// Where a signal does not end the process, it is marked.
    #[cfg(unix)]
    fn mark(&self, signal: i32) -> std::io::Result<()> {
        use signal_hook::{consts::SIGINT, flag};
        flag::register_conditional_default(signal, Arc::clone(&self.ends))?;
        match usize::try_from(signal) {
            Ok(number) if signal != SIGINT => {
                flag::register_usize(signal, Arc::clone(&self.ended_by), number)?;
            }
            _ => {
                flag::register(signal, Arc::clone(&self.pressed))?;
            }
        }
        Ok(())
    }

    /// From here on, whoever waits for a key is woken by the end of the terminal as by Ctrl-C; for the shell, whatever
    /// `nohup` says.
    pub fn wake_at_the_end(&self) {
        #[cfg(unix)]
        {
            use signal_hook::consts::{SIGHUP, SIGTERM};
            use signal_hook::low_level::pipe;
            // Of a world that is not this process.
            if !self.ends.load(Ordering::SeqCst) {
                return;
            }
            let Ok((mut told, teller)) = std::os::unix::net::UnixStream::pair() else {
                return;
            };
            let registered = self
                .mark(SIGHUP)
                .and_then(|()| teller.try_clone())
                .and_then(|second| pipe::register(SIGTERM, second))
                .and_then(|_| pipe::register(SIGHUP, teller));
            if registered.is_err() {
                return;
            }
            let undoes = Arc::clone(&self.undoes);
            std::thread::spawn(move || {
                let mut byte = [0];
                if told.read_exact(&mut byte).is_err() {
                    return;
                }
                // It may come when nobody waits yet.
                loop {
                    if !undoes.load(Ordering::SeqCst) {
                        let me = rustix::process::getpid();
                        let _ = rustix::process::kill_process(me, rustix::process::Signal::INT);
                    }
                    std::thread::sleep(std::time::Duration::from_millis(100));
                }
            });
        }
    }

    /// The exit status that a shell gives to a process that was told to end, if this one was.
    pub fn ended(&self) -> Option<u8> {
        let signal = self.ended_by.load(Ordering::SeqCst);
        (signal != 0).then(|| u8::try_from(128 + signal).unwrap_or(u8::MAX))
    }

    /// Ends the process as it was told to, if it was, now that everything is in order.
    pub fn end(&self) {
        #[cfg(unix)]
        if let (Some(_), Ok(signal)) = (
            self.ended(),
            i32::try_from(self.ended_by.load(Ordering::SeqCst)),
        ) {
            // Where that fails, the exit status says it.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    }

    /// From here on Ctrl-C leaves a mark.
    pub fn hold(&self) -> Held {
        Held {
            interrupts: self.clone(),
            before: self.ends.swap(false, Ordering::SeqCst),
        }
    }

    /// Takes the mark away for whoever undoes something.
    pub fn set_aside(&self) -> SetAside {
        self.undoes.store(true, Ordering::SeqCst);
        SetAside {
            interrupts: self.clone(),
            before: self.pressed.swap(false, Ordering::SeqCst),
        }
    }

    /// Removes the mark of Ctrl-C.
    pub fn forget(&self) {
        self.pressed.store(false, Ordering::SeqCst);
    }

    /// Whether there is a mark. Whoever is told to end has ended something, and is not told so twice: only a person may
    /// end what undoes that.
    pub fn is_pressed(&self) -> bool {
        let is_told = self.ended().is_some() && !self.undoes.load(Ordering::SeqCst);
        is_told || self.pressed.load(Ordering::SeqCst)
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

/// Whether whoever has started us wants us to outlive the terminal, as `nohup` does; where nobody can tell, the signal
/// stays what it is.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let signals = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Its first bit is that of signal 1, which this one is.
    signals.is_none_or(|signals| signals & 1 != 0)
}

impl Drop for Held {
    fn drop(&mut self) {
        // Told to end, it ends by that signal, not by one that only wakes it.
        let ends = self.before && self.interrupts.ended().is_none();
        self.interrupts.ends.store(ends, Ordering::SeqCst);
    }
}

impl Drop for SetAside {
    fn drop(&mut self) {
        let Interrupts {
            pressed, undoes, ..
        } = &self.interrupts;
        undoes.store(false, Ordering::SeqCst);
        pressed.fetch_or(self.before, Ordering::SeqCst);
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
        let stdin = std::io::stdin();
        wait_for(&stdin, || self.interrupts.is_pressed()).map_err(|error| match error.kind() {
            // That kind would be taken for a reason to go on.
            ErrorKind::Interrupted => IoError::other("interrupted"),
            _ => error,
        })?;
        Ok(rustix::io::read(&stdin, bytes)?)
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
    has_asked: bool,
}

impl TerminalPrompt {
    /// A prompt at which Ctrl-C is an answer.
    pub fn new(interrupts: Interrupts) -> Self {
        Self {
            interrupts,
            has_asked: false,
        }
    }
}

impl Prompt for TerminalPrompt {
    fn is_available(&self) -> bool {
        device().is_ok()
    }

    fn secret(&mut self, question: &str) -> Result<Token> {
        self.has_asked = true;
        // The crate asks first and stops the echo then; who types at once must not see it either.
        let silence = Silence::of_the_terminal();
        // It raises the signal itself; held, that comes back as an error and the terminal is restored.
        let held = self.interrupts.hold();
        let answer = ask(question, || self.interrupts.ended().is_some())
            .and_then(|_| rpassword::read_password())
            .map(Token::new);
        drop(held);
        drop(silence);
        // After Ctrl-D the cursor still stands behind the question.
        if let (true, Ok(mut device)) = (is_end(&answer), device()) {
            let _ = writeln!(device);
        }
        answer.map_err(|error| prompt_failed(&error))
    }

    fn confirm(&mut self, question: &str) -> Result<bool> {
        self.has_asked = true;
        let held = self.interrupts.hold();
        let question = format!("{question} [y/N] ");
        let answer =
            ask(&question, || self.interrupts.is_pressed()).and_then(|device| line(&device));
        drop(held);
        let answer = answer.map_err(|error| prompt_failed(&error))?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    fn has_asked(&mut self) -> bool {
        std::mem::take(&mut self.has_asked)
    }
}

/// While this lives, the terminal neither shows what is typed nor turns a key into a signal. Afterwards it is as it
/// was, and the rest of a pasted text is gone: it would be read, shown and remembered as a line.
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

/// Asks, and waits until somebody answers: what was typed before the question was seen is no answer to it.
fn ask(question: &str, is_over: impl Fn() -> bool) -> std::io::Result<File> {
    let mut device = device()?;
    drop_typed(&device)?;
    #[cfg(unix)]
    {
        write!(device, "{question}")?;
        wait_for(&device, is_over).inspect_err(|_| drop(writeln!(device)))?;
    }
    #[cfg(not(unix))]
    {
        let _ = (&mut device, is_over);
        write!(
            OpenOptions::new().write(true).open("CONOUT$")?,
            "{question}"
        )?;
    }
    Ok(device)
}

/// The line that is typed there, shown while it is; the rest of a pasted text would be run as the next one.
fn line(device: &File) -> std::io::Result<String> {
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(device), &mut line)?;
    drop_typed(device)?;
    Ok(line)
}

/// Forgets what was typed there and nobody has read.
fn drop_typed(device: &File) -> std::io::Result<()> {
    #[cfg(unix)]
    rustix::termios::tcflush(device, rustix::termios::QueueSelector::IFlush)?;
    #[cfg(not(unix))]
    let _ = device;
    Ok(())
}

/// Waits until there is something to read, or it is over. Reading would be taken up again after a signal; waiting is
/// not, but the signal may come between looking and waiting.
#[cfg(unix)]
fn wait_for(from: impl std::os::fd::AsFd, is_over: impl Fn() -> bool) -> std::io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let a_moment = Timespec {
        tv_sec: 0,
        tv_nsec: 100_000_000,
    };
    loop {
        if is_over() {
            return Err(ErrorKind::Interrupted.into());
        }
        match poll(&mut [PollFd::new(&from, PollFlags::IN)], Some(&a_moment)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

fn prompt_failed(error: &IoError) -> Error {
    match error.kind() {
        ErrorKind::Interrupted => Error::interrupted(),
        ErrorKind::UnexpectedEof => Error::new(Kind::Interrupted, "nothing was typed"),
        _ => Error::failed("cannot read from the terminal").because(error),
    }
}
