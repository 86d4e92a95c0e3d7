//! What can be seen of a program that was started and of those that it starts: whether it asks a person, and
//! whether it puts a token where everybody can read it.
//!
//! Linux shows it in `/proc`. Elsewhere nothing is seen, and nothing is claimed.

#[cfg(target_os = "linux")]
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
#[cfg(target_os = "linux")]
use std::time::Instant;

#[cfg(target_os = "linux")]
use rustix::process::{Pid, Signal, kill_process};
use zeroize::Zeroizing;

use crate::token::Token;

/// How often the command lines are looked at, which takes a few hundredths of a processor. Measured: what lives for 2 ms
/// is always seen, a program that does nothing at all in 7 of 10 cases; 1Password's has a server to talk to.
const POLL: Duration = Duration::from_millis(1);

/// Children of children of children: no program that is meant well has more.
#[cfg(target_os = "linux")]
const MOST_GENERATIONS: usize = 100;

/// How long one that is told to stop may go on; a call into the kernel can take its time.
#[cfg(target_os = "linux")]
const LONGEST_STOP: Duration = Duration::from_millis(50);

/// From now on this process ends with the one that has started it: an item that is stored when nobody waits for it any
/// more would be in no ledger.
pub fn end_with_parent() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
}

/// The process and all that it has started, as far as they are still there.
fn with_descendants(id: u32) -> Vec<u32> {
    let mut found = vec![id];
    let mut next = 0;
    while let Some(&id) = found.get(next) {
        next += 1;
        let tasks = std::fs::read_dir(format!("/proc/{id}/task"));
        for task in tasks.into_iter().flatten().flatten() {
            let children = std::fs::read_to_string(task.path().join("children"));
            found.extend(
                children
                    .unwrap_or_default()
                    .split_whitespace()
                    .filter_map(|id| id.parse::<u32>().ok()),
            );
        }
    }
    found
}

/// Ends all that a process has started and that is still there. The process itself, which must not have been
/// waited for, is left stopped, to be ended by its owner.
#[cfg(target_os = "linux")]
pub(super) fn end_descendants(id: u32) {
    let signal = |id: &u32, signal| {
        let id = i32::try_from(*id).ok().and_then(Pid::from_raw);
        // One that has ended meanwhile needs no signal.
        let _ = id.map(|id| kill_process(id, signal));
    };
    // Whoever is stopped starts nobody else, so that the next look is the last one at its children.
    let mut stopped = BTreeSet::new();
    for _ in 0..MOST_GENERATIONS {
        let found = with_descendants(id);
        let new: Vec<u32> = found
            .into_iter()
            .filter(|id| !stopped.contains(id))
            .collect();
        if new.is_empty() {
            break;
        }
        for id in new {
            signal(&id, Signal::STOP);
            let end = Instant::now() + LONGEST_STOP;
            while !is_stopped(id) && Instant::now() < end {
                std::thread::sleep(POLL);
            }
            stopped.insert(id);
        }
    }
    stopped.remove(&id);
    for id in &stopped {
        signal(id, Signal::KILL);
    }
}

/// Elsewhere nobody can be seen.
#[cfg(not(target_os = "linux"))]
pub(super) fn end_descendants(_: u32) {}

/// Whether it does nothing any more: stopped, ended, or gone.
#[cfg(target_os = "linux")]
fn is_stopped(id: u32) -> bool {
    let Ok(text) = std::fs::read_to_string(format!("/proc/{id}/stat")) else {
        return true;
    };
    // The name before it may contain anything.
    let state = text
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    matches!(state, Some('T' | 't' | 'Z' | 'X') | None)
}

