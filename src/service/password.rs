//! Hashing the passwords of operators: slow on purpose, so it is done off the async threads, and a few at a time.

use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::domain::{PasswordHash, PlainPassword};
use crate::error::{Error, Result};

/// What hashing a password costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PasswordCost {
    /// The defaults of the `argon2` crate, which make guessing slow.
    #[default]
    Full,
    /// The least that Argon2id allows, for tests that make many operators.
    Least,
}

#[derive(Debug)]
pub struct Passwords {
    argon2: Argon2<'static>,
    /// Half of the processors, so that a flood of wrong passwords leaves the rest to all others.
    turns: Arc<Semaphore>,
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
            .expect("the least cost is a valid one"),
        };
        let processors = available_parallelism().map_or(1, usize::from);
        Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            turns: Arc::new(Semaphore::new(processors.div_ceil(2))),
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

    /// Whether this is the password. Where there is none to compare with, or a hash that costs too much, as much work is
    /// done for nothing.
    pub async fn verify(&self, hash: Option<PasswordHash>, claimed: PlainPassword) -> Result<bool> {
        let argon2 = self.argon2.clone();
        let hash = hash.and_then(|hash| {
            let unaffordable = |reason: &String| {
                tracing::warn!(reason, "a PasswordHash that was kept lets nobody log in");
            };
            hash.affordable().inspect_err(unaffordable).ok()
        });
        self.run(move || {
            let claimed = claimed.reveal().as_bytes();
            if let Some(hash) = hash {
                Ok(argon2.verify_password(claimed, &hash).is_ok())
            } else {
                let _: phc::PasswordHash = argon2.hash_password(claimed).map_err(failed)?;
                Ok(false)
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(failed)?;
        let work = move || {
            // Work that was begun goes on when nobody waits for it any more, and so does its turn.
            let _turn = turn;
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
    async fn work_that_nobody_waits_for_keeps_its_turn_until_it_is_done() {
        let passwords = Passwords::new(PasswordCost::Least);
        let turns = passwords.turns.available_permits();
        let (has_begun, begun) = oneshot::channel();
        let (end, ending) = mpsc::channel();
        let work = passwords.run(move || {
            has_begun.send(()).unwrap();
            ending.recv().unwrap();
            Ok(())
        });
        tokio::select! {
            _ = work => panic!("nothing ended it"),
            begun = begun => begun.unwrap(),
        }
        assert_eq!(passwords.turns.available_permits(), turns - 1);
        end.send(()).unwrap();
        let all = turns.try_into().unwrap();
        drop(passwords.turns.acquire_many(all).await.unwrap());
    }
}
