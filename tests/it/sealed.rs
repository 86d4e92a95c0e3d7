//! The sealed file, against the program `rage` that others wrote: each opens what the other has sealed, for every kind
//! of key; and what cannot be opened stays as it is, byte for byte.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::Sandbox;
use crate::peers;
use crate::pty::Pty;

const INDEX: &str = "sparse+https://corp.example/";
const TOKEN: &str = "sentinel-of-corp-0123456789";
const FILE: &str = "home/.credsh/sealed.age";
const IDENTITY: &str = "home/.credsh/identity";

/// A key pair that was made for this test, and opens nothing else.
const SSH_KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACBBEmMlu6/I7YqtkRJG82AlC3+PBT/znkcJw2ltU+l+MAAAAIhIwLmzSMC5
swAAAAtzc2gtZWQyNTUxOQAAACBBEmMlu6/I7YqtkRJG82AlC3+PBT/znkcJw2ltU+l+MA
AAAEB1Fg8jiTaxiSkzfgnrwDVzAoHkhT2rP0KhP31oj8lvL0ESYyW7r8jtiq2REkbzYCUL
f48FP/OeRwnDaW1T6X4wAAAABHRlc3QB
-----END OPENSSH PRIVATE KEY-----
";
const SSH_PUBLIC: &str = "ssh-ed25519 \
    AAAAC3NzaC1lZDI1NTE5AAAAIEESYyW7r8jtiq2REkbzYCULf48FP/OeRwnDaW1T6X4w test";

/// A registry whose tokens credsh keeps.
fn with_corp() -> Sandbox {
    let mut sandbox = Sandbox::new();
    let config = format!(
        "[registries.corp]\nindex = '{INDEX}'\ncredential-provider = '{}'\n",
        env!("CARGO_BIN_EXE_credsh")
    );
    sandbox.write("home/config.toml", config);
    sandbox.env("T", TOKEN);
    sandbox
}

const LOGIN: [&str; 6] = ["login", "corp", "--from", "env:T", "--store", "sealed"];

/// What credsh answers Cargo.
fn asked(sandbox: &mut Sandbox) -> Value {
    let request = json!({
        "v": 1, "registry": { "index-url": INDEX }, "kind": "get", "operation": "read", "args": [],
    });
    let run = sandbox
        .stdin(format!("{request}\n"))
        .reveals()
        .run(&["--cargo-plugin"]);
    serde_json::from_str(run.stdout.lines().nth(1).unwrap()).unwrap()
}

#[track_caller]
fn gives(sandbox: &mut Sandbox) {
    let answer = asked(sandbox);
    assert_eq!(answer["Ok"]["token"], TOKEN, "{answer}");
}

/// It does not open for Cargo, nor for a login that would write to it, and stays as it is.
#[track_caller]
fn stays_shut(sandbox: &mut Sandbox, why: &str) {
    let path = sandbox.root().join(FILE);
    let before = std::fs::read(&path).unwrap();
    let answer = asked(sandbox);
    assert_eq!(answer["Err"]["kind"], "other", "{answer}");
    assert!(answer.to_string().contains(why), "no {why:?} in {answer}");
    assert!(!answer.to_string().contains("sentinel"), "{answer}");
    let run = sandbox.env("T", "sentinel-new").run(&LOGIN);
    assert!(run.status != 0 && run.stderr.contains(why), "{run:?}");
    sandbox.env("T", TOKEN);
    assert!(before == std::fs::read(&path).unwrap(), "it was written to");
}

fn rage(args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut rage = Command::new(peers::installed("rage"))
        .args(args)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut rage.stdin.take().unwrap(), input).unwrap();
    let output = rage.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "rage {args:?}: {said}");
    output.stdout
}

/// What rage finds in the file but for whom it is sealed.
fn opened_by_rage(sandbox: &Sandbox, identity: &Path) -> Value {
    let mut content = all_opened_by_rage(sandbox, identity);
    let readers = content.as_object_mut().unwrap().remove("recipients");
    assert!(readers.is_some(), "{content}");
    content
}

/// What rage finds in the file.
fn all_opened_by_rage(sandbox: &Sandbox, identity: &Path) -> Value {
    let file = sandbox.root().join(FILE);
    let args = [
        "-d",
        "-i",
        identity.to_str().unwrap(),
        file.to_str().unwrap(),
    ];
    serde_json::from_slice(&rage(&args, b"")).unwrap()
}

