//! Generated scripts: what is announced is what then happens, whichever door the words come in by, and a second
//! run changes nothing.
//!
//! A sequence of valid operations is grown on a [`model::Model`] of a random home. `CREDSH_SEED` repeats a failure.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use credsh::Token;
use fastrand::Rng;
use serde_json::{Map, Value as Json};

use self::model::{Operation, home};
use crate::harness::{SENTINEL, Sandbox, seed};

mod model;
mod recorded;

const FILES: [&str; 2] = ["home/config.toml", "home/credentials.toml"];

/// The plugin that the model knows, which keeps nothing.
static PROGRAMS: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("generated");
    let keeps_nothing = r#"#!/bin/sh
echo '{"v":[1]}'
read -r request
echo '{"Err":{"kind":"not-found"}}'
"#;
    let sandbox = Sandbox::new();
    let program = sandbox.program("cargo-credential-vault", keeps_nothing);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::rename(program, folder.join("cargo-credential-vault")).unwrap();
    folder
});

fn sandbox(files: &[String; 2]) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.env("PATH", PROGRAMS.display().to_string());
    for (path, text) in FILES.iter().zip(files) {
        if !text.is_empty() {
            sandbox.write(path, text);
        }
    }
    sandbox.env("T1", format!("{SENTINEL}-one-0123456789abcdef"));
    sandbox.env("T2", format!("{SENTINEL}-two-0123456789abcdef"));
    sandbox.write("work/token.txt", format!("{SENTINEL}-three-0123456789\n"));
    sandbox
}

fn texts(sandbox: &Sandbox) -> [String; 2] {
    FILES.map(|path| {
        if sandbox.exists(path) {
            sandbox.read(path)
        } else {
            String::new()
        }
    })
}

/// Every value of the two files under its key with dots; of a token, the fingerprint.
fn values(texts: &[String; 2]) -> BTreeMap<(usize, String), Json> {
    fn walk(
        file: usize,
        prefix: &str,
        item: &toml_edit::Item,
        all: &mut BTreeMap<(usize, String), Json>,
    ) {
        if let Some(table) = item.as_table_like() {
            for (key, item) in table.iter() {
                let prefix = if prefix.is_empty() {
                    key.to_owned()
                } else {
                    format!("{prefix}.{key}")
                };
                walk(file, &prefix, item, all);
            }
            return;
        }
        let text = |value: &toml_edit::Value| match value.as_str() {
            Some(token) if prefix.rsplit('.').next() == Some("token") => {
                Token::new(token).fingerprint().into()
            }
            Some(text) => Json::from(text),
            None => Json::from(value.as_integer().unwrap()),
        };
        let value = match item.as_array() {
            Some(list) => list.iter().map(text).collect(),
            None => text(item.as_value().unwrap()),
        };
        all.insert((file, prefix.to_owned()), value);
    }
    let mut all = BTreeMap::new();
    for (file, text) in texts.iter().enumerate() {
        let document: toml_edit::DocumentMut = text.parse().unwrap();
        walk(file, "", document.as_item(), &mut all);
    }
    all
}

fn changes_of(stdout: &str, root: &str) -> Vec<Map<String, Json>> {
    let document: Json = serde_json::from_str(&stdout.replace(root, "")).unwrap();
    let changes = document["changes"].as_array().unwrap();
    changes
        .iter()
        .map(|change| change.as_object().unwrap().clone())
        .collect()
}

/// A home, and a sequence that is valid there, in two spellings.
struct Sequence {
    files: [String; 2],
    lines: String,
    calls: String,
    idempotent: bool,
}

impl Sequence {
    fn of(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let (mut model, files) = home(&mut random);
        model.idempotent = random.bool();
        model.positions = random.bool();
        let wanted = random.usize(1..9);
        let mut operations = Vec::new();
        for _ in 0..40 {
            if operations.len() < wanted {
                operations.extend(model.next(&mut random));
            }
        }
        let lines: Vec<String> = operations.iter().map(Operation::line).collect();
        let calls: Vec<String> = operations.iter().map(Operation::call).collect();
        Self {
            files,
            lines: lines.join("\n"),
            calls: calls.join("\n"),
            idempotent: model.idempotent,
        }
    }
}

