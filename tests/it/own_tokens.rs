//! The tokens that credsh keeps itself: stored, listed, changed and forgotten, by credsh and by the real Cargo; in
//! transactions and plans; and installing credsh as a provider.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cargo::Cargo;
use crate::harness::{Run, Sandbox};
use crate::vault::{VAULT, Vault};

const INDEX: &str = "sparse+https://corp.example/";
const TOKEN: &str = "sentinel-of-corp-0123456789";
const LIMIT: Duration = Duration::from_secs(20);

/// A registry, and credsh on the `PATH` or not.
fn with_corp(is_on_path: bool) -> Sandbox {
    let mut sandbox = Sandbox::new();
    let bin = sandbox.root().join("bin");
    if is_on_path {
        sandbox.program("bin/credsh", &forwarding(""));
    }
    sandbox
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .env("T", TOKEN)
        .ok(&["registry", "add", "corp", INDEX]);
    sandbox
}

/// A script in front of credsh.
fn forwarding(first: &str) -> String {
    let credsh = env!("CARGO_BIN_EXE_credsh");
    format!("#!/bin/sh\n{first}\nexec '{credsh}' \"$@\"\n")
}

fn login(more: &str) -> String {
    format!("login corp --from env:T --store sealed {more}")
}

/// What credsh keeps: the ledger, what is sealed, and the key to it.
fn kept(sandbox: &Sandbox) -> Vec<Option<Vec<u8>>> {
    ["tokens.toml", "sealed.age", "identity", "journal"]
        .iter()
        .map(|name| std::fs::read(sandbox.home().join(".credsh").join(name)).ok())
        .collect()
}

fn listed(sandbox: &mut Sandbox) -> Vec<Value> {
    let mut list = sandbox.json(&["token", "list"]);
    let tokens = list["tokens"].as_array_mut().unwrap();
    for token in &mut *tokens {
        token["created"].take();
    }
    std::mem::take(tokens)
}

/// What Cargo would send.
fn sent(sandbox: &mut Sandbox, operation: &str) -> String {
    let show = [
        "token",
        "show",
        "corp",
        "--reveal",
        "--operation",
        operation,
    ];
    sandbox.reveals().ok(&show).stdout.trim().to_owned()
}

#[test]
fn a_login_installs_the_provider_keeps_the_token_and_again_changes_nothing() {
    let mut sandbox = with_corp(true);
    let command =
        login("--provider credsh --label ci --operations read,owners --expires 2999-12-31");
    sandbox.ok(&["-c", &command]);
    assert!(
        sandbox
            .read("home/config.toml")
            .contains("credential-provider = \"credsh\"")
    );
    let token = json!({
        "label": "ci", "registry": "corp", "index": INDEX, "operations": ["read", "owners"], "crates": [],
        "store": "sealed", "scheme": "raw", "created": null, "expires": "2999-12-31",
    });
    assert_eq!(listed(&mut sandbox), [token]);
    assert_eq!(sent(&mut sandbox, "owners"), TOKEN);
    assert!(!sandbox.exists("home/credentials.toml"));

    let (before, files) = (kept(&sandbox), sandbox.snapshot());
    assert_eq!(sandbox.ok(&["-c", &command]).stdout, "unchanged\n");
    // A plan opens no store, so it cannot know.
    sandbox.fails(2, &["--check", "-c", &command]);
    assert!(before == kept(&sandbox) && files == sandbox.snapshot());
}

