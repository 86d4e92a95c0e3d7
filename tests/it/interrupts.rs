//! Ctrl-C while a provider works: what was done before is given back, a second one ends that too, and what nobody
//! knows is said.

use std::os::unix::process::ExitStatusExt;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::harness::Sandbox;
use crate::pty::Pty;

const OLD: &str = "sentinel-old-0123456789abcdef";
const NEW: &str = "sentinel-new-0123456789abcdef";
const THEIRS: &str = "sentinel-theirs-0123456789abcdef";

/// Keeps one token, and takes its time for each login. `slow` makes it hang before that, and say who it is, `stuck` makes
/// it keep the next token and then hang, `lingers`
/// makes it hang behind its answer, once that has been read, `fire` makes it refuse, `late` and `halts` make
/// it refuse, and hang, when it has kept the token that they name, `mute` makes it give none. `dies` and `denies` make it
/// end, and refuse, with a token that it has kept, and with the signal that the file names for who has started it; then it
/// says nothing where `down` is.
const KEEPER: &str = r#"#!/bin/sh
cd 'FOLDER' || exit 1
echo '{"v":[1]}'
read -r request
case "$request" in
*'"kind":"get"'*)
    if [ -f mute ]; then touch hanging; exec sleep 60; fi
    if [ -f down ]; then echo '{"Err":{"kind":"other","message":"starting"}}'; exit; fi
    if [ -f held ]
    then printf '{"Ok":{"kind":"get","token":"%s","cache":"session","operation_independent":true}}\n' "$(cat held)"
    else echo '{"Err":{"kind":"not-found"}}'
    fi ;;
*'"kind":"login"'*)
    if [ -f fire ]; then echo '{"Err":{"kind":"other","message":"on fire"}}'; exit; fi
    if [ -f slow ]; then echo $$ >hanging; exec sleep 60; fi
    if [ ! -f stuck ]; then sleep 0.5; fi
    printf %s "$request" | sed -n 's/.*"token":"\([^"]*\)".*/\1/p' | tr -d '\n' >held
    if [ -f stuck ]; then touch hanging; exec sleep 60; fi
    for end in dies denies; do
        if [ -f "$end" ]; then
            if [ -s "$end" ]; then kill -s "$(cat "$end")" "$PPID"; fi
            rm -f "$end"
            if [ "$end" = dies ]; then exit 1; fi
            echo '{"Err":{"kind":"other","message":"ended"}}'; exit
        fi
    done
    if [ -f halts ] && [ "$(cat held)" = "$(cat halts)" ]; then touch hanging; exec sleep 60; fi
    if [ -f late ] && [ "$(cat held)" = "$(cat late)" ]
    then echo '{"Err":{"kind":"other","message":"too late"}}'; exit; fi
    echo '{"Ok":{"kind":"login"}}'
    if [ -f lingers ]; then sleep 0.3; touch hanging; exec sleep 60; fi ;;
*)
    if [ -f stuck ]; then touch hanging; exec sleep 60; fi
    rm -f held; echo '{"Ok":{"kind":"logout"}}' ;;
esac
"#;

/// Two registries, each with a keeper of its own; the one of `b` holds a token.
fn two_keepers() -> Sandbox {
    let mut sandbox = Sandbox::new();
    let mut config = String::new();
    for name in ["a", "b"] {
        let folder = sandbox.root().join(name);
        std::fs::create_dir(&folder).unwrap();
        let keeper = KEEPER.replace("FOLDER", folder.to_str().unwrap());
        let program = sandbox.program(&format!("bin/keeper-{name}"), &keeper);
        config += &format!(
            "[registries.{name}]\nindex = 'sparse+https://{name}.example/'\ncredential-provider = ['{}']\n",
            program.display()
        );
    }
    sandbox.write("home/config.toml", config);
    sandbox.write("b/held", OLD);
    sandbox
        .env("PATH", "/usr/bin:/bin")
        .env("OLD", OLD)
        .env("NEW", NEW);
    sandbox
}

#[track_caller]
fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Runs these lines as a batch, and presses Ctrl-C for each condition that has come true.
fn interrupted(sandbox: &Sandbox, lines: &[&str], when: &[&dyn Fn() -> bool]) -> (u8, String) {
    interrupted_with(sandbox, &[], lines, when)
}

fn interrupted_with(
    sandbox: &Sandbox,
    options: &[&str],
    lines: &[&str],
    when: &[&dyn Fn() -> bool],
) -> (u8, String) {
    let mut command = sandbox.process();
    command.args(options);
    for line in lines {
        command.args(["-c", line]);
    }
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let id = Pid::from_child(&child);
    for (number, is_so) in when.iter().enumerate() {
        wait_for(&format!("moment {number}"), is_so);
        kill_process(id, Signal::INT).unwrap();
    }
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    let told = [stdout, stderr].concat();
    let told = String::from_utf8(told).unwrap();
    assert!(!told.contains("sentinel"), "{told}");
    let status = status.code().and_then(|code| code.try_into().ok());
    (status.unwrap(), told)
}

