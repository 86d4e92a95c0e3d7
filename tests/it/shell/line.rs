//! The line itself: what is offered, hinted, coloured and remembered while it is typed.

use vt100::Color;

use super::{CTRL_C, CTRL_D, HISTORY, UP, with_corp};
use crate::harness::Sandbox;
use crate::pty::Pty;

const DOWN: &str = "\x1b[B";
const RIGHT: &str = "\x1b[C";
const ESC: &str = "\x1b";
const RED: Color = Color::Idx(160);
const GREEN: Color = Color::Idx(28);
const CYAN: Color = Color::Idx(31);

fn in_color(color: Color) -> impl Fn(&vt100::Cell) -> bool {
    move |cell| cell.fgcolor() == color
}

#[test]
fn each_candidate_says_what_it_is_in_one_line_of_the_window() {
    let sandbox = with_corp();
    let long = format!("sparse+https://core.example/{}/", "very-long/".repeat(9));
    let config = sandbox.read("home/config.toml");
    sandbox.write(
        "home/config.toml",
        format!("{config}[registries.core]\nindex = \"{long}\"\n"),
    );
    let mut shell = Pty::shell(&sandbox, &[]);
    for (typed, expected) in [
        ("registry \t", "add     Add a registry"),
        (
            "login corp --fr\t--sch\x15login corp --from \t",
            "env:       an environment variable",
        ),
        ("login corp --scheme \t", "basic   "),
        ("status co\t", "corp  sparse+https://corp.example/"),
        (
            "provider add cargo:\t",
            "cargo:token-from-stdout  built into Cargo",
        ),
        ("help s\t", "shell"),
        ("hist\t", "> history "),
        ("record --st\t", "> record --stop "),
        (
            "let r = registry::re\t",
            "registry::rename(  Rename a registry",
        ),
    ] {
        shell.clear().keys(typed).sees(expected);
    }
    shell.clear().keys("status co\t").sees("core  sparse");
    let lines = shell.lines();
    let core = lines.iter().find(|line| line.starts_with("core")).unwrap();
    assert!(core.ends_with('…') && core.chars().count() <= 78, "{core}");
}

#[test]
fn a_wrong_word_is_red_before_enter_and_what_is_known_has_its_colour() {
    let sandbox = with_corp();
    let mut shell = Pty::shell(&sandbox, &[]);
    for (typed, text, color) in [
        ("registry lst ", "lst", RED),
        ("registry list", "registry", CYAN),
        ("login corp --form ", "--form", RED),
        ("login corp --scheme beer ", "beer", RED),
        ("login copr ", "copr", RED),
        ("login corp one-too-many ", "one-too-many", RED),
        ("regsitry list ", "regsitry", RED),
        ("alias set 'a b' ", "'a b'", GREEN),
        ("let x = \"a\" + 1; // why", "\"a\"", GREEN),
        ("registry::lst()", "registry::lst", RED),
        ("login(\"corp\")", "login", CYAN),
        ("let x = 7", "let", Color::Idx(133)),
        ("let x = 77", "77", Color::Idx(130)),
    ] {
        shell.clear().keys(typed).sees_as(text, in_color(color));
    }
    // A word that may become a right one is none yet, and a right one is not red.
    shell.clear().keys("registry li").sees("> registry li");
    shell.sees_as("li", in_color(Color::Default));
    shell
        .clear()
        .keys("f([1, 2])")
        .sees_as("(", vt100::Cell::underline);
    shell
        .keys("\x1b[D\x1b[D")
        .sees_as("[", vt100::Cell::underline);
    shell.clear().keys("f(1]").sees_as("]", in_color(RED));
}

#[test]
fn a_hint_is_taken_as_a_whole_or_word_by_word() {
    let sandbox = with_corp();
    let mut shell = Pty::shell(&sandbox, &[]);
    shell.line("registry show corp");
    for (typed, taken) in [
        (format!("registry s{RIGHT}!"), "> registry show corp!"),
        ("registry s\x05!".to_owned(), "> registry show corp!"),
        ("registry s\x1b[F!".to_owned(), "> registry show corp!"),
        ("registry s\x1bf".to_owned(), "> registry show corp"),
        ("registry s\x1bf!".to_owned(), "> registry show!"),
        (
            format!("registry s{RIGHT}\x1b[D{RIGHT}!"),
            "> registry show corp!",
        ),
    ] {
        shell.clear().keys(&typed).sees(taken);
    }
    // What was not taken is gone with Enter.
    shell
        .clear()
        .keys("registry sh")
        .sees("> registry show corp");
    shell.keys("\r").sees("error: ").sees("\ncredsh> ");
    assert!(shell.screen().starts_with("credsh> registry sh\n"));
}

