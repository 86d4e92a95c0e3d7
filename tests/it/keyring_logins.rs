//! Logging in and out with the Secret Service: what Cargo stores there credsh finds, and the other way round.

use crate::cargo::CRATES_IO;
use crate::harness::Sandbox;
use crate::secret_service::{Desk, LIST, OWN, labelled};
use crate::secrets::files_with_it;

const TOKEN: &str = "sentinel-of-corp-0123456789";
const OTHER: &str = "sentinel-other-0123456789";

fn desk(config: &str) -> Desk {
    let mut desk = Desk::new(config);
    desk.sandbox.env("T", TOKEN);
    desk
}

#[track_caller]
fn revealed(sandbox: &mut Sandbox, registry: &str) -> String {
    let args = ["token", "show", registry, "--reveal"];
    sandbox.reveals().ok(&args).stdout
}

#[test]
fn cargo_and_credsh_log_in_and_out_for_each_other() {
    let mut desk = desk(OWN);
    assert!(desk.login(OTHER).success);
    assert_eq!(revealed(&mut desk.sandbox, "corp"), format!("{OTHER}\n"));
    let shown = desk.sandbox.json(&["token", "show", "corp"]);
    assert_eq!(shown["from"]["provider"][0], "cargo:libsecret");
    assert_eq!(shown["token"], serde_json::Value::Null);
    let status = desk.sandbox.json(&["status", "corp", "--ask"])["registries"][0].clone();
    assert_eq!(status["plain_text"], false);
    assert_eq!(status["fingerprint"], shown["fingerprint"]);

    let run = desk.sandbox.ok(&["login", "corp", "--from", "env:T"]);
    assert!(!run.stderr.contains("plain text"), "{}", run.stderr);
    assert_eq!(desk.ask().token.as_deref(), Some(TOKEN));
    assert_eq!(desk.items(), [labelled("cargo-registry:corp")]);
    assert!(!desk.sandbox.exists("home/credentials.toml"));

    let run = desk.sandbox.ok(&["logout", "corp"]);
    assert!(
        run.stdout.contains("cargo:libsecret  removed"),
        "{}",
        run.stdout
    );
    assert_eq!(desk.items(), []);
    let asked = desk.ask();
    assert!(asked.token.is_none(), "{asked:#?}");
    asked.assert_said("no token found for `corp`");
    let run = desk.sandbox.ok(&["logout", "corp"]);
    let is_unchanged =
        run.stdout.contains("cargo:libsecret  absent") && run.stdout.contains("unchanged");
    assert!(is_unchanged, "{}", run.stdout);
    desk.sandbox.fails(3, &["token", "show", "corp"]);

    // What credsh stored, Cargo removes.
    desk.sandbox.ok(&["login", "corp", "--from", "env:T"]);
    assert!(desk.logout().success);
    desk.sandbox.fails(3, &["status", "corp", "--ask"]);
}

#[test]
fn the_token_of_crates_io_is_one_item_for_both() {
    let mut desk = desk("registry.credential-provider = 'cargo:libsecret'");
    assert!(desk.cargo.login(&desk.sandbox, None, OTHER).success);
    assert_eq!(revealed(&mut desk.sandbox, CRATES_IO), format!("{OTHER}\n"));
    desk.sandbox.ok(&["login", CRATES_IO, "--from", "env:T"]);
    let url = "https://github.com/rust-lang/crates.io-index";
    assert_eq!(
        desk.keyring.items(url),
        [labelled("cargo-registry:crates-io")]
    );
    assert_eq!(
        desk.cargo.ask(&desk.sandbox, None).token.as_deref(),
        Some(TOKEN)
    );
    desk.sandbox.ok(&["logout", CRATES_IO]);
    assert_eq!(desk.keyring.items(url), []);
    assert_eq!(desk.cargo.ask(&desk.sandbox, None).token, None);
}

