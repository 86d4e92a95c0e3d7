//! Edits of any text: what was meant changes, every other byte stays, and a refusal leaves nothing.

use std::ops::Range;
use std::path::Path;

use toml_edit::Item;

use super::plain::{Expected, Plain};
use super::remains::check_lines;
use crate::disk::document::{Document, Found, Value};
use crate::disk::tree;

/// Keys that credsh writes, and others near them.
const KEYS: &[&[&str]] = &[
    &["registries", "corp", "index"],
    &["registries", "corp", "token"],
    &["registries", "my corp", "credential-provider"],
    &["registry", "token"],
    &["registry", "default"],
    &["registry", "global-credential-providers"],
    &["credential-alias", "vault"],
    &["token"],
    &["a", "b", "c", "d"],
    &["", "x.y"],
];

/// Must be in no error.
const SECRET: &str = "it's \"s3cret\" \\ \n\u{7f}\u{85}🔑";

const TEXTS: &[&str] = &[
    "x",
    SECRET,
    "",
    "sparse+https://host/'index'/",
    "\u{feff}\t \\",
];

/// What things are called otherwise.
const NAMES: &[&str] = &["corp", "b", "größe", "it's \"x\"", "", "x.y"];

/// The longest text that is looked at.
const LONGEST: usize = 4096;

/// Edits, three bytes each, up to a byte that is in no text, then the text. Without edits, each key once.
pub fn documents(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == 0xff);
    let (edits, text) = match end {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (&data[..0], data),
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    if text.len() > LONGEST || edits.len() > 3 * 32 {
        return;
    }
    let Some(plain) = Plain::read(text) else {
        let refused = Document::parse(Path::new("config.toml"), text).err();
        let error = refused.unwrap_or_else(|| panic!("what is not TOML was opened"));
        let lines = 1 + text.matches('\n').count();
        let line = line_of(&error.to_string());
        assert!(
            (1..=lines).contains(&line),
            "{error}: there are {lines} lines"
        );
        return;
    };
    let read = tree::parse(Path::new("config.toml"), text).ok();
    if let Some(table) = read {
        assert_eq!(Plain::of_entries(&table), plain.clone().without_elements());
    }
    if end.is_some() {
        let mut document = open(text);
        for edit in edits.chunks_exact(3) {
            perform(&mut document, edit);
        }
    } else {
        for key in 0..=u8::try_from(keys(&plain).len().min(90)).unwrap_or(90) {
            for kind in 0..5 {
                perform(&mut open(text), &[kind, key, key.wrapping_add(kind)]);
            }
        }
    }
}

pub(super) fn open(text: &str) -> Document<'_> {
    let document = Document::parse(Path::new("config.toml"), text);
    let document = document.unwrap_or_else(|error| panic!("TOML is refused: {error}"));
    assert_eq!(*document.text(), text, "opened and not edited");
    document
}

/// The line that an error names; 0 for none.
fn line_of(error: &str) -> usize {
    let line = error.strip_prefix("config.toml:").unwrap_or_default();
    let line = line.split(':').next().unwrap_or_default();
    line.parse().unwrap_or(0)
}

/// Fixed ones, those that are there, and one below each.
fn keys(plain: &Plain) -> Vec<Vec<String>> {
    let fixed = KEYS.iter();
    let mut keys: Vec<Vec<String>> = fixed
        .map(|key| key.iter().map(|&part| part.to_owned()).collect())
        .collect();
    for path in plain.paths() {
        keys.push(path.clone());
        keys.push([path, vec!["new".to_owned()]].concat());
    }
    keys
}

fn perform(document: &mut Document<'_>, edit: &[u8]) {
    let before = document.text().to_string();
    let plain = Plain::read(&before).unwrap_or_else(|| panic!("no TOML any more:\n{before}"));
    let keys = keys(&plain);
    let key = &keys[usize::from(edit[1]) % keys.len()];
    let key: Vec<&str> = key.iter().map(String::as_str).collect();
    let choice = usize::from(edit[2]);
    let text = TEXTS[choice % TEXTS.len()];
    match edit[0] % 5 {
        4 => rename(document, &key, NAMES[choice % NAMES.len()]),
        0 => set(
            document,
            &before,
            &plain,
            &key,
            &Value::Text(text.to_owned()),
        ),
        1 => {
            let mut texts: Vec<String> = match plain.get(&key) {
                Some(Plain::List(old)) => old
                    .iter()
                    .filter_map(|old| match old {
                        Plain::Text(text) => Some(text.clone()),
                        _ => None,
                    })
                    .collect(),
                _ => Vec::new(),
            };
            if choice & 1 == 1 && !texts.is_empty() {
                let at = (choice >> 4) % texts.len();
                texts.remove(at);
            }
            if choice & 2 == 2 {
                texts.insert((choice >> 4) % (texts.len() + 1), text.to_owned());
            }
            if choice & 4 == 4 {
                let by = usize::from(texts.len() > 1);
                texts.rotate_left(by);
            }
            set(document, &before, &plain, &key, &Value::List(texts));
        }
        _ => unset(document, &before, &plain, &key),
    }
}

