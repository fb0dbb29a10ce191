//! The file with the coverage that is written at exit: JSON, or Markdown for the summary of a CI job.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{fs, io};

use super::ready;
use crate::control::{CoverageBody, OperationCoverage};

/// The file, whose ending says what it holds.
#[derive(Debug, Clone)]
pub struct CoverageFile {
    path: PathBuf,
    format: Format,
}

#[derive(Debug, Clone, Copy)]
enum Format {
    Json,
    Markdown,
}

impl CoverageFile {
    pub fn new(path: PathBuf) -> Result<Self, String> {
        let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
        let format = match ending.to_str() {
            Some("json") => Format::Json,
            Some("md") => Format::Markdown,
            _ => return Err("its name has to end in .json or .md".to_owned()),
        };
        Ok(Self { path, format })
    }

    /// Empties the file, so that nobody takes that of an earlier run for the coverage of this one.
    pub fn begin(&self) -> Result<(), String> {
        self.store("")
    }

    pub fn write(&self, coverage: &CoverageBody) -> Result<(), String> {
        match self.format {
            Format::Markdown => self.store(&markdown(coverage)),
            Format::Json => {
                let json = serde_json::to_string_pretty(coverage);
                self.store(&(json.map_err(|error| error.to_string())? + "\n"))
            }
        }
    }

    fn store(&self, content: &str) -> Result<(), String> {
        // A file that is mounted on its own cannot be replaced, but written to.
        let in_place = |_: io::Error| fs::write(&self.path, content);
        let written = ready::write(&self.path, content).or_else(in_place);
        written.map_err(|error| {
            let path = self.path.display();
            format!("the coverage file {path} cannot be written: {error}")
        })
    }
}

/// Returns the coverage as a sentence, a table of operations by outcomes, and lists.
fn markdown(coverage: &CoverageBody) -> String {
    let mut text = String::from("## Uptrends API coverage\n\n");
    // Writing to a string cannot fail.
    let _ = describe(coverage, &mut text);
    text
}

fn describe(coverage: &CoverageBody, text: &mut String) -> std::fmt::Result {
    let CoverageBody {
        calls,
        emulated,
        operations,
        never_called,
        unknown,
        other_unknown,
        is_partial: _,
    } = coverage;
    writeln!(
        text,
        "{} of {} emulated operations were called, in {}.",
        emulated.called,
        emulated.operations,
        counted(*calls, "request")
    )?;
    let called: Vec<_> = operations.iter().filter(|one| one.calls > 0).collect();
    if !called.is_empty() {
        table(&called, text)?;
    }
    if !unknown.is_empty() {
        writeln!(text, "\n### Requests that no operation has\n")?;
        writeln!(text, "| Request | Times |\n|---|--:|")?;
        for request in unknown {
            let (method, path) = (&request.method, &request.path);
            writeln!(
                text,
                "| {} | {} |",
                code(&format!("{method} {path}")),
                request.calls
            )?;
        }
        if *other_unknown > 0 {
            writeln!(text, "| others | {other_unknown} |")?;
        }
    }
    if !never_called.is_empty() {
        let count = counted(never_called.len() as u64, "emulated operation");
        let verb = if never_called.len() == 1 {
            "was"
        } else {
            "were"
        };
        writeln!(
            text,
            "\n<details>\n<summary>{count} {verb} never called</summary>\n"
        )?;
        for one in operations
            .iter()
            .filter(|one| one.is_emulated && one.calls == 0)
        {
            writeln!(text, "* {}", described(one))?;
        }
        writeln!(text, "\n</details>")?;
    }
    Ok(())
}

/// One of the counts of an operation.
type Count = fn(&OperationCoverage) -> u64;

/// Writes a row for each operation, with a column for each status that came.
fn table(called: &[&OperationCoverage], text: &mut String) -> std::fmt::Result {
    let statuses: BTreeSet<_> = called.iter().flat_map(|one| one.statuses.keys()).collect();
    let any = |count: Count| called.iter().any(|one| count(one) > 0);
    // Columns that would be empty are left out.
    let counts: [(&str, Count); 3] = [
        ("no answer", |one| one.lost),
        ("struck before", |one| one.struck_before),
        ("struck after", |one| one.struck_after),
    ];
    let counts: Vec<_> = counts
        .into_iter()
        .filter(|(_, count)| any(*count))
        .collect();
    let has_fields = called.iter().any(|one| !one.fields.is_empty());

    let headings = statuses.iter().map(|status| status.as_str());
    let headings = headings.chain(counts.iter().map(|(heading, _)| *heading));
    let headings: Vec<_> = headings.collect();
    write!(text, "\n| Operation | {} |", headings.join(" | "))?;
    text.push_str(if has_fields {
        " Wrong fields |\n"
    } else {
        "\n"
    });
    write!(text, "|---|{}", "--:|".repeat(headings.len()))?;
    text.push_str(if has_fields { "---|\n" } else { "\n" });
    for one in called {
        write!(text, "| {} |", described(one))?;
        let of_status = statuses
            .iter()
            .map(|status| one.statuses.get(*status).copied());
        let others = counts.iter().map(|(_, count)| Some(count(one)));
        for count in of_status.chain(others) {
            match count {
                Some(count) if count > 0 => write!(text, " {count} |")?,
                _ => text.push_str(" |"),
            }
        }
        if has_fields {
            let fields = one.fields.iter().flat_map(|(status, fields)| {
                let fields = fields.iter();
                fields.map(move |(field, times)| format!("{} ({status}) {times}", code(field)))
            });
            let fields: Vec<_> = fields.collect();
            write!(text, " {} |", fields.join(", "))?;
        }
        text.push('\n');
    }
    Ok(())
}

fn described(operation: &OperationCoverage) -> String {
    let OperationCoverage {
        operation_id,
        method,
        path,
        is_emulated,
        ..
    } = operation;
    let note = if *is_emulated { "" } else { " (not emulated)" };
    format!("{operation_id} {}{note}", code(&format!("{method} {path}")))
}

fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// Returns a text as code that can stand in a table. What would end it is written as in a URL.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "%60").replace('|', "%7C"))
}
