//! `registry ...` and `alias ...`: what becomes of the files.

use crate::harness::{SENTINEL, Sandbox};

const INDEX: &str = "sparse+https://corp.example/";

fn with_corp() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.env("T", format!("{SENTINEL}-of-corp-0123456789"));
    sandbox.ok(&["registry", "add", "corp", INDEX]);
    sandbox
}

#[test]
fn adding_again_is_unchanged_and_another_index_is_an_error() {
    let mut sandbox = with_corp();
    assert_eq!(
        sandbox.ok(&["registry", "add", "corp", INDEX]).stdout,
        "unchanged\n"
    );
    let failed = sandbox.fails(
        1,
        &["registry", "add", "corp", "sparse+https://new.example/"],
    );
    assert!(
        failed.stderr.contains(
            "hint: change it with `registry set corp --index sparse+https://new.example/`"
        )
    );
    assert!(
        failed.stderr.contains("home/config.toml:2"),
        "{}",
        failed.stderr
    );
    let failed = sandbox.fails(1, &["registry", "add", "twin", INDEX]);
    assert!(
        failed.stderr.contains("has a name already, `corp`"),
        "{}",
        failed.stderr
    );
    sandbox.fails(64, &["registry", "add", "crates-io", INDEX]);
}

#[test]
fn edits_go_to_the_file_that_defines_the_key_or_that_is_named() {
    let mut sandbox = with_corp();
    sandbox.write(
        "work/.cargo/config.toml",
        "# project\n[registries.lab]\nindex = \"sparse+https://lab.example/\" # here\n",
    );
    sandbox.ok(&[
        "registry",
        "set",
        "lab",
        "--index",
        "sparse+https://new.lab.example/",
    ]);
    assert_eq!(
        sandbox.read("work/.cargo/config.toml"),
        "# project\n[registries.lab]\nindex = \"sparse+https://new.lab.example/\" # here\n"
    );
    sandbox.ok(&[
        "registry",
        "add",
        "mine",
        "sparse+https://mine.example/",
        "--local",
    ]);
    assert!(
        sandbox
            .read("work/.cargo/config.toml")
            .contains("[registries.mine]")
    );
    sandbox.ok(&[
        "registry",
        "add",
        "other",
        "sparse+https://other.example/",
        "--config-file",
        "other.toml",
    ]);
    assert!(
        sandbox
            .read("work/other.toml")
            .contains("[registries.other]")
    );
    assert!(!sandbox.read("home/config.toml").contains("other"));
}

/// Whatever they are called: the lock would be waited for, and the ledger be written into.
#[test]
fn what_credsh_keeps_for_itself_is_no_configuration() {
    let mut sandbox = Sandbox::new();
    let add = ["registry", "add", "x", INDEX, "--config-file"];
    sandbox.fails(64, &[&add[..], &["../home/.credsh/new/x.toml"]].concat());
    assert!(!sandbox.exists("home/.credsh"));
    sandbox.ok(&["alias", "set", "a", "program"]);
    sandbox.write("home/.credsh/tokens.toml", "");
    std::os::unix::fs::symlink(
        "../home/.credsh/tokens.toml",
        sandbox.work().join("link.toml"),
    )
    .unwrap();
    for file in [
        "../home/.credsh/lock",
        "../home/.credsh/tokens.toml",
        "../home/../home/.credsh/new.toml",
        "link.toml",
    ] {
        let failed = sandbox.fails(64, &[&add[..], &[file]].concat());
        assert!(failed.stderr.contains("its own files"), "{failed:?}");
    }
    assert_eq!(sandbox.read("home/.credsh/tokens.toml"), "");
    assert!(!sandbox.exists("home/.credsh/new.toml"));
    sandbox.ok(&[&add[..], &["../home/credsh.toml"]].concat());
}