/// A key of age's in a file of the sandbox, and its public half.
fn new_key(sandbox: &Sandbox, path: &str) -> String {
    let keygen = peers::installed("rage-keygen");
    let output = Command::new(keygen).env_clear().output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    sandbox.write(path, &text);
    let (_, public) = text.split_once("public key: ").unwrap();
    public.lines().next().unwrap().to_owned()
}

fn content() -> Value {
    json!({ INDEX: { "default": TOKEN } })
}

#[cfg(unix)]
fn mode(sandbox: &Sandbox, path: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    let meta = std::fs::metadata(sandbox.root().join(path)).unwrap();
    meta.permissions().mode() & 0o777
}

#[test]
fn the_first_login_makes_a_key_file_that_only_its_owner_reads_and_rage_opens_what_is_sealed_for_it()
{
    let mut sandbox = with_corp();
    sandbox.ok(&LOGIN);
    #[cfg(unix)]
    for path in [FILE, IDENTITY] {
        assert_eq!(mode(&sandbox, path), 0o600, "{path}");
    }
    #[cfg(unix)]
    assert_eq!(mode(&sandbox, "home/.credsh"), 0o700);
    gives(&mut sandbox);
    let identity = sandbox.root().join(IDENTITY);
    assert_eq!(opened_by_rage(&sandbox, &identity), content());
    let ledger = sandbox.read("home/.credsh/tokens.toml");
    assert!(!ledger.contains("sentinel"), "{ledger}");
    assert!(!sandbox.read(FILE).contains("sentinel"));

    // The key stays, and so does what is sealed where nothing is new.
    let (key, sealed) = (sandbox.read(IDENTITY), sandbox.read(FILE));
    assert_eq!(sandbox.ok(&LOGIN).stdout, "unchanged\n");
    assert_eq!((sandbox.read(IDENTITY), sandbox.read(FILE)), (key, sealed));
}

#[test]
fn what_rage_has_sealed_opens_for_keys_of_age_and_of_ssh_armored_and_not() {
    let mut sandbox = with_corp();
    sandbox.ok(&LOGIN);
    let age = new_key(&sandbox, "age-key");
    sandbox.write("ssh-key", SSH_KEY);
    for (key, public) in [("age-key", &*age), ("ssh-key", SSH_PUBLIC)] {
        for armor in [&["-a"][..], &[]] {
            let args = [&["-e", "-r", public], armor].concat();
            let sealed = rage(&args, content().to_string().as_bytes());
            sandbox
                .write(FILE, sealed)
                .write(IDENTITY, sandbox.read(key));
            gives(&mut sandbox);
            // And what credsh writes for that key, rage opens.
            sandbox.env("T", "sentinel-new").ok(&LOGIN);
            sandbox.env("T", TOKEN);
            let found = opened_by_rage(&sandbox, &sandbox.root().join(key));
            assert_eq!(found, json!({ INDEX: { "default": "sentinel-new" } }));
        }
    }
}

#[test]
fn everybody_in_the_list_of_recipients_opens_what_is_sealed() {
    let mut sandbox = with_corp();
    let one = new_key(&sandbox, "one");
    sandbox.write("two", SSH_KEY);
    let list = format!("# the team\n\n{one}\n  {SSH_PUBLIC}  \n");
    sandbox.write("home/.credsh/recipients", list);
    sandbox.ok(&LOGIN);
    for key in ["one", "two", IDENTITY] {
        let key = sandbox.root().join(key);
        assert_eq!(opened_by_rage(&sandbox, &key), content(), "{key:?}");
    }
    // With the key of another, the same file opens here.
    sandbox.write(IDENTITY, sandbox.read("one"));
    gives(&mut sandbox);

    sandbox.write("home/.credsh/recipients", "# the team\nage1nonsense\n");
    let before = sandbox.read(FILE);
    let run = sandbox.env("T", "sentinel-new").run(&LOGIN);
    assert_ne!(run.status, 0);
    assert!(
        run.stderr.contains("no public key of age or SSH"),
        "{run:?}"
    );
    assert!(run.stderr.contains("recipients:2"), "{run:?}");
    assert_eq!(sandbox.read(FILE), before);
}

