//! A disk that is full, read-only or broken, at every step of a commit: one clear error, and nothing has changed;
//! and where even the old texts cannot be put back, that is said, and the next start finishes it.

use std::process::{Command, Output};

use crate::harness::Sandbox;
use crate::steps::{Case, OLD, Step};

const ERRORS: [&str; 4] = ["ENOSPC", "EIO", "EACCES", "EROFS"];

/// A home with both files, of which one is replaced and one written in place; and one that has no tokens yet.
fn cases() -> [Case; 2] {
    let config = "# ours\n[registries.corp] # the company\nindex = \"INDEX/corp\"\n";
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\" # mine\n");
    let args = [
        "-c",
        "registry set corp --make-default",
        "-c",
        "login corp --from env:NEW",
    ];
    let both = [
        ("home/config.toml", config),
        ("home/credentials.toml", &credentials),
    ];
    [
        Case::new(&both, &[], &args),
        Case::new(&both[..1], &[], &args),
    ]
}

/// The steps that come with the commit, not those of a program that starts.
fn steps_of_the_commit(case: &Case) -> Vec<Step> {
    case.reset();
    let steps = case.steps(&case.credsh());
    let first = steps.iter().position(|(name, _)| name == "mkdir").unwrap();
    let last = steps
        .iter()
        .rposition(|(name, _)| name == "unlink")
        .unwrap();
    steps[first..=last].to_vec()
}

#[track_caller]
fn says_one_thing(failed: &Output, when: &str) -> String {
    let told = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert_eq!(told.matches("error: ").count(), 1, "{when}: {told}");
    assert!(!told.contains("sentinel"), "{when}: {told}");
    told
}

#[test]
fn a_step_that_fails_once_changes_nothing() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    for case in cases() {
        let mut failures = 0;
        for step in steps_of_the_commit(&case) {
            let error = random.choice(ERRORS).unwrap();
            let when = format!("{error} at {step:?}, seed {seed}");
            case.reset();
            let run = case.inject(&step, &format!("error={error}"), &case.credsh());
            if run.status.success() {
                let told = String::from_utf8_lossy(&run.stderr);
                let is_left = case.side().contains_key("home/.credsh/journal");
                assert_eq!(is_left, told.contains("tries again"), "{when}: {told}");
                assert!(case.check(&when), "{when}: {told}");
                continue;
            }
            failures += 1;
            let told = says_one_thing(&run, &when);
            if case.side() != case.old {
                assert!(told.contains("the next start"), "{when}: {told}");
            }
            case.check(&when);
        }
        assert!(failures > 5, "{failures}");
    }
}

/// From one step on nothing of its kind works any more: what is done cannot be undone.
#[test]
fn a_disk_that_fails_from_some_step_on_loses_nothing() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    for case in cases() {
        for (name, count) in steps_of_the_commit(&case) {
            let error = random.choice(ERRORS).unwrap();
            let when = format!("{error} from {name} {count} on, seed {seed}");
            case.reset();
            let from_then_on = (name.clone(), format!("{count}+"));
            let run = case.inject(&from_then_on, &format!("error={error}"), &case.credsh());
            if !run.status.success() && name != "write" {
                says_one_thing(&run, &when);
            }
            case.check(&when);
        }
    }
}

/// A file system of 64 KB that is full, and one that is read-only, for real.
#[test]
fn a_full_and_a_read_only_file_system() {
    let sandbox = Sandbox::new();
    let script = r#"
        set -e
        mount -t tmpfs -o size=64k none "$CARGO_HOME"
        printf '[registries.corp]\nindex = "sparse+https://corp.example/"\n' >"$CARGO_HOME/config.toml"
        printf '[registries.corp]\ntoken = "sentinel-old"\n' >"$CARGO_HOME/credentials.toml"
        sha256sum "$CARGO_HOME"/c* >"$HOME/before"
        if [ "$1" = full ]; then
            head -c 100000 /dev/zero >"$CARGO_HOME/rest" 2>/dev/null || true
        else
            mount -o remount,ro "$CARGO_HOME"
        fi
        status=0
        "$0" registry add lab sparse+https://lab.example/ --provider cargo:token 2>&1 || status=$?
        "$0" -c 'login corp --from env:T' 2>&1 || status=$status$?
        sha256sum --check --quiet "$HOME/before"
        ls -A "$CARGO_HOME"
        echo "status $status"
    "#;
    for (kind, error) in [("full", "no space left"), ("ro", "read-only file system")] {
        let run = Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh", "-c", script])
            .args([env!("CARGO_BIN_EXE_credsh"), kind])
            .env_clear()
            .envs(sandbox.variables())
            .env("T", "sentinel-new-0123456789")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .current_dir(sandbox.directory())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(run.status.success(), "{kind}: {run:?}");
        assert_eq!(told.matches(error).count(), 2, "{kind}: {told}");
        assert!(told.ends_with("status 11\n"), "{kind}: {told}");
        assert!(!told.contains(".credsh-"), "{kind}: {told}");
    }
}
