//! Three doors, one program: the same operations leave the same bytes, whichever way they come in.

use crate::harness::{SENTINEL, Sandbox};

/// A set-up as shell lines.
const LINES: &[&str] = &[
    "registry add corp sparse+https://corp.example/index/ --make-default",
    "registry add lab sparse+https://lab.example/ --provider 'cargo:token-from-stdout cat token'",
    "provider add cargo:token",
    "provider add cargo:wincred --before cargo:token",
    "provider move cargo:wincred --last",
    "alias set vault cargo-credential-vault --profile 'a b'",
    "login corp --from env:T --scheme bearer",
    "login crates-io --from file:token.txt",
    "registry rename lab work",
    "registry add gone sparse+https://gone.example/",
    "registry remove gone",
    "registry set work --no-provider",
];

/// The same as a script.
const SCRIPT: &str = r#"
    registry::add("corp", "sparse+https://corp.example/index/", #{ make_default: true });
    registry::add("lab", "sparse+https://lab.example/", #{ provider: "cargo:token-from-stdout cat token" });
    provider::add("cargo:token");
    provider::add("cargo:wincred", #{ before: "cargo:token" });
    provider::move("cargo:wincred", #{ last: true });
    alias::set("vault", "cargo-credential-vault", #{ rest: ["--profile", "a b"] });
    login("corp", #{ from: "env:T", scheme: "bearer" });
    login("crates-io", #{ from: "file:token.txt" });
    registry::rename("lab", "work");
    registry::add("gone", "sparse+https://gone.example/");
    registry::remove("gone");
    registry::set("work", #{ no_provider: true });
"#;

/// Files with a history: comments, an order of their own.
fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.env("T", format!("{SENTINEL}-of-corp-0123456789"));
    sandbox.write(
        "work/token.txt",
        format!("cargo login {SENTINEL}-of-crates-io-0123456789\r\n"),
    );
    sandbox.write(
        "home/config.toml",
        "# mine\n[build]\njobs = 2 # two\n\n[registries]\nold.index = 'https://old.example/x.git'\n",
    );
    sandbox.write("home/credentials.toml", "# tokens\n\ntoken = 'old'\n");
    sandbox
}

fn files(sandbox: &Sandbox) -> [String; 2] {
    [
        sandbox.read("home/config.toml"),
        sandbox.read("home/credentials.toml"),
    ]
}

fn one_process_a_line() -> [String; 2] {
    let mut sandbox = sandbox();
    for line in LINES {
        let words = credsh::words::split(line).unwrap();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        sandbox.ok(&words);
    }
    files(&sandbox)
}

#[test]
fn all_doors_leave_the_same_bytes() {
    let expected = one_process_a_line();
    expect_test::expect![[r#"
        # mine
        [build]
        jobs = 2 # two

        [registries]
        old.index = 'https://old.example/x.git'
        corp.index = "sparse+https://corp.example/index/"
        work.index = "sparse+https://lab.example/"

        [registry]
        default = "corp"
        global-credential-providers = ["cargo:wincred", "cargo:token"]

        [credential-alias]
        vault = ["cargo-credential-vault", "--profile", "a b"]
    "#]]
    .assert_eq(&expected[0]);

    let mut piped = sandbox();
    piped.stdin(LINES.join("\n")).ok(&[]);
    assert_eq!(files(&piped), expected, "lines on standard input");

    let mut dashed = sandbox();
    let args: Vec<&str> = LINES.iter().flat_map(|line| ["-c", line]).collect();
    dashed.ok(&args);
    assert_eq!(files(&dashed), expected, "lines with -c");

    let mut scripted = sandbox();
    scripted.write("work/setup.rhai", SCRIPT);
    scripted.ok(&["-f", "setup.rhai"]);
    assert_eq!(files(&scripted), expected, "a script");

    let mut script_on_stdin = sandbox();
    script_on_stdin.stdin(SCRIPT).ok(&["-f", "-"]);
    assert_eq!(
        files(&script_on_stdin),
        expected,
        "a script on standard input"
    );

    let mut run = sandbox();
    run.write("work/setup.rhai", SCRIPT)
        .write("work/setup.txt", LINES.join("\n"));
    run.ok(&["run", "setup.txt"]);
    assert_eq!(files(&run), expected, "`run` with a file of lines");
    let mut run = sandbox();
    run.write("work/setup.rhai", SCRIPT);
    run.ok(&["run", "setup.rhai"]);
    assert_eq!(files(&run), expected, "`run` with a script");
}

#[test]
fn a_second_run_changes_nothing() {
    let script = "registry::add(\"corp\", \"sparse+https://corp.example/\", #{ provider: \"cargo:token\" });\
        provider::add(\"cargo:token\"); login(\"corp\", #{ from: \"env:T\" }); alias::set(\"a\", \"b\", \"c d\");";
    let mut sandbox = sandbox();
    sandbox.write("work/setup.rhai", script);
    sandbox.ok(&["-f", "setup.rhai"]);
    let before = sandbox.snapshot();
    let again = sandbox.ok(&["--check", "-f", "setup.rhai"]);
    assert_eq!(again.stdout, "unchanged\n");
    sandbox.ok(&["-f", "setup.rhai"]);
    assert!(before == sandbox.snapshot());
}

#[test]
fn a_batch_is_all_or_nothing() {
    let mut sandbox = sandbox();
    let lines = "registry add corp sparse+https://corp.example/\nlogin corp --from env:T\nlogin nobody --from env:T\n";
    let failed = sandbox.stdin(lines).fails(3, &[]);
    assert!(failed.stderr.contains("<stdin>:3"), "{}", failed.stderr);
    sandbox.fails(
        3,
        &[
            "-c",
            "registry add corp sparse+https://corp.example/",
            "-c",
            "logout nobody",
        ],
    );
    sandbox.write(
        "work/bad.rhai",
        "registry::add(\"corp\", \"sparse+https://corp.example/\"); throw \"enough\";",
    );
    let failed = sandbox.fails(1, &["-f", "bad.rhai"]);
    assert!(failed.stderr.contains("bad.rhai:1:56"), "{}", failed.stderr);
    assert!(
        failed.stderr.contains("error: enough\n"),
        "{}",
        failed.stderr
    );
}

#[test]
fn within_a_batch_later_lines_see_what_earlier_ones_did() {
    let mut sandbox = sandbox();
    let run = sandbox.ok(&[
        "-c",
        "registry add corp sparse+https://corp.example/ --make-default",
        "-c",
        "login --from env:T",
        "-c",
        "status corp",
    ]);
    assert!(run.stdout.contains("corp: logged in"), "{}", run.stdout);
    assert!(run.stdout.contains("(pending)"), "{}", run.stdout);
}

#[test]
fn a_plan_says_what_then_happens_and_changes_nothing() {
    let lines: Vec<&str> = LINES.iter().flat_map(|line| ["-c", line]).collect();
    let plan = |switch: &str, status: u8| {
        let mut sandbox = sandbox();
        let before = sandbox.snapshot();
        let args: Vec<&str> = [vec!["--json", switch], lines.clone()].concat();
        let run = sandbox.run(&args);
        assert_eq!(run.status, status, "{}", run.stderr);
        assert!(before == sandbox.snapshot(), "{switch} changed files");
        // The sandbox's own path differs from run to run.
        run.stdout
            .replace(&sandbox.root().display().to_string(), "")
    };
    let changes =
        |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["changes"].clone();
    let (dry, checked, done) = (plan("--dry-run", 0), plan("--check", 2), {
        let mut sandbox = sandbox();
        let args: Vec<&str> = [vec!["--json"], lines.clone()].concat();
        let run = sandbox.ok(&args);
        run.stdout
            .replace(&sandbox.root().display().to_string(), "")
    });
    assert_eq!(changes(&dry), changes(&done));
    assert_eq!(changes(&checked), changes(&done));
    assert!(done.contains("\"committed\": true") && dry.contains("\"committed\": false"));
}

#[test]
fn a_plan_reads_no_secret_that_it_would_have_to_ask_for() {
    let mut sandbox = sandbox();
    sandbox.ok(&["registry", "add", "corp", "sparse+https://corp.example/"]);
    for source in [
        "stdin",
        "prompt",
        "command:touch started",
        "provider:cargo:token",
    ] {
        let run = sandbox.fails(2, &["--check", "login", "corp", "--from", source]);
        assert!(
            run.stdout.contains("? registries.corp.token"),
            "{source}: {}",
            run.stdout
        );
        let json = sandbox.json(&["--dry-run", "login", "corp", "--from", source]);
        assert_eq!(json["changes"][0]["after"], "unknown", "{source}");
    }
    assert!(!sandbox.exists("work/started"));
}

#[test]
fn run_can_be_called_again_and_again_in_one_process() {
    let mut one = sandbox();
    let mut other = sandbox();
    one.ok(&["registry", "add", "corp", "sparse+https://one.example/"]);
    other.ok(&["registry", "add", "corp", "sparse+https://other.example/"]);
    assert!(one.read("home/config.toml").contains("one.example"));
    assert!(other.read("home/config.toml").contains("other.example"));
}

/// A provider's program may look for things in the Cargo home, as credsh does.
#[cfg(unix)]
#[test]
fn what_is_started_sees_the_home_that_was_chosen() {
    let mut sandbox = Sandbox::new();
    let plug = "#!/bin/sh\necho \"$CARGO_HOME\"\n";
    let plug = sandbox.program("bin/plug", plug).display().to_string();
    let credsh = env!("CARGO_BIN_EXE_credsh");
    let config = format!(
        "[registries.plug]\nindex = 'sparse+https://plug.example/'\n\
         credential-provider = 'cargo:token-from-stdout {plug}'\n\
         [registries.corp]\nindex = 'sparse+https://corp.example/'\ncredential-provider = '{credsh}'\n"
    );
    sandbox.write("work/other/config.toml", config);
    sandbox.env("T", format!("{SENTINEL}-0123456789"));
    let home = sandbox.work().join("other").display().to_string();
    for at in [
        &["--home", "other"] as &[&str],
        &["--home", &home, "-C", ".."],
    ] {
        let shown = sandbox.ok(&[at, &["token", "show", "plug", "--reveal"]].concat());
        assert_eq!(shown.stdout.trim(), home);
        let login = ["login", "corp", "--from", "env:T", "--store", "sealed"];
        sandbox.ok(&[at, &login].concat());
        sandbox.ok(&[at, &["token", "show", "corp"]].concat());
    }
    assert!(!sandbox.exists("home/.credsh/tokens.toml"));
    // A relative one of the environment is one of the folder that we act in.
    sandbox.env("CARGO_HOME", "work/other");
    for line in ["token show corp", "token show plug"] {
        sandbox.ok(&["-C", "..", "-c", line]);
    }
}

#[test]
fn the_directory_and_the_home_can_be_chosen() {
    let mut sandbox = sandbox();
    sandbox.write(
        "work/project/.cargo/config.toml",
        "[registries.mine]\nindex = 'https://mine.example/x.git'\n",
    );
    let names = |json: &serde_json::Value| json["registries"].to_string();
    assert!(!names(&sandbox.json(&["registry", "list"])).contains("mine"));
    assert!(names(&sandbox.json(&["-C", "project", "registry", "list"])).contains("mine"));
    sandbox.ok(&[
        "--home",
        "elsewhere/new",
        "registry",
        "add",
        "x",
        "sparse+https://x.example/",
    ]);
    assert!(sandbox.exists("work/elsewhere/new/config.toml"));
}

#[test]
fn what_standard_output_cannot_take_is_told_on_the_other() {
    let sandbox = sandbox();
    sandbox.write("work/s.rhai", "alias::set(\"b\", \"x\");");
    let run = |sandbox: &Sandbox, args: &[&str]| {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        let output = sandbox.process().args(args).stdout(full.unwrap()).output();
        let output = output.unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), stderr)
    };
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let commands: [&[&str]; 3] = [
        &["alias", "set", "a", "x"],
        &["-c", "alias set a y"],
        &["-f", "s.rhai"],
    ];
    let done = "error: the changes are written, but standard output cannot be\n  no space left on device\nhint: ";
    for (flags, args) in commands
        .iter()
        .flat_map(|args| [(&["-q"] as &[&str], args), (&["--json"], args)])
    {
        sandbox.write("home/config.toml", "");
        let (status, stderr) = run(&sandbox, &[flags, *args].concat());
        assert_eq!(status, 1, "{args:?}: {stderr}");
        assert!(stderr.starts_with(done), "{args:?}: {stderr}");
        assert!(
            sandbox.read("home/config.toml").contains("alias"),
            "{args:?}"
        );
        // There was nothing to write.
        let (_, stderr) = run(&sandbox, &[flags, *args].concat());
        assert!(
            stderr.starts_with("error: cannot write to standard output\n  no space left"),
            "{args:?}: {stderr}"
        );
    }
    let (status, stderr) = run(&sandbox, &["--json", "alias", "remove", "nothing"]);
    assert_eq!(status, 3, "{stderr}");
    assert!(
        stderr.starts_with("error: there is no such alias"),
        "{stderr}"
    );
    let (status, stderr) = run(&sandbox, &["--help"]);
    assert_eq!(status, 1, "{stderr}");
}
