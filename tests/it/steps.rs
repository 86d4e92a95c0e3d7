//! A change as a series of steps: the system calls by which it changes the world, each of which can be stopped or
//! made to fail by `strace`, and the two sides that the world may be on afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::cargo::Cargo;
use crate::harness::Sandbox;
use crate::vault::Vault;

/// What a commit does to the world.
const STEPS: &str = "mkdir,openat,flock,write,pwrite64,ftruncate,fsync,fdatasync,fchmod,rename,renameat,renameat2,linkat,unlink,unlinkat,clone,clone3,vfork";

pub const OLD: &str = "sentinel-old-0123456789abcdef";
pub const NEW: &str = "sentinel-new-0123456789abcdef";

/// A world that is put back before each run, and the two sides that a run may end on.
pub struct Case {
    pub sandbox: Sandbox,
    pub cargo: Cargo,
    pub vault: Vault,
    /// Where what the runs change is kept, as it was.
    original: tempfile::TempDir,
    pub args: Vec<&'static str>,
    pub old: Side,
    pub new: Side,
}

/// Everything that a change is about: what the real Cargo sends, and the files.
pub type Side = BTreeMap<String, String>;

/// A system call, and how many of its name there were before it and with it.
pub type Step = (String, usize);

/// Where a run is held up: before a step, or behind it.
#[derive(Debug, Clone, Copy)]
pub enum Rest {
    Before,
    Behind,
}

/// How long it is held up.
const REST: Duration = Duration::from_secs(4);

/// The folders that a run may write to.
const FOLDERS: [&str; 3] = ["home", "work", "vault"];

