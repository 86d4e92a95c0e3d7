//! Logging in and out with the Cargo team's provider for 1Password: what Cargo stores there credsh finds, and the other
//! way round; and that it puts the token on a command line is told.

use crate::cargo::Cargo;
use crate::harness::Sandbox;
use crate::op::{Item, OnePassword, PROVIDER, Signin};

const TOKEN: &str = "sentinel-of-corp-0123456789";
const OTHER: &str = "sentinel-other-0123456789";

const CORP: Option<&str> = Some("corp");

/// What is said where the token was on a command line.
const WARNING: &str = "warning: `cargo-credential-1password` had the token on the command line of `op`, where every user of this machine could read it\n";

/// `corp`, whose provider has these arguments.
fn with_arguments(cargo: &Cargo, arguments: &[&str]) -> (Sandbox, OnePassword) {
    let mut sandbox = cargo.sandbox();
    let one_password = OnePassword::new(&mut sandbox);
    let provider = [&[PROVIDER], arguments].concat().join(" ");
    let index = cargo.registries.index("corp");
    sandbox.ok(&["registry", "add", "corp", &index, "--provider", &provider]);
    sandbox.env("T", TOKEN);
    (sandbox, one_password)
}

#[track_caller]
fn revealed(sandbox: &mut Sandbox) -> String {
    let args = ["token", "show", "corp", "--reveal"];
    sandbox.reveals().ok(&args).stdout
}

fn passwords(one_password: &OnePassword) -> Vec<String> {
    let items = one_password.items().into_iter();
    items.map(|item| item.password).collect()
}

#[test]
fn cargo_and_credsh_log_in_and_out_for_each_other() {
    let cargo = Cargo::new();
    let (mut sandbox, one_password) = with_arguments(&cargo, &[]);
    sandbox.fails(3, &["token", "show", "corp"]);
    assert!(cargo.login(&sandbox, CORP, OTHER).success);
    assert_eq!(revealed(&mut sandbox), format!("{OTHER}\n"));

    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    assert_eq!(cargo.ask(&sandbox, CORP).token.as_deref(), Some(TOKEN));
    one_password.calls();
    let again = sandbox.ok(&["login", "corp", "--from", "env:T"]);
    assert_eq!(
        (again.stdout.as_str(), again.stderr.contains("warning")),
        ("unchanged\n", false)
    );
    assert_eq!(passwords(&one_password), [TOKEN]);
    let calls = one_password.calls();
    assert!(
        calls.iter().all(|call| call[1] != "edit"),
        "it was only asked: {calls:?}"
    );

    let run = sandbox.ok(&["logout", "corp"]);
    assert!(
        run.stdout.contains("cargo-credential-1password  removed"),
        "{}",
        run.stdout
    );
    assert_eq!(passwords(&one_password), [] as [&str; 0]);
    assert_eq!(cargo.ask(&sandbox, CORP).token, None);
    let run = sandbox.ok(&["logout", "corp"]);
    assert!(run.stdout.contains("absent"), "{}", run.stdout);
}

#[test]
fn that_the_token_was_on_a_command_line_is_told_every_time() {
    let cargo = Cargo::new();
    let (mut sandbox, one_password) = with_arguments(&cargo, &["--account", "team.1password.com"]);
    for number in 0..5 {
        let token = format!("{TOKEN}-{number}");
        let run = sandbox
            .env("T", &token)
            .ok(&["login", "corp", "--from", "env:T"]);
        assert_eq!(
            run.stderr.matches(WARNING).count(),
            1,
            "{number}: {}",
            run.stderr
        );
        assert_eq!(passwords(&one_password), [token]);
    }
    // Reading and removing show nothing.
    for args in [&["token", "show", "corp"] as &[&str], &["logout", "corp"]] {
        let run = sandbox.ok(args);
        assert!(!run.stderr.contains("command line"), "{}", run.stderr);
    }
}

