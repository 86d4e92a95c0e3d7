//! Rhai at the prompt, help, other programs, and recorded sessions.

use super::{ADD, CTRL_C, HISTORY, with_corp};
use crate::harness::{SENTINEL, Sandbox};
use crate::pty::{Pty, SECRET};

#[test]
fn a_value_is_shown_as_what_it_is() {
    let sandbox = with_corp();
    let mut shell = Pty::shell(&sandbox, &[]);
    for (line, expected) in [
        (
            "[#{ name: \"a\", size: 1 }, #{ name: \"b\", size: 22 }]",
            "\nNAME  SIZE\na     1\nb     22\n",
        ),
        ("[#{ b: 1, name: \"a\" }]", "\nNAME  B\n"),
        ("#{ a: 1, name: \"x\" }", "\nname  x\na     1\n"),
        ("[1, 2]", "\n1\n2\n"),
        ("[]", "\n[]\n"),
        ("true", "\ntrue\n"),
        ("\"two\\nlines\"", "\ntwo\nlines\n"),
        ("registry::show(\"corp\")", "\nname        corp\n"),
        ("let nothing = ();", "();\ncredsh>"),
    ] {
        let shown = shell.line(line);
        assert!(shown.contains(expected), "{line}:\n{shown}");
    }
    for (line, expected) in [
        ("[[1, 2], [3]]", "\n1, 2\n3\n"),
        ("[[\"a\", \"b\"], [\"c\"]]", "\na b\nc\n"),
        ("[[1, [2, 3]], 4]", "\n0\n    1\n    2, 3\n1  4\n"),
        (
            "#{ name: \"x\", of: #{ b: 1, deep: #{ c: [1, 2] } }, z: 3 }",
            "\nname  x\nz     3\nof\n    b  1\n    deep\n        c  1, 2\n",
        ),
        (
            "#{ a: [#{ n: 1, m: 22 }, #{ n: 3, m: 4 }] }",
            "\na\n    M   N\n    22  1\n    4   3\n",
        ),
        (
            "[#{ n: 1, of: #{ a: 1 } }, #{ n: 2 }]",
            "\nn  1\nof\n    a  1\n\nn  2\n",
        ),
        (
            "#{ said: \"two\\nlines\", notes: [\"a b\", \"c\"] }",
            "\nnotes\n    a b\n    c\nsaid\n    two\n    lines\n",
        ),
        (
            "#{ at: #{ file: \"f\", line: 3 }, by: #{ env: \"E\" } }",
            "\nat  f:3\nby  env E\n",
        ),
    ] {
        let shown = shell.line(line);
        assert!(shown.contains(expected), "{line}:\n{shown}");
    }
    let shown = shell.line("registry::list()");
    assert!(
        shown.contains("\nNAME ") && shown.contains("  corp\n"),
        "{shown}"
    );
}

