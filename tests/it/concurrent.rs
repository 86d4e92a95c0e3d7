//! Several at once, on files that they have in common: nothing that was reported is lost.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::cargo::Cargo;
use crate::harness::{SENTINEL, Sandbox, seed};
use crate::steps::{Case, OLD, exchanges, injection, quiet};

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

/// The same file is the home's for some, by a link for others, and a project's for the rest.
#[test]
fn several_homes_have_one_file_in_common() {
    let sandbox = Sandbox::new();
    sandbox.write("user/.cargo/config.toml", "# by hand\n");
    for number in 0..4 {
        let home = sandbox.root().join(format!("home{number}"));
        std::fs::create_dir(&home).unwrap();
        let file = sandbox.root().join("user/.cargo/config.toml");
        std::os::unix::fs::symlink(file, home.join("config.toml")).unwrap();
    }
    for round in 0..5 {
        let commands = (0..8).map(|number| {
            let mut command = sandbox.process();
            let home = sandbox.root();
            match number {
                0..4 => command
                    .arg("--home")
                    .arg(home.join(format!("home{number}"))),
                4..6 => command.arg("--home").arg(home.join("user/.cargo")),
                _ => command.arg("-C").arg(home.join("user")),
            };
            let local = if number < 6 { "" } else { "--local" };
            let line = format!("alias set {local} a{round}x{number} program");
            command.args(["-c", &line]);
            command
        });
        let failed = failures(started(commands));
        assert!(failed.is_empty(), "{failed:?}");
    }
    let text = sandbox.read("user/.cargo/config.toml");
    assert_eq!(text.matches("program").count(), 40, "{text}");
    assert!(text.starts_with("# by hand\n"), "{text}");
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

/// Where a change is undone, Cargo waits for that in the very file that it is going to write.
#[test]
fn cargo_logs_in_while_credsh_undoes_what_it_has_written() {
    let config = "registries.corp.index = \"INDEX/corp\"\nregistries.lab.index = \"INDEX/lab\"\n";
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\"\n");
    let files = [
        ("home/config.toml", config),
        ("home/credentials.toml", &credentials),
    ];
    let elsewhere = "sparse+https://new.example/";
    let args = [
        "registry",
        "set",
        "corp",
        "--index",
        elsewhere,
        "--drop-token",
        "-y",
    ];
    let case = Case::new(&files, &[], &args);
    case.reset();
    let steps = case.steps(&case.credsh());
    case.reset();
    // The token has gone by then.
    let exchange = exchanges(&steps)[0];
    let fails = injection(&steps[exchange], "error=ENOSPC:delay_enter=3000000");
    let mut running = quiet(case.injected(&[fails], &case.credsh()));
    let end = Instant::now() + Duration::from_secs(20);
    while case.sandbox.read("home/credentials.toml").contains(OLD) {
        assert!(Instant::now() < end, "the token never goes");
        std::thread::sleep(Duration::from_millis(5));
    }
    let theirs = format!("{SENTINEL}-of-cargo");
    let told = case.cargo.login(&case.sandbox, Some("lab"), &theirs);
    assert!(told.success, "{told:?}");
    assert_eq!(running.wait().unwrap().code(), Some(1));
    let text = case.sandbox.read("home/credentials.toml");
    assert!(text.contains(OLD) && text.contains(&theirs), "{text}");
    assert!(!case.sandbox.exists("home/.credsh/journal"));
}

/// Whoever has the lock of the home is waited for, and that is said.
#[test]
fn waiting_for_a_lock_is_told() {
    let mut sandbox = Sandbox::new();
    sandbox.ok(&["alias", "set", "a", "program"]);
    let lock = File::open(sandbox.home().join(".credsh/lock")).unwrap();
    lock.lock().unwrap();
    let mut command = sandbox.process();
    command.args(["alias", "set", "b", "program"]);
    let mut running = started(std::iter::once(command)).remove(0);
    let mut stderr = BufReader::new(running.stderr.take().unwrap());
    let mut told = String::new();
    stderr.read_line(&mut told).unwrap();
    assert!(told.contains("waiting for the lock of `"), "{told}");
    lock.unlock().unwrap();
    stderr.read_to_string(&mut told).unwrap();
    assert!(running.wait().unwrap().success(), "{told}");
    assert!(sandbox.read("home/config.toml").contains("b = "));
}

