//! A disk that is full, read-only or broken, at every step of a commit: one clear error, and nothing has changed;
//! and where even the old texts cannot be put back, that is said, and the next start finishes it.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

use crate::harness::{Sandbox, seed};
use crate::steps::{Case, OLD, Rest, Step, injection, last_write, places, quiet};
use crate::vault::VAULT;

const CONFIG: &str = "home/config.toml";
const CREDENTIALS: &str = "home/credentials.toml";

const ERRORS: [&str; 4] = ["ENOSPC", "EIO", "EACCES", "EROFS"];

/// A home with both files, of which one is replaced and one written in place; one that has no tokens yet, and a
/// project without a configuration; and one in which a token goes before its index, and the next one comes after it.
fn cases() -> [Case; 3] {
    let config = "# ours\n[registries.corp] # the company\nindex = \"INDEX/corp\"\n";
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\" # mine\n");
    let args = [
        "-c",
        "registry set corp --make-default",
        "-c",
        "login corp --from env:NEW",
    ];
    let with_project = [
        "-c",
        "alias set --local vault some-program",
        args[0],
        args[1],
        args[2],
        args[3],
    ];
    let with_index = [
        "-y",
        "-c",
        "registry set corp --index sparse+https://new.example/ --drop-token",
        args[2],
        args[3],
    ];
    let both = [
        ("home/config.toml", config),
        ("home/credentials.toml", &credentials),
    ];
    [
        Case::new(&both, &[], &args),
        Case::new(&both[..1], &[], &with_project),
        Case::new(&both, &[], &with_index),
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
    let seed = seed();
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
            case.check_pairs(&when);
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
    let seed = seed();
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
            case.check_pairs(&when);
            case.check(&when);
        }
    }
}

/// Files are written, the old token is out, and there is no room to note that the new one comes now: what is done is
/// undone, which needs no room.
#[test]
fn a_disk_without_room_for_the_second_half_of_a_commit() {
    let [.., case] = cases();
    let steps = steps_of_the_commit(&case);
    let noted = places(&steps, "rename");
    // The journal gets its name, the configuration its place, and the journal is written once more.
    let again = noted
        .iter()
        .rev()
        .find(|place| steps[**place].0 == "renameat");
    let again = &steps[*again.unwrap()];
    case.reset();
    let full = (again.0.clone(), format!("{}+", again.1));
    let run = case.inject(&full, "error=ENOSPC", &case.credsh());
    assert_eq!(run.status.code(), Some(1), "{run:?}");
    let told = says_one_thing(&run, "ENOSPC");
    let now = case.side();
    assert_eq!(now, case.old, "{told}: {}", case.difference(&now));
}

