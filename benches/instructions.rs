//! The number of instructions per request. Unlike time, it is the same on a busy machine, so a change can be evaluated by
//! it. Counted by valgrind's callgrind, over HTTP, in memory, with a hundred operators; the client's share, a few writes
//! and reads, is included.
//!
//! `cargo bench --bench instructions` fails if a figure exceeds the one in `benches/instructions.txt` by more than the
//! margin; `cargo bench --bench instructions -- --record` writes the figures. Without valgrind it prints a message.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mimalloc::MiMalloc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime;
use uptrends_emulator::{Control, Emulator, Options, Seed};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const OPERATORS: usize = 100;

/// The tolerated increase over the recorded figure, in percent.
const MARGIN: u64 = 5;

/// A request, how often it is repeated, and what surrounds it.
struct Benchmark {
    name: &'static str,
    times: usize,
    request: &'static str,
    body: &'static str,
    around: Around,
    /// A benchmark that it may cost this much more than, in percent.
    limit: Option<(&'static str, u64)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    Nothing,
    /// The control API is off, so nothing is recorded.
    NoControl,
    /// Faults of another operation.
    Faults(usize),
    /// Clients that wait for another operation.
    Waiters(usize),
}

const GET_ONE: Benchmark = Benchmark {
    name: "get one operator",
    // Enough that a write of usage, once a second, makes no difference, and that the journal is full.
    times: 2000,
    request: "GET /v4/Operator/00000000-0000-4000-8000-000000000007",
    body: "",
    around: Around::Nothing,
    // The journal, coverage and the check for faults.
    limit: Some(("get one without control API", 12)),
};

const BENCHMARKS: [Benchmark; 7] = [
    Benchmark {
        name: "get one without control API",
        around: Around::NoControl,
        limit: None,
        ..GET_ONE
    },
    GET_ONE,
    Benchmark {
        name: "get one beside 1,000 faults",
        around: Around::Faults(1000),
        limit: Some((GET_ONE.name, 10)),
        ..GET_ONE
    },
    Benchmark {
        name: "get one beside 500 waiters",
        around: Around::Waiters(500),
        limit: Some((GET_ONE.name, 10)),
        ..GET_ONE
    },
    Benchmark {
        name: "list 100 operators",
        times: 200,
        request: "GET /v4/Operator",
        limit: None,
        ..GET_ONE
    },
    Benchmark {
        name: "patch an operator",
        times: 300,
        request: "PATCH /v4/Operator/00000000-0000-4000-8000-000000000007",
        body: r#"{"FullName": "Changed", "IsOnDuty": true}"#,
        limit: None,
        ..GET_ONE
    },
    Benchmark {
        name: "make an account",
        times: 50,
        request: "POST /_emulator/accounts",
        body: r#"{"from": "seed"}"#,
        limit: None,
        ..GET_ONE
    },
];

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["run", name, times] => {
            run(name, times.parse().expect("a number of repetitions"));
            ExitCode::SUCCESS
        }
        _ if Command::new("valgrind")
            .arg("--version")
            .stdout(Stdio::null())
            .status()
            .is_err() =>
        {
            eprintln!("valgrind is not there, so nothing is counted");
            // With `CI` set, a missing valgrind is a failure.
            ExitCode::from(u8::from(env::var_os("CI").is_some()))
        }
        _ => compare(arguments.iter().any(|argument| argument == "--record")),
    }
}

/// Runs all benchmarks and compares the results with the recorded figures, or records them.
fn compare(records: bool) -> ExitCode {
    let figures = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/instructions.txt");
    let recorded = fs::read_to_string(&figures).unwrap_or_default();
    let known: BTreeMap<_, u64> = recorded
        .lines()
        .filter_map(|line| line.split_once(": "))
        .filter_map(|(name, figure)| Some((name, figure.parse().ok()?)))
        .collect();
    let mut results = String::new();
    let mut outcome = ExitCode::SUCCESS;
    let mut counted = BTreeMap::new();
    for Benchmark {
        name, times, limit, ..
    } in BENCHMARKS
    {
        // The instructions of the start are in both counts, so the difference excludes them.
        let (few, many) = (count(name, times / 10), count(name, times + times / 10));
        let figure = many.saturating_sub(few) / times as u64;
        let _ = writeln!(results, "{name}: {figure}");
        counted.insert(name, figure);
        if let Some((other, percent)) = limit {
            let base = counted[other];
            #[expect(clippy::cast_precision_loss, reason = "a ratio to read")]
            let ratio = figure as f64 / base as f64;
            println!("{name}: {ratio:.3} of {other}, at most {percent} % more");
            if figure * 100 > base * (100 + percent) {
                outcome = ExitCode::FAILURE;
            }
        }
        match known.get(name) {
            _ if records => println!("{name}: {figure} instructions"),
            Some(known) => {
                let has_grown = figure * 100 > known * (100 + MARGIN);
                let note = if has_grown { ", which is too many" } else { "" };
                #[expect(clippy::cast_precision_loss, reason = "a ratio to read")]
                let ratio = figure as f64 / *known as f64;
                println!("{name}: {figure} instructions, {ratio:.3} of {known}{note}");
                if has_grown {
                    outcome = ExitCode::FAILURE;
                }
            }
            None => {
                println!("{name}: {figure} instructions, and no figure to hold them against");
                outcome = ExitCode::FAILURE;
            }
        }
    }
    if records {
        fs::write(&figures, results).expect("the figures can be recorded");
    }
    outcome
}

