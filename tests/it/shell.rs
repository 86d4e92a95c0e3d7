//! The interactive shell, as a person at a real terminal meets it.

use std::os::unix::fs::PermissionsExt;

use crate::harness::Sandbox;
use crate::pty::{Pty, SECRET};

mod ahead;
mod ends;
mod line;
mod others;
mod recorded;
mod scripts;

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const UP: &str = "\x1b[A";
const ADD: &str = "registry add corp sparse+https://corp.example/";
const HISTORY: &str = "user/.local/state/credsh/history";

/// A machine with one registry, `corp`.
fn with_corp() -> Sandbox {
    let sandbox = Sandbox::new();
    let config = "[registries.corp]\nindex = \"sparse+https://corp.example/\"\n";
    sandbox.write("home/config.toml", config);
    sandbox
}

fn pasted(text: &str) -> String {
    format!("\x1b[200~{text}\x1b[201~")
}

#[test]
fn a_command_runs_and_the_prompt_names_the_default_registry() {
    let sandbox = Sandbox::new();
    let mut shell = Pty::shell(&sandbox, &[]);
    assert_eq!(shell.screen().trim_end(), "credsh>");
    let shown = shell.line(&format!("{ADD} --make-default"));
    for part in [
        "+ registries.corp.index",
        "+ registry.default",
        "2 changes written",
        "\ncredsh[corp]>",
    ] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
    assert!(sandbox.read("home/config.toml").contains("corp.example"));
    let shown = shell.line("registry remove corp");
    assert!(
        shown.contains("- registries.corp.index") && shown.ends_with("\ncredsh> "),
        "{shown}"
    );
}

#[test]
fn an_error_is_shown_and_the_shell_goes_on_with_its_status() {
    let sandbox = Sandbox::new();
    let mut shell = Pty::shell(&sandbox, &[]);
    let rows = [
        ("registry show nothing", "error: "),
        ("registry", "Usage: registry"),
        ("registry list extra-word", "a word too many"),
        (
            "registy list",
            "no such command or function\nhint: did you mean `registry`?",
        ),
        (
            "logn",
            "no such command or function\nhint: did you mean `login`?",
        ),
        (
            "cio0123456789abcdef",
            "no such command or function\nhint: `help` lists",
        ),
        ("--bogus", "no such option"),
        ("registry::lst()", "error: "),
        ("login corp --from env:T", "error: "),
        ("fail(\"on purpose\")", "on purpose"),
        ("help", "!CMD             Run CMD in your own shell"),
        ("help nothing-like-it", "no such command or topic"),
    ];
    for (line, expected) in rows {
        let shown = shell.line(line);
        assert!(shown.contains(expected), "{line}:\n{shown}");
    }
    assert!(shell.line("registry list").contains("crates-io"));
    shell.line("registy list");
    assert_eq!(shell.keys(CTRL_D).ends(), 64);
}

#[test]
fn the_shell_is_left_by_ctrl_d_and_by_words_with_the_status_of_the_last_line() {
    for (line, leave, status) in [
        ("registry list", CTRL_D, 0),
        ("registry show nothing", CTRL_D, 3),
        ("registry show nothing", "exit\r", 3),
        ("registry list", "quit\r", 0),
        ("registry list", "exit()\r", 0),
        ("registry list", "exit(7)\r", 7),
    ] {
        let sandbox = Sandbox::new();
        let mut shell = Pty::shell(&sandbox, &[]);
        shell.line(line);
        assert_eq!(shell.keys(leave).ends(), status, "{line}, {leave}");
    }
}