#[test]
fn rules_are_changed_one_by_one_and_taken_back() {
    let mut sandbox = with_corp(true);
    sandbox.ok(&["-c", &login("--provider credsh --operations publish")]);
    for (options, key, value) in [
        ("--crates serde*,toml", "crates", json!(["serde*", "toml"])),
        ("--expires 2999-01-01", "expires", json!("2999-01-01")),
        ("--operations yank", "operations", json!(["yank"])),
        ("--label ci", "label", json!("ci")),
        ("--all-crates", "crates", json!([])),
        ("--never-expires", "expires", json!(null)),
        ("--all-operations", "operations", json!([])),
    ] {
        let label = if listed(&mut sandbox)[0]["label"] == "ci" {
            "ci"
        } else {
            "default"
        };
        let set = format!("token set {label} {options}");
        sandbox.ok(&["-c", &set]);
        let tokens = listed(&mut sandbox);
        assert_eq!((tokens.len(), &tokens[0][key]), (1, &value), "{set}");
        if key != "label" {
            assert_eq!(sandbox.ok(&["-c", &set]).stdout, "unchanged\n", "{set}");
        }
    }
    assert_eq!(sent(&mut sandbox, "publish"), TOKEN);

    for (status, line) in [
        (64, "token set ci"),
        (3, "token set cx --operations read"),
        (3, "token remove nobody"),
        (64, "token set ci --expires tomorrow"),
        (64, "token set ci --operations dance"),
        (64, "token set ci --crates a*b"),
        (64, "token set ci --label 'two words'"),
    ] {
        let before = kept(&sandbox);
        let run = sandbox.fails(status, &["-c", line]);
        assert!(run.stderr.contains("hint: "), "{line}: {run:?}");
        assert!(before == kept(&sandbox), "{line}");
    }
}

#[test]
fn a_token_is_forgotten_alone_or_with_all_others_of_its_registry() {
    let mut sandbox = with_corp(true);
    sandbox.ok(&[
        "-c",
        &login("--provider credsh"),
        "-c",
        &login("--label ci --operations read"),
        "-c",
        &login("--label crates --crates serde"),
    ]);
    sandbox.ok(&["token", "remove", "ci"]);
    assert_eq!(listed(&mut sandbox).len(), 2);
    assert_eq!(sent(&mut sandbox, "read"), TOKEN);
    assert_eq!(sandbox.fails(3, &["token", "remove", "ci"]).stdout, "");
    let run = sandbox.ok(&["logout", "corp"]);
    assert!(run.stdout.contains("removed"), "{run:?}");
    assert_eq!(listed(&mut sandbox), Vec::<Value>::new());
    sandbox.fails(3, &["token", "show", "corp"]);
    sandbox.ok(&["logout", "corp"]);
}

/// A plan neither opens a store nor starts a program, not even where both would fail.
#[test]
fn a_plan_asks_nobody_starts_nothing_and_writes_nothing() {
    let mut sandbox = with_corp(true);
    sandbox.ok(&["-c", &login("--provider credsh")]);
    let log = sandbox.root().join("starts");
    let program = sandbox.program(
        "logging",
        &forwarding(&format!("echo start >>'{}'", log.display())),
    );
    sandbox.program(
        "bin/credsh",
        &forwarding(&format!("echo start >>'{}'", log.display())),
    );
    sandbox.write("home/.credsh/sealed.age", "not sealed at all");
    let before = (kept(&sandbox), sandbox.snapshot());
    for line in [
        "login corp --store sealed",
        "login corp --from env:T",
        "login corp --label ci --operations read --from env:T",
        "token set default --operations read",
        "token set default --store keyring",
        "token set default --label other",
        "token remove default",
        "logout corp",
        "registry set corp --provider 'credsh --label x'",
        "provider add credsh",
    ] {
        for (plan, status) in [("--check", 2), ("--dry-run", 0)] {
            let mut world = sandbox.as_world();
            world.program.clone_from(&program);
            let args = [plan, "-c", line].map(std::ffi::OsString::from);
            assert_eq!(
                credsh::run(world, args.into_iter()),
                status,
                "{plan} {line}"
            );
            assert!(!log.exists(), "{plan} {line} starts a program");
        }
        assert!(before == (kept(&sandbox), sandbox.snapshot()), "{line}");
    }
}

