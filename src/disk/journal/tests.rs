//! How a file that was being written is told from one that somebody else has written.

use super::record::BLOCK;
use super::*;
use crate::disk::document::Value;
use crate::disk::tree;

const TEXTS: [&str; 8] = [
    "",
    "a = 1\n",
    "[a]\nk = \"1\"\n",
    "[a]\nk = \"22\"\n",
    "# a comment\n[a]\nk = \"1\" # one\n\n[b]\nk = \"3\"\n",
    "# a comment\n[a]\nk = \"ä\" # one\n\n[b]\nk = \"3\"\n",
    "# a comment\n[a]\nk = \"ö\" # one\n\n[b]\nk = \"3\"\n",
    "ключ = \"é\"\r\n",
];

fn record(old: Option<&str>, new: &str) -> FileRecord {
    let record = FileRecord::new(
        Path::new(""),
        Path::new("config.toml"),
        false,
        old,
        new,
        Vec::new(),
    );
    // As the next start will see it.
    serde_json::from_slice(&serde_json::to_vec(&record).unwrap()).unwrap()
}

fn every_pair(mut check: impl FnMut(&str, &str)) {
    for old in TEXTS {
        for new in TEXTS.into_iter().filter(|new| *new != old) {
            check(old, new);
        }
    }
}

#[test]
fn before_and_afterwards() {
    every_pair(|old, new| {
        let record = record(Some(old), new);
        assert_eq!(record.state(Some(old.as_bytes())), State::Old);
        assert_eq!(record.state(Some(new.as_bytes())), State::New);
        assert_eq!(record.state(None), State::Other);
        assert_eq!(*record.new_text(old.as_bytes()).unwrap(), new);
    });
    let created = record(None, "a = 1\n");
    assert_eq!(created.state(None), State::Old);
    assert_eq!(*created.new_text(b"").unwrap(), "a = 1\n");
    // Somebody else has made it.
    assert_eq!(created.state(Some(b"")), State::Other);
}

/// However far a write in place has come, and whichever of its blocks: it can be finished.
#[test]
fn cut_off_in_the_middle() {
    every_pair(|old, new| {
        let record = record(Some(old), new);
        let mut padded = new.as_bytes().to_vec();
        padded.resize(old.len().max(new.len()), b'\n');
        // One that grows comes as far as the end of a block.
        for written in (0..=old.len()).chain([padded.len()]) {
            let mut torn = padded[..written].to_vec();
            torn.extend(old.as_bytes().get(written..).unwrap_or_default());
            check_torn(&record, &torn, old, new);
            // Somebody was about to put the old text back.
            let mut back = old.as_bytes().to_vec();
            back.resize(old.len().max(torn.len()), b'\n');
            check_torn(&record, &back, old, new);
        }
    });
}

/// Texts of several blocks: one that grows, and an old one that is put back in the place of a shorter one.
#[test]
fn cut_off_behind_a_block() {
    let text = |name: &str, times: usize| format!("# {name}\n").repeat(times);
    let (long, short) = (text("long", 300), text("short", 150));
    let (to, from) = (long.as_bytes(), short.as_bytes());
    let forth = record(Some(&short), &long);
    for written in (BLOCK..to.len()).step_by(BLOCK) {
        let rest = from.get(written..).unwrap_or_default();
        check_torn(&forth, &[&to[..written], rest].concat(), &short, &long);
    }
    // A system that stops has written some of its blocks; within one, nobody writes the end before the beginning.
    for odd in 0..BLOCK {
        let mut blocks = to.to_vec();
        for (at, byte) in from.iter().enumerate() {
            if at / BLOCK % 2 == 1 || at / BLOCK == 0 && at < odd {
                blocks[at] = *byte;
            }
        }
        if odd == 0 {
            check_torn(&forth, &blocks, &short, &long);
        } else if from[..odd] != to[..odd] {
            assert_eq!(forth.state(Some(&blocks)), State::Other, "{odd}");
        }
    }
    // The end of the longer one comes first, and then what is before it.
    let back = record(Some(&long), &short);
    for written in (0..to.len()).step_by(BLOCK) {
        let torn = if written > from.len() {
            [from, &to[from.len()..written]].concat()
        } else {
            [&to[..written], &from[written..], &to[from.len()..]].concat()
        };
        check_torn(&back, &torn, &long, &short);
    }
}

