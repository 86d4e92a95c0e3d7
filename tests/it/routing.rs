//! Which of credsh's own tokens serves which request, as a table: exact crate, longer beginning, named operation, the
//! rest; and the index decides, never the name.

use crate::cargo::Cargo;
use crate::harness::Sandbox;

/// A machine on which credsh is the provider of `corp`, with a token of each of these labels in the sealed file.
struct Machine {
    cargo: Cargo,
    sandbox: Sandbox,
}

const LABELS: [&str; 5] = ["a", "b", "c", "d", "e"];

impl Machine {
    fn new() -> Self {
        let cargo = Cargo::new();
        let script = format!("exec '{}' \"$@\"", env!("CARGO_BIN_EXE_credsh"));
        cargo.programs(&[("credsh", &script)]);
        let mut sandbox = cargo.sandbox();
        let config = "[registries.corp]\nindex = '<corp>'\ncredential-provider = 'credsh'\n";
        sandbox.write("home/config.toml", cargo.registries.fill(config));
        let mut batch = Vec::new();
        for label in LABELS {
            sandbox.env(&label.to_uppercase(), format!("sentinel-{label}"));
            batch.push("-c".to_owned());
            // Rules that do not tie; each ledger of the table brings its own.
            batch.push(format!(
                "login corp --label {label} --crates {label} --store sealed --from env:{}",
                label.to_uppercase()
            ));
        }
        let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
        sandbox.ok(&batch);
        for label in LABELS {
            sandbox.unset(&label.to_uppercase());
        }
        Self { cargo, sandbox }
    }

    /// Writes a ledger, its rules in the words of the command line: `--operations read`, `--crates x*,y`.
    fn ledger(&self, rules: &[(&str, &str)]) {
        let index = self.cargo.registries.index("corp");
        let mut text = String::new();
        for (label, rules) in rules {
            text += &format!(
                "[tokens.\"{index}\".{label}]\nregistry = \"corp\"\nstore = \"sealed\"\nscheme = \"raw\"\n"
            );
            let mut words = rules.split_whitespace();
            while let (Some(option), Some(values)) = (words.next(), words.next()) {
                let values: Vec<&str> = values.split(',').collect();
                text += &format!("{} = {values:?}\n", option.trim_start_matches("--"));
            }
        }
        self.sandbox.write("home/.credsh/tokens.toml", text);
    }

    /// The label of the token that a request gets: `publish x`, `read`.
    fn label(&mut self, request: &str) -> Option<String> {
        let words = words_of(request);
        let run = self
            .sandbox
            .run(&[&["--json", "token", "show", "corp"], &words[..]].concat());
        let shown: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        if run.status == 3 {
            return None;
        }
        assert_eq!(run.status, 0, "{run:?}");
        let label = shown["from"]["place"]["label"].as_str();
        Some(label.unwrap_or_else(|| panic!("{shown}")).to_owned())
    }
}

fn words_of(request: &str) -> Vec<&str> {
    match request.split_once(' ') {
        Some((operation, name)) => vec!["--operation", operation, "--crate", name],
        None => vec!["--operation", request],
    }
}

/// The rules of tokens; and the requests, each with the label of the token that it gets, or `-`.
type Row = (
    &'static [(&'static str, &'static str)],
    &'static [(&'static str, &'static str)],
);

