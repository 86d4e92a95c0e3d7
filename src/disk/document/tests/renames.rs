//! Other names: one word changes, and the old name again gives the text before.

use super::random::{POOL, random_file};
use super::*;

/// Calls `key` otherwise, and compares the text; there, and back again from the open document and from the text read
/// again.
#[track_caller]
fn rename(before: &str, key: &str, name: &str, after: &str) {
    rename_once(before, key, name, after);
    let key = parts(key);
    let (old, table) = key.split_last().unwrap();
    let renamed = [table, &[name]].concat();
    rename_once(after, &renamed.join("/"), old, before);
    let mut document = open(before);
    assert!(document.rename(&key, name).unwrap());
    assert!(document.rename(&renamed, old).unwrap());
    assert_eq!(*document.text(), before, "there and back");
}

/// The same where the old name does not come back as it was.
#[track_caller]
fn rename_once(before: &str, key: &str, name: &str, after: &str) {
    let mut document = open(before);
    let key = parts(key);
    let renamed = [&key[..key.len() - 1], &[name]].concat();
    let found = document.get(&key);
    assert!(document.rename(&key, name).unwrap(), "`{key:?}` was there");
    assert_eq!(*document.text(), after, "after `rename {key:?} {name}`");
    for document in [&document, &open(after)] {
        assert!(document.get(&key).is_none(), "`{key:?}` is gone");
        assert!(document.get(&renamed) == found, "what `{renamed:?}` is");
    }
}

#[track_caller]
fn unchanged(before: &str, key: &str, name: &str) {
    let mut document = open(before);
    assert!(!document.rename(&parts(key), name).unwrap());
    assert_eq!(*document.text(), before, "after `rename {key} {name}`");
}

#[test]
fn a_name_changes_in_every_header_and_path_that_leads_through_it() {
    rename(
        "# Ours.\n\n# corp: ask ops\n[registries.corp]\n# nightly\nindex = \"x\" # no\n\n# corp too\n[registries.lab]\nindex = \"y\"\n",
        "registries/corp",
        "work",
        "# Ours.\n\n# corp: ask ops\n[registries.work]\n# nightly\nindex = \"x\" # no\n\n# corp too\n[registries.lab]\nindex = \"y\"\n",
    );
    rename(
        "[r.c]\ni = 1\n[x]\n[r.c.http]\nk = 2\n[[r.c.more]]\na = 1\n[r.c.more.c]\nb = 1\n[[r.c.more]]\n",
        "r/c",
        "w",
        "[r.w]\ni = 1\n[x]\n[r.w.http]\nk = 2\n[[r.w.more]]\na = 1\n[r.w.more.c]\nb = 1\n[[r.w.more]]\n",
    );
    rename(
        "[[r.c]]\nc = 1\n[[r.c]]\n[r.c.c]\n",
        "r/c",
        "w",
        "[[r.w]]\nc = 1\n[[r.w]]\n[r.w.c]\n",
    );
    rename(
        "r.c.i = 1 # c\nr . \"c\" . k = [\n  'c', # c\n]\n[a]\n",
        "r/c",
        "w",
        "r.w.i = 1 # c\nr . \"w\" . k = [\n  'c', # c\n]\n[a]\n",
    );
    rename(
        "[r]\nc.i = 1\n\t c.k = 2\n",
        "r/c",
        "w",
        "[r]\nw.i = 1\n\t w.k = 2\n",
    );
    rename(
        "[r]\nc = { i = 1 } # c\n",
        "r/c",
        "w",
        "[r]\nw = { i = 1 } # c\n",
    );
    rename(
        "r = { c = { c = 1 }, a.c = 2, x = [{ c = 3 }] } # c\n",
        "r/c",
        "w",
        "r = { w = { c = 1 }, a.c = 2, x = [{ c = 3 }] } # c\n",
    );
    rename(
        "r = { c.i = 1, b = 2, c . k = 3 }\n",
        "r/c",
        "w",
        "r = { w.i = 1, b = 2, w . k = 3 }\n",
    );
    rename("[r.c.d]\nc = 1\n", "r/c", "w", "[r.w.d]\nc = 1\n");
    rename("[r.c.d]\nc = 1\n", "r", "w", "[w.c.d]\nc = 1\n");
    rename("[ r . c ] # c\n", "r/c", "w", "[ r . w ] # c\n");
    rename("[r.c]\ni = 1\n", "r/c/i", "k", "[r.c]\nk = 1\n");
    rename(
        "\u{feff}[r.c]\r\ni = 1\r\n[r.c.d]",
        "r/c",
        "w",
        "\u{feff}[r.w]\r\ni = 1\r\n[r.w.d]",
    );
}

