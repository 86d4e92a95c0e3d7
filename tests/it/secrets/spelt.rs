//! A secret that somebody spells out, as an argument, in a script or in a URL: refused, and shown nowhere.

use super::{TOKEN, corp};
use crate::harness::Sandbox;

#[test]
fn a_token_as_an_argument_is_refused_and_not_shown() {
    let equals = format!("--token={TOKEN}");
    let from = format!("--from={TOKEN}");
    let line = |rest: &str| format!("{rest} {TOKEN}");
    let lines = [
        line("login"),
        line("login corp"),
        line("login corp --from"),
        line("login corp --"),
        line("login corp --scheme"),
        line("registry add corp2"),
        line("registry show"),
        line("token show"),
        line("token set corp"),
        line(""),
        format!("login corp {equals}"),
        format!("{equals} login corp"),
        format!("login '{TOKEN}"),
        format!("login \"{TOKEN}"),
    ];
    for args in [
        &["login", TOKEN] as &[&str],
        &["login", "corp", TOKEN],
        &["login", "--from", TOKEN],
        &["login", &from],
        &["login", "corp", &equals],
        &["login", "corp", "--token", TOKEN],
        &["login", "corp", "-t", TOKEN],
        &["login", "--", TOKEN],
        &["login", "corp", "--", TOKEN],
        &["login", "-r", TOKEN],
        &["login", "corp", "--scheme", TOKEN],
        &["logout", TOKEN],
        &["status", TOKEN],
        &["why", TOKEN],
        &["token", "show", TOKEN],
        &["token", TOKEN],
        &["registry", "add", "corp2", TOKEN],
        &["registry", "show", TOKEN],
        &["registry", "set", TOKEN, "--make-default"],
        &["registry", "remove", TOKEN],
        &["registry", "rename", TOKEN, "x"],
        &["registry", "set", "corp", "--index", TOKEN],
        &["-s", TOKEN],
        &["--color", TOKEN],
        &["completions", TOKEN],
        &["help", TOKEN],
        &[TOKEN],
        &[&equals],
    ] {
        let mut sandbox = corp();
        let run = sandbox.fails(64, args);
        assert!(run.stderr.contains("hint: "), "{args:?}: {}", run.stderr);
        let mut json = vec!["--json"];
        json.extend(args);
        sandbox.fails(64, &json);
    }
    for line in &lines {
        let mut sandbox = corp();
        sandbox.fails(64, &["-c", line]);
        sandbox.stdin(line).fails(64, &[]);
        sandbox.stdin(line).fails(64, &["--json"]);
        sandbox.write("work/lines", line);
        sandbox.fails(64, &["run", "lines"]);
    }
}

/// A shell has put the token where its name was meant: `env:$TOKEN`.
#[test]
fn a_token_where_a_name_was_meant_is_refused_and_not_shown() {
    for token in [
        "ciosentinel1234567890abcdefghijkl",
        "ghp_sentinel0123456789abcdefghijklmnopqr",
        "glpat-sentinel0123456789ab",
        "eyJhbGciOiJIUzI1NiJ9.eyJzZW50aW5lbCI6InNlbnRpbmVsIn0.c2VudGluZWw0NTY3ODkwMTIzNDU2Nzg5",
    ] {
        for words in [
            "--from env:",
            "--from file:",
            "--from provider:",
            "--provider ",
        ] {
            let line = format!("login corp {words}{token}");
            let mut sandbox = corp();
            for args in [&["-c", &line] as &[&str], &["--json", "-c", &line]] {
                let run = sandbox.fails(64, args);
                let shown = format!("{}{}", run.stdout, run.stderr);
                assert!(!shown.contains(token), "{line}: {shown}");
                assert!(shown.contains("never an argument"), "{line}: {shown}");
            }
        }
        for line in [
            "provider add",
            "provider test",
            "registry set corp --provider",
        ] {
            let line = format!("{line} {token}");
            let run = corp().fails(64, &["-c", &line]);
            assert!(!run.stderr.contains(token), "{line}: {run:?}");
        }
    }
    // Base64 may contain a slash.
    let base64 = "provider add c2VudGluZWw0NTY3/ODkwMTIzNDU2Nzg5+A==";
    let run = corp().fails(64, &["-c", base64]);
    assert!(!run.stderr.contains("c2Vud"), "{run:?}");
    // Names that are long, and have digits.
    let mut sandbox = corp();
    for (status, words) in [
        (1, "--from env:CARGO_REGISTRIES_MY_CORP_TOKEN_2"),
        (1, "--from env:the_token_of_corp_for_2027_01"),
        (1, "--from file:tokens/of-corp/the-one-of-2027-01-31"),
        (1, "--from file:/tmp/0123456789abcdef0123456789"),
        (4, "--from provider:cargo-credential-1password"),
        (4, "--from provider:cargo-credential-awscodeartifact2"),
        (
            4,
            "--from 'provider:plug --vault hfnjvi6aymbsnfc2xeeoheizda'",
        ),
        (4, "--from provider:run/9f8e7d6c5b4a3210/plug"),
        (4, "--provider cargo-credential-awscodeartifact2"),
    ] {
        let line = format!("login corp {words}");
        sandbox.fails(status, &["-c", &line]);
    }
    sandbox.ok(&["provider", "add", "cargo-credential-azuredevops2024"]);
    // What is there is what it says.
    sandbox
        .write("work/run/9f8e7d6c5b4a3210/token", TOKEN)
        .write("work/token_of_build01234567890", TOKEN);
    sandbox.env("CARGOTOKEN2026PRODUCTION01", TOKEN);
    sandbox.ok(&["registry", "set", "corp", "--provider", "cargo:token"]);
    for source in [
        "env:CARGOTOKEN2026PRODUCTION01",
        "file:run/9f8e7d6c5b4a3210/token",
        "file:token_of_build01234567890",
        "'provider:cargo:token-from-stdout cat run/9f8e7d6c5b4a3210/token'",
    ] {
        sandbox.ok(&["-c", &format!("login corp --from {source}")]);
    }
}

