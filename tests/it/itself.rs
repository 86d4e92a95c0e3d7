//! Which program is credsh itself: told by the file that it is, and not by what it is called.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::harness::Sandbox;

const CREDSH: &str = env!("CARGO_BIN_EXE_credsh");
const INDEX: &str = "sparse+https://corp.example/";
const TOKEN: &str = "sentinel-of-corp-0123456789";

/// A registry with this provider.
fn with_provider(provider: &str) -> Sandbox {
    let mut sandbox = Sandbox::new();
    let config =
        format!("[registries.corp]\nindex = '{INDEX}'\ncredential-provider = ['{provider}']\n");
    let bin = sandbox.root().join("bin");
    sandbox.write("home/config.toml", config);
    sandbox
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .env("T", TOKEN);
    sandbox
}

/// Another name of credsh.
fn link(sandbox: &Sandbox, path: &str) -> PathBuf {
    let path = sandbox.root().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    symlink(CREDSH, &path).unwrap();
    path
}

fn own_tokens(sandbox: &mut Sandbox) -> usize {
    let list = sandbox.json(&["token", "list"]);
    list["tokens"].as_array().unwrap().len()
}

/// Each registry may name a copy, which is compared with this program once.
#[test]
fn a_copy_of_credsh_is_read_once_for_however_many_registries() {
    let mut sandbox = with_provider("x");
    let copy = sandbox.root().join("copy");
    std::fs::copy(CREDSH, &copy).unwrap();
    let registry = |n: usize| {
        format!(
            "[registries.r{n}]\nindex = 'sparse+https://r{n}.example/'\ncredential-provider = ['{}']\n",
            copy.display()
        )
    };
    let mut timed = |registries: usize| {
        let config: String = (0..registries).map(registry).collect();
        sandbox.write("home/config.toml", config);
        let begun = Instant::now();
        sandbox.ok(&["registry", "list"]);
        begun.elapsed()
    };
    let (one, many) = (timed(1), timed(60));
    assert!(many < one * 15, "{one:?}, {many:?}");
}

const LOGIN: &str = "login corp --from env:T";

#[test]
fn credsh_by_another_name_is_credsh() {
    for provider in [
        "cargo-credential-credsh",
        "ROOT/elsewhere/vault",
        "ROOT/copy",
        CREDSH,
    ] {
        let mut sandbox = with_provider(provider);
        let root = sandbox.root().display().to_string();
        let config = sandbox.read("home/config.toml").replace("ROOT", &root);
        sandbox.write("home/config.toml", config);
        link(&sandbox, "bin/cargo-credential-credsh");
        link(&sandbox, "elsewhere/vault");
        std::fs::copy(CREDSH, sandbox.root().join("copy")).unwrap();
        let begun = Instant::now();
        sandbox.ok(&["-c", &format!("{LOGIN} --store sealed --operations read")]);
        assert!(begun.elapsed() < Duration::from_secs(10));
        assert_eq!(own_tokens(&mut sandbox), 1, "{provider}");
        let shown = sandbox.json(&["token", "show", "corp"]);
        assert_eq!(shown["from"]["place"]["label"], "default", "{provider}");
    }
}

/// It speaks the protocol, and notes what it was asked and told.
const STRANGER: &str = r#"#!/bin/sh
cd 'ROOT'
env >>env
[ "$1" = --version ] && { echo 'stranger 1.0'; exit; }
echo '{"v":[1]}'
read -r request
echo "$request" >>requests
case "$request" in
    *'"kind":"get"'*) [ -f kept ] &&
        echo '{"Ok":{"kind":"get","token":"sentinel-of-a-stranger","cache":"never","operation_independent":true}}' ||
        echo '{"Err":{"kind":"not-found"}}' ;;
    *) touch kept; echo '{"Ok":{"kind":"login"}}' ;;
esac
"#;

#[test]
fn a_stranger_of_that_name_gets_what_cargo_would_give_it_and_no_passphrase() {
    for name in ["credsh.sh", "credsh"] {
        let mut sandbox = with_provider("");
        let root = sandbox.root().display().to_string();
        let stranger = STRANGER.replace("ROOT", &root);
        let stranger = sandbox.program(&format!("strange/{name}"), &stranger);
        let config = sandbox.read("home/config.toml");
        let provider = format!("['{}']", stranger.display());
        sandbox.write("home/config.toml", config.replace("['']", &provider));
        sandbox.env("CREDSH_PASSPHRASE", "horse-of-the-passphrase");
        sandbox.ok(&["-c", LOGIN]);
        assert!(sandbox.exists("kept"), "{name}");
        assert_eq!(own_tokens(&mut sandbox), 0, "{name}");
        sandbox.ok(&["token", "show", "corp"]);
        sandbox.run(&["provider", "test", stranger.to_str().unwrap()]);
        assert!(!sandbox.read("env").contains("horse-of"), "{name}");
        assert!(!sandbox.read("requests").contains("--parts"), "{name}");
        // What only credsh knows of is not for it.
        sandbox.fails(64, &["-c", &format!("{LOGIN} --operations read")]);
    }
}

