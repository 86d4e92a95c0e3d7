//! Tab in a line of Rhai: names of functions, modules and the session, the options of a call, and in a text
//! what the argument's type offers.

use clap::{Arg, Command};

use super::values::values;
use super::{Candidate, Names};
use crate::commands::terminal;
use crate::doors::language::lexer::{Kind, Lexeme, lexemes};
use crate::doors::script::BUILT_IN;

/// What is still open before the cursor.
enum Frame<'t> {
    /// A call of this name, so many arguments ago.
    Call(&'t str, usize),
    /// A map, the keys it has, and whether a value comes next.
    Map(Vec<&'t str>, bool),
    /// An array.
    List,
    /// Another bracket.
    Other,
}

pub(super) fn complete(tree: &Command, names: &Names, before: &str) -> (usize, Vec<Candidate>) {
    let found = lexemes(before);
    let nothing = (before.len(), Vec::new());
    let at_cursor = found
        .last()
        .filter(|last| last.range.end == before.len() && (last.kind != Kind::Text || last.is_open));
    let (start, word, earlier) = match at_cursor {
        Some(last) if matches!(last.kind, Kind::Word | Kind::Text) => {
            (last.range.start, last.of(before), &found[..found.len() - 1])
        }
        Some(last) if matches!(last.kind, Kind::Comment | Kind::Number) => return nothing,
        _ => (before.len(), "", &found[..]),
    };
    let frames = frames(before, earlier);
    let is_text = at_cursor.is_some_and(|last| last.kind == Kind::Text);
    let (start, mut candidates) = if is_text {
        let quote = word.chars().next().map_or(0, char::len_utf8);
        let word = &word[quote..];
        (start + quote, in_text(tree, names, &frames, word))
    } else if earlier.last().is_some_and(|last| last.of(before) == ".") {
        // What a value can do is known when it is there.
        return nothing;
    } else if let [.., Frame::Call(path, _), Frame::Map(keys, false)] = frames.as_slice() {
        (start, options(tree, path, keys))
    } else if word.is_empty() {
        return nothing;
    } else {
        (start, functions(tree, names, word))
    };
    let begun = &before[start..];
    candidates.retain(|candidate| candidate.text.starts_with(begun));
    candidates.sort();
    candidates.dedup();
    (start, candidates)
}

fn frames<'t>(text: &'t str, lexemes: &[Lexeme]) -> Vec<Frame<'t>> {
    let mut frames: Vec<Frame<'t>> = Vec::new();
    let mut before: Option<(&'t str, Kind)> = None;
    for lexeme in lexemes {
        let this = lexeme.of(text);
        match (this, before, frames.last_mut()) {
            ("(", Some((name, Kind::Word)), _) => frames.push(Frame::Call(name, 0)),
            ("{", Some(("#", _)), _) => frames.push(Frame::Map(Vec::new(), false)),
            ("[", ..) => frames.push(Frame::List),
            ("(" | "{", ..) => frames.push(Frame::Other),
            (")" | "]" | "}", ..) => {
                frames.pop();
            }
            (",", _, Some(Frame::Call(_, count))) => *count += 1,
            (",", _, Some(Frame::Map(_, is_value))) => *is_value = false,
            (":", Some((key, _)), Some(Frame::Map(keys, is_value))) => {
                keys.push(key.trim_matches('"'));
                *is_value = true;
            }
            _ => {}
        }
        before = Some((this, lexeme.kind));
    }
    frames
}

/// The command that a function is.
fn command<'t>(tree: &'t Command, path: &str) -> Option<&'t Command> {
    if terminal::WORDS.contains(&path) {
        return None;
    }
    path.split("::")
        .try_fold(tree, |command, word| command.find_subcommand(word))
        .filter(|command| !command.has_subcommands() && !std::ptr::eq(*command, tree))
}

fn in_text(tree: &Command, names: &Names, frames: &[Frame<'_>], word: &str) -> Vec<Candidate> {
    let frames = match frames {
        [outer @ .., Frame::List] => outer,
        all => all,
    };
    let argument = match frames {
        [.., Frame::Call(path, count)] => command(tree, path).and_then(|command| {
            let mut all = command.get_positionals();
            all.nth(*count)
        }),
        [.., Frame::Call(path, _), Frame::Map(keys, true)] => command(tree, path)
            .zip(keys.last())
            .and_then(|(command, key)| option(command, key)),
        _ => None,
    };
    let mut found = argument.map_or_else(Vec::new, |argument| values(argument, names, word));
    // What would have to be spelt otherwise in a text is rare enough.
    found.retain(|candidate| !candidate.text.contains(['"', '`', '\\']));
    found
}

fn option<'t>(command: &'t Command, key: &str) -> Option<&'t Arg> {
    let long = key.replace('_', "-");
    command
        .get_arguments()
        .find(|argument| argument.get_long() == Some(&long))
}

fn options(tree: &Command, path: &str, keys: &[&str]) -> Vec<Candidate> {
    let Some(command) = command(tree, path) else {
        return Vec::new();
    };
    command
        .get_arguments()
        .filter(|argument| !argument.is_hide_set() && argument.get_id() != "help")
        .filter_map(|argument| Some((argument, argument.get_long()?.replace('-', "_"))))
        .filter(|(_, key)| !keys.contains(&key.as_str()))
        .map(|(argument, key)| {
            let about = argument.get_help().map(ToString::to_string);
            Candidate::new(format!("{key}: "), about.unwrap_or_default())
        })
        .collect()
}

fn functions(tree: &Command, names: &Names, word: &str) -> Vec<Candidate> {
    let about = |command: &Command| {
        let about = command.get_about().map(ToString::to_string);
        about.unwrap_or_default()
    };
    if let Some((module, _)) = word.rsplit_once("::") {
        let children = tree
            .find_subcommand(module)
            .into_iter()
            .flat_map(Command::get_subcommands);
        return children
            .map(|child| Candidate::new(format!("{module}::{}(", child.get_name()), about(child)))
            .collect();
    }
    let is_function = |command: &&Command| !terminal::WORDS.contains(&command.get_name());
    let commands = tree.get_subcommands().filter(is_function).map(|command| {
        let ends = if command.has_subcommands() { "::" } else { "(" };
        Candidate::new(format!("{}{ends}", command.get_name()), about(command))
    });
    let built_in = BUILT_IN
        .iter()
        .map(|(name, call)| Candidate::new(format!("{name}("), *call));
    commands
        .chain(built_in)
        .chain(names.script.iter().cloned())
        .collect()
}

/// Whether a call of this name reaches a function; `None` where only running it tells.
pub fn calls(tree: &Command, names: &Names, path: &str) -> Option<bool> {
    if command(tree, path).is_some() || BUILT_IN.iter().any(|(name, _)| *name == path) {
        return Some(true);
    }
    if names
        .script
        .iter()
        .any(|name| name.text.strip_suffix('(') == Some(path))
    {
        return Some(true);
    }
    match path.split_once("::") {
        Some((module, _)) if tree.find_subcommand(module).is_some() => Some(false),
        _ => None,
    }
}
