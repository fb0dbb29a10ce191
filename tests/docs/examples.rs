//! Runs every block of code of the README and of `docs`, each page from its top to its bottom, as its reader would.
//!
//! | Block | Is run |
//! |---|---|
//! | `sh` | by a shell, against a server of the page; a server that it starts has to get ready |
//! | `console` | likewise, command by command (`$ …`); the output has to be as shown, where `…` is anything |
//! | `yaml`, `json` | as a seed, by `validate -`; it is then the file `accounts.yaml` |
//! | `rust` | as the module `in_rust` of this test |
//! | `python`, `typescript` | by pytest and Vitest, against a server of the page |

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{env, thread};

use super::markdown::{Block, Page};
use super::shell::{Folder, Server, run};
use super::{expect_none, guide};

/// What cannot be run without a tool that is missing is passed over, unless this variable is set, as `.ci/docs-check` does.
const ALL_TOOLS: &str = "ALL_TOOLS";

#[test]
fn every_example_works() {
    let problems: Vec<_> = thread::scope(|scope| {
        let pages: Vec<_> = guide();
        let runs: Vec<_> = pages
            .into_iter()
            .map(|page| scope.spawn(move || run_page(&page)))
            .collect();
        runs.into_iter()
            .flat_map(|run| run.join().unwrap())
            .collect()
    });
    expect_none(&problems);
}

/// Runs the blocks of a page, and returns what went wrong.
fn run_page(page: &Page) -> Vec<String> {
    let folder = Folder::new();
    let server = Server::start(&folder, "uptrends-emulator").unwrap();
    let mut problems = Vec::new();
    for block in page.blocks.iter().filter(|block| block.exemption.is_none()) {
        if let Err(problem) = run_block(block, &folder, &server) {
            problems.push(format!("{}:{}: {problem}", page.name(), block.line));
        }
    }
    problems
}

fn run_block(block: &Block, folder: &Folder, server: &Server) -> Result<(), String> {
    let text = block.text.as_str();
    let address = &server.address;
    match block.language.as_str() {
        "sh" | "console" if text.contains("curl") && !has_tool("curl") => Ok(()),
        "sh" if text.lines().last().is_some_and(is_server) => Server::start(folder, text).map(drop),
        "sh" => succeed(folder.script(text, address, "strict"), address),
        "console" => run_console(text, folder, server),
        "yaml" | "json" => {
            let path = folder.work().join("accounts.yaml");
            fs::write(&path, text).unwrap();
            let mut validate = folder.command("uptrends-emulator", address, "strict");
            validate
                .args(["validate", "-"])
                .stdin(File::open(path).unwrap());
            succeed(validate, address)
        }
        "rust" if text == include_str!("in_rust.rs") => Ok(()),
        "rust" => Err("tests/docs/in_rust.rs, which is run, differs from it".to_owned()),
        "python" if has_modules(&["pytest", "requests"]) => {
            fs::write(folder.work().join("test_example.py"), text).unwrap();
            let mut pytest = folder.command("python3", address, "strict");
            pytest.args([
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "test_example.py",
            ]);
            succeed(pytest, address)
        }
        "typescript" if has_tool("vitest") => {
            fs::write(folder.work().join("example.test.ts"), text).unwrap();
            // `node_modules/.bin/vitest`
            let modules = tool("vitest").unwrap();
            let modules = modules.ancestors().nth(2).unwrap();
            std::os::unix::fs::symlink(modules, folder.work().join("node_modules")).unwrap();
            let mut vitest = folder.command("vitest", address, "strict");
            vitest.arg("run");
            succeed(vitest, address)
        }
        "python" | "typescript" => Ok(()),
        other => Err(format!("nothing runs a block of '{other}'")),
    }
}

fn succeed(command: Command, address: &str) -> Result<(), String> {
    match run(command, address) {
        (true, _) => Ok(()),
        (false, output) => Err(format!("it failed:\n{output}")),
    }
}

/// Returns the path of a program.
fn tool(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let mut paths = env::split_paths(&path).map(|folder| folder.join(name));
    paths.find(|path| path.is_file())
}

fn has_tool(name: &str) -> bool {
    is_there(name, tool(name).is_some())
}

/// Returns whether Python has modules, without the time that it takes to import them.
fn has_modules(names: &[&str]) -> bool {
    const FIND: &str =
        "import sys, importlib.util as u; sys.exit(None in map(u.find_spec, sys.argv[1:]))";
    let mut python = Command::new("python3");
    python.args(["-c", FIND]).args(names);
    let status = python.stderr(Stdio::null()).status();
    is_there(
        &names.join(" or "),
        status.is_ok_and(|status| status.success()),
    )
}

