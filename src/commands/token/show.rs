//! `token show`

use clap::Args;
use serde::Serialize;
use serde_json::Value as Json;

use crate::cargo::chain::Provider;
use crate::cargo::index_url::IndexUrl;
use crate::cargo::inspection::Inspection;
use crate::cargo::providers::{Operation, OperationKind};
use crate::commands::args::Target;
use crate::commands::{Answer, Outcome, document};
use crate::error::{Error, Kind as ErrorKind, Place, Result, list};
use crate::render::{Block, Role, Span};
use crate::session::Session;
use crate::stores::ledger::{Day, Entry};
use crate::stores::routing::{candidates, rule, tied};
use crate::token::Token;

/// What Cargo would do with the token.
#[derive(Debug, Clone, Args)]
pub struct Asked {
    /// What Cargo would do with it
    #[arg(long, value_name = "OPERATION")]
    operation: Option<OperationKind>,
    /// The crate that it would do it to
    #[arg(long = "crate", value_name = "NAME", requires = "operation")]
    crate_name: Option<String>,
}

impl Asked {
    /// As a request.
    pub fn operation(&self) -> Result<Operation> {
        let action = self.operation.unwrap_or(OperationKind::Read);
        if action == OperationKind::Read && self.crate_name.is_some() {
            return Err(Error::usage("a read names no crate"));
        }
        Ok(Operation {
            action,
            crate_name: self.crate_name.clone(),
        })
    }
}

/// Ask the chain as Cargo would, and show the token, masked
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  token show corp\n  token show corp --reveal")]
pub struct Show {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    asked: Asked,
    /// Print exactly what Cargo would send, and one newline
    #[arg(long)]
    reveal: bool,
}

/// One of credsh's own tokens that may serve a request, and by which rule.
pub(in crate::commands) struct Serving {
    pub(in crate::commands) label: String,
    pub(in crate::commands) rule: String,
    /// The day after which it is refused, where that is over.
    pub(in crate::commands) expired: Option<Day>,
    entry: Entry,
}

/// What one credsh of a chain would answer, by its ledger.
pub(in crate::commands) struct Own {
    /// Which.
    command: Vec<String>,
    /// Those that may serve the request, the one that does first.
    pub(in crate::commands) serving: Vec<Serving>,
    /// The labels of the others.
    pub(in crate::commands) others: Vec<String>,
    /// Two that fit equally well, so that none is given.
    pub(in crate::commands) tied: Option<[String; 2]>,
}

impl Own {
    /// Looks for every credsh of a chain; without those that have no token of the registry. The ledger is of no concern to
    /// one that credsh is not asked for.
    pub(in crate::commands) fn all(
        session: &mut Session,
        inspection: &Inspection,
        operation: &Operation,
    ) -> Result<Vec<Self>> {
        let mut all = Vec::new();
        for provider in inspection
            .chain
            .providers
            .iter()
            .filter(|one| one.is_credsh)
        {
            let entries = match session.own_entries(&inspection.registry, provider) {
                // Its arguments are wrong, as its step says.
                Err(error) if error.kind() == ErrorKind::Usage => continue,
                entries => entries?,
            };
            if !entries.is_empty() {
                all.push(Self::of(provider, &entries, operation));
            }
        }
        Ok(all)
    }

    /// Whether it is that of this provider.
    pub(in crate::commands) fn is_of(&self, provider: &Provider) -> bool {
        self.command == provider.command
    }

    /// The label of the token that has answered, if it is one of credsh's.
    pub(in crate::commands) fn label(
        all: &[Self],
        session: &mut Session,
        inspection: &Inspection,
    ) -> Option<String> {
        let (winner, answer) = (inspection.winner()?, inspection.answer()?);
        let own = all.iter().find(|own| own.is_of(&winner.provider))?;
        own.answered(session, &answer.token)
    }

    fn of(provider: &Provider, entries: &[Entry], operation: &Operation) -> Self {
        let fitting = candidates(entries, operation);
        let tied = tied(&fitting, operation).map(|pair| pair.map(|one| one.label.to_string()));
        let serving: Vec<Serving> = fitting
            .into_iter()
            .map(|entry| Serving {
                label: entry.label.to_string(),
                rule: rule(entry, operation),
                expired: entry.expires.filter(|day| day.is_over()),
                entry: entry.clone(),
            })
            .collect();
        let labels = entries.iter().map(|entry| entry.label.to_string());
        let others = labels.filter(|label| !serving.iter().any(|one| one.label == *label));
        Self {
            command: provider.command.clone(),
            others: others.collect(),
            serving,
            tied,
        }
    }

