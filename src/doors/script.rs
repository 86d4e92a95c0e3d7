//! Scripts: a Rhai engine reflected from the table of commands. Home of `rhai`.
//!
//! A call becomes the words that the shell would parse, so there is one grammar and one set of messages.
//! Invariant: every function is volatile, so none runs while a script is compiled or optimised.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rhai::{
    AST, Array, Dynamic, Engine, EvalAltResult, FuncRegistration, Map, Module, NativeCallContext,
    OptimizationLevel, ParseError, Position, Scope,
};
use serde_json::Value as Json;

use super::Runner;
use super::complete::Candidate;
use crate::commands::grammar::Parsed;
use crate::commands::help::all_commands;
use crate::disk::replace;
use crate::error::{Error, Kind, Place, Result};
use crate::render::visible;
use crate::token::masked;

mod blame;
pub mod library;
mod modules;
mod words;

use self::blame::Known;

/// What a script reads as `args`.
#[derive(Debug, Default)]
pub struct Arguments {
    /// From `-s NAME=VALUE`.
    pub set: Vec<(String, String)>,
    /// From the words after `--`.
    pub rest: Vec<String>,
}

/// An error that a script can catch and look into.
#[derive(Debug, Clone)]
struct Thrown(Error);

/// A Rhai engine with its variables. Those of the shell stay for the session.
pub struct Interpreter {
    runner: Runner,
    engine: Engine,
    scope: Scope<'static>,
    /// The functions that lines of the shell have defined.
    functions: AST,
    /// The words of each command, which is a function.
    commands: Vec<String>,
}

/// What a line of the shell comes to.
pub enum Said {
    /// A value.
    Value(Json),
    /// A wish to leave, with this exit status.
    Left(u8),
}

/// What a line of the shell is called where a script has its file.
pub const PROMPT: &str = "<prompt>";

/// The functions that are no commands.
pub const BUILT_IN: [(&str, &str); 4] = [
    ("env", "env(\"NAME\")"),
    ("fail", "fail(\"why\")"),
    ("exit", "exit()"),
    ("is_dry_run", "is_dry_run()"),
];

/// Rhai's limits, which are lower in debug builds; a script must not depend on how credsh was built.
const CALL_LEVELS: usize = 64;
const EXPRESSION_DEPTH: usize = 64;
const FUNCTION_EXPRESSION_DEPTH: usize = 32;

impl Interpreter {
    /// An engine that runs commands with this runner; `import` reaches only `folder`.
    pub fn new(runner: &Runner, folder: Option<&Path>) -> Self {
        let mut engine = Engine::new();
        engine.set_optimization_level(OptimizationLevel::Simple);
        engine.set_max_call_levels(CALL_LEVELS);
        engine.set_max_expr_depths(EXPRESSION_DEPTH, FUNCTION_EXPRESSION_DEPTH);
        engine.set_module_resolver(modules::FolderResolver::new(folder));
        register_commands(&mut engine, runner);
        register_builtins(&mut engine, runner);
        let mut scope = Scope::new();
        scope.push_constant("args", arguments(&runner.arguments));
        Self {
            runner: runner.clone(),
            engine,
            scope,
            functions: AST::empty(),
            commands: all_commands(runner.grammar.borrow().tree())
                .into_iter()
                .map(|(words, _)| words)
                .collect(),
        }
    }

    /// What could have been meant by a call that means nothing.
    fn known(&self, ast: &AST) -> Vec<Known> {
        let commands = self.commands.iter().map(|words| Known {
            name: words.replace(' ', "::"),
            usage: format!("`help {words}` shows what it takes"),
        });
        let built_in = BUILT_IN.iter().map(|(name, call)| Known {
            name: (*name).to_owned(),
            usage: format!("it is called as `{call}`"),
        });
        let own = ast.iter_functions().map(|function| Known {
            name: function.name.to_owned(),
            usage: format!("it is `{function}`"),
        });
        let rhais = library::functions().iter().map(|function| Known {
            name: function.name.clone(),
            usage: format!("it is called as `{}`", function.usage()),
        });
        commands.chain(built_in).chain(own).chain(rhais).collect()
    }

    /// The command, variable or function that a name may have been meant for.
    fn nearest(&self, name: &str) -> Option<String> {
        let own = self.names();
        let own = own.iter().map(|known| known.text.trim_end_matches('('));
        let commands = self.commands.iter().map(String::as_str);
        let known: Vec<&str> = own.chain(commands).collect();
        crate::error::nearest(name, &known).map(ToOwned::to_owned)
    }

