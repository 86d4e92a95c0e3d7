//! `logout`

mod places;

use std::path::{Path, PathBuf};

use clap::Args;

use super::Outcome;
use super::args::{CREDSH, Target};
use crate::cargo::chain::{Chain, Kind, Provider};
use crate::cargo::config::{Held, View, item_key, wrong_kind};
use crate::cargo::name::{RegistryName, variable};
use crate::cargo::providers::os;
use crate::cargo::registry::{Registry, Wanted, all_names};
use crate::disk::tree::{Entry, Node};
use crate::error::{Kind as ErrorKind, Place, Result};
use crate::session::change::Wish;
use crate::session::own::Rules;
use crate::session::{Session, own};
use crate::stores::ledger;
use crate::token::Token;

pub(super) use self::places::{Fate, LogoutPlace, PlaceOutcome, Places};

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
                is_removal: false,
            });
        }
        let config = session.config()?;
        let mut all: Vec<Wanted> = all_names(config)?.into_iter().map(Wanted::Name).collect();
        // Tokens of registries that are no longer configured.
        let mut names = config.names(&["registries"], View::All);
        names.extend(names_in_ignored(session)?);
        for name in names {
            if let Ok(name) = name.parse::<RegistryName>()
                && !all.contains(&Wanted::Name(name.clone()))
            {
                all.push(Wanted::Name(name));
            }
        }
        let mut places = Vec::new();
        for wanted in all {
            match log_out(session, &wanted) {
                Ok(found) => places.extend(found),
                // It has something in a file, and no token.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let ledger = session.ledger().unwrap_or_default().entries;
        for entry in &ledger {
            // One whose index is none cannot be forgotten either.
            let Ok(registry) = own::registry_of(entry) else {
                continue;
            };
            let place = aside(entry, &registry, &ledger);
            if !places.iter().any(|known| known.item == place.item) {
                places.push(place);
            }
        }
        Outcome::change_with(Places {
            registry: None,
            places,
            is_removal: false,
        })
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
                // What is wrong with files that Cargo passes over is of no concern to a name that it does not know.
                let is_left = |session: &mut Session| in_ignored(session, &key).unwrap_or_default();
                if config.all(&key, View::All).is_empty() && is_left(session).is_empty() {
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
    // Whether Cargo reads its own files for it.
    let mut is_asked = true;
    if let Some(registry) = &registry {
        let chain = Chain::of(session.config()?, registry)?;
        for provider in chain
            .providers
            .iter()
            .filter(|provider| !provider.kind.is_foreign() && provider.kind != Kind::Token)
        {
            if provider.is_credsh {
                places.extend(forget_own(session, registry, provider)?);
                continue;
            }
            places.push(LogoutPlace {
                registry: name.clone(),
                provider: provider.to_string(),
                place: provider.place.clone(),
                fate: log_out_of(session, provider, registry)?,
                item: Some(item_key(provider, registry)),
            });
        }
        places.extend(kept_aside(session, registry, &chain));
        is_asked = chain.has(Kind::Token);
    }
    if table.is_empty() {
        return Ok(places);
    }
    let mut key: Vec<&str> = table.iter().map(String::as_str).collect();
    key.push("token");
    for (place, fate) in forget_in_files(session, &key, None, is_asked)? {
        let fate = if is_asked { fate } else { fate.set_aside() };
        places.push(LogoutPlace {
            registry: name.clone(),
            provider: "cargo:token".to_owned(),
            place: Some(place),
            fate,
            item: None,
        });
    }
    Ok(places)
}

/// Notes the logout of a provider that keeps its tokens itself, and says what will become of it.
fn log_out_of(session: &mut Session, provider: &Provider, registry: &Registry) -> Result<Fate> {
    if provider.kind == Kind::TokenFromStdout {
        let detail = "a command has nothing to forget; take the provider out instead";
        return Ok(Fate::told(PlaceOutcome::Kept, detail));
    }
    let asked = session
        .refuse_another_credsh(provider, registry)
        .and_then(|()| session.held_unless_locked(provider, registry));
    let held = match asked {
        Ok(Some(held)) => held,
        Ok(None) => return Ok(Fate::not_done(PlaceOutcome::Locked, &os::locked(provider))),
        Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
        Err(error) => return Ok(Fate::not_done(PlaceOutcome::Failed, &error)),
    };
    let logout = Wish::Logout { moved_to: None };
    session.wish(provider, registry, held.clone(), logout)?;
    Ok(match held {
        Held::Nothing => PlaceOutcome::Absent.into(),
        Held::Unknown if session.flags.is_plan() => {
            let detail = "only if it has one, as a plan asks nobody";
            Fate::told(PlaceOutcome::Removed, detail)
        }
        Held::Token(_) | Held::Unknown => PlaceOutcome::Removed.into(),
    })
}

/// Credsh may keep tokens of a registry that has another provider now, or one that is configured for other tokens.
fn kept_aside(session: &mut Session, registry: &Registry, chain: &Chain) -> Vec<LogoutPlace> {
    let ours = chain.providers.iter().filter(|one| one.is_credsh);
    let rules: Vec<Rules> = ours.map(Rules::of_provider_or_all).collect();
    // What is wrong with the ledger is of no concern to a registry that credsh is not the provider of.
    let ledger = session.ledger().unwrap_or_default().entries;
    let index = registry.index_for_provider();
    let own = ledger
        .iter()
        .filter(|entry| entry.index == index && !rules.iter().any(|rules| rules.admit(entry)));
    own.map(|entry| aside(entry, registry, &ledger)).collect()
}

/// A token of credsh's that stays, with the command that forgets it.
fn aside(entry: &ledger::Entry, registry: &Registry, ledger: &[ledger::Entry]) -> LogoutPlace {
    let same = ledger.iter().filter(|other| other.label == entry.label);
    // The name may be gone by then.
    let which = if same.count() > 1 {
        format!(" --registry {}", registry.index)
    } else {
        String::new()
    };
    LogoutPlace {
        registry: registry.word(),
        provider: CREDSH.to_owned(),
        place: Some(Place::Label(entry.label.to_string())),
        fate: Fate::aside(format!(
            "Cargo does not ask for it; `token remove {}{which}` forgets it",
            entry.label
        )),
        item: Some(item_key(&own::keeper(entry), registry)),
    }
}

/// Forgets the tokens of a registry that credsh, so configured, would give to Cargo.
fn forget_own(
    session: &mut Session,
    registry: &Registry,
    provider: &Provider,
) -> Result<Vec<LogoutPlace>> {
    let mut places = Vec::new();
    let rules = Rules::of_provider_or_all(provider);
    let mut entries = session.own_tokens(registry)?;
    entries.retain(|entry| rules.admit(entry));
    for entry in entries {
        places.push(forget_one(session, &entry, registry, provider.to_string())?);
    }
    if places.is_empty() {
        places.push(LogoutPlace {
            registry: registry.word(),
            provider: provider.to_string(),
            place: provider.place.clone(),
            fate: PlaceOutcome::Absent.into(),
            item: None,
        });
    }
    Ok(places)
}

/// Forgets one of credsh's own tokens, and says what will become of it.
pub(super) fn forget_one(
    session: &mut Session,
    entry: &ledger::Entry,
    registry: &Registry,
    provider: String,
) -> Result<LogoutPlace> {
    let keeper = own::keeper(entry);
    let fate = match session.forget(entry) {
        Ok(Some(Held::Nothing)) => Fate::told(
            PlaceOutcome::Removed,
            format!("the {} had nothing any more", entry.store.in_words()),
        ),
        Ok(Some(_)) => PlaceOutcome::Removed.into(),
        Ok(None) => Fate::not_done(PlaceOutcome::Locked, &os::locked(&keeper)),
        Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
        Err(error) => Fate::not_done(PlaceOutcome::Failed, &error),
    };
    Ok(LogoutPlace {
        registry: registry.word(),
        provider,
        place: Some(Place::Label(entry.label.to_string())),
        fate,
        item: Some(item_key(&keeper, registry)),
    })
}

/// The files that Cargo would read if another were not in the way, of those that have this key, and where.
pub(super) fn in_ignored(session: &mut Session, key: &[&str]) -> Result<Vec<(PathBuf, Place)>> {
    let config = session.config()?;
    let doubled = config.doubled().iter().map(|doubled| &doubled.ignored);
    // One that is included is read all the same.
    let is_read = |file: &PathBuf| config.files().any(|layer| layer.file == *file);
    let ignored: Vec<PathBuf> = doubled.filter(|file| !is_read(file)).cloned().collect();
    let mut found = Vec::new();
    for file in ignored {
        if let Some(entry) = session.open(&file)?.in_file(&file, key) {
            let place = place_of(&file, entry);
            found.push((file, place));
        }
    }
    Ok(found)
}

/// Whether a file that Cargo passes over has the name of one with tokens.
pub(super) fn is_credentials(file: &Path) -> bool {
    file.file_stem().is_some_and(|name| name == "credentials")
}

/// Where an entry of a file stands, or will.
pub(super) fn place_of(file: &Path, entry: &Entry) -> Place {
    match entry.line {
        0 => Place::Pending(file.to_path_buf()),
        line => Place::line(file, line),
    }
}

/// The names under which those have a token.
fn names_in_ignored(session: &mut Session) -> Result<Vec<String>> {
    let key = ["registries"];
    let mut names = Vec::new();
    for (file, _) in in_ignored(session, &key)? {
        let entry = session.config()?.in_file(&file, &key);
        let table = entry.and_then(|entry| entry.node.as_table());
        let has_token = |entry: &Entry| {
            let settings = entry.node.as_table();
            settings.is_some_and(|settings| settings.contains_key("token"))
        };
        let registries = table.into_iter().flatten();
        let left = registries.filter(|(_, entry)| has_token(entry));
        names.extend(left.map(|(name, _)| name.clone()));
    }
    Ok(names)
}

/// Removes a `cargo:token` token from all files that Cargo reads, or would if another were not in the way; where it is
/// one that moves, only after asking one that would be lost. Where Cargo does not ask for them, one that nobody can be
/// asked about is no obstacle.
pub(super) fn forget_in_files(
    session: &mut Session,
    key: &[&str],
    moves: Option<&Token>,
    is_asked: bool,
) -> Result<Vec<(Place, Fate)>> {
    let mut places = Vec::new();
    let name = variable(key);
    if session.config()?.env().get(&name).is_some() {
        let detail = format!("unset `{name}` where it is set");
        places.push((Place::Env(name), Fate::told(PlaceOutcome::Kept, detail)));
        // What stays in one place has not moved.
        if moves.is_some() {
            return Ok(places);
        }
    }
    let config = session.config()?;
    let home_files = [config.credentials_file(), config.home_file()];
    let mut files: Vec<PathBuf> = config
        .in_files(key, View::All)
        .map(|(layer, _)| layer.file.clone())
        .collect();
    files.extend(in_ignored(session, key)?.into_iter().map(|(file, _)| file));
    let credentials = home_files[0].clone();
    if !files.contains(&credentials) {
        places.push((Place::file(&credentials), PlaceOutcome::Absent.into()));
    }
    for file in files {
        // What Cargo reads as credentials is nobody's but the user's, wherever it is included from.
        let is_home =
            file.parent() == Some(session.home()) || session.config()?.is_credentials(&file);
        let now = session.open(&file)?.in_file(&file, key);
        let is_another = match (moves, now.map(|entry| &entry.node)) {
            (Some(moves), Some(Node::Secret(found))) => !found.is_same(moves),
            _ => false,
        };
        if !is_home || is_another {
            let question = if is_another {
                format!(
                    "remove another token, which does not move, from `{}`?",
                    file.display()
                )
            } else {
                format!("remove the token from the project's `{}`?", file.display())
            };
            let answer = session.confirm(&question);
            if !is_asked
                && answer
                    .as_ref()
                    .is_err_and(|error| error.kind() == ErrorKind::Failed)
            {
                let detail = "nobody can be asked; `--yes` removes it, too";
                places.push((Place::file(&file), Fate::told(PlaceOutcome::Kept, detail)));
                continue;
            }
            if !answer.map_err(|error| error.at(Place::file(&file)))? {
                let fate = if is_another {
                    Fate::aside("as you said")
                } else {
                    Fate::told(PlaceOutcome::Kept, "as you said")
                };
                places.push((Place::file(&file), fate));
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
        places.push((place, PlaceOutcome::Removed.into()));
    }
    if moves.is_none() && key == ["registry", "token"] {
        for (file, place) in asleep(session)? {
            session.edit(&file, &["token"], None)?;
            places.retain(|(known, _)| *known != Place::file(&file));
            places.push((place, PlaceOutcome::Removed.into()));
        }
    }
    Ok(places)
}

/// Where the old layout's token of crates.io (5) stands and nobody reads it: beside a `[registry]`, or in a file that Cargo
/// passes over. It counts again as soon as what is in its way goes.
fn asleep(session: &mut Session) -> Result<Vec<(PathBuf, Place)>> {
    let key = ["token"];
    let ignored = in_ignored(session, &key)?;
    let config = session.config()?;
    let layers = config.files().filter(|layer| layer.is_credentials);
    let read = layers.filter_map(|layer| {
        let entry = layer.get(&key)?;
        Some((layer.file.clone(), layer.place(entry)))
    });
    let ignored = ignored.into_iter().filter(|(file, _)| is_credentials(file));
    Ok(read.chain(ignored).collect())
}
