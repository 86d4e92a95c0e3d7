//! What Tab offers, as a function: a line with `|` for the cursor, and the candidates.

use credsh::commands::grammar::Grammar;
use credsh::doors::complete::{Candidate, Names, ScriptNames, complete};

use crate::harness::Sandbox;

/// What there is to name in every row.
fn names(sandbox: &Sandbox) -> Names {
    let all = |words: &str| words.split(' ').map(Candidate::plain).collect();
    for file in [
        "token.txt",
        "token two.txt",
        "it's",
        ".hidden",
        "keys/a.txt",
        "keys/b c",
    ] {
        sandbox.write(&format!("work/{file}"), "");
    }
    Names {
        registries: all("crates-io corp corp-two lab"),
        providers: all("cargo:token cargo:libsecret cargo-credential-1password vault"),
        aliases: all("vault vulcan"),
        labels: all("ci publish"),
        variables: ["CORP_TOKEN", "CARGO_HOME", "HOME"]
            .map(ToOwned::to_owned)
            .to_vec(),
        directory: sandbox.work(),
        script: Some(ScriptNames {
            all: vec![
                Candidate::new("team", "map"),
                Candidate::new("teams", "array"),
                Candidate::plain("twice("),
            ],
            members: ["team", "teams[]"]
                .map(|name| (name.to_owned(), all("index name")))
                .into(),
        }),
        crates: all("serde* toml"),
    }
}