/// A token that moves is in one of its two places, whatever fails from whichever step on: at the end of the run, and
/// after the next start.
#[test]
fn a_token_that_moves_is_somewhere_when_the_disk_fails() {
    let seed = seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let config = "[registries.corp]\nindex = \"INDEX/corp\"\n";
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\" # mine\n");
    let vault = format!("{config}credential-provider = \"{VAULT}\"\n");
    let moves = |to: &'static str, from: &'static str| {
        ["login", "corp", "--provider", to, "--from", from, "--move"]
    };
    let cases = [
        Case::new(
            &[(CONFIG, config), (CREDENTIALS, &credentials)],
            &[],
            &moves(VAULT, "provider:cargo:token"),
        ),
        Case::new(
            &[(CONFIG, &vault)],
            &[("corp", OLD)],
            &moves("cargo:token", "provider:cargo-credential-vault"),
        ),
    ];
    for case in cases {
        let index = case.cargo.registries.index("corp");
        let is_somewhere = || {
            let file = case.side().get(CREDENTIALS).cloned().unwrap_or_default();
            file.contains(OLD) || case.vault.token(&index).as_deref() == Some(OLD)
        };
        for (name, count) in steps_of_the_commit(&case) {
            // A program that cannot be started, or be written to, is not a disk that fails.
            if name.contains("clone") || name == "vfork" {
                continue;
            }
            let error = random.choice(ERRORS).unwrap();
            for many in ["", "+"] {
                let when = format!("{error} at {name} {count}{many}, seed {seed}");
                case.reset();
                let step = (name.clone(), format!("{count}{many}"));
                case.inject(&step, &format!("error={error}"), &case.credsh());
                assert!(is_somewhere(), "{when}");
                let next = case.sandbox.process().args(["registry", "list"]).output();
                let told = String::from_utf8_lossy(&next.unwrap().stderr).into_owned();
                assert!(is_somewhere(), "{when}: {told}");
                assert!(
                    !case.sandbox.exists("home/.credsh/journal"),
                    "{when}: {told}"
                );
            }
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

/// What somebody else does to a file while a shell has an open transaction: what they added stays, and what they
/// changed is not overwritten.
#[test]
fn a_file_that_is_replaced_or_deleted_while_the_shell_is_open() {
    const FILE: &str = "home/config.toml";
    const INDEX: &str = "sparse+https://corp.example/";
    let ours = format!("[registries]\ncorp.index = \"{INDEX}\" # ours\n");
    let their_key = format!("# theirs\n{ours}[net]\nretry = 3\n");
    let same_key = ours.replace("corp.example", "theirs.example");
    let theirs = Some(same_key.as_str());
    // What they leave, and whether the commit goes through with that.
    for (left, goes_through) in [
        (Some(their_key.as_str()), true),
        (theirs, false),
        (None, false),
    ] {
        let mut sandbox = Sandbox::new();
        sandbox.write(FILE, &ours);
        let runner = sandbox.prompt();
        for line in [
            "begin",
            "registry set corp --index sparse+https://new.example/",
            "registry add lab sparse+https://lab.example/",
        ] {
            runner.run_line(line).unwrap();
        }
        let path = sandbox.root().join(FILE);
        match left {
            Some(text) => {
                sandbox.write("home/new", text);
                std::fs::rename(sandbox.root().join("home/new"), &path).unwrap();
            }
            None => std::fs::remove_file(&path).unwrap(),
        }
        match runner.run_line("commit") {
            Ok(_) => {
                assert!(goes_through, "{left:?}");
                let text = sandbox.read(FILE);
                let lab = "lab.index = \"sparse+https://lab.example/\"\n[net]";
                let expected = their_key.replace("corp.example", "new.example");
                assert_eq!(text, expected.replace("[net]", lab));
            }
            Err(error) => {
                assert!(!goes_through, "{left:?}: {error}");
                let told = error.to_string();
                assert!(told.contains("`registries.corp.index`"), "{told}");
                let now = std::fs::read_to_string(&path).ok();
                assert_eq!(now.as_deref(), left, "{told}");
            }
        }
        assert!(!sandbox.exists("home/.credsh/journal"));
    }
}

#[test]
fn a_file_of_fifty_megabytes() {
    for file in ["home/config.toml", "home/credentials.toml"] {
        let mut sandbox = Sandbox::new();
        sandbox.write(file, "# a comment\n".repeat(50_000_000 / 12 + 1));
        for args in [
            &["registry", "list"] as &[&str],
            &["registry", "add", "lab", "sparse+https://lab.example/"],
        ] {
            let failed = sandbox.fails(1, args);
            let told = failed.stderr;
            assert!(told.contains("50 MB") && told.contains(file), "{told}");
        }
    }
}

/// A file system without locks, as some of a network: that is said once, and everything else works.
#[test]
fn a_file_system_without_locks() {
    let [case, ..] = cases();
    for error in ["ENOSYS", "EOPNOTSUPP", "ENOLCK"] {
        case.reset();
        let every = ("flock".to_owned(), "1+");
        let run = case.inject(&every, &format!("error={error}"), &case.credsh());
        let told = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{told}");
        assert_eq!(told.matches("has no locks").count(), 1, "{told}");
        assert_eq!(case.side(), case.new);
    }
}

/// Where there are no locks, a run that is at work is still told from one that was killed: who comes meanwhile leaves
/// its journal alone, and who comes afterwards finishes it.
#[test]
fn without_locks_a_run_at_work_is_told_from_one_that_was_killed() {
    let [case, ..] = cases();
    let no_locks = injection(&("flock".to_owned(), "1+"), "error=ENOLCK");
    case.reset();
    let steps = case.steps(&case.credsh());
    let journal = &steps[places(&steps, "rename")[0]];
    let mut next = case.sandbox.process();
    next.args(["registry", "list"]);
    let is_left = || case.sandbox.exists("home/.credsh/journal");
    case.reset();
    let mut at_work = case.held_up((journal, Rest::Behind), std::slice::from_ref(&no_locks));
    let run = case
        .injected(std::slice::from_ref(&no_locks), &next)
        .output();
    let told = String::from_utf8(run.unwrap().stderr).unwrap();
    assert!(!told.contains("interrupted") && is_left(), "{told}");
    assert!(at_work.wait().unwrap().success());
    assert_eq!(case.side(), case.new);
    case.reset();
    let kill = injection(&steps[last_write(&steps)], "signal=KILL");
    quiet(case.injected(&[no_locks.clone(), kill], &case.credsh()))
        .wait()
        .unwrap();
    assert!(is_left());
    let run = case.injected(&[no_locks], &next).output();
    let told = String::from_utf8(run.unwrap().stderr).unwrap();
    assert!(told.contains("is finished now"), "{told}");
    assert_eq!(case.side(), case.new);
}

/// The write fails, and from then on nothing can be opened: whether the old text is back nobody can see, so the next
/// start looks.
#[test]
fn a_disk_that_cannot_be_read_after_a_write_has_failed() {
    let config = "[registries.corp]\nindex = \"INDEX/corp\"\n";
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\" # mine\n");
    let files = [(CONFIG, config), (CREDENTIALS, credentials.as_str())];
    let case = Case::new(&files, &[], &["login", "corp", "--from", "env:NEW"]);
    case.reset();
    let calls = case.calls(&case.credsh());
    let steps: Vec<Step> = calls
        .iter()
        .filter(|(_, is_step)| *is_step)
        .map(|(call, _)| call.clone())
        .collect();
    let write = &steps[last_write(&steps)];
    let before = calls.iter().take_while(|(call, _)| call != write);
    let opened = before.filter(|((name, _), _)| name == "openat").count();
    let from_then_on = ("openat".to_owned(), format!("{}+", opened + 1));
    let injections = [
        injection(write, "error=EIO"),
        injection(&from_then_on, "error=EIO"),
    ];
    case.reset();
    let run = case.injected(&injections, &case.credsh()).output().unwrap();
    let told = says_one_thing(&run, "EIO");
    assert!(told.contains("`dmesg`"), "{told}");
    assert!(
        told.contains("the next start of credsh finishes the change"),
        "{told}"
    );
    assert_eq!(case.sandbox.read(CREDENTIALS), credentials);
    assert!(case.check("it can be read again"));
}

/// Another program puts its own file in the place of the tokens while credsh has the lock: before the write, and in the
/// middle of it.
#[test]
fn a_file_that_is_replaced_under_the_lock() {
    let config = "[registries.corp]\nindex = \"INDEX/corp\"\n";
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\" # mine\n");
    let files = [(CONFIG, config), (CREDENTIALS, credentials.as_str())];
    let case = Case::new(&files, &[], &["login", "corp", "--from", "env:NEW"]);
    case.reset();
    let steps = case.steps(&case.credsh());
    let write = last_write(&steps);
    let lock = places(&steps[..write], "flock");
    let theirs = "\n[registries.lab]\ntoken = \"sentinel-of-the-lab\"\n";
    for (step, rest) in [(*lock.last().unwrap(), Rest::Behind), (write, Rest::Before)] {
        let when = format!("{rest:?} {:?}", steps[step]);
        case.reset();
        let mut running = case.held_up((&steps[step], rest), &[]);
        case.sandbox
            .write("home/new", format!("{credentials}{theirs}"));
        let root = case.sandbox.root();
        std::fs::rename(root.join("home/new"), root.join(CREDENTIALS)).unwrap();
        assert!(running.wait().unwrap().success(), "{when}");
        let expected = format!("{}{theirs}", case.new[CREDENTIALS]);
        assert_eq!(case.sandbox.read(CREDENTIALS), expected, "{when}");
        assert!(!case.sandbox.exists("home/.credsh/journal"), "{when}");
    }
}