impl Case {
    pub fn new(files: &[(&str, &str)], kept: &[(&str, &str)], args: &[&'static str]) -> Self {
        let cargo = Cargo::new();
        let mut sandbox = cargo.sandbox();
        sandbox.env("NEW", NEW).env("OLD", OLD);
        let vault = Vault::new(&mut sandbox);
        vault.add(&sandbox, "cargo-credential-vault2");
        vault.add(&sandbox, "cargo-credential-closed");
        for (path, text) in files {
            let text = text
                .replace("INDEX/corp", &cargo.registries.index("corp"))
                .replace("INDEX/lab", &cargo.registries.index("lab"));
            sandbox.write(path, text);
        }
        for (name, token) in kept {
            vault.put(&cargo.registries.index(name), token);
        }
        let original = tempfile::tempdir().unwrap();
        let mut case = Self {
            sandbox,
            cargo,
            vault,
            original,
            args: args.to_vec(),
            old: Side::new(),
            new: Side::new(),
        };
        case.learn();
        case
    }

    /// Takes what is there now for the old side, and what a run makes of it for the new one.
    pub fn learn(&mut self) {
        self.keep();
        self.old = self.side();
        let done = self.credsh().output().unwrap();
        assert!(done.status.success(), "{done:?}");
        self.new = self.side();
    }

    fn folder(&self, name: &str) -> PathBuf {
        match name {
            "vault" => self.vault.folder().to_path_buf(),
            name => self.sandbox.root().join(name),
        }
    }

    /// Takes what is there now for what each run starts from.
    pub fn keep(&mut self) {
        self.original = self.copied();
    }

    /// A copy of what there is now.
    pub fn copied(&self) -> tempfile::TempDir {
        let to = tempfile::tempdir().unwrap();
        for name in FOLDERS {
            copy(&self.folder(name), &to.path().join(name));
        }
        to
    }

    pub fn reset(&self) {
        self.put_back(&self.original);
    }

    pub fn put_back(&self, copied: &tempfile::TempDir) {
        for name in FOLDERS {
            let folder = self.folder(name);
            for path in changeable(&folder) {
                if path.is_dir() {
                    std::fs::remove_dir_all(path).unwrap();
                } else {
                    std::fs::remove_file(path).unwrap();
                }
            }
            copy(&copied.path().join(name), &folder);
        }
    }

    pub fn credsh(&self) -> Command {
        let mut command = self.sandbox.process();
        command.args(&self.args);
        command
    }

    /// The files, and every token where it is kept.
    pub fn side(&self) -> Side {
        let mut side = Side::new();
        for name in FOLDERS {
            collect(&self.folder(name), name, &mut side);
        }
        side.remove("home/.credsh/identity");
        if side.remove("home/.credsh/sealed.age").is_some() {
            let tokens = opened(self);
            if !tokens.is_empty() {
                side.insert("sealed".into(), tokens);
            }
        }
        side
    }

    /// The system calls by which this run changes something: each by its name, and the how many-th of that name
    /// it is.
    pub fn steps(&self, command: &Command) -> Vec<Step> {
        let mut calls = self.calls(command);
        calls.retain(|(_, is_step)| *is_step);
        calls.into_iter().map(|(call, _)| call).collect()
    }

    /// The same with those that only open a file for reading, which are no steps.
    pub fn calls(&self, command: &Command) -> Vec<(Step, bool)> {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut strace = self.strace(log.path(), &[]);
        strace.arg(command.get_program()).args(command.get_args());
        let traced = strace.output().unwrap();
        assert!(traced.status.success(), "{traced:?}");
        let mut counts = BTreeMap::new();
        let mut calls = Vec::new();
        for line in std::fs::read_to_string(log.path()).unwrap().lines() {
            let Some((name, arguments)) = line.split_once('(') else {
                continue;
            };
            let count: &mut usize = counts.entry(name.to_owned()).or_default();
            *count += 1;
            let is_step = !arguments.contains("O_RDONLY");
            calls.push(((name.to_owned(), *count), is_step));
        }
        calls
    }

    fn strace(&self, log: &Path, options: &[&str]) -> Command {
        let mut strace = Command::new("strace");
        strace
            .args(["-qq", "-e", &format!("trace={STEPS}"), "-o"])
            .arg(log)
            .args(options)
            .env_clear()
            .envs(self.sandbox.variables())
            .current_dir(self.sandbox.directory());
        strace
    }

    /// Runs this, and has something happen to it when it is about to do this step.
    pub fn inject<Count: Display>(
        &self,
        step: &(String, Count),
        what: &str,
        command: &Command,
    ) -> Output {
        let mut strace = self.injected(&[injection(step, what)], command);
        strace.output().unwrap()
    }

    /// This run, with all of that happening to it.
    pub fn injected(&self, injections: &[String], command: &Command) -> Command {
        self.injected_and_noted(Path::new("/dev/null"), injections, command)
    }

    fn injected_and_noted(&self, log: &Path, injections: &[String], command: &Command) -> Command {
        let options = injections.iter().flat_map(|inject| ["-e", inject]);
        let options: Vec<&str> = options.collect();
        let mut strace = self.strace(log, &options);
        strace.arg(command.get_program()).args(command.get_args());
        strace.stdin(Stdio::null());
        strace
    }

    /// Starts this run with all of that happening to it, and waits until it is held up at this step, before it is done
    /// or behind it: from there on it rests for as long as a test needs to do something meanwhile.
    pub fn held_up(&self, (step, at): (&Step, Rest), injections: &[String]) -> Child {
        // It is noted before it rests: without its answer, or with it.
        let (delay, noted) = match at {
            Rest::Before => ("delay_enter", "("),
            Rest::Behind => ("delay_exit", "(DELAYED)"),
        };
        let rest = injection(step, &format!("{delay}={}", REST.as_micros()));
        let injections = [&[rest], injections].concat();
        let log = tempfile::NamedTempFile::new().unwrap();
        let running = quiet(self.injected_and_noted(log.path(), &injections, &self.credsh()));
        wait_until_noted(log.path(), step, noted);
        running
    }

    /// Kills it when it is about to do this step; whether it came so far.
    pub fn is_killed_at(&self, step: &Step, command: &Command) -> bool {
        let killed = self.inject(step, "signal=KILL", command);
        self.settle();
        killed.status.signal() == Some(9)
    }

    /// Waits for what goes on after credsh was killed: a provider does what it has begun to do, and one that is just
    /// being started still has all that credsh had, its lock, too.
    pub fn settle(&self) {
        let end = Instant::now() + Duration::from_secs(20);
        while !self.sandbox.processes().is_empty() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(2));
        }
        if let Ok(lock) = std::fs::File::open(self.sandbox.home().join(".credsh/lock")) {
            lock.lock().unwrap();
        }
    }

    /// Holds what Cargo would send now against what it would send on both sides: never a token to an index that it was
    /// not stored for.
    pub fn check_pairs(&self, when: &str) {
        let now = pairs(&self.side());
        let (old, new) = (pairs(&self.old), pairs(&self.new));
        let wrong: Vec<&Pair> = now
            .iter()
            .filter(|pair| !old.contains(*pair) && !new.contains(*pair))
            .collect();
        assert!(wrong.is_empty(), "{when}: Cargo would send {wrong:?}");
    }

    /// Starts credsh once more, and holds what is there then against both sides.
    pub fn check(&self, when: &str) -> bool {
        let next = self.sandbox.process().arg("registry").arg("list").output();
        let next = next.unwrap();
        let told = String::from_utf8_lossy(&next.stderr).into_owned();
        assert!(next.status.success(), "{when}: {told}");
        let now = self.side();
        assert!(
            now == self.old || now == self.new,
            "{when}: {}\n{told}",
            self.difference(&now)
        );
        now == self.new
    }

    /// In what this is on neither side.
    pub fn difference(&self, now: &Side) -> String {
        let (old, new) = (&self.old, &self.new);
        let names = now.keys().chain(old.keys()).chain(new.keys());
        let names: BTreeSet<&String> = names.collect();
        let mut told = String::new();
        for name in names {
            let side = match now.get(name) {
                now if now == old.get(name) && now == new.get(name) => continue,
                now if now == old.get(name) => "old".to_owned(),
                now if now == new.get(name) => "new".to_owned(),
                now => format!("{now:?}"),
            };
            told.push_str(&format!("\n    {name}: {side}"));
        }
        told
    }
}

