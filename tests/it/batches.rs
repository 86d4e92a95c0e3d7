//! Batches as they are started: scripts and lines mixed, from files, standard input and `#!`; again and again, and at
//! once; and what Ctrl-C leaves behind.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use crate::harness::{SENTINEL, Sandbox};
use crate::pty::Pty;

const ADD: &str = "registry::add(\"corp\", \"sparse+https://c.example/\");\n";

#[test]
fn files_and_lines_run_in_the_order_given() {
    let mut sandbox = Sandbox::new();
    sandbox.write(
        "work/add.rhai",
        "registry::add(args.name, `sparse+https://${args.name}.example/`);",
    );
    sandbox.write("work/rest.rhai", "print(args.rest);");
    let run = sandbox.stdin("print(registry::list().len());").ok(&[
        "-q",
        "-c",
        "registry add a sparse+https://a.example/",
        "-f",
        "add.rhai",
        "-c",
        "registry rename b c",
        "-f",
        "-",
        "-s",
        "name=b",
        "-f",
        "rest.rhai",
        "--",
        "x y",
        "-c",
        "--json",
    ]);
    assert!(
        run.stdout.starts_with("3\n[\"x y\", \"-c\", \"--json\"]\n"),
        "{}",
        run.stdout
    );
    let config = sandbox.read("home/config.toml");
    assert!(
        config.contains("[registries.c]\nindex = \"sparse+https://b.example/\""),
        "{config}"
    );
    // In another order the registry is not there yet.
    sandbox.write("home/config.toml", "");
    sandbox.fails(
        3,
        &[
            "-c",
            "registry rename b c",
            "-f",
            "add.rhai",
            "-s",
            "name=b",
        ],
    );
    // What is said later counts, as everywhere.
    sandbox.ok(&["-f", "add.rhai", "-s", "name=b", "-s", "name=d"]);
    assert!(
        sandbox
            .read("home/config.toml")
            .contains("https://d.example/")
    );
    sandbox.fails(64, &["-f", "add.rhai", "-s", "name"]);
    sandbox.fails(64, &["-f", "add.rhai", "registry", "list"]);
}

/// A provider that holds a token, and cannot forget it.
const STUBBORN: &str = r#"#!/bin/sh
echo '{"v":[1]}'
read -r request
case "$request" in
*'"kind":"get"'*) echo '{"Ok":{"kind":"get","token":"sentinel","cache":"never","operation_independent":true}}' ;;
*) echo '{"Err":{"kind":"other","message":"cannot forget"}}' ;;
esac
"#;

#[test]
fn a_file_that_is_run_tells_what_its_commands_tell() {
    let mut sandbox = Sandbox::new();
    let stubborn = sandbox.program("bin/stubborn", STUBBORN);
    let config = format!(
        "[registries.corp]\nindex = 'sparse+https://corp.example/'\ncredential-provider = ['{}']\n",
        stubborn.display()
    );
    sandbox.write("home/config.toml", config);
    sandbox.write("work/file.txt", "logout corp\n");
    sandbox.write("work/outer.txt", "run file.txt\n");
    let alone = sandbox.fails(1, &["-c", "logout corp"]);
    assert!(alone.stdout.contains("  failed  "), "{}", alone.stdout);
    for args in [
        &["run", "file.txt"] as &[&str],
        &["run", "outer.txt"],
        &["-c", "run file.txt"],
        &["-c", "run outer.txt"],
    ] {
        let run = sandbox.fails(1, args);
        assert_eq!(run.stdout, alone.stdout, "{args:?}");
    }
    // At the prompt, too, where each line of Rhai is told by itself.
    let mut shell = Pty::shell(&sandbox, &[]);
    let shown = shell.line("run file.txt");
    assert!(shown.contains("  failed  "), "{shown}");
    let shown = shell.line("logout(\"corp\")");
    assert!(
        shown.contains("not done: `corp`") && !shown.contains("removed"),
        "{shown}"
    );
}