/// A login writes the registry's name into the label, so a label of another name shows that there was none.
#[test]
fn the_token_that_is_there_already_is_not_stored_again() {
    let mut desk = desk(OWN);
    desk.login(TOKEN);
    let config = desk.sandbox.read("home/config.toml");
    let config = config.replace("registries.corp.", "registries.renamed.");
    desk.sandbox.write("home/config.toml", config);
    let before = desk.sandbox.snapshot();
    let login = ["login", "renamed", "--from", "env:T"];
    assert_eq!(desk.sandbox.ok(&login).stdout, "unchanged\n");
    assert_eq!(desk.sandbox.json(&login)["changes"], serde_json::json!([]));
    assert!(before == desk.sandbox.snapshot());
    assert_eq!(desk.items(), [labelled("cargo-registry:corp")]);
    desk.sandbox.env("T", OTHER).ok(&login);
    assert_eq!(desk.items(), [labelled("cargo-registry:renamed")]);
}

/// Cargo stores these without a word, and then cannot use them.
#[test]
fn a_token_that_cargo_cannot_send_is_refused_and_one_that_is_there_is_named() {
    let mut desk = desk(OWN);
    desk.login(TOKEN);
    for (token, reason) in [
        ("", "the token is empty"),
        (
            "sentinel-é",
            "the token has a character that is not ASCII at character 10 of 10",
        ),
    ] {
        let login = ["login", "corp", "--from", "env:T"];
        let failed = desk.sandbox.env("T", token).fails(1, &login);
        assert!(failed.stderr.contains(reason), "{}", failed.stderr);
    }
    assert_eq!(desk.ask().token.as_deref(), Some(TOKEN));

    for (token, reason) in [("", "the token is empty"), ("sentinel-é", "not ASCII")] {
        assert!(desk.login(token).success);
        let refusal = "Cargo would refuse to send this token: ";
        for args in [
            &["token", "show", "corp"] as &[&str],
            &["token", "show", "corp", "--reveal"],
        ] {
            let failed = desk.sandbox.fails(1, args);
            let is_named = failed.stderr.contains(refusal) && failed.stderr.contains(reason);
            assert!(is_named, "{}", failed.stderr);
        }
        let why = desk.sandbox.json(&["why", "corp", "--ask"]);
        let detail = why["providers"][0]["detail"].as_str().unwrap();
        assert!(detail.starts_with(refusal), "{detail}");
        // It can be replaced, and removed.
        desk.sandbox
            .env("T", TOKEN)
            .ok(&["login", "corp", "--from", "env:T"]);
        assert_eq!(desk.ask().token.as_deref(), Some(TOKEN));
        desk.login(token);
        desk.sandbox.ok(&["logout", "corp"]);
        assert_eq!(desk.items(), []);
    }
}

/// All that JSON has to escape on the way to the process that calls the service.
#[test]
fn a_token_with_a_quote_a_backslash_and_a_tab() {
    let mut desk = desk(OWN);
    let token = "sentinel \"quoted\" \\n \\ \tafter a tab";
    desk.sandbox
        .env("T", token)
        .ok(&["login", "corp", "--from", "env:T"]);
    assert_eq!(desk.ask().token.as_deref(), Some(token));
    assert_eq!(revealed(&mut desk.sandbox, "corp"), format!("{token}\n"));
    desk.sandbox.ok(&["logout", "corp"]);
    assert_eq!(desk.items(), []);
}

