//! Several at once, on files that they have in common: nothing that was reported is lost.

use std::process::{Child, Command, Stdio};

use crate::cargo::Cargo;
use crate::harness::{SENTINEL, Sandbox};

fn started(commands: impl Iterator<Item = Command>) -> Vec<Child> {
    commands
        .map(|mut command| {
            command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect()
}

/// Waits for all; what those said that failed.
fn failures(children: Vec<Child>) -> Vec<String> {
    let outputs = children
        .into_iter()
        .map(|child| child.wait_with_output().unwrap());
    let failed = outputs.filter(|output| !output.status.success());
    failed
        .map(|output| String::from_utf8_lossy(&output.stderr).into_owned())
        .collect()
}

/// Two homes have one lock each, but the project's file has one of its own.
#[test]
fn several_homes_edit_the_file_of_one_project() {
    let sandbox = Sandbox::new();
    let commands = (0..8).map(|number| {
        let (home, name) = (format!("home{number}"), format!("r{number}"));
        let index = format!("sparse+https://{name}.example/");
        let mut command = sandbox.process();
        command.args(["--home", &home, "registry", "add", &name, &index, "--local"]);
        command
    });
    let failed = failures(started(commands));
    assert!(failed.is_empty(), "{failed:?}");
    let text = sandbox.read("work/.cargo/config.toml");
    for number in 0..8 {
        assert!(
            text.contains(&format!("[registries.r{number}]")),
            "r{number} is lost:\n{text}"
        );
    }
}

#[test]
fn credsh_and_cargo_log_in_at_the_same_time() {
    let cargo = Cargo::new();
    let mut sandbox = cargo.sandbox();
    sandbox.env("T", format!("{SENTINEL}-0123456789"));
    let names: Vec<String> = (0..8).map(|number| format!("r{number}")).collect();
    for name in &names {
        sandbox.ok(&["registry", "add", name, &cargo.registries.index(name)]);
    }
    let (ours, cargos) = names.split_at(4);
    let running = started(ours.iter().map(|name| {
        let mut command = sandbox.process();
        command.args(["login", name, "--from", "env:T"]);
        command
    }));
    for name in cargos {
        let told = cargo.login(&sandbox, Some(name), &format!("{SENTINEL}-of-cargo"));
        assert!(told.success, "{told:?}");
    }
    let failed = failures(running);
    assert!(failed.is_empty(), "{failed:?}");
    for name in &names {
        sandbox.ok(&["token", "show", name]);
    }
}
