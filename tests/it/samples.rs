//! The scripts that come with credsh, each on an empty home and on one that has been used.

use std::path::Path;

use crate::harness::{SENTINEL, Sandbox};

fn sample(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scripts")
        .join(name);
    path.display().to_string()
}

/// A home with three registries and their tokens, made by `setup.rhai`.
fn used() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.env("CORP_TOKEN", format!("{SENTINEL}-of-corp-0123456789"));
    sandbox.env("LAB_TOKEN", format!("{SENTINEL}-of-lab-0123456789"));
    sandbox.ok(&["-q", "-f", &sample("setup.rhai")]);
    sandbox.unset("CORP_TOKEN").unset("LAB_TOKEN");
    sandbox
}

#[test]
fn the_sample_sets_a_team_s_machine_up() {
    let mut sandbox = Sandbox::new();
    let setup = sample("setup.rhai");
    let failed = sandbox.fails(1, &["-f", &setup]);
    assert!(
        failed
            .stderr
            .contains("error: set CORP_TOKEN, LAB_TOKEN to the token of its registry"),
        "{}",
        failed.stderr
    );

    sandbox.env("CORP_TOKEN", format!("{SENTINEL}-of-corp-0123456789"));
    let failed = sandbox.fails(1, &["-f", &setup]);
    assert!(
        failed.stderr.contains("error: set LAB_TOKEN to"),
        "{}",
        failed.stderr
    );

    sandbox.env("LAB_TOKEN", format!("{SENTINEL}-of-lab-0123456789"));
    sandbox.ok(&["-f", &setup]);
    let list = sandbox.json(&["registry", "list"]);
    let shown: Vec<String> = list["registries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| format!("{} {} {}", r["name"], r["is_default"], r["logged_in"]))
        .collect();
    assert_eq!(
        shown,
        [
            "\"crates-io\" false false",
            "\"corp\" true true",
            "\"lab\" false true",
            "\"mirror\" false false"
        ]
    );
    assert!(
        sandbox
            .read("home/credentials.toml")
            .contains("\"Bearer sentinel-of-corp")
    );
    assert_eq!(sandbox.ok(&["--check", "-f", &setup]).stdout, "unchanged\n");
}

#[test]
fn the_sample_for_ci_logs_in_with_what_the_job_was_given() {
    let mut sandbox = Sandbox::new();
    let ci = sample("ci.rhai");
    let failed = sandbox.fails(1, &["--no-input", "-f", &ci]);
    assert!(
        failed
            .stderr
            .contains("error: missing: -s name=..., -s index=..., the variable REGISTRY_TOKEN"),
        "{}",
        failed.stderr
    );
    sandbox.env("JOB_TOKEN", format!("{SENTINEL}-of-job-0123456789"));
    sandbox.env("CRATES_IO_TOKEN", format!("{SENTINEL}-of-crates-io"));
    let args = [
        "--no-input",
        "-f",
        &ci,
        "-s",
        "name=corp",
        "-s",
        "index=sparse+https://c.example/",
        "-s",
        "variable=JOB_TOKEN",
    ];
    let run = sandbox.ok(&args);
    assert!(run.stdout.starts_with("corp: sha256:"), "{}", run.stdout);
    sandbox.ok(&["status", "corp", "crates-io"]);
    assert_eq!(sandbox.json(&args)["changes"], serde_json::json!([]));
}

#[test]
fn rotate_brings_a_new_token_in_and_names_the_old_one() {
    let rotate = sample("rotate.rhai");
    let arguments = ["-f", &rotate, "-s", "registry=corp", "-s", "from=env:NEW"];
    let mut empty = Sandbox::new();
    let failed = empty.fails(1, &["-f", &rotate]);
    assert!(
        failed
            .stderr
            .contains("error: missing: -s registry=..., -s from=..."),
        "{}",
        failed.stderr
    );
    empty.env("NEW", format!("{SENTINEL}-of-corp-new-0123456789"));
    let failed = empty.fails(3, &arguments);
    assert!(
        failed.stderr.contains("rotate.rhai:14:11"),
        "{}",
        failed.stderr
    );

    let mut sandbox = used();
    let old = fingerprint(&mut sandbox, "corp");
    sandbox.env("NEW", format!("{SENTINEL}-of-corp-new-0123456789"));
    let planned = sandbox.run(&[&["--check"], arguments.as_slice()].concat());
    assert_eq!(planned.status, 2, "{}", planned.stderr);
    let run = sandbox.ok(&arguments);
    let new = fingerprint(&mut sandbox, "corp");
    assert_ne!(old, new);
    let expected = format!("corp: {new}\nrevoke on the server: {old}\n");
    assert!(run.stdout.starts_with(&expected), "{}", run.stdout);
    assert!(planned.stdout.starts_with(&expected), "{}", planned.stdout);
    // The scheme is that of the old token.
    let credentials = sandbox.read("home/credentials.toml");
    assert!(credentials.contains("\"Bearer sentinel-of-corp-new"));

    let before = sandbox.snapshot();
    let again = sandbox.ok(&arguments);
    assert_eq!(again.stdout, format!("corp: unchanged, {new}\nunchanged\n"));
    assert!(before == sandbox.snapshot());

    sandbox.env("CARGO_REGISTRIES_CORP_TOKEN", "x");
    let failed = sandbox.fails(1, &arguments);
    assert!(
        failed.stderr.contains(
            "Cargo reads the token of corp from the variable CARGO_REGISTRIES_CORP_TOKEN"
        ),
        "{}",
        failed.stderr
    );

    // One that has no token yet gets its first.
    sandbox.unset("CARGO_REGISTRIES_CORP_TOKEN");
    let run = sandbox.ok(&["-f", &rotate, "-s", "registry=mirror", "-s", "from=env:NEW"]);
    assert!(
        run.stdout.contains("; there was none before\n"),
        "{}",
        run.stdout
    );
}

fn fingerprint(sandbox: &mut Sandbox, registry: &str) -> String {
    let status = sandbox.json(&["status", registry]);
    status["registries"][0]["fingerprint"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn audit_tells_which_rules_are_broken() {
    let audit = sample("audit.rhai");
    let empty = Sandbox::new().fails(1, &["-f", &audit]);
    assert_eq!(
        empty.stdout,
        "crates-io: sparse+https://index.crates.io/, no token\n\
         broken: no credential provider is configured: `provider add cargo:token`\n"
    );
    assert!(
        empty
            .stderr
            .contains("error: 1 thing breaks the rules\n  at"),
        "{}",
        empty.stderr
    );

    let mut sandbox = used();
    let kept = sandbox.ok(&["-f", &audit, "--", "corp", "lab"]);
    assert!(
        kept.stdout.contains("all rules are kept\n"),
        "{}",
        kept.stdout
    );
    // `mirror` is one of those that want a login, unless others are named.
    let failed = sandbox.fails(1, &["-f", &audit]);
    assert!(
        failed.stdout.contains("broken: mirror: not logged in\n"),
        "{}",
        failed.stdout
    );

    sandbox.ok(&["-q", "registry", "add", "old", "http://old.example/x.git"]);
    sandbox.env("CARGO_REGISTRIES_CORP_TOKEN", "x");
    let config = sandbox.read("home/config.toml")
        + "\n[registries.odd]\nindex = \"sparse+https://odd.example/\"\ncredential-provider = 3\n";
    sandbox.write("home/config.toml", config);
    #[cfg(unix)]
    std::fs::set_permissions(
        sandbox.home().join("credentials.toml"),
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )
    .unwrap();
    let failed = sandbox.fails(1, &["-f", &audit, "--", "corp", "gone"]);
    let broken: Vec<&str> = failed
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("broken: "))
        .collect();
    let expected = [
        "`registries.odd.credential-provider` must be a string",
        "gone: no registry of this name",
        "corp: the variable CARGO_REGISTRIES_CORP_TOKEN hides the stored token",
        #[cfg(unix)]
        "corp: other users can read the token in",
        #[cfg(unix)]
        "lab: other users can read the token in",
        "odd: ",
        "old: its index is http://old.example/x.git",
    ];
    assert_eq!(broken.len(), expected.len(), "{broken:#?}");
    for (broken, expected) in broken.iter().zip(expected) {
        assert!(broken.starts_with(expected), "{broken}");
    }
}

#[test]
fn offboard_logs_out_everywhere_and_says_what_is_left() {
    let offboard = sample("offboard.rhai");
    let arguments = ["--yes", "-f", &offboard];
    let empty = Sandbox::new().ok(&arguments);
    assert_eq!(empty.stdout, "nothing is left\nunchanged\n");

    let mut sandbox = used();
    let corp = fingerprint(&mut sandbox, "corp");
    let token = format!("{SENTINEL}-of-a-project-0123456789");
    sandbox.write(
        "work/.cargo/config.toml",
        format!("# ours\n\n[registries.lab]\ntoken = '{token}'\n"),
    );
    sandbox.ok(&["--check", "registry", "list"]);
    let run = sandbox.ok(&arguments);
    let removed = format!(
        "removed: registries.corp.token, {corp}, from {}\n",
        sandbox.home().join("credentials.toml").display()
    );
    assert!(run.stdout.starts_with(&removed), "{}", run.stdout);
    assert!(run.stdout.contains("nothing is left\n"), "{}", run.stdout);
    for file in ["home/credentials.toml", "work/.cargo/config.toml"] {
        assert!(!sandbox.read(file).contains(SENTINEL), "{file}");
    }
    assert!(sandbox.read("work/.cargo/config.toml").contains("# ours"));
    assert_eq!(
        sandbox.ok(&arguments).stdout,
        "nothing is left\nunchanged\n"
    );

    // What cannot be removed is named, and the rest is removed all the same.
    let mut sandbox = used();
    sandbox.env("CARGO_REGISTRIES_LAB_TOKEN", format!("{SENTINEL}-in-env"));
    let run = sandbox.run(&arguments);
    assert_eq!(run.status, 1, "{}", run.stderr);
    assert!(
        run.stdout.contains(
            "left: lab, cargo:token, CARGO_REGISTRIES_LAB_TOKEN: unset `CARGO_REGISTRIES_LAB_TOKEN` where it is set\n"
        ),
        "{}",
        run.stdout
    );
    assert!(!sandbox.read("home/credentials.toml").contains(SENTINEL));
}

/// What the samples print on terminals and as documents, on an empty home and on a used one.
#[test]
fn the_output_of_the_samples_is_stable() {
    let mut all = String::new();
    for (name, arguments) in [
        ("setup.rhai", vec![]),
        (
            "ci.rhai",
            vec![
                "-s",
                "name=corp",
                "-s",
                "index=sparse+https://crates.corp.example/index/",
            ],
        ),
        (
            "rotate.rhai",
            vec!["-s", "registry=corp", "-s", "from=env:NEW"],
        ),
        ("audit.rhai", vec![]),
        ("offboard.rhai", vec!["--yes"]),
    ] {
        for looks in [
            Looks {
                color: false,
                width: 80,
                json: false,
            },
            Looks {
                color: false,
                width: 200,
                json: false,
            },
            Looks {
                color: true,
                width: 80,
                json: false,
            },
            Looks {
                color: true,
                width: 200,
                json: false,
            },
            Looks {
                color: false,
                width: 80,
                json: true,
            },
        ] {
            for (state, mut sandbox) in [("empty", Sandbox::new()), ("used", used())] {
                sandbox.env("CORP_TOKEN", format!("{SENTINEL}-of-corp-0123456789"));
                sandbox.env("LAB_TOKEN", format!("{SENTINEL}-of-lab-0123456789"));
                sandbox.env("REGISTRY_TOKEN", format!("{SENTINEL}-of-ci-0123456789"));
                sandbox.env("NEW", format!("{SENTINEL}-of-corp-new-0123456789"));
                sandbox.looks(looks.color, looks.width);
                let script = sample(name);
                let mut words = vec!["-f", &script];
                words.extend(&arguments);
                if looks.json {
                    words.push("--json");
                }
                let run = sandbox.run(&words);
                let home = sandbox.home().display().to_string();
                let normal = |text: &str| {
                    text.replace(&home, "~/.cargo")
                        .replace(&sample(""), "scripts/")
                        .replace('\u{1b}', "\\e")
                };
                all.push_str(&format!(
                    "== {name}, {state}, {} columns{}{}: {}\n{}-- stderr\n{}",
                    looks.width,
                    if looks.color { ", colour" } else { "" },
                    if looks.json { ", JSON" } else { "" },
                    run.status,
                    normal(&run.stdout),
                    normal(&run.stderr)
                ));
            }
        }
    }
    expect_test::expect_file!["samples.txt"].assert_eq(&all);
}

#[derive(Clone, Copy)]
struct Looks {
    color: bool,
    width: usize,
    json: bool,
}
