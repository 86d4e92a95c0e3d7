//! What others take away between a kill and the next start, told by how far the change had come: what was written and is
//! gone, they have taken; what was not yet, they have, too; and nothing that a change has taken out of a file is lost.

use crate::recovery_others::{
    CONFIG, CREDENTIALS, JOURNAL, SWAP, behind_the_journal, of_commented,
};
use crate::recovery_registries::first_exchange;
use crate::steps::{Case, NEW, OLD, last_write, places};

const RENAME: [&str; 2] = ["-c", "registry rename corp work"];

/// The last file was written, and the journal was about to go.
#[test]
fn a_logout_from_what_was_written_stays_one() {
    let mut case = of_commented(&RENAME);
    case.interrupt(|steps| *places(steps, "unlink").last().unwrap());
    assert!(case.sandbox.read(CREDENTIALS).contains(OLD));
    let run = case.cargo.logout(&case.sandbox, Some("work"));
    assert!(run.success, "{run:?}");
    let told = case.finish();
    assert!(!case.sandbox.read(CREDENTIALS).contains(OLD), "{told}");
    assert!(told.contains("`registries.work.token` in"), "{told}");
}

/// Two new tokens were written over old ones of their length, and somebody gives the second one back: that is no write
/// that was cut off.
#[test]
fn what_is_half_as_before_was_not_half_written() {
    let tokens = [
        "sentinel-next-123456789abcdef",
        "sentinel-last-123456789abcdef",
    ];
    assert_eq!([OLD.len(), NEW.len()], tokens.map(str::len));
    let mut case = of_commented(&["registry", "list"]);
    case.args = vec![
        "-c",
        "login corp --from env:NEXT",
        "-c",
        "login lab --from env:LAST",
    ];
    case.sandbox.env("NEXT", tokens[0]).env("LAST", tokens[1]);
    case.interrupt(|steps| *places(steps, "unlink").last().unwrap());
    let text = case.sandbox.read(CREDENTIALS);
    assert!(text.contains(tokens[1]), "{text}");
    case.sandbox
        .write(CREDENTIALS, text.replace(tokens[1], NEW));
    let told = case.finish();
    let text = case.sandbox.read(CREDENTIALS);
    assert!(
        text.contains(tokens[0]) && text.contains(NEW),
        "{told}\n{text}"
    );
    assert!(!told.contains("registries.corp.token"), "{told}");
}

/// The configuration was written, and the tokens not yet.
#[test]
fn a_token_that_others_take_away_does_not_come_back_under_its_new_name() {
    for replaced in [None, Some("sentinel-theirs-0123456789abcdef")] {
        let mut case = of_commented(&RENAME);
        case.interrupt(last_write);
        let text = case.sandbox.read(CREDENTIALS);
        assert!(text.contains(OLD), "{text}");
        let theirs = match replaced {
            None => text.replace(&format!("token = \"{OLD}\""), ""),
            Some(token) => text.replace(OLD, token),
        };
        case.sandbox.write(CREDENTIALS, theirs);
        let told = case.finish();
        let text = case.sandbox.read(CREDENTIALS);
        assert!(!text.contains(OLD), "{told}\n{text}");
        assert!(replaced.is_none_or(|token| text.contains(token)), "{text}");
    }
}

/// A new token and an old one that goes were written when somebody logs out of the first and gives it a provider: the
/// second has gone all the same, so its index changes.
#[test]
fn what_was_written_is_no_change_of_others_where_a_part_of_it_is_undone() {
    let files = [
        (
            CONFIG,
            "[registries.corp]\nindex = \"INDEX/corp\"\n# mirror\n[registries.lab]\nindex = \"INDEX/lab\"\n",
        ),
        (
            CREDENTIALS,
            "[registries.lab]\ntoken = \"sentinel-lab-0123456789\"\n",
        ),
    ];
    let args = [
        "-y",
        "-c",
        "login corp --from env:NEW",
        "-c",
        "registry set lab --index sparse+https://new.example/ --drop-token",
    ];
    let mut case = Case::new(&files, &[], &args);
    case.interrupt(first_exchange);
    assert!(case.cargo.logout(&case.sandbox, Some("corp")).success);
    let config = case.sandbox.read(CONFIG);
    let theirs = config.replacen("# mirror", "credential-provider = \"x\"\n# mirror", 1);
    assert_ne!(theirs, config);
    case.sandbox.write(CONFIG, theirs);
    let told = case.finish();
    let config = case.sandbox.read(CONFIG);
    assert!(config.contains("sparse+https://new.example/"), "{told}");
    assert!(
        !case.sandbox.read(CREDENTIALS).contains("sentinel"),
        "{told}"
    );
}

/// Tokens are on their way from one name to another, and in no file, when a part of what was written with them is undone
/// and a provider has lost what it was given: the journal stays.
#[test]
fn tokens_in_no_file_are_not_given_up() {
    let files = [
        (
            CONFIG,
            "[registries.corp]\nindex = \"INDEX/corp\"\n[registries.lab]\nindex = \"INDEX/lab\"\n\
             [registries.third]\nindex = \"sparse+https://third.example/\"\n\
             [registries.kept]\nindex = \"sparse+https://kept.example/\"\n\
             credential-provider = \"cargo-credential-vault\"\n"
                .to_owned(),
        ),
        (
            CREDENTIALS,
            format!("[registries.corp]\ntoken = \"{OLD}\"\n[registries.lab]\ntoken = \"{NEW}\"\n"),
        ),
    ];
    let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
    let logins = [
        "-c",
        "login kept --from env:NEW",
        "-c",
        "login third --from env:NEW",
    ];
    let args = [&logins[..], &SWAP].concat();
    let case = Case::new(&files, &[], &args);
    case.reset();
    let steps = case.steps(&case.credsh());
    // From the mark of the first file to the first configuration.
    let journal = behind_the_journal(&steps);
    let mut kept = 0;
    for step in &steps[journal..=first_exchange(&steps)] {
        case.reset();
        assert!(case.is_killed_at(step, &case.credsh()));
        let text = case.sandbox.read(CREDENTIALS);
        if text.contains(OLD) {
            continue;
        }
        let theirs = text.replace(NEW, "");
        case.sandbox.write(CREDENTIALS, theirs);
        std::fs::remove_file(case.vault.file("sparse+https://kept.example/")).unwrap();
        let next = case.sandbox.process().args(["registry", "list"]).output();
        let told = String::from_utf8(next.unwrap().stderr).unwrap();
        let side = case.side();
        let all: String = side.values().map(String::as_str).collect();
        assert!(all.contains(OLD), "{step:?}: {told}\n{side:#?}");
        kept += usize::from(side.contains_key(JOURNAL));
    }
    assert!(kept > 0, "no token was in the journal alone");
}
