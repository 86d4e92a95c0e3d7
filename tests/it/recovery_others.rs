//! What others do to a file between a kill and the next start, and a next start that is killed as well: theirs stays,
//! ours is finished around it, and nothing of ours is taken for theirs.

use crate::harness::seed;
use crate::steps::{Case, NEW, OLD, Side, Step, last_write, places};

pub const CREDENTIALS: &str = "home/credentials.toml";
pub const CONFIG: &str = "home/config.toml";
pub const JOURNAL: &str = "home/.credsh/journal";
const THEIRS: &str = "\n[net]\nretry = 7 # by somebody else\n";

/// Two names change places.
pub const SWAP: [&str; 6] = [
    "-c",
    "registry rename corp tmp",
    "-c",
    "registry rename lab corp",
    "-c",
    "registry rename tmp lab",
];

/// One that changes the configuration alone.
fn of_config() -> Case {
    let config = "# ours\n[registries.corp]\nindex = \"INDEX/corp\"\n\n[build]\njobs = 4\n";
    let args = ["registry", "set", "corp", "--make-default"];
    Case::new(&[(CONFIG, config)], &[], &args)
}

/// Before the first byte of the file beside the configuration: it is there, and empty.
fn before_the_text(steps: &[Step]) -> usize {
    last_write(steps)
}

/// Behind the journal, before anything else.
pub fn behind_the_journal(steps: &[Step]) -> usize {
    places(steps, "rename")[0] + 2
}

