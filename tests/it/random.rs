//! Random transactions on a home with a few registries: killed or interrupted at a random step, then others edit the
//! files, and the start that finishes it is killed, too. Whatever comes together: both files are whole, no token is lost
//! or stands under an index that it was not stored for, comments stay, and nothing else is left behind.
//!
//! An ordinary run has a few rounds; `CREDSH_ROUNDS=1000` makes as many, and `CREDSH_SEED` others.

use std::collections::BTreeSet;

use fastrand::Rng;
use toml_edit::{DocumentMut, Item, Table, value};

use crate::harness::{seed, switch};
use crate::steps::{Case, Side, places};

const CONFIG: &str = "home/config.toml";
const CREDENTIALS: &str = "home/credentials.toml";
const NAMES: [&str; 4] = ["corp", "lab", "third", "fourth"];

/// A world lives this long, if nothing waits in it: what others have left in it is what the next round begins with.
const ROUNDS_OF_A_WORLD: usize = 6;

struct World {
    case: Case,
    random: Rng,
    /// How many things have been made: each has a number of its own.
    made: usize,
    /// What was done, for whoever has to find out why it failed.
    story: Vec<String>,
}

/// What must not get lost, and what must not be.
#[derive(Default)]
struct Limits {
    tokens: BTreeSet<String>,
    comments: BTreeSet<String>,
    /// The old and the new token of an index, of which one stays.
    one_of: Vec<[String; 2]>,
    pairs: BTreeSet<Pair>,
}

/// An index and a token that is for it.
type Pair = (String, String);

impl World {
    fn new(random: Rng) -> Self {
        let config = "# ours\n[registries.corp] # about corp\nindex = \"sparse+https://corp.example/\"\n\n\
            # about lab\n[registries.lab]\nindex = \"sparse+https://lab.example/\" # its index\n\
            credential-provider = \"cargo-credential-vault\"\n\n\
            [registries.third]\n# about third\nindex = \"sparse+https://third.example/\"\n\n# the end\n";
        let credentials = "# tokens\n[registries.corp] # token of corp\ntoken = \"sentinel-corp-0123456789\" # mine\n\n\
            # token of third\n[registries.third]\ntoken = \"sentinel-third-0123456789\"\n";
        let files = [(CONFIG, config), (CREDENTIALS, credentials)];
        let case = Case::new(&files, &[], &["registry", "list"]);
        let lab = "sparse+https://lab.example/";
        case.vault.put(lab, "sentinel-lab-0123456789");
        Self {
            case,
            random,
            made: 0,
            story: Vec::new(),
        }
    }

    fn number(&mut self) -> usize {
        self.made += 1;
        self.made
    }

