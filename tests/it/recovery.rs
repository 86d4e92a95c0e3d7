//! What the next start makes of a run that was killed in the middle of a commit, where more has happened since: what
//! somebody else did stays, what cannot be finished is said, and who only looks changes nothing.

use std::path::Path;
use std::time::Duration;

use crate::harness::Run;
use crate::steps::{Case, NEW, OLD, Step, after_moves, last_program, last_write, quiet};
use crate::vault::VAULT;

const CREDENTIALS: &str = "home/credentials.toml";
const CONFIG: &str = "home/config.toml";

/// A home with both files, and a change of both.
fn of_both_files() -> Case {
    let config = "# ours\n[registries.corp] # the company\nindex = \"INDEX/corp\"\n";
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\" # mine\n");
    Case::new(
        &[("home/config.toml", config), (CREDENTIALS, &credentials)],
        &[],
        &[
            "-c",
            "registry set corp --make-default",
            "-c",
            "login corp --from env:NEW",
        ],
    )
}

/// A token that goes from a store to the file.
fn of_a_move() -> Case {
    let config = format!(
        "[registries.corp]\nindex = \"INDEX/corp\"\n[registry]\nglobal-credential-providers = [\"{VAULT}\"]\n"
    );
    let args = [
        "login",
        "corp",
        "--provider",
        "cargo:token",
        "--from",
        "provider:cargo-credential-vault",
        "--move",
    ];
    Case::new(&[("home/config.toml", &config)], &[("corp", OLD)], &args)
}

impl Case {
    /// Leaves what a kill leaves before this step of all.
    pub fn interrupt(&self, step: impl Fn(&[Step]) -> usize) {
        self.reset();
        let steps = self.steps(&self.credsh());
        self.reset();
        assert!(self.is_killed_at(&steps[step(&steps)], &self.credsh()));
        assert!(self.sandbox.exists("home/.credsh/journal"));
    }

    /// When the first is in its place, and the second is about to be written.
    fn interrupt_between_the_files(&self) {
        self.interrupt(last_write);
        let side = self.side();
        assert_eq!(side[CONFIG], self.new[CONFIG]);
        assert_eq!(side.get(CREDENTIALS), self.old.get(CREDENTIALS));
    }

    fn next(&mut self, args: &[&str]) -> Run {
        self.sandbox.run(args)
    }
}

#[test]
fn the_next_start_says_what_it_has_finished() {
    let mut case = of_both_files();
    case.interrupt_between_the_files();
    let run = case.next(&["registry", "list"]);
    assert_eq!(run.status, 0);
    assert!(
        run.stderr.contains("an interrupted change is finished now")
            && run.stderr.contains(CONFIG)
            && run.stderr.contains(CREDENTIALS),
        "{}",
        run.stderr
    );
    assert_eq!(case.side(), case.new);
    let again = case.next(&["registry", "list"]);
    assert_eq!(again.stderr, "");
}

/// A plan, and an answer to Cargo, only warn.
#[test]
fn who_only_looks_finishes_nothing() {
    let mut case = of_both_files();
    case.interrupt_between_the_files();
    let before = case.side();
    for args in [
        &["registry", "set", "corp", "--no-default", "--dry-run"] as &[&str],
        &["registry", "set", "corp", "--no-default", "--check"],
        &["--dry-run", "-c", "login corp --from env:NEW"],
    ] {
        let run = case.next(args);
        assert!(
            run.stderr.contains("was interrupted"),
            "{args:?}: {}",
            run.stderr
        );
        assert!(case.side() == before, "{args:?}");
    }
    let asked = case
        .sandbox
        .process()
        .arg("--cargo-plugin")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&asked.stderr);
    assert!(told.contains("was interrupted"), "{told}");
    assert!(case.side() == before);
    case.next(&["status"]);
    assert_eq!(case.side(), case.new);
}

