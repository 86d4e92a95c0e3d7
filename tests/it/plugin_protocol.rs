//! Cargo's credential provider protocol, as credsh speaks it: the examples of Cargo's book, and what is no request at
//! all. Nothing but the protocol is on standard output, and no text of a request comes back.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::harness::{Run, Sandbox};

/// As in Cargo's book.
const INDEX: &str = "sparse+https://registry-url/index/";

fn request(more: &Value) -> Value {
    let mut request = json!({
        "v": 1,
        "registry": { "index-url": INDEX, "name": "my-registry" },
        "args": [],
    });
    let all = request.as_object_mut().unwrap();
    all.extend(more.as_object().unwrap().clone());
    request
}

fn read() -> Value {
    request(&json!({ "kind": "get", "operation": "read" }))
}

fn publish(name: &str) -> Value {
    request(&json!({
        "kind": "get", "operation": "publish", "name": name, "vers": "0.1.0", "cksum": "abc",
    }))
}

fn login(token: &str, args: &[&str]) -> Value {
    let args = [&["--store", "sealed"], args].concat();
    request(&json!({
        "kind": "login", "token": token, "login-url": "http://registry-url/login", "args": args,
    }))
}

fn logout() -> Value {
    request(&json!({ "kind": "logout" }))
}

/// What is written to credsh's standard input, and what came back behind the hello.
fn told(sandbox: &mut Sandbox, input: impl AsRef<[u8]>) -> (Vec<Value>, Run) {
    let run = sandbox.stdin(input).run(&["--cargo-plugin"]);
    let mut lines = run.stdout.split_inclusive('\n').map(|line| {
        assert!(line.ends_with('\n'), "half a line: {line:?}");
        serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line:?}"))
    });
    assert_eq!(lines.next(), Some(json!({ "v": [1] })), "{run:?}");
    (lines.collect(), run)
}

/// Requests on one connection, and the answers; some hold tokens.
fn asked(sandbox: &mut Sandbox, requests: &[Value]) -> Vec<Value> {
    let mut lines = String::new();
    for request in requests {
        lines += &format!("{request}\n");
    }
    let (answers, run) = told(sandbox.reveals(), lines);
    assert_eq!(run.status, 0, "{run:?}");
    assert_eq!(answers.len(), requests.len(), "{run:?}");
    answers
}

fn kind(answer: &Value) -> &str {
    let part = if answer["Ok"].is_null() { "Err" } else { "Ok" };
    answer[part]["kind"].as_str().unwrap()
}

fn given(token: &str, cache: &str) -> Value {
    json!({ "Ok": { "kind": "get", "token": token, "cache": cache, "operation_independent": false } })
}

#[test]
fn the_examples_of_cargos_book_on_one_connection() {
    let mut sandbox = Sandbox::new();
    let answers = asked(
        &mut sandbox,
        &[
            read(),
            login("sentinel-first", &[]),
            read(),
            publish("sample"),
            login(
                "sentinel-second",
                &["--label", "ci", "--operations", "publish"],
            ),
            publish("sample"),
            read(),
            logout(),
            read(),
            logout(),
        ],
    );
    assert_eq!(
        answers,
        [
            json!({ "Err": { "kind": "not-found" } }),
            json!({ "Ok": { "kind": "login" } }),
            given("sentinel-first", "session"),
            given("sentinel-first", "never"),
            json!({ "Ok": { "kind": "login" } }),
            given("sentinel-second", "never"),
            given("sentinel-first", "session"),
            json!({ "Ok": { "kind": "logout" } }),
            json!({ "Err": { "kind": "not-found" } }),
            json!({ "Err": { "kind": "not-found" } }),
        ]
    );
}

/// A quote and a backslash are escaped in the request.
#[test]
fn a_token_of_any_printable_text_is_kept_and_given() {
    let token = r#"sentinel "quoted" \\ and more"#;
    let mut sandbox = Sandbox::new();
    let answers = asked(&mut sandbox, &[login(token, &[]), read()]);
    assert_eq!(answers[1], given(token, "session"));
}

