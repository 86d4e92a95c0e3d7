//! What else belongs to a registry that somebody changes between a kill and the next start: its tokens in stores, those that
//! are in no file, what is made the default, and what is said of all that.

use crate::recovery_others::{
    CONFIG, CREDENTIALS, JOURNAL, SWAP, behind_the_journal, of_commented,
};
use crate::recovery_registries::{behind_the_first_file, first_exchange};
use crate::steps::{Case, NEW, OLD, last_write, places};
use crate::vault::VAULT;

/// What a start says, and whether it leaves the journal.
fn start(case: &Case) -> (String, bool) {
    let mut next = case.sandbox.process();
    let run = next.args(["registry", "list"]).output().unwrap();
    let told = String::from_utf8(run.stderr).unwrap();
    (told, case.sandbox.exists(JOURNAL))
}

/// The registry stays, and so does what a store has for it.
#[test]
fn a_registry_that_is_not_removed_keeps_the_token_in_a_store() {
    let config =
        format!("[registries.corp]\nindex = \"INDEX/corp\"\ncredential-provider = \"{VAULT}\"\n");
    let args = [
        "-c",
        "registry add proj sparse+https://proj.example/ --local",
        "-c",
        "registry remove corp",
    ];
    let mut case = Case::new(&[(CONFIG, &config)], &[("corp", OLD)], &args);
    case.interrupt(behind_the_first_file);
    let now = case
        .sandbox
        .read(CONFIG)
        .replace(&format!("\"{VAULT}\""), &format!("[\"{VAULT}\"]"));
    case.sandbox.write(CONFIG, &now);
    case.finish();
    assert_eq!(case.sandbox.read(CONFIG), now);
    let index = case.cargo.registries.index("corp");
    assert_eq!(
        case.vault.token(&index).as_deref(),
        Some(OLD),
        "the registry stays, and its token is gone"
    );
}

/// The provider stays, so its token does not move.
#[test]
fn a_token_does_not_leave_a_provider_that_stays() {
    let config =
        format!("[registries.corp]\nindex = \"INDEX/corp\"\ncredential-provider = \"{VAULT}\"\n");
    let args = [
        "-c",
        "registry add proj sparse+https://proj.example/ --local",
        "-c",
        "login corp --provider cargo-credential-vault2 --from provider:cargo-credential-vault --move",
    ];
    let mut case = Case::new(&[(CONFIG, &config)], &[("corp", OLD)], &args);
    case.interrupt(behind_the_first_file);
    let now = case
        .sandbox
        .read(CONFIG)
        .replace(&format!("\"{VAULT}\""), &format!("[\"{VAULT}\"]"));
    case.sandbox.write(CONFIG, &now);
    case.finish();
    let index = case.cargo.registries.index("corp");
    assert_eq!(case.sandbox.read(CONFIG), now);
    assert_eq!(
        case.vault.token(&index).as_deref(),
        Some(OLD),
        "provider stays, token went"
    );
}

/// The new name is taken: index and token stay together.
#[test]
fn a_token_in_a_store_stays_with_an_index_that_stays() {
    let config =
        format!("[registries.corp]\nindex = \"INDEX/corp\"\ncredential-provider = \"{VAULT}\"\n");
    let args = [
        "-c",
        "registry add proj sparse+https://proj.example/ --local",
        "-c",
        "registry set corp --index sparse+https://new.example/ --move-token",
        "-c",
        "registry rename corp work",
    ];
    let mut case = Case::new(&[(CONFIG, &config)], &[("corp", OLD)], &args);
    case.interrupt(behind_the_first_file);
    let theirs = "\n[registries.work]\nindex = \"sparse+https://theirs.example/\"\n";
    case.add(CONFIG, theirs);
    case.finish();
    let index = case.cargo.registries.index("corp");
    assert!(case.sandbox.read(CONFIG).contains(&index));
    assert_eq!(
        case.vault.token(&index).as_deref(),
        Some(OLD),
        "index stays, token went"
    );
}

/// What waits for a login to go names no token.
#[test]
fn no_hint_shows_a_token() {
    let case = of_commented(&[
        "-c",
        "registry remove lab",
        "-c",
        "registry rename corp lab",
        "-c",
        "login crates-io --provider cargo:token --from env:OLD",
    ]);
    case.interrupt(first_exchange);
    case.sandbox
        .write(CREDENTIALS, "[registry]\ntoken = \"sentinel-theirs\"\n");
    let (told, _) = start(&case);
    assert!(!told.contains("sentinel"), "{told}");
}

