//! What stays under a name in some file, whether Cargo reads that or passes it over for another one: who comes for the
//! name is told of it, and who takes the name away finds it.

use crate::harness::{SENTINEL, Sandbox};

const INDEX: &str = "sparse+https://corp.example/";
const WORK: &str = "sparse+https://work.example/";

fn with_corp() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.env("T", format!("{SENTINEL}-of-corp-0123456789"));
    sandbox.ok(&["registry", "add", "corp", INDEX]);
    sandbox
}

fn token(of: &str) -> String {
    format!("[registries.{of}]\ntoken = \"{SENTINEL}-of-{of}-0123456789\"\n")
}

/// Where `credentials` stands beside `credentials.toml`, Cargo reads the first alone.
#[test]
fn a_token_in_the_file_that_cargo_passes_over_goes_along_or_is_asked_for() {
    let token =
        |name: &str| format!("[registries.{name}]\ntoken = \"{SENTINEL}-0123456789\" # mine\n");
    let mut sandbox = with_corp();
    sandbox
        .write("home/credentials", "")
        .write("home/credentials.toml", token("corp"));
    let set = [
        "registry",
        "set",
        "corp",
        "--index",
        "sparse+https://new.example/",
    ];
    let refused = sandbox.fails(1, &set);
    assert!(
        refused.stderr.contains("credentials.toml:2"),
        "{}",
        refused.stderr
    );
    sandbox.ok(&["registry", "rename", "corp", "work"]);
    assert_eq!(sandbox.read("home/credentials.toml"), token("work"));
    assert_eq!(sandbox.read("home/credentials"), "");
}

