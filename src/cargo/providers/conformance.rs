//! Whether a provider does what Cargo expects, point by point.
//!
//! A provider is asked as Cargo would, then what a later Cargo might. With a round trip it is also given a
//! made-up token, for an index that nobody can have. Invariant: no text of a token is in a point.

use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};

use cargo_credential::{CredentialHello, PROTOCOL_VERSION_1};
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::child::{Child, Limit};
use super::process::{Misunderstood, Response, command_of, request, understood, words_of};
use super::{Action, Answer, Operation, Reply, Said, perform};
use crate::cargo::chain::{Kind, Provider};
use crate::cargo::config::Config;
use crate::cargo::index_url::IndexUrl;
use crate::cargo::registry::Registry;
use crate::error::Result;
use crate::token::{Scheme, Token};

/// One thing that is expected, and whether it is so.
#[derive(Debug, Clone, Serialize)]
pub struct Point {
    /// What.
    pub point: &'static str,
    /// Whether it is so.
    pub passed: bool,
    /// What was seen.
    pub detail: String,
    /// Why it matters.
    pub why: &'static str,
}

const START: (&str, &str) = (
    "start",
    "where a provider does not start, Cargo stops, whatever the other providers have",
);
const HELLO: (&str, &str) = (
    "hello",
    "Cargo reads one line with the versions first, and ends a program that says anything else",
);
const GET: (&str, &str) = (
    "get",
    "`not-found` and `url-not-supported` alone let Cargo go on to the next provider",
);
const TOKEN: (&str, &str) = (
    "token",
    "Cargo sends the text as it is, and refuses what no header can hold",
);
const OUTPUT: (&str, &str) = (
    "output",
    "standard output belongs to the answer; what comes on top breaks one Cargo or another",
);
const STATUS: (&str, &str) = (
    "exit status",
    "Cargo takes any other than 0 for a failure, be the answer as good as it may",
);
const TIME: (&str, &str) = (
    "time",
    "Cargo waits without limit, so that a silent provider hangs every build",
);
const UNKNOWN: (&str, &str) = (
    "unknown kind",
    "a later Cargo may ask what this one does not, and expects `operation-not-supported`",
);
const INDEX: (&str, &str) = (
    "index",
    "Cargo would send one registry's token to another, and a login to that would replace it",
);
/// The same where it is not known whether it has one.
const INDEX_UNKNOWN: (&str, &str) = (
    INDEX.0,
    "a token that it has would be replaced, and removed with the made-up one",
);
const LOGIN: (&str, &str) = (
    "login",
    "Cargo offers the token to no other provider once this one is reached",
);
const READ_BACK: (&str, &str) = (
    "read back",
    "a login that says it has worked, and a token that is not there, show at the next publish",
);
const LOGOUT: (&str, &str) = (
    "logout",
    "Cargo says that the token is removed, and believes the provider",
);
const COMMAND_LINE: (&str, &str) = (
    "command line",
    "every user of the machine can read the command lines of all processes",
);

/// An index that nobody can have (RFC 2606).
const NOWHERE: &str = "sparse+https://conformance-test.credsh.invalid/index/";

/// A token that no server has issued.
const MADE_UP: &str = "credsh-conformance-test-is-not-a-token";

/// Tests a provider with a registry; with a round trip, it stores something as well.
pub fn test(
    config: &Config,
    provider: &Provider,
    registry: &Registry,
    round_trip: bool,
) -> Result<Vec<Point>> {
    let mut points = Points::default();
    let began = Instant::now();
    match provider.kind {
        Kind::Plugin => points.plugin(config, provider, registry),
        _ => points.other(config, provider, registry),
    }
    let has_started = !points
        .0
        .iter()
        .any(|one| one.point == START.0 && !one.passed);
    if has_started {
        let is_in_time = began.elapsed() < config.time_limit();
        points.add(TIME, is_in_time, seconds(began.elapsed()));
    }
    // `cargo:token` is an edit of files, which a commit performs.
    if has_started && round_trip && provider.kind != Kind::Token {
        points.round_trip(config, provider)?;
    }
    Ok(points.0)
}

#[derive(Default)]
struct Points(Vec<Point>);

impl Points {
    fn add(
        &mut self,
        (point, why): (&'static str, &'static str),
        passed: bool,
        detail: impl Into<String>,
    ) {
        self.0.push(Point {
            point,
            passed,
            detail: detail.into(),
            why,
        });
    }

