//! Random files and random edits: what was meant changes, and nothing else.

use super::*;

/// All keys that a random file may hold and a random edit may name.
pub(super) const POOL: &[&str] = &[
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
pub(super) fn random_file(random: &mut fastrand::Rng) -> String {
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
pub(super) fn first_seed() -> u64 {
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
        // A line keeps the number that it has in the file.
        let said = |done: &Result<bool>| done.clone().map_err(|error| error.message().to_owned());
        assert!(
            said(&done) == said(&done_fresh),
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
