//! Whatever credsh says that Cargo will do, Cargo does: hundreds of layouts of files, variables and programs, each
//! given to the real Cargo and to credsh.
//!
//! A [`Layout`] is data, and prints as the text that it is read from: a generated one that fails can be pasted
//! among the hand-picked ones. `CREDSH_SEED` repeats a run, `CREDSH_LAYOUTS` makes it longer.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::cargo::{Asked, Cargo};
use crate::harness::{Run, Sandbox, seed, switch};
use crate::ingredients::{ANSWERS, PROGRAMS};
use crate::layouts;

/// A situation: what is on disk and in the environment, and which registry is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    pub about: String,
    /// `None` is a command without `--registry`.
    pub registry: Option<String>,
    /// The current folder, relative to the sandbox; `work` if empty.
    pub folder: String,
    /// Variables. `<NAME>` is an index URL, `<root>` the sandbox. Without a value: not set.
    pub variables: Vec<(String, Option<String>)>,
    /// A path in the sandbox, and the program that it links to.
    pub links: Vec<(String, String)>,
    /// Files, their text with `<NAME>`.
    pub files: Vec<(String, String)>,
}

/// What Cargo and credsh said to the same layout.
pub struct Compared {
    pub cargo: Asked,
    pub shown: Run,
    pub why: Run,
    /// What `why --json` printed.
    pub document: Value,
}

impl Layout {
    /// Puts everything in its place.
    pub fn sandbox(&self, cargo: &Cargo) -> Sandbox {
        let mut sandbox = cargo.sandbox();
        let root = sandbox.root().display().to_string();
        let fill = |text: &str| cargo.registries.fill(&text.replace("<root>", &root));
        for (path, text) in &self.files {
            sandbox.write(path, fill(text));
        }
        for (place, program) in &self.links {
            let place = sandbox.root().join(place);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(cargo.bin().join(program), place).unwrap();
        }
        for (name, value) in &self.variables {
            match value {
                Some(value) => sandbox.env(name, fill(value)),
                None => sandbox.unset(name),
            };
        }
        if !self.folder.is_empty() {
            sandbox.cd(&self.folder);
        }
        sandbox
    }

    /// Gives the layout to both.
    pub fn compare(&self, cargo: &Cargo) -> Compared {
        let mut sandbox = self.sandbox(cargo);
        let asked = cargo.ask(&sandbox, self.registry.as_deref());
        let question = ["--operation", "owners", "--crate", "foo"];
        let words = |command: &[&'static str]| -> Vec<&str> {
            [
                command,
                &question,
                &self
                    .registry
                    .as_deref()
                    .map_or(vec![], |name| vec!["--registry", name]),
            ]
            .concat()
        };
        let shown = sandbox
            .reveals()
            .run(&words(&["token", "show", "--reveal"]));
        let why = sandbox.run(&words(&["--json", "why", "--ask"]));
        let document = serde_json::from_str(&why.stdout).unwrap_or_default();
        Compared {
            cargo: asked,
            shown,
            why,
            document,
        }
    }
}

