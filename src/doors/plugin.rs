//! Cargo's credential provider protocol, our side: `credsh --cargo-plugin`.
//!
//! Every build with a private registry comes through here, so there is no table of commands, no script and no
//! colour: a `get` reads one part of the ledger and one item of one store. Three kinds of requests are told
//! apart by their arguments: those of Cargo (`--store`, `--label` narrow them), for which the ledger decides;
//! those for one of Cargo's own stores (`--store cargo:libsecret`); and those of credsh itself, in a process
//! that can be ended, for one item (`--item STORE LABEL`).
//!
//! Invariant: nothing but the protocol goes to standard output, and no text of a request is repeated anywhere:
//! a login contains a token.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;

use cargo_credential::{
    Action, CacheControl, CredentialHello, CredentialRequest, CredentialResponse, Error as Failure,
    PROTOCOL_VERSION_1, RegistryInfo, Secret,
};
use serde::{Deserialize as _, Serialize};
use serde_json::Value as Json;
use zeroize::{Zeroize as _, Zeroizing};

use crate::cargo::index_url::IndexUrl;
use crate::cargo::name::RegistryName;
use crate::cargo::providers::os::{self, STORE, UNLOCK};
use crate::cargo::providers::{Operation, PARTS, end_with_parent, in_parts};
use crate::cargo::registry::Registry;
use crate::disk::lock;
use crate::error::{Error, Result};
use crate::render::Theme;
use crate::session::own::{ITEM, Rules};
use crate::session::{Flags, Session};
use crate::stores::ledger::{self, Entry, Label};
use crate::stores::routing::{Cache, route};
use crate::stores::{Access, Item, StoreKind};
use crate::token::Token;
use crate::world::World;

/// The argument that Cargo starts a provider with. Looked for before anything else.
pub const ARGUMENT: &str = "--cargo-plugin";

/// No request is longer than this many bytes.
const LONGEST_REQUEST: u64 = 4 * 1024 * 1024;

/// The exit status where the connection itself fails.
const BROKEN: u8 = 1;

/// The exit status after Ctrl-C.
const INTERRUPTED: u8 = 130;

type Response = Result<CredentialResponse, Failure>;

/// Answers requests until there are no more.
///
/// Requests for one item come from credsh itself, which says so in the arguments of the process: Cargo gives
/// none but the first, so that no configuration can pass by the rules of a token.
pub(crate) fn run(mut world: World, is_ours: bool) -> u8 {
    if is_ours {
        end_with_parent();
    }
    let mut stdout = std::mem::replace(&mut world.stdout, Box::new(std::io::sink()));
    let stdin = std::mem::replace(&mut world.stdin, Box::new(std::io::empty()));
    let hello = CredentialHello {
        v: vec![PROTOCOL_VERSION_1],
    };
    if send(&mut *stdout, &hello).is_err() {
        return BROKEN;
    }
    let home = world.cargo_home(None);
    let flags = Flags {
        quiet: true,
        no_input: world.env.is_on("CREDSH_NO_INPUT"),
        ..Flags::default()
    };
    // Without a home there is nothing to give; what Cargo's own stores hold is not kept there.
    let (home, no_home) = match home {
        Ok(home) => (home, None),
        Err(error) => (std::path::PathBuf::new(), Some(error)),
    };
    let mut door = Door {
        session: Session::new(world, home, flags, Theme::default()),
        is_ours,
        no_home,
    };
    if !is_ours && door.no_home.is_none() {
        door.session.warn_of_interrupted();
    }
    let mut requests = BufReader::new(stdin);
    loop {
        let mut line = Zeroizing::new(Vec::new());
        let mut limited = requests.by_ref().take(LONGEST_REQUEST);
        match limited.read_until(b'\n', &mut line) {
            Ok(0) => return 0,
            Ok(_) => {}
            Err(_) => return BROKEN,
        }
        // The rest of a line that is too long is no request of its own.
        let is_whole = line.ends_with(b"\n") || limited.limit() > 0;
        let response = if is_whole {
            door.answer(&line)
        } else {
            Err("this request is too long".into())
        };
        // Ctrl-C at a question: whoever waits for the answer is to end, too.
        if door.session.world.interrupts.is_pressed() {
            return INTERRUPTED;
        }
        if send(&mut *stdout, &response).is_err() || !is_whole {
            return BROKEN;
        }
    }
}