/// Sets a key, or unsets it, and sees that this and nothing else has come of it.
#[cfg(test)]
pub(super) fn edit(document: &mut Document<'_>, key: &[&str], value: Option<&Value>) {
    let before = document.text().to_string();
    let plain = Plain::read(&before).unwrap_or_else(|| panic!("no TOML any more:\n{before}"));
    match value {
        Some(value) => set(document, &before, &plain, key, value),
        None => unset(document, &before, &plain, key),
    }
}

/// What was said about an edit, which changed nothing.
fn check_refusal(
    document: &Document<'_>,
    key: &[&str],
    result: Result<bool, crate::Error>,
    before: &str,
) {
    let after = document.text();
    let Err(error) = result else {
        panic!("this edit had to be refused");
    };
    assert_eq!(before, &**after, "a refused edit changes nothing");
    let error = format!("{error} {:?}", error.next_step());
    assert!(!error.contains("s3cret"), "{error}");
    let is_bare = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
    let is_named = error.contains(&format!("`{}`", key.join(".")));
    assert!(is_named || !key.iter().all(is_bare), "{error}: {key:?}");
    // A line keeps the number that it has in the file.
    let lines = if document.is_as_read() {
        1 + before.matches('\n').count()
    } else {
        usize::MAX
    };
    let line = line_of(&error);
    assert!(
        (1..=lines).contains(&line),
        "{error}: there are {lines} lines"
    );
}

fn set(document: &mut Document<'_>, before: &str, plain: &Plain, key: &[&str], value: &Value) {
    let mut expected = plain.clone();
    let outcome = expected.put(key, Plain::of_edit(value));
    let result = document.set(key, value);
    let after = document.text().to_string();
    let told = || format!("set {key:?} in\n{before}\nmakes\n{after}");
    if outcome == Expected::Refused {
        return check_refusal(document, key, result.map(|()| true), before);
    }
    if let Err(error) = result {
        panic!("{error}: {}", told());
    }
    if outcome == Expected::Unchanged {
        assert_eq!(before, after, "nothing was to change");
        return;
    }
    assert_eq!(Plain::read(&after), Some(expected), "{}", told());
    assert!(
        document.get(key) == Some(Found::Value(value.clone())),
        "{}",
        told()
    );

    let parsed = parse(before);
    let (at, depth) = statement(&parsed, key);
    match at {
        // A value for a value: nothing else.
        Some(item) if depth == key.len() || plain.get(key).is_some() => {
            let item = within(item, &key[depth..]).unwrap_or(item);
            let span = item.span().unwrap_or_default();
            assert!(is_splice(before, &after, &span), "{}", told());
            check_undone(before, &after, key, value, &before[span], plain);
        }
        // An entry between braces.
        Some(item) => {
            let span = item.span().unwrap_or_default();
            assert!(is_splice(before, &after, &span), "{}", told());
            check_unset_again(before, &after, key, plain);
        }
        // A line or more, between two others.
        None => {
            assert!(is_insertion(before, &after), "{}", told());
            check_unset_again(before, &after, key, plain);
        }
    }
    let mut again = open(before);
    let _ = again.set(key, value);
    check_same(&again.text(), &after, &told);
}

/// An edit of the text as read again gives the same text. How its lines end is remembered from a first line, and
/// from a last one, that may be gone.
fn check_same(again: &str, after: &str, told: &dyn Fn() -> String) {
    let bare = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
    assert_eq!(bare(again), bare(after), "read again, {}", told());
}

/// The old text in the place of a new one, in the quotes that both have.
fn check_undone(before: &str, after: &str, key: &[&str], value: &Value, old: &str, plain: &Plain) {
    let (Some(Plain::Text(text)), Value::Text(new)) = (plain.get(key), value) else {
        return;
    };
    let is_simple = new == "x" && !text.contains(|c: char| c.is_control() || "'\"\\".contains(c));
    if is_simple && (old == format!("\"{text}\"") || old == format!("'{text}'")) {
        let mut document = open(after);
        let done = document.set(key, &Value::Text(text.clone()));
        assert!(done.is_ok());
        assert_eq!(*document.text(), before, "there and back: {key:?}");
    }
}

/// A new key in a table that was there and has others leaves no trace when it is removed. (A header that it
/// needed may have come to stay, and blank lines at the top go with the key that came above them.)
fn check_unset_again(before: &str, after: &str, key: &[&str], plain: &Plain) {
    let table = plain.get(&key[..key.len() - 1]);
    let is_above_all = key.len() == 1
        && before
            .trim_start_matches('\u{feff}')
            .starts_with(['\n', '\r', ' ', '\t']);
    let headers = |text: &str| text.lines().filter(|line| line.starts_with('[')).count();
    if !matches!(table, Some(Plain::Table(table)) if !table.is_empty())
        || headers(before) != headers(after)
        || is_above_all
    {
        return;
    }
    let mut document = open(after);
    assert!(matches!(document.unset(key), Ok(true)));
    assert_eq!(*document.text(), before, "after set and unset of {key:?}");
}