#[test]
fn a_nearer_value_that_wins_over_an_edit_is_a_warning() {
    let mut sandbox = with_corp();
    sandbox.write("work/.cargo/config.toml", "registry.default = \"lab\"\n");
    let run = sandbox.ok(&[
        "registry",
        "set",
        "corp",
        "--make-default",
        "--config-file",
        "../home/config.toml",
    ]);
    assert!(
        run.stderr.contains("warning: `registry.default` in"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr
            .contains("work/.cargo/config.toml:1 wins over what is written"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_a_variable_defines_is_not_edited() {
    let mut sandbox = with_corp();
    sandbox.env(
        "CARGO_REGISTRIES_CORP_INDEX",
        "sparse+https://variable.example/",
    );
    for args in [
        [
            "registry",
            "set",
            "corp",
            "--index",
            "sparse+https://x.example/",
        ]
        .as_slice(),
        &["registry", "rename", "corp", "work"],
        &["registry", "remove", "corp"],
    ] {
        let failed = sandbox.fails(1, args);
        assert!(
            failed.stderr.contains("`CARGO_REGISTRIES_CORP_INDEX`"),
            "{}",
            failed.stderr
        );
    }
}

#[test]
fn a_new_index_wants_to_know_what_becomes_of_the_token() {
    let mut sandbox = with_corp();
    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    let set = [
        "registry",
        "set",
        "corp",
        "--index",
        "sparse+https://new.example/",
    ];
    let failed = sandbox.fails(1, &set);
    assert!(
        failed.stderr.contains("`--move-token` or `--drop-token`"),
        "{}",
        failed.stderr
    );
    sandbox.ok(&[set.as_slice(), &["--move-token"]].concat());
    assert!(sandbox.read("home/credentials.toml").contains(SENTINEL));
    sandbox.ok(&["registry", "set", "corp", "--index", INDEX, "--drop-token"]);
    assert!(!sandbox.read("home/credentials.toml").contains(SENTINEL));
}

#[test]
fn renaming_takes_token_provider_and_default_along() {
    let mut sandbox = with_corp();
    sandbox.ok(&[
        "registry",
        "set",
        "corp",
        "--provider",
        "cargo:token",
        "--make-default",
    ]);
    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    sandbox.ok(&["registry", "rename", "corp", "work"]);
    expect_test::expect![[r#"
        [registries.work]
        index = "sparse+https://corp.example/"
        credential-provider = "cargo:token"

        [registry]
        default = "work"
    "#]]
    .assert_eq(&sandbox.read("home/config.toml"));
    let token = sandbox.reveals().ok(&["token", "show", "--reveal"]);
    assert_eq!(token.stdout, format!("{SENTINEL}-of-corp-0123456789\n"));
    sandbox.fails(3, &["registry", "rename", "corp", "x"]);
    sandbox.ok(&["registry", "add", "corp", "sparse+https://two.example/"]);
    sandbox.fails(1, &["registry", "rename", "corp", "work"]);
}

const LAYOUTS: &[(&str, &str)] = &[
    (
        "# Ours.\n\n# corp: ask ops, ticket OPS-123\n[registries.corp]\n# nightly\nindex = \"sparse+https://corp.example/\" # no\n\
         credential-provider = [\n  \"cargo:token\", # first\n]\n# after\n\n# for experiments\n[registries.lab]\nindex = \"sparse+https://lab.example/\"\n",
        "# from 1password item\n[registries.corp]\n# expires 2027-01-01\ntoken = \"{}\" # mine\n\n[registries.lab]\ntoken = \"x\"\n",
    ),
    (
        "registries.corp.index = 'sparse+https://corp.example/' # no\nregistries . \"corp\" . n = 5\nregistries.corp.http.timeout = 3\n[a]\r\n",
        "registries.corp.token = '{}'",
    ),
    (
        "[registries]\n\tcorp = { index=\"sparse+https://corp.example/\", mixed = [1, \"a\"] } # inline\nlab.index = \"sparse+https://lab.example/\"\n",
        "registries = { lab.token = \"x\", corp.token = \"{}\", corp.secret-key-subject = \"me\" }\n",
    ),
    (
        "[[registries.corp.mirrors]]\nurl = \"x\"\n[[registries.corp.mirrors]]\n\n[registries.corp.http] # fast\ntimeout = 3\n\n[registries.corp]\nindex = \"sparse+https://corp.example/\"",
        "# corp\n[registries.corp] # x\n\n[registries.lab]\n",
    ),
];

/// One word changes; and the old name again gives the bytes that were there.
#[test]
fn renaming_keeps_comments_order_and_layout() {
    for (config, credentials) in LAYOUTS {
        let mut sandbox = Sandbox::new();
        let credentials = credentials.replace("{}", &format!("{SENTINEL}-of-corp-0123456789"));
        sandbox.write("home/config.toml", config);
        sandbox.write("home/credentials.toml", &credentials);
        let word = |text: &str| {
            let text = text
                .replace("s.corp", "s.work")
                .replace("\"corp\"", "\"work\"");
            text.replace("\tcorp =", "\twork =")
                .replace(" corp.", " work.")
        };
        sandbox.ok(&["registry", "rename", "corp", "work"]);
        assert_eq!(sandbox.read("home/config.toml"), word(config));
        assert_eq!(sandbox.read("home/credentials.toml"), word(&credentials));
        sandbox.ok(&["registry", "rename", "work", "corp"]);
        assert_eq!(&sandbox.read("home/config.toml"), config);
        assert_eq!(sandbox.read("home/credentials.toml"), credentials);

        // The same at once, by other names.
        let lines = ["corp a", "a b", "b corp"].map(|names| format!("registry rename {names}"));
        let run = sandbox.ok(&["-c", &lines[0], "-c", &lines[1], "-c", &lines[2]]);
        assert!(run.stdout.ends_with("unchanged\n"), "{}", run.stdout);
        sandbox.ok(&["-c", &lines[0], "-c", "registry rename a work"]);
        assert_eq!(sandbox.read("home/config.toml"), word(config));
        assert_eq!(sandbox.read("home/credentials.toml"), word(&credentials));
    }
}

/// What is no setting that credsh knows moves as it is, and is told.
#[test]
fn renaming_takes_along_what_credsh_does_not_know() {
    let mut sandbox = Sandbox::new();
    let config = format!(
        "[registries.corp]\nindex = \"{INDEX}\"\nn = 5\n[registries.corp.http]\ncheck = false\n"
    );
    sandbox.write("home/config.toml", &config);
    let run = sandbox.ok(&["registry", "rename", "corp", "work"]);
    assert!(
        run.stdout.contains("+ registries.work.n = 5\n"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout
            .contains("- registries.corp.http = {\"check\":false}\n"),
        "{}",
        run.stdout
    );
    let renamed = config
        .replace("corp]", "work]")
        .replace("corp.http", "work.http");
    assert_eq!(sandbox.read("home/config.toml"), renamed);

    // Where the new name is taken in a file, each goes to where the others are.
    sandbox.write(
        "home/config.toml",
        format!("[registries.work]\nindex = \"{INDEX}\"\n"),
    );
    sandbox.write(
        "home/credentials.toml",
        "[registries.corp]\nold = 1\n\n# mine\n[registries.work]\nn = 5\nlist = [1, { a = \"b\" }]\nhttp.check = false\n",
    );
    sandbox.ok(&["registry", "rename", "work", "corp"]);
    expect_test::expect![[r#"
        [registries.corp]
        old = 1
        n = 5
        list = [1, { a = "b" }]
        http = { check = false }
    "#]]
    .assert_eq(&sandbox.read("home/credentials.toml"));
}

/// The edits of the keys decide what is in a table, whatever its name was.
/// A name that has become free in the same transaction: what stays is what has it now, with its comments.
#[test]
fn renaming_to_the_name_of_one_that_goes_keeps_the_comments_of_what_stays() {
    let of = |name: &str| {
        format!(
            "# on {name}\n[registries.NAME] # {name}\nindex = \"sparse+https://{name}.example/\" # i{name}\n"
        )
    };
    let token = |name: &str| {
        format!(
            "[registries.NAME] # {name}\ntoken = \"sentinel-{name}-0123456789\" # t{name}\n# apart of {name}\n"
        )
    };
    let all = |text: &dyn Fn(&str) -> String| {
        let two = ["a", "b"].map(|name| text(name).replace("NAME", name));
        two.join("\n")
    };
    for lines in [
        &["registry remove a", "registry rename b a"] as &[&str],
        &[
            "registry rename a c",
            "registry remove c",
            "registry rename b a",
        ],
    ] {
        let mut sandbox = Sandbox::new();
        sandbox.write("home/config.toml", all(&of));
        sandbox.write("home/credentials.toml", all(&token));
        let args: Vec<&str> = lines.iter().flat_map(|line| ["-c", line]).collect();
        sandbox.ok(&[&["--yes"], &args[..]].concat());
        let config = sandbox.read("home/config.toml");
        assert_eq!(config, of("b").replace("NAME", "a"), "{lines:?}");
        let credentials = sandbox.read("home/credentials.toml");
        let kept = token("b").replace("NAME", "a");
        assert!(credentials.ends_with(&kept), "{lines:?}: {credentials}");
        assert!(!credentials.contains("ta"), "{lines:?}: {credentials}");
    }
}

/// What comes back in the end under its own name has not been away.
#[test]
fn renaming_to_what_goes_after_that_moves_nothing() {
    let a = "# top\n[registries.a]\nindex = \"sparse+https://a.example/\" # ia\n\n";
    let rest = "[other]\nk = 1\n";
    let mut sandbox = Sandbox::new();
    let b = "# on b\n[registries.b]\nindex = \"sparse+https://b.example/\" # ib\nprotocol = \"sparse\"\n\n";
    sandbox.write("home/config.toml", [a, b, rest].concat());
    let lines = [
        "registry remove b",
        "registry rename a b",
        "registry remove b",
        "registry add a sparse+https://a.example/",
    ];
    let args: Vec<&str> = lines.iter().flat_map(|line| ["-c", line]).collect();
    sandbox.ok(&args);
    assert_eq!(sandbox.read("home/config.toml"), [a, rest].concat());
}

#[test]
fn renaming_goes_together_with_other_edits() {
    let mut sandbox = Sandbox::new();
    let config = format!(
        "# ours\n[registries.corp]\nindex = \"{INDEX}\" # no\ncredential-provider = \"cargo:token\"\n"
    );
    let mut run = |config: &str, commands: &[&str]| {
        sandbox.write("home/config.toml", config);
        let args: Vec<&str> = commands.iter().flat_map(|line| ["-c", line]).collect();
        sandbox.ok(&args);
        sandbox.read("home/config.toml")
    };
    let renamed = config.replace("corp]", "work]");
    assert_eq!(
        run(
            &config,
            &[
                "registry rename corp work",
                "registry set work --no-provider"
            ]
        ),
        renamed.replace("credential-provider = \"cargo:token\"\n", "")
    );
    assert_eq!(
        run(
            &config,
            &[
                "registry set corp --no-provider",
                "registry rename corp work"
            ]
        ),
        renamed.replace("credential-provider = \"cargo:token\"\n", "")
    );
    assert_eq!(
        run(
            &config,
            &[
                "registry rename corp work",
                "registry add corp sparse+https://two.example/ --provider cargo:token"
            ]
        ),
        format!(
            "{renamed}\n[registries.corp]\ncredential-provider = \"cargo:token\"\nindex = \"sparse+https://two.example/\"\n"
        )
    );
    let lab = config.replace("corp", "lab").replace("ours", "theirs");
    let both = format!("{config}n = 5\n\n{lab}");
    assert_eq!(
        run(
            &both,
            &[
                "registry rename corp spare",
                "registry rename lab corp",
                "registry rename spare lab",
            ]
        ),
        both.replace("s.corp]", "s.spare]")
            .replace("s.lab]", "s.corp]")
            .replace("s.spare]", "s.lab]")
    );
    assert_eq!(
        run(
            &both,
            &["registry rename corp spare", "registry rename lab corp"]
        ),
        both.replace("s.corp]", "s.spare]")
            .replace("s.lab]", "s.corp]")
    );
    assert_eq!(
        run(
            &config,
            &["registry rename corp work", "registry remove work"]
        ),
        ""
    );
    assert_eq!(
        run(
            &config,
            &[
                "registry rename corp work",
                "registry remove work",
                &format!("registry add corp {INDEX}")
            ]
        ),
        config.replace("credential-provider = \"cargo:token\"\n", "")
    );
}

/// What somebody else has written into the table meanwhile goes where the table goes.
#[test]
fn renaming_moves_what_has_come_since() {
    let sandbox = &mut with_corp();
    let runner = sandbox.prompt();
    runner.run_line("begin").unwrap();
    runner.run_line("registry rename corp work").unwrap();
    let theirs = "credential-provider = \"cargo:token\" # theirs\n[registries.corp.http]\nn = 5\n";
    let config = sandbox.read("home/config.toml") + theirs;
    sandbox.write("home/config.toml", &config);
    runner.run_line("commit --yes").unwrap();
    let renamed = config.replace("s.corp", "s.work");
    assert_eq!(sandbox.read("home/config.toml"), renamed);
}

#[test]
fn removing_takes_the_comments_of_what_goes_and_no_others() {
    let mut sandbox = Sandbox::new();
    sandbox.env("T", format!("{SENTINEL}-of-corp-0123456789"));
    let config = format!(
        "# my registries\n[registries] # mine\n\n# corp: ask ops\n[registries.corp] # x\nindex = \"{INDEX}\"\n\n# default for all of us\n[registry]\n"
    );
    sandbox.write("home/config.toml", &config);
    let credentials = "# corp\n[registries.corp] # x\n";
    sandbox.write("home/credentials.toml", credentials);
    sandbox.ok(&["registry", "set", "corp", "--make-default"]);
    sandbox.ok(&["registry", "set", "corp", "--no-default"]);
    assert_eq!(sandbox.read("home/config.toml"), config);
    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    sandbox.ok(&["logout", "corp"]);
    assert_eq!(sandbox.read("home/credentials.toml"), credentials);

    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    sandbox.ok(&["registry", "remove", "corp"]);
    let left = "# my registries\n[registries] # mine\n\n# default for all of us\n[registry]\n";
    assert_eq!(sandbox.read("home/config.toml"), left);
    assert_eq!(sandbox.read("home/credentials.toml"), "");

    // One of which nothing but its name is left, too.
    sandbox.write("home/config.toml", &config);
    sandbox.write("home/credentials.toml", credentials);
    sandbox.ok(&["registry", "remove", "corp"]);
    assert_eq!(sandbox.read("home/credentials.toml"), "");
    sandbox.write("home/config.toml", "registries = {} # mine\n");
    sandbox.ok(&["registry", "add", "corp", INDEX]);
    sandbox.ok(&["registry", "remove", "corp"]);
    assert_eq!(sandbox.read("home/config.toml"), "registries = {} # mine\n");
}

#[test]
fn renaming_takes_along_tables_that_stand_beside_a_token() {
    let text = |name: &str| {
        format!(
            "[registries.{name}]\ntoken = \"{SENTINEL}-0123456789\"\n[[registries.{name}.a]]\nz = 1\n"
        )
    };
    let mut sandbox = with_corp();
    sandbox.write("home/credentials.toml", text("corp"));
    sandbox.ok(&["registry", "rename", "corp", "work"]);
    assert_eq!(sandbox.read("home/credentials.toml"), text("work"));
}

#[test]
fn removing_logs_out_and_leaves_no_trace() {
    let mut sandbox = Sandbox::new();
    sandbox.env("T", format!("{SENTINEL}-of-corp-0123456789"));
    sandbox.write("home/config.toml", "# mine\n[build]\njobs = 1\n");
    sandbox.ok(&[
        "registry",
        "add",
        "corp",
        INDEX,
        "--make-default",
        "--provider",
        "cargo:token",
    ]);
    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    let json = sandbox.json(&["registry", "remove", "corp"]);
    assert_eq!(json["places"][0]["outcome"], "removed");
    assert_eq!(
        sandbox.read("home/config.toml"),
        "# mine\n[build]\njobs = 1\n"
    );
    assert_eq!(sandbox.read("home/credentials.toml"), "");

    sandbox.ok(&["registry", "add", "corp", INDEX]);
    sandbox.ok(&["login", "corp", "--from", "env:T"]);
    sandbox.ok(&["registry", "remove", "corp", "--keep-token"]);
    assert!(sandbox.read("home/credentials.toml").contains(SENTINEL));
    // A token without a registry can still be removed.
    sandbox.ok(&["logout", "corp"]);
    assert!(!sandbox.read("home/credentials.toml").contains(SENTINEL));
}

#[test]
fn a_registry_shows_where_each_value_is_and_what_it_hides() {
    let mut sandbox = with_corp();
    sandbox.write(
        "work/.cargo/config.toml",
        "[registries.corp]\nindex = \"sparse+https://project.example/\"\n",
    );
    let json = sandbox.json(&["registry", "show", "corp"]);
    assert_eq!(json["index"], "sparse+https://project.example/");
    assert_eq!(json["values"][0]["place"]["line"], 2);
    assert_eq!(json["values"][0]["shadowed"][0]["value"], INDEX);
    let variables = json["variables"].to_string();
    assert!(
        variables.contains("CARGO_REGISTRIES_CORP_TOKEN"),
        "{variables}"
    );
    sandbox.ok(&["registry", "show", "-r", "corp"]);
    sandbox.ok(&["registry", "show", INDEX]);
    sandbox.ok(&["registry", "show", "crates-io"]);
}

#[test]
fn an_alias_with_a_space_is_an_array_and_a_list_gets_an_alias_for_one() {
    let mut sandbox = Sandbox::new();
    sandbox.ok(&["alias", "set", "plain", "vault", "-x"]);
    sandbox.ok(&["alias", "set", "spaced", "vault", "a b"]);
    let run = sandbox.ok(&["provider", "add", "--", "my-vault", "--item", "crates io"]);
    assert!(
        run.stderr
            .contains("the alias `my-vault` stands for the provider"),
        "{}",
        run.stderr
    );
    expect_test::expect![[r#"
        [credential-alias]
        plain = "vault -x"
        spaced = ["vault", "a b"]
        my-vault = ["my-vault", "--item", "crates io"]

        [registry]
        global-credential-providers = ["cargo:token", "my-vault"]
    "#]]
    .assert_eq(&sandbox.read("home/config.toml"));
    let json = sandbox.json(&["provider", "list"]);
    assert_eq!(
        json["providers"][0]["command"],
        serde_json::json!(["my-vault", "--item", "crates io"])
    );
    sandbox.ok(&["alias", "remove", "spaced"]);
    sandbox.fails(3, &["alias", "remove", "spaced"]);
    sandbox.fails(64, &["alias", "set", "cargo:token", "x"]);
}

/// Cargo finds registries before it reads the credentials (4), so edits of an index do not go there.
#[test]
fn what_the_credentials_say_of_an_index_or_a_default_does_not_count() {
    let mut sandbox = with_corp();
    sandbox.write(
        "home/credentials.toml",
        "[registry]\ndefault = \"x\"\n[registries.corp]\nindex = \"sparse+https://x.example/\"\n",
    );
    sandbox.ok(&["registry", "set", "corp", "--make-default"]);
    assert!(
        sandbox
            .read("home/config.toml")
            .contains("default = \"corp\"")
    );
    sandbox.ok(&[
        "registry",
        "set",
        "corp",
        "--index",
        "sparse+https://new.example/",
    ]);
    assert!(sandbox.read("home/config.toml").contains("new.example"));
    assert!(sandbox.read("home/credentials.toml").contains("x.example"));
}

#[test]
fn an_index_that_is_none_can_be_mended_and_removed() {
    for index in ["\"u:PASSWORD@host\"", "3", "\"no url\""] {
        let mut sandbox = Sandbox::new();
        let text = format!(
            "[registries.bad]\nindex = {index}\n\n[registries.corp]\nindex = \"{INDEX}\"\n"
        );
        sandbox.write("home/config.toml", &text);
        let failed = sandbox.fails(65, &["registry", "show", "bad"]);
        assert!(
            failed.stderr.contains("home/config.toml:2"),
            "{}",
            failed.stderr
        );
        assert!(!failed.stderr.contains("PASSWORD"), "{}", failed.stderr);
        let run = sandbox.ok(&[
            "registry",
            "set",
            "bad",
            "--index",
            "sparse+https://bad.example/",
        ]);
        assert!(!run.stdout.contains("PASSWORD"), "{}", run.stdout);
        sandbox.ok(&["registry", "show", "bad"]);
        sandbox.write("home/config.toml", &text);
        sandbox.ok(&["registry", "remove", "bad"]);
        sandbox.ok(&["registry", "show", "corp"]);
    }
}
