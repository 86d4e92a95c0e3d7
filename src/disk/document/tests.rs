//! Shapes of files, each before and after one edit.

use super::*;

mod renames;

fn open(text: &str) -> Document<'_> {
    Document::parse(Path::new("config.toml"), text).unwrap()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn list(texts: &[&str]) -> Value {
    Value::List(texts.iter().map(|&text| text.to_owned()).collect())
}

fn parts(key: &str) -> Vec<&str> {
    key.split('/').collect()
}

/// Sets `key` (its parts separated by slashes) and compares the text.
#[track_caller]
fn set_value(before: &str, key: &str, value: &Value, after: &str) {
    let mut document = open(before);
    document.set(&parts(key), value).unwrap();
    assert_eq!(*document.text(), after, "after `set {key}`");
    assert!(
        document.get(&parts(key)) == Some(Found::Value(value.clone())),
        "what `{key}` is now"
    );
    assert!(
        open(after).get(&parts(key)) == Some(Found::Value(value.clone())),
        "what `{key}` is when read"
    );
}

#[track_caller]
fn set(before: &str, key: &str, value: &str, after: &str) {
    set_value(before, key, &text(value), after);
}

#[track_caller]
fn unset(before: &str, key: &str, after: &str) {
    let mut document = open(before);
    assert!(document.unset(&parts(key)).unwrap(), "`{key}` was there");
    assert_eq!(*document.text(), after, "after `unset {key}`");
    assert!(document.get(&parts(key)).is_none(), "`{key}` is gone");
}

/// A new key; and its removal, from the open document and from the text read again, gives the text before.
#[track_caller]
fn add_value(before: &str, key: &str, value: &Value, after: &str) {
    set_value(before, key, value, after);
    unset(after, key, before);
    let mut document = open(before);
    document.set(&parts(key), value).unwrap();
    document.unset(&parts(key)).unwrap();
    assert_eq!(*document.text(), before, "after `set {key}`, `unset {key}`");
}

#[track_caller]
fn add(before: &str, key: &str, value: &str, after: &str) {
    add_value(before, key, &text(value), after);
}

/// A new value in the place of an old one; and setting the old one again gives the text before.
#[track_caller]
fn change(before: &str, key: &str, value: &str, after: &str) {
    let Some(Found::Value(old)) = open(before).get(&parts(key)) else {
        panic!("`{key}` is no value")
    };
    set_value(before, key, &text(value), after);
    set_value(after, key, &old, before);
}

#[track_caller]
fn relist(before: &str, elements: &[&str], after: &str) {
    set_value(before, "k", &list(elements), after);
}

#[track_caller]
fn refused(before: &str, key: &str, expected: &str) {
    let mut document = open(before);
    let error = document.set(&parts(key), &text("s3cret")).unwrap_err();
    assert_eq!(error.to_string(), expected);
    assert_eq!(*document.text(), before, "a refused edit changes nothing");
}

#[test]
fn new_tables_go_to_the_end_or_after_their_siblings() {
    add(
        "",
        "registries/corp/index",
        "x",
        "[registries.corp]\nindex = \"x\"\n",
    );
    add(
        "",
        "credential-alias/al",
        "x",
        "[credential-alias]\nal = \"x\"\n",
    );
    add(
        "a = 1\n",
        "registry/token",
        "x",
        "a = 1\n\n[registry]\ntoken = \"x\"\n",
    );
    add(
        "# only a comment\n",
        "registry/token",
        "x",
        "# only a comment\n\n[registry]\ntoken = \"x\"\n",
    );
    add("a = 1", "r/c/i", "x", "a = 1\n\n[r.c]\ni = \"x\"");
    add(
        "a = 1\n\n\n",
        "r/c/i",
        "x",
        "a = 1\n\n[r.c]\ni = \"x\"\n\n\n",
    );
    add(
        "[a]\nb = 1\n\n# vim: ft=toml\n",
        "r/c/i",
        "x",
        "[a]\nb = 1\n\n# vim: ft=toml\n\n[r.c]\ni = \"x\"\n",
    );
    add(
        "[r.a]\ni = 1\n\n[other]\nb = 2\n",
        "r/c/i",
        "x",
        "[r.a]\ni = 1\n\n[r.c]\ni = \"x\"\n\n[other]\nb = 2\n",
    );
    add(
        "[r.a]\ni = 1\n\n[other]\nb = 2\n\n[r.b]\ni = 3\n# more of b\n\n# on last\n[last]\n",
        "r/c/i",
        "x",
        "[r.a]\ni = 1\n\n[other]\nb = 2\n\n[r.b]\ni = 3\n# more of b\n\n[r.c]\ni = \"x\"\n\n# on last\n[last]\n",
    );
    add(
        "[r.a]\ni = 1\n# on other\n[other]\n",
        "r/c/i",
        "x",
        "[r.a]\ni = 1\n\n[r.c]\ni = \"x\"\n# on other\n[other]\n",
    );
    add(
        "[r.a]\ni = 1\n# c\n\n# free\n\n[other]\n",
        "r/c/i",
        "x",
        "[r.a]\ni = 1\n# c\n\n[r.c]\ni = \"x\"\n\n# free\n\n[other]\n",
    );
    add(
        "[r.a]\ni = 1\n[r.a.sub]\nj = 2\n[other]\n",
        "r/c/i",
        "x",
        "[r.a]\ni = 1\n[r.a.sub]\nj = 2\n\n[r.c]\ni = \"x\"\n[other]\n",
    );
    add(
        "[registries]\n",
        "registries/c/i",
        "x",
        "[registries]\n\n[registries.c]\ni = \"x\"\n",
    );
    set(
        "[r.a.sub]\nj = 2\n",
        "r/a/i",
        "x",
        "[r.a.sub]\nj = 2\n\n[r.a]\ni = \"x\"\n",
    );
    add(
        "[[t]]\na = 1\n[[t]]\na = 2\n",
        "r/c/i",
        "x",
        "[[t]]\na = 1\n[[t]]\na = 2\n\n[r.c]\ni = \"x\"\n",
    );
    add(
        "[registry]\ndefault = \"a\"\n",
        "registry/x/y",
        "x",
        "[registry]\ndefault = \"a\"\n\n[registry.x]\ny = \"x\"\n",
    );
}

