//! How words become a [`Command`]: as the arguments of the process ([`Cli`]), and as a line ([`Grammar`]).
//!
//! Home of the parser. Invariant: a word that is rejected is never repeated; it may be a token.

use std::cell::OnceCell;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches, Parser};

use super::Command;
use crate::error::{Error, Result, list, nearest};
use crate::session::Flags;

/// The shell for Cargo registry credentials
///
/// Without a command: the interactive shell on a terminal, else shell lines from standard input, as one batch.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "credsh",
    version,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub struct Cli {
    /// The switches that a line has too.
    #[command(flatten)]
    pub flags: Flags,
    /// Run a Rhai script; `-` is standard input. Repeatable, mixes with -c, run in the order given
    #[arg(short, long = "file", value_name = "FILE")]
    pub file: Vec<PathBuf>,
    /// Run one shell line. Repeatable
    #[arg(short, long = "command", value_name = "LINE")]
    pub command_line: Vec<String>,
    /// A script variable, read as `args.NAME`; never for secrets
    #[arg(short, long = "set", value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub set: Vec<(String, String)>,
    /// Stay in the shell after -f and -c
    #[arg(short, long)]
    pub interactive: bool,
    /// Cargo home [default: `CARGO_HOME`, else `~/.cargo`]
    #[arg(long, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Act as if started in DIR
    #[arg(short = 'C', long, value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// When to use colours
    #[arg(long, value_name = "WHEN")]
    pub color: Option<ColorChoice>,
    /// Skip rc.rhai
    #[arg(long)]
    pub no_rc: bool,
    /// Keep no history file
    #[arg(long)]
    pub no_history: bool,
    /// What to do; left out, the shell starts.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Words for a script, read as `args.rest`
    #[arg(last = true, value_name = "WORDS")]
    pub rest: Vec<String>,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// A part of a batch, in the order given.
#[derive(Debug, Clone)]
pub enum Piece {
    /// `-f`
    File(PathBuf),
    /// `-c`
    Line(String),
}

/// What words come to.
#[derive(Debug)]
pub enum Parsed<T> {
    /// The thing itself.
    Words(T),
    /// Help or a version was asked for; here it is.
    Text(String),
}

impl Cli {
    /// Reads the arguments of the process, without its name, and the batch in the order given.
    pub fn read(args: impl Iterator<Item = OsString>) -> Result<Parsed<(Self, Vec<Piece>)>> {
        let words = std::iter::once(OsString::from("credsh")).chain(args);
        let matches = match Self::command().try_get_matches_from(words) {
            Ok(matches) => matches,
            Err(error) => return told(&error),
        };
        let cli = match Self::from_arg_matches(&matches) {
            Ok(cli) => cli,
            Err(error) => return told(&error),
        };
        if cli.command.is_some() && !(cli.file.is_empty() && cli.command_line.is_empty()) {
            return Err(
                Error::usage("a command does not go together with `-f` or `-c`")
                    .hint("run it as one more `-c 'COMMAND'`, in its order"),
            );
        }
        let indices = |id: &str| {
            matches
                .indices_of(id)
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
        };
        let files = indices("file")
            .into_iter()
            .zip(cli.file.iter().cloned().map(Piece::File));
        let lines = indices("command_line")
            .into_iter()
            .zip(cli.command_line.iter().cloned().map(Piece::Line));
        let mut pieces: Vec<(usize, Piece)> = files.chain(lines).collect();
        pieces.sort_by_key(|(index, _)| *index);
        Ok(Parsed::Words((
            cli,
            pieces.into_iter().map(|(_, piece)| piece).collect(),
        )))
    }
}

fn name_and_value(text: &str) -> Result<(String, String)> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(Error::usage("a script variable is written `NAME=VALUE`")
            .hint("write `-s team=core`, and read it in the script as `args.team`")),
    }
}

/// A line of the shell, or a call of a script.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "credsh",
    no_binary_name = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub struct Line {
    /// The switches.
    #[command(flatten)]
    pub flags: Flags,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The parser of lines, built once, when it is first needed: ten thousand lines are parsed with one.
#[derive(Default)]
pub struct Grammar(OnceCell<clap::Command>);

impl Grammar {
    /// The tree of commands, for those that look at it.
    pub fn tree(&self) -> &clap::Command {
        self.0.get_or_init(built)
    }

    /// Reads the words of a line.
    pub fn parse(&mut self, words: &[String]) -> Result<Parsed<Line>> {
        let mut tree = self.0.take().unwrap_or_else(built);
        let parsed = tree
            .try_get_matches_from_mut(words)
            .and_then(|mut matches| Line::from_arg_matches_mut(&mut matches));
        self.0 = tree.into();
        match parsed {
            Ok(line) => Ok(Parsed::Words(line)),
            Err(error) => told(&error),
        }
    }
}

fn built() -> clap::Command {
    let mut tree = Line::command();
    tree.build();
    Flags::sparse(tree)
}

pub(super) fn told<T>(error: &clap::Error) -> Result<Parsed<T>> {
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Ok(Parsed::Text(error.render().to_string()))
        }
        _ => Err(usage_error(error).or_hint(|| usage_of(error))),
    }
}

