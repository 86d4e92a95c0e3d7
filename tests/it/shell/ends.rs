//! How it ends: Ctrl-C, signals, a window that is closed; and what is left of a secret then.

use std::process::Command;

use super::{ADD, CTRL_C, CTRL_D, HISTORY, with_corp};
use crate::harness::{SENTINEL, Sandbox};
use crate::pty::{Pty, SECRET};

fn signal(shell: &Pty, name: &str) {
    let ended = Command::new("kill")
        .args([name, &shell.id().to_string()])
        .status();
    assert!(ended.unwrap().success());
}

/// A provider that says that it runs, and never answers.
fn with_silent_provider() -> Sandbox {
    let mut sandbox = with_corp();
    let bin = sandbox.program(
        "bin/cargo-credential-silent",
        "#!/bin/sh\necho '{\"v\":[1]}'\nread -r request\necho $$ >\"$PIDS\"\necho started >&2\nexec sleep 60\n",
    );
    let path = format!("{}:/usr/bin:/bin", bin.parent().unwrap().display());
    sandbox.env("PATH", path);
    sandbox.env("PIDS", sandbox.root().join("pid").display().to_string());
    sandbox
}

#[test]
fn told_to_end_it_leaves_no_line_and_no_change_behind() {
    for (name, number) in [("-TERM", 15), ("-HUP", 1)] {
        let sandbox = with_corp();
        let mut shell = Pty::shell(&sandbox, &[]);
        shell.line("registry list");
        shell.line("begin");
        shell.line("registry add two sparse+https://two.example/");
        let before = sandbox.read("home/config.toml");
        shell.clear().keys("half a line").sees("half a line");
        signal(&shell, name);
        let ended = shell.ends_by();
        assert!(
            ended.contains(&number.to_string())
                || ended.contains("Terminated")
                || ended.contains("Hangup"),
            "{ended}"
        );
        assert_eq!(sandbox.read("home/config.toml"), before);
        let kept = "#V2\nregistry list\nbegin\nregistry add two sparse+https://two.example/\n";
        assert_eq!(sandbox.read(HISTORY), kept);
    }
}

#[test]
fn told_to_end_it_gives_the_terminal_back() {
    let sandbox = with_corp();
    let script = format!(
        "{} ; echo \"status $?\"; read -r line",
        env!("CARGO_BIN_EXE_credsh")
    );
    for (typed, seen) in [("", "credsh>"), ("login corp\r", "token for corp:")] {
        let mut shell = Pty::start(&sandbox, "/bin/sh", &["-c", &script]);
        shell.sees("credsh>").keys(typed).sees(seen);
        let children = format!("/proc/{0}/task/{0}/children", shell.id());
        let child = std::fs::read_to_string(children).unwrap();
        let ended = Command::new("kill").arg(child.trim()).status();
        assert!(ended.unwrap().success());
        shell.sees("status 143").keys("echoed").sees("echoed");
        assert!(!sandbox.exists("home/credentials.toml"));
    }
}

#[test]
fn a_window_that_is_closed_ends_it() {
    let sandbox = with_silent_provider();
    for line in [
        "registry list",
        "login corp --provider cargo-credential-silent --from env:PIDS",
    ] {
        let before = sandbox.read("home/config.toml");
        let mut shell = Pty::shell(&sandbox, &[]);
        shell.clear().keys(line).keys("\r");
        if line.contains("silent") {
            shell.sees("\nstarted");
        } else {
            shell.sees("crates-io").sees("\ncredsh> ");
        }
        let id = shell.id();
        shell.hangs_up().ends_by();
        assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
        assert_eq!(sandbox.read("home/config.toml"), before);
        assert!(sandbox.read(HISTORY).contains("registry list"));
    }
}

