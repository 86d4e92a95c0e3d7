//! Nothing is lost, whenever credsh is killed: before and after each of its steps that write, and at random
//! instants. Afterwards the next start leaves every file and every store on one side, the old or the new one,
//! and nothing else behind.
//!
//! `strace` kills at the n-th system call of those that a commit is made of. The random kills are few in an
//! ordinary run; `CREDSH_KILLS=2000` makes as many of each change.

use crate::harness::{seed, switch};
use crate::steps::{Case, NEW, OLD, Step, last_write, quiet};
use crate::vault::VAULT;

impl Case {
    /// Kills it at each of its steps, and now and then the start that finishes it as well; answers how often.
    fn kill_at_each_step(&self, seed: u64) -> usize {
        let mut random = fastrand::Rng::with_seed(seed);
        self.reset();
        let steps = self.steps(&self.credsh());
        let (mut kills, mut finished) = (0, 0);
        for step in &steps {
            self.reset();
            assert!(self.is_killed_at(step, &self.credsh()), "{step:?}");
            kills += 1;
            let mut when = format!("killed at {step:?}, seed {seed}");
            self.check_pairs(&when);
            if random.bool() {
                when = format!("{when}, and at {:?}", self.kill_the_next(&mut random));
                kills += 1;
                self.check_pairs(&when);
            }
            finished += usize::from(self.check(&when));
        }
        assert!(
            0 < finished && finished < steps.len(),
            "{finished} of {} runs ended on the new side",
            steps.len()
        );
        kills
    }

    /// Presses Ctrl-C at each of its steps: it does all of it, or undoes what it has done. Only what providers are to
    /// forget waits for the next start.
    fn interrupt_at_each_step(&self) {
        self.reset();
        let steps = self.steps(&self.credsh());
        let mut undone = 0;
        for step in &steps {
            self.reset();
            let run = self.inject(step, "signal=INT", &self.credsh());
            self.settle();
            let when = format!("Ctrl-C at {step:?}: {run:?}");
            if self.sandbox.exists("home/.credsh/journal") {
                assert_eq!(run.status.code(), Some(130), "{when}");
                let told = [run.stdout, run.stderr].concat();
                let told = String::from_utf8(told).unwrap();
                assert!(
                    told.contains("the next start of credsh tries again"),
                    "{when}"
                );
                assert!(self.check(&when), "{when}");
                continue;
            }
            let now = self.side();
            let is_as_told = match run.status.code() {
                Some(0) => now == self.new,
                Some(130) => now == self.old,
                // Before it has begun, or when it is done.
                _ => now == self.old || now == self.new,
            };
            assert!(is_as_told, "{when}: {}", self.difference(&now));
            undone += usize::from(now == self.old);
        }
        assert!(0 < undone && undone < steps.len(), "{undone} undone");
    }

    /// Kills the start that finishes it at one of its own steps.
    pub fn kill_the_next(&self, random: &mut fastrand::Rng) -> Step {
        let left = self.copied();
        let mut next = self.sandbox.process();
        next.args(["registry", "list"]);
        let steps = self.steps(&next);
        self.put_back(&left);
        let step = steps[random.usize(..steps.len())].clone();
        assert!(self.is_killed_at(&step, &next), "{step:?} of {steps:?}");
        step
    }

