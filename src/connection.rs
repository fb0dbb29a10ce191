//! One connection, from its first request to its end. Whatever a client is still sending, its answer reaches it: what
//! nobody wants is read and thrown away, before the answer as long as it is little, or else after it.

use std::convert::Infallible;
use std::fmt;
use std::future::{pending, poll_fn};
use std::io::{self, IoSlice};
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

/// A longer head of a request is answered with 431: the journal keeps heads, a thousand for each account.
pub const LARGEST_HEAD: usize = 64 * 1024;

/// So much of a body that nobody wants is read before the answer, so that the connection can be used again.
const LARGEST_DISCARDED_BODY: u64 = 8 * 1024 * 1024;

/// How long that may take.
pub const DISCARDING: Duration = Duration::from_secs(5);

/// How long a connection stays for a client that is still sending after its answer. To end it at once would be a reset,
/// which takes the answer along: https://nginx.org/en/docs/http/ngx_http_core_module.html#lingering_close
const LINGERING: Duration = Duration::from_secs(5);

/// How long it stays when the server stops.
const LAST_LINGERING: Duration = Duration::from_millis(500);

/// The connection that a request came over. Every request holds it, so it is one pointer.
#[derive(Debug, Clone)]
pub struct Connection(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: Option<SocketAddr>,
    stopped: watch::Receiver<()>,
    /// What the present request, which is then the last one, gets instead of an answer.
    ending: OnceLock<Ending>,
    /// Whether that is over, so that nothing is left but the reset.
    reset: Notify,
    /// Whether somebody wants to know when the client has closed its sending side.
    is_watched: AtomicBool,
    has_left: AtomicBool,
    left: Notify,
    /// Whether the body of the present request was asked for, of which a client that expects a 100 is told.
    is_read: AtomicBool,
    /// What is left of that body when nobody reads on.
    unread: Mutex<Option<Incoming>>,
    /// Whether the body of the present request did not come in time.
    is_late: AtomicBool,
    /// Whether the client may be sending something that nobody reads any more.
    lingers: AtomicBool,
    /// The request whose answer nobody waits for any more.
    abandoned: Mutex<Option<Answering>>,
}

/// How a request ends that gets no answer. Its connection ends with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The connection is reset.
    Reset,
    /// The client waits until it goes away or the server stops, which does not wait for it.
    Hang,
}

/// What becomes the answer to a request.
struct Answering(Pin<Box<dyn Future<Output = Response> + Send>>);

impl fmt::Debug for Answering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answering")
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
            has_left: AtomicBool::new(false),
            left: Notify::new(),
            is_read: AtomicBool::new(false),
            unread: Mutex::default(),
            is_late: AtomicBool::new(false),
            lingers: AtomicBool::new(false),
            abandoned: Mutex::default(),
        }))
    }

    /// The address that the client connected to.
    pub fn address(&self) -> Option<SocketAddr> {
        self.0.address
    }

    /// Ends the request that calls it without an answer: its future is dropped here, and goes on no further.
    pub async fn end(&self, ending: Ending) -> ! {
        let _ = self.0.ending.set(ending);
        pending().await
    }

    /// Waits for the answer to a request, unless the request ends without one.
    async fn answer_of(
        &self,
        answering: impl Future<Output = Result<Response, Infallible>>,
    ) -> Result<Response, Ending> {
        let mut answering = pin!(answering);
        poll_fn(|context| match answering.as_mut().poll(context) {
            Poll::Ready(Ok(response)) => Poll::Ready(Ok(response)),
            // It is set by the future that was just polled, so nobody has to be woken for it.
            Poll::Pending => match self.0.ending.get() {
                Some(ending) => Poll::Ready(Err(*ending)),
                None => Poll::Pending,
            },
        })
        .await
    }

    /// Leaves a request without an answer, and then resets the connection.
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

    /// Waits until the server stops: whoever keeps a client waiting on purpose has to end then.
    pub async fn stopping(&self) {
        let mut stopped = self.0.stopped.clone();
        while stopped.changed().await.is_ok() {}
    }

    /// Waits until the client has closed its sending side. One that has gone cannot be told from one that still waits for
    /// its answer, until something is written.
    pub async fn left(&self) {
        // Its end is behind what it still sends.
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
            let left = self.0.left.notified();
            if self.0.has_left.load(Ordering::Acquire) {
                return;
            }
            left.await;
        }
    }

    /// Says that the body of the present request did not come in time, and so is waited for no longer.
    pub fn is_late(&self) {
        self.0.is_late.store(true, Ordering::Release);
    }

    fn has_left(&self) {
        self.0.has_left.store(true, Ordering::Release);
        self.0.left.notify_waiters();
    }

    /// Answers a request, when nothing of its body is in the way of the answer any more.
    async fn answer<S>(self, request: Request<Incoming>, app: S) -> Response
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
            // The protocol looks at the length only while a head is not whole.
            drop(request);
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response()
        } else {
            match self.answer_of(app.oneshot(request)).await {
                Ok(response) => response,
                Err(ending) => self.finish(ending).await,
            }
        };
        let unread = lock(&self.0.unread).take();
        if let Some(body) = unread {
            // Who waits for a 100 sends nothing until it comes, or until it is tired of waiting; and who was too slow
            // would be so again.
            let is_coming = !expects_100 || self.0.is_read.load(Ordering::Acquire);
            let is_late = self.0.is_late.load(Ordering::Acquire)
                || response.status() == StatusCode::REQUEST_TIMEOUT;
            if !is_coming || is_late || !is_discarded(body).await {
                self.0.lingers.store(true, Ordering::Release);
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
        }
        response
    }
}

