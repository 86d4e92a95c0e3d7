//! `status`

use clap::Args;
use serde::Serialize;
use serde_json::Value as Json;

use super::args::RegistryRef;
use super::token::show::Own;
use super::{Answer, Outcome, document};
use crate::cargo::config::View;
use crate::cargo::index_url::IndexUrl;
use crate::cargo::inspection::Inspection;
use crate::cargo::providers::{Operation, Outcome as Found, Step};
use crate::cargo::registry::{Wanted, all_names};
use crate::disk::tree::Node;
use crate::error::{Error, Kind as ErrorKind, Place, Result};
use crate::render::{Block, Role, Span};
use crate::session::Session;
use crate::session::own::Rules;
use crate::stores::ledger::{Day, Entry, Ledger};
use crate::stores::routing::scope;
use crate::token::{Scheme, Token};

/// Show for each registry whether Cargo has a token for it, where, and what is doubtful about it
///
/// Where registries are named, exits with 3 if one has no token, with 4 if a store that may have it is locked or does not
/// answer, with 1 if a program fails that may have it, with 65 if the file is damaged that says what credsh keeps for it.
/// Starts no program, unless `--ask`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  status\n  status crates-io corp --json")]
pub struct Status {
    /// Which; left out, all
    #[arg(value_name = "REGISTRY")]
    positional: Vec<RegistryRef>,
    /// The same as an option
    #[arg(short = 'r', long = "registry", value_name = "REGISTRY")]
    option: Vec<RegistryRef>,
    /// Start the programs of providers to find out
    #[arg(long)]
    ask: bool,
}

#[derive(Serialize)]
struct Statuses {
    registries: Vec<Row>,
    #[serde(skip)]
    were_named: bool,
}

#[derive(Serialize)]
struct Row {
    name: String,
    index: IndexUrl,
    providers: Vec<Vec<String>>,
    stored_in: Option<Vec<String>>,
    place: Option<Place>,
    plain_text: Option<bool>,
    scheme: Option<Scheme>,
    fingerprint: Option<String>,
    overridden_by: Option<Place>,
    warnings: Vec<String>,
    /// What credsh itself keeps for it, where it is a provider of the chain.
    tokens: Vec<Entry>,
    /// A person counts from today; a program is told the date.
    #[serde(skip)]
    counts_from_today: bool,
    #[serde(skip)]
    logged_in: Option<bool>,
    /// Why a store could not be looked into.
    #[serde(skip)]
    obstacle: Option<ErrorKind>,
}

impl Status {
    /// Looks.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let may_ask = self.ask && !session.flags.is_plan();
        // Without that there is nothing to be said of the ledger either.
        session.config()?;
        let ledger = session.ledger();
        match &ledger {
            Ok(ledger) => session.warn_of_broken(&ledger.broken),
            Err(error) => session.warn(&error.to_string()),
        }
        let named: Vec<&RegistryRef> = self.positional.iter().chain(&self.option).collect();
        let were_named = !named.is_empty();
        let wanted: Vec<Wanted> = if were_named {
            named
                .into_iter()
                .map(|registry| registry.0.clone())
                .collect()
        } else {
            all_names(session.config()?)?
                .into_iter()
                .map(Wanted::Name)
                .collect()
        };
        let (mut registries, mut refused) = (Vec::new(), Vec::new());
        for wanted in wanted {
            let inspection = match session.inspect(&wanted, &Operation::READ, may_ask) {
                Ok(inspection) => inspection,
                Err(error) if were_named || error.kind() == ErrorKind::Interrupted => {
                    return Err(error);
                }
                // One that Cargo refuses does not hide the others.
                Err(error) => {
                    refused.push((wanted, error));
                    continue;
                }
            };
            let label = own_label(session, &inspection)?;
            let config = session.config()?;
            // What a login stored, which a variable may hide.
            let stored = inspection.registry.setting("token").and_then(|key| {
                config
                    .in_files(&key, View::All)
                    .next()
                    .and_then(|(layer, entry)| match &entry.node {
                        Node::Secret(token) => Some((token.clone(), layer.place(entry))),
                        _ => None,
                    })
            });
            let mut row = Row::of(&inspection, stored);
            row.place = row.place.or(label.map(Place::Label));
            row.tokens = kept(
                &inspection,
                ledger.as_ref().map_or(&[], |ledger| &ledger.entries),
            );
            row.counts_from_today = session.theme.width.is_some();
            if row.logged_in == Some(false) {
                row.look_beyond_reads(&inspection);
            }
            row.obstacle = row.obstacle.or_else(|| damage(&inspection, &ledger));
            registries.push(row);
        }
        if let (true, Some((_, error))) = (registries.is_empty(), refused.first()) {
            return Err(error.clone());
        }
        for (wanted, error) in refused {
            session.warn(&format!("Cargo refuses {wanted}: {error}"));
        }
        Outcome::answer(Statuses {
            registries,
            were_named,
        })
    }
}

