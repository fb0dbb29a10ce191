//! Who looks at the pages: a cookie with a random token, of which the server keeps the digest, in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::domain::{ApiUserGuid, Caller, SecretDigest};
use crate::system;

/// A session that nobody used for so long is over: a working day. The time is the system's, whatever the clock of an account
/// shows.
const IDLE: Duration = Duration::from_hours(8);

/// More sessions than people have: those that were not used for the longest time make room.
const MOST: usize = 1000;

/// All sessions of the server.
#[derive(Debug, Default)]
pub struct Sessions {
    open: Mutex<HashMap<SecretDigest, Arc<Session>>>,
}

/// What the server knows of one visitor.
#[derive(Debug)]
pub struct Session {
    /// What every form of the session brings along, so that no other site can send one.
    pub csrf: String,
    /// Whether the token of `--control-token` was given.
    pub has_token: bool,
    /// The operator who logged in.
    pub caller: Option<Caller>,
    data: Mutex<Data>,
}

#[derive(Debug)]
struct Data {
    seen: Instant,
    notice: Option<String>,
    made: Option<CreatedApiUser>,
}

/// Credentials that were just made, until they are shown. They are shown once.
#[derive(Debug)]
pub struct CreatedApiUser {
    pub api_user: ApiUserGuid,
    pub password: String,
}

impl Session {
    /// A session of a visitor, or, with a caller, of an operator.
    pub fn new(has_token: bool, caller: Option<Caller>) -> Self {
        Self {
            csrf: token(),
            has_token,
            caller,
            data: Mutex::new(Data {
                seen: Instant::now(),
                notice: None,
                made: None,
            }),
        }
    }

    /// Whether a form that brings this was made for this session.
    pub fn made_form(&self, csrf: &str) -> bool {
        self.csrf.as_bytes().ct_eq(csrf.as_bytes()).into()
    }

    /// Leaves a word for the next page.
    pub fn tell(&self, notice: impl Into<String>) {
        self.data().notice = Some(notice.into());
    }

    pub fn take_notice(&self) -> Option<String> {
        self.data().notice.take()
    }

    pub fn keep_created(&self, made: CreatedApiUser) {
        self.data().made = Some(made);
    }

    /// The password of an API user that was just made; the second time there is none.
    pub fn take_made(&self, api_user: ApiUserGuid) -> Option<String> {
        let mut data = self.data();
        let made = data.made.take_if(|made| made.api_user == api_user)?;
        Some(made.password)
    }

    fn seen(&self) -> Instant {
        self.data().seen
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sessions {
    /// The session of a token, which goes on with this.
    pub fn find(&self, token: &str) -> Option<Arc<Session>> {
        let mut open = self.lock();
        let digest = SecretDigest::of(token);
        let session = Arc::clone(open.get(&digest)?);
        if session.seen().elapsed() > IDLE {
            open.remove(&digest);
            return None;
        }
        session.data().seen = Instant::now();
        Some(session)
    }

    /// Opens a session and answers with its token, which is not kept.
    pub fn open(&self, session: Arc<Session>) -> String {
        let mut open = self.lock();
        if open.len() >= MOST {
            let oldest = open.iter().min_by_key(|(_, session)| session.seen());
            if let Some(digest) = oldest.map(|(digest, _)| *digest) {
                open.remove(&digest);
            }
        }
        let token = token();
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

/// 256 random bits.
fn token() -> String {
    let mut bytes = [0; 32];
    system::random(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{IDLE, MOST, Session, Sessions};

    fn opened(sessions: &Sessions) -> (String, Arc<Session>) {
        let session = Arc::new(Session::new(false, None));
        (sessions.open(Arc::clone(&session)), session)
    }

    #[test]
    fn a_session_is_found_by_its_token_until_it_is_closed() {
        let sessions = Sessions::default();
        let (token, session) = opened(&sessions);
        assert!(Arc::ptr_eq(&sessions.find(&token).unwrap(), &session));
        assert!(sessions.find(&format!("{token}x")).is_none());
        sessions.close(&token);
        assert!(sessions.find(&token).is_none());
    }

    #[test]
    fn a_session_that_nobody_uses_ends() {
        let sessions = Sessions::default();
        let (token, session) = opened(&sessions);
        session.data().seen -= IDLE;
        assert!(sessions.find(&token).is_none());
    }

    #[test]
    fn the_session_that_was_unused_for_longest_makes_room() {
        let sessions = Sessions::default();
        let (first, session) = opened(&sessions);
        let (second, _) = opened(&sessions);
        session.data().seen -= IDLE / 2;
        for _ in 2..=MOST {
            opened(&sessions);
        }
        assert!(sessions.find(&first).is_none());
        assert!(sessions.find(&second).is_some());
    }
}
