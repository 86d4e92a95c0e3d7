//! credsh as Cargo's credential provider on a registry that demands a token for everything: publishing, yanking, owners
//! and builds by the real Cargo, and the token that each request carried, seen on the wire.

use std::path::Path;
use std::time::Duration;

use crate::cargo::{Asked, Cargo};
use crate::closed_registry::ClosedRegistry;
use crate::harness::Sandbox;

/// One run of Cargo compiles a crate of one line.
const LIMIT: Duration = Duration::from_mins(1);

/// A machine whose registry `corp` gets its tokens from credsh, from a sealed file.
struct Machine {
    cargo: Cargo,
    registry: ClosedRegistry,
    sandbox: Sandbox,
}

const READER: &str = "sentinel-reader";
const SERDE: &str = "sentinel-publisher-of-serde";
const OTHER: &str = "sentinel-publisher-of-the-other";
const YANKER: &str = "sentinel-yanker";

impl Machine {
    fn new() -> Self {
        let (cargo, registry) = (Cargo::new(), ClosedRegistry::new());
        let mut sandbox = cargo.sandbox();
        let starts = sandbox.root().join("starts");
        // In front of the program, a line for each start of it.
        let script = format!(
            "echo start >>'{}'\nexec '{}' \"$@\"",
            starts.display(),
            env!("CARGO_BIN_EXE_credsh")
        );
        cargo.programs(&[("credsh", &script)]);
        let target = sandbox.root().join("target").display().to_string();
        let rustc = Path::new(env!("CARGO")).with_file_name("rustc");
        sandbox
            .env("CARGO_TARGET_DIR", target)
            .env("RUSTC", rustc.display().to_string())
            .env("CARGO_INCREMENTAL", "0");
        let corp = format!(
            "[registries.corp]\nindex = '{}'\ncredential-provider = ['credsh']\n",
            registry.index()
        );
        sandbox.write("home/config.toml", corp);
        let login = |label: &str, rules: &str| {
            format!(
                "login corp --label {label} {rules} --store sealed --from env:{}",
                label.to_uppercase()
            )
        };
        sandbox
            .env("READER", READER)
            .env("SERDE", SERDE)
            .env("OTHER", OTHER)
            .env("YANKER", YANKER)
            .ok(&[
                "-c",
                &login("reader", "--operations read"),
                "-c",
                &login("serde", "--operations publish --crates 'serde*'"),
                "-c",
                &login("other", "--operations publish --crates tiny"),
                "-c",
                &login("yanker", "--operations yank,unyank,owners"),
            ]);
        for name in ["READER", "SERDE", "OTHER", "YANKER"] {
            sandbox.unset(name);
        }
        Self {
            cargo,
            registry,
            sandbox,
        }
    }

    /// A package of one line.
    fn package(&self, name: &str, version: &str, dependencies: &str) {
        let manifest = format!(
            "package.name = '{name}'\npackage.version = '{version}'\npackage.edition = '2024'\n\
             package.description = 'tiny'\npackage.license = 'MIT'\n{dependencies}"
        );
        self.sandbox
            .write(&format!("work/{name}/Cargo.toml"), manifest)
            .write(&format!("work/{name}/src/lib.rs"), "pub fn f() {}\n");
    }

    /// Runs Cargo in the folder of a package.
    fn run(&mut self, package: &str, args: &[&str]) -> Asked {
        self.sandbox.cd(&format!("work/{package}"));
        self.starts();
        self.registry.requests();
        let asked = self.cargo.run(LIMIT, &self.sandbox, args, None, "");
        assert!(!asked.stderr.contains("sentinel"), "{}", asked.stderr);
        asked
    }

    #[track_caller]
    fn ok(&mut self, package: &str, args: &[&str]) -> Asked {
        let asked = self.run(package, args);
        assert!(asked.success, "{args:?}: {}", asked.stderr);
        asked
    }

    /// What was asked for, with which token, each once; what was refused for want of one is left out.
    fn sent(&self) -> Vec<(String, String)> {
        let mut sent = Vec::new();
        for seen in self.registry.requests() {
            if let Some(token) = seen.token
                && !sent.contains(&(seen.what.clone(), token.clone()))
            {
                sent.push((seen.what, token));
            }
        }
        sent
    }

