//! The files of a database as the file system has them: why they cannot be used, and whether they are still there.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Opens the file of a database, and makes it if it is not there: for its owner alone, since it holds credentials. SQLite
/// gives the files beside it the same permissions.
pub fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// What keeps a database from being written, and the file or folder that it is, as far as the file system tells.
pub fn obstacle(path: &Path) -> Option<(PathBuf, String)> {
    if let Err(error) = open(path) {
        return Some((path.to_owned(), reason(&error)));
    }
    for end in ["-journal", "-wal"] {
        let beside = beside(path, end)?;
        let opened = OpenOptions::new().read(true).write(true).open(&beside);
        if let Err(error) = opened
            && error.kind() != ErrorKind::NotFound
        {
            return Some((beside, reason(&error)));
        }
    }
    let probe = beside(path, "-probe")?;
    match OpenOptions::new().write(true).create_new(true).open(&probe) {
        Ok(_) => {
            // The error is that somebody else removed it.
            let _ = fs::remove_file(&probe);
            None
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => None,
        Err(error) => {
            let told = format!(
                "{}, and SQLite keeps files beside the database",
                reason(&error)
            );
            Some((probe.parent()?.to_owned(), told))
        }
    }
}

/// What a file system's error means to whoever named the path.
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::ReadOnlyFilesystem => {
            "permission denied, the file system is read-only".to_owned()
        }
        ErrorKind::NotFound => "the folder does not exist".to_owned(),
        ErrorKind::NotADirectory => "a part of the path is not a folder".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => NO_ROOM.to_owned(),
        _ => error.to_string(),
    }
}

pub const NO_ROOM: &str = "no room is left on the device";

/// The name of a file that lies beside a database. Where that is a link, it lies beside what the link leads to.
pub fn beside(path: &Path, end: &str) -> Option<PathBuf> {
    let mut name = fs::canonicalize(path).ok()?.into_os_string();
    name.push(end);
    Some(name.into())
}

/// The files of an open database. A file that is deleted stays writable for who has it open, but nobody finds it again.
#[derive(Debug)]
pub struct Files {
    path: PathBuf,
    database: Identity,
    log_path: PathBuf,
    /// None, if there was no write-ahead log.
    log: Option<Identity>,
}

/// A file that is not there any more.
#[derive(Debug)]
pub enum Missing {
    Database(&'static str),
    Log,
}

/// Device and inode of a file, where there is such a thing.
type Identity = Option<(u64, u64)>;

impl Files {
    /// The files of a database that was just opened.
    pub fn of(path: &Path) -> io::Result<Self> {
        let database = identity(&fs::metadata(path)?);
        let mut files = Self {
            path: path.to_owned(),
            database,
            log_path: beside(path, "-wal").ok_or(ErrorKind::NotFound)?,
            log: None,
        };
        files.find_log();
        Ok(files)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the write-ahead log that is there for the right one; `false` if there is none.
    pub fn find_log(&mut self) -> bool {
        let found = fs::metadata(&self.log_path);
        found
            .map(|metadata| self.log = Some(identity(&metadata)))
            .is_ok()
    }

    pub fn missing(&self) -> Option<Missing> {
        if let Err(told) = is_there(&self.path, self.database) {
            return Some(Missing::Database(told));
        }
        let is_gone = |log| is_there(&self.log_path, log).is_err();
        self.log.is_some_and(is_gone).then_some(Missing::Log)
    }
}

/// Whether a file is where it was. Where that cannot be looked at, it is; what is written to it may fail then.
fn is_there(path: &Path, known: Identity) -> Result<(), &'static str> {
    match fs::metadata(path) {
        Ok(found) if identity(&found) == known => Ok(()),
        Ok(_) => Err("another file has taken its place"),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Err("it was deleted, moved or renamed")
        }
        Err(_) => Ok(()),
    }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;

    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Identity {
    None
}
