//! `registry ...` and `alias ...`: what becomes of the files.

use crate::harness::{SENTINEL, Sandbox};

const INDEX: &str = "sparse+https://corp.example/";

fn with_corp() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.env("T", format!("{SENTINEL}-of-corp-0123456789"));
    sandbox.ok(&["registry", "add", "corp", INDEX]);
    sandbox
}

#[test]
fn adding_again_is_unchanged_and_another_index_is_an_error() {
    let mut sandbox = with_corp();
    assert_eq!(
        sandbox.ok(&["registry", "add", "corp", INDEX]).stdout,
        "unchanged\n"
    );
    let failed = sandbox.fails(
        1,
        &["registry", "add", "corp", "sparse+https://new.example/"],
    );
    assert!(
        failed.stderr.contains(
            "hint: change it with `registry set corp --index sparse+https://new.example/`"
        )
    );
    assert!(
        failed.stderr.contains("home/config.toml:2"),
        "{}",
        failed.stderr
    );
    let failed = sandbox.fails(1, &["registry", "add", "twin", INDEX]);
    assert!(
        failed.stderr.contains("has a name already, `corp`"),
        "{}",
        failed.stderr
    );
    sandbox.fails(64, &["registry", "add", "crates-io", INDEX]);
}

#[test]
fn edits_go_to_the_file_that_defines_the_key_or_that_is_named() {
    let mut sandbox = with_corp();
    sandbox.write(
        "work/.cargo/config.toml",
        "# project\n[registries.lab]\nindex = \"sparse+https://lab.example/\" # here\n",
    );
    sandbox.ok(&[
        "registry",
        "set",
        "lab",
        "--index",
        "sparse+https://new.lab.example/",
    ]);
    assert_eq!(
        sandbox.read("work/.cargo/config.toml"),
        "# project\n[registries.lab]\nindex = \"sparse+https://new.lab.example/\" # here\n"
    );
    sandbox.ok(&[
        "registry",
        "add",
        "mine",
        "sparse+https://mine.example/",
        "--local",
    ]);
    assert!(
        sandbox
            .read("work/.cargo/config.toml")
            .contains("[registries.mine]")
    );
    sandbox.ok(&[
        "registry",
        "add",
        "other",
        "sparse+https://other.example/",
        "--config-file",
        "other.toml",
    ]);
    assert!(
        sandbox
            .read("work/other.toml")
            .contains("[registries.other]")
    );
    assert!(!sandbox.read("home/config.toml").contains("other"));
}

/// Whatever they are called: the lock would be waited for, and the ledger be written into.
#[test]
fn what_credsh_keeps_for_itself_is_no_configuration() {
    let mut sandbox = Sandbox::new();
    let add = ["registry", "add", "x", INDEX, "--config-file"];
    sandbox.fails(64, &[&add[..], &["../home/.credsh/new/x.toml"]].concat());
    assert!(!sandbox.exists("home/.credsh"));
    sandbox.ok(&["alias", "set", "a", "program"]);
    sandbox.write("home/.credsh/tokens.toml", "");
    std::os::unix::fs::symlink(
        "../home/.credsh/tokens.toml",
        sandbox.work().join("link.toml"),
    )
    .unwrap();
    for file in [
        "../home/.credsh/lock",
        "../home/.credsh/tokens.toml",
        "../home/../home/.credsh/new.toml",
        "link.toml",
    ] {
        let failed = sandbox.fails(64, &[&add[..], &[file]].concat());
        assert!(failed.stderr.contains("its own files"), "{failed:?}");
    }
    assert_eq!(sandbox.read("home/.credsh/tokens.toml"), "");
    assert!(!sandbox.exists("home/.credsh/new.toml"));
    sandbox.ok(&[&add[..], &["../home/credsh.toml"]].concat());
}

