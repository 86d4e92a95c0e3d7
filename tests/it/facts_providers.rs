//! The numbered facts of `spec/cargo.md` on providers, login and logout, 14 to 30: each is shown to be so by the real
//! Cargo, and credsh says the same. Not here: the operating system's stores (22, in `secret_service.rs`; 25), and what
//! `cargo publish` asks for (23, 24), which has tests of its own.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use crate::facts::{CORP, Facts, assert_told};
use crate::harness::Sandbox;
use crate::oracle::Layout;

impl Facts {
    fn sandbox(&self, layout: &str) -> Sandbox {
        layout.parse::<Layout>().unwrap().sandbox(&self.cargo)
    }
}

/// `corp` with a token and these other values of its table.
fn corp(values: &str) -> String {
    format!("registry corp{CORP}token = 'sentinel-corp'\n{values}\n")
}

fn with_provider(provider: &str) -> String {
    corp(&format!("credential-provider = '{provider}'"))
}

fn with_list(list: &str) -> String {
    corp(&format!("[registry]\nglobal-credential-providers = {list}"))
}

#[test]
fn fact_14_the_own_provider_is_the_only_one_and_the_list_is_tried_from_its_end() {
    let facts = Facts::new();
    let compared = facts.sends(
        "sentinel-corp",
        &with_list("['plug-token', 'cargo:token', 'plug-url', 'plug-absent']"),
    );
    assert_eq!(
        compared.cargo.providers,
        ["plug-absent", "plug-url", "cargo:token"]
    );
    let own = "credential-provider = 'plug-absent'\n[registry]\nglobal-credential-providers = ['plug-token']";
    let compared = facts.fails("no token found", &corp(own));
    assert_eq!(compared.cargo.providers, ["plug-absent"]);
    let compared = facts.sends("sentinel-corp", &corp(""));
    assert_eq!(compared.cargo.providers, ["cargo:token"]);
}

#[test]
fn fact_15_only_two_answers_go_on_to_the_next_provider() {
    let facts = Facts::new();
    for goes_on in [
        "plug-absent",
        "plug-url",
        "cargo:wincred",
        "cargo:macos-keychain",
    ] {
        facts.sends(
            "sentinel-corp",
            &with_list(&format!("['cargo:token', '{goes_on}']")),
        );
    }
    for stops in [
        "plug-operation",
        "plug-other",
        "plug-unknown-error",
        "plug-status",
        "plug-absent-status",
        "plug-garbage",
        "plug-garbage-later",
        "plug-version",
        "plug-silent",
        "plug-quits",
        "plug-no-cache",
        "plug-wrong-kind",
        "plug-unknown-kind",
        "no-such-plugin",
        "cargo:anything-else",
        "cargo:token-from-stdout",
        "cargo:token-from-stdout fails",
        "cargo:token-from-stdout no-such-program",
        "cargo:paseto",
    ] {
        let compared = facts.agreed(&with_list(&format!("['cargo:token', '{stops}']")));
        assert!(
            !compared.cargo.success && compared.cargo.providers.len() < 2,
            "{stops}: {compared}"
        );
    }
}

#[test]
fn fact_16_an_alias_is_a_single_word_and_no_built_in() {
    let facts = Facts::new();
    let aliased = |provider: &str, alias: &str| {
        corp(&format!(
            "credential-provider = '{provider}'\n[credential-alias]\n{alias}"
        ))
    };
    let compared = facts.agreed(&aliased("al", "al = ['plug-echo', 'two words']"));
    assert_eq!(compared.cargo.providers, ["plug-echo two words"]);
    facts.fails("No such file", &aliased("al extra", "al = 'plug-token'"));
    facts.fails(
        "No such file",
        &aliased("al", "al = 'al2'\nal2 = 'plug-token'"),
    );
    facts.sends(
        "sentinel-plug",
        &aliased("plug-absent", "plug-absent = 'plug-token'"),
    );
    facts.sends(
        "sentinel-plug",
        &format!(
            "CARGO_CREDENTIAL_ALIAS_AL=plug-token\n{}",
            aliased("al", "al = 'plug-echo'")
        ),
    );
    let compared = facts.sends(
        "sentinel-corp",
        &aliased("cargo:token", "'cargo:token' = 'plug-token'"),
    );
    compared
        .cargo
        .assert_said("would shadow a built-in credential-provider");
    assert_told(&compared);
    facts.sends(
        "sentinel-plug",
        &aliased("cargo:mine", "'cargo:mine' = 'plug-token'"),
    );
}