#[test]
fn new_keys_go_after_the_last_of_their_table() {
    add(
        "[a]\nb = 1\n\n[c]\n",
        "a/k",
        "x",
        "[a]\nb = 1\nk = \"x\"\n\n[c]\n",
    );
    add(
        "[a]\nb = 1\n# k = 2\n\n[c]\n",
        "a/k",
        "x",
        "[a]\nb = 1\nk = \"x\"\n# k = 2\n\n[c]\n",
    );
    add(
        "[a]\nb = 1\n\n# on c\n[c]\n",
        "a/k",
        "x",
        "[a]\nb = 1\nk = \"x\"\n\n# on c\n[c]\n",
    );
    add(
        "[a]\nb = 1 # one\n# on c\n[c]\n",
        "a/k",
        "x",
        "[a]\nb = 1 # one\nk = \"x\"\n# on c\n[c]\n",
    );
    add("[a]\nb = 1", "a/k", "x", "[a]\nb = 1\nk = \"x\"");
    add("[a]\n  b = 1\n", "a/k", "x", "[a]\n  b = 1\n  k = \"x\"\n");
    add("[a]\nb=1\n", "a/k", "x", "[a]\nb=1\nk=\"x\"\n");
    add(
        "[a]\nb = \"\"\"\nx\n[z]\n\"\"\"\n",
        "a/k",
        "x",
        "[a]\nb = \"\"\"\nx\n[z]\n\"\"\"\nk = \"x\"\n",
    );
    add(
        "[a.b]\nc = 1\n\n[a]\nd = 1\n\n[e]\n",
        "a/k",
        "x",
        "[a.b]\nc = 1\n\n[a]\nd = 1\nk = \"x\"\n\n[e]\n",
    );
    set("[a]\n[b]\n", "a/k", "x", "[a]\nk = \"x\"\n[b]\n");
    set(
        "[a] # of a\n\n[b]\n",
        "a/k",
        "x",
        "[a] # of a\nk = \"x\"\n\n[b]\n",
    );
}

#[test]
fn new_keys_of_the_file_go_above_all_tables() {
    add("", "token", "x", "token = \"x\"\n");
    add("[a]\n", "token", "x", "token = \"x\"\n\n[a]\n");
    add(
        "a = 1\n\n[b]\n",
        "token",
        "x",
        "a = 1\ntoken = \"x\"\n\n[b]\n",
    );
    add(
        "# header\n\n[a]\n",
        "token",
        "x",
        "# header\n\ntoken = \"x\"\n\n[a]\n",
    );
    add("# header\n", "token", "x", "# header\n\ntoken = \"x\"\n");
    add(
        "# on a\n[a]\n",
        "token",
        "x",
        "token = \"x\"\n\n# on a\n[a]\n",
    );
    add(
        "# header\n\n# on a\n[a]\n",
        "token",
        "x",
        "# header\n\ntoken = \"x\"\n\n# on a\n[a]\n",
    );
}

