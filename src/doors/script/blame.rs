//! A script's failure as one of our errors: where it happened, the line itself with a caret, and by which
//! calls it was reached.
//!
//! Invariant: a literal that could be a token is not shown with its line.

use std::path::{Path, PathBuf};

use rhai::{EvalAltResult, LexError, ParseError, ParseErrorType, Position};

use super::Thrown;
use crate::disk::replace;
use crate::error::{Error, Kind, Place, nearest};
use crate::token::masked;

/// A function that a script can call, and how.
pub(super) struct Known {
    pub(super) name: String,
    pub(super) usage: String,
}

/// The error of a run; what is known helps with what is not.
pub(super) fn blame(error: &EvalAltResult, text: &str, name: &Path, known: &[Known]) -> Error {
    let mut chain = Vec::new();
    let mut innermost = error;
    let mut source = name.to_path_buf();
    loop {
        match innermost {
            EvalAltResult::ErrorInFunctionCall(function, file, inner, position) => {
                chain.push(format!(
                    "in `{function}`, called at {}",
                    spot(&source, *position)
                ));
                if !file.is_empty() {
                    source = script_named(file, name);
                }
                innermost = inner;
            }
            EvalAltResult::ErrorInModule(file, inner, position) => {
                chain.push(format!(
                    "in `{file}`, imported at {}",
                    spot(&source, *position)
                ));
                source = script_named(file, name);
                innermost = inner;
            }
            _ => break,
        }
    }
    let ours = match innermost {
        EvalAltResult::ErrorRuntime(value, _) if value.is::<Thrown>() => value
            .clone()
            .try_cast::<Thrown>()
            .map_or_else(|| Error::failed("failed"), |thrown| thrown.0),
        EvalAltResult::ErrorRuntime(value, _) => Error::failed(masked(&value.to_string())),
        EvalAltResult::ErrorParsing(kind, _) => {
            Error::usage(format!("this is not a script: {}", words_of(kind)))
        }
        EvalAltResult::ErrorFunctionNotFound(call, _) => no_function(call, known),
        EvalAltResult::ErrorVariableNotFound(variable, _) => {
            Error::failed(format!("there is no variable `{}`", masked(variable)))
                .hint("give it a value first, `let x = ...`; a text stands in quotes, and a function sees its arguments only")
        }
        // An import that fails says so by itself.
        EvalAltResult::ErrorModuleNotFound(module, _) => no_module(module, known),
        EvalAltResult::ErrorTerminated(..) => Error::interrupted(),
        EvalAltResult::ErrorStackOverflow(_) => Error::failed("functions call each other too deep"),
        other => Error::failed(lower(&without_position(other))),
    };
    // Where Ctrl-C came is no line's fault.
    if ours.kind() == Kind::Interrupted {
        return ours;
    }
    let position = innermost.position();
    let own_text = if source == name {
        None
    } else {
        replace::read(&source).ok().flatten()
    };
    let text = own_text.as_deref().map_or(text, String::as_str);
    let error = at(ours, position, text, &source);
    chain.into_iter().rev().fold(error, Error::because)
}

/// A call that no function takes: a wrong name, or wrong arguments.
fn no_function(call: &str, known: &[Known]) -> Error {
    let (name, types) = call.split_once(" (").unwrap_or((call, ")"));
    if let Some(known) = known.iter().find(|known| known.name == name) {
        let types: Vec<String> = types
            .trim_end_matches(')')
            .split(", ")
            .filter(|kind| !kind.is_empty())
            .map(kind_word)
            .collect();
        let given = match types.as_slice() {
            [] => {
                return Error::usage(format!("`{name}` needs arguments")).hint(&known.usage);
            }
            [one] => format!("one argument, {one}"),
            few if few.len() <= 4 => format!("{} arguments, ({})", few.len(), few.join(", ")),
            many => format!("{} arguments", many.len()),
        };
        return Error::usage(format!("`{name}` does not take {given}")).hint(&known.usage);
    }
    let error = Error::usage(format!("there is no function `{}`", masked(name)));
    match nearest(name, &names(known)) {
        Some(known) => error.hint(format!("did you mean `{known}`?")),
        None => error.hint("`help` lists the commands; each is a function"),
    }
}