#[test]
fn a_batch_that_fails_leaves_ledger_and_store_as_they_were() {
    let mut sandbox = with_corp(true);
    let vault = Vault::new(&mut sandbox);
    let first = login("--provider credsh");
    // Before anything is done.
    sandbox.fails(3, &["-c", &first, "-c", "registry remove nobody"]);
    assert!(kept(&sandbox).iter().all(Option::is_none));
    assert!(!sandbox.read("home/config.toml").contains("credsh"));

    // After the token was stored, because another provider fails.
    sandbox.ok(&["-c", &first]);
    sandbox.ok(&[
        "registry",
        "add",
        "other",
        "sparse+https://other.example/",
        "--provider",
        VAULT,
    ]);
    vault.fails_at("login");
    let before = kept(&sandbox);
    let files = sandbox.snapshot();
    let run = sandbox.env("N", "sentinel-new").run(&[
        "-c",
        "login corp --from env:N",
        "-c",
        "login corp --label ci --operations read --from env:N --store sealed",
        "-c",
        "login other --from env:N",
    ]);
    assert_eq!(run.status, 1, "{run:?}");
    assert!(run.stderr.contains("the vault is on fire"), "{run:?}");
    assert_eq!(sent(&mut sandbox, "read"), TOKEN);
    assert!(files == sandbox.snapshot());
    assert_eq!(before[0], kept(&sandbox)[0], "the ledger");
    let sealed = request(&mut sandbox, "ci");
    assert_eq!(sealed["Err"]["kind"], "not-found", "{sealed}");

    // A rollback is none of either.
    sandbox.ok(&[
        "-c",
        "begin",
        "-c",
        "token remove default",
        "-c",
        "rollback",
    ]);
    assert_eq!(sent(&mut sandbox, "read"), TOKEN);
}

/// What the sealed file has under a label, whatever the ledger says.
fn request(sandbox: &mut Sandbox, label: &str) -> Value {
    let request = json!({
        "v": 1, "registry": { "index-url": INDEX }, "kind": "get", "operation": "read",
        "args": ["--item", "sealed", label],
    });
    let run = sandbox
        .stdin(format!("{request}\n"))
        .run(&["--item", "--cargo-plugin"]);
    serde_json::from_str(run.stdout.lines().nth(1).unwrap()).unwrap()
}

#[test]
fn cargo_itself_logs_in_and_out_with_arguments_and_without() {
    let cargo = Cargo::new();
    let mut sandbox = cargo.sandbox();
    let credsh = forwarding("").replace("#!/bin/sh\n", "");
    cargo.programs(&[("credsh", &credsh)]);
    let config =
        "[registries.corp]\nindex = '<corp>'\ncredential-provider = 'credsh --store sealed'\n";
    sandbox.write("home/config.toml", cargo.registries.fill(config));
    let ask = |sandbox: &Sandbox| cargo.ask(sandbox, Some("corp")).token;
    let told = cargo.login(&sandbox, Some("corp"), "cargo login sentinel-all\n");
    assert!(told.success, "{told:#?}");
    assert_eq!(ask(&sandbox).as_deref(), Some("sentinel-all"));

    let words = [
        "-v",
        "login",
        "--registry=corp",
        "--",
        "--label",
        "x",
        "--operations",
        "owners",
    ];
    let told = cargo.run(LIMIT, &sandbox, &words, None, "sentinel-x\n");
    assert!(told.success, "{told:#?}");
    assert_eq!(ask(&sandbox).as_deref(), Some("sentinel-x"));
    let tokens = listed(&mut sandbox);
    let rules: Vec<_> = tokens
        .iter()
        .map(|token| {
            (
                &token["label"],
                &token["operations"],
                &token["store"],
                &token["registry"],
            )
        })
        .collect();
    let (sealed, corp) = (json!("sealed"), json!("corp"));
    assert_eq!(
        rules,
        [
            (&json!("default"), &json!([]), &sealed, &corp),
            (&json!("x"), &json!(["owners"]), &sealed, &corp),
        ]
    );

    // What it refuses, it refuses without a change.
    let before = kept(&sandbox);
    let words = [
        "-v",
        "login",
        "--registry=corp",
        "--",
        "--label",
        "y",
        "--operations",
        "owners",
    ];
    let told = cargo.run(LIMIT, &sandbox, &words, None, "sentinel-y\n");
    assert!(
        !told.success && !told.stderr.contains("sentinel"),
        "{told:#?}"
    );
    told.assert_said("would serve `owners` equally well");
    assert!(before == kept(&sandbox));

    let told = cargo.logout(&sandbox, Some("corp"));
    assert!(told.success, "{told:#?}");
    assert_eq!(listed(&mut sandbox), Vec::<Value>::new());
    assert_eq!(ask(&sandbox), None);
}

