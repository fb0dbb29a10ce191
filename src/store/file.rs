//! Opens databases: recognises the file before anything is written, and migrates it to the newest schema.

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

/// "UPTE": distinguishes our files from those of other programs.
const APPLICATION_ID: u32 = 0x5550_5445;

/// Expands to an array of the named files of the folder `migrations`, each with its content.
macro_rules! migrations {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../migrations/", $name, ".sql")))),+]
    };
}

/// All migrations. Migrated databases store the checksums of these files, so released migrations must not be changed. (The macro
/// of sqlx reads the folder itself, but would compile SQLite a second time, for the proc macro.)
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
        "0009_snapshot_time",
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
    let all =
        all.map(|file| migration(file).expect("the name of a migration starts with its number"));
    Migrator::with_migrations(all.into())
});

/// Returns the number of the newest schema that this version knows.
fn newest_schema() -> u32 {
    let newest = MIGRATIONS.iter().map(|migration| migration.version).max();
    newest
        .and_then(|version| u32::try_from(version).ok())
        .expect("migrations are numbered from 1")
}

/// The error when a database cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file, or the folder it is in, cannot be read or written.
    #[error("{path} cannot be used: {cause}")]
    Unusable {
        /// The file or folder.
        path: PathBuf,
        /// The message of the operating system or of SQLite.
        cause: String,
    },
    /// The file belongs to another program.
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
    /// A database in memory could not be created.
    #[error("the database could not be set up: {0}")]
    SetUp(String),
    /// An older schema could not be migrated to the one of this version.
    #[error("the schema could not be brought up to date: {0}")]
    Migration(String),
    /// The file contains data that no version of this program wrote, or cannot be read completely.
    #[error("{0}")]
    Corrupt(String),
}

impl From<Corrupt> for OpenError {
    fn from(corrupt: Corrupt) -> Self {
        Self::Corrupt(corrupt.to_string())
    }
}

/// Returns the message of an error for users: that of SQLite, without the number that sqlx adds.
pub(super) fn error_message(error: &sqlx::Error) -> String {
    match (primary_code(error), error.as_database_error()) {
        // SQLITE_FULL
        (Some(13), _) => disk::NO_ROOM.to_owned(),
        (_, Some(error)) => error.message().to_owned(),
        _ => error.to_string(),
    }
}

/// Returns the primary result code of SQLite, without its extension: https://www.sqlite.org/rescode.html
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// A database that is ready for use.
#[derive(Debug)]
pub(super) struct Opened {
    pub connection: SqliteConnection,
    pub state: State,
    /// `None` for a database in memory.
    pub files: Option<Files>,
}

/// Creates a database in memory.
pub(super) async fn in_memory() -> Result<Opened, OpenError> {
    let mut connection = SqliteConnectOptions::new()
        .in_memory(true)
        .disable_statement_logging()
        .connect()
        .await
        .map_err(|error| OpenError::SetUp(error_message(&error)))?;
    // All at once and without recording the migrations, since no later version opens this database.
    let schema: String = MIGRATIONS.iter().map(|part| part.sql.as_str()).collect();
    sqlx::raw_sql(AssertSqlSafe(schema))
        .execute(&mut connection)
        .await
        .map_err(|error| OpenError::SetUp(error_message(&error)))?;
    Ok(Opened {
        connection,
        state: State::default(),
        files: None,
    })
}

/// Opens the database in a file, which is created if it does not exist.
pub(super) async fn open(path: &Path) -> Result<Opened, OpenError> {
    recognise(path)?;
    let failed = |error: sqlx::Error| failure(path, &error);
    let unusable = |error: io::Error| OpenError::Unusable {
        path: path.to_owned(),
        cause: disk::reason(&error),
    };
    // SQLite interprets names like :memory: and file:x; an absolute path has no special meaning.
    let absolute = std::path::absolute(path).map_err(unusable)?;
    let options = SqliteConnectOptions::new()
        .filename(absolute)
        // Only one process may use a file: a second one fails when it starts.
        .locking_mode(SqliteLockingMode::Exclusive)
        .busy_timeout(Duration::from_millis(100))
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // There may be no writable folder for temporary files, as in the container image.
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

/// Creates the schema of a file or migrates it to the newest one, in one transaction, so that a killed process leaves the file
/// unchanged. The transaction takes the lock first, so that what [`identify`] reads cannot change afterwards. A new file is not
/// in WAL mode yet, so its application ID is written to the file itself, where [`recognise`] reads it.
async fn set_up(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let failed = |error: sqlx::Error| failure(path, &error);
    let begun = connection.begin_with("begin immediate").await;
    let mut transaction = begun.map_err(failed)?;
    match identify(&mut transaction).await.map_err(failed)? {
        Origin::Ours => {}
        Origin::Newer(found) => {
            return Err(OpenError::Newer {
                path: path.to_owned(),
                found,
                known: newest_schema(),
            });
        }
        Origin::WithoutId => write_application_id(&mut transaction)
            .await
            .map_err(failed)?,
        Origin::Foreign => return Err(OpenError::Foreign(path.to_owned())),
    }
    let migrated = MIGRATIONS.run(&mut *transaction).await;
    migrated.map_err(|error| match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => failed(error),
        other => OpenError::Migration(other.to_string()),
    })?;
    transaction.commit().await.map_err(failed)
}

