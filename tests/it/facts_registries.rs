//! The numbered facts of `spec/cargo.md` on names, URLs and the default registry, 9 to 13: each is shown to be so by
//! the real Cargo, and credsh says the same.

use serde_json::Value;

use crate::facts::{CORP, Facts};
use crate::oracle::Layout;

#[test]
fn fact_09_registry_names_are_letters_digits_dash_and_underscore() {
    let facts = Facts::new();
    let named = |name: &str| {
        format!(
            "
        registry {name}
        --- home/config.toml
        registries.'{name}' = {{ index = '<corp>', token = 'sentinel-corp' }}
        "
        )
    };
    for name in ["corp", "Corp-2", "corp_2", "größe", "_corp", "日本"] {
        facts.sends("sentinel-corp", &named(name));
    }
    facts.fails("cannot start with a digit", &named("1corp"));
    for (name, character) in [("corp!", '!'), ("a.b", '.'), ("a b", ' '), ("-corp", '-')] {
        facts.fails(&format!("invalid character `{character}`"), &named(name));
    }
}

#[test]
fn fact_10_a_url_that_is_none_breaks_other_registries_too() {
    let facts = Facts::new();
    let own = |url: &str| {
        format!(
            "
        registry corp
        --- home/config.toml
        registries.corp = {{ index = '{url}', token = 'sentinel-corp' }}
        "
        )
    };
    facts.fails("sparse registry url must end in a slash", &own("<corp>x"));
    facts.fails(
        "registry URLs may not contain passwords",
        &own("sparse+http://me:word@<address>/corp/index/"),
    );
    let other = |value: &str| format!("{}registries.bad.index = {value}\n", own("<corp>"));
    facts.sends(
        "sentinel-corp",
        &other("'sparse+https://host.invalid/no-slash'"),
    );
    facts.sends("sentinel-corp", &other("'https://me:word@host.invalid/'"));
    facts.fails("invalid url `no url`", &other("'no url'"));
    facts.fails("expected a string", &other("3"));
    // Not where the name is found in the environment, nor for crates.io.
    facts.sends(
        "sentinel-corp",
        &format!("CARGO_REGISTRIES_CORP_INDEX=<corp>\n{}", other("'no url'")),
    );
    let crates_io = format!(
        "{}registry.token = 'sentinel-crates-io'\n",
        other("'no url'")
    );
    facts.sends(
        "sentinel-crates-io",
        &crates_io.replace("registry corp", "registry crates-io"),
    );
    // `registry.index` breaks everything.
    facts.fails(
        "`registry.index`",
        &format!("{}registry.index = '<mirror>'\n", own("<corp>")),
    );
    facts.fails(
        "`registry.index`",
        "--- home/config.toml\nregistry = { index = '<mirror>', token = 'sentinel-crates-io' }\n",
    );
}

#[test]
fn fact_11_two_names_with_one_url_are_an_error_for_both() {
    let facts = Facts::new();
    let asked = |name: &str, url: &str| {
        format!(
            "
        registry {name}
        --- home/config.toml
        registries.corp = {{ index = '<corp>', token = 'sentinel-corp' }}
        registries.twin = {{ index = '{url}', token = 'sentinel-twin' }}
        registries.other = {{ index = '<other>', token = 'sentinel-other' }}
        registry.token = 'sentinel-crates-io'
        "
        )
    };
    let message = "multiple registries are configured with the same index url";
    facts.fails(message, &asked("corp", "<corp>"));
    facts.fails(message, &asked("twin", "<corp>"));
    facts.fails(
        message,
        &asked("corp", "sparse+http://<address>/corp/index"),
    );
    facts.sends("sentinel-other", &asked("other", "<corp>"));
    facts.sends("sentinel-crates-io", &asked("crates-io", "<corp>"));
    facts.sends(
        "sentinel-crates-io",
        &asked("twin", "https://github.com/rust-lang/crates.io-index"),
    );
}

