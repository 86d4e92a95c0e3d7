//! Shapes of files, each before and after one edit.

use super::*;

mod adding;
mod changing;
mod random;
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

/// And an element that came goes again.
#[test]
fn a_first_element_stands_where_the_first_one_stood() {
    let there_and_back = |before: &str, old: &[&str], new: &[&str], after: &str| {
        relist(before, new, after);
        relist(after, old, before);
    };
    let behind = "k = [\"a\",\n     \"b\"]\n";
    there_and_back(
        behind,
        &["a", "b"],
        &["x", "a", "b"],
        "k = [\"x\",\n     \"a\",\n     \"b\"]\n",
    );
    there_and_back(
        behind,
        &["a", "b"],
        &["a", "b", "x"],
        "k = [\"a\",\n     \"b\",\n     \"x\"]\n",
    );
    there_and_back(
        behind,
        &["a", "b"],
        &["a", "x", "b"],
        "k = [\"a\",\n     \"x\",\n     \"b\"]\n",
    );
    there_and_back(
        behind,
        &["a", "b"],
        &["b", "a"],
        "k = [\"b\",\n     \"a\"]\n",
    );
    relist(behind, &["b"], "k = [\"b\"]\n");
    relist(behind, &["a"], "k = [\"a\"]\n");
    let below = "k = [\n  'a', # one\n  'b',\n]\n";
    there_and_back(
        below,
        &["a", "b"],
        &["x", "a", "b"],
        "k = [\n  'x',\n  'a', # one\n  'b',\n]\n",
    );
    there_and_back(
        "k = ['a', 'b']\n",
        &["a", "b"],
        &["x", "a", "b"],
        "k = ['x', 'a', 'b']\n",
    );
    // A comment above an element goes where that goes.
    relist(
        "k = ['a',\n  # of b\n  'b']\n",
        &["b", "a"],
        "k = [  # of b\n  'b',\n  'a']\n",
    );
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
    check("a = 1 # \u{7}\n", "1: a control character in a comment");
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
