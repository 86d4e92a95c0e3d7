//! A stranger's configuration in the current folder is shown, and nothing in it reaches the terminal as a command.

use std::collections::BTreeSet;

use clap::CommandFactory;
use credsh::commands::grammar::Line;

use crate::harness::Sandbox;

/// A window title, a colour, 8-bit sequences, delete, carriage return, and letters that turn a line around.
const EVIL: &str = r"\u001b]0;title\u0007\u001b[31m\u009b31m\u007f\r\u202E\u2066";

/// What a repository may bring; `EVIL` stands for the above.
const CONFIGS: [&str; 3] = [
    r#"
[registry]
default = "evil"
global-credential-providers = ["cargo:token", "gEVIL", "EVIL arg"]
[registries.evil]
index = "sparse+https://evil.example/EVIL/"
credential-provider = "provEVILx"
[registries.args]
index = "sparse+https://args.example/"
credential-provider = ["pEVILx", "argEVIL"]
[registries.aliased]
index = "sparse+https://aliased.example/"
credential-provider = "al"
token = "EVIL"
[registries."naEVILme"]
index = "sparse+https://name.example/"
[registries.corp]
index = "sparse+https://corp.example/"
[credential-alias]
al = "xEVILPWN"
other = "zEVIL"
"aEVILl" = ["yEVIL", "line\nbreak"]
"#,
    r#"
[registry]
default = "deEVILf"
credential-provider = "xEVIL"
"#,
    r#"
registries = "EVIL"
"keyEVIL" = 1
[credential-alias]
al = 1
"#,
];

/// At least one of each command.
const LINES: &str = r"
    status
    status evil args aliased --ask
    why evil
    why args --ask
    why aliased --ask --operation publish
    why crates-io --ask
    registry list
    registry show evil
    registry show args
    registry add evil sparse+https://else.example/
    registry add new sparse+https://new.example/ --provider al
    registry set evil --provider cargo:token
    registry set evil --index sparse+https://else.example/
    registry rename evil fine
    registry remove evil
    provider list
    provider test al
    provider test evil
    provider add al
    provider move al --first
    provider remove al
    alias list
    alias set al something else
    alias set other EVIL
    alias remove al
    token list
    token list evil
    token show evil
    token show args
    token show aliased
    token set ci --registry evil --label cd
    token remove ci --registry evil
    login evil --from env:T
    login args --from env:T
    login aliased --from env:T
    login aliased --from provider:al
    login corp --from env:EVIL
    login corp --from file:EVIL
    login corp --from command:EVIL
    login --from env:T
    logout evil
    logout aliased
    logout --all
    logout EVIL
    diff
    begin
    commit
    rollback
    run EVIL.rhai
    EVIL
    help EVIL
    completions bash
    man
";

fn is_hidden(c: char) -> bool {
    c.is_control() && c != '\n' || "\u{202e}\u{2066}".contains(c)
}