#[test]
fn the_provider_is_installed_by_its_bare_name_or_by_its_full_path_and_taken_out_by_either() {
    let full = env!("CARGO_BIN_EXE_credsh");
    for (is_on_path, written) in [(true, "credsh"), (false, full)] {
        let mut sandbox = with_corp(is_on_path);
        sandbox.ok(&["provider", "add", "credsh"]);
        let config = sandbox.read("home/config.toml");
        let expected = format!("global-credential-providers = [\"cargo:token\", \"{written}\"]");
        assert!(config.contains(&expected), "{config}");
        assert_eq!(
            sandbox.ok(&["provider", "add", "credsh"]).stdout,
            "unchanged\n"
        );
        sandbox.ok(&["registry", "set", "corp", "--provider", "credsh"]);
        let config = sandbox.read("home/config.toml");
        assert!(
            config.contains(&format!("credential-provider = \"{written}\"")),
            "{config}"
        );

        sandbox.ok(&["provider", "remove", "credsh"]);
        assert!(
            !sandbox
                .read("home/config.toml")
                .contains(&format!("\"cargo:token\", \"{written}\""))
        );
        sandbox.ok(&["provider", "add", full]);
        sandbox.ok(&["provider", "remove", "credsh"]);
        assert!(
            !sandbox
                .read("home/config.toml")
                .contains("\"cargo:token\", ")
        );
    }
}

#[test]
fn a_credsh_that_does_not_start_is_not_installed() {
    let mut sandbox = with_corp(false);
    sandbox.program("bin/credsh", "#!/bin/sh\nexit 3\n");
    for line in [
        "provider add credsh",
        "registry set corp --provider credsh",
        "login corp --provider credsh --from env:T",
    ] {
        let run: Run = sandbox.fails(1, &["-c", line]);
        assert!(run.stderr.contains("before it said hello"), "{run:?}");
    }
}

#[test]
fn an_expired_token_is_refused_with_the_command_that_renews_it_and_is_marked_in_the_list() {
    let mut sandbox = with_corp(true);
    let rules = "--label old --operations publish,yank --crates 'serde*,toml'";
    let run = sandbox.ok(&[
        "-c",
        &login(&format!("--provider credsh {rules} --expires 2020-01-31")),
    ]);
    assert!(run.stderr.contains("counts as expired"), "{run:?}");
    assert!(
        sandbox
            .ok(&["token", "list"])
            .stdout
            .contains("expired 2020-01-31")
    );
    let asked = "corp --operation publish --crate toml";
    let run = sandbox.fails(5, &["-c", &format!("token show {asked}")]);
    assert!(
        run.stderr
            .contains("the token `old` has expired on 2020-01-31"),
        "{run:?}"
    );
    let renewal = format!("login corp {rules} --expires 90d");
    assert!(
        run.stderr.contains(&format!("hint: renew it: `{renewal}`")),
        "{run:?}"
    );
    let told = sandbox.json(&["-c", &format!("why {asked} --ask")]);
    assert!(
        told.to_string().contains("has expired on 2020-01-31"),
        "{told}"
    );

    let before = listed(&mut sandbox);
    sandbox.ok(&[
        "-c",
        &format!("login corp {rules} --from env:T --expires 2999-01-01"),
    ]);
    let mut after = listed(&mut sandbox);
    assert_eq!(after[0]["expires"].take(), "2999-01-01");
    after[0]["expires"] = before[0]["expires"].clone();
    assert_eq!(after, before, "for what it was for");
    sandbox.ok(&["-c", &format!("token show {asked}")]);
}

