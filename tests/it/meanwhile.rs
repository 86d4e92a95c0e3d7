//! Somebody else writes between a command and its commit: what was read then is what is written on, or nothing is.

use crate::harness::{SENTINEL, Sandbox};
use crate::vault::{VAULT, Vault};

const OLD_INDEX: &str = "[registries.corp]\nindex = \"sparse+https://old.example/\"\n";

/// A token is for the index that its registry had when it was asked for, and for the provider that was to keep it.
#[test]
fn a_token_is_not_stored_where_it_was_not_meant_to_go() {
    let file = "$CARGO_HOME/config.toml";
    let changes = [
        ("index", format!("sed -i s/old/third/ \"{file}\"")),
        ("index", format!(": > \"{file}\"")),
        (
            "index",
            format!("mkdir -p .cargo; sed s/old/third/ \"{file}\" > .cargo/config.toml"),
        ),
        (
            "credential-provider",
            format!("echo 'credential-provider = \"cargo:libsecret\"' >> \"{file}\""),
        ),
        (
            "credential-provider",
            "printf '[registries.corp]\\ncredential-provider = \"x\"\\n' > \"$CARGO_HOME/credentials.toml\""
                .to_owned(),
        ),
    ];
    for (key, change) in changes {
        let mut sandbox = Sandbox::new();
        sandbox.write("home/config.toml", OLD_INDEX);
        let script = format!("{change}\necho {SENTINEL}-0123456789\n");
        sandbox.write("work/source.sh", script);
        let login = ["login", "corp", "--from", "command:sh source.sh"];
        let run = sandbox.run(&login);
        assert_eq!(run.status, 1, "{change}: {run:?}");
        let told = format!("somebody else has changed `registries.corp.{key}`");
        assert!(run.stderr.contains(&told), "{change}: {}", run.stderr);
        assert!(!has_token(&sandbox), "{change}");
        sandbox.write("home/config.toml", OLD_INDEX);
        let _ = std::fs::remove_file(sandbox.work().join(".cargo/config.toml"));
        let _ = std::fs::remove_file(sandbox.home().join("credentials.toml"));
        sandbox.ok(&[&login as &[&str], &["--yes"]].concat());
        assert!(has_token(&sandbox), "{change}");
    }
}

fn has_token(sandbox: &Sandbox) -> bool {
    let text = std::fs::read_to_string(sandbox.home().join("credentials.toml"));
    text.is_ok_and(|text| text.contains(SENTINEL))
}

