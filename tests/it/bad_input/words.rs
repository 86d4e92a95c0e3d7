//! Words that are misspelt, missing, in conflict, or name what Cargo would refuse.

use super::{CORP, corp, refused};
use crate::harness::Sandbox;

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
        (
            "sparse+https://lab.example/index/?x=y",
            &["must end in `/`", "`sparse+https://lab.example/index/`"],
        ),
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

/// A command, and what the error says.
const WRONG_WORDS: &[(&[&str], &[&str])] = &[
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

#[test]
fn missing_and_conflicting_words() {
    let mut sandbox = corp();
    for (args, says) in WRONG_WORDS {
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