/// Rows of `line => candidates`, the candidates apart by two spaces; nothing where there are none. `..` at the end means
/// "and others"
const ROWS: &str = "
    regis|                       => registry
    r|                           => registry  rollback  run
    st|                          => status
    |st                          => alias  begin  commit  completions  diff  help  ..
    zzz|                         =>
    zzz |                        =>
    zzz lo|                      =>
      lo|                        => login  logout
    --json lo|                   => login  logout
    -n lo|                       => login  logout
    registry |                   => add  list  remove  rename  set  show
    registry re|                 => remove  rename
    registry re|move corp        => remove  rename
    registry nothing |           =>
    registry --json sh|          => show
    provider |                   => add  list  move  remove  test
    token |                      => list  remove  set  show
    token set |                  => ci  publish
    token remove c|              => ci
    login corp --store |         => keyring  sealed
    login corp --operations |    => owners  publish  read  unyank  yank
    login corp --operations re|  => read
    login corp --operations read,|  => read,owners  read,publish  read,unyank  read,yank
    login corp --operations read,yank,p|  => read,yank,publish
    login corp --operations=read,u|  => --operations=read,unyank
    login corp --operations read,zz|  =>
    login corp --operations read,read|  =>
    login corp --operations 'read,y|  => read,yank
    login corp --crates |        => serde*  toml
    login corp --crates 'serde*,|  => serde*,toml
    alias s|                     => set
    login |                      => corp  corp-two  crates-io  lab
    login c|                     => corp  corp-two  crates-io
    login corp|                  => corp  corp-two
    login lab|                   => lab
    login 'co|                   => corp  corp-two
    login \"cr|                  => crates-io
    login c\\o|                  => corp  corp-two
    'login' la|                  =>
    login corp |                 =>
    login corp l|                =>
    login -r co|                 => corp  corp-two
    login --registry co|         => corp  corp-two
    login --registry=co|         => --registry=corp  --registry=corp-two
    login -r corp |              =>
    login corp --reg|            =>
    login -r corp --reg|         =>
    login corp --fr|             => --from
    login --quiet corp --qu|     =>
    login --quiet |              => corp  corp-two  crates-io  lab
    login corp --j|              => --json
    login corp --no|             => --no-input
    --dry|                       => --dry-run
    login corp --from |          => command:  env:  file:  prompt  provider:  stdin
    login corp --from p|         => prompt  provider:
    login corp --from env:|      => env:CARGO_HOME  env:CORP_TOKEN  env:HOME
    login corp --from env:CO|    => env:CORP_TOKEN
    login corp --from=env:CO|    => --from=env:CORP_TOKEN
    login --from env:HOME |      => corp  corp-two  crates-io  lab
    login corp --from file:to|   => file:token.txt  'file:token two.txt'
    login corp --from 'file:token |  => 'file:token two.txt'
    login corp --from file:it|   => \"file:it's\"
    login corp --from file:ke|   => file:keys/
    login corp --from file:keys/|    => file:keys/a.txt  'file:keys/b c'
    login corp --from file:.h|   => file:.hidden
    login corp --from file:no/such/|  =>
    login corp --from provider:ca|   => provider:cargo-credential-1password  provider:cargo:libsecret  provider:cargo:token
    login corp --from command:ls|    =>
    login corp --from zzz:|      =>
    login corp --scheme |        => basic  bearer  raw  token
    login corp --scheme b|       => basic  bearer
    login corp --provider v|     => vault
    login corp --provider cargo:t|   => cargo:token
    login corp -- |              =>
    login corp -- --fr|          =>
    status corp |                => corp-two  crates-io  lab
    status corp lab c|           => corp-two  crates-io
    logout --a|                  => --all
    logout corp --a|             =>
    logout --all |               =>
    registry remove l|           => lab
    registry remove lab --keep|  => --keep-token
    registry set corp --no-p|    => --no-provider
    registry set corp --provider vault --no-p|  =>
    registry add x --lo|         => --local
    registry add x --local --config|  =>
    registry add x --config-file to|  => token.txt  'token two.txt'
    registry add x --config-file=to|  => --config-file=token.txt  '--config-file=token two.txt'
    registry add |               =>
    registry add c|              =>
    registry rename |            => corp  corp-two  crates-io  lab
    registry rename corp |       =>
    registry rename corp c|      =>
    registry::rename(\"corp\", \"c|  =>
    login --|                    => --crates  --expires  --from  --label  --move  --operations  ..
    !tok|                        => token.txt  'token two.txt'
    !l|                          =>
    !cat ke|                     => keys/
    ! cat keys/a|                => keys/a.txt
    !cat 'token |                => 'token two.txt'
    why --operation p|           => publish
    why corp --crate |           =>
    token show --rev|            => --reveal
    provider add cargo:|         => cargo:libsecret  cargo:token
    provider add vault --be|     => --before
    provider add vault --before cargo:l|  => cargo:libsecret
    provider add vault --first --la|  =>
    alias remove v|              => vault  vulcan
    alias set vault |            =>
    alias set vault cmd --lo|    =>
    run k|                       => keys/
    run \"tok|                   => token.txt  'token two.txt'
    run keys/b|                  => 'keys/b c'
    help lo|                     => login  logout
    help reg|                    => registry
    help registry s|             => set  show
    help sour|                   => sources
    help login |                 =>
    completions |                => bash  elvish  fish  powershell  zsh
    completions z|               => zsh
    completions zsh |            =>
    login corp --from x --zz|    =>
    login corp -r|               =>
    login -q la|                 => lab
    status --ask c|              => corp  corp-two  crates-io
    why corp --operation yank --c|  => --check  --crate
    token show c|                => corp  corp-two  crates-io
    provider list v|             =>
    provider move v|             => vault
    help re|                     => registry
    help exit|                   => 'exit statuses'
    help she|                    => shell
    diff --|                     => --check  --dry-run  --help  --json  --no-input  --quiet  --yes
    te|                          => team  teams
    tw|                          => twice(
    1 + te|                      => team  teams
    1 + tw|                      => twice(
    let x = reg|                 => registry::
    let x = registry::s|         => registry::set(  registry::show(
    let x = regx::|              =>
    let x = lo|                  => log(  login(  logout(
    print(en|                    => ends_with(  env(
    print(ex|                    => exit(  exp(
    1 + pri|                     => print(
    pri|                         => print(
    parse_i|                     => parse_int(
    1 + parse_|                  => parse_float(  parse_int(  parse_json(
    team.|                       => index  name  clear(  contains(  debug(  drain(  fill_with(  filter(  get(  ..
    teams[0].|                   => index  name  clear(  contains(  ..
    teams[0].na|                 => name
    teams[0].ke|                 => keys(
    teams[teams.len() - 1].na|   => name
    x.teams[0].na|               =>
    for r in teams { r.|         => index  name  clear(  ..
    for r in teams { r.na|       => name
    for r in teams { if r.name == 1 { print(r.na|  => name
    for r in registry::list() { r.ke|              => keys(
    nobody.|                     => clear(  contains(  debug(  get(  is_empty(  len(  print(  remove(  set(  to_debug(  to_string(
    nobody.to_up|                => to_upper(
    team.k|                      => keys(
    team?.na|                    => name
    team.name.le|                => len(
    other.team.na|               =>
    1 + team.ke|                 => keys(
    teams.fi|                    => filter(  find(  find_map(
    teams.na|                    =>
    [1, 2].ma|                   => map(
    [1, [2]].fil|                => filter(
    teams[0].ke|                 => keys(
    #{ a: 1 }.val|               => values(
    \"text\".to_u|                => to_upper(
    \"text\".sub|                 => sub_string(
    registry::list().fil|        => filter(
    registry::list().ke|         =>
    registry::show(\"corp\").ke|  => keys(
    status().len().to_h|         => to_hex(
    for r in registry::list() { r.na|  =>
    for r in registry::list() { r.sta|             =>
    for r in registry::list() { r.name.sta|        => starts_with(
    for r in registry::list() { r.fil|  => fill_with(  filter(
    for n in 0..|                =>
    for n in 0..te|              => team  teams
    let y = 4|                   =>
    let y = \"lo|                =>
    // lo|                       =>
    /* lo|                       =>
    login(\"co|                  => corp  corp-two
    login(\"corp\", \"|          =>
    login(lo|                    => log(  login(  logout(
    status([\"corp\", \"la|       => lab
    login(\"corp\", #{ fr|       => from:
    login(\"corp\", #{ from: \"env:CO|  => env:CORP_TOKEN
    login(\"corp\", #{ from: te|  => team  teams
    login(\"corp\", #{ from: team, sch|  => scheme:
    login(\"corp\", #{ from: team, fr|  =>
    login(\"corp\", #{ scheme: \"b|  => basic  bearer
    token::set(\"c|              => ci
    token::set(\"ci\", #{ operations: [\"read\", \"ya|  => yank
    if x { registry::a|          => registry::add(
    token::set(\"ci\", #{ operations: \"read,p|  => read,publish
";

#[test]
fn tab_offers_what_can_stand_at_the_cursor() {
    let sandbox = Sandbox::new();
    let grammar = Grammar::default();
    let names = names(&sandbox);
    let mut wrong = String::new();
    let mut count = 0;
    for row in ROWS.lines().filter(|row| !row.trim().is_empty()) {
        let (typed, expected) = row[4..].split_once("=>").unwrap();
        let typed = match typed.trim_end() {
            // A row that is about the white space before the word begins with some.
            typed if typed.starts_with(' ') => typed,
            typed => typed.trim_start(),
        };
        let cursor = typed.find('|').unwrap();
        let line = typed.replacen('|', "", 1);
        let (start, candidates) = complete(grammar.tree(), &names, &line, cursor);
        let offered: Vec<&str> = candidates
            .iter()
            .map(|found| found.text.trim_end())
            .collect();
        let expected: Vec<&str> = expected
            .split("  ")
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .collect();
        let is_right = match expected.as_slice() {
            [first @ .., ".."] => offered.starts_with(first),
            // The order is the eye's: by text, whatever the quotes.
            all => offered.len() == all.len() && all.iter().all(|text| offered.contains(text)),
        };
        let before = line[..start].chars().last();
        let word_starts_at_blank = before.is_none_or(|c| {
            c.is_whitespace() || c == '.' || c == '!' || line.contains('(') && "(\"[".contains(c)
        });
        if !is_right || start > cursor || !(word_starts_at_blank || offered.is_empty()) {
            wrong.push_str(&format!(
                "{typed}\n  expected {expected:?}\n  offered  {offered:?} at {start}\n"
            ));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count >= 165, "{count} rows");
}

#[test]
fn what_is_offered_replaces_the_word_with_its_quotes() {
    let sandbox = Sandbox::new();
    let grammar = Grammar::default();
    let names = names(&sandbox);
    for (line, completed) in [
        ("run 'token t", "run 'token two.txt'"),
        ("run \"token t", "run 'token two.txt'"),
        ("run token\\ t", "run 'token two.txt'"),
        ("login --from 'file:keys/'b", "login --from 'file:keys/b c'"),
        ("login --fr", "login --from"),
        ("status\nlogin --fr", "status\nlogin --from"),
        ("login \\\n --fr", "login \\\n --from"),
        ("let x = 1;\n1 + twi", "let x = 1;\n1 + twice("),
    ] {
        let (start, candidates) = complete(grammar.tree(), &names, line, line.len());
        assert_eq!(candidates.len(), 1, "{line}: {candidates:?}");
        assert_eq!(
            format!("{}{}", &line[..start], candidates[0].text),
            completed
        );
    }
}

#[test]
fn tab_answers_at_any_cursor_of_any_text() {
    let sandbox = Sandbox::new();
    let grammar = Grammar::default();
    let names = names(&sandbox);
    let text = "lögin 'cö \"x\\ --from=env:é -- \\";
    for cursor in 0..=text.len() + 3 {
        let (start, _) = complete(grammar.tree(), &names, text, cursor);
        assert!(text.is_char_boundary(start), "{cursor}");
    }
}
