//! A person at a real terminal: types, waits for what is to be seen, and never sees a secret.
//!
//! Invariant: waiting is for a text or a state, with a limit; the test fails if a sentinel was ever on the screen.

use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::harness::{SENTINEL, Sandbox};

/// A program that has not shown what is waited for by then never will, on a busy machine either.
const LIMIT: Duration = Duration::from_mins(1);

/// The variable whose value is a secret.
pub const SECRET: &str = "sentinel-abcdefghijklmnopqrstuvwx";

/// What the reading thread and the test share.
struct Seen {
    screen: vt100::Parser,
    raw: Vec<u8>,
    has_ended: bool,
    /// Whether the window is to be closed, which takes everybody who reads from it.
    is_closing: bool,
}

/// A terminal of 24 lines and 80 columns, with a program in it.
pub struct Pty {
    seen: Arc<(Mutex<Seen>, Condvar)>,
    keys: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    /// Closing it hangs up.
    master: Option<Box<dyn MasterPty + Send>>,
}

impl Pty {
    /// The shell of this sandbox, at its first prompt.
    pub fn shell(sandbox: &Sandbox, args: &[&str]) -> Self {
        let pty = Self::start(sandbox, env!("CARGO_BIN_EXE_credsh"), args);
        pty.until("the first prompt", is_at_prompt);
        pty
    }