#[test]
fn a_provider_that_is_slow_is_given_back_what_it_held() {
    let sandbox = two_keepers();
    sandbox.write("a/stuck", "");
    let lines = ["login b --from env:NEW", "login a --from env:NEW"];
    let (status, told) = interrupted(&sandbox, &lines, &[&|| is_hanging(&sandbox)]);
    assert_eq!(status, 130, "{told}");
    assert_eq!(sandbox.read("b/held"), OLD, "{told}");
    assert!(told.contains("error: interrupted"), "{told}");
    assert!(!told.contains("go back"), "{told}");
    // It had the token, and nobody heard of it; by now it is known.
    assert!(!told.contains("unknown"), "{told}");
    assert!(!sandbox.exists("a/held"), "{told}");
}

/// Nobody has heard whether it has the token: it is asked, and gives that back.
#[test]
fn what_was_interrupted_in_a_login_is_undone() {
    for held in [None, Some("sentinel-before-0123456789")] {
        let sandbox = two_keepers();
        if let Some(held) = held {
            sandbox.write("a/held", held);
        }
        sandbox.write("a/stuck", "");
        let lines = ["registry set b --make-default", "login a --from env:NEW"];
        let (status, told) = interrupted(&sandbox, &lines, &[&|| is_hanging(&sandbox)]);
        assert_eq!(status, 130, "{told}");
        let config = sandbox.read("home/config.toml");
        assert!(!config.contains("default"), "{config}");
        assert!(!sandbox.exists("home/.credsh/journal"), "{told}");
        let now = sandbox.exists("a/held").then(|| sandbox.read("a/held"));
        assert_eq!(now.as_deref(), held, "{told}");
    }
}

/// Two registries have one store, and the login of the second fails, or is interrupted, when it has kept its token: what is
/// undone last is what was done first, so what was there before all is there again.
#[test]
fn logins_of_one_store_are_undone_in_reverse() {
    const LATER: &str = "sentinel-later-0123456789abcdef";
    for (how, ends_with) in [("late", 1), ("halts", 130)] {
        let mut sandbox = two_keepers();
        let program = |name: &str| sandbox.root().join(format!("bin/keeper-{name}"));
        std::fs::copy(program("b"), program("a")).unwrap();
        sandbox.env("LATER", LATER);
        sandbox.write(&format!("b/{how}"), LATER);
        let lines = ["login b --from env:NEW", "login a --from env:LATER"];
        let hangs = || sandbox.exists("b/hanging");
        let when: &[&dyn Fn() -> bool] = if how == "halts" { &[&hangs] } else { &[] };
        let (status, told) = interrupted_with(&sandbox, &["--yes"], &lines, when);
        assert_eq!(status, ends_with, "{told}");
        assert_eq!(sandbox.read("b/held"), OLD, "{told}");
    }
}

fn left_to_the_next_start(is_alone: bool) -> &'static str {
    if is_alone {
        "and the next start of credsh finishes the change, or undoes it"
    } else {
        "and the next start of credsh asks again, and undoes what it can"
    }
}

/// Ctrl-C ends a login, another one the question what came of it: what was done before is undone all the same, and the
/// next start asks again, finishes the change where all of it is done, and undoes it where that is not so.
#[test]
fn a_login_in_doubt_is_left_to_the_next_start() {
    for (is_alone, is_kept) in [(true, true), (true, false), (false, true)] {
        let mut sandbox = two_keepers();
        sandbox.write("a/stuck", "");
        let mut lines = vec!["registry set b --make-default", "login a --from env:NEW"];
        if !is_alone {
            lines.insert(0, "login b --from env:NEW");
        }
        let hangs = || {
            let does = is_hanging(&sandbox);
            if does {
                sandbox.write("a/mute", "");
                std::fs::remove_file(sandbox.root().join("a/hanging")).unwrap();
            }
            does
        };
        let hangs_again = || sandbox.exists("a/hanging");
        let (status, told) = interrupted(&sandbox, &lines, &[&hangs, &hangs_again]);
        assert_eq!(status, 130, "{told}");
        assert!(told.contains(left_to_the_next_start(is_alone)), "{told}");
        assert!(sandbox.exists("home/.credsh/journal"), "{told}");
        assert_eq!(sandbox.read("b/held"), OLD, "{told}");
        std::fs::remove_file(sandbox.root().join("a/mute")).unwrap();
        if !is_kept {
            std::fs::remove_file(sandbox.root().join("a/held")).unwrap();
        }
        let run = sandbox.ok(&["registry", "list"]);
        let is_finished = is_alone && is_kept;
        let end = if is_finished {
            "an interrupted change is finished now"
        } else {
            "an interrupted change, of which no file is written, is given up"
        };
        assert!(run.stderr.contains(end), "{}", run.stderr);
        assert_eq!(sandbox.exists("a/held"), is_finished, "{}", run.stderr);
        let config = sandbox.read("home/config.toml");
        assert_eq!(config.contains("default"), is_finished, "{config}");
        assert!(!sandbox.exists("home/.credsh/journal"), "{}", run.stderr);
    }
}