/// Somebody has made one file of both since then: that is said at once, and nothing waits for itself.
#[test]
fn a_configuration_that_is_the_file_of_the_tokens_by_now() {
    let mut case = of_both_files();
    case.interrupt_between_the_files();
    let [tokens, config] = [CREDENTIALS, CONFIG].map(|file| case.sandbox.root().join(file));
    std::fs::remove_file(&config).unwrap();
    std::fs::hard_link(&tokens, &config).unwrap();
    let run = case.next(&["registry", "list"]);
    assert!(
        run.stderr.contains("cannot be finished now") && run.stderr.contains("the same file as"),
        "{}",
        run.stderr
    );
    assert_eq!(case.sandbox.read(CREDENTIALS), case.old[CREDENTIALS]);
    std::fs::remove_file(&config).unwrap();
    case.sandbox.write(CONFIG, &case.new[CONFIG]);
    case.next(&["registry", "list"]);
    assert_eq!(case.side(), case.new);
}

/// A shell that was open when another run was killed finishes that before it writes.
#[test]
fn a_shell_that_is_open_finishes_it_first() {
    let mut case = of_both_files();
    case.reset();
    let runner = case.sandbox.prompt();
    runner.run_line("registry list").unwrap();
    case.interrupt_between_the_files();
    runner.run_line("alias set vault some-program").unwrap();
    let side = case.side();
    assert_eq!(side[CREDENTIALS], case.new[CREDENTIALS]);
    assert!(
        side[CONFIG].starts_with(&case.new[CONFIG]),
        "{}",
        side[CONFIG]
    );
    assert!(side[CONFIG].contains("some-program"), "{}", side[CONFIG]);
}

/// Cargo knows nothing of it and logs in: its token stays, and so does what it did not touch.
#[test]
fn what_others_wrote_since_stays() {
    // The same key; another one.
    for (name, corp) in [("corp", "sentinel-of-cargo"), ("lab", NEW)] {
        let mut case = of_both_files();
        case.interrupt_between_the_files();
        let index = case.cargo.registries.index("lab");
        case.sandbox
            .env("CARGO_REGISTRIES_LAB_INDEX", index.clone());
        let told = case
            .cargo
            .login(&case.sandbox, Some(name), "sentinel-of-cargo");
        assert!(told.success, "{told:?}");
        let run = case.next(&["registry", "list"]);
        let is_told = run.stderr.contains("was changed by somebody else");
        assert_eq!(is_told, name == "corp", "{}", run.stderr);
        let side = case.side();
        assert_eq!(side[CONFIG], case.new[CONFIG]);
        assert!(side[CREDENTIALS].contains(corp), "{name}: {run:?}");
        assert!(!case.sandbox.exists("home/.credsh/journal"));
        let asked = case.cargo.ask(&case.sandbox, Some("corp"));
        assert_eq!(asked.token.as_deref(), Some(corp));
    }
}

/// A file that no longer is TOML cannot be finished: that is said at each start, and nothing is written until it is
/// mended.
#[test]
fn a_file_that_cannot_be_read_waits() {
    let mut case = of_both_files();
    case.interrupt_between_the_files();
    let torn = "[registries.corp\n";
    case.sandbox.write(CREDENTIALS, torn);
    let run = case.next(&["alias", "set", "a", "b"]);
    assert_ne!(run.status, 0, "{run:?}");
    assert!(run.stderr.contains("cannot be finished"), "{}", run.stderr);
    assert!(case.sandbox.exists("home/.credsh/journal"));
    assert_eq!(case.sandbox.read(CREDENTIALS), torn);
    case.sandbox.write(CREDENTIALS, &case.old[CREDENTIALS]);
    case.next(&["registry", "list"]);
    assert_eq!(case.side(), case.new);
}

/// The token has been written and is to be forgotten in its old place; there, a newer one has come since.
#[test]
fn a_newer_token_in_a_store_is_not_forgotten() {
    let mut case = of_a_move();
    case.interrupt(|steps| *after_moves(steps).last().unwrap());
    let index = case.cargo.registries.index("corp");
    case.vault.put(&index, "sentinel-newer-0123456789");
    let run = case.next(&["registry", "list"]);
    assert_eq!(
        case.vault.token(&index).as_deref(),
        Some("sentinel-newer-0123456789")
    );
    assert!(run.stderr.contains("in its new place"), "{}", run.stderr);
    assert!(case.side()[CREDENTIALS].contains(OLD));
}

