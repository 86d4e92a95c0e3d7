//! `completions`, written from the table. Home of `clap_complete`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use serde::Serialize;
use serde_json::Value as Json;

use super::grammar::Cli;
use super::{Answer, Outcome, document};
use crate::error::Result;
use crate::render::Block;
use crate::session::Session;

/// Print the completions of `credsh` for your shell
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  completions bash\n  completions fish")]
pub struct Completions {
    /// Which shell
    shell: Shell,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

impl Completions {
    /// Prints.
    pub fn run(&self, _session: &mut Session) -> Result<Outcome> {
        let mut bytes = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "credsh", &mut bytes);
        let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        Outcome::answer(Text { text })
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
