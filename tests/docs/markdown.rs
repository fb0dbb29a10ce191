//! What the tests need to know of a page in Markdown: its blocks of code, its headings and its links.

use std::fs;
use std::path::{Path, PathBuf};

/// A page, without the parts that no test looks at.
pub struct Page {
    /// The path from the root of the repository.
    pub path: PathBuf,
    pub lines: Vec<String>,
    pub blocks: Vec<Block>,
    /// The anchors of the headings.
    pub anchors: Vec<String>,
    /// The targets of links, each with its line.
    pub links: Vec<(usize, String)>,
    /// The lines that begin with four blanks and may be code, which no test would run.
    pub indented: Vec<usize>,
}

/// A fenced block.
pub struct Block {
    /// The line of its opening fence.
    pub line: usize,
    pub language: String,
    pub text: String,
    /// Why it is not run: the text of `<!-- not run: … -->` before it.
    pub exemption: Option<String>,
}

impl Page {
    pub fn read(root: &Path, path: PathBuf) -> Self {
        let text = fs::read_to_string(root.join(&path)).unwrap();
        let mut page = Self {
            path,
            lines: text.lines().map(str::to_owned).collect(),
            blocks: Vec::new(),
            anchors: Vec::new(),
            links: Vec::new(),
            indented: Vec::new(),
        };
        let mut exemption = None;
        let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
        while let Some((number, line)) = lines.next() {
            if let Some(language) = line.strip_prefix("```") {
                let code: Vec<_> = lines
                    .by_ref()
                    .map(|(_, line)| line)
                    .take_while(|line| *line != "```")
                    .collect();
                page.blocks.push(Block {
                    line: number,
                    language: language.to_owned(),
                    text: code.join("\n") + "\n",
                    exemption: exemption.take(),
                });
                continue;
            }
            exemption = line
                .strip_prefix("<!-- not run: ")
                .and_then(|rest| rest.strip_suffix(" -->"))
                .map(str::to_owned);
            if line.starts_with("    ") {
                page.indented.push(number);
            }
            let heading = line.trim_start_matches('#');
            if heading.len() < line.len() && heading.starts_with(' ') {
                let anchor = anchor(heading.trim());
                let same = |other: &&String| {
                    let rest = other.strip_prefix(&anchor);
                    rest.is_some_and(|rest| rest.is_empty() || is_number_after_dash(rest))
                };
                page.anchors
                    .push(match page.anchors.iter().filter(same).count() {
                        0 => anchor,
                        before => format!("{anchor}-{before}"),
                    });
            }
            let targets = targets(line).into_iter().map(|target| (number, target));
            page.links.extend(targets);
        }
        page
    }

    pub fn name(&self) -> String {
        self.path.to_string_lossy().replace('\\', "/")
    }
}

/// Returns the anchor that GitHub gives to a heading.
fn anchor(heading: &str) -> String {
    let kept = |character: &char| character.is_alphanumeric() || " -_".contains(*character);
    let text = heading.chars().filter(kept).collect::<String>();
    text.to_lowercase().replace(' ', "-")
}

fn is_number_after_dash(text: &str) -> bool {
    let number = text.strip_prefix('-');
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

/// Returns the targets of the links of a line. Code in it is no link.
fn targets(line: &str) -> Vec<String> {
    let prose: String = line.split('`').step_by(2).collect();
    let links = prose.split("](").skip(1);
    links
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.to_owned())
        .collect()
}
