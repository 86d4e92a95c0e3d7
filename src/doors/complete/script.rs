//! Tab in a line of Rhai: names of functions, modules and the session, the options of a call, and in a text
//! what the argument's type offers.

use clap::{Arg, Command};

use super::values::values;
use super::{Candidate, Names};
use crate::commands::terminal;
use crate::doors::language::lexer::{Kind, Lexeme, lexemes};
use crate::doors::script::BUILT_IN;
use crate::doors::script::library::{Function, functions};

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
    if names.script.is_none() {
        return nothing;
    }
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
    let mut is_behind_dot = false;
    let (start, mut candidates) = if is_text {
        let quote = word.chars().next().map_or(0, char::len_utf8);
        let word = &word[quote..];
        (start + quote, in_text(tree, names, &frames, word))
    } else if let Some(value) = before_dot(before, earlier) {
        is_behind_dot = true;
        (start, methods(tree, names, before, value, word))
    } else if let [.., Frame::Call(path, _), Frame::Map(keys, false)] = frames.as_slice() {
        (start, options(tree, path, keys))
    } else if word.is_empty() {
        return nothing;
    } else {
        (start, callable(tree, names, word))
    };
    let begun = &before[start..];
    candidates.retain(|candidate| candidate.text.starts_with(begun));
    // What is in a value is what it is there for; what can be done with any of its type comes behind.
    let is_function = |candidate: &Candidate| is_behind_dot && candidate.text.ends_with('(');
    candidates.sort_by(|one, other| {
        let order = is_function(one).cmp(&is_function(other));
        order.then_with(|| one.cmp(other))
    });
    candidates.dedup();
    (start, candidates)
}

/// What stands before the dot at the end, which `..` is not.
fn before_dot<'l>(text: &str, lexemes: &'l [Lexeme]) -> Option<&'l [Lexeme]> {
    let [value @ .., dot] = lexemes else {
        return None;
    };
    let is = |lexeme: Option<&Lexeme>, sign| lexeme.is_some_and(|it| it.of(text) == sign);
    let is_dot = is(Some(dot), ".") && !is(value.last(), ".");
    // `?.` asks whether it is there.
    let value = match value {
        [value @ .., last] if last.of(text) == "?" => value,
        all => all,
    };
    is_dot.then_some(value)
}

/// The types that are met every day.
const COMMON: [&str; 3] = ["string", "array", "map"];

/// What can stand behind the dot: what is in the value, and what its type can do. Where the type shows only when it
/// runs, it may be any of those that are met every day: what all of them can do, and more once a word is begun.
fn methods(
    tree: &Command,
    names: &Names,
    text: &str,
    value: &[Lexeme],
    word: &str,
) -> Vec<Candidate> {
    let listed = listed(text, value);
    let members = names.script.as_ref().and_then(|session| {
        let name = match (&listed, value) {
            (Some(list), _) => format!("{list}[]"),
            (None, [.., before, _]) if before.of(text) == "." => return None,
            (None, all) => all.last()?.of(text).to_owned(),
        };
        session.members.get(&name)
    });
    let is_of_list = listed.is_some_and(|list| members.is_some() || list.ends_with("::list"));
    let of = if is_of_list {
        Some("map".to_owned())
    } else {
        type_of(tree, names, text, value)
    };
    let is_meant = |function: &&Function| match (&of, function.of.as_deref()) {
        (Some(of), Some(known)) => of == known,
        (None, Some(known)) if !word.is_empty() => COMMON.contains(&known),
        (None, Some("string")) => COMMON.iter().all(|of| can(of, &function.name)),
        (_, _) => false,
    };
    let functions = functions()
        .iter()
        .filter(|function| function.is_method())
        .filter(is_meant);
    let mut all: Vec<Candidate> = functions
        .map(|function| Candidate::new(format!("{}(", function.name), function.method()))
        .collect();
    // One of each name.
    all.dedup_by(|next, first| next.text == first.text);
    all.extend(members.into_iter().flatten().cloned());
    all
}

/// Whether a function of this name can stand behind a value of this type.
fn can(of: &str, name: &str) -> bool {
    let is_it = |function: &Function| function.name == name && function.is_method();
    let mut all = functions().iter().filter(|function| is_it(function));
    all.any(|function| function.of.as_deref() == Some(of))
}

