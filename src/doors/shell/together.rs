//! A line of Rhai, which is to a person what a command is: all of its changes are written at its end and told, or none.
//!
//! Invariant: what a line that fails has changed is undone, be it within a transaction of the person's or not.

use serde_json::{Value as Json, json};

use super::{Next, Shell, values};
use crate::doors::report::Report;
use crate::doors::script::Said;
use crate::doors::{Runner, merge};
use crate::error::Result;

impl Shell<'_> {
    /// Runs one that was entered behind so many other lines, and shows its value.
    pub(super) fn run_rhai(&mut self, text: &str, before: usize) -> Result<Next> {
        let interpreter = &mut self.interpreter;
        let mut leaves = false;
        let runner = self.runner;
        let status =
            runner.run_together(|| match interpreter.run_prompt_line(text, before)? {
                Said::Value(value) => Ok((value, runner.status_of_calls(0))),
                Said::Left(status) => {
                    leaves = true;
                    Ok((Json::Null, status))
                }
            })?;
        Ok(if leaves {
            Next::Leave(Some(status))
        } else {
            Next::Go(status)
        })
    }
}

impl Runner {
    /// Runs what has a value and an exit status as one transaction, or as a part of the one that is open.
    fn run_together(&self, body: impl FnOnce() -> Result<(Json, u8)>) -> Result<u8> {
        let (point, flags) = {
            let session = self.session.borrow();
            (session.point(), session.flags)
        };
        let mut value = Json::Null;
        let ended = self.run_all(|| {
            let (made, status) = body()?;
            value = made;
            Ok(status)
        });
        let mut session = self.session.borrow_mut();
        let ended = ended.and_then(|ran| {
            let report = if !ran.has_changed {
                None
            } else if session.is_open() {
                Some(Report::pending(session.changes_since(point.pending)))
            } else {
                Some(Report::of_commit(&mut session, flags)?)
            };
            Ok((ran, report))
        });
        let (ran, report) = ended.inspect_err(|_| session.go_back(&point))?;
        drop(session);
        self.warn_of(&ran.failures(true));
        // What could not be done weighs more than what was wished for.
        let status = match report.as_ref().map_or(0, |report| report.status(flags)) {
            0 => ran.status(),
            status => status,
        };
        // It was made before anything was written, so where that has failed it may say what is not so.
        let is_true = report.as_ref().is_none_or(Report::is_whole);
        let value = match (is_true, &report) {
            (false, _) => Json::Null,
            (true, Some(_)) => without_report(value),
            (true, None) => value,
        };
        let told = if flags.json {
            self.print_value(value, report.as_ref())
        } else {
            let mut blocks = values::blocks(&value);
            blocks.extend(report.iter().flat_map(|report| report.blocks(flags)));
            self.print_blocks(&blocks)
        };
        told.map_err(|error| Report::untold(report.as_ref(), error))?;
        Ok(status)
    }

    /// As a document; where there is nothing to say, none.
    fn print_value(&self, value: Json, report: Option<&Report>) -> Result<()> {
        let mut document = json!({});
        if !value.is_null() {
            document["value"] = value;
        }
        merge(&mut document, report.map(Report::json).unwrap_or_default());
        if document == json!({}) {
            return Ok(());
        }
        self.print_document(document)
    }
}

/// What a command answers but its changes, which are told once all of them are written.
fn without_report(mut value: Json) -> Json {
    if let Json::Object(map) = &mut value
        && map.remove("changes").is_some()
    {
        map.remove("committed");
        if map.is_empty() {
            return Json::Null;
        }
    }
    value
}
