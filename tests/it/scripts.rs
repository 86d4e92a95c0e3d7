//! Scripts: what they can do, and how they are blamed.

use crate::harness::Sandbox;
use crate::pty::Pty;

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

/// The whole of what is shown: message, place, line, caret, the way there, the next step.
#[test]
fn errors_teach() {
    let mut all = String::new();
    for (status, script) in [
        (64, "login(1, 2, 3, 4, 5, 6, 7, 8, 9);"),
        (
            64,
            "registry::add(\"corp\", \"sparse+https://c.example/\", \"more\");",
        ),
        (
            64,
            "fn greet(name) { print(name) }\nlet x = 1;\n    greet(\"a\", x);",
        ),
        (64, "fail(3);"),
        (64, "exit(\"now\");"),
        (64, "regisrty::list();"),
        (64, "registry::lisst();"),
        (64, "registry::set(\"corp\", #{ make_defualt: true });"),
        (64, "registry::add(\"corp\", #{ index: 1 });"),
        (1, "let x = 3 + missing;"),
        (
            1,
            "fn inner(n) { throw `too ${n}`; }\nfn outer(n) {\n  inner(n + 1)\n}\nouter(1);",
        ),
        (1, "throw #{ why: \"a map\", code: 7 };"),
        (1, "import \"nothing\" as x;"),
    ] {
        all.push_str(&format!("{}\n", blamed(status, script)));
    }
    expect_test::expect_file!["script_errors.txt"].assert_eq(&all);
}