    /// Runs a script from a file.
    pub fn run_file(&mut self, file: &Path) -> Result<u8> {
        let text = replace::read(file)?.ok_or_else(|| {
            Error::failed("there is no such script")
                .at(Place::file(file))
                .hint("a script is a file; a line is run with `-c`")
        })?;
        self.run_text(&text, file)
    }

    /// Runs a script, and answers the exit status that it wants: what `exit(STATUS)` said, else what its calls come to.
    pub fn run_text(&mut self, text: &str, name: &Path) -> Result<u8> {
        let script = blank_shebang(text);
        let compiled = self.engine.compile_with_scope(&self.scope, &script);
        let mut ast = compiled.map_err(|error| syntax_error(&error, text, name))?;
        ast.set_source(name.display().to_string());
        self.functions = self.functions.merge(&ast.clone_functions_only());
        let before = self.runner.waiting.borrow().len();
        match self
            .engine
            .eval_ast_with_scope::<Dynamic>(&mut self.scope, &ast)
        {
            Ok(_) => Ok(self.runner.status_of_calls(before)),
            Err(error) => {
                left_with(&error).ok_or_else(|| blame::blame(&error, text, name, &self.known(&ast)))
            }
        }
    }

    /// Runs a line of the shell, which was entered behind so many others: variables and functions stay.
    pub fn run_prompt_line(&mut self, line: &str, before: usize) -> Result<Said> {
        let line = format!("{}{line}", "\n".repeat(before));
        let line = line.as_str();
        let name = Path::new(PROMPT);
        let compiled = self.engine.compile_with_scope(&self.scope, line);
        let ast = compiled.map_err(|error| syntax_error(&error, line, name))?;
        let ast = self.functions.merge(&ast);
        self.functions = ast.clone_functions_only();
        let error = match self
            .engine
            .eval_ast_with_scope::<Dynamic>(&mut self.scope, &ast)
        {
            Ok(value) => return Ok(Said::Value(to_json(&value))),
            Err(error) => error,
        };
        match left_with(&error) {
            Some(status) => Ok(Said::Left(status)),
            None => Err(match error.unwrap_inner() {
                // It may be a token, so it is not repeated.
                EvalAltResult::ErrorVariableNotFound(variable, _)
                    if self.scope.contains(variable) =>
                {
                    Error::failed("a function does not see the variables outside of it")
                        .hint("give it what it needs as an argument")
                }
                EvalAltResult::ErrorVariableNotFound(variable, _) => {
                    let error = Error::usage("there is no such command, variable or function");
                    let behind = line.trim_start().strip_prefix(variable.as_str());
                    let behind = behind.unwrap_or_default().trim_start();
                    error.hint(match self.nearest(variable) {
                        _ if behind.starts_with('=') && !behind.starts_with("==") => {
                            "a variable is made by `let`: `let x = 1`".to_owned()
                        }
                        Some(known) => format!("did you mean `{known}`?"),
                        None => "`help` lists the commands".to_owned(),
                    })
                }
                _ => blame::blame(&error, line, name, &self.known(&ast)),
            }),
        }
    }

    /// The variables and functions that lines of the shell have made.
    pub fn names(&self) -> Vec<Candidate> {
        let variables = self
            .scope
            .iter()
            .map(|(name, _, value)| Candidate::new(name, value.type_name()));
        let functions = self.functions.iter_functions();
        variables
            .chain(functions.map(|function| {
                Candidate::new(format!("{}(", function.name), function.to_string())
            }))
            .collect()
    }

    /// What the variables that are maps have in them, by the variable's name; and by `name[]`, what the maps of a list
    /// have in them.
    pub fn members(&self) -> BTreeMap<String, Vec<Candidate>> {
        // Others cannot stand behind a dot.
        let is_name = |key: &str| key.chars().all(|c| c.is_alphanumeric() || c == '_');
        let members = |map: &Map| -> Vec<Candidate> {
            map.iter()
                .filter(|(key, _)| is_name(key))
                .map(|(key, value)| Candidate::new(key.as_str(), value.type_name()))
                .collect()
        };
        let of_value = |(name, _, value): (&str, bool, &Dynamic)| {
            if let Some(map) = value.read_lock::<Map>() {
                return Some((name.to_owned(), members(&map)));
            }
            // The first stands for all: they come from one place.
            let list = value.read_lock::<Array>()?;
            let first = list.first()?.read_lock::<Map>()?;
            Some((format!("{name}[]"), members(&first)))
        };
        self.scope
            .iter()
            .filter_map(|(name, is_constant, value)| of_value((name, is_constant, &value)))
            .collect()
    }
}