    /// One that does not speak the protocol itself: it is asked, and what it says is looked at.
    fn other(&mut self, config: &Config, provider: &Provider, registry: &Registry) {
        match perform(config, provider, registry, Action::Get(&Operation::READ)) {
            Ok(Reply { said, remarks }) => {
                self.get(&said);
                for remark in remarks {
                    match self.0.last_mut() {
                        // What is wrong with the token is said, and this is the reason.
                        Some(point) if !point.passed => {
                            point.detail = format!("{}; {remark}", point.detail);
                        }
                        _ => self.add(OUTPUT, false, remark),
                    }
                }
            }
            Err(error) => self.add(GET, false, error.to_string()),
        }
    }

    /// Step by step, so that it is told which one fails.
    fn plugin(&mut self, config: &Config, provider: &Provider, registry: &Registry) {
        let arguments: Vec<&str> = provider.command[1..].iter().map(String::as_str).collect();
        let get = Action::Get(&Operation::READ);
        let text = serde_json::to_string(&request(registry, get, arguments.clone()));
        let Some(line) = self.talk(config, provider, &text.unwrap_or_default()) else {
            return;
        };
        match serde_json::from_str::<Response>(&line).map(|response| understood(response, get)) {
            Ok(Ok(said)) => self.get(&said),
            Ok(Err(Misunderstood::Failed(error))) => {
                let words = words_of(provider, &error, get);
                self.add(GET, false, format!("answers with a failure: {words}"));
            }
            Ok(Err(Misunderstood::AnotherQuestion)) => {
                self.add(GET, false, "gives the answer to another question");
            }
            Err(_) => self.add(GET, false, "gives an answer that is not of the protocol"),
        }

        let unknown = json!({
            "v": PROTOCOL_VERSION_1,
            "registry": { "index-url": registry.index_for_provider() },
            "kind": "credsh-conformance-test",
            "args": arguments,
        });
        let mut second = Self::default();
        let Some(line) = second.talk(config, provider, &unknown.to_string()) else {
            let detail = second.0.pop().map(|point| point.detail);
            return self.add(UNKNOWN, false, detail.unwrap_or_default());
        };
        let (passed, detail) = match serde_json::from_str::<Response>(&line) {
            Ok(Err(cargo_credential::Error::OperationNotSupported)) => {
                (true, "answers `operation-not-supported`")
            }
            Ok(_) => (false, "does not answer `operation-not-supported`"),
            Err(_) => (false, "gives an answer that is not of the protocol"),
        };
        self.add(UNKNOWN, passed, detail);
    }

    /// One start, one request, one answer. What fails on the way is a point, and there is no answer then.
    fn talk(
        &mut self,
        config: &Config,
        provider: &Provider,
        request: &str,
    ) -> Option<Zeroizing<String>> {
        let mut command = command_of(config, provider);
        command.arg("--cargo-plugin").stdin(Stdio::piped());
        let mut child =
            match Child::start(config, command, Limit::unless_asking(config.time_limit())) {
                Ok(child) => child,
                Err(error) => {
                    self.add(START, false, error.to_string());
                    return None;
                }
            };
        self.add(START, true, "starts with `--cargo-plugin`");
        let hello = match child.line() {
            Ok(line) => serde_json::from_str::<CredentialHello>(&line),
            Err(error) => {
                self.add(HELLO, false, error.to_string());
                return None;
            }
        };
        match hello {
            Ok(hello) if hello.v.contains(&PROTOCOL_VERSION_1) => {
                self.add(HELLO, true, format!("speaks version {:?}", hello.v));
            }
            Ok(hello) => {
                self.add(HELLO, false, format!("speaks version {:?} only", hello.v));
                return None;
            }
            Err(_) => {
                self.add(HELLO, false, "says something else, or nothing");
                return None;
            }
        }
        let request = Zeroizing::new(request.to_owned());
        let answer = child.send(request).and_then(|()| child.line());
        let answer = match answer {
            Ok(line) => line,
            Err(error) => {
                self.add(GET, false, error.to_string());
                return None;
            }
        };
        match child.finish() {
            Ok(()) => self.add(STATUS, true, "ends with 0 once its input ends"),
            Err(error) => self.add(STATUS, false, error.to_string()),
        }
        if child.has_more() {
            self.add(OUTPUT, false, "prints more than its answer");
        } else {
            self.add(OUTPUT, true, "prints its answer, and nothing else");
        }
        Some(answer)
    }

    fn get(&mut self, said: &Said) {
        match said {
            Said::Token(answer) => {
                self.add(GET, true, "has a token");
                self.token(answer);
            }
            Said::NotFound => self.add(GET, true, "answers `not-found`"),
            Said::UrlNotSupported => self.add(GET, true, "answers `url-not-supported`"),
            Said::Locked => self.add(GET, false, "is locked, which Cargo takes for empty"),
            Said::NotSupported | Said::Done => self.add(GET, false, "gives no tokens"),
        }
    }

