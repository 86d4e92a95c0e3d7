//! Nothing is lost, whenever credsh is killed: before and after each of its steps that write, and at random
//! instants. Afterwards the next start leaves every file and every store on one side, the old or the new one,
//! and nothing else behind.
//!
//! `strace` kills at the n-th system call of those that a commit is made of. The random kills are few in an
//! ordinary run; `CREDSH_KILLS=2000` makes as many of each change.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::cargo::Cargo;
use crate::harness::Sandbox;
use crate::vault::{VAULT, Vault};

/// What a commit does to the world.
const STEPS: &str = "mkdir,openat,flock,write,pwrite64,ftruncate,fsync,fchmod,rename,renameat,renameat2,linkat,unlink,clone,clone3,vfork";

const OLD: &str = "sentinel-old-0123456789abcdef";
const NEW: &str = "sentinel-new-0123456789abcdef";

/// A world that is put back before each run, and the two sides that a run may end on.
struct Case {
    sandbox: Sandbox,
    cargo: Cargo,
    vault: Vault,
    /// Where what the runs change is kept, as it was.
    original: tempfile::TempDir,
    args: Vec<&'static str>,
    old: Side,
    new: Side,
}

/// Everything that a change is about: what the real Cargo sends, and the files.
type Side = BTreeMap<String, String>;

/// A system call, and how many of its name there were before it and with it.
type Step = (String, usize);

/// The folders that a run may write to.
const FOLDERS: [&str; 3] = ["home", "work", "vault"];

