//! The server: combines the APIs and the console, accepts connections, and stops gracefully.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::sync::{Arc, LazyLock, OnceLock};
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request as AppRequest, State};
use axum::http::header::ACCEPT;
use axum::http::{HeaderValue, Method};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{any_service, get};
use hyper::server::conn::http1;
use hyper_util::rt::TokioTimer;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tower::{Layer as _, ServiceExt as _, service_fn};
use uuid::Uuid;

use crate::base_path::add_base_path;
use crate::connection::LARGEST_HEAD;
use crate::error::Error;
use crate::http::{ACCOUNT_API, USER_API};
use crate::openapi::Documents;
use crate::operation::Api;
use crate::{AppState, Control, connection, console, control, http, openapi};

/// The time limit for the requests in progress when the server stops.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// The account API and the user API.
pub const APIS: &[&Api] = &[&ACCOUNT_API, &USER_API];

/// Returns the OpenAPI documents of all served APIs, with the control API if it is enabled. They are generated once, on first
/// use.
pub fn documents(control: &Control) -> &'static LazyLock<Documents> {
    static WITH_CONTROL: LazyLock<Documents> = LazyLock::new(|| {
        Documents::of(&[&ACCOUNT_API, &USER_API, &control::HEALTH_API, &control::API])
    });
    static WITHOUT_CONTROL: LazyLock<Documents> =
        LazyLock::new(|| Documents::of(&[&ACCOUNT_API, &USER_API, &control::HEALTH_API]));

    match control {
        Control::On { .. } => &WITH_CONTROL,
        Control::Off => &WITHOUT_CONTROL,
    }
}

/// Builds the router of the server: the account API, the emulator's own API, and the console.
pub fn app(state: &AppState) -> Router {
    let pages = openapi::pages(state, documents(&state.control));
    let api = http::api(state, pages);
    let control = control::routes(state);
    let mut app = Router::new()
        .nest("/_emulator", control.clone())
        .route("/_emulator/", any_service(control));
    if let Some(console) = console::routes(state) {
        let pages = Router::new()
            .nest("/console", console)
            .route("/console/", get(async || Redirect::to("/console")))
            .layer(from_fn_with_state(state.clone(), add_base_path));
        app = app.merge(pages);
    }
    if tracing::enabled!(tracing::Level::DEBUG) {
        // The journal of the account API logs what it records.
        app = app.layer(from_fn(log));
    }
    let root = from_fn_with_state(state.clone(), welcome).layer(api.clone());
    let root = from_fn_with_state(state.clone(), add_base_path).layer(root);
    app.route_service("/", root).fallback_service(api)
}

/// Says what is here: a browser is sent to the console, a program gets the addresses.
async fn welcome(State(state): State<AppState>, request: AppRequest, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let has_control = matches!(state.control, Control::On { .. });
    let accept = request.headers().get(ACCEPT).map(HeaderValue::as_bytes);
    let accept = String::from_utf8_lossy(accept.unwrap_or_default()).into_owned();
    let (parts, _) = request.into_parts();
    let base = state.names.base_url(&parts);
    if has_control && accept.contains("text/html") {
        return Redirect::to("/console").into_response();
    }
    let mut addresses = json!({
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "api": format!("{base}/v4"),
        "documents": format!("{base}/v4/swagger/"),
    });
    if has_control {
        addresses["control"] = format!("{base}/_emulator").into();
        addresses["console"] = format!("{base}/console").into();
    }
    axum::Json(addresses).into_response()
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

/// Serves `app` until `stop` is used or dropped. Until `app` is set, requests are answered with an error that the emulator is
/// not ready, and only those for the health of the `instance` by themselves.
pub async fn serve(
    listeners: Vec<TcpListener>,
    app: Arc<OnceLock<Router>>,
    instance: Uuid,
    read_timeout: Duration,
    mut stop: oneshot::Receiver<()>,
) {
    // Dropping the set aborts the remaining connections.
    let mut connections = JoinSet::new();
    let (stopping, stopped) = watch::channel(());
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(read_timeout)
        .max_buf_size(LARGEST_HEAD)
        // A client may close its sending side after its last request and still wait for the response.
        .half_close(true);
    let app = service_fn(move |request| handle(Arc::clone(&app), instance, request));
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
            Err(error) if is_connection_error(&error) => {}
            // For example, the process has no free file descriptors: accepting again at once would fail again.
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
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, all).await.is_err() {
        tracing::warn!("some requests did not finish in time, and are cut off");
        // They are recorded before the emulator has stopped.
        connections.shutdown().await;
    }
}

/// Accepts the next connection on any of the listeners.
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

async fn handle(
    app: Arc<OnceLock<Router>>,
    instance: Uuid,
    request: AppRequest,
) -> Result<Response, Infallible> {
    let Some(app) = app.get() else {
        let response = control::starting(request.uri().path(), instance);
        return Ok(response.unwrap_or_else(|| Error::NotReady.into_response()));
    };
    app.clone().oneshot(request).await
}

/// Returns whether a single connection failed while it was accepted, which does not affect other connections.
fn is_connection_error(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}
