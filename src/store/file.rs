//! The database: recognised before it is touched, brought to the newest schema, and read back.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteLockingMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, SqliteConnection};

use super::state::{Slot, State};
use super::{account, api_user, duty_schedule, operator, operator_group, saved, usage, user};
use crate::domain::{Account, AccountId};

/// "UPTE": tells our files from those of other programs.
const APPLICATION_ID: u32 = 0x5550_5445;

static MIGRATIONS: Migrator = sqlx::migrate!();

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{path} cannot be opened: {cause}")]
    Unusable { path: PathBuf, cause: String },
    #[error("{0} is not a database of uptrends-emulator; it was left as it is")]
    Foreign(PathBuf),
    #[error(
        "{path} was written by a newer version (schema {found}, this version knows {known}); it was left as it is"
    )]
    Newer {
        path: PathBuf,
        found: u32,
        known: u32,
    },
    #[error("{0} is in use by another process; each server needs a database of its own")]
    InUse(PathBuf),
    #[error("the database could not be set up: {0}")]
    SetUp(#[source] sqlx::Error),
    #[error("the schema could not be brought up to date: {0}")]
    Migration(#[from] MigrateError),
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
}

/// Why a database cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum Corrupt {
    #[error("a row of the table {0} is not one that this program wrote")]
    Row(&'static str),
    #[error("the database cannot be read: {0}")]
    Unreadable(#[from] sqlx::Error),
}

impl Corrupt {
    pub(super) fn row(table: &'static str) -> Self {
        Self::Row(table)
    }
}

pub(super) async fn in_memory() -> Result<(SqliteConnection, State), OpenError> {
    let mut connection = SqliteConnectOptions::new()
        .in_memory(true)
        .disable_statement_logging()
        .connect()
        .await
        .map_err(OpenError::SetUp)?;
    // In one go, and without a record of it, since no later version opens this database.
    let schema: String = MIGRATIONS.iter().map(|part| part.sql.as_str()).collect();
    sqlx::raw_sql(AssertSqlSafe(schema))
        .execute(&mut connection)
        .await
        .map_err(OpenError::SetUp)?;
    Ok((connection, State::default()))
}

pub(super) async fn open(path: &Path) -> Result<(SqliteConnection, State), OpenError> {
    let is_new = recognise(path)?;
    let failed = |error: sqlx::Error| failure(path, &error);
    // SQLite gives names like :memory: and file:x a meaning; an absolute path has none but its own.
    let absolute = std::path::absolute(path).map_err(|error| OpenError::Unusable {
        path: path.to_owned(),
        cause: error.to_string(),
    })?;
    let options = SqliteConnectOptions::new()
        .filename(absolute)
        .create_if_missing(true)
        // One process to a file: the second is told so at its start.
        .locking_mode(SqliteLockingMode::Exclusive)
        .busy_timeout(Duration::from_millis(100))
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // There may be no place for temporary files, as in the image.
        .pragma("temp_store", "memory")
        .disable_statement_logging();
    let mut connection = options.connect().await.map_err(failed)?;
    // The lock is taken by the first write, so that one comes at once.
    sqlx::raw_sql("begin immediate; commit")
        .execute(&mut connection)
        .await
        .map_err(failed)?;
    if is_new {
        // First of all, so that no kill leaves a file that is not recognised. It stands in the file itself, and not in a
        // write-ahead log, because that is turned on last.
        mark(&mut connection).await.map_err(failed)?;
    }
    MIGRATIONS.run(&mut connection).await?;
    sqlx::raw_sql("pragma journal_mode = wal")
        .execute(&mut connection)
        .await
        .map_err(failed)?;
    let state = load(&mut connection).await?;
    Ok((connection, state))
}

/// Makes a file as an older version of the program did: of an older schema, with what some statements put into it.
#[cfg(test)]
pub(super) async fn make_old(
    path: &Path,
    version: i64,
    sql: &'static str,
) -> Result<(), Box<dyn std::error::Error>> {
    use sqlx::Connection as _;

    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    let mut connection = options.connect().await?;
    mark(&mut connection).await?;
    MIGRATIONS.run_to(version, &mut connection).await?;
    sqlx::raw_sql(sql).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Says in the file whose it is.
async fn mark(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let sql = AssertSqlSafe(format!("pragma application_id = {APPLICATION_ID}"));
    sqlx::raw_sql(sql).execute(connection).await.map(drop)
}

fn failure(path: &Path, error: &sqlx::Error) -> OpenError {
    let path = path.to_owned();
    match error
        .as_database_error()
        .and_then(DatabaseError::code)
        .as_deref()
    {
        // SQLITE_BUSY and SQLITE_LOCKED, https://www.sqlite.org/rescode.html
        Some("5" | "6" | "261") => OpenError::InUse(path),
        // SQLITE_NOTADB
        Some("26") => OpenError::Foreign(path),
        _ => OpenError::Unusable {
            path,
            cause: error.to_string(),
        },
    }
}

/// Whether the file is new (not there, or empty). A file of another program, or of a later version of this one, is an
/// error; nothing is written before that is known, so the header is read as it is: https://www.sqlite.org/fileformat.html
fn recognise(path: &Path) -> Result<bool, OpenError> {
    const HEADER: usize = 100;
    let unusable = |cause: String| OpenError::Unusable {
        path: path.to_owned(),
        cause,
    };
    // A pipe would be waited for, and a device has no header.
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(unusable("it is not a file".to_owned()));
    }
    let mut header = Vec::with_capacity(HEADER);
    match fs::File::open(path).and_then(|file| file.take(HEADER as u64).read_to_end(&mut header)) {
        Ok(0) => return Ok(true),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(unusable(error.to_string())),
    }
    let number = |at: usize| {
        header
            .get(at..at + 4)
            .and_then(|bytes| bytes.try_into().ok())
            .map(u32::from_be_bytes)
    };
    if !header.starts_with(b"SQLite format 3\0") || number(68) != Some(APPLICATION_ID) {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    let known = MIGRATIONS
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or_default();
    let known = u32::try_from(known).expect("migrations are counted from 1");
    match number(60) {
        Some(found) if found > known => Err(OpenError::Newer {
            path: path.to_owned(),
            found,
            known,
        }),
        _ => Ok(false),
    }
}

/// Reads everything back.
pub(super) async fn load(connection: &mut SqliteConnection) -> Result<State, Corrupt> {
    let mut accounts: BTreeMap<AccountId, (i64, Account)> = account::load(connection).await?;
    let mut schedules = duty_schedule::load(connection).await?;
    for (id, sequence, operator) in operator::load(connection, &mut schedules).await? {
        account_of(&mut accounts, id)?.restore_operator(sequence, operator);
    }
    for (id, sequence, group) in operator_group::load(connection, &mut schedules).await? {
        account_of(&mut accounts, id)?.restore_operator_group(sequence, group);
    }
    for (id, sequence, api_user) in api_user::load(connection).await? {
        account_of(&mut accounts, id)?.restore_api_user(sequence, api_user);
    }
    for (id, user) in user::load(connection).await? {
        account_of(&mut accounts, id)?.restore_user(user);
    }
    let is_whole = |account: &Account| account.users.len() == account.operators.len();
    if !accounts.values().all(|(_, account)| is_whole(account)) {
        return Err(Corrupt::row("user"));
    }
    let mut usage = usage::load(connection).await?;
    let mut snapshots = saved::load_snapshots(connection).await?;

    let mut state = State::default();
    for (sequence, base) in saved::load_bases(connection).await? {
        state.bases.place(sequence, base);
    }
    for (id, (sequence, account)) in accounts {
        let slot = Slot {
            account: account.into(),
            snapshots: snapshots.remove(&id).unwrap_or_default(),
            usage: usage.remove(&id).unwrap_or_default().into(),
            beside: Arc::default(),
        };
        state.restore(sequence, slot);
    }
    Ok(state)
}

fn account_of(
    accounts: &mut BTreeMap<AccountId, (i64, Account)>,
    id: AccountId,
) -> Result<&mut Account, Corrupt> {
    accounts
        .get_mut(&id)
        .map(|(_, account)| account)
        .ok_or(Corrupt::row("account"))
}
