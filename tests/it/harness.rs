//! The one way to run credsh in a test: a throw-away Cargo home and project, a cleared environment, and
//! sentinel tokens that must not show up anywhere.
//!
//! Invariant: the test fails if a sentinel is in any output, unless the step said `.reveals()`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use credsh::cargo::providers::TIME_LIMIT;
use credsh::doors::Runner;
use credsh::doors::script::Arguments;
use credsh::render::Theme;
use credsh::session::{Flags, Session};
use credsh::world::{Env, Interrupts, Prompt, Stderr, Terminal, World};
use credsh::{Error, Token};

/// Every token of the tests contains this word.
pub const SENTINEL: &str = "sentinel";

/// A machine of one's own: `home` is the Cargo home, `work` the current folder, `user` the person's home.
pub struct Sandbox {
    root: tempfile::TempDir,
    env: BTreeMap<String, String>,
    typed: Vec<String>,
    answers: Vec<bool>,
    stdin: Vec<u8>,
    directory: PathBuf,
    reveals: bool,
    terminal: Terminal,
    time_limit: Duration,
    program: PathBuf,
}

/// What a run printed, and how it ended.
#[derive(Debug)]
pub struct Run {
    pub status: u8,
    pub stdout: String,
    pub stderr: String,
}

impl Sandbox {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for folder in ["home", "work", "user"] {
            std::fs::create_dir(root.path().join(folder)).unwrap();
        }
        let home = root.path().join("home").display().to_string();
        let user = root.path().join("user").display().to_string();
        let env = [("CARGO_HOME".into(), home), ("HOME".into(), user)].into();
        let directory = root.path().join("work");
        Self {
            root,
            env,
            directory,
            typed: Vec::new(),
            answers: Vec::new(),
            stdin: Vec::new(),
            reveals: false,
            terminal: Terminal::default(),
            time_limit: TIME_LIMIT,
            program: env!("CARGO_BIN_EXE_credsh").into(),
        }
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    pub fn work(&self) -> PathBuf {
        self.root().join("work")
    }

    /// The variables that a run sees, and nothing else.
    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    /// Writes a file, its path relative to the sandbox: `home/config.toml`.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Writes an executable script.
    pub fn program(&self, path: &str, text: &str) -> PathBuf {
        program(&self.root().join(path), text)
    }

