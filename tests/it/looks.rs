//! What answers, notes, errors and help look like on terminals of 80 and of 60 columns, with colours and without.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::harness::{SENTINEL, Sandbox};

/// None of them changes anything.
const COMMANDS: &[&str] = &[
    "registry list",
    "registry show corp",
    "status",
    "why corp --operation publish --crate serde",
    "why shadowed",
    "provider list",
    "alias list",
    "token list",
    "token list shadowed",
    "login shadowed --from env:T --dry-run",
    "registry set corp --index sparse+https://another.corp.example/index/",
    "registry add a-new-registry https://crates.corp.example/a/path/of/some/length/index.git --dry-run",
    "registry lst",
    "help",
    "help login",
    "help transactions",
];

/// A home in which much has a long name.
fn sandbox() -> Sandbox {
    wait_for_a_day_that_does_not_end();
    let mut sandbox = Sandbox::new();
    sandbox.env("T", format!("{SENTINEL}-0123456789abcdef"));
    // Its name alone says then which program Cargo would start.
    sandbox.env("PATH", sandbox.root().join("bin").display().to_string());
    let program = env!("CARGO_BIN_EXE_credsh");
    sandbox.program(
        "bin/credsh",
        &format!("#!/bin/sh\nexec '{program}' \"$@\"\n"),
    );
    let lines = [
        "registry add corp sparse+https://crates.corp.example/a/path/of/some/length/index/ --make-default",
        "registry add a-registry-with-a-long-name sparse+https://lab.example/index/ --provider credsh",
        "registry add shadowed sparse+https://shadowed.example/index/",
        "provider add cargo:token",
        "provider add cargo:wincred",
        "alias set a-vault cargo-credential-vault --profile a-profile-of-work --with many --more arguments",
        "login corp --from env:T",
        "login a-registry-with-a-long-name --from env:T --store sealed --label for-publishing --operations publish,yank --crates 'serde*,toml' --expires 9d",
        "login a-registry-with-a-long-name --from env:T --store sealed --label ever",
    ];
    for line in lines {
        sandbox.ok(&["-q", "-c", line]);
    }
    sandbox.env(
        "CARGO_REGISTRIES_SHADOWED_TOKEN",
        format!("{SENTINEL}-in-a-variable"),
    );
    sandbox
}

/// In how many days something is would be another number tomorrow.
fn wait_for_a_day_that_does_not_end() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let left = 86_400 - now.as_secs() % 86_400;
    if left < 120 {
        std::thread::sleep(Duration::from_secs(left));
    }
}

/// A line with its colours by name.
fn named(text: &str) -> String {
    let names = [
        ("\u{1b}[0m", ">"),
        ("\u{1b}[1m", "<bold:"),
        ("\u{1b}[2m", "<faint:"),
        ("\u{1b}[38;5;31m", "<cyan:"),
        ("\u{1b}[38;5;28m", "<green:"),
        ("\u{1b}[1;38;5;130m", "<ORANGE:"),
        ("\u{1b}[1;38;5;160m", "<RED:"),
    ];
    let shown = names.iter().fold(text.to_owned(), |text, (code, name)| {
        text.replace(code, name)
    });
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    shown
}

fn without_colours(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    plain + rest
}

/// How long the last word of a line is, where code is one.
fn last_word(line: &str) -> usize {
    let code = line.find('`').filter(|_| line.trim_end().ends_with('`'));
    let start = code.or_else(|| line.rfind(' ').map(|blank| blank + 1));
    line[start.unwrap_or_default()..].chars().count()
}

#[test]
fn answers_fit_the_terminal_in_colour_and_without() {
    let mut all = String::new();
    let mut sandbox = sandbox();
    for (width, color) in [(80, false), (80, true), (60, false), (60, true)] {
        let colours = if color { ", colours" } else { "" };
        all.push_str(&format!("==== {width} columns{colours}\n"));
        for line in COMMANDS {
            let words = credsh::words::split(line).unwrap();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let run = sandbox.looks_all(color, width).run(&words);
            let text = format!("{}{}", run.stderr, run.stdout);
            for line in without_colours(&text).lines() {
                let is_place = line.contains(&sandbox.root().display().to_string());
                assert!(
                    line.chars().count() <= width || is_place || last_word(line) + 8 > width,
                    "{width} columns are too few for: {line}"
                );
                // What a screen reader would spell out.
                assert!(
                    !line.contains(|c| ('\u{2500}'..='\u{259f}').contains(&c)),
                    "{line}"
                );
            }
            // Help is laid out by the parser; its colours and text are of other tests.
            if !line.starts_with("help") {
                let text = text.replace(&sandbox.home().display().to_string(), "~/.cargo");
                all.push_str(&format!("$ {line}\n{}", named(&text)));
            }
        }
    }
    expect_test::expect_file!["looks.txt"].assert_eq(&all);
}

#[test]
fn the_reason_why_a_token_is_left_is_never_shortened() {
    let mut sandbox = sandbox();
    let reason = "kept for shadowed: unset `CARGO_REGISTRIES_SHADOWED_TOKEN` where it is set";
    for width in [80, 60, 40] {
        let words = ["logout", "--all", "--dry-run"];
        let shown = sandbox.looks_all(false, width).run(&words).stdout;
        let words: Vec<&str> = shown.split_whitespace().collect();
        assert!(words.join(" ").contains(reason), "{width}:\n{shown}");
    }
}

#[test]
fn colours_say_nothing_that_the_words_do_not() {
    let mut sandbox = sandbox();
    for line in COMMANDS {
        let words = credsh::words::split(line).unwrap();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let [plain, coloured] = [false, true].map(|color| {
            let run = sandbox.looks_all(color, 80).run(&words);
            without_colours(&format!("{}{}", run.stderr, run.stdout))
        });
        assert_eq!(plain, coloured, "{line}");
    }
}

#[test]
fn a_dumb_terminal_gets_no_escape() {
    let mut sandbox = sandbox();
    sandbox.env("TERM", "dumb");
    let run = sandbox.looks_all(true, 80).ok(&["status"]);
    assert!(!run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}'));
}

#[test]
fn dates_are_counted_from_today_for_a_person_only() {
    let mut sandbox = sandbox();
    sandbox.ok(&["token", "set", "ever", "--expires", "2020-01-31"]);
    let shown = sandbox.looks_all(false, 160).ok(&["token", "list"]).stdout;
    assert!(
        shown.contains("in 9 days") && shown.contains("today"),
        "{shown}"
    );
    assert!(shown.contains("years ago"), "{shown}");
    let piped = sandbox.ok(&["token", "list"]).stdout;
    assert!(
        piped.contains("expired 2020-01-31") && !piped.contains("days"),
        "{piped}"
    );
    let json = sandbox.json(&["token", "list"]);
    let days = json["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|token| &token["expires"]);
    assert!(days.into_iter().any(|day| day == "2020-01-31"), "{json}");
}
