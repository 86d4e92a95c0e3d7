//! What `record` makes of sessions in which tokens move: run on an empty home, its script gives the same state.

use credsh::doors::shell::record::Recorder;

use crate::harness::{SENTINEL, Sandbox};
use crate::vault::{VAULT, Vault};

/// Sessions on an empty home, apart by a blank line.
const SESSIONS: &str = "
    registry add corp sparse+https://corp.example/ --provider cargo-credential-vault
    login corp --from env:T1

    registry add corp sparse+https://corp.example/
    login corp --from env:T1 --provider cargo-credential-vault
    registry set corp --no-provider

    registry add corp sparse+https://corp.example/
    login corp --from env:T1 --scheme bearer
    login corp --provider cargo-credential-vault --from provider:cargo:token --move

    registry add corp sparse+https://corp.example/
    login corp --from env:T1 --provider cargo-credential-vault
    login corp --from env:T2 --provider cargo:token

    registry add corp sparse+https://corp.example/
    login corp --from env:T1
    registry remove corp --keep-token

    registry add corp sparse+https://corp.example/
    login corp --from env:T1
    registry remove corp --keep-token
    registry add again sparse+https://corp.example/ --make-default
    login again --from env:T2

    registry add corp sparse+https://corp.example/ --provider credsh
    login corp --label ci --operations read --store sealed --from env:T1
    login corp --label serde --operations publish,yank --crates 'serde*,toml' --expires 2099-01-31 --store sealed --from env:T2
    token set ci --label cd
    registry rename corp work

    registry add corp sparse+https://corp.example/ --provider credsh
    login corp --store sealed --from env:T1
    registry set corp --index sparse+https://moved.example/ --move-token
    login corp --label gone --operations owners --store sealed --from env:T2
    token remove gone

    registry add corp sparse+https://corp.example/
    login corp --from file:token.txt
    registry set corp --index sparse+https://moved.example/ --move-token
    login crates-io --from env:T2 --provider cargo-credential-vault
    registry set crates-io --make-default

    login crates-io --from env:T1
    provider add cargo-credential-vault
    logout crates-io
    provider add -- cargo-credential-other 'a b' --c
    provider move cargo:token --first

    provider add cargo-credential-vault
    provider remove cargo:token
    registry add corp sparse+https://corp.example/ --make-default
    login corp --from 'command:echo a-token-that-is-printed'
    registry set corp --no-default
    provider remove cargo-credential-vault

    login crates-io --from env:PAIR --scheme basic
    alias set pass cargo:token-from-stdout pass show 'my \"token\"'
    begin
    registry add corp sparse+https://corp.example/
    login corp --from env:T1
    rollback
    begin
    registry add lab sparse+https://lab.example/ --provider pass
    begin
    alias set x y
    rollback
    commit

    alias set tok cargo:token-from-stdout /usr/bin/python3 -c pass
    alias set at cargo:token-from-stdout sh -c 'cat ~/keys/host-2/v1.txt' --file=./a/b-0123456789
    registry add corp sparse+https://corp.example/ --provider 'cargo:token-from-stdout /usr/local/lib/get-token-v2'
    provider add -- cargo-credential-vault /etc/vault-2026/profile
    login crates-io --from 'command:/bin/cat ../work/./token.txt' --provider cargo:token
";

const FILES: [&str; 3] = [
    "home/config.toml",
    "home/credentials.toml",
    "home/.credsh/tokens.toml",
];

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.env("T1", format!("{SENTINEL}-one-0123456789abcdef"));
    sandbox.env("T2", format!("{SENTINEL}-two-0123456789abcdef"));
    sandbox.env("PAIR", format!("me:{SENTINEL}"));
    sandbox.write("work/token.txt", format!("{SENTINEL}-three-0123456789"));
    sandbox
}

/// The values of the files, and what the vault keeps.
fn state(sandbox: &Sandbox, vault: &Vault) -> String {
    let mut state = String::new();
    for file in FILES.iter().filter(|file| sandbox.exists(file)) {
        let table: toml_edit::DocumentMut = sandbox.read(file).parse().unwrap();
        let mut lines: Vec<String> = Vec::new();
        flatten("", table.as_item(), &mut lines);
        lines.sort();
        // A file of which nothing is left says as much as none.
        if lines.is_empty() {
            continue;
        }
        state.push_str(&format!("{file}\n{}\n", lines.join("\n")));
    }
    for index in [
        "sparse+https://corp.example/",
        "https://github.com/rust-lang/crates.io-index",
    ] {
        state.push_str(&format!("{index} {:?}\n", vault.token(index)));
    }
    state
}

fn flatten(key: &str, item: &toml_edit::Item, lines: &mut Vec<String>) {
    match item.as_table_like() {
        Some(table) => {
            for (name, item) in table.iter() {
                flatten(&format!("{key}.{name}"), item, lines);
            }
        }
        None => lines.push(format!("{key} = {}", item.to_string().trim())),
    }
}

