//! The server: puts the APIs and the console together, accepts connections, and stops gracefully.

use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request as AppRequest;
use axum::middleware::{Next, from_fn};
use axum::response::{Redirect, Response};
use axum::routing::{any_service, get};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinSet;
use tower::{Layer as _, ServiceExt as _};

use crate::{AppState, console, control, http, openapi};

/// How long the requests under way may take to finish when the server stops.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// A longer head of a request is answered with 431: the journal keeps heads, a thousand for each account.
const LARGEST_HEAD: usize = 64 * 1024;

/// Everything that the server answers: the account API, and beside it the emulator's own API and the console.
pub fn app(state: &AppState) -> Router {
    let api = http::api(state, openapi::pages(&state.control));
    let control = control::routes(state);
    let mut app = Router::new()
        .nest("/_emulator", control.clone())
        .route("/_emulator/", any_service(control));
    if let Some(console) = console::routes(state) {
        let root = from_fn(console::welcome).layer(api.clone());
        app = app
            .nest("/console", console)
            .route("/console/", get(async || Redirect::to("/console")))
            .route_service("/", root);
    }
    let app = app.fallback_service(api);
    if tracing::enabled!(tracing::Level::DEBUG) {
        app.layer(from_fn(log))
    } else {
        app
    }
}

async fn log(request: AppRequest, next: Next) -> Response {
    let (method, path, start) = (
        request.method().clone(),
        request.uri().path().to_owned(),
        Instant::now(),
    );
    let response = next.run(request).await;
    tracing::debug!(%method, path, status = response.status().as_u16(), elapsed = ?start.elapsed(), "answered");
    response
}

/// Serves `app`, once there is one, until `stop` is used or dropped. Before, it answers that it is not ready.
pub async fn serve(
    listener: TcpListener,
    app: Arc<OnceLock<Router>>,
    read_timeout: Duration,
    mut stop: oneshot::Receiver<()>,
) {
    let connections = GracefulShutdown::new();
    // Ends what is still there when the server has stopped.
    let mut tasks = JoinSet::new();
    let (stopping, stopped) = watch::channel(());
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(read_timeout)
        .max_buf_size(LARGEST_HEAD);
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    wait_after(&error).await;
                    continue;
                }
            },
            _ = &mut stop => break,
        };
        // Answers are small and complete: waiting for more to send with them only delays them.
        let _ = stream.set_nodelay(true);
        let handle = Connection::new(stopped.clone());
        let ends = handle.clone();
        let stream = TokioIo::new(Stream {
            stream,
            connection: handle.clone(),
        });
        let app = Arc::clone(&app);
        let answer = service_fn(move |request| answer(Arc::clone(&app), handle.clone(), request));
        let connection = connections.watch(protocol.serve_connection(stream, answer));
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                },
                () = ends.is_reset() => {}
            }
        });
    }
    drop(listener);
    drop(stopping);
    if tokio::time::timeout(LAST_REQUESTS, connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests did not finish in time, and are cut off");
    }
}

async fn answer(
    app: Arc<OnceLock<Router>>,
    connection: Connection,
    mut request: Request<Incoming>,
) -> Result<Response, Infallible> {
    match app.get() {
        Some(app) => {
            request.extensions_mut().insert(connection);
            app.clone().oneshot(request.map(Body::new)).await
        }
        None => Ok(control::starting(request.uri().path())),
    }
}

/// The connection that a request came over. Every request holds it, so it is one pointer.
#[derive(Debug, Clone)]
pub struct Connection(Arc<Ends>);

/// How a connection can end before its client ends it.
#[derive(Debug)]
struct Ends {
    reset: Notify,
    is_reset: AtomicBool,
    stopped: watch::Receiver<()>,
}

impl Connection {
    fn new(stopped: watch::Receiver<()>) -> Self {
        Self(Arc::new(Ends {
            reset: Notify::new(),
            is_reset: AtomicBool::new(false),
            stopped,
        }))
    }

    /// Ends the connection at once, with a reset instead of an answer, and with it the request that asks for it.
    pub async fn reset(&self) -> ! {
        self.0.is_reset.store(true, Ordering::Release);
        self.0.reset.notify_one();
        std::future::pending().await
    }

    /// Waits until a request asks for the end of the connection.
    async fn is_reset(&self) {
        self.0.reset.notified().await;
    }

    /// Leaves the client waiting until it goes away or the server stops, which does not wait for it.
    pub async fn hang(self) -> ! {
        self.stopping().await;
        self.reset().await
    }

    /// Waits until the server stops: whoever keeps a client waiting on purpose has to end then.
    pub async fn stopping(&self) {
        let mut stopped = self.0.stopped.clone();
        while stopped.changed().await.is_ok() {}
    }
}

/// A stream that can be told to end with a reset.
struct Stream {
    stream: TcpStream,
    connection: Connection,
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.connection.0.is_reset.load(Ordering::Acquire) {
            // Without time to linger, the end of a connection is a reset.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, from)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A connection that broke while it was accepted is no concern; a lack of file handles passes only with time.
async fn wait_after(error: &io::Error) {
    let of_connection = matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    );
    if !of_connection {
        tracing::error!(%error, "connections cannot be accepted for the moment");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