fn send(stdout: &mut dyn Write, message: &impl Serialize) -> std::io::Result<()> {
    let mut text = Zeroizing::new(serde_json::to_string(message)?);
    text.push('\n');
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// A request with a token in it somewhere, wiped at the end.
struct Tree(Json);

impl Drop for Tree {
    fn drop(&mut self) {
        fn wipe(json: &mut Json) {
            match json {
                Json::String(text) => text.zeroize(),
                Json::Array(list) => list.iter_mut().for_each(wipe),
                Json::Object(table) => table.values_mut().for_each(wipe),
                Json::Null | Json::Bool(_) | Json::Number(_) => {}
            }
        }
        wipe(&mut self.0);
    }
}

struct Door {
    session: Session,
    is_ours: bool,
    no_home: Option<Error>,
}

impl Door {
    fn answer(&mut self, line: &[u8]) -> Response {
        let mut tree = Tree(Json::Null);
        let request = if line.contains(&b'\\') {
            // The protocol's types borrow their texts, which are not in the line as they are.
            serde_json::from_slice(line).and_then(|parsed| {
                tree.0 = parsed;
                CredentialRequest::deserialize(&tree.0)
            })
        } else {
            serde_json::from_slice(line)
        };
        let request: CredentialRequest<'_> =
            request.map_err(|_| Failure::from("this is no request of Cargo's protocol"))?;
        if request.v != PROTOCOL_VERSION_1 {
            return Err("this version of Cargo's protocol is not known".into());
        }
        let (registry, action) = (&request.registry, &request.action);
        match request.args.as_slice() {
            [STORE, store] if store.starts_with("cargo:") => {
                os::perform_here(store, false, registry, action)
            }
            [STORE, store, UNLOCK] => {
                self.session.say(&os::waiting());
                os::perform_here(store, true, registry, action)
            }
            [ITEM, store, label, more @ ..] if self.is_ours => {
                // Whoever asks us has asked the person, except for what the keyring asks itself.
                self.session.flags.no_input = !more.contains(&UNLOCK);
                self.item(store, label, registry, action)
                    .map_err(for_ourselves)
            }
            args => {
                let (args, is_for_us) = match args.split_last() {
                    Some((&PARTS, args)) => (args, true),
                    _ => (args, false),
                };
                let response = self.routed(args, registry, action);
                if response.is_err() {
                    // The next request is not to write what this one left undone.
                    self.session.roll_back_all();
                }
                match response {
                    Err(failure) if is_for_us => Err(for_ourselves(failure)),
                    response => response,
                }
            }
        }
    }

    fn access(&mut self) -> Result<Access<'_>> {
        if let Some(error) = &self.no_home {
            return Err(error.clone());
        }
        Ok(self.session.access())
    }

    /// One item of one store, whatever the ledger says.
    fn item(
        &mut self,
        store: &str,
        label: &str,
        registry: &RegistryInfo<'_>,
        action: &Action<'_>,
    ) -> Response {
        let store =
            StoreKind::named(store).ok_or_else(|| Failure::from("there is no such store"))?;
        let item = Item {
            index: registry.index_url,
            label,
        };
        let mut access = self.access().map_err(failure)?;
        match action {
            Action::Get(_) => match access.get(store, item).map_err(failure)? {
                Some(token) => Ok(CredentialResponse::Get {
                    token: Secret::from(token.expose().to_owned()),
                    cache: CacheControl::Never,
                    operation_independent: false,
                }),
                None => Err(Failure::NotFound),
            },
            Action::Login(login) => {
                let token = login
                    .token
                    .as_ref()
                    .ok_or_else(|| Failure::from("there is no token to keep"))?;
                let token = Token::new(*token.as_ref().expose());
                access.put(store, item, &token).map_err(failure)?;
                Ok(CredentialResponse::Login)
            }
            Action::Logout => {
                access.remove(store, item).map_err(failure)?;
                Ok(CredentialResponse::Logout)
            }
            _ => Err(Failure::OperationNotSupported),
        }
    }

    /// A request of Cargo's: the ledger decides.
    fn routed(
        &mut self,
        args: &[&str],
        registry: &RegistryInfo<'_>,
        action: &Action<'_>,
    ) -> Response {
        // What is looked at before it is changed is to be whole.
        if matches!(action, Action::Login(_) | Action::Logout) && self.no_home.is_none() {
            self.session.recover().map_err(failure)?;
        }
        match action {
            Action::Get(operation) => self.get(args, registry, operation),
            Action::Login(login) => {
                let rules = Rules::of_arguments(args).map_err(failure)?;
                let registry = known(registry).map_err(failure)?;
                let token = match &login.token {
                    Some(token) => Token::new(*token.as_ref().expose()),
                    None => self
                        .session
                        .ask_secret(&format!("token for {}: ", registry.word()))
                        .map_err(failure)?,
                };
                let kept = token
                    .cleaned()
                    .checked()
                    .and_then(|token| self.session.keep(&registry, &rules, Some(token)).map(drop))
                    .and_then(|()| self.session.commit());
                kept.map(|_| CredentialResponse::Login).map_err(failure)
            }
            Action::Logout => {
                let rules = Rules::of_arguments(args).map_err(failure)?;
                let registry = known(registry).map_err(failure)?;
                self.log_out(&rules, &registry)
            }
            _ => Err(Failure::OperationNotSupported),
        }
    }

    fn get(
        &mut self,
        args: &[&str],
        registry: &RegistryInfo<'_>,
        operation: &cargo_credential::Operation<'_>,
    ) -> Response {
        let index = registry.index_url;
        let home = self.access().map_err(failure)?.home.to_path_buf();
        self.session.wait_for_change(index);
        let version = version_of(&ledger::file(&home));
        let ledger = ledger::of_index(&home, index).map_err(failure)?;
        let (mut entries, mut broken) = (ledger.entries, ledger.broken);
        for broken in &broken {
            self.session.warn(&format!("credsh: {}", broken.error));
        }
        if entries.is_empty() {
            if let Some(broken) = broken.pop() {
                return Err(failure(broken.error));
            }
            self.explain_other_index(&home, registry);
            return Err(Failure::NotFound);
        }
        if !args.is_empty() {
            let rules = Rules::of_arguments(args).map_err(failure)?;
            rules.check_configured().map_err(failure)?;
            entries.retain(|entry| rules.admit(entry));
            broken.retain(|broken| rules.label.is_none() || broken.label == rules.label);
        }
        let Some(operation) = Operation::of_protocol(operation) else {
            // A later Cargo's operation: no token was ever meant for it.
            return Err(Failure::OperationNotSupported);
        };
        let routed = route(&entries, broken, &operation, &mut |entry| {
            let item = Item {
                index,
                label: entry.label.as_str(),
            };
            self.access()?.get(entry.store, item)
        });
        for warning in routed.warnings {
            self.session.warn(&format!("credsh: {warning}"));
        }
        let Some((entry, token)) = routed.found.map_err(failure)? else {
            return Err(Failure::NotFound);
        };
        // It may be a new token, whose rules are not those that were read.
        let has_its_rules = version_of(&ledger::file(&home)) == version || {
            let now = ledger::of_index(&home, index).map_err(failure)?;
            now.entries.iter().any(|now| serves_as(now, &entry))
        };
        if !has_its_rules || self.session.is_changing(index, Some(&entry.label)) {
            return Err(failure(unsettled(&entry.label)));
        }
        Ok(CredentialResponse::Get {
            token: Secret::from(token.expose().to_owned()),
            cache: match Cache::of(&entry, &operation) {
                Cache::Never => CacheControl::Never,
                Cache::Session => CacheControl::Session,
                Cache::Until(day) => CacheControl::Expires {
                    expiration: day.end(),
                },
            },
            operation_independent: false,
        })
    }

    /// A name that has tokens, for another index: a project may have moved it.
    fn explain_other_index(&mut self, home: &Path, registry: &RegistryInfo<'_>) {
        let Some(name) = registry.name else { return };
        let ledger = ledger::of_home(home).unwrap_or_default();
        let other = ledger
            .entries
            .iter()
            .find(|entry| entry.registry.as_deref() == Some(name));
        if let Some(other) = other {
            self.session.warn(&format!(
                "credsh: the tokens of `{name}` are for `{}`, and Cargo asks for `{}`: none is given away",
                IndexUrl::shown(&other.index),
                IndexUrl::shown(registry.index_url)
            ));
        }
    }

    fn log_out(&mut self, rules: &Rules, registry: &Registry) -> Response {
        let mut entries = self.session.own_tokens(registry).map_err(failure)?;
        entries.retain(|entry| rules.admit(entry));
        if entries.is_empty() {
            return Err(Failure::NotFound);
        }
        for entry in &entries {
            let forgotten = self.session.forget(entry).map_err(failure)?;
            if forgotten.is_none() {
                let keeper = crate::session::own::keeper(entry);
                return Err(failure(os::locked(&keeper)));
            }
        }
        let committed = self.session.commit().map_err(failure)?;
        match committed.unfinished.into_iter().next() {
            Some(unfinished) => Err(failure(unfinished.error)),
            None => Ok(CredentialResponse::Logout),
        }
    }
}