/// One registry waits, another one was changed.
#[test]
fn a_hint_is_about_the_registry_that_was_changed() {
    let config = "[registries.corp]\nindex = \"INDEX/corp\"\n\n[registries.lab]\nindex = \"INDEX/lab\"\n\n[registries.third]\nindex = \"sparse+https://third.example/\"\n";
    let credentials =
        format!("[registries.corp]\ntoken = \"{OLD}\"\n\n[registries.lab]\ntoken = \"{NEW}\"\n");
    let args = [
        "-c",
        "registry remove lab",
        "-c",
        "registry rename corp lab",
        "-c",
        "login third --provider cargo:token --from env:OLD",
    ];
    let case = Case::new(&[(CONFIG, config), (CREDENTIALS, &credentials)], &[], &args);
    case.interrupt(behind_the_journal);
    let run = case.cargo.logout(&case.sandbox, Some("corp"));
    assert!(run.success);
    let now = case
        .sandbox
        .read(CONFIG)
        .replace("third.example", "changed.example");
    case.sandbox.write(CONFIG, now);
    let (told, _) = start(&case);
    assert!(
        !(told.contains("registries.third.index") && told.contains("127.0.0.1")),
        "{told}"
    );
}

/// A login elsewhere is not proved, and what only changes its name does not wait for that.
#[test]
fn a_login_that_died_with_its_run_stops_no_swap() {
    let config = format!(
        "[registries.corp]\nindex = \"INDEX/corp\"\n\n[registries.lab]\nindex = \"INDEX/lab\"\n\n[registries.proj]\nindex = \"sparse+https://proj.example/\"\ncredential-provider = \"{VAULT}\"\n"
    );
    let credentials = format!(
        "[registries.corp]\ntoken = \"{OLD}\"\n\n[registries.lab]\ntoken = \"sentinel-lab\"\n"
    );
    let args = [
        "-c",
        "registry rename corp tmp",
        "-c",
        "registry rename lab corp",
        "-c",
        "registry rename tmp lab",
        "-c",
        "login proj --from env:NEW",
    ];
    let case = Case::new(
        &[(CONFIG, &config), (CREDENTIALS, &credentials)],
        &[],
        &args,
    );
    case.interrupt(behind_the_journal);
    let run = case.cargo.logout(&case.sandbox, Some("corp"));
    assert!(run.success, "{run:?}");
    let (told, left) = start(&case);
    assert!(!left, "{told}");
}

/// Somebody logs in to a registry that is to be renamed, or to go.
#[test]
fn a_registry_without_a_token_that_got_one_stays() {
    for args in [
        &["registry", "rename", "corp", "work"][..],
        &["registry", "remove", "corp"],
    ] {
        let config =
            "[registries.corp]\nindex = \"INDEX/corp\"\ncredential-provider = \"cargo:token\"\n";
        let mut case = Case::new(&[(CONFIG, config)], &[], args);
        case.interrupt(behind_the_journal);
        let run = case
            .cargo
            .login(&case.sandbox, Some("corp"), "sentinel-theirs");
        assert!(run.success, "{run:?}");
        let told = case.finish();
        assert!(
            case.sandbox.read(CONFIG).contains("registries.corp"),
            "{args:?}: token of nobody: {told}"
        );
    }
}

/// Nor does it stay under both names.
#[test]
fn a_token_is_under_one_name_whatever_became_of_a_login() {
    let config = format!(
        "[registries.corp]\nindex = \"INDEX/corp\"\n\n[registries.lab]\nindex = \"INDEX/lab\"\ncredential-provider = \"{VAULT}\"\n"
    );
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\"\n");
    let args = [
        "-c",
        "login lab --from env:NEW",
        "-c",
        "registry rename corp work",
    ];
    let mut case = Case::new(
        &[(CONFIG, &config), (CREDENTIALS, &credentials)],
        &[],
        &args,
    );
    case.interrupt(last_write);
    std::fs::remove_file(case.vault.file(&case.cargo.registries.index("lab"))).unwrap();
    let told = case.finish();
    let tokens = case.sandbox.read(CREDENTIALS);
    assert_eq!(tokens.matches(OLD).count(), 1, "{told}");
}

