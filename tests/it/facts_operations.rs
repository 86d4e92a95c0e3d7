//! The facts about what Cargo tells a provider, and what it tells whoever looks on: the same from credsh.

use serde_json::{Value, json};

use crate::cargo::Cargo;
use crate::harness::Sandbox;

/// A provider that writes down what it is asked, and has no token.
const WRITES_DOWN: &str = r#"echo '{"v":[1]}'; read -r line; echo "$line" > "$CARGO_HOME/request"; echo '{"Err":{"kind":"not-found"}}'"#;

fn with_provider(cargo: &Cargo, provider: &str) -> Sandbox {
    let sandbox = cargo.sandbox();
    let index = cargo.registries.index("corp");
    let config =
        format!("[registries.corp]\nindex = '{index}'\ncredential-provider = '{provider}'\n");
    sandbox.write("home/config.toml", config);
    sandbox
}

/// credsh cannot know the version, and leaves it empty.
#[test]
fn fact_23_a_provider_is_told_the_operation_and_the_crate() {
    let cargo = Cargo::new();
    cargo.programs(&[("plug-writes-down", WRITES_DOWN)]);
    let mut sandbox = with_provider(&cargo, "plug-writes-down");
    let asked_for = |sandbox: &Sandbox| -> Value {
        let request = serde_json::from_str(&sandbox.read("home/request")).unwrap();
        std::fs::remove_file(sandbox.home().join("request")).unwrap();
        request
    };
    for (operation, undo) in [
        ("yank", [].as_slice()),
        ("unyank", &["--undo"]),
        ("owners", &[]),
    ] {
        if operation == "owners" {
            cargo.ask(&sandbox, Some("corp"));
        } else {
            cargo.yank(&sandbox, Some("corp"), undo);
        }
        let mut by_cargo = asked_for(&sandbox);
        assert_eq!(by_cargo["operation"], operation);
        assert_eq!(by_cargo["name"], "foo");
        if operation != "owners" {
            assert_eq!(by_cargo["vers"], "1.0.0");
            by_cargo["vers"] = json!("");
        }
        let run = sandbox.run(&[
            "token",
            "show",
            "corp",
            "--operation",
            operation,
            "--crate",
            "foo",
        ]);
        assert_eq!(run.status, 3, "{}", run.stderr);
        assert_eq!(asked_for(&sandbox), by_cargo, "{operation}");
    }
}

/// A secret in a provider's arguments is shown by `cargo -v`, and so by credsh, which says what Cargo says.
#[test]
fn fact_31_the_arguments_of_a_provider_are_printed() {
    let cargo = Cargo::new();
    cargo.programs(&[("plug-writes-down", WRITES_DOWN)]);
    let mut sandbox = with_provider(&cargo, "plug-writes-down --password pass");
    let asked = cargo.ask(&sandbox, Some("corp"));
    assert_eq!(asked.providers, ["plug-writes-down --password pass"]);
    let why = sandbox.json(&["why", "corp"]);
    assert_eq!(
        why["providers"][0]["command"],
        json!(["plug-writes-down", "--password", "pass"])
    );
}
