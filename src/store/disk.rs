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

/// What is in the way where a file cannot be opened: the file, or the folder that it would have to be made in.
pub fn in_the_way(path: &Path, error: &io::Error) -> (PathBuf, String) {
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

/// What keeps a database from being written, and the file or folder that it is, as far as the file system tells.
pub fn obstacle(path: &Path) -> Option<(PathBuf, String)> {
    if let Err(error) = open(path) {
        return Some(in_the_way(path, &error));
    }
    for end in ["-journal", "-wal"] {
        let test_state = test_state(path, end)?;
        let opened = OpenOptions::new().read(true).write(true).open(&test_state);
        if let Err(error) = opened
            && error.kind() != ErrorKind::NotFound
        {
            return Some((test_state, reason(&error)));
        }
    }
    let probe = test_state(path, "-probe")?;
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
pub fn test_state(path: &Path, end: &str) -> Option<PathBuf> {
    let mut name = fs::canonicalize(path).ok()?.into_os_string();
    name.push(end);
    Some(name.into())
}

/// The files of an open database. A file that is deleted stays writable for who has it open, but nobody finds it again.
#[derive(Debug)]
pub struct Files {
    path: PathBuf,
    database: Identity,
    /// How long it was when it was last looked at. It never becomes shorter by itself.
    length: u64,
    log_path: PathBuf,
    /// None, if there was no write-ahead log.
    log: Option<Identity>,
}

/// What is not there any more.
#[derive(Debug)]
pub enum Missing {
    Database(&'static str),
    /// A part of the database, whose file is still in its place.
    End,
    Log,
}

/// Device and inode of a file, where there is such a thing.
type Identity = Option<(u64, u64)>;

impl Files {
    /// The files of a database that was just opened.
    pub fn of(path: &Path) -> io::Result<Self> {
        let found = fs::metadata(path)?;
        let mut files = Self {
            path: path.to_owned(),
            database: identity(&found),
            length: found.len(),
            log_path: test_state(path, "-wal").ok_or(ErrorKind::NotFound)?,
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

    pub fn missing(&mut self) -> Option<Missing> {
        match length(&self.path, self.database) {
            Err(told) => return Some(Missing::Database(told)),
            Ok(Some(found)) if found < self.length => return Some(Missing::End),
            Ok(found) => self.length = found.unwrap_or(self.length),
        }
        let is_gone = |log| length(&self.log_path, log).is_err();
        self.log.is_some_and(is_gone).then_some(Missing::Log)
    }
}

/// How long a file is that is where it was. Where that cannot be looked at, it is there, and its length is not known; what
/// is written to it may fail then.
fn length(path: &Path, known: Identity) -> Result<Option<u64>, &'static str> {
    match fs::metadata(path) {
        Ok(found) if identity(&found) == known => Ok(Some(found.len())),
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
