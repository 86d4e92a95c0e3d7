//! What others do to one registry between a kill and the next start: that one changes as a whole, or stays as it is.

use crate::recovery_others::{
    CONFIG, CREDENTIALS, JOURNAL, SWAP, behind_the_journal, of_commented,
};
use crate::steps::{Case, NEW, OLD, Step, exchanges, last_write, places};

const LOCAL: &str = "work/.cargo/config.toml";

/// A token that both writes of a file take along is in no file in between: where somebody else has changed the registry
/// that it goes to, it stays where it is until that is what it was.
#[test]
fn a_token_between_two_writes_is_not_given_up() {
    let mut case = of_commented(&[
        "-c",
        "registry remove lab",
        "-c",
        "registry rename corp lab",
    ]);
    // Before the configuration, and between that and the second write.
    for (step, name) in [
        (first_exchange as fn(&[Step]) -> usize, "lab"),
        (last_write, "corp"),
    ] {
        case.interrupt(step);
        let index = case.cargo.registries.index(name);
        let now = case.sandbox.read(CONFIG);
        let changed = now.replace(&index, "sparse+https://new.example/");
        assert_ne!(changed, now);
        case.sandbox.write(CONFIG, &changed);
        let run = case.sandbox.ok(&["registry", "list"]);
        assert!(case.sandbox.exists(JOURNAL), "{}", run.stderr);
        assert!(
            run.stderr.contains("registries.lab.index"),
            "{}",
            run.stderr
        );
        assert!(!run.stderr.contains("remove"), "{}", run.stderr);
        case.sandbox.write(CONFIG, now);
        let told = case.finish();
        assert_eq!(case.side(), case.new, "{told}");
    }
}

pub fn first_exchange(steps: &[Step]) -> usize {
    exchanges(steps)[0]
}

/// What the first start has found is found by the second one, too.
#[test]
fn a_start_that_is_killed_forgets_no_conflict() {
    let config = "[alias]\na = \"b\"\n";
    let args = [
        "-c",
        "registry add proj sparse+https://proj.example/ --local",
        "-c",
        "registry add lab sparse+https://good.example/ --make-default",
        "-c",
        "login lab --from env:NEW --provider cargo:token",
    ];
    let mut case = Case::new(&[(CONFIG, config)], &[], &args);
    case.reset();
    let steps = case.steps(&case.credsh());
    let local = places(&steps, "renameat2")[0];
    case.reset();
    // The project's file is there.
    assert!(case.is_killed_at(&steps[local + 2], &case.credsh()));
    case.add(
        CONFIG,
        "[registries.lab]\nindex = \"sparse+https://evil.example/\"\n",
    );
    let copied = case.copied();
    let mut next = case.sandbox.process();
    next.args(["registry", "list"]);
    let steps = case.steps(&next);
    for step in &steps {
        case.put_back(&copied);
        case.is_killed_at(step, &next);
        let told = case.finish();
        let tokens = case.side().remove(CREDENTIALS).unwrap_or_default();
        assert!(!tokens.contains(NEW), "{step:?}: {tokens}\n{told}");
        assert!(
            case.sandbox.read(CONFIG).contains("evil"),
            "{step:?}: {told}"
        );
    }
}

/// Somebody logs in to a registry whose index is about to change: it does not, under a token that is for the old one.
#[test]
fn an_index_does_not_change_under_a_token_that_came_since() {
    let config = "[registries.corp]\nindex = \"INDEX/corp\"\n";
    let theirs = "[registries.corp]\ntoken = \"sentinel-theirs\"\n";
    let set = [
        "registry",
        "set",
        "corp",
        "--index",
        "sparse+https://new.example/",
    ];
    for moves in [false, true] {
        let before = format!("[registries.corp]\ntoken = \"{OLD}\"\n");
        let mut files = vec![(CONFIG, config)];
        if moves {
            files.push((CREDENTIALS, before.as_str()));
        }
        let option = if moves {
            "--move-token"
        } else {
            "--make-default"
        };
        let mut case = Case::new(&files, &[], &[&set[..], &[option]].concat());
        case.interrupt(first_exchange);
        case.sandbox.write(CREDENTIALS, theirs);
        let told = case.finish();
        assert!(!case.sandbox.read(CONFIG).contains("new.example"), "{told}");
        assert_eq!(case.sandbox.read(CREDENTIALS), theirs, "{told}");
    }
}

/// The same in a file that the credentials include.
#[test]
fn an_index_does_not_change_under_a_token_that_came_into_an_included_file() {
    let files = [
        (CONFIG, "[registries.corp]\nindex = \"INDEX/corp\"\n"),
        (CREDENTIALS, "include = [\"more.toml\"]\n"),
        ("home/more.toml", "# by hand\n"),
    ];
    let args = [
        "registry",
        "set",
        "corp",
        "--index",
        "sparse+https://new.example/",
    ];
    let mut case = Case::new(&files, &[], &args);
    case.interrupt(first_exchange);
    case.add(
        "home/more.toml",
        "[registries.corp]\ntoken = \"sentinel-theirs\"\n",
    );
    let told = case.finish();
    assert_eq!(case.sandbox.read(CONFIG), case.old[CONFIG], "{told}");
    assert!(told.contains("`registries.corp`"), "{told}");
}

