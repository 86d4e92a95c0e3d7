//! The numbered facts of `spec/cargo.md` on files and layers, 1 to 8: each is shown to be so by the real Cargo, and credsh
//! says the same. `facts_registries.rs` has 9 to 13, `facts_providers.rs` the rest.
//!
//! [`Facts::agreed`] compares; what a test adds is what the fact itself claims.

use crate::cargo::Cargo;
use crate::oracle::{self, Compared, Layout};

/// Layouts, written in the language of `layouts.txt`.
pub struct Facts {
    pub cargo: Cargo,
}

impl Facts {
    pub fn new() -> Self {
        Self {
            cargo: oracle::cargo(),
        }
    }

    /// Cargo and credsh answered the layout alike.
    #[track_caller]
    pub fn agreed(&self, layout: &str) -> Compared {
        let layout: Layout = layout.parse().unwrap();
        let compared = layout.compare(&self.cargo);
        let points = compared.disagreements();
        assert!(
            points.is_empty(),
            "{}\n{layout}--------\n{compared}",
            points.join(", ")
        );
        compared
    }

    /// They agreed, and this is the token that arrived.
    #[track_caller]
    pub fn sends(&self, token: &str, layout: &str) -> Compared {
        let compared = self.agreed(layout);
        assert_eq!(
            compared.cargo.token.as_deref(),
            Some(token),
            "{layout}\n{compared}"
        );
        compared
    }

    /// They agreed, and Cargo failed with these words.
    #[track_caller]
    pub fn fails(&self, words: &str, layout: &str) -> Compared {
        let compared = self.agreed(layout);
        assert!(
            compared.cargo_said(words),
            "no {words:?}\n{layout}\n{compared}"
        );
        compared
    }
}

/// The index of `corp` where nothing else is in home's config.
pub const CORP: &str = "
    --- home/config.toml
    [registries.corp]
    index = '<corp>'
    ";

/// `why` has warnings, or tells what is not used.
#[track_caller]
pub fn assert_told(compared: &Compared) {
    let is_empty = |key: &str| compared.document[key].as_array().is_none_or(Vec::is_empty);
    assert!(
        !is_empty("warnings") || !is_empty("shadowed"),
        "nothing is said\n{compared}"
    );
}

#[test]
fn fact_01_the_nearest_config_wins_and_one_without_extension_beats_the_other() {
    let facts = Facts::new();
    let nested = "
        registry corp
        folder work/a/b
        --- work/a/.cargo/config.toml
        registries.corp.token = 'sentinel-middle'
        --- work/.cargo/config.toml
        registries.corp.token = 'sentinel-far'
        --- work/c/.cargo/config.toml
        registries.corp.token = 'sentinel-beside'
        --- home/config.toml
        registries.corp = { index = '<corp>', token = 'sentinel-home' }
        ";
    facts.sends("sentinel-middle", nested);
    facts.sends(
        "sentinel-far",
        &nested.replace("folder work/a/b", "folder work"),
    );
    facts.sends(
        "sentinel-beside",
        &nested.replace("folder work/a/b", "folder work/c"),
    );
    facts.sends(
        "sentinel-home",
        &nested.replace("folder work/a/b", "folder user"),
    );

    let met_on_the_way = "
        registry corp
        folder work/a
        CARGO_HOME=<root>/work/.cargo
        --- work/.cargo/config.toml
        [registries.corp]
        index = '<corp>'
        [registry]
        global-credential-providers = ['cargo:token', 'plug-absent']
        ";
    let compared = facts.fails("no token found", met_on_the_way);
    assert_eq!(
        compared.cargo.providers,
        ["plug-absent", "cargo:token"],
        "home's list counts once"
    );

    let both = "
        registry corp
        --- home/config
        registries.corp = { index = '<corp>', token = 'sentinel-config' }
        --- home/config.toml
        registries.corp.token = 'sentinel-config-toml'
        --- home/credentials
        registries.corp.token = 'sentinel-credentials'
        --- home/credentials.toml
        registries.corp.token = 'sentinel-credentials-toml'
        ";
    let compared = facts.sends("sentinel-credentials", both);
    compared.cargo.assert_said("config.toml` exist. Using");
    compared.cargo.assert_said("credentials.toml` exist. Using");
}