/// A rename that waits for the lock has not seen what comes meanwhile.
#[test]
fn a_login_that_comes_while_a_rename_waits_is_not_left_behind() {
    let mut sandbox = Sandbox::new();
    sandbox.ok(&["registry", "add", "corp", "sparse+https://corp.example/"]);
    let lock = File::open(sandbox.home().join(".credsh/lock")).unwrap();
    lock.lock().unwrap();
    let mut command = sandbox.process();
    command.args(["registry", "rename", "corp", "work"]);
    let mut running = started(std::iter::once(command)).remove(0);
    let mut stderr = BufReader::new(running.stderr.take().unwrap());
    let mut told = String::new();
    stderr.read_line(&mut told).unwrap();
    assert!(told.contains("waiting for the lock of `"), "{told}");
    let fresh = format!("[registries.corp]\ntoken = \"{SENTINEL}-fresh-0123456789\"\n");
    sandbox.write("home/credentials.toml", &fresh);
    let before = sandbox.read("home/config.toml");
    lock.unlock().unwrap();
    stderr.read_to_string(&mut told).unwrap();
    assert_eq!(running.wait().unwrap().code(), Some(1), "{told}");
    assert!(told.contains("`registries.corp.token`"), "{told}");
    assert_eq!(sandbox.read("home/config.toml"), before);
    sandbox.ok(&["registry", "rename", "corp", "work"]);
    sandbox.ok(&["token", "show", "work"]);
}

/// Four loops of the real `cargo login` and four of credsh on one home, each with a registry of its own: what is
/// reported is there at once, and until the same loop changes it, and the comments are where they were.
#[test]
fn five_hundred_operations_at_once_lose_nothing() {
    const LOOPS: usize = 4;
    let cargo = Cargo::new();
    let mut sandbox = cargo.sandbox();
    sandbox.env("RUST_BACKTRACE", "0");
    let mut config = String::from("# by hand\n\n[registries] # ours\n");
    for number in 0..2 * LOOPS {
        let index = cargo.registries.index(&format!("r{number}"));
        config.push_str(&format!("r{number}.index = \"{index}\" # the {number}th\n"));
    }
    config.push_str("\n# the end\n");
    sandbox.write("home/config.toml", &config);
    let seed = seed();
    let failures: Vec<String> = std::thread::scope(|scope| {
        let sandbox = &sandbox;
        let cargos = (0..LOOPS).map(|number| {
            let name = format!("r{number}");
            scope.spawn(move || {
                let mut failures = Vec::new();
                for turn in 0..TURNS {
                    let token = format!("{SENTINEL}-{number}-{turn}-of-cargo");
                    failures.extend(cargo_login(sandbox, &name, &token));
                    failures.extend(is_lost(sandbox, number, Some(&token)));
                }
                failures
            })
        });
        let ours = (LOOPS..2 * LOOPS).map(|number| {
            let mut random = fastrand::Rng::with_seed(seed.wrapping_add(number as u64));
            scope.spawn(move || {
                let (mut failures, mut token) = (Vec::new(), None);
                for turn in 0..TURNS {
                    let turned = credsh_turn(sandbox, number, turn, &mut random, &mut token);
                    failures.extend(turned);
                    failures.extend(is_lost(sandbox, number, token.as_deref()));
                }
                failures
            })
        });
        let running: Vec<std::thread::ScopedJoinHandle<'_, Vec<String>>> =
            cargos.chain(ours).collect();
        running
            .into_iter()
            .flat_map(|running| running.join().unwrap())
            .collect()
    });
    assert!(failures.is_empty(), "seed {seed}: {failures:#?}");
    for number in 0..2 * LOOPS {
        let who = if number < LOOPS { "cargo" } else { "credsh" };
        let last = format!("{SENTINEL}-{number}-{}-of-{who}", TURNS - 1);
        let asked = cargo.ask(&sandbox, Some(&format!("r{number}")));
        assert_eq!(asked.token, Some(last), "seed {seed}: {}", asked.stderr);
    }
    let text = sandbox.read("home/config.toml");
    for line in config.lines() {
        assert!(
            text.contains(line),
            "seed {seed}: `{line}` is lost:\n{text}"
        );
    }
    for number in LOOPS..2 * LOOPS {
        let alias = format!("a{number} = ");
        assert!(text.contains(&alias), "seed {seed}: {alias}\n{text}");
    }
}

