//! The documents of `--json`: what each command prints has the form that `tests/schema.json` gives it. The
//! harness holds every document of the whole suite against it, too.

use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Value as Json, json};

use crate::harness::{SENTINEL, Sandbox};

const SCHEMA: &str = include_str!("../schema.json");

/// The schema, or the part of it that one command has.
fn compiled(part: Option<&str>) -> Validator {
    let mut schema: Json = serde_json::from_str(SCHEMA).unwrap();
    if let Some(part) = part {
        assert!(schema["$defs"][part].is_object(), "there is no `{part}`");
        schema["anyOf"] = json!([{ "$ref": format!("#/$defs/{part}") }]);
    }
    jsonschema::draft202012::new(&schema).unwrap()
}

/// Standard output under `--json` is one document, and one of those that the schema describes.
#[track_caller]
pub fn check(stdout: &str) {
    static ALL: OnceLock<Validator> = OnceLock::new();
    conforms(ALL.get_or_init(|| compiled(None)), stdout);
}

#[track_caller]
fn conforms(validator: &Validator, stdout: &str) {
    let document: Json = serde_json::from_str(stdout)
        .unwrap_or_else(|error| panic!("this is not one document: {error}\n{stdout}"));
    let errors: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{stdout}");
}

/// One that Cargo refuses, and so a list that says why.
fn odd() -> Sandbox {
    let mut sandbox = used();
    sandbox.write(
        "work/.cargo/config.toml",
        "[registries.odd]\nindex = 'sparse+https://odd.example/'\ncredential-provider = 3\n",
    );
    sandbox.env("CARGO_REGISTRY_DEFAULT", "corp");
    sandbox
}

/// A home in which every list has something to show.
fn used() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.env("T", format!("{SENTINEL}-0123456789abcdef"));
    sandbox.write(
        "work/lines.txt",
        "registry list\nregistry add b sparse+https://b.example/\n",
    );
    sandbox.write(
        "work/s.rhai",
        "registry::add(\"c\", \"sparse+https://c.example/\");",
    );
    let lines = [
        "provider add cargo:token",
        "provider add cargo-credential-vault --last",
        "registry add corp sparse+https://corp.example/ --make-default",
        "registry add lab sparse+https://lab.example/ --provider 'cargo:token-from-stdout echo t'",
        "alias set vault cargo-credential-vault 'a b'",
        "login corp --from env:T",
    ];
    sandbox.stdin(lines.join("\n")).ok(&["-q"]);
    sandbox
}

#[test]
fn every_document_has_the_form_of_its_command() {
    for (part, status, line) in [
        ("registry-list", 0, "registry list"),
        ("registry-show", 0, "registry show corp"),
        ("registry-show", 0, "registry show lab"),
        ("status", 0, "status corp crates-io lab"),
        ("status", 0, "status crates-io"),
        ("token-show", 0, "token show corp"),
        ("token-show", 0, "token show corp --reveal"),
        ("token-list", 0, "token list"),
        ("why", 0, "why"),
        ("why", 0, "why lab --ask"),
        ("provider-list", 0, "provider list"),
        ("provider-test", 0, "provider test cargo:token"),
        (
            "provider-test",
            1,
            "provider test cargo-credential-nobody --login",
        ),
        ("alias-list", 0, "alias list"),
        ("logout", 4, "logout corp"),
        ("logout", 1, "logout lab"),
        ("logout", 4, "registry remove corp --yes"),
        ("change", 0, "registry remove corp --keep-token"),
        ("change", 0, "registry add new sparse+https://new.example/"),
        (
            "change",
            0,
            "registry add corp sparse+https://corp.example/",
        ),
        ("change", 0, "login crates-io --from env:T"),
        ("change", 2, "login crates-io --from command:x --check"),
        ("change", 2, "--check alias remove vault"),
        ("change", 0, "--dry-run provider remove cargo:token"),
        (
            "batch",
            0,
            "-c 'registry list' -c 'alias list' -c 'alias remove vault' -c 'help login' -c 'why --help'",
        ),
        (
            "batch",
            0,
            "-c begin -c 'alias remove vault' -c diff -c rollback",
        ),
        ("batch", 0, "-f s.rhai"),
        ("batch", 0, "-f s.rhai -c 'registry list --json'"),
        ("batch", 0, "run s.rhai"),
        ("batch", 0, "run lines.txt"),
        ("batch", 0, "-c 'run lines.txt'"),
        ("text", 0, "help"),
        ("text", 0, "registry add --help"),
        ("text", 0, "--help"),
        ("text", 0, "--version"),
        ("text", 0, "completions fish"),
        ("text", 0, "man"),
        ("error", 64, "registry lst"),
        ("error", 64, "--nonsense"),
        ("error", 3, "registry show nobody"),
        ("error", 3, "-c 'registry list' -c 'registry show nobody'"),
        ("error", 65, "registry show odd"),
        ("error", 1, "-f nothing.rhai"),
        ("error", 1, "--home work/s.rhai registry list"),
    ] {
        let needs_odd = line.contains("odd") || line == "registry list";
        let mut sandbox = if needs_odd { odd() } else { used() };
        if line.starts_with("why") || line.starts_with("registry show") {
            sandbox.env(
                "CARGO_REGISTRIES_CORP_INDEX",
                "sparse+https://other.example/",
            );
        }
        if part == "error" && line.contains("--home") {
            sandbox.cd("");
        }
        let mut words = vec!["--json".to_owned()];
        words.extend(credsh::words::split(line).unwrap());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let run = sandbox.reveals().run(&words);
        assert_eq!(run.status, status, "{line}:\n{}{}", run.stdout, run.stderr);
        conforms(&compiled(Some(part)), &run.stdout);
    }
}

