//! Moving a token from one provider to another: stored, read back, and only then removed from where it was.

use crate::harness::Sandbox;
use crate::secret_service::{Desk, labelled};
use crate::vault::Vault;

const TOKEN: &str = "sentinel-of-corp-0123456789";

const TO_KEYRING: &[&str] = &[
    "login",
    "corp",
    "--provider",
    "cargo:libsecret",
    "--from",
    "provider:cargo:token",
    "--move",
];
const TO_FILE: &[&str] = &[
    "login",
    "corp",
    "--provider",
    "cargo:token",
    "--from",
    "provider:cargo:libsecret",
    "--move",
];

/// `corp`, whose token is in the credentials file, and a keyring that is empty.
fn desk() -> Desk {
    let desk = Desk::new("registries.corp.credential-provider = 'cargo:token'");
    assert!(desk.login(TOKEN).success);
    desk
}

/// A provider whose answers these are: to a login, and to a get.
fn with_plugin(desk: &Desk, login: &str, get: &str) {
    let script = format!(
        "echo '{{\"v\":[1]}}'; read -r line\ncase $line in\n\
         *'\"kind\":\"get\"'*) {get} ;;\n\
         *'\"kind\":\"login\"'*) {login} ;;\n\
         *) echo '{{\"Ok\":{{\"kind\":\"logout\"}}}}' ;;\nesac"
    );
    desk.cargo.programs(&[("plug", &script)]);
}

const LOGGED_IN: &str = "echo '{\"Ok\":{\"kind\":\"login\"}}'";
const NOT_FOUND: &str = "echo '{\"Err\":{\"kind\":\"not-found\"}}'";

fn gives(token: &str) -> String {
    format!(
        "echo '{{\"Ok\":{{\"kind\":\"get\",\"token\":\"{token}\",\"cache\":\"never\",\"operation_independent\":true}}}}'"
    )
}

impl Desk {
    #[track_caller]
    fn sends(&self, provider: &str) {
        let asked = self.ask();
        assert_eq!(asked.token.as_deref(), Some(TOKEN), "{asked:#?}");
        assert_eq!(asked.providers, [provider]);
    }

    fn is_in_file(&self) -> bool {
        self.sandbox.read("home/credentials.toml").contains(TOKEN)
    }
}

#[test]
fn a_token_moves_into_the_keyring_and_back() {
    let mut desk = desk();
    for _ in 0..2 {
        desk.sends("cargo:token");
        let run = desk.sandbox.json(TO_KEYRING);
        let changes = run["changes"].as_array().unwrap();
        let is = |action: &str| {
            changes
                .iter()
                .filter(|change| change["action"] == action)
                .count()
        };
        assert_eq!((is("login"), is("logout"), is("set")), (1, 1, 1), "{run:#}");
        assert_eq!(desk.items(), [labelled("cargo-registry:corp")]);
        assert!(!desk.is_in_file());
        desk.sends("cargo:libsecret");
        desk.sandbox.ok(TO_FILE);
        assert_eq!(desk.items(), []);
        assert!(desk.is_in_file());
    }
    // Once it has moved there is nothing more to move.
    desk.sandbox.fails(3, TO_FILE);
    let to_itself = ["login", "corp", "--from", "provider:cargo:token", "--move"];
    let failed = desk.sandbox.fails(64, &to_itself);
    let message = "`cargo:token` is where the token would move to as well";
    assert!(failed.stderr.contains(message), "{}", failed.stderr);
}

#[test]
fn a_move_that_is_part_of_a_failure_moves_nothing() {
    let mut desk = desk();
    let line = TO_KEYRING.join(" ");
    desk.sandbox
        .fails(3, &["-c", &line, "-c", "registry remove nobody"]);
    desk.sandbox.fails(2, &[&["--check"], TO_KEYRING].concat());
    desk.sends("cargo:token");
    assert_eq!(desk.items(), []);
    desk.keyring.lock();
    desk.sandbox.fails(4, TO_KEYRING);
    desk.keyring.unlock();
    desk.sends("cargo:token");
    desk.keyring.kill_daemon();
    desk.sandbox.fails(4, TO_KEYRING);
    desk.sends("cargo:token");
}