#[test]
fn a_passphrase_from_the_variable_seals_and_rage_opens_it_for_who_types_it() {
    let mut sandbox = with_corp();
    sandbox.env("CREDSH_PASSPHRASE", "correct horse").ok(&LOGIN);
    assert!(
        !sandbox.exists(IDENTITY),
        "no key file where there is a passphrase"
    );
    gives(&mut sandbox);

    assert_eq!(
        opened_at_a_terminal(&mut sandbox, "correct horse"),
        content()
    );

    let wrong = "the passphrase is wrong, or the file is damaged";
    sandbox.env("CREDSH_PASSPHRASE", "wrong horse");
    stays_shut(&mut sandbox, wrong);
    sandbox.unset("CREDSH_PASSPHRASE");
    stays_shut(&mut sandbox, "there is nobody to ask");
}

#[test]
fn a_damaged_file_stays_as_it_is() {
    let mut sandbox = with_corp();
    sandbox.ok(&LOGIN);
    let whole = sandbox.read(FILE).trim_end().as_bytes().to_vec();
    // Any bit may flip; those of every part of the file, and of the armor around it.
    for at in (0..whole.len()).step_by(13).chain([whole.len() - 1]) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        sandbox.write(FILE, &flipped);
        let answer = asked(&mut sandbox);
        assert_eq!(answer["Err"]["kind"], "other", "at {at}: {answer}");
        assert!(sandbox.read(FILE).as_bytes() == flipped);
    }
    for length in [0, 1, 30, whole.len() / 2, whole.len() - 40] {
        sandbox.write(FILE, &whole[..length]);
        stays_shut(&mut sandbox, "it stays as it is");
    }
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    sandbox.write(FILE, flipped);
    stays_shut(&mut sandbox, "it stays as it is");
    let age = new_key(&sandbox, "key");
    let other = rage(&["-e", "-r", &age], b"[\"sentinel\"]");
    sandbox
        .write(FILE, other)
        .write(IDENTITY, sandbox.read("key"));
    stays_shut(&mut sandbox, "not what credsh keeps there");
}

/// One that somebody else has put there would have a build take hours and the whole memory.
#[test]
fn a_file_that_asks_for_too_much_work_stays_as_it_is() {
    let mut sandbox = with_corp();
    sandbox.ok(&LOGIN);
    let [salt, key] = [22, 43].map(|length| "A".repeat(length));
    let text = format!("age-encryption.org/v1\n-> scrypt {salt} 23\n{key}\n--- {key}\n{key}");
    sandbox.write(FILE, text);
    sandbox.env("CREDSH_PASSPHRASE", "correct horse");
    stays_shut(&mut sandbox, "asks for more work than credsh does");
}

/// To open a pipe waits for whoever writes, and so would every build.
#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_the_file_is_refused_at_once() {
    let mut sandbox = with_corp();
    sandbox.ok(&LOGIN);
    let file = sandbox.home().join(".credsh/sealed.age");
    std::fs::remove_file(&file).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &file, 0o600.into()).unwrap();
    let answer = asked(&mut sandbox);
    assert!(
        answer.to_string().contains("not a regular file"),
        "{answer}"
    );
    let run = sandbox.env("T", "sentinel-new").run(&LOGIN);
    assert!(
        run.status != 0 && run.stderr.contains("not a regular file"),
        "{run:?}"
    );
}