/// Ctrl-C at a terminal is for the provider, too, which ends in its own way, and with the token.
#[test]
fn a_provider_that_ctrl_c_ends_first_is_given_back_what_it_held() {
    for (end, signal, ends_with) in [
        ("dies", "INT", 130),
        ("denies", "INT", 130),
        ("dies", "TERM", 143),
        ("dies", "HUP", 129),
    ] {
        let mut sandbox = two_keepers();
        sandbox.write(&format!("b/{end}"), signal);
        let lines = [
            "-c",
            "registry set a --make-default",
            "-c",
            "login b --from env:NEW",
        ];
        let run = sandbox.process().args(lines).output().unwrap();
        let told = String::from_utf8(run.stderr).unwrap();
        let status = run
            .status
            .code()
            .or(run.status.signal().map(|signal| 128 + signal));
        assert_eq!(status, Some(ends_with), "{told}");
        assert_eq!(sandbox.read("b/held"), OLD, "{end}, {signal}: {told}");
        assert!(!sandbox.exists("home/.credsh/journal"), "{told}");
        let run = sandbox.ok(&["registry", "list"]);
        assert_eq!(run.stderr, "");
    }
}

/// `nohup` has the last word on that.
#[test]
fn a_run_that_is_to_outlive_its_terminal_does() {
    let mut sandbox = two_keepers();
    sandbox.write("b/dies", "HUP");
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", "trap '' HUP; exec \"$0\" \"$@\""])
        .arg(sandbox.process().get_program())
        .args(["login", "b", "--from", "env:NEW"])
        .env_clear()
        .envs(sandbox.variables())
        .current_dir(sandbox.work());
    let run = shell.output().unwrap();
    let told = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(1), "{told}");
    assert!(!told.contains("interrupted"), "{told}");
    assert_eq!(sandbox.read("b/held"), OLD, "{told}");
    assert_eq!(sandbox.ok(&["registry", "list"]).stderr, "");
}

/// Others have logged in or out while the next login hung: that is theirs.
#[test]
fn what_others_have_changed_since_is_not_undone() {
    let cases = [
        (Some(OLD), Some(THEIRS)),
        (None, Some(THEIRS)),
        (Some(OLD), None),
    ];
    for (before, theirs) in cases {
        let sandbox = two_keepers();
        sandbox.write("a/stuck", "");
        let keeps = |token: Option<&str>| match token {
            Some(token) => drop(sandbox.write("b/held", token)),
            None => std::fs::remove_file(sandbox.root().join("b/held")).unwrap(),
        };
        keeps(before);
        let hangs = || {
            let does = is_hanging(&sandbox);
            if does {
                keeps(theirs);
            }
            does
        };
        let lines = ["login b --from env:NEW", "login a --from env:NEW"];
        let (status, told) = interrupted(&sandbox, &lines, &[&hangs]);
        assert_eq!(status, 130, "{told}");
        let now = sandbox.exists("b/held").then(|| sandbox.read("b/held"));
        assert_eq!(now.as_deref(), theirs, "{before:?}: {told}");
        assert!(
            told.contains("so somebody else may have changed it, and it stays"),
            "{told}"
        );
        assert!(!sandbox.exists("home/.credsh/journal"), "{told}");
    }
}

/// What a provider gives may be older than what it keeps.
#[test]
fn a_provider_that_still_gives_the_old_token_gets_it_back() {
    let sandbox = two_keepers();
    sandbox.write("a/fire", "").write("b/cached", OLD);
    let keeper = std::fs::read_to_string(sandbox.root().join("bin/keeper-b")).unwrap();
    let keeper = keeper.replace(r#""$(cat held)")"#, r#""$(cat cached)")"#);
    let keeper = keeper.replacen("\"$(cat held)\"\n", "\"$(cat cached)\"\n", 1);
    sandbox.program("bin/keeper-b", &keeper);
    let lines = ["login b --from env:NEW", "login a --from env:NEW"];
    let (status, told) = interrupted(&sandbox, &lines, &[]);
    assert_eq!(status, 1, "{told}");
    assert_eq!(sandbox.read("b/held"), OLD, "{told}");
}

/// Who is told to end may be told so again and again; that is no Ctrl-C.
#[test]
fn a_second_signal_of_the_same_end_does_not_end_what_is_undone() {
    for (signal, ends_with) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let sandbox = two_keepers();
        sandbox.write("a/stuck", "");
        let mut command = sandbox.process();
        for line in ["login b --from env:NEW", "login a --from env:NEW"] {
            command.args(["-c", line]);
        }
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        let id = Pid::from_child(&child);
        wait_for("the login", || is_hanging(&sandbox));
        kill_process(id, signal).unwrap();
        // Each login takes half a second, and is given back in another.
        for _ in 0..4 {
            std::thread::sleep(Duration::from_millis(50));
            kill_process(id, signal).unwrap();
        }
        let run = child.wait_with_output().unwrap();
        let told = String::from_utf8(run.stderr).unwrap();
        let status = run.status.signal().map(|signal| 128 + signal);
        assert_eq!(run.status.code().or(status), Some(ends_with), "{told}");
        assert_eq!(sandbox.read("b/held"), OLD, "{told}");
        assert!(!sandbox.exists("a/held"), "{told}");
        assert!(!sandbox.exists("home/.credsh/journal"), "{told}");
    }
}