/// What says that it has stored a token, and gives back none or another, has not proved anything.
#[test]
fn a_store_that_does_not_give_the_token_back_does_not_get_it() {
    let mut desk = desk();
    let to_plugin = [
        "login",
        "corp",
        "--provider",
        "plug",
        "--from",
        "provider:cargo:token",
        "--move",
    ];
    for (login, get) in [
        (LOGGED_IN, NOT_FOUND.to_owned()),
        (LOGGED_IN, gives("sentinel-another")),
        (LOGGED_IN, "exit 1".to_owned()),
        (
            "echo '{\"Err\":{\"kind\":\"operation-not-supported\"}}'",
            NOT_FOUND.to_owned(),
        ),
    ] {
        with_plugin(&desk, login, &get);
        let failed = desk.sandbox.fails(1, &to_plugin);
        assert!(failed.stderr.contains("`plug`"), "{}", failed.stderr);
        desk.sends("cargo:token");
    }
    with_plugin(&desk, LOGGED_IN, &gives("sentinel-another"));
    let failed = desk.sandbox.fails(1, &to_plugin);
    let message = "`plug` does not give back the token that it was given, so it stays where it is";
    assert!(failed.stderr.contains(message), "{}", failed.stderr);

    // Out of the keyring, too; and one that keeps its word gets it.
    desk.sandbox.ok(TO_KEYRING);
    let from_keyring = [
        "login",
        "corp",
        "--provider",
        "plug",
        "--from",
        "provider:cargo:libsecret",
        "--move",
    ];
    desk.sandbox.fails(1, &from_keyring);
    desk.sends("cargo:libsecret");
    with_plugin(&desk, LOGGED_IN, &gives(TOKEN));
    desk.sandbox.ok(&from_keyring);
    desk.sends("plug");
    assert_eq!(desk.items(), []);
}

#[test]
fn an_old_place_that_does_not_let_go_is_named() {
    let mut desk = desk();
    with_plugin(&desk, LOGGED_IN, &gives(TOKEN));
    desk.sandbox
        .ok(&["registry", "set", "corp", "--provider", "plug"]);
    let args = [
        "login",
        "corp",
        "--provider",
        "cargo:libsecret",
        "--from",
        "provider:plug",
        "--move",
    ];
    let run = desk.sandbox.run(&args);
    assert_eq!(run.status, 1, "{}{}", run.stdout, run.stderr);
    let message = "`plug` says that it has logged out, and still gives a token";
    assert!(run.stdout.contains(message), "{}", run.stdout);
    desk.sends("cargo:libsecret");
}

#[test]
fn a_token_that_would_stay_cannot_be_moved() {
    let mut desk = desk();
    desk.sandbox.env("T", TOKEN);
    for source in ["env:T", "file:token", "stdin", "command:cat token"] {
        let args = [
            "login",
            "corp",
            "--provider",
            "cargo:libsecret",
            "--from",
            source,
            "--move",
        ];
        desk.sandbox.fails(64, &args);
    }
    let name = "CARGO_REGISTRIES_CORP_TOKEN";
    desk.sandbox.env(name, "sentinel-of-the-variable");
    let failed = desk.sandbox.fails(1, TO_KEYRING);
    for part in [
        "the token cannot be moved, because it would stay here",
        name,
        "hint: unset",
    ] {
        assert!(failed.stderr.contains(part), "{}", failed.stderr);
    }
    assert_eq!(desk.items(), []);
    desk.sandbox.unset(name);
    // What only prints a token cannot forget it.
    let args = [
        "login",
        "corp",
        "--provider",
        "cargo:libsecret",
        "--from",
        "provider:cargo:token-from-stdout cat token",
        "--move",
    ];
    let failed = desk.sandbox.fails(1, &args);
    assert!(
        failed.stderr.contains("cannot forget a token"),
        "{}",
        failed.stderr
    );
    desk.sends("cargo:token");
}

/// The keyring says that `lab` is none of its own, so the file takes it, as with Cargo; also where the file has
/// another change to make.
#[test]
fn a_login_that_a_provider_passes_on_ends_in_the_file_with_the_others() {
    let mut desk = Desk::new("registry.global-credential-providers = ['cargo:token', 'plug']");
    let passes = "echo '{\"Err\":{\"kind\":\"url-not-supported\"}}'";
    with_plugin(&desk, passes, passes);
    let lab = desk.cargo.registries.index("lab");
    desk.sandbox.env("T", TOKEN);
    desk.sandbox
        .ok(&["registry", "add", "lab", &lab, "--provider", "cargo:token"]);
    let login = [
        "-c",
        "login lab --from env:T",
        "-c",
        "login corp --from env:T",
    ];
    let run = desk.sandbox.ok(&login);
    for name in ["corp", "lab"] {
        let asked = desk.cargo.ask(&desk.sandbox, Some(name));
        assert_eq!(
            asked.token.as_deref(),
            Some(TOKEN),
            "{name}: {}",
            run.stdout
        );
    }
}

/// Two providers in front of one store, and one that takes no registry at all.
fn fall_through(global: &str) -> (Sandbox, Vault) {
    let mut sandbox = Sandbox::new();
    sandbox.env("T", "sentinel-0123456789abcdef");
    sandbox.env("NEW", "sentinel-new-0123456789abcdef");
    let vault = Vault::new(&mut sandbox);
    let path = sandbox.variables()["PATH"].clone();
    let refuses = r#"#!/bin/sh
echo '{"v":[1]}'
read -r request
case "$request" in
    *'"kind":"get"'*) echo '{"Err":{"kind":"not-found"}}' ;;
    *) echo '{"Err":{"kind":"url-not-supported"}}' ;;
esac
"#;
    sandbox.program("bin/cargo-credential-refuses", refuses);
    let bin = sandbox.root().join("bin");
    sandbox.env("PATH", format!("{}:{path}", bin.display()));
    sandbox.write(
        "home/config.toml",
        format!(
            "[registries.corp]\nindex = '{INDEX}'\n[registry]\nglobal-credential-providers = [{global}]\n"
        ),
    );
    (sandbox, vault)
}

