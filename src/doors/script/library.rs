//! What Rhai itself can do: its functions, what they belong to and what they take.
//!
//! Rhai tells, but only if it is built so, and then each start of credsh pays for it. So a test asks and keeps the list,
//! which is read once, by whoever needs it first.

use std::sync::OnceLock;

/// What Rhai says of them, a line each.
const SIGNATURES: &str = include_str!("library.txt");

/// A function of Rhai's. It can have several forms; this is the shortest for what it belongs to.
#[derive(Debug)]
pub struct Function {
    /// What stands before the bracket.
    pub name: String,
    /// The type of its first argument, in which a method is found; as `type_of` says it.
    pub of: Option<String>,
    form: Form,
    /// Its arguments, as they are written.
    arguments: Vec<String>,
    /// The type of what it answers, where that is one for all.
    pub gives: Option<String>,
}

/// Where it is meant to stand.
#[derive(Debug, PartialEq, Eq)]
enum Form {
    Alone,
    /// It changes what stands before the dot.
    BehindDot,
    Either,
}

impl Function {
    /// Whether it is meant to stand alone.
    pub fn is_function(&self) -> bool {
        self.form != Form::BehindDot
    }

    /// Whether it is meant to stand behind a dot.
    pub fn is_method(&self) -> bool {
        self.form != Form::Alone
    }

    /// How it is called.
    pub fn usage(&self) -> String {
        if self.is_function() {
            self.call()
        } else {
            self.method()
        }
    }

    /// How it is called as a function.
    pub fn call(&self) -> String {
        self.with("", &self.arguments)
    }

    /// How it is called behind a dot.
    pub fn method(&self) -> String {
        let before = format!("{}.", self.of.as_deref().unwrap_or("x"));
        self.with(&before, self.arguments.get(1..).unwrap_or_default())
    }

    fn with(&self, before: &str, arguments: &[String]) -> String {
        let gives = self.gives.as_ref().map(|gives| format!(" -> {gives}"));
        let arguments = arguments.join(", ");
        format!(
            "{before}{}({arguments}){}",
            self.name,
            gives.unwrap_or_default()
        )
    }
}

/// The types that a value of a script can have, as `type_of` says them, the usual ones first.
const TYPES: [&str; 11] = [
    "i64",
    "string",
    "array",
    "map",
    "f64",
    "bool",
    "char",
    "Fn",
    "timestamp",
    "range",
    "blob",
];

/// All of them, by name; those of one name for anything first, then by type.
pub fn functions() -> &'static [Function] {
    static FUNCTIONS: OnceLock<Vec<Function>> = OnceLock::new();
    FUNCTIONS.get_or_init(|| {
        let mut all: Vec<Function> = SIGNATURES.lines().filter_map(of_signature).collect();
        all.sort_by_cached_key(|function| {
            let place = TYPES
                .iter()
                .position(|name| function.of.as_deref() == Some(name));
            // What is called without anything says the least.
            let length = match function.arguments.len() {
                0 => usize::MAX,
                length => length,
            };
            (function.name.clone(), place, length, function.call())
        });
        all.dedup_by(|next, first| next.name == first.name && next.of == first.of);
        all
    })
}

/// `filter(array: &mut array, filter: Fn) -> Result<Array, Box<EvalAltResult>>`. Operators, properties, and what is
/// for numbers that no script has, are none.
fn of_signature(signature: &str) -> Option<Function> {
    let (name, rest) = signature.split_once('(')?;
    let (arguments, gives) = match rest.rsplit_once(") -> ") {
        Some(both) => both,
        None => (rest.strip_suffix(')')?, ""),
    };
    if !name.chars().all(|c| c.is_alphanumeric() || c == '_') || name.is_empty() {
        return None;
    }
    let mut function = Function {
        name: name.to_owned(),
        of: None,
        form: Form::Alone,
        arguments: Vec::new(),
        gives: gives_of(gives),
    };
    for (index, argument) in arguments
        .split(", ")
        .filter(|text| !text.is_empty())
        .enumerate()
    {
        let (name, of) = argument.split_once(": ")?;
        let (of, is_changed) = of
            .strip_prefix("&mut ")
            .map_or((of, false), |of| (of, true));
        let of = of.trim_end_matches('=');
        let known = TYPES.contains(&of).then(|| of.to_owned());
        if known.is_none() && of != "Dynamic" && of != "()" {
            return None;
        }
        let name = name.trim_start_matches("mut ");
        function.arguments.push(match &known {
            Some(of) if name != of => format!("{name}: {of}"),
            _ => name.to_owned(),
        });
        if index == 0 {
            function.form = match known.as_deref() {
                None => Form::Alone,
                Some(_) if is_changed => Form::BehindDot,
                // So is every text handed over; one that is meant before a dot is called so.
                Some("string") if name != "string" => Form::Alone,
                Some(_) => Form::Either,
            };
            function.of = known;
        }
    }
    Some(function)
}

/// The type of an answer, without what it is when it fails.
fn gives_of(text: &str) -> Option<String> {
    let text = text
        .strip_prefix("Result<")
        .and_then(|text| text.split_once(", Box<"))
        .map_or(text, |(text, _)| text);
    let plain = match text {
        "ImmutableString" | "String" => "string",
        "Array" => "array",
        "Map" => "map",
        "Blob" => "blob",
        "Instant" => "timestamp",
        other => other,
    };
    TYPES.contains(&plain).then(|| plain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{functions, of_signature};

    #[test]
    fn the_list_is_what_rhai_says() {
        let mut signatures = rhai::Engine::new().gen_fn_signatures(true);
        signatures.retain(|signature| of_signature(signature).is_some());
        signatures.sort();
        signatures.dedup();
        let text = signatures.join("\n") + "\n";
        expect_test::expect_file!["library.txt"].assert_eq(&text);
    }

    #[test]
    fn rhai_says_how_its_functions_are_called() {
        let usage = |name: &str, of: &str| {
            let mut all = functions().iter();
            let found = all.find(|found| found.name == name && found.of.as_deref() == Some(of));
            found.map(super::Function::method)
        };
        for (name, of, expected) in [
            ("filter", "array", "array.filter(filter: Fn) -> array"),
            ("keys", "map", "map.keys() -> array"),
            ("len", "string", "string.len() -> i64"),
            ("split", "string", "string.split() -> array"),
        ] {
            assert_eq!(usage(name, of).as_deref(), Some(expected));
        }
        let call = |name: &str| functions().iter().find(|found| found.name == name);
        let parse = call("parse_int").unwrap();
        assert_eq!(parse.call(), "parse_int(string) -> i64");
        assert!(parse.is_function() && parse.is_method());
        let json = call("parse_json").unwrap();
        assert!(json.is_function() && !json.is_method());
        assert!(functions().len() > 100);
        assert!(
            functions()
                .iter()
                .all(|found| found.name.chars().next().unwrap().is_alphabetic())
        );
    }
}
