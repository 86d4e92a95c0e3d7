//! Logins in the Secret Service as part of a transaction: all of it or nothing, and what cannot be undone is named.

use serde_json::Value;

use crate::harness::{SENTINEL, Sandbox};
use crate::secret_service::{Desk, OWN, labelled};

const OLD: &str = "sentinel-old-0123456789";
const NEW: &str = "sentinel-new-0123456789";

/// `corp` and `lab`, both kept by the service.
fn desk() -> Desk {
    let mut desk = Desk::new(OWN);
    let lab = desk.cargo.registries.index("lab");
    let add = [
        "registry",
        "add",
        "lab",
        &lab,
        "--provider",
        "cargo:libsecret",
    ];
    desk.sandbox.env("T", NEW).ok(&add);
    desk
}

impl Desk {
    /// What the real Cargo sends to both.
    fn sent(&self) -> [Option<String>; 2] {
        ["corp", "lab"].map(|name| self.cargo.ask(&self.sandbox, Some(name)).token)
    }

    /// A command that ends the keyring, and waits until it has left the bus.
    fn kills(&self) -> String {
        format!(
            "kill -9 {}; while dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
             org.freedesktop.DBus.GetNameOwner string:org.freedesktop.secrets; do :; done >/dev/null 2>&1",
            self.keyring.id()
        )
    }

    /// Gives `other` a provider that does this before it logs in and that before it logs out. Whatever it is given is the new token.
    fn meddles(&mut self, before_login: &str, before_logout: &str) {
        let script = format!(
            r#"
            root=$CARGO_HOME/..
            token='{{"kind":"get","token":"{NEW}","cache":"never","operation_independent":true}}'
            echo '{{"v":[1]}}'
            read -r line
            case $line in
            *'"kind":"get"'*)
                if [ -e "$root/plugged" ]; then echo "{{\"Ok\":$token}}"; else echo '{{"Err":{{"kind":"not-found"}}}}'; fi ;;
            *'"kind":"login"'*)
                {before_login}
                touch "$root/plugged"; echo '{{"Ok":{{"kind":"login"}}}}' ;;
            *)
                {before_logout}
                rm "$root/plugged"; echo '{{"Ok":{{"kind":"logout"}}}}' ;;
            esac
            "#
        );
        self.cargo.programs(&[("plug-meddles", &script)]);
        let other = self.cargo.registries.index("other");
        let add = [
            "registry",
            "add",
            "other",
            &other,
            "--provider",
            "plug-meddles",
        ];
        self.sandbox.ok(&add);
    }
}

#[test]
fn a_batch_that_fails_after_its_logins_has_told_the_keyring_nothing() {
    let mut desk = desk();
    desk.login(OLD);
    let logins = "login(\"corp\", #{ from: \"env:T\" });\nlogin(\"lab\", #{ from: \"env:T\" });\n";
    desk.sandbox
        .write("work/fails.rhai", format!("{logins}fail(\"not today\");"));
    desk.sandbox.fails(1, &["-f", "fails.rhai"]);
    let lines = "login corp --from env:T\nlogin lab --from env:T\nregistry remove nobody\n";
    desk.sandbox.stdin(lines).fails(3, &[]);
    assert_eq!(desk.sent(), [Some(OLD.to_owned()), None]);
    desk.sandbox.write("work/works.rhai", logins);
    desk.sandbox.ok(&["-f", "works.rhai"]);
    assert_eq!(desk.sent(), [Some(NEW.to_owned()), Some(NEW.to_owned())]);
}

/// The provider of the last login makes the configuration unwritable, when the keyring has its new tokens.
#[test]
fn where_a_file_cannot_be_written_the_keyring_gets_back_what_it_had() {
    let mut desk = desk();
    desk.login(OLD);
    desk.meddles(
        "cd \"$CARGO_HOME\" && mv config.toml aside && mkdir -p config.toml/in-the-way",
        "echo once >>\"$root/undone\"",
    );
    let args = [
        "login corp --from env:T",
        "login lab --from env:T",
        "registry add late sparse+https://late.example/",
        "login other --from env:T",
    ];
    let run = desk.sandbox.run(&args.map(|line| ["-c", line]).concat());
    assert_eq!(run.status, 1, "{}", run.stderr);
    assert_eq!(run.stdout, "", "nothing is said to be done");
    assert!(
        !run.stderr.contains("and `"),
        "all could be undone: {}",
        run.stderr
    );
    let home = desk.sandbox.home();
    std::fs::remove_dir_all(home.join("config.toml")).unwrap();
    std::fs::rename(home.join("aside"), home.join("config.toml")).unwrap();
    assert_eq!(desk.sent(), [Some(OLD.to_owned()), None]);
    assert_eq!(desk.keyring.items(&desk.cargo.registries.index("lab")), []);
    assert_eq!(desk.sandbox.read("undone"), "once\n");
    assert!(!desk.sandbox.read("home/config.toml").contains("late"));
}