#[test]
fn the_results_of_a_batch_are_in_its_document() {
    let results = |words: &[&str]| {
        let document = used().json(words);
        let results = document["results"].as_array().unwrap().clone();
        let keys = |result: &Json| {
            let keys = result.as_object().unwrap().keys().cloned();
            keys.collect::<Vec<_>>().join(" ")
        };
        results.iter().map(keys).collect::<Vec<_>>()
    };
    assert_eq!(
        results(&["-c", "registry list", "-c", "alias remove vault"]),
        ["registries", "changes committed"]
    );
    assert_eq!(
        results(&["run", "lines.txt"]),
        ["registries", "changes committed"]
    );
    assert_eq!(
        results(&["-c", "run lines.txt"]),
        ["results changes committed"]
    );
    assert_eq!(results(&["-f", "s.rhai"]), [""; 0]);
}

/// A line that asks for its document gets it, also where the others are shown as text.
#[test]
fn a_line_of_a_batch_can_ask_for_its_document() {
    let run = used().ok(&["-c", "alias list --json", "-c", "alias list"]);
    let (document, text) = run.stdout.split_once("\n}\n").unwrap();
    check(&format!("{document}\n}}"));
    assert!(text.starts_with("ALIAS"), "{text}");
}

#[test]
fn the_schema_refuses_what_is_not_in_the_contract() {
    let validator = compiled(None);
    let good = used().json(&["registry", "list"]);
    assert!(validator.is_valid(&good));
    let changed = |change: &dyn Fn(&mut Json)| {
        let mut document = good.clone();
        change(&mut document);
        validator.is_valid(&document)
    };
    assert!(!changed(&|document| document["more"] = 1.into()));
    assert!(!changed(&|document| document["schema"] = 2.into()));
    assert!(!changed(
        &|document| document["registries"][0]["more"] = 1.into()
    ));
    assert!(!changed(
        &|document| document["registries"][0]["index"] = 1.into()
    ));
    assert!(!changed(&|document| {
        document.as_object_mut().unwrap().remove("schema");
    }));
    let change = |after: &str| {
        json!({ "schema": 1, "committed": true, "changes": [
            { "file": "f", "key": "registry.token", "action": "login", "before": null, "after": after }
        ] })
    };
    assert!(validator.is_valid(&change("sha256:0123456789ab")));
    assert!(validator.is_valid(&change("unknown")));
    assert!(!validator.is_valid(&change("the token itself")));
}

/// A line that was to answer with a document fails with one, and the next does not.
#[test]
fn an_error_of_a_line_is_a_document_if_its_answer_was_to_be() {
    for line in [
        "registry show nobody --json",
        "login corp --from env:NOPE --json",
    ] {
        let mut sandbox = used();
        let run = sandbox.run(&["-c", line]);
        assert!(
            run.status != 0 && !run.stderr.contains("error: "),
            "{line}: {run:?}"
        );
        conforms(&compiled(Some("error")), &run.stdout);
        let input = format!("{line}\n");
        let run = sandbox.stdin(input).run(&[]);
        conforms(&compiled(Some("error")), &run.stdout);
    }
    let mut sandbox = used();
    let lines = "registry show nobody --json\n";
    sandbox.write("work/f.txt", lines);
    let run = sandbox.run(&["run", "f.txt"]);
    conforms(&compiled(Some("error")), &run.stdout);
    let caught = "try { registry::show(\"nobody\", #{ json: true }); } catch { } fail(\"plain\");";
    sandbox.write("work/c.rhai", caught);
    let run = sandbox.run(&["-f", "c.rhai"]);
    assert!(run.stderr.contains("error: "), "{run:?}");
    let run = sandbox.run(&["-c", "registry list --json", "-c", "registry show nobody"]);
    assert!(run.stderr.starts_with("error: "), "{run:?}");
}
