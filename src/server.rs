//! The server: puts the APIs and the console together, accepts connections, and stops gracefully.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::sync::{Arc, LazyLock, OnceLock};
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request as AppRequest;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{any_service, get};
use hyper::server::conn::http1;
use hyper_util::rt::TokioTimer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::base_path::add_base_path;
use crate::connection::LARGEST_HEAD;
use crate::error::Error;
use crate::http::{ACCOUNT_API, USER_API};
use crate::openapi::Documents;
use crate::operation::Api;
use crate::{AppState, Control, connection, console, control, http, openapi};

/// How long the requests under way may take to finish when the server stops.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// The account API and its companion.
pub const APIS: &[&Api] = &[&ACCOUNT_API, &USER_API];

/// The OpenAPI documents of what is served, as far as there is a control API. They are made once, when somebody asks for them.
pub fn documents(control: &Control) -> &'static LazyLock<Documents> {
    static WHOLE: LazyLock<Documents> = LazyLock::new(|| {
        Documents::of(&[&ACCOUNT_API, &USER_API, &control::HEALTH_API, &control::API])
    });
    static WITHOUT_CONTROL: LazyLock<Documents> =
        LazyLock::new(|| Documents::of(&[&ACCOUNT_API, &USER_API, &control::HEALTH_API]));

    match control {
        Control::On { .. } => &WHOLE,
        Control::Off => &WITHOUT_CONTROL,
    }
}

/// Everything that the server answers: the account API, and beside it the emulator's own API and the console.
pub fn app(state: &AppState) -> Router {
    let pages = openapi::pages(state, documents(&state.control));
    let api = http::api(state, pages);
    let control = control::routes(state);
    let mut app = Router::new()
        .nest("/_emulator", control.clone())
        .route("/_emulator/", any_service(control));
    if let Some(console) = console::routes(state) {
        let root = from_fn(console::welcome).layer(api.clone());
        let pages = Router::new()
            .nest("/console", console)
            .route("/console/", get(async || Redirect::to("/console")))
            .route_service("/", root)
            .layer(from_fn_with_state(state.clone(), add_base_path));
        app = app.merge(pages);
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
    listeners: Vec<TcpListener>,
    app: Arc<OnceLock<Router>>,
    read_timeout: Duration,
    mut stop: oneshot::Receiver<()>,
) {
    // Ends what is still there when this is over.
    let mut connections = JoinSet::new();
    let (stopping, stopped) = watch::channel(());
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(read_timeout)
        .max_buf_size(LARGEST_HEAD)
        // A client may close its sending side behind its last request, and waits for the answer all the same.
        .half_close(true);
    let app = service_fn(move |request| answer(Arc::clone(&app), request));
    let mut is_exhausted = false;
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listeners) => accepted,
            _ = &mut stop => break,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok(stream) => {
                is_exhausted = false;
                let (protocol, app, stopped) = (protocol.clone(), app.clone(), stopped.clone());
                connections.spawn(connection::serve(stream, protocol, app, stopped));
            }
            Err(error) if is_of_connection(&error) => {}
            // A lack of file handles passes only with time.
            Err(error) => {
                if !is_exhausted {
                    tracing::error!(%error, "connections cannot be accepted for the moment");
                }
                is_exhausted = true;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listeners);
    drop(stopping);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_REQUESTS, all).await.is_err() {
        tracing::warn!("some requests did not finish in time, and are cut off");
    }
}

/// The next connection to any of some addresses.
async fn accept(listeners: &[TcpListener]) -> io::Result<TcpStream> {
    poll_fn(|context| {
        let mut accepted = listeners
            .iter()
            .map(|listener| listener.poll_accept(context));
        let accepted = accepted.find(Poll::is_ready).unwrap_or(Poll::Pending);
        accepted.map_ok(|(stream, _)| stream)
    })
    .await
}

async fn answer(app: Arc<OnceLock<Router>>, request: AppRequest) -> Result<Response, Infallible> {
    let Some(app) = app.get() else {
        let told = control::starting(request.uri().path());
        return Ok(told.unwrap_or_else(|| Error::NotReady.into_response()));
    };
    app.clone().oneshot(request).await
}

/// Whether a connection broke while it was accepted, which is no concern of the others.
fn is_of_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}