    /// The label of the one that has given this token: the first, unless its store has lost it.
    fn answered(&self, session: &mut Session, token: &Token) -> Option<String> {
        let first = self.serving.first()?;
        if self.serving.len() > 1 {
            for one in &self.serving {
                match session.gives(&one.entry, token) {
                    Some(true) => return Some(one.label.clone()),
                    Some(false) => {}
                    // Nobody can say; the ledger does.
                    None => break,
                }
            }
        }
        Some(first.label.clone())
    }

    /// In one line.
    pub(in crate::commands) fn told(&self) -> String {
        let serving: Vec<String> = self
            .serving
            .iter()
            .map(|one| format!("`{}` {}", one.label, one.rule))
            .collect();
        let told = if let Some([one, other]) = &self.tied {
            format!("the tokens `{one}` and `{other}` fit this equally well, so Cargo gets neither")
        } else if serving.is_empty() {
            "no token of credsh's serves this".to_owned()
        } else {
            format!("the token {}", serving.join(", before "))
        };
        if self.others.is_empty() {
            return told;
        }
        format!("{told}; not for this: {}", list(&self.others))
    }
}

#[derive(Serialize)]
struct Shown {
    registry: String,
    index: IndexUrl,
    fingerprint: Option<String>,
    from: From,
    cache: &'static str,
    operation_independent: bool,
    #[serde(skip)]
    revealed: Option<Token>,
}

#[derive(Serialize)]
struct From {
    provider: Vec<String>,
    place: Option<Place>,
}

impl Show {
    /// Asks.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let operation = self.asked.operation()?;
        let may_ask = !session.flags.is_plan();
        let inspection = session.inspect(&self.target.wanted(), &operation, may_ask)?;
        let own = Own::all(session, &inspection, &operation)?;
        let remarks = inspection.steps.iter().flat_map(|step| &step.remarks);
        for warning in remarks {
            session.warn(warning);
        }
        let (Some(answer), Some(winner)) = (inspection.answer(), inspection.winner()) else {
            let failed = inspection.steps.iter().find(|step| step.error.is_some());
            let expired = failed
                .and_then(|step| own.iter().find(|own| own.is_of(&step.provider)))
                .and_then(|own| own.serving.first())
                .and_then(|first| Some((first, first.expired?)));
            if inspection.is_unknown() {
                return Err(Error::failed(format!(
                    "which token Cargo would use for {} is not known: a plan asks nobody",
                    inspection.registry.label()
                ))
                .hint("leave `--dry-run` and `--check` away; this changes nothing"));
            }
            let obstacle = inspection.obstacle();
            return Err(match (obstacle.as_ref().or(inspection.error()), expired) {
                (Some(_), Some((first, day))) => Error::new(
                    ErrorKind::Rejected,
                    format!("the token `{}` has expired on {day}", first.label),
                )
                .hint(format!("renew it: `{}`", first.entry.renewal())),
                (Some(error), None) => error.clone(),
                (None, _) => Error::not_found(format!(
                    "Cargo would find no token for {}",
                    inspection.registry.label()
                ))
                .hint(format!(
                    "store one with `login {}`; `why` shows who was asked",
                    inspection.registry.word()
                )),
            });
        };
        let token = answer.token.clone();
        let label = Own::label(&own, session, &inspection).map(Place::Label);
        let shown = Shown {
            registry: inspection.registry.word(),
            index: inspection.registry.index.clone(),
            fingerprint: token.fingerprint(),
            from: From {
                provider: winner.provider.command.clone(),
                place: answer.place.clone().or(label),
            },
            cache: answer.cache,
            operation_independent: answer.operation_independent,
            revealed: self.reveal.then_some(token),
        };
        for warning in inspection.chain.warnings {
            session.warn(&warning);
        }
        Outcome::answer(shown)
    }
}

impl Answer for Shown {
    fn json(&self) -> Json {
        let mut json = document(self);
        json["token"] = self
            .revealed
            .as_ref()
            .map(|token| token.expose().to_owned())
            .into();
        json
    }

    fn blocks(&self) -> Vec<Block> {
        if let Some(token) = &self.revealed {
            return vec![Block::Verbatim(token.expose().to_owned())];
        }
        let place = self
            .from
            .place
            .as_ref()
            .map(|place| format!(", {place}"))
            .unwrap_or_default();
        vec![Block::Fields(vec![
            ("registry", Span::new(Role::Name, self.registry.clone())),
            ("index", Span::plain(self.index.to_string())),
            (
                "token",
                Span::plain(
                    self.fingerprint
                        .clone()
                        .unwrap_or_else(|| "(no fingerprint)".to_owned()),
                ),
            ),
            (
                "from",
                Span::plain(format!("{}{place}", self.from.provider.join(" "))),
            ),
            ("cache", Span::plain(self.cache)),
        ])]
    }
}