#[test]
fn logins_at_the_same_time_all_come_through() {
    let mut sandbox = with_corp(true);
    sandbox.ok(&["registry", "set", "corp", "--provider", "credsh"]);
    let logins: Vec<_> = (0..6)
        .map(|n| {
            let (label, name) = (format!("l{n}"), format!("c{n}"));
            let args = ["login", "corp", "--from", "env:T", "--store", "sealed"];
            let mut process = sandbox.process();
            process
                .args(args)
                .args(["--label", &label, "--crates", &name]);
            process
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut login in logins {
        assert!(login.wait().unwrap().success());
    }
    assert_eq!(listed(&mut sandbox).len(), 6);
    for n in 0..6 {
        let args = format!("token show corp --reveal --operation publish --crate c{n}");
        let run = sandbox.reveals().ok(&["-c", &args]);
        assert_eq!(run.stdout.trim(), TOKEN);
    }
}

#[test]
fn a_token_that_is_stored_again_for_more_is_a_warning() {
    let mut sandbox = with_corp(true);
    let login = |sandbox: &mut Sandbox, rest: &str| {
        let line =
            format!("login corp --provider credsh --from env:T --store sealed --label ci {rest}");
        sandbox.ok(&["-c", &line]).stderr
    };
    login(&mut sandbox, "--operations read,yank");
    let told = login(&mut sandbox, "--operations read");
    assert!(!told.contains("warning"), "{told}");
    let told = login(&mut sandbox, "");
    assert!(
        told.contains(
            "warning: the token `ci`, which serves `read`, serves every operation from now on"
        ),
        "{told}"
    );
}

#[test]
fn a_damaged_ledger_is_an_error_and_never_no_token() {
    let mut sandbox = with_corp(true);
    let login = "login corp --provider credsh --from env:T --store sealed";
    sandbox.ok(&["-c", login]);
    let whole = sandbox.read("home/.credsh/tokens.toml");
    let get = json!({
        "v": 1, "registry": { "index-url": INDEX }, "kind": "get", "operation": "read",
    });
    let mut answer = |text: &str| -> Value {
        sandbox.write("home/.credsh/tokens.toml", text);
        let run = sandbox
            .stdin(format!("{get}\n"))
            .reveals()
            .run(&["--cargo-plugin"]);
        serde_json::from_str(run.stdout.lines().nth(1).unwrap()).unwrap()
    };
    assert_eq!(answer(&whole)["Ok"]["kind"], "get");
    for damaged in ["garbage", &whole[..20], "tokens = 3\n"] {
        assert_eq!(answer(damaged)["Err"]["kind"], "other", "{damaged}");
    }
    // In another form it is as good.
    let label = format!("[tokens.\"{INDEX}\".default]");
    let other = whole.replace(&label, &format!("[tokens.\"{INDEX}\" . default]"));
    assert_ne!(other, whole);
    assert_eq!(answer(&other)["Ok"]["kind"], "get");
}

#[test]
fn a_token_that_its_store_has_lost_is_an_error_and_never_no_token() {
    let mut sandbox = with_corp(true);
    let login = "login corp --provider credsh --from env:T --store sealed";
    sandbox.ok(&["-c", login]);
    std::fs::remove_file(sandbox.home().join(".credsh/sealed.age")).unwrap();
    let failed = sandbox.fails(1, &["token", "show", "corp"]);
    assert!(
        failed
            .stderr
            .contains("has nothing for the token `default` any more"),
        "{}",
        failed.stderr
    );
}

#[test]
fn a_configuration_cannot_pass_by_the_rules_of_a_token() {
    let mut sandbox = with_corp(true);
    let login = "login corp --provider credsh --from env:T --store sealed --operations publish";
    sandbox.ok(&["-c", login]);
    for arguments in [
        ["--item", "sealed", "default"],
        ["--operations", "read", ""],
    ] {
        let arguments: Vec<&str> = arguments
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect();
        let get = json!({
            "v": 1, "registry": { "index-url": INDEX }, "kind": "get", "operation": "read",
            "args": arguments,
        });
        let run = sandbox.stdin(format!("{get}\n")).run(&["--cargo-plugin"]);
        let answer: Value = serde_json::from_str(run.stdout.lines().nth(1).unwrap()).unwrap();
        assert_eq!(answer["Err"]["kind"], "other", "{answer}");
    }
}

#[test]
fn what_does_not_move_is_refused() {
    let mut sandbox = with_corp(true);
    let login = "login corp --provider credsh --from env:T --store sealed";
    sandbox.ok(&["-c", login]);
    let line = "login corp --provider cargo:token --from provider:credsh --move";
    let failed = sandbox.fails(1, &["-c", line]);
    assert!(failed.stderr.contains("do not move"), "{}", failed.stderr);
    sandbox.fails(
        64,
        &["-c", &format!("{login} --expires 9223372036854775807d")],
    );
}

/// Somebody else's run, between what this one reads and what it writes: a command that gives a token.
fn meanwhile(sandbox: &Sandbox, lines: &[&str]) -> String {
    let credsh = env!("CARGO_BIN_EXE_credsh");
    let runs = lines
        .iter()
        .map(|line| format!("'{credsh}' -c '{line}' >&2\n"));
    let script = format!(
        "#!/bin/sh\nset -e\n{}echo {TOKEN}\n",
        runs.collect::<String>()
    );
    let program = sandbox.program("bin/meanwhile", &script);
    format!("command:{}", program.display())
}

#[test]
fn what_another_run_does_to_the_same_token_meanwhile_is_not_mixed_with_this_one() {
    for other in [
        "token set ci --operations publish",
        "token remove ci",
        "login corp --from env:T --store sealed --label ci --crates serde",
    ] {
        let mut sandbox = with_corp(true);
        sandbox.ok(&["-c", &login("--provider credsh --label ci")]);
        let from = meanwhile(&sandbox, &[other]);
        let last = format!("login corp --store sealed --label x --crates toml --from {from}");
        let lines = ["-c", "token set ci --expires 2999-01-01", "-c", &last];
        let run = sandbox.run(&lines);
        assert_eq!(run.status, 1, "{other}: {run:?}");
        let told = run.stderr.contains("somebody else has changed");
        assert!(told && run.stderr.contains("ci"), "{other}: {run:?}");
        let tokens = listed(&mut sandbox);
        let labels = tokens.iter().map(|token| token["label"].as_str().unwrap());
        let labels: Vec<&str> = labels.collect();
        let expected: &[&str] = if other.contains("remove") {
            &[]
        } else {
            &["ci"]
        };
        assert_eq!(labels, expected, "{other}");
        assert!(
            tokens.iter().all(|token| token["expires"].is_null()),
            "{other}"
        );
    }
}

#[test]
fn a_token_that_ties_with_one_that_came_meanwhile_is_refused() {
    let mut sandbox = with_corp(true);
    sandbox.ok(&["-c", &login("--provider credsh --label ci")]);
    let from = meanwhile(
        &sandbox,
        &["login corp --from env:T --store sealed --label y --crates toml"],
    );
    let first = login("--label x --crates toml");
    let last = format!("login corp --store sealed --label z --crates syn --from {from}");
    let run = sandbox.run(&["-c", &first, "-c", &last]);
    assert_eq!(run.status, 1, "{run:?}");
    assert!(run.stderr.contains("would serve"), "{run:?}");
    assert_eq!(listed(&mut sandbox).len(), 2);
}

#[test]
fn of_two_tokens_that_fit_equally_well_neither_is_given() {
    let mut sandbox = with_corp(true);
    sandbox.ok(&[
        "-c",
        &login("--provider credsh --label a --operations publish"),
        "-c",
        &login("--label b"),
    ]);
    let ledger = sandbox.read("home/.credsh/tokens.toml");
    let ledger = ledger.replace("operations = [\"publish\"]\n", "");
    sandbox.write("home/.credsh/tokens.toml", ledger);
    let failed = sandbox.fails(1, &["token", "show", "corp"]);
    let told = "the tokens `a` and `b` fit this equally well, so neither is given";
    assert!(failed.stderr.contains(told), "{failed:?}");
}

#[test]
fn a_token_whose_table_is_broken_can_be_removed() {
    for broken in ["", "store = 3\n", "[x]\ny = 1\n"] {
        let mut sandbox = with_corp(true);
        sandbox.ok(&[
            "-c",
            &login("--provider credsh --label ci"),
            "-c",
            &login("--label other --crates toml"),
        ]);
        let ledger = sandbox.read("home/.credsh/tokens.toml");
        let (start, end) = (
            ledger.find("[tokens").unwrap(),
            ledger.rfind("[tokens").unwrap(),
        );
        let table = format!("[tokens.\"{INDEX}\".ci]\nregistry = \"corp\"\n");
        let broken = broken.replace("[x]", &format!("[tokens.\"{INDEX}\".ci.x]"));
        let ledger = format!("{}{table}{broken}{}", &ledger[..start], &ledger[end..]);
        sandbox.write("home/.credsh/tokens.toml", ledger);
        let failed = sandbox.fails(65, &["token", "list"]);
        assert!(failed.stderr.contains("`token remove ci`"), "{failed:?}");
        assert!(failed.stderr.contains("tokens.toml:"), "{failed:?}");
        assert!(failed.stdout.contains("other"), "{failed:?}");
        sandbox.fails(65, &["-c", &login("--label new --crates syn")]);
        sandbox.ok(&["token", "set", "other", "--crates", "serde"]);
        sandbox.ok(&["token", "remove", "ci"]);
        let tokens = listed(&mut sandbox);
        assert_eq!((tokens.len(), &tokens[0]["label"]), (1, &json!("other")));
        let sealed = request(&mut sandbox, "ci");
        assert_eq!(sealed["Err"]["kind"], "not-found", "{sealed}");
    }
}

#[test]
fn a_plan_of_new_rules_lists_all_that_changes() {
    let mut sandbox = with_corp(true);
    sandbox.ok(&[
        "-c",
        &login("--provider credsh --operations read --crates toml"),
    ]);
    let mut plan = |rest: &str| -> Vec<String> {
        let plan = sandbox.json(&["--dry-run", "-c", &format!("token set default {rest}")]);
        let changes = plan["changes"].as_array().unwrap().iter();
        let told = changes.map(|change| {
            let key = change["key"].as_str().unwrap().rsplit('.').next().unwrap();
            format!("{} {}", change["action"].as_str().unwrap(), key)
        });
        let mut told: Vec<String> = told.collect();
        told.sort();
        told
    };
    assert_eq!(
        plan("--operations yank --all-crates --expires 2999-01-01"),
        ["set expires", "set operations", "unset crates"]
    );
    let index = "example/";
    let moved = plan("--label ci");
    assert_eq!(
        moved.iter().filter(|one| one.starts_with("unset ")).count(),
        6,
        "{moved:?}"
    );
    assert!(moved.contains(&format!("login {index}")), "{moved:?}");
    assert!(moved.contains(&format!("logout {index}")), "{moved:?}");
    assert_eq!(plan("--store keyring").len(), 3);
}

/// A table that somebody has written by hand into the ledger, and its line.
fn written_by_hand(sandbox: &Sandbox, table: &str) -> usize {
    let ledger = sandbox.read("home/.credsh/tokens.toml");
    sandbox.write("home/.credsh/tokens.toml", format!("{ledger}{table}\n"));
    ledger.lines().count() + 1
}

#[test]
fn a_label_that_is_none_hides_no_other_token() {
    let mut sandbox = with_corp(true);
    sandbox.ok(&["-c", &login("--provider credsh --label ci")]);
    let table = format!("[tokens.\"{INDEX}\".\"my label\"]\nstore = \"sealed\"");
    let line = written_by_hand(&sandbox, &table);
    let failed = sandbox.fails(65, &["token", "list", "--json"]);
    let document: Value = serde_json::from_str(&failed.stdout).unwrap();
    assert_eq!(document["tokens"][0]["label"], "ci", "{failed:?}");
    let told = format!("tokens.toml:{line}: the ledger has a table whose label is none");
    assert!(failed.stderr.contains(&told), "{failed:?}");
    assert!(
        failed
            .stderr
            .contains("hint: take that table out of the file"),
        "{failed:?}"
    );

    let run = sandbox.ok(&["status"]);
    assert!(run.stderr.contains(&told), "{run:?}");
    // Cargo gets its token, and whoever reads along is told.
    let (answer, said) = asked(&mut sandbox, "publish");
    assert_eq!(answer["Ok"]["token"], TOKEN, "{answer}");
    assert!(said.contains(&told), "{said}");
    assert_eq!(sent(&mut sandbox, "read"), TOKEN);
    sandbox.ok(&["-c", &login("--label other --crates toml")]);
    sandbox.ok(&["token", "set", "other", "--crates", "serde"]);
    sandbox.ok(&["token", "remove", "other"]);
    sandbox.ok(&["logout", "corp"]);
    // Alone it is no token, and not the absence of one either.
    let (answer, _) = asked(&mut sandbox, "read");
    assert_eq!(answer["Err"]["kind"], "other", "{answer}");
}

#[test]
fn a_broken_token_is_as_one_whose_store_is_down_and_no_concern_of_other_registries() {
    let mut sandbox = with_corp(true);
    sandbox.ok(&["-c", &login("--provider credsh --label all")]);
    written_by_hand(&sandbox, &format!("[tokens.\"{INDEX}\".reads]\nstore = 3"));
    // What may do more is not given away in its place.
    let (answer, said) = asked(&mut sandbox, "read");
    assert_eq!(answer["Err"]["kind"], "other", "{answer}");
    assert!(
        said.contains("no known `store` for the token `reads`")
            || said.contains("a `store` that is no text"),
        "{said}"
    );
    let (answer, _) = asked(&mut sandbox, "publish");
    assert_eq!(answer["Ok"]["token"], TOKEN, "{answer}");

    let lab = "sparse+https://lab.example/";
    sandbox.ok(&["registry", "add", "lab", lab, "--provider", "credsh"]);
    sandbox.ok(&["login", "lab", "--from", "env:T", "--store", "sealed"]);
    sandbox.ok(&["token", "show", "lab"]);
    let run = sandbox.ok(&["status", "lab"]);
    assert!(run.stderr.contains("for the token `reads`"), "{run:?}");
    sandbox.ok(&["logout", "lab"]);
}

#[test]
fn a_ledger_that_is_none_is_told_by_status() {
    let mut sandbox = with_corp(true);
    sandbox.ok(&["-c", &login("--provider credsh")]);
    sandbox.write("home/.credsh/tokens.toml", "# mine\nno table\n");
    let run = sandbox.run(&["status"]);
    assert!(
        run.stderr.contains("warning: ") && run.stderr.contains("tokens.toml:2"),
        "{run:?}"
    );
}

/// What Cargo is answered, and what is said beside that.
fn asked(sandbox: &mut Sandbox, operation: &str) -> (Value, String) {
    let mut request = json!({
        "v": 1, "registry": { "index-url": INDEX }, "kind": "get", "operation": operation,
    });
    if operation != "read" {
        for key in ["name", "vers", "cksum"] {
            request[key] = json!("serde");
        }
    }
    let run = sandbox
        .stdin(format!("{request}\n"))
        .reveals()
        .run(&["--cargo-plugin"]);
    let answer = serde_json::from_str(run.stdout.lines().nth(1).unwrap()).unwrap();
    (answer, run.stderr)
}