#[test]
fn tab_completes_what_is_there_now() {
    let mut sandbox = with_corp();
    let bin = sandbox.program("bin/cargo-credential-vault", "#!/bin/sh\n");
    sandbox.env("PATH", bin.parent().unwrap().display().to_string());
    sandbox.env("CORP_TOKEN", SECRET);
    sandbox.write("work/token file.txt", SECRET);
    let mut shell = Pty::shell(&sandbox, &[]);
    for (typed, completed) in [
        ("regis\t", "> registry "),
        ("registry sh\t", "> registry show "),
        ("hist\t", "> history "),
        ("login --fr\t", "> login --from "),
        ("login co\t", "> login corp "),
        (
            "login corp --from env:CORP\t",
            "> login corp --from env:CORP_TOKEN ",
        ),
        (
            "login corp --from file:tok\t",
            "> login corp --from 'file:token file.txt' ",
        ),
        (
            "login corp --provider cargo-cred\t",
            "> login corp --provider cargo-credential-vault ",
        ),
        (
            "provider add cargo:lib\t",
            "> provider add cargo:libsecret ",
        ),
        ("registry \t\t", "remove"),
        (
            "login corp --operations read,pub\t",
            "> login corp --operations read,publish ",
        ),
        ("[1, 2].filt\t", "> [1, 2].filter("),
        ("let n = parse_i\t", "> let n = parse_int("),
        ("args.res\t", "> args.rest"),
    ] {
        shell.clear().keys(typed).sees(completed);
    }
    // A registry that was added a line ago is known; a Tab that knows nothing does nothing.
    shell.line("registry add lab sparse+https://lab.example/");
    shell.clear().keys("logout la\t").sees("> logout lab ");
    shell
        .clear()
        .keys("logout nothing\t\t!")
        .sees("> logout nothing!");
    sandbox.write("home/config.toml", "not = toml = at all");
    shell.line("history");
    shell.clear().keys("regis\t").sees("> registry ");
}

#[test]
fn the_missing_arguments_are_hinted_and_not_taken_over() {
    let sandbox = Sandbox::new();
    let mut shell = Pty::shell(&sandbox, &[]);
    shell
        .keys("registry add ")
        .sees("> registry add NAME INDEX");
    shell.keys("\x1b[C\x05x").sees("> registry add x");
    shell.keys(" ").sees("> registry add x INDEX");
    shell.clear().keys("record ").sees("> record FILE");
}

#[test]
fn history_survives_a_restart_and_only_its_owner_reads_it() {
    let sandbox = Sandbox::new();
    sandbox.write(HISTORY, "");
    let mut shell = Pty::shell(&sandbox, &[]);
    for line in [
        "registry list",
        " status",
        "let x = `a\\\nb`",
        "alias list",
        "alias list",
    ] {
        shell.line(line);
    }
    assert_eq!(shell.keys(CTRL_D).ends(), 0);
    let expected = "#V2\nregistry list\nlet x = `a\\\\\\nb`\nalias list\n";
    assert_eq!(sandbox.read(HISTORY), expected);
    let mode = sandbox
        .root()
        .join(HISTORY)
        .metadata()
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);

    let mut shell = Pty::shell(&sandbox, &[]);
    shell.keys(UP).sees("> alias list");
    // In a line of two lines Up goes through them first.
    shell
        .keys(UP)
        .sees("> let x")
        .keys(UP)
        .keys(UP)
        .sees("> registry list");
    let shown = shell.line("history");
    assert!(
        shown.contains("alias list") && !shown.contains("status"),
        "{shown}"
    );
}

#[test]
fn a_line_that_does_not_parse_is_there_for_up_and_never_on_disk() {
    let sandbox = with_corp();
    let mut shell = Pty::shell(&sandbox, &[]);
    for line in [
        "login corp one-word-too-many",
        "cio-pasted-alone",
        "cioPastedAlone0123",
        "Bearer eyJhbGciOi.eyJzdWI.sig-_0",
        "eyJhbGciOi.eyJzdWI.sig-_0",
        "dGVzdDp0ZXN0+/==",
        "cargo login cio0123456789",
    ] {
        let shown = shell.line(line);
        assert!(shown.contains("error: "), "{line}:\n{shown}");
        // Shown as it was typed, not once more.
        let secret = line.split_whitespace().last().unwrap();
        assert_eq!(shown.matches(secret).count(), 1, "{line}:\n{shown}");
        shell.clear().keys(UP).sees(line);
    }
    assert!(!sandbox.exists(HISTORY), "{}", sandbox.read(HISTORY));
}

