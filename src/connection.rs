//! Serves one connection from its first request to its end. The response reaches the client even while the client is still
//! sending: a body that no handler reads is discarded, before the response if it is small, and after it otherwise.

use std::convert::Infallible;
use std::fmt;
use std::future::{pending, poll_fn};
use std::io::{self, IoSlice};
use std::mem;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONNECTION, EXPECT};
use axum::http::{HeaderValue, Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};
use tower::{Service, ServiceExt as _};

/// The maximum size of a request head; a longer one is answered with 431. The journal stores heads, a thousand for each
/// account.
pub const LARGEST_HEAD: usize = 64 * 1024;

/// The maximum size of an unread body that is discarded before the response, so that the connection can be reused.
const MAX_DISCARDED_BODY: u64 = 8 * 1024 * 1024;

/// The time limit for discarding an unread body.
pub const DISCARDING: Duration = Duration::from_secs(5);

/// How long a connection stays open for a client that is still sending after its response. Closing it at once would reset it,
/// and the client would lose the response: https://nginx.org/en/docs/http/ngx_http_core_module.html#lingering_close
const LINGER_TIMEOUT: Duration = Duration::from_secs(5);

/// How long such a connection stays open when the server stops.
const SHUTDOWN_LINGER_TIMEOUT: Duration = Duration::from_millis(500);

/// A shared handle to the connection of a request. Every request holds one, so it is a single pointer.
#[derive(Debug, Clone)]
pub struct Connection(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: Option<SocketAddr>,
    stopped: watch::Receiver<()>,
    /// How the current request ends instead of with a response. It is then the last one of the connection.
    ending: OnceLock<Ending>,
    /// Notified when that request has ended and the connection is to be reset.
    reset: Notify,
    /// Whether a task waits for the client to close its sending side.
    is_watched: AtomicBool,
    is_half_closed: AtomicBool,
    half_closed: Notify,
    /// Whether a handler has started to read the body of the current request. A client that expects a 100 then gets one.
    is_read: AtomicBool,
    /// The rest of that body when its reader was dropped before the end.
    unread: Mutex<Option<Incoming>>,
    /// Whether the body of the current request did not arrive in time.
    is_late: AtomicBool,
    /// Whether the client may still be sending a body that is no longer read.
    lingers: AtomicBool,
    /// Whether the client speaks TLS.
    is_tls: AtomicBool,
    /// The future of a request whose response can no longer be sent.
    abandoned: Mutex<Option<ResponseFuture>>,
}

/// The way in which a request without a response ends. Its connection ends with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The connection is reset.
    Reset,
    /// The client gets no response until it disconnects or the server stops; the server does not wait for it.
    Hang,
}

/// A future that resolves to the response to a request.
struct ResponseFuture(Pin<Box<dyn Future<Output = Response> + Send>>);

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}

impl Connection {
    fn new(address: Option<SocketAddr>, stopped: watch::Receiver<()>) -> Self {
        Self(Arc::new(Inner {
            address,
            stopped,
            ending: OnceLock::new(),
            reset: Notify::new(),
            is_watched: AtomicBool::new(false),
            is_half_closed: AtomicBool::new(false),
            half_closed: Notify::new(),
            is_read: AtomicBool::new(false),
            unread: Mutex::default(),
            is_late: AtomicBool::new(false),
            lingers: AtomicBool::new(false),
            is_tls: AtomicBool::new(false),
            abandoned: Mutex::default(),
        }))
    }

    /// Returns the address that the client connected to.
    pub fn address(&self) -> Option<SocketAddr> {
        self.0.address
    }

    /// Ends the calling request without a response. The future of the request is dropped here and never resumes.
    pub async fn end(&self, ending: Ending) -> ! {
        let _ = self.0.ending.set(ending);
        pending().await
    }

    /// Waits for the response to a request, unless the request ends without one.
    async fn response_to(
        &self,
        response_future: impl Future<Output = Result<Response, Infallible>>,
    ) -> Result<Response, Ending> {
        let mut response_future = pin!(response_future);
        poll_fn(|context| match response_future.as_mut().poll(context) {
            Poll::Ready(Ok(response)) => Poll::Ready(Ok(response)),
            // The future that was just polled sets it, so no wake-up is needed.
            Poll::Pending => match self.0.ending.get() {
                Some(ending) => Poll::Ready(Err(*ending)),
                None => Poll::Pending,
            },
        })
        .await
    }

    /// Ends a request without a response, and then resets the connection.
    async fn finish(&self, ending: Ending) -> ! {
        if ending == Ending::Hang {
            tokio::select! {
                () = self.stopping() => {}
                () = self.left() => {}
            }
        }
        self.0.reset.notify_one();
        pending().await
    }

    /// Waits until the server stops. Code that keeps a client waiting on purpose must stop waiting then.
    pub async fn stopping(&self) {
        let mut stopped = self.0.stopped.clone();
        while stopped.changed().await.is_ok() {}
    }

