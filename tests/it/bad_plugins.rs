//! Plugins that break the rules: whatever one does, there is one clear error with the documented exit status, within
//! the time limit, no process is left, and not a byte of a file has changed.
//!
//! Each is a script for `sh`, put where the chain names it. The harness looks for tokens in all that is printed.

use std::io::Write;
use std::time::{Duration, Instant};

use portable_pty::{PtySize, native_pty_system};

use crate::harness::{Run, Sandbox};

const INDEX: &str = "sparse+https://corp.example/index/";
const HELLO: &str = r#"echo '{"v":[1]}'"#;
const TOKEN: &str = r#"echo '{"Ok":{"kind":"get","token":"sentinel-plugin","cache":"session","operation_independent":true}}'"#;
const NONE: &str = r#"echo '{"Err":{"kind":"not-found"}}'"#;
const FLOOD: &str = "head -c 10000000 /dev/zero | tr '\\0' x; echo";

/// Long enough for nothing.
const BRIEF: Duration = Duration::from_millis(100);

/// Long enough for a script that does not hang, on a machine that has other things to do.
const AMPLE: Duration = Duration::from_secs(2);

/// A registry whose only provider is this script.
fn with_plugin(script: &str) -> Sandbox {
    let mut sandbox = Sandbox::new();
    let program = sandbox.program("bin/plug", &format!("#!/bin/sh\n{script}\n"));
    let path = program.display();
    sandbox.write(
        "home/config.toml",
        format!("[registries.corp]\nindex = '{INDEX}'\ncredential-provider = ['{path}']\n"),
    );
    sandbox
        .env("PATH", "/usr/bin:/bin")
        .env("T", "sentinel-new-token");
    sandbox
}

/// A script that answers a get like this, and does that at anything else.
fn at_get(answer: &str, otherwise: &str) -> String {
    format!(
        "{HELLO}\nread -r line\ncase $line in *'\"kind\":\"get\"'*) {answer} ;; *) {otherwise} ;; esac"
    )
}

/// The processes of the sandbox's runs, and those that this thread has not waited for.
fn left(sandbox: &Sandbox) -> Vec<String> {
    let children = std::fs::read_to_string("/proc/thread-self/children").unwrap();
    let children = children.split_whitespace().map(|id| format!("child {id}"));
    sandbox.processes().into_iter().chain(children).collect()
}