#[test]
fn no_history_is_kept_where_none_is_wanted() {
    for (args, variable) in [
        (&["--no-history"][..], None),
        (&[], Some("CREDSH_NO_HISTORY")),
    ] {
        let mut sandbox = Sandbox::new();
        if let Some(variable) = variable {
            sandbox.env(variable, "1");
        }
        let mut shell = Pty::shell(&sandbox, args);
        shell.line("registry list");
        shell.clear().keys(UP).sees("> registry list");
        assert!(!sandbox.exists("user/.local"));
    }
}

#[test]
fn the_hidden_prompt_is_one_line_and_shows_nothing_of_what_is_typed() {
    let sandbox = with_corp();
    let mut shell = Pty::shell(&sandbox, &[]);
    shell.clear().keys("login corp\r").sees("corp:");
    let screen = shell.screen();
    let asked = screen.trim_end().lines().last().unwrap();
    assert!(
        asked.contains("token") && asked.contains("corp") && asked.ends_with(':'),
        "{asked}"
    );
    shell
        .keys(SECRET)
        .keys("\r")
        .sees("1 change written\ncredsh>");
    let stored = sandbox.read("home/credentials.toml");
    assert!(stored.contains(&format!("\"{SECRET}\"")), "{stored}");
    assert_eq!(sandbox.read(HISTORY), "#V2\nlogin corp\n");
    let program = std::fs::read_dir(sandbox.home().join(".credsh"));
    assert!(program.is_ok_and(|files| files.count() <= 1));
}

#[test]
fn what_was_pasted_behind_a_secret_is_no_line_of_the_shell() {
    let sandbox = with_corp();
    let mut shell = Pty::shell(&sandbox, &[]);
    shell.clear().keys("login corp\r").sees("corp:");
    shell.keys(&format!("{SECRET}\r{SECRET}\r{SECRET}"));
    shell.sees("1 change written\ncredsh>");
    shell.clear().keys(UP).sees("> login corp");
}

#[test]
fn ctrl_c_at_the_hidden_prompt_stores_nothing_and_the_shell_goes_on() {
    let sandbox = with_corp();
    for keys in [CTRL_C, CTRL_D] {
        let script = format!(
            "{} ; echo \"status $?\"; read -r line",
            env!("CARGO_BIN_EXE_credsh")
        );
        let mut shell = Pty::start(&sandbox, "/bin/sh", &["-c", &script]);
        shell
            .sees("credsh>")
            .keys("login corp\r")
            .sees("token for corp:");
        shell
            .keys("sentinel")
            .keys(if keys == CTRL_D { "\x15\x04" } else { keys });
        shell.sees("error: ").sees("\ncredsh>");
        let shown = shell.line("registry list");
        assert!(shown.contains("corp.example"), "{shown}");
        shell
            .keys(CTRL_D)
            .sees("status 0")
            .keys("echoed")
            .sees("echoed");
        assert!(!sandbox.exists("home/credentials.toml"));
    }
}

#[test]
fn ctrl_c_ends_a_single_command_with_130_and_the_terminal_echoes_again() {
    let sandbox = with_corp();
    let script = format!(
        "{} login corp; echo \"status $?\"; read -r line",
        env!("CARGO_BIN_EXE_credsh")
    );
    let mut shell = Pty::start(&sandbox, "/bin/sh", &["-c", &script]);
    shell.sees("token for corp:").keys("sentinel").keys(CTRL_C);
    shell.sees("status 130").keys("echoed").sees("echoed");
    assert!(!sandbox.exists("home/credentials.toml"));
}

#[test]
fn ctrl_c_clears_the_line_and_interrupts_what_runs() {
    let mut sandbox = with_corp();
    sandbox.env("PATH", "/usr/bin:/bin");
    sandbox.write(
        "work/endless.rhai",
        "registry::add(\"two\", \"sparse+https://two.example/\"); print(\"started\"); loop {}",
    );
    let mut shell = Pty::shell(&sandbox, &[]);
    shell
        .clear()
        .keys("half a line")
        .sees("half a line")
        .keys(CTRL_C)
        .sees("\ncredsh>");
    let before = sandbox.read("home/config.toml");
    for (line, running) in [
        ("print(\"started\"); loop {}", "\nstarted"),
        ("run endless.rhai", "\nstarted"),
        (
            "login corp --from 'command:sh -c \"echo started >&2; exec sleep 60\"'",
            "\nstarted",
        ),
    ] {
        shell.clear().keys(line).sees(line).keys("\r").sees(running);
        shell.keys(CTRL_C).sees("error: interrupted\ncredsh>");
    }
    assert_eq!(sandbox.read("home/config.toml"), before);
    // What was pasted behind it does not run either.
    let block = pasted("print(\"started\"); loop {}\nregistry remove corp");
    shell.clear().keys(&block).sees("remove corp").keys("\r");
    shell
        .sees("\nstarted")
        .keys(CTRL_C)
        .sees("error: interrupted\ncredsh>");
    assert!(shell.line("1 + 1").contains("\n2\n"));
    assert_eq!(sandbox.read("home/config.toml"), before);
}