impl Row {
    fn of(inspection: &Inspection, stored: Option<(Token, Place)>) -> Self {
        let winner = inspection.winner();
        let answer = inspection.answer();
        let used = answer.and_then(|answer| answer.place.clone());
        // Shown is the token that a login stored; one that a variable gives is what overrides it.
        let overridden = stored.filter(|_| matches!(used, Some(Place::Env(_))));
        let is_overridden = overridden.is_some();
        let (token, place) = match overridden {
            Some((token, place)) => (Some(token), Some(place)),
            None => (answer.map(|answer| answer.token.clone()), used.clone()),
        };
        let mut warnings = inspection.warnings.clone();
        let obstacle = inspection.obstacle();
        warnings.extend(match (inspection.error(), &obstacle) {
            (Some(error), _) => Some(format!("Cargo's search for a token ends here: {error}")),
            (None, Some(locked)) => Some(format!("{locked}; Cargo takes it for empty")),
            (None, None) => None,
        });
        Self {
            name: inspection.registry.word(),
            index: inspection.registry.index.clone(),
            providers: inspection
                .chain
                .providers
                .iter()
                .map(|provider| provider.command.clone())
                .collect(),
            stored_in: winner.map(|step| step.provider.command.clone()),
            place,
            plain_text: winner.and_then(|step| step.provider.is_plain_text()),
            scheme: token
                .as_ref()
                .map(|token| Scheme::of(token).unwrap_or(Scheme::Raw)),
            fingerprint: token.as_ref().and_then(Token::fingerprint),
            overridden_by: used.filter(|_| is_overridden),
            warnings,
            tokens: Vec::new(),
            counts_from_today: false,
            logged_in: inspection.is_logged_in(),
            obstacle: obstacle.map(|error| error.kind()),
        }
    }

    /// Cargo would find no token to read with; credsh may have one for other operations.
    fn look_beyond_reads(&mut self, inspection: &Inspection) {
        let mut steps = inspection.steps.iter();
        // One that fails has more to say than the ledger: its store may have lost what is noted there.
        let is_empty = |step: &&Step| step.provider.is_credsh && step.outcome == Found::NotFound;
        let Some(step) = steps.find(is_empty) else {
            return;
        };
        let tokens = self.tokens.iter();
        let good: Vec<&Entry> = tokens.filter(|token| !is_over(token)).collect();
        let Some(first) = good.first() else { return };
        let told: Vec<String> = good
            .iter()
            .map(|entry| format!("`{}` {}", entry.label, scope(entry)))
            .collect();
        self.logged_in = Some(true);
        self.stored_in = Some(step.provider.command.clone());
        self.place = Some(Place::Label(first.label.to_string()));
        self.plain_text = step.provider.is_plain_text();
        self.scheme = Some(first.scheme);
        self.warnings.push(format!(
            "there is no token to read the index with: {}",
            told.join(", ")
        ));
    }
}

/// What credsh keeps for a registry that it is asked for, by its ledger.
fn kept(inspection: &Inspection, ledger: &[Entry]) -> Vec<Entry> {
    let chain = inspection.chain.providers.iter();
    let ours = chain.filter(|provider| provider.is_credsh);
    let rules: Vec<Rules> = ours.map(Rules::of_provider_or_all).collect();
    let index = inspection.registry.index_for_provider();
    let is_asked =
        |entry: &&Entry| entry.index == index && rules.iter().any(|rules| rules.admit(entry));
    ledger.iter().filter(is_asked).cloned().collect()
}

