//! Console sessions: a cookie holds a random token, and the server keeps its digest in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use super::form::Refused;
use crate::domain::{AccountId, ApiUserGuid, Caller, SecretDigest};
use crate::system;

/// How long a session may be idle before it expires: a working day. This is system time, not the account's clock.
const IDLE_TIMEOUT: Duration = Duration::from_hours(8);

/// The maximum number of sessions, more than people need; beyond it, the least recently used one is removed.
const MAX_SESSIONS: usize = 1000;

/// All sessions of the server.
#[derive(Debug, Default)]
pub struct Sessions {
    open: Mutex<HashMap<SecretDigest, Arc<Session>>>,
}

/// The server's data about one visitor.
#[derive(Debug)]
pub struct Session {
    /// The value that every form of the session carries, so that no other site can submit one.
    pub csrf: String,
    /// Whether the visitor has entered the token of `--control-token`.
    pub has_token: bool,
    /// The operator who logged in.
    pub caller: Option<Caller>,
    data: Mutex<Data>,
}

#[derive(Debug)]
struct Data {
    last_used: Instant,
    account: Option<AccountId>,
    news: News,
}

/// What the response to a form leaves for the page that follows it.
#[derive(Debug, Clone, Default)]
pub struct News {
    /// A sentence to display.
    pub notice: Option<String>,
    /// A new API user with its password, which is displayed once.
    pub created: Option<(ApiUserGuid, String)>,
    /// The form, if it was refused.
    pub refused: Option<Refused>,
}

impl News {
    pub fn notice(notice: impl Into<String>) -> Self {
        Self {
            notice: Some(notice.into()),
            ..Self::default()
        }
    }

    /// Returns the notice of new credentials, and the credentials.
    pub fn created(notice: impl Into<String>, api_user: ApiUserGuid, password: String) -> Self {
        Self {
            created: Some((api_user, password)),
            ..Self::notice(notice)
        }
    }
}

impl Session {
    /// Creates a session of a visitor, or, with a caller, of an operator.
    pub fn new(has_token: bool, caller: Option<Caller>) -> Self {
        Self {
            csrf: token::<32>(),
            has_token,
            caller,
            data: Mutex::new(Data {
                last_used: Instant::now(),
                account: caller.map(|caller| caller.account),
                news: News::default(),
            }),
        }
    }

    /// Returns whether a form with this CSRF value belongs to this session. Compares in constant time.
    pub fn accepts_csrf(&self, csrf: &str) -> bool {
        self.csrf.as_bytes().ct_eq(csrf.as_bytes()).into()
    }

    /// Returns the account of the latest page that has one, or `None` if that page was about the whole server.
    pub fn account(&self) -> Option<AccountId> {
        self.data().account
    }

    pub fn set_account(&self, account: Option<AccountId>) {
        self.data().account = account;
    }

    /// Replaces what earlier forms left.
    pub fn set_news(&self, news: News) {
        self.data().news = news;
    }

    pub fn take_notice(&self) -> Option<String> {
        self.data().news.notice.take()
    }

    /// Returns the refused form if it was sent to this path; the second call returns `None`.
    pub fn take_refused(&self, action: &str) -> Option<Refused> {
        let news = &mut self.data().news;
        news.refused.take_if(|refused| refused.action == action)
    }

    /// Returns the password of an API user that was just created; the second call returns `None`.
    pub fn take_password(&self, api_user: ApiUserGuid) -> Option<String> {
        let created = &mut self.data().news.created;
        Some(created.take_if(|(created, _)| *created == api_user)?.1)
    }

    fn last_used(&self) -> Instant {
        self.data().last_used
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sessions {
    /// Returns the session of a token and restarts its idle timeout.
    pub fn find(&self, token: &str) -> Option<Arc<Session>> {
        let mut open = self.lock();
        let digest = SecretDigest::of(token);
        let session = Arc::clone(open.get(&digest)?);
        if session.last_used().elapsed() > IDLE_TIMEOUT {
            open.remove(&digest);
            return None;
        }
        session.data().last_used = Instant::now();
        Some(session)
    }

    /// Opens a session and returns its token, which is not stored.
    pub fn open(&self, session: Arc<Session>) -> String {
        let mut open = self.lock();
        if open.len() >= MAX_SESSIONS {
            let oldest = open.iter().min_by_key(|(_, session)| session.last_used());
            if let Some(digest) = oldest.map(|(digest, _)| *digest) {
                open.remove(&digest);
            }
        }
        let token = token::<32>();
        open.insert(SecretDigest::of(&token), session);
        token
    }

    pub fn close(&self, token: &str) {
        self.lock().remove(&SecretDigest::of(token));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SecretDigest, Arc<Session>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns random bytes as text.
pub fn token<const N: usize>() -> String {
    let mut bytes = [0; N];
    system::random(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{IDLE_TIMEOUT, MAX_SESSIONS, Session, Sessions};

    fn open_session(sessions: &Sessions) -> (String, Arc<Session>) {
        let session = Arc::new(Session::new(false, None));
        (sessions.open(Arc::clone(&session)), session)
    }

    #[test]
    fn a_session_is_found_by_its_token_until_it_is_closed() {
        let sessions = Sessions::default();
        let (token, session) = open_session(&sessions);
        assert!(Arc::ptr_eq(&sessions.find(&token).unwrap(), &session));
        assert!(sessions.find(&format!("{token}x")).is_none());
        sessions.close(&token);
        assert!(sessions.find(&token).is_none());
    }

    #[test]
    fn an_idle_session_expires() {
        let sessions = Sessions::default();
        let (token, session) = open_session(&sessions);
        session.data().last_used -= IDLE_TIMEOUT;
        assert!(sessions.find(&token).is_none());
    }

    #[test]
    fn the_least_recently_used_session_is_removed_at_the_limit() {
        let sessions = Sessions::default();
        let (first, session) = open_session(&sessions);
        let (second, _) = open_session(&sessions);
        session.data().last_used -= IDLE_TIMEOUT / 2;
        for _ in 2..=MAX_SESSIONS {
            open_session(&sessions);
        }
        assert!(sessions.find(&first).is_none());
        assert!(sessions.find(&second).is_some());
    }
}