/// Somebody adds a provider.
#[test]
fn a_registry_that_got_a_provider_is_not_removed_in_part() {
    let config = "[registries.corp]\nindex = \"INDEX/corp\"\n";
    let mut case = Case::new(&[(CONFIG, config)], &[], &["registry", "remove", "corp"]);
    case.interrupt(behind_the_journal);
    case.add(CONFIG, "credential-provider = \"cargo:token\"\n");
    let told = case.finish();
    let config = case.sandbox.read(CONFIG);
    assert!(
        config.contains("index") || !config.contains("credential-provider"),
        "{config}\n{told}"
    );
}

/// Somebody removes the registry.
#[test]
fn nothing_comes_to_a_registry_that_is_gone() {
    let config = "[registries.corp]\nindex = \"INDEX/corp\"\n";
    let mut case = Case::new(
        &[(CONFIG, config)],
        &[],
        &[
            "login",
            "corp",
            "--provider",
            "cargo:token",
            "--from",
            "env:NEW",
        ],
    );
    case.interrupt(behind_the_journal);
    case.sandbox.write(CONFIG, "");
    let told = case.finish();
    let config = case.sandbox.read(CONFIG);
    assert!(
        config.contains("index") || !config.contains("credential-provider"),
        "{config}\n{told}"
    );
}

/// An editor saves while a provider is asked.
#[test]
fn an_index_that_changes_while_a_provider_is_asked_is_seen() {
    let config = format!(
        "[registries.corp]\nindex = \"INDEX/corp\"\ncredential-provider = \"cargo:token\"\n\n[registries.lab]\nindex = \"INDEX/lab\"\ncredential-provider = \"{VAULT}\"\n"
    );
    let args = [
        "-c",
        "login lab --from env:OLD",
        "-c",
        "login corp --from env:NEW",
    ];
    let mut case = Case::new(&[(CONFIG, &config)], &[], &args);
    case.interrupt(last_write);
    // the vault takes its time; an editor saves meanwhile
    let program = case.vault.folder().join("bin").join(VAULT);
    let text = std::fs::read_to_string(&program).unwrap();
    let index = case.cargo.registries.index("corp");
    let file = case.sandbox.root().join(CONFIG);
    let edit = format!(
        "#!/bin/sh\nsed -i 's|{index}|sparse+https://evil.example/|' '{}'\n",
        file.display()
    );
    std::fs::write(&program, text.replacen("#!/bin/sh\n", &edit, 1)).unwrap();
    let told = case.finish();
    assert!(case.sandbox.read(CONFIG).contains("evil"));
    assert!(
        !case.sandbox.exists(CREDENTIALS) || !case.sandbox.read(CREDENTIALS).contains(NEW),
        "{told}"
    );
}

/// The index stood in an included file, and stands in the one that includes it now.
#[test]
fn an_index_in_a_file_that_counts_more_is_seen() {
    let args = [
        "login",
        "corp",
        "--from",
        "env:NEW",
        "--provider",
        "cargo:token",
    ];
    let files = [
        (CONFIG, "include = [\"more.toml\"]\n"),
        (
            "home/more.toml",
            "[registries.corp]\nindex = \"INDEX/corp\"\n",
        ),
    ];
    let mut case = Case::new(&files, &[], &args);
    case.interrupt(behind_the_journal);
    case.add(
        CONFIG,
        "\n[registries.corp]\nindex = \"sparse+https://evil.example/\"\n",
    );
    let told = case.finish();
    assert!(
        !case.sandbox.exists(CREDENTIALS) || !case.sandbox.read(CREDENTIALS).contains(NEW),
        "{told}"
    );
}

/// There is a file of the older name now, which Cargo reads instead.
#[test]
fn an_index_in_a_file_that_cargo_reads_instead_is_seen() {
    let args = ["login", "corp", "--from", "env:NEW"];
    let mut case = Case::new(
        &[(
            CONFIG,
            "[registry]\nglobal-credential-providers = [\"cargo:token\"]\n[registries.corp]\nindex = \"INDEX/corp\"\n",
        )],
        &[],
        &args,
    );
    case.interrupt(behind_the_journal);
    let lab = case.cargo.registries.index("lab");
    case.sandbox.write("home/config", format!("[registry]\nglobal-credential-providers = [\"cargo:token\"]\n[registries.corp]\nindex = \"{lab}\"\n"));
    let told = case.finish();
    assert!(
        !case.sandbox.exists(CREDENTIALS) || !case.sandbox.read(CREDENTIALS).contains(NEW),
        "{told}"
    );
}