/// The status of `exit()`, which stops and keeps what was done, wherever it is called; Ctrl-C does not.
fn left_with(error: &EvalAltResult) -> Option<u8> {
    match error.unwrap_inner() {
        EvalAltResult::ErrorTerminated(token, _) => u8::try_from(token.as_int().ok()?).ok(),
        _ => None,
    }
}

fn syntax_error(error: &ParseError, text: &str, name: &Path) -> Error {
    blame::at(
        Error::usage(format!(
            "this is not a script: {}",
            blame::words_of_parser(error)
        )),
        error.position(),
        text,
        name,
    )
}

/// `#!/usr/bin/env -S credsh -f` is for the kernel; the line stays, so that the others keep their numbers.
fn blank_shebang(text: &str) -> Cow<'_, str> {
    if text.starts_with("#!") {
        format!("//{text}").into()
    } else {
        text.into()
    }
}

fn arguments(arguments: &Arguments) -> Map {
    let mut map: Map = arguments
        .set
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let rest: Array = arguments.rest.iter().map(Into::into).collect();
    map.insert("rest".into(), rest.into());
    map
}

/// One function for each command, under the words of its path.
fn register_commands(engine: &mut Engine, runner: &Runner) {
    let tree = runner.grammar.borrow().tree().clone();
    let mut global = Module::new();
    for command in tree.get_subcommands() {
        if command.has_subcommands() {
            let mut module = Module::new();
            for child in command.get_subcommands() {
                register(
                    &mut module,
                    runner,
                    vec![command.get_name().to_owned(), child.get_name().to_owned()],
                );
            }
            engine.register_static_module(command.get_name(), module.into());
        } else {
            register(&mut global, runner, vec![command.get_name().to_owned()]);
        }
    }
    engine.register_global_module(global.into());
}

/// Registers a function for every number of arguments that can be meant; the grammar judges them.
fn register(module: &mut Module, runner: &Runner, path: Vec<String>) {
    let name = path.last().cloned().unwrap_or_default();
    let call = Rc::new({
        let runner = runner.clone();
        move |context: &NativeCallContext<'_>, arguments: Vec<Dynamic>| {
            call(&runner, &path, arguments, context.call_position())
        }
    });
    macro_rules! arity {
        ($($argument:ident)*) => {{
            let call = Rc::clone(&call);
            FuncRegistration::new(name.as_str()).with_volatility(true).set_into_module(
                module,
                move |context: NativeCallContext<'_>, $($argument: Dynamic),*| call(&context, vec![$($argument),*]),
            );
        }};
    }
    arity!();
    arity!(a);
    arity!(a b);
    arity!(a b c);
    arity!(a b c d);
    arity!(a b c d e);
    arity!(a b c d e f);
    arity!(a b c d e f g);
    arity!(a b c d e f g h);
}

fn call(
    runner: &Runner,
    path: &[String],
    arguments: Vec<Dynamic>,
    position: Position,
) -> Result<Dynamic, Box<EvalAltResult>> {
    perform(runner, path, arguments).map_err(|error| thrown(error, position))
}

fn perform(runner: &Runner, path: &[String], arguments: Vec<Dynamic>) -> Result<Dynamic> {
    let words = {
        let grammar = runner.grammar.borrow();
        words::of_call(grammar.tree(), path, arguments)?
    };
    let parsed = runner.grammar.borrow_mut().parse(&words)?;
    let document = match parsed {
        Parsed::Text(text) => Json::String(text),
        Parsed::Words(line) => runner.call(&line.command, line.flags)?,
    };
    // A list is what it lists.
    let value = match document {
        Json::Object(mut map) if path.last().is_some_and(|last| last == "list") => {
            let first = map.keys().next().cloned().unwrap_or_default();
            map.remove(&first).unwrap_or_default()
        }
        other => other,
    };
    rhai::serde::to_dynamic(value)
        .map_err(|error| Error::failed("an answer cannot be read by a script").because(error))
}

