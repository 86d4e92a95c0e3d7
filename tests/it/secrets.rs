//! Secrets: a token is where it belongs, and in nothing else that anybody could see.
//!
//! The harness fails a run that prints the sentinel; here are the ways in by which one could get out again,
//! the files afterwards, and the processes.

mod spelt;

use std::path::PathBuf;

use crate::harness::{SENTINEL, Sandbox};

/// Shaped like one of crates.io's.
const TOKEN: &str = "ciosentinel1234567890abcdefghijkl";

const CORP: &str = "[registries.corp]\nindex = \"sparse+https://corp.example/index/\"\n";

fn corp() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox
        .write("home/config.toml", CORP)
        .write("work/token.txt", format!("{TOKEN}\n"));
    sandbox.env("PATH", "/usr/bin:/bin");
    sandbox
}

/// Every file that contains the sentinel, relative to the sandbox; `.credsh` too.
pub fn files_with_it(sandbox: &Sandbox) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![sandbox.root().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains(SENTINEL) {
                found.push(path.strip_prefix(sandbox.root()).unwrap().to_path_buf());
            }
        }
    }
    found.sort();
    found
}

/// The sentinel is in the credentials, which only their owner may read, and in no file besides but these.
#[track_caller]
fn assert_only_in_credentials(sandbox: &Sandbox, besides: &[&str]) {
    let mut expected: Vec<PathBuf> = besides.iter().map(PathBuf::from).collect();
    expected.push("home/credentials.toml".into());
    expected.sort();
    assert_eq!(files_with_it(sandbox), expected);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let file = sandbox.home().join("credentials.toml");
        let mode = std::fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
    }
    let left: Vec<_> = std::fs::read_dir(sandbox.home().join(".credsh"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .collect();
    assert!(
        left.iter()
            .all(|entry| entry.file_name() == "lock" && entry.metadata().unwrap().len() == 0),
        "{left:?}"
    );
}

/// Every command that could show something of the token, as text and as JSON. The harness looks at the output.
#[track_caller]
fn read_everything(sandbox: &mut Sandbox) {
    let commands: &[&[&str]] = &[
        &["registry", "list"],
        &["registry", "show", "corp"],
        &["status"],
        &["status", "corp", "--ask"],
        &["why", "corp"],
        &["why", "corp", "--ask"],
        &["token", "show", "corp"],
        &["provider", "list"],
        &["alias", "list"],
        &["logout", "corp", "--dry-run"],
        &["registry", "rename", "corp", "new", "--dry-run"],
        &["registry", "remove", "corp", "--check"],
        &[
            "registry",
            "set",
            "corp",
            "--index",
            "sparse+https://new.example/",
            "--move-token",
            "--dry-run",
        ],
        &[
            "registry",
            "set",
            "corp",
            "--index",
            "sparse+https://new.example/",
            "--drop-token",
            "-n",
        ],
        &[
            "registry",
            "set",
            "corp",
            "--index",
            "sparse+https://new.example/",
        ],
        &[
            "login",
            "corp",
            "--from",
            "file:token.txt",
            "--scheme",
            "bearer",
            "--dry-run",
        ],
    ];
    for command in commands {
        for flags in [&[] as &[&str], &["--json"], &["--quiet"]] {
            let args = [flags, command].concat();
            let run = sandbox.run(&args);
            assert!([0, 1, 2].contains(&run.status), "{args:?}: {}", run.stderr);
        }
    }
    let script = commands
        .iter()
        .map(|command| command.join(" "))
        .filter(|line| line != "registry set corp --index sparse+https://new.example/")
        .collect::<Vec<_>>()
        .join("\n");
    for flags in [&[] as &[&str], &["--json"]] {
        let run = sandbox.stdin(&script).run(flags);
        assert!([0, 1, 2].contains(&run.status), "{}", run.stderr);
    }
    sandbox.stdin("for r in registry::list() { print(r.to_string()); print(registry::show(r.name).to_string()); debug(status()); }\nprint(token::show(\"corp\").to_string());").ok(&["-f", "-"]);
}

#[test]
fn every_source_and_every_door_keeps_it_to_the_credentials() {
    let sources = [
        "prompt",
        "stdin",
        "env:CORP_TOKEN",
        "file:token.txt",
        "command:cat token.txt",
        "provider:cargo:token-from-stdout cat token.txt",
    ];
    for source in sources {
        let line = format!("login corp --from '{source}'");
        let script = format!("login(\"corp\", #{{ from: \"{source}\" }});");
        let doors: [(&[&str], &str); 5] = [
            (&["login", "corp", "--from", source], ""),
            (&["-c", &line], ""),
            (&["-f", "login.rhai"], ""),
            (&[], &line),
            (&["-f", "-"], &script),
        ];
        for (args, stdin) in doors {
            for flags in [&["--check"] as &[&str], &["--dry-run"], &[], &["--json"]] {
                let mut sandbox = corp();
                sandbox.env("CORP_TOKEN", TOKEN);
                sandbox.write("work/login.rhai", &script);
                let args = [flags, args].concat();
                sandbox.stdin(stdin);
                match source {
                    "stdin" if stdin.is_empty() => {
                        sandbox.stdin(TOKEN);
                    }
                    "stdin" => {
                        let is_plan = flags.contains(&"--check") || flags.contains(&"--dry-run");
                        let run = sandbox.run(&args);
                        assert!(is_plan || run.status == 64, "{args:?}: {}", run.stderr);
                        continue;
                    }
                    "prompt" => {
                        sandbox.types(&[TOKEN]);
                        if !stdin.is_empty() {
                            sandbox.terminal_is_elsewhere();
                        }
                    }
                    _ => {}
                }
                let run = sandbox.run(&args);
                if flags == ["--check"] {
                    assert_eq!(run.status, 2, "{args:?}: {}", run.stderr);
                } else {
                    assert_eq!(run.status, 0, "{args:?}: {}", run.stderr);
                }
                if matches!(flags, ["--check" | "--dry-run"]) {
                    assert_eq!(files_with_it(&sandbox), [PathBuf::from("work/token.txt")]);
                    assert!(!sandbox.exists("home/credentials.toml"));
                } else {
                    assert_only_in_credentials(&sandbox, &["work/token.txt"]);
                }
            }
        }
        let mut sandbox = corp();
        sandbox.env("CORP_TOKEN", TOKEN).stdin(TOKEN);
        if source == "prompt" {
            sandbox.types(&[TOKEN]);
        }
        sandbox.ok(&["login", "corp", "--from", source]);
        read_everything(&mut sandbox);
        assert_only_in_credentials(&sandbox, &["work/token.txt"]);
    }
}

#[test]
fn schemes_and_pieces_of_a_token_are_secrets_too() {
    use base64::Engine;
    for scheme in ["raw", "bearer", "basic", "token"] {
        let mut sandbox = corp();
        sandbox.write("work/token.txt", "me:sentinel-password-123456");
        sandbox.ok(&[
            "login",
            "corp",
            "--from",
            "file:token.txt",
            "--scheme",
            scheme,
        ]);
        let encoded =
            base64::engine::general_purpose::STANDARD.encode("me:sentinel-password-123456");
        for args in [
            &["status"] as &[&str],
            &["why", "corp"],
            &["token", "show", "corp", "--json"],
            &["registry", "show", "corp", "--json"],
            &["logout", "corp"],
        ] {
            let run = sandbox.run(args);
            let shown = format!("{}{}", run.stdout, run.stderr);
            assert!(
                !shown.contains(&encoded) && !shown.contains("password"),
                "{shown}"
            );
        }
        assert!(!sandbox.read("home/credentials.toml").contains("token ="));
    }
}

#[test]
fn a_token_in_every_place_that_cargo_reads() {
    let mut sandbox = corp();
    sandbox
        .write("home/config.toml", format!("{CORP}token = \"{TOKEN}\"\nsecret-key = \"{TOKEN}\"\n[registry]\ntoken = \"{TOKEN}\"\n"))
        .write("home/credentials.toml", format!("token = \"{TOKEN}\"\n[registries.corp]\ntoken = \"{TOKEN}2\"\n[registries]\nlab = {{ token = \"{TOKEN}\" }}\n"))
        .write("work/.cargo/config.toml", format!("registries.corp.\"token\" = '''{TOKEN}'''\n"));
    sandbox
        .env("CARGO_REGISTRIES_CORP_TOKEN", TOKEN)
        .env("CARGO_REGISTRY_TOKEN", TOKEN)
        .env("CARGO_REGISTRIES_corp_TOKEN", TOKEN);
    read_everything(&mut sandbox);
    for args in [
        &["registry", "show", "crates-io"] as &[&str],
        &["why", "crates-io"],
        &["status", "crates-io", "corp"],
        &["logout", "--all", "--yes"],
    ] {
        sandbox.run(args);
        let mut json = vec!["--json"];
        json.extend(args);
        sandbox.run(&json);
    }
}

#[test]
fn debug_shows_nothing() {
    use credsh::cargo::config::Config;
    use credsh::cargo::index_url::IndexUrl;

    let mut sandbox = corp();
    sandbox.write(
        "home/credentials.toml",
        format!("[registries.corp]\ntoken = \"{TOKEN}\"\n"),
    );
    sandbox.env("CARGO_REGISTRIES_CORP_TOKEN", TOKEN);
    let world = sandbox.as_world();
    let env = &world.env;
    let config = Config::read(&world, &sandbox.home(), false).unwrap();
    let url: IndexUrl = "https://me:sentinel@host/".parse().unwrap();
    let token = credsh::Token::new(TOKEN);
    let found = config.secret(&["registries", "corp", "token"]);
    let shown = format!(
        "{env:?}{config:?}{url:?}{url}{token:?}{found:?}{:?}",
        config.all(
            &["registries", "corp", "token"],
            credsh::cargo::config::View::All
        )
    );
    assert!(
        shown.contains("Token(") && !shown.contains(SENTINEL),
        "{shown}"
    );
}

/// What others see of a running process: its arguments and those of what it starts, and its environment.
#[cfg(target_os = "linux")]
#[test]
fn no_process_has_it_in_its_arguments() {
    use std::io::Write;
    use std::process::Stdio;

    let sandbox = corp();
    // Looks at itself and at the process that started it, and gives the token only then.
    sandbox.program(
        "work/look",
        "#!/bin/sh\nfor p in $$ $PPID; do tr '\\0' '\\n' < /proc/$p/cmdline >> seen; tr '\\0' '\\n' < /proc/$p/environ >> seen 2>/dev/null; echo >> seen; done\ncat token.txt\n",
    );
    let run = |args: &[&str], stdin: &str, env: &[(&str, &str)]| {
        let mut child = sandbox
            .process()
            .args(args)
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // While it waits for standard input, its arguments can be looked at.
        let seen = std::fs::read(format!("/proc/{}/cmdline", child.id())).unwrap();
        assert!(!String::from_utf8_lossy(&seen).contains(SENTINEL));
        child
            .stdin
            .take()
            .unwrap()
            .write_all(stdin.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let shown = [output.stdout, output.stderr].concat();
        let shown = String::from_utf8(shown).unwrap();
        assert!(
            output.status.success() && !shown.contains(SENTINEL),
            "{args:?}: {shown}"
        );
    };
    run(&["login", "corp"], TOKEN, &[]);
    run(&["login", "corp", "--from", "command:./look"], "", &[]);
    run(&["token", "show", "corp"], "", &[]);
    run(&["logout", "corp"], "", &[]);
    run(
        &[
            "login",
            "corp",
            "--from",
            "provider:cargo:token-from-stdout ./look",
        ],
        "",
        &[],
    );
    run(&["logout", "corp"], "", &[]);
    run(
        &["login", "corp", "--from", "env:CORP_TOKEN"],
        "",
        &[("CORP_TOKEN", TOKEN)],
    );
    let seen = sandbox.read("work/seen");
    assert!(
        seen.contains("--from") && !seen.contains(SENTINEL),
        "{seen}"
    );
    assert_only_in_credentials(&sandbox, &["work/token.txt"]);
}
