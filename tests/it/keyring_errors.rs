//! A Secret Service that is locked, silent, not there or out of reach: what credsh says, how soon, and that it never
//! takes it for empty, as Cargo does. Each command is a process of its own, as a person would start it.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

use expect_test::{Expect, expect};

use crate::harness::{Run, SENTINEL};
use crate::secret_service::{Desk, LIST, OWN};
use crate::secrets::files_with_it;

const TOKEN: &str = "sentinel-of-corp-0123456789";

/// The commands that ask the service, and the status of each where it has no answer.
const ASKING: [(&[&str], u8); 5] = [
    (&["login", "corp", "--from", "env:T"], 4),
    (&["logout", "corp"], 4),
    (&["token", "show", "corp"], 4),
    (&["status", "corp", "--ask"], 4),
    (&["why", "corp", "--ask"], 0),
];

impl Desk {
    /// All commands, first as text, then as JSON: as many at once as a machine starts within the 3 s that a store has. No
    /// limit of another's, such as the 25 s of D-Bus, decides when they end.
    fn all(&self) -> Vec<[Run; 2]> {
        let texts = self.at_once(&[]);
        let jsons = self.at_once(&["--json"]);
        let both = texts.into_iter().zip(jsons);
        both.map(|(text, json)| [text, json]).collect()
    }

    fn at_once(&self, flags: &[&str]) -> [Run; 5] {
        let start = Instant::now();
        let commands = ASKING.map(|(args, _)| {
            let mut credsh = self.sandbox.process();
            credsh
                .args(flags)
                .args(args)
                .env("T", "sentinel-new-0123456789");
            credsh.stdout(Stdio::piped()).stderr(Stdio::piped());
            credsh.spawn().unwrap()
        });
        let runs = commands.map(|child| {
            let output = child.wait_with_output().unwrap();
            let text = |bytes| String::from_utf8(bytes).unwrap();
            Run {
                status: u8::try_from(output.status.code().unwrap()).unwrap(),
                stdout: text(output.stdout),
                stderr: text(output.stderr),
            }
        });
        let time = start.elapsed();
        assert!(time < Duration::from_secs(15), "{time:?}");
        runs
    }

    /// Each command says what is wrong and how to go on, none says that something was done, and nothing was.
    #[track_caller]
    fn all_say(&self, outcome: &str, expected: &Expect) {
        let before = self.sandbox.snapshot();
        let runs = self.all();
        assert!(before == self.sandbox.snapshot(), "files have changed");
        let mut shown = String::new();
        for ((args, status), [text, json]) in ASKING.iter().zip(&runs) {
            for run in [text, json] {
                let both = format!("{}{}", run.stdout, run.stderr);
                assert_eq!(run.status, *status, "{args:?}: {both}");
                assert!(!both.contains(SENTINEL), "{args:?}: {both}");
                for lie in ["removed", "not logged in", "not-found", "has no token"] {
                    assert!(!both.contains(lie), "{args:?} says `{lie}`: {both}");
                }
            }
            crate::schema::check(&json.stdout);
            let said = format!("{}{}", text.stdout, text.stderr);
            shown += &format!("$ {}\n{said}", args.join(" "));
        }
        let read = |run: &Run| serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap();
        for command in [0, 2] {
            assert_eq!(read(&runs[command][1])["error"]["kind"], "unavailable");
        }
        assert_eq!(read(&runs[1][1])["places"][0]["outcome"], outcome);
        assert_eq!(read(&runs[4][1])["token"], serde_json::Value::Null);
        let root = self.sandbox.root().display().to_string();
        let index = self.cargo.registries.index("corp");
        expected.assert_eq(&shown.replace(&root, "").replace(&index, "<corp>"));
    }
}