#[test]
fn a_read_is_answered_with_the_end_of_the_day_where_the_token_expires() {
    let mut sandbox = Sandbox::new();
    let answers = asked(
        &mut sandbox,
        &[
            login("sentinel", &["--expires", "2999-12-31"]),
            read(),
            publish("sample"),
        ],
    );
    let expiring = json!({ "Ok": {
        "kind": "get", "token": "sentinel", "cache": "expires", "expiration": 32_503_679_999_u64,
        "operation_independent": false,
    } });
    assert_eq!(answers[1..], [expiring, given("sentinel", "never")]);
}

#[test]
fn what_a_later_cargo_may_ask_is_not_supported_and_a_version_that_is_not_known_is_an_error() {
    let mut sandbox = Sandbox::new();
    let answers = asked(
        &mut sandbox,
        &[
            login("sentinel", &[]),
            request(&json!({ "kind": "dance" })),
            request(&json!({ "kind": "get", "operation": "transfer", "to": "someone" })),
            request(&json!({ "v": 2, "kind": "get", "operation": "read" })),
            // A field that is not known is no reason to refuse.
            request(&json!({ "kind": "get", "operation": "read", "colour": "red" })),
        ],
    );
    let kinds: Vec<&str> = answers.iter().map(kind).collect();
    let unsupported = "operation-not-supported";
    assert_eq!(kinds, ["login", unsupported, unsupported, "other", "get"]);
    assert!(answers[3].to_string().contains("version"), "{}", answers[3]);
}

#[test]
fn what_is_no_request_is_answered_with_an_error_that_does_not_repeat_it_and_the_next_one_is_served()
{
    for wrong in [
        &b"sentinel"[..],
        b"",
        b"{}",
        b"[]",
        b"null",
        br#"{"v":1,"kind":"login","token":"sentinel"#,
        br#"{"v":1,"registry":{},"kind":"login","token":"sentinel"}"#,
        br#"{"v":"sentinel","registry":{"index-url":"sparse+https://a/"},"kind":"get","operation":"read"}"#,
        br#"{"v":1,"registry":{"index-url":"sparse+https://a/"},"kind":"get","operation":"publish","sentinel":"x"}"#,
        b"{\"token\":\"sentinel\xff\"}",
        b"\0sentinel",
    ] {
        let mut sandbox = Sandbox::new();
        let input = [wrong, b"\n", read().to_string().as_bytes(), b"\n"].concat();
        let (answers, run) = told(&mut sandbox, input);
        let kinds: Vec<&str> = answers.iter().map(kind).collect();
        assert_eq!(kinds, ["other", "not-found"], "{run:?}");
        assert_eq!(run.status, 0, "{run:?}");
        assert_eq!(run.stderr, "");
    }
}

/// Neither the text of a login that is refused.
#[test]
fn a_login_that_is_refused_says_why_and_not_with_what() {
    for (login, why) in [
        (login("", &[]), "empty"),
        (login("sentinel\u{7}", &[]), "control"),
        (
            login("x", &["--label", "sentinel with blanks"]),
            "arguments",
        ),
        (login("x", &["--token", "sentinel"]), "arguments"),
        (login("x", &["sentinel"]), "arguments"),
        (login("x", &["--operations", "sentinel"]), "arguments"),
    ] {
        let mut sandbox = Sandbox::new();
        let (answers, run) = told(&mut sandbox, format!("{login}\n"));
        assert_eq!(kind(&answers[0]), "other", "{run:?}");
        assert!(answers[0].to_string().contains(why), "{run:?}");
        assert!(!sandbox.exists("home/.credsh/tokens.toml"), "{run:?}");
        assert!(!sandbox.exists("home/.credsh/sealed.age"), "{run:?}");
    }
}

