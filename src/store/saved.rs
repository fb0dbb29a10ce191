//! The tables of saved states: baselines and snapshots. Both are stored as documents.

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::OrdMap;
use sqlx::SqliteConnection;
use tokio::task::spawn_blocking;

use super::load::Corrupt;
use super::rows::{self, Table as _, table};
use super::state::{Baseline, Snapshot};
use crate::document::{Accounts, export};
use crate::domain::{Account, AccountId, Moment};
use crate::system;
use crate::testing::Usage;

table! {
    BaseRow: "base" (account_id: AccountId) {
        sequence: i64,
        label: Option<String>,
        is_seeded: bool,
        document: String,
    }
}

impl BaseRow {
    pub fn new(sequence: i64, base: &Baseline) -> Self {
        let Baseline {
            account,
            usage,
            label,
            is_seeded,
        } = base;
        Self {
            account_id: account.id,
            sequence,
            label: label.clone(),
            is_seeded: *is_seeded,
            document: document_of(account, usage),
        }
    }
}

table! {
    SnapshotRow: "snapshot" (account_id: AccountId, name: String) {
        document: String,
        taken: Option<Moment>,
    }
}

impl SnapshotRow {
    pub fn new(account_id: AccountId, name: &str, snapshot: &Snapshot) -> Self {
        // Restoring a snapshot does not change usage, so a snapshot contains none.
        Self {
            account_id,
            name: name.to_owned(),
            document: document_of(&snapshot.account, &Usage::default()),
            taken: snapshot.taken,
        }
    }
}

fn document_of(account: &Account, usage: &Usage) -> String {
    serde_json::to_string(&export(account, usage))
        .expect("a document consists of strings, numbers and lists")
}

/// Reads the account in a document that `document_of` wrote.
fn read(document: &str, table: &'static str) -> Result<(Account, Usage), Corrupt> {
    // The context supplies defaults for missing fields only, and a document that was written has them all.
    let context = system::context(system::time());
    let accounts = Accounts::restore(document, table, &context).map_err(|mistakes| {
        tracing::error!(%mistakes, "a document in the database cannot be read");
        Corrupt::Row(table)
    })?;
    let built = accounts.into_built().pop().ok_or(Corrupt::Row(table))?;
    Ok((built.account, built.usage))
}

pub async fn load_bases(
    connection: &mut SqliteConnection,
) -> Result<Vec<(i64, Baseline)>, Corrupt> {
    let rows = rows::load(connection).await?;
    let base = |row: BaseRow| {
        let BaseRow {
            account_id: _,
            sequence,
            label,
            is_seeded,
            document,
        } = row;
        let (account, usage) = read(&document, BaseRow::TABLE)?;
        let base = Baseline {
            account: Arc::new(account),
            usage,
            label,
            is_seeded,
        };
        Ok((sequence, base))
    };
    run_blocking(move || rows.into_iter().map(base).collect()).await
}

/// Reads documents on a blocking thread, since it is slow.
async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Corrupt> + Send + 'static,
) -> Result<T, Corrupt> {
    let outcome = spawn_blocking(work).await;
    outcome.map_err(|error| Corrupt::Unreadable(sqlx::Error::Io(error.into())))?
}

pub type Snapshots = BTreeMap<AccountId, OrdMap<String, Snapshot>>;

pub async fn load_snapshots(connection: &mut SqliteConnection) -> Result<Snapshots, Corrupt> {
    let rows = rows::load(connection).await?;
    run_blocking(move || {
        let mut snapshots = Snapshots::new();
        for SnapshotRow {
            account_id,
            name,
            document,
            taken,
        } in rows
        {
            let account = Arc::new(read(&document, SnapshotRow::TABLE)?.0);
            let of_account = snapshots.entry(account_id).or_default();
            of_account.insert(name, Snapshot { account, taken });
        }
        Ok(snapshots)
    })
    .await
}
