//! The log, and the other output of the program. Serving never depends on it: a line that cannot be written, or that nobody
//! reads, is dropped.

use std::io::{self, IsTerminal as _, Write};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, Instant};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::flags::LogFormat;
use super::suggestions::{canonical, nearest};

/// The levels of a log, each with other words that people use for it.
const LEVELS: [(&str, &[&str]); 6] = [
    ("off", &["none", "no", "silent", "quiet", "false", "0"]),
    ("error", &["err", "fatal", "critical", "severe", "1"]),
    ("warn", &["warning", "2"]),
    (
        "info",
        &[
            "information",
            "notice",
            "normal",
            "default",
            "on",
            "true",
            "3",
        ],
    ),
    ("debug", &["verbose", "fine", "4"]),
    ("trace", &["all", "full", "max", "silly", "5"]),
];

/// How many lines may wait to be written; further ones are dropped.
const MAX_QUEUED_LINES: usize = 4096;

/// How long the program waits at its end for queued lines to be written.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// The stdout and stderr of the program.
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

    /// Waits until all queued lines are written, or until the timeout.
    pub fn flush(&self) {
        let end = Instant::now() + FLUSH_TIMEOUT;
        self.stdout.flush(end);
        self.stderr.flush(end);
    }
}

/// A stream whose lines are written by its own thread, so that nothing else waits for the reader.
#[derive(Debug, Clone)]
pub struct Lines {
    queue: SyncSender<Message>,
    /// How many lines were dropped since this number was last logged.
    dropped: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Message {
    Line(Vec<u8>),
    /// Dropped once all lines before it are written.
    Flush(SyncSender<()>),
}

impl Lines {
    fn to(stream: impl Write + Send + 'static) -> Self {
        let (queue, lines) = mpsc::sync_channel(MAX_QUEUED_LINES);
        let dropped = Arc::default();
        let counter = Arc::clone(&dropped);
        // Without a thread, every line is dropped.
        let _ = thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(stream, &lines, &counter));
        Self { queue, dropped }
    }

    /// Queues a line, or drops it if the queue is full.
    pub fn write(&self, line: impl Into<Vec<u8>>) {
        if self.queue.try_send(Message::Line(line.into())).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn flush(&self, end: Instant) {
        let (flush, flushed) = mpsc::sync_channel(0);
        let mut flush = Message::Flush(flush);
        while let Err(TrySendError::Full(unsent)) = self.queue.try_send(flush) {
            if Instant::now() >= end {
                return;
            }
            flush = unsent;
            thread::sleep(Duration::from_millis(5));
        }
        // An error means that all lines are written, or that the time is over.
        let _ = flushed.recv_timeout(end.saturating_duration_since(Instant::now()));
    }
}

/// Writes lines as they come. The number of dropped lines is logged once the queue is empty.
fn write_all(mut stream: impl Write, lines: &Receiver<Message>, dropped: &AtomicU64) {
    while let Ok(message) = lines.recv() {
        let mut flushes = Vec::new();
        let mut next = Some(message);
        while let Some(message) = next {
            match message {
                // There is nowhere to report that a line could not be written.
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
            lines: self,
            bytes: Vec::new(),
        }
    }
}

/// A line of the log, which is queued when it is complete.
#[derive(Debug)]
pub struct Line<'a> {
    lines: &'a Lines,
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
        self.lines.write(std::mem::take(&mut self.bytes));
    }
}

/// Parses comma-separated levels: one for all targets, or one for a single target. A bare target, which `Targets` accepts, is
/// rejected, since it is almost always a misspelled level.
pub fn filter(text: &str) -> Result<Targets, String> {
    let mut filter = Targets::new();
    for part in text.split(',').map(str::trim) {
        filter = match part.split_once('=') {
            // Cargo writes the names of crates with dashes, and Rust those of modules with underscores.
            Some((target, word)) => {
                filter.with_target(target.trim().replace('-', "_"), level(word.trim())?)
            }
            None => filter.with_default(level(part).map_err(|message| {
                let is_alias = canonical(&part.to_lowercase(), &LEVELS).is_some();
                if is_alias || part.is_empty() {
                    message
                } else {
                    format!("{message}; for the lines of one target, write {part}=debug")
                }
            })?),
        };
    }
    Ok(filter)
}

fn level(word: &str) -> Result<LevelFilter, String> {
    let word = word.to_lowercase();
    let levels = LEVELS.map(|(level, _)| level);
    if levels.contains(&word.as_str()) {
        return word.parse().map_err(|_| "it is no level".to_owned());
    }
    let nearest = canonical(&word, &LEVELS).unwrap_or_else(|| nearest(&word, &levels));
    Err(format!(
        "'{word}' is not a level; the nearest one is {nearest} (write off, error, warn, info, debug or trace, or \
         target=level)"
    ))
}

#[cfg(test)]
mod tests {
    use super::filter;

    #[test]
    fn a_filter_of_the_log_has_known_levels() {
        for valid in [
            "off",
            "INFO",
            "debug",
            "warn,uptrends_emulator=trace",
            "uptrends-emulator=debug, sqlx = off",
        ] {
            filter(valid).unwrap();
        }
        for (wrong, nearest) in [
            ("warning", "warn"),
            ("verbose", "debug"),
            ("2", "warn"),
            ("inof", "info"),
            ("info,sqlx=verbose", "debug"),
        ] {
            let message = filter(wrong).unwrap_err();
            assert!(
                message.contains(&format!("the nearest one is {nearest} ")),
                "{message}"
            );
        }
        for wrong in ["", "uptrends_emulator", "info,", "sqlx=", "a=b=c"] {
            assert!(filter(wrong).unwrap_err().contains("is not a level"));
        }
    }
}