#[test]
fn fact_01_a_byte_order_mark_and_the_line_ends_of_windows_are_read() {
    let facts = Facts::new();
    let text = "\u{feff}[registries.corp]\r\nindex = '<corp>'\r\ntoken = 'sentinel-windows'\r\n";
    let files = vec![("home/config.toml".to_owned(), text.to_owned())];
    let layout = Layout {
        registry: Some("corp".into()),
        files,
        ..Layout::default()
    };
    let compared = layout.compare(&facts.cargo);
    assert_eq!(compared.disagreements(), [""; 0], "{compared}");
    assert_eq!(
        compared.cargo.token.as_deref(),
        Some("sentinel-windows"),
        "{compared}"
    );
}

#[test]
fn fact_02_a_later_include_wins_and_the_file_itself_beats_both() {
    let facts = Facts::new();
    let included = "
        registry corp
        --- home/config.toml
        include = ['one.toml', { path = 'sub/two.toml', optional = true }, { path = 'none.toml', optional = true }]
        registries.corp.index = '<corp>'
        --- home/one.toml
        registries.corp = { index = '<mirror>', token = 'sentinel-one' }
        --- home/sub/two.toml
        registries.corp.token = 'sentinel-two'
        ";
    let compared = facts.sends("sentinel-two", included);
    assert_eq!(compared.cargo.registry.as_deref(), Some("corp"));
    facts.sends(
        "sentinel-own",
        &included.replace(
            "index = '<corp>'",
            "index = '<corp>'\nregistries.corp.token = 'sentinel-own'",
        ),
    );
    facts.fails(
        "failed to load config include `none.toml`",
        &included.replace("none.toml', optional = true", "none.toml'"),
    );
    facts.fails(
        "ending with `.toml`",
        &included.replace("'one.toml'", "'one.txt'"),
    );
    facts.fails(
        "expected a list",
        &included.replace("include = [", "include = 'one.toml' #"),
    );
    facts.sends(
        "sentinel-team",
        &format!(
            "registry corp{CORP}
        --- home/credentials.toml
        include = ['team.toml']
        --- home/team.toml
        registries.corp.token = 'sentinel-team'
        "
        ),
    );
}

#[test]
fn fact_02_a_file_that_is_reached_twice_is_taken_for_a_circle() {
    Facts::new().fails(
        "cycle detected",
        "
        registry corp
        --- home/config.toml
        include = ['one.toml', 'two.toml']
        --- home/one.toml
        include = ['two.toml']
        --- home/two.toml
        registries.corp = { index = '<corp>', token = 'sentinel-two' }
        ",
    );
}

#[test]
fn fact_03_environment_beats_all_files() {
    let facts = Facts::new();
    let files = "
        --- home/config.toml
        registries.my-corp = { index = '<my-corp>', token = 'sentinel-home' }
        --- home/credentials.toml
        registries.my-corp.token = 'sentinel-credentials'
        --- work/.cargo/config.toml
        registries.my-corp.token = 'sentinel-project'
        ";
    let with = |variable: &str| format!("registry my-corp\n{variable}{files}");
    facts.sends(
        "sentinel-environment",
        &with("CARGO_REGISTRIES_MY_CORP_TOKEN=sentinel-environment"),
    );
    facts.sends(
        "plug",
        &with("CARGO_REGISTRIES_MY_CORP_CREDENTIAL_PROVIDER=plug-token")
            .replace("plug-token", "cargo:token-from-stdout echo plug"),
    );
    for near_miss in [
        "CARGO_REGISTRIES_my-corp_TOKEN",
        "CARGO_REGISTRIES_MY-CORP_TOKEN",
        "cargo_registries_my_corp_token",
    ] {
        let compared = facts.sends(
            "sentinel-credentials",
            &with(&format!("{near_miss}=sentinel-near-miss")),
        );
        if near_miss.starts_with("CARGO") {
            compared
                .cargo
                .assert_said("environment variables are expected to use uppercase");
        }
    }
    facts.fails(
        "please provide a non-empty token",
        &with("CARGO_REGISTRIES_MY_CORP_TOKEN="),
    );
}

#[test]
fn fact_03_a_longer_variable_hides_that_there_is_no_token() {
    let facts = Facts::new();
    facts.fails(
        "missing config key",
        &format!("registry corp\nCARGO_REGISTRIES_CORP_TOKEN_FILE=x{CORP}"),
    );
    facts.fails(
        "missing config key",
        "registry crates-io\nCARGO_REGISTRY_TOKEN_FILE=x\n",
    );
    facts.sends(
        "sentinel-home",
        &format!(
            "registry corp\nCARGO_REGISTRIES_CORP_TOKEN_FILE=x{CORP}token = 'sentinel-home'\n"
        ),
    );
}

