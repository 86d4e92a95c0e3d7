//! `begin`, `commit`, `rollback`, `diff`: one small state machine, held against a model of it.
//!
//! The machine: a stack of savepoints. `begin` pushes what is there, `rollback` pops it and goes back to it,
//! `commit` pops it and stays; with an empty stack both are errors. At the prompt what is there is written
//! whenever the stack is empty; in a batch at its end, if the stack is empty then and nothing has failed.

use crate::harness::{SENTINEL, Sandbox};

/// The steps: three that move the stack, one that changes something, one that fails and changes nothing.
const STEPS: [&str; 5] = ["begin", "commit", "rollback", "add", "fail"];

/// What a sequence of steps should come to.
#[derive(Clone, Default)]
struct Model {
    here: Vec<String>,
    written: Vec<String>,
    stack: Vec<Vec<String>>,
}

impl Model {
    /// Takes a step; false where it is an error.
    fn step(&mut self, step: &str, name: &str) -> bool {
        match step {
            "begin" => self.stack.push(self.here.clone()),
            "commit" if self.stack.pop().is_none() => return false,
            "rollback" => match self.stack.pop() {
                Some(before) => self.here = before,
                None => return false,
            },
            "add" => self.here.push(name.to_owned()),
            "fail" => return false,
            _ => {}
        }
        true
    }

    fn write_if_closed(&mut self) {
        if self.stack.is_empty() {
            self.written = self.here.clone();
        }
    }
}

fn line_of(step: &str, name: &str) -> String {
    match step {
        "add" => format!("registry add {name} sparse+https://{name}.example/"),
        "fail" => "registry remove nobody".to_owned(),
        other => other.to_owned(),
    }
}

/// All sequences of up to five steps; failures, which change nothing, are among the first four.
fn sequences() -> Vec<Vec<&'static str>> {
    let mut all = vec![vec![]];
    let mut last = all.clone();
    for _ in 0..5 {
        last = last
            .iter()
            .flat_map(|sequence: &Vec<&str>| {
                STEPS
                    .iter()
                    .map(|step| [sequence.as_slice(), &[*step]].concat())
            })
            .collect();
        all.extend(last.clone());
    }
    all.retain(|sequence| sequence.len() < 5 || !sequence.contains(&"fail"));
    all
}

/// The names in the file, in its order.
fn written(sandbox: &Sandbox) -> Vec<String> {
    if !sandbox.exists("home/config.toml") {
        return Vec::new();
    }
    let text = sandbox.read("home/config.toml");
    let headers = text
        .lines()
        .filter_map(|line| line.strip_prefix("[registries.")?.strip_suffix(']'));
    headers.map(ToOwned::to_owned).collect()
}

/// One sandbox is used again and again: its home is emptied between two sequences.
fn emptied(sandbox: &Sandbox) {
    let _ = std::fs::remove_file(sandbox.home().join("config.toml"));
}

#[test]
fn every_sequence_at_the_prompt_does_what_the_machine_says() {
    let mut sandbox = Sandbox::new();
    for sequence in sequences() {
        emptied(&sandbox);
        let runner = sandbox.prompt();
        let mut model = Model::default();
        for (number, step) in sequence.iter().enumerate() {
            let name = format!("r{number}");
            let expected = model.step(step, &name);
            model.write_if_closed();
            let ran = runner.run_line(&line_of(step, &name));
            assert_eq!(ran.is_ok(), expected, "{sequence:?} at {number}: {ran:?}");
            assert_eq!(
                written(&sandbox),
                model.written,
                "{sequence:?} after {number}"
            );
        }
        assert_eq!(
            runner.session.borrow().depth(),
            model.stack.len(),
            "{sequence:?}"
        );
    }
}

#[test]
fn every_sequence_in_a_batch_does_what_the_machine_says() {
    let mut sandbox = Sandbox::new();
    for sequence in sequences()
        .into_iter()
        .filter(|sequence| sequence.len() < 5)
    {
        emptied(&sandbox);
        let mut model = Model::default();
        let steps = sequence
            .iter()
            .enumerate()
            .map(|(number, step)| (*step, format!("r{number}")));
        let is_fine =
            steps.clone().all(|(step, name)| model.step(step, &name)) && model.stack.is_empty();
        let lines: Vec<String> = steps.map(|(step, name)| line_of(step, &name)).collect();
        let run = sandbox.stdin(lines.join("\n")).run(&[]);
        assert_eq!(run.status == 0, is_fine, "{sequence:?}: {}", run.stderr);
        let expected = if is_fine { model.here } else { Vec::new() };
        assert_eq!(written(&sandbox), expected, "{sequence:?}");
    }
}

