//! `why`

use clap::Args;
use serde::Serialize;
use serde_json::Value as Json;

use super::args::Target;
use super::token::Asked;
use super::token::show::Own;
use super::{Answer, Outcome, document};
use crate::cargo::index_url::IndexUrl;
use crate::cargo::inspection::Shadowed;
use crate::cargo::providers::Outcome as StepOutcome;
use crate::cargo::registry::Registry;
use crate::error::{Place, Result, list};
use crate::render::{Block, Role, Span};
use crate::session::Session;

/// Explain which token Cargo would use, step by step: the winner, each loser, and the reason
///
/// Starts no program, unless `--ask`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  why\n  why crates-io --operation publish --crate serde")]
pub struct Why {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    asked: Asked,
    /// Start the programs of providers to find out
    #[arg(long)]
    ask: bool,
}

#[derive(Serialize)]
struct Explanation {
    registry: String,
    index: Index,
    providers: Vec<Tried>,
    token: Option<Winner>,
    shadowed: Vec<Shadowed>,
    warnings: Vec<String>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Index {
    value: IndexUrl,
    place: Option<Place>,
}

#[derive(Serialize)]
struct Tried {
    command: Vec<String>,
    place: Option<Place>,
    outcome: StepOutcome,
    detail: Option<String>,
}

#[derive(Serialize)]
struct Winner {
    fingerprint: Option<String>,
    place: Option<Place>,
}

impl Why {
    /// Explains.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let operation = self.asked.operation()?;
        let may_ask = self.ask && !session.flags.is_plan();
        let inspection = session.inspect(&self.target.wanted(), &operation, may_ask)?;
        let own = Own::all(session, &inspection, &operation)?;
        let mut shadowed = inspection.shadowed(session.config()?);
        let is_asked = inspection.chain.providers.iter().any(|one| one.is_credsh);
        let label = Own::label(&own, session, &inspection);
        let token = inspection.answer().map(|answer| Winner {
            fingerprint: answer.token.fingerprint(),
            place: answer.place.clone().or(label.clone().map(Place::Label)),
        });
        for own in &own {
            let winner = inspection.winner();
            let is_winner = winner.is_some_and(|winner| own.is_of(&winner.provider));
            shadowed.extend(runners_up(own, label.clone().filter(|_| is_winner)));
        }
        let mut notes = inspection.notes.clone();
        if own.is_empty() && is_asked {
            notes.extend(left_at_another_index(session, &inspection.registry)?);
        }
        let obstacle = inspection.obstacle();
        notes.extend(obstacle.and_then(|error| error.next_step().map(ToOwned::to_owned)));
        let providers = inspection.steps.into_iter().map(|step| Tried {
            detail: match own.iter().find(|own| own.is_of(&step.provider)) {
                Some(own) => {
                    let detail = step.detail.into_iter().chain([own.told()]);
                    Some(detail.collect::<Vec<_>>().join("; "))
                }
                None => step.detail,
            },
            command: step.provider.command,
            place: step.provider.place,
            outcome: step.outcome,
        });
        Outcome::answer(Explanation {
            registry: inspection.registry.word(),
            index: Index {
                value: inspection.registry.index,
                place: inspection.registry.place,
            },
            providers: providers.collect(),
            token,
            shadowed,
            warnings: inspection.warnings,
            notes,
        })
    }
}

/// The tokens that would serve as well, and do not: those before the one that has answered have got lost.
fn runners_up(own: &Own, answered: Option<String>) -> Vec<Shadowed> {
    if own.tied.is_some() {
        return Vec::new();
    }
    let first = own.serving.first().map(|first| first.label.clone());
    let Some(winner) = answered.or(first) else {
        return Vec::new();
    };
    let mut is_lost = true;
    let mut losers = Vec::new();
    for one in &own.serving {
        if one.label == winner {
            is_lost = false;
            continue;
        }
        losers.push(Shadowed {
            what: format!("token `{}`", one.label),
            place: Place::Label(one.label.clone()),
            by: Some(Place::Label(winner.clone())),
            reason: if is_lost {
                format!("{}, and its store has nothing for it", one.rule)
            } else {
                format!("{}, which is less specific", one.rule)
            },
        });
    }
    losers
}