/// Somebody has renamed the registry by hand.
#[test]
fn no_token_comes_to_a_name_without_an_index() {
    let config =
        "[registries.corp]\nindex = \"INDEX/corp\"\ncredential-provider = \"cargo:token\"\n";
    let args = [
        "login",
        "corp",
        "--from",
        "provider:cargo-credential-vault",
        "--move",
    ];
    let mut case = Case::new(&[(CONFIG, config)], &[("corp", OLD)], &args);
    case.interrupt(behind_the_journal);
    let now = case
        .sandbox
        .read(CONFIG)
        .replace("registries.corp", "registries.firm");
    case.sandbox.write(CONFIG, &now);
    let told = case.finish();
    let index = case.cargo.registries.index("corp");
    assert_eq!(case.vault.token(&index).as_deref(), Some(OLD), "{told}");
}

/// Somebody makes the default what it was, in a file of which all is written.
#[test]
fn a_word_that_is_as_it_was_is_no_half_written_file() {
    let config = "[registry]\ndefault = \"corp\"\n\n[registries.corp]\nindex = \"INDEX/corp\"\n";
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\"\n");
    let mut case = Case::new(
        &[(CONFIG, config), (CREDENTIALS, &credentials)],
        &[],
        &["registry", "rename", "corp", "work"],
    );
    case.interrupt(|steps| *places(steps, "unlink").last().unwrap());
    assert_eq!(case.side()[CONFIG], case.new[CONFIG]);
    // somebody wants the default to be another one of four letters, as it was
    let now = case
        .sandbox
        .read(CONFIG)
        .replace("default = \"work\"", "default = \"corp\"");
    case.sandbox.write(CONFIG, now);
    let run = case
        .cargo
        .login(&case.sandbox, Some("work"), "sentinel-theirs");
    assert!(run.success);
    let told = case.finish();
    assert!(
        case.sandbox.read(CONFIG).contains("[registries.work]"),
        "{told}"
    );
}

/// Two registries have the same token, and one of them stays.
#[test]
fn registries_with_one_token_are_two() {
    let config =
        "[registries.corp]\nindex = \"INDEX/corp\"\n\n[registries.lab]\nindex = \"INDEX/lab\"\n";
    let credentials =
        format!("[registries.corp]\ntoken = \"{OLD}\"\n\n[registries.lab]\ntoken = \"{OLD}\"\n");
    let args = [
        "-c",
        "registry add proj sparse+https://proj.example/ --local",
        "-c",
        "logout corp",
        "-c",
        "registry rename lab work",
    ];
    let mut case = Case::new(&[(CONFIG, config), (CREDENTIALS, &credentials)], &[], &args);
    case.interrupt(behind_the_first_file);
    case.add(
        CONFIG,
        "\n[registries.work]\nindex = \"sparse+https://theirs.example/\"\n",
    );
    let told = case.finish();
    assert_eq!(
        case.sandbox.read(CREDENTIALS).matches(OLD).count(),
        1,
        "corp was to be logged out of: {told}"
    );
}

/// Somebody logs in to the old name of a token that is in the journal alone.
#[test]
fn a_token_in_the_journal_alone_is_not_given_up() {
    let config =
        "[registries.corp]\nindex = \"INDEX/corp\"\n\n[registries.lab]\nindex = \"INDEX/lab\"\n";
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\"\n");
    let args = SWAP;
    let case = Case::new(&[(CONFIG, config), (CREDENTIALS, &credentials)], &[], &args);
    case.interrupt(first_exchange);
    assert!(!case.sandbox.read(CREDENTIALS).contains(OLD));
    assert!(
        case.cargo
            .login(&case.sandbox, Some("corp"), "sentinel-theirs")
            .success
    );
    let (told, _) = start(&case);
    assert!(!told.contains("no file is written"), "{told}");
}

/// And to its new one as well.
#[test]
fn a_token_that_waits_waits_through_two_logins() {
    let case = of_commented(&[
        "-c",
        "registry remove lab",
        "-c",
        "registry rename corp lab",
    ]);
    case.interrupt(first_exchange);
    assert!(!case.sandbox.read(CREDENTIALS).contains(OLD));
    case.sandbox.write(
        CREDENTIALS,
        "[registries.corp]\ntoken = \"sentinel-theirs\"\n",
    );
    let (_, left) = start(&case);
    assert!(left);
    case.add(
        CREDENTIALS,
        "[registries.lab]\ntoken = \"sentinel-theirs2\"\n",
    );
    let (told, left) = start(&case);
    assert!(left, "{told}");
}