#[test]
fn every_sequence_in_a_script_can_catch_its_errors_and_go_on() {
    let mut sandbox = Sandbox::new();
    for sequence in sequences()
        .into_iter()
        .filter(|sequence| sequence.len() < 5)
    {
        emptied(&sandbox);
        let mut model = Model::default();
        let mut script = String::new();
        for (number, step) in sequence.iter().enumerate() {
            let name = format!("r{number}");
            model.step(step, &name);
            let call = match *step {
                "add" => format!("registry::add(\"{name}\", \"sparse+https://{name}.example/\")"),
                "fail" => "registry::remove(\"nobody\")".to_owned(),
                other => format!("{other}()"),
            };
            script.push_str(&format!("try {{ {call}; }} catch {{}}\n"));
        }
        let run = sandbox.stdin(script).run(&["-f", "-"]);
        let is_closed = model.stack.is_empty();
        assert_eq!(run.status == 0, is_closed, "{sequence:?}: {}", run.stderr);
        let expected = if is_closed { model.here } else { Vec::new() };
        assert_eq!(written(&sandbox), expected, "{sequence:?}");
    }
}

#[test]
fn a_failing_file_within_a_transaction_takes_only_itself_back() {
    let mut sandbox = Sandbox::new();
    sandbox.write(
        "work/bad.txt",
        "begin\nregistry add b sparse+https://b.example/\nregistry remove nobody\n",
    );
    let runner = sandbox.prompt();
    runner.run_line("begin").unwrap();
    runner
        .run_line("registry add a sparse+https://a.example/")
        .unwrap();
    assert!(runner.run_line("run bad.txt").is_err());
    assert_eq!(runner.session.borrow().depth(), 1);
    runner.run_line("commit").unwrap();
    assert_eq!(written(&sandbox), ["a"]);
}

#[test]
fn a_file_closes_only_what_it_has_opened() {
    let lines = "rollback\nbegin\nregistry add y sparse+https://y.example/\n";
    for (file, text) in [
        ("lines.txt", lines),
        ("lines.txt", "commit\n"),
        ("script.rhai", "rollback(); begin();"),
        (
            "script.rhai",
            "try { commit(); } catch { fail(\"refused\"); }",
        ),
    ] {
        let mut sandbox = Sandbox::new();
        sandbox.write(&format!("work/{file}"), text);
        let runner = sandbox.prompt();
        runner.run_line("begin").unwrap();
        for name in ["a", "b"] {
            let add = format!("registry add {name} sparse+https://{name}.example/");
            runner.run_line(&add).unwrap();
        }
        let error = runner.run_line(&format!("run {file}")).unwrap_err();
        let told = error.to_string();
        assert!(
            told.contains("there is no transaction to") || told.contains("refused"),
            "{text}: {told}"
        );
        assert_eq!(runner.session.borrow().depth(), 1, "{text}");
        runner.run_line("commit").unwrap();
        assert_eq!(written(&sandbox), ["a", "b"], "{text}");
    }
    // The same where all of it is one batch.
    let mut sandbox = Sandbox::new();
    sandbox.write("work/lines.txt", lines);
    let batch = "begin\nregistry add a sparse+https://a.example/\nrun lines.txt\n";
    let run = sandbox.stdin(batch).fails(1, &[]);
    assert!(run.stderr.contains("by the command `rollback`"), "{run:?}");
    assert!(!sandbox.exists("home/config.toml"));
}