    fn name(&mut self) -> &'static str {
        self.random.choice(NAMES).unwrap()
    }

    fn tell(&mut self, what: String) {
        self.story.push(what);
    }

    fn command(&mut self) -> String {
        let (name, other, number) = (self.name(), self.name(), self.number());
        match self.random.u8(..12) {
            0..=2 => {
                let variable = format!("T{number}");
                let token = format!("sentinel-t{number}-0123456789");
                self.case.sandbox.env(&variable, token);
                format!("login {name} --from env:{variable}")
            }
            3 => format!("logout {name}"),
            4 => format!("registry add {name} sparse+https://{name}-{number}.example/"),
            5 => format!(
                "registry set {name} --index sparse+https://{name}-{number}.example/ --drop-token"
            ),
            6 => format!(
                "registry set {name} --index sparse+https://{name}-{number}.example/ --move-token"
            ),
            7 | 8 => format!("registry rename {name} {other}"),
            9 => format!("registry remove {name}"),
            10 => format!(
                "login {name} --provider cargo-credential-vault --from provider:cargo:token --move"
            ),
            _ => format!(
                "login {name} --provider cargo:token --from provider:cargo-credential-vault --move"
            ),
        }
    }

    /// Commands that can be done together now, and change something, if there are any.
    fn choose_a_transaction(&mut self) -> bool {
        self.case.keep();
        self.case.old = self.case.side();
        for _ in 0..100 {
            let count = self.random.usize(1..=4);
            let mut args = vec!["-y"];
            for _ in 0..count {
                args.extend(["-c", self.command().leak()]);
            }
            self.case.args = args;
            let run = self.case.credsh().output().unwrap();
            self.case.new = self.case.side();
            self.case.reset();
            if run.status.success() && self.case.new != self.case.old {
                self.tell(format!("{:?}", self.case.args));
                return true;
            }
        }
        false
    }

    /// Ends it at one of its steps.
    fn interrupt(&mut self) {
        let steps = self.case.steps(&self.case.credsh());
        self.case.reset();
        // What comes before the journal changes nothing.
        let first = places(&steps, "rename").first().copied().unwrap_or(0);
        let step = self.random.choice(&steps[first..]).unwrap();
        let how = if self.random.u8(..4) == 0 {
            "INT"
        } else {
            "KILL"
        };
        let signal = format!("signal={how}");
        self.case.inject(step, &signal, &self.case.credsh());
        self.case.settle();
        self.tell(format!("{how} at {step:?}"));
    }

    fn limits(&self) -> Limits {
        let (old, new) = (&self.case.old, &self.case.new);
        let (before, after) = (pairs(old), pairs(new));
        let both = |of: fn(&Side) -> BTreeSet<String>| &of(old) & &of(new);
        let one_of = before.iter().flat_map(|(index, one)| {
            let others = after.iter().filter(move |(other, _)| other == index);
            others.map(move |(_, other)| [one.clone(), other.clone()])
        });
        Limits {
            tokens: both(tokens),
            comments: both(comments),
            one_of: one_of.collect(),
            pairs: &before | &after,
        }
    }

    /// Somebody else edits one of the files. What they take away need not stay, and what they put together is theirs.
    fn edit(&mut self, limits: &mut Limits) {
        let before = self.files();
        let number = self.number();
        // Mostly of what the transaction is about.
        let named: Vec<&str> = NAMES
            .into_iter()
            .filter(|name| {
                self.case
                    .args
                    .iter()
                    .any(|words| words.split(' ').any(|word| word == *name))
            })
            .collect();
        let name = match self.random.choice(named) {
            Some(name) if self.random.u8(..4) > 0 => name,
            _ => self.name(),
        };
        let kind = self.random.u8(..7);
        let file = if matches!(kind, 3 | 4) || (kind == 0 && self.random.bool()) {
            CREDENTIALS
        } else {
            CONFIG
        };
        let text = before.get(file).cloned().unwrap_or_default();
        let Ok(mut document) = text.parse::<DocumentMut>() else {
            return;
        };
        let registries = document
            .entry("registries")
            .or_insert(Item::Table(Table::new()));
        let Some(registries) = registries.as_table_mut() else {
            return;
        };
        registries.set_implicit(true);
        let edited = match kind {
            0 => format!("{text}# theirs {number}\n"),
            1 => format!(
                "{text}\n[registries.their{number}]\nindex = \"sparse+https://their{number}.example/\"\n"
            ),
            2 | 3 => {
                let (key, new) = if kind == 2 {
                    (
                        "index",
                        format!("sparse+https://their-{name}-{number}.example/"),
                    )
                } else {
                    ("token", format!("sentinel-their{number}-0123456789"))
                };
                registries[name][key] = value(new);
                document.to_string()
            }
            4 => {
                if let Some(table) = registries.get_mut(name).and_then(Item::as_table_mut) {
                    table.remove("token");
                }
                document.to_string()
            }
            5 => {
                registries.remove(name);
                document.to_string()
            }
            _ => text.clone(),
        };
        if edited == text {
            return;
        }
        let is_renamed = self.random.bool();
        if is_renamed {
            self.case.sandbox.write("home/.theirs", &edited);
            let home = self.case.sandbox.home();
            let named = home.join(file.trim_start_matches("home/"));
            std::fs::rename(home.join(".theirs"), named).unwrap();
        } else {
            self.case.sandbox.write(file, &edited);
        }
        self.tell(format!(
            "edit {kind} of {name} in {file}, number {number}, renamed {is_renamed}"
        ));
        let after = self.files();
        let gone = &tokens(&before) - &tokens(&after);
        limits.tokens = &limits.tokens - &gone;
        limits
            .one_of
            .retain(|both| !both.iter().any(|token| gone.contains(token)));
        if kind < 2 {
            limits.comments = &limits.comments - &(&comments(&before) - &comments(&after));
        } else {
            // What they take the place of may be in the journal alone, with its comments.
            limits.comments = &limits.comments & &comments(&after);
        }
        limits.pairs.extend(pairs(&after));
    }

    /// All but what only credsh reads.
    fn files(&self) -> Side {
        let mut side = self.case.side();
        side.retain(|name, _| !name.contains(".credsh"));
        side
    }

    fn check_pairs(&self, limits: &Limits) {
        let wrong = &pairs(&self.case.side()) - &limits.pairs;
        assert!(wrong.is_empty(), "{wrong:?}: {:#?}", self.story);
    }

    /// A last start, which nobody disturbs; whether nothing of it waits.
    fn check(&mut self, limits: &Limits, is_edited: bool) -> bool {
        self.check_pairs(limits);
        let run = self.case.sandbox.run(&["registry", "list"]);
        assert_eq!(run.status, 0, "{run:?}: {:#?}", self.story);
        let side = self.case.side();
        let why = format!("{}\n{:#?}\n{side:#?}", run.stderr, self.story);
        self.check_pairs(limits);
        let waits = side.contains_key("home/.credsh/journal");
        assert_eq!(
            waits,
            run.stderr.contains("cannot be finished now"),
            "{why}"
        );
        for name in side.keys().filter(|name| name.starts_with("home/")) {
            let is_known = [CONFIG, CREDENTIALS].contains(&name.as_str());
            assert!(
                is_known || name.starts_with("home/.credsh"),
                "{name}: {why}"
            );
        }
        let kept = tokens(&side);
        let lost = &limits.tokens - &kept;
        assert!(lost.is_empty(), "lost {lost:?}: {why}");
        for both in &limits.one_of {
            let is_there = both.iter().any(|token| kept.contains(token));
            assert!(is_there, "lost one of {both:?}: {why}");
        }
        if !is_edited {
            // What the vault held before is written down nowhere: of that a part may stay, and is told.
            let is_on = |other: &Side| files_of(&side) == files_of(other);
            let is_whole = side == self.case.old || side == self.case.new;
            let is_told = run
                .stderr
                .contains("the one that it held before is not known");
            assert!(
                is_whole || is_told && (is_on(&self.case.old) || is_on(&self.case.new)),
                "{}: {why}",
                self.case.difference(&side)
            );
        } else if !waits {
            let lost = &limits.comments - &comments(&side);
            assert!(lost.is_empty(), "lost {lost:?}: {why}");
        }
        !waits
    }

    /// Whether the world can go on.
    fn round(&mut self) -> bool {
        if !self.choose_a_transaction() {
            return false;
        }
        let mut limits = self.limits();
        self.interrupt();
        self.check_pairs(&limits);
        let told = self.story.len();
        for _ in 0..2 {
            if self.random.bool() {
                self.edit(&mut limits);
                self.check_pairs(&limits);
            }
            if self.random.bool() {
                let step = self.case.kill_the_next(&mut self.random);
                self.tell(format!("the next start is killed at {step:?}"));
                self.check_pairs(&limits);
            }
        }
        let is_edited = self.story[told..]
            .iter()
            .any(|line| line.starts_with("edit"));
        self.check(&limits, is_edited)
    }
}