/// Holds everything that is promised of it.
fn try_sequence(sequence: &Sequence) {
    let Sequence {
        files,
        lines,
        calls,
        idempotent,
    } = sequence;
    let mut sandbox_of_lines = sandbox(files);
    let root = sandbox_of_lines.root().display().to_string();
    let mut run = |words: &[&str]| {
        let run = sandbox_of_lines.stdin(lines).run(words);
        (
            run.status,
            changes_of(&run.stdout, &root),
            texts(&sandbox_of_lines),
        )
    };
    let (dry_status, announced, after_dry) = run(&["--dry-run", "--json", "--yes"]);
    let (check_status, checked, after_check) = run(&["--check", "--json", "--yes"]);
    assert_eq!(after_dry, *files, "--dry-run wrote");
    assert_eq!(after_check, *files, "--check wrote");
    let (status, done, after) = run(&["--json", "--yes"]);
    // What only a program could tell is announced, and may turn out to be so already.
    let mut known = announced.clone();
    known.retain(|change| change["before"] != "unknown");
    assert_eq!(known, done, "announced, done");
    assert_eq!(checked, announced, "checked, announced");
    assert_eq!(dry_status, status);
    let pending = if status == 0 && !announced.is_empty() {
        2
    } else {
        status
    };
    assert_eq!(check_status, pending);

    let mut expected = values(files);
    for change in &done {
        let file = change["file"].as_str().unwrap().trim_start_matches('/');
        let file = FILES.iter().position(|path| *path == file).unwrap();
        let key = (file, change["key"].as_str().unwrap().to_owned());
        assert_eq!(
            expected.get(&key).unwrap_or(&Json::Null),
            &change["before"],
            "before of {key:?}"
        );
        match &change["after"] {
            Json::Null => expected.remove(&key),
            after => expected.insert(key, after.clone()),
        };
    }
    assert_eq!(values(&after), expected);
    for (before, after) in files.iter().zip(&after) {
        for line in before.lines().filter(|line| line.contains("# kept")) {
            assert!(
                after.lines().any(|other| other == line),
                "{line} is gone:\n{after}"
            );
        }
    }

    let mut sandbox_of_calls = sandbox(files);
    sandbox_of_calls.write("work/s.rhai", calls);
    let run = sandbox_of_calls.run(&["-q", "--yes", "-f", "s.rhai"]);
    assert_eq!(run.status, status, "{run:?}");
    assert_eq!(
        texts(&sandbox_of_calls),
        after,
        "the script and the lines differ"
    );

    if *idempotent {
        let mtimes = |sandbox: &Sandbox| {
            let paths = FILES.iter().map(|path| sandbox.root().join(path));
            paths
                .map(|path| path.metadata().and_then(|meta| meta.modified()).ok())
                .collect::<Vec<_>>()
        };
        let before = mtimes(&sandbox_of_calls);
        let check = sandbox_of_calls.ok(&["-q", "--check", "-f", "s.rhai"]);
        assert_eq!(check.stdout, "unchanged\n");
        sandbox_of_calls.ok(&["-q", "-f", "s.rhai"]);
        assert_eq!(
            texts(&sandbox_of_calls),
            after,
            "the second run changed bytes"
        );
        assert_eq!(
            mtimes(&sandbox_of_calls),
            before,
            "the second run touched files"
        );
    }
}

fn try_sequences(from: u64, count: u64) {
    for seed in (seed() + from..).take(usize::try_from(count).unwrap()) {
        let sequence = Sequence::of(seed);
        let tried = std::panic::catch_unwind(|| try_sequence(&sequence));
        assert!(
            tried.is_ok(),
            "repeat it with CREDSH_SEED={seed}\n{}\n---\n{}\n---\n{}\n---\n{}",
            sequence.files[0],
            sequence.files[1],
            sequence.lines,
            sequence.calls
        );
    }
}

#[test]
fn what_is_announced_is_what_happens() {
    try_sequences(0, 100);
}

#[test]
fn what_is_announced_is_what_happens_in_other_sequences() {
    try_sequences(100, 100);
}