    /// Waits until the client has closed its sending side. A client that has disconnected cannot be distinguished from one that
    /// still waits for its response until something is written.
    pub async fn left(&self) {
        // The end of the stream comes after the rest of the body.
        let unread = lock(&self.0.unread).take();
        if let Some(body) = unread {
            let mut body = RequestBody {
                body: Some(body),
                connection: self.clone(),
            };
            while let Some(frame) = body.frame().await {
                if frame.is_err() {
                    return;
                }
            }
        }
        self.0.is_watched.store(true, Ordering::Release);
        loop {
            let half_closed = self.0.half_closed.notified();
            if self.0.is_half_closed.load(Ordering::Acquire) {
                return;
            }
            half_closed.await;
        }
    }

    /// Records that the body of the current request did not arrive in time, so that it is not waited for again.
    pub fn is_late(&self) {
        self.0.is_late.store(true, Ordering::Release);
    }

    fn set_half_closed(&self) {
        self.0.is_half_closed.store(true, Ordering::Release);
        self.0.half_closed.notify_waiters();
    }

    /// Handles a request, and returns the response once no unread body can prevent its delivery.
    async fn handle<S>(self, request: Request<Incoming>, app: S) -> Response
    where
        S: Service<Request<Body>, Response = Response, Error = Infallible>,
    {
        let expects_100 = request.headers().contains_key(EXPECT);
        let is_too_long = length_of_head(&request) > LARGEST_HEAD;
        self.0.is_watched.store(false, Ordering::Release);
        self.0.is_read.store(false, Ordering::Release);
        self.0.is_late.store(false, Ordering::Release);
        let connection = self.clone();
        let mut request = request.map(|body| {
            Body::new(RequestBody {
                body: Some(body),
                connection,
            })
        });
        request.extensions_mut().insert(self.clone());
        let mut response = if is_too_long {
            // hyper checks the length only while a head is incomplete.
            drop(request);
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response()
        } else {
            match self.response_to(app.oneshot(request)).await {
                Ok(response) => response,
                Err(ending) => self.finish(ending).await,
            }
        };
        let unread = lock(&self.0.unread).take();
        if let Some(body) = unread {
            // A client that expects a 100 sends no body before it gets one or gives up waiting; and a client that was too
            // slow would be too slow again.
            let is_coming = !expects_100 || self.0.is_read.load(Ordering::Acquire);
            let is_late = self.0.is_late.load(Ordering::Acquire)
                || response.status() == StatusCode::REQUEST_TIMEOUT;
            if !is_coming || is_late || !discard(body).await {
                self.0.lingers.store(true, Ordering::Release);
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
        }
        response
    }
}

/// Returns the approximate size of the head of a request in bytes.
fn length_of_head<B>(request: &Request<B>) -> usize {
    let headers = request.headers().iter();
    let fields = headers.map(|(name, value)| name.as_str().len() + value.len() + 4);
    let target = request.uri().path_and_query();
    target.map_or(0, |target| target.as_str().len()) + fields.sum::<usize>()
}

/// Reads and discards the rest of a body. Returns `false` if it is too large or too slow.
async fn discard(mut body: Incoming) -> bool {
    if body.size_hint().lower() > MAX_DISCARDED_BODY {
        return false;
    }
    let reading = async {
        let mut rest = MAX_DISCARDED_BODY;
        while let Some(frame) = body.frame().await {
            // A client whose body ended in an error sends nothing more.
            let Ok(frame) = frame else { return true };
            let length = frame.data_ref().map_or(0, Bytes::len) as u64;
            match rest.checked_sub(length) {
                Some(remaining) => rest = remaining,
                None => return false,
            }
        }
        true
    };
    timeout(DISCARDING, reading).await.unwrap_or(false)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The body of a request. When it is dropped, the unread rest goes back to its connection.
struct RequestBody {
    /// `None` once all of it was read.
    body: Option<Incoming>,
    connection: Connection,
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(body).poll_frame(context);
        self.connection.0.is_read.store(true, Ordering::Release);
        let frame = ready!(polled);
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.body.as_ref();
        body.map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) {
            *lock(&self.connection.0.unread) = Some(body);
        }
    }
}

/// The future of a request that is being handled. A complete request runs to its end even if its response can no longer be
/// sent: if the connection ends first, dropping this hands the future over to [`serve`].
struct InFlight {
    response_future: Option<ResponseFuture>,
    connection: Connection,
}

impl Future for InFlight {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let response_future = self
            .response_future
            .as_mut()
            .expect("a completed future is not polled again");
        let response = ready!(response_future.0.as_mut().poll(context));
        self.response_future = None;
        Poll::Ready(Ok(response))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(response_future) = self.response_future.take() {
            *lock(&self.connection.0.abandoned) = Some(response_future);
        }
    }
}

/// Drops the future of an abandoned request when its connection is no longer served, as when the server stops. Without this, the
/// future and the connection would own each other, and the request would never be recorded.
struct Abandoned(Connection);