#[test]
fn no_command_shows_more_than_text() {
    let raw: String = serde_json::from_str(&format!("\"{EVIL}\"")).unwrap();
    let mut shown = BTreeSet::new();
    let mut commands = BTreeSet::new();
    for config in CONFIGS {
        let mut sandbox = Sandbox::new();
        sandbox.env("T", "a-token-of-nobody");
        sandbox.env("PATH", "/nowhere");
        sandbox.write("work/.cargo/config.toml", config.replace("EVIL", EVIL));
        for line in LINES.trim().lines() {
            let line = line.trim().replace("EVIL", &raw);
            let words: Vec<&str> = line.split(' ').collect();
            commands.insert(words[..words.len().min(2)].join(" "));
            for options in [
                &["--yes", "--dry-run"][..],
                &["--yes"],
                &["--yes", "--json"],
                &["--no-input"],
            ] {
                let args: Vec<&str> = options.iter().chain(&words).copied().collect();
                let before = sandbox.read("work/.cargo/config.toml");
                let run = sandbox.looks_all(false, 60).run(&args);
                sandbox.write("work/.cargo/config.toml", before);
                for text in [run.stdout, run.stderr] {
                    let found = text.find(is_hidden);
                    assert_eq!(found, None, "{args:?}\n{config}\n{text:?}");
                    if text.contains("u{1b}]0;") {
                        shown.insert(words[0].to_owned());
                    }
                }
            }
        }
    }
    for command in [
        "status", "why", "registry", "provider", "alias", "token", "login",
    ] {
        assert!(
            shown.contains(command),
            "{command} shows nothing of it: {shown:?}"
        );
    }
    for command in Line::command().get_subcommands() {
        let name = command.get_name();
        let children: Vec<String> = command
            .get_subcommands()
            .map(|child| format!("{name} {}", child.get_name()))
            .collect();
        let walked = |name: &String| {
            commands
                .iter()
                .any(|it| it == name || it.starts_with(&format!("{name} ")))
        };
        if children.is_empty() {
            assert!(walked(&name.to_owned()), "{name} is missing here");
        }
        for child in children {
            assert!(walked(&child), "{child} is missing here");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_is_waited_for_by_a_name_that_can_be_read() {
    let mut sandbox = Sandbox::new();
    let slow = r#"#!/bin/sh
echo '{"v":[1]}'
read -r request
case "$request" in
    *'"kind":"get"'*) echo '{"Err":{"kind":"not-found"}}' ;;
    *) sleep 1.5; echo '{"Ok":{"kind":"login"}}' ;;
esac
"#;
    sandbox.program("work/.cargo/slow\u{1b}[31m", slow);
    sandbox.write(
        "work/.cargo/config.toml",
        "[registries.evil]\nindex = \"sparse+https://evil.example/\"\n\
         credential-provider = [\".cargo/slow\\u001b[31m\"]\n",
    );
    sandbox.env("PATH", "/usr/bin:/bin");
    sandbox.time_limit(std::time::Duration::from_secs(1));
    let run = sandbox.types(&["typed"]).ok(&["login", "evil"]);
    assert!(run.stderr.contains("so it is waited for"), "{}", run.stderr);
    assert!(run.stderr.contains("slow\\u{1b}[31m"), "{}", run.stderr);
    assert_eq!(run.stderr.find(is_hidden), None, "{:?}", run.stderr);
}

/// What a person's own shell is offered.
#[test]
fn no_completion_shows_more_than_text() {
    let mut sandbox = Sandbox::new();
    sandbox.write("work/.cargo/config.toml", CONFIGS[0].replace("EVIL", EVIL));
    sandbox
        .write("work/file\u{1b}[31m", "")
        .write("work/file", "");
    for line in [
        "registry show ",
        "login ev",
        "alias remove ",
        "provider add ",
        "run fi",
    ] {
        let run = sandbox.ok(&["--complete", &format!("credsh {line}")]);
        assert!(!run.stdout.is_empty(), "{line}");
        let is_hidden = |c| is_hidden(c) && c != '\t';
        assert_eq!(run.stdout.find(is_hidden), None, "{line}: {:?}", run.stdout);
    }
}

/// What it prints is as it is where somebody else reads it.
#[test]
fn a_script_shows_a_terminal_no_more_than_text() {
    let mut sandbox = Sandbox::new();
    sandbox.write("work/.cargo/config.toml", CONFIGS[0].replace("EVIL", EVIL));
    let walk = "for r in registry::list() { for p in r.providers { print(p[0]); debug(p[0]) } }";
    sandbox.write("work/walk.rhai", walk);
    for options in [&["-f", "walk.rhai"][..], &["--json", "-f", "walk.rhai"]] {
        let run = sandbox.ok(options);
        assert!(format!("{}{}", run.stdout, run.stderr).contains("\u{1b}]0;title"));
        let run = sandbox.looks_all(true, 80).ok(options);
        let shown = format!("{}{}", run.stdout, run.stderr);
        assert_eq!(shown.find(is_hidden), None, "{shown:?}");
        assert!(shown.contains("u{1b}]0;title"), "{shown}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn tab_and_the_prompt_show_text_only() {
    let sandbox = Sandbox::new();
    sandbox.write("work/.cargo/config.toml", CONFIGS[0].replace("EVIL", EVIL));
    let mut shell = crate::pty::Pty::start(&sandbox, env!("CARGO_BIN_EXE_credsh"), &[]);
    shell.sees("credsh[evil]>");
    shell.keys("registry show \t").sees("u{1b}]0;title");
    shell.keys("\x15alias remove \t").sees("stands for x");
    shell
        .keys("\x15\"a\\x1b]0;title\\x07b\"\r")
        .sees("\na\\u{1b}]0;title");
    assert!(!shell.ever_showed("\x1b]0;title"), "{}", shell.screen());
    sandbox.write("work/.cargo/config.toml", CONFIGS[1].replace("EVIL", EVIL));
    shell.keys("\r").sees("credsh[de\\u{1b}]0;title");
    assert!(!shell.ever_showed("\x1b]0;title"), "{}", shell.screen());
}
