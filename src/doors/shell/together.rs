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
        let mut left = None;
        let status =
            self.runner
                .run_together(|| match interpreter.run_prompt_line(text, before)? {
                    Said::Value(value) => Ok(value),
                    Said::Left(status) => {
                        left = Some(status);
                        Ok(Json::Null)
                    }
                })?;
        Ok(match left {
            // What could not be done weighs more than what was wished for.
            Some(wished) => Next::Leave(Some(if status == 0 { wished } else { status })),
            None => Next::Go(status),
        })
    }
}

impl Runner {
    /// Runs what has a value as one transaction, or as a part of the one that is open.
    fn run_together(&self, body: impl FnOnce() -> Result<Json>) -> Result<u8> {
        let (point, flags) = {
            let session = self.session.borrow();
            (session.point(), session.flags)
        };
        let mut value = Json::Null;
        let ended = self.run_all(|| {
            value = body()?;
            Ok(0)
        });
        let mut session = self.session.borrow_mut();
        let report = match ended {
            Ok(ran) if !ran.has_changed => Ok(None),
            Ok(_) if session.is_open() => {
                Ok(Some(Report::pending(session.changes_since(point.pending))))
            }
            Ok(_) => Report::of_commit(&mut session, flags).map(Some),
            Err(error) => Err(error),
        };
        let report = report.inspect_err(|_| session.go_back(&point))?;
        drop(session);
        let status = report.as_ref().map_or(0, |report| report.status(flags));
        // It was made before anything was written, so where that has failed it may say what is not so.
        let is_true = report.as_ref().is_none_or(Report::is_whole);
        let value = match (is_true, &report) {
            (false, _) => Json::Null,
            (true, Some(_)) => without_report(value),
            (true, None) => value,
        };
        if flags.json {
            let mut document = json!({});
            if !value.is_null() {
                document["value"] = value;
            }
            merge(
                &mut document,
                report.map(|report| report.json()).unwrap_or_default(),
            );
            if document != json!({}) {
                self.print_document(document)?;
            }
            return Ok(status);
        }
        let mut blocks = values::blocks(&value);
        blocks.extend(report.iter().flat_map(|report| report.blocks(flags)));
        self.print_blocks(&blocks)?;
        Ok(status)
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