    pub fn read(&self, path: &str) -> String {
        let path = self.root().join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    pub fn exists(&self, path: &str) -> bool {
        self.root().join(path).exists()
    }

    /// The command lines of the processes that their environment shows to be of its runs.
    #[cfg(target_os = "linux")]
    pub fn processes(&self) -> Vec<String> {
        let home = self.home().display().to_string();
        let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let path = entry.ok()?.path();
            let environment = std::fs::read(path.join("environ")).ok()?;
            let is_ours = String::from_utf8_lossy(&environment).contains(&home);
            let line = std::fs::read(path.join("cmdline")).unwrap_or_default();
            is_ours.then(|| String::from_utf8_lossy(&line).replace('\0', " "))
        });
        processes.collect()
    }

    /// Every file and its bytes, or where a link leads to, with the mode: what "nothing changed" is compared by.
    pub fn snapshot(&self) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.root().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.ends_with(".credsh") {
                    continue;
                }
                let meta = std::fs::symlink_metadata(&path).unwrap();
                #[cfg(unix)]
                let mode = std::os::unix::fs::PermissionsExt::mode(&meta.permissions());
                #[cfg(not(unix))]
                let mode = 0;
                if meta.is_dir() {
                    folders.push(path);
                    continue;
                }
                // A pipe has nothing to be read.
                let bytes = if meta.is_symlink() {
                    let target = std::fs::read_link(&path).unwrap();
                    target.into_os_string().into_encoded_bytes()
                } else if meta.is_file() {
                    std::fs::read(&path).unwrap_or_default()
                } else {
                    Vec::new()
                };
                files.insert(path, (mode, bytes));
            }
        }
        files
    }

    pub fn env(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        self.env.insert(name.into(), value.into());
        self
    }

    pub fn unset(&mut self, name: &str) -> &mut Self {
        self.env.remove(name);
        self
    }

    /// Standard input of the next run.
    pub fn stdin(&mut self, text: impl AsRef<[u8]>) -> &mut Self {
        self.stdin = text.as_ref().to_vec();
        self
    }

    /// What a person types at the hidden prompts of the next run; there is nobody otherwise.
    pub fn types(&mut self, secrets: &[&str]) -> &mut Self {
        self.typed = secrets.iter().rev().map(ToString::to_string).collect();
        self.terminal.stdin = true;
        self
    }

    /// Standard input of the next run is no terminal, and there is one all the same.
    pub fn terminal_is_elsewhere(&mut self) -> &mut Self {
        self.terminal.stdin = false;
        self
    }

    /// What a person answers to yes-or-no questions of the next run.
    pub fn answers(&mut self, answers: &[bool]) -> &mut Self {
        self.answers = answers.iter().rev().copied().collect();
        self.terminal.stdin = true;
        self
    }

    /// The next run's output goes to a terminal of this width, with colours or without.
    pub fn looks(&mut self, color: bool, width: usize) -> &mut Self {
        self.terminal.stdout = color;
        self.terminal.stderr = color;
        self.terminal.width = Some(width);
        self
    }

    /// The same with a terminal of this width for notes and errors, too.
    pub fn looks_all(&mut self, color: bool, width: usize) -> &mut Self {
        self.looks(color, width);
        self.terminal.width_stderr = Some(width);
        self
    }

    /// How long a provider's program may take from now on.
    pub fn time_limit(&mut self, limit: Duration) -> &mut Self {
        self.time_limit = limit;
        self
    }

    /// By which path the program was started, from now on.
    pub fn runs_as(&mut self, program: &Path) -> &mut Self {
        self.program = program.to_path_buf();
        self
    }

    /// The current folder, relative to the sandbox.
    pub fn cd(&mut self, path: &str) -> &mut Self {
        self.directory = self.root().join(path);
        std::fs::create_dir_all(&self.directory).unwrap();
        self
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The next run may show a sentinel: `token show --reveal`.
    pub fn reveals(&mut self) -> &mut Self {
        self.reveals = true;
        self
    }

    /// Runs credsh in this process.
    pub fn run(&mut self, args: &[&str]) -> Run {
        let (stdout, stderr) = (Stream::default(), Stream::default());
        let world = self.world(&stdout, &stderr);
        let status = credsh::run(world, args.iter().map(|&arg| arg.to_owned().into()));
        let run = Run {
            status,
            stdout: stdout.text(),
            stderr: stderr.text(),
        };
        if args
            .iter()
            .take_while(|arg| **arg != "--")
            .any(|arg| *arg == "--json")
        {
            crate::schema::check(&run.stdout);
        }
        if !std::mem::take(&mut self.reveals) {
            let shown = format!("{}{}", run.stdout, run.stderr);
            assert!(
                !shown.contains(SENTINEL),
                "a secret in the output of {args:?}:\n{shown}"
            );
        }
        run
    }

    /// A runner that takes lines as the interactive shell does, each by itself.
    pub fn prompt(&mut self) -> Runner {
        let world = self.world(&Stream::default(), &Stream::default());
        let session = Session::new(world, self.home(), Flags::default(), Theme::default());
        Runner::new(session, Arguments::default())
    }

    /// The world that a run would see.
    pub fn as_world(&mut self) -> World {
        self.world(&Stream::default(), &Stream::default())
    }

    fn world(&mut self, stdout: &Stream, stderr: &Stream) -> World {
        World {
            env: self.env.iter().collect::<Env>(),
            directory: self.directory.clone(),
            program: self.program.clone(),
            user_home: self.env.get("HOME").map(PathBuf::from),
            stdin: Box::new(Cursor::new(std::mem::take(&mut self.stdin))),
            stdout: Box::new(stdout.clone()),
            stderr: Stderr::new(stderr.clone()),
            terminal: std::mem::take(&mut self.terminal),
            prompt: Box::new(Person {
                typed: std::mem::take(&mut self.typed),
                answers: std::mem::take(&mut self.answers),
            }),
            interrupts: Interrupts::default(),
            time_limit: self.time_limit,
        }
    }

    /// The built program as a process of its own, in this world.
    pub fn process(&self) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_credsh"));
        command
            .env_clear()
            .envs(&self.env)
            .current_dir(&self.directory)
            .stdin(std::process::Stdio::null());
        command
    }

    /// Runs credsh and expects success.
    #[track_caller]
    pub fn ok(&mut self, args: &[&str]) -> Run {
        let run = self.run(args);
        assert_eq!(
            run.status, 0,
            "{args:?} failed:\n{}{}",
            run.stdout, run.stderr
        );
        run
    }

    /// Runs credsh, expects this exit status, and that not one byte of any file changed.
    #[track_caller]
    pub fn fails(&mut self, status: u8, args: &[&str]) -> Run {
        let before = self.snapshot();
        let run = self.run(args);
        assert_eq!(
            run.status, status,
            "{args:?}:\n{}{}",
            run.stdout, run.stderr
        );
        assert!(
            before == self.snapshot(),
            "{args:?} failed, and changed files"
        );
        run
    }

    /// Runs credsh with `--json`, expects success, and reads the document.
    #[track_caller]
    pub fn json(&mut self, args: &[&str]) -> serde_json::Value {
        let mut all = vec!["--json"];
        all.extend(args);
        let run = self.ok(&all);
        serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e}: {}", run.stdout))
    }
}

/// Writes an executable script, in a process of its own: a file that another thread's child still has open for writing
/// could not be started ("text file busy").
pub fn program(path: &Path, text: &str) -> PathBuf {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut shell = std::process::Command::new("sh")
        .args(["-c", "cat >\"$0\" && chmod +x \"$0\""])
        .arg(path)
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    shell
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    assert!(shell.wait().unwrap().success());
    path.to_path_buf()
}

/// A number that a person has set for a run of the tests.
#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the tests, not of the program"
)]
pub fn switch(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Where what is random begins: the same in every run, so that none fails by chance. `CREDSH_SEED` is another.
pub fn seed() -> u64 {
    switch("CREDSH_SEED").unwrap_or(1_786_000)
}

/// A stream that the test keeps a hand on.
#[derive(Clone, Default)]
struct Stream(Rc<RefCell<Vec<u8>>>);

impl Stream {
    fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Somebody who types what the test said, or nobody.
struct Person {
    typed: Vec<String>,
    answers: Vec<bool>,
}

impl Prompt for Person {
    fn is_available(&self) -> bool {
        !self.typed.is_empty() || !self.answers.is_empty()
    }

    fn secret(&mut self, _question: &str) -> credsh::Result<Token> {
        self.typed
            .pop()
            .map(Token::new)
            .ok_or_else(|| Error::failed("nobody types"))
    }

    fn confirm(&mut self, _question: &str) -> credsh::Result<bool> {
        self.answers
            .pop()
            .ok_or_else(|| Error::failed("nobody answers"))
    }
}
