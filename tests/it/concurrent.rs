//! Several at once, on files that they have in common: nothing that was reported is lost.

use std::fs::File;
use std::process::{Child, Command, Stdio};

use crate::cargo::Cargo;
use crate::harness::{SENTINEL, Sandbox};
use crate::vault::{VAULT, Vault};

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

/// Whoever has the lock of the home is waited for, and that is said.
#[test]
fn waiting_for_a_lock_is_told() {
    let mut sandbox = Sandbox::new();
    sandbox.ok(&["alias", "set", "a", "program"]);
    let lock = File::open(sandbox.home().join(".credsh/lock")).unwrap();
    lock.lock().unwrap();
    let mut command = sandbox.process();
    command.args(["alias", "set", "b", "program"]);
    let running = started(std::iter::once(command)).remove(0);
    std::thread::sleep(std::time::Duration::from_millis(700));
    lock.unlock().unwrap();
    let output = running.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    assert!(told.contains("waiting for the lock of `"), "{told}");
    assert!(sandbox.read("home/config.toml").contains("b = "));
}

const OLD_INDEX: &str = "[registries.corp]\nindex = \"sparse+https://old.example/\"\n";

/// A token is for the index that its registry had when it was asked for, and for the provider that was to keep it.
#[test]
fn a_token_is_not_stored_where_it_was_not_meant_to_go() {
    let file = "$CARGO_HOME/config.toml";
    let changes = [
        ("index", format!("sed -i s/old/third/ \"{file}\"")),
        ("index", format!(": > \"{file}\"")),
        (
            "index",
            format!("mkdir -p .cargo; sed s/old/third/ \"{file}\" > .cargo/config.toml"),
        ),
        (
            "credential-provider",
            format!("echo 'credential-provider = \"cargo:libsecret\"' >> \"{file}\""),
        ),
        (
            "credential-provider",
            "printf '[registries.corp]\\ncredential-provider = \"x\"\\n' > \"$CARGO_HOME/credentials.toml\""
                .to_owned(),
        ),
    ];
    for (key, change) in changes {
        let mut sandbox = Sandbox::new();
        sandbox.write("home/config.toml", OLD_INDEX);
        let script = format!("{change}\necho {SENTINEL}-0123456789\n");
        sandbox.write("work/source.sh", script);
        let login = ["login", "corp", "--from", "command:sh source.sh"];
        let run = sandbox.run(&login);
        assert_eq!(run.status, 1, "{change}: {run:?}");
        let told = format!("somebody else has changed `registries.corp.{key}`");
        assert!(run.stderr.contains(&told), "{change}: {}", run.stderr);
        assert!(!has_token(&sandbox), "{change}");
        sandbox.write("home/config.toml", OLD_INDEX);
        let _ = std::fs::remove_file(sandbox.work().join(".cargo/config.toml"));
        let _ = std::fs::remove_file(sandbox.home().join("credentials.toml"));
        sandbox.ok(&[&login as &[&str], &["--yes"]].concat());
        assert!(has_token(&sandbox), "{change}");
    }
}

fn has_token(sandbox: &Sandbox) -> bool {
    let text = std::fs::read_to_string(sandbox.home().join("credentials.toml"));
    text.is_ok_and(|text| text.contains(SENTINEL))
}

/// So it is with the chain of all registries, and with what an alias stands for; those of others do not matter.
#[test]
fn a_login_rests_on_the_whole_chain() {
    const CHAIN: &str = "[registries.corp]\nindex = 'sparse+https://corp.example/'\n[registry]\n\
                         global-credential-providers = ['mine']\n[credential-alias]\nmine = ['PROGRAM']\n";
    for (from, to, told) in [
        (
            "['mine']",
            "['cargo:token']",
            Some("`registry.global-credential-providers`"),
        ),
        (
            "PROGRAM'",
            "PROGRAM', 'word'",
            Some("`credential-alias.mine`"),
        ),
        (
            "[credential-alias]",
            "[credential-alias]\nother = ['x']",
            None,
        ),
        (
            "[registry]",
            "[registries.lab]\nindex = 'sparse+https://lab.example/'\n[registry]",
            None,
        ),
    ] {
        let mut sandbox = Sandbox::new();
        let vault = Vault::new(&mut sandbox);
        sandbox.env("T", format!("{SENTINEL}-0123456789"));
        let chain = CHAIN.replace("PROGRAM", VAULT);
        let (from, to) = (from.replace("PROGRAM", VAULT), to.replace("PROGRAM", VAULT));
        sandbox.write("home/config.toml", &chain);
        let runner = sandbox.prompt();
        for line in ["begin", "login corp --from env:T"] {
            runner.run_line(line).unwrap();
        }
        let theirs = chain.replace(&from, &to);
        assert_ne!(theirs, chain);
        sandbox.write("home/config.toml", theirs);
        let ended = runner.run_line("commit");
        let index = "sparse+https://corp.example/";
        match told {
            Some(told) => {
                let error = ended.unwrap_err().to_string();
                assert!(error.contains(told), "{error}");
                assert_eq!(vault.token(index), None);
            }
            None => {
                ended.unwrap();
                assert!(vault.token(index).is_some());
            }
        }
    }
}

