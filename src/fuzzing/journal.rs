//! The journal of an interrupted change: whatever a file has become since, it is told, and finished if it can be.

use std::path::Path;

use super::{SECRET, Sandbox};
use crate::cargo::layers::Layers;
use crate::disk::document::{Document, Value};
use crate::disk::journal::{BLOCK, EditRecord, FileRecord, Journal, State};
use crate::disk::tree::{self, Node, Table};
use crate::render::Theme;
use crate::session::{Flags, Session, surroundings};
use crate::world::Env;

/// The longest texts that are looked at.
const LONGEST: usize = 4096;

/// The edits that are interrupted.
const SET: [&str; 3] = ["registries", "corp", "index"];
const UNSET: [&str; 3] = ["registries", "corp", "token"];

/// What somebody else adds.
const THEIRS: &str = "\n# somebody else\n";

/// The old text of a file, its new one, and what is there now, each up to a byte that is in no text. Without a
/// new one, edits make it, and a session finishes them.
pub fn journal(data: &[u8]) {
    if data.len() > LONGEST {
        return;
    }
    let mut parts = data.splitn(3, |byte| *byte == 0xff);
    let old = parts.next().unwrap_or_default();
    let (new, now) = (parts.next(), parts.next());
    damaged(old, new.unwrap_or_default());
    let Ok(old) = std::str::from_utf8(old) else {
        return;
    };
    match new.map(std::str::from_utf8) {
        Some(Ok(new)) => known(old, new, now),
        Some(Err(_)) => {}
        None => interrupted(old, data.len()),
    }
}

/// A journal itself that somebody has changed.
fn damaged(journal: &[u8], now: &[u8]) {
    let Some(journal) = Journal::parse(journal, "".as_ref()) else {
        return;
    };
    for record in journal.all() {
        // It is taken away from beside the file, so it leads nowhere else.
        let temporary = Path::new(&record.temporary);
        assert!(record.temporary.starts_with(".credsh-"));
        assert_eq!(temporary.file_name(), Some(temporary.as_os_str()));
        let told = format!("{record:?}");
        assert!(!told.contains(SECRET) || record.file.display().to_string().contains(SECRET));
        // One that is made up may contradict itself; it must not lead out of the text.
        let _ = record.state(Some(now));
        let _ = record.new_text(now);
        let _ = std::str::from_utf8(now).map(|now| record.merged(now));
    }
}

fn record(old: Option<&str>, new: &str) -> FileRecord {
    let record = FileRecord::new(
        "".as_ref(),
        "config.toml".as_ref(),
        false,
        old,
        new,
        Vec::new(),
    );
    let journal = Journal::new(vec![record], Vec::new(), Vec::new());
    let mut text = serde_json::to_vec(&journal).unwrap_or_default();
    text.push(b'\n');
    for length in [0, text.len() / 2, text.len().saturating_sub(1)] {
        assert!(
            Journal::parse(&text[..length], "".as_ref()).is_none(),
            "a part is no journal"
        );
    }
    let read = Journal::parse(&text, "".as_ref());
    assert_eq!(read.as_ref(), Some(&journal));
    let mut files = read.map_or_else(Vec::new, |read| read.files);
    assert_eq!(files.len(), 1);
    files.remove(0)
}

/// What a file is now is known, and what can be finished becomes the new text.
fn known(old: &str, new: &str, now: Option<&[u8]>) {
    if old == new {
        return;
    }
    let from = record(Some(old), new);
    assert_eq!(from.state(Some(old.as_bytes())), State::Old);
    assert_eq!(from.state(Some(new.as_bytes())), State::New);
    assert_eq!(from.state(None), State::Other);
    let is_new = |text: &[u8]| from.new_text(text).is_some_and(|text| *text == new);
    assert!(is_new(old.as_bytes()));

    let from_nothing = record(None, new);
    assert_eq!(from_nothing.state(None), State::Old);
    assert!(from_nothing.new_text(b"").is_some_and(|text| *text == new));

    // A write in place that was cut off at any byte of the old text, or where the new one ends a block.
    let mut padded = new.as_bytes().to_vec();
    padded.resize(old.len().max(new.len()), b'\n');
    let step = 1 + padded.len() / 64;
    for written in (0..=padded.len()).step_by(step) {
        let mut torn = padded[..written].to_vec();
        torn.extend(old.as_bytes().get(written..).unwrap_or_default());
        if torn.len() > old.len() && torn.len() < new.len() && !torn.len().is_multiple_of(BLOCK) {
            continue;
        }
        assert!(from.state(Some(&torn)) != State::Other, "torn at {written}");
        assert!(
            from.state(Some(&torn)) == State::New || is_new(&torn),
            "torn at {written}"
        );
    }
    if let Some(now) = now {
        match from.state(Some(now)) {
            State::Old => assert_eq!(now, old.as_bytes()),
            State::New => assert_eq!(now, new.as_bytes()),
            State::Torn => assert!(is_new(now), "torn, and cannot be finished"),
            State::Other => assert!(from.new_text(now).is_none_or(|text| *text == new)),
        }
    }
}

