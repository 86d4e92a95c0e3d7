//! Scripts: what they can do, how they are blamed, and the samples that come with credsh.

use std::path::Path;

use crate::harness::{SENTINEL, Sandbox};

fn sample(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scripts")
        .join(name);
    path.display().to_string()
}

/// Runs a script that fails, and gives the error with the sandbox's path taken out.
#[track_caller]
fn blamed(status: u8, script: &str) -> String {
    let mut sandbox = Sandbox::new();
    sandbox.write("work/s.rhai", script);
    let run = sandbox.fails(status, &["-f", "s.rhai"]);
    run.stderr
        .replace(&format!("{}/", sandbox.work().display()), "")
}

#[test]
fn the_sample_sets_a_team_s_machine_up() {
    let mut sandbox = Sandbox::new();
    let setup = sample("setup.rhai");
    let failed = sandbox.fails(1, &["-f", &setup]);
    assert!(
        failed
            .stderr
            .contains("error: set CORP_TOKEN, LAB_TOKEN to the token of its registry"),
        "{}",
        failed.stderr
    );

    sandbox.env("CORP_TOKEN", format!("{SENTINEL}-of-corp-0123456789"));
    let failed = sandbox.fails(1, &["-f", &setup]);
    assert!(
        failed.stderr.contains("error: set LAB_TOKEN to"),
        "{}",
        failed.stderr
    );

    sandbox.env("LAB_TOKEN", format!("{SENTINEL}-of-lab-0123456789"));
    sandbox.ok(&["-f", &setup]);
    let list = sandbox.json(&["registry", "list"]);
    let shown: Vec<String> = list["registries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| format!("{} {} {}", r["name"], r["is_default"], r["logged_in"]))
        .collect();
    assert_eq!(
        shown,
        [
            "\"crates-io\" false false",
            "\"corp\" true true",
            "\"lab\" false true",
            "\"mirror\" false false"
        ]
    );
    assert!(
        sandbox
            .read("home/credentials.toml")
            .contains("\"Bearer sentinel-of-corp")
    );
    assert_eq!(sandbox.ok(&["--check", "-f", &setup]).stdout, "unchanged\n");
}

#[test]
fn the_sample_for_ci_logs_in_with_what_the_job_was_given() {
    let mut sandbox = Sandbox::new();
    let ci = sample("ci.rhai");
    let failed = sandbox.fails(1, &["--no-input", "-f", &ci]);
    assert!(
        failed
            .stderr
            .contains("error: missing: -s name=..., -s index=..., the variable REGISTRY_TOKEN"),
        "{}",
        failed.stderr
    );
    sandbox.env("JOB_TOKEN", format!("{SENTINEL}-of-job-0123456789"));
    sandbox.env("CRATES_IO_TOKEN", format!("{SENTINEL}-of-crates-io"));
    let args = [
        "--no-input",
        "-f",
        &ci,
        "-s",
        "name=corp",
        "-s",
        "index=sparse+https://c.example/",
        "-s",
        "variable=JOB_TOKEN",
    ];
    let run = sandbox.ok(&args);
    assert!(run.stdout.starts_with("corp: sha256:"), "{}", run.stdout);
    sandbox.ok(&["status", "corp", "crates-io"]);
    assert_eq!(sandbox.json(&args)["changes"], serde_json::json!([]));
}

#[test]
fn a_failure_shows_place_line_and_caret() {
    let check = |status: u8, script: &str, expected: &str| {
        let told = blamed(status, script);
        assert!(told.contains(expected), "{script}\n{told}");
    };
    check(
        1,
        "fail(\"no luck\");",
        "error: no luck\n  at s.rhai:1:1\n  fail(\"no luck\");\n  ^\n",
    );
    check(
        1,
        "\n  throw \"that\";",
        "error: that\n  at s.rhai:2:3\n    throw \"that\";\n    ^\n",
    );
    check(
        3,
        "let x = 1;\nregistry::remove(\"nobody\");",
        "error: no registry of this name",
    );
    check(
        3,
        "let x = 1;\nregistry::remove(\"nobody\");",
        "  at s.rhai:2:11\n",
    );
    check(64, "let x = ;", "at s.rhai:1:9\n  let x = ;\n          ^\n");
    check(
        64,
        "registry::add(\"corp\");",
        "error: `<INDEX>` is missing",
    );
    check(
        64,
        "registry::ad(\"corp\");",
        "error: there is no function `registry::ad`",
    );
    check(
        64,
        "login(\"corp\", #{ form: \"stdin\" });",
        "hint: did you mean `from`?",
    );
    check(
        64,
        "login(\"corp\", #{ move: 3 });",
        "`move` is a switch: it takes `true` or `false`, not an integer",
    );
    check(64, "login(3.5);", "an argument must be a text, not a f64");
    check(
        64,
        "login(env(\"NOPE\"));",
        "hint: a variable of the environment that is not set is `()`",
    );
    check(
        64,
        "registry::remove(\"--keep-token\");",
        "an argument begins with `-`",
    );
    check(1, "import \"../x\" as x;", "`import` reaches the folder");
}

#[test]
fn errors_can_be_caught_and_looked_into() {
    let script = r#"
        try { registry::remove("nobody"); } catch (e) { print(`${e.kind}|${e.message}|${e.hint}`); }
        try { fail("x"); } catch (e) { print(`${e.kind}|${e.message}|${e.hint}`); }
        try { throw 7; } catch (e) { print(e); }
    "#;
    let mut sandbox = Sandbox::new();
    let run = sandbox.stdin(script).ok(&["-f", "-"]);
    assert_eq!(
        run.stdout,
        "not-found|no registry of this name is configured here|`registry list` shows those that are; `registry add NAME INDEX` adds one\nfailed|x|\n7\n"
    );
}

#[test]
fn scripts_have_arguments_and_imports_and_end_early() {
    let mut sandbox = Sandbox::new();
    sandbox.write(
        "work/lib.rhai",
        "fn add(name) { registry::add(name, `sparse+https://${name}.example/`); }",
    );
    sandbox.write(
        "work/s.rhai",
        "#!/usr/bin/env -S credsh -f\nimport \"lib\" as lib;\nlib::add(args.name);\nprint(args.rest); print(is_dry_run()); exit(); fail(\"not reached\");",
    );
    let run = sandbox.ok(&["-f", "s.rhai", "-s", "name=corp", "--", "a", "--b"]);
    assert!(
        run.stdout.starts_with("[\"a\", \"--b\"]\nfalse\n"),
        "{}",
        run.stdout
    );
    assert!(sandbox.read("home/config.toml").contains("corp.example"));
}

#[test]
fn an_error_in_an_imported_function_shows_the_way_there() {
    let mut sandbox = Sandbox::new();
    sandbox.write(
        "work/lib.rhai",
        "fn leave() {\n    registry::remove(\"nobody\");\n}",
    );
    sandbox.write("work/s.rhai", "import \"lib\" as lib;\nlib::leave();");
    let run = sandbox.fails(3, &["-f", "s.rhai"]);
    assert!(run.stderr.contains("lib.rhai:2:"), "{}", run.stderr);
    assert!(
        run.stderr.contains("in `leave`, called at") && run.stderr.contains("s.rhai:2:"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_call_runs_once_and_never_while_compiling() {
    let mut sandbox = Sandbox::new();
    sandbox.write("work/s.rhai", "if false { registry::add(\"never\", \"sparse+https://n.example/\"); }\nfn unused() { registry::add(\"never\", \"sparse+https://n.example/\"); }\nfor i in 0..3 { registry::add(\"corp\", \"sparse+https://c.example/\"); }");
    let run = sandbox.json(&["-f", "s.rhai"]);
    assert_eq!(run["changes"].as_array().unwrap().len(), 1);
    assert!(!sandbox.read("home/config.toml").contains("never"));
}

#[test]
fn recursion_without_end_is_an_error() {
    let told = blamed(1, "fn f(n) { f(n + 1) }\nf(0);");
    assert!(
        told.contains("functions call each other too deep"),
        "{told}"
    );
}

#[test]
fn files_that_run_each_other_without_end_are_an_error() {
    let mut sandbox = Sandbox::new();
    sandbox.write("work/a.txt", "run b.rhai\n");
    sandbox.write("work/b.rhai", "run(\"a.txt\");");
    let failed = sandbox.fails(1, &["run", "a.txt"]);
    assert!(
        failed.stderr.contains("files run each other without end"),
        "{}",
        failed.stderr
    );
}

#[test]
fn a_line_of_a_batch_can_ask_for_json_by_itself() {
    let mut sandbox = Sandbox::new();
    let run = sandbox.ok(&["-c", "registry list --json"]);
    assert!(run.stdout.contains("\"schema\": 1"), "{}", run.stdout);
}
