//! Which programs are started for a registry's token, and what each is asked: credsh does as Cargo does.
//!
//! The providers write down how they were started and what they were sent. Each layout is given to both, for a get, a
//! login and a logout. By contract credsh does more around a login or logout than Cargo: it asks what is there before
//! and afterwards, logs out of the whole chain, and cannot know a login page.

use std::time::Duration;

use serde_json::Value as Json;

use crate::cargo::Cargo;
use crate::harness::Sandbox;
use crate::ingredients::{ANSWERS, PROGRAMS};
use crate::oracle::{Layout, on_each};

/// Where the providers write, below the sandbox.
const RECORD: &str = "record";

/// Notes a line: who, the arguments, the folder and the variables of the start, or the request.
const NOTE: &str = r#"note() { printf '%s\t%s\t%s\n' "${0##*/}" "$1" "$2" >>"$RECORD"; }
note start "$* in $PWD for ${CARGO_REGISTRY_INDEX_URL-} ${CARGO_REGISTRY_NAME_OPT-} ${CARGO-}"
"#;
const REQUEST: &str = r#"read -r line && note request "$line""#;

/// Providers by what each answers to a get, a login and a logout. `TOKEN` stands for a get's answer.
const BY_KIND: &[(&str, &str, &str, &str)] = &[
    ("forgets", NONE, LOGIN, LOGOUT),
    ("keeps-all", TOKEN, LOGIN, LOGOUT),
    ("elsewhere", NONE, ELSEWHERE, ELSEWHERE),
    ("absent-at-login", NONE, NONE, NONE),
    ("has-and-is-absent", TOKEN, NONE, NONE),
    ("has-elsewhere", TOKEN, ELSEWHERE, ELSEWHERE),
    ("read-only", TOKEN, UNSUPPORTED, UNSUPPORTED),
    (
        "unwilling",
        TOKEN,
        r#"{"Err":{"kind":"other","message":"no luck","caused-by":["rain"]}}"#,
        r#"{"Err":{"kind":"other","message":"no luck","caused-by":["rain"]}}"#,
    ),
    (
        "puzzled",
        TOKEN,
        r#"{"Err":{"kind":"headache"}}"#,
        r#"{"Err":{"kind":"headache"}}"#,
    ),
    ("confused", TOKEN, LOGOUT, LOGIN),
    ("confused-by-get", TOKEN, TOKEN, TOKEN),
    (
        "dances",
        TOKEN,
        r#"{"Ok":{"kind":"dance"}}"#,
        r#"{"Ok":{"kind":"dance"}}"#,
    ),
    (
        "garbles",
        TOKEN,
        "no text of the protocol",
        "no text of the protocol",
    ),
    (
        "blind",
        r#"{"Err":{"kind":"other","message":"blind"}}"#,
        LOGIN,
        LOGOUT,
    ),
    (
        "more-than-asked",
        r#"{"Ok":{"kind":"get","token":"sentinel-more","cache":"session","operation_independent":false,"more":[1]}}"#,
        r#"{"Ok":{"kind":"login","more":1}}"#,
        r#"{"Ok":{"kind":"logout","more":1}}"#,
    ),
];
const TOKEN: &str = r#"{"Ok":{"kind":"get","token":"sentinel-token","cache":"never","operation_independent":true}}"#;
const NONE: &str = r#"{"Err":{"kind":"not-found"}}"#;
const ELSEWHERE: &str = r#"{"Err":{"kind":"url-not-supported"}}"#;
const UNSUPPORTED: &str = r#"{"Err":{"kind":"operation-not-supported"}}"#;
const LOGIN: &str = r#"{"Ok":{"kind":"login"}}"#;
const LOGOUT: &str = r#"{"Ok":{"kind":"logout"}}"#;