#[test]
fn fact_17_stores_of_other_systems_pass_and_paseto_is_an_error_where_it_is_reached() {
    let facts = Facts::new();
    for elsewhere in ["cargo:wincred", "cargo:macos-keychain"] {
        let compared = facts.fails(
            "no credential providers could handle",
            &with_provider(elsewhere),
        );
        assert_eq!(
            compared.tried(),
            [(elsewhere.to_owned(), "url-not-supported".to_owned())]
        );
    }
    facts.fails("cargo:paseto requires", &with_provider("cargo:paseto"));
    facts.fails(
        "cargo:paseto requires",
        &with_list("['cargo:token', 'cargo:paseto', 'plug-absent']"),
    );
    facts.sends(
        "sentinel-corp",
        &with_list("['cargo:paseto', 'cargo:token']"),
    );
    facts.fails(
        "failed to spawn credential process",
        &with_provider("cargo:anything-else"),
    );
}

#[test]
fn fact_18_auth_required_wants_a_provider_that_is_configured() {
    let facts = Facts::new();
    let closed = |before: &str, after: &str| {
        format!(
            "
        registry closed
        {before}
        --- home/config.toml
        registries.closed = {{ index = '<closed>', token = 'sentinel-closed' }}
        {after}
        "
        )
    };
    let refused = facts.sandbox(&closed("", ""));
    let message = "authenticated registries require a credential-provider to be configured";
    facts
        .cargo
        .ask(&refused, Some("closed"))
        .assert_said(message);
    facts
        .cargo
        .login(&refused, Some("closed"), "sentinel-new")
        .assert_said(message);
    for cured in [
        closed("", "registry.global-credential-providers = ['cargo:token']"),
        closed(
            "CARGO_REGISTRIES_CLOSED_CREDENTIAL_PROVIDER=cargo:token",
            "",
        ),
    ] {
        let asked = facts.cargo.ask(&facts.sandbox(&cured), Some("closed"));
        assert_eq!(
            asked.token.as_deref(),
            Some("sentinel-closed"),
            "{asked:#?}"
        );
    }
}

#[test]
fn fact_19_a_token_that_the_chain_will_not_use_draws_a_warning() {
    let facts = Facts::new();
    for layout in [
        with_provider("plug-token"),
        with_list("['plug-token']"),
        format!(
            "CARGO_REGISTRIES_CORP_TOKEN=sentinel-environment\n{}",
            with_list("['plug-token']")
        ),
        "
        registry crates-io
        CARGO_REGISTRY_TOKEN=sentinel-environment
        --- home/config.toml
        registry.credential-provider = 'plug-token'
        "
        .to_owned(),
    ] {
        let compared = facts.sends("sentinel-plug", &layout);
        compared.cargo.assert_said("will be ignored");
        assert_told(&compared);
    }
}

