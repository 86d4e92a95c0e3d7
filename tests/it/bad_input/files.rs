//! Files that are malformed, of a wrong shape, or no files.

use super::{corp, refused};
use crate::harness::{SENTINEL, Sandbox};

#[test]
fn malformed_toml_is_named_by_file_and_line_and_never_quoted() {
    let secret = format!("cio-{SENTINEL}-on-a-broken-line");
    let cases = [
        (format!("[registries.corp]\ntoken = {secret}\n"), 2),
        (format!("[registries.corp]\ntoken = \"{secret}\n"), 2),
        (format!("\n\n[registries.{secret}\n"), 3),
        (format!("a = 1\ntoken \"{secret}\"\n"), 2),
        (format!("a = 1\r\nb = 2\r\n{secret}\r\n"), 3),
        (format!("[a]\nx = 1\n[a]\nx = \"{secret}\"\n"), 3),
        (format!("\u{feff}a = '''{secret}"), 1),
        (format!("a = \"{secret}\\q\"\n"), 1),
        (format!("a = [\n  \"{secret}\",\n  oops\n]\n"), 3),
    ];
    for file in [
        "home/config.toml",
        "home/config",
        "home/credentials.toml",
        "work/.cargo/config.toml",
        ".cargo/config.toml",
        "home/included.toml",
    ] {
        for (text, line) in &cases {
            let mut sandbox = Sandbox::new();
            if file == "home/included.toml" {
                sandbox.write("home/config.toml", "include = [\"included.toml\"]\n");
            }
            sandbox.write(file, text);
            let place = sandbox.root().join(file).display().to_string();
            let spot = format!("{place}:{line}");
            let commands: &[&[&str]] = &[
                &["registry", "list"],
                &["registry", "add", "lab", "sparse+https://lab.example/"],
                &["status"],
            ];
            for command in commands {
                let error = refused(&mut sandbox, 65, command, &["not TOML", &spot]);
                assert_eq!(error["place"]["file"], place);
                assert_eq!(error["place"]["line"], *line, "{text}");
            }
        }
    }
}

/// A config file, a command, and what the error says.
const SHAPES: &[(&str, &[&str], &[&str])] = &[
    (
        "registries = 3",
        &["registry", "show", "corp"],
        &[
            "`registries` must be a table, not an integer",
            "config.toml:1",
        ],
    ),
    (
        "registries = 3",
        &["registry", "list"],
        &["`registries` must be a table", "config.toml:1"],
    ),
    (
        "registries = 3",
        &["registry", "add", "corp", "sparse+https://corp.example/"],
        &["`registries` must be a table", "config.toml:1"],
    ),
    (
        "registries.corp = 3",
        &["registry", "show", "corp"],
        &["`registries.corp` must be a table", "config.toml:1"],
    ),
    (
        "registries.corp = 3",
        &["registry", "list"],
        &["`registries.corp` must be a table", "config.toml:1"],
    ),
    (
        "registries.corp = 3",
        &[
            "registry",
            "set",
            "corp",
            "--index",
            "sparse+https://corp.example/",
        ],
        &["`registries.corp` must be a table", "config.toml:1"],
    ),
    (
        "registries.corp = 3",
        &["registry", "remove", "corp"],
        &["`registries.corp` must be a table", "config.toml:1"],
    ),
    (
        "registries.corp.index = 3",
        &["registry", "show", "corp"],
        &[
            "`registries.corp.index` must be a string, not an integer",
            ":1",
        ],
    ),
    (
        "registries.corp.index = [\"a\"]",
        &["registry", "list"],
        &[
            "`registries.corp.index` must be a string, not an array",
            ":1",
        ],
    ),
    (
        "registry = true",
        &["registry", "list"],
        &["`registry` must be a table", ":1"],
    ),
    (
        "registry.default = 3",
        &["token", "show"],
        &["`registry.default` must be a string", ":1"],
    ),
    (
        "registry.default = 3",
        &["registry", "list"],
        &["`registry.default` must be a string", ":1"],
    ),
    ("registry.default = \"9x\"", &["why"], &["`9`", ":1"]),
    (
        "registry.global-credential-providers = \"cargo:token\"",
        &["status"],
        &["must be an array of strings, not a string", ":1"],
    ),
    (
        "registry.global-credential-providers = \"cargo:token\"",
        &["provider", "list"],
        &["must be an array of strings, not a string", ":1"],
    ),
    (
        "registry.global-credential-providers = \"cargo:token\"",
        &["provider", "add", "cargo:libsecret"],
        &["must be an array of strings", ":1"],
    ),
    (
        "registry.global-credential-providers = [\n  \"cargo:token\",\n  3,\n]",
        &["provider", "list"],
        &["must be an array of strings", ":3"],
    ),
    (
        "registry.global-credential-providers = [\n  \"cargo:token\",\n  3,\n]",
        &["provider", "add", "x"],
        &["must be an array of strings", ":3"],
    ),
    (
        "credential-alias = 3",
        &["alias", "set", "a", "b"],
        &["`credential-alias", "not a table", ":1"],
    ),
    (
        "a = 1\nb = 1.5",
        &["registry", "list"],
        &["`b` is a float", ":2"],
    ),
    (
        "a = 2026-01-31",
        &["registry", "list"],
        &["`a` is a date", ":1"],
    ),
    (
        "include = \"x.toml\"",
        &["registry", "list"],
        &["`include` must be an array of paths", ":1"],
    ),
    (
        "include = [\"x.json\"]",
        &["registry", "list"],
        &["does not end in `.toml`", ":1"],
    ),
    (
        "\ninclude = [\"x.toml\"]",
        &["registry", "list"],
        &["x.toml` is missing", ":2"],
    ),
    (
        "include = [\"config.toml\"]",
        &["registry", "list"],
        &["includes itself", "config.toml"],
    ),
];

