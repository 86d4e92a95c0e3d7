//! Secrets stay in credsh: another process of the same person reads neither its memory nor its environment, and no
//! token is in an argument list, an environment or a file that is not sealed.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::harness::{SENTINEL, Sandbox};

/// Root reads everything, so the tests of root go on as somebody who owns nothing.
const NOBODY: u32 = 65534;

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// A program that an ordinary person starts.
fn ordinary(program: &str) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    let id = NOBODY.to_string();
    command
        .args(["--reuid", &id, "--regid", &id, "--clear-groups"])
        .arg(program);
    command
}

/// A folder of an ordinary person's with a copy of credsh: that of the build may lie where only root may go.
fn program_of_an_ordinary_person() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("credsh");
    // By a process of its own: a file that a child of another thread has open for writing does not start.
    let copied = Command::new("cp")
        .args([Path::new(env!("CARGO_BIN_EXE_credsh")), &program])
        .status();
    assert!(copied.unwrap().success());
    if is_root() {
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    (folder, program)
}

/// Whether another process of that person opens a file of this one.
fn is_open(file: &str, process: &Child) -> bool {
    let path = format!("/proc/{}/{file}", process.id());
    let mut reader = ordinary("/bin/sh");
    reader.args(["-c", "exec <\"$0\" && head -c 0", &path]);
    let output = reader.env_clear().output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() || said.contains("ermission denied"),
        "{said}"
    );
    output.status.success()
}

#[test]
fn nobody_else_reads_memory_or_environment_of_a_credsh_that_waits() {
    let (folder, program) = program_of_an_ordinary_person();
    let start = |program: &str, argument: &str| {
        ordinary(program)
            .arg(argument)
            .env_clear()
            .env("CARGO_HOME", folder.path())
            .env("CREDSH_PASSPHRASE", SENTINEL)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    // What anybody's processes are like.
    let mut other = start("/bin/cat", "-");
    std::io::Write::write_all(&mut other.stdin.as_ref().unwrap(), b"\n").unwrap();
    let mut line = String::new();
    BufReader::new(other.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(is_open("environ", &other), "then this shows nothing");

    let mut credsh = start(program.to_str().unwrap(), "--cargo-plugin");
    BufReader::new(credsh.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "\n{\"v\":[1]}\n");
    for file in ["environ", "mem", "maps", "auxv"] {
        assert!(!is_open(file, &credsh), "{file} of credsh is open");
    }
    for mut process in [other, credsh] {
        drop(process.stdin.take());
        assert!(process.wait().unwrap().success());
    }
}

#[test]
fn no_token_is_in_an_argument_an_environment_or_a_file_that_is_not_sealed() {
    let mut sandbox = Sandbox::new();
    let log = sandbox.root().join("starts");
    let script = format!(
        "#!/bin/sh\n{{ echo \"$@\"; env; }} >>'{}'\nexec '{}' \"$@\"\n",
        log.display(),
        env!("CARGO_BIN_EXE_credsh")
    );
    let program = sandbox.program("bin/credsh", &script);
    sandbox.env(
        "PATH",
        format!("{}:/usr/bin:/bin", sandbox.root().join("bin").display()),
    );
    sandbox.ok(&[
        "registry",
        "add",
        "corp",
        "sparse+https://corp.example/",
        "--provider",
        "credsh",
    ]);
    let mut run = |args: &[&str], stdin: &str| {
        sandbox.stdin(stdin);
        let mut world = sandbox.as_world();
        world.program.clone_from(&program);
        let args = args.iter().map(Into::into);
        assert_eq!(credsh::run(world, args), 0);
    };
    let token = format!("{SENTINEL}-of-corp-0123456789\n");
    let login = ["login", "corp", "--store", "sealed"];
    run(&login, &token);
    run(
        &[&login[..], &["--label", "ci", "--operations", "read"]].concat(),
        &token,
    );
    run(&["token", "set", "ci", "--label", "read"], "");
    run(&["token", "show", "corp"], "");
    run(&["why", "corp", "--ask"], "");
    run(&["logout", "corp"], "");
    run(&login, &token);
    let starts = std::fs::read_to_string(&log).unwrap();
    assert!(
        starts
            .lines()
            .filter(|line| line.ends_with("--cargo-plugin"))
            .count()
            >= 2
    );

    let mut folders = vec![sandbox.root().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let has = bytes
                .windows(SENTINEL.len())
                .any(|part| part == SENTINEL.as_bytes());
            assert!(!has, "a token in {}", path.display());
        }
    }
}