#[test]
fn a_line_of_rhai_is_written_and_told_at_its_end_or_undone() {
    let sandbox = with_corp();
    let mut shell = Pty::shell(&sandbox, &[]);
    let shown =
        shell.line("for n in [\"p\", \"q\"] { registry::add(n, `sparse+https://${n}.ex/`) }");
    for part in [
        "+ registries.p.index",
        "+ registries.q.index",
        "\n2 changes written\ncredsh>",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    let shown = shell.line("registry::add(\"r\", \"sparse+https://r.ex/\")");
    assert!(
        shown.contains("\n1 change written\ncredsh>") && !shown.contains("committed"),
        "{shown}"
    );
    let shown = shell.line("registry::list().len()");
    assert!(shown.contains("\n5\ncredsh>"), "{shown}");
    let before = sandbox.read("home/config.toml");
    let shown = shell.line("registry::add(\"y\", \"sparse+https://y.ex/\"); throw \"no\"");
    assert!(
        shown.contains("error: no") && !shown.contains("change"),
        "{shown}"
    );
    let shown = shell.line("begin(); registry::add(\"y\", \"sparse+https://y.ex/\")");
    assert!(
        shown.contains("still open at the end") && shown.ends_with("credsh> "),
        "{shown}"
    );
    assert_eq!(sandbox.read("home/config.toml"), before);
    // A transaction of the person's goes on, without what the line that fails would have added.
    shell.line("begin");
    let shown = shell.line("registry::add(\"s\", \"sparse+https://s.ex/\")");
    assert!(shown.contains("\n1 change pending\ncredsh*>"), "{shown}");
    shell.line("registry::add(\"y\", \"sparse+https://y.ex/\"); throw \"no\"");
    assert_eq!(sandbox.read("home/config.toml"), before);
    // It is whoever began it who ends it.
    for line in [
        "commit()",
        "rollback(); alias::set(\"y\", \"z\"); throw \"no\"",
    ] {
        let shown = shell.line(line);
        assert!(
            shown.contains("error: there is no transaction to") && shown.contains("credsh*!>"),
            "{shown}"
        );
    }
    let shown = shell.line("commit");
    assert!(shown.contains("\n1 change written\ncredsh>"), "{shown}");
    shell.clear().keys("registry::remove(\"s\"); exit()\r");
    assert_eq!(shell.ends(), 0);
    assert_eq!(sandbox.read("home/config.toml"), before);
}

#[test]
fn with_json_a_line_of_rhai_is_one_document() {
    let sandbox = with_corp();
    let mut shell = Pty::shell(&sandbox, &["--json"]);
    for (line, expected) in [
        ("1 + 1", serde_json::json!({ "schema": 1, "value": 2 })),
        (
            "registry::list().len()",
            serde_json::json!({ "schema": 1, "value": 2 }),
        ),
    ] {
        let shown = shell.line(line);
        assert_eq!(document(&shown), expected, "{line}:\n{shown}");
    }
    let shown = shell.line("alias::set(\"a\", \"b\"); 3");
    let told = document(&shown);
    assert_eq!(told["value"], 3, "{shown}");
    assert_eq!(told["committed"], true, "{shown}");
    let shown = shell.line("let nothing = ();");
    assert!(!shown.contains('{'), "{shown}");
}

/// The one document that is shown.
fn document(shown: &str) -> serde_json::Value {
    let (start, end) = (shown.find('{').unwrap(), shown.rfind('}').unwrap());
    serde_json::from_str(&shown[start..=end]).unwrap()
}

/// A provider is told to forget even what it does not have: for that nobody needs to be asked.
#[test]
fn what_is_no_change_is_nothing_that_is_left() {
    let mut sandbox = with_corp();
    let none =
        "#!/bin/sh\necho '{\"v\":[1]}'; read -r line; echo '{\"Err\":{\"kind\":\"not-found\"}}'\n";
    let program = sandbox.program("bin/none", none);
    sandbox.ok(&[
        "registry",
        "set",
        "corp",
        "--provider",
        program.to_str().unwrap(),
    ]);
    let mut shell = Pty::shell(&sandbox, &[]);
    shell.line("begin");
    let shown = shell.line("logout corp");
    assert!(shown.ends_with("\ncredsh> "), "{shown}");
    let shown = shell.line("diff");
    assert!(shown.contains("nothing is pending"), "{shown}");
    shell.keys("exit\r");
    assert_eq!(shell.ends(), 0);
}

#[test]
fn a_mistake_names_the_nearest_of_commands_and_functions() {
    let sandbox = with_corp();
    let mut shell = Pty::shell(&sandbox, &[]);
    sandbox.write("work/lines", "lgoin corp\n");
    shell.line("fn deploy(team) { team }");
    shell.line("let target = 1;");
    shell.line("fn ship() { target }");
    for (line, hint) in [
        ("statsu", "did you mean `status`?"),
        ("statsu corp", "did you mean `status`?"),
        ("deplyo corp", "did you mean `deploy`?"),
        ("deplyo(1)", "did you mean `deploy`?"),
        ("registry::lst()", "did you mean `registry::list`?"),
        ("regstry::list()", "did you mean `registry::`?"),
        ("1 + targte", "did you mean `target`?"),
        ("ship()", "give it what it needs as an argument"),
        ("registry lst", "did you mean `list`?"),
        ("registry list --jsno", "did you mean `--json`?"),
        ("login corp --scheme beerer", "did you mean `bearer`?"),
        ("histroy", "did you mean `history`?"),
        ("lgoin ../token", "did you mean `login`?"),
        ("cat ../token", "`!CMD` runs one of your own shell's"),
        ("height = 1", "`let x = 1`"),
        ("height == 1", "no such command, variable or function"),
        ("height + 1", "no such command, variable or function"),
        ("prnt(1)", "did you mean `print`?"),
        ("[1].fliter(|x| x)", "did you mean `filter`?"),
        ("parse_int(5)", "it is called as `parse_int(string) -> i64`"),
        ("record --stpo", "did you mean `--stop`?"),
        ("status --scheme", "hint: usage: status"),
        ("credsh registry list", "in credsh already: `registry list`"),
        ("credsh", "in credsh already: `help` lists"),
        ("let x = ;", "a value is missing before this"),
        ("let x = \"open;\r\r", "a text is not closed"),
        ("1 +\r\r", "something is missing at its end"),
        ("registry add", "`<NAME>` and `<INDEX>` are missing"),
        ("ship(1)", "`ship` does not take one argument"),
        ("deploy()", "`deploy` needs arguments"),
        ("run lines", "did you mean `login`?"),
        ("help regsitry", "did you mean `registry`?"),
        ("login corp2 --from env:X", "did you mean `corp`?"),
        (
            "registry::show(\"corp\", #{ josn: true })",
            "did you mean `json`?",
        ),
    ] {
        let shown = shell.line(line);
        assert!(
            shown.contains("error: ") && shown.contains(hint),
            "{line}:\n{shown}"
        );
    }
}

#[test]
fn functions_of_rc_and_of_the_session_are_completed() {
    let sandbox = with_corp();
    sandbox.write(
        "user/.config/credsh/rc.rhai",
        "fn teams() { 7 }\nlet colour = 1;",
    );
    let mut shell = Pty::shell(&sandbox, &[]);
    assert!(shell.line("teams()").contains("\n7\n"));
    shell.line("let corporation = 2;");
    shell.line("let pair = #{ first: 1, \"and more\": 2 };");
    shell.line("let list = [#{ first: 1, second: 2 }];");
    for (typed, completed) in [
        ("tea\t", "> teams("),
        ("1 + col\t", "> 1 + colour"),
        ("1 + corpor\t", "> 1 + corporation"),
        ("let x = prov\t", "> let x = provider::"),
        ("pair.fir\t", "> pair.first"),
        ("list[0].sec\t", "> list[0].second"),
        ("for it in list { it.sec\t", "> for it in list { it.second"),
        ("pair.and\t!", "> pair.and!"),
        ("login(\"co\t", "> login(\"corp"),
        ("login(\"corp\", #{ sch\t", "> login(\"corp\", #{ scheme: "),
    ] {
        shell.clear().keys(typed).sees(completed);
    }
}

#[test]
fn help_fits_the_window_and_finds_words() {
    let mut sandbox = Sandbox::new();
    for words in [
        &["help"][..],
        &["help", "login"],
        &["help", "scripts"],
        &["help", "keyring"],
    ] {
        let run = sandbox.looks(false, 60).ok(words);
        for line in run.stdout.lines() {
            assert!(line.chars().count() <= 60, "{words:?}: {line}");
        }
    }
    for (words, expected) in [
        ("help", "In the shell also:"),
        ("help record", "record --stop"),
        ("help token", "Forget one of credsh's own tokens"),
        ("help token", "\nlogin "),
        ("help token", "\nsources "),
        ("help registry set", "--move-token"),
        ("help keyring", "token set"),
        ("help keyring", "login"),
        ("help savepoint", "transactions"),
        ("help Ctrl-R", "shell"),
        ("help exit statuses", "130  interrupted"),
        ("help environment", "CREDSH_PASSPHRASE"),
        ("help inputrc", "shell"),
    ] {
        let args: Vec<&str> = words.split(' ').collect();
        let run = sandbox.ok(&args);
        assert!(run.stdout.contains(expected), "{words}:\n{}", run.stdout);
    }
    let run = sandbox.fails(64, &["help", "lgoin"]);
    assert!(
        run.stderr.contains("did you mean `login`?"),
        "{}",
        run.stderr
    );
}

#[test]
fn another_program_has_the_terminal_and_its_status_is_told() {
    let mut sandbox = with_corp();
    let shell = sandbox.program("bin/my-shell", "#!/bin/sh\nMINE=yes exec /bin/sh \"$@\"\n");
    sandbox.env("SHELL", shell.display().to_string());
    sandbox.env("PATH", "/usr/bin:/bin");
    sandbox.env("CREDSH_PASSPHRASE", SECRET);
    sandbox.env("PS1", "mine> ");
    let mut shell = Pty::shell(&sandbox, &[]);
    for (line, expected) in [
        ("!echo \"mine: $MINE\"", "\nmine: yes\ncredsh>"),
        (
            "!printenv CREDSH_PASSPHRASE || echo none",
            "\nnone\ncredsh>",
        ),
        ("!exit 3", "note: ended with status 3"),
        ("!kill -9 $$", "note: ended by signal 9"),
        ("!pwd", "/work\ncredsh>"),
        ("! echo 'two \\\nlines'", "two "),
    ] {
        let shown = shell.line(line);
        assert!(shown.contains(expected), "{line}:\n{shown}");
    }
    shell
        .clear()
        .keys("!echo started; exec sleep 60\r")
        .sees("\nstarted");
    shell
        .keys(CTRL_C)
        .sees("ended by signal 2")
        .sees("\ncredsh> ");
    assert!(!shell.screen().contains("error"));
    shell
        .clear()
        .keys("!echo ready; read -r line && echo \"got $line\"\r")
        .sees("\nready");
    shell.keys("typed\r").sees("got typed").sees("\ncredsh> ");
    shell
        .clear()
        .keys("!\r")
        .sees("mine> ")
        .keys("exit 4\r")
        .sees("ended with status 4");
    assert!(sandbox.read(HISTORY).contains("\n!pwd\n"));
    assert_eq!(shell.clear().keys("\x04").ends(), 4);
}

#[test]
fn a_recorded_session_is_a_script_with_its_net_effect() {
    let mut sandbox = Sandbox::new();
    sandbox.env("CORP_TOKEN", SECRET);
    sandbox.env("PATH", "/usr/bin:/bin");
    sandbox.write("work/.cargo/config.toml", "");
    let mut shell = Pty::shell(&sandbox, &[]);
    for (line, expected) in [
        ("record --stop", "nothing is being recorded"),
        ("record no/such/folder/x.rhai", "there is no such folder"),
        ("record /proc/x.rhai", "cannot write"),
        ("record team.rhai", "note: what is committed from here on"),
        ("record other.rhai", "is being recorded already"),
        (&format!("{ADD} --make-default")[..], "2 changes written"),
        (
            "login corp --from env:CORP_TOKEN --scheme bearer",
            "1 change written",
        ),
        (
            "registry add gone sparse+https://gone.example/",
            "1 change written",
        ),
        ("registry remove gone", "1 change written"),
        ("begin", "credsh[corp]>"),
        ("alias set undone x", "1 change pending"),
        ("rollback", "credsh[corp]>"),
        ("registry rename corp work", "5 changes written"),
        (
            "alias set vault cargo-credential-vault --profile 'my work'",
            "1 change written",
        ),
        ("provider add cargo:libsecret", "1 change written"),
        ("registry set work --provider credsh", "1 change written"),
        (
            "registry add here sparse+https://here.example/ --local",
            "1 change written",
        ),
    ] {
        let shown = shell.line(line);
        assert!(shown.contains(expected), "{line}:\n{shown}");
    }
    shell
        .clear()
        .keys("login work --label ci --operations read --store sealed --from env:CORP_TOKEN\r")
        .sees("a key file instead")
        .keys("\r")
        .sees("written\ncredsh[work]> ");
    let shown = shell.line("record --stop");
    assert!(shown.contains("here.index`: it stands in"), "{shown}");
    shell
        .clear()
        .keys("login work --store sealed --operations publish --label typed\r")
        .sees("token for work:");
    shell
        .keys(&format!("{SENTINEL}-typed-0123456789\r"))
        .sees("written");
    drop(shell);
    let script = sandbox.read("work/team.rhai");
    assert!(
        !script.contains("undone") && !script.contains("gone.example"),
        "{script}"
    );
    for part in [
        "// not in this script: `registries.here.index`",
        "registry::add(\"work\", \"sparse+https://corp.example/\");",
        "login(\"work\", #{ from: \"env:CORP_TOKEN\", scheme: \"bearer\" });",
        "from: \"env:CORP_TOKEN\", provider: \"credsh\", label: \"ci\", operations: \"read\", store: \"sealed\"",
        "registry::set(\"work\", #{ make_default: true });",
        "alias::set(\"vault\", #{ rest: [\"cargo-credential-vault\", \"--profile\", \"my work\"] });",
        "provider::add(\"cargo:libsecret\", #{ last: true });",
    ] {
        assert!(script.contains(part), "{part}:\n{script}");
    }
    let mut second = Sandbox::new();
    second.env("CORP_TOKEN", SECRET);
    second.env("PATH", "/usr/bin:/bin");
    second.write("work/team.rhai", &script);
    second.ok(&["-q", "-f", "team.rhai"]);
    let tokens = second.read("home/.credsh/tokens.toml");
    assert!(tokens.contains("ci") && tokens.contains("read"), "{tokens}");
    let sorted = |sandbox: &Sandbox| {
        let text = sandbox.read("home/config.toml");
        let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&sandbox), sorted(&second), "{script}");
    assert_eq!(
        sandbox.read("home/credentials.toml"),
        second.read("home/credentials.toml")
    );
}