/// How many operations each loop does: 500 in all.
const TURNS: usize = 63;

/// What is wrong with the token of this loop, in the file that is read while nobody writes it.
fn is_lost(sandbox: &Sandbox, number: usize, expected: Option<&str>) -> Option<String> {
    let path = sandbox.home().join("credentials.toml");
    let text = match File::open(&path) {
        Ok(file) => {
            file.lock_shared().unwrap();
            std::io::read_to_string(&file).unwrap()
        }
        Err(_) => String::new(),
    };
    if let Err(error) = credsh::disk::tree::parse(&path, &text) {
        return Some(format!("after r{number}: {error}"));
    }
    let start = format!("{SENTINEL}-{number}-");
    let mut strings = text.split('"');
    let found = strings.find(|text| text.starts_with(&start));
    (found != expected).then(|| format!("r{number} has {found:?} instead of {expected:?}"))
}

/// One operation of credsh, and the token that there is then; the last one is a login.
fn credsh_turn(
    sandbox: &Sandbox,
    number: usize,
    turn: usize,
    random: &mut fastrand::Rng,
    token: &mut Option<String>,
) -> Option<String> {
    let name = format!("r{number}");
    let new = format!("{SENTINEL}-{number}-{turn}-of-credsh");
    let mut command = sandbox.process();
    let kind = match TURNS - turn {
        1 => 7,
        2 => 1,
        _ => random.usize(..8),
    };
    match kind {
        0 => {
            *token = None;
            command.args(["logout", &name])
        }
        1 => command.args([
            "alias",
            "set",
            &format!("a{number}"),
            "program",
            &turn.to_string(),
        ]),
        2 => command.args(["registry", "set", &name, "--make-default", "--yes"]),
        _ => {
            *token = Some(new.clone());
            command.args(["login", &name, "--from", "env:T"])
        }
    };
    command.env("T", new);
    let output = command.output().unwrap();
    (!output.status.success()).then(|| format!("{command:?}: {output:?}"))
}

/// The real one, with the token on standard input; what it says, if it fails. It reads without a lock, in two parts, so
/// that it may see what nobody has written, and then says that this is no TOML: that one is tried again.
fn cargo_login(sandbox: &Sandbox, name: &str, token: &str) -> Option<String> {
    let mut failed = None;
    for _ in 0..3 {
        failed = cargo_login_once(sandbox, name, token);
        let is_seen_half = |told: &String| told.contains("could not parse TOML");
        if !failed.as_ref().is_some_and(is_seen_half) {
            break;
        }
    }
    failed
}

fn cargo_login_once(sandbox: &Sandbox, name: &str, token: &str) -> Option<String> {
    let mut child = Command::new(env!("CARGO"))
        .args(["login", "--registry", name])
        .env_clear()
        .envs(sandbox.variables())
        .current_dir(sandbox.directory())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, token.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (!output.status.success()).then(|| format!("cargo login {name}: {told}"))
}