    /// How often the provider was started since the last question.
    fn starts(&self) -> usize {
        let log = self.sandbox.root().join("starts");
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let _ = std::fs::remove_file(log);
        text.lines().count()
    }
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let pair = |(what, token): &(&str, &str)| (String::from(*what), String::from(*token));
    expected.iter().map(pair).collect()
}

const PUBLISH: [&str; 4] = ["publish", "--registry=corp", "--allow-dirty", "-v"];

#[test]
fn each_request_of_cargo_carries_the_token_that_the_rules_say() {
    let mut machine = Machine::new();
    machine.package("serde_tiny", "1.0.0", "");
    machine.package("tiny", "1.0.0", "");
    machine.ok("serde_tiny", &PUBLISH);
    assert_eq!(
        machine.sent(),
        pairs(&[("index", READER), ("publish serde_tiny", SERDE)])
    );
    assert_eq!(machine.starts(), 2, "once to read, and once to publish");
    machine.ok("tiny", &PUBLISH);
    assert_eq!(
        machine.sent(),
        pairs(&[("index", READER), ("publish tiny", OTHER)])
    );
    assert_eq!(machine.starts(), 2);

    let needs = "dependencies.serde_tiny = { version = '1', registry = 'corp' }\n";
    machine.package("app", "1.0.0", needs);
    machine.ok("app", &["build"]);
    assert_eq!(
        machine.sent(),
        pairs(&[("index", READER), ("download", READER)])
    );
    assert_eq!(machine.starts(), 1);

    let yank = ["yank", "serde_tiny@1.0.0", "--registry=corp"];
    machine.ok("tiny", &yank);
    let expected = pairs(&[("index", READER), ("yank serde_tiny", YANKER)]);
    assert_eq!(machine.sent(), expected);
    machine.ok("tiny", &[&yank[..], &["--undo"]].concat());
    let expected = pairs(&[("index", READER), ("unyank serde_tiny", YANKER)]);
    assert_eq!(machine.sent(), expected);
    machine.ok("tiny", &["owner", "--list", "tiny", "--registry=corp"]);
    let expected = pairs(&[("index", READER), ("owners tiny", YANKER)]);
    assert_eq!(machine.sent(), expected);
}

#[test]
fn a_crate_that_no_token_is_for_is_not_uploaded() {
    let mut machine = Machine::new();
    machine.package("third", "1.0.0", "");
    let asked = machine.run("third", &PUBLISH);
    assert!(!asked.success);
    asked.assert_said("no token found for `corp`");
    assert_eq!(machine.sent(), pairs(&[("index", READER)]));
}

#[test]
fn an_expired_publish_token_is_refused_before_the_upload_and_warned_of_when_reading() {
    let mut machine = Machine::new();
    machine
        .sandbox
        .ok(&["token", "set", "serde", "--expires", "2020-01-31"]);
    machine.package("serde_tiny", "1.0.0", "");
    let asked = machine.run("serde_tiny", &PUBLISH);
    assert!(!asked.success);
    let refusal = "the token `serde` has expired on 2020-01-31; renew it: `credsh login corp --label serde \
                   --operations publish --crates 'serde*' --expires 90d`";
    assert_eq!(
        asked.error.as_deref().map(|error| error.contains(refusal)),
        Some(true),
        "{asked:#?}"
    );
    assert_eq!(machine.sent(), pairs(&[("index", READER)]));

    // A build goes well, and says what would not.
    machine.package("tiny", "1.0.0", "");
    let asked = machine.ok("tiny", &PUBLISH);
    asked.assert_said("warning: credsh: the token `serde` has expired on 2020-01-31");
    assert_eq!(
        machine.sent(),
        pairs(&[("index", READER), ("publish tiny", OTHER)])
    );

    // The command that was named does renew it.
    let (_, command) = refusal.split_once("`credsh ").unwrap();
    let command = format!("{} --from env:NEW", command.trim_end_matches('`'));
    machine
        .sandbox
        .env("NEW", "sentinel-new")
        .ok(&["-c", &command]);
    machine.sandbox.unset("NEW");
    let asked = machine.ok("serde_tiny", &PUBLISH);
    assert!(!asked.stderr.contains("expired"), "{}", asked.stderr);
    assert_eq!(
        machine.sent(),
        pairs(&[("index", READER), ("publish serde_tiny", "sentinel-new")])
    );
}