/// As Rhai lets one be caught: `ErrorSystem` could not be.
#[expect(clippy::unnecessary_box_returns, reason = "the form that Rhai wants")]
fn thrown(error: Error, position: Position) -> Box<EvalAltResult> {
    EvalAltResult::ErrorRuntime(Dynamic::from(Thrown(error)), position).into()
}

/// Ends the script with this exit status, if it is one.
#[expect(clippy::unnecessary_box_returns, reason = "the form that Rhai wants")]
fn leave(status: Dynamic, position: Position) -> Box<EvalAltResult> {
    let is_status = status
        .as_int()
        .is_ok_and(|status| u8::try_from(status).is_ok());
    if is_status {
        return EvalAltResult::ErrorTerminated(status, position).into();
    }
    let error = Error::usage("`exit` takes a status from 0 to 255");
    thrown(
        error.hint("`exit()` is `exit(0)`; to undo what was done, use `fail(\"why\")`"),
        position,
    )
}

fn register_builtins(engine: &mut Engine, runner: &Runner) {
    engine
        .register_type_with_name::<Thrown>("Error")
        .register_get("kind", |thrown: &mut Thrown| kind_word(thrown.0.kind()))
        .register_get("message", |thrown: &mut Thrown| {
            thrown.0.message().to_owned()
        })
        .register_get("hint", |thrown: &mut Thrown| {
            thrown.0.next_step().map_or(Dynamic::UNIT, Into::into)
        })
        .register_fn("to_string", |thrown: &mut Thrown| {
            thrown.0.message().to_owned()
        });

    let mut module = Module::new();
    let volatile = |name: &str| FuncRegistration::new(name).with_volatility(true);
    let environment = runner.clone();
    volatile("env").set_into_module(&mut module, move |name: &str| {
        environment
            .session
            .borrow()
            .world
            .env
            .get(name)
            .map_or(Dynamic::UNIT, Into::into)
    });
    let planner = runner.clone();
    volatile("is_dry_run").set_into_module(&mut module, move || {
        planner.session.borrow().flags.is_plan()
    });
    volatile("fail").set_into_module(
        &mut module,
        |context: NativeCallContext<'_>, message: &str| -> Result<(), Box<EvalAltResult>> {
            Err(thrown(
                Error::failed(masked(message)),
                context.call_position(),
            ))
        },
    );
    volatile("exit").set_into_module(
        &mut module,
        |context: NativeCallContext<'_>| -> Result<(), Box<EvalAltResult>> {
            Err(leave(Dynamic::from(0_i64), context.call_position()))
        },
    );
    volatile("exit").set_into_module(
        &mut module,
        |context: NativeCallContext<'_>, status: Dynamic| -> Result<(), Box<EvalAltResult>> {
            Err(leave(status, context.call_position()))
        },
    );
    engine.register_global_module(module.into());

    let interrupts = runner.session.borrow().world.interrupts.clone();
    engine.on_progress(move |_| {
        interrupts
            .is_pressed()
            .then(|| Dynamic::from(Error::interrupted()))
    });

    let printer = runner.clone();
    engine.on_print(move |text| {
        let (is_json, terminal) = {
            let session = printer.session.borrow();
            (session.flags.json, session.world.terminal)
        };
        if is_json {
            let text = printed(text, terminal.stderr);
            printer.session.borrow_mut().say(&format!("{text}\n"));
        } else {
            // An error of standard output ends the run where its own answer is printed.
            let _ = printer.print(&printed(text, terminal.stdout));
        }
    });
    let debugger = runner.clone();
    engine.on_debug(move |text, _, position| {
        let mut session = debugger.session.borrow_mut();
        let text = printed(text, session.world.terminal.stderr);
        session.say(&format!("{position}: {text}\n"));
    });
}

/// What a script prints may be what a stranger has written into a configuration, and a terminal does what it says.
fn printed(text: &str, is_terminal: bool) -> Cow<'_, str> {
    if is_terminal {
        visible(text)
    } else {
        text.into()
    }
}

fn kind_word(kind: Kind) -> String {
    serde_json::to_value(kind)
        .ok()
        .and_then(|word| word.as_str().map(ToOwned::to_owned))
        .unwrap_or_default()
}

fn to_json(value: &Dynamic) -> Json {
    rhai::serde::from_dynamic(value).unwrap_or_else(|_| Json::String(value.to_string()))
}

/// The folder that a script's imports are looked for in.
pub fn folder_of(file: &Path) -> Option<PathBuf> {
    file.parent().map(Path::to_path_buf)
}