/// The parser's complaint without the words that it complains about.
fn usage_error(error: &clap::Error) -> Error {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(list(texts)),
        _ => None,
    };
    let texts = |kind| match error.get(kind) {
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    };
    // The parser's idea of what is alike is a wide one.
    let did_you_mean = |word: &str, alike: Vec<String>| {
        let alike: Vec<&str> = alike.iter().map(String::as_str).collect();
        nearest(word, &alike).map(|known| format!("did you mean `{known}`?"))
    };
    let argument = text(ContextKind::InvalidArg).unwrap_or_default();
    match error.kind() {
        ErrorKind::InvalidSubcommand => Error::usage("there is no such command").maybe_hint(
            text(ContextKind::InvalidSubcommand)
                .and_then(|word| did_you_mean(&word, texts(ContextKind::SuggestedSubcommand)))
                .or_else(|| Some("`help` lists the commands".to_owned())),
        ),
        ErrorKind::UnknownArgument if argument.starts_with('-') => {
            Error::usage("there is no such option here").maybe_hint(
                did_you_mean(&argument, texts(ContextKind::SuggestedArg))
                    .or_else(|| Some(usage_of(error))),
            )
        }
        // The arguments of the process may end in words for a script, so there an unknown command is a word too many.
        ErrorKind::UnknownArgument if usage_of(error).contains("[COMMAND]") => {
            let tree = Cli::command();
            let known: Vec<&str> = tree
                .get_subcommands()
                .map(clap::Command::get_name)
                .collect();
            Error::usage("there is no such command").hint(match nearest(&argument, &known) {
                Some(known) => format!("did you mean `{known}`?"),
                None => "`credsh help` lists the commands".to_owned(),
            })
        }
        ErrorKind::UnknownArgument => {
            Error::usage("there is a word too many (it is not shown, because it may be a token)")
                .hint(usage_of(error))
        }
        ErrorKind::InvalidValue | ErrorKind::NoEquals
            if texts(ContextKind::ValidValue).is_empty() =>
        {
            Error::usage(format!("`{argument}` needs a value")).hint(usage_of(error))
        }
        ErrorKind::InvalidValue => Error::usage(format!(
            "`{argument}` takes one of {}",
            list(&texts(ContextKind::ValidValue))
        ))
        .maybe_hint(
            text(ContextKind::SuggestedValue).map(|value| format!("did you mean `{value}`?")),
        ),
        ErrorKind::ValueValidation => match std::error::Error::source(error)
            .and_then(|source| source.downcast_ref::<Error>())
        {
            Some(ours) => ours.clone(),
            None => Error::usage(format!("the value of `{argument}` is not one")),
        },
        ErrorKind::MissingRequiredArgument => {
            let missing = texts(ContextKind::InvalidArg);
            let verb = if missing.len() == 1 { "is" } else { "are" };
            Error::usage(format!("{} {verb} missing", list(&missing))).hint(usage_of(error))
        }
        ErrorKind::MissingSubcommand => Error::usage(format!(
            "this needs to be followed by one of {}",
            list(&texts(ContextKind::ValidSubcommand))
        )),
        ErrorKind::ArgumentConflict => {
            let others = texts(ContextKind::PriorArg);
            if others.is_empty() || others == [argument.clone()] {
                Error::usage(format!("`{argument}` can be given once"))
            } else {
                Error::usage(format!(
                    "`{argument}` does not go together with {}",
                    list(&others)
                ))
            }
        }
        ErrorKind::InvalidUtf8 => Error::usage("an argument is not Unicode")
            .hint("only paths may have such bytes; write the word as UTF-8"),
        kind => Error::usage(kind.as_str().unwrap_or("the words are wrong")).hint(usage_of(error)),
    }
}

fn usage_of(error: &clap::Error) -> String {
    match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => {
            let text = usage.to_string();
            text.trim().replacen("Usage:", "usage:", 1)
        }
        _ => "`help` lists the commands".to_owned(),
    }
}
