//! What the next start makes of a run that was killed, where it cannot know all that has happened since: no token goes
//! that may be the last one, nobody who is at work is taken for somebody who was killed, and what was begun and is
//! given up leaves nothing behind.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use crate::steps::{Case, NEW, OLD, after_moves, last_write, places, quiet};
use crate::vault::VAULT;

const CREDENTIALS: &str = "home/credentials.toml";
const CONFIG: &str = "home/config.toml";
const CORP: &str = "[registries.corp]\nindex = \"INDEX/corp\"\n";

fn moves(to: &'static str, from: &'static str) -> [&'static str; 7] {
    ["login", "corp", "--provider", to, "--from", from, "--move"]
}

/// The token has moved from one store to another, where it is the only one now, or is about to leave the old one; somebody
/// has set a third provider since.
#[test]
fn a_token_that_has_left_its_old_place_is_not_taken_from_the_new_one() {
    let config = format!("{CORP}credential-provider = \"{VAULT}\"\n");
    let args = moves("cargo-credential-vault2", "provider:cargo-credential-vault");
    let mut case = Case::new(&[(CONFIG, &config)], &[("corp", OLD)], &args);
    // When all is done but for the journal; and before the old place has forgotten it.
    for has_left in [true, false] {
        case.interrupt(|steps| {
            if has_left {
                *places(steps, "unlink").last().unwrap()
            } else {
                *after_moves(steps).last().unwrap()
            }
        });
        let index = case.cargo.registries.index("corp");
        assert_eq!(case.vault.token2(&index).as_deref(), Some(OLD));
        assert_eq!(case.vault.token(&index).is_none(), has_left);
        let third = case.sandbox.read(CONFIG).replace("vault2", "other");
        case.sandbox.write(CONFIG, &third);
        let run = case.sandbox.run(&["registry", "list"]);
        let is_back = run
            .stderr
            .contains("has forgotten the token of `corp` again");
        assert_eq!(is_back, !has_left, "{}", run.stderr);
        assert!(!run.stderr.contains("keeps"), "{}", run.stderr);
        assert_eq!(case.vault.token2(&index).is_some(), has_left);
        assert_eq!(case.vault.token(&index).is_some(), !has_left);
        assert_eq!(case.sandbox.read(CONFIG), third);
    }
}

/// The token has a new place, and in its old one there is another by now: nobody knows whether it was still there.
#[test]
fn a_token_that_others_have_replaced_is_not_taken_from_its_new_place() {
    let config = format!("{CORP}credential-provider = \"{VAULT}\"\n");
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\" # mine\n");
    let files = [
        (CONFIG, config.as_str()),
        (CREDENTIALS, credentials.as_str()),
    ];
    let mut case = Case::new(&files, &[], &moves(VAULT, "provider:cargo:token"));
    case.interrupt(last_write);
    let theirs = credentials.replace(OLD, "sentinel-theirs-0123456789");
    case.sandbox.write(CREDENTIALS, &theirs);
    let run = case.sandbox.run(&["registry", "list"]);
    assert!(
        run.stderr.contains("keeps the new token of `corp`"),
        "{}",
        run.stderr
    );
    let index = case.cargo.registries.index("corp");
    assert_eq!(case.vault.token(&index).as_deref(), Some(OLD));
    assert_eq!(case.sandbox.read(CREDENTIALS), theirs);
}

/// The system has stopped in the middle of the write that takes the token out of the file, and its new place has lost
/// it.
#[test]
fn a_torn_file_keeps_a_token_that_its_new_place_does_not_have() {
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\" # mine\n");
    let files = [(CONFIG, CORP), (CREDENTIALS, credentials.as_str())];
    let mut case = Case::new(&files, &[], &moves(VAULT, "provider:cargo:token"));
    case.interrupt(last_write);
    let mut new = case.new[CREDENTIALS].clone().into_bytes();
    new.resize(credentials.len(), b'\n');
    let half = credentials.len() / 2;
    let torn = [&new[..half], &credentials.as_bytes()[half..]].concat();
    assert!(!String::from_utf8_lossy(&torn).contains(OLD));
    case.sandbox.write(CREDENTIALS, torn);
    let index = case.cargo.registries.index("corp");
    std::fs::remove_file(case.vault.file(&index)).unwrap();
    let run = case.sandbox.run(&["registry", "list"]);
    assert!(
        run.stderr.contains("did not keep the new token"),
        "{}",
        run.stderr
    );
    assert_eq!(
        case.sandbox.read(CREDENTIALS),
        credentials,
        "{}",
        run.stderr
    );
}

