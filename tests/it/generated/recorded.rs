//! Generated sessions that are recorded: the script, run on an empty home, leaves what the session has left.

use credsh::doors::shell::record::Recorder;
use fastrand::Rng;

use super::model::{Model, Operation};
use super::{sandbox, texts, values};
use crate::harness::{SENTINEL, Sandbox, seed};

/// Lines of a session that begins on an empty home: commands, and transactions that are kept or undone.
fn session(seed: u64) -> Vec<String> {
    let mut random = Rng::with_seed(seed);
    let mut model = Model::default();
    model.positions = random.bool();
    let mut lines = Vec::new();
    let wanted = random.usize(1..14);
    while lines.len() < wanted {
        let before = model.clone();
        let is_open = random.u8(..4) == 0;
        let count = if is_open { 3 } else { 1 };
        let operations: Vec<Operation> =
            (0..count).filter_map(|_| model.next(&mut random)).collect();
        let mut some: Vec<String> = operations.iter().map(Operation::line).collect();
        if is_open {
            let is_kept = random.bool();
            some.insert(0, "begin".to_owned());
            some.push(if is_kept { "commit" } else { "rollback" }.to_owned());
            if !is_kept {
                model = before;
            }
        }
        lines.extend(some);
    }
    lines
}

fn empty() -> Sandbox {
    let mut sandbox = sandbox(&[String::new(), String::new()]);
    sandbox.types(&[&format!("{SENTINEL}-typed-0123456789")]);
    sandbox
}

fn try_session(lines: &[String]) -> Result<(), String> {
    let mut first = empty();
    let runner = first.prompt();
    let recorder = Recorder::begin(&runner, "session.rhai".as_ref()).unwrap();
    for line in lines {
        // One that fails changes nothing, and is not in the script.
        let _ = runner.run_line(line);
    }
    let written = recorder.stop(&runner).unwrap();
    let script = first.read("work/session.rhai");
    if script.contains(SENTINEL) {
        return Err(format!("a secret in the script:\n{script}"));
    }
    let mut second = empty();
    second.write("work/session.rhai", &script);
    let run = second.run(&["-q", "--yes", "-f", "session.rhai"]);
    if run.status != 0 {
        return Err(format!("{}{}\n{script}", run.stdout, run.stderr));
    }
    let (expected, found) = (values(&texts(&first)), values(&texts(&second)));
    if expected != found || !written.missing.is_empty() {
        return Err(format!("{expected:#?}\nis not\n{found:#?}\n{script}"));
    }
    Ok(())
}

#[test]
fn a_recorded_session_can_be_run_on_an_empty_home() {
    for seed in (seed()..).take(60) {
        let lines = session(seed);
        if let Err(wrong) = try_session(&lines) {
            panic!(
                "repeat it with CREDSH_SEED={seed}\n{}\n---\n{wrong}",
                lines.join("\n")
            );
        }
    }
}
