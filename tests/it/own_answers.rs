//! What is said of the tokens that credsh keeps itself: who has answered, what is left where, what comes after; and what
//! a request that fails leaves behind.

use serde_json::{Value, json};

use crate::harness::Sandbox;
use crate::vault::{VAULT, Vault};

const INDEX: &str = "sparse+https://corp.example/";
const TOKEN: &str = "sentinel-of-corp-0123456789";
const CREDSH: &str = env!("CARGO_BIN_EXE_credsh");

/// A registry whose provider is credsh, with tokens of these labels and rules in the sealed file.
fn with_tokens(tokens: &[&str]) -> Sandbox {
    let mut sandbox = Sandbox::new();
    let config =
        format!("[registries.corp]\nindex = '{INDEX}'\ncredential-provider = '{CREDSH}'\n");
    sandbox.write("home/config.toml", config);
    for token in tokens {
        let label = token.split(' ').next().unwrap();
        sandbox.env("T", format!("{TOKEN}-{label}"));
        let line = format!("login corp --store sealed --from env:T --label {token}");
        sandbox.ok(&["-c", &line]);
    }
    sandbox
}

/// The answers to requests in one start; all of them are to `corp`.
fn answers(sandbox: &mut Sandbox, first: &[&str], requests: &[Value]) -> (Vec<Value>, String) {
    let mut lines = String::new();
    for request in requests {
        let mut request = request.clone();
        request["v"] = json!(1);
        if request["registry"].is_null() {
            request["registry"] = json!({ "index-url": INDEX, "name": "corp" });
        }
        lines += &format!("{request}\n");
    }
    let words = [first, &["--cargo-plugin"]].concat();
    let run = sandbox.stdin(lines).reveals().run(&words);
    let answers = run.stdout.lines().skip(1);
    let answers = answers.map(|line| serde_json::from_str(line).unwrap());
    (answers.collect(), run.stderr)
}

fn get(operation: &str) -> Value {
    let mut request = json!({ "kind": "get", "operation": operation });
    if operation != "read" {
        for (key, value) in [("name", "serde"), ("vers", "1.0.0"), ("cksum", "")] {
            request[key] = json!(value);
        }
    }
    request
}

/// The store loses a token, and the ledger does not know.
fn lose(sandbox: &mut Sandbox, label: &str) {
    let logout = json!({ "kind": "logout", "args": ["--item", "sealed", label] });
    let (answers, _) = answers(sandbox, &["--item"], &[logout]);
    assert_eq!(answers[0]["Ok"]["kind"], "logout", "{answers:?}");
}

#[test]
fn the_label_that_is_shown_is_that_of_the_token_that_was_given() {
    let mut sandbox = with_tokens(&["all", "narrow --operations publish"]);
    let asked = ["corp", "--operation", "publish"];
    let shown = sandbox.json(&[&["token", "show"], &asked[..]].concat());
    assert_eq!(shown["from"]["place"]["label"], "narrow");
    lose(&mut sandbox, "narrow");
    let shown = sandbox.json(&[&["token", "show"], &asked[..]].concat());
    assert_eq!(shown["from"]["place"]["label"], "all", "{shown}");
    let why = sandbox.json(&[&["why", "--ask"], &asked[..]].concat());
    assert_eq!(why["token"]["place"]["label"], "all", "{why}");
    let shadowed = &why["shadowed"][0];
    assert_eq!(shadowed["what"], "token `narrow`", "{why}");
    assert_eq!(
        shadowed["reason"],
        "serves `publish`, and its store has nothing for it"
    );
}

#[test]
fn a_token_for_publishing_is_a_token() {
    let mut sandbox = with_tokens(&["release --operations publish"]);
    let run = sandbox.ok(&["status", "corp", "--ask"]);
    assert!(run.stdout.starts_with("corp: logged in\n"), "{run:?}");
    let told = "there is no token to read the index with: `release` serves `publish`";
    assert!(run.stdout.contains(told), "{run:?}");
    let status = sandbox.json(&["status", "corp", "--ask"]);
    assert_eq!(
        status["registries"][0]["place"],
        json!({ "label": "release" })
    );
    // Unless the configuration has it look at others only.
    let config = sandbox.read("home/config.toml");
    let others = config.replace(CREDSH, &format!("{CREDSH} --label other"));
    sandbox.write("home/config.toml", others);
    sandbox.fails(3, &["status", "corp", "--ask"]);
    sandbox.write("home/config.toml", config);
    sandbox.ok(&["token", "set", "release", "--expires", "2020-01-01"]);
    sandbox.fails(3, &["status", "corp", "--ask"]);
}