/// The variable, or the function, that a value is one of a list of: `team` in `team[0]`, and in `for r in team { r`.
fn listed<'t>(text: &'t str, value: &[Lexeme]) -> Option<&'t str> {
    let end = value.last()?;
    let is_alone = |at: usize| at == 0 || value[at - 1].of(text) != ".";
    if end.of(text) == "]" {
        let list = opened(text, value)?.checked_sub(1)?;
        let is_variable = value[list].kind == Kind::Word && is_alone(list);
        return is_variable.then(|| value[list].of(text));
    }
    if end.kind != Kind::Word || !is_alone(value.len() - 1) {
        return None;
    }
    let mut loops = value.windows(4).rev();
    loops.find_map(|found| match found {
        [begin, name, within, list]
            if begin.of(text) == "for"
                && name.of(text) == end.of(text)
                && within.of(text) == "in"
                && list.kind == Kind::Word =>
        {
            Some(list.of(text))
        }
        _ => None,
    })
}

/// The type of a value, as far as its text tells.
fn type_of(tree: &Command, names: &Names, text: &str, value: &[Lexeme]) -> Option<String> {
    let last = value.last()?;
    let begin = match last.of(text) {
        ")" | "]" | "}" => opened(text, value)?,
        _ => value.len() - 1,
    };
    let before = value[..begin].last();
    let word = before
        .filter(|before| before.kind == Kind::Word)
        .map(|word| word.of(text));
    let is_before = |sign| before.is_some_and(|before| before.of(text) == sign);
    match (last.kind, last.of(text)) {
        (Kind::Text, _) => Some("string".to_owned()),
        (Kind::Word, name) if !is_before(".") => {
            let is_it = |known: &&Candidate| known.text == name;
            names.of_session().find(is_it)?.about.clone()
        }
        (_, "]") if word.is_none() && !is_before(")") && !is_before("]") => {
            Some("array".to_owned())
        }
        (_, "}") if is_before("#") => Some("map".to_owned()),
        (_, ")") => answer_of(tree, word?),
        _ => None,
    }
}

/// Where the bracket is opened that the last piece closes.
fn opened(text: &str, lexemes: &[Lexeme]) -> Option<usize> {
    let mut depth = 0_usize;
    lexemes
        .iter()
        .enumerate()
        .rev()
        .find_map(|(index, lexeme)| {
            match lexeme.of(text) {
                ")" | "]" | "}" => depth += 1,
                "(" | "[" | "{" => depth = depth.saturating_sub(1),
                _ => {}
            }
            (depth == 0).then_some(index)
        })
}

/// The type of what a function answers: of a command that lists an array, of another a map, and of Rhai's own where
/// all of this name answer the same.
fn answer_of(tree: &Command, path: &str) -> Option<String> {
    if command(tree, path).is_some() {
        let is_list = path.rsplit("::").next() == Some("list");
        return Some(if is_list { "array" } else { "map" }.to_owned());
    }
    let mut all = functions().iter().filter(|function| function.name == path);
    let gives = all.next()?.gives.clone();
    gives.filter(|gives| all.all(|other| other.gives.as_ref() == Some(gives)))
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

fn callable(tree: &Command, names: &Names, word: &str) -> Vec<Candidate> {
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
    let mut all: Vec<Candidate> = commands
        .chain(built_in)
        .chain(names.of_session().cloned())
        .collect();
    for function in functions().iter().filter(|function| function.is_function()) {
        let text = format!("{}(", function.name);
        // The first of a name is what is meant, and a command's or the session's is before Rhai's.
        if all.iter().all(|known| known.text != text) {
            all.push(Candidate::new(text, function.call()));
        }
    }
    all
}

/// Whether a call of this name reaches a function; `None` where only running it tells.
pub fn calls(tree: &Command, names: &Names, path: &str) -> Option<bool> {
    if command(tree, path).is_some() || BUILT_IN.iter().any(|(name, _)| *name == path) {
        return Some(true);
    }
    if names
        .of_session()
        .any(|name| name.text.strip_suffix('(') == Some(path))
    {
        return Some(true);
    }
    if functions().iter().any(|function| function.name == path) {
        return Some(true);
    }
    match path.split_once("::") {
        Some((module, _)) if tree.find_subcommand(module).is_some() => Some(false),
        _ => None,
    }
}