#[test]
fn what_was_there_before_is_recorded_as_what_it_has_become() {
    let mut sandbox = with_corp();
    sandbox.env("LAB_TOKEN", SECRET);
    sandbox.ok(&["registry", "add", "lab", "sparse+https://lab.example/"]);
    sandbox.ok(&["login", "lab", "--from", "env:LAB_TOKEN"]);
    sandbox.ok(&["-c", "provider add cargo:token", "-c", "alias set old x"]);
    sandbox.env("USER_INFO", "x");
    let mut shell = Pty::shell(&sandbox, &[]);
    for line in [
        "record net.rhai",
        "registry rename lab work",
        "registry remove corp",
        "alias remove old",
        "provider remove cargo:token",
        "registry set work --make-default",
    ] {
        shell.line(line);
    }
    // Leaving writes it, too.
    assert_eq!(shell.clear().keys("\x04").ends(), 0);
    let script = sandbox.read("work/net.rhai");
    for part in [
        "unless_gone(|| registry::remove(\"corp\"));",
        "unless_gone(|| alias::remove(\"old\"));",
        "unless_gone(|| provider::remove(\"cargo:token\"));",
        "login(\"work\", #{ from: \"prompt\" });",
        "registry::set(\"work\", #{ make_default: true });",
    ] {
        assert!(script.contains(part), "{part}:\n{script}");
    }
    // It runs on an empty home, and on the one that it comes from.
    let typed = format!("{SENTINEL}-typed-0123456789");
    let mut empty = Sandbox::new();
    for other in [&mut empty, &mut sandbox] {
        other.write("work/net.rhai", &script);
        other.types(&[&typed]).ok(&["-q", "-f", "net.rhai"]);
        let config = other.read("home/config.toml");
        assert!(
            config.contains("[registries.work]") && !config.contains("corp.example"),
            "{config}"
        );
    }
}

