//! Forms that were sent: the same form sent again, as by a double click, is answered as the first time and changes nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use http_body_util::{BodyExt as _, Collected};
use tokio::sync::watch;

use crate::domain::SecretDigest;

/// How long a form is remembered.
const MEMORY: Duration = Duration::from_mins(1);

/// The maximum number of forms that are remembered; beyond it, the oldest is forgotten.
const MAX_FORMS: usize = 1000;

/// The response to a form, once there is one.
type Answer = watch::Receiver<Option<Response<Bytes>>>;

/// The forms of the last minute by their digests.
#[derive(Debug, Clone, Default)]
pub struct Sent(Arc<Mutex<HashMap<SecretDigest, (Instant, Answer)>>>);

impl Sent {
    /// Returns the response to a form that `answer` produces, or produced when the form was sent before. It is finished even if
    /// the browser does not wait for it. Only redirects are remembered: whatever else happened, the form may be sent again.
    pub async fn once<F>(&self, form: SecretDigest, answer: impl FnOnce() -> F) -> Response
    where
        F: Future<Output = Response> + Send + 'static,
    {
        let (sender, new) = watch::channel(None);
        let (mut answered, is_new) = self.answer(form, new);
        if is_new {
            let (sent, answer) = (self.clone(), answer());
            tokio::spawn(async move {
                let (parts, body) = answer.await.into_parts();
                let body = body.collect().await.map(Collected::to_bytes);
                if !parts.status.is_redirection() {
                    sent.forms().remove(&form);
                }
                sender.send_replace(Some(Response::from_parts(parts, body.unwrap_or_default())));
            });
        }
        match answered.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(response)) => response.clone().map(Body::from),
            _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }

    /// Returns the answer to a form that was sent before, or else `new`, which is remembered.
    fn answer(&self, form: SecretDigest, new: Answer) -> (Answer, bool) {
        let mut forms = self.forms();
        forms.retain(|_, (at, _)| at.elapsed() < MEMORY);
        if let Some((_, answer)) = forms.get(&form) {
            return (answer.clone(), false);
        }
        if forms.len() >= MAX_FORMS {
            let oldest = forms.iter().min_by_key(|(_, (at, _))| *at);
            if let Some(digest) = oldest.map(|(digest, _)| *digest) {
                forms.remove(&digest);
            }
        }
        forms.insert(form, (Instant::now(), new.clone()));
        (new, true)
    }

    fn forms(&self) -> MutexGuard<'_, HashMap<SecretDigest, (Instant, Answer)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;

    use super::{MAX_FORMS, MEMORY, Sent};
    use crate::domain::SecretDigest;

    /// Returns whether a form counts as sent for the first time.
    fn is_new(sent: &Sent, form: usize) -> bool {
        let (_, new) = watch::channel(None);
        sent.answer(SecretDigest::of(&form.to_string()), new).1
    }

    #[test]
    fn a_form_is_remembered_for_a_minute() {
        let sent = Sent::default();
        assert!(is_new(&sent, 1) && !is_new(&sent, 1) && is_new(&sent, 2));
        for (at, _) in sent.forms().values_mut() {
            *at -= MEMORY;
        }
        assert!(is_new(&sent, 1));
    }

    #[test]
    fn the_oldest_form_is_forgotten_at_the_limit() {
        let sent = Sent::default();
        is_new(&sent, 0);
        let first = SecretDigest::of("0");
        sent.forms().get_mut(&first).unwrap().0 -= MEMORY / 2;
        for form in 1..=MAX_FORMS {
            assert!(is_new(&sent, form));
        }
        assert_eq!(sent.forms().len(), MAX_FORMS);
        assert!(!sent.forms().contains_key(&first));
    }
}