#[test]
fn fact_04_the_credentials_lie_above_every_config() {
    let facts = Facts::new();
    let credentials = |provider: &str, values: &str| {
        format!(
            "
        registry corp
        --- work/.cargo/config.toml
        registries.corp.token = 'sentinel-project'
        --- home/config.toml
        registries.corp = {{ index = '<corp>', token = 'sentinel-home'{provider} }}
        --- home/credentials.toml
        {values}
        "
        )
    };
    facts.sends(
        "sentinel-credentials",
        &credentials("", "registries.corp.token = 'sentinel-credentials'"),
    );
    facts.sends(
        "sentinel-plug",
        &credentials("", "registries.corp.credential-provider = 'plug-token'"),
    );
    facts.sends(
        "sentinel-plug",
        &credentials("", "registry.global-credential-providers = ['plug-token']"),
    );
    facts.sends(
        "sentinel-plug",
        &credentials(
            ", credential-provider = 'al'",
            "credential-alias.al = 'plug-token'",
        ),
    );
    let joined = facts.agreed(&credentials(
        ", credential-provider = ['plug-echo', 'one']",
        "registries.corp.credential-provider = ['two']",
    ));
    assert_eq!(joined.cargo.providers, ["plug-echo one two"]);
    facts.fails(
        "failed to merge",
        &credentials(
            ", credential-provider = ['plug-echo', 'one']",
            "registries.corp.credential-provider = 'plug-token'",
        ),
    );
    facts.fails(
        "registry index was not found in any configuration",
        "
        registry corp
        --- home/credentials.toml
        registries.corp = { index = '<corp>', token = 'sentinel-corp' }
        ",
    );
    facts.sends(
        "sentinel-crates-io",
        &format!(
            "{CORP}
        --- home/credentials.toml
        registry = {{ default = 'corp', token = 'sentinel-crates-io' }}
        registries.corp.token = 'sentinel-corp'
        "
        ),
    );
}

#[test]
fn fact_05_a_token_at_the_top_of_the_credentials_is_that_of_crates_io() {
    let facts = Facts::new();
    let old = "
        registry crates-io
        --- home/credentials.toml
        token = 'sentinel-old'
        ";
    facts.sends("sentinel-old", old);
    facts.fails(
        "no token found",
        &old.replace("credentials.toml", "config.toml"),
    );
    facts.fails(
        "no token found",
        &format!("{old}registry.credential-provider = 'cargo:token'\n"),
    );

    let layout: Layout = format!("{old}[registries.corp]\ntoken = 'sentinel-corp'\n")
        .parse()
        .unwrap();
    let sandbox = layout.sandbox(&facts.cargo);
    assert!(
        facts
            .cargo
            .login(&sandbox, Some("crates-io"), "sentinel-new\n")
            .success
    );
    let text = sandbox.read("home/credentials.toml");
    assert!(
        !text.contains("sentinel-old") && text.contains("[registry]\ntoken = \"sentinel-new\""),
        "{text}"
    );
}

#[test]
fn fact_06_lists_are_joined_and_strings_are_not() {
    let facts = Facts::new();
    let lists = "
        registry corp
        --- work/.cargo/config.toml
        registry.global-credential-providers = ['plug-absent far', 'plug-absent near']
        --- home/config.toml
        registry.global-credential-providers = ['cargo:token', 'plug-url']
        registries.corp.index = '<corp>'
        ";
    let compared = facts.fails("no token found", lists);
    assert_eq!(
        compared.cargo.providers,
        [
            "plug-absent near",
            "plug-absent far",
            "plug-url",
            "cargo:token"
        ]
    );
    let variable = "CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS=cargo:wincred  plug-absent";
    let compared = facts.fails("no token found", &format!("{variable}{lists}"));
    assert_eq!(
        compared.cargo.providers[..2],
        ["plug-absent", "cargo:wincred"]
    );
    assert_eq!(
        compared.cargo.providers[2..],
        [
            "plug-absent near",
            "plug-absent far",
            "plug-url",
            "cargo:token"
        ]
    );
    facts.fails(
        "failed to merge",
        &lists.replace("['cargo:token', 'plug-url']", "'cargo:token'"),
    );
    let compared = facts.fails(
        "failed action `get`",
        &lists.replace("'plug-absent near'", "''"),
    );
    assert_eq!(
        compared.cargo.providers,
        [""],
        "an empty entry is started as a program"
    );

    let providers = "
        registry corp
        --- work/.cargo/config.toml
        registries.corp.credential-provider = 'plug-token near'
        --- home/config.toml
        registries.corp = { index = '<corp>', credential-provider = 'plug-echo far' }
        ";
    facts.sends("sentinel-plug", providers);
    facts.fails(
        "failed to merge",
        &providers.replace("'plug-echo far'", "['plug-echo', 'far']"),
    );
}