impl Case {
    fn new(files: &[(&str, &str)], kept: &[(&str, &str)], args: &[&'static str]) -> Self {
        let cargo = Cargo::new();
        let mut sandbox = cargo.sandbox();
        sandbox.env("NEW", NEW).env("OLD", OLD);
        let vault = Vault::new(&mut sandbox);
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
        for name in FOLDERS {
            copy(&case.folder(name), &case.original.path().join(name));
        }
        case.old = case.side();
        let done = case.credsh().output().unwrap();
        assert!(done.status.success(), "{done:?}");
        case.new = case.side();
        assert_ne!(case.old, case.new);
        case
    }

    fn folder(&self, name: &str) -> PathBuf {
        match name {
            "vault" => self.vault.folder().to_path_buf(),
            name => self.sandbox.root().join(name),
        }
    }

    fn reset(&self) {
        for name in FOLDERS {
            let folder = self.folder(name);
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    std::fs::remove_dir_all(path).unwrap();
                } else {
                    std::fs::remove_file(path).unwrap();
                }
            }
            copy(&self.original.path().join(name), &folder);
        }
    }

    fn credsh(&self) -> Command {
        let mut command = self.sandbox.process();
        command.args(&self.args);
        command
    }

    /// The files, and every token where it is kept.
    fn side(&self) -> Side {
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
    fn steps(&self, command: &Command) -> Vec<Step> {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut strace = self.strace(log.path(), &[]);
        strace.arg(command.get_program()).args(command.get_args());
        let traced = strace.output().unwrap();
        assert!(traced.status.success(), "{traced:?}");
        let mut counts = BTreeMap::new();
        let mut steps = Vec::new();
        for line in std::fs::read_to_string(log.path()).unwrap().lines() {
            let Some((name, arguments)) = line.split_once('(') else {
                continue;
            };
            let count: &mut usize = counts.entry(name.to_owned()).or_default();
            *count += 1;
            if !arguments.contains("O_RDONLY") {
                steps.push((name.to_owned(), *count));
            }
        }
        steps
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

    /// Runs this, and kills it when it is about to do this step; whether it came so far.
    fn is_killed_at(&self, (name, count): &Step, command: &Command) -> bool {
        let inject = format!("inject={name}:signal=KILL:when={count}");
        let mut strace = self.strace(Path::new("/dev/null"), &["-e", &inject]);
        strace.arg(command.get_program()).args(command.get_args());
        let status = quiet(strace).wait().unwrap();
        status.signal() == Some(9)
    }

    /// Starts credsh once more, and holds what is there then against both sides.
    fn check(&self, when: &str) -> bool {
        let next = self.sandbox.process().arg("registry").arg("list").output();
        let next = next.unwrap();
        let told = String::from_utf8_lossy(&next.stderr).into_owned();
        assert!(next.status.success(), "{when}: {told}");
        let mut now = self.side();
        // A store that was cut off in the middle of writing takes its own beginnings away, when it writes again.
        now.remove("home/.credsh/sealed.age.new");
        assert!(
            now == self.old || now == self.new,
            "{when}: {}\n{told}",
            difference(&now, &self.old, &self.new)
        );
        now == self.new
    }

    /// Kills it at each of its steps, and now and then the start that finishes it as well; answers how often.
    fn kill_at_each_step(&self, seed: u64) -> usize {
        let mut random = fastrand::Rng::with_seed(seed);
        self.reset();
        let steps = self.steps(&self.credsh());
        let mut next = self.sandbox.process();
        next.args(["registry", "list"]);
        let (mut kills, mut finished) = (0, 0);
        for step in &steps {
            self.reset();
            assert!(self.is_killed_at(step, &self.credsh()), "{step:?}");
            kills += 1;
            let again = &steps[random.usize(..steps.len())];
            if random.bool() {
                kills += usize::from(self.is_killed_at(again, &next));
            }
            let when = format!("killed at {step:?}, perhaps at {again:?}, seed {seed}");
            finished += usize::from(self.check(&when));
        }
        assert!(
            0 < finished && finished < steps.len(),
            "{finished} of {} runs ended on the new side",
            steps.len()
        );
        kills
    }

    /// Kills it at random instants.
    fn kill_at_random(&self, seed: u64, times: usize) {
        let mut random = fastrand::Rng::with_seed(seed);
        let start = std::time::Instant::now();
        self.reset();
        quiet(self.credsh()).wait().unwrap();
        let whole = start.elapsed();
        for run in 0..times {
            self.reset();
            let mut child = quiet(self.credsh());
            let instant = whole.mul_f64(random.f64() * 1.1);
            std::thread::sleep(instant);
            child.kill().unwrap();
            child.wait().unwrap();
            // What a provider has begun to do it does.
            std::thread::sleep(self.lingering());
            self.check(&format!("killed after {instant:?}, run {run}, seed {seed}"));
        }
    }

    /// The system may stop in the middle of a write, too, which no signal does to a short one: then a part of the
    /// file is new, and the rest is not.
    fn finishes_half_a_write(&self) {
        const FILE: &str = "home/credentials.toml";
        let (old, new) = (self.old[FILE].as_bytes(), self.new[FILE].as_bytes());
        self.reset();
        let steps = self.steps(&self.credsh());
        let last = steps.iter().rfind(|(name, _)| name == "write").unwrap();
        let written = (last.0.clone(), last.1 - 1);
        for tenth in 0..=10 {
            self.reset();
            assert!(self.is_killed_at(&written, &self.credsh()));
            assert_eq!(self.side()[FILE].as_bytes(), old, "{written:?}");
            let half = new.len() * tenth / 10;
            let torn = [&new[..half], old.get(half..).unwrap_or_default()].concat();
            self.sandbox.write(FILE, torn);
            assert!(self.check(&format!("{half} bytes were written")));
        }
    }

    fn lingering(&self) -> Duration {
        let asks = self.args.iter().any(|word| word.contains("vault"));
        Duration::from_millis(if asks { 30 } else { 0 })
    }

    /// Both sides are what the real Cargo can read.
    #[track_caller]
    fn cargo_sends(&self, old: &[(&str, Option<&str>)], new: &[(&str, Option<&str>)]) {
        self.reset();
        for (expected, is_new) in [(old, false), (new, true)] {
            if is_new {
                assert!(quiet(self.credsh()).wait().unwrap().success());
            }
            for (name, token) in expected {
                let asked = self.cargo.ask(&self.sandbox, Some(name));
                assert_eq!(asked.token.as_deref(), *token, "{name}: {}", asked.stderr);
            }
        }
    }

    #[track_caller]
    #[expect(clippy::print_stderr, reason = "how much was tried, for --nocapture")]
    fn run(self) {
        let seed = fastrand::u64(..);
        let at_steps = self.kill_at_each_step(seed);
        let at_random = random_kills();
        self.kill_at_random(seed, at_random);
        eprintln!("killed {at_steps} times at a step, {at_random} times at random, seed {seed}");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a test may take is a matter of whoever runs it"
)]
fn random_kills() -> usize {
    let set = std::env::var("CREDSH_KILLS").ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(8)
}

fn quiet(mut command: Command) -> std::process::Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn collect(folder: &Path, name: &str, side: &mut Side) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{name}/{}", entry.file_name().display());
        let is_of_the_program = matches!(name.as_str(), "vault/bin" | "vault/log");
        if is_of_the_program || name.ends_with("/lock") || name.ends_with("sealed.lock") {
            continue;
        }
        if entry.path().is_dir() {
            collect(&entry.path(), &name, side);
        } else {
            let text = std::fs::read(entry.path()).unwrap();
            side.insert(name, String::from_utf8_lossy(&text).into_owned());
        }
    }
}