/// Keeps the token in a file.
const KEEPER: &str = r#"
kept="$RECORD-${0##*/}"
case $line in
*'"kind":"login"'*) part=${line#*'"token":"'}; printf %s "${part%%'"'*}" >"$kept"; answer='{"Ok":{"kind":"login"}}' ;;
*'"kind":"logout"'*) if [ -f "$kept" ]; then answer='{"Ok":{"kind":"logout"}}'; else answer='{"Err":{"kind":"not-found"}}'; fi; rm -f "$kept" ;;
*) if [ -f "$kept" ]
    then answer="{\"Ok\":{\"kind\":\"get\",\"token\":\"$(cat "$kept")\",\"cache\":\"session\",\"operation_independent\":true}}"
    else answer='{"Err":{"kind":"not-found"}}'
    fi ;;
esac
"#;

/// Everything that a layout here may name.
fn cargo() -> Cargo {
    let cargo = Cargo::new();
    let mut scripts: Vec<(String, String)> = Vec::new();
    for (name, script) in PROGRAMS {
        scripts.push(((*name).to_owned(), script.replace("read -r line", REQUEST)));
    }
    let hello = r#"echo '{"v":[1]}'"#;
    for (name, answer) in ANSWERS {
        scripts.push((
            (*name).to_owned(),
            format!("{hello}; {REQUEST}; echo '{answer}'"),
        ));
    }
    for (name, get, login, logout) in BY_KIND {
        let script = format!(
            "{hello}; {REQUEST}\ncase $line in *'\"kind\":\"login\"'*) echo '{login}' ;; *'\"kind\":\"logout\"'*) echo '{logout}' ;; *) echo '{get}' ;; esac"
        );
        scripts.push(((*name).to_owned(), script));
    }
    for (name, hello, answer) in [
        ("keeper", hello, "echo \"$answer\""),
        (
            "second-keeper",
            "echo '{\"v\":[2,1,7]}'",
            "echo \"$answer\"",
        ),
        (
            "keeper-cr",
            "printf '{\"v\":[1]}\\r\\n'",
            "printf '%s\\r\\n' \"$answer\"",
        ),
        ("keeper-no-newline", hello, "printf %s \"$answer\""),
        (
            "keeper-chatty",
            hello,
            "echo \"$answer\"; echo more; echo '{}'",
        ),
        ("keeper-status", hello, "echo \"$answer\"; exit 3"),
        ("keeper-killed", hello, "echo \"$answer\"; kill -9 $$"),
    ] {
        scripts.push((
            name.to_owned(),
            format!("{hello}; {REQUEST}\n{KEEPER}{answer}"),
        ));
    }
    scripts.push((
        "silent".to_owned(),
        format!("{hello}; {REQUEST}\nexec sleep 60"),
    ));
    scripts.push((
        "two-line-answer".to_owned(),
        format!("{hello}; {REQUEST}; printf '{{\"Ok\":\\n{{\"kind\":\"get\"}}}}\\n'"),
    ));
    scripts.push((
        "lines-cr".to_owned(),
        "printf 'sentinel-one\\r\\nsentinel-two\\r\\n'".to_owned(),
    ));
    let scripts: Vec<(&str, String)> = scripts
        .iter()
        .map(|(name, script)| (name.as_str(), format!("{NOTE}{script}")))
        .collect();
    let scripts: Vec<(&str, &str)> = scripts
        .iter()
        .map(|(name, script)| (*name, script.as_str()))
        .collect();
    cargo.programs(&scripts);
    cargo
}

/// A note of a provider, the sandbox's own folder left out of it.
#[derive(Debug, Clone, PartialEq)]
struct Note {
    who: String,
    /// `None` is the start.
    request: Option<Json>,
    start: String,
}

impl Note {
    fn is(&self, kind: &str) -> bool {
        self.request
            .as_ref()
            .is_some_and(|request| request["kind"] == kind)
    }
}

/// What was noted since the last call.
fn notes(sandbox: &Sandbox) -> Vec<Note> {
    let file = sandbox.root().join(RECORD);
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let _ = std::fs::remove_file(file);
    let root = sandbox.root().display().to_string();
    let note = |line: &str| {
        let parts: Vec<&str> = line.splitn(3, '\t').collect();
        let is_start = parts[1] == "start";
        Note {
            who: parts[0].to_owned(),
            request: (!is_start).then(|| serde_json::from_str(parts[2]).unwrap()),
            start: if is_start {
                parts[2].replace(&root, "<root>")
            } else {
                String::new()
            },
        }
    };
    text.lines().map(note).collect()
}

