//! `logout`

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::Value as Json;

use super::args::Target;
use super::{Answer, Outcome, document};
use crate::cargo::chain::{Chain, Kind, Provider};
use crate::cargo::config::{Held, ItemKey, View, item_key, wrong_kind};
use crate::cargo::name::{RegistryName, variable};
use crate::cargo::providers::os;
use crate::cargo::registry::{Registry, Wanted, all_names};
use crate::disk::tree::Node;
use crate::error::{Error, Kind as ErrorKind, Place, Result};
use crate::render::{Block, Role, Span};
use crate::session::change::Wish;
use crate::session::{Left, Session, Unfinished, own};
use crate::stores::ledger::Entry;

/// Remove the token of a registry, wherever it is
///
/// From every provider of the chain and every file that Cargo reads, unlike `cargo logout`. A file of the
/// project is changed after asking only. Nothing is revoked on the server.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  logout crates-io\n  logout --all --yes")]
pub struct Logout {
    #[command(flatten)]
    target: Target,
    /// Log out of every registry
    #[arg(long, conflicts_with_all = ["positional", "option"])]
    all: bool,
}

/// What became of one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceOutcome {
    /// There was a token, and now there is none.
    Removed,
    /// There was none.
    Absent,
    /// It is locked, so nobody knows.
    Locked,
    /// There is one still, and credsh cannot remove it.
    Kept,
    /// It did not work.
    Failed,
}

/// A place where a token may be.
#[derive(Debug, Clone, Serialize)]
pub struct LogoutPlace {
    registry: String,
    provider: String,
    place: Option<Place>,
    outcome: PlaceOutcome,
    detail: Option<String>,
    /// What to do about it.
    #[serde(skip)]
    hint: Option<String>,
    /// Where it is no file: what the commit will call it.
    #[serde(skip)]
    item: Option<ItemKey>,
}

/// All the places that were looked at.
#[derive(Debug, Serialize)]
pub struct Places {
    registry: Option<String>,
    places: Vec<LogoutPlace>,
    /// Whether a token that is left counts: it does not, where the registry itself goes.
    #[serde(skip)]
    must_be_gone: bool,
}

impl Logout {
    /// Logs out.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        if !self.all {
            let wanted = self.target.wanted();
            let places = log_out(session, &wanted)?;
            let registry = places.first().map(|place| place.registry.clone());
            return Outcome::change_with(Places {
                registry,
                places,
                must_be_gone: true,
            });
        }
        let config = session.config()?;
        let mut all: Vec<Wanted> = all_names(config)?.into_iter().map(Wanted::Name).collect();
        // Tokens of registries that are no longer configured.
        for name in config.names(&["registries"], View::All) {
            if let Ok(name) = name.parse::<RegistryName>()
                && !all.contains(&Wanted::Name(name.clone()))
            {
                all.push(Wanted::Name(name));
            }
        }
        let mut places = Vec::new();
        for wanted in all {
            places.extend(log_out(session, &wanted)?);
        }
        Outcome::change_with(Places {
            registry: None,
            places,
            must_be_gone: true,
        })
    }
}

impl Places {
    pub(super) fn of(registry: &str, places: Vec<LogoutPlace>) -> Self {
        Self {
            registry: Some(registry.to_owned()),
            places,
            must_be_gone: false,
        }
    }
}

impl Places {
    /// One of credsh's own tokens.
    pub(super) fn of_token(
        entry: &Entry,
        registry: &Registry,
        outcome: PlaceOutcome,
        detail: Option<String>,
    ) -> Self {
        let word = registry.word();
        Self {
            registry: Some(word.clone()),
            places: vec![LogoutPlace {
                registry: word,
                provider: "credsh".to_owned(),
                place: Some(Place::Label(entry.label.to_string())),
                outcome,
                detail,
                hint: None,
                item: Some(item_key(&own::keeper(entry), registry)),
            }],
            must_be_gone: true,
        }
    }
}