/// Of two names Cargo reads the one without an extension: what would have been written to the other is not, not even
/// with `--yes`.
#[test]
fn nothing_is_written_to_a_file_that_cargo_reads_no_longer() {
    for (command, theirs, ours) in [
        (
            "login corp --from env:T",
            "home/credentials",
            "home/credentials.toml",
        ),
        (
            "registry add lab sparse+https://lab.example/",
            "home/config",
            "home/config.toml",
        ),
    ] {
        for has_file in [true, false] {
            let mut sandbox = Sandbox::new();
            sandbox.env("T", format!("{SENTINEL}-0123456789"));
            sandbox.write("work/.cargo/config.toml", OLD_INDEX);
            if has_file {
                sandbox.write(ours, "# by hand\n");
            }
            let runner = sandbox.prompt();
            for line in ["begin", command] {
                runner.run_line(line).unwrap();
            }
            sandbox.write(theirs, "# theirs\n");
            let before = sandbox.snapshot();
            for line in ["commit", "commit --yes"] {
                let error = runner.run_line(line).unwrap_err().to_string();
                assert!(error.contains("Cargo no longer reads this file"), "{error}");
                assert!(error.contains(ours), "{error}");
                assert!(before == sandbox.snapshot());
            }
            runner.run_line("rollback").unwrap();
            runner.run_line(command).unwrap();
            assert_ne!(sandbox.read(theirs), "# theirs\n");
        }
    }
}

/// What a command has found, and what it has not found, is so when it is written; what it did not look for does not
/// matter.
#[test]
fn what_a_command_rests_on_is_as_it_was() {
    const HOME: &str = "home/config.toml";
    const TOKENS: &str = "home/credentials.toml";
    let token = format!("[registries.corp]\ntoken = \"{SENTINEL}-fresh-0123456789\"\n");
    let provider = format!("{OLD_INDEX}credential-provider = \"x\"\n");
    let another =
        format!("{OLD_INDEX}[registries.other]\nindex = \"sparse+https://lab.example/\"\n");
    let of_work = token.replace("corp", "work");
    let default = format!("{OLD_INDEX}[registry]\ndefault = \"corp\"\n");
    let rename = "registry rename corp work";
    let remove = "registry remove corp";
    let keep = "registry remove corp --keep-token";
    let index = "registry set corp --index sparse+https://lab.example/";
    for (command, file, theirs, told) in [
        (rename, TOKENS, token.as_str(), "registries.corp.token"),
        (rename, TOKENS, &of_work, "registries.work.token"),
        (
            rename,
            HOME,
            &provider,
            "registries.corp.credential-provider",
        ),
        (rename, HOME, &default, "registry.default"),
        (remove, TOKENS, &token, "registries.corp.token"),
        (
            remove,
            HOME,
            &provider,
            "registries.corp.credential-provider",
        ),
        (keep, TOKENS, &token, ""),
        (keep, HOME, &provider, "registries.corp.credential-provider"),
        (
            "registry set corp --make-default",
            HOME,
            "",
            "registries.corp.index",
        ),
        (
            "registry set corp --provider x",
            HOME,
            "",
            "registries.corp.index",
        ),
        ("registry set corp --make-default", TOKENS, &token, ""),
        (
            "registry add lab sparse+https://lab.example/",
            HOME,
            &another,
            "registries.other.index",
        ),
        (
            "registry add lab sparse+https://lab.example/",
            TOKENS,
            &token,
            "",
        ),
        (index, HOME, &another, "registries.other.index"),
        (index, TOKENS, &token, "registries.corp.token"),
        ("alias set a program", HOME, &provider, ""),
    ] {
        let mut sandbox = Sandbox::new();
        sandbox.write(HOME, OLD_INDEX);
        let runner = sandbox.prompt();
        for line in ["begin", command] {
            runner.run_line(line).unwrap();
        }
        sandbox.write(file, theirs);
        let before = sandbox.snapshot();
        if !told.is_empty() {
            let error = runner.run_line("commit").unwrap_err().to_string();
            let told = format!(
                "somebody else has changed `{told}` since it was read; nothing was written"
            );
            assert!(error.contains(&told), "{command}: {error}");
            assert!(error.contains(file), "{command}: {error}");
            assert!(before == sandbox.snapshot(), "{command}");
            assert_eq!(runner.session.borrow().depth(), 1);
        }
        runner.run_line("commit --yes").unwrap();
        assert!(
            before != sandbox.snapshot(),
            "{command}: nothing is written"
        );
    }
}

