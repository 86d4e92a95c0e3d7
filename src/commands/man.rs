//! `man`, written from the table: one page, since that is where people look. Home of `clap_mangen`.

use clap::{Args, CommandFactory};
use clap_mangen::Man as Page;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use super::grammar::{Cli, Grammar, Line, Parsed};
use super::help::all_commands;
use super::{Outcome, Text};
use crate::error::{Error, Result};
use crate::session::Session;

/// Print the manual page of `credsh`
///
/// It is for `man`; `scripts/install` puts it in its place.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  man")]
pub struct Man {}

/// What credsh reads and writes.
const FILES: [(&str, &str); 9] = [
    (
        "$CARGO_HOME/config.toml",
        "Cargo's configuration: registries, providers, aliases. Those of projects, and what they include, too.",
    ),
    (
        "$CARGO_HOME/credentials.toml",
        "The tokens of cargo:token, as plain text.",
    ),
    (
        "$CARGO_HOME/.credsh/tokens.toml",
        "What each of credsh's own tokens is for. Holds no secret.",
    ),
    (
        "$CARGO_HOME/.credsh/sealed.age",
        "Those tokens themselves, where they are in no keyring.",
    ),
    (
        "$CARGO_HOME/.credsh/identity",
        "The key that opens it, where that is no passphrase.",
    ),
    (
        "$CARGO_HOME/.credsh/recipients",
        "The public keys of all who can open it.",
    ),
    (
        "$CARGO_HOME/.credsh/journal",
        "What a commit is about to do; the next start finishes one that was cut off.",
    ),
    (
        "$XDG_CONFIG_HOME/credsh/rc.rhai",
        "A script that the interactive shell runs at its start.",
    ),
    (
        "$XDG_STATE_HOME/credsh/history",
        "The history of the interactive shell.",
    ),
];

impl Man {
    /// Prints.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let tree = Cli::command();
        let mut page = Roff::new();
        let source = format!("credsh {}", tree.get_version().unwrap_or_default());
        // Without a date: it would be that of the build.
        page.control("TH", ["CREDSH", "1", "\"\"", &source, "User Commands"]);
        // A name that is broken is another one.
        page.control("nh", []);
        page.control("ad", ["l"]);
        let mut text = page.render();
        let whole = Page::new(tree);
        text.push_str(&section(|out| whole.render_name_section(out))?);
        text.push_str(&synopsis().to_roff());
        text.push_str(&section(|out| whole.render_description_section(out))?);
        text.push_str(&section(|out| whole.render_options_section(out))?);
        text.push_str(&commands()?);
        let mut rest = Roff::new();
        for (heading, topic) in [
            ("TOKEN SOURCES", "sources"),
            ("PROVIDERS", "providers"),
            ("TRANSACTIONS", "transactions"),
            ("SCRIPTS", "scripts"),
            ("EXIT STATUS", "exit statuses"),
            ("ENVIRONMENT", "environment"),
        ] {
            rest.control("SH", [heading]);
            explained(&mut rest, &topic_text(session, topic)?);
        }
        rest.control("SH", ["FILES"]);
        for (file, about) in FILES {
            item(&mut rest, italic(file), about);
        }
        examples(&mut rest);
        rest.control("SH", ["SEE ALSO"]);
        rest.text([
            bold("cargo-login"),
            roman("(1), "),
            bold("cargo-logout"),
            roman("(1)"),
        ]);
        text.push_str(&rest.to_roff());
        Outcome::answer(Text::new(&text))
    }
}

/// A section as `clap_mangen` writes it, without the preamble that opens a page.
fn section(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> Result<String> {
    let mut bytes = Vec::new();
    write(&mut bytes).map_err(|error| Error::failed("cannot write the page").because(error))?;
    let text = String::from_utf8_lossy(&bytes);
    let start = text.find(".SH").unwrap_or_default();
    Ok(text[start..].to_owned())
}

fn synopsis() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    for (number, rest) in ["[COMMAND ...]", "[-f FILE | -c LINE]... [-- WORDS...]"]
        .iter()
        .enumerate()
    {
        if number > 0 {
            roff.control("br", []);
        }
        roff.text([bold("credsh"), roman(format!(" [OPTIONS] {rest}"))]);
    }
    roff
}

/// What each command does, and its options but those that all have.
fn commands() -> Result<String> {
    let mut heading = Roff::new();
    heading.control("SH", ["COMMANDS"]);
    let mut text = heading.to_roff();
    let tree = Line::command();
    for (name, about) in all_commands(&tree) {
        let mut command = &tree;
        for word in name.split(' ') {
            command = command.find_subcommand(word).unwrap_or(command);
        }
        let command = command.clone().disable_help_flag(true).bin_name(&name);
        let mut roff = Roff::new();
        roff.control("SS", [name.as_str()]);
        let usage = command.clone().render_usage().to_string();
        roff.text([bold(usage.trim_start_matches("Usage: "))]);
        let long = command.get_long_about().map(ToString::to_string);
        for paragraph in long.unwrap_or(about).split("\n\n") {
            roff.control("PP", []);
            roff.text([roman(paragraph)]);
        }
        text.push_str(&roff.to_roff());
        if command.get_arguments().next().is_some() {
            let page = Page::new(command);
            let options = section(|out| page.render_options_section(out))?;
            text.push_str(options.trim_start_matches(".SH OPTIONS\n"));
        }
    }
    Ok(text)
}

fn topic_text(session: &mut Session, topic: &str) -> Result<String> {
    let words = ["help".to_owned(), topic.to_owned()];
    let Parsed::Words(line) = Grammar::default().parse(&words)? else {
        return Ok(String::new());
    };
    let answer = line.command.run(session)?.answer;
    let document = answer.map(|answer| answer.json()).unwrap_or_default();
    Ok(document["text"].as_str().unwrap_or_default().to_owned())
}

/// A topic of the help: paragraphs, and lines that are set in, each a word and what it means.
fn explained(roff: &mut Roff, text: &str) {
    for line in text.lines() {
        match line.strip_prefix("  ").map(|line| line.split_once("  ")) {
            Some(Some((word, about))) => item(roff, bold(word), about.trim_start()),
            Some(None) => item(roff, roman(line.trim_start()), ""),
            None if line.is_empty() => {
                roff.control("PP", []);
            }
            None => {
                roff.text([roman(line)]);
            }
        }
    }
}

fn item(roff: &mut Roff, word: Inline, about: &str) {
    roff.control("TP", []);
    roff.text([word]);
    roff.text([roman(about)]);
}

fn examples(roff: &mut Roff) {
    roff.control("SH", ["EXAMPLES"]);
    let tree = Line::command();
    for (name, _) in all_commands(&tree) {
        let mut command = &tree;
        for word in name.split(' ') {
            command = command.find_subcommand(word).unwrap_or(command);
        }
        let examples = command.get_after_help().map(ToString::to_string);
        for example in examples.unwrap_or_default().lines().skip(1) {
            roff.text([roman(format!("credsh {}", example.trim()))]);
            roff.control("br", []);
        }
    }
}