/// The requests of one kind, each with who got it, without the page that only Cargo can name.
fn sent(notes: &[Note], kind: &str) -> Vec<(String, Json)> {
    let of_kind = notes.iter().filter(|note| note.is(kind));
    of_kind
        .map(|note| {
            let mut request = note.request.clone().unwrap();
            request.as_object_mut().unwrap().remove("login-url");
            (note.who.clone(), request)
        })
        .collect()
}

/// The tokens that are kept: those of the providers, and Cargo's.
fn kept(sandbox: &Sandbox) -> Vec<(String, String)> {
    let mut kept = Vec::new();
    for entry in std::fs::read_dir(sandbox.root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with("record-") {
            kept.push((name.clone(), sandbox.read(&name)));
        }
    }
    if sandbox.exists("home/credentials.toml") {
        let text = sandbox.read("home/credentials.toml");
        let document: toml_edit::DocumentMut = text.parse().unwrap();
        let token = document
            .get("registries")
            .and_then(|table| table.get("corp")?.get("token"))
            .or_else(|| document.get("registry")?.get("token"));
        if let Some(token) = token {
            kept.push(("credentials".to_owned(), token.as_str().unwrap().to_owned()));
        }
    }
    kept.sort();
    kept
}

fn sandbox(layout: &Layout, cargo: &Cargo) -> Sandbox {
    let mut sandbox = layout.sandbox(cargo);
    let record = sandbox.root().join(RECORD).display().to_string();
    sandbox.env("RECORD", record);
    sandbox
}

fn name(layout: &Layout) -> &str {
    layout.registry.as_deref().unwrap()
}

/// `corp`, and how its token is to be had.
fn corp(about: &str, text: &str) -> Layout {
    let text = format!(
        "# {about}\nregistry corp\n--- home/config.toml\n[registries.corp]\nindex = '<corp>'\n{text}"
    );
    text.parse().unwrap()
}

fn own(provider: &str) -> Layout {
    corp(
        &format!("own provider {provider}"),
        &format!("credential-provider = {provider}\n"),
    )
}

fn listed(list: &str) -> Layout {
    let text = format!("[registry]\nglobal-credential-providers = [{list}]\n");
    corp(&format!("list {list}"), &text)
}

/// For a get: every answer, and every way to print a token. Nobody behind one that decides is started.
fn gets() -> Vec<Layout> {
    let names = ANSWERS.iter().map(|(name, _)| *name);
    let programs = PROGRAMS.iter().map(|(name, _)| *name);
    let plugins = programs.filter(|name| name.starts_with("plug-"));
    let mut all: Vec<Layout> = names
        .chain(plugins)
        .chain(["two-line-answer"])
        .map(|name| listed(&format!("'plug-echo', 'keeper', '{name} --with argument'")))
        .collect();
    for program in [
        "one-line",
        "no-newline",
        "carriage-return",
        "two-lines",
        "lines-cr",
        "empty-line",
        "nothing",
        "no-text",
        "fails",
        "no-such-program",
        "arguments {index_url} a{index_url}b",
        "variables",
    ] {
        all.push(listed(&format!(
            "'keeper', 'cargo:token-from-stdout {program}', 'plug-absent'"
        )));
    }
    all.extend(aliases());
    all.extend(common());
    all
}

/// For a login and a logout: every answer to those.
fn changes() -> Vec<Layout> {
    let names = BY_KIND.iter().map(|(name, ..)| *name);
    let plugins = [
        "plug-absent-status",
        "plug-garbage",
        "plug-version",
        "plug-quits",
    ];
    let mut all: Vec<Layout> = names
        .chain(plugins)
        .map(|name| {
            listed(&format!(
                "'cargo:token', 'keeper', '{name} --with argument'"
            ))
        })
        .collect();
    all.push(own("'cargo:token-from-stdout variables'"));
    all.extend(common());
    all
}

