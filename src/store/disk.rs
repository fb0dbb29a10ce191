//! The files of a database in the file system: opens them, explains why they cannot be used, and detects that they are missing.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Opens the file of a database, and creates it if it does not exist. Only its owner gets access, since it holds credentials;
/// SQLite gives the files next to it the same permissions.
pub fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Returns the path that prevented a file from being opened, with the reason: the file itself, or the folder in which it would
/// have to be created.
pub fn open_obstacle(path: &Path, error: &io::Error) -> (PathBuf, String) {
    let is_refused = matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
    );
    let is_missing = || fs::metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound);
    let folder = path.parent().filter(|_| is_refused && is_missing());
    let folder = folder.map(|folder| {
        if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        }
    });
    (folder.unwrap_or(path).to_owned(), reason(error))
}

/// Returns the path that prevents a database from being written, with the reason, as far as the file system shows it.
pub fn write_obstacle(path: &Path) -> Option<(PathBuf, String)> {
    if let Err(error) = open(path) {
        return Some(open_obstacle(path, &error));
    }
    for suffix in ["-journal", "-wal"] {
        let sibling = sibling(path, suffix)?;
        let opened = OpenOptions::new().read(true).write(true).open(&sibling);
        if let Err(error) = opened
            && error.kind() != ErrorKind::NotFound
        {
            return Some((sibling, reason(&error)));
        }
    }
    let probe = sibling(path, "-probe")?;
    match OpenOptions::new().write(true).create_new(true).open(&probe) {
        Ok(_) => {
            // An error means that another process removed it.
            let _ = fs::remove_file(&probe);
            None
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => None,
        Err(error) => {
            let message = format!(
                "{}, and SQLite keeps files beside the database",
                reason(&error)
            );
            Some((probe.parent()?.to_owned(), message))
        }
    }
}

/// Returns the message of a file system error for the user who specified the path.
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

/// Returns the path of a file next to a database, which has a suffix to its name. If the database is a symbolic link, the file
/// is next to the target of the link.
pub fn sibling(path: &Path, suffix: &str) -> Option<PathBuf> {
    let mut name = fs::canonicalize(path).ok()?.into_os_string();
    name.push(suffix);
    Some(name.into())
}

/// The files of an open database. A deleted file remains writable for the process that has it open, but is not found again.
#[derive(Debug)]
pub struct Files {
    path: PathBuf,
    database: Identity,
    /// The length at the last check. SQLite never makes the file shorter.
    length: u64,
    log_path: PathBuf,
    /// `None` if there was no write-ahead log.
    log: Option<Identity>,
}

/// The file, or part of a file, that is missing.
#[derive(Debug)]
pub enum Missing {
    Database(&'static str),
    /// The end of the database: its file was truncated.
    End,
    Log,
}

/// The device and inode of a file, on systems that have them.
type Identity = Option<(u64, u64)>;

impl Files {
    /// Returns the files of a database that was just opened.
    pub fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        let mut files = Self {
            path: path.to_owned(),
            database: identity(&metadata),
            length: metadata.len(),
            log_path: sibling(path, "-wal").ok_or(ErrorKind::NotFound)?,
            log: None,
        };
        files.find_log();
        Ok(files)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Records the identity of the existing write-ahead log. Returns `false` if there is none.
    pub fn find_log(&mut self) -> bool {
        let metadata = fs::metadata(&self.log_path);
        metadata
            .map(|metadata| self.log = Some(identity(&metadata)))
            .is_ok()
    }

    /// Returns what is missing since the database was opened, if anything.
    pub fn missing(&mut self) -> Option<Missing> {
        match length(&self.path, self.database) {
            Err(reason) => return Some(Missing::Database(reason)),
            Ok(Some(length)) if length < self.length => return Some(Missing::End),
            Ok(length) => self.length = length.unwrap_or(self.length),
        }
        let is_gone = |log| length(&self.log_path, log).is_err();
        self.log.is_some_and(is_gone).then_some(Missing::Log)
    }
}

/// Returns the length of a file, or an error if it is no longer in its place. If the file cannot be checked, it counts as
/// present with an unknown length; writing to it may then fail.
fn length(path: &Path, known: Identity) -> Result<Option<u64>, &'static str> {
    match fs::metadata(path) {
        Ok(metadata) if identity(&metadata) == known => Ok(Some(metadata.len())),
        Ok(_) => Err("another file has taken its place"),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Err("it was deleted, moved or renamed")
        }
        Err(_) => Ok(None),
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
