//! The database: recognised before it is touched, and brought to the newest schema.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteLockingMode, SqliteSynchronous};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, SqlSafeStr as _, SqliteConnection,
};

use super::disk::{self, Files};
use super::load::{self, Corrupt};
use super::state::State;

/// "UPTE": tells our files from those of other programs.
const APPLICATION_ID: u32 = 0x5550_5445;

/// Names files of the folder `migrations`, each with what is in it.
macro_rules! migrations {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../migrations/", $name, ".sql")))),+]
    };
}

/// All migrations. Files that were brought up to date hold their checksums, so those that are here stay as they are. (The
/// macro of sqlx would read the folder, and compile another SQLite into the compiler for it.)
static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let all = migrations![
        "0001_account",
        "0002_operator",
        "0003_operator_group",
        "0004_duty_schedule",
        "0005_api_user",
        "0006_usage",
        "0007_saved_state",
        "0008_user",
    ];
    let migration = |(name, sql): (&str, &'static str)| {
        let (version, description) = name.split_once('_')?;
        let (version, description) = (version.parse().ok()?, description.replace('_', " "));
        let (kind, sql) = (MigrationType::Simple, sql.into_sql_str());
        Some(Migration::new(
            version,
            description.into(),
            kind,
            sql,
            false,
        ))
    };
    let all = all.map(|named| migration(named).expect("a migration is named by its number"));
    Migrator::with_migrations(all.into())
});

/// The schema that this version knows.
fn newest_schema() -> u32 {
    let newest = MIGRATIONS.iter().map(|migration| migration.version).max();
    newest
        .and_then(|version| u32::try_from(version).ok())
        .expect("migrations are counted from 1")
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file, or the folder it is in, cannot be read or written.
    #[error("{path} cannot be used: {cause}")]
    Unusable {
        /// What cannot be used.
        path: PathBuf,
        /// What the system or SQLite says.
        cause: String,
    },
    /// The file is of another program.
    #[error("{0} is not a database of uptrends-emulator; it was left as it is")]
    Foreign(PathBuf),
    /// The file has a schema that this version does not know.
    #[error(
        "{path} was written by a newer version (schema {found}, this version knows {known}); it was left as it is"
    )]
    Newer {
        /// The path of the file.
        path: PathBuf,
        /// The number of its schema.
        found: u32,
        /// The newest one that this version knows.
        known: u32,
    },
    /// Another process uses the file.
    #[error("{0} is in use by another process; each server needs a database of its own")]
    InUse(PathBuf),
    /// SQLite did not make a database in memory.
    #[error("the database could not be set up: {0}")]
    SetUp(String),
    /// An older schema could not be brought to the one of this version.
    #[error("the schema could not be brought up to date: {0}")]
    Migration(String),
    /// The file holds what no version of this program wrote, or cannot be read to its end.
    #[error("{0}")]
    Corrupt(String),
}

impl From<Corrupt> for OpenError {
    fn from(corrupt: Corrupt) -> Self {
        Self::Corrupt(corrupt.to_string())
    }
}

/// What an error says to people: SQLite's words without the number that sqlx puts before them.
pub(super) fn told(error: &sqlx::Error) -> String {
    match (primary_code(error), error.as_database_error()) {
        // SQLITE_FULL
        (Some(13), _) => disk::NO_ROOM.to_owned(),
        (_, Some(error)) => error.message().to_owned(),
        _ => error.to_string(),
    }
}

/// SQLite's result code without what extends it: https://www.sqlite.org/rescode.html
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// A database that is ready for use.
#[derive(Debug)]
pub(super) struct Opened {
    pub connection: SqliteConnection,
    pub state: State,
    /// None in memory.
    pub files: Option<Files>,
}

pub(super) async fn in_memory() -> Result<Opened, OpenError> {
    let mut connection = SqliteConnectOptions::new()
        .in_memory(true)
        .disable_statement_logging()
        .connect()
        .await
        .map_err(|error| OpenError::SetUp(told(&error)))?;
    // In one go, and without a record of it, since no later version opens this database.
    let schema: String = MIGRATIONS.iter().map(|part| part.sql.as_str()).collect();
    sqlx::raw_sql(AssertSqlSafe(schema))
        .execute(&mut connection)
        .await
        .map_err(|error| OpenError::SetUp(told(&error)))?;
    Ok(Opened {
        connection,
        state: State::default(),
        files: None,
    })
}