#[test]
fn ctrl_c_ends_a_provider_and_nothing_is_stored() {
    let sandbox = with_silent_provider();
    let before = sandbox.read("home/config.toml");
    let mut shell = Pty::shell(&sandbox, &[]);
    let line = "login corp --provider cargo-credential-silent --from env:PIDS";
    shell.clear().keys(line).keys("\r").sees("\nstarted");
    shell
        .keys(CTRL_C)
        .sees("error: interrupted")
        .sees("\ncredsh> ");
    let id = sandbox.read("pid");
    let process = format!("/proc/{}", id.trim());
    for _ in 0..100 {
        if !std::path::Path::new(&process).exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(!std::path::Path::new(&process).exists(), "it still runs");
    assert_eq!(sandbox.read("home/config.toml"), before);
    // Enter alone stays: a transaction is not lost by a slip.
    shell.line("begin");
    shell.line("registry remove corp");
    shell
        .clear()
        .keys(CTRL_D)
        .sees("[y/N]")
        .keys("\r")
        .sees("\ncredsh*> ");
    shell
        .clear()
        .keys(CTRL_D)
        .sees("[y/N]")
        .keys(CTRL_C)
        .sees("credsh*> ");
    assert_eq!(sandbox.read("home/config.toml"), before);
}

#[test]
fn a_script_that_ctrl_c_ends_says_so_in_a_line_of_its_own() {
    let sandbox = Sandbox::new();
    sandbox.write("work/endless.rhai", "print(`started`); loop {}");
    let args = ["-f", "endless.rhai"];
    let mut shell = Pty::start(&sandbox, env!("CARGO_BIN_EXE_credsh"), &args);
    shell.sees("started").keys(CTRL_C);
    shell.sees("^C\nerror: interrupted");
    assert_eq!(shell.ends(), 130);
}

#[test]
fn a_terminal_that_can_only_show_text_has_lines_of_its_own_after_ctrl_c() {
    let mut sandbox = with_corp();
    sandbox.env("TERM", "dumb");
    let mut shell = Pty::shell(&sandbox, &[]);
    shell.keys("half a line").sees("half a line").keys(CTRL_C);
    shell.sees("half a line^C\ncredsh> ");
    // Also of what goes on in several lines nothing is left.
    shell.keys("let x = [1,\r").keys("2").sees("[1,\n2");
    shell.keys(CTRL_C).sees("2^C\ncredsh> ");
    shell.keys("[1 +\r41]\r").sees("\n42\ncredsh> ");
    shell
        .keys("print(\"started\"); loop {}\r")
        .sees("\nstarted");
    shell.keys(CTRL_C).sees("error: interrupted\ncredsh> ");
    shell.keys("login corp\r").sees("token for corp:");
    shell.keys(CTRL_C).sees("`--from`\ncredsh> ");
    shell
        .keys("registry list\r")
        .sees("LOGGED IN")
        .sees("cargo:token\ncredsh> ");
    assert!(!shell.ever_showed("\x1b"));
    assert_eq!(shell.keys(CTRL_D).ends(), 0);
    assert!(sandbox.read(HISTORY).ends_with("\nregistry list\n"));
}

#[test]
fn a_secret_that_was_typed_is_nowhere_but_in_its_store() {
    let sandbox = Sandbox::new();
    let mut shell = Pty::shell(&sandbox, &[]);
    shell.line("record all.rhai");
    shell.line(ADD);
    shell.clear().keys("login corp\r").sees("token for corp:");
    shell
        .keys(SECRET)
        .keys("\r")
        .sees("1 change written\ncredsh>");
    for line in [
        "status",
        "why corp",
        "token show corp",
        "registry::show(\"corp\")",
        "history",
        "record --stop",
    ] {
        let shown = shell.line(line);
        assert!(!shown.contains(SENTINEL), "{line}:\n{shown}");
    }
    // Its environment is closed to others of this user, as the process protects its memory; root may look.
    for (file, part, may_be_closed) in [
        ("cmdline", "credsh", false),
        ("environ", "CARGO_HOME=", true),
    ] {
        let path = format!("/proc/{}/{file}", shell.id());
        match std::fs::read(path) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                assert!(text.contains(part) && !text.contains(SENTINEL), "{file}");
            }
            Err(error) => assert!(
                may_be_closed && error.kind() == std::io::ErrorKind::PermissionDenied,
                "{file}: {error}"
            ),
        }
    }
    assert_eq!(shell.keys(CTRL_D).ends(), 0);
    let mut found = Vec::new();
    for (path, (_, bytes)) in sandbox.snapshot() {
        if String::from_utf8_lossy(&bytes).contains(SENTINEL) {
            found.push(
                path.strip_prefix(sandbox.root())
                    .unwrap()
                    .display()
                    .to_string(),
            );
        }
    }
    assert_eq!(found, ["home/credentials.toml"]);
    assert!(sandbox.read("work/all.rhai").contains("from: \"prompt\""));
}