#[test]
fn what_somebody_else_has_changed_meanwhile_stops_it_before_the_keyring_is_told() {
    let mut desk = desk();
    desk.login(OLD);
    let meddle = format!("#!/bin/sh\nsed -i 's/first/second/' home/config.toml\necho {NEW}\n");
    desk.sandbox.program("meddle", &meddle);
    desk.sandbox
        .ok(&["registry", "add", "late", "sparse+https://first.example/"]);
    let root = desk.sandbox.root().to_path_buf();
    desk.sandbox.cd("");
    let lines = [
        "-c",
        "registry set late --index sparse+https://third.example/",
        "-c",
        "login corp --from command:./meddle",
    ];
    let run = desk.sandbox.run(&lines);
    assert_eq!(run.status, 1, "{} in {}", run.stderr, root.display());
    assert!(
        run.stderr.contains("somebody else has changed"),
        "{}",
        run.stderr
    );
    assert_eq!(desk.sent(), [Some(OLD.to_owned()), None]);
}

#[test]
fn a_keyring_that_dies_between_two_logins_is_named_with_what_it_kept() {
    let mut desk = desk();
    let kill = desk.kills();
    desk.meddles(&kill, "");
    let lines = ["corp", "other", "lab"].map(|name| format!("login {name} --from env:T"));
    let args: Vec<&str> = lines.iter().flat_map(|line| ["-c", line]).collect();
    let failed = desk.sandbox.run(&args);
    assert_eq!(failed.status, 4, "{}", failed.stderr);
    assert_eq!(failed.stdout, "");
    assert!(
        !desk.sandbox.exists("plugged"),
        "the one that lives has undone it"
    );
    let corp = desk.cargo.registries.index("corp");
    let root = desk.sandbox.root().display().to_string();
    let errors = failed
        .stderr
        .split("error: ")
        .nth(1)
        .unwrap()
        .replace(&corp, "<corp>")
        .replace(&root, "<root>");
    expect_test::expect![[r"
        `cargo:libsecret`: no keyring answers on the D-Bus session bus
          at <root>/home/config.toml:4
          failed to get token: The name org.freedesktop.secrets was not provided by any .service files
          and `cargo:libsecret` did not go back to what it held before for `corp`: `cargo:libsecret`: no keyring answers on the D-Bus session bus: failed to erase token: The name org.freedesktop.secrets was not provided by any .service files
        hint: start one (`gnome-keyring-daemon --start`, KWallet, KeePassXC), or use another provider on this machine
    "]].assert_eq(&errors);
}

/// What was logged out of before stays so, and the rest is not said to be.
#[test]
fn a_keyring_that_dies_between_two_logouts_is_named_for_the_second() {
    let mut desk = desk();
    let kill = desk.kills();
    desk.meddles("", &kill);
    let lines = |command: &str| ["corp", "other", "lab"].map(|name| command.replace("NAME", name));
    for line in lines("login NAME --from env:T") {
        desk.sandbox.ok(&["-c", &line]);
    }
    let lines = lines("logout NAME");
    let args: Vec<&str> = lines.iter().flat_map(|line| ["-c", line]).collect();
    let run = desk.sandbox.run(&args);
    assert_eq!(run.status, 4, "{}{}", run.stdout, run.stderr);
    let outcomes = run.stdout.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (registry, provider, outcome) = (words.next()?, words.next()?, words.next()?);
        let is_place = ["cargo:libsecret", "plug-meddles"].contains(&provider);
        is_place.then(|| format!("{registry} {outcome}"))
    });
    let outcomes: Vec<String> = outcomes.collect();
    assert_eq!(
        outcomes,
        ["corp removed", "other removed", "lab failed"],
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("no keyring answers"), "{}", run.stdout);
}

