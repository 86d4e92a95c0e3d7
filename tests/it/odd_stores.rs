//! Stores that are not what a commit expects: somebody else writes into them meanwhile, they fail when half of it is
//! done, or know a registry by something else than its index. No token gets lost, and what is said is what is so.

use serde_json::{Value as Json, json};

use crate::harness::Sandbox;
use crate::steps::{NEW, OLD};

const CORP: &str = "sparse+https://corp.example/index/";
const LAB: &str = "sparse+https://lab.example/index/";
const THEIRS: &str = "sentinel-theirs-0123456789abcdef";

/// A plugin that keeps tokens in files of a folder; how it is odd is among its arguments.
const ODD: &str = r#"#!/bin/sh
cd 'FOLDER' || exit 1
echo '{"v":[1]}'
read -r request
part() { printf '%s' "$request" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
is() { case "$request" in *"\"$1\""*) true ;; *) false ;; esac; }
file=$(part index-url | tr / _)
is one && file=one
none='{"Err":{"kind":"not-found"}}'
failed='{"Err":{"kind":"other","message":"the disk is full"}}'
printf '%s ' "$(part kind)" >>requests
case "$(part kind)" in
get)
    if [ -f closed ]; then echo "$failed"
    elif [ ! -f "$file" ]; then echo "$none"
    elif is publishes && ! is publish; then echo "$none"
    else printf '{"Ok":{"kind":"get","token":"%s","cache":"session","operation_independent":true}}\n' "$(cat "$file")"
    fi ;;
login)
    if is elsewhere; then echo '{"Err":{"kind":"url-not-supported"}}'
    elif is full; then echo "$failed"
    elif is fills; then rm -f "$file"; echo "$failed"
    elif is closes; then rm -f "$file"; : >closed; echo "$failed"
    else printf %s "$(part token)" >"$file"; echo '{"Ok":{"kind":"login"}}'
    fi ;;
logout)
    if is stubborn; then echo '{"Err":{"kind":"operation-not-supported"}}'
    elif [ ! -f "$file" ]; then echo "$none"
    elif is late; then rm -f "$file"; echo "$failed"
    else rm -f "$file"; echo '{"Ok":{"kind":"logout"}}'
    fi ;;
*) echo '{"Err":{"kind":"operation-not-supported"}}' ;;
esac
"#;

struct Odd {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
}

impl Odd {
    /// `corp` and `lab`, each with a provider.
    fn new(corp: &str, lab: &str) -> Self {
        let mut sandbox = Sandbox::new();
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        let program = ODD.replace("FOLDER", folder.path().to_str().unwrap());
        crate::harness::program(&bin.join("odd"), &program);
        // Somebody else logs in while the token is fetched.
        let meanwhile = format!(
            "#!/bin/sh\nprintf %s {THEIRS} >{}/{}\necho {NEW}\n",
            folder.path().display(),
            CORP.replace('/', "_")
        );
        crate::harness::program(&bin.join("meanwhile"), &meanwhile);
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_credsh"), bin.join("credsh")).unwrap();
        sandbox.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
        sandbox.env("NEW", NEW);
        sandbox.env("THEIRS", THEIRS);
        sandbox.write(
            "home/config.toml",
            format!(
                "[registries.corp]\nindex = '{CORP}'\ncredential-provider = '{corp}'\n\
                 [registries.lab]\nindex = '{LAB}'\ncredential-provider = '{lab}'\n"
            ),
        );
        Self { sandbox, folder }
    }

    fn put(&self, index: &str, token: &str) {
        let file = self.folder.path().join(index.replace('/', "_"));
        std::fs::write(file, token).unwrap();
    }

    fn token(&self, index: &str) -> Option<String> {
        let file = self.folder.path().join(index.replace('/', "_"));
        std::fs::read_to_string(file).ok()
    }

    /// The places of a logout, and its status.
    fn logout(&mut self) -> (u8, Json) {
        let run = self.sandbox.run(&["--json", "logout", "corp"]);
        let document: Json = serde_json::from_str(&run.stdout).unwrap();
        (run.status, document)
    }
}

