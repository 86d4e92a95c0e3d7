//! The program of a desktop that asks for the password of a keyring, played by the test: its owner types at once.
//!
//! GNOME's daemon and this program agree on a key (Diffie and Hellman, group 5 of RFC 3526), with which the password is
//! encrypted on the bus. What they say is `org.gnome.keyring.internal.Prompter` of gcr.

use std::collections::HashMap;

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use num_bigint::BigUint;
use sha2::{Digest as _, Sha256};
use zbus::blocking::connection::Builder;
use zbus::blocking::{Connection, MessageIterator};
use zbus::message::Type;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

const NAME: &str = "org.gnome.keyring.SystemPrompter";
const CALLBACK: &str = "org.gnome.keyring.internal.Prompter.Callback";

const PRIME: &str = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74\
    020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437\
    4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
    EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05\
    98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB\
    9ED529077096966D670C354E4ABC9804F1746C08CA237327FFFFFFFFFFFFFFFF";

/// Anything will do for a test.
const EXPONENT: u128 = 0x5eed_5eed_5eed_5eed_5eed_5eed_5eed_5eed;
const START: [u8; 16] = [7; 16];

type Properties = HashMap<String, OwnedValue>;

/// Takes the part on this bus, for as long as there is one; `password` is what the owner types.
pub fn play(address: &str, password: &'static str) {
    let connection = Builder::address(address).unwrap().build().unwrap();
    let calls = MessageIterator::from(&connection);
    connection.request_name(NAME).unwrap();
    std::thread::spawn(move || {
        // The bus that goes away is the end.
        let _ = serve(&connection, calls, password);
    });
}

fn serve(connection: &Connection, calls: MessageIterator, password: &str) -> zbus::Result<()> {
    for call in calls {
        let call = call?;
        if call.message_type() != Type::MethodCall {
            continue;
        }
        let header = call.header();
        let caller = header.sender().map(ToString::to_string);
        let ready = |callback: &OwnedObjectPath, reply: &str, exchange: String| {
            let body = (reply, HashMap::<&str, Value<'_>>::new(), exchange);
            let (to, method) = (caller.as_deref(), "PromptReady");
            connection.call_method(to, callback, Some(CALLBACK), method, &body)
        };
        connection.reply(&header, &())?;
        match header.member().map(zbus::names::MemberName::as_str) {
            Some("BeginPrompting") => {
                let callback: OwnedObjectPath = call.body().deserialize()?;
                ready(&callback, "", public())?;
            }
            Some("PerformPrompt") => {
                let (callback, _, _, exchange): (OwnedObjectPath, String, Properties, String) =
                    call.body().deserialize()?;
                let secret = format!("{}{}", public(), encrypted(password, &exchange));
                ready(&callback, "yes", secret)?;
            }
            Some("StopPrompting") => {
                let callback: OwnedObjectPath = call.body().deserialize()?;
                let (to, method) = (caller.as_deref(), "PromptDone");
                // Who wanted to stop may not wait for that.
                let _ = connection.call_method(to, &callback, Some(CALLBACK), method, &());
            }
            _ => {}
        }
    }
    Ok(())
}

fn prime() -> BigUint {
    BigUint::parse_bytes(PRIME.as_bytes(), 16).unwrap()
}

/// Our half of the key.
fn public() -> String {
    let half = BigUint::from(2_u8).modpow(&EXPONENT.into(), &prime());
    let half = BASE64_STANDARD.encode(half.to_bytes_be());
    format!("[sx-aes-1]\npublic={half}\n")
}

/// The password, for whoever has said this half.
fn encrypted(password: &str, exchange: &str) -> String {
    let half = exchange
        .lines()
        .find_map(|line| line.strip_prefix("public="));
    let half = BASE64_STANDARD.decode(half.unwrap()).unwrap();
    let shared = BigUint::from_bytes_be(&half).modpow(&EXPONENT.into(), &prime());
    // As long as the prime, whatever it begins with.
    let shared = shared.to_bytes_be();
    let shared = [vec![0; PRIME.len() / 2 - shared.len()], shared].concat();
    // HKDF (RFC 5869) without salt and context: no more than its first block is needed.
    let extracted = hmac(&[0; 32], &shared);
    let expanded = hmac(&extracted, &[1]);
    let key: [u8; 16] = expanded[..16].try_into().unwrap();
    let cipher = Aes128::new(&key.into());
    let padding = 16 - password.len() % 16;
    let mut text = password.as_bytes().to_vec();
    text.extend(std::iter::repeat_n(u8::try_from(padding).unwrap(), padding));
    let (mut before, mut encrypted) = (START, Vec::new());
    for block in text.chunks(16) {
        for (one, other) in before.iter_mut().zip(block) {
            *one ^= other;
        }
        let mut block = before.into();
        cipher.encrypt_block(&mut block);
        before = block.into();
        encrypted.extend(before);
    }
    format!(
        "secret={}\niv={}\n",
        BASE64_STANDARD.encode(encrypted),
        BASE64_STANDARD.encode(START)
    )
}

/// RFC 2104, for keys of no more than a block.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let padded = |with: u8| -> Vec<u8> {
        let mut block = [with; 64];
        for (one, other) in block.iter_mut().zip(key) {
            *one ^= other;
        }
        block.to_vec()
    };
    let inner = Sha256::digest([&padded(0x36), message].concat());
    Sha256::digest([&padded(0x5c)[..], &inner].concat()).into()
}
