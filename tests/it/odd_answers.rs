//! Stores whose answers cannot be compared as they are: another token at each get, or none for a read. No token gets
//! lost, and nobody is said to have changed it who has not.

use serde_json::{Value as Json, json};

use crate::odd_stores::{CORP, LAB, Odd};
use crate::steps::{NEW, OLD};

#[test]
fn a_failed_login_leaves_what_tokens_are_made_from() {
    let mut odd = Odd::new("odd mints full", "odd");
    odd.put(CORP, OLD);
    let failed = odd
        .sandbox
        .fails(1, &["login", "corp", "--from", "env:NEW"]);
    assert!(failed.stderr.contains("the disk is full"), "{failed:?}");
    assert_eq!(odd.token(CORP).as_deref(), Some(OLD), "{failed:?}");
    assert!(!odd.requests().ends_with("login"));
}

#[test]
fn a_store_that_makes_a_token_for_each_get_logs_in_and_out() {
    let mut odd = Odd::new("odd mints", "odd full");
    odd.put(CORP, OLD);
    odd.sandbox.ok(&["login", "corp", "--from", "env:NEW"]);
    assert_eq!(odd.token(CORP).as_deref(), Some(NEW));
    // What was there before is not known, so nothing takes the place of the new one.
    let failed = odd.sandbox.fails(
        1,
        &[
            "-c",
            "login corp --from env:THEIRS",
            "-c",
            "login lab --from env:NEW",
        ],
    );
    let told = "`odd mints` keeps the new token of `corp`";
    assert!(failed.stderr.contains(told), "{failed:?}");
    let kept = odd.token(CORP).unwrap();
    assert!(!kept.contains("minted"), "{kept}");
    odd.sandbox.ok(&["logout", "corp"]);
    assert_eq!(odd.token(CORP), None);
    odd.put(CORP, OLD);
    let words = ["registry", "remove", "corp"];
    odd.sandbox.ok(&words);
    assert_eq!(odd.token(CORP), None);
}

#[test]
fn what_tokens_are_made_from_does_not_move() {
    let told =
        "`odd mints one` makes a token for each get, and what it makes them from cannot be moved";
    for yes in [&[][..], &["--yes"]] {
        let mut odd = Odd::new("odd mints one", "odd");
        odd.put("one", OLD);
        let before = odd.sandbox.snapshot();
        let from = ["--from", "provider:odd mints one", "--move"];
        for provider in ["odd", "cargo:token", "credsh --store sealed"] {
            let words = [&["login", "corp", "--provider", provider], &from[..], yes].concat();
            let failed = odd.sandbox.fails(1, &words);
            assert!(failed.stderr.contains(told), "{failed:?}");
        }
        assert_eq!(odd.token("one").as_deref(), Some(OLD));
        assert_eq!(odd.token(CORP), None);
        assert!(before == odd.sandbox.snapshot());
        let requests = odd.requests();
        assert!(!requests.contains("log"), "{requests}");
    }
    // Nor along to another index.
    let mut odd = Odd::new("odd mints", "odd");
    odd.put(CORP, OLD);
    let new = "sparse+https://new.example/index/";
    let set = ["registry", "set", "corp", "--index", new, "--move-token"];
    let failed = odd.sandbox.fails(1, &set);
    assert!(
        failed.stderr.contains(&told.replace(" one", "")),
        "{failed:?}"
    );
    assert_eq!(odd.token(CORP).as_deref(), Some(OLD));
    assert_eq!(odd.token(new), None);
}