#[test]
fn new_tables_are_written_as_their_siblings() {
    add(
        "r.a.i = \"1\"\n\n[c]\n",
        "r/c/i",
        "x",
        "r.a.i = \"1\"\nr.c.i = \"x\"\n\n[c]\n",
    );
    add(
        "[r]\na.i = \"1\"\n",
        "r/c/i",
        "x",
        "[r]\na.i = \"1\"\nc.i = \"x\"\n",
    );
    add(
        "[r]\na = { i = \"1\" }\n",
        "r/c/i",
        "x",
        "[r]\na = { i = \"1\" }\nc = { i = \"x\" }\n",
    );
    add(
        "r.a = {i=\"1\"}\n",
        "r/c/i",
        "x",
        "r.a = {i=\"1\"}\nr.c = { i = \"x\" }\n",
    );
    add(
        "r = { a = { i = \"1\" } }\n",
        "r/c/i",
        "x",
        "r = { a = { i = \"1\" }, c = { i = \"x\" } }\n",
    );
    add(
        "r . \"a\".i = 1\n",
        "r/a/k",
        "x",
        "r . \"a\".i = 1\nr . \"a\".k = \"x\"\n",
    );
    add(
        "r.a.i = 1\nb = 2\n",
        "r/a/k",
        "x",
        "r.a.i = 1\nr.a.k = \"x\"\nb = 2\n",
    );
    add(
        "r.a.i = 1\n[r.b]\nj = 2\n",
        "r/k",
        "x",
        "r.a.i = 1\nr.k = \"x\"\n[r.b]\nj = 2\n",
    );
    add(
        "r.a.i = 1\n[r.b]\nj = 2\n",
        "r/c/i",
        "x",
        "r.a.i = 1\n[r.b]\nj = 2\n\n[r.c]\ni = \"x\"\n",
    );
    add(
        "[p]\nr.a = 1\n[q]\n",
        "p/r/k",
        "x",
        "[p]\nr.a = 1\nr.k = \"x\"\n[q]\n",
    );
    add(
        "a = { b.c = 1 }\n",
        "a/b/k",
        "x",
        "a = { b.c = 1, b.k = \"x\" }\n",
    );
    add(
        "a = { b = 1 } # c\n",
        "a/k",
        "x",
        "a = { b = 1, k = \"x\" } # c\n",
    );
    add(
        "a = { b = 1 }\n",
        "a/k/l/m",
        "x",
        "a = { b = 1, k = { l = { m = \"x\" } } }\n",
    );
    add(
        "a = {\n  b = 1, c = 2, # two\n  d = 3,\n}\n",
        "a/k",
        "x",
        "a = {\n  b = 1, c = 2, # two\n  d = 3,\n  k = \"x\",\n}\n",
    );
    set("a = {}\n", "a/k", "x", "a = { k = \"x\" }\n");
    set("a = { }\n", "a/k", "x", "a = { k = \"x\" }\n");
}

#[test]
fn keys_and_values_are_quoted_where_they_must_be() {
    add("", "r/my corp/i", "x", "[r.\"my corp\"]\ni = \"x\"\n");
    add("", "r/a.b/i", "x", "[r.\"a.b\"]\ni = \"x\"\n");
    add("", "r//i", "x", "[r.\"\"]\ni = \"x\"\n");
    add(
        "[r.'a.b']\ni = 1\n",
        "r/a.b/k",
        "x",
        "[r.'a.b']\ni = 1\nk = \"x\"\n",
    );
    add("", "k", "C:\\a", "k = 'C:\\a'\n");
    add("", "k", "say \"a\"", "k = 'say \"a\"'\n");
    add("", "k", "it's \"a\"", "k = \"it's \\\"a\\\"\"\n");
    add(
        "",
        "k",
        "a\n\tb\r\u{0}\u{7f}\u{85}",
        "k = \"a\\n\\tb\\r\\u0000\\u007F\\u0085\"\n",
    );
    add("", "k", "ключ 🔑", "k = \"ключ 🔑\"\n");
    add("", "k", "", "k = \"\"\n");
}

#[test]
fn changed_values_keep_their_place_comment_and_quotes() {
    change(
        "k = \"a\" # why\nl = 1\n",
        "k",
        "b",
        "k = \"b\" # why\nl = 1\n",
    );
    change("k   =   'a'\t# why\n", "k", "b", "k   =   'b'\t# why\n");
    change("k = 'a'\n", "k", "say \"b\"", "k = 'say \"b\"'\n");
    change("k = \"a\"\n", "k", "C:\\b", "k = \"C:\\\\b\"\n");
    change("  \"k\" = \"a\"\n", "k", "b", "  \"k\" = \"b\"\n");
    change("r . c . i = \"a\"\n", "r/c/i", "b", "r . c . i = \"b\"\n");
    change(
        "r = { c = { i = \"a\", k = 1 } }\n",
        "r/c/i",
        "b",
        "r = { c = { i = \"b\", k = 1 } }\n",
    );
    change("r = { c.i = 'a' }\n", "r/c/i", "b", "r = { c.i = 'b' }\n");
    change(
        "[r.\"c\"]\ni = \"a\"\n",
        "r/c/i",
        "b",
        "[r.\"c\"]\ni = \"b\"\n",
    );
    change(
        "b.x = 1\na = 2\nb.y = \"a\"\n",
        "b/y",
        "b",
        "b.x = 1\na = 2\nb.y = \"b\"\n",
    );
    set("k = 'a'\n", "k", "it's", "k = \"it's\"\n");
    set(
        "k = \"\"\"\na\n\"\"\" # c\nl = 1\n",
        "k",
        "b",
        "k = \"b\" # c\nl = 1\n",
    );
    set("k = 1 # c\n", "k", "b", "k = \"b\" # c\n");
    set("k = [\"a\", \"b\"] # c\n", "k", "b", "k = \"b\" # c\n");
    set("k = \"\\u0061\"\n", "k", "a", "k = \"\\u0061\"\n");
    set_value(
        "k = \"a b\" # c\n",
        "k",
        &list(&["a", "b"]),
        "k = [\"a\", \"b\"] # c\n",
    );
}

