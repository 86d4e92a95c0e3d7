//! `scripts/install` in a home of its own: what it puts there is found by the shells and by `man`, and can be taken away.

use std::path::Path;
use std::process::{Command, Output};

use crate::harness::Sandbox;
use crate::pty::Pty;

/// A machine on which nothing is installed, and whose PATH is what the script asks for.
fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    let bin = sandbox.root().join("user/.local/bin");
    let path = format!("{}:/usr/bin:/bin", bin.display());
    sandbox.env("PATH", path).env("LC_ALL", "C.UTF-8");
    sandbox.ok(&["registry", "add", "corp", "sparse+https://corp.example/"]);
    sandbox
}

fn run(sandbox: &Sandbox, program: impl AsRef<Path>, args: &[&str]) -> Output {
    Command::new(program.as_ref())
        .args(args)
        .env_clear()
        .envs(sandbox.variables())
        .current_dir(sandbox.work())
        .output()
        .unwrap()
}

fn install(sandbox: &Sandbox, args: &[&str]) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/install");
    run(sandbox, script, args)
}

#[track_caller]
fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn files(sandbox: &Sandbox) -> Vec<String> {
    let user = sandbox.root().join("user");
    let files = sandbox.snapshot().into_keys();
    files
        .filter_map(|file| Some(file.strip_prefix(&user).ok()?.display().to_string()))
        .collect()
}

const BINARY: [&str; 2] = ["--binary", env!("CARGO_BIN_EXE_credsh")];

#[test]
fn what_is_installed_is_found_and_can_be_taken_away() {
    let sandbox = sandbox();
    let first = printed(&install(&sandbox, &BINARY));
    assert_eq!(first.matches("installed ").count(), 5, "{first}");
    assert!(
        !first.contains("to do") && !first.contains("for man"),
        "{first}"
    );
    let second = printed(&install(&sandbox, &BINARY));
    assert_eq!(second.matches("unchanged ").count(), 5, "{second}");
    assert_eq!(second, first.replace("installed ", "unchanged "));

    // `man` finds the page by the PATH.
    let page = printed(&run(&sandbox, "man", &["-w", "credsh"]));
    assert!(
        page.ends_with("user/.local/share/man/man1/credsh.1\n"),
        "{page}"
    );
    // Fish finds its completions by itself.
    let offered = printed(&run(
        &sandbox,
        "fish",
        &["-c", "complete -C 'credsh login co'"],
    ));
    assert_eq!(offered, "corp\tsparse+https://corp.example/\n");
    // Bash by the package that Debian's profile loads,
    let mut bash = Pty::start(&sandbox, "bash", &["--norc", "--noprofile", "-i"]);
    bash.keys(". /usr/share/bash-completion/bash_completion; echo REA''DY\r")
        .sees("READY");
    bash.keys("credsh login co\t--json")
        .sees("credsh login corp --json");
    // zsh by the line that was printed.
    let line = first
        .split('`')
        .find(|text| text.starts_with("fpath="))
        .unwrap();
    let mut zsh = Pty::start(&sandbox, "zsh", &["-f", "-i"]);
    zsh.keys(&format!(
        "{line}; autoload -Uz compinit; compinit -D -u; echo REA''DY\r"
    ));
    zsh.sees("READY");
    zsh.keys("credsh login co\t--json")
        .sees("credsh login corp --json");
    drop((bash, zsh));

    let removed = printed(&install(&sandbox, &["--uninstall"]));
    assert_eq!(removed.matches("removed ").count(), 5, "{removed}");
    // The shells write files of their own.
    let left: Vec<String> = files(&sandbox)
        .into_iter()
        .filter(|file| file.contains("credsh"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
    let again = printed(&install(&sandbox, &["--uninstall"]));
    assert!(!again.contains("removed "), "{again}");
}

#[test]
fn what_is_not_found_by_itself_is_said() {
    let mut sandbox = sandbox();
    sandbox.env("PATH", "/usr/bin:/bin");
    sandbox.env(
        "XDG_DATA_HOME",
        sandbox.root().join("data").display().to_string(),
    );
    let said = printed(&install(&sandbox, &BINARY));
    let user = sandbox.root().join("user/.local/bin");
    assert!(
        said.contains(&format!("to do: put {} on PATH\n", user.display())),
        "{said}"
    );
    let variable = format!("MANPATH={}", sandbox.root().join("data/man:").display());
    assert!(said.contains(&variable), "{said}");
    sandbox.env("MANPATH", variable.trim_start_matches("MANPATH="));
    printed(&run(&sandbox, "man", &["-w", "credsh"]));
}

#[test]
fn a_provider_that_cargo_needs_is_not_taken_away() {
    let mut sandbox = sandbox();
    install(&sandbox, &BINARY);
    sandbox.ok(&["registry", "set", "corp", "--provider", "credsh"]);
    let before = sandbox.snapshot();
    let output = install(&sandbox, &["--uninstall"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("names credsh as a provider"), "{said}");
    assert!(before == sandbox.snapshot());
    assert_eq!(install(&sandbox, &["--nonsense"]).status.code(), Some(64));
}