/// What was rolled back, and what was only looked at, rests on nothing.
#[test]
fn what_is_given_up_rests_on_nothing() {
    let mut sandbox = Sandbox::new();
    sandbox.write("home/config.toml", OLD_INDEX);
    let runner = sandbox.prompt();
    for line in [
        "begin",
        "alias set a program",
        "begin",
        "registry set corp --make-default",
        "rollback",
    ] {
        runner.run_line(line).unwrap();
    }
    sandbox.write("home/config.toml", "");
    runner.run_line("commit").unwrap();
    assert!(sandbox.read("home/config.toml").contains("a = "));
}

/// A command of its own that waits for the lock is no different.
#[test]
fn a_login_that_comes_while_a_rename_waits_is_not_left_behind() {
    let mut sandbox = Sandbox::new();
    sandbox.write("home/config.toml", OLD_INDEX);
    sandbox.ok(&["alias", "set", "a", "program"]);
    let lock = File::open(sandbox.home().join(".credsh/lock")).unwrap();
    lock.lock().unwrap();
    let mut command = sandbox.process();
    command.args(["registry", "rename", "corp", "work"]);
    let running = started(std::iter::once(command)).remove(0);
    std::thread::sleep(std::time::Duration::from_millis(700));
    let fresh = format!("[registries.corp]\ntoken = \"{SENTINEL}-fresh-0123456789\"\n");
    sandbox.write("home/credentials.toml", &fresh);
    let before = sandbox.read("home/config.toml");
    lock.unlock().unwrap();
    let output = running.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("`registries.corp.token`"), "{told}");
    assert_eq!(sandbox.read("home/config.toml"), before);
    sandbox.ok(&["registry", "rename", "corp", "work"]);
    sandbox.ok(&["token", "show", "work"]);
}

/// In a transaction as well, until its end.
#[test]
fn a_token_that_waits_for_the_commit_is_for_the_index_of_the_login() {
    let mut sandbox = Sandbox::new();
    sandbox.env("T", format!("{SENTINEL}-0123456789"));
    sandbox.write("home/config.toml", OLD_INDEX);
    let runner = sandbox.prompt();
    for line in ["begin", "login corp --from env:T"] {
        runner.run_line(line).unwrap();
    }
    sandbox.write("home/config.toml", OLD_INDEX.replace("old", "third"));
    let error = runner.run_line("commit").unwrap_err().to_string();
    assert!(error.contains("`registries.corp.index`"), "{error}");
    assert!(!sandbox.exists("home/credentials.toml"));
    runner.run_line("commit --yes").unwrap();
    assert!(sandbox.read("home/credentials.toml").contains(SENTINEL));
    assert!(sandbox.read("home/config.toml").contains("third"));
}

/// What somebody else has written meanwhile, and `--yes` has overwritten, is what was there before.
#[test]
fn what_yes_has_overwritten_is_told() {
    let mut sandbox = Sandbox::new();
    sandbox.write("home/config.toml", "[credential-alias]\na = \"mine\"\n");
    let script = "sed -i s/mine/theirs/ \"$CARGO_HOME/config.toml\"\necho sentinel-0123456789\n";
    sandbox.write("work/source.sh", script);
    let login = "login crates-io --from 'command:sh source.sh'";
    let told = sandbox.json(&["--yes", "-c", "alias set a ours", "-c", login]);
    let changes = told["changes"].as_array().unwrap();
    let alias = changes
        .iter()
        .find(|change| change["key"] == "credential-alias.a");
    assert_eq!(alias.unwrap()["before"], "theirs", "{told:#}");

    let theirs = format!("{SENTINEL}-theirs-0123456789-of-somebody-else");
    let mut fingerprints = Vec::new();
    for script in [
        format!("echo {SENTINEL}-ours\n"),
        format!(
            "printf '[registry]\\ntoken = \"{theirs}\"\\n' > \"$CARGO_HOME/credentials.toml\"\necho {SENTINEL}-ours\n"
        ),
    ] {
        let text = format!("[registry]\ntoken = \"{theirs}\"\n");
        let text = match fingerprints.len() {
            0 => text,
            _ => text.replace("theirs", "nobodys"),
        };
        sandbox.write("home/credentials.toml", text);
        sandbox.write("work/source.sh", script);
        let login = [
            "--yes",
            "login",
            "crates-io",
            "--from",
            "command:sh source.sh",
        ];
        let told = sandbox.json(&login);
        fingerprints.push(told["changes"][0]["before"].clone());
    }
    assert!(fingerprints[0].is_string(), "{fingerprints:?}");
    assert_eq!(fingerprints[0], fingerprints[1]);
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
    let seed = fastrand::u64(..);
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
