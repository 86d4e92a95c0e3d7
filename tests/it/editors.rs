//! What an editor does to a file while credsh is writing: it puts a whole new one in the place of the old one, or writes
//! into that, and knows no lock. Its change stays, and ours is added; or ours is refused, and its change stays.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::Sandbox;
use crate::steps::{Case, NEW, OLD, Rest, Step, exchanges, injection, last_write, places};

const CONFIG: &str = "home/config.toml";
const CREDENTIALS: &str = "home/credentials.toml";

const OURS: &str = "# ours\n[registries.corp] # the company\nindex = \"INDEX/corp\"\n";

/// What the editor adds.
const THEIRS: &str = "\n[net]\nretry = 7 # by the editor\n";

fn case() -> Case {
    let args = ["registry", "set", "corp", "--make-default"];
    Case::new(&[(CONFIG, OURS)], &[], &args)
}

/// Where among the steps the configuration file changes places with the one beside it, which has its name by then.
fn config_rename(steps: &[Step]) -> usize {
    exchanges(steps)[0]
}

fn steps(case: &Case) -> Vec<Step> {
    case.reset();
    let steps = case.steps(&case.credsh());
    case.reset();
    steps
}

fn wait_until(mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "it never comes so far");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The editor saves this in the place of the configuration file.
fn save(case: &Case, text: &str) {
    case.sandbox.write("home/config.toml~", text);
    let home = case.sandbox.home();
    std::fs::rename(home.join("config.toml~"), home.join("config.toml")).unwrap();
}

/// What is beside the file that ought not to be.
fn left(case: &Case) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(case.sandbox.home()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let known = ["config.toml", ".credsh", "credentials.toml"];
    paths
        .filter(|path| !known.iter().any(|name| path.ends_with(name)))
        .collect()
}

#[track_caller]
fn has_both(case: &Case, when: &str) {
    let text = case.sandbox.read(CONFIG);
    assert!(text.contains(THEIRS), "{when}: theirs is lost:\n{text}");
    assert!(
        text.contains("default = \"corp\""),
        "{when}: ours is lost:\n{text}"
    );
    assert!(!case.sandbox.exists("home/.credsh/journal"), "{when}");
    assert!(left(case).is_empty(), "{when}: {:?}", left(case));
}

/// At every step from the opening of the file to its replacement; and where the system cannot exchange two files.
#[test]
fn a_file_that_an_editor_saves_while_it_is_replaced() {
    let case = case();
    let steps = steps(&case);
    let rename = config_rename(&steps);
    let opens = places(&steps[..rename], "openat");
    let fsync = *places(&steps[..rename], "fsync").last().unwrap();
    let theirs = format!("{}{THEIRS}", case.old[CONFIG]);
    let cannot = injection(&("renameat2".to_owned(), "1+"), "error=ENOSYS");
    for (step, rest, injections) in [
        (opens[opens.len() - 2], Rest::Behind, &[][..]),
        (fsync, Rest::Before, &[]),
        (rename, Rest::Before, &[]),
        (fsync, Rest::Before, &[cannot]),
    ] {
        let when = format!("{rest:?} {:?} {injections:?}", steps[step]);
        case.reset();
        let mut running = case.held_up((&steps[step], rest), injections);
        save(&case, &theirs);
        assert!(running.wait().unwrap().success(), "{when}");
        has_both(&case, &when);
    }
}

/// What the editor has written into the same key is not overwritten.
#[test]
fn a_key_that_an_editor_changes_while_the_file_is_replaced() {
    let case = case();
    let steps = steps(&case);
    let theirs = format!("{}\n[registry]\ndefault = \"lab\"\n", case.old[CONFIG]);
    let rename = &steps[config_rename(&steps)];
    let mut running = case.held_up((rename, Rest::Before), &[]);
    save(&case, &theirs);
    assert_eq!(running.wait().unwrap().code(), Some(1));
    assert_eq!(case.sandbox.read(CONFIG), theirs);
    assert!(!case.sandbox.exists("home/.credsh/journal"));
    assert!(left(&case).is_empty(), "{:?}", left(&case));
}