#[test]
fn lines_go_on_while_something_is_open() {
    let sandbox = with_corp();
    let mut shell = Pty::shell(&sandbox, &[]);
    for (typed, expected) in [
        ("registry \\\rshow corp\r", "corp.example"),
        ("help 'log\rin'\r", "no such command or topic"),
        ("let a = [1,\r2,\r3]; a.len()\r", "\n3\ncredsh>"),
        ("fn twice(x) {\r  x * 2\r}\r", "}\ncredsh>"),
        ("twice(21)\r", "\n42\ncredsh>"),
        ("#{ a: 1,\rb: 2 }.len()\r", "\n2\ncredsh>"),
        ("status 'open\r\r\r", "a quote is not closed"),
        ("registry \\\r\r", "Usage: registry"),
        ("[1, 2\r\r\r", "this is not a script"),
    ] {
        shell.clear().keys(typed).sees(expected).sees("\ncredsh> ");
    }
}

#[test]
fn a_pasted_block_is_one_unit_in_which_each_line_runs() {
    let sandbox = Sandbox::new();
    let mut shell = Pty::shell(&sandbox, &[]);
    let block = format!(
        "# set up\n{ADD}\n\nlet two = 1 + 1;\nfn f(x) {{\n  x + 40\n}}\nf(two)\nalias list"
    );
    shell
        .clear()
        .keys(&pasted(&block))
        .sees("alias list")
        .keys("\r");
    shell
        .sees(
            "2 changes written"
                .replace("2 changes", "1 change")
                .as_str(),
        )
        .sees("\n42\n");
    shell.sees("\ncredsh> ");
    shell.clear().keys(UP).sees("# set up").sees("f(two)");
    let kept = sandbox.read(HISTORY);
    assert_eq!(kept.lines().count(), 2, "{kept}");
}

#[test]
fn a_line_of_a_pasted_block_that_fails_is_named() {
    let sandbox = with_corp();
    let mut shell = Pty::shell(&sandbox, &[]);
    let block = "# first\nregistry show nobody\n1 + 1\n[1,\n  2 +* 3]\nfail(`so`)";
    shell.clear().keys(&pasted(block)).sees("fail").keys("\r");
    for seen in [
        "configured here\n  at <prompt>:2\nhint: ",
        "\n2\n",
        "  at <prompt>:5:6\n",
        "error: so\n  at <prompt>:6:1\n  fail(`so`)\n  ^\ncredsh> ",
    ] {
        shell.sees(seen);
    }
}

#[test]
fn what_parsed_of_a_pasted_block_is_on_disk_and_nothing_else_of_it() {
    let sandbox = with_corp();
    let mut shell = Pty::shell(&sandbox, &[]);
    let block = "registry list\ncioPastedAtTheWrongPlace0\nlet x = [1,\n2];\nalias set x cio0123456789abcdefABCDEF0123456789\nlogin corp too many";
    shell.clear().keys(&pasted(block)).sees("too many");
    shell.keys("\r").sees("at <prompt>:6\n");
    // What Ctrl-C has kept from running was never looked at.
    let block = "print(`started`); loop {}\ncioPastedAtTheWrongPlace1";
    shell.clear().keys(&pasted(block)).sees("Place1").keys("\r");
    shell
        .sees("\nstarted")
        .keys(CTRL_C)
        .sees("error: interrupted\ncredsh>");
    shell.clear().keys(&pasted("alias list\nexit")).sees("exit");
    assert_eq!(shell.keys("\r").ends(), 0);
    let kept =
        "#V2\nregistry list\\nlet x = [1,\\n2];\nprint(`started`); loop {}\nalias list\\nexit\n";
    assert_eq!(sandbox.read(HISTORY), kept);
    let mut shell = Pty::shell(&sandbox, &[]);
    shell.keys(UP).sees("alias list");
}