#[test]
fn a_script_on_standard_input_is_no_source_of_tokens() {
    let mut sandbox = Sandbox::new();
    let script = format!("{ADD}login(\"corp\", #{{ from: \"stdin\" }});");
    let failed = sandbox.stdin(&script).fails(64, &["-f", "-"]);
    assert!(failed.stderr.contains("<stdin>:2:1"), "{}", failed.stderr);
    assert!(
        failed
            .stderr
            .contains("standard input is the script itself"),
        "{}",
        failed.stderr
    );
    let failed = sandbox
        .stdin(script.replace(", #{ from: \"stdin\" }", ""))
        .fails(64, &["-f", "-"]);
    assert!(
        failed
            .stderr
            .contains("standard input is the script itself"),
        "{}",
        failed.stderr
    );
    // A script from a file leaves it to the token.
    sandbox.write("work/s.rhai", &script);
    sandbox
        .stdin(format!("{SENTINEL}-0123456789abcdef\n"))
        .ok(&["-f", "s.rhai"]);
}

#[test]
fn ten_thousand_lines_are_a_script_too() {
    let mut sandbox = Sandbox::new();
    let mut script = String::from("let n = 0;\n");
    for line in 2..10_000 {
        script.push_str(if line % 500 == 0 {
            ADD
        } else {
            "n += 1; // and so on\n"
        });
    }
    sandbox.write("work/long.rhai", format!("{script}print(n);"));
    let run = sandbox.ok(&["-f", "long.rhai"]);
    assert!(run.stdout.starts_with("9979\n"), "{}", run.stdout);
    sandbox.write("work/long.rhai", format!("{script}  fail(\"here\");"));
    let failed = sandbox.fails(1, &["-f", "long.rhai"]);
    assert!(
        failed
            .stderr
            .contains("long.rhai:10000:3\n    fail(\"here\");\n    ^"),
        "{}",
        failed.stderr
    );
}

/// `PATH` with the program that was built.
#[cfg(unix)]
fn on_path(sandbox: &mut Sandbox) {
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_credsh"))
        .parent()
        .unwrap();
    sandbox.env("PATH", format!("{}:/usr/bin:/bin", folder.display()));
}

#[cfg(unix)]
#[test]
fn a_script_is_a_program() {
    let mut sandbox = Sandbox::new();
    on_path(&mut sandbox);
    let script = format!("#!/usr/bin/env -S credsh -f\n{ADD}print(args.team); print(args.rest);");
    let program = sandbox.program("work/bin/join", &script);
    let output = std::process::Command::new(&program)
        .args(["-s", "team=core", "--", "a", "--b"])
        .env_clear()
        .envs(sandbox.variables())
        .current_dir(sandbox.work())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.starts_with("core\n[\"a\", \"--b\"]\n"), "{text}");
    assert!(sandbox.read("home/config.toml").contains("c.example"));
}

#[test]
fn the_shell_goes_on_after_a_batch_with_i() {
    let sandbox = Sandbox::new();
    let mut child = sandbox
        .process()
        .args([
            "--no-rc",
            "--no-history",
            "-i",
            "-c",
            "registry add corp sparse+https://c.example/",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"registry show corp\nexit\n")
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        text.contains("1 change written") && text.contains("registries.corp.index ="),
        "{text}"
    );
}

/// Ctrl-C once the script has said that it is there.
#[cfg(unix)]
fn interrupted(words: &[&str], stdin: Option<&str>) {
    let sandbox = Sandbox::new();
    sandbox.write(
        "work/s.rhai",
        format!("{ADD}print(\"ready\");\nlet n = 0;\nloop {{ n += 1; }}"),
    );
    sandbox.write(
        "work/wait.rhai",
        format!("{ADD}print(\"ready\");\nlogin(\"corp\", #{{ from: \"stdin\" }});"),
    );
    sandbox.write(
        "work/lines.txt",
        "registry add corp sparse+https://c.example/\nrun s.rhai\n",
    );
    let before = sandbox.snapshot();
    let mut child = sandbox
        .process()
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    if let Some(text) = stdin {
        pipe.write_all(text.as_bytes()).unwrap();
        drop(pipe);
    } else {
        // Open, and nothing comes.
        std::mem::forget(pipe);
    }
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "{words:?}");
    let pid = child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let mut told = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut told)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{words:?}: {told}");
    assert!(told.contains("error: interrupted"), "{words:?}: {told}");
    assert!(before == sandbox.snapshot(), "{words:?}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_batch_and_nothing_is_written() {
    interrupted(&["-f", "s.rhai"], None);
    interrupted(
        &[
            "-c",
            "registry add a sparse+https://a.example/",
            "-c",
            "run s.rhai",
        ],
        None,
    );
    interrupted(&["run", "lines.txt"], None);
    interrupted(&["-f", "wait.rhai"], None);
    interrupted(
        &[],
        Some("registry add a sparse+https://a.example/\nrun s.rhai\n"),
    );
}