#[test]
fn a_script_gives_the_state_that_the_session_has_left() {
    let sessions = SESSIONS.trim().split("\n\n");
    let mut count = 0;
    for session in sessions {
        let mut first = sandbox();
        let vault = Vault::new(&mut first);
        let runner = first.prompt();
        let recorder = Recorder::begin(&runner, "session.rhai".as_ref()).unwrap();
        for line in session.lines().map(str::trim) {
            let ran = runner.run_line(line);
            assert_eq!(ran.ok(), Some(0), "{line}\n{session}");
        }
        let written = recorder.stop(&runner).unwrap();
        let script = first.read("work/session.rhai");
        assert!(written.missing.is_empty(), "{script}");
        assert!(
            !script.contains(SENTINEL) && !script.contains("prompt"),
            "{script}"
        );
        let mut second = sandbox();
        let other = Vault::new(&mut second);
        second.write("work/session.rhai", &script);
        let run = second.run(&["-q", "--yes", "-f", "session.rhai"]);
        assert_eq!(run.status, 0, "{session}\n{script}\n{}", run.stderr);
        assert_eq!(
            state(&first, &vault),
            state(&second, &other),
            "{session}\n{script}"
        );
        count += 1;
    }
    assert!(count >= 12, "{count} sessions");
}

#[test]
fn what_a_script_cannot_say_is_a_comment_in_it() {
    let mut sandbox = sandbox();
    let vault = Vault::new(&mut sandbox);
    let runner = sandbox.prompt();
    let recorder = Recorder::begin(&runner, "session.rhai".as_ref()).unwrap();
    for line in [
        "registry add here sparse+https://here.example/ --local",
        "registry add there sparse+https://there.example/ --config-file elsewhere.toml",
        &format!("alias set leak {VAULT} --key=cioABCDEF0123456789abcdef0123456789"),
        "registry add corp sparse+https://corp.example/ --provider cargo-credential-vault",
        "login corp --from env:T1",
        "registry remove corp --keep-token",
        "login crates-io --from 'command:echo a-0123456789'",
        "alias set path x /etc/cioABCDEF0123456789abcdef0123456789/key",
    ] {
        let ran = runner.run_line(line);
        assert!(ran.is_ok(), "{line}: {ran:?}");
    }
    assert!(vault.token("sparse+https://corp.example/").is_some());
    let written = recorder.stop(&runner).unwrap();
    let script = sandbox.read("work/session.rhai");
    for part in [
        "// not in this script: `registries.here.index`: it stands in",
        "// not in this script: `registries.there.index`: it stands in",
        "// not in this script: the alias `leak`: a word of it may be a token",
        "// not in this script: the alias `path`: a word of it may be a token",
        "// not in this script: the token of `corp` in `cargo-credential-vault`",
        "// not in this script: the source of the token of `crates-io`: a word of its command may be one, so the script asks",
    ] {
        assert!(script.contains(part), "{part}:\n{script}");
    }
    assert_eq!(written.missing.len(), 6, "{script}");
    assert!(!script.contains("cioABC"), "{script}");
}

/// Another machine has it elsewhere; what is only called like it keeps its tokens elsewhere, too.
#[test]
fn credsh_is_written_by_its_name_and_a_stranger_of_that_name_by_its_path() {
    let mut sandbox = sandbox();
    let stranger = sandbox.program("strange/credsh", "#!/bin/sh\n");
    let stranger = stranger.to_str().unwrap();
    let runner = sandbox.prompt();
    let recorder = Recorder::begin(&runner, "session.rhai".as_ref()).unwrap();
    let index = |name: &str| format!("registry add {name} sparse+https://{name}.example/");
    for line in [
        format!("{} --provider {stranger}", index("a")),
        format!("{} --provider credsh", index("b")),
        format!("provider add {stranger}"),
        "provider add credsh".to_owned(),
    ] {
        assert_eq!(runner.run_line(&line).ok(), Some(0), "{line}");
    }
    let written = recorder.stop(&runner).unwrap();
    let script = sandbox.read("work/session.rhai");
    assert!(written.missing.is_empty(), "{script}");
    for part in [
        format!("registry::set(\"a\", #{{ provider: \"{stranger}\" }})"),
        "registry::set(\"b\", #{ provider: \"credsh\" })".to_owned(),
        format!("provider::add(\"{stranger}\", "),
        "provider::add(\"credsh\", ".to_owned(),
    ] {
        assert!(script.contains(&part), "{part}:\n{script}");
    }
}

#[test]
fn a_token_that_goes_from_one_file_to_another_has_come() {
    let mut sandbox = sandbox();
    let config = "[registries.corp]\nindex = \"sparse+https://corp.example/\"\ntoken = \"old\"\n";
    sandbox.write("home/config.toml", config);
    sandbox.answers(&[true]);
    let runner = sandbox.prompt();
    let recorder = Recorder::begin(&runner, "session.rhai".as_ref()).unwrap();
    for line in [
        "login corp --from env:T1",
        "logout corp",
        "login corp --from env:T2",
    ] {
        assert_eq!(runner.run_line(line).ok(), Some(0), "{line}");
    }
    recorder.stop(&runner).unwrap();
    let script = sandbox.read("work/session.rhai");
    let expected = "registry::add(\"corp\", \"sparse+https://corp.example/\");\nlogin(\"corp\", #{ from: \"env:T2\" });\n";
    assert!(script.ends_with(expected), "{script}");
}