/// Removes a registry's token from everywhere, and says what became of each place.
pub(super) fn log_out(session: &mut Session, wanted: &Wanted) -> Result<Vec<LogoutPlace>> {
    let config = session.config()?;
    let (registry, table) = match Registry::resolve(config, wanted) {
        Ok(registry) => {
            let table: Vec<String> = registry
                .table()
                .unwrap_or_default()
                .into_iter()
                .map(ToOwned::to_owned)
                .collect();
            (Some(registry), table)
        }
        // Not configured any more, or refused by Cargo; its token may be there all the same.
        Err(error) => match wanted {
            Wanted::Name(name)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Malformed) =>
            {
                let table = vec!["registries".to_owned(), name.to_string()];
                let key = [&table[0], &table[1], "token"];
                if config.all(&key, View::All).is_empty() {
                    return Err(error);
                }
                (None, table)
            }
            _ => return Err(error),
        },
    };
    let name = match (&registry, wanted) {
        (Some(registry), _) => registry.word(),
        (None, _) => table.last().cloned().unwrap_or_default(),
    };
    let mut places = Vec::new();
    if let Some(registry) = &registry {
        let chain = Chain::of(session.config()?, registry)?;
        for provider in chain
            .providers
            .iter()
            .filter(|provider| !provider.kind.is_foreign() && provider.kind != Kind::Token)
        {
            if provider.is_credsh() {
                places.extend(forget_own(session, registry, &name, provider)?);
                continue;
            }
            let (outcome, detail, hint) = log_out_of(session, provider, registry)?;
            places.push(LogoutPlace {
                registry: name.clone(),
                provider: provider.to_string(),
                place: provider.place.clone(),
                outcome,
                detail,
                hint,
                item: Some(item_key(provider, registry)),
            });
        }
    }
    if table.is_empty() {
        return Ok(places);
    }
    let mut key: Vec<&str> = table.iter().map(String::as_str).collect();
    key.push("token");
    for (place, outcome, detail) in forget_in_files(session, &key)? {
        let provider = "cargo:token".to_owned();
        places.push(LogoutPlace {
            registry: name.clone(),
            provider,
            place: Some(place),
            outcome,
            detail,
            hint: None,
            item: None,
        });
    }
    Ok(places)
}

/// Notes the logout of a provider that keeps its tokens itself, and says what will become of it, why, and what to do.
fn log_out_of(
    session: &mut Session,
    provider: &Provider,
    registry: &Registry,
) -> Result<(PlaceOutcome, Option<String>, Option<String>)> {
    let as_planned = |outcome, detail: Option<&str>| (outcome, detail.map(str::to_owned), None);
    if provider.kind == Kind::TokenFromStdout {
        let detail = "a command has nothing to forget; take the provider out instead";
        return Ok(as_planned(PlaceOutcome::Kept, Some(detail)));
    }
    let not_done = |outcome, error: &Error| {
        let hint = error.next_step().map(ToOwned::to_owned);
        (outcome, Some(error.to_string()), hint)
    };
    let held = match session.held_unless_locked(provider, registry) {
        Ok(Some(held)) => held,
        Ok(None) => return Ok(not_done(PlaceOutcome::Locked, &os::locked(provider))),
        Err(error) => return Ok(not_done(PlaceOutcome::Failed, &error)),
    };
    session.wish(
        provider,
        registry,
        held.clone(),
        Wish::Logout { moved_to: None },
    )?;
    Ok(match held {
        Held::Nothing => as_planned(PlaceOutcome::Absent, None),
        Held::Unknown if session.flags.is_plan() => as_planned(
            PlaceOutcome::Removed,
            Some("if it has one: a plan asks nobody"),
        ),
        Held::Token(_) | Held::Unknown => as_planned(PlaceOutcome::Removed, None),
    })
}

/// Forgets all of credsh's own tokens of a registry.
fn forget_own(
    session: &mut Session,
    registry: &Registry,
    name: &str,
    provider: &Provider,
) -> Result<Vec<LogoutPlace>> {
    let mut places = Vec::new();
    for entry in session.own_tokens(registry)? {
        let (outcome, detail) = forgotten(session, &entry);
        places.push(LogoutPlace {
            registry: name.to_owned(),
            provider: provider.to_string(),
            place: Some(Place::Label(entry.label.to_string())),
            outcome,
            detail,
            hint: None,
            item: Some(item_key(&own::keeper(&entry), registry)),
        });
    }
    if places.is_empty() {
        places.push(LogoutPlace {
            registry: name.to_owned(),
            provider: provider.to_string(),
            place: provider.place.clone(),
            outcome: PlaceOutcome::Absent,
            detail: None,
            hint: None,
            item: None,
        });
    }
    Ok(places)
}

/// Forgets one of credsh's own tokens, and says what will become of it.
pub(super) fn forgotten(session: &mut Session, entry: &Entry) -> (PlaceOutcome, Option<String>) {
    match session.forget(entry) {
        Ok(Some(Held::Nothing)) => {
            let detail = format!("the {} had nothing any more", entry.store.name());
            (PlaceOutcome::Removed, Some(detail))
        }
        Ok(Some(_)) => (PlaceOutcome::Removed, None),
        Ok(None) => {
            let detail = os::locked(&own::keeper(entry)).to_string();
            (PlaceOutcome::Locked, Some(detail))
        }
        Err(error) => (PlaceOutcome::Failed, Some(error.to_string())),
    }
}

type Forgotten = (Place, PlaceOutcome, Option<String>);