/// The item is made again where the rest of the transaction fails.
#[test]
fn a_batch_that_fails_gives_the_item_its_old_token_back() {
    let cargo = Cargo::new();
    cargo.programs(&[("plug-fails", "echo '{\"v\":[1]}'; read -r line; case $line in *login*) exit 1 ;; *) echo '{\"Err\":{\"kind\":\"not-found\"}}' ;; esac")]);
    let (mut sandbox, one_password) = with_arguments(&cargo, &[]);
    let lab = cargo.registries.index("lab");
    sandbox.ok(&["registry", "add", "lab", &lab, "--provider", "plug-fails"]);
    let batch = [
        "-c",
        "login corp --from env:T",
        "-c",
        "login lab --from env:T",
    ];
    sandbox.fails(1, &batch);
    assert_eq!(passwords(&one_password), [] as [&str; 0]);
    assert!(cargo.login(&sandbox, CORP, OTHER).success);
    sandbox.fails(1, &batch);
    assert_eq!(passwords(&one_password), [OTHER]);
}

#[test]
fn what_the_provider_cannot_do_is_told_with_its_own_words() {
    let cargo = Cargo::new();
    let (mut sandbox, one_password) = with_arguments(&cargo, &[]);
    one_password.signs_in(Signin::Refused);
    for args in [
        &["login", "corp", "--from", "env:T"] as &[&str],
        &["token", "show", "corp"],
    ] {
        let failed = sandbox.fails(1, args);
        for part in [
            "`cargo-credential-1password` failed",
            "failed to run `op signin`",
        ] {
            assert!(failed.stderr.contains(part), "{}", failed.stderr);
        }
    }
    let run = sandbox.run(&["logout", "corp"]);
    assert_ne!(run.status, 0);
    assert!(!run.stdout.contains("removed"), "{}", run.stdout);

    one_password.signs_in(Signin::App);
    let item = Item {
        account: crate::op::ACCOUNT.into(),
        vault: "Private".into(),
        title: "Cargo registry token".into(),
        tags: "cargo-registry".into(),
        url: cargo.registries.index("corp"),
        password: TOKEN.into(),
    };
    one_password.add(&item);
    one_password.add(&item);
    let failed = sandbox.fails(1, &["token", "show", "corp"]);
    let message = "too many 1password logins match registry";
    assert!(failed.stderr.contains(message), "{}", failed.stderr);
    let run = sandbox.run(&["logout", "corp"]);
    assert_ne!(run.status, 0);
    assert_eq!(one_password.items().len(), 2);
}

/// Neither can store it (the provider cannot read it then), but what its owner has put there is found.
#[test]
fn a_token_with_a_quote_that_is_in_1password_is_read() {
    let cargo = Cargo::new();
    let (mut sandbox, one_password) = with_arguments(&cargo, &[]);
    let quoted = "sentinel \"quoted\\ 0123456789";
    assert!(cargo.login(&sandbox, CORP, TOKEN).success);
    let mut item = one_password.items().remove(0);
    sandbox.ok(&["logout", "corp"]);
    item.password = quoted.into();
    one_password.add(&item);
    assert_eq!(revealed(&mut sandbox), format!("{quoted}\n"));
    assert_eq!(cargo.ask(&sandbox, CORP).token.as_deref(), Some(quoted));
}

/// Cargo prints what the provider says about it, and that contains the token.
#[test]
fn a_token_with_a_quote_cannot_be_stored_and_is_not_shown() {
    let cargo = Cargo::new();
    let (mut sandbox, one_password) = with_arguments(&cargo, &[]);
    for token in [
        "sentinel\"quote-0123456789",
        "sentinel\\backslash-0123456789",
    ] {
        let login = ["login", "corp", "--from", "env:T"];
        let failed = sandbox.env("T", token).fails(1, &login);
        let message = "`cargo-credential-1password` failed";
        assert!(failed.stderr.contains(message), "{}", failed.stderr);
        assert_eq!(passwords(&one_password), [] as [&str; 0]);
    }
}
