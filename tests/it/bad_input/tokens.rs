//! Sources that give no token, standard input that is a script, batches with one bad line, and bytes that are no text.

use std::ffi::OsString;
use std::path::PathBuf;

use serde_json::Value as Json;

use super::{assert_document, corp, refused, refused_with};
use crate::harness::SENTINEL;

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
        if text.len() > 1024 {
            // A megabyte more often says no more; `command:yes` is below.
            continue;
        }
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
    // One that ends, and leaves somebody behind who could still print.
    sandbox.time_limit(std::time::Duration::from_millis(500));
    let leaves = "command:sh -c 'echo sentinel-0123456789; sleep 20 &'";
    let begun = std::time::Instant::now();
    let args = ["login", "corp", "--from", leaves];
    refused(
        &mut sandbox,
        4,
        &args,
        &["did not close its standard output within 0.5 s"],
    );
    assert!(begun.elapsed().as_secs() < 10);
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