#[test]
fn a_name_keeps_quotes_that_both_can_have() {
    rename(
        "[r.\"c\"]\n[r.'c'.d]\n",
        "r/c",
        "w",
        "[r.\"w\"]\n[r.'w'.d]\n",
    );
    rename("[r.c]\n", "r/c", "größe", "[r.\"größe\"]\n");
    rename("[r.\"größe\"]\n", "r/größe", "c", "[r.c]\n");
    rename(
        "[r.'größe']\n",
        "r/größe",
        "große größe",
        "[r.'große größe']\n",
    );
    rename_once("[r.'größe']\n", "r/größe", "c", "[r.c]\n");
    rename_once("[r.'c']\n", "r/c", "it's", "[r.\"it's\"]\n");
    rename_once("[r.\"\\u0063\"]\n", "r/c", "w", "[r.\"w\"]\n");
}

#[test]
fn a_name_that_is_taken_or_missing_changes_nothing() {
    unchanged("[r.c]\n[r.w]\n", "r/c", "w");
    unchanged("[r.c]\n", "r/c", "c");
    unchanged("r = { c = 1, w = 2 }\n", "r/c", "w");
    unchanged("[r]\nc = 1\nw.x = 2\n", "r/c", "w");
    unchanged("[r]\nc = 1\n[[r.w]]\n", "r/c", "w");
    unchanged("[r]\n", "r/c", "w");
    unchanged("r = 5\n", "r/c", "w");
    unchanged("r = [{ c = 5 }]\n", "r/c", "w");
    let mut document = open("\n[[r]]\nc = 5\n");
    let error = document.rename(&["r", "c"], "w").unwrap_err();
    assert_eq!(
        error.to_string(),
        "config.toml:2: `r.c` leads to an array of tables"
    );
}

#[test]
fn a_renamed_table_is_edited_like_any_other() {
    let mut document = open("[r.c]\ni = 'x'\n\n[r.d]\n");
    assert!(document.rename(&["r", "c"], "w").unwrap());
    document.set(&["r", "w", "i"], &text("y")).unwrap();
    document.set(&["r", "w", "k"], &text("z")).unwrap();
    document.set(&["r", "c", "i"], &text("new")).unwrap();
    let after = "[r.w]\ni = 'y'\nk = \"z\"\n\n[r.d]\n\n[r.c]\ni = \"new\"\n";
    assert_eq!(*document.text(), after);
    assert!(document.unset(&["r", "w"]).unwrap());
    assert_eq!(*document.text(), "[r.d]\n\n[r.c]\ni = \"new\"\n");
}

#[test]
fn random_files_come_back_from_another_name() {
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    for round in 0..1000 {
        let seed = seed.wrapping_add(round);
        let mut random = fastrand::Rng::with_seed(seed);
        let file = random_file(&mut random);
        let key = parts(POOL[random.usize(0..POOL.len())]);
        let key = &key[..random.usize(1..=key.len())];
        let (old, table) = key.split_last().unwrap();
        let renamed = [table, &["zz"]].concat();
        let told = |after: &str| format!("seed {seed}: rename {key:?} in\n{file}\ngives\n{after}");
        let mut document = open(&file);
        let found = document.get(key);
        let Ok(done) = document.rename(key, "zz") else {
            assert_eq!(*document.text(), file, "seed {seed}");
            continue;
        };
        assert_eq!(done, found.is_some(), "{}", told(&document.text()));
        let after = document.text();
        let mut reread = open(&after);
        for document in [&mut document, &mut reread] {
            assert!(!done || document.get(key).is_none(), "{}", told(&after));
            assert!(document.get(&renamed) == found, "{}", told(&after));
            assert_eq!(document.rename(&renamed, old).unwrap(), done);
            if *old != "d e" {
                assert_eq!(*document.text(), file, "{}", told(&after));
            }
        }
    }
}
