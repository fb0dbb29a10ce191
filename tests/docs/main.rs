//! Tests of what people read: each example of the README and of `docs` is run, links lead somewhere, and lines are short.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[cfg(unix)]
mod examples;
mod in_rust;
mod markdown;
#[cfg(unix)]
mod shell;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use markdown::Page;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the pages in a folder of the repository; there may be none.
fn pages_in(folder: &str) -> Vec<Page> {
    let Ok(entries) = fs::read_dir(root().join(folder)) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name());
    let mut paths: Vec<_> = names.map(|name| Path::new(folder).join(name)).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    let read = |path| Page::read(root(), path);
    paths.into_iter().map(read).collect()
}

/// Returns the pages that tell how to use the program.
fn guide() -> Vec<Page> {
    let mut pages = pages_in("docs");
    pages.insert(0, Page::read(root(), PathBuf::from("README.md")));
    pages
}

/// Fails with all problems of all pages.
#[track_caller]
fn expect_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// Returns a path without its `..`, or `None` if it leaves the repository.
fn resolve(path: &Path) -> Option<PathBuf> {
    let mut resolved = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                if !resolved.pop() {
                    return None;
                }
            }
            component => resolved.push(component),
        }
    }
    Some(resolved)
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut folders = vec![String::new(), "docs".to_owned()];
    for parent in ["kits", "examples"] {
        let entries = fs::read_dir(root().join(parent)).into_iter().flatten();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        folders.extend(names.map(|name| format!("{parent}/{name}")));
    }
    let pages: Vec<_> = folders.iter().flat_map(|folder| pages_in(folder)).collect();
    let mut problems = Vec::new();
    for page in &pages {
        for (line, target) in &page.links {
            if target.contains("://") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let path = match file {
                "" => Some(page.path.clone()),
                file => resolve(&page.path.parent().unwrap().join(file)),
            };
            let is_there = path.is_some_and(|path| {
                let has_heading = || {
                    let page = pages.iter().find(|page| page.path == path);
                    page.is_some_and(|page| page.anchors.iter().any(|anchor| anchor == heading))
                };
                root().join(&path).exists() && (heading.is_empty() || has_heading())
            });
            if !is_there {
                problems.push(format!("{}:{line}: nothing is at {target}", page.name()));
            }
        }
    }
    expect_none(&problems);

    let readme = &guide()[0];
    for page in pages_in("docs") {
        let is_linked = |(_, target): &(usize, String)| target.starts_with(&page.name());
        assert!(readme.links.iter().any(is_linked), "{}", page.name());
    }
}

#[test]
fn pages_have_short_lines_and_the_readme_few() {
    let pages = guide();
    let count = pages[0].lines.len();
    assert!(count < 350, "README.md has {count} lines");
    let mut problems = Vec::new();
    for page in pages {
        for (at, line) in page.lines.iter().enumerate() {
            let length = line.chars().count();
            if length > 120 {
                let name = page.name();
                problems.push(format!("{name}:{}: {length} characters", at + 1));
            }
        }
    }
    expect_none(&problems);
}

/// Returns the flags that a text names.
fn flags(text: &str) -> BTreeSet<&str> {
    let words = text.split(|character: char| !(character.is_alphanumeric() || character == '-'));
    words
        .filter(|word| word.strip_prefix("--").is_some_and(|name| !name.is_empty()))
        .collect()
}

#[test]
fn the_readme_lists_every_flag_of_the_program() {
    let mut help = Command::new(env!("CARGO_BIN_EXE_uptrends-emulator"));
    let output = help.arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let lines = help.lines().map(str::trim_start);
    let mut expected: BTreeSet<_> = lines
        .filter(|line| line.starts_with("--"))
        .filter_map(|line| flags(line).into_iter().next())
        .collect();
    expected.retain(|flag| !["--help", "--version"].contains(flag));
    assert!(expected.contains("--listen"), "{help}");
    let readme = &guide()[0];
    let rows = readme.lines.iter().filter(|line| line.starts_with("| `--"));
    let listed: BTreeSet<_> = rows
        .flat_map(|row| flags(row.split(" | ").next().unwrap()))
        .collect();
    assert_eq!(listed, expected);
}

/// What may be left out of this test: what cannot be had in it, and what a script of CI runs.
fn is_valid_exemption(reason: &str) -> bool {
    let script = reason.strip_suffix(" runs it");
    script.map_or(
        ["needs a release", "needs Docker", "needs the provider"].contains(&reason),
        |script| script.starts_with(".ci/") && root().join(script).is_file(),
    )
}

#[test]
fn no_code_is_left_out_without_a_reason() {
    let mut problems = Vec::new();
    for page in guide() {
        let name = page.name();
        for line in &page.indented {
            problems.push(format!(
                "{name}:{line}: code needs a fence, so that it is run"
            ));
        }
        for block in &page.blocks {
            if let Some(reason) = &block.exemption
                && !is_valid_exemption(reason)
            {
                problems.push(format!("{name}:{}: '{reason}' is no reason", block.line));
            }
        }
    }
    expect_none(&problems);
}
