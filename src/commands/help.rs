//! `help`, written from the table.

use clap::{Args, CommandFactory};
use serde::Serialize;
use serde_json::Value as Json;

use self::topics::TOPICS;
use super::grammar::Line;
use super::{Answer, Outcome, document, terminal};
use crate::error::{Error, Result, nearest};
use crate::render::{Block, wrapped};
use crate::session::Session;

mod topics;

/// Explain a command or a topic; alone, list them all
///
/// What is neither is looked for in all of them.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  help login\n  help registry add\n  help sources\n  help keyring"
)]
pub struct Help {
    /// A command, in one word or several, a topic, or a word to look for
    #[arg(value_name = "COMMAND|TOPIC")]
    words: Vec<String>,
}

/// As wide as help is where the terminal is wider, or there is none.
const WIDEST: usize = 100;

#[derive(Serialize)]
struct Text {
    text: String,
}

impl Help {
    /// Explains.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let width = session
            .theme
            .width
            .map_or(WIDEST, |width| width.min(WIDEST));
        let asked = self.words.join(" ");
        let text = if asked.is_empty() {
            wrapped(&overview(), width)
        } else if let Some(topic) = topic_text(&asked) {
            wrapped(topic, width)
        } else {
            match command(&self.words) {
                Some(command) if !command.has_subcommands() => explained(command, &asked, width),
                // Whoever asks for a group looks for what there is about it.
                _ => wrapped(&search(&asked)?, width),
            }
        };
        Outcome::answer(Text { text })
    }
}

/// The names of the topics.
pub fn topics() -> impl Iterator<Item = &'static str> {
    TOPICS.iter().map(|(name, _)| *name)
}

fn topic_text(topic: &str) -> Option<&'static str> {
    TOPICS
        .iter()
        .find(|(name, _)| *name == topic)
        .map(|(_, text)| *text)
}

/// Every command that does something, with its words and what it is about.
pub fn all_commands(tree: &clap::Command) -> Vec<(String, String)> {
    fn walk(command: &clap::Command, words: &str, all: &mut Vec<(String, String)>) {
        for child in command.get_subcommands() {
            let name = format!("{words}{}", child.get_name());
            if child.has_subcommands() {
                walk(child, &format!("{name} "), all);
            } else {
                all.push((
                    name,
                    child
                        .get_about()
                        .map(ToString::to_string)
                        .unwrap_or_default(),
                ));
            }
        }
    }
    let mut all = Vec::new();
    walk(tree, "", &mut all);
    all
}

fn overview() -> String {
    let topics: Vec<&str> = topics().collect();
    format!(
        "{}\nIn the shell also:\n\n{}\n`help COMMAND` explains one, `help WORD` looks for it. Topics: {}",
        listed(&all_commands(&Line::command())),
        listed(&shell_commands()),
        topics.join(", ")
    )
}

/// What only a terminal has, as it is listed.
fn shell_commands() -> Vec<(String, String)> {
    let mut all = all_commands(&terminal::table());
    all.push(("!CMD".to_owned(), "Run CMD in your own shell".to_owned()));
    all
}

/// Names and what they are, a line each.
fn listed(all: &[(String, String)]) -> String {
    // One column for all lists of a page.
    const NARROWEST: usize = 15;
    let widths = all.iter().map(|(name, _)| name.len());
    let width = widths.max().unwrap_or_default().max(NARROWEST);
    let mut text = String::new();
    for (name, about) in all {
        text.push_str(&format!("{name:width$}  {about}\n"));
    }
    text
}

/// All that can be explained: the table, and what only a terminal has.
fn everything() -> [clap::Command; 2] {
    [Line::command(), terminal::table()]
}

/// The command of these words, or the first part of several.
fn command(words: &[String]) -> Option<clap::Command> {
    everything().iter().find_map(|tree| {
        words
            .iter()
            .try_fold(tree, |command, word| command.find_subcommand(word))
            .cloned()
    })
}

fn explained(command: clap::Command, words: &str, width: usize) -> String {
    let mut command = command
        .bin_name(words)
        .disable_help_flag(true)
        .term_width(width);
    let help = command.render_long_help().to_string();
    help.trim_end().to_owned()
}

/// The commands and topics that a word is in, those first that have it in their names.
fn search(asked: &str) -> Result<String> {
    let wanted = asked.to_lowercase();
    let has = |text: &str| text.to_lowercase().contains(&wanted);
    let mut found: Vec<(bool, String, String)> = Vec::new();
    for tree in &everything() {
        for (name, about) in all_commands(tree) {
            let words: Vec<String> = name.split(' ').map(ToOwned::to_owned).collect();
            let help = command(&words).map(|command| explained(command, &name, WIDEST));
            if has(&name) || help.is_some_and(|help| has(&help)) {
                found.push((!has(&name), name, about));
            }
        }
    }
    for (name, text) in TOPICS {
        if has(name) || has(text) {
            found.push((!has(name), name.to_owned(), "a topic".to_owned()));
        }
    }
    if found.is_empty() {
        return Err(nothing_like(asked));
    }
    found.sort_by_key(|(is_elsewhere, ..)| *is_elsewhere);
    let lines: Vec<(String, String)> = found
        .into_iter()
        .map(|(_, name, about)| (name, about))
        .collect();
    Ok(format!("{}\n`help NAME` explains one", listed(&lines)))
}

/// The word is not repeated; it may be a token.
fn nothing_like(asked: &str) -> Error {
    let names: Vec<String> = everything()
        .iter()
        .flat_map(|tree| {
            let groups = tree
                .get_subcommands()
                .map(|child| child.get_name().to_owned());
            let leaves = all_commands(tree).into_iter().map(|(name, _)| name);
            groups.chain(leaves).collect::<Vec<_>>()
        })
        .chain(topics().map(ToOwned::to_owned))
        .collect();
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let error = Error::usage("there is no such command or topic, and none that mentions it");
    match nearest(asked, &known) {
        Some(known) => error.hint(format!("did you mean `{known}`?")),
        None => error.hint("`help` lists them all"),
    }
}

impl Answer for Text {
    fn json(&self) -> Json {
        document(self)
    }

    fn blocks(&self) -> Vec<Block> {
        vec![Block::Verbatim(self.text.clone())]
    }
}