/// The origin of a database.
enum Origin {
    Ours,
    /// From a newer version, with this schema.
    Newer(u32),
    /// Without an application ID: either empty, or with our schema.
    WithoutId,
    Foreign,
}

/// Identifies a database by means of SQLite, which takes its journal and its write-ahead log into account.
async fn identify(connection: &mut SqliteConnection) -> Result<Origin, sqlx::Error> {
    const OUR_ID: i64 = APPLICATION_ID as i64;
    // SQLite returns both numbers of the header as signed integers.
    let (application_id, schema, objects): (i64, i64, i64) = sqlx::query_as(
        "select application_id, user_version, (select count(*) from sqlite_schema)
         from pragma_application_id, pragma_user_version",
    )
    .fetch_one(&mut *connection)
    .await?;
    Ok(match (application_id, schema, objects) {
        (OUR_ID, schema, _) if schema > newest_schema().into() => {
            Origin::Newer(u32::try_from(schema).unwrap_or(u32::MAX))
        }
        (OUR_ID, _, _) => Origin::Ours,
        (0, 0, 0) => Origin::WithoutId,
        (0, _, _) if has_our_migrations(connection).await => Origin::WithoutId,
        _ => Origin::Foreign,
    })
}

/// Returns whether a database has applied migrations, and all of them are ours. If an earlier version was killed twice during
/// its first start, it left a file without its application ID.
async fn has_our_migrations(connection: &mut SqliteConnection) -> bool {
    let applied: Result<Vec<(i64, Vec<u8>)>, _> =
        sqlx::query_as("select version, checksum from _sqlx_migrations order by version")
            .fetch_all(connection)
            .await;
    let is_ours = |(version, checksum): &(i64, Vec<u8>)| {
        let of_ours = |ours: &Migration| ours.version == *version && *ours.checksum == **checksum;
        MIGRATIONS.iter().any(of_ours)
    };
    // An error means that there is no such table.
    applied.is_ok_and(|applied| !applied.is_empty() && applied.iter().all(is_ours))
}

/// Creates a file with an older schema, as an older version of the program did, and runs SQL statements on it.
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
    write_application_id(&mut connection).await?;
    MIGRATIONS.run_to(version, &mut connection).await?;
    let sql = AssertSqlSafe(sql.to_owned());
    sqlx::raw_sql(sql).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Writes the application ID.
async fn write_application_id(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
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
            let (path, cause) = disk::write_obstacle(path)
                .unwrap_or_else(|| (path.to_owned(), error_message(error)));
            OpenError::Unusable { path, cause }
        }
    }
}

/// Creates a missing file, and rejects a file that clearly belongs to another program or to a newer version of this one. Nothing
/// may be written before that is known, so the header is read without SQLite: https://www.sqlite.org/fileformat.html
fn recognise(path: &Path) -> Result<(), OpenError> {
    const HEADER: usize = 100;
    let unusable = |cause: String| OpenError::Unusable {
        path: path.to_owned(),
        cause,
    };
    // Reading from a pipe would block, and a device has no header.
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(unusable("it is not a file".to_owned()));
    }
    let mut header = Vec::with_capacity(HEADER);
    disk::open(path)
        .and_then(|file| file.take(HEADER as u64).read_to_end(&mut header))
        .map_err(|error| {
            let (path, cause) = disk::open_obstacle(path, &error);
            OpenError::Unusable { path, cause }
        })?;
    if header.is_empty() || has_interrupted_creation(path) {
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
        // This may be a file that an earlier version left when it was killed while creating it. Only such files may be opened by
        // SQLite, which then identifies them.
        Some(0) if pages == Some(1) || (1..=known).contains(&schema) => Ok(()),
        _ => Err(OpenError::Foreign(path.to_owned())),
    }
}

/// Returns whether the first transaction of a file was interrupted: SQLite will then truncate the file to nothing when it rolls
/// back. https://www.sqlite.org/fileformat.html#the_rollback_journal
fn has_interrupted_creation(path: &Path) -> bool {
    const MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
    let mut header = Vec::new();
    let read = disk::sibling(path, "-journal").and_then(|path| {
        let journal = fs::File::open(path).ok()?;
        journal.take(28).read_to_end(&mut header).ok()
    });
    read.is_some() && header.starts_with(&MAGIC) && be_number(&header, 16) == Some(0)
}

fn be_number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    bytes.try_into().ok().map(u32::from_be_bytes)
}

/// Commits a transaction that changes nothing, to check whether commits succeed.
pub(super) async fn touch(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let sql = AssertSqlSafe(format!("pragma user_version = {}", newest_schema()));
    sqlx::raw_sql(sql).execute(connection).await.map(drop)
}

/// Moves the content of the write-ahead log into the database, as far as possible.
pub(super) async fn empty_log(connection: &mut SqliteConnection) {
    let emptied = sqlx::raw_sql("pragma wal_checkpoint(truncate)").execute(connection);
    if let Err(error) = emptied.await {
        tracing::warn!(
            error = error_message(&error),
            "the write-ahead log cannot be emptied"
        );
    }
}

/// Moves the content of the write-ahead log into the database, and starts a new log.
pub(super) async fn renew_log(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let sql = "pragma journal_mode = delete; pragma journal_mode = wal";
    sqlx::raw_sql(sql).execute(&mut *connection).await?;
    // The first use of the database creates the log.
    touch(connection).await
}