/// A name that has tokens of credsh's for another index: they belong to that one.
fn left_at_another_index(session: &mut Session, registry: &Registry) -> Result<Option<String>> {
    let Some(name) = registry.name.as_ref().map(ToString::to_string) else {
        return Ok(None);
    };
    let index = registry.index_for_provider();
    let entries = session.ledger()?.entries;
    let here: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.index == index)
        .map(|entry| entry.label.as_str())
        .collect();
    if !here.is_empty() {
        return Ok(Some(format!(
            "credsh keeps {} for this index, which the arguments of the provider leave out",
            list(&here)
        )));
    }
    let other = entries
        .iter()
        .find(|entry| entry.registry.as_deref() == Some(&name));
    Ok(other.map(|other| {
        let index = other.index.parse::<IndexUrl>();
        format!(
            "the token `{}` of `{name}` was stored for {}, and is given to no other index; if the move is meant: `{}`",
            other.label,
            index.map_or("another index".to_owned(), |index| format!("`{index}`")),
            other.renewal()
        )
    }))
}

impl Answer for Explanation {
    fn json(&self) -> Json {
        document(self)
    }

    fn blocks(&self) -> Vec<Block> {
        let place = |place: &Option<Place>| {
            place
                .as_ref()
                .map_or("built into Cargo".to_owned(), |place| format!("in {place}"))
        };
        let mut blocks = vec![
            Block::Line(Span::new(
                Role::Label,
                format!("registry {}", self.registry),
            )),
            Block::line(format!("  index {}", self.index.value)),
            Block::Detail(Span::new(Role::Faint, place(&self.index.place))),
        ];
        for (index, tried) in self.providers.iter().enumerate() {
            let (role, outcome) = match tried.outcome {
                StepOutcome::Token => (Role::Good, "has a token"),
                StepOutcome::NotFound => (Role::Plain, "has no token"),
                StepOutcome::UrlNotSupported => (Role::Faint, "is not for this registry or system"),
                StepOutcome::Locked => (Role::Bad, "is locked"),
                StepOutcome::Error => (Role::Bad, "fails, and Cargo stops"),
                StepOutcome::NotTried => (Role::Faint, "is not tried"),
                StepOutcome::WouldAsk => (Role::Doubtful, "would be asked (`--ask` does)"),
            };
            let line = format!("  {}. `{}` {outcome}", index + 1, tried.command.join(" "));
            blocks.push(Block::Line(Span::new(role, line)));
            blocks.push(Block::Detail(Span::new(Role::Faint, place(&tried.place))));
            if let Some(detail) = &tried.detail {
                blocks.push(Block::Detail(Span::plain(detail.clone())));
            }
        }
        blocks.push(match &self.token {
            Some(token) => {
                let fingerprint = token.fingerprint.as_deref().unwrap_or("no fingerprint");
                let from = token
                    .place
                    .as_ref()
                    .map(|place| format!(" in {place}"))
                    .unwrap_or_default();
                Block::Line(Span::new(
                    Role::Good,
                    format!("  token {fingerprint}{from}"),
                ))
            }
            None if self
                .providers
                .iter()
                .any(|tried| tried.outcome == StepOutcome::WouldAsk) =>
            {
                Block::Line(Span::new(
                    Role::Doubtful,
                    "  token unknown: only a program could tell",
                ))
            }
            None => Block::Line(Span::new(Role::Bad, "  no token")),
        });
        for loser in &self.shadowed {
            let by = loser
                .by
                .as_ref()
                .map(|by| format!(" by {by}"))
                .unwrap_or_default();
            blocks.push(Block::line(format!(
                "  shadowed: `{}` in {}{by}",
                loser.what, loser.place
            )));
            blocks.push(Block::Detail(Span::new(Role::Faint, loser.reason.clone())));
        }
        for warning in &self.warnings {
            blocks.push(Block::Line(Span::new(
                Role::Doubtful,
                format!("  warning: {warning}"),
            )));
        }
        for note in &self.notes {
            blocks.push(Block::line(format!("  note: {note}")));
        }
        blocks
    }
}
