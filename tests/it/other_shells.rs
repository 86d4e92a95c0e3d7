//! Tab in bash, zsh and fish, each as it is: a line is typed, every candidate is put into it, and the shell itself says
//! which words have come of that.

use std::path::Path;
use std::process::Command;

use crate::harness::Sandbox;
use crate::pty::Pty;

/// A line up to its last word, that word as far as it is typed, and the words that may take its place. A word for which
/// nothing is offered stays.
type Row = (&'static str, &'static str, &'static [&'static str]);

const ROWS: &[Row] = &[
    // Commands.
    ("credsh ", "lo", &["login", "logout"]),
    ("credsh --json ", "regis", &["registry"]),
    ("credsh registry ", "re", &["remove", "rename"]),
    ("credsh zzz ", "", &[]),
    ("credsh ", "zzz", &["zzz"]),
    // Options.
    ("credsh login corp ", "--fr", &["--from"]),
    ("credsh login corp --from stdin ", "--fr", &["--fr"]),
    ("credsh ", "--dir", &["--directory"]),
    // What there is to name in this home.
    (
        "credsh login ",
        "",
        &["corp", "corp-two", "crates-io", "lab"],
    ),
    ("credsh login ", "co", &["corp", "corp-two"]),
    ("credsh status lab ", "co", &["corp", "corp-two"]),
    ("credsh logout -r ", "la", &["lab"]),
    (
        "credsh login ",
        "--registry=co",
        &["--registry=corp", "--registry=corp-two"],
    ),
    (
        "credsh login --provider ",
        "cargo:t",
        &["cargo:token", "cargo:token-from-stdout"],
    ),
    (
        "credsh provider add ",
        "cargo-credential-",
        &["cargo-credential-mine"],
    ),
    ("credsh alias remove ", "", &["vault"]),
    ("credsh token set ", "c", &["ci"]),
    // In another one.
    (
        "credsh --home ../other login ",
        "",
        &["crates-io", "elsewhere"],
    ),
    ("credsh --home ~/else login ", "e", &["elsewhere"]),
    (
        "credsh -C ../project login ",
        "",
        &["corp", "corp-two", "crates-io", "lab", "nearer"],
    ),
    // Values.
    ("credsh login --scheme ", "b", &["basic", "bearer"]),
    ("credsh completions ", "z", &["zsh"]),
    ("credsh login --from ", "env:CORP_T", &["env:CORP_TOKEN"]),
    (
        "credsh login ",
        "--from=env:CORP_T",
        &["--from=env:CORP_TOKEN"],
    ),
    ("credsh login --from ", "provider:vau", &["provider:vault"]),
    ("credsh login --from ", "p", &["prompt", "provider:"]),
    // Files.
    ("credsh run ", "to", &["token two.txt", "token.txt"]),
    ("credsh run ", "it", &["it's"]),
    ("credsh run ", "ke", &["keys/"]),
    ("credsh run ", "keys/", &["keys/a.txt"]),
    ("credsh run ", "~/ti", &["~/tilde two", "~/tilde.txt"]),
    ("credsh run ", "token\\ ", &["token two.txt"]),
    (
        "credsh login --from ",
        "file:tok",
        &["file:token two.txt", "file:token.txt"],
    ),
    ("credsh -C ../project ", "-f keys", &["-f", "keys"]),
    ("credsh -C ../project -f ", "s", &["setup.rhai"]),
];

/// The same within quotes that are open; one candidate each, as there is one end of the word.
const QUOTED: &[Row] = &[
    ("credsh run ", "'token ", &["token two.txt"]),
    ("credsh run ", "\"token t", &["token two.txt"]),
    ("credsh run ", "'it", &["it's"]),
    ("credsh login ", "\"lab", &["lab"]),
    (
        "credsh login --from ",
        "'file:token ",
        &["file:token two.txt"],
    ),
    ("credsh login --from ", "\"env:CORP_T", &["env:CORP_TOKEN"]),
];

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    let registry =
        |name: &str| format!("[registries.{name}]\nindex = \"sparse+https://{name}.example/\"\n");
    let mut config = String::from("[credential-alias]\nvault = [\"cargo-credential-vault\"]\n");
    config.extend(["corp", "corp-two", "lab"].map(registry));
    sandbox
        .write("home/config.toml", config)
        .write("other/config.toml", registry("elsewhere"))
        .write("user/else/config.toml", registry("elsewhere"))
        .write("project/.cargo/config.toml", registry("nearer"))
        .write("project/setup.rhai", "")
        .write("user/tilde.txt", "")
        .write("user/tilde two", "");
    for file in ["token.txt", "token two.txt", "it's", "keys/a.txt"] {
        sandbox.write(&format!("work/{file}"), "");
    }
    sandbox.program("bin/cargo-credential-mine", "#!/bin/sh\n");
    sandbox.env("CORP_TOKEN", "sentinel-of-corp-0123456789");
    sandbox.ok(&[
        "registry",
        "add",
        "own",
        "sparse+https://own.example/",
        "--provider",
        "credsh",
    ]);
    sandbox.ok(&[
        "login",
        "own",
        "--from",
        "env:CORP_TOKEN",
        "--label",
        "ci",
        "--store",
        "sealed",
    ]);
    // The token keeps its label without a registry that would be in every row.
    sandbox.ok(&["registry", "remove", "own", "--keep-token"]);
    let program = env!("CARGO_BIN_EXE_credsh");
    std::os::unix::fs::symlink(program, sandbox.root().join("bin/credsh")).unwrap();
    let path = format!("{}:/usr/bin:/bin", sandbox.root().join("bin").display());
    sandbox.env("PATH", path).env("LC_ALL", "C.UTF-8");
    sandbox
}