#[test]
fn a_locked_keyring_is_named_and_not_taken_for_empty() {
    let mut desk = Desk::new(OWN);
    desk.login(TOKEN);
    desk.keyring.lock();
    desk.all_say("locked", &expect![[r"
        $ login corp --from env:T
        note: logging in to `corp` (<corp>) with `cargo:libsecret`
        error: the keyring is locked, so `cargo:libsecret` cannot be used
        hint: unlock it in its own program, or log in to the desktop with your password; then repeat the command
        $ logout corp
        REGISTRY  PROVIDER         OUTCOME  PLACE
        corp      cargo:libsecret  locked   /home/config.toml:2
        corp      cargo:token      absent   /home/credentials.toml
        locked for corp: the keyring is locked, so `cargo:libsecret` cannot be used
        hint: unlock it in its own program, or log in to the desktop with your password; then repeat the command
        unchanged
        $ token show corp
        error: the keyring is locked, so `cargo:libsecret` cannot be used
        hint: unlock it in its own program, or log in to the desktop with your password; then repeat the command
        $ status corp --ask
        corp: unknown
            index      <corp>
            providers  cargo:libsecret
            warning: the keyring is locked, so `cargo:libsecret` cannot be used; Cargo takes it for empty
        $ why corp --ask
        registry corp
          index <corp>
            in /home/config.toml:1
          1. `cargo:libsecret` is locked
            in /home/config.toml:2
            Cargo takes it for empty, and goes on to the next provider
          no token
          note: unlock it in its own program, or log in to the desktop with your password; then repeat the command
    "]]);
    // Nobody was asked for a password: there is no display, or it was forbidden.
    desk.sandbox.env("DISPLAY", ":99");
    for (args, status) in ASKING {
        let run = desk
            .sandbox
            .env("T", TOKEN)
            .run(&[&["--no-input"], args].concat());
        assert_eq!(run.status, status, "{args:?}: {}{}", run.stdout, run.stderr);
        assert!(!run.stderr.contains("waiting"), "{args:?}: {}", run.stderr);
    }
    assert_eq!(desk.keyring.prompts(), 0);
    desk.keyring.unlock();
    assert_eq!(desk.ask().token.as_deref(), Some(TOKEN));
}

/// With a display the owner is asked; one who refuses leaves it locked, and it is said only then.
#[test]
fn a_keyring_whose_owner_refuses_to_unlock_it_stays_locked() {
    let mut desk = Desk::new(OWN);
    desk.login(TOKEN);
    desk.keyring.lock();
    desk.sandbox
        .env("DISPLAY", ":99")
        .env("T", "sentinel-new-0123456789");
    for (number, (args, status)) in ASKING.into_iter().enumerate() {
        let run = desk.sandbox.run(args);
        let both = format!("{}{}", run.stdout, run.stderr);
        assert_eq!(run.status, status, "{args:?}: {both}");
        assert!(both.contains("locked"), "{args:?}: {both}");
        assert_eq!(desk.keyring.prompts(), number + 1, "{args:?}: {both}");
    }
    desk.keyring.unlock();
    assert_eq!(desk.ask().token.as_deref(), Some(TOKEN));
    // An empty one that is locked is asked for only when there is something to keep in it.
    desk.sandbox.ok(&["logout", "corp"]);
    desk.keyring.lock();
    let failed = desk.sandbox.fails(4, &["login", "corp", "--from", "env:T"]);
    assert!(
        failed.stderr.contains("the keyring is locked"),
        "{}",
        failed.stderr
    );
    assert_eq!(desk.keyring.prompts(), ASKING.len() + 1);
    assert_eq!(
        desk.sandbox
            .ok(&["logout", "corp"])
            .stdout
            .matches("absent")
            .count(),
        2
    );
}

/// One who types the password has it unlocked, and what was asked for goes on.
#[test]
fn a_keyring_whose_owner_unlocks_it_serves() {
    // GNOME's daemon is gone at times after a prompt, on a machine that is busy; not three times in a row.
    let attempts = (0..3).map(|_| std::panic::catch_unwind(owner_unlocks));
    let failures: Vec<_> = attempts.take_while(Result::is_err).collect();
    assert!(failures.len() < 3);
}

fn owner_unlocks() {
    let mut desk = Desk::new(OWN);
    desk.login(TOKEN);
    desk.keyring.asks();
    desk.sandbox
        .env("DISPLAY", ":99")
        .env("T", "sentinel-new-0123456789");
    for (args, left) in [
        (&["token", "show", "corp"][..], 1),
        (&["login", "corp", "--from", "env:T"], 1),
        (&["logout", "corp"], 0),
        (&["login", "corp", "--from", "env:T"], 1),
    ] {
        desk.keyring.lock();
        let before = desk.keyring.is_locked();
        let run = desk.sandbox.ok(args);
        assert!(before && !desk.keyring.is_locked(), "{args:?}: {run:?}");
        assert_eq!(desk.items().len(), left, "{args:?}: {run:?}");
    }
    assert_eq!(desk.keyring.prompts(), 0);
    assert_eq!(desk.ask().token.as_deref(), Some("sentinel-new-0123456789"));
}

#[test]
fn a_locked_keyring_passes_and_the_next_provider_is_asked_as_cargo_does() {
    let mut desk = Desk::new(LIST);
    desk.login(TOKEN);
    let in_file = "registries.corp.token = 'sentinel-in-file-0123456789'\n";
    desk.sandbox.write("home/credentials.toml", in_file);
    desk.keyring.lock();
    let why = desk.sandbox.json(&["why", "corp", "--ask"]);
    let outcomes = |why: &serde_json::Value| {
        let providers = why["providers"].as_array().unwrap();
        let outcome = |step: &serde_json::Value| step["outcome"].as_str().unwrap().to_owned();
        providers.iter().map(outcome).collect::<Vec<_>>()
    };
    assert_eq!(outcomes(&why), ["locked", "token"]);
    desk.sandbox.ok(&["status", "corp", "--ask"]);
    let shown = desk
        .sandbox
        .reveals()
        .ok(&["token", "show", "corp", "--reveal"]);
    assert_eq!(Some(shown.stdout.trim()), desk.ask().token.as_deref());
    // The copy in the keyring would come back once it is unlocked.
    let run = desk.sandbox.run(&["--json", "logout", "corp"]);
    let places: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let outcome = |place: usize| places["places"][place]["outcome"].as_str().unwrap();
    assert_eq!(
        (run.status, outcome(0), outcome(1)),
        (4, "locked", "removed")
    );
}

#[test]
fn a_keyring_that_does_not_answer_is_given_up_after_three_seconds() {
    let desk = Desk::new(OWN);
    desk.login(TOKEN);
    desk.keyring.stop();
    desk.all_say("failed", &expect![[r"
        $ login corp --from env:T
        note: logging in to `corp` (<corp>) with `cargo:libsecret`
        error: `cargo:libsecret` did not answer within 3 s
        hint: see whether the keyring's program hangs, and start it again
        $ logout corp
        REGISTRY  PROVIDER         OUTCOME  PLACE
        corp      cargo:libsecret  failed   /home/config.toml:2
        corp      cargo:token      absent   /home/credentials.toml
        failed for corp: `cargo:libsecret` did not answer within 3 s
        hint: see whether the keyring's program hangs, and start it again
        unchanged
        $ token show corp
        error: `cargo:libsecret` did not answer within 3 s
        hint: see whether the keyring's program hangs, and start it again
        $ status corp --ask
        corp: unknown
            index      <corp>
            providers  cargo:libsecret
            warning: Cargo's search for a token ends here: `cargo:libsecret` did not answer within 3 s
        $ why corp --ask
        registry corp
          index <corp>
            in /home/config.toml:1
          1. `cargo:libsecret` fails, and Cargo stops
            in /home/config.toml:2
            `cargo:libsecret` did not answer within 3 s
          no token
          note: see whether the keyring's program hangs, and start it again
    "]]);
    desk.keyring.cont();
    assert_eq!(desk.ask().token.as_deref(), Some(TOKEN));
}

#[test]
fn a_keyring_that_is_not_running() {
    let mut desk = Desk::new(OWN);
    desk.keyring.kill_daemon();
    desk.all_say("failed", &expect![[r"
        $ login corp --from env:T
        note: logging in to `corp` (<corp>) with `cargo:libsecret`
        error: `cargo:libsecret`: no keyring answers on the D-Bus session bus
          failed to get token: The name org.freedesktop.secrets was not provided by any .service files
        hint: start one (`gnome-keyring-daemon --start`, KWallet, KeePassXC), or use another provider on this machine
        $ logout corp
        REGISTRY  PROVIDER         OUTCOME  PLACE
        corp      cargo:libsecret  failed   /home/config.toml:2
        corp      cargo:token      absent   /home/credentials.toml
        failed for corp: `cargo:libsecret`: no keyring answers on the D-Bus session bus: failed to get token: The name org.freedesktop.secrets was not provided by any .service files
        hint: start one (`gnome-keyring-daemon --start`, KWallet, KeePassXC), or use another provider on this machine
        unchanged
        $ token show corp
        error: `cargo:libsecret`: no keyring answers on the D-Bus session bus
          failed to get token: The name org.freedesktop.secrets was not provided by any .service files
        hint: start one (`gnome-keyring-daemon --start`, KWallet, KeePassXC), or use another provider on this machine
        $ status corp --ask
        corp: unknown
            index      <corp>
            providers  cargo:libsecret
            warning: Cargo's search for a token ends here: `cargo:libsecret`: no keyring answers on the D-Bus session bus: failed to get token: The name org.freedesktop.secrets was not provided by any .service files
        $ why corp --ask
        registry corp
          index <corp>
            in /home/config.toml:1
          1. `cargo:libsecret` fails, and Cargo stops
            in /home/config.toml:2
            `cargo:libsecret`: no keyring answers on the D-Bus session bus: failed to get token: The name org.freedesktop.secrets was not provided by any .service files
          no token
          note: start one (`gnome-keyring-daemon --start`, KWallet, KeePassXC), or use another provider on this machine
    "]]);
}

#[test]
fn a_session_without_a_bus() {
    let mut desk = Desk::new(OWN);
    desk.sandbox.unset("DBUS_SESSION_BUS_ADDRESS");
    desk.all_say("failed", &expect![[r"
        $ login corp --from env:T
        note: logging in to `corp` (<corp>) with `cargo:libsecret`
        error: `cargo:libsecret`: there is no D-Bus session bus, so no keyring can be reached
          failed to get token: Cannot autolaunch D-Bus without X11 $DISPLAY
        hint: log in to a desktop session, start the command under `dbus-run-session`, or use another provider on this machine
        $ logout corp
        REGISTRY  PROVIDER         OUTCOME  PLACE
        corp      cargo:libsecret  failed   /home/config.toml:2
        corp      cargo:token      absent   /home/credentials.toml
        failed for corp: `cargo:libsecret`: there is no D-Bus session bus, so no keyring can be reached: failed to get token: Cannot autolaunch D-Bus without X11 $DISPLAY
        hint: log in to a desktop session, start the command under `dbus-run-session`, or use another provider on this machine
        unchanged
        $ token show corp
        error: `cargo:libsecret`: there is no D-Bus session bus, so no keyring can be reached
          failed to get token: Cannot autolaunch D-Bus without X11 $DISPLAY
        hint: log in to a desktop session, start the command under `dbus-run-session`, or use another provider on this machine
        $ status corp --ask
        corp: unknown
            index      <corp>
            providers  cargo:libsecret
            warning: Cargo's search for a token ends here: `cargo:libsecret`: there is no D-Bus session bus, so no keyring can be reached: failed to get token: Cannot autolaunch D-Bus without X11 $DISPLAY
        $ why corp --ask
        registry corp
          index <corp>
            in /home/config.toml:1
          1. `cargo:libsecret` fails, and Cargo stops
            in /home/config.toml:2
            `cargo:libsecret`: there is no D-Bus session bus, so no keyring can be reached: failed to get token: Cannot autolaunch D-Bus without X11 $DISPLAY
          no token
          note: log in to a desktop session, start the command under `dbus-run-session`, or use another provider on this machine
    "]]);
    let message = "there is no D-Bus session bus, so no keyring can be reached";
    let show = ["token", "show", "corp"];
    // Where there is a display, libsecret tries to start a bus.
    let failed = desk.sandbox.env("DISPLAY", ":99").fails(4, &show);
    assert!(failed.stderr.contains(message), "{}", failed.stderr);
    let nowhere = "unix:path=/nowhere/bus";
    let failed = desk
        .sandbox
        .env("DBUS_SESSION_BUS_ADDRESS", nowhere)
        .fails(4, &show);
    assert!(failed.stderr.contains(message), "{}", failed.stderr);
}

#[test]
fn a_system_without_the_library() {
    let mut desk = Desk::new(OWN);
    desk.sandbox.write("lib/libsecret-1.so.0", "no library");
    let folder = desk.sandbox.root().join("lib").display().to_string();
    desk.sandbox.env("LD_LIBRARY_PATH", folder);
    desk.all_say("failed", &expect![[r"
        $ login corp --from env:T
        note: logging in to `corp` (<corp>) with `cargo:libsecret`
        error: `cargo:libsecret`: the library libsecret is not installed
          failed to load libsecret: try installing the `libsecret` or `libsecret-1-0` package with the system package manager
        hint: install it (Debian: `libsecret-1-0`, Fedora: `libsecret`), or take `cargo:libsecret` out of the chain
        $ logout corp
        REGISTRY  PROVIDER         OUTCOME  PLACE
        corp      cargo:libsecret  failed   /home/config.toml:2
        corp      cargo:token      absent   /home/credentials.toml
        failed for corp: `cargo:libsecret`: the library libsecret is not installed: failed to load libsecret: try installing the `libsecret` or `libsecret-1-0` package with the system package manager
        hint: install it (Debian: `libsecret-1-0`, Fedora: `libsecret`), or take `cargo:libsecret` out of the chain
        unchanged
        $ token show corp
        error: `cargo:libsecret`: the library libsecret is not installed
          failed to load libsecret: try installing the `libsecret` or `libsecret-1-0` package with the system package manager
        hint: install it (Debian: `libsecret-1-0`, Fedora: `libsecret`), or take `cargo:libsecret` out of the chain
        $ status corp --ask
        corp: unknown
            index      <corp>
            providers  cargo:libsecret
            warning: Cargo's search for a token ends here: `cargo:libsecret`: the library libsecret is not installed: failed to load libsecret: try installing the `libsecret` or `libsecret-1-0` package with the system package manager
        $ why corp --ask
        registry corp
          index <corp>
            in /home/config.toml:1
          1. `cargo:libsecret` fails, and Cargo stops
            in /home/config.toml:2
            `cargo:libsecret`: the library libsecret is not installed: failed to load libsecret: try installing the `libsecret` or `libsecret-1-0` package with the system package manager
          no token
          note: install it (Debian: `libsecret-1-0`, Fedora: `libsecret`), or take `cargo:libsecret` out of the chain
    "]]);
}

/// Where only the service could tell, lists say so, and plans go on: neither asks it, or they would fail.
#[test]
fn lists_and_plans_ask_nobody() {
    let mut desk = Desk::new(OWN);
    desk.login(TOKEN);
    desk.keyring.lock();
    desk.sandbox.env("DISPLAY", ":99").env("T", TOKEN);
    let asks_nobody = |desk: &mut Desk| {
        let list = desk.sandbox.json(&["registry", "list"]);
        assert_eq!(list["registries"][1]["logged_in"], serde_json::Value::Null);
        desk.sandbox.ok(&["status", "corp"]);
        desk.sandbox.ok(&["why", "corp"]);
        for plan in [
            &["login", "corp", "--from", "env:T"] as &[&str],
            &["logout", "corp"],
        ] {
            desk.sandbox.fails(2, &[&["--check"], plan].concat());
            desk.sandbox.ok(&[&["--dry-run"], plan].concat());
        }
    };
    asks_nobody(&mut desk);
    assert_eq!(desk.keyring.prompts(), 0);
    desk.sandbox
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus");
    asks_nobody(&mut desk);
}

/// A process and all that it has started.
fn with_descendants(id: u32) -> Vec<u32> {
    let mut ids = vec![id];
    let mut next = 0;
    while let Some(id) = ids.get(next) {
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        ids.extend(
            children
                .split_whitespace()
                .map(|id| id.parse::<u32>().unwrap()),
        );
        next += 1;
    }
    ids
}

/// What others can see of a process: its command line, and its environment unless the system keeps that from them.
fn seen_of(id: u32) -> String {
    let files = ["cmdline", "environ"].map(|file| format!("/proc/{id}/{file}"));
    let seen = files.map(|file| std::fs::read(file).unwrap_or_default());
    String::from_utf8(seen.concat()).unwrap().replace('\0', " ")
}

/// While the owner is asked, the token waits in a pipe: on no command line, in no environment and in no file.
#[test]
fn the_wait_for_the_owner_is_announced_and_nobody_sees_the_token_meanwhile() {
    let mut desk = Desk::new(OWN);
    desk.keyring.lock();
    desk.keyring.asks_in_vain();
    desk.sandbox.env("DISPLAY", ":99");
    let mut credsh = desk.sandbox.process();
    credsh.args(["login", "corp"]);
    credsh.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut credsh = credsh.spawn().unwrap();
    let mut stdin = credsh.stdin.take().unwrap();
    stdin.write_all(TOKEN.as_bytes()).unwrap();
    drop(stdin);
    let mut said = BufReader::new(credsh.stderr.take().unwrap()).lines();
    said.next().unwrap().unwrap();
    assert_eq!(
        said.next().unwrap().unwrap(),
        "note: the keyring is locked; waiting up to 60 s for it to be unlocked"
    );
    let ids = with_descendants(credsh.id());
    assert_eq!(ids.len(), 2, "credsh, and credsh as a plugin");
    let seen: String = ids.iter().map(|&id| seen_of(id)).collect();
    assert!(
        seen.contains("--cargo-plugin") && !seen.contains(SENTINEL),
        "{seen}"
    );

    // Whatever becomes of credsh, nobody goes on to ask the owner, or to store the token in the end.
    credsh.kill().unwrap();
    credsh.wait().unwrap();
    let end = Instant::now() + Duration::from_secs(5);
    while !seen_of(ids[1]).is_empty() {
        assert!(Instant::now() < end, "it still asks the owner");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(files_with_it(&desk.sandbox).is_empty());
    assert_eq!(desk.items(), []);
}