/// Somebody logs in to a registry that a token is on the way to: how to go on is said.
#[test]
fn a_login_in_the_way_of_a_token_between_two_writes_can_go() {
    let mut case = of_commented(&[
        "-c",
        "registry remove lab",
        "-c",
        "registry rename corp lab",
    ]);
    case.interrupt(last_write);
    let login = case
        .cargo
        .login(&case.sandbox, Some("lab"), "sentinel-theirs");
    assert!(login.success, "{login:?}");
    let run = case.sandbox.ok(&["registry", "list"]);
    assert!(case.sandbox.exists(JOURNAL), "{}", run.stderr);
    assert!(
        run.stderr.contains("`cargo logout --registry lab`"),
        "{}",
        run.stderr
    );
    let done = case.cargo.logout(&case.sandbox, Some("lab"));
    assert!(done.success, "{done:?}");
    let told = case.finish();
    assert!(case.sandbox.read(CREDENTIALS).contains(OLD), "{told}");
}

/// The project's file is there, and nothing else of it.
pub fn behind_the_first_file(steps: &[Step]) -> usize {
    places(steps, "renameat2")[0] + 2
}

/// The new name has been taken meanwhile: the registry keeps its old one, with all that it has, and so is the default.
#[test]
fn a_registry_whose_new_name_is_taken_stays_as_it_is() {
    let config = "[registry]\ndefault = \"corp\"\n\n[registries.corp]\nindex = \"INDEX/corp\"\ncredential-provider = \"cargo:token\"\n";
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\"\n");
    let theirs = "\n[registries.work]\nindex = \"sparse+https://theirs.example/\"\n";
    let args = [
        "-c",
        "registry add proj sparse+https://proj.example/ --local",
        "-c",
        "registry rename corp work",
    ];
    let mut case = Case::new(&[(CONFIG, config), (CREDENTIALS, &credentials)], &[], &args);
    case.interrupt(behind_the_first_file);
    case.add(CONFIG, theirs);
    let told = case.finish();
    let config = case.old[CONFIG].clone() + theirs;
    assert_eq!(case.sandbox.read(CONFIG), config, "{told}");
    assert_eq!(case.sandbox.read(CREDENTIALS), credentials, "{told}");
    assert!(told.contains("`registry.default`"), "{told}");
    assert_eq!(case.sandbox.read(LOCAL), case.new[LOCAL], "{told}");
}

/// One that somebody else has changed is not removed, and loses nothing.
#[test]
fn a_registry_that_was_changed_is_not_removed_in_part() {
    let config =
        "[registries.corp]\nindex = \"INDEX/corp\"\ncredential-provider = \"cargo:token\"\n";
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\"\n");
    let args = [
        "-c",
        "registry add proj sparse+https://proj.example/ --local",
        "-c",
        "registry remove corp",
    ];
    let mut case = Case::new(&[(CONFIG, config), (CREDENTIALS, &credentials)], &[], &args);
    case.interrupt(behind_the_first_file);
    let index = case.cargo.registries.index("corp");
    let changed = case
        .sandbox
        .read(CONFIG)
        .replace(&index, "sparse+https://theirs.example/");
    case.sandbox.write(CONFIG, &changed);
    let told = case.finish();
    assert_eq!(case.sandbox.read(CONFIG), changed, "{told}");
    assert_eq!(case.sandbox.read(CREDENTIALS), credentials, "{told}");
}

/// What somebody else has made of one registry is nothing to the others: one that has lost its token goes.
#[test]
fn a_registry_whose_token_is_gone_goes_whatever_became_of_another() {
    let config = "[registries.corp]\nindex = \"INDEX/corp\"\n\n[registries.lab]\nindex = \"INDEX/lab\"\n\n[registries.third]\nindex = \"sparse+https://third.example/\"\n";
    let table = |name: &str, token: &str| format!("[registries.{name}]\ntoken = \"{token}\"\n");
    let tokens = [
        ("corp", "sentinel-corp"),
        ("lab", OLD),
        ("third", "sentinel-third"),
    ];
    let credentials = tokens.map(|(name, token)| table(name, token)).concat();
    let args = [
        "-c",
        "registry remove third",
        "-c",
        "registry remove corp",
        "-c",
        "registry rename lab corp",
        "-c",
        "registry add proj sparse+https://proj.example/",
        "-c",
        "login proj --from env:NEW --provider cargo:token",
    ];
    let mut case = Case::new(&[(CONFIG, config), (CREDENTIALS, &credentials)], &[], &args);
    case.interrupt(first_exchange);
    let now = case.sandbox.read(CREDENTIALS);
    let changed = now.replace(NEW, "sentinel-theirs");
    assert_ne!(changed, now);
    case.sandbox.write(CREDENTIALS, changed);
    let told = case.finish();
    let config = case.sandbox.read(CONFIG);
    assert!(!config.contains("third"), "{config}\n{told}");
    assert!(!config.contains("proj"), "{config}\n{told}");
    assert!(case.sandbox.read(CREDENTIALS).contains(OLD), "{told}");
}