#[test]
fn what_credsh_keeps_for_a_registry_that_asks_another_is_named_at_the_logout() {
    let mut sandbox = with_tokens(&["ci"]);
    sandbox.ok(&["registry", "set", "corp", "--no-provider"]);
    // Cargo finds no token, so all is well.
    let run = sandbox.ok(&["logout", "corp"]);
    let told = "kept for corp: Cargo does not ask for it; `token remove ci` forgets it";
    assert!(run.stdout.contains(told), "{run:?}");
    let document = sandbox.json(&["logout", "corp"]);
    let kept = &document["places"][0];
    assert_eq!(kept["outcome"], "kept", "{document}");
    assert_eq!(kept["provider"], "credsh", "{document}");
    assert_eq!(kept["place"], json!({ "label": "ci" }), "{document}");
    sandbox.ok(&["token", "remove", "ci"]);
    let run = sandbox.ok(&["logout", "corp"]);
    assert!(!run.stdout.contains("kept"), "{run:?}");
}

#[test]
fn a_registry_goes_with_its_own_tokens_or_says_how_to_forget_them() {
    let list = |sandbox: &mut Sandbox| sandbox.json(&["token", "list"])["tokens"].clone();
    let mut sandbox = with_tokens(&["ci", "release --operations publish"]);
    let run = sandbox.ok(&["registry", "remove", "corp"]);
    for label in ["ci", "release"] {
        let told = format!("removed  token `{label}`");
        assert!(run.stdout.contains(&told), "{run:?}");
    }
    assert_eq!(list(&mut sandbox), json!([]));

    let mut sandbox = with_tokens(&["ci"]);
    sandbox.ok(&["registry", "set", "corp", "--no-provider"]);
    let other = [
        &[
            "registry",
            "add",
            "lab",
            "sparse+https://lab.example/",
            "--provider",
            CREDSH,
        ],
        &[
            "login",
            "lab",
            "--from=env:T",
            "--store=sealed",
            "--label=ci",
        ][..],
    ];
    for line in other {
        sandbox.env("T", "sentinel-of-lab").ok(line);
    }
    let run = sandbox.ok(&["registry", "remove", "corp"]);
    let all = sandbox.json(&["logout", "--all", "--dry-run"]);
    let places = all["places"].as_array().unwrap().iter();
    let own = places.filter(|place| !place["place"]["label"].is_null());
    let own: Vec<_> = own
        .map(|place| (&place["registry"], &place["outcome"]))
        .collect();
    assert_eq!(
        own,
        [
            (&json!("lab"), &json!("removed")),
            (&json!("corp"), &json!("kept"))
        ]
    );
    // The registry has no name any more.
    let command = format!("token remove ci --registry {INDEX}");
    assert!(
        run.stdout.contains(&format!("`{command}` forgets it")),
        "{run:?}"
    );
    sandbox.ok(&["-c", &command]);
    let left = list(&mut sandbox);
    assert_eq!(
        (left.as_array().unwrap().len(), &left[0]["registry"]),
        (1, &json!("lab"))
    );
}

#[test]
fn why_says_for_which_index_the_tokens_of_a_name_are() {
    let mut sandbox = with_tokens(&["ci --operations read"]);
    let moved = "sparse+https://elsewhere.example/";
    let config = format!("registries.corp.index = '{moved}'\n");
    sandbox.write("work/.cargo/config.toml", config);
    let why = sandbox.json(&["why", "corp"]);
    let notes = why["notes"].to_string();
    for part in [
        &*format!("the token `ci` of `corp` was stored for `{INDEX}`"),
        "`login corp --label ci --operations read`",
    ] {
        assert!(notes.contains(part), "{why}");
    }
    // The warning that a token goes along with the name is about another provider.
    for line in [
        "why corp",
        "status corp",
        "login corp --from env:T --store sealed",
    ] {
        let run = sandbox.run(&["-c", line]);
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(!said.contains("hides another one"), "{line}: {said}");
    }
}