fn no_module(module: &str, known: &[Known]) -> Error {
    let modules: Vec<&str> = names(known)
        .into_iter()
        .filter_map(|name| Some(name.split_once("::")?.0))
        .collect();
    let error = Error::usage(format!("there are no functions `{}::`", masked(module)));
    match nearest(module, &modules) {
        Some(known) => error.hint(format!("did you mean `{known}::`?")),
        None => error.hint("`help` lists the commands; `import \"x\" as x` brings others"),
    }
}

fn names(known: &[Known]) -> Vec<&str> {
    known.iter().map(|known| known.name.as_str()).collect()
}

/// A type of Rhai's, as its own `type_of` calls it or plainer.
fn kind_word(kind: &str) -> String {
    match kind {
        "i64" => "an integer".to_owned(),
        "f64" => "a number".to_owned(),
        "()" => "nothing".to_owned(),
        "bool" => "true or false".to_owned(),
        "map" => "a map".to_owned(),
        "array" => "an array".to_owned(),
        kind if kind.contains("str") || kind.contains("String") => "a text".to_owned(),
        other => other.to_lowercase(),
    }
}

/// An error with its place in a script, the line and a caret.
pub(super) fn at(error: Error, position: Position, text: &str, name: &Path) -> Error {
    // A line at the prompt stands right above, and need not be shown twice.
    if name == Path::new(super::PROMPT) && !text.contains('\n') {
        return error;
    }
    let (Some(line), column) = (position.line(), position.position()) else {
        return error.at(Place::file(name));
    };
    let place = Place::File {
        file: name.to_path_buf(),
        line: Some(line),
        column,
    };
    let Some(code) = text.lines().nth(line - 1) else {
        return error.at(place);
    };
    let caret = " ".repeat(column.unwrap_or(1).saturating_sub(1));
    let shown = masked(code);
    error.called_at(place).because(format!("{shown}\n{caret}^"))
}

/// The file of a script that Rhai names as it was imported: relative to the first one, without `.rhai`.
fn script_named(imported: &str, first: &Path) -> PathBuf {
    if first.to_str() == Some(imported) {
        return first.to_path_buf();
    }
    first.with_file_name(imported).with_added_extension("rhai")
}

fn spot(file: &Path, position: Position) -> String {
    match (position.line(), position.position()) {
        (Some(line), Some(column)) => format!("{}:{line}:{column}", file.display()),
        _ => file.display().to_string(),
    }
}

/// The parser's own words; it quotes no more than a token of the language.
pub(super) fn words_of_parser(error: &ParseError) -> String {
    words_of(error.err_type())
}

fn words_of(kind: &ParseErrorType) -> String {
    match kind {
        // These quote literals.
        ParseErrorType::BadInput(error) => match error {
            LexError::UnterminatedString => "a text is not closed",
            LexError::StringTooLong(_) => "a text is too long",
            LexError::MalformedEscapeSequence(_) => "a `\\` in a text has no meaning",
            LexError::MalformedNumber(_) => "a number is malformed",
            LexError::MalformedChar(_) => {
                "between `'` stands one character; a text stands between `\"`"
            }
            LexError::MalformedIdentifier(_) => "a name is malformed",
            _ => "a value is missing before this, or it has no meaning here",
        }
        .to_owned(),
        ParseErrorType::UnexpectedEOF => {
            "something is missing at its end, a value perhaps".to_owned()
        }
        other => lower(&masked(&other.to_string())),
    }
}

fn without_position(error: &EvalAltResult) -> String {
    let mut error = error.unwrap_inner().to_string();
    if let Some(at) = error.rfind(" (line ") {
        error.truncate(at);
    }
    masked(&error)
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}