#[test]
fn a_stranger_that_takes_the_place_of_a_copy_gets_no_passphrase() {
    let mut sandbox = with_provider("ROOT/copy");
    let root = sandbox.root().display().to_string();
    let config = sandbox.read("home/config.toml").replace("ROOT", &root);
    sandbox.write("home/config.toml", config);
    std::fs::copy(CREDSH, sandbox.root().join("copy")).unwrap();
    let stranger = sandbox.program("stranger", &STRANGER.replace("ROOT", &root));
    // The file stays the same one.
    let swap = format!(
        "#!/bin/sh\ncat {} >{root}/copy\necho {TOKEN}\n",
        stranger.display()
    );
    sandbox.program("bin/swap", &swap);
    sandbox.env("CREDSH_PASSPHRASE", "horse-of-the-passphrase");
    sandbox.ok(&["registry", "add", "lab", "sparse+https://lab.example/"]);
    let lines = [
        "status corp --ask",
        "login lab --from command:swap",
        "status corp --ask",
    ];
    let run = sandbox.run(&lines.map(|line| ["-c", line]).concat());
    assert!(sandbox.read("requests").contains("get"), "{run:?}");
    assert!(!sandbox.read("requests").contains("--parts"), "{run:?}");
    assert!(!sandbox.read("env").contains("horse-of"), "{run:?}");
}

#[test]
fn a_stranger_of_that_name_on_the_path_gets_no_passphrase() {
    for provider in ["credsh", "ROOT/bin/credsh"] {
        let mut sandbox = with_provider(provider);
        let root = sandbox.root().display().to_string();
        let config = sandbox.read("home/config.toml").replace("ROOT", &root);
        sandbox.write("home/config.toml", config);
        sandbox.program("bin/credsh", &STRANGER.replace("ROOT", &root));
        sandbox.env("CREDSH_PASSPHRASE", "horse-of-the-passphrase");
        let run = sandbox.run(&["token", "show", "corp"]);
        assert_eq!(run.status, 3, "{run:?}");
        assert!(sandbox.read("requests").contains("get"), "{provider}");
        assert!(!sandbox.read("env").contains("horse-of"), "{provider}");
    }
}

/// As credsh of another build is seen from outside.
const OTHER_BUILD: &str = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'credsh 0.0.9' || sleep 60\n";

#[test]
fn another_build_is_not_waited_for_and_the_next_step_is_named() {
    let passes = "#!/bin/sh\necho '{\"v\":[1]}'\nread -r request\n\
                  echo '{\"Err\":{\"kind\":\"url-not-supported\"}}'\n";
    let own = "registries.corp.credential-provider = ['ROOT/old/credsh']\n";
    let listed = "registry.global-credential-providers = ['ROOT/old/credsh', 'ROOT/passes']\n";
    let last = "registry.global-credential-providers = ['ROOT/old/credsh']\n";
    let set = "hint: `registry set corp --provider credsh`";
    let add = "hint: `provider add credsh`";
    for (providers, hint) in [(own, set), (last, add), (listed, add)] {
        let mut sandbox = with_provider("x");
        let root = sandbox.root().display().to_string();
        sandbox.program("old/credsh", OTHER_BUILD);
        sandbox.program("passes", passes);
        let providers = providers.replace("ROOT", &root);
        let config = format!("registries.corp.index = '{INDEX}'\n{providers}");
        sandbox.write("home/config.toml", config);
        let told = format!("`{root}/old/credsh` is another credsh, which would wait");
        for line in [LOGIN, "logout corp"] {
            let begun = Instant::now();
            let run = sandbox.fails(1, &["-c", line]);
            assert!(begun.elapsed() < Duration::from_secs(10), "{line}");
            let shown = format!("{}{}", run.stdout, run.stderr);
            assert!(shown.contains(&told) && shown.contains(hint), "{shown}");
        }
        sandbox.ok(&["provider", "add", "credsh"]);
    }
}

