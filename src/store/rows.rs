//! Rows on their way to SQLite: all of a table in one statement, which takes them as JSON. A statement for each row would
//! cost a change of threads for each row, which is most of what it costs.

use serde::Serialize;

/// The rows of one table that have to go, and those that have to be written, new or not.
#[derive(Debug)]
pub struct Rows<K, R> {
    pub gone: Vec<K>,
    pub kept: Vec<R>,
}

impl<K, R> Default for Rows<K, R> {
    fn default() -> Self {
        Self {
            gone: Vec::new(),
            kept: Vec::new(),
        }
    }
}

/// Rows for `jsonb_each`, which hands each of them on without writing it as text again, if there are any.
pub fn json<R: Serialize>(rows: &[R]) -> Option<String> {
    (!rows.is_empty())
        .then(|| serde_json::to_string(rows).expect("rows are plain texts and numbers"))
}
