//! The speed of the emulator over HTTP on persistent connections, in memory, with twenty operators. Compared cases are
//! measured side by side: the journal's share is the difference between `journal` and `control off`, and `nothing` is the
//! cost of a request that does nothing.
//!
//! `cargo bench` measures; `cargo bench -- --test` runs each benchmark once.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mimalloc::MiMalloc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use uptrends_emulator::{Control, Emulator, Options, Seed};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const OPERATORS: usize = 20;

/// The number of concurrent clients of a busy test suite.
const CLIENTS: usize = 32;

/// An emulator with an account of twenty operators.
struct Server {
    runtime: Runtime,
    emulator: Emulator,
}

impl Server {
    fn start(control: Control) -> Self {
        let mut seed = "accounts:\n  - AccountId: \"1\"\n    operators:\n".to_owned();
        for n in 0..OPERATORS {
            let _ = writeln!(
                seed,
                "      - {{key: o{n}, FullName: Operator {n}, Email: o{n}@example.com, MobilePhone: \"+31612345678\", \
                 IsAccountAdministrator: {}}}",
                n == 0
            );
        }
        seed.push_str("    apiUsers: [{operator: o0, UserName: emulator, Password: emulator}]\n");
        let runtime = Runtime::new().expect("a runtime");
        let options = Options::default().seed(Seed::Text(seed)).control(control);
        let emulator = runtime
            .block_on(Emulator::start(options))
            .expect("a server");
        Self { runtime, emulator }
    }

    /// Returns the duration of a number of requests, sent one after the other on one connection.
    fn one_client(&self, times: u64, requests: &[String]) -> Duration {
        self.runtime.block_on(async {
            let mut client = Client::connect(&self.emulator).await;
            let start = Instant::now();
            for _ in 0..times {
                for request in requests {
                    client.send(request).await;
                }
            }
            start.elapsed()
        })
    }

    /// Returns the duration of a number of identical requests, distributed among many clients.
    fn many_clients(&self, times: u64, request: &str) -> Duration {
        self.runtime.block_on(async {
            let mut clients = Vec::new();
            for _ in 0..CLIENTS {
                clients.push(Client::connect(&self.emulator).await);
            }
            let share = times.div_ceil(CLIENTS as u64);
            let mut tasks = JoinSet::new();
            let start = Instant::now();
            for mut client in clients {
                let request = request.to_owned();
                tasks.spawn(async move {
                    for _ in 0..share {
                        client.send(&request).await;
                    }
                });
            }
            tasks.join_all().await;
            start.elapsed()
        })
    }

    /// Returns the path of one operator.
    fn operator(&self) -> String {
        let list = self.runtime.block_on(async {
            let mut client = Client::connect(&self.emulator).await;
            client.send(&request("GET", "/v4/Operator", "")).await;
            client.body().to_owned()
        });
        let operators: serde_json::Value = serde_json::from_str(&list).expect("a list");
        let guid = operators[OPERATORS / 2]["OperatorGuid"].as_str();
        format!("/v4/Operator/{}", guid.expect("a GUID"))
    }
}

/// A minimal client, so that the measurement reflects the server.
struct Client {
    stream: TcpStream,
    answer: Vec<u8>,
    body: usize,
}

impl Client {
    async fn connect(emulator: &Emulator) -> Self {
        let address = emulator.url();
        let address = address.strip_prefix("http://").expect("a URL");
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("an option");
        Self {
            stream,
            answer: Vec::new(),
            body: 0,
        }
    }

    /// Sends a request and reads its response, which must be a success.
    async fn send(&mut self, request: &str) {
        self.stream
            .write_all(request.as_bytes())
            .await
            .expect("sent");
        self.answer.clear();
        loop {
            let read = self
                .stream
                .read_buf(&mut self.answer)
                .await
                .expect("an answer");
            assert!(read > 0, "the server ended the connection");
            let text = String::from_utf8_lossy(&self.answer);
            let Some((head, _)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            assert!(head.starts_with("HTTP/1.1 20"), "{text}");
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().expect("a length"));
            self.body = head.len() + 4;
            if self.answer.len() == self.body + length {
                return;
            }
        }
    }

    fn body(&self) -> &str {
        std::str::from_utf8(&self.answer[self.body..]).expect("UTF-8")
    }
}

/// Formats a request as common clients do.
fn request(method: &str, path: &str, body: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: bench\r\naccept: */*\r\n\
         authorization: Basic {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        STANDARD.encode("emulator:emulator"),
        body.len()
    )
}

/// Benchmarks reads with and without the journal.
fn reads(criterion: &mut Criterion) {
    let servers = [
        ("journal", Server::start(Control::On { token: None })),
        ("control off", Server::start(Control::Off)),
    ];
    let one = servers[0].1.operator();
    for (what, path) in [
        ("one operator", one.as_str()),
        ("list of 20", "/v4/Operator"),
    ] {
        let request = request("GET", path, "");
        let mut group = criterion.benchmark_group(format!("GET {what}, {CLIENTS} clients"));
        group.throughput(Throughput::Elements(1));
        for (name, server) in &servers {
            group.bench_function(*name, |bencher| {
                bencher.iter_custom(|times| server.many_clients(times, &request));
            });
        }
    }
}

/// Benchmarks what a test spends on its account, with a single client.
fn accounts(criterion: &mut Criterion) {
    let server = Server::start(Control::On { token: None });
    let operator = server.operator();
    let nothing = request("GET", "/_emulator/health", "");
    let create = request("POST", "/_emulator/accounts", "{}");
    let change = request("PATCH", &operator, r#"{"FullName":"Changed"}"#);
    let reset = request("POST", "/_emulator/accounts/1/reset", "");
    let mut group = criterion.benchmark_group("accounts");
    for (name, requests) in [
        ("nothing", vec![nothing]),
        ("new account", vec![create]),
        ("change", vec![change.clone()]),
        ("change and reset", vec![change, reset]),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|times| server.one_client(times, &requests));
        });
    }
}

criterion_group!(benches, reads, accounts);
criterion_main!(benches);