/// A session that finds the journal.
fn interrupted(old: &str, choice: usize) {
    thread_local!(static SANDBOX: Sandbox = Sandbox::new());
    SANDBOX.with(|sandbox| finish(sandbox, old, choice));
}

fn at<'a>(table: &'a Table, key: &[&str]) -> Option<&'a Node> {
    let (first, rest) = key.split_first()?;
    let node = &table.get(*first)?.node;
    if rest.is_empty() {
        return Some(node);
    }
    at(node.as_table()?, rest)
}

fn finish(sandbox: &Sandbox, old: &str, choice: usize) {
    let is_credentials = choice & 1 == 1;
    let name = if is_credentials {
        "home/credentials.toml"
    } else {
        "home/config.toml"
    };
    let file = sandbox.path(name);
    let (Ok(table), Ok(mut document)) = (tree::parse(&file, old), Document::parse(&file, old))
    else {
        return;
    };
    let value = Value::Text("sparse+https://new.example/".to_owned());
    if document.set(&SET, &value).is_err() || document.unset(&UNSET).is_err() {
        return;
    }
    let new = document.text();
    if *new == *old {
        return;
    }
    let node = Node::Text("sparse+https://new.example/".to_owned());
    let key = |key: &[&str]| key.iter().map(|&part| part.to_owned()).collect();
    let edits = vec![
        EditRecord::new(key(&SET), at(&table, &SET), Some((value, &node))),
        EditRecord::new(key(&UNSET), at(&table, &UNSET), None),
    ];
    let record = FileRecord::new(
        &sandbox.path("home"),
        &file,
        is_credentials,
        Some(old),
        &new,
        edits,
    );
    let folder = sandbox.path("home/.credsh");
    let made = std::fs::create_dir_all(&folder);
    assert!(made.is_ok());
    for name in ["home/credentials.toml", "home/config.toml"] {
        let _ = std::fs::remove_file(sandbox.path(name));
    }
    sandbox.write(name, old.as_bytes());
    // What cannot be read is not changed.
    let Ok(layers) = Layers::of_home(&sandbox.path("home")) else {
        return;
    };
    let mut journal = Journal::new(vec![record], Vec::new(), Vec::new());
    journal.surroundings = surroundings(layers.layers.iter(), &sandbox.path("home"), &journal);
    assert!(journal.write(&folder).is_ok());
    assert!(journal.begin(&folder, 0).is_ok());
    #[cfg(unix)]
    if choice / 8 % 2 == 1 {
        return is_refused(sandbox, &folder.join("journal"), choice);
    }

    // A write that goes further ends with a block.
    let half = (new.len() / 2).min(old.len());
    let by_others = format!("{old}{THEIRS}");
    let now = match choice / 2 % 4 {
        0 => old.as_bytes().to_owned(),
        1 => new.as_bytes().to_owned(),
        // It may be cut within a character.
        2 => {
            let rest = old.as_bytes().get(half..).unwrap_or_default();
            [&new.as_bytes()[..half], rest].concat()
        }
        _ => by_others.clone().into_bytes(),
    };
    let told = String::from_utf8_lossy(&now);
    sandbox.write(name, &now);
    recover(sandbox);

    assert!(!Journal::is_left(&folder), "it is not finished:\n{told}");
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    if choice / 2 % 4 == 3 {
        // In the text of ours, or by single edits in theirs.
        let in_ours = [&*new, THEIRS].concat();
        let mut in_theirs = Document::parse(&file, &by_others).ok();
        if let Some(document) = &mut in_theirs {
            let value = Value::Text("sparse+https://new.example/".to_owned());
            assert!(document.set(&SET, &value).is_ok() && document.unset(&UNSET).is_ok());
            let is_known = text == in_ours || text == *document.text();
            assert!(is_known, "written by somebody else:\n{told}\n{text}");
        }
    } else {
        assert_eq!(text, *new, "found as\n{told}");
    }
}

fn recover(sandbox: &Sandbox) {
    let flags = Flags {
        quiet: true,
        ..Flags::default()
    };
    let world = sandbox.world(Env::default());
    let recovered = Session::new(world, sandbox.path("home"), flags, Theme::default()).recover();
    assert!(recovered.is_ok());
}

/// What others may have written is not believed: it stays, and the file is as it was.
#[cfg(unix)]
fn is_refused(sandbox: &Sandbox, journal: &Path, choice: usize) {
    use std::os::unix::fs::PermissionsExt;
    let mode = if choice & 1 == 1 { 0o620 } else { 0o602 };
    let opened = std::fs::set_permissions(journal, std::fs::Permissions::from_mode(mode));
    assert!(opened.is_ok());
    let written = std::fs::read(journal);
    recover(sandbox);
    assert_eq!(std::fs::read(journal).ok(), written.ok());
    let removed = std::fs::remove_file(journal);
    assert!(removed.is_ok());
}