/// A team's file, which each home has a link to: their locks are two.
#[cfg(unix)]
#[test]
fn homes_with_one_file_in_common_lose_no_token() {
    const ROUNDS: usize = 6;
    let mut sandbox = with_corp();
    sandbox.ok(&LOGIN);
    let homes = ["home", "other"];
    let mut config = sandbox.read("home/config.toml");
    for name in homes {
        for round in 0..ROUNDS {
            config += &format!(
                "[registries.{name}{round}]\nindex = '{INDEX}{name}/{round}/'\ncredential-provider = '{}'\n",
                env!("CARGO_BIN_EXE_credsh")
            );
        }
    }
    for name in homes {
        sandbox.write(&format!("{name}/config.toml"), &config);
    }
    std::fs::create_dir(sandbox.root().join("other/.credsh")).unwrap();
    for file in ["sealed.age", "identity"] {
        let other = sandbox.root().join("other/.credsh").join(file);
        std::os::unix::fs::symlink(sandbox.home().join(".credsh").join(file), other).unwrap();
    }
    for round in 0..ROUNDS {
        let logins = homes.map(|name| {
            let mut command = sandbox.process();
            command.arg("--home").arg(sandbox.root().join(name));
            command.args(["login", &format!("{name}{round}"), "--from", "env:T"]);
            command.args(["--store", "sealed"]);
            command.stdout(Stdio::null()).stderr(Stdio::piped());
            command.spawn().unwrap()
        });
        for login in logins {
            let output = login.wait_with_output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{told}");
        }
    }
    let identity = sandbox.root().join(IDENTITY).display().to_string();
    let sealed = std::fs::read(sandbox.root().join(FILE)).unwrap();
    let content: Value = serde_json::from_slice(&rage(&["-d", "-i", &identity], &sealed)).unwrap();
    for name in homes {
        for round in 0..ROUNDS {
            let index = format!("{INDEX}{name}/{round}/");
            assert_eq!(content[&index]["default"], TOKEN, "{name}{round}");
        }
    }
}

/// It may be on a disk that comes back.
#[cfg(unix)]
#[test]
fn a_file_that_is_elsewhere_and_not_there_is_not_made_anew() {
    let mut sandbox = with_corp();
    let there = sandbox.root().join("disk");
    std::fs::create_dir(&there).unwrap();
    std::fs::create_dir(sandbox.home().join(".credsh")).unwrap();
    for file in ["sealed.age", "identity"] {
        let link = sandbox.home().join(".credsh").join(file);
        std::os::unix::fs::symlink(there.join(file), link).unwrap();
        let run = sandbox.fails(4, &LOGIN);
        let told = format!("disk/{file}`, where nothing is");
        assert!(run.stderr.contains(&told), "{}", run.stderr);
        assert_eq!(std::fs::read_dir(&there).unwrap().count(), 0, "{file}");
        std::fs::remove_file(sandbox.home().join(".credsh").join(file)).unwrap();
    }
}

#[test]
fn a_file_whose_key_is_not_there_stays_as_it_is() {
    let mut sandbox = with_corp();
    sandbox.ok(&LOGIN);
    let key = sandbox.read(IDENTITY);
    new_key(&sandbox, "other");
    for (wrong, why) in [
        (sandbox.read("other"), "your key does not open this file"),
        (SSH_KEY.into(), "your key does not open this file"),
        ("nonsense\n".into(), "no private key of age or SSH"),
        (String::new(), "your key does not open this file"),
    ] {
        sandbox.write(IDENTITY, wrong);
        stays_shut(&mut sandbox, why);
    }
    std::fs::remove_file(sandbox.root().join(IDENTITY)).unwrap();
    stays_shut(
        &mut sandbox,
        "the key file that opens the sealed tokens is not there",
    );
    assert!(
        !sandbox.exists(IDENTITY),
        "no new key, which would open nothing"
    );
    sandbox.write(IDENTITY, key);
    gives(&mut sandbox);
}

#[test]
fn nobody_is_locked_out_because_the_list_of_recipients_got_lost_or_names_somebody_else() {
    let mut sandbox = with_corp();
    let [one, other] = ["one", "other"].map(|name| new_key(&sandbox, name));
    // The key's last word is whose it is.
    let ssh = SSH_PUBLIC.trim_end_matches(" test");
    let list = format!("{one}\n{ssh} the build machine\n");
    sandbox.write("home/.credsh/recipients", &list);
    sandbox.ok(&LOGIN);
    sandbox.env("T", "sentinel-new");
    let both = format!("`{one}` and `{ssh} (the build machine)`");
    for (another, lost) in [
        (String::new(), both.clone()),
        (one.clone(), format!("`{ssh} (the build machine)`")),
        // As many, or more: who they are counts.
        (
            format!("{one}\n{other}\n"),
            format!("`{ssh} (the build machine)`"),
        ),
        (format!("{other}\n{other}\n{other}\n"), both),
    ] {
        sandbox.write("home/.credsh/recipients", another);
        let before = sandbox.read(FILE);
        let told = format!("the sealed file would no longer open for {lost}");
        for line in [&LOGIN[..], &["logout", "corp"]] {
            let run = sandbox.run(line);
            assert_eq!(run.status, 1, "{run:?}");
            let said = format!("{}{}", run.stdout, run.stderr);
            assert!(
                said.contains(&told) && said.contains("`--yes`"),
                "no {told}: {said}"
            );
        }
        assert_eq!(sandbox.read(FILE), before);
        gives(&mut sandbox);
    }
    sandbox.write("home/.credsh/recipients", &*one);
    sandbox.ok(&[&LOGIN[..], &["--yes"]].concat());
    let key = sandbox.root().join("one");
    let content = opened_by_rage(&sandbox, &key);
    assert_eq!(content, json!({ INDEX: { "default": "sentinel-new" } }));
    // The same again is no loss, and more are welcome.
    let run = sandbox.env("T", "sentinel-newer").ok(&LOGIN);
    assert!(!run.stderr.contains("warning"), "{run:?}");
    sandbox.write("home/.credsh/recipients", list);
    sandbox.env("T", "sentinel-newest").ok(&LOGIN);
}