/// Killed while its text stands in the place of the editor's: the next start puts that back and goes on from there.
#[test]
fn a_kill_before_what_an_editor_saved_is_put_back() {
    let case = case();
    let steps = steps(&case);
    let rename = &steps[config_rename(&steps)];
    let theirs = format!("{}{THEIRS}", case.old[CONFIG]);
    let fsync = places(&steps[..config_rename(&steps)], "fsync");
    let fsync = &steps[*fsync.last().unwrap()];
    let kill = injection(&(rename.0.clone(), rename.1 + 1), "signal=KILL");
    let mut running = case.held_up((fsync, Rest::Before), &[kill]);
    save(&case, &theirs);
    assert!(!running.wait().unwrap().success());
    assert!(case.sandbox.exists("home/.credsh/journal"));
    let next = case.sandbox.process().args(["registry", "list"]).output();
    assert!(next.unwrap().status.success());
    has_both(&case, "the next start");
}

/// One that has had the old file open all the time, and saves into that once it is replaced: that is said and kept, and
/// the next start puts it back and goes on from there.
#[test]
fn an_editor_that_saves_into_the_file_that_was_replaced() {
    let case = case();
    let steps = steps(&case);
    let rename = config_rename(&steps);
    let fsync = rename + places(&steps[rename..], "fsync")[0];
    let theirs = format!("{}{THEIRS}", case.old[CONFIG]);
    let open = std::fs::OpenOptions::new()
        .write(true)
        .open(case.sandbox.root().join(CONFIG));
    let mut open = open.unwrap();
    let rest = injection(&steps[fsync], "delay_enter=3000000");
    let mut command = case.injected(&[rest], &case.credsh());
    let running = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until(|| case.sandbox.read(CONFIG) != case.old[CONFIG]);
    std::thread::sleep(Duration::from_millis(200));
    open.write_all(theirs.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let [kept] = &left(&case)[..] else {
        panic!("{:?}", left(&case));
    };
    assert!(told.contains(kept.to_str().unwrap()), "{told}");
    assert_eq!(std::fs::read_to_string(kept).unwrap(), theirs);
    let copied = case.copied();
    let next = case.sandbox.process().args(["registry", "list"]).output();
    assert!(next.unwrap().status.success());
    has_both(&case, "the next start");
    // Where somebody has written the file once more, both texts stay, and that is said.
    case.put_back(&copied);
    let later = format!("{}# later\n", case.sandbox.read(CONFIG));
    case.sandbox.write(CONFIG, &later);
    let next = case.sandbox.process().args(["registry", "list"]).output();
    let told = String::from_utf8(next.unwrap().stderr).unwrap();
    assert!(told.contains(kept.to_str().unwrap()), "{told}");
    assert_eq!(std::fs::read_to_string(kept).unwrap(), theirs);
    assert_eq!(case.sandbox.read(CONFIG), later);
}

/// A file with several names is written in place: into the one that the path leads to.
#[test]
fn a_file_of_several_names_that_an_editor_saves_while_it_is_written() {
    let case = case();
    let link = || {
        case.reset();
        let root = case.sandbox.root();
        std::fs::hard_link(root.join(CONFIG), root.join("work/other.toml")).unwrap();
    };
    link();
    let steps = case.steps(&case.credsh());
    let write = last_write(&steps);
    let theirs = format!("{}{THEIRS}", case.old[CONFIG]);
    for rest in [Rest::Before, Rest::Behind] {
        let when = format!("{rest:?}");
        link();
        let mut running = case.held_up((&steps[write], rest), &[]);
        save(&case, &theirs);
        assert!(running.wait().unwrap().success(), "{when}");
        has_both(&case, &when);
    }
}

/// The credentials of a home with three registries.
fn tokens(corp: &str, lab: &str, other: &str) -> String {
    let table = |(name, token)| format!("[registries.{name}]\ntoken = \"{token}\"\n");
    [("corp", corp), ("lab", lab), ("other", other)]
        .map(table)
        .concat()
}

/// One that edits the credentials in place, without a lock, while the configuration is being written: be the text as
/// long as it was or not.
#[test]
fn credentials_that_an_editor_saves_while_other_files_are_written() {
    let args = [
        "-c",
        "registry set corp --make-default",
        "-c",
        "logout corp",
    ];
    let ours = tokens(OLD, OLD, OLD);
    let case = Case::new(&[(CONFIG, OURS), (CREDENTIALS, &ours)], &[], &args);
    let steps = steps(&case);
    let exchanged = &steps[exchanges(&steps)[0]];
    for token in [NEW, &NEW[..10]] {
        case.reset();
        let mut running = case.held_up((exchanged, Rest::Behind), &[]);
        case.sandbox.write(CREDENTIALS, tokens(OLD, OLD, token));
        assert!(running.wait().unwrap().success(), "{token}");
        let text = case.sandbox.read(CREDENTIALS);
        let tokens: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
        assert_eq!(tokens, [OLD, token], "{text}");
        assert!(!case.sandbox.exists("home/.credsh/journal"), "{token}");
    }
}

/// Cargo locks what it keeps tokens in, and only that: a configuration that is the same file is refused before anything is
/// written, be it by a link of either kind.
#[test]
fn a_configuration_that_is_the_file_of_the_tokens() {
    let add = "registry add new sparse+https://new.example/";
    let login = "login new --from env:T --provider cargo:token";
    for is_symbolic in [true, false] {
        for lines in [&["-c", add, "-c", login] as &[&str], &["-c", add]] {
            let mut sandbox = Sandbox::new();
            sandbox.env("T", NEW).write(CREDENTIALS, "# ours\n");
            let [from, to] = [CREDENTIALS, CONFIG].map(|file| sandbox.root().join(file));
            if is_symbolic {
                std::os::unix::fs::symlink(from, to).unwrap();
            } else {
                std::fs::hard_link(from, to).unwrap();
            }
            let refused = sandbox.fails(1, lines);
            let told = "this is the same file as";
            assert!(refused.stderr.contains(told), "{}", refused.stderr);
            assert_eq!(sandbox.read(CREDENTIALS), "# ours\n");
            assert!(!sandbox.exists("home/.credsh/journal"));
        }
    }
}

/// Two names of one file in one transaction are one file: it does not wait for itself, and both edits are there.
#[test]
fn two_names_of_one_file_in_one_transaction() {
    let mut sandbox = Sandbox::new();
    sandbox.write(CONFIG, "# ours\n").write("work/.cargo/a", "");
    let root = sandbox.root();
    std::fs::hard_link(root.join(CONFIG), root.join("work/.cargo/config.toml")).unwrap();
    sandbox.ok(&["-c", "alias set a p", "-c", "alias set --local b q"]);
    let text = sandbox.read(CONFIG);
    assert!(
        text.contains("a = \"p\"") && text.contains("b = \"q\""),
        "{text}"
    );
    assert_eq!(text, sandbox.read("work/.cargo/config.toml"));
    assert!(!sandbox.exists("home/.credsh/journal"));
}

/// A disk with any number of free pages: all is written, or nothing is, without a next start.
#[test]
fn a_disk_that_becomes_full_in_the_middle_of_a_commit() {
    let sandbox = Sandbox::new();
    let script = r#"
        set -e
        mount -t tmpfs -o size=128k none "$CARGO_HOME"
        cd "$CARGO_HOME"
        for free in $(seq 0 24); do
            rm -rf .credsh rest config.toml credentials.toml
            printf '[registries.corp]\nindex = "sparse+https://corp.example/"\n' >config.toml
            head -c 9000 /dev/zero | tr '\0' '#' >>config.toml
            printf '[registries.corp]\ntoken = "sentinel-old"\n' >credentials.toml
            cp config.toml credentials.toml "$HOME"
            pages=$(stat -f -c %f .)
            head -c $(((pages - free) * 4096)) /dev/zero >rest
            status=0
            "$0" -c 'registry set corp --make-default' -c 'login corp --from env:T' >"$HOME/told" 2>&1 || status=$?
            sides=
            cmp -s config.toml "$HOME/config.toml" && sides=old || sides=new
            cmp -s credentials.toml "$HOME/credentials.toml" && sides=$sides-old || sides=$sides-new
            echo "$free: status $status $sides $(ls -A . .credsh | grep -e journal -e credsh- || true)"
        done
    "#;
    let run = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script])
        .arg(env!("CARGO_BIN_EXE_credsh"))
        .env_clear()
        .envs(sandbox.variables())
        .env("T", format!("sentinel-new-{}", "0123456789".repeat(500)))
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .current_dir(sandbox.directory())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{run:?}");
    let (mut old, mut new) = (0, 0);
    for line in told.lines() {
        let (_, what) = line.split_once(": ").unwrap();
        match what.trim_end() {
            "status 1 old-old" => old += 1,
            "status 0 new-new" => new += 1,
            _ => panic!("{line}\n{told}"),
        }
    }
    assert!(old > 3 && new > 3 && old + new == 25, "{told}");
}