/// What was told to end may take a moment to.
#[track_caller]
fn assert_nobody_left(sandbox: &Sandbox) {
    let end = Instant::now() + Duration::from_secs(20);
    while !left(sandbox).is_empty() {
        assert!(Instant::now() < end, "still there: {:?}", left(sandbox));
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Exactly one error was told, and says this.
#[track_caller]
fn assert_one_error(run: &Run, part: &str) {
    let errors = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: "));
    assert_eq!(errors.count(), 1, "{}", run.stderr);
    assert!(
        run.stderr.contains(part),
        "no {part:?}:\n{}{}",
        run.stdout,
        run.stderr
    );
}

/// Every command that talks to a provider fails because of it, and says why.
#[track_caller]
fn assert_all_fail(sandbox: &mut Sandbox, status: u8, part: &str) {
    let shown = sandbox.fails(status, &["token", "show", "corp"]);
    assert_one_error(&shown, part);
    let login = sandbox.fails(status, &["login", "corp", "--from", "env:T", "--no-input"]);
    assert_one_error(&login, part);
    let logout = sandbox.fails(status, &["logout", "corp", "--yes", "--no-input"]);
    assert!(
        logout.stdout.contains("failed") && logout.stdout.contains(part),
        "no {part:?}:\n{}",
        logout.stdout
    );
    let before = sandbox.snapshot();
    let why = sandbox.json(&["why", "corp", "--ask"]);
    let tried = &why["providers"][0];
    assert_eq!(tried["outcome"], "error", "{why}");
    assert!(tried["detail"].as_str().unwrap().contains(part), "{why}");
    let status = sandbox.run(&["status", "--ask"]);
    assert!(!status.stdout.contains("sha256"), "{}", status.stdout);
    assert!(before == sandbox.snapshot());
    assert_nobody_left(sandbox);
}

#[test]
fn one_that_says_something_else_than_hello() {
    let hello = "did not say hello as Cargo's protocol asks for";
    for (script, part) in [
        ("echo 'hello, world'; read -r line", hello),
        ("while :; do echo babble; done", hello),
        (FLOOD, "printed a line of more than 4194304 bytes"),
        ("printf '{\"v\":['", hello),
        (
            "printf '\\377\\376\\n'; read -r line",
            "printed something that is not UTF-8",
        ),
        (
            "echo '{\"v\":[2,3]}'; read -r line",
            "does not speak version 1 of Cargo's protocol",
        ),
        (
            "echo '{\"v\":[]}'",
            "does not speak version 1 of Cargo's protocol",
        ),
        ("exit 0", "ended with exit status: 0 before it said hello"),
        ("exit 3", "ended with exit status: 3 before it said hello"),
        ("kill -9 $$", "before it said hello"),
        (
            "kill -15 $$",
            "ended with signal: 15 (SIGTERM) before it said hello",
        ),
    ] {
        assert_all_fail(&mut with_plugin(script), 1, part);
    }
}

#[test]
fn one_that_gives_no_answer_or_a_broken_one() {
    let answer = "gave an answer that is not of Cargo's protocol";
    for (script, part) in [
        ("read -r line; echo 'hello, world'".to_owned(), answer),
        ("read -r line; printf '{\"Ok\":'".to_owned(), answer),
        ("read -r line; echo".to_owned(), answer),
        (
            format!("read -r line; {FLOOD}"),
            "printed a line of more than 4194304 bytes",
        ),
        (
            "read -r line; echo '{\"Ok\":{\"kind\":\"dance\"}}'".to_owned(),
            "answered another question than it was asked",
        ),
        (
            "read -r line; printf '\\377\\n'".to_owned(),
            "printed something that is not UTF-8",
        ),
        (
            "read -r line; exit 0".to_owned(),
            "ended with exit status: 0 before it answered",
        ),
        (
            "read -r line; exit 3".to_owned(),
            "ended with exit status: 3 before it answered",
        ),
        (
            "read -r line; kill -9 $$".to_owned(),
            "ended with signal: 9 (SIGKILL) before it answered",
        ),
        (
            "read -r line; exec >&-; sleep 60".to_owned(),
            "closed its standard output before it answered",
        ),
        (
            format!("read -r line; {TOKEN}; exit 7"),
            "ended with exit status: 7",
        ),
        (
            format!("read -r line; {TOKEN}; kill -9 $$"),
            "ended with signal: 9 (SIGKILL)",
        ),
        (
            format!("read -r line; {NONE}; exit 1"),
            "ended with exit status: 1",
        ),
    ] {
        let script = format!("{HELLO}\n{script}");
        assert_all_fail(&mut with_plugin(&script), 1, part);
    }
}

/// Its end and the request pass each other: which is noticed first is a matter of chance.
#[test]
fn one_that_does_not_listen() {
    for script in [
        "exit 0",
        "exec <&-; exit 1",
        "exec <&-; echo nonsense; exit 1",
    ] {
        let script = format!("exec 2>/dev/null\n{HELLO}\n{script}");
        assert_all_fail(&mut with_plugin(&script), 1, "plug` ");
    }
    // One that knows the answer all the same is as good to Cargo as any, if its request arrived.
    let mut sandbox = with_plugin(&format!("{HELLO}; {TOKEN}; read -r line"));
    sandbox.ok(&["token", "show", "corp"]);
    assert_nobody_left(&sandbox);
}

#[test]
fn one_that_hangs_is_ended_with_all_that_it_has_started() {
    for script in [
        "exec sleep 60".to_owned(),
        "sleep 60".to_owned(),
        "sleep 60 & sleep 60".to_owned(),
        "(sleep 60; echo) | (sleep 60; cat)".to_owned(),
        "printf '{\"v\":[1]}'; sleep 60".to_owned(),
        format!("{HELLO}; sleep 60"),
        format!("{HELLO}; read -r line; sleep 60"),
        format!("{HELLO}; read -r line; printf '{{'; sleep 60"),
        "trap '' TERM INT HUP; sleep 60; sleep 60".to_owned(),
    ] {
        let mut sandbox = with_plugin(&script);
        let failed = sandbox
            .time_limit(BRIEF)
            .fails(4, &["token", "show", "corp"]);
        assert_one_error(&failed, "did not answer within 0.1 s");
        assert_nobody_left(&sandbox);
    }
    let mut sandbox = with_plugin(&format!("{HELLO}; read -r line; sleep 60"));
    assert_all_fail(sandbox.time_limit(BRIEF), 4, "did not answer within 0.1 s");
}

#[test]
fn one_that_answers_and_does_not_end() {
    for script in [
        "sleep 60",
        "exec >&- 2>&-; sleep 60",
        "while :; do echo more; done",
    ] {
        let mut sandbox = with_plugin(&format!("{HELLO}; read -r line; {TOKEN}; {script}"));
        let failed = sandbox
            .time_limit(AMPLE)
            .fails(4, &["token", "show", "corp"]);
        assert_one_error(&failed, "did not end within 2 s");
        assert_nobody_left(&sandbox);
    }
}

/// A request that is longer than a pipe is deep waits for its reader.
#[test]
fn one_that_never_takes_a_long_request() {
    let mut sandbox = with_plugin(&at_get(NONE, "sleep 60"));
    let long = "x".repeat(300_000);
    let script = format!("{HELLO}; sleep 60");
    let mut deaf = with_plugin(&script);
    let failed = deaf
        .time_limit(BRIEF)
        .fails(4, &["login", "corp", "--from", "env:T", "--", &long]);
    assert_one_error(&failed, "did not answer within 0.1 s");
    assert_nobody_left(&deaf);

    // Reads the get, and of the login nothing.
    let flag = sandbox.root().join("asked");
    let script = format!(
        "{HELLO}\nif [ -f '{0}' ]; then sleep 60; fi\ntouch '{0}'; read -r line; {NONE}",
        flag.display()
    );
    sandbox.program("bin/plug", &format!("#!/bin/sh\n{script}\n"));
    let words = [
        "login",
        "corp",
        "--from",
        "env:T",
        "--no-input",
        "--",
        &long,
    ];
    let run = sandbox.time_limit(AMPLE).run(&words);
    assert_eq!(run.status, 4, "{run:?}");
    assert_one_error(&run, "did not answer within 2 s");
    assert!(!run.stderr.contains("xxxx"), "the arguments are repeated");
    assert_nobody_left(&sandbox);
}

#[test]
fn a_login_or_logout_that_takes_too_long_may_have_been_done() {
    let mut sandbox = with_plugin(&at_get(NONE, "sleep 60"));
    let failed = sandbox
        .time_limit(AMPLE)
        .fails(4, &["login", "corp", "--from", "env:T", "--no-input"]);
    assert_one_error(&failed, "whether it did as it was told is unknown");
    let mut sandbox = with_plugin(&at_get(TOKEN, "sleep 60"));
    let failed = sandbox
        .time_limit(AMPLE)
        .fails(4, &["logout", "corp", "--no-input"]);
    assert!(
        failed
            .stdout
            .contains("whether it did as it was told is unknown"),
        "{failed:?}"
    );
    assert_nobody_left(&sandbox);
}

/// Something like an agent, which serves the next call, too.
#[test]
fn one_that_leaves_a_process_behind_has_answered() {
    let agent = "while [ ! -e \"$CARGO_HOME/../go\" ]; do sleep 0.02; done &";
    let mut sandbox = with_plugin(&format!("{agent}\n{HELLO}; read -r line; {TOKEN}"));
    sandbox.ok(&["token", "show", "corp"]);
    assert!(!left(&sandbox).is_empty(), "the agent is gone");
    sandbox.write("go", "");
    assert_nobody_left(&sandbox);
}

#[test]
fn one_that_says_more_than_its_answer_is_warned_of_where_cargo_works() {
    for more in [
        "echo more",
        "echo; echo; echo",
        TOKEN,
        NONE,
        "printf '\\377'",
    ] {
        let mut sandbox = with_plugin(&at_get(
            &format!("{TOKEN}; {more}"),
            &format!("echo '{{\"Ok\":{{\"kind\":\"login\"}}}}'; {more}"),
        ));
        sandbox.ok(&["token", "show", "corp"]);
        let why = sandbox.json(&["why", "corp", "--ask"]);
        assert_eq!(why["providers"][0]["outcome"], "token");
        let warnings = why["warnings"].to_string();
        assert!(
            warnings.contains("printed more than its answer"),
            "{more}: {warnings}"
        );
        let login = sandbox.ok(&["login", "corp", "--from", "env:T"]);
        assert!(
            login.stderr.contains("printed more than its answer"),
            "{}",
            login.stderr
        );
        assert_nobody_left(&sandbox);
    }
}

#[test]
fn one_that_cannot_be_started() {
    let mut sandbox = with_plugin("");
    for (text, part) in [
        (None, "there is no such program"),
        (Some("#!/no/such/interpreter\n"), "there is no such program"),
        (Some("no text of a program"), "cannot start"),
    ] {
        match text {
            None => std::fs::remove_file(sandbox.root().join("bin/plug")).unwrap(),
            Some(text) => drop(sandbox.program("bin/plug", text)),
        }
        assert_all_fail(&mut sandbox, 4, part);
    }
    sandbox.program("bin/plug", "#!/bin/sh\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(sandbox.root().join("bin/plug"), mode).unwrap();
    assert_all_fail(&mut sandbox, 4, "ermission denied");
}

/// A provider of the crate `cargo-credential` cannot read a token that JSON escapes, and quotes it.
#[test]
fn an_error_that_repeats_the_token_is_told_without_it() {
    let part = r#"part=${line#*'"token":"'}; part=${part%%'","'*}; part=${part%%'"}'*}"#;
    let quoted = r#"part=$(printf %s "$part" | sed 's/[\\"]/\\&/g')"#;
    let failure = r#"printf '%s\n' "{\"Err\":{\"kind\":\"other\",\"message\":\"invalid type: string $part, expected a borrowed string\",\"caused-by\":[\"deeper: $part.\", \"no luck\"]}}""#;
    for token in [
        "sentinel\"quote",
        "sentinel\\backslash",
        "sentinel\ttab",
        "Bearer sentinel\"quote",
        "sentinel",
        "cio-sentinel-0123456789-abcdefgh",
    ] {
        for how in [":", quoted] {
            let script = at_get(NONE, &format!("{part}; {how}; {failure}"));
            let mut sandbox = with_plugin(&script);
            sandbox.env("T", token);
            for flags in [&[][..], &["--json"]] {
                let words = [flags, &["login", "corp", "--from", "env:T"]].concat();
                let failed = sandbox.fails(1, &words);
                let shown = format!("{}{}", failed.stdout, failed.stderr);
                assert!(shown.contains("plug` failed"), "{token:?}: {shown}");
                assert!(
                    shown.contains("invalid type: string (the token), expected a borrowed string: deeper: (the token).: no luck"),
                    "{token:?}: {shown}"
                );
            }
        }
    }
}

/// What a plugin says about itself is for a person to read.
#[test]
fn an_error_is_told_with_its_causes_and_without_what_could_be_a_token() {
    let failure = r#"printf '%s\n' '{"Err":{"kind":"other","message":"no luck:\nciosentinel0123456789abcdefghijkl \u001b[31mis red","caused-by":["rain","Bearer sentinel"]}}'"#;
    let mut sandbox = with_plugin(&format!("{HELLO}; read -r line; {failure}"));
    assert_all_fail(&mut sandbox, 1, "no luck: ·");
    let failed = sandbox.fails(1, &["token", "show", "corp"]);
    assert!(
        failed.stderr.contains("[31mis red: rain: Bearer ········"),
        "{}",
        failed.stderr
    );
    assert!(!failed.stderr.contains('\u{1b}'), "{}", failed.stderr);

    let failure = "printf '{\"Err\":{\"kind\":\"other\",\"message\":\"'; yes no | head -c 100000 | tr '\\n' ' '; echo '\"}}'";
    let mut sandbox = with_plugin(&format!("{HELLO}; read -r line; {failure}"));
    let failed = sandbox.fails(1, &["token", "show", "corp"]);
    assert!(failed.stderr.len() < 2000, "{} bytes", failed.stderr.len());
}

#[test]
fn one_that_asks_a_person_may_take_its_time() {
    let terminal = native_pty_system().openpty(PtySize::default()).unwrap();
    let name = terminal.master.tty_name().unwrap();
    let answer = r#"{\"Ok\":{\"kind\":\"get\",\"token\":\"$typed\",\"cache\":\"session\",\"operation_independent\":true}}"#;
    let script = format!(
        "exec 3<'{}'; {HELLO}; read -r line; sleep 2.5; read -r typed <&3; echo \"{answer}\"",
        name.display()
    );
    let mut keys = terminal.master.take_writer().unwrap();
    keys.write_all(b"sentinel-typed\n").unwrap();
    let mut sandbox = with_plugin(&script);
    let shown = sandbox
        .time_limit(AMPLE)
        .reveals()
        .ok(&["token", "show", "corp", "--reveal"]);
    assert_eq!(shown.stdout, "sentinel-typed\n");
    assert!(
        shown.stderr.contains("did not answer within 2 s; it reads from the terminal, so it is waited for, and Ctrl-C ends it"),
        "{}",
        shown.stderr
    );
    assert_nobody_left(&sandbox);
}

/// Its owner may be asked in an app or a browser, which nobody sees.
#[test]
fn a_login_or_logout_may_take_its_time_which_is_said_once() {
    let mut sandbox = with_plugin("");
    let script = format!(
        "h='{0}'\n{HELLO}; read -r line\ncase $line in\n\
        *'\"kind\":\"get\"'*) if [ -f \"$h\" ]; then {TOKEN}; else {NONE}; fi ;;\n\
        *'\"kind\":\"login\"'*) sleep 4.5; touch \"$h\"; echo '{{\"Ok\":{{\"kind\":\"login\"}}}}' ;;\n\
        *) sleep 4.5; rm \"$h\"; echo '{{\"Ok\":{{\"kind\":\"logout\"}}}}' ;;\nesac",
        sandbox.root().join("held").display()
    );
    sandbox.program("bin/plug", &format!("#!/bin/sh\n{script}\n"));
    sandbox.time_limit(AMPLE);
    for (variable, line) in [
        ("DISPLAY", "login corp --from env:T"),
        ("WAYLAND_DISPLAY", "logout corp"),
    ] {
        let run = sandbox.env(variable, ":0").ok(&["-c", line]);
        sandbox.unset(variable);
        let told = "did not answer within 2 s; it may be asking you for something, so it is waited for, and Ctrl-C ends it";
        assert_eq!(run.stderr.matches(told).count(), 1, "{run:?}");
    }
    assert_nobody_left(&sandbox);
}

#[test]
fn a_login_or_logout_where_nobody_can_be_asked_is_not_waited_for() {
    for (answer, line) in [(NONE, "login corp --from env:T"), (TOKEN, "logout corp")] {
        let mut sandbox = with_plugin(&at_get(answer, "sleep 60"));
        let failed = sandbox.time_limit(AMPLE).fails(4, &["-c", line]);
        let said = format!("{}{}", failed.stdout, failed.stderr);
        assert!(said.contains("did not answer within 2 s"), "{said}");
        assert!(
            said.contains("whether it did as it was told is unknown"),
            "{said}"
        );
        assert_nobody_left(&sandbox);
    }
    // At a terminal somebody can.
    let answer = "sleep 2.5; echo '{\"Ok\":{\"kind\":\"login\"}}'";
    let mut sandbox = with_plugin(&at_get(NONE, answer));
    let run = sandbox
        .time_limit(AMPLE)
        .types(&["sentinel-typed"])
        .ok(&["login", "corp"]);
    assert!(run.stderr.contains("so it is waited for"), "{run:?}");
}

/// A password manager asks in a window of its own.
#[test]
fn a_command_that_gives_a_token_is_waited_for_where_it_may_ask() {
    let mut sandbox = Sandbox::new();
    sandbox.program("work/asks", "#!/bin/sh\nsleep 4.5\necho sentinel-of-asks\n");
    sandbox.env("PATH", "/usr/bin:/bin").time_limit(AMPLE);
    let line = "login crates-io --from command:./asks";
    let failed = sandbox.fails(4, &["-c", line]);
    assert!(failed.stderr.contains("within 2 s"), "{failed:?}");
    let run = sandbox.env("DISPLAY", ":0").ok(&["-c", line]);
    assert!(run.stderr.contains("so it is waited for"), "{run:?}");
    assert_nobody_left(&sandbox);
}

#[test]
fn a_login_that_is_waited_for_ends_with_ctrl_c() {
    let sandbox = with_plugin(&at_get(NONE, "touch ../login; sleep 60"));
    let mut process = sandbox.process();
    process.args(["login", "corp", "--from", "env:T"]);
    let mut child = process.stderr(std::process::Stdio::null()).spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(10);
    while !sandbox.exists("login") {
        assert!(Instant::now() < end, "no login");
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_nobody_left(&sandbox);
}

#[test]
fn a_command_that_prints_a_token_is_bounded_too() {
    let mut sandbox = with_plugin("");
    let text = sandbox.read("home/config.toml");
    let text = text.replace("['", "['cargo:token-from-stdout', '");
    sandbox.write("home/config.toml", text);
    let mut check = |limit: Duration, script: &str, status: u8, part: &str| {
        sandbox.program("bin/plug", &format!("#!/bin/sh\n{script}\n"));
        let failed = sandbox
            .time_limit(limit)
            .fails(status, &["token", "show", "corp"]);
        assert_one_error(&failed, part);
        assert_nobody_left(&sandbox);
    };
    check(BRIEF, "sleep 60", 4, "did not answer within 0.1 s");
    check(BRIEF, "exec sleep 60", 4, "did not answer within 0.1 s");
    check(
        BRIEF,
        "printf sentinel; sleep 60",
        4,
        "did not answer within 0.1 s",
    );
    check(
        AMPLE,
        "echo sentinel; exec >&-; sleep 60",
        4,
        "did not end within 2 s",
    );
    check(
        AMPLE,
        "echo sentinel; sleep 6 &",
        4,
        "did not close its standard output within 2 s",
    );
    let long = Duration::from_secs(30);
    check(
        long,
        "while :; do echo sentinel; done",
        1,
        "more than one line",
    );
    check(long, FLOOD, 1, "printed a line of more than 4194304 bytes");
    check(long, "echo sentinel; kill -9 $$", 1, "signal: 9 (SIGKILL)");
    check(long, "printf '\\377'", 1, "not UTF-8");
}

#[test]
fn the_name_of_a_process_is_told_without_what_would_reach_the_terminal() {
    let answer = "echo '{\"Ok\":{\"kind\":\"login\"}}'";
    let script = at_get(
        NONE,
        &format!("\"$CARGO_HOME/../bin/\u{1b}[31mred\" sentinel-new-token; {answer}"),
    );
    let mut sandbox = with_plugin(&script);
    sandbox.program("bin/\u{1b}[31mred", "#!/bin/sh\nsleep 0.5\n");
    let run = sandbox.ok(&["login", "corp", "--from", "env:T"]);
    assert!(
        run.stderr.contains("on the command line of `?[31mred`"),
        "{run:?}"
    );
}

/// A provider may ask a person, or run `cargo login` itself: until it is done, the file is free for others.
#[test]
fn cargo_s_lock_is_not_held_while_a_provider_logs_in() {
    let script = at_get(
        NONE,
        "flock -n \"$CARGO_HOME/credentials.toml\" touch ../free; echo '{\"Ok\":{\"kind\":\"login\"}}'",
    );
    let mut sandbox = with_plugin(&script);
    let config = sandbox.read("home/config.toml")
        + "[registries.lab]\nindex = 'sparse+https://lab.example/'\n";
    sandbox.write("home/config.toml", config);
    sandbox.write("home/credentials.toml", "# mine\n");
    let lines = [
        "-c",
        "login lab --from env:T",
        "-c",
        "login corp --from env:T",
    ];
    sandbox.ok(&lines);
    assert!(sandbox.exists("free"), "the lock was taken");
    assert!(
        sandbox
            .read("home/credentials.toml")
            .contains("[registries.lab]")
    );
}