/// The name of a registry, its index, and the token that Cargo sends there.
type Pair = (String, String, String);

/// What Cargo reads in the files, where both are there.
fn pairs(side: &Side) -> BTreeSet<Pair> {
    let values = |files: &[&str], key: &str| {
        let mut values = BTreeMap::new();
        for text in files.iter().filter_map(|file| side.get(*file)) {
            let table: toml_edit::DocumentMut = text.parse().unwrap();
            let registries = table
                .get("registries")
                .and_then(|item| item.as_table_like());
            for (name, registry) in registries.into_iter().flat_map(|table| table.iter()) {
                if let Some(value) = registry.get(key).and_then(|value| value.as_str()) {
                    values.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        values
    };
    let configuration = ["home/config.toml", "work/.cargo/config.toml"];
    let indexes = values(&configuration, "index");
    let credentials = ["home/credentials.toml", "home/credentials"];
    let tokens = values(&[configuration, credentials].concat(), "token");
    let both = indexes.into_iter().filter_map(|(name, index)| {
        let token = tokens.get(&name)?.clone();
        Some((name, index, token))
    });
    both.collect()
}

/// Something that happens at a step.
pub fn injection<Count: Display>((name, count): &(String, Count), what: &str) -> String {
    format!("inject={name}:{what}:when={count}")
}

/// Where among the steps those are whose name begins so.
pub fn places(steps: &[Step], name: &str) -> Vec<usize> {
    let is_one = |place: &usize| steps[*place].0.starts_with(name);
    (0..steps.len()).filter(is_one).collect()
}

/// Where two files change places: behind the step by which the one that is new gets its name.
pub fn exchanges(steps: &[Step]) -> Vec<usize> {
    let named = places(steps, "renameat2");
    named.into_iter().skip(1).step_by(2).collect()
}

/// Where a file has been moved into its place, and its folder is on the disk: what comes then.
pub fn after_moves(steps: &[Step]) -> Vec<usize> {
    let moves = places(steps, "rename").into_iter();
    moves.map(|place| place + 2).collect()
}

/// The last write to a file: after it come the mark in the journal that all is written, and the report.
pub fn last_write(steps: &[Step]) -> usize {
    let writes = places(steps, "write");
    writes[writes.len() - 3]
}

/// The start of the last program.
pub fn last_program(steps: &[Step]) -> usize {
    let started = ["clone", "vfork"].map(|name| places(steps, name));
    started.into_iter().flatten().max().unwrap()
}

/// Waits until the log says this of a step.
fn wait_until_noted(log: &Path, (name, count): &Step, what: &str) {
    let call = format!("{name}(");
    let end = Instant::now() + Duration::from_secs(20);
    let is_noted = || {
        let text = std::fs::read_to_string(log).unwrap();
        let mut calls = text.lines().filter(|line| line.starts_with(&call));
        calls.nth(count - 1).is_some_and(|line| line.contains(what))
    };
    while !is_noted() {
        assert!(Instant::now() < end, "it never comes to {name} {count}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Starts it with nobody listening.
pub fn quiet(mut command: Command) -> Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What there is in a folder but the programs of the vault: no run changes those, and a file that a child of another
/// thread has open for writing, as it is copied, does not start.
fn changeable(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| !path.ends_with("bin"))
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for path in changeable(from) {
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(path, target).unwrap();
        }
    }
}

fn collect(folder: &Path, name: &str, side: &mut Side) {
    for path in changeable(folder) {
        let name = format!("{name}/{}", path.file_name().unwrap().display());
        if name == "vault/log" || name.ends_with("/lock") || name.ends_with("sealed.lock") {
            continue;
        }
        if path.is_dir() {
            let before = side.len();
            collect(&path, &name, side);
            if side.len() == before && name != "home/.credsh" {
                side.insert(name + "/", String::new());
            }
        } else {
            let text = std::fs::read(path).unwrap();
            side.insert(name, String::from_utf8_lossy(&text).into_owned());
        }
    }
}

/// What a sealed file contains, which never has the same bytes twice.
fn opened(case: &Case) -> String {
    let shown = |name: &str| {
        let mut command = case.sandbox.process();
        command.args(["token", "show", name, "--reveal"]);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    format!("{}{}", shown("corp"), shown("lab"))
}