#[test]
fn lists_keep_their_layout() {
    relist("k = []\n", &["a", "b"], "k = [\"a\", \"b\"]\n");
    relist("k = [ ]\n", &["a", "b"], "k = [ \"a\", \"b\" ]\n");
    relist("k = [\"a\"]\n", &["a", "b"], "k = [\"a\", \"b\"]\n");
    relist("k = [\"a\", \"b\"]\n", &["a"], "k = [\"a\"]\n");
    relist("k = [\"a\", \"b\"]\n", &["b"], "k = [\"b\"]\n");
    relist("k = [\"a\", \"b\"]\n", &[], "k = []\n");
    relist(
        "k = ['a','b'] # c\n",
        &["a", "x", "b"],
        "k = ['a','x','b'] # c\n",
    );
    relist(
        "k = [ \"a\", \"b\" ]\n",
        &["a", "b", "c"],
        "k = [ \"a\", \"b\", \"c\" ]\n",
    );
    relist("k = [ \"a\", \"b\", ]\n", &["a"], "k = [ \"a\", ]\n");
    relist("k = [1, \"a\", {b = 1}]\n", &["a"], "k = [\"a\"]\n");
    let lines = "k = [\n  \"a\", # first\n  # on b\n  'b',\n  \"c\", # third\n]\n";
    relist(lines, &["a", "b", "c"], lines);
    relist(
        lines,
        &["a", "c"],
        "k = [\n  \"a\", # first\n  \"c\", # third\n]\n",
    );
    relist(
        lines,
        &["b", "c"],
        "k = [\n  # on b\n  'b',\n  \"c\", # third\n]\n",
    );
    relist(
        lines,
        &["a", "b", "c", "d"],
        "k = [\n  \"a\", # first\n  # on b\n  'b',\n  \"c\", # third\n  \"d\",\n]\n",
    );
    relist(
        lines,
        &["c", "b", "a"],
        "k = [\n  \"c\", # third\n  # on b\n  'b',\n  \"a\", # first\n]\n",
    );
    relist(
        lines,
        &["a", "x", "c"],
        "k = [\n  \"a\", # first\n  # on b\n  'x',\n  \"c\", # third\n]\n",
    );
    relist(
        "k = [\n  \"a\",\n  \"b\" # last\n]\n",
        &["a", "b", "c"],
        "k = [\n  \"a\",\n  \"b\", # last\n  \"c\"\n]\n",
    );
    relist(
        "k = [\n  \"a\",\n  \"b\"\n]\n",
        &["a"],
        "k = [\n  \"a\"\n]\n",
    );
    relist(
        "k = [\n  \"a\", \"b\",\n  \"c\",\n]\n",
        &["a", "b", "c", "d"],
        "k = [\n  \"a\", \"b\",\n  \"c\",\n  \"d\",\n]\n",
    );
    relist(
        "k = [\n  \"a\",\n  \"b\", \"c\"\n]\n",
        &["a", "b", "c", "d"],
        "k = [\n  \"a\",\n  \"b\", \"c\", \"d\"\n]\n",
    );
    relist(
        "k = [\n  # none yet\n]\n",
        &["a"],
        "k = [\n    \"a\"\n  # none yet\n]\n",
    );
    relist(
        "k = [\r\n  \"a\",\r\n]\r\n",
        &["a", "b"],
        "k = [\r\n  \"a\",\r\n  \"b\",\r\n]\r\n",
    );
}

#[test]
fn removal_takes_the_keys_own_comments_and_no_others() {
    unset("# on k\nk = 1 # too\nl = 2\n", "k", "l = 2\n");
    unset(
        "# header\n\n# on k\n# more\nk = 1\nl = 2\n",
        "k",
        "# header\n\nl = 2\n",
    );
    unset("# header\n\nk = 1\n", "k", "# header\n");
    unset("# header\n\nk = 1\n\n[a]\n", "k", "# header\n\n[a]\n");
    unset("k = 1\n\nl = 2\n\nm = 3\n", "l", "k = 1\n\nm = 3\n");
    unset("k = 1\n\nl = 2\n", "l", "k = 1\n");
    unset("k = 1\nl = 2\n\nm = 3\n", "l", "k = 1\n\nm = 3\n");
    unset("k = [\n  1, # one\n]\nl = 2\n", "k", "l = 2\n");
    unset("k = \"\"\"\n# no comment\n\"\"\"\nl = 2", "k", "l = 2");
    unset("k = 1", "k", "");
}

