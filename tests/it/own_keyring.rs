//! credsh as the provider, its tokens in a real keyring: found by the real Cargo; and where the keyring is locked,
//! silent or gone, a clear error within 4 s, and never the next provider's plain text.

use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use crate::cargo::{Asked, Cargo};
use crate::harness::Sandbox;
use crate::keyring::Keyring;

/// Within 4 s there is an answer, whatever the keyring does; 3 of them are how long it is waited for. Here it has to
/// be seen on a busy machine that one who holds five tokens is waited for once, and not for each of them.
const LIMIT: Duration = Duration::from_secs(12);

/// A machine with a keyring, where a plain token stands behind credsh, and must not be sent.
struct Desk {
    cargo: Cargo,
    keyring: Keyring,
    sandbox: Sandbox,
}

impl Desk {
    fn new() -> Self {
        let (cargo, keyring) = (Cargo::new(), Keyring::new());
        let script = format!("exec '{}' \"$@\"", env!("CARGO_BIN_EXE_credsh"));
        cargo.programs(&[("credsh", &script)]);
        let mut sandbox = cargo.sandbox();
        keyring.serves(&mut sandbox);
        let index = cargo.registries.index("corp");
        let config = format!(
            "registries.corp.index = '{index}'\n\
             registry.global-credential-providers = ['cargo:token', 'credsh']\n"
        );
        sandbox.write("home/config.toml", config).write(
            "home/credentials.toml",
            "registries.corp.token = 'sentinel-plain'\n",
        );
        Self {
            cargo,
            keyring,
            sandbox,
        }
    }

    fn login(&mut self, args: &[&str]) -> String {
        let args = [&["login", "corp", "--from", "env:T"], args].concat();
        let run = self.sandbox.env("T", "sentinel-own").ok(&args);
        self.sandbox.unset("T");
        run.stderr
    }

    fn ask(&self) -> Asked {
        self.cargo.ask(&self.sandbox, Some("corp"))
    }

    #[track_caller]
    fn gets(&self, token: &str) {
        let asked = self.ask();
        assert_eq!(asked.token.as_deref(), Some(token), "{asked:#?}");
    }

    /// Cargo is told that the keyring is down, soon, and sends nothing.
    #[track_caller]
    fn is_refused(&self, why: &str) {
        let start = Instant::now();
        let asked = self.ask();
        let seconds = start.elapsed();
        assert!(seconds < LIMIT, "{seconds:?}: {asked:#?}");
        assert_eq!(asked.providers, ["credsh"], "{asked:#?}");
        assert_eq!((&asked.token, asked.success), (&None, false), "{asked:#?}");
        let error = asked.error.as_deref().unwrap_or_default();
        assert!(error.contains(why), "no {why:?} in {error}");
    }

    /// A login says so too, and changes nothing.
    #[track_caller]
    fn login_is_refused(&mut self) {
        let ledger = self.sandbox.read("home/.credsh/tokens.toml");
        let start = Instant::now();
        let args = ["login", "corp", "--from", "env:T", "--store", "keyring"];
        let run = self.sandbox.env("T", "sentinel-new").run(&args);
        assert_eq!(run.status, 4, "{run:?}");
        assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
        assert_eq!(self.sandbox.read("home/.credsh/tokens.toml"), ledger);
        assert!(!self.sandbox.exists("home/.credsh/sealed.age"));
        // Nobody knows whether there is a token.
        for words in [&["token", "show", "corp"][..], &["status", "corp", "--ask"]] {
            let run = self.sandbox.run(words);
            assert_eq!(run.status, 4, "{run:?}");
        }
    }

