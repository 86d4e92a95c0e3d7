//! The rules of the repository, which are tests too.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Each third-party crate has one home; replacing one is a change in one place.
const HOMES: &[(&str, &[&str])] = &[
    ("age", &["src/stores/sealed.rs", "src/stores/sealed/"]),
    ("base64", &["src/token/jwt.rs", "src/token/scheme.rs"]),
    (
        "cargo_credential",
        &["src/cargo/providers/", "src/doors/plugin.rs"],
    ),
    ("cargo_credential_libsecret", &["src/cargo/providers/os.rs"]),
    (
        "cargo_credential_macos_keychain",
        &["src/cargo/providers/os.rs"],
    ),
    ("cargo_credential_wincred", &["src/cargo/providers/os.rs"]),
    ("clap_mangen", &["src/commands/man.rs"]),
    ("keyring", &["src/stores/os.rs"]),
    ("nu_ansi_term", &["src/render/"]),
    ("rhai", &["src/doors/script.rs", "src/doors/script/"]),
    ("rpassword", &["src/world/terminal.rs"]),
    (
        "rustix",
        &[
            "src/main.rs",
            "src/cargo/providers/processes.rs",
            "src/disk/",
            "src/world/terminal.rs",
        ],
    ),
    ("rustyline", &["src/doors/shell.rs", "src/doors/shell/"]),
    ("secret_service", &["src/cargo/providers/os.rs"]),
    (
        "sha2",
        &["src/token/secret.rs", "src/disk/journal/record.rs"],
    ),
    ("shlex", &["src/words.rs"]),
    ("signal_hook", &["src/world/terminal.rs"]),
    ("similar", &["src/commands/diff.rs"]),
    ("strsim", &["src/error.rs"]),
    ("tempfile", &["src/disk/", "src/fuzzing.rs"]),
    ("terminal_size", &["src/main.rs"]),
    ("time", &["src/stores/ledger.rs"]),
    ("toml_edit", &["src/disk/", "src/fuzzing/"]),
    ("toml_parser", &["src/disk/document/marks.rs"]),
    ("unicode_ident", &["src/cargo/name.rs"]),
    ("unicode_width", &["src/render/"]),
    ("url", &["src/cargo/index_url.rs"]),
];

/// Crates that are part of the language here: derives, documents, wiping.
const EVERYWHERE: &[&str] = &["clap", "serde", "serde_json", "zeroize"];

/// Where the text of a token may be looked at: to compare and check it, to spell it, to hand it over, to
/// write it, to show it to somebody who said `--reveal`; and to see that nobody else could.
const MAY_EXPOSE: &[&str] = &[
    "src/token/secret.rs",
    "src/token/scheme.rs",
    "src/token/jwt.rs",
    "src/cargo/providers/process.rs",
    "src/stores/os.rs",
    "src/stores/sealed.rs",
    "src/doors/plugin.rs",
    "src/session/editing.rs",
    "src/disk/journal/record.rs",
    "src/commands/token/show.rs",
    "src/fuzzing/answers.rs",
    "src/fuzzing/plain.rs",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder with this extension, relative to the root, and their text.
fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.push((
                    name.replace('\\', "/"),
                    std::fs::read_to_string(&path).unwrap(),
                ));
            }
        }
    }
    found.sort();
    found
}

fn code_of(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap()
}

#[test]
fn every_file_says_what_it_is_for() {
    for (name, text) in files("src", "rs").into_iter().chain(files("tests", "rs")) {
        assert!(text.starts_with("//!"), "{name} has no header");
        assert!(
            text.lines().count() <= 500
                || name.ends_with("/tests.rs")
                || name.starts_with("tests/"),
            "{name} wants to be two files"
        );
    }
}

#[test]
fn every_crate_has_one_home() {
    let manifest: toml_edit::DocumentMut = std::fs::read_to_string(root().join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let targets = manifest["target"].as_table().unwrap().iter();
    let tables = targets.map(|(_, target)| &target["dependencies"]);
    let dependencies: BTreeSet<String> = tables
        .chain([&manifest["dependencies"]])
        .flat_map(|table| table.as_table().unwrap().iter())
        .map(|(name, _)| name.replace('-', "_"))
        .collect();
    let known: BTreeSet<String> = HOMES
        .iter()
        .map(|(name, _)| *name)
        .chain(EVERYWHERE.iter().copied())
        .map(ToOwned::to_owned)
        .collect();
    assert_eq!(
        dependencies, known,
        "the list of homes is not that of the manifest"
    );

    for (file, text) in files("src", "rs") {
        for (name, homes) in HOMES {
            let uses = [
                format!("use {name}::"),
                format!(" {name}::"),
                format!("({name}::"),
                format!("<{name}::"),
            ];
            let is_used = code_of(&text)
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .any(|line| uses.iter().any(|used| line.contains(used.as_str())));
            let is_home = homes.iter().any(|home| file.starts_with(home));
            assert!(
                !is_used || is_home,
                "{file} uses `{name}`, whose home is {homes:?}"
            );
        }
    }
}

#[test]
fn tokens_are_opened_in_a_handful_of_files() {
    for (file, text) in files("src", "rs") {
        assert!(
            !code_of(&text).contains(".expose()") || MAY_EXPOSE.contains(&file.as_str()),
            "{file} opens tokens"
        );
    }
}

#[test]
fn no_test_file_is_forgotten() {
    // A file of a folder belongs to the file that is named like the folder.
    let all = files("tests/it", "rs");
    for (name, _) in &all {
        let path = Path::new(name);
        let module = path.file_stem().unwrap().to_str().unwrap();
        let folder = path.parent().unwrap();
        let owner = if folder.ends_with("tests/it") || folder.as_os_str().is_empty() {
            folder.join("main.rs")
        } else {
            folder.with_extension("rs")
        };
        let (_, text) = all
            .iter()
            .find(|(other, _)| Path::new(other) == owner)
            .unwrap_or_else(|| panic!("{name} belongs to no file"));
        assert!(
            module == "main" || text.contains(&format!("mod {module};")),
            "{name} is not in {}",
            owner.display()
        );
    }
}

/// doors -> commands -> session -> cargo, disk -> token, error.
#[test]
fn the_arrows_between_the_rooms_point_one_way() {
    let forbidden: &[(&str, &[&str])] = &[
        ("src/commands/", &["crate::doors", "crate::cli"]),
        (
            "src/session/",
            &["crate::doors", "crate::commands", "crate::cli"],
        ),
        (
            "src/stores/",
            &[
                "crate::doors",
                "crate::commands",
                "crate::session",
                "crate::render",
                "crate::cli",
            ],
        ),
        (
            "src/cargo/",
            &[
                "crate::stores",
                "crate::doors",
                "crate::commands",
                "crate::session",
                "crate::render",
                "crate::cli",
            ],
        ),
        (
            "src/disk/",
            &[
                "crate::doors",
                "crate::commands",
                "crate::session",
                "crate::cargo",
                "crate::render",
            ],
        ),
        (
            "src/token/",
            &[
                "crate::doors",
                "crate::commands",
                "crate::session",
                "crate::cargo",
                "crate::disk",
            ],
        ),
        (
            "src/render/",
            &[
                "crate::doors",
                "crate::commands",
                "crate::session",
                "crate::cargo",
                "crate::disk",
            ],
        ),
    ];
    for (file, text) in files("src", "rs") {
        for (room, others) in forbidden {
            for other in *others {
                assert!(
                    !file.starts_with(room) || !code_of(&text).contains(other),
                    "{file} knows of {other}"
                );
            }
        }
    }
}
