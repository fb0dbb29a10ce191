//! Makes what the program is compiled with: the files of Swagger UI.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = PathBuf::from(std::env::var("OUT_DIR")?);
    for name in ["swagger-ui.css", "swagger-ui-bundle.js"] {
        let file = deflated(SWAGGER_UI_VENDORED, &format!("dist/{name}")).ok_or(name)?;
        fs::write(folder.join(format!("{name}.gz")), gzip(&file))?;
    }
    Ok(())
}

/// A file of a ZIP archive as it is kept there, with its checksum and its length.
struct Deflated<'a> {
    data: &'a [u8],
    checksum: &'a [u8],
    length: &'a [u8],
}

/// Returns the first deflated file whose path ends so, by the central directory of the archive (APPNOTE.TXT, 4.3.12).
fn deflated<'a>(archive: &'a [u8], path: &str) -> Option<Deflated<'a>> {
    const DEFLATE: usize = 8;
    let number = |at: usize, length: usize| {
        let bytes = archive.get(at..at + length)?;
        let digits = bytes.iter().rev();
        Some(digits.fold(0, |number, byte| number << 8 | usize::from(*byte)))
    };
    let end = archive
        .windows(4)
        .rposition(|bytes| bytes == b"PK\x05\x06")?;
    let (entries, mut at) = (number(end + 10, 2)?, number(end + 16, 4)?);
    for _ in 0..entries {
        let (name, extra, comment) = (
            number(at + 28, 2)?,
            number(at + 30, 2)?,
            number(at + 32, 2)?,
        );
        let is_meant = archive
            .get(at + 46..at + 46 + name)?
            .ends_with(path.as_bytes());
        if is_meant && number(at + 10, 2)? == DEFLATE {
            let header = number(at + 42, 4)?;
            let start = header + 30 + number(header + 26, 2)? + number(header + 28, 2)?;
            return Some(Deflated {
                data: archive.get(start..start + number(at + 20, 4)?)?,
                checksum: archive.get(at + 16..at + 20)?,
                length: archive.get(at + 24..at + 28)?,
            });
        }
        at += 46 + name + extra + comment;
    }
    None
}

/// Returns a deflated file as gzip, which is the same with a head and a tail (RFC 1952).
fn gzip(file: &Deflated<'_>) -> Vec<u8> {
    const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    [&HEAD[..], file.data, file.checksum, file.length].concat()
}