const TABLE: &[Row] = &[
    // One for everything.
    (
        &[("a", "")],
        &[
            ("read", "a"),
            ("publish x", "a"),
            ("owners x", "a"),
            ("yank", "a"),
        ],
    ),
    // A named operation is more than every operation.
    (
        &[
            ("a", ""),
            ("b", "--operations publish"),
            ("c", "--operations yank,unyank"),
        ],
        &[
            ("read", "a"),
            ("publish x", "b"),
            ("yank x", "c"),
            ("unyank x", "c"),
            ("owners x", "a"),
        ],
    ),
    // An exact crate is more than a beginning, and a long beginning more than a short one.
    (
        &[
            ("a", "--crates s*"),
            ("b", "--crates serde*"),
            ("c", "--crates serde_json"),
            ("d", "--crates *"),
            ("e", ""),
        ],
        &[
            ("publish serde_json", "c"),
            ("publish serde_json5", "b"),
            ("publish serde", "b"),
            ("publish syn", "a"),
            ("publish toml", "d"),
            // A token with crates never serves a read, nor what names no crate.
            ("read", "e"),
            ("publish", "e"),
        ],
    ),
    // The crate is more than the operation.
    (
        &[
            ("a", "--operations publish"),
            ("b", "--crates serde*"),
            ("c", "--operations publish --crates s*"),
        ],
        &[
            ("publish serde", "b"),
            ("publish syn", "c"),
            ("publish toml", "a"),
            ("yank serde", "b"),
            ("yank toml", "-"),
            ("read", "-"),
        ],
    ),
    // And with the same crate, the operation decides.
    (
        &[
            ("a", "--crates serde"),
            ("b", "--crates serde --operations publish"),
        ],
        &[
            ("publish serde", "b"),
            ("owners serde", "a"),
            ("publish serde2", "-"),
        ],
    ),
    // Several of each.
    (
        &[
            ("a", "--operations read,owners"),
            ("b", "--operations publish,yank --crates x,y*"),
        ],
        &[
            ("read", "a"),
            ("owners x", "a"),
            ("publish x", "b"),
            ("yank yy", "b"),
            ("publish xx", "-"),
            ("unyank x", "-"),
        ],
    ),
    // Nobody serves a read that only names crates.
    (
        &[("a", "--crates x --operations read"), ("b", "--crates *")],
        &[("read", "-"), ("publish x", "b"), ("publish y", "b")],
    ),
];

#[test]
fn each_request_gets_the_token_that_is_most_specific() {
    let mut machine = Machine::new();
    for (rules, requests) in TABLE {
        machine.ledger(rules);
        for (request, expected) in *requests {
            let label = machine.label(request);
            assert_eq!(
                label.as_deref().unwrap_or("-"),
                *expected,
                "{request} of {rules:?}"
            );
        }
        // In whatever order they stand.
        let reversed: Vec<(&str, &str)> = rules.iter().rev().copied().collect();
        machine.ledger(&reversed);
        let (request, expected) = requests[0];
        let label = machine.label(request);
        assert_eq!(
            label.as_deref().unwrap_or("-"),
            expected,
            "{request} of {reversed:?}"
        );
    }
}

#[test]
fn why_names_the_token_its_rule_and_the_runners_up_without_asking() {
    let mut machine = Machine::new();
    machine.ledger(&[
        ("a", ""),
        ("b", "--operations publish"),
        ("c", "--crates serde* --operations publish"),
        ("d", "--operations read"),
    ]);
    let why = [
        "why",
        "corp",
        "--operation",
        "publish",
        "--crate",
        "serde_json",
    ];
    for ask in [&[][..], &["--ask"]] {
        let told = machine.sandbox.json(&[&why[..], ask].concat());
        let detail = told["providers"][0]["detail"].as_str().unwrap();
        let expected = "the token `c` serves `publish` of crates `serde*`, before `b` serves `publish`, \
                        before `a` serves every operation; not for this: `d`";
        assert!(detail.ends_with(expected), "{detail}");
        let shadowed: Vec<&str> = told["shadowed"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["what"].as_str().unwrap())
            .collect();
        assert_eq!(shadowed, ["token `b`", "token `a`"], "{told}");
        let place = if ask.is_empty() { None } else { Some("c") };
        assert_eq!(told["token"]["place"]["label"].as_str(), place, "{told}");
    }
}