/// For all of them: how a chain can be written.
fn common() -> Vec<Layout> {
    let mut all: Vec<Layout> = [
        "keeper",
        "second-keeper",
        "keeper-cr",
        "keeper-no-newline",
        "keeper-chatty",
        "keeper-status",
        "keeper-killed",
    ]
    .iter()
    .map(|name| own(&format!("'{name}'")))
    .collect();
    all.extend(providers());
    for text in [
        "# lists of several files\n--- work/.cargo/config.toml\nregistry.global-credential-providers = ['plug-absent', 'elsewhere']\n--- home/credentials.toml\nregistry.global-credential-providers = ['plug-url near']\n--- home/config.toml\nregistry.global-credential-providers = ['second-keeper', 'keeper far']",
        "# a list in the environment\nCARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS=keeper plug-absent\n--- home/config.toml\nregistry.global-credential-providers = ['second-keeper']",
        "# aliases in a list\n--- home/config.toml\nregistry.global-credential-providers = ['second-keeper', 'al', 'elsewhere']\ncredential-alias = { al = ['keeper', 'two words'], elsewhere = 'plug-url' }",
        "# an alias with an extra word in a list\n--- home/config.toml\nregistry.global-credential-providers = ['second-keeper', 'al extra', 'plug-absent']\ncredential-alias.al = 'keeper'",
        "# an own provider in the environment\nCARGO_REGISTRIES_CORP_CREDENTIAL_PROVIDER=keeper from the environment\n--- home/config.toml\nregistry.global-credential-providers = ['second-keeper']",
        "# an alias in the environment\nCARGO_CREDENTIAL_ALIAS_AL=keeper aliased\n--- home/config.toml\nregistry.global-credential-providers = ['al']",
        "# an own provider in credentials\n--- home/credentials.toml\nregistries.corp.credential-provider = 'keeper in credentials'\n--- home/config.toml\n",
        "# arrays in two files\n--- home/credentials.toml\nregistries.corp.credential-provider = ['more']\n--- home/config.toml\nregistries.corp.credential-provider = ['keeper']",
        "# renamed by a variable\nCARGO_REGISTRIES_OTHER_INDEX=<corp>\n--- home/config.toml\nregistries.other.credential-provider = 'keeper'",
        "# a token that the chain does not use\nCARGO_REGISTRIES_CORP_TOKEN=sentinel-variable\n--- home/config.toml\nregistry.global-credential-providers = ['keeper']",
        "# crates.io\nregistry crates-io\n--- home/config.toml\nregistry.credential-provider = 'keeper mine'",
        "# crates.io in a list\nregistry crates-io\n--- home/config.toml\nregistry.global-credential-providers = ['cargo:token', 'keeper', 'elsewhere']",
        "# in a folder\nfolder work/a/b\nlink work/bin/here keeper\n--- work/.cargo/config.toml\nregistries.corp.credential-provider = ['bin/here', 'relative']\n--- home/config.toml\n",
    ] {
        all.push(
            format!("registry corp\n{text}\nregistries.corp.index = '<corp>'\n")
                .parse()
                .unwrap(),
        );
    }
    all
}

fn providers() -> Vec<Layout> {
    let mut all = Vec::new();
    for provider in [
        "['keeper', '--account', 'two words', '', '{index_url}', 'é\"\\t']",
        "['cargo:token-from-stdout', 'arguments', 'two words', '', '{index_url}']",
        "'  keeper   spaced  '",
        "['bin/here', 'argument']",
        "'./bin/here'",
        "'bin/nobody'",
        "'nobody-at-all'",
        "'cargo:nobody'",
        "'cargo:wincred'",
        "'cargo:paseto'",
        "'cargo:token'",
        "''",
        "[]",
        "['']",
        "['keeper', 3]",
        "'keeper --cargo-plugin'",
    ] {
        let mut layout = own(provider);
        layout
            .links
            .push(("bin/here".to_owned(), "keeper".to_owned()));
        all.push(layout);
    }
    for list in [
        "",
        "''",
        "'cargo:token', ''",
        "'second-keeper', 'keeper'",
        "'keeper', 'elsewhere', 'absent-at-login', 'plug-absent'",
        "'keeper', 'keeper'",
        "'cargo:token', 'keeper'",
        "'keeper', 'cargo:token'",
        "'cargo:token', 'elsewhere', 'plug-url'",
        "'cargo:token', 'plug-absent', 'cargo:wincred', 'cargo:macos-keychain'",
        "'keeper', 'cargo:paseto'",
        "'cargo:paseto', 'keeper', 'elsewhere'",
        "'keeper', 'nobody-at-all'",
        "'nobody-at-all', 'keeper'",
        "'plug-absent', 'plug-url'",
        "'plug-url', 'cargo:wincred'",
        "'elsewhere', 'plug-url'",
        "'cargo:token-from-stdout one-line', 'elsewhere'",
        "'cargo:token-from-stdout fails', 'plug-absent'",
        "'keeper', 'has-elsewhere'",
        "'keeper', 'has-and-is-absent'",
        "'second-keeper', 'read-only', 'elsewhere'",
    ] {
        all.push(listed(list));
    }
    all
}