/// Whether one of them holds a terminal open to read from: then a person is being asked, and may take their
/// time. Standard error, which is always passed on, does not count.
pub(super) fn is_asking(id: u32) -> bool {
    let is_terminal = |path: PathBuf| {
        path.file_name().is_some_and(|name| name != "2")
            && std::fs::read_link(path).is_ok_and(|target| {
                target.starts_with("/dev/pts") || target.to_string_lossy().starts_with("/dev/tty")
            })
    };
    with_descendants(id).into_iter().any(|id| {
        std::fs::read_dir(format!("/proc/{id}/fd"))
            .into_iter()
            .flatten()
            .flatten()
            .any(|file| is_terminal(file.path()))
    })
}

/// Looks for a token on the command lines of a process and those that it starts, until asked for the result.
pub(super) struct Watch {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<Option<String>>>,
}

impl Watch {
    /// Begins.
    pub(super) fn start(id: u32, token: &Token) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (token, over) = (token.clone(), Arc::clone(&is_over));
        let thread = cfg!(target_os = "linux").then(|| {
            std::thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let mut ids = with_descendants(id).into_iter();
                    if let Some(name) = ids.find_map(|id| name_if_shown(id, &token)) {
                        return Some(name);
                    }
                    std::thread::sleep(POLL);
                }
                None
            })
        });
        Self { is_over, thread }
    }

    /// The name of the program whose command line has shown it.
    pub(super) fn result(mut self) -> Option<String> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.take()?.join().ok().flatten()
    }
}

/// The name of a process that has the token on its command line.
fn name_if_shown(id: u32, token: &Token) -> Option<String> {
    let line = Zeroizing::new(std::fs::read(format!("/proc/{id}/cmdline")).ok()?);
    if !token.is_within(&line) {
        return None;
    }
    let name = std::fs::read_to_string(format!("/proc/{id}/comm"));
    // It may have ended meanwhile; what it was started as is known all the same.
    let name = name.unwrap_or_else(|_| {
        let program = line.split(|&byte| byte == 0).next().unwrap_or_default();
        let name = program.rsplit(|&byte| byte == b'/').next();
        String::from_utf8_lossy(name.unwrap_or_default()).into_owned()
    });
    // It is the program's to choose, and it is printed.
    let shown = |c: char| if c.is_control() { '?' } else { c };
    Some(name.trim().chars().map(shown).collect())
}

/// Whoever does not want to know the result ends it all the same.
impl Drop for Watch {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use portable_pty::{Child, CommandBuilder, PtyPair, PtySize, native_pty_system};

    use super::*;

    /// A script whose terminal is this one, which stays its standard error.
    fn on_terminal(script: &str) -> (PtyPair, Box<dyn Child + Send + Sync>) {
        let terminal = native_pty_system().openpty(PtySize::default()).unwrap();
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", &format!("exec </dev/null >/dev/null; {script}")]);
        let child = terminal.slave.spawn_command(command).unwrap();
        (terminal, child)
    }

    fn comes_true(is_so: impl Fn() -> bool) -> bool {
        let end = Instant::now() + Duration::from_secs(5);
        while Instant::now() < end {
            if is_so() {
                return true;
            }
            std::thread::sleep(POLL);
        }
        false
    }

    #[test]
    fn whoever_holds_a_terminal_open_is_asking() {
        for script in [
            "exec 3</dev/tty; sleep 60",
            "exec 3<>/dev/tty; exec sleep 60",
            "(sh -c 'exec </dev/tty; sleep 60') & wait",
        ] {
            let (_terminal, mut child) = on_terminal(script);
            let id = child.process_id().unwrap();
            assert!(comes_true(|| is_asking(id)), "{script}");
            end_descendants(id);
            child.kill().unwrap();
            child.wait().unwrap();
            assert!(!is_asking(id), "{script}");
        }
    }

    #[test]
    fn a_terminal_to_write_errors_to_is_nobody_who_is_asked() {
        let (_terminal, mut child) = on_terminal("sleep 60; :");
        let id = child.process_id().unwrap();
        // Only then has it let go of its standard input.
        assert!(comes_true(|| with_descendants(id).len() == 2));
        assert!(!is_asking(id));
        end_descendants(id);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
