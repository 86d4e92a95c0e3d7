//! What the next start makes of a run that was killed while it changed tokens that credsh keeps itself: ledger and store
//! say the same in the end, and until then nothing is given away by rules that may be those of another token.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::peers;
use crate::steps::{Case, OLD, Step, after_moves, places};

const CONFIG: &str = "home/config.toml";
const JOURNAL: &str = "home/.credsh/journal";
const LEDGER: &str = "home/.credsh/tokens.toml";

const STORE: [&str; 6] = ["login", "corp", "--provider", "credsh", "--store", "sealed"];

/// A registry with a token of credsh's own, and what is to become of it.
fn with_token(args: &[&'static str]) -> Case {
    let config = "[registries]\ncorp.index = \"INDEX/corp\"\nlab.index = \"INDEX/lab\"\n";
    let mut case = Case::new(&[(CONFIG, config)], &[], &["registry", "list"]);
    case.sandbox
        .ok(&[&STORE[..], &["--from", "env:OLD"]].concat());
    case.keep();
    case.args = args.to_vec();
    case
}

/// Before the last file is moved into its place.
fn before_the_ledger(steps: &[Step]) -> usize {
    *places(steps, "rename").last().unwrap()
}

/// After the last one was: what is left is what a store has to forget.
fn after_the_ledger(steps: &[Step]) -> usize {
    *after_moves(steps).last().unwrap()
}

impl Case {
    /// Cargo asks for a read.
    fn question(&self) -> String {
        let index = self.cargo.registries.index("corp");
        let registry = format!(r#"{{"index-url":"{index}","name":"corp"}}"#);
        format!(
            "{{\"v\":1,\"registry\":{registry},\"kind\":\"get\",\"operation\":\"read\",\"args\":[]}}\n"
        )
    }

    /// What credsh answers.
    fn answer(&mut self) -> String {
        let get = self.question();
        let run = self.sandbox.stdin(get).reveals().run(&["--cargo-plugin"]);
        self.sandbox.stdin("");
        run.stdout
    }

    /// Has what the store opens with away while this is done.
    fn without_key<T>(&mut self, body: impl FnOnce(&mut Self) -> T) -> T {
        let key = self.sandbox.home().join(".credsh/identity");
        let elsewhere = self.sandbox.root().join("identity");
        std::fs::rename(&key, &elsewhere).unwrap();
        let done = body(self);
        std::fs::rename(&elsewhere, &key).unwrap();
        done
    }
}

/// The new token is stored, and its rules are not written yet.
#[test]
fn a_token_is_given_by_no_rules_but_its_own() {
    let args = [
        &STORE[..],
        &["--from", "env:NEW", "--operations", "publish"],
    ]
    .concat();
    let mut case = with_token(&args);
    assert!(case.answer().contains(OLD));
    case.interrupt(before_the_ledger);
    assert!(!case.sandbox.read(LEDGER).contains("publish"));
    let told = case.answer();
    assert!(
        told.contains("`credsh status` finishes") && !told.contains("sentinel"),
        "{told}"
    );
    // Nothing is given up while nobody knows what the store has.
    case.without_key(|case| {
        for args in [
            &["registry", "list"] as &[&str],
            &["alias", "set", "a", "b"],
        ] {
            let run = case.sandbox.run(args);
            assert_eq!(run.status == 0, args[0] == "registry", "{run:?}");
            assert!(run.stderr.contains("cannot be asked now"), "{run:?}");
            assert!(case.sandbox.exists(JOURNAL), "{run:?}");
        }
        assert!(!case.answer().contains("sentinel"));
    });
    let run = case.sandbox.ok(&["registry", "list"]);
    assert!(!case.sandbox.exists(JOURNAL), "{}", run.stderr);
    assert!(
        case.sandbox.read(LEDGER).contains("publish"),
        "{}",
        run.stderr
    );
    let told = case.answer();
    assert!(!told.contains("sentinel"), "{told}");
}

/// Cargo names crates.io by its Git index, and a command does not; and nobody knows what a journal says that cannot be
/// read.
#[test]
fn no_name_of_a_registry_and_no_damage_gives_a_token_away() {
    let store = [
        "login",
        "crates-io",
        "--provider",
        "credsh",
        "--store",
        "sealed",
    ];
    let first = [&store[..], &["--from", "env:OLD"]].concat();
    let args = [
        &store[..],
        &["--from", "env:NEW", "--operations", "publish"],
    ]
    .concat();
    let mut case = Case::new(&[], &[], &["registry", "list"]);
    case.sandbox.ok(&first);
    case.keep();
    case.args = args;
    let get = concat!(
        r#"{"v":1,"registry":{"index-url":"https://github.com/rust-lang/crates.io-index","#,
        r#""name":"crates-io"},"kind":"get","operation":"read","args":[]}"#,
        "\n"
    );
    let answer = |case: &mut Case| {
        let run = case.sandbox.stdin(get).reveals().run(&["--cargo-plugin"]);
        case.sandbox.stdin("");
        run.stdout
    };
    assert!(answer(&mut case).contains(OLD));
    case.interrupt(before_the_ledger);
    let told = answer(&mut case);
    assert!(!told.contains("sentinel"), "{told}");
    case.sandbox.write(JOURNAL, "{}");
    let told = answer(&mut case);
    assert!(!told.contains("sentinel"), "{told}");
}

/// While the store is asked, the ledger is written for another registry: this one's rules are what they were.
#[test]
fn a_change_of_another_token_stops_no_answer() {
    let mut case = with_token(&["registry", "list"]);
    let log = tempfile::NamedTempFile::new().unwrap();
    let store = case.sandbox.home().join(".credsh/sealed.age");
    let mut asked = Command::new("strace");
    asked
        .args(["-qq", "-e", "trace=openat", "-P"])
        .arg(store)
        .args(["-e", "inject=openat:delay_enter=2000000", "-o"])
        .arg(log.path())
        .args([env!("CARGO_BIN_EXE_credsh"), "--cargo-plugin"])
        .env_clear()
        .envs(case.sandbox.variables())
        .current_dir(case.sandbox.directory())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut asked = asked.spawn().unwrap();
    let mut question = asked.stdin.take().unwrap();
    question.write_all(case.question().as_bytes()).unwrap();
    drop(question);
    let end = Instant::now() + Duration::from_secs(20);
    while !std::fs::read_to_string(log.path())
        .unwrap()
        .contains("sealed.age")
    {
        assert!(Instant::now() < end, "the store is never asked");
        std::thread::sleep(Duration::from_millis(5));
    }
    let other = ["login", "lab", "--provider", "credsh", "--store", "sealed"];
    case.sandbox
        .ok(&[&other[..], &["--from", "env:NEW"]].concat());
    assert!(
        asked.try_wait().unwrap().is_none(),
        "it has answered before"
    );
    let answer = asked.wait_with_output().unwrap();
    let told = String::from_utf8(answer.stdout).unwrap();
    assert!(told.contains(OLD), "{told}");
}

/// A token that nobody would know again is under its new label, and in the store under both.
#[test]
fn a_short_token_gets_its_new_label_and_leaves_the_old_one() {
    let mut case = with_token(&["token", "set", "default", "-r", "corp", "--label", "other"]);
    case.sandbox.env("OLD", "x1");
    case.sandbox
        .ok(&[&STORE[..], &["--from", "env:OLD"]].concat());
    case.keep();
    case.old = case.side();
    assert!(case.credsh().output().unwrap().status.success());
    case.new = case.side();
    for step in [before_the_ledger as fn(&[Step]) -> usize, after_the_ledger] {
        case.interrupt(step);
        assert!(case.check("a kill"), "it is not finished");
        let home = case.sandbox.home().join(".credsh");
        let opened = Command::new(peers::installed("rage"))
            .args(["-d", "-i"])
            .args([home.join("identity"), home.join("sealed.age")])
            .output()
            .unwrap();
        assert!(opened.status.success(), "{opened:?}");
        let tokens = String::from_utf8(opened.stdout).unwrap();
        assert_eq!(tokens.matches("x1").count(), 1, "{tokens}");
    }
}

/// A token that is stored again stays, whatever an earlier change has left to be done.
#[test]
fn what_is_stored_again_is_not_forgotten() {
    let again = [&STORE[..], &["--from", "env:OLD"]].concat();
    // By Cargo, which starts credsh for nothing else; and while the store could not be asked before.
    for by_cargo in [true, false] {
        let mut case = with_token(&["logout", "corp"]);
        case.interrupt(after_the_ledger);
        if by_cargo {
            let told = case
                .cargo
                .login(&case.sandbox, Some("corp"), &format!("{OLD}\n"));
            assert!(told.success, "{told:#?}");
        } else {
            case.without_key(|case| case.sandbox.ok(&["alias", "set", "a", "b"]));
            assert!(case.sandbox.exists(JOURNAL));
            case.sandbox.ok(&again);
        }
        assert!(case.answer().contains(OLD), "{by_cargo}");
        let run = case.sandbox.ok(&["registry", "list"]);
        assert!(!case.sandbox.exists(JOURNAL), "{run:?}");
        assert!(case.answer().contains(OLD), "{by_cargo}: {run:?}");
    }
}

/// The disk is full when the store is to forget.
#[test]
fn what_a_store_has_not_forgotten_is_tried_again() {
    not_forgotten(OLD);
    // One that nobody would know again.
    not_forgotten("x1");
}

fn not_forgotten(token: &str) {
    let mut case = with_token(&["logout", "corp"]);
    case.sandbox.env("OLD", token);
    case.sandbox
        .ok(&[&STORE[..], &["--from", "env:OLD", "--yes"]].concat());
    case.keep();
    let steps = case.steps(&case.credsh());
    case.reset();
    let step = &steps[*places(&steps, "rename").last().unwrap()];
    let failed = case.inject(step, "error=ENOSPC", &case.credsh());
    assert_eq!(failed.status.code(), Some(4), "{failed:?}");
    assert!(case.sandbox.exists(JOURNAL), "{failed:?}");
    // Another change that is killed does not make it forget that.
    case.args = vec![
        "login",
        "lab",
        "--provider",
        "cargo:token",
        "--from",
        "env:NEW",
    ];
    case.without_key(|case| {
        let copied = case.copied();
        let steps = case.steps(&case.credsh());
        let journal = &steps[after_moves(&steps)[0]];
        case.put_back(&copied);
        assert!(case.is_killed_at(journal, &case.credsh()));
        let run = case.sandbox.ok(&["registry", "list"]);
        assert!(run.stderr.contains("is finished now"), "{run:?}");
        let run = case.sandbox.ok(&["registry", "list"]);
        assert_eq!(run.stderr.matches("tries again").count(), 1, "{run:?}");
        assert!(case.sandbox.exists(JOURNAL), "{run:?}");
        // That is no change that is written in part.
        let run = case.sandbox.ok(&["--dry-run", "registry", "list"]);
        assert_eq!(run.stderr, "", "{run:?}");
    });
    let run = case.sandbox.ok(&["registry", "list"]);
    assert!(!case.sandbox.exists(JOURNAL), "{run:?}");
    // Stored again, it would be unchanged if it were still there.
    let again = case
        .sandbox
        .ok(&[&STORE[..], &["--from", "env:OLD"]].concat());
    assert!(!again.stdout.contains("unchanged"), "{}", again.stdout);
}
