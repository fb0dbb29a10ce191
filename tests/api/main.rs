//! API tests over real HTTP with raw JSON; each test has its own in-memory server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod account;
mod anonymous;
mod api_user;
mod app;
mod authentication;
mod bad_input;
mod body;
mod concurrency;
mod connection;
mod console;
mod control;
mod documents;
mod duty_schedule;
mod handle;
mod kept;
mod openapi;
mod operator;
mod operator_authorization;
mod operator_group;
mod operator_group_authorization;
mod registration;
mod rights;
mod seeded;
mod shape;
mod timezone;
mod user;