#[test]
fn a_token_in_every_place_is_removed_from_every_place() {
    let mut desk = desk(LIST);
    let plant = |desk: &Desk| {
        assert!(desk.login(TOKEN).success);
        let table = |token: &str| format!("registries.corp.token = '{token}'\n");
        desk.sandbox
            .write("home/credentials", table("sentinel-old-name"));
        desk.sandbox
            .write("home/credentials.toml", table("sentinel-credentials"));
        desk.sandbox
            .write("work/.cargo/config.toml", table("sentinel-project"));
        // Each would be sent if those before it were not there.
        assert_eq!(desk.ask().token.as_deref(), Some(TOKEN));
    };
    plant(&desk);
    let run = desk.sandbox.ok(&["logout", "corp", "--yes"]);
    let root = desk.sandbox.root().display().to_string();
    expect_test::expect![[r"
        REGISTRY  PROVIDER         OUTCOME  PLACE
        corp      cargo:libsecret  removed  /home/config.toml:2
        corp      cargo:token      removed  /home/credentials:1
        corp      cargo:token      removed  /work/.cargo/config.toml:1
        corp      cargo:token      removed  /home/credentials.toml
        cargo:libsecret
            - <corp> = sha256:be9b31331e4e
        /home/credentials
            - registries.corp.token = (a token)
        /work/.cargo/config.toml
            - registries.corp.token = (a token)
        /home/credentials.toml
            - registries.corp.token = sha256:242da911c661
        4 changes written
    "]]
    .assert_eq(
        &run.stdout
            .replace(&root, "")
            .replace(&desk.cargo.registries.index("corp"), "<corp>"),
    );
    let is_gone = |desk: &Desk| {
        let asked = desk.ask();
        assert!(asked.token.is_none(), "{asked:#?}");
        assert_eq!(asked.providers, ["cargo:libsecret", "cargo:token"]);
        assert_eq!(desk.items(), []);
        // Not even one that another file had hidden.
        std::fs::remove_file(desk.sandbox.home().join("credentials")).unwrap();
        assert_eq!(desk.ask().token, None);
    };
    is_gone(&desk);

    plant(&desk);
    let run = desk.sandbox.json(&["logout", "corp", "--yes"]);
    let places = run["places"].as_array().unwrap().iter();
    let lines: Vec<String> = places
        .map(|place| {
            let text = |key: &str| place[key].as_str().unwrap().to_owned();
            let file = place["place"]["file"].as_str().unwrap().replace(&root, "");
            format!("{} {} {file}", text("provider"), text("outcome"))
        })
        .collect();
    assert_eq!(
        lines,
        [
            "cargo:libsecret removed /home/config.toml",
            "cargo:token removed /home/credentials",
            "cargo:token removed /work/.cargo/config.toml",
            "cargo:token removed /home/credentials.toml",
        ]
    );
    is_gone(&desk);
}

/// The keyring is outside of the sandbox, so here nothing is left: not of a success, not of a failure.
#[test]
fn no_file_of_credsh_has_anything_of_a_token_in_the_keyring() {
    let mut desk = desk(OWN);
    let login = ["login", "corp", "--from", "env:T"];
    desk.sandbox.ok(&login);
    desk.sandbox.env("T", OTHER).ok(&login);
    desk.sandbox
        .fails(3, &["-c", "logout corp", "-c", "registry remove nobody"]);
    let local = "registry add lab sparse+https://lab.example/ --local";
    desk.sandbox.ok(&["-c", "logout corp", "-c", local]);
    desk.keyring.lock();
    desk.sandbox.fails(4, &login);
    assert!(desk.sandbox.exists("home/.credsh"));
    assert!(files_with_it(&desk.sandbox).is_empty());
}

#[test]
fn logging_out_of_everything_looks_into_the_keyring_for_each_registry() {
    let mut desk = desk(LIST);
    let index = desk.cargo.registries.index("lab");
    desk.sandbox.ok(&["registry", "add", "lab", &index]);
    for registry in ["corp", "lab", CRATES_IO] {
        desk.sandbox.ok(&["login", registry, "--from", "env:T"]);
    }
    let run = desk.sandbox.ok(&["logout", "--all"]);
    assert_eq!(
        run.stdout.matches("cargo:libsecret  removed").count(),
        3,
        "{}",
        run.stdout
    );
    assert_eq!(desk.items(), []);
    assert_eq!(desk.keyring.items(&index), []);
}
