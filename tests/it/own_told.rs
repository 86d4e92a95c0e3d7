//! What `status`, `why`, `token show` and the list of changes tell of the tokens that credsh keeps itself: pending ones,
//! lost ones, those that the configuration leaves out; and what a damaged ledger is no obstacle to.

use serde_json::{Value, json};

use crate::harness::{SENTINEL, Sandbox};

const INDEX: &str = "sparse+https://corp.example/";
const TOKEN: &str = "sentinel-of-corp-0123456789";
const CREDSH: &str = env!("CARGO_BIN_EXE_credsh");

/// A registry whose provider is credsh with these arguments, and another that knows nothing of it.
fn corp(arguments: &str) -> Sandbox {
    let mut sandbox = Sandbox::new();
    let config = format!(
        "[registries.corp]\nindex = '{INDEX}'\ncredential-provider = '{CREDSH}{arguments}'\n\
         [registries.plain]\nindex = 'sparse+https://plain.example/'\n"
    );
    sandbox.write("home/config.toml", config).write(
        "home/credentials.toml",
        "registries.plain.token = 'sentinel-of-plain-0123456789'\n",
    );
    sandbox
        .env("T", TOKEN)
        .env("OLD", "sentinel-that-is-old-0123");
    sandbox
}

fn login(rest: &str) -> String {
    format!("login corp --store sealed {rest}")
}

