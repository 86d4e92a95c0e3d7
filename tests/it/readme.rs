//! What is written down is true: the README's session and reference are made from the program and compared.
//! `UPDATE_EXPECT=1` writes them.

use std::path::{Path, PathBuf};

use clap::CommandFactory;
use credsh::commands::grammar::Line;

use crate::harness::{Run, SENTINEL, Sandbox};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Compares a file with what it should be; or writes it.
#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the tests, not of the program"
)]
#[track_caller]
pub fn is_current(name: &str, expected: &str) {
    let now = std::fs::read_to_string(path(name)).unwrap_or_default();
    if now == expected {
        return;
    }
    let differs = now
        .lines()
        .zip(expected.lines())
        .find(|(now, expected)| now != expected);
    assert!(
        std::env::var_os("UPDATE_EXPECT").is_some(),
        "{name} is not what the program says; `UPDATE_EXPECT=1 cargo test` writes it: {differs:#?}"
    );
    std::fs::write(path(name), expected).unwrap();
}

/// The README with what stands between two of its marks replaced.
fn with_section(readme: &str, mark: &str, text: &str) -> String {
    let start = readme.find(&format!("<!-- {mark}:")).unwrap();
    let start = start + readme[start..].find("-->").unwrap() + "-->".len();
    let end = readme.find(&format!("<!-- end of {mark} -->")).unwrap();
    format!(
        "{}\n\n{}\n{}",
        &readme[..start],
        text.trim_end(),
        &readme[end..]
    )
}

#[test]
fn the_readme_is_current() {
    let readme = std::fs::read_to_string(path("README.md")).unwrap();
    let readme = with_section(&readme, "session", &session());
    let readme = with_section(&readme, "reference", &reference());
    is_current("README.md", &readme);
}

/// Every example of every command's help is run, in a world in which it makes sense.
#[test]
fn the_examples_of_the_help_work() {
    for (name, command) in commands() {
        let help = command.clone().render_long_help().to_string();
        let examples = help.split("Examples:\n").nth(1).unwrap_or_default();
        for example in examples.lines().map(str::trim) {
            let words = credsh::words::split(example).unwrap();
            if words.is_empty() {
                continue;
            }
            let mut sandbox = Sandbox::new();
            sandbox.env("MY_TOKEN", format!("{SENTINEL}-0123456789abcdef"));
            sandbox.env("CORP_TOKEN", format!("{SENTINEL}-0123456789abcdef"));
            sandbox.env("LAB_TOKEN", format!("{SENTINEL}-0123456789abcdef"));
            sandbox.write("work/token.txt", format!("{SENTINEL}-0123456789abcdef"));
            sandbox.write(
                "work/scripts/setup.rhai",
                std::fs::read(path("scripts/setup.rhai")).unwrap(),
            );
            let adds_it = |name: &str| {
                example.contains(&format!("add {name}")) || example.contains("setup.rhai")
            };
            for name in ["corp", "lab"] {
                if !adds_it(name) {
                    let index = format!("sparse+https://{name}.example/");
                    sandbox.ok(&["registry", "add", name, &index]);
                    sandbox.ok(&["login", name, "--from", "env:MY_TOKEN"]);
                }
            }
            if !example.contains("provider add") && !example.contains("setup.rhai") {
                sandbox.ok(&[
                    "-c",
                    "provider add cargo:token",
                    "-c",
                    "provider add cargo:wincred",
                ]);
                sandbox.ok(&["login", "crates-io", "--from", "env:MY_TOKEN"]);
            }
            let needs_index = example.starts_with("registry set") && example.contains("--index");
            if example.contains("remove cargo:libsecret") {
                sandbox.ok(&["provider", "add", "cargo:libsecret"]);
            }
            if example.contains("remove vault") {
                sandbox.ok(&["alias", "set", "vault", "x"]);
            }
            if needs_index {
                sandbox.ok(&["logout", "corp"]);
            }
            if example.starts_with("token set") || example.starts_with("token remove") {
                sandbox.ok(&["registry", "set", "lab", "--provider", "credsh"]);
                let keep = "login lab --from env:MY_TOKEN --store sealed --label";
                for rest in ["ci --operations read", "publish --crates toml"] {
                    sandbox.ok(&["-c", &format!("{keep} {rest}")]);
                }
            }
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            // These make sense beside each other only.
            let words = match words[..] {
                ["begin" | "commit"] => vec!["-c", "begin", "-c", "commit"],
                ["rollback"] => vec!["-c", "begin", "-c", "rollback"],
                _ => words,
            };
            let run = sandbox.reveals().run(&words);
            assert_eq!(
                run.status, 0,
                "the example `{example}` of {name}:\n{}{}",
                run.stdout, run.stderr
            );
        }
    }
}