fn difference(now: &Side, old: &Side, new: &Side) -> String {
    let names = now.keys().chain(old.keys()).chain(new.keys());
    let names: std::collections::BTreeSet<&String> = names.collect();
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

/// What a sealed file contains, which never has the same bytes twice.
fn opened(case: &Case) -> String {
    let shown = |name: &str| {
        let mut command = case.sandbox.process();
        command.args(["token", "show", name, "--reveal"]);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    format!("{}{}", shown("corp"), shown("lab"))
}

const CORP: &str = "# ours\n[registries.corp] # the company\nindex = \"INDEX/corp\"\n\n# the end\n";

#[test]
fn a_registry_and_its_first_token() {
    let args = [
        "-c",
        "registry set corp --make-default",
        "-c",
        "login corp --from env:NEW",
    ];
    let case = Case::new(&[("home/config.toml", CORP)], &[], &args);
    case.cargo_sends(&[("corp", None)], &[("corp", Some(NEW))]);
    case.run();
}

#[test]
fn a_token_in_the_place_of_another_and_one_that_goes() {
    let credentials = format!(
        "# by hand\n[registries.lab] # soon gone\ntoken = \"{OLD}-of-the-lab\"\n\n[registries.corp]\ntoken = \"{OLD}\" # mine\n"
    );
    let files = [
        (
            "home/config.toml",
            "[registries]\ncorp.index = \"INDEX/corp\"\nlab.index = \"INDEX/lab\" # old\n",
        ),
        ("home/credentials.toml", credentials.as_str()),
    ];
    let args = [
        "-y",
        "-c",
        "registry remove lab",
        "-c",
        "login corp --from env:NEW",
    ];
    let case = Case::new(&files, &[], &args);
    case.cargo_sends(&[("corp", Some(OLD))], &[("corp", Some(NEW))]);
    case.run();
}

#[test]
fn files_of_a_home_and_of_a_project() {
    let files = [
        ("home/config.toml", CORP),
        (
            "home/credentials",
            "[registries.corp]\ntoken = 'sentinel-old-0123456789'\n",
        ),
        ("work/.cargo/config.toml", "[net]\nretry = 2\n"),
    ];
    let args = [
        "-c",
        "provider add cargo:token",
        "-c",
        "registry add lab sparse+https://lab.example/ --local",
        "-c",
        "login corp --from env:NEW",
    ];
    let case = Case::new(&files, &[], &args);
    case.run();
}

#[test]
fn a_token_that_moves_from_a_store_to_the_file() {
    let vault = format!("{CORP}[registry]\nglobal-credential-providers = [\"{VAULT}\"]\n");
    let args = [
        "login",
        "corp",
        "--provider",
        "cargo:token",
        "--from",
        "provider:cargo-credential-vault",
        "--move",
    ];
    let case = Case::new(&[("home/config.toml", &vault)], &[("corp", OLD)], &args);
    case.cargo_sends(&[("corp", Some(OLD))], &[("corp", Some(OLD))]);
    case.run();
}

#[test]
fn a_token_that_moves_from_the_file_to_a_store() {
    let files = [
        ("home/config.toml", CORP),
        (
            "home/credentials.toml",
            "[registries.corp]\ntoken = 'sentinel-old-0123456789'\n",
        ),
    ];
    let args = [
        "login",
        "corp",
        "--provider",
        VAULT,
        "--from",
        "provider:cargo:token",
        "--move",
    ];
    let case = Case::new(&files, &[], &args);
    case.run();
}

#[test]
fn two_tokens_for_a_store_and_a_registry() {
    let files = [(
        "home/config.toml",
        "[registries]\ncorp.index = \"INDEX/corp\"\nlab.index = \"INDEX/lab\"\n",
    )];
    let args = [
        "-c",
        "provider add cargo-credential-vault",
        "-c",
        "login corp --from env:NEW",
        "-c",
        "login lab --from env:OLD",
    ];
    let case = Case::new(&files, &[], &args);
    case.cargo_sends(
        &[("corp", None), ("lab", None)],
        &[("corp", Some(NEW)), ("lab", Some(OLD))],
    );
    case.run();
}

#[test]
fn a_token_that_credsh_keeps() {
    let args = [
        "-c",
        "login corp --provider credsh --store sealed --from env:NEW --operations publish",
    ];
    let case = Case::new(&[("home/config.toml", CORP)], &[], &args);
    case.run();
}

/// Long enough that the system writes it in several pieces.
#[test]
fn a_long_file_of_tokens() {
    let mut credentials = String::from("[registries.corp]\ntoken = \"sentinel-short-0123\"\n");
    for number in 0..2_000 {
        credentials.push_str(&format!(
            "\n[registries.r{number}]\ntoken = \"sentinel-{number}-0123456789\" # the {number}th\n"
        ));
    }
    let files = [
        ("home/config.toml", CORP),
        ("home/credentials.toml", credentials.as_str()),
    ];
    let case = Case::new(&files, &[], &["login", "corp", "--from", "env:NEW"]);
    case.finishes_half_a_write();
    case.run();
}
