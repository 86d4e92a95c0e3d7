//! Cargo's credential provider protocol, our side: `credsh --cargo-plugin`.
//!
//! Nothing but the protocol goes to standard output. So far the stores of operating systems are served, each
//! by its name: `--store cargo:libsecret`. That is how credsh itself calls them, in a process that can be
//! ended, and a registry can be given such a provider as well.

use std::io::{BufRead, BufReader, Read, Write};

use cargo_credential::{
    CredentialHello, CredentialRequest, CredentialResponse, Error as Failure, PROTOCOL_VERSION_1,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use crate::cargo::providers::os::{self, PATIENT, STORE, UNLOCK};
use crate::world::World;

/// The argument that Cargo starts a provider with. Looked for before anything else.
pub const ARGUMENT: &str = "--cargo-plugin";

/// No request is longer than this many bytes.
const LONGEST_REQUEST: u64 = 4 * 1024 * 1024;

/// The exit status where the connection itself fails.
const BROKEN: u8 = 1;

/// Answers requests until there are no more.
pub(crate) fn run(world: World) -> u8 {
    let World {
        stdin,
        mut stdout,
        mut stderr,
        ..
    } = world;
    let hello = CredentialHello {
        v: vec![PROTOCOL_VERSION_1],
    };
    if send(&mut *stdout, &hello).is_err() {
        return BROKEN;
    }
    let mut requests = BufReader::new(stdin);
    loop {
        let mut line = Zeroizing::new(String::new());
        match requests.by_ref().take(LONGEST_REQUEST).read_line(&mut line) {
            Ok(0) => return 0,
            Ok(_) => {}
            Err(_) => return BROKEN,
        }
        let response = answer(&line, &mut *stderr);
        if send(&mut *stdout, &response).is_err() {
            return BROKEN;
        }
    }
}

fn answer(line: &str, stderr: &mut dyn Write) -> Result<CredentialResponse, Failure> {
    // Neither the request nor serde's words about it are repeated: a login contains a token.
    let not_understood = |_| Failure::from("this is no request of Cargo's protocol");
    // By way of a value: the types of the protocol borrow, and a text with an escape in it cannot be borrowed.
    let request = Wiped(serde_json::from_str(line).map_err(not_understood)?);
    let request = CredentialRequest::deserialize(&request.0).map_err(not_understood)?;
    if request.v != PROTOCOL_VERSION_1 {
        return Err("this version of Cargo's protocol is not known".into());
    }
    let (store, may_unlock) = match request.args.as_slice() {
        [STORE, store] => (store, false),
        [STORE, store, UNLOCK] => (store, true),
        _ => return Err("say which store: `--store cargo:libsecret`".into()),
    };
    if may_unlock {
        // Without a reader of this, all else still holds.
        let _ = writeln!(
            stderr,
            "note: the keyring is locked; waiting up to {} s for it to be unlocked",
            PATIENT.as_secs()
        );
    }
    os::perform_here(store, may_unlock, &request.registry, &request.action)
}

/// A request, whose token does not stay in memory.
struct Wiped(Value);

impl Drop for Wiped {
    fn drop(&mut self) {
        if let Some(Value::String(token)) = self.0.get_mut("token") {
            token.zeroize();
        }
    }
}

fn send(stdout: &mut dyn Write, message: &impl Serialize) -> std::io::Result<()> {
    let mut text = Zeroizing::new(serde_json::to_string(message)?);
    text.push('\n');
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
