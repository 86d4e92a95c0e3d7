//! `provider test`: what is seen of a provider, and which of it Cargo would trip over.

use serde_json::Value as Json;

use crate::harness::Sandbox;
use crate::op::{OnePassword, PROVIDER};
use crate::vault::{VAULT, Vault};

const INDEX: &str = "sparse+https://corp.example/index/";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "home/config.toml",
        format!("[registries.corp]\nindex = '{INDEX}'\n"),
    );
    sandbox
}

/// The verdict on a plugin: `+` for a point that passes, `-` for one that does not.
#[track_caller]
fn verdict(sandbox: &mut Sandbox, words: &[&str]) -> (u8, String) {
    let words = [&["--json", "provider", "test"], words].concat();
    let run = sandbox.run(&words);
    let document: Json = serde_json::from_str(&run.stdout).unwrap();
    let points = document["points"].as_array().unwrap().iter().map(|point| {
        let sign = if point["passed"] == true { '+' } else { '-' };
        format!("{sign}{}", point["point"].as_str().unwrap())
    });
    let points: Vec<String> = points.collect();
    assert_eq!(document["passed"] == true, run.status == 0);
    (run.status, points.join(" "))
}

#[test]
fn a_good_provider_passes_every_point_and_keeps_nothing() {
    let mut sandbox = sandbox();
    let vault = Vault::new(&mut sandbox);
    vault.put(INDEX, "sentinel-0123456789");
    assert_eq!(
        verdict(&mut sandbox, &[VAULT, "--registry", "corp"]),
        (
            0,
            "+start +hello +exit status +output +get +token +unknown kind +time".to_owned()
        )
    );
    assert_eq!(vault.requests(), "get credsh-conformance-test");
    let (status, points) = verdict(&mut sandbox, &[VAULT, "-r", "corp", "--login"]);
    assert_eq!(status, 0, "{points}");
    assert!(
        points.ends_with("+login +command line +read back +logout"),
        "{points}"
    );
    assert_eq!(
        vault.token(INDEX).as_deref(),
        Some("sentinel-0123456789"),
        "the token of the registry was touched"
    );
    assert_eq!(
        vault.token("sparse+https://conformance-test.credsh.invalid/index/"),
        None
    );
}

#[test]
fn what_a_token_is_like_is_told_and_the_token_is_not() {
    // {"exp":1700000000} and {"exp":32503680000}
    for (text, passes, said) in [
        ("sentinel-0123456789", true, "19 characters, scheme raw"),
        ("Bearer sentinel", true, "scheme bearer"),
        ("sentinel\\té", false, "a character that is not ASCII"),
        ("", false, "the token is empty"),
        ("h.eyJleHAiOjE3MDAwMDAwMDB9.sentinel", false, "expired "),
        ("h.eyJleHAiOjMyNTAzNjgwMDAwfQ.sentinel", true, "expires in "),
    ] {
        let mut sandbox = sandbox();
        let vault = Vault::new(&mut sandbox);
        vault.put(INDEX, text);
        let run = sandbox.run(&["provider", "test", VAULT, "-r", "corp"]);
        assert_eq!(run.status == 0, passes, "{text}: {}", run.stdout);
        assert!(run.stdout.contains(said), "{text}: {}", run.stdout);
    }
}