#[test]
fn fact_06_the_environment_takes_the_place_of_an_array() {
    let compared = Facts::new().agreed(&format!(
        "
        registry corp
        CARGO_REGISTRIES_CORP_CREDENTIAL_PROVIDER=plug-token two{CORP}
        credential-provider = ['plug-echo', 'one']
        "
    ));
    assert_eq!(compared.cargo.providers, ["plug-token two"]);
}

#[test]
fn fact_06_two_arrays_are_joined_or_not_at_random_and_why_warns() {
    let facts = Facts::new();
    let layout: Layout = "
        registry corp
        --- work/.cargo/config.toml
        registries.corp = { index = '<corp>', credential-provider = ['plug-echo', 'near'] }
        --- home/config.toml
        registries.corp = { index = '<corp>', credential-provider = ['plug-token', 'far'] }
        "
    .parse()
    .unwrap();
    let mut sandbox = layout.sandbox(&facts.cargo);
    let mut choices: Vec<String> = (0..60)
        .flat_map(|_| facts.cargo.ask(&sandbox, Some("corp")).providers)
        .collect();
    choices.sort();
    choices.dedup();
    assert_eq!(choices.len(), 2, "{choices:?}");
    let why = sandbox.json(&["why", "corp"]);
    assert!(
        why["warnings"]
            .as_array()
            .is_some_and(|warnings| !warnings.is_empty()),
        "{why:#}"
    );
}

#[test]
fn fact_07_a_provider_is_split_or_an_array_and_empty_is_an_error() {
    let facts = Facts::new();
    let own = |value: &str| {
        format!("registry corp{CORP}token = 'sentinel-token'\ncredential-provider = {value}\n")
    };
    for (value, provider) in [
        ("' plug-echo  one\\ttwo '", "plug-echo one two"),
        ("['plug-echo', 'o n e', '']", "plug-echo o n e "),
    ] {
        let compared = facts.agreed(&own(&value.replace('\'', "\"")));
        assert_eq!(compared.cargo.providers, [provider]);
        assert!(compared.cargo.success);
    }
    facts.fails("invalid length 0", &own("''"));
    facts.fails("invalid length 0", &own("[]"));
    facts.sends(
        "sentinel-token",
        &format!(
            "{}[registry]\nglobal-credential-providers = []\n",
            own("'cargo:token'").replace("credential-provider = 'cargo:token'\n", "")
        ),
    );
    for empty in ["''", "[]"] {
        let compared = facts.fails(
            "No such file",
            &format!("{}[credential-alias]\nal = {empty}\n", own("'al'")),
        );
        assert_eq!(compared.cargo.providers, ["al"]);
    }
}

#[test]
fn fact_08_a_relative_path_starts_at_the_folder_that_holds_the_configuration() {
    let facts = Facts::new();
    let links = "
        registry corp
        folder work/a
        link work/bin/plug plug-token
        link bin/plug plug-never
        link home/bin/plug plug-expires
        link work/a/bin/plug plug-cache
        ";
    let config = |path: &str| {
        format!(
            "
        --- {path}
        registries.corp = {{ index = '<corp>', credential-provider = ['bin/plug'] }}
        "
        )
    };
    facts.sends(
        "sentinel-plug",
        &format!("{links}{}", config("work/.cargo/config.toml")),
    );
    facts.sends(
        "Bearer sentinel-never",
        &format!("{links}{}", config("home/config.toml")),
    );
    let included = format!(
        "{}--- home/config.toml\ninclude = ['sub/part.toml']\n",
        config("home/sub/part.toml")
    );
    facts.sends("sentinel-expires", &format!("{links}{included}"));
    let variable = "CARGO_REGISTRIES_CORP_CREDENTIAL_PROVIDER=bin/plug";
    facts.sends("sentinel-cache", &format!("{links}{variable}{CORP}"));
    facts.fails(
        "No such file",
        &format!(
            "{links}{}",
            config("work/.cargo/config.toml").replace("bin/plug", "plug")
        ),
    );

    let command = "CARGO_REGISTRIES_CORP_CREDENTIAL_PROVIDER=cargo:token-from-stdout bin/plug";
    let here = links.replace(
        "link work/a/bin/plug plug-cache",
        "link work/a/bin/plug one-line",
    );
    facts.sends("sentinel-one-line", &format!("{here}{command}{CORP}"));
}
