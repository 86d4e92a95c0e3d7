//! Bad input: each gives one clear error with its place and the next step, its exit status, and no file changed.
//!
//! [`refused`] holds for every case: as text and as JSON, once each, and without a sentinel in either.

use std::ffi::OsString;
use std::path::PathBuf;

use serde_json::Value as Json;

use crate::harness::{SENTINEL, Sandbox};

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

#[test]
fn wrong_shapes_are_named_by_key_and_line() {
    let own = "[registries.corp]\nindex = \"sparse+https://corp.example/\"\n";
    let cases: &[(&str, &[&str], &[&str])] = &[
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
    for (text, args, says) in cases {
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

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_followed_or_refused_but_never_replaced() {
    for file in ["home/config.toml", "home/credentials.toml"] {
        let mut sandbox = Sandbox::new();
        let path = sandbox.root().join(file);
        std::os::unix::fs::symlink(sandbox.root().join("nowhere/target.toml"), &path).unwrap();
        sandbox.ok(&["registry", "list"]);
        let token = format!("cio-{SENTINEL}-for-a-link");
        let run = if file.ends_with("config.toml") {
            sandbox.run(&["registry", "add", "lab", "sparse+https://lab.example/"])
        } else {
            sandbox
                .stdin(&token)
                .run(&["login", "crates-io", "--from", "stdin"])
        };
        assert!(
            std::fs::symlink_metadata(&path).unwrap().is_symlink(),
            "{file}"
        );
        assert_eq!(run.status == 0, sandbox.exists("nowhere/target.toml"));
        assert!(
            run.status == 0 || run.status == 1 && run.stderr.contains(file),
            "{}",
            run.stderr
        );
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

#[test]
fn names_that_cargo_would_refuse() {
    for (name, says) in [
        ("", "cannot be empty"),
        ("1corp", "`1` as its character 1"),
        ("a.b", "`.` as its character 2"),
        ("a b", "` ` as its character 2"),
        ("a/b", "`/` as its character 2"),
        ("a\nb", "`\\n` as its character 2"),
        ("a\u{202e}b", "`\\u{202e}` as its character 2"),
        ("crates-io", "built into Cargo"),
    ] {
        let mut sandbox = Sandbox::new();
        let add = ["registry", "add", name, "sparse+https://lab.example/"];
        refused(&mut sandbox, 64, &add, &[says]);
    }
    let mut sandbox = corp();
    refused(
        &mut sandbox,
        64,
        &["registry", "rename", "corp", "c.orp"],
        &["`.` as its character 2"],
    );
    refused(
        &mut sandbox,
        64,
        &["status", "c.orp"],
        &["`.` as its character 2"],
    );
    for name in ["a.b", "a b", "a/b", ""] {
        refused(
            &mut sandbox,
            64,
            &["alias", "set", name, "cargo:token"],
            &["alias"],
        );
    }
    refused(
        &mut sandbox,
        64,
        &["alias", "set", "cargo:token", "x"],
        &["built-in"],
    );
}

#[test]
fn urls_that_cargo_would_refuse_come_back_right() {
    for (url, says) in [
        (
            "sparse+https://lab.example/index",
            &["must end in `/`", "`sparse+https://lab.example/index/`"] as &[&str],
        ),
        ("sparse+https://lab.example/index?x=/", &["must end in `/`"]),
        ("lab.example/index/", &["not a URL", "`sparse+https://"]),
        ("https//lab.example/", &["not a URL", "`sparse+https://"]),
        ("", &["not a URL", "`sparse+https://"]),
        (
            "data:text",
            &["does not take a URL of this form", "`sparse+https://"],
        ),
        (
            "sparse+https://me:sentinel@lab.example/index/",
            &[
                "may not contain a password",
                "`sparse+https://lab.example/index/`",
            ],
        ),
        (
            "sparse+https://me:sentinel@lab.example/index",
            &["password"],
        ),
        ("https://sentinel:x@lab.example/index.git", &["password"]),
    ] {
        let mut sandbox = corp();
        refused(&mut sandbox, 64, &["registry", "add", "lab", url], says);
        refused(
            &mut sandbox,
            64,
            &["registry", "set", "corp", "--index", url],
            says,
        );
    }
    // A git index is none of Cargo's errors.
    let mut sandbox = Sandbox::new();
    let run = sandbox.ok(&["registry", "add", "lab", "https://lab.example/index"]);
    let warning = run.stderr.matches("warning: ").count();
    assert!(
        warning == 1
            && run
                .stderr
                .contains("write `sparse+https://lab.example/index/`"),
        "{}",
        run.stderr
    );
    // In a file, it is the file that is wrong.
    for (index, says) in [
        ("nonsense", "not a URL"),
        ("sparse+https://lab.example/index", "must end in `/`"),
        ("sparse+https://me:sentinel@lab.example/index/", "password"),
    ] {
        sandbox.write(
            "home/config.toml",
            format!("[registries.lab]\nindex = \"{index}\"\n"),
        );
        let error = refused(
            &mut sandbox,
            65,
            &["registry", "show", "lab"],
            &[says, "config.toml:2"],
        );
        assert_eq!(error["place"]["line"], 2);
    }
}

#[test]
fn two_names_for_one_thing() {
    let mut sandbox = corp();
    let same = "sparse+https://corp.example/index/";
    refused(
        &mut sandbox,
        1,
        &["registry", "add", "lab", same],
        &["`corp`", "`registry rename corp lab`"],
    );
    sandbox.ok(&["registry", "add", "lab", "sparse+https://lab.example/"]);
    refused(
        &mut sandbox,
        1,
        &["registry", "set", "lab", "--index", same],
        &["`corp`"],
    );
    refused(
        &mut sandbox,
        1,
        &["registry", "rename", "corp", "lab"],
        &["lab"],
    );
    refused(
        &mut sandbox,
        1,
        &["registry", "add", "corp", "sparse+https://other.example/"],
        &[
            "`registry set corp --index sparse+https://other.example/`",
            "config.toml:2",
        ],
    );
    // Written by hand, it is the file that is wrong; the hint cures it.
    sandbox.write(
        "home/config.toml",
        format!("{CORP}[registries.twin]\nindex = \"{same}\"\n"),
    );
    for name in ["corp", "twin"] {
        let error = refused(
            &mut sandbox,
            65,
            &["status", name],
            &[
                "`corp` and `twin`",
                "one index URL",
                "`registry remove twin`",
            ],
        );
        assert!(error["place"]["line"].is_number(), "{error:#}");
    }
    sandbox.ok(&["registry", "remove", "twin"]);
    assert_eq!(sandbox.read("home/config.toml"), CORP);
    // Names that differ in `-`, `_` and case share their variables, which is worth a warning.
    let run = sandbox.ok(&["registry", "add", "my-corp", "sparse+https://a.example/"]);
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
    let run = sandbox.ok(&["registry", "add", "my_corp", "sparse+https://b.example/"]);
    assert!(
        run.stderr
            .contains("`my_corp` and `my-corp` have the same environment variables"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_is_not_there_comes_with_what_was_meant() {
    let mut sandbox = corp();
    sandbox.write(
        "home/config.toml",
        format!("{CORP}[credential-alias]\nvault = \"x\"\n"),
    );
    let cases: &[(u8, &[&str], &[&str])] = &[
        (
            3,
            &["status", "crop"],
            &["no registry of this name", "did you mean `corp`?"],
        ),
        (
            3,
            &["registry", "show", "crop"],
            &["no registry of this name", "did you mean `corp`?"],
        ),
        (
            3,
            &["registry", "set", "crop", "--make-default"],
            &["did you mean `corp`?"],
        ),
        (
            3,
            &["registry", "rename", "crop", "x"],
            &["did you mean `corp`?"],
        ),
        (
            3,
            &["registry", "remove", "crop"],
            &["did you mean `corp`?"],
        ),
        (3, &["logout", "crop"], &["did you mean `corp`?"]),
        (3, &["login", "crop"], &["did you mean `corp`?"]),
        (3, &["login", "-r", "crop"], &["did you mean `corp`?"]),
        (
            3,
            &["why", "zzzzz"],
            &["no registry of this name", "`registry list`"],
        ),
        (3, &["token", "show", "crop"], &["did you mean `corp`?"]),
        (3, &["alias", "remove", "valt"], &["did you mean `vault`?"]),
        (
            3,
            &["provider", "remove", "cargo:libsecret"],
            &["`provider list`"],
        ),
        (
            3,
            &["provider", "move", "cargo:libsecret", "--first"],
            &["`provider list`"],
        ),
        (
            3,
            &["provider", "add", "x", "--before", "y"],
            &["`provider list`"],
        ),
        (
            64,
            &["regsitry", "list"],
            &["no such command", "did you mean `registry`?"],
        ),
        (64, &["registry", "lst"], &["did you mean `list`?"]),
        (64, &["zzzzz"], &["no such command", "help"]),
        (64, &["-c", "regsitry list"], &["did you mean `registry`?"]),
        (64, &["-c", "zzzzz"], &["no such command", "`help`"]),
        (
            64,
            &["registry", "list", "--jsno"],
            &["no such option", "did you mean `--json`?"],
        ),
        (
            64,
            &["login", "--form", "stdin"],
            &["did you mean `--from`?"],
        ),
        (
            64,
            &["login", "corp", "--scheme", "baerer"],
            &["`--scheme", "`bearer`"],
        ),
        (64, &["help", "lgoin"], &["did you mean `login`?"]),
        (64, &["completions", "bsh"], &["did you mean `bash`?"]),
        (
            64,
            &["--color", "alwys", "status"],
            &["did you mean `always`?"],
        ),
        (
            64,
            &["why", "--operation", "pubish"],
            &["did you mean `publish`?"],
        ),
    ];
    for (status, args, says) in cases {
        refused(&mut sandbox, *status, args, says);
    }
}

#[test]
fn missing_and_conflicting_words() {
    let mut sandbox = corp();
    let cases: &[(&[&str], &[&str])] = &[
        (&["registry", "add"], &["missing", "`<NAME>`", "usage:"]),
        (
            &["registry", "add", "lab"],
            &["missing", "`<INDEX>`", "usage:"],
        ),
        (&["registry", "set", "corp"], &["missing", "usage:"]),
        (
            &["registry", "show", "a", "b"],
            &["word too many", "usage:"],
        ),
        (&["registry", "rename", "corp"], &["missing", "usage:"]),
        (&["alias", "set", "a"], &["missing", "usage:"]),
        (&["provider", "move", "cargo:token"], &["missing", "usage:"]),
        (&["provider", "add"], &["missing", "usage:"]),
        (&["provider", "add", ""], &["provider"]),
        (
            &["provider", "add", "x", "--first", "--last"],
            &["does not go together with"],
        ),
        (
            &["registry", "set", "corp", "--make-default", "--no-default"],
            &["does not go together with"],
        ),
        (
            &[
                "registry",
                "set",
                "corp",
                "--provider",
                "x",
                "--no-provider",
            ],
            &["does not go together with"],
        ),
        (
            &["registry", "set", "corp", "--make-default", "--move-token"],
            &["missing", "`--index"],
        ),
        (
            &["login", "corp", "-r", "corp"],
            &["does not go together with"],
        ),
        (&["login", "corp", "--move"], &["missing", "`--from"]),
        (&["logout", "corp", "--all"], &["does not go together with"]),
        (&["login", "--from"], &["`--from", "needs a value"]),
        (&["login", "--from", ""], &["not a source"]),
        (
            &["login", "--from", "env:"],
            &["nothing after its colon", "env:NAME"],
        ),
        (
            &["login", "--from", "keyring:x"],
            &["not a source", "env:NAME"],
        ),
        (
            &["login", "--from", "command:a 'b"],
            &["quote is not closed"],
        ),
        (
            &[
                "registry",
                "add",
                "lab",
                "sparse+https://l.example/",
                "--local",
                "--config-file",
                "x",
            ],
            &["does not go together with"],
        ),
        (&["-s", "nonsense", "status"], &["`NAME=VALUE`"]),
        (&["-s", "=x", "status"], &["`NAME=VALUE`"]),
        (
            &["-C", "no/such/folder", "status"],
            &["no such folder", "`--directory`"],
        ),
        (&["-C", "../home/config.toml", "status"], &["`--directory`"]),
        (&["--home", "", "status"], &["`--home <DIR>` needs a value"]),
        (
            &["-c", "status", "registry", "list"],
            &["does not go together"],
        ),
        (&["-f", "x.rhai", "status"], &["does not go together"]),
        (&["-c", "login 'corp"], &["quote is not closed"]),
        (&["-c", "registry add lab"], &["missing", "`<INDEX>`"]),
        (&["-q", "-q", "status"], &["can be given once"]),
    ];
    for (args, says) in cases {
        refused(&mut sandbox, 64, args, says);
    }
    // A second file of commands is a script that is not there.
    refused(
        &mut sandbox,
        1,
        &["-f", "none.rhai"],
        &["no such script", "none.rhai"],
    );
    refused(&mut sandbox, 1, &["-f", "../home"], &["this is a folder"]);
    refused(&mut sandbox, 1, &["run", "none"], &["no such file", "none"]);
    refused(
        &mut sandbox,
        1,
        &["-c", "run none.rhai"],
        &["no such script", "none.rhai"],
    );
}

#[test]
fn without_a_home_folder_the_ways_out_are_named() {
    let mut sandbox = Sandbox::new();
    sandbox.unset("HOME").unset("CARGO_HOME");
    refused(
        &mut sandbox,
        1,
        &["status"],
        &["no home folder", "`CARGO_HOME`", "`--home DIR`"],
    );
    sandbox.env("CARGO_HOME", "");
    refused(&mut sandbox, 1, &["registry", "list"], &["no home folder"]);
    sandbox.ok(&["--home", "elsewhere", "registry", "list"]);
}

#[test]
fn values_of_the_environment_cannot_be_edited() {
    let mut sandbox = Sandbox::new();
    sandbox
        .env("CARGO_REGISTRIES_LAB_INDEX", "sparse+https://lab.example/")
        .env("CARGO_REGISTRY_DEFAULT", "lab");
    for args in [
        &[
            "registry",
            "set",
            "lab",
            "--index",
            "sparse+https://new.example/",
        ] as &[&str],
        &["registry", "remove", "lab"],
        &["registry", "rename", "lab", "new"],
    ] {
        let error = refused(
            &mut sandbox,
            1,
            args,
            &["`CARGO_REGISTRIES_LAB_INDEX`", "unset"],
        );
        assert_eq!(error["place"]["env"], "CARGO_REGISTRIES_LAB_INDEX");
    }
    refused(
        &mut sandbox,
        1,
        &["registry", "set", "lab", "--no-default"],
        &["`CARGO_REGISTRY_DEFAULT`"],
    );
}

#[test]
fn tokens_that_no_server_could_be_sent() {
    let long = format!("cio-{SENTINEL}-{}", "x".repeat(1024 * 1024));
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"".to_vec(), "the token is empty"),
        (b"\n".to_vec(), "the token is empty"),
        (b" \t\r\n ".to_vec(), "the token is empty"),
        (b"cargo login \n".to_vec(), "the token is empty"),
        (
            b"sentinel-abc\ndef\n".to_vec(),
            "a line break at character 13 of 16",
        ),
        (
            b"sentinel-abc\r\ndef\r\n".to_vec(),
            "a carriage return at character 13",
        ),
        (
            b"sentinel-\x07abc".to_vec(),
            "a control character at character 10",
        ),
        (
            b"sentinel-\x00abc".to_vec(),
            "a control character at character 10",
        ),
        (
            "sentinel-é".as_bytes().to_vec(),
            "not ASCII at character 10",
        ),
        (
            "\u{feff}sentinel".as_bytes().to_vec(),
            "not ASCII at character 1",
        ),
        (b"sentinel-\xff".to_vec(), "UTF-8"),
        (long.into_bytes(), "more than 1048576 bytes"),
    ];
    for (text, says) in cases {
        let mut sandbox = corp();
        refused_with(&mut sandbox, &text, 1, &["login", "corp"], &[says]);
        sandbox.write("work/token.txt", &text);
        let error = refused(
            &mut sandbox,
            if says == "UTF-8" { 65 } else { 1 },
            &["login", "corp", "--from", "file:token.txt"],
            &[says, "token.txt"],
        );
        assert!(
            error["place"]["file"]
                .as_str()
                .unwrap()
                .ends_with("token.txt")
        );
        refused(
            &mut sandbox,
            1,
            &["login", "corp", "--from", "command:cat token.txt"],
            &[says],
        );
        assert!(!sandbox.exists("home/credentials.toml"));
        let Ok(text) = String::from_utf8(text) else {
            continue;
        };
        sandbox.env("CORP_TOKEN", text);
        let error = refused(
            &mut sandbox,
            1,
            &["login", "corp", "--from", "env:CORP_TOKEN"],
            &[says],
        );
        assert_eq!(error["place"]["env"], "CORP_TOKEN");
    }
}

#[test]
fn a_token_of_a_megabyte_and_one_with_crlf_are_stored() {
    let mut sandbox = corp();
    let token = format!("{SENTINEL}{}", "x".repeat(1024 * 1024 - SENTINEL.len()));
    sandbox.stdin(format!("{token}\r\n")).ok(&["login", "corp"]);
    let stored = sandbox.read("home/credentials.toml");
    assert!(
        stored == format!("[registries.corp]\ntoken = \"{token}\"\n"),
        "{} bytes",
        stored.len()
    );
    sandbox.write("work/token.txt", "cargo login sentinel-crlf\r\n");
    sandbox.ok(&["login", "corp", "--from", "file:token.txt"]);
    assert!(
        sandbox
            .read("home/credentials.toml")
            .contains("\"sentinel-crlf\"\n")
    );
}

#[cfg(unix)]
#[test]
fn sources_that_give_nothing() {
    let mut sandbox = corp();
    sandbox.program("work/fails", "#!/bin/sh\necho sentinel\nexit 7\n");
    sandbox.program("work/silent", "#!/bin/sh\nexit 0\n");
    std::fs::create_dir(sandbox.work().join("folder")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, sandbox.work().join("pipe"), 0o600.into()).unwrap();
    let cases: &[(u8, &str, &[&str])] = &[
        (1, "env:NOT_SET", &["`NOT_SET` is not set"]),
        (1, "file:none.txt", &["no such file", "none.txt"]),
        (1, "file:folder", &["this is a folder", "folder"]),
        (1, "file:pipe", &["not a regular file", "pipe"]),
        (
            1,
            "command:./fails",
            &["`./fails` ended with exit status: 7"],
        ),
        (1, "command:./silent", &["the token is empty"]),
        (1, "command:./none", &["cannot start `./none`"]),
        (
            1,
            "command:./none with sentinel",
            &["cannot start `./none`"],
        ),
        (1, "command:yes", &["more than 1048576 bytes"]),
        (1, "prompt", &["no terminal", "`--from stdin`"]),
        (3, "provider:cargo:token", &["has no token"]),
    ];
    for (status, source, says) in cases {
        refused(
            &mut sandbox,
            *status,
            &["login", "corp", "--from", source],
            says,
        );
    }
    let error = refused(
        &mut sandbox,
        1,
        &["login", "corp", "--from", "env:NOT_SET"],
        &[],
    );
    assert_eq!(error["place"]["env"], "NOT_SET");
    sandbox.env("PAIR", "no-colon");
    refused(
        &mut sandbox,
        1,
        &["login", "corp", "--from", "env:PAIR", "--scheme", "basic"],
        &["`USER:PASSWORD`"],
    );
}

#[test]
fn standard_input_is_a_script_or_a_token_and_not_both() {
    let lines = b"login corp --from stdin\nsentinel-token\n";
    let mut sandbox = corp();
    refused_with(
        &mut sandbox,
        lines,
        64,
        &[],
        &[
            "standard input is the script",
            "<stdin>:1",
            "`--from env:NAME`",
        ],
    );
    refused_with(
        &mut sandbox,
        b"login corp\nsentinel-token\n",
        64,
        &[],
        &["standard input is the script", "<stdin>:1"],
    );
    refused_with(
        &mut sandbox,
        b"login(\"corp\", #{ from: \"stdin\" });",
        64,
        &["-f", "-"],
        &["standard input is the script", "<stdin>:1:1"],
    );
    refused_with(
        &mut sandbox,
        b"let x = 1;",
        64,
        &["-f", "-", "-c", "login corp --from stdin"],
        &["standard input is the script"],
    );
    refused_with(
        &mut sandbox,
        b"status\n\xff\n",
        64,
        &[],
        &["not UTF-8", "byte 8"],
    );
    refused_with(
        &mut sandbox,
        b"status\n\xff\n",
        64,
        &["-f", "-"],
        &["not UTF-8", "byte 8"],
    );
}

#[test]
fn one_bad_line_undoes_the_whole_batch() {
    let good = "registry add lab sparse+https://lab.example/\n";
    for (line, status, says) in [
        ("registry add lab2 nonsense", 64, "not a URL"),
        ("regsitry list", 64, "did you mean `registry`?"),
        ("status nobody-knows", 3, "no registry of this name"),
        ("login 'open", 64, "quote is not closed"),
    ] {
        let mut sandbox = corp();
        let text = format!("# a comment\n{good}\n{line}\n");
        let error = refused_with(
            &mut sandbox,
            text.as_bytes(),
            status,
            &[],
            &[says, "<stdin>:4"],
        );
        assert_eq!(error["place"]["line"], 4);
        let args = ["-c", good.trim(), "-c", line];
        refused(&mut sandbox, status, &args, &[says]);
        sandbox.write("work/lines", &text);
        refused(&mut sandbox, status, &["run", "lines"], &[says, "lines:4"]);
    }
    let mut sandbox = corp();
    sandbox.write(
        "work/s.rhai",
        "registry::add(\"lab\", \"sparse+https://lab.example/\");\nstatus(\"nope\");\n",
    );
    let error = refused(
        &mut sandbox,
        3,
        &["-f", "s.rhai"],
        &["s.rhai:2:1", "status(\"nope\");", "^"],
    );
    assert_eq!(error["place"]["column"], 1);
}

/// Bytes that no text has: only a real process can be given them.
#[cfg(unix)]
#[test]
fn arguments_and_variables_that_are_not_unicode() {
    use std::os::unix::ffi::OsStringExt;

    let wrong = || OsString::from_vec(b"sentinel\xff".to_vec());
    let sandbox = corp();
    let cases: [(Vec<OsString>, u8, &str); 4] = [
        (vec!["status".into(), wrong()], 64, "not Unicode"),
        (
            vec!["login".into(), "--from".into(), wrong()],
            64,
            "not Unicode",
        ),
        (vec!["-c".into(), wrong()], 64, "not Unicode"),
        (
            vec![
                "login".into(),
                "corp".into(),
                "--from".into(),
                "env:WRONG".into(),
            ],
            1,
            "not Unicode",
        ),
    ];
    for (args, status, says) in cases {
        for json in [false, true] {
            let before = sandbox.snapshot();
            let output = sandbox
                .process()
                .args(json.then_some("--json"))
                .args(&args)
                .env("WRONG", wrong())
                .output()
                .unwrap();
            let stdout = String::from_utf8(output.stdout).unwrap();
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert_eq!(
                output.status.code(),
                Some(status.into()),
                "{stderr}{stdout}"
            );
            assert!(
                !format!("{stdout}{stderr}").contains(SENTINEL),
                "{stdout}{stderr}"
            );
            if json {
                let document: Json = serde_json::from_str(&stdout).unwrap();
                assert_document(&document, status);
            } else {
                assert!(stderr.contains(says) && stdout.is_empty(), "{stderr}");
            }
            assert!(before == sandbox.snapshot());
        }
    }
    // A folder's name may be any bytes.
    let odd = sandbox
        .root()
        .join(PathBuf::from(OsString::from_vec(b"h\xff".to_vec())));
    let output = sandbox
        .process()
        .arg("--home")
        .arg(&odd)
        .args(["registry", "add", "lab", "sparse+https://lab.example/"])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(odd.join("config.toml").exists());
}