#[test]
fn whatever_a_token_serves_more_than_before_is_a_warning() {
    for (before, after, is_wider) in [
        ("--crates serde*", "--crates *", true),
        ("--crates serde*", "--crates serde,serde_json", false),
        ("--crates serde*", "--crates serde_*", false),
        ("--crates serde", "--crates serde*", true),
        ("--crates serde", "--crates serde,toml", true),
        ("--crates serde,toml", "--crates toml", false),
        ("--operations read", "--operations publish", true),
        ("--operations read,yank", "--operations yank", false),
        ("--operations read", "--operations read --crates x", false),
        ("--crates x", "--operations publish", true),
        ("", "--operations publish", false),
    ] {
        let mut sandbox = with_tokens(&[&format!("ci {before}")]);
        let line = format!("login corp --store sealed --from env:T --label ci {after}");
        let run = sandbox.ok(&["-c", &line]);
        let is_warned = run.stderr.contains("warning: the token `ci`, which");
        assert_eq!(is_warned, is_wider, "{before} -> {after}: {run:?}");
    }
}

#[test]
fn a_renewal_is_for_as_long_as_the_token_was() {
    let mut sandbox = with_tokens(&["ci --expires 30d"]);
    let expires = sandbox.json(&["token", "list"])["tokens"][0]["expires"].clone();
    let ledger = sandbox.read("home/.credsh/tokens.toml");
    let ledger = ledger.replace(expires.as_str().unwrap(), "2020-01-31");
    let at = ledger.find("created = \"").unwrap() + 11;
    let created = ledger[at..at + 10].to_owned();
    for (created_then, renewal) in [("2020-01-01", "30d"), ("2020-02-01", "90d")] {
        let ledger = ledger.replace(&created, created_then);
        sandbox.write("home/.credsh/tokens.toml", ledger);
        let failed = sandbox.fails(5, &["token", "show", "corp"]);
        let told = format!("`login corp --label ci --expires {renewal}`");
        assert!(failed.stderr.contains(&told), "{failed:?}");
    }
}

#[test]
fn a_ledger_is_no_file_of_cargo_s() {
    let mut sandbox = with_tokens(&["ci"]);
    sandbox.write("home/.credsh/tokens.toml", "[tokens\n");
    for line in ["token list", "token show corp"] {
        let run = sandbox.run(&["-c", line]);
        let told = "this file says what each of credsh's own tokens is for";
        assert!(run.status != 0 && run.stderr.contains(told), "{run:?}");
    }
}

#[test]
fn rules_that_say_nothing_are_refused() {
    let mut sandbox = with_tokens(&["ci"]);
    for rule in [
        "--operations=",
        "--crates=",
        "--operations=read,",
        "--label=",
    ] {
        let line = format!("login corp --store sealed --from env:T {rule}");
        sandbox.fails(64, &["-c", &line]);
    }
}

#[test]
fn what_a_failed_request_leaves_undone_the_next_one_does_not_write() {
    let mut sandbox = with_tokens(&["a --crates a", "b --crates b"]);
    // Without a keyring the second token cannot be forgotten, and the first is to stay as well.
    let ledger = sandbox.read("home/.credsh/tokens.toml");
    let at = ledger.rfind("sealed").unwrap();
    let ledger = format!("{}keyring{}", &ledger[..at], &ledger[at + 6..]);
    sandbox.write("home/.credsh/tokens.toml", &ledger);
    let login = json!({
        "kind": "login", "token": TOKEN, "args": ["--label", "c", "--crates", "c", "--store", "sealed"],
    });
    let (answers, _) = answers(&mut sandbox, &[], &[json!({ "kind": "logout" }), login]);
    assert_eq!(answers[0]["Err"]["kind"], "other", "{answers:?}");
    assert_eq!(answers[1]["Ok"]["kind"], "login", "{answers:?}");
    let tokens = sandbox.json(&["token", "list"]);
    let labels = tokens["tokens"].as_array().unwrap().iter();
    let labels: Vec<_> = labels
        .map(|token| token["label"].as_str().unwrap())
        .collect();
    assert_eq!(labels, ["a", "b", "c"]);
}

#[test]
fn a_read_gets_no_wider_token_because_its_own_store_is_down() {
    let mut sandbox = with_tokens(&["all", "reads --operations read"]);
    let ledger = sandbox.read("home/.credsh/tokens.toml");
    let at = ledger.rfind("sealed").unwrap();
    let ledger = format!("{}keyring{}", &ledger[..at], &ledger[at + 6..]);
    sandbox.write("home/.credsh/tokens.toml", &ledger);
    let (answers, said) = answers(&mut sandbox, &[], &[get("read"), get("publish")]);
    assert_eq!(answers[0]["Err"]["kind"], "other", "{answers:?}");
    assert!(said.contains("token `reads`"), "{said}");
    assert_eq!(answers[1]["Ok"]["kind"], "get", "{answers:?}");
}

