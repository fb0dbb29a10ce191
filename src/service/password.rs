//! Hashes the passwords of operators, which is slow on purpose: on blocking threads, and with limited concurrency.

use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::domain::{PasswordHash, PlainPassword};
use crate::error::{Error, Result};

/// The cost of hashing a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PasswordCost {
    /// The default parameters of the `argon2` crate, which make guessing slow.
    #[default]
    Full,
    /// The minimum that Argon2id allows, for tests that create many operators.
    Least,
}

/// Hashes and verifies passwords.
#[derive(Debug)]
pub struct Passwords {
    argon2: Argon2<'static>,
    /// One permit for each two processors, so that a flood of wrong passwords leaves the other half to all other work.
    permits: Arc<Semaphore>,
}

impl Passwords {
    pub fn new(cost: PasswordCost) -> Self {
        let params = match cost {
            PasswordCost::Full => Params::DEFAULT,
            PasswordCost::Least => Params::new(
                Params::MIN_M_COST,
                Params::MIN_T_COST,
                Params::MIN_P_COST,
                None,
            )
            .expect("the minimum cost is valid"),
        };
        let processors = available_parallelism().map_or(1, usize::from);
        Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            permits: Arc::new(Semaphore::new(processors.div_ceil(2))),
        }
    }

    pub async fn hash(&self, password: PlainPassword) -> Result<PasswordHash> {
        let argon2 = self.argon2.clone();
        self.run(move || {
            let hash: phc::PasswordHash = argon2
                .hash_password(password.reveal().as_bytes())
                .map_err(failed)?;
            Ok(PasswordHash::new(hash.to_string()))
        })
        .await
    }

    /// Returns whether a password is the right one. Without a hash to compare with, or with one that is too expensive to
    /// compute, the same amount of work is done.
    pub async fn verify(
        &self,
        hash: Option<PasswordHash>,
        candidate: PlainPassword,
    ) -> Result<bool> {
        let argon2 = self.argon2.clone();
        let hash = hash.and_then(|hash| {
            let warn = |reason: &String| {
                tracing::warn!(reason, "a PasswordHash that was kept lets nobody log in");
            };
            hash.affordable().inspect_err(warn).ok()
        });
        self.run(move || {
            let candidate = candidate.reveal().as_bytes();
            if let Some(hash) = hash {
                Ok(argon2.verify_password(candidate, &hash).is_ok())
            } else {
                let _: phc::PasswordHash = argon2.hash_password(candidate).map_err(failed)?;
                Ok(false)
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(failed)?;
        let work = move || {
            // Blocking work continues after its future is dropped, so it holds the permit until it is done.
            let _permit = permit;
            work()
        };
        spawn_blocking(work).await.map_err(failed)?
    }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Failed(format!("a password could not be hashed: {error}"))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::sync::oneshot;

    use super::{PasswordCost, Passwords};

    #[tokio::test]
    async fn work_keeps_its_permit_until_it_is_done_after_its_future_is_dropped() {
        let passwords = Passwords::new(PasswordCost::Least);
        let permits = passwords.permits.available_permits();
        let (signal_begun, begun) = oneshot::channel();
        let (end, ending) = mpsc::channel();
        let work = passwords.run(move || {
            signal_begun.send(()).unwrap();
            ending.recv().unwrap();
            Ok(())
        });
        tokio::select! {
            _ = work => panic!("nothing ended it"),
            begun = begun => begun.unwrap(),
        }
        assert_eq!(passwords.permits.available_permits(), permits - 1);
        end.send(()).unwrap();
        let all = permits.try_into().unwrap();
        drop(passwords.permits.acquire_many(all).await.unwrap());
    }
}