fn revealed(sandbox: &mut Sandbox, lines: &[&str]) -> Value {
    let mut args = vec!["--json", "-q"];
    for line in lines {
        args.extend(["-c", line]);
    }
    let run = sandbox.reveals().run(&args);
    assert_eq!(run.status, 0, "{run:?}");
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn what_is_pending_is_what_a_read_in_the_same_transaction_gets() {
    let mut sandbox = corp("");
    let show = "token show corp --reveal";
    let publish = "token show corp --reveal --operation publish --crate serde";
    let results = revealed(&mut sandbox, &[&login("--from env:OLD"), show]);
    assert_eq!(results["results"][1]["token"], "sentinel-that-is-old-0123");
    let told = &results["results"][1];
    assert_eq!(told["from"]["place"], json!({ "label": "default" }));
    assert_eq!(
        (&told["cache"], &told["operation_independent"]),
        (&json!("session"), &json!(false))
    );

    let login = login("--from env:T --label reads --operations read");
    let results = revealed(&mut sandbox, &[&login, show, publish, "why corp"]);
    assert_eq!(results["results"][1]["token"], TOKEN);
    assert_eq!(results["results"][2]["token"], "sentinel-that-is-old-0123");
    let why = &results["results"][3];
    assert_eq!(why["token"]["place"]["label"], "reads", "{why}");

    // Rules and removals are pending as well.
    let results = revealed(
        &mut sandbox,
        &[
            "token remove reads",
            show,
            "token set default --operations publish",
        ],
    );
    assert_eq!(results["results"][1]["token"], "sentinel-that-is-old-0123");
    let run = sandbox.run(&["-c", "token set default --operations yank", "-c", publish]);
    assert_eq!(run.status, 3, "{run:?}");

    // In a script, too; and what is rolled back has never been there.
    let script = "begin(); login(\"corp\", #{ from: \"env:T\", store: \"sealed\" });\n\
                  let seen = token::show(\"corp\", #{ reveal: true }).token == env(\"T\");\n\
                  rollback(); if !seen { fail(\"not seen\") }\n";
    sandbox.write("work/s.rhai", script).write("x", "");
    sandbox.ok(&["-f", "s.rhai"]);
    let results = revealed(&mut sandbox, &[publish]);
    assert_eq!(results["results"][0]["token"], "sentinel-that-is-old-0123");
}

#[test]
fn a_plan_knows_what_it_would_store() {
    let mut sandbox = corp("");
    let run = sandbox.ok(&["-n", "-c", &login("--from env:T"), "-c", "why corp"]);
    assert!(run.stdout.contains("has a token"), "{run:?}");
    assert!(!sandbox.exists("home/.credsh/sealed.age"));
}

#[test]
fn status_tells_what_credsh_keeps_without_asking_a_store() {
    let mut sandbox = corp("");
    sandbox.ok(&[
        "-c",
        &login("--from env:T --label ci --operations read --expires 2999-01-31"),
    ]);
    sandbox.ok(&[
        "-c",
        &login("--from env:OLD --label old --operations publish --expires 2020-01-31"),
    ]);
    std::fs::remove_file(sandbox.home().join(".credsh/sealed.age")).unwrap();
    let run = sandbox.ok(&["status", "corp"]);
    for told in [
        "unknown (only a program could tell: `--ask`)",
        "`ci` in the sealed file, serves `read`, expires 2999-01-31",
        "`old` in the sealed file, serves `publish`, expired 2020-01-31",
    ] {
        assert!(run.stdout.contains(told), "{told}: {}", run.stdout);
    }
    let status = sandbox.json(&["status"]);
    let list = sandbox.json(&["token", "list"]);
    for row in status["registries"].as_array().unwrap() {
        let expected = match row["name"].as_str() {
            Some("corp") => list["tokens"].clone(),
            _ => json!([]),
        };
        assert_eq!(row["tokens"], expected, "{row}");
    }
}

#[test]
fn status_believes_the_store_and_not_the_ledger() {
    let mut sandbox = corp("");
    sandbox.ok(&["-c", &login("--from env:T")]);
    let asked = sandbox.json(&["status", "corp", "--ask"]);
    assert_eq!(
        asked["registries"][0]["place"],
        json!({ "label": "default" })
    );
    std::fs::remove_file(sandbox.home().join(".credsh/sealed.age")).unwrap();
    let run = sandbox.run(&["status", "corp", "--ask"]);
    assert_eq!(run.status, 3, "{run:?}");
    assert!(run.stdout.contains("not logged in"), "{run:?}");
    assert!(
        run.stdout
            .contains("has nothing for the token `default` any more"),
        "{run:?}"
    );
}

#[test]
fn a_damaged_ledger_leaves_open_whether_credsh_has_a_token() {
    let mut sandbox = corp("");
    sandbox.ok(&["-c", &login("--from env:T --label a")]);
    let whole = sandbox.read("home/.credsh/tokens.toml");
    let broken = format!("{whole}[tokens.\"{INDEX}\".b]\nstore = \"elsewhere\"\n");
    for ledger in ["x = [\n", &broken] {
        sandbox.write("home/.credsh/tokens.toml", ledger);
        for option in ["--ask", "--no-input"] {
            let run = sandbox.run(&["status", "corp", option]);
            assert_eq!(run.status, 65, "{run:?}");
            assert!(run.stdout.contains("corp: unknown\n"), "{run:?}");
        }
        let run = sandbox.ok(&["status", "--ask"]);
        assert!(run.stdout.contains("corp: unknown\n"), "{run:?}");
        sandbox.fails(65, &["token", "show", "corp"]);
    }
}

#[test]
fn a_damaged_ledger_is_no_obstacle_where_credsh_is_not_asked() {
    let mut sandbox = corp("");
    for ledger in [
        "tokens = 3\n",
        "[tokens\n",
        &format!("[tokens.\"{INDEX}\".ci]\nstore = 3\n"),
    ] {
        sandbox.write("home/.credsh/tokens.toml", ledger);
        for line in [
            "token show plain",
            "why plain",
            "status plain",
            "registry list",
        ] {
            sandbox.ok(&["-c", line]);
        }
        sandbox.ok(&["registry", "rename", "plain", "other"]);
        sandbox.ok(&["registry", "rename", "other", "plain"]);
        let run = sandbox.ok(&["-n", "registry", "rename", "corp", "other"]);
        assert!(
            run.stderr.contains("stays noted under that name"),
            "{run:?}"
        );
        sandbox.fails(65, &["token", "show", "corp"]);
    }
}

/// What somebody has written beside a token in the ledger stays beside it under its new label, and goes with it.
#[test]
fn a_new_label_keeps_comments_and_order() {
    let mut sandbox = corp("");
    for label in ["ci", "release"] {
        let login = login(&format!(
            "--from env:T --operations read,publish --label {label}"
        ));
        let crates = if label == "ci" { "" } else { " --crates serde" };
        sandbox.ok(&["-c", &format!("{login}{crates}")]);
    }
    let ledger = sandbox.read("home/.credsh/tokens.toml");
    let header = format!("[tokens.\"{INDEX}\".ci]");
    let noted = ledger.replace(&header, &format!("# of the build\n{header} # until june"));
    let noted = noted.replace("store =", "# new machine\nstore =");
    sandbox.write("home/.credsh/tokens.toml", &noted);
    let run = sandbox.ok(&["token", "set", "ci", "--label", "builds"]);
    assert!(run.stdout.contains(".builds = { registry = "), "{run:?}");
    let renamed = noted.replace("\".ci]", "\".builds]");
    assert_eq!(sandbox.read("home/.credsh/tokens.toml"), renamed);
    sandbox.ok(&["token", "set", "builds", "--label", "ci"]);
    assert_eq!(sandbox.read("home/.credsh/tokens.toml"), noted);
    sandbox.ok(&["token", "remove", "ci"]);
    let left = sandbox.read("home/.credsh/tokens.toml");
    assert!(
        !left.contains("build") && left.contains("release"),
        "{left}"
    );
}

#[test]
fn a_token_that_the_configuration_leaves_out_is_told() {
    let mut sandbox = corp(" --label prod");
    let run = sandbox.ok(&["-c", &login("--from env:T --label dev")]);
    let told = "configured with `--label prod`, so Cargo will not get the token `dev`";
    assert!(run.stderr.contains(told), "{run:?}");
    let run = sandbox.ok(&["why", "corp"]);
    assert!(
        run.stdout.contains("credsh keeps `dev` for this index"),
        "{run:?}"
    );
    assert!(!run.stdout.contains("no other index"), "{run:?}");
    let run = sandbox.ok(&["-c", &login("--from env:T --operations read")]);
    assert!(!run.stderr.contains("warning"), "{run:?}");

    let mut sandbox = corp(" --label prod --operations read");
    let run = sandbox.fails(64, &["-c", &login("--from env:T")]);
    assert!(
        run.stderr.contains("config.toml:3") && run.stderr.contains("when it is stored"),
        "{run:?}"
    );
    assert!(!sandbox.exists("home/.credsh/tokens.toml"));
}

#[test]
fn each_credsh_of_a_chain_has_the_tokens_that_it_is_configured_for() {
    let mut sandbox = corp("");
    let config = format!(
        "[registries.corp]\nindex = '{INDEX}'\n[registry]\n\
         global-credential-providers = ['{CREDSH} --label b', '{CREDSH} --label a']\n"
    );
    sandbox.write("home/config.toml", config);
    let (keep, show) = (
        login("--from env:T -- --label b"),
        "token show corp --reveal",
    );
    let results = revealed(&mut sandbox, &[&keep, show, "why corp"]);
    assert_eq!(results["results"][1]["token"], TOKEN, "{results:#}");
    let b = json!({ "label": "b" });
    assert_eq!(results["results"][2]["token"]["place"], b, "{results:#}");

    let run = sandbox.ok(&["-c", &keep]);
    assert!(!run.stderr.contains("will not get"), "{run:?}");
    let shown = sandbox.json(&["token", "show", "corp"]);
    let from = json!({ "provider": [CREDSH, "--label", "b"], "place": b });
    assert_eq!(shown["from"], from);
    let why = sandbox.json(&["why", "corp", "--ask"]);
    assert_eq!(why["token"]["place"], b, "{why:#}");
    assert_eq!(why["providers"][0]["detail"], Value::Null, "{why:#}");
    let told = "the token `b` serves every operation";
    assert_eq!(why["providers"][1]["detail"], told, "{why:#}");
    assert!(!why["notes"].to_string().contains("leave out"), "{why:#}");
    let status = &sandbox.json(&["status", "corp", "--ask"])["registries"][0];
    assert_eq!(
        (&status["place"], &status["tokens"][0]["label"]),
        (&b, &json!("b"))
    );

    let other = login("--from env:T --label c --operations publish");
    let run = sandbox.ok(&["-c", &other]);
    let told = "so Cargo will not get the token `c`";
    assert!(run.stderr.contains(told), "{run:?}");
}

#[test]
fn a_date_that_goes_is_told_and_what_is_said_twice_is_kept_once() {
    let mut sandbox = corp("");
    sandbox.ok(&[
        "-c",
        &login("--from env:T --operations read,read --expires 2999-01-31"),
    ]);
    let list = sandbox.json(&["token", "list"]);
    assert_eq!(list["tokens"][0]["operations"], json!(["read"]));
    let run = sandbox.ok(&["-c", &login("--from env:OLD --crates 'a*,b,a*'")]);
    assert!(
        run.stderr
            .contains("which was good until 2999-01-31, is good without end"),
        "{run:?}"
    );
    let list = sandbox.json(&["token", "list"]);
    assert_eq!(list["tokens"][0]["crates"], json!(["a*", "b"]));
}

#[test]
fn a_tie_of_others_is_no_obstacle_for_the_one_that_is_more_specific() {
    let mut sandbox = corp("");
    for token in [
        "one --crates 'serde*'",
        "two --operations publish",
        "best --crates serde",
    ] {
        sandbox.ok(&["-c", &login(&format!("--from env:T --label {token}"))]);
    }
    // The login would refuse it.
    let ledger = sandbox.read("home/.credsh/tokens.toml");
    let ledger = ledger.replace("operations = [\"publish\"]", "crates = [\"serde*\"]");
    sandbox.write("home/.credsh/tokens.toml", ledger);
    let words = ["token", "show", "corp", "--operation", "publish", "--crate"];
    let shown = sandbox.json(&[&words[..], &["serde"]].concat());
    assert_eq!(shown["from"]["place"]["label"], "best");
    let run = sandbox.run(&[&words[..], &["serde_json"]].concat());
    assert!(
        run.status != 0 && run.stderr.contains("equally well"),
        "{run:?}"
    );
}

#[test]
fn a_change_of_an_own_token_names_credsh_and_the_label() {
    let mut sandbox = corp("");
    let login = login("--from env:T --label ci");
    let changed = sandbox.json(&["-c", &login]);
    let item = &changed["changes"][0];
    assert_eq!(
        (&item["provider"], &item["label"]),
        (&json!(["credsh"]), &json!("ci")),
        "{item}"
    );
    assert!(!changed.to_string().contains("--item"), "{changed}");
}

#[test]
fn as_many_changes_are_told_as_are_listed() {
    let mut sandbox = corp("");
    for rest in ["--from env:T", "--from env:T --label ci --operations read"] {
        let told = sandbox.ok(&["-c", &login(rest)]).stdout;
        let is_listed = |line: &&str| line.trim_start().starts_with(['+', '-', '~']);
        let changes = match told.lines().filter(is_listed).count() {
            1 => "1 change written".to_owned(),
            listed => format!("{listed} changes written"),
        };
        assert_eq!(told.lines().last(), Some(changes.as_str()), "{told}");
    }
}

#[test]
fn a_project_token_that_cargo_does_not_read_is_no_obstacle_for_a_logout_where_nobody_can_be_asked()
{
    let mut sandbox = corp("");
    let project = "work/.cargo/config.toml";
    sandbox.write(project, "registries.corp.token = 'sentinel-of-project'\n");
    sandbox.ok(&["-c", &login("--from env:T")]);
    let run = sandbox.ok(&["logout", "corp"]);
    assert!(run.stdout.contains("nobody can be asked"), "{run:?}");
    let list = sandbox.json(&["token", "list"]);
    assert_eq!(list["tokens"], json!([]));
    assert!(sandbox.read(project).contains("sentinel-of-project"));
    sandbox.ok(&["logout", "corp", "--yes"]);
    assert!(!sandbox.read(project).contains("sentinel-of-project"));
}

/// Also behind a link, and before they are there.
#[test]
fn what_credsh_keeps_is_no_configuration() {
    let mut sandbox = corp("");
    std::os::unix::fs::symlink(
        sandbox.home().join(".credsh/tokens.toml"),
        sandbox.root().join("work/link.toml"),
    )
    .unwrap();
    for file in ["../home/.credsh/tokens.toml", "link.toml"] {
        for _ in 0..2 {
            let add = ["registry", "add", "z", "sparse+https://z.example/"];
            let failed = sandbox.fails(64, &[&add[..], &["--config-file", file]].concat());
            let told = "credsh keeps its own files in this folder";
            assert!(failed.stderr.contains(told), "{file}: {}", failed.stderr);
            sandbox.ok(&["-c", &login("--from env:T")]);
        }
        std::fs::remove_dir_all(sandbox.home().join(".credsh")).unwrap();
        std::fs::create_dir(sandbox.home().join(".credsh")).unwrap();
    }
}

/// The key of a token in the ledger has the URL of its index in it, and that may have a password.
#[test]
fn user_info_in_a_key_of_the_ledger_is_not_told() {
    let mut sandbox = Sandbox::new();
    let ledger = format!(
        "[tokens.\"sparse+https://{SENTINEL}:{SENTINEL}@host.example/\".default]\nstore = \"sealed\"\nuse = 1.5\n"
    );
    sandbox.write("home/.credsh/tokens.toml", ledger);
    let run = sandbox.run(&["token", "list"]);
    assert_eq!(run.status, 65, "{run:?}");
    assert!(run.stderr.contains("host.example"), "{}", run.stderr);
    assert!(!run.stderr.contains(SENTINEL), "{}", run.stderr);
}