fn aliases() -> Vec<Layout> {
    let mut all = Vec::new();
    for (provider, aliases) in [
        ("'al'", "al = 'keeper'"),
        ("'al'", "al = ['keeper', 'two words']"),
        ("['al']", "al = 'keeper one two'"),
        ("'al extra'", "al = 'keeper'"),
        ("'al'", "al = 'al2'\nal2 = 'keeper'"),
        ("'keeper'", "keeper = 'second-keeper'"),
        ("'keeper argument'", "keeper = 'second-keeper'"),
        ("'cargo:token'", "'cargo:token' = 'keeper'"),
        (
            "'cargo:token-from-stdout'",
            "'cargo:token-from-stdout' = 'keeper'",
        ),
        ("'cargo:mine'", "'cargo:mine' = ['keeper', 'mine']"),
        ("'al'", "al = 'cargo:token'"),
        ("'al'", "al = ['cargo:token-from-stdout', 'one-line']"),
        ("'al'", "al = ''"),
        ("'al'", "al = 3"),
        ("'a.b'", "a.b = 'keeper'"),
    ] {
        let text = format!("credential-provider = {provider}\n[credential-alias]\n{aliases}\n");
        all.push(corp(&format!("{provider} where {aliases}"), &text));
    }
    all
}

#[test]
fn a_get_starts_the_same_programs_with_the_same_requests() {
    on_each(&gets(), cargo, |cargo, layout| {
        let by_cargo = with_tokens(layout, cargo);
        let asked = cargo.ask(&by_cargo, layout.registry.as_deref());
        let expected = notes(&by_cargo);

        let mut by_credsh = with_tokens(layout, cargo);
        let question = [
            "--operation",
            "owners",
            "--crate",
            "foo",
            "--registry",
            name(layout),
        ];
        let shown = by_credsh
            .reveals()
            .run(&[&["token", "show", "--reveal"], &question[..]].concat());
        let for_show = notes(&by_credsh);
        let why = by_credsh.run(&[&["--json", "why", "--ask"], &question[..]].concat());
        let for_why = notes(&by_credsh);

        let mut found = Vec::new();
        let token = shown
            .stdout
            .strip_suffix('\n')
            .filter(|_| shown.status == 0);
        if token != asked.token.as_deref() {
            found.push("token".to_owned());
        }
        for (command, notes) in [("token show", &for_show), ("why", &for_why)] {
            if *notes != expected {
                found.push(format!("requests of `{command}`"));
            }
        }
        (
            found,
            format!("{asked:#?}\n{expected:#?}\n{shown:#?}\n{for_show:#?}\n{why:#?}\n{for_why:#?}"),
        )
    });
}

/// Everybody who keeps a token has one.
fn with_tokens(layout: &Layout, cargo: &Cargo) -> Sandbox {
    let sandbox = sandbox(layout, cargo);
    for keeper in [
        "keeper",
        "second-keeper",
        "keeper-cr",
        "keeper-no-newline",
        "keeper-chatty",
        "keeper-status",
        "keeper-killed",
        "here",
    ] {
        sandbox.write(
            &format!("{RECORD}-{keeper}"),
            format!("sentinel-of-{keeper}"),
        );
    }
    if !sandbox.exists("home/credentials.toml") {
        sandbox.write(
            "home/credentials.toml",
            "registries.corp.token = 'sentinel-of-cargo'\n",
        );
    }
    sandbox
}