    fn stores(&mut self) -> Vec<String> {
        let list = self.sandbox.json(&["token", "list", "corp"]);
        let tokens = list["tokens"].as_array().unwrap().iter();
        tokens
            .map(|token| token["store"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[test]
fn a_token_in_the_keyring_is_accepted_and_gone_after_the_logout() {
    let mut desk = Desk::new();
    let said = desk.login(&["--store", "keyring"]);
    assert!(!said.contains("sealed"), "{said}");
    assert_eq!(desk.stores(), ["keyring"]);
    assert_eq!(desk.keyring.own_items(), 1);
    assert!(!desk.sandbox.exists("home/.credsh/sealed.age"));
    desk.gets("sentinel-own");

    // Out of the keyring, and back.
    let set = |store| ["token", "set", "default", "--store", store];
    desk.sandbox.ok(&set("sealed"));
    assert_eq!(
        (desk.stores(), desk.keyring.own_items()),
        (vec!["sealed".into()], 0)
    );
    desk.gets("sentinel-own");
    desk.sandbox.ok(&set("keyring"));
    assert_eq!(
        (desk.stores(), desk.keyring.own_items()),
        (vec!["keyring".into()], 1)
    );
    desk.gets("sentinel-own");

    desk.sandbox.ok(&["token", "remove", "default"]);
    assert_eq!(desk.keyring.own_items(), 0);
    desk.gets("sentinel-plain");
}

#[test]
fn a_token_goes_to_the_keyring_if_one_answers_and_else_to_the_sealed_file_with_a_warning() {
    let mut desk = Desk::new();
    let said = desk.login(&[]);
    assert!(!said.contains("warning"), "{said}");
    assert_eq!(desk.stores(), ["keyring"]);
    desk.sandbox.ok(&["token", "remove", "default"]);

    desk.keyring.kill_daemon();
    let said = desk.login(&[]);
    assert!(
        said.contains("warning: the token goes to the sealed file: "),
        "{said}"
    );
    assert_eq!(desk.stores(), ["sealed"]);
    desk.gets("sentinel-own");
    desk.sandbox.ok(&["token", "remove", "default"]);

    desk.sandbox
        .unset("DBUS_SESSION_BUS_ADDRESS")
        .unset("XDG_RUNTIME_DIR");
    let said = desk.login(&[]);
    assert!(
        said.contains("warning: the token goes to the sealed file: "),
        "{said}"
    );
    assert_eq!(desk.stores(), ["sealed"]);
    desk.gets("sentinel-own");
}

/// A token that is new there is to be written, and a locked keyring takes nothing: as if there were none.
#[test]
fn a_new_token_goes_to_the_sealed_file_where_the_keyring_is_locked() {
    let mut desk = Desk::new();
    desk.keyring.lock();
    let said = desk.login(&[]);
    assert!(
        said.contains("warning: the token goes to the sealed file: the keyring is locked"),
        "{said}"
    );
    assert_eq!(desk.stores(), ["sealed"]);
    desk.gets("sentinel-own");
    // What is in the keyring already stays there, and waits for it to be unlocked.
    desk.keyring.unlock();
    desk.login(&[
        "--store",
        "keyring",
        "--label",
        "ci",
        "--operations",
        "read",
    ]);
    desk.keyring.lock();
    let words = "login corp --from env:T --label ci --operations read";
    let run = desk.sandbox.env("T", "sentinel-new").run(&["-c", words]);
    assert_eq!(run.status, 4, "{run:?}");
    assert_eq!(desk.stores(), ["keyring", "sealed"]);
}

#[test]
fn a_locked_keyring_is_an_error_whether_its_owner_can_be_asked_or_not() {
    let mut desk = Desk::new();
    desk.login(&["--store", "keyring"]);
    desk.keyring.lock();
    desk.is_refused("keyring");
    desk.login_is_refused();
    desk.keyring.asks_in_vain();
    desk.is_refused("keyring");
    desk.keyring.unlock();
    desk.gets("sentinel-own");
}

/// What would have to open the keyring, and how it ends where nobody does.
const LOCKED: [(&str, u8); 6] = [
    ("token show corp", 4),
    ("status corp --ask", 4),
    ("login corp --from env:T --store keyring", 4),
    ("token set default --label ci", 4),
    ("token remove default", 4),
    ("logout corp", 4),
];

#[test]
fn nobody_is_asked_to_unlock_a_keyring_where_that_is_not_wanted_or_not_seen() {
    let mut desk = Desk::new();
    desk.login(&["--store", "keyring"]);
    desk.keyring.lock();
    desk.sandbox.env("T", "sentinel-new");
    for option in ["", " --no-input"] {
        for (line, status) in LOCKED {
            let begun = Instant::now();
            let run = desk.sandbox.run(&["-c", &format!("{line}{option}")]);
            let both = format!("{}{}", run.stdout, run.stderr);
            assert_eq!(run.status, status, "{line}: {both}");
            assert!(
                both.contains("locked") && !both.contains("waiting"),
                "{line}: {both}"
            );
            assert!(begun.elapsed() < LIMIT, "{line}: {:?}", begun.elapsed());
            let is_logout = line.starts_with("logout") || line.contains("remove");
            assert!(!is_logout || both.contains("locked  "), "{both}");
        }
        desk.sandbox.env("DISPLAY", ":99");
    }
    assert_eq!(desk.keyring.prompts(), 0);
}

/// With a display the owner is asked, and that is said; one who refuses leaves it locked.
#[test]
fn the_owner_of_a_locked_keyring_is_asked_once_where_there_is_a_display() {
    let mut desk = Desk::new();
    desk.login(&["--store", "keyring"]);
    desk.keyring.lock();
    desk.sandbox.env("DISPLAY", ":99").env("T", "sentinel-new");
    for (number, (line, status)) in LOCKED.into_iter().enumerate() {
        let run = desk.sandbox.run(&["-c", line]);
        let both = format!("{}{}", run.stdout, run.stderr);
        assert_eq!(run.status, status, "{line}: {both}");
        assert!(both.contains("locked"), "{line}: {both}");
        assert_eq!(desk.keyring.prompts(), number + 1, "{line}: {both}");
    }
    // A new token does not need this keyring.
    desk.login(&["--label", "new", "--operations", "publish"]);
    assert_eq!(desk.keyring.prompts(), LOCKED.len());
    assert_eq!(desk.stores(), ["keyring", "sealed"]);
    desk.is_refused("keyring is locked");
    desk.keyring.unlock();
    desk.gets("sentinel-own");
}

/// One who has closed the dialog does not see it again for each token.
#[test]
fn the_owner_of_a_locked_keyring_is_asked_once_for_a_command() {
    let mut desk = Desk::new();
    desk.login(&["--store", "keyring"]);
    for (label, operation) in [("ci", "publish"), ("yanks", "yank")] {
        let rules = ["--label", label, "--operations", operation];
        desk.login(&[&["--store", "keyring"], &rules[..]].concat());
    }
    desk.keyring.lock();
    desk.sandbox.env("DISPLAY", ":99");
    for (number, args) in [
        &["logout", "corp"][..],
        &["logout", "--all"],
        &["why", "corp", "--ask"],
    ]
    .into_iter()
    .enumerate()
    {
        let run = desk.sandbox.run(args);
        assert!(run.stdout.contains("locked"), "{args:?}: {run:?}");
        assert_eq!(desk.keyring.prompts(), number + 1, "{args:?}: {run:?}");
    }
    // The next command is another matter.
    desk.sandbox
        .run(&["-c", "status corp --ask", "-c", "status corp --ask"]);
    assert_eq!(desk.keyring.prompts(), 5);
    // Several registries of one keyring.
    desk.sandbox.write(
        "home/config.toml",
        "registries.a.index = 'sparse+https://a.example/'\n\
         registries.b.index = 'sparse+https://b.example/'\n",
    );
    desk.sandbox.env("T", "sentinel-own");
    for (number, provider) in ["cargo:libsecret", "credsh"].into_iter().enumerate() {
        desk.keyring.unlock();
        for name in ["a", "b"] {
            let line = format!("registry set {name} --provider {provider}");
            desk.sandbox.ok(&["-c", &line]);
            let more: &[&str] = if number == 0 {
                &[]
            } else {
                &["--store", "keyring"]
            };
            let login = ["login", name, "--from", "env:T"];
            desk.sandbox.ok(&[&login[..], more].concat());
        }
        desk.keyring.lock();
        let run = desk.sandbox.run(&["status", "--ask"]);
        assert_eq!(desk.keyring.prompts(), 6 + number, "{provider}: {run:?}");
    }
}

/// One who types the password has it unlocked, and what was asked for goes on, Cargo's build as well.
#[test]
fn a_keyring_whose_owner_unlocks_it_serves() {
    several_times(owner_unlocks);
}

/// As in the tests of Cargo's own store there: the daemon is gone at times after a prompt.
fn several_times(test: impl Fn() + std::panic::UnwindSafe + Copy) {
    let attempts = (0..3).map(|_| std::panic::catch_unwind(test));
    let failures: Vec<_> = attempts.take_while(Result::is_err).collect();
    assert!(failures.len() < 3);
}

fn owner_unlocks() {
    let mut desk = Desk::new();
    desk.login(&["--store", "keyring"]);
    desk.keyring.asks();
    desk.sandbox.env("DISPLAY", ":99");
    desk.keyring.lock();
    desk.gets("sentinel-own");
    assert!(!desk.keyring.is_locked());
    desk.sandbox.env("T", "sentinel-new");
    for line in [
        "token show corp",
        "login corp --from env:T --store keyring",
        "token remove default",
        "login corp --from env:T --store keyring",
    ] {
        desk.keyring.lock();
        let run = desk.sandbox.ok(&["-c", line]);
        assert!(!desk.keyring.is_locked(), "{line}: {run:?}");
    }
    desk.gets("sentinel-new");
}

/// The wait is announced, and lasts longer than that for a keyring which hangs.
#[test]
fn the_wait_for_the_owner_of_a_keyring_is_announced() {
    let mut desk = Desk::new();
    desk.login(&["--store", "keyring"]);
    desk.keyring.lock();
    desk.keyring.asks_in_vain();
    desk.sandbox.env("DISPLAY", ":99");
    let mut command = desk.sandbox.process();
    command.args(["token", "show", "corp"]);
    let mut credsh = command
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(credsh.stderr.take().unwrap()).lines();
    assert_eq!(
        said.next().unwrap().unwrap(),
        "note: the keyring is locked; waiting up to 60 s for it to be unlocked"
    );
    std::thread::sleep(Duration::from_secs(4));
    let is_waiting = credsh.try_wait().unwrap().is_none();
    credsh.kill().unwrap();
    credsh.wait().unwrap();
    assert!(is_waiting, "{:?}", said.next());
}

#[test]
fn a_keyring_that_does_not_answer_is_an_error_in_time_however_many_tokens_it_holds() {
    let mut desk = Desk::new();
    desk.login(&["--store", "keyring"]);
    for operation in ["owners", "publish", "yank", "unyank"] {
        let rules = ["--label", operation, "--operations", operation];
        desk.login(&[&["--store", "keyring"], &rules[..]].concat());
    }
    desk.keyring.stop();
    desk.is_refused("did not answer within 3 s");
    desk.login_is_refused();
    let begun = Instant::now();
    let ledger = desk.sandbox.read("home/.credsh/tokens.toml");
    let run = desk.sandbox.run(&["logout", "corp"]);
    assert_eq!(run.status, 4, "{run:?}");
    assert_eq!(
        desk.sandbox.read("home/.credsh/tokens.toml"),
        ledger,
        "{run:?}"
    );
    assert!(begun.elapsed() < LIMIT, "{:?}: {run:?}", begun.elapsed());
    assert_eq!(
        run.stdout.matches("  failed   token `").count(),
        5,
        "{run:?}"
    );
    desk.keyring.cont();
    desk.gets("sentinel-own");
}

/// It is open, and does not come to an end with what it is told: that is not one whose owner has left it locked.
#[test]
fn a_keyring_that_hangs_once_it_is_open_may_have_kept_the_token() {
    let lost_after = |is_locked: bool| {
        let mut desk = Desk::new();
        desk.keyring.asks();
        if is_locked {
            desk.keyring.lock();
        }
        let way = desk.keyring.way_without("CreateItem");
        desk.sandbox
            .env("DBUS_SESSION_BUS_ADDRESS", way)
            .env("DISPLAY", ":99")
            .env("T", "sentinel-new");
        let run = desk.sandbox.run(&["-c", LOCKED[2].0]);
        assert!(!desk.keyring.is_locked(), "{run:?}");
        assert_eq!(run.status, 4, "{run:?}");
        let told =
            "the keyring did not answer within 3 s, so whether it did as it was told is unknown";
        assert!(run.stderr.contains(told), "{run:?}");
    };
    lost_after(false);
    several_times(|| lost_after(true));
}

#[test]
fn without_a_keyring_its_tokens_are_refused_and_those_of_the_sealed_file_are_given() {
    let mut desk = Desk::new();
    desk.login(&["--store", "keyring"]);
    desk.keyring.kill_daemon();
    desk.is_refused("keyring");
    desk.login_is_refused();
    desk.sandbox
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere");
    desk.is_refused("keyring");
    desk.sandbox
        .unset("DBUS_SESSION_BUS_ADDRESS")
        .unset("XDG_RUNTIME_DIR");
    desk.is_refused("keyring");
    desk.login_is_refused();

    desk.login(&[
        "--store",
        "sealed",
        "--label",
        "owners",
        "--operations",
        "owners",
    ]);
    desk.gets("sentinel-own");
}

/// Each home has its own ledger, and so its own rules; the keyring is one.
#[test]
fn two_homes_that_share_a_keyring_do_not_share_tokens() {
    let mut desk = Desk::new();
    desk.login(&["--store", "keyring", "--operations", "owners"]);
    let config = desk.sandbox.read("home/config.toml");
    desk.sandbox.write("other/config.toml", config);
    let homes = ["home", "other"].map(|home| desk.sandbox.root().join(home));
    let [first, second] = homes.map(|home| home.display().to_string());
    desk.sandbox.env("CARGO_HOME", second);
    let login = "login corp --from env:T --store keyring --operations publish";
    desk.sandbox.env("T", "sentinel-other").ok(&["-c", login]);
    desk.sandbox.unset("T");
    assert_eq!(desk.keyring.own_items(), 2);
    desk.sandbox.env("CARGO_HOME", &first);
    desk.gets("sentinel-own");
    let second = first.replace("/home", "/other");
    desk.sandbox.env("CARGO_HOME", second);
    desk.sandbox.ok(&["logout", "corp"]);
    desk.sandbox.env("CARGO_HOME", first);
    desk.gets("sentinel-own");
}
