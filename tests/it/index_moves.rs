//! A registry gets another index, another name, or goes: what becomes of its token in each kind of store.
//! `cargo:token` knows a registry by its name, all others know it by its index.

use crate::harness::Sandbox;
use crate::vault::{VAULT, Vault};

const OLD: &str = "sparse+https://old.example/index/";
const NEW: &str = "sparse+https://new.example/index/";
const TOKEN: &str = "sentinel-0123456789abcdef";

/// A registry whose provider keeps tokens under the index.
fn with_vault() -> (Sandbox, Vault) {
    let mut sandbox = Sandbox::new();
    sandbox.write(
        "home/config.toml",
        format!("[registries.corp]\nindex = '{OLD}'\ncredential-provider = '{VAULT}'\n"),
    );
    sandbox.env("T", TOKEN);
    let vault = Vault::new(&mut sandbox);
    vault.put(OLD, TOKEN);
    (sandbox, vault)
}

fn set(more: &[&'static str]) -> Vec<&'static str> {
    [&["registry", "set", "corp", "--index", NEW], more].concat()
}

#[test]
fn a_new_index_leaves_no_token_behind_unasked() {
    let (mut sandbox, vault) = with_vault();
    let failed = sandbox.fails(1, &set(&[]));
    assert!(
        failed.stderr.contains(
            "`cargo-credential-vault` has a token for the old index of `corp`, and would have none for the new one"
        ),
        "{}",
        failed.stderr
    );
    assert!(
        failed.stderr.contains("`--move-token` or `--drop-token`"),
        "{}",
        failed.stderr
    );
    assert_eq!(vault.token(OLD).as_deref(), Some(TOKEN));
}

#[test]
fn a_new_index_takes_the_token_along_once_it_is_proved() {
    let (mut sandbox, vault) = with_vault();
    let run = sandbox.ok(&set(&["--move-token"]));
    assert_eq!(
        (vault.token(OLD), vault.token(NEW).as_deref()),
        (None, Some(TOKEN)),
        "{}",
        run.stdout
    );
    assert_eq!(
        vault.requests(),
        // Who has what, and none of the new one, not even to publish with; the old one can move; still so, stored and
        // read back; still so and the new one, too, removed; the new one is still there, and there is none of the old one.
        "get get get get get get login get get get logout get get get"
    );
    sandbox.ok(&["token", "show", "corp"]);
}

/// The token that has moved is not the last one that its new place gets.
#[test]
fn a_new_index_and_a_new_token_leave_nothing_behind() {
    let (mut sandbox, vault) = with_vault();
    sandbox.env("NEXT", "sentinel-next-0123456789");
    let set = format!("registry set corp --index {NEW} --move-token");
    let run = sandbox.ok(&["-c", &set, "-c", "login corp --from env:NEXT"]);
    assert_eq!(
        (vault.token(OLD), vault.token(NEW).as_deref()),
        (None, Some("sentinel-next-0123456789")),
        "{}",
        run.stdout
    );
}

#[test]
fn a_new_index_can_drop_the_token() {
    let (mut sandbox, vault) = with_vault();
    sandbox.ok(&set(&["--drop-token"]));
    assert_eq!((vault.token(OLD), vault.token(NEW)), (None, None));
}

#[test]
fn a_token_that_cannot_be_moved_stays_and_so_does_the_index() {
    for kind in ["login", "get"] {
        let (mut sandbox, vault) = with_vault();
        vault.fails_at(kind);
        let run = sandbox.fails(1, &set(&["--move-token"]));
        assert!(run.stderr.contains("error: "), "{}", run.stderr);
        assert_eq!(vault.token(OLD).as_deref(), Some(TOKEN), "{kind}");
        assert_eq!(vault.token(NEW), None, "{kind}");
    }
    // Written by then: what is left is told, and is one copy too many rather than one too few.
    let (mut sandbox, vault) = with_vault();
    vault.fails_at("logout");
    let run = sandbox.run(&set(&["--move-token"]));
    assert_eq!(run.status, 1, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("not done: `corp`"), "{}", run.stdout);
    assert!(sandbox.read("home/config.toml").contains(NEW));
    assert_eq!(vault.token(OLD).as_deref(), Some(TOKEN));
    assert_eq!(vault.token(NEW).as_deref(), Some(TOKEN));
}

#[test]
fn a_store_that_does_not_answer_may_have_a_token_that_only_dropping_leaves_behind() {
    let (mut sandbox, vault) = with_vault();
    sandbox.env("PATH", "/usr/bin:/bin");
    let run = sandbox.fails(4, &set(&[]));
    for part in [
        "whether `cargo-credential-vault` has a token for the old index is not known",
        "there is no such program",
        "`--drop-token`",
    ] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
    sandbox.fails(4, &set(&["--move-token"]));
    let plan = sandbox.ok(&set(&["--dry-run"]));
    let told = "the real run refuses without `--move-token` or `--drop-token`";
    assert!(plan.stderr.contains(told), "{}", plan.stderr);
    let run = sandbox.ok(&set(&["--drop-token"]));
    let told = "a token that `cargo-credential-vault` has for the old index stays there";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert!(sandbox.read("home/config.toml").contains(NEW));
    assert_eq!(vault.requests(), "");
}

#[test]
fn a_token_does_not_move_with_a_provider_that_is_asked_no_more() {
    for more in [&["--provider", "cargo:token"][..], &["--no-provider"]] {
        let (mut sandbox, vault) = with_vault();
        let words = [&set(&["--move-token"]), more].concat();
        let failed = sandbox.fails(64, &words);
        assert!(
            failed.stderr.contains("which is no longer to be asked"),
            "{}",
            failed.stderr
        );
        assert_eq!(vault.requests(), "get");
        assert_eq!(vault.token(OLD).as_deref(), Some(TOKEN));
    }
}

#[test]
fn a_plan_asks_no_store() {
    let (mut sandbox, vault) = with_vault();
    let before = sandbox.snapshot();
    for words in [
        &set(&["--dry-run"]),
        &set(&["--move-token", "--check"]),
        &set(&["--drop-token", "--check"]),
        &vec!["registry", "remove", "corp", "--check"],
        &vec!["logout", "corp", "--check"],
        &vec!["login", "corp", "--from", "env:T", "--check"],
        &vec!["registry", "rename", "corp", "work", "--check"],
    ] {
        sandbox.run(words);
    }
    assert_eq!(vault.requests(), "");
    assert!(before == sandbox.snapshot());
}

#[test]
fn a_new_name_changes_nothing_for_stores_that_go_by_the_index() {
    let (mut sandbox, vault) = with_vault();
    sandbox.ok(&["registry", "rename", "corp", "work"]);
    assert_eq!(vault.requests(), "");
    sandbox.ok(&["token", "show", "work"]);
    assert_eq!(vault.token(OLD).as_deref(), Some(TOKEN));
}

#[test]
fn a_registry_that_goes_takes_its_token_along() {
    let (mut sandbox, vault) = with_vault();
    let run = sandbox.ok(&["registry", "remove", "corp"]);
    assert!(run.stdout.contains("removed"), "{}", run.stdout);
    assert_eq!(vault.token(OLD), None);

    let (mut sandbox, vault) = with_vault();
    sandbox.ok(&["registry", "remove", "corp", "--keep-token"]);
    assert_eq!(vault.token(OLD).as_deref(), Some(TOKEN));

    let (mut sandbox, vault) = with_vault();
    vault.fails_at("logout");
    let run = sandbox.run(&["registry", "remove", "corp"]);
    assert_eq!(run.status, 1, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("failed"), "{}", run.stdout);
    let told = format!("`registry add corp {OLD} --provider {VAULT}`");
    assert!(run.stdout.contains(&told), "{}", run.stdout);
    assert_eq!(vault.token(OLD).as_deref(), Some(TOKEN));
}

/// Once it has no name any more, nobody could log out of what is left.
#[test]
fn a_registry_stays_where_a_store_cannot_be_asked() {
    let (mut sandbox, _vault) = with_vault();
    let config = sandbox.read("home/config.toml").replace(VAULT, "nobody x");
    let tokens = format!("[registries.corp]\ntoken = \"{TOKEN}\"\n");
    sandbox.write("home/config.toml", &config);
    sandbox.write("home/credentials.toml", tokens);
    let remove = ["registry", "remove", "corp"];
    let failed = sandbox.fails(4, &remove);
    for told in [
        "whether `nobody x` has a token for `corp` is not known",
        "`--keep-token`",
        "`--yes`",
    ] {
        assert!(failed.stderr.contains(told), "{failed:?}");
    }
    let caught = "try { registry::remove(\"corp\"); } catch (e) { print(e.kind); }";
    sandbox.write("work/caught.rhai", caught);
    assert_eq!(sandbox.ok(&["-f", "caught.rhai"]).stdout, "unavailable\n");

    let run = sandbox.run(&[&remove[..], &["--yes"]].concat());
    assert_eq!(run.status, 4, "{run:?}");
    let told = format!("`registry add corp {OLD} --provider 'nobody x'`");
    assert!(run.stdout.contains(&told), "{run:?}");
    assert_eq!(sandbox.read("home/config.toml"), "");
    assert_eq!(sandbox.read("home/credentials.toml"), "");

    sandbox.write("home/config.toml", &config);
    sandbox.ok(&[&remove[..], &["--keep-token"]].concat());
    assert_eq!(sandbox.read("home/config.toml"), "");
}

/// A registry whose provider is credsh, with a token for reads and one for publishing.
fn with_own() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.env("T", TOKEN);
    sandbox.ok(&["registry", "add", "corp", OLD, "--provider", "credsh"]);
    for rest in ["ci --operations read", "release --crates serde*"] {
        let login = format!("login corp --from env:T --store sealed --label {rest}");
        sandbox.ok(&["-c", &login]);
    }
    sandbox
}

#[test]
fn credsh_s_own_tokens_go_along_with_their_rules() {
    let mut sandbox = with_own();
    sandbox.fails(1, &set(&[]));
    sandbox.ok(&set(&["--move-token"]));
    let tokens = sandbox.json(&["token", "list"]);
    let told: Vec<String> = tokens["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|token| {
            format!(
                "{} {} {} {}",
                token["label"], token["index"], token["operations"], token["crates"]
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            format!("\"ci\" \"{NEW}\" [\"read\"] []"),
            format!("\"release\" \"{NEW}\" [] [\"serde*\"]"),
        ]
    );
    sandbox.ok(&["token", "show", "corp"]);

    sandbox.ok(&["registry", "rename", "corp", "work"]);
    let tokens = sandbox.json(&["token", "list", "work"]);
    assert_eq!(tokens["tokens"][0]["registry"], "work");
    sandbox.ok(&["token", "show", "work"]);
}

#[test]
fn credsh_s_own_tokens_can_be_dropped_with_the_index() {
    let mut sandbox = with_own();
    sandbox.ok(&set(&["--drop-token"]));
    assert_eq!(
        sandbox.json(&["token", "list"])["tokens"],
        serde_json::json!([])
    );
    sandbox.fails(3, &["token", "show", "corp"]);
}

#[test]
fn a_new_index_is_refused_where_nobody_knows_what_the_provider_holds() {
    let (mut sandbox, vault) = with_vault();
    vault.fails_at("get");
    let failed = sandbox.fails(4, &set(&[]));
    for part in [
        "whether `cargo-credential-vault` has a token for the old index is not known",
        "the vault is on fire",
        "--drop-token",
    ] {
        assert!(failed.stderr.contains(part), "{failed:?}");
    }
    // A plan asks nobody.
    sandbox.fails(2, &[&["--check"], &set(&[])[..]].concat());
}