#[test]
fn a_token_does_not_move_to_what_gives_it_for_publishing_only() {
    let told =
        "`odd publishes` does not give back the token that it was given, so it stays where it is";
    let to = ["login", "corp", "--provider", "odd publishes", "--move"];
    let other = "sentinel-other-0123456789abcdef";
    for held in [None, Some(OLD), Some(other)] {
        let mut odd = Odd::new("cargo:token", "odd");
        if let Some(held) = held {
            odd.put(CORP, held);
        }
        let credentials = format!("[registries.corp]\ntoken = '{OLD}'\n");
        odd.sandbox.write("home/credentials.toml", &credentials);
        let from_file = [&to[..], &["--from", "provider:cargo:token"]].concat();
        let failed = odd.sandbox.fails(1, &from_file);
        assert!(failed.stderr.contains(told), "{failed:?}");
        assert_eq!(odd.sandbox.read("home/credentials.toml"), credentials);
        assert_eq!(odd.token(CORP).as_deref(), held);
        odd.sandbox.ok(&["status", "corp", "--ask"]);
    }
    // A login of the same batch that had nothing to prove.
    let mut odd = Odd::new("odd publishes", "odd");
    let credentials = format!("[registries.corp]\ntoken = '{OLD}'\n");
    odd.sandbox.write("home/credentials.toml", &credentials);
    odd.sandbox.env("T", OLD);
    let moves = "login corp --from provider:cargo:token --move";
    let batch = ["-c", "login corp --from env:T", "-c", moves];
    let failed = odd.sandbox.fails(1, &batch);
    assert!(failed.stderr.contains(told), "{failed:?}");
    assert_eq!(odd.sandbox.read("home/credentials.toml"), credentials);
    assert_eq!(odd.token(CORP), None);

    let mut odd = Odd::new("odd one", "odd");
    odd.put("one", OLD);
    odd.put(CORP, OLD);
    let from_plugin = [&to[..], &["--from", "provider:odd one"]].concat();
    let failed = odd.sandbox.fails(1, &from_plugin);
    assert!(failed.stderr.contains(told), "{failed:?}");
    assert_eq!(odd.token("one").as_deref(), Some(OLD));
}

#[test]
fn a_logout_of_what_somebody_else_has_stored_says_how_it_is_done_all_the_same() {
    let mut odd = Odd::new("odd", "odd");
    odd.put(CORP, OLD);
    let lines = [
        "-c",
        "logout corp",
        "-c",
        "login lab --from command:meanwhile",
    ];
    let run = odd.sandbox.run(&lines);
    let told = "or forget it with `--yes`";
    assert!(run.stdout.contains(told), "{run:?}");
    odd.put(CORP, OLD);
    odd.sandbox.ok(&[&["--yes"], &lines[..]].concat());
    assert_eq!(odd.token(CORP), None);
}

#[test]
fn a_run_that_is_killed_before_it_gives_a_token_back_says_that_it_is_lost() {
    let mut odd = Odd::new("odd one dies", "odd");
    odd.put("one", OLD);
    let killed = odd
        .sandbox
        .process()
        .args(["login", "corp", "--provider", "odd one", "--move"])
        .args(["--from", "provider:odd one dies"])
        .status()
        .unwrap();
    assert_eq!(killed.code(), None);
    assert_eq!(odd.token("one"), None);
    let run = odd.sandbox.run(&["status"]);
    let told = "the token of `corp` is in neither place, `odd one dies` or `odd one`: log in again";
    assert!(run.stderr.contains(told), "{run:?}");
}

#[test]
fn a_token_that_is_for_publishing_only_is_no_news() {
    let mut odd = Odd::new("odd publishes", "odd");
    odd.put(CORP, OLD);
    odd.sandbox.ok(&[
        "-c",
        "begin",
        "-c",
        "logout corp",
        "-c",
        "login corp --from env:NEW",
        "-c",
        "commit",
    ]);
    assert_eq!(odd.token(CORP).as_deref(), Some(NEW));
}

#[test]
fn a_token_that_is_for_publishing_only_comes_back() {
    let mut odd = Odd::new("odd publishes", "odd full");
    odd.put(CORP, OLD);
    odd.sandbox.fails(
        1,
        &[
            "-c",
            "login corp --from env:NEW",
            "-c",
            "login lab --from env:NEW",
        ],
    );
    assert_eq!(odd.token(CORP).as_deref(), Some(OLD));
    assert_eq!(odd.token(LAB), None);
}