#[test]
fn a_savepoint_forgets_the_logins_after_it_and_sees_those_before() {
    let mut desk = desk();
    desk.login(OLD);
    let show = "token show corp --reveal";
    let login = "login corp --from env:T";
    let lines = [
        "begin",
        login,
        show,
        "rollback",
        show,
        "begin",
        "logout corp",
        "rollback",
        show,
    ];
    let run = desk
        .sandbox
        .reveals()
        .run(&lines.map(|line| ["-c", line]).concat());
    assert_eq!(
        run.stdout,
        format!("{NEW}\n{OLD}\n{OLD}\nunchanged\n"),
        "{}",
        run.stderr
    );
    assert_eq!(desk.sent(), [Some(OLD.to_owned()), None]);

    let lines = [
        login,
        "begin",
        "logout corp",
        "rollback",
        "begin",
        "login lab --from env:T",
        "commit",
    ];
    desk.sandbox.ok(&lines.map(|line| ["-c", line]).concat());
    assert_eq!(desk.sent(), [Some(NEW.to_owned()), Some(NEW.to_owned())]);

    // In and out again comes to nothing.
    desk.sandbox.ok(&["logout", "lab"]);
    let lines = ["-c", "login lab --from env:T", "-c", "logout lab"];
    let run = desk.sandbox.ok(&lines);
    assert!(run.stdout.contains("unchanged"), "{}", run.stdout);
}

#[test]
fn what_is_pending_is_gone_within_the_transaction() {
    let mut desk = desk();
    desk.login(OLD);
    let runner = desk.sandbox.prompt();
    for line in ["begin", "logout corp"] {
        runner.run_line(line).unwrap();
    }
    let error = runner.run_line("token show corp").unwrap_err();
    assert_eq!(error.kind(), credsh::Kind::NotFound);
    assert_eq!(desk.sent()[0].as_deref(), Some(OLD), "nobody else sees it");
    runner.run_line("commit").unwrap();
    assert_eq!(desk.sent()[0], None);
}

/// A change names the provider, and shows of a token its fingerprint.
#[test]
fn changes_name_the_provider_and_show_fingerprints() {
    let mut desk = desk();
    desk.login(OLD);
    let fingerprint = |sandbox: &mut Sandbox| {
        let shown = sandbox.json(&["token", "show", "corp"]);
        shown["fingerprint"].as_str().unwrap().to_owned()
    };
    let old = fingerprint(&mut desk.sandbox);
    let index = desk.cargo.registries.index("corp");
    let only = |run: &Value| {
        let changes = run["changes"].as_array().unwrap();
        assert_eq!(changes.len(), 1, "{run}");
        changes[0].clone()
    };
    // A plan asks nobody.
    let planned = desk
        .sandbox
        .json(&["login", "corp", "--from", "env:T", "--dry-run"]);
    let change = only(&planned);
    assert_eq!(change["provider"], serde_json::json!(["cargo:libsecret"]));
    assert_eq!(change["key"], index.as_str());
    assert_eq!(
        (&change["action"], &change["before"]),
        (&"login".into(), &"unknown".into())
    );
    assert!(change["after"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(planned["committed"], false);
    let planned = desk.sandbox.json(&["logout", "corp", "--dry-run"]);
    assert_eq!(only(&planned)["action"], "logout");
    assert_eq!(desk.sent()[0].as_deref(), Some(OLD));

    let lines = ["-c", "login corp --from env:T", "-c", "diff"];
    let run = desk
        .sandbox
        .ok(&[&["--dry-run"], lines.as_slice()].concat());
    for part in ["cargo:libsecret", "sha256:"] {
        assert!(run.stdout.contains(part), "{}", run.stdout);
    }
    let committed = desk.sandbox.json(&["login", "corp", "--from", "env:T"]);
    let new = fingerprint(&mut desk.sandbox);
    let change = only(&committed);
    assert_eq!(
        (&change["before"], &change["after"]),
        (&old.into(), &new.into())
    );
    assert_eq!(committed["committed"], true);
    assert!(!committed.to_string().contains(SENTINEL));
    assert_eq!(desk.items(), [labelled("cargo-registry:corp")]);
}