/// One of two that change places has no token.
#[test]
fn no_start_that_is_killed_has_a_token_for_another_index() {
    let config = "[registry]\nglobal-credential-providers = [\"cargo:token\"]\n[registries.corp]\nindex = \"INDEX/corp\"\n\n[registries.lab]\nindex = \"INDEX/lab\"\n";
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\"\n");
    let args = SWAP;
    let case = Case::new(&[(CONFIG, config), (CREDENTIALS, &credentials)], &[], &args);
    case.interrupt(behind_the_journal);
    // somebody logs in elsewhere
    case.add(
        CREDENTIALS,
        "\n[registries.other]\ntoken = \"sentinel-theirs\"\n",
    );
    let copied = case.copied();
    let mut next = case.sandbox.process();
    next.args(["registry", "list"]);
    let steps = case.steps(&next);
    for step in &steps {
        case.put_back(&copied);
        case.is_killed_at(step, &next);
        let asked = case.cargo.ask(&case.sandbox, Some("lab"));
        assert!(
            asked.registry.as_deref() == Some("corp") || asked.token.as_deref() != Some(OLD),
            "{step:?}: Cargo sends it to {:?}",
            asked.registry
        );
        case.check_pairs(&format!("{step:?}"));
    }
}

/// That file is written once, so Cargo would see one token with the index of the other.
#[test]
fn tokens_in_an_included_file_do_not_change_places() {
    let config = "[registry]\nglobal-credential-providers = [\"cargo:token\"]\n[registries.corp]\nindex = \"INDEX/corp\"\n\n[registries.lab]\nindex = \"INDEX/lab\"\n";
    let more =
        format!("[registries.corp]\ntoken = \"{OLD}\"\n\n[registries.lab]\ntoken = \"{NEW}\"\n");
    let args = SWAP;
    let files = [
        (CONFIG, config),
        (CREDENTIALS, "include = [\"more.toml\"]\n"),
        ("home/more.toml", more.as_str()),
    ];
    let mut case = Case::new(&files, &[], &["registry", "list"]);
    let run = case.sandbox.fails(1, &args);
    assert!(
        run.stderr.contains("more.toml") && run.stderr.contains("hint:"),
        "{run:?}"
    );
    assert_eq!(case.side(), case.old);
}

/// A token is to leave for a store, which does not have it.
#[test]
fn a_move_that_is_not_proved_waits_with_a_way_out() {
    let config = "[registries.corp]\nindex = \"INDEX/corp\"\n\n[registries.lab]\nindex = \"INDEX/lab\"\n\n[registries.third]\nindex = \"sparse+https://third.example/\"\n";
    let credentials =
        format!("[registries.corp]\ntoken = \"{OLD}\"\n\n[registries.lab]\ntoken = \"{NEW}\"\n");
    let args = [
        "-c",
        "login lab --from provider:cargo:token --move --provider cargo-credential-vault2",
        "-c",
        "registry rename corp tmp",
        "-c",
        "registry rename lab corp",
        "-c",
        "registry rename tmp lab",
    ];
    let case = Case::new(&[(CONFIG, config), (CREDENTIALS, &credentials)], &[], &args);
    case.interrupt(behind_the_journal);
    assert!(case.cargo.logout(&case.sandbox, Some("corp")).success);
    let (told, left) = start(&case);
    assert!(!left || told.contains("hint"), "{told}");
}

