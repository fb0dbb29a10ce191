//! The log, and the other lines that the program writes. None of them matters to what is served: a line that cannot be
//! written, or that nobody reads, is dropped.

use std::io::{self, IsTerminal as _, Write};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, Instant};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use uptrends_emulator::config::LogFormat;

/// How many lines wait for a reader; what comes when there are so many is dropped.
const MOST_LINES: usize = 4096;

/// How long the end of the program waits for a reader.
const LAST_LINES: Duration = Duration::from_secs(1);

/// stdout and stderr as the program writes to them.
#[derive(Debug)]
pub struct Output {
    pub stdout: Lines,
    pub stderr: Lines,
}

impl Output {
    /// Sends the log, panics included, to stderr from now on.
    pub fn new(filter: Targets, format: LogFormat) -> Self {
        let stderr = Lines::to(io::stderr());
        // Without `log_internal_errors`, the layer writes to stderr itself, and panics where it cannot.
        let layer = fmt::layer()
            .with_writer(stderr.clone())
            .with_ansi(io::stderr().is_terminal())
            .log_internal_errors(false);
        let log = tracing_subscriber::registry().with(filter);
        match format {
            LogFormat::Text => log.with(layer).init(),
            LogFormat::Json => log.with(layer.json()).init(),
        }
        // The standard hook writes to stderr, and waits there for a reader.
        panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
        Self {
            stdout: Lines::to(io::stdout()),
            stderr,
        }
    }

    /// Gives what was written a last chance to be read.
    pub fn flush(&self) {
        let end = Instant::now() + LAST_LINES;
        self.stdout.flush(end);
        self.stderr.flush(end);
    }
}

/// A stream whose lines are written by a thread of its own, so that nothing else waits for who reads them.
#[derive(Debug, Clone)]
pub struct Lines {
    waiting: SyncSender<Message>,
    /// How many lines were dropped since this was last told.
    dropped: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Message {
    Line(Vec<u8>),
    /// Is dropped once all before it is written.
    Flush(SyncSender<()>),
}

impl Lines {
    fn to(stream: impl Write + Send + 'static) -> Self {
        let (waiting, lines) = mpsc::sync_channel(MOST_LINES);
        let dropped = Arc::default();
        let of_thread = Arc::clone(&dropped);
        // Without a thread, every line is dropped.
        let _ = thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(stream, &lines, &of_thread));
        Self { waiting, dropped }
    }

    /// Writes a line, unless too many wait already.
    pub fn write(&self, line: impl Into<Vec<u8>>) {
        if self.waiting.try_send(Message::Line(line.into())).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn flush(&self, end: Instant) {
        let (flush, flushed) = mpsc::sync_channel(0);
        let mut flush = Message::Flush(flush);
        while let Err(TrySendError::Full(unsent)) = self.waiting.try_send(flush) {
            if Instant::now() >= end {
                return;
            }
            flush = unsent;
            thread::sleep(Duration::from_millis(5));
        }
        // The error is that all is written, or that time has run out.
        let _ = flushed.recv_timeout(end.saturating_duration_since(Instant::now()));
    }
}

/// Writes lines as they come. How many were dropped is told when the others are written.
fn write_all(mut stream: impl Write, lines: &Receiver<Message>, dropped: &AtomicU64) {
    while let Ok(message) = lines.recv() {
        let mut flushes = Vec::new();
        let mut next = Some(message);
        while let Some(message) = next {
            match message {
                // There is nobody to tell that a line could not be written.
                Message::Line(line) => drop(stream.write_all(&line).and_then(|()| stream.flush())),
                Message::Flush(flush) => flushes.push(flush),
            }
            next = lines.try_recv().ok().or_else(|| {
                let dropped = dropped.swap(0, Ordering::Relaxed);
                if dropped > 0 {
                    tracing::warn!(
                        dropped,
                        "lines of the log were dropped, since nobody read them"
                    );
                }
                lines.try_recv().ok()
            });
        }
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line {
            of: self,
            bytes: Vec::new(),
        }
    }
}

/// A line of the log, which is written when it is whole.
#[derive(Debug)]
pub struct Line<'a> {
    of: &'a Lines,
    bytes: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        self.of.write(std::mem::take(&mut self.bytes));
    }
}