#[test]
fn removal_takes_the_tables_that_it_empties() {
    unset(
        "[a]\nk = 1\n\n[r.c]\ni = 1\n\n[b]\n",
        "r/c/i",
        "[a]\nk = 1\n\n[b]\n",
    );
    unset(
        "[a]\nk = 1\n\n# on c\n[r.c] # too\ni = 1\n\n[b]\n",
        "r/c",
        "[a]\nk = 1\n\n[b]\n",
    );
    unset("[r.c]\ni = 1\nk = 2\n", "r/c/i", "[r.c]\nk = 2\n");
    unset("[r]\n\n[r.c]\ni = 1\n", "r/c/i", "[r]\n");
    unset("[r.c]\ni = 1\n\n[empty]\n", "r/c/i", "[empty]\n");
    unset(
        "[r]\nk = 1\n\n[r.c]\ni = 1\n",
        "r/k",
        "[r]\n\n[r.c]\ni = 1\n",
    );
    unset(
        "[a]\nk = 1\n\n[r.c]\n# apart\n\ni = 1\n\n[b]\n",
        "r/c/i",
        "[a]\nk = 1\n\n# apart\n\n[b]\n",
    );
    unset(
        "[a]\nk = 1\n\n[r.c]\ni = 1\n# k = 2\n\n[b]\n",
        "r/c/i",
        "[a]\nk = 1\n\n# k = 2\n\n[b]\n",
    );
    unset("r.c.i = 1\nr.d.i = 2\n", "r/c/i", "r.d.i = 2\n");
    unset("[r]\nc.i = 1\n\n[b]\n", "r/c/i", "[b]\n");
    unset("r = { c = { i = 1 }, d = 2 }\n", "r/c/i", "r = { d = 2 }\n");
    unset("r = { d = 2, c = { i = 1 } }\n", "r/c/i", "r = { d = 2 }\n");
    unset("a = 1\nr = { c = { i = 1 } }\n", "r/c/i", "a = 1\n");
    unset(
        "r = { c.i = 1, d.i = 2, c.k = 3 }\n",
        "r/c",
        "r = { d.i = 2 }\n",
    );
    unset(
        "[r.c]\ni = 1\nk = { l = 2 }\n\n[r.c.m]\nn = 3\n\n[b]\n",
        "r/c",
        "[b]\n",
    );
    unset("[r.empty]\n\n[b]\n", "r/empty", "[b]\n");
    // A comment that stands apart goes on to stand apart.
    unset(
        "[a]\nk = 1\n\n# on c\n[r.c]\ni = 1\n# on d\n[r.d]\ni = 2\n# apart\n",
        "r",
        "[a]\nk = 1\n\n# apart\n",
    );
    unset(
        "# apart\n\n[r.c]\ni = 1\n[b]\n",
        "r/c/i",
        "# apart\n\n[b]\n",
    );
    unset("# apart\n\n[r.c]\ni = 1\n[r.d]\ni = 2\n", "r", "# apart\n");
    assert!(!open("[a]\n").unset(&["b", "c"]).unwrap());
    assert!(!open("a = 1\n").unset(&["a", "c"]).unwrap());
    assert!(!open("a = { b = 1 }\n").unset(&["a", "c"]).unwrap());
    assert!(!open("a = 1\n").unset(&[]).unwrap());
}

#[test]
fn an_emptied_table_with_a_comment_stays() {
    unset(
        "# on c\n[r.c]\ni = 1\n\n[b]\n",
        "r/c/i",
        "# on c\n[r.c]\n\n[b]\n",
    );
    unset("[r.c] # on c\ni = 1\n", "r/c/i", "[r.c] # on c\n");
    unset("[r] # on r\nc.i = 1\n", "r/c", "[r] # on r\n");
    unset("# on r\n[r]\nc.i = 1\n", "r/c/i", "# on r\n[r]\n");
    unset("# apart\n\n[r]\nc.i = 1\n", "r/c/i", "# apart\n");
    unset("[r.'a#b']\nc.i = 1\n\n[b]\n", "r/a#b/c", "[b]\n");
    unset("[r] # on r\nc.i = 1\n[b]\n", "r", "[b]\n");
    unset("# on r\n[r]\n[b]\n", "r", "[b]\n");
    add_value(
        "r = {} # on r\n",
        "r/c/i",
        &text("x"),
        "r = { c = { i = \"x\" } } # on r\n",
    );
    add_value(
        "# on r\nr = {}\n",
        "r/i",
        &text("x"),
        "# on r\nr = { i = \"x\" }\n",
    );
    unset(
        "# on c\nr.c = { i = 1, k.l = 2 }\n",
        "r/c/k/l",
        "# on c\nr.c = { i = 1 }\n",
    );
    unset("r.c = { i = 1 } # on c\n", "r/c/i", "r.c = {} # on c\n");
    unset("r.c = { i = 1 } # on c\na = 1\n", "r/c", "a = 1\n");
    unset("r.c.i = 1 # on i\na = 1\n", "r/c", "a = 1\n");
    unset("r = { c = { i = 1 } }\na = 1\n", "r/c", "a = 1\n");
}