/// A token that was to go from one name to another, which is not as it was to be any more, stays where it is.
#[test]
fn a_token_that_cannot_go_to_its_new_name_keeps_its_old_one() {
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\" # mine\n");
    let files = [(CONFIG, CORP), (CREDENTIALS, credentials.as_str())];
    let mut case = Case::new(&files, &[], &["registry", "rename", "corp", "corp2"]);
    for theirs in ["another index", "another token"] {
        case.interrupt(last_write);
        if theirs == "another index" {
            let config = case.sandbox.read(CONFIG);
            let index = case.cargo.registries.index("corp");
            case.sandbox.write(
                CONFIG,
                config.replace(&index, "sparse+https://third.example/"),
            );
        } else {
            let token = "[registries.corp2]\ntoken = \"sentinel-theirs-0123456789\"\n";
            case.sandbox
                .write(CREDENTIALS, format!("{credentials}{token}"));
        }
        let run = case.sandbox.ok(&["registry", "list"]);
        let left = case.sandbox.read(CREDENTIALS);
        assert!(left.contains(OLD), "{theirs}: {left}\n{}", run.stderr);
        assert!(
            run.stderr.contains("is left as it is"),
            "{theirs}: {}",
            run.stderr
        );
    }
}

/// What the folder says in which the next start happens to be is no change of anybody's.
#[test]
fn a_token_goes_to_its_new_name_wherever_that_is_finished() {
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\" # mine\n");
    let files = [(CONFIG, CORP), (CREDENTIALS, credentials.as_str())];
    let mut case = Case::new(&files, &[], &["registry", "rename", "corp", "corp2"]);
    case.interrupt(last_write);
    let project = "[registries.corp2]\nindex = \"sparse+https://other.example/\"\n";
    case.sandbox.write("elsewhere/.cargo/config.toml", project);
    case.sandbox.cd("elsewhere");
    let run = case.sandbox.ok(&["registry", "list"]);
    assert_eq!(case.side(), case.new, "{}", run.stderr);
}

/// A token that was asked for one index is not stored for another one, that somebody has set since.
#[test]
fn a_token_is_stored_for_no_other_index_than_it_was_asked_for() {
    let args = [
        "login",
        "corp",
        "--provider",
        "cargo:token",
        "--from",
        "env:NEW",
    ];
    let mut case = Case::new(&[(CONFIG, CORP)], &[], &args);
    for third in [false, true] {
        case.interrupt(|steps| after_moves(steps)[0]);
        if third {
            let third = "[registries.corp]\nindex = \"sparse+https://third.example/\"\n";
            case.sandbox.write(CONFIG, third);
        }
        let run = case.sandbox.ok(&["registry", "list"]);
        assert_eq!(case.sandbox.exists(CREDENTIALS), !third, "{}", run.stderr);
    }
}

/// A token that is too short to be known again: nobody knows whether it is stored, so what was to follow is named.
#[test]
fn what_is_not_done_after_a_login_that_nobody_knows_of_is_named() {
    let config = format!(
        "[registries]\ncorp.index = \"INDEX/corp\"\nlab.index = \"INDEX/lab\"\ncorp.credential-provider = \"{VAULT}\"\nlab.credential-provider = \"cargo-credential-vault2\"\n"
    );
    let args = [
        "-c",
        "login corp --from file:short",
        "-c",
        "alias set a b",
        "-c",
        "logout lab",
    ];
    let files = [(CONFIG, config.as_str()), ("work/short", "x1")];
    let mut case = Case::new(&files, &[("lab", OLD)], &args);
    let lab = case.cargo.registries.index("lab");
    let mut second = case.vault.file(&lab).into_os_string();
    second.push("2");
    case.reset();
    std::fs::write(&second, OLD).unwrap();
    case.keep();
    case.interrupt(|steps| *after_moves(steps).last().unwrap());
    let run = case.sandbox.ok(&["registry", "list"]);
    for told in [
        "was to keep a new token of `corp`, and nobody knows",
        "was to forget the token of `lab`, and nobody knows",
    ] {
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
    }
    assert!(!run.stderr.contains("did not keep"), "{}", run.stderr);
}

