//! Logging in and out, and what Cargo makes of it.

use crate::cargo::Cargo;
use crate::harness::{SENTINEL, Sandbox};

const INDEX: &str = "sparse+https://corp.example/";

fn token(of: &str) -> String {
    format!("{SENTINEL}-of-{of}-0123456789")
}

fn with_corp() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.env("T", token("corp"));
    sandbox.ok(&["registry", "add", "corp", INDEX]);
    sandbox
}

#[track_caller]
fn revealed(sandbox: &mut Sandbox) -> String {
    sandbox
        .reveals()
        .ok(&["token", "show", "corp", "--reveal"])
        .stdout
}

#[test]
fn a_token_comes_from_every_source() {
    let mut sandbox = with_corp();
    sandbox.write(
        "work/token.txt",
        format!("cargo login {}\r\n", token("file")),
    );
    sandbox.program(
        "work/print",
        &format!("#!/bin/sh\necho '{}'\n", token("command")),
    );
    let corp = |from: &'static str| ["login", "corp", "--from", from];
    sandbox.ok(&corp("file:token.txt"));
    assert_eq!(revealed(&mut sandbox), format!("{}\n", token("file")));
    sandbox.ok(&corp("command:./print 'a b'"));
    assert_eq!(revealed(&mut sandbox), format!("{}\n", token("command")));
    sandbox
        .stdin(format!("{}\n", token("stdin")))
        .ok(&["login", "corp"]);
    assert_eq!(revealed(&mut sandbox), format!("{}\n", token("stdin")));
    sandbox.types(&[&token("prompt")]).ok(&["login", "corp"]);
    assert_eq!(revealed(&mut sandbox), format!("{}\n", token("prompt")));
    sandbox.env("T", "").fails(1, &corp("env:T"));
    sandbox.env("T", token("env")).ok(&corp("env:T"));
    assert_eq!(revealed(&mut sandbox), format!("{}\n", token("env")));
    sandbox.ok(&[
        "login",
        "crates-io",
        "--from",
        "provider:cargo:token-from-stdout ./print",
    ]);
    assert!(
        sandbox
            .read("home/credentials.toml")
            .contains(&token("command"))
    );
}

#[test]
fn the_same_token_again_writes_nothing() {
    let mut sandbox = with_corp();
    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    let before = sandbox.snapshot();
    let run = sandbox.ok(&["login", "corp", "--from", "env:T"]);
    assert_eq!(run.stdout, "unchanged\n");
    assert!(!run.stderr.contains("plain text"), "{}", run.stderr);
    assert!(before == sandbox.snapshot());
}