/// What tells one text of a file from the next without reading it; the number of a file that is gone may come back.
fn version_of(file: &Path) -> Option<impl PartialEq + use<>> {
    let metadata = file.metadata().ok()?;
    let changed = metadata.modified().ok()?;
    Some((lock::identity(file)?, changed, metadata.len()))
}

/// Whether it is the same token for the same, whatever its registry is called by now.
fn serves_as(one: &Entry, other: &Entry) -> bool {
    let nameless = |entry: &Entry| Entry {
        registry: None,
        ..entry.clone()
    };
    nameless(one) == nameless(other)
}

/// The error of a token that is given for nothing until it is known again what for.
fn unsettled(label: &Label) -> Error {
    Error::unavailable(format!(
        "a change of the token `{label}` is under way, or was interrupted"
    ))
    .hint("repeat the command; `credsh status` finishes what was interrupted")
}

/// A registry as Cargo names it.
fn known(registry: &RegistryInfo<'_>) -> Result<Registry> {
    let index: IndexUrl = registry.index_url.parse()?;
    Ok(Registry {
        name: registry
            .name
            .and_then(|name| name.parse::<RegistryName>().ok()),
        is_crates_io: index.is_crates_io(),
        index,
        place: None,
        key: None,
        notes: Vec::new(),
    })
}

/// An error of ours as Cargo tells it: message and causes, then what to do.
#[derive(Debug)]
struct Told(Error);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.next_step() {
            Some(hint) => write!(f, "{}; {hint}", self.0),
            None => self.0.fmt(f),
        }
    }
}

impl std::error::Error for Told {}

fn failure(error: Error) -> Failure {
    Failure::Other(Box::new(Told(error)))
}

/// What credsh itself is answered: it tells the parts of an error one by one.
fn for_ourselves(failure: Failure) -> Failure {
    match failure {
        Failure::Other(other) => match other.downcast::<Told>() {
            Ok(told) => in_parts(&told.0),
            Err(other) => Failure::Other(other),
        },
        other => other,
    }
}