/// Somebody is at work, and takes longer than anybody who only looks would wait.
#[test]
fn what_somebody_else_is_changing_is_said_not_to_be_seen() {
    let case = Case::new(
        &[(CONFIG, CORP)],
        &[],
        &["registry", "set", "corp", "--make-default"],
    );
    case.interrupt(|steps| after_moves(steps)[0]);
    let lock = std::fs::File::open(case.sandbox.home().join(".credsh/lock")).unwrap();
    lock.lock().unwrap();
    let listed = |case: &Case| {
        let mut list = case.sandbox.process();
        list.args(["registry", "list"]).output().unwrap()
    };
    let told = listed(&case);
    let told = String::from_utf8_lossy(&told.stderr);
    assert!(told.contains("another credsh is changing this"), "{told}");
    lock.unlock().unwrap();
    let told = listed(&case);
    let told = String::from_utf8_lossy(&told.stderr);
    assert!(told.contains("is finished now"), "{told}");
}

/// Cargo has emptied the file and is about to write it: what is not there for a moment was not changed by anybody.
#[test]
fn cargo_at_work_is_waited_for() {
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\" # mine\n");
    let files = [(CONFIG, CORP), (CREDENTIALS, credentials.as_str())];
    let case = Case::new(&files, &[], &["login", "corp", "--from", "env:NEW"]);
    case.interrupt(last_write);
    let path = case.sandbox.root().join(CREDENTIALS);
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.lock().unwrap();
    file.set_len(0).unwrap();
    let mut next = case.sandbox.process();
    next.args(["registry", "list"]);
    let mut next = quiet(next);
    std::thread::sleep(Duration::from_millis(300));
    let theirs = "\n[registries.lab]\ntoken = \"sentinel-of-cargo\"\n";
    write!(file, "{credentials}{theirs}").unwrap();
    drop(file);
    assert!(next.wait().unwrap().success());
    let now = case.sandbox.read(CREDENTIALS);
    assert_eq!(now, format!("{}{theirs}", case.new[CREDENTIALS]));
}

/// With `--yes` a token is written over one that has come since the file was read: that one is what was there before.
#[test]
fn what_is_overwritten_with_yes_is_known_to_the_next_start() {
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\" # mine\n");
    let script = format!(
        "sed -i s/{OLD}/sentinel-theirs-0123456789/ \"$CARGO_HOME/credentials.toml\"\necho {NEW}\n"
    );
    let files = [
        (CONFIG, CORP),
        (CREDENTIALS, credentials.as_str()),
        ("work/source.sh", script.as_str()),
    ];
    let args = ["-y", "login", "corp", "--from", "command:sh source.sh"];
    let mut case = Case::new(&files, &[], &args);
    case.interrupt(last_write);
    let now = case.sandbox.read(CREDENTIALS);
    assert!(now.contains("theirs"), "{now}");
    case.sandbox
        .write(CREDENTIALS, format!("# another one\n{now}"));
    let run = case.sandbox.run(&["registry", "list"]);
    let expected = format!("# another one\n{}", case.new[CREDENTIALS]);
    assert_eq!(case.sandbox.read(CREDENTIALS), expected, "{}", run.stderr);
}

/// The process that seals a token was killed with the run: what it had begun to write goes, once nobody is at it.
#[test]
fn what_a_store_has_left_half_written_goes() {
    let args = [
        "-c",
        "login corp --provider credsh --store sealed --from env:NEW",
    ];
    let case = Case::new(&[(CONFIG, CORP)], &[], &args);
    case.interrupt(|steps| after_moves(steps)[0]);
    for name in ["identity.new", "sealed.age.new"] {
        case.sandbox.write(&format!("home/.credsh/{name}"), "half");
    }
    case.sandbox.write("home/.credsh/sealed.lock", "");
    assert!(!case.check("half of a file was written"));
}

/// A folder was made for the file of a project, and the login before it is not there any more.
#[test]
fn a_folder_that_was_made_goes_when_the_change_is_given_up() {
    let args = [
        "-c",
        "alias set --local vault some-program",
        "-c",
        "login corp --provider cargo-credential-vault --from env:NEW",
    ];
    let case = Case::new(&[(CONFIG, CORP)], &[], &args);
    case.interrupt(|steps| places(steps, "mkdir").last().unwrap() + 1);
    assert!(case.sandbox.exists("work/.cargo"));
    let index = case.cargo.registries.index("corp");
    std::fs::remove_file(case.vault.file(&index)).unwrap();
    assert!(!case.check("the login was lost"));
}