#[test]
fn bytes_that_toml_edit_would_lose_stay() {
    add(
        "\u{feff}[a]\r\nb = 1\r\n",
        "a/k",
        "x",
        "\u{feff}[a]\r\nb = 1\r\nk = \"x\"\r\n",
    );
    add("\u{feff}", "k", "x", "\u{feff}k = \"x\"\n");
    add(
        "a = 1\r\n",
        "r/c/i",
        "x",
        "a = 1\r\n\r\n[r.c]\r\ni = \"x\"\r\n",
    );
    add("a = 1\r\nb = 2", "k", "x", "a = 1\r\nb = 2\r\nk = \"x\"");
    add(
        "a = 1\r\nb = 2\nc = 3\r\n",
        "k",
        "x",
        "a = 1\r\nb = 2\nc = 3\r\nk = \"x\"\r\n",
    );
    change(
        "a = 1\r\nb = \"2\"\nc = 3\r\n",
        "b",
        "x",
        "a = 1\r\nb = \"x\"\nc = 3\r\n",
    );
    change("a = 1\nb = \"2\"   ", "b", "x", "a = 1\nb = \"x\"   ");
    unset("b.x = 1\r\na = 2\nb.y = 3", "a", "b.x = 1\r\nb.y = 3");
    add(
        "a = '''\r\n1\n2'''\n \t \nb = 1\n  \n",
        "k",
        "x",
        "a = '''\r\n1\n2'''\n \t \nb = 1\nk = \"x\"\r\n  \n",
    );
}

#[test]
fn what_is_in_the_way_is_named() {
    refused(
        "a = 1\n[r.c]\ni = 1\n",
        "r/c",
        "config.toml:2: `r.c` is a table, not a value",
    );
    refused(
        "[r.c.d]\n",
        "r",
        "config.toml:1: `r` is a table, not a value",
    );
    refused(
        "\nr = 5\n",
        "r/c/i",
        "config.toml:2: `r.c.i` leads through a value that is not a table",
    );
    refused(
        "r = { c = 5 }\n",
        "r/c/i",
        "config.toml:1: `r.c.i` leads through a value that is not a table",
    );
    refused(
        "r = { c = 5 }\n",
        "r/c/i/j",
        "config.toml:1: `r.c.i.j` leads through a value that is not a table",
    );
    refused(
        "r = { c = 5 }\n",
        "r",
        "config.toml:1: `r` is a table, not a value",
    );
    refused(
        "r.c = { d.e = 5 }\n",
        "r/c/d",
        "config.toml:1: `r.c.d` is a table, not a value",
    );
    refused(
        "r = [{ c = 5 }]\n",
        "r/c",
        "config.toml:1: `r.c` leads through a value that is not a table",
    );
    refused(
        "[[r]]\nc = 5\n",
        "r/c",
        "config.toml:1: `r.c` leads to an array of tables",
    );
    refused(
        "[r]\n[[r.c]]\n",
        "r/c/i",
        "config.toml:2: `r.c.i` leads to an array of tables",
    );
    assert!(open("[r]\na = 1\n[[r.c]]\n").unset(&["r"]).is_err());
    assert!(open("[[r]]\na = 1\n").unset(&["r", "a"]).is_err());
}

#[test]
fn a_malformed_text_is_placed_and_not_quoted() {
    let check = |text: &str, expected: &str| {
        let error = Document::parse(Path::new("c.toml"), text).err().unwrap();
        let told = error.to_string().replace("this is not TOML: ", "");
        assert_eq!(told, format!("c.toml:{expected}"));
        assert_eq!(error.kind(), crate::error::Kind::Malformed);
    };
    check(
        "a = 1\ntoken = s3cret\n",
        "2: a value is missing, or is text without quotes",
    );
    check(
        "a = 1\r\n\r\ntoken = \"s3cret\n",
        "3: a string is not closed, or has a character that needs an escape",
    );
    check(
        "\u{feff}a = 1\na = 2\n",
        "2: this key or table is there twice",
    );
    check("[a]\n[a]\n", "2: this key or table is there twice");
    check("\u{feff}\u{feff}a = 1\n", "1: this is not TOML");
    check("token\n", "1: a key without a value");
    check(
        "token =\n",
        "1: a value is missing, or is text without quotes",
    );
    check("[a\n", "1: a table header that is not closed");
    check(
        "a = [1,\n2\n",
        "2: an array that is not closed, or lacks a comma",
    );
    check(
        "a = 1\rb = 2\n",
        "1: a carriage return that does not end a line",
    );
    check(
        &format!("a = {}", "[".repeat(10_000)),
        "1: it is nested too deeply",
    );
}

