//! What is typed before it is asked for, and what only Up may show again.

use std::time::{Duration, Instant};

use super::{ADD, CTRL_C, CTRL_D, UP, with_corp};
use crate::harness::Sandbox;
use crate::pty::{Pty, SECRET};

#[test]
fn lines_that_are_typed_ahead_run_in_their_order() {
    let sandbox = Sandbox::new();
    let mut shell = Pty::shell(&sandbox, &[]);
    shell.keys("print(`AAA`)\rprint(`BBB`)\rprint(`CCC`)\r1 + 1");
    shell.sees("\nAAA\ncredsh> print(`BBB`)\nBBB\ncredsh> print(`CCC`)\nCCC\ncredsh> 1 + 1");
    shell.keys("\r").sees("\n2\ncredsh> ");
}

#[test]
fn what_was_typed_ahead_of_a_question_is_neither_its_answer_nor_a_line() {
    let sandbox = with_corp();
    let mut shell = Pty::shell(&sandbox, &[]);
    shell.keys(&format!("login corp\r{SECRET}\r{SECRET}"));
    shell.sees("token for corp:");
    assert!(!sandbox.exists("home/credentials.toml"));
    shell.keys(&format!("{SECRET}\r"));
    shell.sees("1 change written\ncredsh>");
    shell.clear().keys(UP).sees("> login corp");
    shell.line("begin");
    shell.line("registry remove corp");
    shell.clear().keys("exit\ry\ry\r").sees("[y/N]");
    shell.keys("n\r").sees("[y/N] n\ncredsh*> ");
    shell.clear().keys(UP).sees("> exit");
}

/// The terminal itself keeps what is typed while nobody reads; where it has no editor, every line of it.
#[test]
fn what_was_typed_before_a_question_was_seen_does_not_answer_it() {
    for terminal in ["xterm", "dumb"] {
        let mut sandbox = with_corp();
        sandbox.env("TERM", terminal).env("PATH", "/usr/bin:/bin");
        let slow = "#!/bin/sh\necho '{\"v\":[1]}'; read -r _; touch asked; sleep 0.5\n\
                    echo '{\"Err\":{\"kind\":\"not-found\"}}'\n";
        let slow = sandbox.program("slow", slow);
        let chain = format!(
            "registries.corp.index = 'sparse+https://corp.example/'\n\
             registry.global-credential-providers = ['cargo:token', '{}']\n",
            slow.display()
        );
        sandbox.write("home/config.toml", chain);
        let project = format!("registries.corp.token = '{SECRET}'\n");
        sandbox.write("work/.cargo/config.toml", &project);
        let mut shell = Pty::shell(&sandbox, &[]);
        shell.keys("logout corp\r");
        let end = Instant::now() + Duration::from_secs(10);
        while !sandbox.exists("work/asked") {
            assert!(Instant::now() < end, "{}", shell.screen());
            std::thread::sleep(Duration::from_millis(5));
        }
        shell.keys("y\ralias set q q\r").sees("[y/N]");
        shell.keys("n\ralias set r r\r").sees("unchanged\ncredsh>");
        shell.keys("1 + 1\r").sees("> 1 + 1\n2\ncredsh>");
        assert_eq!(sandbox.read("work/.cargo/config.toml"), project);
        assert!(!sandbox.read("home/config.toml").contains("alias"));
    }
}

#[test]
fn ctrl_c_is_for_what_was_typed_ahead_too() {
    let sandbox = with_corp();
    let before = sandbox.read("home/config.toml");
    let mut shell = Pty::shell(&sandbox, &[]);
    shell.keys("print(`started`); loop {}\rregistry remove corp\r");
    shell.sees("\nstarted").keys(CTRL_C);
    shell.sees("^C\nerror: interrupted\ncredsh> ");
    assert!(shell.line("1 + 1").contains("\n2\n"));
    assert_eq!(sandbox.read("home/config.toml"), before);
}

#[test]
fn ctrl_c_at_the_question_whether_to_leave_stays() {
    let sandbox = Sandbox::new();
    let mut shell = Pty::shell(&sandbox, &[]);
    shell.line("begin");
    shell.line(ADD);
    for leave in [CTRL_D, "exit\r"] {
        shell.clear().keys(leave).sees("[y/N]").keys(CTRL_C);
        shell.sees("^C\ncredsh*> ");
        assert!(shell.line("diff").contains("corp.example"));
    }
    assert!(shell.line("commit").contains("1 change written"));
}

#[test]
fn a_line_that_may_be_a_token_is_shown_again_by_up_alone() {
    let sandbox = Sandbox::new();
    let mut shell = Pty::shell(&sandbox, &[]);
    for line in [
        "cioPastedAlone0123",
        "help ghp_0123456789abcdefABCDEF0123456789abcd",
    ] {
        shell.line("registry list");
        shell.line(line);
        let (begun, rest) = line.split_at(7);
        shell.clear().keys(begun).sees(&format!("> {begun}"));
        assert!(!shell.screen().contains(rest), "{}", shell.screen());
        shell.clear().keys("\x12").keys(begun);
        shell.sees(&format!("(failed reverse-i-search)`{begun}'"));
        assert!(!shell.screen().contains(rest), "{}", shell.screen());
        shell.keys("\x07");
        let shown = shell.line("history");
        assert!(shown.contains("\nregistry list\n"), "{shown}");
        assert!(!shown.contains(rest), "{shown}");
        shell.clear().keys(UP).keys(UP).sees(line);
    }
    // A search passes over them to what is before.
    shell.line("registry lst cioPastedAlone0123");
    shell.clear().keys("\x12").keys("regi");
    shell.sees("`regi': registry list").keys("\x07");
    // What was not understood once may be another time.
    shell.line("ship()");
    shell.line("fn ship() { 1 }");
    shell.line("ship()");
    assert!(shell.line("history").contains("\nship()\n"));
}
