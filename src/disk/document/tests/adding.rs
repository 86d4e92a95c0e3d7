//! New keys and tables: where they go, and how they are written.

use super::*;

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
        "[r.a]\ni = 1\n[r.c]\ni = \"x\"\n# on other\n[other]\n",
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
        "[r.a]\ni = 1\n[r.a.sub]\nj = 2\n[r.c]\ni = \"x\"\n[other]\n",
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
fn ten_thousand_edits_and_back() {
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
}
