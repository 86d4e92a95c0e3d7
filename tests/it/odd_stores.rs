//! Stores that are not what a commit expects: somebody else writes into them meanwhile, they fail when half of it is
//! done, or know a registry by something else than its index. No token gets lost, and what is said is what is so.

use serde_json::{Value as Json, json};

use crate::harness::Sandbox;
use crate::steps::{NEW, OLD};

pub const CORP: &str = "sparse+https://corp.example/index/";
pub const LAB: &str = "sparse+https://lab.example/index/";
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
    else
        is mints && fresh=-minted-$(wc -w <requests)
        printf '{"Ok":{"kind":"get","token":"%s%s","cache":"session","operation_independent":true}}\n' "$(cat "$file")" "$fresh"
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
    elif is pretends; then echo '{"Ok":{"kind":"logout"}}'
    elif is dies; then rm -f "$file"; kill -9 $PPID
    elif is late; then rm -f "$file"; echo "$failed"
    else rm -f "$file"; echo '{"Ok":{"kind":"logout"}}'
    fi ;;
*) echo '{"Err":{"kind":"operation-not-supported"}}' ;;
esac
"#;

pub struct Odd {
    pub sandbox: Sandbox,
    folder: tempfile::TempDir,
}

impl Odd {
    /// `corp` and `lab`, each with a provider.
    pub fn new(corp: &str, lab: &str) -> Self {
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

    pub fn put(&self, index: &str, token: &str) {
        let file = self.folder.path().join(index.replace('/', "_"));
        std::fs::write(file, token).unwrap();
    }

    pub fn token(&self, index: &str) -> Option<String> {
        let file = self.folder.path().join(index.replace('/', "_"));
        std::fs::read_to_string(file).ok()
    }

    pub fn requests(&self) -> String {
        let file = self.folder.path().join("requests");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let _ = std::fs::remove_file(file);
        text.trim().to_owned()
    }

    /// The places of a logout, and its status.
    fn logout(&mut self) -> (u8, Json) {
        let run = self.sandbox.run(&["--json", "logout", "corp"]);
        let document: Json = serde_json::from_str(&run.stdout).unwrap();
        (run.status, document)
    }
}

const BATCH: [&str; 4] = [
    "-c",
    "login corp --from env:NEW",
    "-c",
    "login lab --from command:meanwhile",
];

#[test]
fn a_token_that_somebody_else_has_stored_meanwhile_is_not_overwritten() {
    let told = "somebody else has changed the token of `corp` in `odd` since it was asked for";
    for before in [None, Some(OLD)] {
        for lab in ["odd", "odd full"] {
            let mut odd = Odd::new("odd", lab);
            if let Some(before) = before {
                odd.put(CORP, before);
            }
            let failed = odd.sandbox.fails(1, &BATCH);
            assert!(failed.stderr.contains(told), "{}", failed.stderr);
            assert_eq!(odd.token(CORP).as_deref(), Some(THEIRS), "{failed:?}");
            assert_eq!(odd.token(LAB), None);
        }
    }
}

#[test]
fn yes_overwrites_what_somebody_else_has_stored_and_undoing_gives_it_back() {
    let yes = [&["--yes"], &BATCH[..]].concat();
    let mut odd = Odd::new("odd", "odd");
    odd.put(CORP, OLD);
    odd.sandbox.ok(&yes);
    assert_eq!(odd.token(CORP).as_deref(), Some(NEW));

    let mut odd = Odd::new("odd", "odd full");
    odd.put(CORP, OLD);
    odd.sandbox.fails(1, &yes);
    assert_eq!(odd.token(CORP).as_deref(), Some(THEIRS));
}

#[test]
fn a_token_that_somebody_else_has_stored_meanwhile_is_not_forgotten() {
    let mut odd = Odd::new("odd", "odd");
    odd.put(CORP, OLD);
    let lines = [
        "-c",
        "logout corp",
        "-c",
        "login lab --from command:meanwhile",
    ];
    let run = odd.sandbox.run(&lines);
    assert_eq!(run.status, 1, "{run:?}");
    let told = "somebody else has changed the token of `corp` in `odd` since it was asked for";
    assert!(run.stdout.contains(told), "{run:?}");
    assert_eq!(odd.token(CORP).as_deref(), Some(THEIRS));
    assert_eq!(odd.token(LAB).as_deref(), Some(NEW));
}

/// The ledger does not show it: a renewal on the same day changes nothing there.
#[test]
fn a_token_of_credsh_s_own_that_was_renewed_meanwhile_is_not_overwritten() {
    let mut odd = Odd::new("credsh", "odd full");
    let login = "login corp --store sealed --from";
    odd.sandbox.ok(&["-c", &format!("{login} env:NEW")]);
    let credsh = format!(
        "#!/bin/sh\n'{}' login corp --store sealed --from env:THEIRS >&2 || exit 1\necho {NEW}\n",
        env!("CARGO_BIN_EXE_credsh")
    );
    crate::harness::program(&odd.folder.path().join("bin/meanwhile"), &credsh);
    odd.sandbox.env("T", OLD);
    let first = format!("{login} env:T");
    let run = odd
        .sandbox
        .run(&["-c", &first, "-c", "login lab --from command:meanwhile"]);
    assert_eq!(run.status, 1, "{run:?}");
    let told = "somebody else has changed the token of `corp` in `credsh`";
    assert!(run.stderr.contains(told), "{run:?}");
    let shown = odd
        .sandbox
        .reveals()
        .ok(&["token", "show", "corp", "--reveal"]);
    assert_eq!(shown.stdout.trim(), THEIRS);
}

#[test]
fn a_new_index_does_not_take_the_token_from_a_store_that_does_not_look_at_the_index() {
    let mut odd = Odd::new("odd one", "odd");
    odd.put("one", OLD);
    let run = odd
        .sandbox
        .run(&["registry", "set", "corp", "--index", LAB, "--move-token"]);
    // The index of `lab`.
    assert_eq!(run.status, 1, "{run:?}");
    let new = "sparse+https://new.example/index/";
    let run = odd
        .sandbox
        .ok(&["registry", "set", "corp", "--index", new, "--move-token"]);
    assert_eq!(odd.token("one").as_deref(), Some(OLD), "{run:?}");
    let told = "as one does that does not tell the two registries apart, so it stays there";
    assert!(run.stderr.contains(told), "{run:?}");
    // No logout, which a kill would have left without the login that gives it back.
    assert_eq!(odd.requests(), "get get");
    odd.sandbox.ok(&["token", "show", "corp"]);
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
fn a_login_that_fails_and_has_removed_the_old_token_is_undone() {
    let mut odd = Odd::new("odd fills", "odd");
    odd.put(CORP, OLD);
    // It takes no token back either: that is said.
    let failed = odd
        .sandbox
        .fails(1, &["login", "corp", "--from", "env:NEW"]);
    let told = "`odd fills` did not go back to what it held before for `corp`";
    assert!(failed.stderr.contains(told), "{failed:?}");

    // One that fails with this token only.
    let mut odd = Odd::new("odd", "odd");
    odd.put(CORP, OLD);
    let program = ODD
        .replace("FOLDER", odd.folder.path().to_str().unwrap())
        .replace("is fills", &format!("is {NEW}"));
    crate::harness::program(&odd.folder.path().join("bin/odd"), &program);
    let failed = odd
        .sandbox
        .fails(1, &["login", "corp", "--from", "env:NEW"]);
    assert_eq!(odd.token(CORP).as_deref(), Some(OLD), "{failed:?}");
    assert!(failed.stderr.contains("the disk is full"), "{failed:?}");
}

#[test]
fn what_only_pretends_to_be_undone_is_named() {
    let mut odd = Odd::new("odd pretends", "odd full");
    let batch = [
        "-c",
        "login corp --from env:NEW",
        "-c",
        "login lab --from env:NEW",
    ];
    let failed = odd.sandbox.fails(1, &batch);
    assert_eq!(odd.token(CORP).as_deref(), Some(NEW));
    let told = "`odd pretends` did not go back to what it held before for `corp`";
    assert!(failed.stderr.contains(told), "{}", failed.stderr);
}

#[test]
fn a_login_that_fails_where_nobody_knows_what_is_left_says_so() {
    let mut odd = Odd::new("odd closes", "odd");
    odd.put(CORP, OLD);
    let failed = odd
        .sandbox
        .fails(1, &["login", "corp", "--from", "env:NEW"]);
    for told in [
        "the disk is full",
        "what `odd closes` holds for `corp` now is not known",
    ] {
        assert!(failed.stderr.contains(told), "{failed:?}");
    }
}

#[test]
fn a_logout_that_fails_once_the_token_is_gone_has_removed_it() {
    let mut odd = Odd::new("odd late", "odd");
    odd.put(CORP, OLD);
    let (status, told) = odd.logout();
    assert_eq!(status, 0, "{told:#}");
    assert_eq!(told["places"][0]["outcome"], "removed", "{told:#}");
    assert_eq!(odd.token(CORP), None);
}

#[test]
fn two_names_of_one_store_keep_the_token_though_the_logout_fails() {
    let mut odd = Odd::new("odd late", "odd");
    odd.put(CORP, OLD);
    let run = odd.sandbox.run(&[
        "login",
        "corp",
        "--provider",
        "odd other",
        "--from",
        "provider:odd late",
        "--move",
    ]);
    assert_eq!(odd.token(CORP).as_deref(), Some(OLD), "{run:?}");
    assert_eq!(run.status, 1, "{run:?}");
    let told = "are one store, so the token stays there";
    assert!(run.stdout.contains(told), "{run:?}");
}

#[test]
fn a_logout_reaches_a_token_that_is_for_publishing_only() {
    let mut odd = Odd::new("odd publishes", "odd");
    odd.put(CORP, OLD);
    let (status, told) = odd.logout();
    assert_eq!(status, 0, "{told:#}");
    assert_eq!(told["places"][0]["outcome"], "removed", "{told:#}");
    assert_eq!(odd.token(CORP), None);
    odd.requests();
    // A logout is sent as Cargo would, and changes nothing.
    let (status, told) = odd.logout();
    assert_eq!(status, 0, "{told:#}");
    assert_eq!(told["places"][0]["outcome"], "absent", "{told:#}");
    assert_eq!(told["changes"], json!([]), "{told:#}");
    assert_eq!(odd.requests(), "get get logout");
}

#[test]
fn a_store_that_has_nothing_and_forgets_nothing_is_empty() {
    let mut odd = Odd::new("odd stubborn", "odd");
    let (status, told) = odd.logout();
    assert_eq!(status, 0, "{told:#}");
    assert_eq!(told["places"][0]["outcome"], "absent", "{told:#}");
    assert_eq!(told["changes"], json!([]), "{told:#}");
    odd.put(CORP, OLD);
    let (status, told) = odd.logout();
    assert_eq!(status, 1, "{told:#}");
    assert_eq!(told["places"][0]["outcome"], "kept", "{told:#}");
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

#[test]
fn a_move_with_a_scheme_says_what_the_old_place_had() {
    let mut odd = Odd::new("odd one", "odd");
    odd.put("one", OLD);
    let document = odd.sandbox.json(&[
        "login",
        "corp",
        "--provider",
        "odd",
        "--from",
        "provider:odd one",
        "--move",
        "--scheme",
        "bearer",
    ]);
    assert_eq!(odd.token(CORP), Some(format!("Bearer {OLD}")));
    assert_eq!(odd.token("one"), None);
    let changes = document["changes"].as_array().unwrap();
    let of = |action: &str| changes.iter().find(|change| change["action"] == action);
    let (login, logout) = (of("login").unwrap(), of("logout").unwrap());
    assert!(logout["before"].is_string(), "{document:#}");
    assert_ne!(logout["before"], login["after"], "{document:#}");
}

/// Credsh is who takes the token in the end, in the middle of a commit of its own.
#[test]
fn a_login_that_is_passed_on_to_credsh_does_not_wait_for_itself() {
    let chain = |odd: &Odd| {
        odd.sandbox.write(
            "home/config.toml",
            format!(
                "[registries.corp]\nindex = '{CORP}'\n[registries.lab]\nindex = '{LAB}'\ncredential-provider = 'odd full'\n\
                 [registry]\nglobal-credential-providers = ['credsh --store sealed', 'odd elsewhere']\n"
            ),
        );
    };
    let mut odd = Odd::new("odd", "odd");
    chain(&odd);
    let begun = std::time::Instant::now();
    let run = odd.sandbox.ok(&["login", "corp", "--from", "env:NEW"]);
    assert!(begun.elapsed().as_secs() < 20, "{run:?}");
    let told = "`odd elsewhere` does not take `corp`, so `credsh --store sealed` does";
    assert!(run.stderr.contains(told), "{run:?}");
    let list = odd.sandbox.json(&["token", "list"]);
    assert_eq!(list["tokens"][0]["store"], "sealed", "{list:#}");
    odd.sandbox.ok(&["token", "show", "corp"]);
    // What was there before comes back with a failure.
    odd.sandbox.fails(
        1,
        &[
            "-c",
            "login corp --from env:THEIRS",
            "-c",
            "login lab --from env:NEW",
        ],
    );
    let shown = odd
        .sandbox
        .reveals()
        .ok(&["token", "show", "corp", "--reveal"]);
    assert_eq!(shown.stdout.trim(), NEW);
    odd.sandbox
        .ok(&["-c", "logout corp", "-c", "login corp --from env:THEIRS"]);
    let shown = odd
        .sandbox
        .reveals()
        .ok(&["token", "show", "corp", "--reveal"]);
    assert_eq!(shown.stdout.trim(), THEIRS);
    odd.sandbox.ok(&["logout", "corp"]);
    assert_eq!(odd.sandbox.json(&["token", "list"])["tokens"], json!([]));
}

/// A provider may ask its owner at each.
#[test]
fn a_change_asks_once_more_than_it_takes_to_know_that_there_is_one() {
    let mut odd = Odd::new("odd", "odd");
    let login = ["login", "corp", "--from", "env:NEW"];
    odd.sandbox.ok(&login);
    // Each time for a token to publish with, too, as there is none to read with.
    assert_eq!(odd.requests(), "get get get get login");
    odd.sandbox.ok(&login);
    assert_eq!(odd.requests(), "get");
    odd.sandbox.ok(&["logout", "corp"]);
    // The last one is for a token to publish with.
    assert_eq!(odd.requests(), "get get logout get get");
}