/// Who ends all processes of the run does so to the provider that undoes something, too.
#[test]
fn a_provider_that_is_ended_while_it_undoes_is_left_to_the_next_start() {
    use std::os::unix::process::CommandExt;
    let mut sandbox = two_keepers();
    sandbox.write("b/stuck", "");
    std::fs::remove_file(sandbox.root().join("b/held")).unwrap();
    let mut command = sandbox.process();
    command.args([
        "-c",
        "login a --from env:NEW",
        "-c",
        "login b --from env:NEW",
    ]);
    let child = command
        .process_group(0)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let group = Pid::from_child(&child);
    wait_for("the login", || sandbox.exists("b/hanging"));
    sandbox.write("a/stuck", "");
    std::fs::remove_file(sandbox.root().join("b/stuck")).unwrap();
    kill_process_group(group, Signal::TERM).unwrap();
    wait_for("the undo", || sandbox.exists("a/hanging"));
    kill_process_group(group, Signal::TERM).unwrap();
    let run = child.wait_with_output().unwrap();
    let told = String::from_utf8(run.stderr).unwrap();
    assert!(sandbox.exists("home/.credsh/journal"), "{told}");
    std::fs::remove_file(sandbox.root().join("a/stuck")).unwrap();
    let run = sandbox.ok(&["registry", "list"]);
    for held in ["a/held", "b/held", "home/.credsh/journal"] {
        assert!(!sandbox.exists(held), "{held}: {told}\n{}", run.stderr);
    }
}

/// Somebody logs in at the new place while the old one forgets.
#[test]
fn what_others_have_stored_where_a_token_has_moved_to_stays() {
    let mut sandbox = two_keepers();
    let text = KEEPER
        .replace("FOLDER", sandbox.root().join("a").to_str().unwrap())
        .replace(
            "read -r request",
            "read -r request; held=held; case \"$request\" in *new.example*) held=new ;; esac",
        )
        .replace("-f held", "-f \"$held\"")
        .replace("cat held", "cat \"$held\"")
        .replace(">held", ">\"$held\"")
        .replace(
            "rm -f \"$held\";",
            &format!("rm -f \"$held\"; printf %s {THEIRS} >new;"),
        );
    sandbox.program("bin/keeper-a", &text);
    sandbox.write("a/held", OLD);
    let index = "sparse+https://new.example/";
    let run = sandbox.ok(&["registry", "set", "a", "--index", index, "--move-token"]);
    assert_eq!(sandbox.read("a/new"), THEIRS, "{}", run.stderr);
    assert!(!sandbox.exists("a/held"), "{}", run.stderr);
    assert!(
        run.stderr.contains("gives another token of `a` by now"),
        "{}",
        run.stderr
    );
}

/// It has the token, says that it has failed, and then does not say what it has.
#[test]
fn a_login_that_has_failed_and_is_in_doubt_is_left_to_the_next_start() {
    for end in ["dies", "denies"] {
        let mut sandbox = two_keepers();
        sandbox.write(&format!("a/{end}"), "");
        let lines = [
            "-c",
            "registry set b --make-default",
            "-c",
            "login a --from env:NEW",
        ];
        // It is asked what it holds before that.
        let down = sandbox.root().join("a/down");
        let keeper = sandbox.root().join("bin/keeper-a");
        let text = std::fs::read_to_string(&keeper).unwrap();
        let text = text.replace("rm -f \"$end\"", "rm -f \"$end\"; touch down");
        sandbox.program("bin/keeper-a", &text);
        let run = sandbox.run(&lines);
        assert_eq!(run.status, 1, "{}", run.stderr);
        assert!(
            run.stderr
                .contains("and the next start of credsh finishes the change, or undoes it"),
            "{}",
            run.stderr
        );
        std::fs::remove_file(down).unwrap();
        let run = sandbox.ok(&["registry", "list"]);
        assert!(sandbox.exists("a/held"), "{}", run.stderr);
        let config = sandbox.read("home/config.toml");
        assert!(config.contains("default"), "{config}");
        assert!(!sandbox.exists("home/.credsh/journal"), "{}", run.stderr);
    }
}