#[test]
fn up_and_down_stay_among_the_lines_that_begin_alike() {
    let sandbox = with_corp();
    let mut shell = Pty::shell(&sandbox, &[]);
    for line in [
        "registry list",
        "alias list",
        "registry show corp",
        "provider list",
    ] {
        shell.line(line);
    }
    shell
        .clear()
        .keys("reg")
        .keys(UP)
        .sees("> registry show corp");
    shell.keys(UP).sees("> registry list");
    shell.keys(DOWN).sees("> registry show corp");
    // With nothing typed, through all of them, and back to nothing.
    shell.keys(CTRL_C).sees("corp\ncredsh> ");
    shell.clear().keys(UP).sees("> provider list");
    shell.keys(UP).sees("> registry show corp");
    shell.keys(UP).sees("> alias list");
    shell.keys(DOWN).sees("> registry show corp");
    shell.keys(DOWN).keys(DOWN).keys("x").sees("> x");
    // Ctrl-R finds a part; Ctrl-C leaves the shell as it was.
    shell
        .clear()
        .keys("\x12ias")
        .sees("reverse-i-search")
        .sees("alias list");
    shell.keys("\x05!").sees("> alias list!");
    shell.clear().keys("\x12zzz").sees("failed");
    shell.keys(CTRL_C).sees("\ncredsh> ");
}

#[test]
fn the_keys_are_those_of_inputrc() {
    let mut sandbox = with_corp();
    sandbox.write("user/.inputrc", "set editing-mode vi\n");
    let mut shell = Pty::shell(&sandbox, &[]);
    // What follows an Escape too soon is one key with it; on its own it moves the cursor back by one.
    shell
        .keys("tatus")
        .sees("tatus")
        .keys(ESC)
        .sees_cursor_in(12);
    shell.keys("0is").sees("> status").keys("\x1b");
    // Enter may follow at once: it is no new line of the same entry.
    shell
        .keys("\x1b")
        .keys("\r")
        .sees("\ncorp: not logged in")
        .sees("\ncredsh> ");
    drop(shell);
    // Another file, as for other programs; without any, the keys are those of emacs.
    sandbox.write("work/rc", "set editing-mode emacs\n");
    sandbox.env(
        "INPUTRC",
        sandbox.root().join("work/rc").display().to_string(),
    );
    let mut shell = Pty::shell(&sandbox, &[]);
    shell.keys("tatus\x01s\x05!").sees("> status!");
}

#[test]
fn two_shells_lose_no_line_of_each_other() {
    let sandbox = Sandbox::new();
    let mut one = Pty::shell(&sandbox, &[]);
    let mut other = Pty::shell(&sandbox, &[]);
    for number in 0..4 {
        one.line(&format!("{number} + 100"));
        other.line(&format!("{number} + 200"));
    }
    for shell in [&mut one, &mut other] {
        assert_eq!(shell.keys(CTRL_D).ends(), 0);
    }
    let kept = sandbox.read(HISTORY);
    for number in 0..4 {
        for hundred in [100, 200] {
            let line = format!("\n{number} + {hundred}\n");
            assert_eq!(kept.matches(&line).count(), 1, "{kept}");
        }
    }
}

#[test]
fn the_history_is_kept_to_its_length_and_a_damaged_one_is_left_alone() {
    let sandbox = Sandbox::new();
    let lines: String = (0..2_100)
        .flat_map(|number| [number.to_string(), " + 1\n".to_owned()])
        .collect();
    sandbox.write(HISTORY, format!("#V2\n{lines}"));
    let mut shell = Pty::shell(&sandbox, &[]);
    shell.line("registry list");
    shell.clear().keys(UP).keys(UP).sees("> 2099 + 1");
    drop(shell);
    let kept = sandbox.read(HISTORY);
    assert_eq!(kept.lines().count(), 2_001);
    assert!(kept.ends_with("2099 + 1\nregistry list\n"));
    sandbox.write(HISTORY, b"#V2\n\xff\xfe\n");
    let mut shell = Pty::shell(&sandbox, &[]);
    assert!(shell.screen().contains("warning: the history is not kept"));
    shell.line("registry list");
    assert_eq!(
        std::fs::read(sandbox.root().join(HISTORY)).unwrap(),
        b"#V2\n\xff\xfe\n"
    );
}

#[test]
fn another_size_of_the_window_keeps_the_line() {
    let sandbox = with_corp();
    let mut shell = Pty::shell(&sandbox, &[]);
    let line = "registry show corp --json --quiet --no-input";
    shell.clear().keys(line).sees("--no-input");
    shell.resize(30).sees("--no-input");
    shell
        .resize(100)
        .keys("\x15alias list\r")
        .sees("no aliases");
    // Tables and help follow it.
    shell.resize(48);
    let shown = shell.line("help transactions");
    assert!(
        shown.contains("\nAt the prompt each command") || shown.contains("At the prompt"),
        "{shown}"
    );
    let words: Vec<&str> = shown.split_whitespace().collect();
    assert!(
        words.contains(&"standard") && words.contains(&"transaction"),
        "{shown}"
    );
}

#[test]
fn alt_enter_begins_a_new_line_in_the_same_entry() {
    let sandbox = with_corp();
    let mut shell = Pty::shell(&sandbox, &[]);
    shell
        .clear()
        .keys("1 + 1\x1b\r40 + 2")
        .sees("40 + 2")
        .keys("\r");
    shell.sees("\n2\n42\n");
    shell.clear().keys(UP).sees("1 + 1").sees("40 + 2");
}
