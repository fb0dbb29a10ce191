//! The files of a database as the file system has them, and why they cannot be used.

use std::fs::{self, File, OpenOptions};
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