impl Compared {
    /// Every point on which credsh is wrong about Cargo.
    pub fn disagreements(&self) -> Vec<String> {
        let mut found = Vec::new();
        // White space around a header's value is not part of it.
        let said = self
            .shown
            .stdout
            .strip_suffix('\n')
            .filter(|_| self.shown.status == 0)
            .map(str::trim);
        if said != self.cargo.token.as_deref() {
            found.push("token".to_owned());
        }
        if self.cargo.token.is_none() && self.shown.status == 0 {
            found.push("`token show` succeeds".to_owned());
        }
        let is_paseto = self.cargo_said("cargo:paseto requires");
        if self.cargo.is_refused() && !is_paseto {
            if self.why.status == 0 && !self.tried().iter().any(|(_, outcome)| outcome == "error") {
                found.push("`why` finds no fault".to_owned());
            }
            return found;
        }
        let mut tried = self.tried();
        if is_paseto
            && tried
                .last()
                .is_some_and(|(command, _)| command.split(' ').next() == Some("cargo:paseto"))
        {
            tried.pop();
        } else if is_paseto {
            found.push("`cargo:paseto` is not where the providers end".to_owned());
        }
        if !tried
            .iter()
            .map(|(command, _)| command)
            .eq(&self.cargo.providers)
        {
            found.push(format!("providers: {tried:?}"));
            return found;
        }
        let Some(((_, last), before)) = tried.split_last() else {
            return found;
        };
        let goes_on = |outcome: &str| matches!(outcome, "not-found" | "url-not-supported");
        let is_right = match last.as_str() {
            "token" => self.cargo.success || self.is_not_sendable(),
            "not-found" | "url-not-supported" if !is_paseto => {
                let is_absent = tried.iter().any(|(_, outcome)| outcome == "not-found");
                let said = if is_absent {
                    "no token found"
                } else {
                    "no credential providers could handle"
                };
                // It trips over a bad default while it says so.
                self.cargo_said(said) || self.cargo_said("`registry.default`")
            }
            "error" => {
                self.cargo_said("failed action `get`")
                    || self.is_not_sendable()
                    || self.cargo_said("unexpected response")
            }
            _ => is_paseto,
        };
        if !is_right || !before.iter().all(|(_, outcome)| goes_on(outcome)) {
            found.push(format!("outcomes: {tried:?}"));
        }
        if self.document["token"].is_null() == self.cargo.success {
            found.push("whether `why` knows a token".to_owned());
        }
        found
    }

    /// The providers that credsh tried, in order, each with its outcome.
    pub fn tried(&self) -> Vec<(String, String)> {
        let providers = self.document["providers"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let words = |value: &Value| {
            value
                .as_array()
                .map_or(vec![], |words| words.iter().map(text).collect())
        };
        providers
            .iter()
            .map(|provider| {
                (
                    words(&provider["command"]).join(" "),
                    text(&provider["outcome"]),
                )
            })
            .filter(|(_, outcome)| outcome != "not-tried")
            .collect()
    }

    pub fn cargo_said(&self, part: &str) -> bool {
        self.cargo
            .error
            .as_deref()
            .is_some_and(|error| error.contains(part))
    }

    /// Cargo found a token, and did not send it.
    fn is_not_sendable(&self) -> bool {
        self.cargo_said("please provide a non-empty token")
            || self.cargo_said("token contains invalid characters")
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Cargo: {:#?}", self.cargo)?;
        for (command, run) in [("token show", &self.shown), ("why", &self.why)] {
            writeln!(
                f,
                "credsh {command}: status {}\n{}{}",
                run.status, run.stdout, run.stderr
            )?;
        }
        Ok(())
    }
}

/// A line `# ABOUT`; lines `registry NAME`, `folder PATH`, `NAME=VALUE`, `unset NAME`, `link PATH PROGRAM`; and files, each
/// behind its `--- PATH`. Indentation does not count.
impl FromStr for Layout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut layout = Self::default();
        for line in text.lines().map(str::trim_start) {
            if let Some(path) = line.strip_prefix("--- ") {
                layout.files.push((path.to_owned(), String::new()));
            } else if let Some((_, text)) = layout.files.last_mut() {
                *text += line;
                *text += "\n";
            } else if let Some(about) = line.strip_prefix("# ") {
                about.clone_into(&mut layout.about);
            } else if let Some(name) = line.strip_prefix("registry ") {
                layout.registry = Some(name.to_owned());
            } else if let Some(path) = line.strip_prefix("folder ") {
                path.clone_into(&mut layout.folder);
            } else if let Some(name) = line.strip_prefix("unset ") {
                layout.variables.push((name.to_owned(), None));
            } else if let Some((path, program)) = line
                .strip_prefix("link ")
                .and_then(|line| line.split_once(' '))
            {
                layout.links.push((path.to_owned(), program.to_owned()));
            } else if let Some((name, value)) = line.split_once('=') {
                layout
                    .variables
                    .push((name.to_owned(), Some(value.to_owned())));
            } else if !line.is_empty() {
                return Err(line.to_owned());
            }
        }
        Ok(layout)
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# {}", self.about)?;
        if let Some(name) = &self.registry {
            writeln!(f, "registry {name}")?;
        }
        if !self.folder.is_empty() {
            writeln!(f, "folder {}", self.folder)?;
        }
        for (name, value) in &self.variables {
            match value {
                Some(value) => writeln!(f, "{name}={value}")?,
                None => writeln!(f, "unset {name}")?,
            }
        }
        for (place, program) in &self.links {
            writeln!(f, "link {place} {program}")?;
        }
        for (path, text) in &self.files {
            write!(f, "--- {path}\n{text}")?;
        }
        Ok(())
    }
}

