//! The manual page, as `man` and `groff` read it.

use std::process::{Command, Output};

use clap::CommandFactory;
use credsh::commands::grammar::{Cli, Line};
use credsh::commands::help::all_commands;

use crate::harness::Sandbox;

fn page(sandbox: &mut Sandbox) {
    let text = sandbox.ok(&["man"]).stdout;
    sandbox.write("work/credsh.1", text);
}

fn read(sandbox: &Sandbox, program: &str, args: &[&str]) -> Output {
    let output = Command::new(program)
        .args(args)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C.UTF-8")
        .env("MANWIDTH", "80")
        .current_dir(sandbox.work())
        .output()
        .unwrap();
    assert!(output.status.success(), "{program}: {output:?}");
    output
}

#[test]
fn groff_has_no_complaint() {
    let mut sandbox = Sandbox::new();
    page(&mut sandbox);
    let args = [
        "-man", "-ww", "-Tutf8", "-Kutf8", "-rLL=78n", "-z", "credsh.1",
    ];
    let complaints = read(&sandbox, "groff", &args).stderr;
    assert_eq!(String::from_utf8_lossy(&complaints), "");
}

#[test]
fn man_shows_all_that_there_is_to_know() {
    let mut sandbox = Sandbox::new();
    page(&mut sandbox);
    let shown = read(&sandbox, "man", &["-l", "credsh.1"]).stdout;
    let shown = String::from_utf8(shown).unwrap();
    let sections: Vec<&str> = shown
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()))
        .filter(|line| !line.starts_with("CREDSH(1)"))
        .collect();
    assert_eq!(
        sections,
        [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "COMMANDS",
            "TOKEN SOURCES",
            "PROVIDERS",
            "TRANSACTIONS",
            "SCRIPTS",
            "EXIT STATUS",
            "ENVIRONMENT",
            "FILES",
            "EXAMPLES",
            "SEE ALSO"
        ]
    );
    for (command, _) in all_commands(&Line::command()) {
        assert!(shown.contains(&format!("\n   {command}\n")), "{command}");
    }
    for option in Cli::command()
        .get_arguments()
        .filter_map(clap::Arg::get_long)
    {
        assert!(shown.contains(&format!("--{option}")), "--{option}");
    }
    for text in [
        "credsh - The shell for Cargo registry credentials",
        "\n       64     the words were wrong\n",
        "\n       NO_COLOR",
        "$CARGO_HOME/credentials.toml",
        "\n       credsh login corp --scheme bearer --from file:token.txt\n",
    ] {
        assert!(shown.contains(text), "no {text:?} in\n{shown}");
    }
    for line in shown.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}