#[test]
fn fact_11_an_index_in_the_environment_renames_a_registry() {
    let facts = Facts::new();
    let named = |name: &str, variable: &str| {
        format!(
            "
        registry {name}
        {variable}=<{name}>
        --- home/config.toml
        [registries]
        {name} = {{ index = '<{name}>', token = 'sentinel-file' }}
        other = {{ token = 'sentinel-other' }}
        my_reg = {{ token = 'sentinel-underscore' }}
        "
        )
    };
    facts.sends(
        "sentinel-other",
        &named("corp", "CARGO_REGISTRIES_OTHER_INDEX"),
    );
    facts.sends(
        "sentinel-underscore",
        &named("my-reg", "CARGO_REGISTRIES_MY_REG_INDEX"),
    );
    facts.sends(
        "sentinel-file",
        &named("corp", "CARGO_REGISTRIES_CORP_INDEX"),
    );
    facts.fails(
        "no token found",
        &named("Corp", "CARGO_REGISTRIES_CORP_INDEX"),
    );
}

#[test]
fn fact_11_a_login_to_a_renamed_registry_is_lost_by_cargo_and_not_by_credsh() {
    let facts = Facts::new();
    let renamed: Layout = format!("CARGO_REGISTRIES_OTHER_INDEX=<corp>{CORP}")
        .parse()
        .unwrap();
    let by_cargo = renamed.sandbox(&facts.cargo);
    assert!(
        facts
            .cargo
            .login(&by_cargo, Some("corp"), "sentinel-new")
            .success
    );
    assert!(
        by_cargo
            .read("home/credentials.toml")
            .contains("[registries.corp]")
    );
    facts
        .cargo
        .ask(&by_cargo, Some("corp"))
        .assert_said("no token found");

    let mut by_credsh = renamed.sandbox(&facts.cargo);
    by_credsh.stdin("sentinel-new").ok(&["login", "corp"]);
    let asked = facts.cargo.ask(&by_credsh, Some("corp"));
    assert_eq!(asked.token.as_deref(), Some("sentinel-new"), "{asked:#?}");
}

#[test]
fn fact_12_a_project_can_send_a_token_to_another_host() {
    let facts = Facts::new();
    let compared = facts.sends(
        "sentinel-credentials",
        &format!(
            "registry corp{CORP}
        --- work/.cargo/config.toml
        registries.corp.index = '<elsewhere>'
        --- home/credentials.toml
        registries.corp.token = 'sentinel-credentials'
        "
        ),
    );
    assert_eq!(compared.cargo.registry.as_deref(), Some("elsewhere"));
    let index = &compared.document["index"];
    assert_eq!(
        index["value"],
        Value::from(facts.cargo.registries.index("elsewhere")),
        "{compared}"
    );
    let file = index["place"]["file"].as_str().unwrap_or_default();
    assert!(file.ends_with("work/.cargo/config.toml"), "{compared}");
}

#[test]
fn fact_13_the_default_is_asked_where_no_registry_is_named() {
    let facts = Facts::new();
    let registry = |values: &str| {
        format!(
            "
        --- home/config.toml
        registries.corp = {{ index = '<corp>', token = 'sentinel-corp' }}
        registries.crates-io = {{ token = 'sentinel-no-key', credential-provider = 'plug-token' }}
        registry.token = 'sentinel-crates-io'
        {values}
        "
        )
    };
    facts.sends("sentinel-crates-io", &registry(""));
    facts.sends("sentinel-corp", &registry("registry.default = 'corp'"));
    facts.sends(
        "sentinel-crates-io",
        &registry("registry.default = 'crates-io'"),
    );
    facts.sends(
        "sentinel-crates-io",
        &format!(
            "registry crates-io{}",
            registry("registry.default = 'corp'")
        ),
    );
    facts.sends(
        "sentinel-corp",
        &format!("CARGO_REGISTRY_DEFAULT=corp{}", registry("")),
    );
    let replaced =
        "source.mirror.registry = '<mirror>'\nsource.crates-io.replace-with = 'mirror'\n";
    facts.fails("crates-io is replaced", &registry(replaced));
    facts.sends(
        "sentinel-corp",
        &registry(&format!("{replaced}registry.default = 'corp'")),
    );
    facts.sends(
        "sentinel-crates-io",
        &format!("registry crates-io{}", registry(replaced)),
    );
}
