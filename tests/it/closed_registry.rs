//! A registry that gives nothing without a token: a server of crates that nobody here wrote, behind a small one of the
//! tests that demands tokens, serves the sparse index, and writes down what arrives.
//!
//! The server behind knows neither tokens nor yanks nor owners, and its index is for git. So those are answered in front
//! of it; what is published goes through, and what is downloaded comes from there. Invariant: nothing outlives the
//! test, and all is on 127.0.0.1.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tiny_http::{Header, Method, Request, Response, Server};

use crate::keyring::{Process, started_for_the_test};
use crate::peers;

/// How long the server may take to start; it takes 20 ms.
const LIMIT: Duration = Duration::from_secs(20);

/// The registry, with nothing in it yet.
pub struct ClosedRegistry {
    front: Arc<Server>,
    thread: Option<JoinHandle<()>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    _server: Process,
    _folder: tempfile::TempDir,
}

/// A request that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `index`, `download`, or what is done to which crate: `publish foo`, `yank foo`.
    pub what: String,
    pub token: Option<String>,
}

/// The server behind, and what it does not know.
struct Behind {
    address: String,
    folder: PathBuf,
    yanked: BTreeSet<(String, String)>,
}

impl ClosedRegistry {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("crates");
        let program = peers::installed("cargo-http-registry");
        let server = started_for_the_test(program.to_str().unwrap())
            .arg(&root)
            .spawn()
            .unwrap();
        let mut server = Process(server);
        let end = Instant::now() + LIMIT;
        let address = loop {
            let config = std::fs::read_to_string(root.join("config.json")).unwrap_or_default();
            let config: Value = serde_json::from_str(&config).unwrap_or_default();
            let api = config["api"].as_str().unwrap_or_default();
            if let Some(address) = api.strip_prefix("http://") {
                break address.to_owned();
            }
            let ended = server.0.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < end,
                "cargo-http-registry does not serve: {ended:?}"
            );
            std::thread::sleep(Duration::from_millis(2));
        };
        let behind = Behind {
            address,
            folder: root,
            yanked: BTreeSet::new(),
        };
        let front = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let seen = Arc::default();
        let thread = std::thread::spawn({
            let (front, seen) = (Arc::clone(&front), Arc::clone(&seen));
            move || serve(&front, behind, &seen)
        });
        Self {
            front,
            thread: Some(thread),
            seen,
            _server: server,
            _folder: folder,
        }
    }

    /// The index URL.
    pub fn index(&self) -> String {
        format!("sparse+http://{}/index/", self.front.server_addr())
    }

    /// What arrived since the last call.
    pub fn requests(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

impl Drop for ClosedRegistry {
    fn drop(&mut self) {
        self.front.unblock();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(front: &Server, mut behind: Behind, seen: &Mutex<Vec<Seen>>) {
    let address = front.server_addr().to_string();
    for mut request in front.incoming_requests() {
        let mut body = Vec::new();
        // Cargo offers another protocol with its questions, and what would come behind such an offer has no end.
        if request.body_length().is_some() {
            request.as_reader().read_to_end(&mut body).unwrap();
        }
        let token = request
            .headers()
            .iter()
            .find(|header| header.field.equiv("Authorization"))
            .map(|header| header.value.to_string());
        let path: Vec<&str> = request.url()[1..].split('/').collect();
        let (what, (status, body)) =
            behind.answer(&request, &path, &body, &address, token.is_none());
        seen.lock().unwrap().push(Seen { what, token });
        let login = format!("Cargo login_url=\"http://{address}/me\"");
        let header = Header::from_bytes("WWW-Authenticate", login).unwrap();
        let answer = Response::from_data(body).with_header(header);
        let _ = request.respond(answer.with_status_code(status));
    }
}

impl Behind {
    /// What a request is for, and its answer; without a token it is closed.
    fn answer(
        &mut self,
        request: &Request,
        path: &[&str],
        body: &[u8],
        address: &str,
        is_closed: bool,
    ) -> (String, (u16, Vec<u8>)) {
        let done = || (200, json!({ "ok": true }).to_string().into_bytes());
        let refused = (401, b"{}".to_vec());
        match (request.method(), path) {
            (_, ["index", ..]) if is_closed => ("index".into(), refused),
            (_, ["index", "config.json"]) => {
                let config = json!({
                    "dl": format!("http://{address}/crates/{{crate}}-{{version}}.crate"),
                    "api": format!("http://{address}"),
                    "auth-required": true,
                });
                ("index".into(), (200, config.to_string().into_bytes()))
            }
            (_, ["index", file @ ..]) => ("index".into(), self.index_file(file)),
            (_, ["crates", _]) if is_closed => ("download".into(), refused),
            (_, ["crates", name]) => {
                let head = format!("GET /crates/{name}");
                ("download".into(), self.forward(&head, &[]))
            }
            (Method::Put, ["api", "v1", "crates", "new"]) => {
                let what = format!("publish {}", published(body));
                if is_closed {
                    return (what, refused);
                }
                (what, self.forward("PUT /api/v1/crates/new", body))
            }
            (_, ["api", "v1", "crates", name, rest @ ..]) => {
                let what = format!("{} {name}", rest.last().unwrap_or(&""));
                let answer = match rest {
                    _ if is_closed => refused,
                    [version, "yank"] => {
                        let version = (String::from(*name), String::from(*version));
                        self.yanked.insert(version);
                        done()
                    }
                    [version, "unyank"] => {
                        let version = (String::from(*name), String::from(*version));
                        self.yanked.remove(&version);
                        done()
                    }
                    ["owners"] => (200, json!({ "users": [] }).to_string().into_bytes()),
                    _ => (404, Vec::new()),
                };
                (what, answer)
            }
            _ => (request.url().to_owned(), (404, Vec::new())),
        }
    }

    /// The versions of a crate, as the server behind has written them.
    fn index_file(&self, file: &[&str]) -> (u16, Vec<u8>) {
        let path: PathBuf = self.folder.join(file.iter().collect::<PathBuf>());
        let Ok(text) = std::fs::read_to_string(path) else {
            return (404, Vec::new());
        };
        let lines = text.lines().map(|line| {
            let mut version: Value = serde_json::from_str(line).unwrap();
            let id = (
                version["name"].as_str().unwrap().to_owned(),
                version["vers"].as_str().unwrap().to_owned(),
            );
            version["yanked"] = self.yanked.contains(&id).into();
            format!("{version}\n")
        });
        (200, lines.collect::<String>().into_bytes())
    }

    fn forward(&self, head: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let mut server = TcpStream::connect(&self.address).unwrap();
        let head = format!(
            "{head} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        server.write_all(head.as_bytes()).unwrap();
        server.write_all(body).unwrap();
        let mut answer = Vec::new();
        server.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|part| part == b"\r\n\r\n");
        let body = answer.split_off(end.unwrap() + 4);
        let status = String::from_utf8(answer[9..12].to_vec()).unwrap();
        (status.parse().unwrap(), body)
    }
}

/// The crate that is uploaded: its description comes first, behind its length.
fn published(body: &[u8]) -> String {
    let length = u32::from_le_bytes(body[..4].try_into().unwrap());
    let end = 4 + usize::try_from(length).unwrap();
    let crate_: Value = serde_json::from_slice(&body[4..end]).unwrap();
    crate_["name"].as_str().unwrap().to_owned()
}