/// Ctrl-C ends what a provider was to forget, in its own way.
#[test]
fn a_logout_that_ctrl_c_ends_first_is_finished_by_the_next_start() {
    let mut sandbox = two_keepers();
    sandbox.write("a/held", NEW);
    let keeper = std::fs::read_to_string(sandbox.root().join("bin/keeper-b")).unwrap();
    let text = keeper.replace(
        "    rm -f held;",
        "    if [ -f ends ]; then rm ends; kill -s INT \"$PPID\"; exit 1; fi\n    rm -f held;",
    );
    sandbox.program("bin/keeper-b", &text);
    sandbox.write("b/ends", "");
    let run = sandbox
        .process()
        .args(["-c", "logout b", "-c", "logout a"])
        .output()
        .unwrap();
    let told = String::from_utf8([run.stdout, run.stderr].concat()).unwrap();
    assert_eq!(run.status.code(), Some(130), "{told}");
    assert!(
        told.contains("the next start of credsh tries again"),
        "{told}"
    );
    let run = sandbox.ok(&["registry", "list"]);
    for held in ["a/held", "b/held", "home/.credsh/journal"] {
        assert!(!sandbox.exists(held), "{held}: {}", run.stderr);
    }
}

/// One that did not answer in time may have done it all the same.
#[test]
fn a_login_that_is_given_up_is_left_to_the_next_start() {
    let mut sandbox = two_keepers();
    sandbox.time_limit(Duration::from_millis(1500));
    sandbox.write("a/stuck", "");
    let script = [
        "-c",
        "registry set b --make-default",
        "-c",
        "login b --from env:NEW",
        "-c",
        "login a --from env:NEW",
    ];
    let run = sandbox.run(&script);
    assert_eq!(run.status, 4, "{}", run.stderr);
    assert!(
        run.stderr.contains(left_to_the_next_start(false)),
        "{}",
        run.stderr
    );
    assert_eq!(sandbox.read("b/held"), OLD, "{}", run.stderr);
    assert_eq!(sandbox.read("a/held"), NEW, "{}", run.stderr);
    std::fs::remove_file(sandbox.root().join("a/stuck")).unwrap();
    let run = sandbox.ok(&["registry", "list"]);
    assert!(!sandbox.exists("a/held"), "{}", run.stderr);
    assert!(!sandbox.exists("home/.credsh/journal"), "{}", run.stderr);
}

/// What was undone is not the next start's any more: by then it is somebody else's.
#[test]
fn what_was_undone_is_nothing_that_is_left() {
    let mut sandbox = two_keepers();
    std::fs::remove_file(sandbox.root().join("b/held")).unwrap();
    sandbox.write("a/stuck", "");
    let hangs = || {
        let does = is_hanging(&sandbox);
        if does {
            sandbox.write("a/mute", "");
            std::fs::remove_file(sandbox.root().join("a/hanging")).unwrap();
        }
        does
    };
    let lines = ["login b --from env:NEW", "login a --from env:NEW"];
    let (_, told) = interrupted(&sandbox, &lines, &[&hangs, &|| sandbox.exists("a/hanging")]);
    assert!(!sandbox.exists("b/held"), "{told}");
    // The same token, by whatever way.
    sandbox.write("b/held", NEW);
    for file in ["a/held", "a/mute"] {
        std::fs::remove_file(sandbox.root().join(file)).unwrap();
    }
    let run = sandbox.ok(&["registry", "list"]);
    assert_eq!(sandbox.read("b/held"), NEW, "{}", run.stderr);
    assert!(!run.stderr.contains("`b`"), "{}", run.stderr);
    assert!(!sandbox.exists("home/.credsh/journal"), "{}", run.stderr);
}

