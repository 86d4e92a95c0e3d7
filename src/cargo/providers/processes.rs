//! What can be seen of a program that was started and of those that it starts: whether it asks a person, and
//! whether it puts a token where everybody can read it.
//!
//! Linux shows it in `/proc`. Elsewhere nothing is seen, and nothing is claimed.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::token::Token;

/// How often the command lines are looked at, which takes a few hundredths of a processor. Measured: what lives for 2 ms
/// is always seen, a program that does nothing at all in 7 of 10 cases; 1Password's has a server to talk to.
const POLL: Duration = Duration::from_millis(1);

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
    Some(name.trim().to_owned())
}

/// Whoever does not want to know the result ends it all the same.
impl Drop for Watch {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}