#[test]
fn a_nearer_value_that_wins_over_an_edit_is_a_warning() {
    let mut sandbox = with_corp();
    sandbox.write("work/.cargo/config.toml", "registry.default = \"lab\"\n");
    let run = sandbox.ok(&[
        "registry",
        "set",
        "corp",
        "--make-default",
        "--config-file",
        "../home/config.toml",
    ]);
    assert!(
        run.stderr.contains("warning: `registry.default` in"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr
            .contains("work/.cargo/config.toml:1 wins over what is written"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_a_variable_defines_is_not_edited() {
    let mut sandbox = with_corp();
    sandbox.env(
        "CARGO_REGISTRIES_CORP_INDEX",
        "sparse+https://variable.example/",
    );
    for args in [
        [
            "registry",
            "set",
            "corp",
            "--index",
            "sparse+https://x.example/",
        ]
        .as_slice(),
        &["registry", "rename", "corp", "work"],
        &["registry", "remove", "corp"],
    ] {
        let failed = sandbox.fails(1, args);
        assert!(
            failed.stderr.contains("`CARGO_REGISTRIES_CORP_INDEX`"),
            "{}",
            failed.stderr
        );
    }
}

#[test]
fn a_new_index_wants_to_know_what_becomes_of_the_token() {
    let mut sandbox = with_corp();
    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    let set = [
        "registry",
        "set",
        "corp",
        "--index",
        "sparse+https://new.example/",
    ];
    let failed = sandbox.fails(1, &set);
    assert!(
        failed.stderr.contains("`--move-token` or `--drop-token`"),
        "{}",
        failed.stderr
    );
    sandbox.ok(&[set.as_slice(), &["--move-token"]].concat());
    assert!(sandbox.read("home/credentials.toml").contains(SENTINEL));
    sandbox.ok(&["registry", "set", "corp", "--index", INDEX, "--drop-token"]);
    assert!(!sandbox.read("home/credentials.toml").contains(SENTINEL));
}

#[test]
fn renaming_takes_token_provider_and_default_along() {
    let mut sandbox = with_corp();
    sandbox.ok(&[
        "registry",
        "set",
        "corp",
        "--provider",
        "cargo:token",
        "--make-default",
    ]);
    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    sandbox.ok(&["registry", "rename", "corp", "work"]);
    expect_test::expect![[r#"
        [registries.work]
        index = "sparse+https://corp.example/"
        credential-provider = "cargo:token"

        [registry]
        default = "work"
    "#]]
    .assert_eq(&sandbox.read("home/config.toml"));
    let token = sandbox.reveals().ok(&["token", "show", "--reveal"]);
    assert_eq!(token.stdout, format!("{SENTINEL}-of-corp-0123456789\n"));
    sandbox.fails(3, &["registry", "rename", "corp", "x"]);
    sandbox.ok(&["registry", "add", "corp", "sparse+https://two.example/"]);
    sandbox.fails(1, &["registry", "rename", "corp", "work"]);
}

#[test]
fn removing_logs_out_and_leaves_no_trace() {
    let mut sandbox = Sandbox::new();
    sandbox.env("T", format!("{SENTINEL}-of-corp-0123456789"));
    sandbox.write("home/config.toml", "# mine\n[build]\njobs = 1\n");
    sandbox.ok(&[
        "registry",
        "add",
        "corp",
        INDEX,
        "--make-default",
        "--provider",
        "cargo:token",
    ]);
    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    let json = sandbox.json(&["registry", "remove", "corp"]);
    assert_eq!(json["places"][0]["outcome"], "removed");
    assert_eq!(
        sandbox.read("home/config.toml"),
        "# mine\n[build]\njobs = 1\n"
    );
    assert_eq!(sandbox.read("home/credentials.toml"), "");

    sandbox.ok(&["registry", "add", "corp", INDEX]);
    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    sandbox.ok(&["registry", "remove", "corp", "--keep-token"]);
    assert!(sandbox.read("home/credentials.toml").contains(SENTINEL));
    // A token without a registry can still be removed.
    sandbox.ok(&["logout", "corp"]);
    assert!(!sandbox.read("home/credentials.toml").contains(SENTINEL));
}

#[test]
fn a_registry_shows_where_each_value_is_and_what_it_hides() {
    let mut sandbox = with_corp();
    sandbox.write(
        "work/.cargo/config.toml",
        "[registries.corp]\nindex = \"sparse+https://project.example/\"\n",
    );
    let json = sandbox.json(&["registry", "show", "corp"]);
    assert_eq!(json["index"], "sparse+https://project.example/");
    assert_eq!(json["values"][0]["place"]["line"], 2);
    assert_eq!(json["values"][0]["shadowed"][0]["value"], INDEX);
    let variables = json["variables"].to_string();
    assert!(
        variables.contains("CARGO_REGISTRIES_CORP_TOKEN"),
        "{variables}"
    );
    sandbox.ok(&["registry", "show", "-r", "corp"]);
    sandbox.ok(&["registry", "show", INDEX]);
    sandbox.ok(&["registry", "show", "crates-io"]);
}

#[test]
fn an_alias_with_a_space_is_an_array_and_a_list_gets_an_alias_for_one() {
    let mut sandbox = Sandbox::new();
    sandbox.ok(&["alias", "set", "plain", "vault", "-x"]);
    sandbox.ok(&["alias", "set", "spaced", "vault", "a b"]);
    let run = sandbox.ok(&["provider", "add", "--", "my-vault", "--item", "crates io"]);
    assert!(
        run.stderr
            .contains("the alias `my-vault` stands for the provider"),
        "{}",
        run.stderr
    );
    expect_test::expect![[r#"
        [credential-alias]
        plain = "vault -x"
        spaced = ["vault", "a b"]
        my-vault = ["my-vault", "--item", "crates io"]

        [registry]
        global-credential-providers = ["cargo:token", "my-vault"]
    "#]]
    .assert_eq(&sandbox.read("home/config.toml"));
    let json = sandbox.json(&["provider", "list"]);
    assert_eq!(
        json["providers"][0]["command"],
        serde_json::json!(["my-vault", "--item", "crates io"])
    );
    sandbox.ok(&["alias", "remove", "spaced"]);
    sandbox.fails(3, &["alias", "remove", "spaced"]);
    sandbox.fails(64, &["alias", "set", "cargo:token", "x"]);
}

/// Cargo finds registries before it reads the credentials (4), so edits of an index do not go there.
#[test]
fn what_the_credentials_say_of_an_index_or_a_default_does_not_count() {
    let mut sandbox = with_corp();
    sandbox.write(
        "home/credentials.toml",
        "[registry]\ndefault = \"x\"\n[registries.corp]\nindex = \"sparse+https://x.example/\"\n",
    );
    sandbox.ok(&["registry", "set", "corp", "--make-default"]);
    assert!(
        sandbox
            .read("home/config.toml")
            .contains("default = \"corp\"")
    );
    sandbox.ok(&[
        "registry",
        "set",
        "corp",
        "--index",
        "sparse+https://new.example/",
    ]);
    assert!(sandbox.read("home/config.toml").contains("new.example"));
    assert!(sandbox.read("home/credentials.toml").contains("x.example"));
}

#[test]
fn an_index_that_is_none_can_be_mended_and_removed() {
    for index in ["\"u:PW@host\"", "3", "\"no url\""] {
        let mut sandbox = Sandbox::new();
        let text = format!(
            "[registries.bad]\nindex = {index}\n\n[registries.corp]\nindex = \"{INDEX}\"\n"
        );
        sandbox.write("home/config.toml", &text);
        let failed = sandbox.fails(65, &["registry", "show", "bad"]);
        assert!(
            failed.stderr.contains("home/config.toml:2"),
            "{}",
            failed.stderr
        );
        assert!(!failed.stderr.contains("PW"), "{}", failed.stderr);
        let run = sandbox.ok(&[
            "registry",
            "set",
            "bad",
            "--index",
            "sparse+https://bad.example/",
        ]);
        assert!(!run.stdout.contains("PW"), "{}", run.stdout);
        sandbox.ok(&["registry", "show", "bad"]);
        sandbox.write("home/config.toml", &text);
        sandbox.ok(&["registry", "remove", "bad"]);
        sandbox.ok(&["registry", "show", "corp"]);
    }
}