pub(super) async fn open(path: &Path) -> Result<Opened, OpenError> {
    recognise(path)?;
    let failed = |error: sqlx::Error| failure(path, &error);
    let unusable = |error: io::Error| OpenError::Unusable {
        path: path.to_owned(),
        cause: disk::reason(&error),
    };
    // SQLite gives names like :memory: and file:x a meaning; an absolute path has none but its own.
    let absolute = std::path::absolute(path).map_err(unusable)?;
    let options = SqliteConnectOptions::new()
        .filename(absolute)
        // One process to a file: the second is told so at its start.
        .locking_mode(SqliteLockingMode::Exclusive)
        .busy_timeout(Duration::from_millis(100))
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // There may be no place for temporary files, as in the image.
        .pragma("temp_store", "memory")
        .disable_statement_logging();
    let mut connection = options.connect().await.map_err(failed)?;
    set_up(&mut connection, path).await?;
    sqlx::raw_sql("pragma journal_mode = wal")
        .execute(&mut connection)
        .await
        .map_err(failed)?;
    let state = load::load(&mut connection).await?;
    let state = load::with_bases(&mut connection, state)
        .await
        .map_err(failed)?;
    Ok(Opened {
        connection,
        state,
        files: Some(Files::of(path).map_err(unusable)?),
    })
}

/// Brings a file to the newest schema, or makes it, in one transaction: a kill leaves it as it was. The transaction takes
/// the lock first, so that what is found then stays as it is. A new file is not in WAL mode yet, and so its mark is in the
/// file itself, where [`recognise`] looks for it.
async fn set_up(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let failed = |error: sqlx::Error| failure(path, &error);
    let begun = connection.begin_with("begin immediate").await;
    let mut transaction = begun.map_err(failed)?;
    match found(&mut transaction).await.map_err(failed)? {
        Found::Ours => {}
        Found::Newer(found) => {
            return Err(OpenError::Newer {
                path: path.to_owned(),
                found,
                known: newest_schema(),
            });
        }
        Found::Unmarked => mark(&mut transaction).await.map_err(failed)?,
        Found::Foreign => return Err(OpenError::Foreign(path.to_owned())),
    }
    let migrated = MIGRATIONS.run(&mut *transaction).await;
    migrated.map_err(|error| match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => failed(error),
        other => OpenError::Migration(other.to_string()),
    })?;
    transaction.commit().await.map_err(failed)
}

/// What a database is.
enum Found {
    Ours,
    /// With a schema of this version.
    Newer(u32),
    /// There is nothing in it, or what is in it is ours.
    Unmarked,
    Foreign,
}

/// Asks SQLite what a database is, which knows what of the file is not valid any more, and what else is valid beside it.
async fn found(connection: &mut SqliteConnection) -> Result<Found, sqlx::Error> {
    const OUR_MARK: i64 = APPLICATION_ID as i64;
    // Both numbers of the header are signed here.
    let (mark, schema, things): (i64, i64, i64) = sqlx::query_as(
        "select application_id, user_version, (select count(*) from sqlite_schema)
         from pragma_application_id, pragma_user_version",
    )
    .fetch_one(&mut *connection)
    .await?;
    Ok(match (mark, schema, things) {
        (OUR_MARK, schema, _) if schema > newest_schema().into() => {
            Found::Newer(u32::try_from(schema).unwrap_or(u32::MAX))
        }
        (OUR_MARK, _, _) => Found::Ours,
        (0, 0, 0) => Found::Unmarked,
        (0, _, _) if has_our_migrations(connection).await => Found::Unmarked,
        _ => Found::Foreign,
    })
}

/// Whether all migrations of a database are ours, and there are some. Two kills during the first start of an earlier version
/// left a file without its mark.
async fn has_our_migrations(connection: &mut SqliteConnection) -> bool {
    let applied: Result<Vec<(i64, Vec<u8>)>, _> =
        sqlx::query_as("select version, checksum from _sqlx_migrations order by version")
            .fetch_all(connection)
            .await;
    let is_ours = |(version, checksum): &(i64, Vec<u8>)| {
        let of_ours = |ours: &Migration| ours.version == *version && *ours.checksum == **checksum;
        MIGRATIONS.iter().any(of_ours)
    };
    // The error is that there is no such table.
    applied.is_ok_and(|applied| !applied.is_empty() && applied.iter().all(is_ours))
}

