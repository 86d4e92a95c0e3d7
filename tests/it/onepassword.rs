//! The Cargo team's provider for 1Password, driven by the real Cargo: what it calls `op` for, and what becomes of tokens.

use std::time::Duration;

use crate::cargo::Cargo;
use crate::harness::Sandbox;
use crate::op::{ACCOUNT, Item, OnePassword, PROVIDER, Signin};

/// What a login makes.
fn item(password: &str, index: &str) -> Item {
    Item {
        account: ACCOUNT.into(),
        vault: "Private".into(),
        title: "Cargo registry token".into(),
        tags: "cargo-registry".into(),
        url: index.into(),
        password: password.into(),
    }
}

/// A registry whose provider has these arguments.
fn with_arguments(cargo: &Cargo, arguments: &str) -> (Sandbox, OnePassword) {
    let mut sandbox = cargo.sandbox();
    let one_password = OnePassword::new(&mut sandbox);
    let index = cargo.registries.index("corp");
    let provider = format!("{PROVIDER} {arguments}");
    sandbox.write(
        "home/config.toml",
        format!("[registries.corp]\nindex = '{index}'\ncredential-provider = '{provider}'\n"),
    );
    (sandbox, one_password)
}

const CORP: Option<&str> = Some("corp");

/// How every conversation starts: the items are searched, by the provider itself.
const SEARCH: &[&str] = &[
    "signin --raw",
    "items list --categories Login --tags cargo-registry --format json",
];

/// The calls, each as one text.
fn lines(one_password: &OnePassword) -> Vec<String> {
    let calls = one_password.calls();
    calls.iter().map(|call| call.join(" ")).collect()
}

#[track_caller]
fn assert_called(one_password: &OnePassword, then: &[&str]) {
    assert_eq!(lines(one_password), [SEARCH, then].concat());
}

#[test]
fn a_token_goes_through_1password_and_stands_on_the_command_line_of_op() {
    let cargo = Cargo::new();
    let (sandbox, one_password) = with_arguments(&cargo, "");
    let index = cargo.registries.index("corp");

    cargo
        .ask(&sandbox, CORP)
        .assert_said("no token found for `corp`");
    assert_called(&one_password, &[]);

    let told = cargo.login(&sandbox, CORP, "sentinel first\n");
    assert!(told.success, "{told:#?}");
    let create = format!(
        "item create --category Login password=sentinel first url={index} --title Cargo registry token --tags cargo-registry"
    );
    assert_called(&one_password, &[&create]);
    assert_eq!(one_password.items(), [item("sentinel first", &index)]);
    let asked = cargo.ask(&sandbox, CORP);
    assert_eq!(asked.token.as_deref(), Some("sentinel first"), "{asked:#?}");
    assert_called(&one_password, &["item get --format=json item0"]);

    let told = cargo.login(&sandbox, CORP, "sentinel-second\n");
    told.assert_said(&format!("note: token already exists for `{index}`"));
    assert_called(&one_password, &["item edit item0 password=sentinel-second"]);
    let asked = cargo.ask(&sandbox, CORP);
    assert_eq!(
        asked.token.as_deref(),
        Some("sentinel-second"),
        "{asked:#?}"
    );
    assert_called(&one_password, &["item get --format=json item0"]);

    let told = cargo.logout(&sandbox, CORP);
    assert!(told.success, "{told:#?}");
    assert_called(&one_password, &["item delete item0"]);
    assert_eq!(one_password.items(), []);
    let told = cargo.logout(&sandbox, CORP);
    assert!(told.success, "{told:#?}");
    told.assert_said("not currently logged in to `corp`");
}

#[test]
fn an_account_and_a_vault_and_a_session_key_stand_on_every_call() {
    let cargo = Cargo::new();
    let (sandbox, one_password) =
        with_arguments(&cargo, "--account team.1password.com --vault Cargo");
    one_password.signs_in(Signin::Session);
    assert!(cargo.login(&sandbox, CORP, "sentinel").success);
    let calls = lines(&one_password);
    assert_eq!(calls[0], "signin --raw --account team.1password.com");
    let arguments =
        "--account team.1password.com --vault Cargo --session session-of-team.1password.com";
    assert!(
        calls[1..].iter().all(|call| call.ends_with(arguments)),
        "{calls:#?}"
    );
    let expected = Item {
        account: "team.1password.com".into(),
        vault: "Cargo".into(),
        ..item("sentinel", &cargo.registries.index("corp"))
    };
    assert_eq!(one_password.items(), [expected]);
    assert_eq!(cargo.ask(&sandbox, CORP).token.as_deref(), Some("sentinel"));
}

#[test]
fn a_session_of_the_person_is_used_as_it_is() {
    let cargo = Cargo::new();
    let (mut sandbox, one_password) = with_arguments(&cargo, "");
    one_password.signs_in(Signin::Session);
    one_password.add(&item("sentinel", &cargo.registries.index("corp")));
    sandbox.env("OP_SESSION_my", "key");
    assert_eq!(cargo.ask(&sandbox, CORP).token.as_deref(), Some("sentinel"));
    assert_eq!(
        lines(&one_password),
        [SEARCH[1], "item get --format=json item0"]
    );
}

#[test]
fn items_that_the_provider_cannot_choose_among_stop_everything() {
    let cargo = Cargo::new();
    let (sandbox, one_password) = with_arguments(&cargo, "");
    let item = item("sentinel", &cargo.registries.index("corp"));
    one_password.add(&item);
    assert_eq!(cargo.ask(&sandbox, CORP).token.as_deref(), Some("sentinel"));
    one_password.add(&item);
    for asked in [
        cargo.ask(&sandbox, CORP),
        cargo.login(&sandbox, CORP, "sentinel-new"),
        cargo.logout(&sandbox, CORP),
    ] {
        assert!(!asked.success && asked.token.is_none(), "{asked:#?}");
        asked.assert_said("too many 1password logins match registry");
    }

    let (sandbox, one_password) = with_arguments(&cargo, "");
    one_password.add(&Item {
        url: String::new(),
        ..item
    });
    cargo
        .ask(&sandbox, CORP)
        .assert_said("failed to deserialize JSON from 1password list: missing field `urls`");
}

#[test]
fn a_person_who_refuses_or_does_not_answer() {
    let cargo = Cargo::new();
    let (sandbox, one_password) = with_arguments(&cargo, "");
    one_password.signs_in(Signin::Refused);
    for asked in [
        cargo.ask(&sandbox, CORP),
        cargo.login(&sandbox, CORP, "sentinel"),
        cargo.logout(&sandbox, CORP),
    ] {
        assert!(!asked.success, "{asked:#?}");
        asked.assert_said("failed to run `op signin`: exit status: 1");
    }
    one_password.signs_in(Signin::Silent);
    let asked = cargo.ask_within(Duration::from_secs(1), &sandbox, CORP);
    assert!(asked.hung, "{asked:#?}");
}

/// A provider that is made with the crate `cargo-credential` cannot read a token that JSON has to escape. What it says
/// then has the token in it, and Cargo prints that.
#[test]
fn a_token_with_a_quote_is_refused_and_printed() {
    let cargo = Cargo::new();
    let (sandbox, one_password) = with_arguments(&cargo, "");
    for token in ["sentinel\"quote", "sentinel\\backslash", "sentinel\ttab"] {
        let told = cargo.login(&sandbox, CORP, token);
        assert!(!told.success, "{told:#?}");
        told.assert_said(&format!(
            "invalid type: string {token:?}, expected a borrowed string"
        ));
        assert_eq!(one_password.calls().len(), 0);
    }
}