#[test]
fn what_is_there_is_told_apart() {
    let document = open("a = 'x'\nb = ['x', 'y']\nc = 1\nd = [1]\ne.f = 1\n[[g]]\nh = 1\n");
    let check = |key: &str, expected: Option<Found>| {
        assert!(document.get(&parts(key)) == expected, "{key}");
    };
    check("a", Some(Found::Value(text("x"))));
    check("b", Some(Found::Value(list(&["x", "y"]))));
    check("c", Some(Found::Other));
    check("d", Some(Found::Other));
    check("e", Some(Found::Table));
    check("g", Some(Found::Other));
    check("g/h", Some(Found::Other));
    check("a/b", None);
    check("z", None);
    assert_eq!(
        format!("{:?}", document.get(&["a"])),
        "Some(Value(Text(..)))"
    );
}

/// All keys that a random file may hold and a random edit may name.
const POOL: &[&str] = &[
    "token",
    "r/a/i",
    "r/a/k",
    "r/a/sub/i",
    "r/b/i",
    "r/b/k",
    "r/c/i",
    "r/c/k",
    "r/d e/i",
    "registry/token",
    "registry/i",
    "al/x",
    "other/i",
    "other/k",
    "t/i",
];

/// A file of random lines that happens to be valid.
fn random_file(random: &mut fastrand::Rng) -> String {
    const ABOVE: &[&str] = &[
        "token = \"t\" # on token",
        "r.a.i = 'x'",
        "r . a . k = \"y\"",
        "r.b = { i = \"x\", k = ['1', '2'] }",
        "r = { a.i = \"x\", c = { k = \"y\" }, }",
        "registry.token=\"t\"",
        "other.k = 5",
    ];
    const HEADERS: &[&str] = &[
        "[r]",
        "[r.a]",
        "[r.\"b\"] # on b",
        "  [ r . c ]",
        "[registry]",
        "[r.a.sub]",
        "[al]",
        "[other]",
        "[[t]]",
        "[\"r\".'d e']",
    ];
    const BELOW: &[&str] = &[
        "i = \"x\"",
        "i = \"\"\"\nx\n[r.z]\n\"\"\" # three",
        "k = ['1', # one\n  # two\n  '2'\n  ]",
        "  k='y'",
        "x = []",
        "sub.i = \"1\"",
        "a = { i = \"x\" }",
        "c.i = 'x' # dotted",
        "b = {}",
    ];
    const BETWEEN: &[&str] = &["", "# note", "# token = \"old\"", "  ", "\t# indented"];
    loop {
        let mut lines = Vec::new();
        let some_of = |random: &mut fastrand::Rng, lines: &mut Vec<&str>, menu: &[&'static str]| {
            for _ in 0..random.usize(0..4) {
                let menu = if random.bool() { menu } else { BETWEEN };
                lines.push(menu[random.usize(0..menu.len())]);
            }
        };
        some_of(random, &mut lines, ABOVE);
        for _ in 0..random.usize(0..5) {
            lines.push(HEADERS[random.usize(0..HEADERS.len())]);
            some_of(random, &mut lines, BELOW);
        }
        let crlf = random.u8(0..3);
        let mut file = String::from(if random.u8(0..6) == 0 { "\u{feff}" } else { "" });
        for line in lines.join("\n").split_inclusive('\n') {
            let ended = line.strip_suffix('\n');
            file.push_str(ended.unwrap_or(line));
            match crlf {
                _ if ended.is_none() => {}
                1 => file.push_str("\r\n"),
                2 if random.bool() => file.push_str("\r\n"),
                _ => file.push('\n'),
            }
        }
        if random.bool() && !lines.is_empty() {
            file.push('\n');
        }
        if Document::parse(Path::new("c"), &file).is_ok() {
            return file;
        }
    }
}

/// The lines with their ends.
fn lines(document: &Document) -> Vec<String> {
    let texts = document.ring().map(|id| &document.lines[id].text);
    texts
        .flat_map(|text| text.split_inclusive('\n').map(str::to_owned))
        .collect()
}

/// How many lines of `before` are not in `after`, in their order.
fn lost_lines(before: &[String], after: &[String]) -> usize {
    let same = |(a, b): &(&String, &String)| a == b;
    let top = before.iter().zip(after).take_while(same).count();
    let tails = before[top..].iter().rev().zip(after[top..].iter().rev());
    before.len() - top - tails.take_while(same).count()
}

fn is_subsequence(part: &[String], whole: &[String]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|line| whole.any(|other| other == line))
}