const INDEX: &str = "sparse+https://corp.example/index/";

#[test]
fn two_names_of_one_store_keep_the_token() {
    let (mut sandbox, vault) = fall_through("'cargo-credential-vault'");
    vault.put(INDEX, "sentinel-0123456789abcdef");
    let run = sandbox.run(&[
        "login",
        "corp",
        "--provider",
        "cargo-credential-vault --again",
        "--from",
        "provider:cargo-credential-vault",
        "--move",
    ]);
    assert_eq!(run.status, 1, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout
            .contains("are one store, so the token stays there"),
        "{}",
        run.stdout
    );
    assert_eq!(
        vault.token(INDEX).as_deref(),
        Some("sentinel-0123456789abcdef")
    );
    sandbox.ok(&["token", "show", "corp"]);
}

#[test]
fn a_move_that_would_end_where_it_began_is_refused() {
    let (mut sandbox, _vault) = fall_through("'cargo:token', 'cargo-credential-refuses'");
    sandbox.write(
        "home/credentials.toml",
        "[registries.corp]\ntoken = 'sentinel-0123456789abcdef'\n",
    );
    let failed = sandbox.fails(
        1,
        &["login", "corp", "--from", "provider:cargo:token", "--move"],
    );
    assert!(
        failed
            .stderr
            .contains("the token would move to where it is"),
        "{}",
        failed.stderr
    );
}

#[test]
fn a_move_that_ends_elsewhere_is_proved_there() {
    let (mut sandbox, vault) = fall_through("'cargo-credential-vault', 'cargo-credential-refuses'");
    sandbox.write(
        "home/credentials.toml",
        "[registries.corp]\ntoken = 'sentinel-0123456789abcdef'\n",
    );
    let run = sandbox.ok(&["login", "corp", "--from", "provider:cargo:token", "--move"]);
    assert!(
        run.stderr.contains(
            "`cargo-credential-refuses` does not take `corp`, so `cargo-credential-vault` does"
        ),
        "{}",
        run.stderr
    );
    assert_eq!(
        vault.token(INDEX).as_deref(),
        Some("sentinel-0123456789abcdef")
    );
    assert!(!sandbox.read("home/credentials.toml").contains("sentinel"));
}

#[test]
fn a_login_after_a_logout_wins_wherever_it_ends() {
    for (last, global) in [
        (
            "vault",
            "'cargo-credential-vault', 'cargo-credential-refuses'",
        ),
        ("file", "'cargo:token', 'cargo-credential-refuses'"),
    ] {
        let (mut sandbox, vault) = fall_through(global);
        vault.put(INDEX, "sentinel-0123456789abcdef");
        sandbox.write(
            "home/credentials.toml",
            "[registries.corp]\ntoken = 'sentinel-0123456789abcdef'\n",
        );
        sandbox.ok(&["-c", "logout corp", "-c", "login corp --from env:NEW"]);
        let kept = match last {
            "vault" => vault.token(INDEX).unwrap(),
            _ => sandbox.read("home/credentials.toml"),
        };
        assert!(kept.contains("sentinel-new-0123456789abcdef"), "{last}");
    }
}

#[test]
fn a_login_that_fails_after_it_has_stored_is_undone() {
    let (mut sandbox, vault) = fall_through("'cargo-credential-vault'");
    let stores_and_fails = r#"#!/bin/sh
cargo-credential-vault --cargo-plugin |
    sed -u 's/{"Ok":{"kind":"login"}}/{"Err":{"kind":"other","message":"late"}}/'
"#;
    sandbox.program("bin/cargo-credential-late", stores_and_fails);
    let failed = sandbox.fails(
        1,
        &[
            "login",
            "corp",
            "--from",
            "env:T",
            "--provider",
            "cargo-credential-late",
        ],
    );
    assert!(failed.stderr.contains("late"), "{}", failed.stderr);
    assert_eq!(vault.token(INDEX), None, "{}", failed.stderr);
}

#[test]
fn a_diff_shows_what_providers_are_to_do() {
    let (mut sandbox, _vault) = fall_through("'cargo-credential-vault'");
    let run = sandbox.ok(&[
        "-c",
        "begin",
        "-c",
        "login corp --from env:T",
        "-c",
        "diff",
        "-c",
        "rollback",
    ]);
    assert!(
        run.stdout.starts_with(
            "cargo-credential-vault\n    + sparse+https://corp.example/index/ = sha256:"
        ),
        "{}",
        run.stdout
    );
}

#[test]
fn a_plan_does_not_claim_to_know_what_only_a_program_does() {
    let (mut sandbox, _vault) = fall_through("'cargo-credential-vault'");
    let failed = sandbox.fails(1, &["--dry-run", "token", "show", "corp"]);
    assert!(
        failed.stderr.contains("a plan asks nobody"),
        "{}",
        failed.stderr
    );
}
