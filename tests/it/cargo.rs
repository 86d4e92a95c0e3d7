//! The oracle: the real Cargo, asked on a loopback registry what token it sends.
//!
//! `cargo -v owner --list foo` names each provider before it asks it, and sends what it got. So one run of
//! some 30 ms tells everything that credsh claims to know. Invariant: no request leaves 127.0.0.1, crates.io
//! included, and a run that takes too long is killed together with the programs that it started.

use std::io::{Read, Seek, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::json;
use tiny_http::{Header, Response, Server};

use crate::harness::Sandbox;

/// What Cargo calls crates.io in its output and in a configuration.
pub const CRATES_IO: &str = "crates-io";

/// How long one run of Cargo may take; it takes 30 ms.
const LIMIT: Duration = Duration::from_secs(20);

/// The real Cargo, the registries that it can reach, and the programs that it can start.
pub struct Cargo {
    pub registries: Loopback,
    programs: tempfile::TempDir,
}

/// What a run of Cargo told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The `Authorization` header that arrived with the question, and the registry where it did.
    pub token: Option<String>,
    pub registry: Option<String>,
    /// The providers that were asked, each with its arguments, in order.
    pub providers: Vec<String>,
    pub warnings: Vec<String>,
    pub error: Option<String>,
    pub stderr: String,
    pub success: bool,
    /// It was still running when its time was up.
    pub hung: bool,
}

impl Cargo {
    pub fn new() -> Self {
        Self {
            registries: Loopback::new(),
            programs: tempfile::tempdir().unwrap(),
        }
    }

    /// A sandbox that finds the programs of [`Cargo::programs`] on its `PATH`.
    pub fn sandbox(&self) -> Sandbox {
        let mut sandbox = Sandbox::new();
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", self.bin().display());
        sandbox.env("PATH", path);
        sandbox
    }

    /// The folder of the programs.
    pub fn bin(&self) -> &Path {
        self.programs.path()
    }

    /// Writes `#!/bin/sh` scripts, and does it in a process of its own: a file that another thread's child still
    /// has open for writing could not be started ("text file busy").
    pub fn programs(&self, scripts: &[(&str, &str)]) -> &Self {
        let write = r#"
            while [ $# -gt 0 ]; do printf '#!/bin/sh\n%s\n' "$2" >"$1" || exit 1; shift 2; done
            chmod +x *
        "#;
        let written = Command::new("sh")
            .args(["-c", write, "sh"])
            .args(scripts.iter().flat_map(|(name, script)| [name, script]))
            .current_dir(self.bin())
            .status()
            .unwrap();
        assert!(written.success(), "cannot write {scripts:?}");
        self
    }

    /// Asks Cargo for the owners of the crate `foo`, which needs a token.
    pub fn ask(&self, sandbox: &Sandbox, registry: Option<&str>) -> Asked {
        self.ask_within(LIMIT, sandbox, registry)
    }

    pub fn ask_within(&self, limit: Duration, sandbox: &Sandbox, registry: Option<&str>) -> Asked {
        self.run(
            limit,
            sandbox,
            &["-v", "owner", "--list", "foo"],
            registry,
            "",
        )
    }

    /// `cargo login`, the token on standard input.
    pub fn login(&self, sandbox: &Sandbox, registry: Option<&str>, token: &str) -> Asked {
        self.run(LIMIT, sandbox, &["-v", "login"], registry, token)
    }

    /// `cargo login`, with arguments for the provider.
    pub fn login_with(
        &self,
        sandbox: &Sandbox,
        registry: &str,
        token: &str,
        rest: &[&str],
    ) -> Asked {
        let registry = format!("--registry={registry}");
        let args = [&["-v", "login", &registry, "--"], rest].concat();
        self.run(LIMIT, sandbox, &args, None, token)
    }

    /// `cargo yank foo@1.0.0`, and `--undo` of it.
    pub fn yank(&self, sandbox: &Sandbox, registry: Option<&str>, undo: &[&str]) -> Asked {
        let args = [&["-v", "yank", "foo@1.0.0"], undo].concat();
        self.run(LIMIT, sandbox, &args, registry, "")
    }

    pub fn logout(&self, sandbox: &Sandbox, registry: Option<&str>) -> Asked {
        self.run(LIMIT, sandbox, &["-v", "logout"], registry, "")
    }

    /// Any run of Cargo.
    pub fn run(
        &self,
        limit: Duration,
        sandbox: &Sandbox,
        args: &[&str],
        registry: Option<&str>,
        stdin: &str,
    ) -> Asked {
        self.registries.requests();
        let mut input = tempfile::tempfile().unwrap();
        input.write_all(stdin.as_bytes()).unwrap();
        input.rewind().unwrap();
        let mut output = tempfile::tempfile().unwrap();
        let mut cargo = Command::new(env!("CARGO"))
            .args(args)
            .args(registry.map(|name| format!("--registry={name}")))
            .env_clear()
            .envs(sandbox.variables())
            .env(
                "__CARGO_TEST_CRATES_IO_URL_DO_NOT_USE_THIS",
                self.registries.index(CRATES_IO),
            )
            .env("NO_PROXY", "*")
            .current_dir(sandbox.directory())
            .stdin(input)
            .stdout(Stdio::null())
            .stderr(output.try_clone().unwrap())
            .process_group(0)
            .spawn()
            .unwrap();
        let end = Instant::now() + limit;
        let status = loop {
            match cargo.try_wait().unwrap() {
                Some(status) => break Some(status),
                None if Instant::now() > end => break None,
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        };
        if status.is_none() {
            let group = rustix::process::Pid::from_child(&cargo);
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            cargo.wait().unwrap();
        }
        output.rewind().unwrap();
        let mut stderr = Vec::new();
        output.read_to_end(&mut stderr).unwrap();
        let question = self
            .registries
            .requests()
            .into_iter()
            .find(|request| request.is_question);
        Asked::new(&String::from_utf8_lossy(&stderr), status, question)
    }
}

impl Asked {
    fn new(
        stderr: &str,
        status: Option<std::process::ExitStatus>,
        question: Option<Request>,
    ) -> Self {
        let providers = stderr.lines().filter_map(|line| {
            let line = line.trim_start().strip_prefix("Credential ")?;
            let (provider, _) = [" get ", " login ", " logout "]
                .iter()
                .find_map(|action| line.rsplit_once(action))?;
            Some(provider.to_owned())
        });
        let warnings = stderr
            .lines()
            .filter_map(|line| line.strip_prefix("warning: "));
        let error = stderr
            .find("error: ")
            .map(|start| stderr[start..].trim_end().to_owned());
        Self {
            providers: providers.collect(),
            warnings: warnings.map(str::to_owned).collect(),
            error,
            stderr: stderr.to_owned(),
            success: status.is_some_and(|status| status.success()),
            hung: status.is_none(),
            registry: question.as_ref().map(|question| question.registry.clone()),
            token: question.and_then(|question| question.token),
        }
    }

    /// Cargo gave up before it asked any provider.
    pub fn is_refused(&self) -> bool {
        self.providers.is_empty() && !self.success
    }

    /// Cargo said this, somewhere.
    #[track_caller]
    pub fn assert_said(&self, part: &str) -> &Self {
        assert!(
            self.stderr.contains(part),
            "no {part:?} in what Cargo said:\n{}",
            self.stderr
        );
        self
    }
}

/// Any number of sparse registries, each with its own name, on 127.0.0.1. Those whose name begins with `closed`
/// demand a token for the index, too.
pub struct Loopback {
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// A request that arrived.
#[derive(Debug, Clone)]
pub struct Request {
    pub registry: String,
    /// The question for the owners, not one for the index.
    pub is_question: bool,
    pub token: Option<String>,
}

impl Loopback {
    pub fn new() -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let requests = Arc::default();
        let thread = std::thread::spawn({
            let (server, requests) = (Arc::clone(&server), Arc::clone(&requests));
            move || serve(&server, &requests)
        });
        Self {
            server,
            thread: Some(thread),
            requests,
        }
    }

    /// `127.0.0.1` and the port.
    pub fn address(&self) -> String {
        self.server.server_addr().to_string()
    }

    /// The index URL of a registry.
    pub fn index(&self, name: &str) -> String {
        format!("sparse+http://{}/{name}/index/", self.address())
    }

    /// A text with the index URL of NAME in the place of each `<NAME>`, and the server's in that of `<address>`.
    pub fn fill(&self, text: &str) -> String {
        let is_name = |name: &str| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_alphanumeric() || "-_".contains(c))
        };
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('<') {
            filled += before;
            rest = match after.split_once('>') {
                Some((name, after)) if is_name(name) => {
                    filled += &if name == "address" {
                        self.address()
                    } else {
                        self.index(name)
                    };
                    after
                }
                _ => {
                    filled.push('<');
                    after
                }
            };
        }
        filled + rest
    }

