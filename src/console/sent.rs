//! Forms that were sent: the same form sent again, as by a double click, is answered as the first time and changes nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use http_body_util::{BodyExt as _, Collected};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::domain::SecretDigest;

/// How long a form is remembered once it is answered.
const MEMORY: Duration = Duration::from_mins(1);

/// The maximum number of forms that are remembered. Further ones are carried out whenever they are sent.
const MAX_FORMS: usize = 1000;

/// The response to a form, once there is one.
type Answer = watch::Receiver<Option<Response<Bytes>>>;

/// The forms that are being answered, or were in the last minute, by their digests. Their responses may hold a new password, so
/// they are not kept longer.
#[derive(Debug, Clone, Default)]
pub struct Sent(Arc<Mutex<HashMap<SecretDigest, Answer>>>);

/// Forgets a form at the end of the task that answers it, also if that panics.
struct Remembered {
    sent: Sent,
    form: SecretDigest,
    answer: Answer,
}

impl Drop for Remembered {
    fn drop(&mut self) {
        let mut forms = self.sent.forms();
        let is_this = |answer: &Answer| answer.same_channel(&self.answer);
        if forms.get(&self.form).is_some_and(is_this) {
            forms.remove(&self.form);
        }
    }
}

impl Sent {
    /// Returns the response to a form that `answer` produces, or produced when the form was sent before, and whether it was sent
    /// and answered before. It is finished even if the browser does not wait for it. It is remembered if it `was_done`.
    pub async fn once<F>(
        &self,
        form: SecretDigest,
        was_done: fn(&Response) -> bool,
        answer: impl FnOnce() -> F,
    ) -> (Response, bool)
    where
        F: Future<Output = Response> + Send + 'static,
    {
        let (sender, new) = watch::channel(None);
        let (mut answered, remembered) = self.answered(form, new);
        let is_again = answered.borrow().is_some();
        if let Some(remembered) = remembered {
            let answer = answer();
            tokio::spawn(async move {
                let answer = answer.await;
                let was_done = was_done(&answer);
                let (parts, body) = answer.into_parts();
                let body = body.collect().await.map(Collected::to_bytes);
                let answer = Response::from_parts(parts, body.unwrap_or_default());
                sender.send_replace(Some(answer));
                if was_done {
                    sleep(MEMORY).await;
                }
                drop(remembered);
            });
        }
        match answered.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(response)) => (response.clone().map(Body::from), is_again),
            _ => (StatusCode::INTERNAL_SERVER_ERROR.into_response(), is_again),
        }
    }

    /// Returns the answer to a form that was sent before, or else `new`, which is remembered until the second value is dropped.
    fn answered(&self, form: SecretDigest, new: Answer) -> (Answer, Option<Remembered>) {
        let mut forms = self.forms();
        if let Some(answer) = forms.get(&form) {
            return (answer.clone(), None);
        }
        if forms.len() < MAX_FORMS {
            forms.insert(form, new.clone());
        }
        let remembered = Remembered {
            sent: self.clone(),
            form,
            answer: new.clone(),
        };
        (new, Some(remembered))
    }

    fn forms(&self) -> MutexGuard<'_, HashMap<SecretDigest, Answer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use axum::http::StatusCode;
    use axum::response::{IntoResponse as _, Response};
    use tokio::task::yield_now;
    use tokio::time::advance;

    use super::{MAX_FORMS, MEMORY, Sent};
    use crate::domain::SecretDigest;

    fn is_created(response: &Response) -> bool {
        response.status() == StatusCode::CREATED
    }

    /// Sends a form, and returns whether it was carried out.
    async fn send(sent: &Sent, form: usize, status: StatusCode) -> bool {
        let is_carried_out = Cell::new(false);
        let answer = || {
            is_carried_out.set(true);
            async move { status.into_response() }
        };
        let form = SecretDigest::of(&form.to_string());
        let (response, is_again) = sent.once(form, is_created, answer).await;
        assert!(!is_again || response.status() == StatusCode::CREATED);
        is_carried_out.get()
    }

    #[tokio::test(start_paused = true)]
    async fn a_form_that_was_carried_out_is_remembered_for_a_minute() {
        let sent = Sent::default();
        assert!(send(&sent, 1, StatusCode::CREATED).await);
        assert!(!send(&sent, 1, StatusCode::CREATED).await);
        assert!(send(&sent, 2, StatusCode::CREATED).await);
        advance(MEMORY).await;
        yield_now().await;
        assert!(sent.forms().is_empty());
        assert!(send(&sent, 1, StatusCode::CREATED).await);
    }

    #[tokio::test]
    async fn a_form_that_was_refused_or_failed_may_be_sent_again() {
        let sent = Sent::default();
        assert!(send(&sent, 1, StatusCode::CONFLICT).await);
        yield_now().await;
        assert!(send(&sent, 1, StatusCode::CONFLICT).await);
        let form = SecretDigest::of("panics");
        let panics = || async { panic!("as a handler might") };
        let (response, _) = sent.once(form, is_created, panics).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!sent.forms().contains_key(&form));
    }

    #[tokio::test]
    async fn a_form_beyond_the_limit_is_carried_out_whenever_it_is_sent() {
        let sent = Sent::default();
        for form in 0..MAX_FORMS {
            assert!(send(&sent, form, StatusCode::CREATED).await);
        }
        assert!(send(&sent, MAX_FORMS, StatusCode::CREATED).await);
        assert!(send(&sent, MAX_FORMS, StatusCode::CREATED).await);
        assert!(!send(&sent, 0, StatusCode::CREATED).await);
        assert_eq!(sent.forms().len(), MAX_FORMS);
    }
}