/// Whoever may write a journal says with it what credsh writes: one that others may write is not believed.
#[test]
fn a_journal_of_others_is_not_believed() {
    let mut case = Case::new(&[(CONFIG, CORP)], &[], &["alias", "set", "a", "b"]);
    case.interrupt(|steps| after_moves(steps)[0]);
    let before = case.side();
    let journal = case.sandbox.home().join(".credsh/journal");
    let mode = |mode| std::fs::set_permissions(&journal, PermissionsExt::from_mode(mode)).unwrap();
    let refuses = |case: &mut Case, what: &str| {
        let listed = case.sandbox.run(&["registry", "list"]);
        assert_eq!(listed.status, 0, "{listed:?}");
        let told = format!("the journal of an interrupted change {what}");
        assert!(listed.stderr.contains(&told), "{}", listed.stderr);
        assert!(listed.stderr.contains("remove this file"), "{listed:?}");
        let set = case.sandbox.run(&["alias", "set", "c", "d"]);
        assert_eq!(set.status, 1, "{set:?}");
        assert!(set.stderr.contains(&told), "{}", set.stderr);
        assert!(case.side() == before, "{what}");
    };
    for others in [0o620, 0o602] {
        mode(others);
        refuses(&mut case, "can be written by others");
    }
    mode(0o600);
    if rustix::process::getuid().is_root() {
        std::os::unix::fs::chown(&journal, Some(65_534), None).unwrap();
        refuses(&mut case, "belongs to somebody else");
        std::os::unix::fs::chown(&journal, Some(0), None).unwrap();
    }
    case.sandbox.ok(&["registry", "list"]);
    assert_eq!(case.side(), case.new);
}

/// What a journal says is beside a file is taken away, so it can be nothing but what credsh calls its own there.
#[test]
fn a_journal_names_nothing_else_that_goes() {
    let case = Case::new(&[(CONFIG, CORP)], &[], &["alias", "set", "a", "b"]);
    case.interrupt(|steps| after_moves(steps)[0]);
    let journal = "home/.credsh/journal";
    let text = case.sandbox.read(journal);
    let (start, rest) = text.split_once("\"temporary\":\"").unwrap();
    let (_, rest) = rest.split_once('"').unwrap();
    for victim in ["../work/victim", ".credsh-/../../work/victim", "victim", ""] {
        case.sandbox.write("work/victim", "mine");
        case.sandbox.write("home/victim", "mine");
        let text = format!("{start}\"temporary\":\"{victim}\"{rest}");
        std::fs::write(case.sandbox.root().join(journal), text).unwrap();
        let mut next = case.sandbox.process();
        let told = next.args(["registry", "list"]).output().unwrap();
        let told = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(told.contains("cannot be read"), "{victim}: {told}");
        for kept in ["work/victim", "home/victim"] {
            assert_eq!(case.sandbox.read(kept), "mine", "{victim}");
        }
    }
}

/// Somebody has emptied the credentials, or taken them away: only what was finished is called so.
#[test]
fn what_others_took_away_is_not_called_finished() {
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\"\n");
    let args = [
        "-c",
        "registry set corp --make-default",
        "-c",
        "login corp --from env:NEW",
    ];
    for is_deleted in [false, true] {
        let mut case = Case::new(&[(CONFIG, CORP), (CREDENTIALS, &credentials)], &[], &args);
        case.interrupt(last_write);
        if is_deleted {
            std::fs::remove_file(case.sandbox.root().join(CREDENTIALS)).unwrap();
        } else {
            case.sandbox.write(CREDENTIALS, "");
        }
        let run = case.sandbox.run(&["registry", "list"]);
        let told = run.stderr.lines();
        let finished = told.filter(|line| line.contains("only that is done"));
        let finished: Vec<&str> = finished.collect();
        assert_eq!(finished.len(), 1, "{}", run.stderr);
        assert!(finished[0].contains("config.toml"), "{}", run.stderr);
        assert!(!finished[0].contains("credentials"), "{}", run.stderr);
        assert!(run.stderr.contains("was changed by somebody else"));
        let now = std::fs::read_to_string(case.sandbox.root().join(CREDENTIALS));
        assert_eq!(now.unwrap_or_default(), "");
    }
}