#[test]
fn a_token_that_a_name_has_left_is_warned_of_where_it_comes_back() {
    let mut sandbox = with_corp();
    let left = format!("[registries.work]\ntoken = \"{SENTINEL}-0123456789\"\n");
    sandbox.write("home/credentials.toml", &left);
    let told = "there is a token of `work` already, at ";
    for args in [
        &[
            "registry",
            "add",
            "work",
            "sparse+https://work.example/",
            "--dry-run",
        ] as &[&str],
        &["registry", "rename", "corp", "work", "--dry-run"],
    ] {
        let run = sandbox.ok(args);
        assert!(run.stderr.contains(told), "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains("credentials.toml:2"), "{}", run.stderr);
    }
    let run = sandbox.ok(&["registry", "add", "other", "sparse+https://other.example/"]);
    assert!(!run.stderr.contains("already"), "{}", run.stderr);
}

#[test]
fn a_token_that_is_kept_keeps_what_belongs_to_it() {
    let mut sandbox = with_corp();
    let credentials = format!(
        "[registries.corp]\nsecret-key = \"k3.secret.{SENTINEL}-0123456789\"\nsecret-key-subject = \"me\"\nother = [1, 2]\n\n[registries.corp.extra]\nn = 1\n"
    );
    sandbox.write("home/credentials.toml", &credentials);
    let run = sandbox.ok(&["registry", "remove", "corp", "--keep-token"]);
    assert!(!run.stdout.contains("secret-key"), "{}", run.stdout);
    assert_eq!(sandbox.read("home/credentials.toml"), credentials);
    assert_eq!(sandbox.read("home/config.toml"), "");

    let keys =
        format!("secret-key = \"k3.secret.{SENTINEL}-0123456789\"\nsecret-key-subject = \"me\"\n");
    let config = format!("[registries.corp]\nindex = \"{INDEX}\"\n{keys}");
    sandbox.write("home/config.toml", &config);
    sandbox.ok(&["registry", "remove", "corp", "--keep-token"]);
    assert_eq!(
        sandbox.read("home/config.toml"),
        format!("[registries.corp]\n{keys}")
    );
    sandbox.write("home/config.toml", &config);
    sandbox.ok(&["registry", "remove", "corp"]);
    assert_eq!(sandbox.read("home/config.toml"), "");
    assert_eq!(sandbox.read("home/credentials.toml"), "");
}

/// The one that moves takes the place of the one that is there: that is said, and nothing that is not so.
#[test]
fn a_token_whose_place_another_takes_is_told() {
    let mut sandbox = with_corp();
    sandbox.write(
        "home/credentials.toml",
        [token("corp"), token("work")].concat(),
    );
    let run = sandbox.ok(&["registry", "rename", "corp", "work"]);
    let told = "there is a token of `work` already, at ";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert!(
        run.stderr.contains("that of `corp` takes its place"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("logout"), "{}", run.stderr);
    let text = sandbox.read("home/credentials.toml");
    assert!(
        text.contains("of-corp") && !text.contains("of-work"),
        "{text}"
    );
}

/// A provider counts for whatever registry gets the name, and a name without an index can be removed.
#[test]
fn a_provider_without_an_index_is_told_and_goes() {
    let mut sandbox = with_corp();
    let left = "[registries.work]\ncredential-provider = \"stale\"\n";
    let config = format!("{}\n{left}", sandbox.read("home/config.toml"));
    sandbox.write("home/config.toml", &config);
    let run = sandbox.ok(&["registry", "add", "work", WORK, "--dry-run"]);
    let told = "`registries.work.credential-provider` is there already, at ";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    let set = ["registry", "add", "work", WORK, "--provider", "cargo:token"];
    let run = sandbox.ok(&[&set[..], &["--dry-run"]].concat());
    assert!(!run.stderr.contains("already"), "{}", run.stderr);
    let failed = sandbox.fails(1, &["registry", "rename", "corp", "work"]);
    assert!(
        failed.stderr.contains("`registry remove work`"),
        "{}",
        failed.stderr
    );
    sandbox.ok(&["registry", "remove", "work"]);
    sandbox.ok(&["registry", "rename", "corp", "work"]);
    assert!(!sandbox.read("home/config.toml").contains("stale"));
}

/// Both files of a name, of which Cargo reads one alone.
#[test]
fn what_cargo_passes_over_is_found_by_whoever_takes_it_away() {
    let mut sandbox = with_corp();
    let reset = |sandbox: &mut Sandbox| {
        sandbox
            .write("home/credentials", "")
            .write("home/credentials.toml", token("gone"));
    };
    for args in [
        &["logout", "gone"] as &[&str],
        &["logout", "--all", "--yes"],
    ] {
        reset(&mut sandbox);
        let run = sandbox.ok(args);
        assert!(run.stdout.contains("removed"), "{args:?}: {}", run.stdout);
        let text = sandbox.read("home/credentials.toml");
        assert!(!text.contains(SENTINEL), "{args:?}: {text}");
    }
    reset(&mut sandbox);
    let run = sandbox.ok(&["registry", "add", "gone", WORK]);
    assert!(
        run.stderr.contains("would send to this index"),
        "{}",
        run.stderr
    );

    // A name without a token there is nobody to log out of, and what is no TOML is of no concern.
    sandbox.write(
        "home/credentials.toml",
        "[registries.old]\nsecret-key = \"x\"\n",
    );
    sandbox.ok(&["logout", "--all"]);
    sandbox.write("home/credentials.toml", "x = [");
    sandbox.fails(3, &["logout", "nobody"]);
    sandbox.ok(&["registry", "remove", "gone", "--keep-token"]);

    // What is kept is kept there, too.
    sandbox.write("home/credentials.toml", token("corp"));
    sandbox.ok(&["registry", "remove", "corp", "--keep-token"]);
    assert_eq!(sandbox.read("home/credentials.toml"), token("corp"));
    sandbox.ok(&["registry", "add", "corp", INDEX]);

    // The registry itself, and its secret key.
    let key = format!(
        "{}secret-key = \"k3.secret.{SENTINEL}-0123456789\"\n",
        token("corp")
    );
    let config = sandbox.read("home/config.toml");
    sandbox
        .write("home/config", &config)
        .write("home/credentials.toml", key);
    sandbox.ok(&["registry", "remove", "corp"]);
    for file in ["config", "config.toml", "credentials", "credentials.toml"] {
        let text = sandbox.read(&format!("home/{file}"));
        assert!(!text.contains("corp"), "{file}: {text}");
    }
}

/// The old layout's token of crates.io counts again as soon as nothing says `registry` any more.
#[test]
fn a_token_that_nobody_reads_now_goes_as_well() {
    let mut sandbox = Sandbox::new();
    let text = format!(
        "token = \"{SENTINEL}-0123456789\"\n\n[registry]\nglobal-credential-providers = [\"cargo:token\"]\n"
    );
    for args in [&["logout"] as &[&str], &["logout", "--all"]] {
        sandbox.write("home/credentials.toml", &text);
        let run = sandbox.ok(args);
        assert!(run.stdout.contains("removed"), "{args:?}: {}", run.stdout);
        sandbox.ok(&["provider", "remove", "cargo:token"]);
        sandbox.fails(3, &["status", "crates-io"]);
    }
    // Or in the file that Cargo passes over.
    let text = format!("token = \"{SENTINEL}-0123456789\"\n");
    sandbox
        .write("home/credentials", "")
        .write("home/credentials.toml", text);
    let run = sandbox.ok(&["logout"]);
    assert!(run.stdout.contains("removed"), "{}", run.stdout);
    assert_eq!(sandbox.read("home/credentials.toml"), "");
}

/// A file that the credentials include is no project's.
#[test]
fn a_token_in_a_file_that_the_credentials_include_is_no_projects() {
    let mut sandbox = with_corp();
    sandbox
        .write("home/credentials.toml", "include = [\"sub/more.toml\"]\n")
        .write("home/sub/more.toml", token("corp"));
    let run = sandbox.ok(&["logout", "corp"]);
    assert!(run.stdout.contains("removed"), "{}", run.stdout);
    assert_eq!(sandbox.read("home/sub/more.toml"), "");
}

/// One file that is passed over and included all the same is one.
#[test]
fn a_file_that_is_included_is_not_passed_over() {
    let mut sandbox = with_corp();
    sandbox
        .write("home/credentials", "include = [\"credentials.toml\"]\n")
        .write("home/credentials.toml", token("corp"));
    let run = sandbox.ok(&["logout", "corp"]);
    assert_eq!(run.stdout.matches("removed").count(), 1, "{}", run.stdout);
}