#[test]
fn an_import_that_fails_is_shown_where_it_fails() {
    let mut sandbox = Sandbox::new();
    sandbox
        .write("work/broken.rhai", "let a = 1;\nlet b = ;\n")
        .write("work/deep/er.rhai", "fn f(n) { registry::remove(n) }")
        .write(
            "work/lib.rhai",
            "import \"deep/er\" as er;\nfn g(n) {\n  er::f(n)\n}",
        )
        .write("work/top.rhai", "registry::remove(\"nobody\");")
        .write("work/one.rhai", "import \"broken\" as broken;")
        .write(
            "work/two.rhai",
            "\nimport \"lib\" as lib;\nlib::g(\"nobody\");",
        )
        .write("work/three.rhai", "import \"top\" as top;");
    let mut all = String::new();
    for (status, script) in [(64, "one.rhai"), (3, "two.rhai"), (3, "three.rhai")] {
        let run = sandbox.fails(status, &["-f", script]);
        all.push_str(
            &run.stderr
                .replace(&format!("{}/", sandbox.work().display()), ""),
        );
    }
    expect_test::expect![[r#"
        error: this is not a script: a value is missing before this, or it has no meaning here
          at broken.rhai:2:9
          let b = ;
                  ^
          in `broken`, imported at one.rhai:1:8
        error: no registry of this name is configured here
          at deep/er.rhai:1:21
          fn f(n) { registry::remove(n) }
                              ^
          in `f`, called at lib.rhai:3:7
          in `g`, called at two.rhai:3:6
        hint: `registry list` shows those that are; `registry add NAME INDEX` adds one
        error: no registry of this name is configured here
          at top.rhai:1:11
          registry::remove("nobody");
                    ^
          in `top`, imported at three.rhai:1:8
        hint: `registry list` shows those that are; `registry add NAME INDEX` adds one
    "#]]
    .assert_eq(&all);
}

#[test]
fn a_script_ends_with_the_status_that_it_wants_and_keeps_what_it_did() {
    let add = "registry::add(\"corp\", \"sparse+https://c.example/\");";
    for (status, leave) in [
        (0, "exit();"),
        (0, "exit(0);"),
        (7, "exit(7);"),
        (7, "fn f() { exit(7) }\nf();"),
        (7, "[1].for_each(|| exit(7));"),
        (7, "try { exit(7); } catch { fail(\"caught\"); }"),
    ] {
        let mut sandbox = Sandbox::new();
        sandbox.write(
            "work/s.rhai",
            format!("{add} {leave} fail(\"not reached\");"),
        );
        let run = sandbox.run(&["-f", "s.rhai"]);
        assert_eq!(run.status, status, "{leave}\n{}", run.stderr);
        assert!(sandbox.exists("home/config.toml"), "{leave}");
        let again = sandbox.run(&["run", "s.rhai"]);
        assert_eq!(
            (again.status, again.stdout.as_str()),
            (status, "unchanged\n")
        );
    }
}

#[test]
fn a_logout_that_is_not_done_is_told_although_the_script_has_its_answer() {
    let config = format!(
        "[registries.corp]\nindex = 'sparse+https://corp.example/'\ncredential-provider = '{}'\n",
        env!("CARGO_BIN_EXE_credsh")
    );
    let mut sandbox = Sandbox::new();
    sandbox.write("home/config.toml", &config);
    sandbox.env("T", "sentinel-of-corp-0123456789");
    sandbox.ok(&["login", "corp", "--from", "env:T", "--store", "sealed"]);
    sandbox.write("home/.credsh/sealed.age", "torn");
    sandbox.write("work/s.rhai", "logout(\"corp\");");
    sandbox.write("work/lines.txt", "logout corp\n");
    let status = sandbox.run(&["-c", "logout corp"]).status;
    assert_ne!(status, 0);
    let mut check = |status: u8, args: &[&str], script: &str, count: usize| {
        sandbox.write("home/config.toml", &config);
        sandbox.write("work/t.rhai", script);
        let run = sandbox.run(args);
        assert_eq!(run.status, status, "{args:?} {script}: {run:?}");
        let warnings = run
            .stderr
            .matches("warning: a token of `corp` may be left in ")
            .count();
        assert_eq!(warnings, count, "{args:?} {script}: {run:?}");
        let hints = run.stderr.matches("hint: ").count();
        assert_eq!(hints, count, "{args:?} {script}: {run:?}");
    };
    let ways: [&[&str]; 5] = [
        &["-f", "t.rhai"],
        &["--json", "-f", "t.rhai"],
        &["run", "t.rhai"],
        &["-c", "run t.rhai"],
        &["--json", "-c", "run t.rhai"],
    ];
    for args in ways {
        check(status, args, "logout(\"corp\");", 1);
        check(
            status,
            args,
            "registry::remove(\"corp\", #{ yes: true });",
            1,
        );
        check(status, args, "run(\"s.rhai\");", 1);
        check(status, args, "run(\"lines.txt\");", 1);
        check(7, args, "logout(\"corp\"); exit(7);", 1);
        check(0, args, "logout(\"corp\"); exit(0);", 1);
        let add = "registry::add(\"x\", \"sparse+https://x.example/\");";
        let undone = format!("begin(); {add} logout(\"corp\"); rollback();");
        check(0, args, &undone, 0);
        check(0, args, "logout(\"corp\", #{ dry_run: true });", 0);
        check(1, args, "logout(\"corp\"); fail(\"undone\");", 0);
    }
    // Each script decides for itself.
    let both = ["-f", "s.rhai", "-f", "t.rhai"];
    check(status, &both, "exit(0);", 1);
    // A question is answered by its answer.
    check(0, &["-f", "t.rhai"], "status(\"corp\");", 0);
    let mut shell = Pty::shell(&sandbox, &[]);
    for line in ["logout(\"corp\");", "run t.rhai"] {
        sandbox.write("work/t.rhai", "logout(\"corp\");");
        let shown = shell.line(line);
        assert!(shown.contains("warning: a token of `corp` "), "{shown}");
    }
}

#[test]
fn a_logout_that_leaves_a_token_where_cargo_finds_it_is_told_to_a_script_too() {
    let mut sandbox = Sandbox::new();
    sandbox.write(
        "home/config.toml",
        "[registries.corp]\nindex = 'sparse+https://corp.example/'\n",
    );
    sandbox.env("CARGO_REGISTRIES_CORP_TOKEN", "sentinel-of-corp");
    sandbox.write("work/s.rhai", "logout(\"corp\");");
    let run = sandbox.fails(1, &["-f", "s.rhai"]);
    let told = "a token of `corp` is left in `cargo:token`: unset `CARGO_REGISTRIES_CORP_TOKEN` where it is set";
    assert!(run.stderr.contains(told), "{run:?}");
}