#[test]
fn fact_20_token_from_stdout_takes_one_line() {
    let facts = Facts::new();
    let command = |words: &str| with_provider(&format!("cargo:token-from-stdout {words}"));
    facts.sends("sentinel-one-line", &command("one-line"));
    facts.sends("sentinel-no-newline", &command("no-newline"));
    facts.fails(
        "token contains invalid characters",
        &command("carriage-return"),
    );
    facts.fails("more than one line", &command("two-lines"));
    facts.fails("more than one line", &command("empty-line"));
    facts.fails("please provide a non-empty token", &command("nothing"));
    facts.fails(
        "failed to read from credential provider",
        &command("no-text"),
    );
    facts.fails("failed with status", &command("fails"));
    facts.fails(
        "must be a command",
        &with_provider("cargo:token-from-stdout"),
    );
    facts.fails("failed to spawn", &command("no-such-program"));

    let url = facts.cargo.registries.index("corp");
    facts.sends(
        &format!("sentinel-arguments-2-{url} a{url}b{url}"),
        &command("arguments {index_url} a{index_url}b{index_url}"),
    );
    facts.sends(
        &format!("sentinel-variables-corp-{url}-"),
        &command("variables"),
    );
    let crates_io = "
        registry crates-io
        --- home/config.toml
        registry.credential-provider = 'cargo:token-from-stdout variables'
        ";
    facts.sends(
        "sentinel-variables-crates-io-https://github.com/rust-lang/crates.io-index-",
        crates_io,
    );

    let mut sandbox = facts.sandbox(&command("one-line"));
    for told in [
        facts.cargo.login(&sandbox, Some("corp"), "sentinel-new"),
        facts.cargo.logout(&sandbox, Some("corp")),
    ] {
        told.assert_said("requested operation not supported");
    }
    sandbox.stdin("sentinel-new\n");
    sandbox.fails(1, &["login", "corp"]);
}

#[test]
fn fact_21_a_plugin_gets_the_same_request_from_both() {
    let facts = Facts::new();
    let compared = facts.agreed(&with_provider("plug-echo --account me"));
    let token = compared.cargo.token.unwrap();
    let (arguments, request) = token.split_at(token.find('{').unwrap());
    assert_eq!(arguments, "sentinel 1 --cargo-plugin ");
    let request: serde_json::Value = serde_json::from_str(request).unwrap();
    let expected = serde_json::json!({
        "v": 1,
        "registry": { "index-url": facts.cargo.registries.index("corp"), "name": "corp" },
        "kind": "get",
        "operation": "owners",
        "name": "foo",
        "args": ["--account", "me"],
    });
    assert_eq!(request, expected);
    facts.agreed(
        "registry crates-io\n--- home/config.toml\nregistry.credential-provider = 'plug-echo'\n",
    );
    let renamed = corp("[registries.other]\ncredential-provider = 'plug-echo'");
    facts.agreed(&format!("CARGO_REGISTRIES_OTHER_INDEX=<corp>\n{renamed}"));
}

#[test]
fn fact_21_what_a_plugin_may_do_besides() {
    let facts = Facts::new();
    facts.sends("Bearer sentinel-never", &with_provider("plug-never"));
    facts.sends("sentinel-expires", &with_provider("plug-expires"));
    facts.sends("sentinel-cache", &with_provider("plug-cache"));
    facts.sends("sentinel-chatty", &with_provider("plug-chatty"));
    facts.sends(
        "sentinel-plug-no-newline",
        &with_provider("plug-no-newline"),
    );
    facts.fails("while Cargo supports", &with_provider("plug-version"));
    facts.fails(
        "failed to deserialize hello",
        &with_provider("plug-garbage"),
    );
    facts.fails(
        "failed to deserialize response",
        &with_provider("plug-garbage-later"),
    );
    facts.fails("failed with status", &with_provider("plug-absent-status"));
    facts.fails(
        "please provide a non-empty token",
        &with_provider("plug-empty"),
    );
    facts.fails(
        "token contains invalid characters",
        &with_provider("plug-accent"),
    );
}

