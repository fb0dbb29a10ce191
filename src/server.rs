//! The socket: accepts connections, serves them, and stops gracefully.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower::ServiceExt as _;

use crate::control;

/// How long the requests under way may take to finish when the server stops.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// Serves `app`, once there is one, until `stop` is used or dropped. Before, it answers that it is not ready.
pub async fn serve(
    listener: TcpListener,
    app: Arc<OnceLock<Router>>,
    read_timeout: Duration,
    mut stop: oneshot::Receiver<()>,
) {
    let connections = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(read_timeout);
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
        let app = Arc::clone(&app);
        let answer = service_fn(move |request| answer(Arc::clone(&app), request));
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), answer));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(LAST_REQUESTS, connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests did not finish in time, and are cut off");
    }
}

async fn answer(
    app: Arc<OnceLock<Router>>,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    match app.get() {
        Some(app) => app.clone().oneshot(request.map(Body::new)).await,
        None => Ok(control::starting(request.uri().path())),
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