/// Whoever takes something away from the end of a file leaves what might be the beginning of a write.
#[test]
fn what_was_taken_away_is_no_write_that_was_cut_off() {
    let table = |name: &str| format!("[{name}]\nk = \"{name}\"\n");
    let [a, b, c, d] = ["a", "b", "c", "d"].map(table);
    let all = [&*a, &b, &c, &d].concat();
    let check = |old: &str, new: &str, theirs: &str| {
        let state = record(Some(old), new).state(Some(theirs.as_bytes()));
        assert_eq!(state, State::Other, "{old:?} {new:?} {theirs:?}");
    };
    check(&[&*a, &b].concat(), &b, &a);
    check(&all, &[&*b, &c, &d].concat(), &[&*a, &b, &c].concat());
    check(&all, &[&*c, &d].concat(), &[&*a, &b, &c].concat());
    check(&all, &d, &a);
    // Also where it ends with a block.
    let block = "# 12345\n".repeat(64);
    check(
        &[&*a, &block, &b].concat(),
        &b,
        &[&*a, &block].concat()[..BLOCK],
    );
    check(&a, &all, &[&*a, &b].concat());
}

#[track_caller]
fn check_torn(record: &FileRecord, torn: &[u8], old: &str, new: &str) {
    let state = record.state(Some(torn));
    let expected = match torn {
        torn if torn == new.as_bytes() => State::New,
        torn if torn == old.as_bytes() => State::Old,
        _ => State::Torn,
    };
    assert_eq!(state, expected, "{:?}", String::from_utf8_lossy(torn));
    assert_eq!(*record.new_text(torn).unwrap(), new);
}

#[test]
fn what_somebody_else_wrote_is_theirs() {
    let old = "[a]\nk = \"old-1\"\n[b]\nk = 2\n";
    let new = "[a]\nk = \"new-1\"\n[b]\nk = 2\n";
    let record = record(Some(old), new);
    for theirs in [
        "[a]\nk = \"her-1\"\n[b]\nk = 2\n",
        "[a]\nk = \"new-1\"\n[b]\nk = 3\n",
        "[a]\nk = \"new-1\"\n[b]\nk = 2\n\n",
        "[a]\nk = \"",
        "",
    ] {
        assert_eq!(
            record.state(Some(theirs.as_bytes())),
            State::Other,
            "{theirs}"
        );
    }
}

/// What somebody else has added before the range, or behind it, stays around the new one; what they have made of the range
/// itself is no place for that.
#[test]
fn what_was_added_around_stays() {
    let mut befores = 0;
    every_pair(|old, new| {
        let record = record(Some(old), new);
        let more = "[more]\n";
        let behind = [old, more].concat();
        if old.ends_with('\n') {
            assert_eq!(*record.merged(&behind).unwrap(), [new, more].concat());
        }
        // In an empty file nobody knows which of both is before the other.
        if let Some(before) = record.merged(&[more, old].concat())
            && !old.is_empty()
        {
            befores += 1;
            assert_eq!(*before, [more, new].concat());
        }
    });
    assert!(befores > 4, "{befores}");
    let record = record(Some("a = 1\nb = 2\n"), "a = 1\nb = 33\n");
    for theirs in [
        "a = 1\nb = 4\n",
        "",
        "a = 1\n",
        "# more\na = 1\nb = 2\n# more\n",
    ] {
        assert_eq!(record.merged(theirs), None, "{theirs}");
    }
}

#[test]
fn single_edits_know_their_values() {
    let values = |text: &str| tree::parse(Path::new("config.toml"), text).unwrap();
    let before = values("list = ['a', \"b\"]\ntoken = 's3cret'\nflag = true\n");
    let respelt = values("token = \"s3cret\"\nlist = [\n  'a', # first\n  'b',\n]\n");
    let after = values("list = ['a']\n");
    let value = || Value::List(vec!["a".into()]);
    let node = |table: &tree::Table, key: &str| table[key].node.clone();
    let list = node(&before, "list");
    let new = node(&after, "list");
    let edit = EditRecord::new(vec!["list".into()], Some(&list), Some((value(), &new)));
    assert!(edit.is_before(Some(&node(&respelt, "list"))));
    assert!(!edit.is_before(None) && !edit.is_after(None));
    assert!(edit.is_after(Some(&new)));
    let token = node(&before, "token");
    let gone = EditRecord::new(vec!["token".into()], Some(&token), None);
    assert!(gone.is_before(Some(&node(&respelt, "token"))) && gone.is_after(None));
}