fn completions(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    folder.join(file).display().to_string()
}

/// The keys that put all candidates into the line.
const ALL_IN_BASH: &str = "\x1b*";
const ALL_IN_ZSH: &str = "\x18\x01";

/// Types each row, presses the key, and lets the shell print the words of the line.
fn check(sandbox: &Sandbox, pty: &mut Pty, key: &str, rows: &[Row]) {
    let is_readline = key == ALL_IN_BASH;
    let file = sandbox.root().join("words");
    let mut wrong = String::new();
    for (number, (before, begun, expected)) in rows.iter().enumerate() {
        pty.keys(before).keys(begun).keys(key);
        // To the start of the line, and to its end.
        pty.keys("\x01printf '%s\\n' \x05");
        pty.keys(&format!(" >{}; echo E''ND{number}.\r", file.display()));
        pty.sees(&format!("END{number}."));
        let words = std::fs::read_to_string(&file).unwrap();
        let earlier = before.split_whitespace().count();
        let mut offered: Vec<String> = words.lines().skip(earlier).map(ToOwned::to_owned).collect();
        if is_readline {
            // It keeps what stands before a `:` or `=`, for the first of all that it puts there.
            let kept = begun.rfind([':', '=']).map_or("", |at| &begun[..=at]);
            for word in offered.iter_mut().skip(1) {
                word.insert_str(0, kept);
            }
        }
        offered.sort_unstable();
        // The shell has put the home folder where the tilde was.
        let user = sandbox.variables()["HOME"].as_str();
        let expected: Vec<String> = expected
            .iter()
            .map(|word| {
                word.strip_prefix('~')
                    .map_or((*word).to_owned(), |rest| format!("{user}{rest}"))
            })
            .collect();
        if offered != expected {
            wrong.push_str(&format!(
                "{before}{begun}\n  expected {expected:?}\n  offered  {offered:?}\n"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn tab_in_bash() {
    let sandbox = sandbox();
    let mut bash = Pty::start(&sandbox, "bash", &["--norc", "--noprofile", "-i"]);
    bash.keys(&format!(". {}; echo REA''DY\r", completions("credsh.bash")));
    bash.sees("READY");
    check(&sandbox, &mut bash, ALL_IN_BASH, ROWS);
    check(&sandbox, &mut bash, "\t", QUOTED);
}

#[test]
fn tab_in_zsh() {
    let sandbox = sandbox();
    let mut zsh = Pty::start(&sandbox, "zsh", &["-f", "-i"]);
    let folder = completions("");
    for line in [
        "PS1='$ '; bindkey -e; unsetopt list_beep beep",
        &format!("fpath=({folder} $fpath); autoload -Uz compinit; compinit -D -u"),
        "zle -C all-matches complete-word _generic; bindkey '^X^A' all-matches",
        "zstyle ':completion:all-matches::::' completer _all_matches _complete",
        "zstyle ':completion:all-matches:*' insert yes",
        "echo REA''DY",
    ] {
        zsh.keys(line).keys("\r");
    }
    zsh.sees("READY");
    check(&sandbox, &mut zsh, ALL_IN_ZSH, ROWS);
    check(&sandbox, &mut zsh, "\t", QUOTED);
}

#[test]
fn tab_in_fish() {
    let sandbox = sandbox();
    let script = format!(
        "source {}; complete -C $argv[1]",
        completions("credsh.fish")
    );
    let mut wrong = String::new();
    for (before, begun, expected) in ROWS.iter().chain(QUOTED) {
        let output = Command::new("fish")
            .args([
                "--no-config",
                "-c",
                &script,
                "--",
                &format!("{before}{begun}"),
            ])
            .env_clear()
            .envs(sandbox.variables())
            .current_dir(sandbox.work())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut offered: Vec<&str> = text
            .lines()
            .map(|line| line.split('\t').next().unwrap())
            .collect();
        offered.sort_unstable();
        // What stays as it was typed is nothing that is offered.
        let mut expected = expected.to_vec();
        expected.retain(|word| word != begun && !begun.starts_with("-f "));
        if offered != expected {
            wrong.push_str(&format!(
                "{before}{begun}\n  expected {expected:?}\n  offered  {offered:?}\n{}",
                String::from_utf8_lossy(&output.stderr)
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Fish shows what a candidate is.
#[test]
fn what_is_offered_is_explained() {
    let mut sandbox = sandbox();
    let run = sandbox.ok(&["--complete", "credsh lo"]);
    assert_eq!(
        run.stdout,
        "login\tStore a token, with the provider that Cargo would give it to\n\
         logout\tRemove the token of a registry, wherever it is\n"
    );
}

#[test]
fn tab_never_fails_and_never_says_anything_else() {
    let mut sandbox = sandbox();
    let before = sandbox.snapshot();
    for line in [
        "",
        "credsh",
        "credsh login 'co",
        "credsh \\",
        "x y z",
        "credsh --home",
        "credsh -C /no/such login ",
    ] {
        let run = sandbox.run(&["--complete", line]);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{line}");
    }
    assert!(before == sandbox.snapshot());
    sandbox.write("home/config.toml", "[registries\nbroken");
    let run = sandbox.ok(&["--complete", "credsh login co"]);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    let run = sandbox.ok(&["--complete", "credsh logi"]);
    assert!(run.stdout.starts_with("login\t") && run.stderr.is_empty());
    sandbox.env("CARGO_HOME", "/dev/null");
    let run = sandbox.run(&["--complete", "credsh logi"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
}