/// Removes a `cargo:token` token from all files that Cargo reads, or would if another were not in the way.
pub(super) fn forget_in_files(session: &mut Session, key: &[&str]) -> Result<Vec<Forgotten>> {
    let mut places = Vec::new();
    let name = variable(key);
    if session.config()?.env().get(&name).is_some() {
        let detail = Some(format!("unset `{name}` where it is set"));
        places.push((Place::Env(name), PlaceOutcome::Kept, detail));
    }
    let config = session.config()?;
    let home_files = [config.credentials_file(), config.home_file()];
    let mut files: Vec<PathBuf> = config
        .in_files(key, View::All)
        .map(|(layer, _)| layer.file.clone())
        .collect();
    let ignored: Vec<PathBuf> = config
        .doubled()
        .iter()
        .map(|doubled| doubled.ignored.clone())
        .collect();
    for file in ignored {
        if session.open(&file)?.in_file(&file, key).is_some() {
            files.push(file);
        }
    }
    let credentials = home_files[0].clone();
    if !files.contains(&credentials) {
        places.push((Place::file(&credentials), PlaceOutcome::Absent, None));
    }
    for file in files {
        let is_home = file.parent() == Some(session.home());
        if !is_home {
            let question = format!("remove the token from the project's `{}`?", file.display());
            if !session.confirm(&question)? {
                places.push((
                    Place::file(&file),
                    PlaceOutcome::Kept,
                    Some("as you said".to_owned()),
                ));
                continue;
            }
        }
        let config = session.config()?;
        let place = match config
            .in_files(key, View::All)
            .find(|(layer, _)| layer.file == file)
        {
            Some((layer, entry)) if matches!(entry.node, Node::Secret(_)) => layer.place(entry),
            Some((layer, entry)) => {
                return Err(wrong_kind(key, "a string", &entry.node, layer.place(entry)));
            }
            None => Place::file(&file),
        };
        session.edit(&file, key, None)?;
        places.push((place, PlaceOutcome::Removed, None));
    }
    Ok(places)
}

impl Answer for Places {
    fn json(&self) -> Json {
        document(self)
    }

    fn settle(&mut self, unfinished: &mut Vec<Unfinished>) {
        unfinished.retain(
            |Unfinished {
                 change,
                 left,
                 error,
             }| {
                let key = item_key(&change.provider, &change.registry);
                let place = self
                    .places
                    .iter_mut()
                    .find(|place| place.item.as_ref() == Some(&key));
                let is_told = place.is_some();
                if let Some(place) = place {
                    place.outcome = match left {
                        Left::Kept => PlaceOutcome::Kept,
                        Left::Locked => PlaceOutcome::Locked,
                        Left::Failed => PlaceOutcome::Failed,
                    };
                    place.detail = Some(error.to_string());
                    place.hint = error.next_step().map(ToOwned::to_owned);
                }
                !is_told
            },
        );
    }

    fn blocks(&self) -> Vec<Block> {
        let rows = self.places.iter().map(|place| {
            let (role, word) = match place.outcome {
                PlaceOutcome::Removed => (Role::Good, "removed"),
                PlaceOutcome::Absent => (Role::Faint, "absent"),
                PlaceOutcome::Kept => (Role::Doubtful, "kept"),
                PlaceOutcome::Locked => (Role::Bad, "locked"),
                PlaceOutcome::Failed => (Role::Bad, "failed"),
            };
            let at = place
                .place
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
            let detail = place
                .detail
                .as_ref()
                .map(|detail| format!(": {detail}"))
                .unwrap_or_default();
            vec![
                Span::new(Role::Name, place.registry.clone()),
                Span::plain(place.provider.clone()),
                Span::new(role, word),
                Span::plain(format!("{at}{detail}")),
            ]
        });
        let mut blocks = vec![Block::Table {
            head: vec!["registry", "provider", "outcome", "place"],
            rows: rows.collect(),
            elastic: 3,
        }];
        let mut hints: Vec<&String> = Vec::new();
        for hint in self.places.iter().filter_map(|place| place.hint.as_ref()) {
            if !hints.contains(&hint) {
                hints.push(hint);
                blocks.push(Block::line(format!("hint: {hint}")));
            }
        }
        blocks
    }

    /// 0 if Cargo would find no token any more.
    fn exit_status(&self) -> u8 {
        let any = |outcome| self.places.iter().any(|place| place.outcome == outcome);
        if !self.must_be_gone {
            0
        } else if any(PlaceOutcome::Failed) || any(PlaceOutcome::Locked) {
            ErrorKind::Unavailable.exit_status()
        } else if any(PlaceOutcome::Kept) {
            ErrorKind::Failed.exit_status()
        } else {
            0
        }
    }
}
