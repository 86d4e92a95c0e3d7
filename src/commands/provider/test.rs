//! `provider test`

use clap::Args;
use serde::Serialize;
use serde_json::Value as Json;

use crate::cargo::providers::conformance::{self, Point};
use crate::cargo::registry::{Registry, Wanted};
use crate::commands::args::{RegistryRef, SpecWords};
use crate::commands::{Answer, Outcome, document};
use crate::error::{Error, Kind, Result};
use crate::render::{Block, Role, Span};
use crate::session::Session;

/// Test whether a provider does what Cargo expects, point by point
///
/// Asks it for a token as Cargo would, and shows everything about the answer but the token. Exits with 1 if a
/// point fails.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  provider test cargo:token\n  provider test -- cargo:token-from-stdout echo hello"
)]
pub struct Test {
    #[command(flatten)]
    spec: SpecWords,
    /// The registry to ask about [default: `registry.default`, else `crates-io`]
    #[arg(short, long, value_name = "REGISTRY")]
    registry: Option<RegistryRef>,
    /// Also store a made-up token for a made-up index, read it back, and remove it
    #[arg(long)]
    login: bool,
}

#[derive(Serialize)]
struct Verdict {
    provider: Vec<String>,
    points: Vec<Point>,
    passed: bool,
}

impl Test {
    /// Tests.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let words = self.spec.words()?;
        if session.flags.is_plan() {
            return Err(
                Error::usage("a plan starts no programs, and this command starts one").hint(
                    "leave `--dry-run` and `--check` away; nothing is changed without `--login`",
                ),
            );
        }
        let wanted = self
            .registry
            .as_ref()
            .map_or(Wanted::Default, |registry| registry.0.clone());
        let provider = session.provider_named(&words)?;
        let config = session.config()?;
        let registry = Registry::resolve(config, &wanted)?;
        let points = conformance::test(config, &provider, &registry, self.login)?;
        Outcome::answer(Verdict {
            provider: provider.command,
            passed: points.iter().all(|point| point.passed),
            points,
        })
    }
}

impl Answer for Verdict {
    fn json(&self) -> Json {
        document(self)
    }

    fn blocks(&self) -> Vec<Block> {
        let rows = self.points.iter().map(|point| {
            vec![
                Span::plain(point.point),
                if point.passed {
                    Span::new(Role::Good, "pass")
                } else {
                    Span::new(Role::Bad, "fail")
                },
                Span::plain(point.detail.clone()),
            ]
        });
        let mut blocks = vec![Block::Table {
            head: vec!["point", "", "seen"],
            rows: rows.collect(),
            elastic: 2,
        }];
        let failed = || self.points.iter().filter(|point| !point.passed);
        for point in failed() {
            blocks.push(Block::Line(Span::new(
                Role::Doubtful,
                format!("{}: {}", point.point, point.why),
            )));
        }
        let name = self.provider.join(" ");
        blocks.push(match failed().count() {
            0 => Block::Line(Span::new(Role::Good, format!("`{name}` passes"))),
            count => Block::Line(Span::new(
                Role::Bad,
                format!("`{name}` fails {count} of {} points", self.points.len()),
            )),
        });
        blocks
    }

    fn exit_status(&self) -> u8 {
        if self.passed {
            0
        } else {
            Kind::Failed.exit_status()
        }
    }
}
