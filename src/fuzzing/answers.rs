//! Cargo's credential provider protocol: what a plugin answers us, and what somebody asks us as a plugin.

use std::cell::RefCell;
use std::io::Cursor;
use std::rc::Rc;

use serde_json::Value as Json;

use super::{SECRET, Sandbox};
use crate::cargo::chain::{Kind, Provider};
use crate::cargo::config::Config;
use crate::cargo::index_url::IndexUrl;
use crate::cargo::providers::{Action, Operation, Reply, Said, perform};
use crate::cargo::registry::Registry;
use crate::doors::plugin;
use crate::error::Result;
use crate::stores::ledger;
use crate::token::Token;
use crate::world::{Env, Stderr};

/// The longest conversation that is looked at.
const LONGEST: usize = 8192;

/// The index of the registry that everything is about.
const INDEX: &str = "sparse+https://host.invalid/index/";

/// A ledger with a token for every crate, and one for publishing, which has expired.
const LEDGER: &str = r#"
[tokens."sparse+https://host.invalid/index/".default]
registry = "corp"
store = "sealed"

[tokens."sparse+https://host.invalid/index/".old]
registry = "corp"
operations = ["publish"]
crates = ["a*"]
store = "sealed"
expires = "2020-01-31"
"#;

/// A line that says what follows: the output of a provider that was asked to `get`, `login` or `logout`; or,
/// behind `asked`, requests to ourselves.
pub fn answers(data: &[u8]) {
    thread_local!(static SANDBOX: Sandbox = prepared());
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else {
        return;
    };
    let (what, lines) = (&data[..end], &data[end + 1..]);
    if lines.len() > LONGEST {
        return;
    }
    SANDBOX.with(|sandbox| match what {
        b"get" => answered(sandbox, lines, Action::Get(&Operation::READ)),
        b"login" => {
            let token = Some(&Token::new(SECRET));
            answered(sandbox, lines, Action::Login { token, args: &[] });
        }
        b"logout" => answered(sandbox, lines, Action::Logout),
        b"asked" => asked(sandbox, lines),
        _ => {}
    });
}

fn prepared() -> Sandbox {
    let sandbox = Sandbox::new();
    let answer = sandbox.path("answer");
    sandbox.write("answer", "");
    let script = format!("#!/bin/sh\ncat '{}'\n", answer.display());
    sandbox.write("script", script);
    // By a process of its own: a file that a child of another thread has open for writing does not start.
    #[cfg(unix)]
    {
        let made = std::process::Command::new("install")
            .args(["-m", "700", "script", "provider"])
            .current_dir(sandbox.path(""))
            .status();
        assert!(made.is_ok_and(|made| made.success()), "no provider");
    }
    let ledger = ledger::file(&sandbox.path("home"));
    let folder = ledger.parent().map(std::fs::create_dir_all);
    assert!(matches!(folder, Some(Ok(()))) && std::fs::write(&ledger, LEDGER).is_ok());
    sandbox
}

fn registry() -> Result<Registry> {
    Ok(Registry {
        name: "corp".parse().ok(),
        index: INDEX.parse::<IndexUrl>()?,
        place: None,
        key: Some("corp".to_owned()),
        is_crates_io: false,
        notes: Vec::new(),
    })
}