/// One of a mate's, who is known to it by the own key alone.
#[test]
fn a_mate_whose_key_is_not_in_the_list_is_not_locked_out_either() {
    let mut sandbox = with_corp();
    let mate = new_key(&sandbox, IDENTITY);
    let own = new_key(&sandbox, "own");
    sandbox.write("home/.credsh/recipients", own);
    sandbox.ok(&LOGIN);
    sandbox.write(IDENTITY, sandbox.read("own"));
    let refused = sandbox.env("T", "sentinel-new").fails(1, &LOGIN);
    let told = format!("would no longer open for `{mate}`");
    assert!(refused.stderr.contains(&told), "{refused:?}");
}

#[test]
fn a_file_of_another_program_is_taken_over_with_a_warning_that_says_for_whom() {
    let mut sandbox = with_corp();
    let own = new_key(&sandbox, IDENTITY);
    let other = new_key(&sandbox, "other");
    sandbox.ok(&LOGIN);
    let args = ["-e", "-r", &own, "-r", &other];
    sandbox.write(FILE, rage(&args, content().to_string().as_bytes()));
    gives(&mut sandbox);
    let run = sandbox.env("T", "sentinel-new").ok(&LOGIN);
    let told = format!(
        "warning: credsh did not write the sealed file, and once it does, that opens for nobody but `{own}`\n"
    );
    assert_eq!(run.stderr.matches(&told).count(), 1, "{run:?}");
    let run = sandbox.env("T", "sentinel-newer").ok(&LOGIN);
    assert!(!run.stderr.contains("warning"), "{run:?}");
}

#[test]
fn a_passphrase_is_typed_once_and_a_wrong_one_is_asked_for_again() {
    let mut sandbox = with_corp();
    // A new file, and the same again.
    sandbox
        .types(&["correct horse", "correct horse"])
        .ok(&LOGIN);
    assert!(!sandbox.exists(IDENTITY));
    // The shell takes lines one by one.
    sandbox.types(&["wrong", "correct horse"]);
    let prompt = sandbox.prompt();
    let succeeds = |line: &str| prompt.run_line(line).is_ok();
    assert!(!succeeds("token set default --label one"));
    assert!(succeeds("token set default --label one"));
    assert!(succeeds("token remove one"));
    let ledger = sandbox.read("home/.credsh/tokens.toml");
    assert_eq!(ledger, "");
    // An empty one is a key file instead.
    std::fs::remove_dir_all(sandbox.home().join(".credsh")).unwrap();
    sandbox.types(&[""]).ok(&LOGIN);
    assert!(sandbox.exists(IDENTITY));
}

#[test]
fn what_another_run_seals_meanwhile_is_not_lost_to_a_shell_that_has_the_file_open() {
    let mut sandbox = with_corp();
    sandbox.types(&["correct horse", "correct horse"]);
    let prompt = sandbox.prompt();
    let login = |label: &str| {
        let rules = format!("--label {label} --operations {label}");
        format!("login corp --from env:T --store sealed {rules}")
    };
    assert!(prompt.run_line(&login("read")).is_ok());
    sandbox.env("CREDSH_PASSPHRASE", "correct horse");
    let mut other = sandbox.process();
    other.args(["-c", &login("yank")]);
    assert!(other.status().unwrap().success());
    assert!(prompt.run_line(&login("owners")).is_ok());
    for operation in ["read", "yank", "owners"] {
        let words = [
            "token",
            "show",
            "corp",
            "--reveal",
            "--operation",
            operation,
        ];
        assert_eq!(sandbox.reveals().ok(&words).stdout.trim(), TOKEN);
    }
}