#[test]
fn a_login_sends_the_same_requests_and_is_kept_in_the_same_place() {
    on_each(&changes(), cargo, |cargo, layout| {
        let rest = &["--account", "two words", "{index_url}"][..];
        let by_cargo = sandbox(layout, cargo);
        let told = cargo.login_with(&by_cargo, name(layout), "sentinel-new\n", rest);
        let theirs_noted = notes(&by_cargo);
        let expected = sent(&theirs_noted, "login");

        // Its own files have no use for arguments. Cargo ignores them, credsh refuses them: one may be a token.
        let first = told.providers.first();
        let is_files = first.is_some_and(|first| first.split(' ').next() == Some("cargo:token"));
        let rest = if is_files { &[][..] } else { rest };
        let mut by_credsh = sandbox(layout, cargo);
        let words = [&["login", name(layout), "--from", "stdin", "--"], rest].concat();
        let login = by_credsh.stdin("sentinel-new\n").run(&words);
        let done = notes(&by_credsh);

        let mut found = Vec::new();
        if (login.status == 0) != told.success {
            found.push("outcome".to_owned());
        }
        if sent(&done, "login") != expected {
            found.push("requests".to_owned());
        }
        let is_known = |who: &String| theirs_noted.iter().any(|note| note.who == *who);
        if !done.iter().all(|note| is_known(&note.who)) {
            found.push("a program that Cargo does not start".to_owned());
        }
        let (theirs, ours) = (kept(&by_cargo), kept(&by_credsh));
        if theirs != ours {
            found.push("what is kept".to_owned());
        }
        (
            found,
            format!("{told:#?}\n{expected:#?}\n{theirs:#?}\n{login:#?}\n{done:#?}\n{ours:#?}"),
        )
    });
}

#[test]
fn a_logout_sends_what_cargo_sends_first_and_leaves_no_more_behind() {
    on_each(&changes(), cargo, |cargo, layout| {
        let by_cargo = with_tokens(layout, cargo);
        let told = cargo.logout(&by_cargo, layout.registry.as_deref());
        let expected = sent(&notes(&by_cargo), "logout");

        let mut by_credsh = with_tokens(layout, cargo);
        let logout = by_credsh.run(&["logout", name(layout), "--yes"]);
        let done = notes(&by_credsh);
        let sent = sent(&done, "logout");

        let mut found = Vec::new();
        if !sent.starts_with(&expected) {
            found.push("requests".to_owned());
        }
        let (theirs, ours) = (kept(&by_cargo), kept(&by_credsh));
        if ours.iter().any(|token| !theirs.contains(token)) {
            found.push("what is kept".to_owned());
        }
        if logout.status == 0 {
            let after = cargo.ask(&by_credsh, layout.registry.as_deref());
            if after.token.is_some() {
                found.push("Cargo still sends a token".to_owned());
            }
        }
        (
            found,
            format!("{told:#?}\n{expected:#?}\n{theirs:#?}\n{logout:#?}\n{done:#?}\n{ours:#?}"),
        )
    });
}

#[test]
fn one_that_is_silent_has_got_the_same_request_and_is_given_up_on() {
    let cargo = cargo();
    let layout = listed("'keeper', 'silent with arguments'");
    let by_cargo = sandbox(&layout, &cargo);
    let asked = cargo.ask_within(Duration::from_secs(5), &by_cargo, Some("corp"));
    assert!(asked.hung, "{asked:#?}");
    let mut by_credsh = sandbox(&layout, &cargo);
    let question = ["--operation", "owners", "--crate", "foo"];
    let words = [&["token", "show", "corp"], &question[..]].concat();
    let run = by_credsh.time_limit(Duration::from_secs(5)).run(&words);
    assert_eq!(run.status, 4, "{run:?}");
    assert_eq!(notes(&by_credsh), notes(&by_cargo));
}