#[test]
fn the_arguments_of_the_provider_are_rules_of_a_login() {
    let mut sandbox = with_tokens(&[]);
    let config = sandbox.read("home/config.toml");
    let config = config.replace(CREDSH, &format!("{CREDSH} --label ci --store sealed"));
    sandbox
        .write("home/config.toml", config)
        .read("home/config.toml");
    sandbox.env("T", TOKEN);
    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    sandbox.ok(&["-c", "login corp --from env:T --label x --crates x"]);
    let tokens = sandbox.json(&["token", "list"]);
    let told = |n: usize, key: &str| tokens["tokens"][n][key].as_str().unwrap().to_owned();
    assert_eq!(
        (told(0, "label"), told(0, "store")),
        ("ci".into(), "sealed".into())
    );
    assert_eq!(
        (told(1, "label"), told(1, "store")),
        ("x".into(), "sealed".into())
    );
}

#[test]
fn the_passphrase_is_for_credsh_and_for_no_other_program() {
    let mut sandbox = with_tokens(&[]);
    let _vault = Vault::new(&mut sandbox);
    let seen = sandbox.root().join("seen");
    let dump = format!("env >>'{}'; ", seen.display());
    let source = sandbox.program("bin/source", &format!("#!/bin/sh\n{dump}echo {TOKEN}\n"));
    let plug = format!("#!/bin/sh\n{dump}exec {VAULT} \"$@\"\n");
    let plug = sandbox.program("bin/plug", &plug);
    sandbox.env("CREDSH_PASSPHRASE", "horse-of-the-passphrase");
    let from = format!("command:{}", source.display());
    let provider = plug.display().to_string();
    sandbox.ok(&["login", "corp", "--provider", &provider, "--from", &from]);
    sandbox.ok(&["token", "show", "corp"]);
    let stdout = format!("cargo:token-from-stdout {}", source.display());
    sandbox.ok(&["registry", "set", "corp", "--provider", &stdout]);
    sandbox.ok(&["token", "show", "corp"]);
    sandbox.ok(&["provider", "test", &provider]);
    let seen = std::fs::read_to_string(seen).unwrap();
    assert!(seen.matches("CARGO_HOME=").count() > 5, "{seen}");
    assert!(!seen.contains("horse-of"), "{seen}");
}

#[test]
fn an_expired_token_of_some_crates_is_told_before_anything_is_built_for_nothing() {
    let mut sandbox = with_tokens(&["all", "serde --crates serde --expires 2020-01-31"]);
    let (answers, said) = answers(&mut sandbox, &[], &[get("read"), get("publish")]);
    assert_eq!(answers[0]["Ok"]["kind"], "get", "{answers:?}");
    let told = "the token `serde` has expired on 2020-01-31";
    assert_eq!(said.matches(told).count(), 1, "{said}");
    assert!(answers[1]["Err"].to_string().contains(told), "{answers:?}");
}

/// It is not known whether there is a token, which is not the same as that there is none.
#[test]
fn a_store_that_cannot_be_opened_is_unavailable_and_not_empty() {
    let mut sandbox = with_tokens(&[]);
    sandbox.env("T", TOKEN).env("CREDSH_PASSPHRASE", "open it");
    sandbox.ok(&["-c", "login corp --store sealed --from env:T"]);
    sandbox.ok(&["status", "corp", "--ask"]);
    sandbox.unset("CREDSH_PASSPHRASE");
    for words in [&["token", "show", "corp"][..], &["status", "corp", "--ask"]] {
        let run = sandbox.fails(4, &[&["--no-input"], words].concat());
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(said.contains("this file opens with a passphrase"), "{said}");
        assert!(!said.contains("unavailable:"), "{said}");
    }
    let run = sandbox.run(&["--no-input", "status", "corp", "--ask"]);
    assert!(run.stdout.starts_with("corp: unknown\n"), "{run:?}");
    let shown = sandbox.run(&["--no-input", "token", "show", "corp"]);
    assert!(
        shown.stderr.contains("hint: set `CREDSH_PASSPHRASE`"),
        "{shown:?}"
    );
    let list = sandbox.json(&["registry", "list", "--no-input"]);
    assert!(list["registries"][1]["logged_in"].is_null(), "{list}");
}

#[test]
fn a_logout_of_cargos_takes_only_what_the_provider_is_configured_for() {
    let mut sandbox = with_tokens(&["ci"]);
    let logout = |store: &str| json!({ "kind": "logout", "args": ["--store", store] });
    let (told, _) = answers(&mut sandbox, &[], &[logout("keyring")]);
    assert_eq!(told[0]["Err"]["kind"], "not-found", "{told:?}");
    assert_eq!(sandbox.json(&["token", "list"])["tokens"][0]["label"], "ci");
    let (told, _) = answers(&mut sandbox, &[], &[logout("sealed")]);
    assert_eq!(told[0]["Ok"]["kind"], "logout", "{told:?}");
}