#[test]
fn ctrl_c_where_a_passphrase_is_asked_for_ends_it_at_once() {
    let mut sandbox = with_corp();
    sandbox.env("CREDSH_PASSPHRASE", "correct horse").ok(&LOGIN);
    sandbox.unset("CREDSH_PASSPHRASE");
    for line in [
        &LOGIN[..],
        &["token", "show", "corp"],
        &["status", "--ask"],
        &["logout", "corp"],
    ] {
        let mut pty = Pty::start(&sandbox, env!("CARGO_BIN_EXE_credsh"), line);
        pty.sees("passphrase for the sealed tokens").keys("\u{3}");
        assert_eq!(pty.ends(), 130, "{line:?}: {}", pty.screen());
        let asked = pty.screen().matches("passphrase for").count();
        assert_eq!(asked, 1, "{line:?}: {}", pty.screen());
    }
}

/// The first token is sealed, and the key for another is being derived: of three, since the test may be late for one.
#[cfg(unix)]
#[test]
fn ctrl_c_while_tokens_are_sealed_leaves_none_of_them() {
    let mut sandbox = with_corp();
    sandbox.env("CREDSH_PASSPHRASE", "correct horse").ok(&LOGIN);
    let before = sandbox.read(FILE);
    let ledger = sandbox.read("home/.credsh/tokens.toml");
    let login = |label: &str| {
        let rules = format!("--label {label} --operations {label}");
        format!("login corp --from env:T --store sealed {rules}")
    };
    let mut process = sandbox.process();
    for label in ["read", "yank", "owners", "publish"] {
        process.args(["-c", &login(label)]);
    }
    let mut child = process.stderr(Stdio::null()).spawn().unwrap();
    let end = Instant::now() + Duration::from_mins(1);
    while sandbox.read(FILE) == before {
        assert!(Instant::now() < end, "nothing is sealed");
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(sandbox.read("home/.credsh/tokens.toml"), ledger);
    assert!(!sandbox.exists("home/.credsh/journal"));
    assert_eq!(
        opened_at_a_terminal(&mut sandbox, "correct horse"),
        content()
    );
    gives(&mut sandbox);
}

/// What rage finds in the file for who types this.
fn opened_at_a_terminal(sandbox: &mut Sandbox, passphrase: &str) -> Value {
    let file = sandbox.root().join(FILE).display().to_string();
    let output = sandbox.root().join("opened").display().to_string();
    let rage = peers::installed("rage").display().to_string();
    // No program that asks in a window.
    sandbox.env("PINENTRY_PROGRAM", "");
    // It would measure how busy the machine is, and refuse.
    let args = ["-d", "--max-work-factor", "22", "-o", &output, &file];
    let mut pty = Pty::start(sandbox, &rage, &args);
    pty.sees("assphrase").keys(&format!("{passphrase}\r"));
    assert_eq!(pty.ends(), 0, "{}", pty.screen());
    serde_json::from_str(&sandbox.read("opened")).unwrap()
}

/// Whoever has no other program can make the file by hand.
#[test]
fn what_rage_has_sealed_with_a_passphrase_opens() {
    let mut sandbox = with_corp();
    sandbox.ok(&LOGIN);
    let plain = sandbox.root().join("plain").display().to_string();
    sandbox.write("plain", json!({ INDEX: { "default": TOKEN } }).to_string());
    let file = sandbox.root().join(FILE).display().to_string();
    let rage = peers::installed("rage").display().to_string();
    std::fs::remove_file(&file).unwrap();
    sandbox.env("PINENTRY_PROGRAM", "");
    let mut pty = Pty::start(&sandbox, &rage, &["-e", "-p", "-o", &file, &plain]);
    pty.sees("assphrase").keys("correct horse\r");
    pty.sees("onfirm").keys("correct horse\r");
    assert_eq!(pty.ends(), 0, "{}", pty.screen());
    sandbox.env("CREDSH_PASSPHRASE", "correct horse");
    gives(&mut sandbox);
}