#[test]
fn a_recording_that_cannot_be_written_goes_on() {
    let sandbox = Sandbox::new();
    let mut shell = Pty::shell(&sandbox, &[]);
    shell.line("record team.rhai");
    shell.line(ADD);
    sandbox.write("work/team.rhai", "// of somebody else");
    let shown = shell.line("record --stop");
    assert!(shown.contains("hint: repeat the command"), "{shown}");
    std::fs::remove_file(sandbox.work().join("team.rhai")).unwrap();
    shell.line("begin");
    shell.line("alias set later x");
    let shown = shell.line("record --stop");
    assert!(shown.contains("wrote 1 call to"), "{shown}");
    assert!(shown.contains("is not in it; only a commit"), "{shown}");
    let script = sandbox.read("work/team.rhai");
    assert!(
        script.contains("registry::add(\"corp\"") && !script.contains("later"),
        "{script}"
    );
}

#[test]
fn what_only_the_shell_has_is_explained_as_it_is_typed_there() {
    let sandbox = Sandbox::new();
    let mut shell = Pty::shell(&sandbox, &[]);
    for (line, usage) in [
        ("help exit", "Usage: exit"),
        ("help history", "Usage: history"),
        ("help record", "Usage: record FILE\n       record --stop"),
        ("?", "`help COMMAND` explains one"),
    ] {
        let shown = shell.line(line);
        assert!(shown.contains(usage), "{line}:\n{shown}");
    }
    let shown = shell.line("diff");
    assert!(shown.contains("\nnothing is pending\n"), "{shown}");
}