#[test]
fn a_round_trip_takes_no_token_from_a_store_that_does_not_look_at_the_index() {
    let mut odd = Odd::new("odd one", "odd");
    odd.put("one", OLD);
    let words = ["provider", "test", "--login", "--", "odd", "one"];
    let run = odd.sandbox.run(&words);
    assert_eq!(odd.token("one").as_deref(), Some(OLD), "{run:?}");
    assert_eq!(run.status, 1, "{run:?}");
    let told = "gives a token for an index that nobody can have";
    assert!(run.stdout.contains(told), "{run:?}");
    // One whose logout has failed in an earlier test is no secret.
    odd.put("one", "credsh-conformance-test-is-not-a-token");
    odd.sandbox.ok(&words);
    assert_eq!(odd.token("one"), None);
}

#[test]
fn a_variable_that_cargo_ignores_does_not_make_a_logout_fail() {
    let name = "CARGO_REGISTRIES_CORP_TOKEN";
    let mut odd = Odd::new("odd", "odd");
    odd.sandbox.env(name, THEIRS);
    let (status, told) = odd.logout();
    assert_eq!(status, 0, "{told:#}");
    let rows = told["places"].as_array().unwrap();
    let row = rows.iter().find(|row| row["place"]["env"] == name).unwrap();
    assert_eq!(row["outcome"], "kept", "{told:#}");

    let mut odd = Odd::new("cargo:token", "odd");
    odd.sandbox.env(name, THEIRS);
    assert_eq!(odd.logout().0, 1);
}

#[test]
fn a_logout_leaves_tokens_of_credsh_s_that_its_provider_does_not_give() {
    let mut odd = Odd::new("credsh --label prod", "odd");
    for label in ["prod", "dev"] {
        odd.sandbox.ok(&[
            "login",
            "corp",
            "--from",
            "env:NEW",
            "--store",
            "sealed",
            "--label",
            label,
            "--operations",
            if label == "prod" { "publish" } else { "read" },
        ]);
    }
    let (status, told) = odd.logout();
    assert_eq!(status, 0, "{told:#}");
    let rows = told["places"].as_array().unwrap().iter();
    let rows: Vec<_> = rows
        .filter(|row| row["place"]["label"].is_string())
        .map(|row| (&row["place"]["label"], &row["outcome"]))
        .collect();
    assert_eq!(json!(rows), json!([["prod", "removed"], ["dev", "kept"]]));
    let left = odd.sandbox.json(&["token", "list"]);
    assert_eq!(left["tokens"][0]["label"], "dev", "{left:#}");
}

/// `corp` has a token in each of Cargo's files.
fn shadowed(other: &str) -> Odd {
    let odd = Odd::new("cargo:token", "odd");
    odd.sandbox.write(
        "home/credentials.toml",
        format!("[registries.corp]\ntoken = '{OLD}'\n"),
    );
    let config = odd.sandbox.read("home/config.toml");
    let config = config.replacen(
        "[registries.corp]",
        &format!("[registries.corp]\ntoken = '{other}'"),
        1,
    );
    odd.sandbox.write("home/config.toml", config);
    odd
}

const MOVES: [&str; 7] = [
    "login",
    "corp",
    "--provider",
    "odd",
    "--from",
    "provider:cargo:token",
    "--move",
];

#[test]
fn a_move_takes_no_other_token_away() {
    // Nobody to ask.
    let mut odd = shadowed(THEIRS);
    let failed = odd.sandbox.fails(1, &MOVES);
    assert!(failed.stderr.contains("home/config.toml"), "{failed:?}");
    assert_eq!(odd.token(CORP), None);
    for (answer, is_left) in [(false, true), (true, false)] {
        let mut odd = shadowed(THEIRS);
        odd.sandbox.answers(&[answer]).ok(&MOVES);
        assert_eq!(odd.token(CORP).as_deref(), Some(OLD));
        assert!(!odd.sandbox.read("home/credentials.toml").contains(OLD));
        let config = odd.sandbox.read("home/config.toml");
        assert_eq!(config.contains(THEIRS), is_left);
    }
    // The same one goes from both.
    let mut odd = shadowed(OLD);
    odd.sandbox.ok(&MOVES);
    assert!(!odd.sandbox.read("home/config.toml").contains("token ="));
}