fn unset(document: &mut Document<'_>, before: &str, plain: &Plain, key: &[&str]) {
    let mut expected = plain.clone();
    let outcome = expected.take(key);
    let result = document.unset(key);
    let after = document.text().to_string();
    let told = || format!("unset {key:?} in\n{before}\nmakes\n{after}");
    if outcome == Expected::Refused {
        return check_refusal(document, key, result, before);
    }
    if !is_changed(result, &outcome, before, &after, &told) {
        return;
    }
    let is_read = Plain::read(&after).map(|after| after.pruned(key));
    assert_eq!(is_read, Some(expected.clone().pruned(key)), "{}", told());
    assert!(document.get(key).is_none(), "{}", told());

    let parsed = parse(before);
    let (at, depth) = statement(&parsed, key);
    let stays = Plain::read(&after).is_some_and(|after| after.get(&key[..depth]).is_some());
    match at {
        Some(item) if depth < key.len() && stays => {
            let span = item.span().unwrap_or_default();
            assert!(is_splice(before, &after, &span), "{}", told());
        }
        _ => check_lines(before, &after, &parsed, key),
    }
    let mut again = open(before);
    let _ = again.unset(key);
    check_same(&again.text(), &after, &told);
}

/// Whether there is a change, as there was to be one; where there was not, every byte has stayed.
fn is_changed(
    result: Result<bool, crate::Error>,
    outcome: &Expected,
    before: &str,
    after: &str,
    told: &dyn Fn() -> String,
) -> bool {
    let is_changed = result.unwrap_or_else(|error| panic!("{error}: {}", told()));
    assert_eq!(is_changed, *outcome == Expected::Changed, "{}", told());
    if !is_changed {
        assert_eq!(before, after, "nothing was to change");
    }
    is_changed
}

/// Another name, in as many places as it takes, and nothing else; and the old one again, which leaves no trace but where
/// only one of the two needs quotes, or the old one was spelt as nobody would.
pub(super) fn rename(document: &mut Document<'_>, key: &[&str], name: &str) {
    let before = &*document.text().to_string();
    let plain = Plain::read(before).unwrap_or_else(|| panic!("no TOML any more:\n{before}"));
    let mut expected = plain.clone();
    let outcome = expected.rename(key, name);
    let result = document.rename(key, name);
    let after = document.text().to_string();
    let told = || format!("rename {key:?} to {name:?} in\n{before}\nmakes\n{after}");
    if outcome == Expected::Refused {
        return check_refusal(document, key, result, before);
    }
    if !is_changed(result, &outcome, before, &after, &told) {
        return;
    }
    assert_eq!(Plain::read(&after), Some(expected), "{}", told());
    let ends = |text: &str| {
        let ends = text
            .split_inclusive('\n')
            .map(|line| line.ends_with("\r\n"));
        ends.collect::<Vec<_>>()
    };
    assert_eq!(ends(before), ends(&after), "{}", told());

    let Some((old, table)) = key.split_last() else {
        return;
    };
    let renamed = [table, &[name]].concat();
    let mut again = open(&after);
    assert!(
        matches!(again.rename(&renamed, old), Ok(true)),
        "{}",
        told()
    );
    assert_eq!(
        Plain::read(&again.text()).as_ref(),
        Some(&plain),
        "{}",
        told()
    );
    let is_bare = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
    if is_bare(old)
        && is_bare(name)
        && !before.contains("\\u")
        && !before.contains("\\U")
        && !before.contains("\\x")
    {
        assert_eq!(*again.text(), *before, "there and back: {}", told());
    }
}

fn parse(text: &str) -> toml_edit::Document<&str> {
    toml_edit::Document::parse(text).unwrap_or_else(|_| panic!("no TOML:\n{text}"))
}

/// The value of the statement that is on the way, and how many parts of the key lead to it.
fn statement<'a>(parsed: &'a toml_edit::Document<&str>, key: &[&str]) -> (Option<&'a Item>, usize) {
    let mut item = parsed.as_item();
    for (depth, name) in key.iter().enumerate() {
        match item.as_table_like().and_then(|table| table.get(name)) {
            None => return (None, depth),
            Some(inner) => item = inner,
        }
        if item.is_value() {
            return (Some(item), depth + 1);
        }
    }
    (None, key.len())
}

fn within<'a>(item: &'a Item, path: &[&str]) -> Option<&'a Item> {
    path.iter()
        .try_fold(item, |item, name| item.as_table_like()?.get(name))
}

/// Whether only this range has changed.
fn is_splice(before: &str, after: &str, span: &Range<usize>) -> bool {
    let (head, tail) = (&before[..span.start], &before[span.end..]);
    after.len() >= head.len() + tail.len() && after.starts_with(head) && after.ends_with(tail)
}

/// Whether something has come in at one place.
fn is_insertion(before: &str, after: &str) -> bool {
    let pairs = || before.bytes().zip(after.bytes());
    let same = pairs().take_while(|(a, b)| a == b).count();
    let backwards = before.bytes().rev().zip(after.bytes().rev());
    let same_behind = backwards.take_while(|(a, b)| a == b).count();
    same + same_behind >= before.len()
}