    /// Everything about a token but its text.
    fn token(&mut self, answer: &Answer) {
        let token = &answer.token;
        let scheme = Scheme::of(token).unwrap_or(Scheme::Raw);
        let scheme = format!("{scheme:?}").to_lowercase();
        let mut detail = format!(
            "{} characters, scheme {scheme}, cache `{}`{}",
            token.len(),
            answer.cache,
            if answer.operation_independent {
                ", for every operation"
            } else {
                ""
            }
        );
        let mut passed = true;
        if let Err(error) = token.clone().checked() {
            passed = false;
            detail = format!("{detail}; {}", error.message());
        }
        if let Some(at) = token.expires() {
            let now = SystemTime::now();
            passed &= at > now;
            detail = match at.duration_since(now) {
                Ok(left) => format!("{detail}; expires in {}", span(left)),
                Err(past) => format!("{detail}; expired {} ago", span(past.duration())),
            };
        }
        self.add(TOKEN, passed, detail);
    }

    /// A login, read back, a logout, read back.
    fn round_trip(&mut self, config: &Config, provider: &Provider) -> Result<()> {
        let registry = nowhere()?;
        let token = Token::new(MADE_UP);
        let ask = |action| perform(config, provider, &registry, action);
        let get = Action::Get(&Operation::READ);
        if provider.can_login() != Some(false) {
            // What is there would be replaced, and then removed.
            let (point, passed, detail) = match ask(get).map(|reply| reply.said) {
                Ok(Said::NotFound | Said::UrlNotSupported) => (
                    INDEX,
                    true,
                    "has nothing for an index that nobody can have".to_owned(),
                ),
                // An earlier test has left it.
                Ok(Said::Token(answer)) if answer.token.is_same(&token) => {
                    (INDEX, true, format!("has the made-up token for {NOWHERE}"))
                }
                Ok(Said::Token(_)) => (
                    INDEX,
                    false,
                    "gives a token for an index that nobody can have, so none is stored".to_owned(),
                ),
                Ok(_) => (
                    INDEX_UNKNOWN,
                    false,
                    "does not say what it has, so nothing is stored".to_owned(),
                ),
                Err(error) => (INDEX_UNKNOWN, false, format!("nothing is stored: {error}")),
            };
            self.add(point, passed, detail);
            if !passed {
                return Ok(());
            }
        }
        let login = ask(Action::Login {
            token: Some(&token),
            args: &[],
        });
        match login {
            Ok(Reply {
                said: Said::Done,
                remarks,
            }) => {
                self.add(LOGIN, true, "stores a made-up token for a made-up index");
                if remarks.is_empty() {
                    self.add(COMMAND_LINE, true, "the token was seen on no command line");
                }
                for remark in remarks {
                    self.add(COMMAND_LINE, false, remark);
                }
            }
            Ok(Reply {
                said: Said::UrlNotSupported | Said::NotFound,
                ..
            }) => {
                self.add(
                    LOGIN,
                    true,
                    "does not take a made-up index, and Cargo goes on",
                );
                return Ok(());
            }
            Ok(_) => {
                self.add(LOGIN, true, "does not log in, and says so");
                return Ok(());
            }
            Err(error) => {
                self.add(LOGIN, false, error.to_string());
                return Ok(());
            }
        }
        match ask(get) {
            Ok(Reply {
                said: Said::Token(answer),
                ..
            }) if answer.token.is_same(&token) => {
                self.add(READ_BACK, true, "gives back the token that it was given");
            }
            Ok(_) => self.add(READ_BACK, false, "does not give back what it was given"),
            Err(error) => self.add(READ_BACK, false, error.to_string()),
        }
        let logout = ask(Action::Logout).and_then(|_| ask(get));
        match logout {
            Ok(Reply {
                said: Said::NotFound | Said::UrlNotSupported,
                ..
            }) => self.add(LOGOUT, true, "has nothing left of it"),
            Ok(_) => self.add(
                LOGOUT,
                false,
                format!("still gives the made-up token for {NOWHERE}"),
            ),
            Err(error) => self.add(LOGOUT, false, error.to_string()),
        }
        Ok(())
    }
}

fn nowhere() -> Result<Registry> {
    let index: IndexUrl = NOWHERE.parse()?;
    Ok(Registry {
        name: None,
        index,
        place: None,
        key: None,
        is_crates_io: false,
        notes: Vec::new(),
    })
}

fn seconds(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}

/// A length of time in words.
fn span(time: Duration) -> String {
    const HOUR: u64 = 60 * 60;
    match time.as_secs() {
        seconds if seconds >= 48 * HOUR => format!("{} days", seconds / (24 * HOUR)),
        seconds if seconds >= 2 * HOUR => format!("{} hours", seconds / HOUR),
        seconds => format!("{} minutes", seconds / 60),
    }
}