/// A journal that nobody can read stops what writes, and says where it is.
#[test]
fn a_journal_of_nobody() {
    let mut case = of_both_files();
    for text in ["", "{", "{\"schema\": 99}", "\u{0}\u{1}"] {
        case.reset();
        case.sandbox.write("home/.credsh/journal", text);
        let run = case.next(&["alias", "set", "a", "b"]);
        assert_eq!(run.status, 65, "{run:?}");
        assert!(run.stderr.contains(".credsh/journal"), "{}", run.stderr);
        let is_of_another = run.stderr.contains("hint: start that version");
        assert_eq!(is_of_another, text.contains("99"), "{}", run.stderr);
        assert_eq!(case.next(&["registry", "list"]).status, 0);
        std::fs::remove_file(Path::new(&case.sandbox.home()).join(".credsh/journal")).unwrap();
        assert_eq!(case.side(), case.old);
    }
}

/// A login that was not done, and a file that looks as if the change had been: the person has written the same by hand.
/// The token stays where it is, because its new place does not have it.
#[test]
fn no_token_goes_before_its_new_place_has_it() {
    let config = "[registries.corp]\nindex = \"INDEX/corp\"\n";
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\"\n");
    let args = [
        "login",
        "corp",
        "--provider",
        VAULT,
        "--from",
        "provider:cargo:token",
        "--move",
    ];
    let mut case = Case::new(&[(CONFIG, config), (CREDENTIALS, &credentials)], &[], &args);
    // Killed right after the journal, before the store is asked.
    case.interrupt(|steps| after_moves(steps)[0]);
    case.sandbox.write(CONFIG, &case.new[CONFIG]);
    let index = case.cargo.registries.index("corp");
    assert_eq!(case.vault.token(&index), None);
    let run = case.next(&["registry", "list"]);
    assert!(
        case.sandbox.read(CREDENTIALS).contains(OLD),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("is given up"), "{}", run.stderr);
}

/// A token is for the index that it was given for: where somebody has set another one since, it is not written.
#[test]
fn no_token_goes_to_an_index_that_has_changed() {
    let config = "[registries.corp]\nindex = \"sparse+https://old.example/\"\n";
    let args = [
        "-c",
        "registry set corp --index sparse+https://new.example/",
        "-c",
        "login corp --from env:NEW",
    ];
    // Nothing was written; the first of the two files was.
    for has_begun in [false, true] {
        let mut case = Case::new(&[(CONFIG, config)], &[], &args);
        case.interrupt(|steps| after_moves(steps)[usize::from(has_begun)]);
        let third = case.sandbox.read(CONFIG);
        let third = third.replace("old.example", "third.example");
        let third = third.replace("new.example", "third.example");
        case.sandbox.write(CONFIG, &third);
        let run = case.next(&["registry", "list"]);
        assert_eq!(case.sandbox.read(CONFIG), third, "{}", run.stderr);
        assert!(
            !case.sandbox.exists(CREDENTIALS),
            "{has_begun}: {}",
            run.stderr
        );
        assert!(!case.sandbox.exists("home/.credsh/journal"));
    }
}

/// A home that was copied or moved finishes its own files, and not those of the other.
#[test]
fn a_home_that_moved_is_finished_where_it_is() {
    let mut case = of_both_files();
    case.interrupt_between_the_files();
    let (home, moved) = (case.sandbox.home(), case.sandbox.root().join("moved"));
    std::fs::rename(&home, &moved).unwrap();
    let moved = moved.display().to_string();
    let run = case.next(&["--home", &moved, "registry", "list"]);
    assert!(!home.exists(), "{}", run.stderr);
    for (name, file) in [
        (CONFIG, "moved/config.toml"),
        (CREDENTIALS, "moved/credentials.toml"),
    ] {
        assert_eq!(case.sandbox.read(file), case.new[name], "{}", run.stderr);
    }
}