#[test]
fn what_is_only_called_credsh_stays_in_the_chain_and_can_be_added() {
    let mut sandbox = with_provider("x");
    let root = sandbox.root().display().to_string();
    let stranger = sandbox.program("strange/credsh", &STRANGER.replace("ROOT", &root));
    let stranger = stranger.to_str().unwrap();
    sandbox.write("home/config.toml", "");
    let listed = |sandbox: &Sandbox, path: &str| {
        let config = sandbox.read("home/config.toml");
        config.contains(&format!("'{path}'")) || config.contains(&format!("\"{path}\""))
    };
    sandbox.ok(&["provider", "add", "credsh"]);
    sandbox.ok(&["provider", "add", stranger]);
    assert!(listed(&sandbox, stranger) && listed(&sandbox, CREDSH));
    sandbox.ok(&["provider", "remove", "credsh"]);
    assert!(listed(&sandbox, stranger) && !listed(&sandbox, CREDSH));
    sandbox.ok(&["provider", "add", "credsh"]);
    assert!(listed(&sandbox, stranger) && listed(&sandbox, CREDSH));
}

/// What it is called is no reason to start it, unless it is credsh that is to be put there, or taken out.
#[test]
fn a_project_s_program_of_that_name_is_not_started_by_edits_of_the_chain() {
    let mut sandbox = with_provider("x");
    sandbox.program("work/credsh", "#!/bin/sh\ntouch started\n");
    let project = "registry.global-credential-providers = ['./credsh', 'cargo:token']\n";
    for (line, starts) in [
        ("provider add cargo:libsecret", false),
        ("provider add ./credsh", false),
        ("provider add ./credsh --before cargo:token", false),
        ("provider move cargo:token --last", false),
        ("provider remove cargo:token", false),
        ("provider remove ./credsh", false),
        ("provider add credsh", true),
        ("provider remove credsh", true),
    ] {
        for option in ["", " --dry-run", " --check"] {
            sandbox.write("work/.cargo/config.toml", project);
            sandbox.run(&["-c", &format!("{line}{option}")]);
            let is_started = sandbox.exists("work/started");
            assert_eq!(is_started, starts && option.is_empty(), "{line}{option}");
            if is_started {
                std::fs::remove_file(sandbox.work().join("started")).unwrap();
            }
        }
    }
}

#[test]
fn adding_credsh_mends_a_path_that_leads_elsewhere_or_nowhere() {
    for stale in ["/nowhere/bin/credsh", "ROOT/old/credsh"] {
        let mut sandbox = with_provider("x");
        let root = sandbox.root().display().to_string();
        sandbox.program("old/credsh", OTHER_BUILD);
        let stale = stale.replace("ROOT", &root);
        let config = format!(
            "[registry]\nglobal-credential-providers = ['cargo:libsecret', '{stale}', 'cargo:token']\n"
        );
        sandbox.write("home/config.toml", config);
        let written = format!("['cargo:libsecret', '{CREDSH}', 'cargo:token']");
        sandbox.ok(&["provider", "add", "credsh"]);
        let config = sandbox.read("home/config.toml");
        assert!(config.contains(&written), "{config}");
        let again = sandbox.ok(&["provider", "add", "credsh"]);
        assert_eq!(again.stdout, "unchanged\n");
    }
}

#[test]
fn a_path_with_a_space_has_one_alias_which_is_taken_out_by_name() {
    let mut sandbox = with_provider("x");
    sandbox.write("home/config.toml", "");
    for folder in ["a b", "c d"] {
        let program = link(&sandbox, &format!("{folder}/credsh"));
        sandbox.runs_as(&program);
        sandbox.ok(&["provider", "add", "credsh"]);
        let again = sandbox.ok(&["provider", "add", "credsh"]);
        assert_eq!(again.stdout, "unchanged\n");
    }
    let config = sandbox.read("home/config.toml");
    assert!(config.contains("[\"cargo:token\", \"credsh\"]"), "{config}");
    assert!(!config.contains("credsh-2"), "{config}");
    // One that has gone is followed.
    std::fs::remove_dir_all(sandbox.root().join("a b")).unwrap();
    sandbox.ok(&["provider", "add", "credsh"]);
    let config = sandbox.read("home/config.toml");
    assert!(
        config.contains("c d/credsh") && !config.contains("a b"),
        "{config}"
    );
    sandbox.ok(&["provider", "remove", "credsh"]);
    let config = sandbox.read("home/config.toml");
    assert!(config.contains("[\"cargo:token\"]"), "{config}");
}