#[test]
fn fact_21_a_silent_plugin_hangs_cargo() {
    let facts = Facts::new();
    facts.cargo.programs(&[("plug-hangs", "exec sleep 60")]);
    let sandbox = facts.sandbox(&with_provider("plug-hangs"));
    let asked = facts
        .cargo
        .ask_within(Duration::from_secs(5), &sandbox, Some("corp"));
    assert!(asked.hung, "{asked:#?}");
    assert_eq!(asked.providers, ["plug-hangs"]);
}

#[test]
fn fact_26_a_token_is_sent_as_it_is() {
    let facts = Facts::new();
    for token in [
        "sentinel",
        "Bearer sentinel",
        "Basic c2VudGluZWw6c2VudGluZWw=",
        "sentinel\twith a tab",
        "~!@#$%^&*()_+{}|:<>?",
    ] {
        let token_in_toml = serde_json::to_string(token).unwrap();
        facts.sends(
            token,
            &format!("registry corp{CORP}token = {token_in_toml}\n"),
        );
    }
    for token in [
        "\"sentinel-\\u00e9\"",
        "\"sentinel\\r\"",
        "\"sentinel\\nsecond\"",
        "\"sentinel\\u0000\"",
    ] {
        facts.fails(
            "token contains invalid characters",
            &format!("registry corp{CORP}token = {token}\n"),
        );
    }
}

#[test]
fn fact_27_login_stores_the_same_text_as_cargo() {
    let facts = Facts::new();
    let layout = format!("registry corp{CORP}");
    for (typed, stored) in [
        ("sentinel-plain\n", Some("sentinel-plain")),
        ("  sentinel-spaces \r\n", Some("sentinel-spaces")),
        ("sentinel-no-newline", Some("sentinel-no-newline")),
        ("cargo login sentinel-pasted\n", Some("sentinel-pasted")),
        ("Bearer sentinel-bearer\n", Some("Bearer sentinel-bearer")),
        ("sentinel-é\n", None),
        ("\n", None),
        ("", None),
        ("cargo login\n", None),
    ] {
        let by_cargo = facts.sandbox(&layout);
        let told = facts.cargo.login(&by_cargo, Some("corp"), typed);
        assert_eq!(told.success, stored.is_some(), "{typed:?}: {told:#?}");
        assert_eq!(
            facts.cargo.ask(&by_cargo, Some("corp")).token.as_deref(),
            stored,
            "{typed:?}"
        );

        let mut by_credsh = facts.sandbox(&layout);
        let run = by_credsh.stdin(typed).run(&["login", "corp"]);
        assert_eq!(run.status == 0, stored.is_some(), "{typed:?}: {run:?}");
        assert_eq!(
            facts.cargo.ask(&by_credsh, Some("corp")).token.as_deref(),
            stored,
            "{typed:?}"
        );
    }
}

#[test]
fn fact_27_cargo_fetches_the_index_before_it_takes_a_token() {
    let facts = Facts::new();
    let sandbox = facts.sandbox(
        "
        --- home/config.toml
        registries.corp.index = 'sparse+http://127.0.0.1:1/'
        net.retry = 0
        ",
    );
    let told = facts.cargo.login(&sandbox, Some("corp"), "sentinel-new\n");
    assert!(
        !told.success && !sandbox.exists("home/credentials.toml"),
        "{told:#?}"
    );
}

#[test]
fn fact_28_a_login_names_a_page() {
    let facts = Facts::new();
    let shows = r#"echo '{"v":[1]}'; read -r line; echo "$line" >&2; case "$line" in *'"kind":"login"'*) echo '{"Ok":{"kind":"login"}}';; *) echo '{"Err":{"kind":"not-found"}}';; esac"#;
    facts.cargo.programs(&[("plug-shows", shows)]);
    let address = facts.cargo.registries.address();
    let sandbox = facts.sandbox(
        "
        --- home/config.toml
        registries.corp = { index = '<corp>', credential-provider = 'plug-shows' }
        registries.closed = { index = '<closed>', credential-provider = 'plug-shows' }
        ",
    );
    for (name, page) in [("corp", "corp/me"), ("closed", "closed/login")] {
        let told = facts.cargo.login(&sandbox, Some(name), "sentinel-new\n");
        told.assert_said(&format!("\"login-url\":\"http://{address}/{page}\""));
    }
}