/// Two logins to a store, of which one was done: the one that is taken back is named.
#[test]
fn what_is_taken_back_is_said() {
    let config = format!(
        "[registries]\ncorp.index = \"INDEX/corp\"\nlab.index = \"INDEX/lab\"\n[registry]\nglobal-credential-providers = [\"{VAULT}\"]\n"
    );
    let args = [
        "-c",
        "login corp --from env:NEW",
        "-c",
        "login lab --from env:OLD",
    ];
    // Without a token before, and with one.
    for before in [None, Some("sentinel-before-0123456789")] {
        let kept: Vec<(&str, &str)> = before.map(|token| ("corp", token)).into_iter().collect();
        let mut case = Case::new(&[(CONFIG, &config)], &kept, &args);
        let corp = case.cargo.registries.index("corp");
        // The second login, after both were asked what they hold.
        case.interrupt(last_program);
        assert_eq!(case.vault.token(&corp).as_deref(), Some(NEW));
        let run = case.next(&["registry", "list"]);
        let (said, kept) = match before {
            None => ("has forgotten the token of `corp` again", None),
            Some(_) => ("keeps the new token of `corp`", Some(NEW)),
        };
        assert!(run.stderr.contains(said), "{}", run.stderr);
        assert_eq!(case.vault.token(&corp).as_deref(), kept, "{}", run.stderr);
    }
}

/// credsh's own token is struck from the ledger, and its store wants a key that the next start does not have: what is
/// left to do waits, over other changes, until it can be done.
#[test]
fn what_a_sealed_store_has_to_forget_waits_for_its_key() {
    let config = "[registries.corp]\nindex = \"INDEX/corp\"\n";
    let mut case = Case::new(&[(CONFIG, config)], &[], &["registry", "list"]);
    let login = [
        "login",
        "corp",
        "--provider",
        "credsh",
        "--store",
        "sealed",
        "--from",
        "env:NEW",
    ];
    case.sandbox.ok(&login);
    case.keep();
    case.args = vec!["logout", "corp"];
    case.interrupt(|steps| *after_moves(steps).last().unwrap());
    let key = case.sandbox.home().join(".credsh/identity");
    let elsewhere = case.sandbox.root().join("identity");
    std::fs::rename(&key, &elsewhere).unwrap();
    for args in [
        &["registry", "list"] as &[&str],
        &["alias", "set", "a", "b"],
    ] {
        let run = case.next(args);
        assert_eq!(run.status, 0, "{run:?}");
        assert!(run.stderr.contains("tries again"), "{}", run.stderr);
        assert!(case.sandbox.exists("home/.credsh/journal"));
    }
    std::fs::rename(&elsewhere, &key).unwrap();
    let run = case.next(&["registry", "list"]);
    assert!(
        !case.sandbox.exists("home/.credsh/journal"),
        "{}",
        run.stderr
    );
    assert!(
        case.sandbox.read(CONFIG).contains("a = \"b\""),
        "{}",
        case.sandbox.read(CONFIG)
    );
    // Stored again, it would be unchanged if it were still there.
    let again = case.sandbox.ok(&login);
    assert!(!again.stdout.contains("unchanged"), "{}", again.stdout);
}

/// How long a process has been at work, in hundredths of a second.
fn ticks_of(process: &str) -> u32 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let behind_the_name = stat.rsplit(") ").next().unwrap_or_default();
    let used = behind_the_name.split(' ').nth(11);
    used.and_then(|ticks| ticks.parse().ok())
        .unwrap_or_default()
}

#[test]
fn nothing_is_sealed_after_the_run_was_killed() {
    let config = "[registries.corp]\nindex = \"INDEX/corp\"\n";
    let mut case = Case::new(&[(CONFIG, config)], &[], &["registry", "list"]);
    case.sandbox.env("CREDSH_PASSPHRASE", "a horse");
    case.args = vec![
        "login",
        "corp",
        "--provider",
        "credsh",
        "--store",
        "sealed",
        "--from",
        "env:NEW",
    ];
    let mut run = quiet(case.credsh());
    let id = run.id().to_string();
    // While the key is derived, which takes many times as long.
    let mut begun = None;
    while begun.is_none_or(|begun| ticks_of(&id) < begun + 5) {
        if begun.is_none() && case.sandbox.exists("home/.credsh/journal") {
            begun = Some(ticks_of(&id));
        }
        let ended = run.try_wait().unwrap();
        assert_eq!(ended, None, "it is done before it could be killed");
        std::thread::sleep(Duration::from_millis(1));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let run = case.next(&["registry", "list"]);
    assert!(
        !case.sandbox.exists("home/.credsh/sealed.age"),
        "{}",
        run.stderr
    );
}