/// So it is with the chain of all registries, and with what an alias stands for; those of others do not matter.
#[test]
fn a_login_rests_on_the_whole_chain() {
    const CHAIN: &str = "[registries.corp]\nindex = 'sparse+https://corp.example/'\n[registry]\n\
                         global-credential-providers = ['mine']\n[credential-alias]\nmine = ['PROGRAM']\n";
    for (from, to, told) in [
        (
            "['mine']",
            "['cargo:token']",
            Some("`registry.global-credential-providers`"),
        ),
        (
            "PROGRAM'",
            "PROGRAM', 'word'",
            Some("`credential-alias.mine`"),
        ),
        (
            "[credential-alias]",
            "[credential-alias]\nother = ['x']",
            None,
        ),
        (
            "[registry]",
            "[registries.lab]\nindex = 'sparse+https://lab.example/'\n[registry]",
            None,
        ),
    ] {
        let mut sandbox = Sandbox::new();
        let vault = Vault::new(&mut sandbox);
        sandbox.env("T", format!("{SENTINEL}-0123456789"));
        let chain = CHAIN.replace("PROGRAM", VAULT);
        let (from, to) = (from.replace("PROGRAM", VAULT), to.replace("PROGRAM", VAULT));
        sandbox.write("home/config.toml", &chain);
        let runner = sandbox.prompt();
        for line in ["begin", "login corp --from env:T"] {
            runner.run_line(line).unwrap();
        }
        let theirs = chain.replace(&from, &to);
        assert_ne!(theirs, chain);
        sandbox.write("home/config.toml", theirs);
        let ended = runner.run_line("commit");
        let index = "sparse+https://corp.example/";
        assert_eq!(vault.token(index).is_some(), told.is_none());
        if let Some(told) = told {
            let error = ended.unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}

/// Of two names Cargo reads the one without an extension: what would have been written to the other is not, not even
/// with `--yes`.
#[test]
fn nothing_is_written_to_a_file_that_cargo_reads_no_longer() {
    for (command, theirs, ours) in [
        (
            "login corp --from env:T",
            "home/credentials",
            "home/credentials.toml",
        ),
        (
            "registry add lab sparse+https://lab.example/",
            "home/config",
            "home/config.toml",
        ),
    ] {
        for has_file in [true, false] {
            let mut sandbox = Sandbox::new();
            sandbox.env("T", format!("{SENTINEL}-0123456789"));
            sandbox.write("work/.cargo/config.toml", OLD_INDEX);
            if has_file {
                sandbox.write(ours, "# by hand\n");
            }
            let runner = sandbox.prompt();
            for line in ["begin", command] {
                runner.run_line(line).unwrap();
            }
            sandbox.write(theirs, "# theirs\n");
            let before = sandbox.snapshot();
            for line in ["commit", "commit --yes"] {
                let error = runner.run_line(line).unwrap_err().to_string();
                assert!(error.contains("Cargo no longer reads this file"), "{error}");
                assert!(error.contains(ours), "{error}");
                assert!(before == sandbox.snapshot());
            }
            runner.run_line("rollback").unwrap();
            runner.run_line(command).unwrap();
            assert_ne!(sandbox.read(theirs), "# theirs\n");
        }
    }
}

/// Which of the two it is, is so from the start of a command to its end.
#[test]
fn a_token_is_not_stored_where_cargo_looks_no_longer() {
    for has_file in [true, false] {
        let mut sandbox = Sandbox::new();
        if has_file {
            sandbox.write("home/credentials.toml", "# by hand\n");
        }
        let script = format!("> \"$CARGO_HOME/credentials\"\necho {SENTINEL}-0123456789\n");
        sandbox.write("work/source.sh", script);
        let login = [
            "login",
            "crates-io",
            "--yes",
            "--from",
            "command:sh source.sh",
        ];
        let run = sandbox.run(&login);
        assert_eq!(run.status, 1, "{run:?}");
        let told = "Cargo no longer reads this file";
        assert!(run.stderr.contains(told), "{run:?}");
        assert!(!has_token(&sandbox));
        sandbox.ok(&login);
        assert!(sandbox.read("home/credentials").contains(SENTINEL));
    }
}

/// What somebody else has taken away does not come back under another name.
#[test]
fn what_is_gone_is_not_renamed() {
    let token = format!("[registries.corp]\ntoken = \"{SENTINEL}-0123456789\"\n");
    let files = ["home/config.toml", "home/credentials.toml"];
    for (file, told) in files.into_iter().zip(["index", "token"]) {
        let mut sandbox = Sandbox::new();
        sandbox.write(files[0], OLD_INDEX);
        sandbox.write(files[1], &token);
        let runner = sandbox.prompt();
        for line in ["begin", "registry rename corp work"] {
            runner.run_line(line).unwrap();
        }
        sandbox.write(file, "# theirs\n");
        let before = sandbox.snapshot();
        let error = runner.run_line("commit").unwrap_err().to_string();
        let told = format!("somebody else has changed `registries.corp.{told}`");
        assert!(error.contains(&told), "{error}");
        assert_eq!(sandbox.snapshot(), before);
    }
}

/// What a command has found, and what it has not found, is so when it is written; what it did not look for does not
/// matter.
#[test]
fn what_a_command_rests_on_is_as_it_was() {
    const HOME: &str = "home/config.toml";
    const TOKENS: &str = "home/credentials.toml";
    let token = format!("[registries.corp]\ntoken = \"{SENTINEL}-fresh-0123456789\"\n");
    let provider = format!("{OLD_INDEX}credential-provider = \"x\"\n");
    let another =
        format!("{OLD_INDEX}[registries.other]\nindex = \"sparse+https://lab.example/\"\n");
    let of_work = token.replace("corp", "work");
    let default = format!("{OLD_INDEX}[registry]\ndefault = \"corp\"\n");
    let rename = "registry rename corp work";
    let remove = "registry remove corp";
    let keep = "registry remove corp --keep-token";
    let index = "registry set corp --index sparse+https://lab.example/";
    for (command, file, theirs, told) in [
        (rename, TOKENS, token.as_str(), "registries.corp.token"),
        (rename, TOKENS, &of_work, "registries.work.token"),
        (
            rename,
            HOME,
            &provider,
            "registries.corp.credential-provider",
        ),
        (rename, HOME, &default, "registry.default"),
        (remove, TOKENS, &token, "registries.corp.token"),
        (
            remove,
            HOME,
            &provider,
            "registries.corp.credential-provider",
        ),
        (keep, TOKENS, &token, ""),
        (keep, HOME, &provider, "registries.corp.credential-provider"),
        (
            "registry set corp --make-default",
            HOME,
            "",
            "registries.corp.index",
        ),
        (
            "registry set corp --provider x",
            HOME,
            "",
            "registries.corp.index",
        ),
        ("registry set corp --make-default", TOKENS, &token, ""),
        (
            "registry add lab sparse+https://lab.example/",
            HOME,
            &another,
            "registries.other.index",
        ),
        (
            "registry add lab sparse+https://lab.example/",
            TOKENS,
            &token,
            "",
        ),
        (index, HOME, &another, "registries.other.index"),
        (index, TOKENS, &token, "registries.corp.token"),
        ("alias set a program", HOME, &provider, ""),
    ] {
        let mut sandbox = Sandbox::new();
        sandbox.write(HOME, OLD_INDEX);
        let runner = sandbox.prompt();
        for line in ["begin", command] {
            runner.run_line(line).unwrap();
        }
        sandbox.write(file, theirs);
        let before = sandbox.snapshot();
        if !told.is_empty() {
            let error = runner.run_line("commit").unwrap_err().to_string();
            let told = format!(
                "somebody else has changed `{told}` since it was read; nothing was written"
            );
            assert!(error.contains(&told), "{command}: {error}");
            assert!(error.contains(file), "{command}: {error}");
            assert!(
                error.contains("it was ") && error.contains(" now"),
                "{command}: {error}"
            );
            assert!(before == sandbox.snapshot(), "{command}");
            assert_eq!(runner.session.borrow().depth(), 1);
        }
        runner.run_line("commit --yes").unwrap();
        assert!(
            before != sandbox.snapshot(),
            "{command}: nothing is written"
        );
    }
}

/// What was rolled back, and what was only looked at, rests on nothing.
#[test]
fn what_is_given_up_rests_on_nothing() {
    let mut sandbox = Sandbox::new();
    sandbox.write("home/config.toml", OLD_INDEX);
    let runner = sandbox.prompt();
    for line in [
        "begin",
        "alias set a program",
        "begin",
        "registry set corp --make-default",
        "rollback",
    ] {
        runner.run_line(line).unwrap();
    }
    sandbox.write("home/config.toml", "");
    runner.run_line("commit").unwrap();
    assert!(sandbox.read("home/config.toml").contains("a = "));
}

/// In a transaction as well, until its end.
#[test]
fn a_token_that_waits_for_the_commit_is_for_the_index_of_the_login() {
    let mut sandbox = Sandbox::new();
    sandbox.env("T", format!("{SENTINEL}-0123456789"));
    sandbox.write("home/config.toml", OLD_INDEX);
    let runner = sandbox.prompt();
    for line in ["begin", "login corp --from env:T"] {
        runner.run_line(line).unwrap();
    }
    sandbox.write("home/config.toml", OLD_INDEX.replace("old", "third"));
    let error = runner.run_line("commit").unwrap_err().to_string();
    assert!(error.contains("`registries.corp.index`"), "{error}");
    assert!(!sandbox.exists("home/credentials.toml"));
    runner.run_line("commit --yes").unwrap();
    assert!(sandbox.read("home/credentials.toml").contains(SENTINEL));
    assert!(sandbox.read("home/config.toml").contains("third"));
}

/// What somebody else has written meanwhile, and `--yes` has overwritten, is what was there before.
#[test]
fn what_yes_has_overwritten_is_told() {
    let mut sandbox = Sandbox::new();
    sandbox.write("home/config.toml", "[credential-alias]\na = \"mine\"\n");
    let script = "sed -i s/mine/theirs/ \"$CARGO_HOME/config.toml\"\necho sentinel-0123456789\n";
    sandbox.write("work/source.sh", script);
    let login = "login crates-io --from 'command:sh source.sh'";
    let told = sandbox.json(&["--yes", "-c", "alias set a ours", "-c", login]);
    let changes = told["changes"].as_array().unwrap();
    let alias = changes
        .iter()
        .find(|change| change["key"] == "credential-alias.a");
    assert_eq!(alias.unwrap()["before"], "theirs", "{told:#}");

    let theirs = format!("{SENTINEL}-theirs-0123456789-of-somebody-else");
    let mut fingerprints = Vec::new();
    for script in [
        format!("echo {SENTINEL}-ours\n"),
        format!(
            "printf '[registry]\\ntoken = \"{theirs}\"\\n' > \"$CARGO_HOME/credentials.toml\"\necho {SENTINEL}-ours\n"
        ),
    ] {
        let text = format!("[registry]\ntoken = \"{theirs}\"\n");
        let text = match fingerprints.len() {
            0 => text,
            _ => text.replace("theirs", "nobodys"),
        };
        sandbox.write("home/credentials.toml", text);
        sandbox.write("work/source.sh", script);
        let login = [
            "--yes",
            "login",
            "crates-io",
            "--from",
            "command:sh source.sh",
        ];
        let told = sandbox.json(&login);
        fingerprints.push(told["changes"][0]["before"].clone());
    }
    assert!(fingerprints[0].is_string(), "{fingerprints:?}");
    assert_eq!(fingerprints[0], fingerprints[1]);
}

/// What comes last is written, too, where nothing had to go before it: somebody else has stored that already.
#[test]
fn a_token_that_comes_last_comes_though_nothing_goes_first() {
    let mut sandbox = Sandbox::new();
    sandbox.write("home/config.toml", OLD_INDEX);
    sandbox
        .env("FIRST", format!("{SENTINEL}-first-0123456789"))
        .env("LAST", format!("{SENTINEL}-last-0123456789"));
    let runner = sandbox.prompt();
    for line in [
        "begin",
        "registry add first sparse+https://first.example/",
        "login first --from env:FIRST",
        "registry set corp --index sparse+https://new.example/",
        "login corp --from env:LAST",
    ] {
        runner.run_line(line).unwrap();
    }
    let theirs = format!("[registries.first]\ntoken = \"{SENTINEL}-first-0123456789\"\n");
    sandbox.write("home/credentials.toml", theirs);
    runner.run_line("commit").unwrap();
    let text = sandbox.read("home/credentials.toml");
    assert!(text.contains("last-0123456789"), "{text}");
}
