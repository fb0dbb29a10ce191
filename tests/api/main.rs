//! The API from outside: real HTTP, raw JSON, a fresh server in memory for each test.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod api_user;
mod app;
mod authentication;
mod concurrency;
mod documents;
mod operator;
mod operator_authorization;
mod registration;
mod rights;
mod seeded;
