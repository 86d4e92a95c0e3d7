//! Files as they are found in the wild, edited by commands: the real Cargo reads what was meant, and what is
//! taken back leaves no trace.
//!
//! The same files, ten times as many, are edited key by key in the unit tests.

use std::path::Path;
use std::process::Command;

use fastrand::Rng;
use serde_json::{Value as Json, json};

use self::combine::shapes;
use crate::harness::Sandbox;

mod combine;

/// How many files the real Cargo reads.
const FILES: usize = 50;

const FRESH: &str = "sparse+https://fresh.example/index/";

/// The files, each with what to call it in a failure.
fn files(seed: u64) -> impl Iterator<Item = (String, String)> {
    let shapes = shapes(FILES, &mut Rng::with_seed(seed)).into_iter();
    shapes
        .enumerate()
        .map(move |(index, shape)| (format!("file {index} of seed {seed}"), shape))
}

/// A file as the real Cargo reads it.
fn as_cargo_reads(sandbox: &Sandbox, file: &Path) -> Json {
    let output = Command::new(env!("CARGO"))
        .args([
            "config",
            "get",
            "--format=json",
            "--merged=yes",
            "-Zunstable-options",
            "--config",
        ])
        .arg(file)
        .env_clear()
        .envs(sandbox.variables())
        .env("CARGO_HOME", sandbox.root().join("empty"))
        // What lets a stable Cargo show its configuration.
        .env("RUSTC_BOOTSTRAP", "1")
        .current_dir(sandbox.work())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{told}\n{}",
        std::fs::read_to_string(file).unwrap()
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn put(json: &mut Json, path: &[&str], value: Json) {
    let mut at = json;
    for name in path {
        at = at
            .as_object_mut()
            .unwrap()
            .entry(*name)
            .or_insert_with(|| json!({}));
    }
    *at = value;
}

#[test]
fn commands_edit_configurations_from_the_wild() {
    for (about, shape) in files(7) {
        println!("{about}");
        let mut sandbox = Sandbox::new();
        sandbox.write("home/config.toml", &shape);
        let file = sandbox.home().join("config.toml");
        let mut expected = as_cargo_reads(&sandbox, &file);

        // One after another, each as Cargo is to see it; then back.
        let mut texts = vec![shape.clone()];
        let adds: [(&[&str], &[&str], Json); 2] = [
            (
                &["registry", "add", "fresh", FRESH],
                &["registries", "fresh", "index"],
                json!(FRESH),
            ),
            (
                &["alias", "set", "brief", "/opt/it's \"it\"", "--x"],
                &["credential-alias", "brief"],
                json!(["/opt/it's \"it\"", "--x"]),
            ),
        ];
        for (command, path, value) in adds {
            sandbox.ok(command);
            put(&mut expected, path, value);
            assert_eq!(
                as_cargo_reads(&sandbox, &file),
                expected,
                "{command:?}: {about}\n{shape}"
            );
            texts.push(sandbox.read("home/config.toml"));
        }
        let removals: [&[&str]; 2] = [
            &["alias", "remove", "brief"],
            &["registry", "remove", "fresh", "--keep-token"],
        ];
        for command in removals {
            sandbox.ok(command);
            texts.pop();
            assert_eq!(
                texts.last(),
                Some(&sandbox.read("home/config.toml")),
                "{command:?}: {about}"
            );
        }

        // Another name, and the old one again.
        let expected = as_cargo_reads(&sandbox, &file);
        if let Some(table) = expected.pointer("/registries/corp") {
            sandbox.ok(&["registry", "rename", "corp", "elsewhere"]);
            let mut renamed = expected.clone();
            put(&mut renamed, &["registries", "elsewhere"], table.clone());
            renamed["registries"]
                .as_object_mut()
                .unwrap()
                .remove("corp");
            if renamed.pointer("/registry/default") == Some(&json!("corp")) {
                put(&mut renamed, &["registry", "default"], json!("elsewhere"));
            }
            assert_eq!(as_cargo_reads(&sandbox, &file), renamed, "{about}\n{shape}");
            let text = sandbox.read("home/config.toml");
            assert_eq!(text.lines().count(), shape.lines().count(), "{about}");
            sandbox.ok(&["registry", "rename", "elsewhere", "corp"]);
            assert_eq!(sandbox.read("home/config.toml"), shape, "{about}");
        }

        // What is there moves and comes back.
        let expected = as_cargo_reads(&sandbox, &file);
        let index = expected
            .pointer("/registries/corp/index")
            .and_then(Json::as_str);
        // A token elsewhere would have to be moved as well.
        let is_of_files = !shape.contains("global-credential-providers = [");
        if let Some(index) = index.filter(|index| is_of_files && !index.contains('@')) {
            sandbox.ok(&["registry", "set", "corp", "--index", FRESH, "--move-token"]);
            let mut moved = expected.clone();
            put(&mut moved, &["registries", "corp", "index"], json!(FRESH));
            assert_eq!(as_cargo_reads(&sandbox, &file), moved, "{about}\n{shape}");
            sandbox.ok(&["registry", "set", "corp", "--index", index, "--move-token"]);
            assert_eq!(
                as_cargo_reads(&sandbox, &file),
                expected,
                "{about}\n{shape}"
            );
            assert_eq!(sandbox.read("home/config.toml"), shape, "{about}");
        }
    }
}

#[test]
fn logins_edit_credentials_like_those_from_the_wild() {
    for (about, shape) in files(8) {
        println!("{about}");
        let mut sandbox = Sandbox::new();
        sandbox.env("FRESH", "sentinel-of-fresh");
        let config = format!(
            "[registries.fresh]\nindex = \"{FRESH}\"\ncredential-provider = \"cargo:token\"\n"
        );
        sandbox.write("home/config.toml", config);
        sandbox.write("home/credentials.toml", &shape);
        let file = sandbox.home().join("credentials.toml");
        let mut expected = as_cargo_reads(&sandbox, &file);

        sandbox.ok(&["login", "fresh", "--from", "env:FRESH"]);
        put(
            &mut expected,
            &["registries", "fresh", "token"],
            json!("sentinel-of-fresh"),
        );
        assert_eq!(
            as_cargo_reads(&sandbox, &file),
            expected,
            "{about}\n{shape}"
        );
        sandbox.ok(&["logout", "fresh"]);
        assert_eq!(sandbox.read("home/credentials.toml"), shape, "{about}");
    }
}