/// A Cargo that finds the programs that layouts name.
pub fn cargo() -> Cargo {
    let cargo = Cargo::new();
    let script = |answer: &str| format!("echo '{{\"v\":[1]}}'; read -r line; echo '{answer}'");
    let plugins: Vec<(&str, String)> = ANSWERS
        .iter()
        .map(|(name, answer)| (*name, script(answer)))
        .collect();
    let plugins = plugins
        .iter()
        .map(|(name, script)| (*name, script.as_str()));
    cargo.programs(&PROGRAMS.iter().copied().chain(plugins).collect::<Vec<_>>());
    cargo
}

#[test]
fn credsh_agrees_with_cargo_on_every_layout() {
    let seed = seed();
    let generated = switch("CREDSH_LAYOUTS");
    let mut all = layouts::hand_picked();
    all.extend((0..generated.unwrap_or(140)).map(|n| layouts::generate(seed.wrapping_add(n))));
    assert!(
        generated.is_some() || all.len() >= 150,
        "only {} layouts",
        all.len()
    );

    on_each(&all, cargo, |cargo, layout| {
        let compared = layout.compare(cargo);
        (compared.disagreements(), compared.to_string())
    });
}

#[test]
fn what_login_and_logout_say_is_so() {
    on_each(&layouts::hand_picked(), cargo, |cargo, layout| {
        let name = layout.registry.as_deref();
        let command =
            |words: &[&'static str]| -> Vec<&str> { words.iter().copied().chain(name).collect() };
        let mut found = Vec::new();

        let mut sandbox = layout.sandbox(cargo);
        let before = sandbox.snapshot();
        let login = sandbox.stdin("sentinel-new\n").run(&command(&["login"]));
        if login.status != 0 && before != sandbox.snapshot() {
            found.push("a login failed, and changed files".to_owned());
        }
        let after_login = cargo.ask(&sandbox, name);
        // A token that something else hides is stored with a warning.
        let is_warned = (login.stderr.lines())
            .any(|line| line.starts_with("warning:") && !line.contains("plain text"));
        if login.status == 0 && after_login.token.as_deref() != Some("sentinel-new") && !is_warned {
            found.push("a login succeeded, and Cargo does not send the token".to_owned());
        }

        let mut sandbox = layout.sandbox(cargo);
        let logout = sandbox.run(&command(&["logout", "--yes"]));
        let after_logout = cargo.ask(&sandbox, name);
        if logout.status == 0 && after_logout.token.is_some() {
            found.push("a logout succeeded, and Cargo still sends a token".to_owned());
        }
        (
            found,
            format!("{login:#?}\n{after_login:#?}\n{logout:#?}\n{after_logout:#?}"),
        )
    });
}

/// Puts a question about every layout, on several threads. It is answered by the points that are wrong and by the
/// details; all that is wrong is told together.
#[track_caller]
pub fn on_each(
    layouts: &[Layout],
    cargo: fn() -> Cargo,
    question: impl Fn(&Cargo, &Layout) -> (Vec<String>, String) + Sync,
) {
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let cargo = cargo();
                while let Some(layout) = layouts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let answer =
                        std::panic::catch_unwind(AssertUnwindSafe(|| question(&cargo, layout)));
                    let (points, details) =
                        answer.unwrap_or((vec!["panic".to_owned()], String::new()));
                    if !points.is_empty() {
                        let points = points.join(", ");
                        let told = format!("======== {points}\n{layout}--------\n{details}");
                        wrong.lock().unwrap().push(told);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    let (some, all) = (wrong.len(), layouts.len());
    assert!(
        wrong.is_empty(),
        "{}\n{some} of {all} layouts",
        wrong.join("\n")
    );
}

#[test]
fn a_layout_is_printed_as_it_is_read() {
    for layout in layouts::hand_picked() {
        assert_eq!(layout.to_string().parse(), Ok(layout));
    }
}
