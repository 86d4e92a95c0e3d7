//! Bad input: each gives one clear error with its place and the next step, its exit status, and no file changed.
//!
//! [`refused`] holds for every case: as text and as JSON, once each, and without a sentinel in either.

mod files;
mod tokens;
mod words;

use serde_json::Value as Json;

use crate::harness::Sandbox;

const CORP: &str = "[registries.corp]\nindex = \"sparse+https://corp.example/index/\"\n";

/// The command fails with this status; its error says all of this, once as text and once as JSON.
#[track_caller]
fn refused(sandbox: &mut Sandbox, status: u8, args: &[&str], says: &[&str]) -> Json {
    refused_with(sandbox, b"", status, args, says)
}

/// The same, with standard input.
#[track_caller]
fn refused_with(
    sandbox: &mut Sandbox,
    stdin: &[u8],
    status: u8,
    args: &[&str],
    says: &[&str],
) -> Json {
    let run = sandbox.stdin(stdin).fails(status, args);
    assert_eq!(run.stdout, "", "{args:?} fails, and prints data");
    let errors = run.stderr.matches("error: ").count();
    assert_eq!(errors, 1, "{args:?} must tell one error:\n{}", run.stderr);
    for part in says {
        assert!(
            run.stderr.contains(part),
            "{args:?} does not say {part:?}:\n{}",
            run.stderr
        );
    }
    let mut as_json = vec!["--json"];
    as_json.extend(args);
    let run = sandbox.stdin(stdin).fails(status, &as_json);
    assert!(!run.stderr.contains("error: "), "{}", run.stderr);
    let document: Json = serde_json::from_str(&run.stdout)
        .unwrap_or_else(|e| panic!("{args:?} must print one document: {e}: {}", run.stdout));
    assert_document(&document, status);
    document["error"].clone()
}

/// The shape of an error, the words of its message, and a next step.
#[track_caller]
fn assert_document(document: &Json, status: u8) {
    let keys = |value: &Json| {
        value
            .as_object()
            .map(|map| map.keys().cloned().collect::<Vec<_>>())
            .unwrap_or_default()
    };
    assert_eq!(keys(document), ["schema", "error"], "{document:#}");
    assert_eq!(document["schema"], 1);
    let error = &document["error"];
    assert_eq!(
        keys(error),
        ["kind", "message", "hint", "place", "causes"],
        "{document:#}"
    );
    let kind = match status {
        1 => "failed",
        3 => "not-found",
        4 => "unavailable",
        64 => "usage",
        65 => "malformed",
        other => panic!("no kind for {other}"),
    };
    assert_eq!(error["kind"], kind);
    let message = error["message"].as_str().unwrap();
    assert!(
        !message.ends_with('.')
            && !message
                .starts_with(|c: char| c.is_ascii_uppercase() && !message.starts_with("Cargo")),
        "{message}"
    );
    assert!(error["causes"].is_array());
    assert!(
        error["hint"].as_str().is_some_and(|hint| !hint.is_empty()),
        "no next step: {error}"
    );
}

fn corp() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("home/config.toml", CORP);
    sandbox
}