#[test]
fn a_script_that_spells_a_token_out_is_shown_without_it() {
    for (script, status) in [
        (format!("login(\"corp\", \"{TOKEN}\");"), 64),
        (format!("login(\"{TOKEN}\");"), 64),
        (format!("login(\"corp\", #{{ token: \"{TOKEN}\" }});"), 64),
        (format!("login(\"corp\", #{{ from: \"{TOKEN}\" }});"), 64),
        (format!("login(\"corp\", #{{ \"{TOKEN}\": true }});"), 64),
        (format!("login(\"corp\", #{{ rest: [\"{TOKEN}\"] }});"), 64),
        ("login(\"corp\", \"Bearer sentinel\");".to_owned(), 64),
        ("login(\"corp\", \"bearer sentinel\");".to_owned(), 64),
        (format!("login(\"corp\", \"{TOKEN}\");"), 64),
        (format!("login(\"corp\", '{TOKEN}');"), 64),
        (format!("login(\"corp\", `{TOKEN}`);"), 64),
        (format!("login(\"corp\", \"me:{TOKEN}\");"), 64),
        (format!("login(\"corp\", \"a \\\" {TOKEN}\");"), 64),
        (format!("let t = \"{TOKEN}\"; login(\"corp\", t);"), 64),
        (format!("login(\"corp\", \"{TOKEN}"), 64),
        (format!("login(\"corp\", `{TOKEN}"), 64),
        (format!("let t = {TOKEN};"), 1),
        (format!("let t = {TOKEN}"), 1),
        (format!("login(\"corp\", {TOKEN});"), 1),
        (format!("{TOKEN}();"), 64),
        (format!("let {TOKEN} {TOKEN};"), 64),
        (format!("throw \"{TOKEN}\";"), 1),
        (format!("throw #{{ token: \"{TOKEN}\" }};"), 1),
        (format!("fail(\"not logged in with {TOKEN}\");"), 1),
        (format!("import \"{TOKEN}\" as x;"), 1),
        (format!("let x = \"{TOKEN}\"; x.nothing;"), 1),
        (format!("let x = \"{TOKEN}\" - 1;"), 64),
        (format!("let m = #{{}}; m[\"{TOKEN}\"].x"), 1),
        (format!("registry::add(\"lab\", \"{TOKEN}\");"), 64),
        (
            format!("registry::add(\"lab\", \"https://me:{TOKEN}@lab.example/\");"),
            64,
        ),
        (format!("/* {TOKEN} */ let = 3;"), 64),
        (format!("let = 3; // {TOKEN}"), 64),
    ] {
        let mut sandbox = corp();
        sandbox.write("work/s.rhai", format!("// a script\n{script}\n"));
        let before = sandbox.snapshot();
        for args in [
            &["-f", "s.rhai"] as &[&str],
            &["--json", "-f", "s.rhai"],
            &["run", "s.rhai"],
        ] {
            let run = sandbox.run(args);
            assert_eq!(
                run.status, status,
                "{script}:\n{}{}",
                run.stdout, run.stderr
            );
            let shown = format!("{}{}", run.stdout, run.stderr);
            let place = if args[0] == "--json" {
                "\"line\": 2"
            } else {
                "s.rhai:2"
            };
            assert!(shown.contains(place), "{script}:\n{shown}");
        }
        assert!(before == sandbox.snapshot());
    }
}