/// What keeps the ledger from saying what credsh has for a registry, where only that would tell.
fn damage(inspection: &Inspection, ledger: &Result<Ledger>) -> Option<ErrorKind> {
    let index = inspection.registry.index_for_provider();
    let mut chain = inspection.chain.providers.iter();
    if inspection.is_logged_in().is_some() || !chain.any(|provider| provider.is_credsh) {
        return None;
    }
    let error = match ledger {
        Ok(ledger) => {
            let mut broken = ledger.broken.iter();
            let broken = broken.find(|broken| broken.label.is_some() && broken.index == index);
            broken.map(|broken| &broken.error)
        }
        Err(error) => Some(error),
    };
    error.map(Error::kind)
}

/// Which of credsh's own tokens has answered, if one has.
fn own_label(session: &mut Session, inspection: &Inspection) -> Result<Option<String>> {
    let is_own = inspection
        .winner()
        .is_some_and(|step| step.provider.is_credsh);
    if !is_own {
        return Ok(None);
    }
    let own = Own::all(session, inspection, &Operation::READ)?;
    Ok(Own::label(&own, session, inspection))
}

fn is_over(token: &Entry) -> bool {
    token.expires.is_some_and(Day::is_over)
}

impl Answer for Statuses {
    fn json(&self) -> Json {
        document(self)
    }

    fn blocks(&self) -> Vec<Block> {
        self.registries.iter().flat_map(Row::blocks).collect()
    }

    fn exit_status(&self) -> u8 {
        let named = self.registries.iter().filter(|_| self.were_named);
        let obstacles = || named.clone().filter_map(|row| row.obstacle);
        let unavailable = obstacles().find(|kind| *kind == ErrorKind::Unavailable);
        if let Some(obstacle) = unavailable.or_else(|| obstacles().next()) {
            obstacle.exit_status()
        } else if named.clone().any(|row| row.logged_in == Some(false)) {
            ErrorKind::NotFound.exit_status()
        } else {
            0
        }
    }
}

impl Row {
    fn blocks(&self) -> Vec<Block> {
        let (role, word) = match self.logged_in {
            Some(true) => (Role::Good, "logged in"),
            Some(false) => (Role::Faint, "not logged in"),
            None if self.obstacle.is_some() => (Role::Bad, "unknown"),
            None => (
                Role::Doubtful,
                "unknown (only a program could tell: `--ask`)",
            ),
        };
        let mut blocks = vec![Block::Line(Span::new(
            role,
            format!("{}: {word}", self.name),
        ))];
        let mut detail = |text: String| blocks.push(Block::Detail(Span::plain(text)));
        detail(format!("index      {}", self.index));
        let providers: Vec<String> = self.providers.iter().map(|words| words.join(" ")).collect();
        detail(format!("providers  {}", providers.join(", then ")));
        if let Some(provider) = &self.stored_in {
            let place = self
                .place
                .as_ref()
                .map(|place| format!(", {place}"))
                .unwrap_or_default();
            let plain = if self.plain_text == Some(true) {
                ", plain text"
            } else {
                ""
            };
            detail(format!("token      {}{place}{plain}", provider.join(" ")));
            let scheme = self
                .scheme
                .map(|scheme| format!("{scheme:?}").to_lowercase())
                .unwrap_or_default();
            let fingerprint = self.fingerprint.as_deref().unwrap_or("no fingerprint");
            detail(format!("           {scheme}, {fingerprint}"));
        }
        for token in &self.tokens {
            let told = |day: Day| {
                if self.counts_from_today {
                    day.from_today()
                } else {
                    day.to_string()
                }
            };
            let (role, end) = match token.expires {
                Some(day) if is_over(token) => (Role::Doubtful, format!(", expired {}", told(day))),
                Some(day) => (Role::Plain, format!(", expires {}", told(day))),
                None => (Role::Plain, String::new()),
            };
            blocks.push(Block::Detail(Span::new(
                role,
                format!(
                    "keeps      `{}` in the {}, {}{end}",
                    token.label,
                    token.store.in_words(),
                    scope(token)
                ),
            )));
        }
        if let Some(place) = &self.overridden_by {
            blocks.push(Block::Detail(Span::new(
                Role::Doubtful,
                format!("overridden by {place}"),
            )));
        }
        for warning in &self.warnings {
            blocks.push(Block::Detail(Span::new(
                Role::Doubtful,
                format!("warning: {warning}"),
            )));
        }
        blocks
    }
}