/// credsh keeps what it has for a registry that stays, and its rules.
#[test]
fn an_own_token_of_a_registry_that_stays_stays() {
    let config = "[registries]\ncorp.index = \"INDEX/corp\"\nlab.index = \"INDEX/lab\"\n";
    let mut case = Case::new(&[(CONFIG, config)], &[], &["registry", "list"]);
    let store = [
        "login",
        "corp",
        "--provider",
        "credsh",
        "--store",
        "sealed",
        "--from",
        "env:OLD",
    ];
    case.sandbox.ok(&store);
    case.keep();
    case.args = vec![
        "-c",
        "registry add proj sparse+https://proj.example/ --local",
        "-c",
        "registry remove corp",
    ];
    case.interrupt(behind_the_first_file);
    let before = std::fs::read_to_string(case.sandbox.home().join(".credsh/tokens.toml"));
    let now = case.sandbox.read(CONFIG);
    let place = now
        .find("corp.credential-provider = ")
        .unwrap_or_else(|| panic!("{now}"));
    let end = now[place..].find('\n').unwrap() + place;
    let value = now[place..end].split_once(" = ").unwrap().1.to_owned();
    let now = now.replace(
        &format!("corp.credential-provider = {value}"),
        &format!("corp.credential-provider = [{value}]"),
    );
    case.sandbox.write(CONFIG, &now);
    start(&case);
    let after = std::fs::read_to_string(case.sandbox.home().join(".credsh/tokens.toml"));
    assert_eq!(case.sandbox.read(CONFIG), now);
    assert_eq!(before.unwrap(), after.unwrap_or_default());
}

/// Nothing is written when somebody removes a registry that was to be renamed, and its token: they do not come back.
#[test]
fn what_is_gone_does_not_come_back_under_another_name() {
    for files in [&[CONFIG, CREDENTIALS][..], &[CREDENTIALS]] {
        let mut case = of_commented(&["registry", "rename", "corp", "work"]);
        case.interrupt(behind_the_journal);
        for file in files {
            case.sandbox.write(file, "# theirs\n");
        }
        let texts = |case: &Case| [CONFIG, CREDENTIALS].map(|file| case.sandbox.read(file));
        let expected = texts(&case);
        let told = case.finish();
        assert_eq!(texts(&case), expected, "{told}");
        assert!(told.contains("given up"), "{told}");
    }
}

/// The next start is in another folder, and knows the home by another name: that is nobody's change.
#[test]
fn a_start_elsewhere_finds_what_it_rests_on() {
    let local =
        "[registries.corp]\nindex = \"INDEX/corp\"\n\n[registries.lab]\nindex = \"INDEX/lab\"\n";
    for file in ["work/.cargo/config.toml", CONFIG, "home/more.toml"] {
        let mut files = vec![(file, local)];
        if file == "home/more.toml" {
            files.push((CONFIG, "include = [\"../home/more.toml\"]\n"));
        }
        let args = [
            "login",
            "corp",
            "--from",
            "env:NEW",
            "--provider",
            "cargo:token",
        ];
        let case = Case::new(&files, &[], &args);
        for step in [behind_the_journal, last_write] {
            case.interrupt(step);
            let root = case.sandbox.root();
            let link = root.join("link");
            if !link.exists() {
                std::os::unix::fs::symlink(root.join("home"), &link).unwrap();
            }
            let mut next = case.sandbox.process();
            next.current_dir("/").env("CARGO_HOME", &link);
            let run = next.args(["alias", "list"]).output().unwrap();
            let told = String::from_utf8(run.stderr).unwrap();
            assert!(told.contains("is finished now"), "{file}: {told}");
            assert!(!told.contains("somebody else"), "{file}: {told}");
            assert_eq!(case.side(), case.new, "{file}: {told}");
        }
    }
}

/// The project and the home include one file: what is written to it is nobody else's change.
#[test]
fn a_file_that_is_reached_twice_is_one() {
    let registries =
        "[registries.corp]\nindex = \"INDEX/corp\"\n\n[registries.lab]\nindex = \"INDEX/lab\"\n";
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\"\n");
    let files = [
        ("home/shared.toml", registries),
        (CONFIG, "include = [\"shared.toml\"]\n"),
        (
            "work/.cargo/config.toml",
            "include = [\"../../home/shared.toml\"]\n",
        ),
        (CREDENTIALS, &credentials),
    ];
    let args = [
        "-c",
        "registry set corp --index sparse+https://new.example/ --drop-token",
        "-c",
        "login corp --from env:NEW --provider cargo:token",
    ];
    let case = Case::new(&files, &[], &args);
    case.reset();
    let steps = case.steps(&case.credsh());
    let mut finished = 0;
    for step in &steps {
        case.reset();
        assert!(case.is_killed_at(step, &case.credsh()), "{step:?}");
        case.check_pairs(&format!("{step:?}"));
        finished += usize::from(case.check(&format!("{step:?}")));
    }
    assert!(finished > 5, "{finished} of {}", steps.len());
}