/// The registries with a token each, and a comment wherever there may be one.
fn commented() -> [(&'static str, String); 2] {
    let config = "# the company's\n[registries.corp] # since 2021\n# mirror of lab\nindex = \"INDEX/corp\" # do not touch\n\n[registries.lab]\nindex = \"INDEX/lab\"\n";
    let credentials = format!(
        "# by hand\n[registries.corp] # until May\n# rotate\ntoken = \"{OLD}\" # mine\n\n[registries.lab]\ntoken = \"{NEW}\" # theirs\n"
    );
    [(CONFIG, config.to_owned()), (CREDENTIALS, credentials)]
}

pub fn of_commented(args: &[&'static str]) -> Case {
    let files = commented();
    let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
    Case::new(&files, &[], args)
}

/// What somebody has written beside the place of a change belongs to what it stands at, not to what comes there.
#[test]
fn what_others_write_beside_the_place_of_a_change_stays_with_its_own() {
    let corp = format!("[registries.corp]\ntoken = \"{OLD}\"\n");
    let lab = "[registries.lab]\ntoken = \"sentinel-of-lab\"\n";
    let both = format!("{corp}\n{lab}");
    let unended = |text: &str| text.trim_end().to_owned();
    let (login, mine) = ("login lab --from env:NEW", "# mine\n");
    let at_end = |text: &str| format!("{} {mine}", text.trim_end());
    let mut cases: Vec<(String, &str, String, String, bool)> = [
        "[registry]\ntoken = \"sentinel-of-crates-io\"\n",
        "[z]\nk = 1\n",
    ]
    .map(|last| {
        let (old, theirs) = (format!("{corp}\n{last}"), format!("{corp}\n{mine}{last}"));
        (old, login, theirs, format!("{mine}{last}"), true)
    })
    .to_vec();
    let behind = format!("{corp}{mine}");
    cases.extend([
        (corp.clone(), login, behind.clone(), behind, true),
        (unended(&corp), login, at_end(&corp), at_end(&corp), true),
        (
            both.clone(),
            "logout corp",
            format!("{mine}{both}"),
            format!("{mine}{lab}"),
            false,
        ),
        (
            unended(&both),
            "logout lab",
            at_end(&both),
            at_end(&corp),
            false,
        ),
    ]);
    for (old, line, theirs, text, is_there) in cases {
        let mut case = of_commented(&["registry", "list"]);
        case.sandbox.write(CREDENTIALS, &old);
        case.args = vec!["-c", line];
        case.learn();
        case.interrupt(behind_the_journal);
        case.sandbox.write(CREDENTIALS, &theirs);
        let told = case.finish();
        let now = case.sandbox.read(CREDENTIALS);
        assert_eq!(
            now.contains(&text),
            is_there,
            "{line}: {told}\nof {theirs}\nto {now}"
        );
        assert_eq!(now.contains(NEW), line == login, "{told}\n{now}");
    }
}

impl Case {
    pub fn add(&self, file: &str, text: &str) {
        let before = self.sandbox.read(file);
        self.sandbox.write(file, before + text);
    }

    /// Starts it once more; what it says.
    pub fn finish(&mut self) -> String {
        let run = self.sandbox.ok(&["registry", "list"]);
        self.is_clean(&run.stderr);
        run.stderr
    }

    /// Nothing is left of it.
    fn is_clean(&self, told: &str) {
        assert!(!self.sandbox.exists(JOURNAL), "{told}");
        let entries = std::fs::read_dir(self.sandbox.home()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = names
            .filter(|name| name.to_str().unwrap().starts_with(".credsh-"))
            .collect();
        assert!(left.is_empty(), "{left:?}: {told}");
    }
}

/// What is beside a file is ours until it is whole, whatever the file says.
#[test]
fn others_write_the_very_same() {
    let mut case = of_config();
    case.interrupt(before_the_text);
    case.sandbox.write(CONFIG, &case.new[CONFIG]);
    let told = case.finish();
    assert_eq!(case.sandbox.read(CONFIG), case.new[CONFIG], "{told}");
}

#[test]
fn others_write_while_a_text_of_ours_is_half_written() {
    let mut case = of_config();
    case.interrupt(before_the_text);
    case.add(CONFIG, THEIRS);
    let told = case.finish();
    assert!(!told.contains("somebody else"), "{told}");
    let text = case.sandbox.read(CONFIG);
    assert!(
        text.starts_with(&case.new[CONFIG][..20]) && text.contains(THEIRS),
        "{text}"
    );
    assert!(text.contains("default = \"corp\""), "{text}");
}

/// The next start is killed at each of its steps, and the one after it finishes all.
#[test]
fn a_start_that_is_killed_while_it_adds_to_what_others_wrote() {
    let mut case = of_config();
    case.interrupt(behind_the_journal);
    case.add(CONFIG, THEIRS);
    let copied = case.copied();
    let mut next = case.sandbox.process();
    next.args(["registry", "list"]);
    let steps = case.steps(&next);
    case.put_back(&copied);
    let mut kills = 0;
    for step in &steps {
        case.put_back(&copied);
        if !case.is_killed_at(step, &next) {
            continue;
        }
        kills += 1;
        let told = case.finish();
        assert!(!told.contains("somebody else"), "{step:?}: {told}");
        let text = case.sandbox.read(CONFIG);
        assert!(text.contains(THEIRS), "{step:?}: {text}");
        assert!(text.contains("default = \"corp\""), "{step:?}: {text}");
    }
    assert!(kills > 10, "{kills}");
}

/// Somebody takes away what stands at the end of a file: that is no write that was cut off.
#[test]
fn what_others_took_away_does_not_come_back() {
    let table = |name: &str| format!("[registries.{name}]\ntoken = \"{OLD}\"\n");
    let config = "[registries]\ncorp.index = \"INDEX/corp\"\nlab.index = \"INDEX/lab\"\n";
    for (last, by_cargo) in [("lab", true), ("labs", false)] {
        let credentials = [table("corp"), table(last)].concat();
        let files = [(CONFIG, config), (CREDENTIALS, credentials.as_str())];
        let mut case = Case::new(&files, &[], &["logout", "corp"]);
        case.interrupt(behind_the_journal);
        if by_cargo {
            let told = case.cargo.logout(&case.sandbox, Some(last));
            assert!(told.success, "{told:?}");
        } else {
            case.sandbox.write(CREDENTIALS, table("corp"));
        }
        let told = case.finish();
        let text = case.sandbox.read(CREDENTIALS);
        assert!(!text.contains("token"), "{text}\n{told}");
    }
    let mut case = of_commented(&["registry", "rename", "corp", "work"]);
    case.interrupt(last_write);
    let text = case.sandbox.read(CREDENTIALS);
    let end = text.find("[registries.lab]").unwrap();
    case.sandbox.write(CREDENTIALS, &text[..end]);
    let told = case.finish();
    let text = case.sandbox.read(CREDENTIALS);
    assert!(
        !text.contains("lab") && text.contains("[registries.work]"),
        "{text}\n{told}"
    );
}

/// A name changes where it stands, also in a file that somebody else has written since.
#[test]
fn a_rename_that_is_finished_in_what_others_wrote_keeps_the_comments() {
    let mut case = of_commented(&["registry", "rename", "corp", "work"]);
    case.interrupt(behind_the_journal);
    case.add(CONFIG, THEIRS);
    case.add(
        CREDENTIALS,
        "\n[registries.other]\ntoken = \"sentinel-theirs\"\n",
    );
    let told = case.finish();
    let config = format!("{}{THEIRS}", case.new[CONFIG]);
    assert_eq!(case.sandbox.read(CONFIG), config, "{told}");
    let text = case.sandbox.read(CREDENTIALS);
    assert!(text.starts_with(&case.new[CREDENTIALS]), "{text}\n{told}");
}

/// Killed at each of its steps; then others add to both files, the next start is killed at some step as well, and the one
/// after it finishes what is to be finished: what others added is there, and around it one of the two sides.
#[test]
fn whatever_was_killed_and_wherever_others_go_on() {
    let seed = seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let token = "[registries.other]\ntoken = \"sentinel-theirs\" # since then\n";
    for args in [
        &["registry", "rename", "corp", "work"] as &[&str],
        &[
            "-c",
            "registry remove corp",
            "-c",
            "registry rename lab corp",
        ],
        &["-c", "logout corp", "-c", "registry set lab --make-default"],
    ] {
        let mut case = of_commented(args);
        case.reset();
        let steps = case.steps(&case.credsh());
        let mut next = case.sandbox.process();
        next.args(["registry", "list"]);
        let mut kills = [0, 0];
        for step in &steps {
            case.reset();
            if !case.is_killed_at(step, &case.credsh()) {
                continue;
            }
            kills[0] += 1;
            case.add(CONFIG, THEIRS);
            case.add(CREDENTIALS, token);
            let copied = case.copied();
            let later = case.steps(&next);
            case.put_back(&copied);
            let second = &later[random.usize(..later.len())];
            kills[1] += usize::from(case.is_killed_at(second, &next));
            let when = format!("{args:?} killed at {step:?}, then {second:?}, seed {seed}");
            let told = case.finish();
            assert!(!told.contains("somebody else"), "{when}: {told}");
            let [config, tokens] = [CONFIG, CREDENTIALS].map(|file| case.sandbox.read(file));
            assert!(
                config.contains(THEIRS) && tokens.contains(token),
                "{when}: {told}"
            );
            let (config, tokens) = (config.replace(THEIRS, ""), tokens.replace(token, ""));
            // Killed before the file was cut, it has blank lines there.
            let is_so = |side: &Side| {
                side[CONFIG] == config && side[CREDENTIALS].trim_end() == tokens.trim_end()
            };
            assert!(
                is_so(&case.old) || is_so(&case.new),
                "{when}: {told}\n{config:?}\n{tokens:?}\n{sides:#?}",
                sides = [&case.old, &case.new]
            );
        }
        println!("{args:?}: killed {kills:?} times");
        assert!(kills.iter().all(|kills| *kills > 15), "{kills:?}");
    }
}

/// Names that change places: what is renamed already is not renamed again.
#[test]
fn a_swap_that_is_finished_twice_is_done_once() {
    let mut case = of_commented(&SWAP);
    case.reset();
    let steps = case.steps(&case.credsh());
    for step in &steps {
        for by_others in [false, true] {
            case.reset();
            if !case.is_killed_at(step, &case.credsh()) {
                continue;
            }
            if by_others {
                case.add(CONFIG, THEIRS);
            }
            let told = case.finish();
            case.check_pairs(&format!("{step:?} {by_others}: {told}"));
            let config = case.sandbox.read(CONFIG).replace(THEIRS, "");
            let sides = [&case.old, &case.new];
            assert!(
                sides.iter().any(|side| side[CONFIG] == config),
                "{step:?} {by_others}: {told}\n{config}"
            );
        }
    }
}

/// All is written but the cut: no token that was out of the file by then comes back for an index that has changed.
#[test]
fn a_write_that_was_only_not_cut_is_done() {
    let config = "[registries.corp]\nindex = \"INDEX/corp\"\n";
    let before = format!("[registries.corp]\ntoken = \"{OLD}\"\n");
    let args = [
        "-c",
        "registry set corp --index sparse+https://new.example/ --drop-token",
        "-c",
        "login corp --from env:NEW --provider cargo:token",
    ];
    let mut case = Case::new(&[(CONFIG, config), (CREDENTIALS, &before)], &[], &args);
    case.interrupt(|steps| places(steps, "ftruncate")[0]);
    let evil = "[registries.corp]\nindex = \"sparse+https://evil.example/\"\n";
    case.sandbox.write(CONFIG, evil);
    let told = case.finish();
    assert_eq!(case.sandbox.read(CREDENTIALS), "", "{told}");
    assert!(
        !told.contains("credentials.toml was changed by somebody"),
        "{told}"
    );
}

/// A file that is half written has its tokens in the journal alone: nobody is told to take that away.
#[test]
fn a_journal_that_is_needed_is_not_to_be_removed() {
    let mut case = of_commented(&["-c", "registry set lab --make-default", "-c", "logout corp"]);
    for is_torn in [true, false] {
        case.interrupt(last_write);
        let old = &case.old[CREDENTIALS];
        if is_torn {
            let new = &case.new[CREDENTIALS];
            let padded = format!("{new}{}", "\n".repeat(old.len() - new.len()));
            let half = [&padded[..60], &old[60..]].concat();
            case.sandbox.write(CREDENTIALS, half);
        }
        let config = case.sandbox.read(CONFIG);
        case.sandbox.write(CONFIG, "broken =");
        let run = case.sandbox.run(&["alias", "list"]);
        let is_offered = run.stderr.contains("to give it up, remove");
        assert_eq!(is_offered, !is_torn, "{}", run.stderr);
        case.sandbox.write(CONFIG, config);
        let told = case.finish();
        assert_eq!(case.side(), case.new, "{told}");
    }
}

/// A file that the credentials include, in the layout of old: nothing of it has happened.
#[test]
fn a_token_in_the_layout_of_old_that_is_included_is_not_gone() {
    let more = format!("token = \"{OLD}\" # by hand\n");
    let files = [
        (CONFIG, "[registries.corp]\nindex = \"INDEX/corp\"\n"),
        (CREDENTIALS, "include = [\"more.toml\"]\n"),
        ("home/more.toml", more.as_str()),
    ];
    let args = [
        "login",
        "crates-io",
        "--from",
        "provider:cargo:token",
        "--move",
        "--provider",
        "cargo-credential-vault",
    ];
    let mut case = Case::new(&files, &[], &args);
    case.interrupt(behind_the_journal);
    let told = case.finish();
    assert_eq!(case.side(), case.old, "{told}");
}