/// The folder of a project is deleted while a shell is open in it: it is not made again.
#[test]
fn a_project_that_is_deleted_while_the_shell_is_open() {
    let mut sandbox = Sandbox::new();
    let runner = sandbox.prompt();
    runner.run_line("begin").unwrap();
    runner.run_line("alias set --local a program").unwrap();
    runner.run_line("alias set b program").unwrap();
    std::fs::remove_dir(sandbox.work()).unwrap();
    let error = runner.run_line("commit").unwrap_err();
    assert!(error.to_string().contains("this folder is gone"), "{error}");
    assert!(!sandbox.work().exists() && !sandbox.exists("home/config.toml"));
    std::fs::create_dir(sandbox.work()).unwrap();
    runner.run_line("commit").unwrap();
    assert!(sandbox.exists("work/.cargo/config.toml") && sandbox.exists("home/config.toml"));
}

/// A home that may not be written to: what is named is the home, and no folder that is not there.
#[test]
fn a_home_that_may_not_be_written_to_is_named() {
    let [case, ..] = cases();
    case.reset();
    let steps = case.steps(&case.credsh());
    let folder = places(&steps, "mkdir")[0];
    case.reset();
    let run = case.inject(&steps[folder], "error=EACCES", &case.credsh());
    assert_eq!(run.status.code(), Some(1));
    let told = says_one_thing(&run, "EACCES");
    let named = format!("`ls -ld '{}'`", case.sandbox.home().display());
    assert!(told.contains(&named) && !told.contains("chown"), "{told}");
    assert_eq!(case.side(), case.old);
}