#[test]
fn a_request_that_is_too_long_ends_the_connection_and_half_a_request_is_none() {
    let mut sandbox = Sandbox::new();
    let long = format!(r#"{{"token":"{}"#, "sentinel ".repeat(500_000));
    assert!(long.len() > 4 * 1024 * 1024);
    for rest in ["", "\"}\n", &format!("\"}}\n{}\n", read())] {
        let (answers, run) = told(&mut sandbox, format!("{long}{rest}"));
        assert_eq!(answers.len(), 1, "{run:?}");
        assert!(answers[0].to_string().contains("too long"), "{run:?}");
        assert_eq!(run.status, 1, "{run:?}");
    }

    let whole = login("sentinel", &[]).to_string();
    let (answers, run) = told(&mut sandbox, &whole[..whole.len() / 2]);
    assert_eq!(answers.len(), 1, "{run:?}");
    assert_eq!((kind(&answers[0]), run.status), ("other", 0), "{run:?}");
    // Only the newline is missing: the input has ended, so nothing else can be.
    let (answers, run) = told(&mut sandbox, read().to_string());
    assert_eq!((kind(&answers[0]), run.status), ("not-found", 0), "{run:?}");
    let (answers, run) = told(&mut sandbox, "");
    assert_eq!((answers.len(), run.status), (0, 0), "{run:?}");
}

/// In a process of its own, where whatever else prints would be seen.
#[test]
fn nothing_but_the_protocol_is_on_standard_output() {
    let mut sandbox = Sandbox::new();
    sandbox
        .env("CLICOLOR_FORCE", "1")
        .env("CREDSH_COLOR", "always")
        .write("user/.config/credsh/rc.rhai", "print(\"sentinel\");");
    let requests = [login("sentinel", &["--expires", "2020-01-01"]), read()];
    let mut credsh = sandbox
        .process()
        .arg("--cargo-plugin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = credsh.stdin.take().unwrap();
    for request in &requests {
        writeln!(stdin, "{request}").unwrap();
    }
    drop(stdin);
    let output = credsh.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{stdout}");
    assert_eq!(lines[..2], [r#"{"v":[1]}"#, r#"{"Ok":{"kind":"login"}}"#]);
    assert!(
        lines[2].contains("`default` has expired on 2020-01-01"),
        "{stdout}"
    );
    assert!(output.status.success());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        !stderr.contains("sentinel") && !stderr.contains('\x1b'),
        "{stderr}"
    );
}

#[test]
fn arguments_of_the_configured_provider_narrow_what_is_given() {
    let mut sandbox = Sandbox::new();
    asked(
        &mut sandbox,
        &[
            login("sentinel-all", &[]),
            login("sentinel-read", &["--label", "ci", "--operations", "read"]),
        ],
    );
    for (args, token) in [
        (&[][..], Some("sentinel-read")),
        (&["--label", "default"], Some("sentinel-all")),
        (&["--label=default"], Some("sentinel-all")),
        (
            &["--label", "ci", "--store", "sealed"],
            Some("sentinel-read"),
        ),
        (&["--label", "absent"], None),
        (&["--store", "keyring"], None),
        (&["--store=keyring"], None),
    ] {
        let answers = asked(
            &mut sandbox,
            &[request(&json!({
                "kind": "get", "operation": "read", "args": args,
            }))],
        );
        assert_eq!(
            answers[0]["Ok"]["token"].as_str(),
            token,
            "{args:?}: {answers:?}"
        );
        let is_not_found = kind(&answers[0]) == "not-found";
        assert_eq!(is_not_found, token.is_none(), "{answers:?}");
    }
    // A word that was meant to narrow, and does not, would give away too much.
    for args in [
        &["--lable", "ci"][..],
        &["ci"],
        &["--label"],
        &["--store", "drawer"],
    ] {
        let answers = asked(
            &mut sandbox,
            &[request(&json!({
                "kind": "get", "operation": "read", "args": args,
            }))],
        );
        assert_eq!(kind(&answers[0]), "other", "{args:?}: {answers:?}");
    }
}