#[test]
fn fact_29_cargo_token_writes_the_credentials_file_that_exists() {
    let facts = Facts::new();
    let mode = |sandbox: &Sandbox, path: &str| {
        std::fs::metadata(sandbox.root().join(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    let sandbox = facts.sandbox(CORP);
    assert!(
        facts
            .cargo
            .login(&sandbox, Some("corp"), "sentinel-new")
            .success
    );
    assert_eq!(
        sandbox.read("home/credentials.toml"),
        "[registries.corp]\ntoken = \"sentinel-new\"\n"
    );
    assert_eq!(mode(&sandbox, "home/credentials.toml"), 0o600);

    let old = "# a comment\n[registry]\ntoken = 'sentinel-crates-io'\n";
    let sandbox = facts.sandbox(&format!("{CORP}--- home/credentials\n{old}"));
    assert!(
        facts
            .cargo
            .login(&sandbox, Some("corp"), "sentinel-new")
            .success
    );
    assert!(!sandbox.exists("home/credentials.toml"));
    let text = sandbox.read("home/credentials");
    assert!(
        !text.contains("comment")
            && text.contains("sentinel-new")
            && text.contains("sentinel-crates-io"),
        "{text}"
    );

    let wide = sandbox.root().join("home/credentials");
    std::fs::set_permissions(wide, PermissionsExt::from_mode(0o666)).unwrap();
    let asked = facts.cargo.ask(&sandbox, Some("corp"));
    assert_eq!(asked.token.as_deref(), Some("sentinel-new"));
    assert!(
        !asked
            .warnings
            .iter()
            .any(|warning| warning.contains("permission")),
        "{asked:#?}"
    );
}

#[test]
fn fact_30_cargo_says_that_it_logged_out_and_credsh_only_if_it_is_so() {
    let facts = Facts::new();
    let removes = r#"echo '{"v":[1]}'; read -r line; case "$line" in *'"kind":"logout"'*) echo '{"Ok":{"kind":"logout"}}';; *) echo '{"Err":{"kind":"not-found"}}';; esac"#;
    facts.cargo.programs(&[("plug-removes", removes)]);
    let in_file = "--- home/credentials.toml\nregistries.corp.token = 'sentinel-file'\n";
    for (layout, is_gone) in [
        (format!("{CORP}{in_file}"), true),
        (format!("{CORP}token = 'sentinel-config'\n"), false),
        (format!("{CORP}token = 'sentinel-config'\n{in_file}"), false),
        (
            format!("CARGO_REGISTRIES_CORP_TOKEN=sentinel-environment\n{CORP}"),
            false,
        ),
        (
            format!(
                "{CORP}[registry]\nglobal-credential-providers = ['cargo:token', 'plug-removes']\n{in_file}"
            ),
            false,
        ),
    ] {
        let by_cargo = facts.sandbox(&layout);
        let told = facts.cargo.logout(&by_cargo, Some("corp"));
        assert!(told.success, "{layout}{told:#?}");
        assert_eq!(
            facts.cargo.ask(&by_cargo, Some("corp")).token.is_none(),
            is_gone,
            "{layout}"
        );
        if !layout.contains("plug-removes") {
            told.assert_said("has been removed from local storage");
            assert!(by_cargo.exists("home/credentials.toml"), "{layout}");
        }

        let mut by_credsh = facts.sandbox(&layout);
        let run = by_credsh.run(&["logout", "corp", "--yes"]);
        let asked = facts.cargo.ask(&by_credsh, Some("corp"));
        assert_eq!(
            run.status == 0,
            asked.token.is_none(),
            "{layout}{run:?}{asked:#?}"
        );
    }
}