#[test]
fn rhai_at_the_prompt_shows_values_and_remembers_names() {
    let sandbox = with_corp();
    let mut shell = Pty::shell(&sandbox, &[]);
    for (line, expected) in [
        ("1 + 2", "\n3\n"),
        ("let x = 20;", "let x = 20;\ncredsh>"),
        ("x + 22", "\n42\n"),
        ("x", "\n20\n"),
        ("fn add(a, b) { a + b }", "}\ncredsh>"),
        ("add(x, 1)", "\n21\n"),
        ("\"bare text\"", "\nbare text\n"),
        ("registry::list().len()", "\n2\n"),
        (
            "registry::show(\"corp\").index",
            "\nsparse+https://corp.example/\n",
        ),
        (
            "for r in registry::list() { print(r.name) }",
            "\ncrates-io\ncorp\n",
        ),
        ("-5 + 3", "\n-2\n"),
        ("ad", "did you mean `add`?"),
    ] {
        let shown = shell.line(line);
        assert!(shown.contains(expected), "{line}:\n{shown}");
    }
}

#[test]
fn rc_runs_at_the_start_and_its_errors_do_not_keep_the_shell_closed() {
    let mut sandbox = Sandbox::new();
    let rc = "user/.config/credsh/rc.rhai";
    sandbox.write(rc, "print(\"hello from rc\"); let mine = 7;");
    let mut shell = Pty::shell(&sandbox, &[]);
    assert!(shell.screen().contains("hello from rc"));
    assert!(shell.line("mine + 1").contains("\n8\n"));
    for (args, variable) in [(&["--no-rc"][..], None), (&[], Some("CREDSH_NO_RC"))] {
        if let Some(variable) = variable {
            sandbox.env(variable, "1");
        }
        assert_eq!(Pty::shell(&sandbox, args).screen(), "credsh> ");
    }
    sandbox.unset("CREDSH_NO_RC");
    sandbox.write(rc, "let a = 1;\nno_such_function(a);");
    let shown = Pty::shell(&sandbox, &[]).screen();
    assert!(
        shown.contains("error: ") && shown.contains("rc.rhai:2:1"),
        "{shown}"
    );
}

#[test]
fn dash_i_stays_after_a_batch_also_after_one_that_failed() {
    let sandbox = Sandbox::new();
    let mut shell = Pty::shell(&sandbox, &["-i", "-c", ADD]);
    assert!(shell.screen().contains("1 change written"));
    assert!(shell.line("registry list").contains("corp.example"));
    let shell = Pty::shell(&sandbox, &["-c", "registry show nothing", "-i"]);
    assert!(shell.screen().contains("error: "));
}

#[test]
fn the_prompt_tells_the_state_of_a_transaction_and_leaving_asks() {
    let sandbox = Sandbox::new();
    let mut shell = Pty::shell(&sandbox, &[]);
    shell.line("begin");
    let shown = shell.line(ADD);
    assert!(
        shown.contains("1 change pending") && shown.contains("\ncredsh*>"),
        "{shown}"
    );
    assert!(shell.line("registry remove nobody").contains("\ncredsh*!>"));
    assert!(!sandbox.exists("home/config.toml"));
    shell.clear().keys(CTRL_D).sees("leave without them? [y/N]");
    shell.keys("n\r").sees("[y/N] n\ncredsh*!>");
    assert!(shell.line("commit").contains("1 change written\ncredsh>"));
    assert!(sandbox.exists("home/config.toml"));
    shell.line("begin");
    shell.line("registry remove corp");
    shell
        .clear()
        .keys("exit\r")
        .sees("leave without them? [y/N]");
    shell.keys("y\r");
    assert_eq!(shell.ends(), 0);
    assert!(sandbox.read("home/config.toml").contains("corp"));
}