/// About as many bytes as the head of a request has.
fn length_of_head<B>(request: &Request<B>) -> usize {
    let headers = request.headers().iter();
    let fields = headers.map(|(name, value)| name.as_str().len() + value.len() + 4);
    let target = request.uri().path_and_query();
    target.map_or(0, |target| target.as_str().len()) + fields.sum::<usize>()
}

/// Reads what is left of a body, if it is little.
async fn is_discarded(mut body: Incoming) -> bool {
    if body.size_hint().lower() > LARGEST_DISCARDED_BODY {
        return false;
    }
    let reading = async {
        let mut rest = LARGEST_DISCARDED_BODY;
        while let Some(frame) = body.frame().await {
            // A client that breaks off sends no more.
            let Ok(frame) = frame else { return true };
            let length = frame.data_ref().map_or(0, Bytes::len) as u64;
            match rest.checked_sub(length) {
                Some(less) => rest = less,
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

/// The body of a request. What nobody reads of it goes back to its connection.
struct RequestBody {
    /// None, when all of it was read.
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

/// A request on its way to its answer. A complete request runs to its end, whether or not somebody waits for the answer:
/// where the connection ends before, it goes back to the one who holds that.
struct InFlight {
    answering: Option<Answering>,
    connection: Connection,
}

impl Future for InFlight {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answering = self
            .answering
            .as_mut()
            .expect("a future that is done is not polled again");
        let response = ready!(answering.0.as_mut().poll(context));
        self.answering = None;
        Poll::Ready(Ok(response))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(answering) = self.answering.take() {
            *lock(&self.connection.0.abandoned) = Some(answering);
        }
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
    // Answers are small and complete: waiting for more to send with them only delays them.
    let _ = stream.set_nodelay(true);
    let connection = Connection::new(stream.local_addr().ok(), stopped.clone());
    let stream = TokioIo::new(Stream {
        stream,
        connection: connection.clone(),
    });
    let in_flight = connection.clone();
    let service = service_fn(move |request| InFlight {
        answering: Some(Answering(Box::pin(
            in_flight.clone().answer(request, app.clone()),
        ))),
        connection: in_flight.clone(),
    });
    let mut conversation = protocol.serve_connection(stream, service);
    let mut is_stopping = false;
    let ended = loop {
        tokio::select! {
            ended = poll_fn(|context| conversation.poll_without_shutdown(context)) => break ended,
            () = connection.0.reset.notified() => break Ok(()),
            _ = stopped.changed(), if !is_stopping => {
                is_stopping = true;
                Pin::new(&mut conversation).graceful_shutdown();
            }
        }
    };
    let Stream { stream, .. } = conversation.into_parts().io.into_inner();
    connection.has_left();
    let abandoned = lock(&connection.0.abandoned).take();
    if connection.0.ending.get().is_some() {
        // Without time to linger, the end of a connection is a reset.
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
    if let Some(answering) = abandoned {
        tokio::select! {
            _ = answering.0 => {}
            () = connection.0.reset.notified() => {}
        }
    }
}

/// Ends our side of a connection, and reads what its client still sends until it ends its own.
async fn linger(mut stream: TcpStream, connection: &Connection) {
    let reading = async {
        stream.shutdown().await?;
        let mut thrown_away = vec![0; 64 * 1024];
        while stream.read(&mut thrown_away).await? > 0 {}
        io::Result::Ok(())
    };
    let stopping = async {
        connection.stopping().await;
        sleep(LAST_LINGERING).await;
    };
    tokio::select! {
        // An error is that the client has gone.
        _ = reading => {}
        () = sleep(LINGERING) => {}
        () = stopping => {}
    }
}

/// A stream that tells when its client has closed its sending side.
struct Stream {
    stream: TcpStream,
    connection: Connection,
}

impl Stream {
    /// Looks whether the client has closed its sending side, if somebody wants to know. While a request is answered, the
    /// protocol does not read.
    fn look(&self, context: &mut Context<'_>) {
        let Inner {
            is_watched,
            has_left,
            ..
        } = &*self.connection.0;
        if !is_watched.load(Ordering::Acquire) || has_left.load(Ordering::Acquire) {
            return;
        }
        let mut byte = [0];
        // Behind what a client sends ahead, its end cannot be seen.
        if let Poll::Ready(Ok(0) | Err(_)) =
            self.stream.poll_peek(context, &mut ReadBuf::new(&mut byte))
        {
            self.connection.has_left();
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

    /// The protocol flushes whenever it is woken.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.look(context);
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