/// A provider that answers this.
fn answered(sandbox: &Sandbox, lines: &[u8], action: Action<'_>) {
    sandbox.write("answer", lines);
    let program = sandbox.path("provider").display().to_string();
    let provider = Provider {
        command: vec![program.clone()],
        written: vec![program],
        kind: Kind::Plugin,
        place: None,
        is_credsh: false,
    };
    let world = sandbox.world([("PATH", "/usr/bin:/bin")].into_iter().collect::<Env>());
    let said = Config::read(&world, &sandbox.path("home"), false)
        .and_then(|config| perform(&config, &provider, &registry()?, action));
    let second = lines.split(|byte| *byte == b'\n').nth(1);
    let answer: Option<Json> = second.and_then(|line| serde_json::from_slice(line).ok());
    match said {
        Ok(Reply { said, remarks }) => {
            assert!(!remarks.concat().contains(SECRET), "{remarks:?}");
            assert!(!format!("{said:?}").contains(SECRET));
            if let Said::Token(token) = said {
                let told = answer
                    .as_ref()
                    .and_then(|answer| answer.pointer("/Ok/token"));
                assert_eq!(told.and_then(Json::as_str), Some(token.token.expose()));
                assert!(matches!(action, Action::Get(_)));
            }
        }
        Err(error) => {
            let told = format!("{error} {:?}", error.next_step());
            // Its own words about a failure are repeated; what it was sent is not.
            let is_its_own = answer.is_some_and(|answer| answer.get("Err").is_some());
            let was_sent = matches!(action, Action::Login { .. });
            if was_sent || !is_its_own {
                assert!(!told.contains(SECRET), "{told}");
            }
            assert!(!told.contains(|c: char| c.is_control()), "{told:?}");
        }
    }
}

/// Requests to ourselves: one answer each, in one line of JSON, and no text of theirs in it.
fn asked(sandbox: &Sandbox, lines: &[u8]) {
    for line in lines.split(|byte| *byte == b'\n') {
        if !is_harmless(line) {
            return;
        }
    }
    // What another input has stored is no business of this one.
    let _ = std::fs::remove_dir_all(sandbox.path("home/.credsh"));
    let (stdout, stderr) = (Stream::default(), Stream::default());
    let mut world = sandbox.world(
        [
            ("CARGO_HOME", sandbox.path("home").display().to_string()),
            ("CREDSH_NO_INPUT", "1".to_owned()),
        ]
        .into_iter()
        .collect(),
    );
    world.stdin = Box::new(Cursor::new(lines.to_vec()));
    world.stdout = Box::new(stdout.clone());
    world.stderr = Stderr::new(stderr.clone());
    let status = plugin::run(world, false);
    assert_eq!(status, 0);

    let told = stdout.0.borrow();
    let told = String::from_utf8_lossy(&told);
    let count = lines.split_inclusive(|byte| *byte == b'\n').count();
    assert_eq!(told.lines().count(), 1 + count, "{told}");
    for line in told.lines() {
        let answer: Option<Json> = serde_json::from_str(line).ok();
        assert!(answer.is_some(), "{line}");
    }
    let warned = stderr.0.borrow();
    let warned = String::from_utf8_lossy(&warned);
    // Only what one of these lines has stored may be given away.
    let is_login = |line: &[u8]| {
        let request: Option<Json> = serde_json::from_slice(line).ok();
        request.is_some_and(|request| request.get("kind").and_then(Json::as_str) == Some("login"))
    };
    let has_stored = lines.split(|byte| *byte == b'\n').any(is_login);
    assert!(has_stored || !told.contains(SECRET), "{told}");
    // The host of another index may be told, but for user-info.
    let is_in_index = lines.split(|byte| *byte == b'\n').any(|line| {
        let request: Option<Json> = serde_json::from_slice(line).ok();
        let index = request.and_then(|request| {
            Some(
                request
                    .pointer("/registry/index-url")?
                    .as_str()?
                    .contains(SECRET),
            )
        });
        index == Some(true)
    });
    assert!(is_in_index || !warned.contains(SECRET), "{warned}");
}

/// Whether no store of the machine is meant, nor one that takes a second to open.
fn is_harmless(line: &[u8]) -> bool {
    let Ok(request) = serde_json::from_slice::<Json>(line) else {
        return true;
    };
    let texts: Vec<&str> = request
        .get("args")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .collect();
    let is_login = request.get("kind").and_then(Json::as_str) == Some("login");
    !texts
        .iter()
        .any(|text| text.starts_with("cargo:") || text.contains("keyring"))
        && (!is_login || texts.contains(&"sealed"))
}

#[derive(Clone, Default)]
struct Stream(Rc<RefCell<Vec<u8>>>);

impl std::io::Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