/// What root has left in a home says whose it is, and how to get it back.
#[test]
fn a_folder_that_belongs_to_somebody_else_names_the_cure() {
    let [case, ..] = cases();
    case.reset();
    let steps = case.steps(&case.credsh());
    let lock = places(&steps, "mkdir")[0];
    let open = places(&steps, "openat");
    let open = open.into_iter().find(|place| *place > lock).unwrap();
    case.reset();
    let run = case.inject(&steps[open], "error=EACCES", &case.credsh());
    assert_eq!(run.status.code(), Some(1));
    let told = says_one_thing(&run, "EACCES");
    let folder = case.sandbox.home().join(".credsh");
    let cure = format!("sudo chown -R \"$(id -un)\" '{}'", folder.display());
    assert!(told.contains(&cure), "{told}");
    assert_eq!(case.side(), case.old);
}

/// The last write fails, and the run is killed while it takes back what was written before: neither the old token nor
/// the new one is under an index that it is not for, and both files end on one side.
#[test]
fn what_is_taken_back_is_never_a_token_for_another_index() {
    let [.., case] = cases();
    case.reset();
    let steps = case.steps(&case.credsh());
    let fails = injection(&steps[last_write(&steps)], "error=EIO");
    let mut kills = 0;
    for name in [
        "rename",
        "renameat",
        "renameat2",
        "unlink",
        "ftruncate",
        "fsync",
        "fdatasync",
    ] {
        for count in 1..12 {
            case.reset();
            let kill = injection(&(name.to_owned(), count), "signal=KILL");
            let run = case
                .injected(&[fails.clone(), kill], &case.credsh())
                .output();
            if run.unwrap().status.signal().is_none() {
                break;
            }
            kills += 1;
            let when = format!("killed at {name} {count}");
            case.check_pairs(&when);
            case.check(&when);
        }
    }
    assert!(kills > 5, "{kills}");
}