#[test]
fn wrong_shapes_are_named_by_key_and_line() {
    let own = "[registries.corp]\nindex = \"sparse+https://corp.example/\"\n";
    for (text, args, says) in SHAPES {
        let mut sandbox = Sandbox::new();
        sandbox.write("home/config.toml", text);
        refused(&mut sandbox, 65, args, says);
    }
    for (text, line) in [
        ("token = 12345", 3),
        ("token = [\"a\"]", 3),
        ("token = { a = \"b\" }", 3),
        ("token = true", 3),
        ("credential-provider = 3", 3),
        ("credential-provider = \"\"", 3),
        ("credential-provider = [\"a\", 3]", 3),
    ] {
        let mut sandbox = Sandbox::new();
        sandbox.write("home/config.toml", format!("{own}{text}\n"));
        let spot = format!("config.toml:{line}");
        let key = format!("`registries.corp.{}", text.split(' ').next().unwrap());
        for args in [
            &["token", "show", "corp"] as &[&str],
            &["status", "corp"],
            &["why", "corp"],
        ] {
            refused(&mut sandbox, 65, args, &[&key, &spot]);
        }
    }
    let mut sandbox = corp();
    sandbox.write(
        "home/credentials.toml",
        "[registries.corp]\ntoken = 12345\n",
    );
    refused(
        &mut sandbox,
        65,
        &["status", "corp"],
        &[
            "`registries.corp.token` must be a string, not an integer",
            "credentials.toml:2",
        ],
    );
    // A list says it in that row, and still lists the others.
    let run = sandbox.ok(&["registry", "list"]);
    assert!(
        run.stdout.contains("must be a string, not an integer"),
        "{}",
        run.stdout
    );
}

#[test]
fn files_that_cargo_reads_disagree_on_a_shape() {
    let mut sandbox = corp();
    sandbox.write("work/.cargo/config.toml", "\nregistries = 3\n");
    let error = refused(
        &mut sandbox,
        65,
        &["registry", "list"],
        &[
            "`registries` is an integer here and a table in",
            "home/config.toml:1",
        ],
    );
    assert_eq!(error["place"]["line"], 2);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_told_and_never_waited_for() {
    for file in [
        "home/config.toml",
        "home/config",
        "home/credentials.toml",
        "work/.cargo/config.toml",
    ] {
        let mut folder = Sandbox::new();
        std::fs::create_dir_all(folder.root().join(file)).unwrap();
        let mut pipe = Sandbox::new();
        let path = pipe.root().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, 0o600.into()).unwrap();
        for (sandbox, says) in [
            (&mut folder, "this is a folder"),
            (&mut pipe, "not a regular file"),
        ] {
            for args in [
                &["registry", "list"] as &[&str],
                &["registry", "add", "lab", "sparse+https://lab.example/"],
            ] {
                let error = refused(sandbox, 1, args, &[says, file]);
                assert!(error["place"]["file"].as_str().unwrap().ends_with(file));
            }
        }
    }
}