#[test]
fn each_way_to_fail_is_a_point() {
    let answers = |get: &str, unknown: &str| {
        format!(
            "read -r r; case \"$r\" in *'\"kind\":\"get\"'*) echo '{get}';; *) echo '{unknown}';; esac"
        )
    };
    let unsupported = r#"{"Err":{"kind":"operation-not-supported"}}"#;
    let found =
        r#"{"Ok":{"kind":"get","token":"sentinel","cache":"never","operation_independent":true}}"#;
    let none = r#"{"Err":{"kind":"not-found"}}"#;
    let hello = r#"echo '{"v":[1]}'"#;
    for (program, expected) in [
        ("exit 1".to_owned(), "+start -hello"),
        ("echo hi".to_owned(), "+start -hello"),
        (r#"echo '{"v":[7]}'"#.to_owned(), "+start -hello"),
        (
            format!("{hello}; read -r r"),
            "+start +hello +exit status +output -get",
        ),
        (
            format!("{hello}; {}", answers(found, unsupported)),
            "+start +hello +exit status +output +get +token +unknown kind +time",
        ),
        (
            format!("{hello}; {}; echo more", answers(none, unsupported)),
            "+start +hello +exit status -output +get +unknown kind +time",
        ),
        (
            format!("{hello}; {}; exit 3", answers(none, unsupported)),
            "+start +hello -exit status +output +get +unknown kind +time",
        ),
        (
            format!("{hello}; {}", answers("{}", unsupported)),
            "+start +hello +exit status +output -get +unknown kind +time",
        ),
        (
            format!("{hello}; {}", answers(r#"{"Ok":{"kind":"login"}}"#, none)),
            "+start +hello +exit status +output -get -unknown kind +time",
        ),
    ] {
        let mut sandbox = sandbox();
        let path = sandbox.program("bin/plug", &format!("#!/bin/sh\n{program}\n"));
        let (status, points) = verdict(&mut sandbox, &[path.to_str().unwrap()]);
        assert!(points.starts_with(expected), "{program}\n{points}");
        assert_eq!(status == 0, !points.contains('-'), "{program}");
    }
    for words in [
        &["cargo-credential-nobody"][..],
        &["cargo-credential-nobody", "--login"],
    ] {
        let (status, points) = verdict(&mut sandbox(), words);
        assert_eq!((status, points.as_str()), (1, "-start"), "{words:?}");
    }
    // Of one that fails nobody knows whether it has another registry's token.
    let mut sandbox = sandbox();
    let other = r#"{"Err":{"kind":"other","message":"no vault"}}"#;
    let program = format!("#!/bin/sh\n{hello}; {}\n", answers(other, none));
    let path = sandbox.program("bin/plug", &program);
    let run = sandbox.fails(1, &["provider", "test", path.to_str().unwrap(), "--login"]);
    assert!(run.stdout.contains("nothing is stored"), "{run:?}");
    assert!(!run.stdout.contains("to another"), "{run:?}");
}

#[test]
fn the_other_kinds_are_tested_by_what_they_say() {
    for (words, status, points) in [
        (&["cargo:token"][..], 0, "+get +time"),
        (&["cargo:wincred"], 0, "+get +time"),
        (
            &["--", "cargo:token-from-stdout", "echo", "hello"],
            0,
            "+get +token +time",
        ),
        (
            &["--", "cargo:token-from-stdout", "printf", "hello\\r\\n"],
            1,
            "+get -token +time",
        ),
        (
            &["--", "cargo:token-from-stdout", "printf", "a\\nb\\n"],
            1,
            "-get +time",
        ),
        (&["--", "cargo:token-from-stdout", "false"], 1, "-get +time"),
    ] {
        let mut sandbox = sandbox();
        sandbox.env("PATH", "/usr/bin:/bin");
        let seen = verdict(&mut sandbox, words);
        assert_eq!((seen.0, seen.1.as_str()), (status, points), "{words:?}");
    }
}

#[test]
fn a_plan_starts_nothing() {
    let mut sandbox = sandbox();
    let vault = Vault::new(&mut sandbox);
    sandbox.fails(64, &["provider", "test", VAULT, "--dry-run"]);
    assert_eq!(vault.requests(), "");
}

#[test]
fn the_provider_for_1password_shows_the_token_to_everybody() {
    let mut sandbox = sandbox();
    let one_password = OnePassword::new(&mut sandbox);
    let (status, points) = verdict(&mut sandbox, &[PROVIDER, "-r", "corp"]);
    assert_eq!(
        (status, points.as_str()),
        (
            0,
            "+start +hello +exit status +output +get +unknown kind +time"
        )
    );
    let run = sandbox.run(&["provider", "test", PROVIDER, "-r", "corp", "--login"]);
    assert_eq!(run.status, 1, "{}", run.stdout);
    for part in [
        "command line  fail  `cargo-credential-1password` had the token on the command line of `op`",
        "`cargo-credential-1password` fails 1 of ",
    ] {
        assert!(run.stdout.contains(part), "{}", run.stdout);
    }
    assert_eq!(one_password.items(), []);
}

#[test]
fn what_is_on_path_and_not_configured_is_listed() {
    let mut sandbox = sandbox();
    let _vault = Vault::new(&mut sandbox);
    let list = sandbox.json(&["provider", "list"]);
    assert!(
        list["available"]
            .as_array()
            .unwrap()
            .contains(&VAULT.into()),
        "{list}"
    );
    let told = sandbox.looks(false, 80).ok(&["provider", "list"]).stdout;
    assert!(told.contains("`provider test`"), "{told}");
    let longest = told.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(80), "{told}");
    sandbox.ok(&["provider", "add", VAULT]);
    let list = sandbox.json(&["provider", "list"]);
    assert!(
        !list["available"]
            .as_array()
            .unwrap()
            .contains(&VAULT.into()),
        "{list}"
    );
}

#[test]
fn a_program_with_a_dot_in_its_name_is_found() {
    let mut sandbox = sandbox();
    sandbox.program("bin/plug.v2", "#!/bin/sh\n");
    let path = format!("{}/bin:/usr/bin:/bin", sandbox.root().display());
    sandbox.env("PATH", path);
    sandbox.ok(&["provider", "add", "plug.v2"]);
    sandbox.ok(&["provider", "add", "plug.v3"]);
    let list = sandbox.json(&["provider", "list"]);
    let rows = list["providers"].as_array().unwrap().iter();
    let found: Vec<_> = rows
        .map(|row| (&row["command"][0], &row["found"]))
        .collect();
    assert_eq!(
        serde_json::json!(found),
        serde_json::json!([["plug.v3", false], ["plug.v2", true], ["cargo:token", true]])
    );
}

#[test]
fn what_credsh_itself_can_do_is_known() {
    let mut sandbox = sandbox();
    let list = format!(
        "registry.global-credential-providers = ['{}', '/opt/credsh']\n",
        env!("CARGO_BIN_EXE_credsh")
    );
    sandbox.write("home/config.toml", list);
    let text = sandbox.ok(&["provider", "list"]).stdout;
    assert!(text.contains("keyring or sealed file"), "{text}");
    let list = sandbox.json(&["provider", "list"]);
    let can = |row: usize| {
        let row = &list["providers"][row];
        (row["can_login"].as_bool(), row["plain_text"].as_bool())
    };
    assert_eq!((can(0), can(1)), ((None, None), (Some(true), Some(false))));
}

#[test]
fn credsh_is_tested_as_it_is_asked_and_one_that_does_not_start_has_no_time() {
    let mut sandbox = sandbox();
    let config = sandbox.read("home/config.toml");
    let credsh = env!("CARGO_BIN_EXE_credsh");
    sandbox.env("CREDSH_PASSPHRASE", "horse-of-the-passphrase");
    sandbox.env("T", "sentinel-0123456789");
    let login = format!("login corp --provider {credsh} --store sealed --from env:T");
    sandbox.ok(&["-c", &login]);
    let tested = sandbox.ok(&["provider", "test", credsh, "-r", "corp"]);
    assert!(tested.stdout.contains("has a token"), "{tested:?}");
    sandbox.write("home/config.toml", config);

    let tested = sandbox.fails(
        1,
        &["provider", "test", "cargo-credential-nobody", "-r", "corp"],
    );
    assert!(!tested.stdout.contains("\ntime "), "{tested:?}");
}

#[test]
fn why_a_get_fails_is_shown_without_what_could_be_a_token() {
    let mut sandbox = sandbox();
    let failure = r#"{"Err":{"kind":"other","message":"the vault is sealed","caused-by":["Bearer sentinel-0123456789"]}}"#;
    let program = format!("#!/bin/sh\necho '{{\"v\":[1]}}'\nread -r request\necho '{failure}'\n");
    let program = sandbox.program("bin/sealed-vault", &program);
    let words = ["provider", "test", program.to_str().unwrap(), "-r", "corp"];
    let failed = sandbox.fails(1, &words);
    let told = "answers with a failure: the vault is sealed: Bearer ·";
    assert!(failed.stdout.contains(told), "{failed:?}");
}
