//! Cargo's configuration, spread over files and variables: read as the parser reads it, and no secret shown.

use std::path::Path;

use super::plain::Plain;
use super::{SECRET, Sandbox};
use crate::cargo::config::Config;
use crate::cargo::inspection::Inspection;
use crate::cargo::providers::{Operation, OperationKind};
use crate::cargo::registry::{Wanted, all_names};
use crate::disk::tree::{self, is_secret};
use crate::world::Env;

/// What a part of the text is, by the word behind `--- `.
const FILES: &[(&str, &str)] = &[
    ("home", "home/config.toml"),
    ("credentials", "home/credentials.toml"),
    ("project", "work/.cargo/config.toml"),
    ("other", "home/other.toml"),
];

/// Variables, one a line.
const ENV: &str = "env";

/// The longest text that is looked at.
const LONGEST: usize = 8192;

/// What is in a secret that is looked for; others may stand somewhere else by chance.
const MARK: &str = "secretsecret";

/// The home's config file up to a line `--- NAME`, then what that names, and so on.
pub fn layers(data: &[u8]) {
    thread_local!(static SANDBOX: Sandbox = Sandbox::new());
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if text.len() <= LONGEST {
        SANDBOX.with(|sandbox| read(sandbox, text));
    }
}

fn read(sandbox: &Sandbox, text: &str) {
    let mut parts = vec![("home", String::new())];
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("--- ") {
            Some(name) => {
                let name = name.trim();
                let known = FILES.iter().map(|(known, _)| *known).chain([ENV]);
                let Some(known) = known.into_iter().find(|known| *known == name) else {
                    return;
                };
                parts.push((known, String::new()));
            }
            None => {
                if let Some((_, part)) = parts.last_mut() {
                    part.push_str(line);
                }
            }
        }
    }
    for (_, file) in FILES {
        // Left from the run before, perhaps.
        let _ = std::fs::remove_file(sandbox.path(file));
    }
    let mut secrets = vec![];
    let mut env = vec![];
    for (name, part) in &parts {
        if let Some((_, file)) = FILES.iter().find(|(known, _)| known == name) {
            if !part.is_empty() {
                sandbox.write(file, part);
            }
            check_file(Path::new(file), part, &mut secrets);
            continue;
        }
        let lines = part.lines().filter_map(|line| line.split_once('='));
        for (name, value) in lines
            .filter(|(name, value)| !name.is_empty() && !format!("{name}{value}").contains('\0'))
        {
            if name.ends_with("_TOKEN") || name.ends_with("_SECRET_KEY") {
                secrets.push(value.to_owned());
            }
            env.push((name.to_owned(), value.to_owned()));
        }
    }
    secrets.retain(|secret| secret.contains(MARK) && text.matches(secret.as_str()).count() == 1);
    let shown = look(sandbox, env.into_iter().collect());
    for secret in secrets {
        assert!(!shown.contains(&secret), "a secret is shown:\n{shown}");
    }
}

/// A file by itself: the values are those of the parser, and what it refuses is not quoted.
fn check_file(file: &Path, text: &str, secrets: &mut Vec<String>) {
    let plain = Plain::read(text);
    match (tree::parse(file, text), plain) {
        (Ok(table), Some(plain)) => {
            assert_eq!(Plain::of_entries(&table), plain.clone().without_elements());
            for path in plain.paths() {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                if let Some(Plain::Text(text)) = plain.get(&path)
                    && is_secret(&path)
                {
                    secrets.push(text.clone());
                }
            }
        }
        (Ok(_), None) => panic!("what is not TOML was read"),
        (Err(error), None) => {
            let error = format!("{error} {:?}", error.next_step());
            assert!(!error.contains(SECRET), "{error}");
        }
        // It has a float or a date, which Cargo refuses.
        (Err(error), Some(_)) => {
            assert!(
                error
                    .to_string()
                    .contains("which Cargo's configuration does not have"),
                "{error}"
            );
        }
    }
}

/// Everything that is said about what was read.
fn look(sandbox: &Sandbox, env: Env) -> String {
    let world = sandbox.world(env);
    let config = match Config::read(&world, &sandbox.path("home"), false) {
        Ok(config) => config,
        Err(error) => return format!("{error} {:?}", error.next_step()),
    };
    let mut shown = format!("{config:?}");
    let mut wanted = vec![Wanted::Default];
    match all_names(&config) {
        Ok(names) => wanted.extend(names.into_iter().take(8).map(Wanted::Name)),
        Err(error) => shown.push_str(&format!("\n{error} {:?}", error.next_step())),
    }
    for wanted in wanted {
        let operation = Operation {
            action: OperationKind::Publish,
            crate_name: Some("a".to_owned()),
        };
        match Inspection::of(&config, &wanted, &operation, false) {
            Ok(inspection) => {
                shown.push_str(&format!("\n{inspection:?}"));
                for shadowed in inspection.shadowed(&config) {
                    shown.push_str(&format!("\n{shadowed:?}"));
                }
            }
            Err(error) => shown.push_str(&format!("\n{error} {:?}", error.next_step())),
        }
    }
    shown
}