/// It may be on a disk that comes back, and would hide what was written meanwhile to where it was.
#[cfg(unix)]
#[test]
fn a_link_to_a_file_that_is_not_there_is_refused_until_it_is() {
    let words: [(&str, &[&str]); 2] = [
        (
            "config.toml",
            &["registry", "add", "lab", "sparse+https://lab.example/"],
        ),
        (
            "credentials.toml",
            &["login", "crates-io", "--from", "env:T"],
        ),
    ];
    for (file, args) in words {
        let mut sandbox = Sandbox::new();
        sandbox.env("T", format!("cio-{SENTINEL}-for-a-link"));
        let path = sandbox.home().join(file);
        let target = sandbox.root().join("dotfiles/cargo/target.toml");
        std::os::unix::fs::symlink(&target, &path).unwrap();
        sandbox.ok(&["registry", "list"]);
        let says = &format!(
            "this link leads to `{}`, where nothing is",
            target.display()
        );
        for is_folder_there in [false, true] {
            if is_folder_there {
                std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            }
            let error = refused(&mut sandbox, 1, args, &[says, "bring back what was there"]);
            assert_eq!(error["place"]["file"], path.display().to_string());
            assert_eq!(sandbox.exists("dotfiles"), is_folder_there, "{file}");
            assert!(!sandbox.exists("home/.credsh/journal"), "{file}");
        }
        std::fs::write(&target, "").unwrap();
        sandbox.ok(args);
        assert_ne!(sandbox.read("dotfiles/cargo/target.toml"), "", "{file}");
        assert!(
            std::fs::symlink_metadata(&path).unwrap().is_symlink(),
            "{file}"
        );
    }
}

/// As a disk that fails would be; and so is a folder that is closed to us, but not to the one who runs the tests.
#[cfg(unix)]
#[test]
fn what_cannot_be_looked_at_is_not_taken_for_absent() {
    use std::os::unix::fs::symlink;
    for file in [
        "home/config.toml",
        "home/config",
        "home/credentials",
        "home/credentials.toml",
        "work/.cargo",
    ] {
        let mut sandbox = corp();
        let path = sandbox.root().join(file);
        let _ = std::fs::remove_file(&path);
        symlink(path.file_name().unwrap(), &path).unwrap();
        for args in [
            &["registry", "list"] as &[&str],
            &["status"],
            &["registry", "rename", "corp", "work"],
        ] {
            let error = refused(&mut sandbox, 1, args, &["cannot look at this file"]);
            assert!(error["place"]["file"].as_str().unwrap().contains(file));
        }
    }
    if rustix::process::geteuid().is_root() {
        return;
    }
    let close = |folder: &std::path::Path, mode| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder, PermissionsExt::from_mode(mode)).unwrap();
    };
    let mut sandbox = corp();
    for (folder, status) in [(sandbox.work().join(".cargo"), 0), (sandbox.home(), 1)] {
        std::fs::create_dir_all(&folder).unwrap();
        close(&folder, 0);
        let run = sandbox.run(&["registry", "list"]);
        close(&folder, 0o700);
        assert_eq!(run.status, status, "{}: {run:?}", folder.display());
    }
}

#[cfg(unix)]
#[test]
fn what_stands_in_the_way_of_writing_is_named() {
    let add = ["registry", "add", "lab", "sparse+https://lab.example/"];
    let mut sandbox = corp();
    std::fs::create_dir_all(sandbox.home().join(".credsh/lock")).unwrap();
    refused(&mut sandbox, 1, &add, &["this is a folder", ".credsh/lock"]);

    let mut sandbox = corp();
    sandbox.write("home/.credsh", "a file");
    refused(&mut sandbox, 1, &add, &[".credsh"]);

    // A Cargo home that is a file.
    let mut sandbox = Sandbox::new();
    sandbox.write("a-file", "");
    let file = sandbox.root().join("a-file").display().to_string();
    for args in [&["registry", "list"] as &[&str], &add] {
        sandbox.env("CARGO_HOME", file.clone());
        let error = refused(&mut sandbox, 1, args, &["`CARGO_HOME`", "not a folder"]);
        assert_eq!(error["place"]["env"], "CARGO_HOME");
        let mut with_option = vec!["--home", &file];
        with_option.extend(args);
        let error = refused(&mut sandbox, 1, &with_option, &["`--home`", "not a folder"]);
        assert_eq!(error["place"]["option"], "--home");
    }

    // A file where the folder of the file to edit should be.
    let mut sandbox = corp();
    sandbox.write("work/.cargo", "a file");
    let mut local = add.to_vec();
    local.push("--local");
    refused(&mut sandbox, 1, &local, &[".cargo"]);
    let mut named = add.to_vec();
    named.extend(["--config-file", "../home"]);
    refused(&mut sandbox, 1, &named, &["this is a folder"]);
}

#[test]
fn files_that_are_not_utf_8_are_named_by_line() {
    for file in [
        "home/config.toml",
        "home/credentials.toml",
        "work/.cargo/config.toml",
    ] {
        let mut sandbox = Sandbox::new();
        sandbox.write(file, b"# fine\n# not \xff\n");
        let spot = format!("{file}:2");
        refused(
            &mut sandbox,
            65,
            &["registry", "list"],
            &["not UTF-8", "byte 14", &spot],
        );
    }
}
