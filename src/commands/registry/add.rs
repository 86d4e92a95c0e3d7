//! `registry add`

use clap::Args;

use super::{Leftover, is_defined, refuse_crates_io};
use crate::cargo::config::{Config, View};
use crate::cargo::index_url::IndexUrl;
use crate::cargo::name::RegistryName;
use crate::cargo::registry::with_canonical;
use crate::commands::Outcome;
use crate::commands::args::{NewName, ProviderSpec, Where, installed, provider_node};
use crate::disk::tree::Node;
use crate::error::{Error, Result, list};
use crate::session::Session;

/// Add a registry
///
/// A registry that is there already with the same values is left as it is; with another index it is an error.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  registry add corp sparse+https://crates.corp.example/index/\n  registry add lab sparse+https://lab.example/index/ --provider cargo:token --make-default"
)]
pub struct Add {
    /// The name: letters, digits, `-` and `_`
    name: NewName,
    /// The index: `sparse+https://HOST/PATH/`, or the URL of a git repository
    index: IndexUrl,
    /// The only provider that Cargo asks for this registry
    #[arg(long, value_name = "SPEC")]
    provider: Option<ProviderSpec>,
    /// Make it the registry that is meant when none is named
    #[arg(long)]
    make_default: bool,
    #[command(flatten)]
    place: Where,
}

impl Add {
    /// Adds.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let NewName(name) = &self.name;
        refuse_crates_io(name, "added")?;
        let index = self.index.clone().checked()?;
        let key = ["registries", name.as_str(), "index"];
        session.rely_on(&key, View::Config);
        let config = session.config()?;
        let known = config.text(&key, View::Config)?;
        match known {
            Some(known) if known.value == index.as_sent() => {}
            Some(known) => {
                return Err(Error::failed(format!(
                    "`{name}` is there already, with another index"
                ))
                .at(known.place)
                .hint(format!(
                    "change it with `registry set {name} --index {index}`"
                )));
            }
            None => {
                self.refuse_second_name(config, &index)?;
                let twin = twin(config, name);
                if let Some(doubt) = index.doubt() {
                    session.warn(&doubt);
                }
                if let Some(twin) = twin {
                    session.warn(&format!("`{name}` and `{twin}` have the same environment variables: to those `-`, `_` and case are alike"));
                }
                let is_set =
                    |setting: &str| setting == "credential-provider" && self.provider.is_some();
                for left in Leftover::all(session, name)? {
                    if !is_set(&left.setting) {
                        session.warn(&left.warning(name));
                    }
                }
                let file = self.place.file(session, &key)?;
                session.edit_setting(&file, &key, Some(Node::Text(index.as_sent().to_owned())))?;
            }
        }
        if let Some(ProviderSpec(words)) = &self.provider {
            set_provider(session, name, words, &self.place)?;
        }
        if self.make_default {
            set_default(session, name, &self.place)?;
        }
        Outcome::change()
    }

    /// Cargo refuses two names for one index, both of them (11).
    fn refuse_second_name(&self, config: &Config, index: &IndexUrl) -> Result<()> {
        let names = with_canonical(config, index)?;
        if names.is_empty() {
            return Ok(());
        }
        Err(Error::failed(format!(
            "this index has a name already, {}; Cargo refuses a registry that has two",
            list(&names)
        ))
        .hint(format!(
            "use that name, or change it: `registry rename {} {}`",
            names[0], self.name.0
        )))
    }
}

/// Another name with the same environment variables: to those `-` is `_`, and case does not matter.
fn twin(config: &Config, name: &RegistryName) -> Option<String> {
    let names = config.names_of_variables(name.as_str());
    names.into_iter().find(|other| other != name.as_str())
}

/// Sets a registry's own provider.
pub(in crate::commands) fn set_provider(
    session: &mut Session,
    name: &RegistryName,
    words: &[String],
    place: &Where,
) -> Result<()> {
    let key: Vec<&str> = if name.is_crates_io() {
        vec!["registry", "credential-provider"]
    } else {
        vec!["registries", name.as_str(), "credential-provider"]
    };
    let words = &installed(session, words.to_vec())?;
    let config = session.config()?;
    if let Ok(Some(now)) = config.words(&key)
        && now.words == *words
    {
        return Ok(());
    }
    let index_key = ["registries", name.as_str(), "index"];
    let file = match place.named(session)? {
        Some(file) => file,
        // Beside the index, where nobody has set a provider yet.
        None => match session.defining_file(&key)? {
            Some(file) => file,
            None if name.is_crates_io() || !is_defined(session.config()?, name.as_str()) => {
                session.config()?.home_file()
            }
            None => session
                .defining_file(&index_key)?
                .map_or_else(|| session.config().map(Config::home_file), Ok)?,
        },
    };
    let node = provider_node(words);
    refuse_mixed_shapes(session.config()?, &key, &file, &node)?;
    session.edit_setting(&file, &key, Some(node))
}

/// Cargo refuses a configuration in which one file has a string and another an array (6).
pub(in crate::commands) fn refuse_mixed_shapes(
    config: &Config,
    key: &[&str],
    file: &std::path::Path,
    node: &Node,
) -> Result<()> {
    let is_list = matches!(node, Node::List(_));
    for (layer, entry) in config.in_files(key, View::All) {
        if layer.file != file && matches!(entry.node, Node::List(_)) != is_list {
            return Err(Error::failed(format!(
                "`{}` is {} in another file; beside {} Cargo would refuse both",
                key.join("."),
                entry.node.description(),
                node.description()
            ))
            .at(layer.place(entry))
            .hint("change it in that file: name it with `--config-file`"));
        }
    }
    Ok(())
}

/// Makes a registry the default.
pub(in crate::commands) fn set_default(
    session: &mut Session,
    name: &RegistryName,
    place: &Where,
) -> Result<()> {
    let key = ["registry", "default"];
    let file = place.file(session, &key)?;
    session.edit_setting(&file, &key, Some(Node::Text(name.to_string())))
}