#[test]
fn why_calls_a_tie_a_tie() {
    let mut sandbox = with_tokens(&["rd --operations read", "rd2 --operations publish"]);
    let ledger = sandbox.read("home/.credsh/tokens.toml");
    sandbox.write(
        "home/.credsh/tokens.toml",
        ledger.replace("\"publish\"", "\"read\""),
    );
    let why = sandbox.json(&["why", "corp"]);
    let detail = why["providers"][0]["detail"].as_str().unwrap();
    let tie = "the tokens `rd` and `rd2` fit this equally well, so Cargo gets neither";
    assert!(detail.contains(tie), "{detail}");
    assert_eq!(why["shadowed"], json!([]), "{why}");
}

#[test]
fn a_label_that_somebody_wrote_by_hand_is_named_with_its_line() {
    let mut sandbox = with_tokens(&["ci"]);
    let ledger = sandbox.read("home/.credsh/tokens.toml");
    let wrong = format!("{ledger}\n[tokens.\"{INDEX}\".\"not a label\"]\nstore = \"sealed\"\n");
    let line = wrong.lines().count() - 1;
    sandbox.write("home/.credsh/tokens.toml", wrong);
    let run = sandbox.fails(65, &["token", "list"]);
    assert!(
        run.stderr.contains(&format!("tokens.toml:{line}")),
        "{run:?}"
    );
    assert!(!run.stderr.contains("token remove"), "{run:?}");
    assert!(
        run.stderr.contains("hint: take that table out of the file"),
        "{run:?}"
    );
}

#[test]
fn the_list_of_one_registry_does_not_speak_of_others() {
    let mut sandbox = with_tokens(&["ci"]);
    sandbox.ok(&["registry", "add", "lab", "sparse+https://lab.example/"]);
    let run = sandbox.ok(&["token", "list", "lab"]);
    assert_eq!(run.stdout, "credsh keeps no tokens of `lab` itself\n");
}

#[test]
fn a_token_that_serves_nothing_is_warned_of() {
    let mut sandbox = with_tokens(&["ci --operations publish --crates serde"]);
    let told = "warning: this token serves nothing: a read is about no crate";
    let run = sandbox.ok(&["token", "set", "ci", "--operations", "read"]);
    assert!(run.stderr.contains(told), "{run:?}");
    let login = "login corp --store sealed --from env:T --label x --operations read --crates toml";
    let run = sandbox.ok(&["-c", login]);
    assert!(run.stderr.contains(told), "{run:?}");
    let run = sandbox.ok(&["token", "set", "ci", "--operations", "read,owners"]);
    assert!(!run.stderr.contains(told), "{run:?}");
}

#[test]
fn a_day_that_is_over_is_warned_of_however_it_is_set() {
    let mut sandbox = with_tokens(&["ci"]);
    let told = "counts as expired, so Cargo will not get it";
    let run = sandbox.ok(&["token", "set", "ci", "--expires", "-3d"]);
    assert!(run.stderr.contains(told), "{run:?}");
    let run = sandbox.ok(&["token", "set", "ci", "--operations", "read"]);
    assert!(!run.stderr.contains(told), "{run:?}");
}

/// A renewal changes nothing in the ledger, and means the rules that it has read there.
#[test]
fn a_renewal_is_refused_where_the_rules_have_changed_meanwhile() {
    for meanwhile in [
        "token set same --crates toml --operations publish",
        "token remove same",
    ] {
        let mut sandbox = with_tokens(&["same --operations publish --crates serde"]);
        sandbox.env("NEW", format!("{TOKEN}-renewed"));
        let prompt = sandbox.prompt();
        for line in [
            "begin",
            "login corp --store sealed --from env:NEW --label same --operations publish --crates serde",
        ] {
            prompt.run_line(line).unwrap();
        }
        sandbox.ok(&["-c", meanwhile]);
        let before = std::fs::read(sandbox.home().join(".credsh/sealed.age")).unwrap();
        let error = prompt.run_line("commit").unwrap_err();
        let told = "somebody else has changed the token `same` since it was read";
        assert!(error.to_string().contains(told), "{meanwhile}: {error}");
        let after = std::fs::read(sandbox.home().join(".credsh/sealed.age")).unwrap();
        assert!(before == after, "{meanwhile}");
    }
}