/// The same in every build, so that none fails by chance; `CREDSH_SEED` is another.
fn first_seed() -> u64 {
    option_env!("CREDSH_SEED").map_or(1_786_000, |seed| seed.parse().unwrap())
}

#[test]
fn random_edits_change_what_was_meant_and_nothing_else() {
    let seed = first_seed();
    for round in 0..3000 {
        random_edits(seed.wrapping_add(round));
    }
}

fn random_edits(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let file = random_file(&mut random);
    let mut document = open(&file);
    assert_eq!(*document.text(), file, "seed {seed}");
    for _ in 0..random.usize(1..8) {
        let name = POOL[random.usize(0..POOL.len())];
        let key = parts(name);
        let value = match random.u8(0..4) {
            0 => list(&["1", "2", "3"][..random.usize(0..4)]),
            1 => text("it's"),
            2 => text("say \"hello\"\u{1b}"),
            _ => text("plain"),
        };
        let sets = random.bool();
        let before = document.text();
        let old = lines(&document);
        let told = |what: &str, after: &str| {
            let does = if sets { "set" } else { "unset" };
            format!(
                "seed {seed}: {what}: {does} {name} in\n{}\ngives\n{after}",
                *before
            )
        };
        let at = |document: &Document<'_>, name: &str| document.get(&parts(name));
        let others: Vec<_> = POOL.iter().map(|name| at(&document, name)).collect();
        let own_lines = match document.reach(&key) {
            Reach::Statement(id) => document.lines[id].text.matches('\n').count(),
            _ => 0,
        };
        // An edit of the text just read does the same; how new lines end is decided when a file is opened.
        let plain = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
        let mut fresh = open(&before);
        let (done, done_fresh) = if sets {
            (
                document.set(&key, &value).map(|()| true),
                fresh.set(&key, &value).map(|()| true),
            )
        } else {
            (document.unset(&key), fresh.unset(&key))
        };
        let after = document.text();
        assert!(
            done == done_fresh,
            "{}",
            told("open or read, the answer is the same", &after)
        );
        assert!(
            plain(&after) == plain(&fresh.text()),
            "{}",
            told(
                &format!("open or read, the text is the same\n{}", *fresh.text()),
                &after
            )
        );
        let Ok(reread) = Document::parse(Path::new("c"), &after) else {
            panic!("{}", told("it is valid", &after));
        };
        let new = lines(&document);
        for document in [&document, &reread] {
            for (other, old) in POOL.iter().zip(&others) {
                if *other != name {
                    assert!(at(document, other) == *old, "{}", told(other, &after));
                }
            }
        }
        match done {
            Err(_) | Ok(false) => assert!(before == after, "{}", told("unchanged", &after)),
            Ok(true) if sets => {
                let expected = Some(Found::Value(value.clone()));
                assert!(
                    at(&reread, name) == expected,
                    "{}",
                    told("it is set", &after)
                );
                assert!(
                    lost_lines(&old, &new) <= own_lines,
                    "{}",
                    told("other lines stay", &after)
                );
            }
            Ok(true) => {
                assert!(
                    at(&reread, name).is_none(),
                    "{}",
                    told("it is gone", &after)
                );
                let within = lost_lines(&new, &old) <= own_lines;
                assert!(
                    within || is_subsequence(&new, &old),
                    "{}",
                    told("other lines stay", &after)
                );
            }
        }
    }
}

#[test]
fn broken_files_are_refused_and_never_a_panic() {
    let seed = first_seed();
    eprintln!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..2000 {
        let mut file: Vec<char> = random_file(&mut random).chars().collect();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(0..=file.len());
            match random.u8(0..3) {
                0 => file.insert(
                    at,
                    ['"', '\'', '[', '{', '=', '\r', 'é', '\u{0}', '.', '\\'][random.usize(0..10)],
                ),
                1 if at < file.len() => drop(file.remove(at)),
                _ => file.truncate(at),
            }
        }
        let file: String = file.into_iter().collect();
        if let Ok(document) = Document::parse(Path::new("c"), &file) {
            assert_eq!(*document.text(), file);
        }
    }
}

#[test]
fn ten_thousand_edits_are_quick() {
    let start = std::time::Instant::now();
    let before = "# config\n\n[registry]\ndefault = \"a\"\n\n[other]\nk = 1\n";
    let mut document = open(before);
    let names: Vec<String> = (0..10_000).map(|n| format!("corp{n}")).collect();
    for name in &names {
        let key = ["registries", name, "index"];
        document
            .set(&key, &text("sparse+https://example.com/"))
            .unwrap();
    }
    let text = document.text();
    let mut document = open(&text);
    for name in names.iter().rev() {
        assert!(document.unset(&["registries", name, "index"]).unwrap());
    }
    assert_eq!(*document.text(), before);
    assert!(
        start.elapsed().as_secs() < 20,
        "it takes time in the square of their number"
    );
}