/// It has given back what it held, and then does not say so: nobody knows, and nothing else is said.
#[test]
fn an_undo_that_nobody_can_see_is_in_doubt() {
    let mut sandbox = two_keepers();
    sandbox.time_limit(Duration::from_millis(1500));
    let keeper = std::fs::read_to_string(sandbox.root().join("bin/keeper-b")).unwrap();
    let text = keeper.replace(
        "    echo '{\"Ok\":{\"kind\":\"login\"}}'",
        &format!("    if [ \"$(cat held)\" = {OLD} ]; then touch mute; fi\n    echo '{{\"Ok\":{{\"kind\":\"login\"}}}}'"),
    );
    assert_ne!(text, keeper);
    sandbox.program("bin/keeper-b", &text);
    sandbox.write("a/fire", "");
    let run = sandbox.run(&[
        "-c",
        "login b --from env:NEW",
        "-c",
        "login a --from env:NEW",
    ]);
    assert_eq!(run.status, 1, "{}", run.stderr);
    assert!(
        run.stderr
            .contains("went back to what it held before for `b` is unknown"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("did not go back"), "{}", run.stderr);
    assert!(sandbox.exists("home/.credsh/journal"), "{}", run.stderr);
    std::fs::remove_file(sandbox.root().join("b/mute")).unwrap();
    let run = sandbox.ok(&["registry", "list"]);
    assert_eq!(sandbox.read("b/held"), OLD, "{}", run.stderr);
    assert!(!sandbox.exists("home/.credsh/journal"), "{}", run.stderr);
}

/// One that has answered has done as it was told, even if it does not end.
#[test]
fn a_provider_that_has_answered_and_does_not_end_in_time_has_the_token() {
    let mut sandbox = two_keepers();
    sandbox.time_limit(Duration::from_millis(1500));
    sandbox.write("b/lingers", "");
    let run = sandbox.ok(&["login", "b", "--from", "env:NEW"]);
    assert_eq!(sandbox.read("b/held"), NEW, "{}", run.stderr);
    assert!(
        run.stderr.contains("within 1.5 s") || run.stderr.contains("did not end"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("unknown"), "{}", run.stderr);
}

/// A shell that commits these lines.
fn committing(sandbox: &Sandbox, lines: &[&str]) -> Pty {
    let mut shell = Pty::shell(sandbox, &["--no-rc", "--no-history"]);
    shell.line("begin");
    for line in lines {
        shell.line(line);
    }
    shell.clear().keys("commit\r");
    shell
}

/// The keeper of `a` hangs in a login, and will not do so again.
fn is_hanging(sandbox: &Sandbox) -> bool {
    let hangs = sandbox.exists("a/hanging");
    if hangs {
        let _ = std::fs::remove_file(sandbox.root().join("a/stuck"));
    }
    hangs
}

/// What has answered has done as it was told, and can be undone.
#[test]
fn a_provider_that_has_answered_and_does_not_end_is_given_back_what_it_held() {
    let sandbox = two_keepers();
    sandbox.write("b/lingers", "");
    let hangs = || {
        let does = sandbox.exists("b/hanging");
        if does {
            let _ = std::fs::remove_file(sandbox.root().join("b/lingers"));
        }
        does
    };
    let (status, told) = interrupted(&sandbox, &["login b --from env:NEW"], &[&hangs]);
    assert_eq!(status, 130, "{told}");
    assert_eq!(sandbox.read("b/held"), OLD, "{told}");
    assert!(!told.contains("unknown"), "{told}");
}

#[test]
fn a_second_ctrl_c_ends_what_the_first_has_undone() {
    let mut sandbox = two_keepers();
    sandbox.write("a/stuck", "");
    let lines = ["login b --from env:NEW", "login a --from env:NEW"];
    let hangs = || {
        let does = is_hanging(&sandbox);
        if does {
            sandbox.write("b/stuck", "");
        }
        does
    };
    let start = Instant::now();
    let (status, told) = interrupted(&sandbox, &lines, &[&hangs, &|| sandbox.exists("b/hanging")]);
    assert!(start.elapsed() < Duration::from_secs(20), "{told}");
    assert_eq!(status, 130, "{told}");
    assert!(told.contains("error: interrupted"), "{told}");
    assert!(
        told.contains("went back to what it held before for `b`"),
        "{told}"
    );
    // The next start asks, and nothing of the change is left.
    assert!(sandbox.exists("home/.credsh/journal"), "{told}");
    std::fs::remove_file(sandbox.root().join("b/stuck")).unwrap();
    let run = sandbox.ok(&["registry", "list"]);
    assert_eq!(sandbox.read("b/held"), OLD, "{}", run.stderr);
    assert!(!sandbox.exists("a/held"), "{}", run.stderr);
    assert!(!sandbox.exists("home/.credsh/journal"), "{}", run.stderr);
}

/// What is in the journal is not pending as well.
#[test]
fn a_login_in_doubt_closes_the_transaction_of_the_shell() {
    let sandbox = two_keepers();
    sandbox.write("a/stuck", "");
    let mut shell = committing(
        &sandbox,
        &["registry set b --make-default", "login a --from env:NEW"],
    );
    wait_for("the login", || is_hanging(&sandbox));
    sandbox.write("a/mute", "");
    std::fs::remove_file(sandbox.root().join("a/hanging")).unwrap();
    shell.keys("\u{3}");
    wait_for("the question", || sandbox.exists("a/hanging"));
    shell.keys("\u{3}").sees("error: interrupted");
    shell
        .sees("finishes the change, or undoes it")
        .sees("credsh> ");
    std::fs::remove_file(sandbox.root().join("a/mute")).unwrap();
    shell.clear().keys("registry set a --make-default\r");
    shell.sees("error: a change that was interrupted meanwhile is finished");
    let config = sandbox.read("home/config.toml");
    assert!(config.contains("default = \"b\""), "{config}");
}

#[test]
fn what_did_not_go_back_is_told_in_the_shell_too() {
    let sandbox = two_keepers();
    sandbox.write("a/stuck", "");
    let mut shell = committing(
        &sandbox,
        &["login b --from env:NEW", "login a --from env:NEW"],
    );
    wait_for("the second login", || is_hanging(&sandbox));
    sandbox.write("b/fire", "");
    shell.keys("\u{3}").sees("error: interrupted");
    shell.sees("did not go back to what it held before for");
    // Nothing was written, and nothing of it is forgotten.
    shell
        .sees("the transaction is still open")
        .sees("credsh*!>");
    let told = shell.screen();
    let place = |what: &str| told.find(what);
    assert!(
        place("error: interrupted") < place("the transaction is still open"),
        "{told}"
    );
}

#[test]
fn a_logout_that_is_interrupted_ends_with_130_and_is_in_doubt() {
    let sandbox = two_keepers();
    sandbox.write("b/stuck", "");
    let (status, told) = interrupted(&sandbox, &["logout b"], &[&|| sandbox.exists("b/hanging")]);
    assert_eq!(status, 130, "{told}");
    assert!(told.contains("did as it was told is unknown"), "{told}");
    // It is done, or it is not: nothing of it is half done.
    assert!(!sandbox.exists("home/.credsh/journal"), "{told}");
    assert_eq!(sandbox.read("b/held"), OLD, "{told}");
}

/// Of several logouts, none is left behind: what Ctrl-C has cut off waits for the next start.
#[test]
fn logouts_that_are_interrupted_are_finished_by_the_next_start() {
    let mut sandbox = two_keepers();
    sandbox.write("a/held", NEW);
    sandbox.write("b/stuck", "");
    let hangs = || sandbox.exists("b/hanging");
    let (status, told) = interrupted(&sandbox, &["logout b", "logout a"], &[&hangs]);
    assert_eq!(status, 130, "{told}");
    assert!(
        told.contains("the next start of credsh tries again"),
        "{told}"
    );
    std::fs::remove_file(sandbox.root().join("b/stuck")).unwrap();
    let run = sandbox.ok(&["registry", "list"]);
    for held in ["a/held", "b/held", "home/.credsh/journal"] {
        assert!(!sandbox.exists(held), "{held}: {}", run.stderr);
    }
}

/// Somebody logs in again before the next start.
#[test]
fn a_token_that_is_stored_again_is_not_forgotten_by_the_next_start() {
    let lines: [(&[&str], &str); 4] = [
        (&["login b --from env:NEW"], NEW),
        (&["login b --from env:OLD"], OLD),
        // What is there already comes to nothing, and is a login all the same.
        (
            &["begin", "logout b", "login b --from env:OLD", "commit"],
            OLD,
        ),
        (
            &[
                "begin",
                "login b --from env:NEW",
                "login b --from env:OLD",
                "commit",
            ],
            OLD,
        ),
    ];
    for (lines, token) in lines {
        let mut sandbox = two_keepers();
        let mut shell = with_a_logout_that_waits(&sandbox);
        for line in lines.iter().chain(&["exit"]) {
            shell.keys(&format!("{line}\r"));
        }
        shell.ends();
        let run = sandbox.ok(&["registry", "list"]);
        assert!(!run.stderr.contains("nobody knows"), "{}", run.stderr);
        assert_eq!(sandbox.read("b/held"), token, "{lines:?}: {}", run.stderr);
        assert!(!sandbox.exists("a/held"), "{}", run.stderr);
    }
}

/// The same where the run is killed while another provider still has something to forget.
#[test]
fn a_login_that_comes_to_nothing_counts_before_the_commit_ends() {
    let mut sandbox = two_keepers();
    let mut shell = with_a_logout_that_waits(&sandbox);
    std::fs::remove_file(sandbox.root().join("b/hanging")).unwrap();
    shell.keys("begin\r").sees("credsh> ");
    shell.keys("login b --from env:OLD\r");
    shell.sees("this login ends that");
    // Without it, a token is about to be forgotten.
    shell.clear().keys("exit\r").sees("leave without them?");
    shell.keys("n\r").sees("[y/N] n\ncredsh*>");
    sandbox.write("a/stuck", "");
    for line in ["registry set a --make-default", "logout a", "commit"] {
        shell.keys(&format!("{line}\r"));
    }
    wait_for("the logout", || sandbox.exists("a/hanging"));
    let id = Pid::from_raw(shell.id().try_into().unwrap()).unwrap();
    kill_process(id, Signal::KILL).unwrap();
    shell.ends_by();
    std::fs::remove_file(sandbox.root().join("a/stuck")).unwrap();
    let told: String = (0..3)
        .map(|_| sandbox.ok(&["registry", "list"]).stderr)
        .collect();
    assert_eq!(sandbox.read("b/held"), OLD, "{told}");
    assert!(!sandbox.exists("a/held"), "{told}");
}

/// Somebody was about to, and the run was killed before that.
#[test]
fn a_login_that_was_not_done_leaves_the_logout_before_it() {
    let mut sandbox = two_keepers();
    let mut shell = with_a_logout_that_waits(&sandbox);
    std::fs::remove_file(sandbox.root().join("b/hanging")).unwrap();
    sandbox.write("b/slow", "");
    shell.clear().keys("login b --from env:NEW\r");
    let keeper = || {
        let id = std::fs::read_to_string(sandbox.root().join("b/hanging")).ok()?;
        Pid::from_raw(id.trim().parse().ok()?)
    };
    wait_for("the login", || keeper().is_some());
    let id = Pid::from_raw(shell.id().try_into().unwrap()).unwrap();
    kill_process(id, Signal::KILL).unwrap();
    kill_process(keeper().unwrap(), Signal::KILL).unwrap();
    shell.ends_by();
    std::fs::remove_file(sandbox.root().join("b/slow")).unwrap();
    assert_eq!(sandbox.read("b/held"), OLD);
    let told: String = (0..2)
        .map(|_| sandbox.ok(&["registry", "list"]).stderr)
        .collect();
    assert!(!sandbox.exists("b/held"), "{told}");
    assert!(!sandbox.exists("home/.credsh/journal"), "{told}");
}

/// The registry has its old name again.
#[test]
fn a_login_under_a_name_that_is_given_up_is_told_to_be_repeated_with_the_rename() {
    let mut sandbox = two_keepers();
    sandbox.write("b/stuck", "");
    let mut command = sandbox.process();
    command.args(["-c", "registry rename b c", "-c", "login c --from env:NEW"]);
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    wait_for("the login", || sandbox.exists("b/hanging"));
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::remove_file(sandbox.root().join("bin/keeper-b")).unwrap();
    let told = sandbox.ok(&["registry", "list"]).stderr;
    assert!(told.contains("is given up"), "{told}");
    assert!(
        told.contains("repeat all of it") && !told.contains("repeat `login"),
        "{told}"
    );
}

/// A shell in which a logout of `b` was cut off, and waits for the next start.
fn with_a_logout_that_waits(sandbox: &Sandbox) -> Pty {
    sandbox.write("a/held", OLD);
    sandbox.write("b/stuck", "");
    let mut shell = committing(sandbox, &["logout b", "logout a"]);
    wait_for("the logout", || sandbox.exists("b/hanging"));
    shell.keys("\u{3}").sees("the next start of credsh tries");
    std::fs::remove_file(sandbox.root().join("b/stuck")).unwrap();
    shell
}

/// Whoever ends the shell while it commits does not leave half of it behind.
#[test]
fn a_shell_that_is_told_to_end_gives_back_what_a_provider_held() {
    let sandbox = two_keepers();
    sandbox.write("a/stuck", "");
    let mut shell = committing(
        &sandbox,
        &["login b --from env:NEW", "login a --from env:NEW"],
    );
    wait_for("the second login", || is_hanging(&sandbox));
    let id = Pid::from_raw(shell.id().try_into().unwrap()).unwrap();
    kill_process(id, Signal::TERM).unwrap();
    shell.ends_by();
    assert_eq!(sandbox.read("b/held"), OLD);
}

/// A run was killed while a provider was at it, and now that one does not say what it holds: the next start can be
/// interrupted, and the one after it tries again, but not for ever.
#[test]
fn a_provider_that_hangs_while_a_change_is_finished() {
    let mut sandbox = two_keepers();
    sandbox.write("a/stuck", "");
    let mut command = sandbox.process();
    command.args(["login", "a", "--from", "env:NEW"]);
    let mut killed = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for("the login", || sandbox.exists("a/hanging"));
    killed.kill().unwrap();
    killed.wait().unwrap();
    std::fs::remove_file(sandbox.root().join("a/hanging")).unwrap();
    sandbox.write("a/mute", "");
    let hangs = || sandbox.exists("a/hanging");
    let (status, told) = interrupted(&sandbox, &["registry list"], &[&hangs]);
    assert_eq!(status, 130, "{told}");
    assert!(sandbox.exists("home/.credsh/journal"), "{told}");
    sandbox.time_limit(Duration::from_millis(300));
    let run = sandbox.ok(&["registry", "list"]);
    assert!(
        run.stderr
            .contains("nobody knows whether it did: look with `token show`"),
        "{}",
        run.stderr
    );
    assert!(!sandbox.exists("home/.credsh/journal"));
    assert_eq!(sandbox.read("a/held"), NEW);
}

/// The signal of that would end the process, without a word, and leave half of the work for the next one.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_grows_beyond_the_limit_of_the_user_is_an_error_and_nothing_has_changed() {
    let sandbox = Sandbox::new();
    sandbox.write("home/config.toml", "# long\n".repeat(1000));
    let before = sandbox.snapshot();
    let add = ["registry", "add", "corp", "sparse+https://corp.example/"];
    let limited = std::process::Command::new("sh")
        .args(["-c", "ulimit -f 2; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_credsh"))
        .args(add)
        .env_clear()
        .envs(sandbox.variables())
        .output()
        .unwrap();
    let stderr = String::from_utf8(limited.stderr).unwrap();
    assert_eq!(limited.status.code(), Some(1), "{stderr}");
    for part in [
        "error: cannot write\n",
        "  file too large\n",
        "hint: `ulimit -f`",
    ] {
        assert!(stderr.contains(part), "{stderr}");
    }
    assert!(before == sandbox.snapshot());
    assert!(!sandbox.exists("home/.credsh/journal"));
}