/// What a first write has left as it was is not said to be somebody else's when it is time for the second one.
#[test]
fn what_is_left_is_told_once_and_as_what_it_is() {
    let mut case = of_commented(&[
        "-c",
        "registry set lab --make-default",
        "-c",
        "registry remove lab",
        "-c",
        "registry rename corp lab",
        "-c",
        "registry add proj sparse+https://proj.example/",
        "-c",
        "login proj --from env:NEW --provider cargo:token",
    ]);
    case.interrupt(behind_the_journal);
    // One of the changes is made by somebody else, so that it counts as begun.
    case.add(
        CONFIG,
        "\n[registries.proj]\nindex = \"sparse+https://proj.example/\"\n",
    );
    let index = case.cargo.registries.index("lab");
    let changed = case
        .sandbox
        .read(CONFIG)
        .replace(&index, "sparse+https://theirs.example/");
    case.sandbox.write(CONFIG, &changed);
    let told = case.finish();
    assert!(case.sandbox.read(CONFIG).starts_with(&changed), "{told}");
    let tokens = case.sandbox.read(CREDENTIALS);
    assert!(
        tokens.starts_with(&case.old[CREDENTIALS]),
        "{tokens}\n{told}"
    );
    assert!(tokens.contains(NEW), "{tokens}\n{told}");
    let theirs: Vec<&str> = told
        .lines()
        .filter(|line| line.contains("somebody else"))
        .collect();
    assert!(
        matches!(theirs[..], [line] if line.contains("registries.lab.index")),
        "{told}"
    );
}

/// What else is below `registry` is not about crates.io's token; and credentials that are no TOML stop no change that is
/// not about them.
#[test]
fn what_is_not_about_a_token_stands_in_no_ones_way() {
    let config = "[registries.corp]\nindex = \"INDEX/corp\"\n";
    let args = [
        "-c",
        "registry add proj sparse+https://proj.example/ --local",
        "-c",
        "registry set corp --make-default",
        "-c",
        "login crates-io --from env:NEW --provider cargo:token",
    ];
    let mut case = Case::new(&[(CONFIG, config)], &[], &args);
    case.interrupt(|steps| places(steps, "renameat2")[0] + 2);
    case.add(CONFIG, "\n[registry]\ndefault = \"lab\"\n");
    let told = case.finish();
    assert!(case.sandbox.read(CREDENTIALS).contains(NEW), "{told}");

    let mut case = Case::new(&[(CONFIG, config)], &[], &["alias", "set", "a", "program"]);
    case.interrupt(first_exchange);
    case.sandbox.write(CREDENTIALS, "[registries.corp");
    let run = case.sandbox.run(&["registry", "list"]);
    assert!(!case.sandbox.exists(JOURNAL), "{}", run.stderr);
    assert!(
        case.sandbox.read(CONFIG).contains("program"),
        "{}",
        run.stderr
    );
}

/// Two names change places, and nothing of that is done when somebody logs out of one: that one does not come back.
#[test]
fn a_logout_from_one_of_two_that_change_places_stays_one() {
    let mut case = of_commented(&SWAP);
    case.interrupt(behind_the_journal);
    let run = case.cargo.logout(&case.sandbox, Some("corp"));
    assert!(run.success, "{run:?}");
    let told = case.finish();
    case.check_pairs(&told);
    let credentials = case.sandbox.read(CREDENTIALS);
    assert!(!credentials.contains(OLD), "{told}");
    assert!(credentials.contains(NEW), "{told}");
}

/// The same when the file was about to be written: whether it was they or the change who took that token out of it, no
/// start can know. It is kept, and they are told.
#[test]
fn a_logout_while_a_file_was_being_written_is_told() {
    let mut case = of_commented(&SWAP);
    // Behind its mark in the journal.
    case.interrupt(|steps| {
        let journal = behind_the_journal(steps);
        journal + places(&steps[journal..], "write")[0] + 1
    });
    let run = case.cargo.logout(&case.sandbox, Some("corp"));
    assert!(run.success, "{run:?}");
    let told = case.finish();
    case.check_pairs(&told);
    assert!(case.sandbox.read(CREDENTIALS).contains(OLD), "{told}");
    assert!(
        told.contains("log out of that if you had logged out"),
        "{told}"
    );
}