#[test]
fn a_journal_is_whole_or_not_there() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!Journal::is_left(folder.path()));
    let home = folder.path().parent().unwrap();
    let file = home.join("config.toml");
    let record = FileRecord::new(home, &file, false, Some("a = 1\n"), "a = 2\n", Vec::new());
    let journal = Journal::new(vec![record], vec![Json::Null], Vec::new());
    journal.write(folder.path()).unwrap();
    assert_eq!(Journal::read(folder.path()).unwrap(), Some(journal));
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let mode = fs::metadata(folder.path().join(NAME)).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // One that was not finished is none, and goes.
    fs::write(folder.path().join(UNFINISHED), "{\"schema\"").unwrap();
    Journal::remove(folder.path()).unwrap();
    assert!(!Journal::is_left(folder.path()));

    fs::write(folder.path().join(NAME), "{\"token\": \"s3cret\"").unwrap();
    let error = Journal::read(folder.path()).unwrap_err();
    assert_eq!(error.kind(), crate::error::Kind::Malformed);
    assert!(!format!("{error:?}").contains("s3cret"));
}

#[test]
fn a_file_is_marked_before_it_is_written() {
    use Progress::{Begun, Untouched, Written};
    let folder = tempfile::tempdir().unwrap();
    let record = |name: &str| {
        let name = Path::new(name);
        FileRecord::new(Path::new(""), name, false, None, "a = 1\n", Vec::new())
    };
    let files = vec![record("one"), record("two")];
    let mut journal = Journal::new(files, Vec::new(), Vec::new());
    journal.write(folder.path()).unwrap();
    let read = || Journal::read(folder.path()).unwrap().unwrap();
    let progress = |journal: &Journal| [0, 1].map(|place| journal.progress(place));
    assert_eq!(progress(&read()), [Untouched, Untouched]);
    journal.begin(folder.path(), 0).unwrap();
    assert_eq!(progress(&read()), [Begun, Untouched]);
    journal.begin(folder.path(), 1).unwrap();
    assert_eq!(progress(&read()), [Written, Begun]);
    journal.begin(folder.path(), 0).unwrap();
    journal.end(folder.path()).unwrap();
    assert_eq!(progress(&read()), [Written, Written]);
    // Written as a whole, it has its marks.
    journal.write(folder.path()).unwrap();
    assert_eq!(progress(&read()), [Written, Written]);
    journal.step_back(folder.path(), 1).unwrap();
    assert_eq!(progress(&read()), [Begun, Untouched]);
    // A loss of power may leave the length of a mark only; half of a journal is none.
    let file = folder.path().join(NAME);
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() = 0;
    fs::write(&file, &bytes).unwrap();
    assert_eq!(progress(&read()), [Begun, Untouched]);
    bytes.truncate(bytes.len() - 2);
    assert!(Journal::parse(&bytes, folder.path()).is_none());
}

#[test]
fn a_key_has_a_name() {
    for (key, is_read) in [(vec!["a".to_owned()], true), (Vec::new(), false)] {
        let edits = vec![EditRecord::new(key, None, None)];
        let name = Path::new("config.toml");
        let record = FileRecord::new(Path::new(""), name, false, None, "a = 1\n", edits);
        let journal = Journal::new(vec![record], Vec::new(), Vec::new());
        let mut text = serde_json::to_vec(&journal).unwrap();
        text.push(END);
        assert_eq!(Journal::parse(&text, Path::new("")).is_some(), is_read);
    }
}

#[cfg(unix)]
#[test]
fn names_need_not_be_unicode() {
    use std::os::unix::ffi::OsStrExt;
    let name = Path::new(std::ffi::OsStr::from_bytes(b"caf\xe9/config.toml"));
    let record = FileRecord::new(Path::new(""), name, false, None, "a = 1\n", Vec::new());
    let text = serde_json::to_string(&record).unwrap();
    assert_eq!(
        serde_json::from_str::<FileRecord>(&text).unwrap().name,
        name
    );
}

/// Nobody could finish by a journal that is not read.
#[test]
fn one_that_is_too_long_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    for (length, fits) in [(1_000, true), (replace::LONGEST, false)] {
        let item = Json::String("a".repeat(usize::try_from(length).unwrap()));
        let kept = Journal::new(Vec::new(), vec![item], Vec::new()).write(folder.path());
        assert_eq!(kept.is_ok(), fits, "{kept:?}");
        assert_eq!(Journal::is_begun(folder.path()), fits);
        if fits {
            assert!(Journal::read(folder.path()).unwrap().is_some());
            Journal::remove(folder.path()).unwrap();
        }
    }
}
