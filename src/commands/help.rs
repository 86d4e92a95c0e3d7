//! `help`, written from the table.

use clap::{Args, CommandFactory};
use serde::Serialize;
use serde_json::Value as Json;

use super::grammar::Line;
use super::{Answer, Outcome, document};
use crate::error::{Error, Result};
use crate::render::Block;
use crate::session::Session;

/// Explain a command or a topic; alone, list them all
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  help login\n  help registry add\n  help sources")]
pub struct Help {
    /// A command, in one word or several, or a topic
    #[arg(value_name = "COMMAND|TOPIC")]
    words: Vec<String>,
}

/// What is not about one command.
const TOPICS: [(&str, &str); 6] = [
    (
        "sources",
        "Where a token comes from. Its text is never typed in a command, so it is in no history and no script.\n\n  \
         prompt            a hidden prompt; the default on a terminal\n  \
         stdin             one line of standard input; the default elsewhere\n  \
         env:NAME          an environment variable\n  \
         file:PATH         a file that contains nothing else\n  \
         command:CMD ARGS  what a command prints; split as a shell would, run without one\n  \
         provider:SPEC     what another credential provider has for this registry",
    ),
    (
        "providers",
        "Who keeps tokens for Cargo. A registry's own `credential-provider` is the only one asked; else the global\n\
         chain is. credsh shows and edits it in the order tried; Cargo's files list it the other way round.\n\n  \
         cargo:token              Cargo's own files and variables, as plain text\n  \
         cargo:libsecret          the Secret Service, on Linux\n  \
         cargo:macos-keychain     the keychain, on macOS\n  \
         cargo:wincred            the Credential Manager, on Windows\n  \
         cargo:token-from-stdout  a command that prints the token; cannot log in\n  \
         anything else            an alias, or a program that speaks Cargo's protocol",
    ),
    (
        "transactions",
        "At the prompt each command writes its changes at once. A batch (`-f`, `-c`, lines on standard input, `run`)\n\
         writes all of its changes at its end, or none if anything fails. `--dry-run` prints the changes instead of\n\
         writing them; `--check` exits with 2 if there would be any.\n\n\
         `begin` opens a transaction by hand: what follows is written at its `commit`, or undone by `rollback`;\n\
         `diff` shows it. Within a transaction or a batch, `begin` is a savepoint.",
    ),
    (
        "scripts",
        "A script is Rhai (https://rhai.rs/book). Each command is a function: `registry::add(\"corp\", url)`,\n\
         `login(\"corp\", #{ from: \"env:CORP_TOKEN\" })`. Options stand in one map at the end, with `_` for `-`;\n\
         switches are `true`, words after `--` are `rest`. A call returns what `--json` would print; the `list`\n\
         commands return an array. An error can be caught: `e.kind`, `e.message`, `e.hint`.\n\n  \
         env(\"NAME\")     a variable, `()` if it is not set\n  \
         args.NAME       what `-s NAME=VALUE` set; `args.rest` is what stood after `--`\n  \
         is_dry_run()    whether nothing will be written\n  \
         fail(\"why\")     ends the script, and nothing is written\n  \
         exit()          ends the script, and what it did so far is written; `exit(1)` with that exit status",
    ),
    (
        "exit statuses",
        "Exit statuses.\n\n  \
         0    done\n  \
         1    failed\n  \
         2    `--check`: something would change\n  \
         3    not found, or not logged in\n  \
         4    a store or provider is unavailable, locked or too slow\n  \
         5    rejected by the server, or expired\n  \
         64   the words were wrong\n  \
         65   a file is malformed\n  \
         130  interrupted",
    ),
    (
        "environment",
        "Variables that credsh reads.\n\n  \
         CREDSH_COLOR       auto, always or never\n  \
         CREDSH_NO_INPUT    never prompt\n  \
         CREDSH_NO_RC       skip rc.rhai\n  \
         CREDSH_NO_HISTORY  keep no history file\n  \
         NO_COLOR, CLICOLOR_FORCE, TERM=dumb, XDG_CONFIG_HOME, XDG_STATE_HOME as everywhere\n  \
         CARGO_HOME and CARGO_* as Cargo reads them",
    ),
];

#[derive(Serialize)]
struct Text {
    text: String,
}

impl Help {
    /// Explains.
    pub fn run(&self, _session: &mut Session) -> Result<Outcome> {
        let text = if self.words.is_empty() {
            overview()
        } else if let Some(topic) = topic_text(&self.words.join(" ")) {
            topic.to_owned()
        } else {
            explain(&self.words)?
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
    let commands = all_commands(&Line::command());
    let width = commands
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for (name, about) in commands {
        text.push_str(&format!("{name:width$}  {about}\n"));
    }
    let topics: Vec<&str> = topics().collect();
    text.push_str(&format!(
        "\n`help COMMAND` explains one. Topics: {}",
        topics.join(", ")
    ));
    text
}

fn explain(words: &[String]) -> Result<String> {
    let tree = Line::command();
    let mut command = tree;
    for word in words {
        let mut names: Vec<String> = command
            .get_subcommands()
            .map(|child| child.get_name().to_owned())
            .collect();
        names.extend(topics().map(ToOwned::to_owned));
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        let nearest = crate::error::nearest(word, &known).map(ToOwned::to_owned);
        let Some(child) = command.find_subcommand(word) else {
            let error = Error::usage("there is no such command or topic");
            return Err(match nearest {
                Some(known) => error.hint(format!("did you mean `{known}`?")),
                None => error.hint("`help` lists them all"),
            });
        };
        command = child.clone();
    }
    let mut command = command.bin_name(words.join(" ")).disable_help_flag(true);
    Ok(command.render_long_help().to_string().trim_end().to_owned())
}

impl Answer for Text {
    fn json(&self) -> Json {
        document(self)
    }

    fn blocks(&self) -> Vec<Block> {
        vec![Block::Verbatim(self.text.clone())]
    }
}