impl Drop for Abandoned {
    fn drop(&mut self) {
        let response_future = lock(&self.0.0.abandoned).take();
        drop(response_future);
    }
}

/// Serves the requests of a connection until its client, the server or a fault ends it.
pub async fn serve<S>(
    stream: TcpStream,
    protocol: http1::Builder,
    app: S,
    mut stopped: watch::Receiver<()>,
) where
    S: Service<Request<Body>, Response = Response, Error = Infallible>
        + Clone
        + Send
        + Unpin
        + 'static,
    S::Future: Send,
{
    // Responses are small and complete: waiting for more data to send with them only delays them.
    let _ = stream.set_nodelay(true);
    let connection = Connection::new(stream.local_addr().ok(), stopped.clone());
    let stream = TokioIo::new(Stream {
        socket: stream,
        connection: connection.clone(),
        is_new: true,
    });
    // Dropped after `http_connection`, which abandons its request.
    let _abandoned = Abandoned(connection.clone());
    let in_flight = connection.clone();
    let service = service_fn(move |request| InFlight {
        response_future: Some(ResponseFuture(Box::pin(
            in_flight.clone().handle(request, app.clone()),
        ))),
        connection: in_flight.clone(),
    });
    let mut http_connection = protocol.serve_connection(stream, service);
    let mut is_stopping = false;
    let ended = loop {
        tokio::select! {
            ended = poll_fn(|context| http_connection.poll_without_shutdown(context)) => break ended,
            () = connection.0.reset.notified() => break Ok(()),
            _ = stopped.changed(), if !is_stopping => {
                is_stopping = true;
                Pin::new(&mut http_connection).graceful_shutdown();
            }
        }
    };
    let Stream {
        socket: mut stream, ..
    } = http_connection.into_parts().io.into_inner();
    connection.set_half_closed();
    if connection.0.is_tls.load(Ordering::Acquire) {
        tracing::warn!("a client sent HTTPS to the HTTP port; its URL has to begin with http://");
        let _ = stream.write_all(NO_TLS.as_bytes()).await;
        return linger(stream, &connection).await;
    }
    let abandoned = lock(&connection.0.abandoned).take();
    if connection.0.ending.get().is_some() {
        // With a linger time of zero, closing the socket resets the connection.
        let _ = stream.set_zero_linger();
        return;
    }
    let is_unreadable = ended.as_ref().is_err_and(hyper::Error::is_parse);
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
    if is_unreadable || connection.0.lingers.load(Ordering::Acquire) {
        linger(stream, &connection).await;
    } else {
        drop(stream);
    }
    if let Some(response_future) = abandoned {
        tokio::select! {
            _ = response_future.0 => {}
            () = connection.0.reset.notified() => {}
        }
    }
}

/// Closes the sending side of a connection, and discards what the client still sends until it closes its own.
async fn linger(mut stream: TcpStream, connection: &Connection) {
    let reading = async {
        stream.shutdown().await?;
        let mut buffer = vec![0; 64 * 1024];
        while stream.read(&mut buffer).await? > 0 {}
        io::Result::Ok(())
    };
    let stopping = async {
        connection.stopping().await;
        sleep(SHUTDOWN_LINGER_TIMEOUT).await;
    };
    tokio::select! {
        // An error means that the client has disconnected.
        _ = reading => {}
        () = sleep(LINGER_TIMEOUT) => {}
        () = stopping => {}
    }
}

/// The first bytes of a client that speaks TLS: a handshake record (RFC 8446, 5.1).
const TLS_GREETING: [u8; 2] = [0x16, 0x03];

/// The response to such a client.
const NO_TLS: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n\
                      This port speaks HTTP, not HTTPS: use a URL that begins with http://\n";

/// A stream that detects when its client has closed its sending side, and whether it speaks TLS.
struct Stream {
    socket: TcpStream,
    connection: Connection,
    /// Whether nothing was read from it yet.
    is_new: bool,
}

impl Stream {
    /// Checks whether the client has closed its sending side, if a task waits for that. While a request is handled, hyper does
    /// not read from the stream.
    fn check_half_closed(&self, context: &mut Context<'_>) {
        let Inner {
            is_watched,
            is_half_closed,
            ..
        } = &*self.connection.0;
        if !is_watched.load(Ordering::Acquire) || is_half_closed.load(Ordering::Acquire) {
            return;
        }
        let mut byte = [0];
        // The end of the stream is not visible behind pipelined data.
        if let Poll::Ready(Ok(0) | Err(_)) =
            self.socket.poll_peek(context, &mut ReadBuf::new(&mut byte))
        {
            self.connection.set_half_closed();
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(context, into))?;
        if mem::take(&mut self.is_new) && into.filled()[before..].starts_with(&TLS_GREETING) {
            self.connection.0.is_tls.store(true, Ordering::Release);
            // For the HTTP parser, the client has closed its sending side.
            into.set_filled(before);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, from)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    /// Checks the sending side of the client as well, since hyper flushes whenever it is woken.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check_half_closed(context);
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
