//! The table as data: every command is called, every option set and every JSON key read from a script.

use std::collections::{BTreeMap, BTreeSet};

use clap::CommandFactory;
use credsh::commands::grammar::Line;

use crate::harness::{SENTINEL, Sandbox};

/// Words that Rhai keeps for itself.
const RESERVED: &str = "import export use switch default new static public private sync spawn go match case with module \
    package call eval print debug for in if while do loop until let const fn this is return throw try catch as null nil \
    void var async await thread yield shared super protected curry type_of goto";

/// One call of each command with all of its options, in an order in which they work; a command whose options
/// exclude each other has several.
const CALLS: &str = r#"
    alias::set("vault", "cargo-credential-vault", "arg", #{ local: true });
    alias::set("other", "cargo-credential-vault", "b c", #{ config_file: "other.toml" });
    alias::list();
    alias::remove("vault", #{ local: true });
    alias::remove("other", #{ config_file: "other.toml" });
    provider::add("cargo:token", #{ first: true });
    provider::add("cargo:wincred", #{ last: true });
    provider::add("cargo:macos-keychain", #{ before: "cargo:token" });
    provider::add(#{ rest: ["cargo:token-from-stdout", "echo", "a b"], config_file: "other.toml" });
    provider::add("cargo:token", #{ local: true });
    provider::move("cargo:token", #{ local: true, first: true });
    provider::move("cargo:wincred", #{ first: true });
    provider::move("cargo:wincred", #{ last: true });
    provider::move("cargo:wincred", #{ before: "cargo:token" });
    provider::move(#{ rest: ["cargo:macos-keychain"], config_file: "../home/config.toml", last: true });
    provider::list();
    provider::test("cargo:token", #{ registry: "crates-io", login: true });
    provider::test(#{ rest: ["cargo:wincred"] });
    provider::remove("cargo:wincred");
    provider::remove("cargo:token", #{ local: true });
    provider::remove(#{ rest: ["echo"], config_file: "other.toml" });
    registry::add("corp", "sparse+https://corp.example/", #{ provider: "cargo:token", make_default: true });
    registry::add("lab", "sparse+https://lab.example/", #{ local: true });
    registry::add("else", "sparse+https://else.example/", #{ config_file: "other.toml" });
    registry::list();
    registry::show("corp");
    registry::show(#{ registry: "corp" });
    registry::set("lab", #{ index: "sparse+https://new.lab.example/", provider: "cargo:token", make_default: true, local: true });
    registry::set("lab", #{ no_provider: true, no_default: true });
    registry::set("corp", #{ make_default: true, config_file: "../home/config.toml" });
    login("corp", #{ from: "env:T", scheme: "bearer" });
    login(#{ registry: "crates-io", from: "env:T", provider: "cargo:token", rest: [] });
    try { login("corp", #{ from: "provider:cargo:token", move: true }); } catch (e) { print(e.kind + e.message + e.hint); }
    registry::set("corp", #{ index: "sparse+https://two.example/", move_token: true });
    registry::add("own", "sparse+https://own.example/", #{ provider: "credsh" });
    login("own", #{ from: "env:T", label: "ci", operations: "read,publish", crates: "serde*", expires: "90d", store: "sealed" });
    token::list("own");
    token::list(#{ registry: "own" });
    token::set("ci", #{ registry: "own", label: "cd", operations: ["read"], crates: ["toml"], expires: "2027-01-31", store: "sealed" });
    token::set("cd", #{ all_operations: true, all_crates: true, never_expires: true });
    token::remove("cd", #{ registry: "own" });
    status();
    status(["corp", "crates-io"], #{ ask: true });
    status(#{ registry: ["corp", "crates-io"] });
    why();
    why("corp", #{ operation: "publish", crate: "foo", ask: true });
    why(#{ registry: "corp" });
    token::show("corp", #{ operation: "read", reveal: true });
    token::show(#{ registry: "corp", operation: "yank", crate: "foo" });
    registry::set("corp", #{ index: "sparse+https://three.example/", drop_token: true });
    registry::rename("corp", "work");
    login("lab", #{ from: "env:T" });
    logout("lab");
    logout(#{ registry: "work" });
    logout(#{ all: true });
    registry::remove("work", #{ keep_token: true });
    registry::remove("lab");
    begin();
    diff();
    rollback();
    begin();
    commit();
    run("nothing.rhai");
    help();
    help("login");
    completions("fish");
    man();
"#;

/// A script that writes `CALL -> KEYS` for each call, where every key was read as a script reads it.
fn instrumented() -> String {
    let reader = r#"
        fn keys_of(value, path, all) {
            if type_of(value) == "map" {
                for key in value.keys() {
                    let child = if path == "" { key } else { path + "." + key };
                    all.push(child);
                    all = keys_of(value[key], child, all);
                }
            } else if type_of(value) == "array" {
                for item in value { all = keys_of(item, path + "[]", all); }
            }
            all
        }
    "#;
    let mut script = reader.to_owned();
    for line in CALLS.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with("try") {
            script.push_str(line);
        } else {
            let call = line.trim_end_matches(';');
            let name = call.split('(').next().unwrap();
            script.push_str(&format!(
                "for key in keys_of({call}, \"\", []) {{ print(`{name} ${{key}}`); }}"
            ));
        }
        script.push('\n');
    }
    script
}

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.env("T", format!("{SENTINEL}-0123456789abcdef"));
    sandbox.write("work/nothing.rhai", "let x = 1;");
    sandbox
}

#[test]
fn every_command_and_every_option_works_from_a_script() {
    let mut sandbox = sandbox();
    sandbox.write("work/all.rhai", instrumented());
    sandbox.ok(&["-q", "--yes", "-f", "all.rhai"]);

    let tree = Line::command();
    let mut untested = Vec::new();
    for (path, command) in leaves(&tree) {
        let name = path.join("::");
        if !CALLS.contains(&format!("{name}(")) {
            untested.push(name.clone());
        }
        for option in command.get_arguments().filter_map(clap::Arg::get_long) {
            let key = format!("{}:", option.replace('-', "_"));
            let is_set = CALLS
                .lines()
                .any(|line| line.contains(&format!("{name}(")) && line.contains(&key));
            if !is_set && option != "help" {
                untested.push(format!("{name} --{option}"));
            }
        }
    }
    assert!(
        untested.is_empty(),
        "no call of the test sets these: {untested:#?}"
    );
}

/// The keys of the contract, by command. What a script reads is what `--json` prints.
#[test]
fn every_key_of_the_documents_can_be_read_from_a_script() {
    let mut sandbox = sandbox();
    sandbox.write("work/all.rhai", instrumented());
    let run = sandbox.ok(&["-q", "--yes", "-f", "all.rhai"]);
    let mut read: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in run.stdout.lines() {
        if let Some((call, key)) = line.split_once(' ') {
            read.entry(call).or_default().insert(key);
        }
    }
    let expected = [
        (
            "registry::list",
            "[].name [].index [].is_default [].providers [].defined_in [].logged_in",
        ),
        (
            "registry::show",
            "name index is_default providers defined_in logged_in values values[].key values[].value \
            values[].place.file values[].place.line values[].shadowed variables",
        ),
        (
            "status",
            "registries registries[].name registries[].index registries[].providers registries[].stored_in \
            registries[].place registries[].plain_text registries[].scheme registries[].fingerprint \
            registries[].overridden_by registries[].warnings",
        ),
        (
            "token::show",
            "registry index token fingerprint from.provider from.place cache operation_independent",
        ),
        (
            "why",
            "registry index.value index.place providers[].command providers[].place providers[].outcome \
            providers[].detail token.fingerprint token.place shadowed warnings notes",
        ),
        (
            "provider::list",
            "[].command [].place [].kind [].found [].can_login [].plain_text [].registry",
        ),
        (
            "provider::test",
            "provider points points[].point points[].passed points[].detail points[].why passed",
        ),
        (
            "token::list",
            "[].label [].registry [].index [].operations [].crates [].store [].scheme [].created [].expires",
        ),
        ("alias::list", "[].name [].command [].place"),
        (
            "logout",
            "registry places places[].registry places[].provider places[].place places[].outcome places[].detail",
        ),
        (
            "registry::add",
            "changes changes[].file changes[].key changes[].action changes[].before changes[].after committed",
        ),
        (
            "login",
            "changes changes[].file changes[].key changes[].action changes[].before changes[].after committed",
        ),
        ("diff", "changes committed"),
        ("begin", "open"),
        ("rollback", "open"),
        ("commit", "changes committed"),
        ("help", "text"),
    ];
    for (call, keys) in expected {
        let read = read
            .get(call)
            .unwrap_or_else(|| panic!("nothing was read from `{call}`"));
        for key in keys.split_whitespace() {
            assert!(read.contains(key), "`{call}` has no `{key}`, only {read:?}");
        }
    }
}

#[test]
fn no_name_is_a_word_that_scripts_cannot_use() {
    let reserved: BTreeSet<&str> = RESERVED.split_whitespace().collect();
    for (path, command) in leaves(&Line::command()) {
        for word in &path {
            assert!(!reserved.contains(word.as_str()), "command `{word}`");
        }
        for option in command.get_arguments().filter_map(clap::Arg::get_long) {
            // As a key of a map a reserved word is fine where Rhai takes it there; the calls above prove it.
            assert!(
                !reserved.contains(option),
                "option `{option}` of `{}`",
                path.join(" ")
            );
        }
    }
}

#[test]
fn every_command_says_what_it_is_about_and_shows_an_example() {
    for (path, command) in leaves(&Line::command()) {
        let name = path.join(" ");
        assert!(command.get_about().is_some(), "{name}");
        let help = command.clone().render_long_help().to_string();
        assert!(
            help.contains("Examples:\n"),
            "no example in the help of {name}"
        );
        let examples = help.split("Examples:\n").nth(1).unwrap();
        for example in examples.lines().filter(|line| !line.trim().is_empty()) {
            let words = credsh::words::split(example).unwrap();
            assert_eq!(
                words[..path.len()],
                path,
                "an example of another command in the help of {name}"
            );
            let parsed = credsh::commands::grammar::Grammar::default().parse(&words);
            assert!(
                parsed.is_ok(),
                "the example `{example}` does not parse: {:?}",
                parsed.err()
            );
        }
    }
}

fn leaves(tree: &clap::Command) -> Vec<(Vec<String>, clap::Command)> {
    let mut all = Vec::new();
    for command in tree.get_subcommands() {
        if command.has_subcommands() {
            for child in command.get_subcommands() {
                all.push((
                    vec![command.get_name().to_owned(), child.get_name().to_owned()],
                    child.clone(),
                ));
            }
        } else {
            all.push((vec![command.get_name().to_owned()], command.clone()));
        }
    }
    all
}