/// Returns the number of instructions of one run of this program.
fn count(name: &str, times: usize) -> u64 {
    let file: PathBuf = env::temp_dir().join(format!("callgrind.{}", std::process::id()));
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(env::current_exe().expect("the path of this program"))
        .args(["run", name, &times.to_string()])
        .status();
    assert!(status.is_ok_and(|status| status.success()), "{name} failed");
    let counted = fs::read_to_string(&file).expect("callgrind writes a file");
    let _ = fs::remove_file(&file);
    let total = counted
        .lines()
        .find_map(|line| line.strip_prefix("totals: "));
    total
        .and_then(|total| total.trim().parse().ok())
        .expect("callgrind prints the total")
}

/// Sends a benchmark's request the given number of times over one connection.
fn run(name: &str, times: usize) {
    let Benchmark {
        request,
        body,
        around,
        ..
    } = BENCHMARKS
        .into_iter()
        .find(|benchmark| benchmark.name == name)
        .expect("the name of a benchmark");
    let credentials = STANDARD.encode("emulator:emulator");
    let request = message(
        request,
        &format!("Authorization: Basic {credentials}\r\n"),
        body,
    );
    // One thread, so that scheduling does not change the figure.
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut options = Options::default().seed(Seed::Text(seed()));
        if around == Around::NoControl {
            options = options.control(Control::Off);
        }
        let emulator = Emulator::start(options).await.expect("an emulator");
        let address = emulator.url();
        let address = address.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let mut answer = vec![0; 1024 * 1024];
        let mut waiting = Vec::new();
        match around {
            Around::Nothing | Around::NoControl => {}
            Around::Faults(number) => {
                let fault = r#"{"match": {"operationId": "Account_GetSettings"}, "effect": {"status": 503}}"#;
                let fault = message("POST /_emulator/faults", "", fault);
                for _ in 0..number {
                    exchange(&mut stream, &fault, &mut answer).await;
                }
            }
            Around::Waiters(number) => {
                let wait = r#"{"match": {"operationId": "Account_GetSettings"}, "timeoutMs": 60000}"#;
                let wait = message("POST /_emulator/requests/wait", "", wait);
                for _ in 0..number {
                    let mut waiter = TcpStream::connect(address).await.expect("a connection");
                    let sent = waiter.write_all(wait.as_bytes()).await;
                    sent.expect("the request is sent");
                    waiting.push(waiter);
                }
            }
        }
        for _ in 0..times {
            exchange(&mut stream, &request, &mut answer).await;
        }
        drop(waiting);
        drop(stream);
        emulator.stop().await;
    });
}

/// Returns a request in HTTP.
fn message(request: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{request} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// Sends a request and waits for its response.
async fn exchange(stream: &mut TcpStream, request: &str, answer: &mut [u8]) {
    stream
        .write_all(request.as_bytes())
        .await
        .expect("the request is sent");
    let mut read = 0;
    while !is_whole(&answer[..read]) {
        let more = stream.read(&mut answer[read..]).await.expect("an answer");
        assert!(more > 0, "the answer ended early");
        read += more;
    }
    assert!(
        answer.starts_with(b"HTTP/1.1 2"),
        "{}",
        String::from_utf8_lossy(&answer[..read])
    );
}

/// Returns whether a response is complete, including its body.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    answer.len() == end + 4 + length.unwrap_or(0)
}

fn seed() -> String {
    let mut seed = "accounts:\n  - AccountId: \"1\"\n    operators:\n".to_owned();
    for n in 0..OPERATORS {
        let _ = writeln!(
            seed,
            "      - {{OperatorGuid: 00000000-0000-4000-8000-{n:012}, FullName: Operator {n}, Email: o{n}@example.com, \
             MobilePhone: \"+31612345678\", IsAccountAdministrator: {}}}",
            n == 0
        );
    }
    seed.push_str(
        "    apiUsers: [{operator: o0@example.com, UserName: emulator, Password: emulator}]\n",
    );
    seed
}