#[test]
fn a_password_in_a_url_is_masked_wherever_the_url_is_shown() {
    let url = "sparse+https://sentinel:sentinel@corp.example/index/";
    let user = "https://sentinel@git.example/index";
    let mut sandbox = Sandbox::new();
    sandbox.write(
        "home/config.toml",
        format!("[registries.corp]\nindex = \"{url}\"\n[registries.git]\nindex = \"{user}\"\n[registries.broken]\nindex = \"https://me:sentinel@ho st/\"\n"),
    );
    sandbox.write(
        "work/.cargo/config.toml",
        format!("[registries.git]\nindex = \"{user}2\"\n"),
    );
    let all: &[&[&str]] = &[
        &["registry", "list"],
        &["registry", "show", "git"],
        &["registry", "show", "corp"],
        &["registry", "show", "broken"],
        &["status"],
        &["status", "git"],
        &["why", "git"],
        &["why", "corp"],
        &["why", user],
        &["token", "show", "git"],
        &["token", "show", url],
        &["login", url],
        &["provider", "list"],
        &["registry", "add", "git", "https://sentinel@other.example/"],
        &["registry", "add", "other", user],
        &["registry", "add", "other", url],
        &[
            "registry",
            "add",
            "other",
            "https://sentinel@other.example/",
            "--dry-run",
        ],
        &[
            "registry",
            "set",
            "git",
            "--index",
            "https://sentinel@other.example/",
            "--dry-run",
        ],
        &["registry", "rename", "git", "new", "--dry-run"],
        &["registry", "remove", "git", "--dry-run"],
        &["registry", "remove", "corp", "--dry-run"],
        &["registry", "remove", "broken", "--dry-run"],
        &["registry", "rename", "broken", "new", "--dry-run"],
        &["registry", "add", "other", "https://me:sentinel@ho st/"],
    ];
    for flags in [&[] as &[&str], &["--json"]] {
        for args in all {
            sandbox.run(&[flags, args].concat());
        }
    }
    // And the same where nothing else is wrong.
    sandbox.write(
        "home/config.toml",
        format!("[registries.git]\nindex = \"{user}\"\n"),
    );
    for flags in [&[] as &[&str], &["--json"]] {
        for args in all {
            sandbox.run(&[flags, args].concat());
        }
    }
    let run = sandbox.ok(&["registry", "show", "git"]);
    assert!(
        run.stdout.contains("https://***@git.example/index"),
        "{}",
        run.stdout
    );
    sandbox.stdin("cio-token-of-git").ok(&["login", "git"]);
}

#[test]
fn the_user_of_an_index_is_not_shown_with_the_tokens_that_credsh_keeps_for_it() {
    let mut sandbox = Sandbox::new();
    sandbox.write(
        "home/config.toml",
        "[registries.git]\nindex = \"https://sentinel@git.example/index\"\n",
    );
    // The URL is in the keys of the ledger.
    let git = |rest: &str| format!("login git --from env:T --store sealed {rest}");
    sandbox.env("T", TOKEN);
    sandbox.ok(&["registry", "set", "git", "--provider", "credsh"]);
    for (line, shows) in [
        (git("--dry-run"), true),
        (git(""), true),
        (git("--label ci --operations read"), true),
        (
            "begin; token set ci --operations yank; diff; rollback".to_owned(),
            true,
        ),
        (
            "registry set git --index https://sentinel@other.example/ --move-token -n".to_owned(),
            true,
        ),
        (
            "registry add u https://sentinel@u.example/ --provider credsh".to_owned(),
            true,
        ),
        ("token list".to_owned(), true),
        ("token set ci --operations publish".to_owned(), true),
        ("token remove ci".to_owned(), true),
    ] {
        sandbox.write("work/lines", line.replace("; ", "\n"));
        let run = sandbox.ok(&["run", "lines"]);
        assert_eq!(run.stdout.contains("***@"), shows, "{line}: {run:?}");
    }
    for line in [
        git("--label ci --operations read"),
        "token list".to_owned(),
        "token remove ci".to_owned(),
    ] {
        let run = sandbox.ok(&["--json", "-c", &line]);
        assert!(run.stdout.contains("***@git.example"), "{line}: {run:?}");
    }
}