    /// What arrived since the last call.
    pub fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(server: &Server, requests: &Mutex<Vec<Request>>) {
    let address = server.server_addr().to_string();
    for request in server.incoming_requests() {
        let (registry, path) = request.url()[1..].split_once('/').unwrap_or_default();
        let token = request
            .headers()
            .iter()
            .find(|header| header.field.equiv("Authorization"));
        let token = token.map(|header| header.value.to_string());
        let is_closed = registry.starts_with("closed");
        let (status, document) = match path {
            "index/config.json" if is_closed && token.is_none() => (401, json!({})),
            "index/config.json" => {
                let api = format!("http://{address}/{registry}");
                (
                    200,
                    json!({ "dl": api, "api": api, "auth-required": is_closed }),
                )
            }
            "api/v1/crates/foo/owners" => (200, json!({ "users": [] })),
            _ => (404, json!({})),
        };
        let is_question = path.starts_with("api/");
        requests.lock().unwrap().push(Request {
            registry: registry.to_owned(),
            is_question,
            token,
        });
        let login = format!("Cargo login_url=\"http://{address}/{registry}/login\"");
        let header = Header::from_bytes("WWW-Authenticate", login).unwrap();
        let answer = Response::from_string(document.to_string()).with_header(header);
        let _ = request.respond(answer.with_status_code(status));
    }
}

#[test]
fn cargo_is_asked_and_tells_everything() {
    let cargo = Cargo::new();
    let sandbox = cargo.sandbox();
    let text = "[registries.corp]\nindex = \"<corp>\"\ntoken = \"sentinel-home\"\n";
    sandbox.write("home/config.toml", cargo.registries.fill(text));
    let asked = cargo.ask(&sandbox, Some("corp"));
    assert_eq!(asked.token.as_deref(), Some("sentinel-home"), "{asked:#?}");
    assert_eq!(asked.registry.as_deref(), Some("corp"), "{asked:#?}");
    assert_eq!(asked.providers, ["cargo:token"], "{asked:#?}");
    assert!(
        asked.success && asked.error.is_none() && !asked.hung,
        "{asked:#?}"
    );
}