/// Makes a file as an older version of the program did: of an older schema, with what some statements put into it.
#[cfg(test)]
pub(super) async fn make_old(
    path: &Path,
    version: i64,
    sql: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    let mut connection = options.connect().await?;
    mark(&mut connection).await?;
    MIGRATIONS.run_to(version, &mut connection).await?;
    let sql = AssertSqlSafe(sql.to_owned());
    sqlx::raw_sql(sql).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Says in the file whose it is.
async fn mark(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let sql = AssertSqlSafe(format!("pragma application_id = {APPLICATION_ID}"));
    sqlx::raw_sql(sql).execute(connection).await.map(drop)
}

fn failure(path: &Path, error: &sqlx::Error) -> OpenError {
    match primary_code(error) {
        // SQLITE_BUSY and SQLITE_LOCKED
        Some(5 | 6) => OpenError::InUse(path.to_owned()),
        // SQLITE_NOTADB
        Some(26) => OpenError::Foreign(path.to_owned()),
        _ => {
            let (path, cause) =
                disk::obstacle(path).unwrap_or_else(|| (path.to_owned(), told(error)));
            OpenError::Unusable { path, cause }
        }
    }
}

/// Makes a file that is not there. One that is clearly of another program, or of a later version of this one, is an error;
/// nothing is written before that is known, so the header is read as it is: https://www.sqlite.org/fileformat.html
fn recognise(path: &Path) -> Result<(), OpenError> {
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
    disk::open(path)
        .and_then(|file| file.take(HEADER as u64).read_to_end(&mut header))
        .map_err(|error| {
            let (path, cause) = disk::in_the_way(path, &error);
            OpenError::Unusable { path, cause }
        })?;
    if header.is_empty() || begins_anew(path) {
        return Ok(());
    }
    let number = |at: usize| be_number(&header, at);
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    let (pages, schema, known) = (number(28), number(60).unwrap_or_default(), newest_schema());
    match number(68) {
        Some(APPLICATION_ID) if schema > known => Err(OpenError::Newer {
            path: path.to_owned(),
            found: schema,
            known,
        }),
        Some(APPLICATION_ID) => Ok(()),
        // What a kill left of a file that an earlier version made may be ours. SQLite tells; it is not to open others.
        Some(0) if pages == Some(1) || (1..=known).contains(&schema) => Ok(()),
        _ => Err(OpenError::Foreign(path.to_owned())),
    }
}

/// Whether the first transaction of a file was cut short: SQLite will make the file empty, whatever was written to it.
/// https://www.sqlite.org/fileformat.html#the_rollback_journal
fn begins_anew(path: &Path) -> bool {
    const MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
    let mut header = Vec::new();
    let read = disk::test_state(path, "-journal").and_then(|path| {
        let journal = fs::File::open(path).ok()?;
        journal.take(28).read_to_end(&mut header).ok()
    });
    read.is_some() && header.starts_with(&MAGIC) && be_number(&header, 16) == Some(0)
}

fn be_number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    bytes.try_into().ok().map(u32::from_be_bytes)
}

/// Commits what changes nothing, which shows whether anything can be committed.
pub(super) async fn touch(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let sql = AssertSqlSafe(format!("pragma user_version = {}", newest_schema()));
    sqlx::raw_sql(sql).execute(connection).await.map(drop)
}

/// Writes all that is in the write-ahead log into the database, as far as that can be done.
pub(super) async fn empty_log(connection: &mut SqliteConnection) {
    let emptied = sqlx::raw_sql("pragma wal_checkpoint(truncate)").execute(connection);
    if let Err(error) = emptied.await {
        tracing::warn!(
            error = told(&error),
            "the write-ahead log cannot be emptied"
        );
    }
}

/// Does the same, and goes on with another log.
pub(super) async fn renew_log(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let sql = "pragma journal_mode = delete; pragma journal_mode = wal";
    sqlx::raw_sql(sql).execute(&mut *connection).await?;
    // The log is made by the first use of the database.
    touch(connection).await
}