#[test]
fn a_login_says_who_where_and_how_before_it_asks() {
    let mut sandbox = with_corp();
    // Nobody types: what was said until then was said before.
    let failed = sandbox.answers(&[true]).fails(1, &["login", "corp"]);
    assert!(
        failed.stderr.contains(&format!(
            "logging in to `corp` ({INDEX}) with `cargo:token`"
        )),
        "{}",
        failed.stderr
    );
    assert!(
        failed.stderr.contains("`provider add cargo:token`"),
        "{}",
        failed.stderr
    );
    let run = sandbox.types(&[&token("x")]).ok(&["login", "corp"]);
    assert!(
        run.stderr
            .contains("warning: the token is kept as plain text in"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_scheme_is_stored_with_the_token() {
    let mut sandbox = with_corp();
    for (scheme, text, stored) in [
        ("bearer", "sentinel-1", "Bearer sentinel-1"),
        ("token", "Bearer sentinel-2", "Bearer sentinel-2"),
        ("basic", "me:sentinel", "Basic bWU6c2VudGluZWw="),
        ("raw", "sentinel-3", "sentinel-3"),
    ] {
        sandbox.env("T", text);
        sandbox.ok(&["login", "corp", "--from", "env:T", "--scheme", scheme]);
        assert_eq!(revealed(&mut sandbox), format!("{stored}\n"));
    }
    sandbox.fails(
        1,
        &["login", "corp", "--from", "env:T", "--scheme", "basic"],
    );
}

#[test]
fn a_provider_can_be_given_with_the_login() {
    let mut sandbox = with_corp();
    sandbox.ok(&[
        "login",
        "corp",
        "--from",
        "env:T",
        "--provider",
        "cargo:token",
    ]);
    assert!(
        sandbox
            .read("home/config.toml")
            .contains("credential-provider = \"cargo:token\"")
    );
    assert_eq!(revealed(&mut sandbox), format!("{}\n", token("corp")));
}

#[test]
fn what_cannot_store_a_token_says_so() {
    let mut sandbox = with_corp();
    sandbox.ok(&[
        "registry",
        "set",
        "corp",
        "--provider",
        "cargo:token-from-stdout cat token",
    ]);
    let failed = sandbox.fails(1, &["login", "corp", "--from", "env:T"]);
    assert!(
        failed
            .stderr
            .contains("`cargo:token-from-stdout cat token` cannot store a token"),
        "{}",
        failed.stderr
    );
    sandbox.ok(&[
        "registry",
        "set",
        "corp",
        "--provider",
        "cargo-credential-x",
    ]);
    let failed = sandbox.fails(4, &["login", "corp", "--from", "env:T"]);
    assert!(
        failed.stderr.contains("cannot start `cargo-credential-x`"),
        "{}",
        failed.stderr
    );
}

#[test]
fn comments_order_and_mode_of_the_credentials_stay() {
    use std::os::unix::fs::PermissionsExt;
    let mut sandbox = with_corp();
    let text = "# mine\n\n[registries.zeta]\ntoken = 'z' # last\n\n[registries.corp] # the old one\ntoken = 'old' # behind\n\n[registries.alpha]\ntoken = 'a'\n";
    sandbox.write("home/credentials.toml", text);
    let file = sandbox.home().join("credentials.toml");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    assert_eq!(
        sandbox.read("home/credentials.toml"),
        text.replace("old' #", &format!("{}' #", token("corp")))
    );
    let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
}

#[test]
fn the_file_without_extension_is_the_one_that_is_written() {
    let mut sandbox = with_corp();
    sandbox.write("home/credentials", "");
    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    assert!(sandbox.read("home/credentials").contains(SENTINEL));
    assert!(!sandbox.exists("home/credentials.toml"));
}

#[test]
fn logging_out_removes_a_token_from_every_place() {
    let mut sandbox = with_corp();
    sandbox.write(
        "home/credentials",
        "[registries.corp]\ntoken = 'sentinel-1'\n",
    );
    sandbox.write(
        "home/credentials.toml",
        "[registries.corp]\ntoken = 'sentinel-2'\n",
    );
    sandbox.write(
        "home/config.toml",
        format!("[registries.corp]\nindex = '{INDEX}'\ntoken = 'sentinel-3'\n"),
    );
    sandbox.write(
        "work/.cargo/config.toml",
        "[registries.corp]\ntoken = 'sentinel-4'\n",
    );
    // Without a word from anybody the project's file is not touched, and so nothing is.
    let failed = sandbox.fails(1, &["logout", "corp"]);
    assert!(
        failed.stderr.contains("hint: repeat it with `--yes`"),
        "{}",
        failed.stderr
    );

    let kept = sandbox.answers(&[false]).run(&["logout", "corp"]);
    assert_eq!(kept.status, 1, "{}", kept.stdout);
    assert!(
        kept.stdout.contains("kept")
            && sandbox
                .read("work/.cargo/config.toml")
                .contains("sentinel-4")
    );

    let json = sandbox.json(&["logout", "corp", "--yes"]);
    assert_eq!(
        json["places"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|p| p["outcome"] == "removed")
            .count(),
        1
    );
    for file in [
        "home/credentials",
        "home/credentials.toml",
        "home/config.toml",
        "work/.cargo/config.toml",
    ] {
        assert!(!sandbox.read(file).contains(SENTINEL), "{file}");
    }
    sandbox.fails(3, &["token", "show", "corp"]);
    let again = sandbox.ok(&["logout", "corp"]);
    assert!(
        again.stdout.contains("absent") && again.stdout.contains("unchanged"),
        "{}",
        again.stdout
    );
}

#[test]
fn a_variable_cannot_be_logged_out_of() {
    let mut sandbox = with_corp();
    sandbox.env("CARGO_REGISTRIES_CORP_TOKEN", token("variable"));
    let run = sandbox.fails(1, &["logout", "corp"]);
    assert!(
        run.stdout.contains("unset `CARGO_REGISTRIES_CORP_TOKEN`"),
        "{}",
        run.stdout
    );
}

#[test]
fn logging_out_of_everything() {
    let mut sandbox = with_corp();
    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    sandbox.ok(&["login", "crates-io", "--from", "env:T"]);
    sandbox.write(
        "home/credentials.toml",
        format!(
            "{}[registries.gone]\ntoken = 'sentinel'\n",
            sandbox.read("home/credentials.toml")
        ),
    );
    sandbox.ok(&["logout", "--all"]);
    assert_eq!(sandbox.read("home/credentials.toml").trim(), "");
    sandbox.fails(64, &["logout", "corp", "--all"]);
}

#[test]
fn status_tells_who_is_logged_in_and_what_is_doubtful() {
    let mut sandbox = with_corp();
    sandbox.fails(3, &["status", "corp"]);
    sandbox.ok(&["status"]);
    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    sandbox.env("CARGO_REGISTRIES_CORP_TOKEN", token("variable"));
    sandbox.env("CARGO_REGISTRIES_Corp_TOKEN", token("near-miss"));
    let json = sandbox.json(&["status", "-r", "corp"]);
    let row = &json["registries"][0];
    assert_eq!(row["overridden_by"]["env"], "CARGO_REGISTRIES_CORP_TOKEN");
    assert_eq!(row["place"]["line"], 2);
    assert_eq!(row["plain_text"], true);
    assert!(
        row["warnings"]
            .to_string()
            .contains("Cargo ignores the variable `CARGO_REGISTRIES_Corp_TOKEN`")
    );
    sandbox.ok(&["registry", "set", "corp", "--provider", "some-plugin"]);
    // Only a plugin could tell: unknown is not 3.
    let json = sandbox.json(&["status", "corp"]);
    assert_eq!(json["registries"][0]["stored_in"], serde_json::Value::Null);
}

/// What was logged in to with credsh, Cargo sends; what Cargo was given, credsh finds; and the file is as
/// it was before, but for the token.
#[test]
fn cargo_and_credsh_log_in_for_each_other() {
    let cargo = Cargo::new();
    let mut sandbox = Sandbox::new();
    sandbox.env("T", token("credsh"));
    let text = "# kept\n\n[registries.other] # order\ntoken = 'other'\n";
    sandbox.write("home/credentials.toml", text);
    let index = cargo.registries.index("corp");
    sandbox.ok(&["registry", "add", "corp", &index]);
    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    assert_eq!(
        cargo.ask(&sandbox, Some("corp")).token,
        Some(token("credsh"))
    );
    assert!(sandbox.read("home/credentials.toml").starts_with(text));

    let told = cargo.login(&sandbox, Some("corp"), &token("cargo"));
    assert!(told.success, "{told:?}");
    assert_eq!(revealed(&mut sandbox), format!("{}\n", token("cargo")));

    sandbox.ok(&["logout", "corp"]);
    assert_eq!(cargo.ask(&sandbox, Some("corp")).token, None);
}

/// Nothing is said to be done before it is.
#[test]
fn a_batch_that_fails_after_a_logout_does_not_say_that_it_was_done() {
    let mut sandbox = with_corp();
    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    let failed = sandbox.fails(3, &["-c", "logout corp", "-c", "registry remove nobody"]);
    assert!(!failed.stdout.contains("removed"), "{}", failed.stdout);
    let run = sandbox.ok(&["-c", "logout corp", "-c", "registry list"]);
    assert!(run.stdout.contains("removed"), "{}", run.stdout);
}

#[test]
fn two_names_of_one_credentials_file_are_one_file() {
    let mut sandbox = with_corp();
    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    let home = sandbox.home();
    std::fs::hard_link(home.join("credentials.toml"), home.join("credentials")).unwrap();
    sandbox.ok(&["logout", "corp"]);
    assert!(!sandbox.read("home/credentials").contains(SENTINEL));
}

#[test]
fn status_shows_the_token_that_a_login_stored_and_what_overrides_it() {
    let mut sandbox = with_corp();
    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    let stored = sandbox.json(&["status", "corp"])["registries"][0].clone();
    sandbox.env(
        "CARGO_REGISTRIES_CORP_TOKEN",
        format!("Bearer {}", token("other")),
    );
    let json = sandbox.json(&["status", "corp"]);
    for key in ["place", "fingerprint", "scheme"] {
        assert_eq!(json["registries"][0][key], stored[key], "{key}");
    }
}

/// A project gives the registry another index: the token of home would go there (12).
#[test]
fn a_project_that_moves_an_index_is_warned_of() {
    let mut sandbox = with_corp();
    sandbox.write(
        "work/.cargo/config.toml",
        "[registries.corp]\nindex = \"sparse+https://elsewhere.example/\"\n",
    );
    let run = sandbox.ok(&["login", "corp", "--from", "env:T"]);
    assert!(
        run.stderr.contains("hides another one in"),
        "{}",
        run.stderr
    );
    let warnings = sandbox.json(&["status", "corp"])["registries"][0]["warnings"].to_string();
    assert!(warnings.contains("hides another one in"), "{warnings}");
}

/// A plugin with these answers to a get and to a login.
fn plugin(sandbox: &Sandbox, name: &str, get: &str, login: &str) {
    let program = format!(
        "#!/bin/sh\necho '{{\"v\":[1]}}'\nread -r line\ncase $line in *'\"kind\":\"get\"'*) echo '{get}' ;; *) echo '{login}' ;; esac\n"
    );
    sandbox.program(&format!("bin/{name}"), &program);
}

#[test]
fn a_login_that_ends_in_a_file_is_warned_of_as_plain_text() {
    let mut sandbox = with_corp();
    let bin = sandbox.root().join("bin");
    sandbox.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    let not_ours = "{\"Err\":{\"kind\":\"url-not-supported\"}}";
    plugin(&sandbox, "pa", not_ours, not_ours);
    plugin(&sandbox, "pb", not_ours, not_ours);
    let config = sandbox.read("home/config.toml");
    let chain = "[registry]\nglobal-credential-providers = ['cargo:token', 'pb', 'pa']\n";
    sandbox.write("home/config.toml", format!("{chain}{config}"));
    let run = sandbox.ok(&["login", "corp", "--from", "env:T"]);
    assert!(
        run.stderr
            .contains("warning: the token is kept as plain text in"),
        "{run:?}"
    );
    assert!(!run.stderr.contains("Cargo uses that one"), "{run:?}");
    // One that has an older token, and does not take this one, is asked first all the same.
    let old = format!(
        "{{\"Ok\":{{\"kind\":\"get\",\"token\":\"{SENTINEL}-older\",\"cache\":\"session\",\"operation_independent\":true}}}}"
    );
    plugin(&sandbox, "pb", &old, not_ours);
    sandbox.env("T", token("other"));
    let run = sandbox.ok(&["login", "corp", "--from", "env:T"]);
    let told = "warning: `pb` still has another token for `corp`, and is asked before `cargo:token`: Cargo uses that one";
    assert!(run.stderr.contains(told), "{run:?}");
}

#[test]
fn what_a_plugin_does_wrong_is_told_whoever_asks_it() {
    let mut sandbox = with_corp();
    let answer = format!(
        "{{\"Ok\":{{\"kind\":\"get\",\"token\":\"{SENTINEL}-0123456789abcdef\",\"cache\":\"session\",\"operation_independent\":true}}}}\nstray"
    );
    plugin(&sandbox, "chatty", &answer, "{}");
    let program = sandbox.root().join("bin/chatty");
    let config = sandbox.read("home/config.toml");
    let provider = format!("credential-provider = ['{}']\n", program.display());
    sandbox.write("home/config.toml", format!("{config}{provider}"));
    let told = "printed more than its answer on standard output";
    let shown = sandbox.ok(&["token", "show", "corp"]);
    assert!(
        shown.stderr.contains("warning: ") && shown.stderr.contains(told),
        "{shown:?}"
    );
    let status = sandbox.json(&["status", "corp", "--ask"]);
    assert!(
        status["registries"][0]["warnings"]
            .to_string()
            .contains(told),
        "{status}"
    );
    let why = sandbox.json(&["why", "corp", "--ask"]);
    assert!(why["warnings"].to_string().contains(told), "{why}");
}

/// A program that fails does not say that there is no token.
#[test]
fn a_provider_that_fails_leaves_it_unknown() {
    let mut sandbox = with_corp();
    let fire = "{\"Err\":{\"kind\":\"other\",\"message\":\"on fire\"}}";
    plugin(&sandbox, "burning", fire, fire);
    let program = sandbox.root().join("bin/burning");
    let config = sandbox.read("home/config.toml");
    let provider = format!("credential-provider = ['{}']\n", program.display());
    sandbox.write("home/config.toml", format!("{config}{provider}"));
    let run = sandbox.fails(1, &["status", "corp", "--ask"]);
    assert!(run.stdout.starts_with("corp: unknown\n"), "{run:?}");
}

#[test]
fn a_line_that_is_typed_in_the_place_of_a_token_is_doubted() {
    let mut sandbox = Sandbox::new();
    sandbox.ok(&["registry", "add", "corp", "sparse+https://corp.example/"]);
    sandbox.env("T", "two words");
    for (typed, options, is_doubted) in [
        ("record /tmp/x", &[][..], true),
        ("Bearer abcdef", &[], false),
        ("me:a pass phrase", &["--scheme", "basic"], false),
        ("two words", &["--scheme", "bearer"], false),
        ("", &["--from", "env:T"], false),
    ] {
        sandbox.types(&[typed]);
        let run = sandbox.ok(&[&["login", "corp"], options].concat());
        let doubts = run
            .stderr
            .contains("warning: what was typed has blanks in it");
        assert_eq!(doubts, is_doubted, "{typed}: {}", run.stderr);
        assert!(
            typed.is_empty() || !run.stderr.contains(typed),
            "{}",
            run.stderr
        );
    }
}

/// Of two places of crates.io's token Cargo reads one (5), and a login takes the other away.
#[test]
fn the_old_layout_s_token_goes_and_is_told() {
    let mut sandbox = with_corp();
    let before = format!(
        "token = \"{}\" # from 2019\n\n[registry]\ntoken = \"{}\"\n",
        token("old"),
        token("now")
    );
    sandbox.write("home/credentials.toml", &before);
    let same = sandbox
        .env("NOW", token("now"))
        .ok(&["login", "--from", "env:NOW"]);
    assert_eq!(same.stdout, "unchanged\n");
    for command in [&["login", "--from", "env:T"][..], &["logout"]] {
        let told = |run: &str| {
            assert!(run.contains("2 changes"), "{run}");
            assert!(run.contains("- token = sha256:"), "{run}");
        };
        told(&sandbox.ok(&[command, &["--dry-run"]].concat()).stdout);
        assert_eq!(sandbox.read("home/credentials.toml"), before);
        told(&sandbox.ok(command).stdout);
        assert!(!sandbox.read("home/credentials.toml").contains("of-old"));
        sandbox.write("home/credentials.toml", &before);
    }
    // Alone it is the token, and is changed in its new place.
    sandbox.write(
        "home/credentials.toml",
        format!("token = \"{}\"\n", token("old")),
    );
    let run = sandbox.ok(&["login", "--from", "env:T"]);
    assert!(run.stdout.contains("~ registry.token = "), "{}", run.stdout);
    assert!(run.stdout.contains("1 change written"), "{}", run.stdout);
    assert_eq!(
        sandbox.read("home/credentials.toml"),
        format!("[registry]\ntoken = \"{}\"\n", token("corp"))
    );
}
