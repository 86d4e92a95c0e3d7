//! Whoever watches is told what takes long, for as long as it does where that can be taken back; nobody else is told
//! anything.

use crate::harness::Sandbox;
use crate::pty::Pty;

/// A registry whose provider takes longer than anybody likes to look at nothing.
fn sandbox(program: &str) -> Sandbox {
    let mut sandbox = Sandbox::new();
    let program = sandbox.program("bin/slow", program);
    sandbox.env("PATH", "/usr/bin:/bin");
    let spec = program.display().to_string();
    sandbox.ok(&["alias", "set", "slow", &spec]);
    sandbox.ok(&[
        "registry",
        "add",
        "corp",
        "sparse+https://corp.example/",
        "--provider",
        "slow",
    ]);
    sandbox
}

const UNTIL_TOLD: &str = "while [ ! -e \"$CARGO_HOME/go\" ]; do sleep 0.02; done";

/// A provider that has no token, and takes its time.
fn slow(wait: &str) -> String {
    format!(
        "#!/bin/sh\necho '{{\"v\":[1]}}'\nread -r request\n{wait}\n\
         echo '{{\"Err\":{{\"kind\":\"not-found\"}}}}'\n"
    )
}

#[test]
fn what_is_waited_for_is_told_and_taken_back() {
    let sandbox = sandbox(&slow(UNTIL_TOLD));
    let mut pty = Pty::start(
        &sandbox,
        env!("CARGO_BIN_EXE_credsh"),
        &["why", "corp", "--ask"],
    );
    pty.sees("waiting for `");
    let before = pty.screen();
    assert_eq!(before.trim().lines().count(), 1, "{before}");
    assert!(
        before.contains("slow") && before.trim_end().ends_with('…'),
        "{before}"
    );
    sandbox.write("home/go", "");
    pty.ends();
    let after = pty.screen();
    assert!(
        after.contains("registry corp") && !after.contains("waiting"),
        "{after}"
    );
}

#[test]
fn who_does_not_watch_is_not_told() {
    for arguments in [
        &["--quiet", "why", "corp", "--ask"][..],
        &["why", "corp", "--ask", "--quiet"],
        &["--json", "why", "corp", "--ask"],
    ] {
        let sandbox = sandbox(&slow("sleep 0.8"));
        let mut pty = Pty::start(&sandbox, env!("CARGO_BIN_EXE_credsh"), arguments);
        pty.ends();
        assert!(!pty.ever_showed("waiting"), "{arguments:?}");
    }
    let mut sandbox = sandbox(&slow("sleep 0.8"));
    let run = sandbox.run(&["why", "corp", "--ask"]);
    assert!(!run.stderr.contains("waiting"), "{}", run.stderr);
}

/// Whoever has such a terminal may hear it read aloud, and would not know why nothing comes.
#[test]
fn a_terminal_that_cannot_take_it_back_is_told_once_for_good() {
    let mut sandbox = sandbox(&slow("sleep 1.2; echo 'of the provider' >&2; sleep 0.5"));
    sandbox.env("TERM", "dumb");
    let program = env!("CARGO_BIN_EXE_credsh");
    let mut pty = Pty::start(&sandbox, program, &["why", "corp", "--ask"]);
    pty.ends();
    let screen = pty.screen();
    assert_eq!(screen.matches("waiting for").count(), 1, "{screen}");
    assert!(screen.starts_with("note: waiting for `"), "{screen}");
    assert!(screen.contains("\nregistry corp"), "{screen}");
    assert!(!pty.ever_showed("\x1b"));
    let mut pty = Pty::start(&sandbox, program, &["why", "corp", "--ask", "--quiet"]);
    pty.ends();
    assert!(!pty.ever_showed("waiting"));
}

/// The line belongs to the program that asks in it.
#[test]
fn a_program_that_asks_is_not_written_over() {
    let sandbox = sandbox(
        "#!/bin/sh\n\
         exec 3</dev/tty\n\
         echo '{\"v\":[1]}'\n\
         read -r request\n\
         printf 'PIN of the card: ' >&2\n\
         read -r pin <&3\n\
         echo '{\"Err\":{\"kind\":\"not-found\"}}'\n",
    );
    let mut pty = Pty::start(
        &sandbox,
        env!("CARGO_BIN_EXE_credsh"),
        &["why", "corp", "--ask"],
    );
    pty.sees("PIN of the card: ");
    // On a busy machine it may be waited for before it asks.
    let before = pty.times_shown("waiting");
    std::thread::sleep(std::time::Duration::from_millis(900));
    assert_eq!(pty.times_shown("waiting"), before, "{}", pty.screen());
    pty.keys("1234\r");
    pty.ends();
    assert!(
        pty.screen().contains("PIN of the card: 1234"),
        "{}",
        pty.screen()
    );
}
