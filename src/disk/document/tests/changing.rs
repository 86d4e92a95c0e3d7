//! Values that change, and keys that go: what is around them stays.

use super::*;

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
fn what_begins_a_line_of_a_list_stands_as_what_does_so() {
    relist(
        "k = [\n  \"a\", \"b\", # both\n]\n",
        &["a", "b", "c"],
        "k = [\n  \"a\", \"b\", # both\n  \"c\",\n]\n",
    );
    relist(
        "  k = [\"a\" # one\n  ]\n",
        &["a", "b"],
        "  k = [\"a\", # one\n      \"b\"\n  ]\n",
    );
    relist(
        "\tk = [\n\t]\n",
        &["a", "b"],
        "\tk = [\n\t\t\"a\",\n\t\t\"b\"\n\t]\n",
    );
    let two_in_a_line = "k = [\n    \"a\", \"c\",\n    \"d\"\n]\n";
    relist(
        two_in_a_line,
        &["a", "n", "c", "d"],
        "k = [\n    \"a\", \"n\",\n    \"c\",\n    \"d\"\n]\n",
    );
    relist(
        "k = [\n    \"a\", \"c\",\n    \"d\", \"e\"\n]\n",
        &["a", "d", "e"],
        "k = [\n    \"a\", \"d\", \"e\"\n]\n",
    );
    relist(
        "k = [\n  \"a\"  # one\n  ,] # tail\n",
        &["a", "b"],
        "k = [\n  \"a\"  # one\n  ,\n  \"b\",] # tail\n",
    );
    // And so does a comma.
    let commas_first = "k = [ \"a\"\n    , \"b\"\n    ]\n";
    relist(
        commas_first,
        &["a", "b", "c"],
        "k = [ \"a\"\n    , \"b\"\n    , \"c\"\n    ]\n",
    );
    relist(
        commas_first,
        &["a", "x", "b"],
        "k = [ \"a\"\n    , \"x\"\n    , \"b\"\n    ]\n",
    );
    relist(commas_first, &["a"], "k = [ \"a\"\n    ]\n");
    relist(
        "k = [ \"a\" # one\n    , \"b\" # two\n    ]\n",
        &["a"],
        "k = [ \"a\" # one\n    ]\n",
    );
    relist(
        "k = [ \"a\" # one\n    , \"b\" # two\n    ]\n",
        &["a", "b", "c"],
        "k = [ \"a\" # one\n    , \"b\" # two\n    , \"c\"\n    ]\n",
    );
    relist(
        "k = [ \"a\" , \"b\" ]\n",
        &["a", "b", "c"],
        "k = [ \"a\" , \"b\" , \"c\" ]\n",
    );
    relist("k = [ \"a\" , \"b\" ]\n", &["a"], "k = [ \"a\" ]\n");
    relist(
        "k = [ \"a\" # one\r\n    , \"b\" # two\r\n    ]\r\n",
        &["a"],
        "k = [ \"a\" # one\r\n    ]\r\n",
    );
    relist(
        "k = [ \"a\"\r\n    , \"b\" # two\r\n    ]\r\n",
        &["a", "b", "c"],
        "k = [ \"a\"\r\n    , \"b\" # two\r\n    , \"c\"\r\n    ]\r\n",
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
        "k = [\n  \"a\"\n  # none yet\n]\n",
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
        "[a]\nk = 1\n\n[r.c]\n# k = 2\n\n[b]\n",
    );
    unset(
        "[a]\nk = 1\n\n[r.c]\ni = 1\n# on b\n[b]\n",
        "r/c/i",
        "[a]\nk = 1\n\n# on b\n[b]\n",
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

/// Whatever has been edited above it since.
#[test]
fn a_refusal_names_the_line_of_the_file() {
    let text = "[r.c]\n# one\n# two\ni = 1\nk = [1]\n\n[[r.c.x]]\nq = 1\n";
    let mut document = open(text);
    document.unset(&["r", "c", "i"]).unwrap();
    let list = list(&["a", "b", "c"]);
    document.set(&["r", "c", "k"], &list).unwrap();
    document.set(&["r", "c", "new"], &list).unwrap();
    let refused = document.unset(&["r", "c", "x"]).unwrap_err();
    assert!(
        refused.to_string().starts_with("config.toml:7: "),
        "{refused}"
    );
}