/// A session that shows what credsh is for, as it was printed.
fn session() -> String {
    let mut sandbox = Sandbox::new();
    let token = format!("{SENTINEL}-of-corp-0123456789");
    let mut text = String::from("```console\n");
    let mut step = |sandbox: &mut Sandbox, line: &str, typed: Option<&str>| {
        if let Some(typed) = typed {
            sandbox.types(&[typed]);
        }
        let words = credsh::words::split(line).unwrap();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let Run { stdout, stderr, .. } = sandbox.run(&words);
        let prompt = if text.contains("--make-default") {
            "credsh[corp]>"
        } else {
            "credsh>"
        };
        let asked = if typed.is_some() {
            "token for corp: \n"
        } else {
            ""
        };
        text.push_str(&format!("{prompt} {line}\n{stderr}{asked}{stdout}\n"));
    };
    step(
        &mut sandbox,
        "registry add corp https://crates.corp.example/index/",
        None,
    );
    step(
        &mut sandbox,
        "registry set corp --index sparse+https://crates.corp.example/index/ --make-default",
        None,
    );
    step(&mut sandbox, "provider add cargo:token", None);
    step(&mut sandbox, "login --scheme bearer", Some(&token));
    sandbox.env("CARGO_REGISTRIES_CORP_TOKEN", "an-old-one");
    step(&mut sandbox, "why", None);
    sandbox.unset("CARGO_REGISTRIES_CORP_TOKEN");
    step(&mut sandbox, "registry list", None);
    step(&mut sandbox, "registry lst", None);
    step(&mut sandbox, "logout", None);
    text.push_str("```\n");
    text.replace(&sandbox.home().display().to_string(), "~/.cargo")
}

/// What `help` says of every command, in one place.
fn reference() -> String {
    let mut text = String::new();
    for (name, command) in commands() {
        let about = command
            .get_long_about()
            .or(command.get_about())
            .map(ToString::to_string)
            .unwrap_or_default();
        let help = command.bin_name(&name).render_help().to_string();
        let usage = &help[help.find("Usage:").unwrap()..];
        text.push_str(&format!(
            "### `{name}`\n\n{about}\n\n```text\n{}\n```\n\n",
            without_global(usage)
        ));
    }
    text
}

/// Without the switches that every command has.
fn without_global(help: &str) -> String {
    let global = [
        "--json",
        "-n, --dry-run",
        "--check",
        "-q, --quiet",
        "-y, --yes",
        "--no-input",
        "-h, --help",
    ];
    let mut kept: Vec<&str> = Vec::new();
    let mut is_skipping = false;
    for line in help.lines() {
        let word = line.trim_start();
        if word.starts_with('-') {
            is_skipping = global.iter().any(|switch| word.starts_with(switch));
        } else if !line.starts_with("    ") {
            is_skipping = false;
        }
        if !is_skipping {
            kept.push(line.trim_end());
        }
    }
    kept.join("\n")
        .replace("Options:\n\n", "")
        .trim_end()
        .to_owned()
}

fn commands() -> Vec<(String, clap::Command)> {
    let mut all = Vec::new();
    let mut tree = Line::command();
    tree.build();
    for command in tree.get_subcommands() {
        if command.has_subcommands() {
            for child in command.get_subcommands() {
                all.push((
                    format!("{} {}", command.get_name(), child.get_name()),
                    child.clone(),
                ));
            }
        } else {
            all.push((command.get_name().to_owned(), command.clone()));
        }
    }
    all
}