#[test]
fn two_tokens_that_would_tie_are_refused_when_the_second_is_stored() {
    for (first, second, tied) in [
        ("", "", true),
        ("--operations read", "--operations publish,read", true),
        ("--operations read", "--operations publish", false),
        ("--operations read", "", false),
        ("--crates serde", "--crates toml,serde", true),
        ("--crates serde*", "--crates serde*", true),
        ("--crates serde*", "--crates serd*", false),
        ("--crates serde*", "--crates serde", false),
        (
            "--crates serde",
            "--crates serde --operations publish",
            false,
        ),
        ("--crates x --operations read", "--operations read", false),
        (
            "--crates x --operations yank",
            "--crates x --operations yank,publish",
            true,
        ),
    ] {
        let mut sandbox = Sandbox::new();
        let credsh = env!("CARGO_BIN_EXE_credsh");
        let config = format!(
            "[registries.corp]\nindex = 'sparse+https://corp.example/'\ncredential-provider = '{credsh}'\n"
        );
        sandbox.write("home/config.toml", config);
        sandbox.env("T", "sentinel");
        let login = |label: &str, rules: &str| {
            format!("login corp --label {label} {rules} --store sealed --from env:T")
        };
        sandbox.ok(&["-c", &login("first", first)]);
        let ledger = sandbox.read("home/.credsh/tokens.toml");
        let run = sandbox.run(&["-c", &login("second", second)]);
        assert_eq!(run.status, u8::from(tied), "{first:?} {second:?}: {run:?}");
        assert_eq!(run.stderr.contains("equally well"), tied, "{run:?}");
        if !tied {
            // Nor can it be changed so that it ties.
            let ledger = sandbox.read("home/.credsh/tokens.toml");
            let rules = first.replace("--operations", "--all-crates --operations");
            let all = match first {
                "" => "--all-operations --all-crates",
                "--operations read" => &rules,
                _ => continue,
            };
            let run = sandbox.run(&["-c", &format!("token set second {all}")]);
            assert_eq!(run.status, 1, "{run:?}");
            assert!(run.stderr.contains("equally well"), "{run:?}");
            assert_eq!(sandbox.read("home/.credsh/tokens.toml"), ledger);
            continue;
        }
        assert_eq!(sandbox.read("home/.credsh/tokens.toml"), ledger);
        // The same label is no other token.
        sandbox.ok(&["-c", &login("first", second)]);
    }
}

#[test]
fn a_project_that_moves_a_name_to_another_index_gets_no_token_and_hears_why() {
    let mut machine = Machine::new();
    machine.ledger(&[("a", "")]);
    let asked = machine.cargo.ask(&machine.sandbox, Some("corp"));
    assert_eq!(asked.token.as_deref(), Some("sentinel-a"), "{asked:#?}");
    let elsewhere = machine.cargo.registries.index("elsewhere");
    let config = format!("registries.corp.index = '{elsewhere}'\n");
    machine.sandbox.write("work/.cargo/config.toml", config);
    let asked = machine.cargo.ask(&machine.sandbox, Some("corp"));
    assert_eq!(
        (asked.token.as_deref(), asked.success),
        (None, false),
        "{asked:#?}"
    );
    asked.assert_said(&format!(
        "the tokens of `corp` are for `{}`, and Cargo asks for `{elsewhere}`: none is given away",
        machine.cargo.registries.index("corp")
    ));
    assert_eq!(machine.label("read"), None);

    // Under any name, the index gets its token.
    machine.sandbox.write("work/.cargo/config.toml", "");
    let renamed = machine
        .sandbox
        .read("home/config.toml")
        .replace("registries.corp", "registries.other");
    machine.sandbox.write("home/config.toml", renamed);
    let asked = machine.cargo.ask(&machine.sandbox, Some("other"));
    assert_eq!(asked.token.as_deref(), Some("sentinel-a"), "{asked:#?}");
}

#[test]
fn arguments_of_the_configured_provider_choose_the_token_that_cargo_sends() {
    let machine = Machine::new();
    machine.ledger(&[("a", ""), ("b", "--operations owners")]);
    let config = machine.sandbox.read("home/config.toml");
    for (arguments, token) in [
        ("", Some("sentinel-b")),
        (" --label a", Some("sentinel-a")),
        (" --label=a --store=sealed", Some("sentinel-a")),
        (" --label c", None),
        (" --store keyring", None),
    ] {
        let narrowed = config.replace("'credsh'", &format!("'credsh{arguments}'"));
        machine.sandbox.write("home/config.toml", narrowed);
        let asked = machine.cargo.ask(&machine.sandbox, Some("corp"));
        assert_eq!(asked.token.as_deref(), token, "{arguments:?}: {asked:#?}");
    }
}