#[test]
fn a_token_that_is_for_publishing_only_goes_along_to_a_new_index() {
    let mut odd = Odd::new("odd publishes", "odd");
    odd.put(CORP, OLD);
    let new = "sparse+https://new.example/index/";
    let set = ["registry", "set", "corp", "--index", new];
    odd.sandbox.fails(1, &set);
    odd.sandbox.ok(&[&set[..], &["--move-token"]].concat());
    assert_eq!(odd.token(new).as_deref(), Some(OLD));
    assert_eq!(odd.token(CORP), None);
}

#[test]
fn a_logout_of_nothing_is_no_change() {
    let mut odd = Odd::new("odd", "odd");
    let run = odd.sandbox.ok(&[
        "-c",
        "begin",
        "-c",
        "logout corp",
        "-c",
        "diff",
        "-c",
        "rollback",
    ]);
    assert!(run.stdout.contains("nothing is pending"), "{run:?}");
    assert!(!run.stdout.contains("if there is a token"), "{run:?}");
    odd.requests();
    // It is sent all the same.
    let document = odd.sandbox.json(&["logout", "corp"]);
    assert_eq!(document["changes"], json!([]), "{document:#}");
    assert_eq!(odd.requests(), "get get logout");
}

/// What was rolled back was not done, and what is not done later is none of it.
#[test]
fn a_logout_that_fails_is_told_where_it_was_performed() {
    let mut odd = Odd::new("odd stubborn", "odd");
    odd.put(CORP, OLD);
    let lines = ["begin", "logout corp", "rollback", "logout corp"];
    let args: Vec<&str> = lines.iter().flat_map(|line| ["-c", line]).collect();
    let run = odd.sandbox.run(&[&["--json"], &args[..]].concat());
    assert_eq!(run.status, 1, "{run:?}");
    let document: Json = serde_json::from_str(&run.stdout).unwrap();
    let outcomes: Vec<&Json> = [1, 3]
        .map(|at| &document["results"][at]["places"][0]["outcome"])
        .to_vec();
    assert_eq!(outcomes, ["removed", "kept"], "{document:#}");
}

/// A registry that has gone while its token stays: whoever is told that is told how to come back to it.
#[test]
fn a_token_that_a_removed_registry_leaves_can_be_come_back_to() {
    let mut odd = Odd::new("odd stubborn", "odd");
    let again = "`registry add corp sparse+https://corp.example/index/ --provider 'odd stubborn'` brings it back";
    odd.sandbox
        .write("work/remove.rhai", "registry::remove(\"corp\");");
    for args in [
        &["registry", "remove", "corp"] as &[&str],
        &["-f", "remove.rhai"],
        &["-c", "begin", "-c", "registry remove corp", "-c", "commit"],
        &["-c", "logout corp", "-c", "registry remove corp"],
    ] {
        odd.put(CORP, OLD);
        let run = odd.sandbox.run(&[args, &["--yes"]].concat());
        assert_eq!(run.status, 1, "{run:?}");
        let told = [run.stdout.as_str(), &run.stderr].concat();
        assert_eq!(told.matches(again).count(), 1, "{args:?}: {told}");
        odd.sandbox.ok(&[
            "registry",
            "add",
            "corp",
            CORP,
            "--provider",
            "odd stubborn",
        ]);
    }
}

/// Where the registry is there again, there is nothing to come back to.
#[test]
fn a_registry_that_is_there_again_is_not_to_be_added() {
    let mut odd = Odd::new("odd stubborn", "odd");
    odd.put(CORP, OLD);
    let add = format!("registry add corp {CORP} --provider 'odd stubborn'");
    let lines = ["registry remove corp", &add, "logout corp"];
    let args: Vec<&str> = lines.iter().flat_map(|line| ["-c", line]).collect();
    let run = odd.sandbox.run(&[&["--yes"], &args[..]].concat());
    assert_eq!(run.status, 1, "{run:?}");
    let told = [run.stdout.as_str(), &run.stderr].concat();
    assert!(!told.contains("brings it back"), "{told}");
}