#[test]
fn a_diff_shows_the_text_to_come_without_any_token() {
    let mut sandbox = Sandbox::new();
    sandbox.env("T", format!("{SENTINEL}-of-corp-0123456789"));
    let text = format!(
        "# token = \"{SENTINEL}-out-of-use-1\"\n[registries.other]\ntoken = '{SENTINEL}' # {SENTINEL}-0123456789\n"
    );
    sandbox.write("home/credentials.toml", text);
    let lines = "begin\nregistry add corp sparse+https://corp.example/\nlogin corp --from env:T\ndiff\nrollback\n";
    let run = sandbox.stdin(lines).ok(&["-q"]);
    let shown = run
        .stdout
        .replace(&sandbox.home().display().to_string(), "HOME");
    expect_test::expect![[r#"
        --- HOME/config.toml
        +++ HOME/config.toml
        @@ -0,0 +1,2 @@
        +[registries.corp]
        +index = "sparse+https://corp.example/"
        --- HOME/credentials.toml
        +++ HOME/credentials.toml
        @@ -1,3 +1,6 @@
         # token = "·····················"
         [registries.other]
         token = '(a token)' # ···················
        +
        +[registries.corp]
        +token = "sha256:be9b31331e4e"
        unchanged
    "#]]
    .assert_eq(&shown);
    assert_eq!(sandbox.ok(&["diff"]).stdout, "nothing is pending\n");
    let json = sandbox.json(&[
        "-n",
        "-c",
        "registry add x sparse+https://x.example/",
        "-c",
        "diff",
    ]);
    assert_eq!(json["results"][1]["changes"], json["changes"]);
}

#[test]
fn a_transaction_that_is_left_open_writes_nothing() {
    let mut sandbox = Sandbox::new();
    let failed = sandbox.fails(
        1,
        &[
            "-c",
            "begin",
            "-c",
            "registry add a sparse+https://a.example/",
        ],
    );
    assert!(failed.stderr.contains("still open"), "{}", failed.stderr);
    sandbox.fails(1, &["begin"]);
    sandbox.fails(1, &["commit"]);
    sandbox.fails(1, &["rollback"]);
}

/// At the prompt a commit that is refused has not ended the transaction: it can be looked at, tried again, forced or
/// given up, with the token that was typed for it.
#[test]
fn a_commit_that_is_refused_leaves_the_transaction_open() {
    const FILE: &str = "home/config.toml";
    const OURS: &str = "[registries.corp]\nindex = \"sparse+https://corp.example/\" # ours\n";
    for last in ["commit --yes", "rollback"] {
        let mut sandbox = Sandbox::new();
        sandbox.write(FILE, OURS);
        sandbox.types(&["sentinel-typed-0123456789"]);
        let runner = sandbox.prompt();
        for line in [
            "begin",
            "registry set corp --index sparse+https://new.example/",
            "begin",
            "login corp --provider cargo:token --from prompt",
            "commit",
        ] {
            runner.run_line(line).unwrap();
        }
        let theirs = OURS.replace("corp.example", "theirs.example");
        sandbox.write(FILE, &theirs);
        for _ in 0..2 {
            let error = runner.run_line("commit").unwrap_err().to_string();
            assert!(error.contains("somebody else has changed"), "{error}");
            assert_eq!(sandbox.read(FILE), theirs);
            let session = runner.session.borrow();
            assert!(session.depth() == 1 && session.has_changes());
        }
        runner.run_line("diff").unwrap();
        runner.run_line(last).unwrap();
        assert_eq!(runner.session.borrow().depth(), 0);
        assert!(!runner.session.borrow().has_changes());
        let is_written = last != "rollback";
        assert_eq!(sandbox.read(FILE).contains("new.example"), is_written);
        assert_eq!(sandbox.exists("home/credentials.toml"), is_written);
    }
}

/// A command of its own that cannot be written is over, and so is a batch.
#[test]
fn what_is_refused_outside_of_a_transaction_is_forgotten() {
    let mut sandbox = Sandbox::new();
    // No commit can have this lock.
    std::fs::create_dir_all(sandbox.home().join(".credsh/lock")).unwrap();
    let runner = sandbox.prompt();
    assert!(runner.run_line("alias set a program").is_err());
    assert!(!runner.session.borrow().has_changes());
    assert!(
        runner
            .batch(|| runner.run_line("alias set a program"))
            .is_err()
    );
    assert!(!runner.session.borrow().has_changes());
    runner.run_line("begin").unwrap();
    runner.run_line("alias set b program").unwrap();
    assert!(runner.run_line("commit").is_err());
    std::fs::remove_dir(sandbox.home().join(".credsh/lock")).unwrap();
    runner.run_line("commit").unwrap();
    let text = sandbox.read("home/config.toml");
    assert!(text.contains("b = ") && !text.contains("a = "), "{text}");
}

#[test]
fn a_commit_that_is_only_tried_leaves_the_transaction_open() {
    let mut sandbox = Sandbox::new();
    let runner = sandbox.prompt();
    runner.run_line("begin").unwrap();
    runner.run_line("alias set a program").unwrap();
    runner.run_line("commit --dry-run").unwrap();
    assert!(!sandbox.exists("home/config.toml"));
    assert_eq!(runner.session.borrow().depth(), 1);
    runner.run_line("commit").unwrap();
    assert!(sandbox.read("home/config.toml").contains("a = "));
}