    /// A program, with nothing in its environment but what the sandbox says.
    pub fn start(sandbox: &Sandbox, program: &str, args: &[&str]) -> Self {
        let size = PtySize {
            rows: 24,
            cols: 80,
            ..PtySize::default()
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        command.cwd(sandbox.directory());
        command.env("TERM", "xterm");
        for (name, value) in sandbox.variables() {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let seen = Arc::new((
            Mutex::new(Seen {
                screen: vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0),
                raw: Vec::new(),
                has_ended: false,
                is_closing: false,
            }),
            Condvar::new(),
        ));
        let mut output = pair.master.try_clone_reader().unwrap();
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                let count = output.read(&mut bytes).unwrap_or(0);
                let mut seen = shared.0.lock().unwrap();
                seen.raw.extend_from_slice(&bytes[..count]);
                seen.screen.process(&bytes[..count]);
                seen.has_ended = count == 0 || seen.is_closing;
                if seen.has_ended {
                    break;
                }
                shared.1.notify_all();
            }
            drop(output);
            shared.1.notify_all();
        });
        let keys = pair.master.take_writer().unwrap();
        Self {
            seen,
            keys: Some(keys),
            child,
            master: Some(pair.master),
        }
    }

    /// Presses keys.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        let terminal = self.keys.as_mut().unwrap();
        terminal.write_all(keys.as_bytes()).unwrap();
        terminal.flush().unwrap();
        self
    }

    /// Waits until this is on the screen.
    #[track_caller]
    pub fn sees(&mut self, text: &str) -> &mut Self {
        self.until(text, |screen| screen.contents().contains(text));
        self
    }

    /// Clears the screen and what was typed, so that what is seen from here on is new.
    #[track_caller]
    pub fn clear(&mut self) -> &mut Self {
        self.keys("\x05\x15\x0c");
        self.until("a cleared screen", |screen| {
            screen.contents().trim_end().lines().count() == 1 && is_at_prompt(screen)
        });
        self
    }

    /// Enters a line and answers what is shown until the shell asks again.
    #[track_caller]
    pub fn line(&mut self, line: &str) -> String {
        self.clear().keys(line).keys("\r");
        self.until("the next prompt", |screen| {
            screen.contents().trim_end().contains('\n') && is_at_prompt(screen)
        });
        self.screen()
    }

    /// Whether this was ever on the screen, be it for a moment.
    pub fn ever_showed(&self, text: &str) -> bool {
        self.times_shown(text) > 0
    }

    /// How many times this was shown so far.
    pub fn times_shown(&self, text: &str) -> usize {
        let seen = self.seen.0.lock().unwrap();
        String::from_utf8_lossy(&seen.raw).matches(text).count()
    }

    /// What is on the screen now.
    pub fn screen(&self) -> String {
        self.seen.0.lock().unwrap().screen.screen().contents()
    }

    /// What is on the screen, line by line.
    pub fn lines(&self) -> Vec<String> {
        let screen = self.screen();
        screen.trim_end().lines().map(ToOwned::to_owned).collect()
    }

    /// Gives the window another size.
    pub fn resize(&mut self, columns: u16) -> &mut Self {
        self.seen
            .0
            .lock()
            .unwrap()
            .screen
            .screen_mut()
            .set_size(24.try_into().unwrap(), columns.try_into().unwrap());
        let size = PtySize {
            rows: 24,
            cols: columns,
            ..PtySize::default()
        };
        self.master.as_ref().unwrap().resize(size).unwrap();
        // The kernel tells of a new size before it can be read at the other end; who is quick reads the old one. Of a
        // window that a person pulls at there is a next time, and here, too.
        let told = std::process::Command::new("kill")
            .args(["-WINCH", &self.id().to_string()])
            .status();
        assert!(told.unwrap().success());
        self
    }

    /// The process in the terminal.
    pub fn id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Closes the window.
    #[track_caller]
    pub fn hangs_up(&mut self) -> &mut Self {
        self.seen.0.lock().unwrap().is_closing = true;
        // The key is shown, so that whoever reads wakes up.
        self.keys("x").wait("the last key", |seen| seen.has_ended);
        self.keys = None;
        self.master = None;
        self
    }

    /// Waits until the last place where this text stands looks like this.
    #[track_caller]
    pub fn sees_as(&mut self, text: &str, look: impl Fn(&vt100::Cell) -> bool) -> &mut Self {
        self.until(&format!("{text} in its colour"), |screen| {
            let (rows, columns): (u16, u16) = (screen.size().0.into(), screen.size().1.into());
            let row_text = |row: u16| -> Vec<&vt100::Cell> {
                (0..columns)
                    .filter_map(|column| screen.cell(row, column))
                    .collect()
            };
            (0..rows).rev().any(|row| {
                let cells = row_text(row);
                let letters: Vec<String> = cells
                    .iter()
                    .map(|cell| cell.contents().to_owned())
                    .collect();
                (0..letters.len()).rev().any(|start| {
                    let end = start + text.chars().count();
                    letters
                        .get(start..end)
                        .is_some_and(|found| found.concat() == text)
                        && cells[start..end].iter().all(|cell| look(cell))
                })
            })
        });
        self
    }

    /// Waits for the end, and answers the exit status.
    #[track_caller]
    pub fn ends(&mut self) -> u32 {
        self.wait("the end", |seen| seen.has_ended);
        self.child.wait().unwrap().exit_code()
    }

    /// Waits for the end, and says how it came: a status, or a signal.
    #[track_caller]
    pub fn ends_by(&mut self) -> String {
        let end = Instant::now() + LIMIT;
        loop {
            match self.child.try_wait().unwrap() {
                Some(ended) => return ended.to_string(),
                None if Instant::now() > end => panic!("it does not end"),
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    /// Waits until the cursor stands in this column, the first being 0.
    #[track_caller]
    pub fn sees_cursor_in(&mut self, column: u16) -> &mut Self {
        self.until(&format!("the cursor in column {column}"), |screen| {
            screen.cursor_position().1 == column
        });
        self
    }

    #[track_caller]
    fn until(&self, what: &str, is_there: impl Fn(&vt100::Screen) -> bool) {
        self.wait(what, |seen| is_there(seen.screen.screen()));
    }

    #[track_caller]
    fn wait(&self, what: &str, is_so: impl Fn(&Seen) -> bool) {
        let end = Instant::now() + LIMIT;
        let mut seen = self.seen.0.lock().unwrap();
        while !is_so(&seen) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || seen.has_ended {
                let screen = seen.screen.screen().contents();
                drop(seen);
                panic!("waited for {what}; the screen:\n{screen}");
            }
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
    }
}

/// The cursor is behind a prompt, and nothing is typed yet.
fn is_at_prompt(screen: &vt100::Screen) -> bool {
    let contents = screen.contents();
    let last = contents.trim_end().lines().last().unwrap_or_default();
    let (row, column) = screen.cursor_position();
    let cursor_row = screen
        .rows(0, screen.size().1.into())
        .nth(row.into())
        .unwrap_or_default();
    last.starts_with("credsh")
        && last.ends_with('>')
        && cursor_row.trim_end() == last
        && usize::from(column) == last.len() + 1
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            let seen = self.seen.0.lock().unwrap();
            let raw = String::from_utf8_lossy(&seen.raw);
            assert!(!raw.contains(SENTINEL), "a secret on the screen:\n{raw}");
        }
    }
}