    /// Kills it at random instants.
    fn kill_at_random(&self, seed: u64, times: u64) {
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
            self.settle();
            let when = format!("killed after {instant:?}, run {run}, seed {seed}");
            self.check_pairs(&when);
            self.check(&when);
        }
    }

    /// The system may stop in the middle of a write, too, which no signal does to a short one: then a part of the
    /// file is new, and the rest is not.
    fn finishes_half_a_write(&self) {
        const FILE: &str = "home/credentials.toml";
        let (old, new) = (self.old[FILE].as_bytes(), self.new[FILE].as_bytes());
        self.reset();
        let steps = self.steps(&self.credsh());
        let written = &steps[last_write(&steps)];
        for tenth in 0..=10 {
            self.reset();
            assert!(self.is_killed_at(written, &self.credsh()));
            assert_eq!(self.side()[FILE].as_bytes(), old, "{written:?}");
            let half = new.len() * tenth / 10;
            let torn = [&new[..half], old.get(half..).unwrap_or_default()].concat();
            self.sandbox.write(FILE, torn);
            assert!(self.check(&format!("{half} bytes were written")));
        }
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
    pub fn run(self) {
        assert_ne!(self.old, self.new);
        let seed = seed();
        let at_steps = self.kill_at_each_step(seed);
        self.interrupt_at_each_step();
        let at_random = switch("CREDSH_KILLS").unwrap_or(8);
        self.kill_at_random(seed, at_random);
        eprintln!("killed {at_steps} times at a step, {at_random} times at random, seed {seed}");
    }
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

/// The folder of the project's configuration is made for it, and goes with it.
#[test]
fn a_project_that_has_no_configuration_yet() {
    let args = [
        "-c",
        "alias set --local vault cargo-credential-vault",
        "-c",
        "login corp --from env:NEW",
    ];
    let case = Case::new(&[("home/config.toml", CORP)], &[], &args);
    case.run();
}

/// The first provider takes no token, and the next one does.
#[test]
fn a_login_that_is_passed_on() {
    let config =
        format!("{CORP}[registry]\nglobal-credential-providers = [\"cargo-credential-closed\"]\n");
    let args = [
        "-c",
        "provider add cargo-credential-vault --last",
        "-c",
        "login corp --from env:NEW",
    ];
    let case = Case::new(&[("home/config.toml", &config)], &[], &args);
    case.cargo_sends(&[("corp", None)], &[("corp", Some(NEW))]);
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
fn a_token_that_moves_to_another_store_and_gets_a_scheme() {
    let config = format!("{CORP}[registry]\nglobal-credential-providers = [\"{VAULT}\"]\n");
    let args = [
        "login",
        "corp",
        "--provider",
        "cargo-credential-vault2",
        "--from",
        "provider:cargo-credential-vault",
        "--move",
        "--scheme",
        "bearer",
    ];
    let case = Case::new(&[("home/config.toml", &config)], &[("corp", OLD)], &args);
    case.run();
}

#[test]
fn a_token_that_moves_to_another_index() {
    let config = format!("{CORP}[registry]\nglobal-credential-providers = [\"{VAULT}\"]\n");
    let args = [
        "registry",
        "set",
        "corp",
        "--index",
        "sparse+https://new.example/index/",
        "--move-token",
    ];
    let case = Case::new(&[("home/config.toml", &config)], &[("corp", OLD)], &args);
    case.run();
}

/// The first provider takes no token, and credsh itself does.
#[test]
fn a_login_that_is_passed_on_to_credsh() {
    let config = format!(
        "{CORP}[registry]\nglobal-credential-providers = [\"credsh --store sealed\", \"cargo-credential-closed\"]\n"
    );
    let args = ["login", "corp", "--from", "env:NEW"];
    let case = Case::new(&[("home/config.toml", &config)], &[], &args);
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

#[test]
fn a_script_that_sets_a_machine_up() {
    let script = r#"
        begin();
        registry::add("lab", "sparse+https://lab.example/index/", #{ provider: "cargo:token" });
        commit();
        for n in 0..20 {
            alias::set(`a${n}`, "program", #{ rest: [`${n}`] });
        }
        login("corp", #{ from: "env:NEW" });
        login("lab", #{ from: "env:OLD" });
        registry::set("corp", #{ make_default: true });
    "#;
    let files = [("home/config.toml", CORP), ("work/setup.rhai", script)];
    let case = Case::new(&files, &[], &["-f", "setup.rhai"]);
    case.cargo_sends(&[("corp", None)], &[("corp", Some(NEW))]);
    case.run();
}