fn is_there(name: &str, is_there: bool) -> bool {
    if !is_there {
        assert!(env::var_os(ALL_TOOLS).is_none(), "{name} is missing");
        eprintln!("without {name}, some examples are not run");
    }
    is_there
}

/// Returns whether a command runs the emulator as a server.
fn is_server(command: &str) -> bool {
    let command = command
        .split(" # ")
        .next()
        .unwrap()
        .trim_end_matches('&')
        .trim();
    let arguments = ["uptrends-emulator", "cargo run --release"]
        .iter()
        .find_map(|program| command.strip_prefix(program));
    arguments.is_some_and(|arguments| {
        let first = arguments.split_whitespace().next();
        first.is_none_or(|first| first == "serve" || first.starts_with("--"))
    })
}

/// A command, and the output that is shown for it.
#[derive(Default)]
struct Step {
    command: String,
    output: Vec<String>,
}

/// Splits a block at its commands.
fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step {
                command: command.to_owned(),
                output: Vec::new(),
            }),
            (None, Some(step)) if is_open(&step.command) => {
                step.command += "\n";
                step.command += line;
            }
            // A long line goes on in the next one, after a blank.
            (None, Some(step)) if line.starts_with(' ') && !step.output.is_empty() => {
                *step.output.last_mut().unwrap() += line;
            }
            (None, Some(step)) => step.output.push(line.to_owned()),
            (None, None) => steps.push(Step::default()),
        }
    }
    steps
}

/// Returns whether a command goes on in the next line.
fn is_open(command: &str) -> bool {
    command.ends_with('\\') || command.matches('\'').count() % 2 == 1
}

/// Runs a block command by command. If the first is a server, the others use it, and the outputs are in any order, as in a
/// terminal.
fn run_console(text: &str, folder: &Folder, page_server: &Server) -> Result<(), String> {
    let steps = steps(text);
    if !is_server(&steps[0].command) {
        for Step { command, output } in &steps {
            let script = folder.script(command, &page_server.address, "plain");
            let (is_success, printed) = run(script, &page_server.address);
            let is_expected = is_success || !output.is_empty();
            if !(is_expected && matches(&output.join("\n"), &printed)) {
                return Err(format!("{command}\nprinted:\n{printed}"));
            }
        }
        return Ok(());
    }
    let command = steps[0].command.trim_end_matches('&');
    let mut server = Server::start(folder, command)?;
    for step in &steps[1..] {
        let script = folder.script(&step.command, &server.address, "plain");
        let (_, printed) = run(script, &server.address);
        server.printed.extend(printed.lines().map(str::to_owned));
    }
    for expected in steps.iter().flat_map(|step| &step.output) {
        server.wait_until(|server| server.printed.iter().any(|line| matches(expected, line)))?;
    }
    Ok(())
}

/// Returns whether an output is as it is shown: `…` is anything, and blanks and line breaks do not matter.
fn matches(shown: &str, output: &str) -> bool {
    let squeeze = |text: &str| text.split_whitespace().collect::<String>();
    let (shown, output) = (squeeze(shown), squeeze(output));
    let mut parts = shown.split('…');
    let Some(mut rest) = output.strip_prefix(parts.next().unwrap()) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[test]
fn output_is_compared_with_what_is_shown() {
    for (shown, output, expected) in [
        ("", "", true),
        ("", "x", false),
        ("{\"a\": 1,\n \"b\": 2}", "{\"a\":1,\"b\":2}", true),
        ("a … c", "a b c", true),
        ("a … c", "a b c d", false),
        ("a … c", "a", false),
        ("… b … d", "a b c d", true),
        ("… b …", "a c", false),
        ("a…a", "a", false),
    ] {
        assert_eq!(matches(shown, output), expected, "{shown}: {output}");
    }
}

#[test]
fn commands_are_told_from_output() {
    let steps = steps("$ curl \\\n    -d '{\n  }'\n{\"a\":\n  1}\n$ true\n");
    let [curl, last] = &steps[..] else {
        panic!("{} commands", steps.len());
    };
    assert_eq!(curl.command, "curl \\\n    -d '{\n  }'");
    assert_eq!(curl.output, ["{\"a\":  1}"]);
    assert_eq!((last.command.as_str(), last.output.len()), ("true", 0));
    for (command, expected) in [
        ("uptrends-emulator", true),
        ("uptrends-emulator --log debug &", true),
        ("cargo run --release    # without an installation", true),
        ("uptrends-emulator validate -", false),
        ("uptrends-emulator openapi > openapi.json", false),
    ] {
        assert_eq!(is_server(command), expected, "{command}");
    }
}