/// What is not in the vault.
fn files_of(side: &Side) -> Side {
    let mut side = side.clone();
    side.retain(|name, _| !name.starts_with("vault/"));
    side
}

/// Every token of this side, be it in a journal.
fn tokens(side: &Side) -> BTreeSet<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let texts = side.values().flat_map(|text| {
        text.match_indices("sentinel-")
            .map(move |(at, _)| &text[at..])
    });
    let tokens = texts.map(|text| text.split(|c| !plain(c)).next().unwrap_or_default());
    tokens.map(str::to_owned).collect()
}

/// Every comment.
fn comments(side: &Side) -> BTreeSet<String> {
    let files = [CONFIG, CREDENTIALS]
        .into_iter()
        .filter_map(|file| side.get(file));
    let lines = files.flat_map(|text| text.lines());
    lines
        .filter_map(|line| line.split_once('#'))
        .map(|(_, comment)| comment.to_owned())
        .collect()
}

/// Every token that Cargo finds for an index, in files and in the vault.
fn pairs(side: &Side) -> BTreeSet<Pair> {
    let mut pairs = BTreeSet::new();
    let read = |file: &str| {
        let text = side.get(file).map_or("", String::as_str);
        let document: DocumentMut = text
            .parse()
            .unwrap_or_else(|error| panic!("{error}: {text}"));
        document
    };
    let (config, credentials) = (read(CONFIG), read(CREDENTIALS));
    let table = credentials.get("registries").and_then(Item::as_table_like);
    for (name, registry) in table.into_iter().flat_map(|table| table.iter()) {
        let token = registry.get("token").and_then(Item::as_str);
        let index = config
            .get("registries")
            .and_then(|table| table.get(name)?.get("index")?.as_str());
        if let (Some(token), Some(index)) = (token, index) {
            pairs.insert((index.replace('/', "_"), token.to_owned()));
        }
    }
    for (name, token) in side {
        if let Some(index) = name.strip_prefix("vault/sparse") {
            pairs.insert((format!("sparse{index}"), token.clone()));
        }
    }
    pairs
}

#[test]
fn whatever_comes_together_loses_nothing() {
    let seed = seed();
    let rounds = switch("CREDSH_ROUNDS").unwrap_or(40);
    let mut random = Rng::with_seed(seed);
    let mut world: Option<World> = None;
    let mut lived = 0;
    for round in 0..rounds {
        let mut now = world.take().unwrap_or_else(|| World::new(random.fork()));
        now.tell(format!("round {round}, seed {seed}"));
        lived += 1;
        if now.round() && lived < ROUNDS_OF_A_WORLD {
            world = Some(now);
        } else {
            lived = 0;
        }
    }
}
