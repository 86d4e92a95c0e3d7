//! A script's call as the words that a person would type.
//!
//! Invariant: what is data stays data. A positional that begins with `-` is refused, and options are written
//! as `--name=value`, so no text of a script becomes an option.

use clap::{Arg, ArgAction};
use rhai::{Array, Dynamic, Map};

use crate::error::{Error, Result, list, nearest};

/// The words of a call: options, positionals, then what stands behind `--`.
pub(super) fn of_call(
    tree: &clap::Command,
    path: &[String],
    mut arguments: Vec<Dynamic>,
) -> Result<Vec<String>> {
    let command = path
        .iter()
        .try_fold(tree, |command, word| command.find_subcommand(word))
        .ok_or_else(|| Error::usage("there is no such command"))?;
    let options = match arguments.last() {
        Some(last) if last.is_map() => arguments
            .pop()
            .and_then(Dynamic::try_cast::<Map>)
            .unwrap_or_default(),
        _ => Map::new(),
    };
    let mut words = path.to_vec();
    let mut rest = Vec::new();
    for (name, value) in options {
        if name == "rest" && command.get_positionals().any(takes_rest) {
            rest = texts("rest", value)?;
        } else {
            words.extend(option(command, path, &name, value)?);
        }
    }
    for argument in arguments {
        if argument.is_map() {
            return Err(Error::usage(
                "options stand in one map, behind all other arguments",
            ));
        }
        for text in texts("an argument", argument)? {
            if text.starts_with('-') {
                return Err(Error::usage(
                    "an argument begins with `-`: options stand in a map, as `#{ name: value }`",
                ));
            }
            words.push(text);
        }
    }
    // Behind a positional that takes all that follows, `--` would be a word of it.
    if !rest.is_empty() && command.get_positionals().any(Arg::is_last_set) {
        words.push("--".to_owned());
    }
    words.extend(rest);
    Ok(words)
}

/// Whether an argument takes what stands behind `--`, dashes and all.
fn takes_rest(argument: &Arg) -> bool {
    argument.is_last_set() || argument.is_trailing_var_arg_set()
}

fn option(
    command: &clap::Command,
    path: &[String],
    name: &str,
    value: Dynamic,
) -> Result<Vec<String>> {
    let long = name.replace('_', "-");
    let Some(argument) = command
        .get_arguments()
        .find(|argument| argument.get_long() == Some(&long))
    else {
        let known: Vec<String> = command
            .get_arguments()
            .filter_map(Arg::get_long)
            .map(|long| long.replace('-', "_"))
            .collect();
        let known: Vec<&str> = known
            .iter()
            .map(String::as_str)
            .filter(|long| *long != "help")
            .collect();
        let error = Error::usage(format!("`{}` has no option of this name", path.join("::")));
        return Err(match nearest(name, &known) {
            Some(known) => error.hint(format!("did you mean `{known}`?")),
            None => error.hint(format!("it has {}", list(&known))),
        });
    };
    if matches!(argument.get_action(), ArgAction::SetTrue | ArgAction::Help) {
        return match value.as_bool() {
            Ok(true) => Ok(vec![format!("--{long}")]),
            Ok(false) => Ok(Vec::new()),
            Err(kind) => Err(Error::usage(format!(
                "`{name}` is a switch: it takes `true` or `false`, not {}",
                a(kind)
            ))),
        };
    }
    if value.is_unit() {
        return Ok(Vec::new());
    }
    Ok(texts(name, value)?
        .into_iter()
        .map(|text| format!("--{long}={text}"))
        .collect())
}

/// A text, a number, or an array of them.
fn texts(what: &str, value: Dynamic) -> Result<Vec<String>> {
    if value.is_array() {
        let array = value.try_cast::<Array>().unwrap_or_default();
        return array.into_iter().map(|value| text(what, value)).collect();
    }
    text(what, value).map(|text| vec![text])
}

fn text(what: &str, value: Dynamic) -> Result<String> {
    if value.is_int() {
        return Ok(value.to_string());
    }
    value.into_string().map_err(|kind| {
        let what = if what == "an argument" { what.to_owned() } else { format!("`{what}`") };
        let error = Error::usage(format!("{what} must be a text, not {}", a(kind)));
        if kind == "()" { error.hint("a variable of the environment that is not set is `()`: check it with `env(\"NAME\") == ()`") } else { error }
    })
}

fn a(kind: &str) -> String {
    match kind {
        "()" => "nothing".to_owned(),
        "array" | "i64" => format!("an {}", kind.replace("i64", "integer")),
        other => format!("a {other}"),
    }
}