/// Between two logins of a commit: the first is undone, and the program that hangs is ended, be it deaf to Ctrl-C.
#[test]
fn ctrl_c_in_a_commit_undoes_what_is_done_by_then() {
    use crate::vault::{VAULT, Vault};
    let mut sandbox = Sandbox::new();
    sandbox.env("T", format!("{SENTINEL}-0123456789abcdef"));
    let vault = Vault::new(&mut sandbox);
    let path = sandbox.variables()["PATH"].clone();
    let bin = sandbox.root().join("bin");
    sandbox.env("PATH", format!("{}:{path}", bin.display()));
    let deaf = r#"#!/bin/sh
trap '' INT
echo '{"v":[1]}'
read -r request
case "$request" in
    *'"kind":"get"'*) echo '{"Err":{"kind":"not-found"}}' ;;
    *) echo >hanging; sleep 60 ;;
esac
"#;
    sandbox.program("bin/deaf", deaf);
    let index = |name: &str| format!("sparse+https://{name}.example/");
    sandbox.write(
        "home/config.toml",
        format!(
            "[registries]\none = {{ index = '{}', credential-provider = '{VAULT}' }}\ntwo = {{ index = '{}', credential-provider = 'deaf' }}\n",
            index("one"),
            index("two")
        ),
    );
    let process = sandbox
        .process()
        .args([
            "-c",
            "login one --from env:T",
            "-c",
            "login two --from env:T",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !sandbox.exists("work/hanging") {
        assert!(std::time::Instant::now() < end, "it never came so far");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!(vault.token(&index("one")).is_some());
    let id = rustix::process::Pid::from_child(&process);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let output = process.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{told}");
    assert_eq!(vault.token(&index("one")), None, "{told}");
}

/// As a configuration management runs it: on one home, again and again, and more than one at once.
#[test]
fn the_same_script_again_and_again_is_one_change() {
    let mut sandbox = Sandbox::new();
    sandbox.env("T", format!("{SENTINEL}-0123456789abcdef"));
    let script =
        format!("{ADD}provider::add(\"cargo:token\");\nlogin(\"corp\", #{{ from: \"env:T\" }});");
    sandbox.write("work/s.rhai", script);
    let start = || {
        let mut process = sandbox.process();
        process
            .args(["-q", "-f", "s.rhai"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        process.spawn().unwrap()
    };
    let ended = |child: std::process::Child| {
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().last().unwrap().to_owned()
    };
    let at_once: Vec<_> = (0..4).map(|_| start()).collect();
    let told: Vec<String> = at_once.into_iter().map(ended).collect();
    // Whoever comes later finds it done, and says so.
    let count = |line: &str| told.iter().filter(|told| *told == line).count();
    assert_eq!(
        (count("3 changes written"), count("unchanged")),
        (1, 3),
        "{told:?}"
    );
    let after = sandbox.snapshot();
    let config = sandbox.read("home/config.toml");
    assert_eq!(config.matches("c.example").count(), 1, "{config}");
    for _ in 0..20 {
        assert_eq!(ended(start()), "unchanged");
    }
    let at_once: Vec<_> = (0..4).map(|_| start()).collect();
    assert!(
        at_once
            .into_iter()
            .map(ended)
            .all(|line| line == "unchanged")
    );
    assert!(after == sandbox.snapshot());
}
