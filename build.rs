//! Makes what the program is compiled with: the files of Swagger UI.

use std::error::Error;
use std::fs;
use std::io::{Cursor, Read as _};
use std::path::PathBuf;

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = PathBuf::from(std::env::var("OUT_DIR")?);
    for name in ["swagger-ui.css", "swagger-ui-bundle.js"] {
        fs::write(folder.join(format!("{name}.gz")), swagger_ui(name)?)?;
    }
    Ok(())
}

/// A file of Swagger UI as gzip: the archive holds it deflated, and gzip is that with a head and a tail (RFC 1952).
fn swagger_ui(name: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    let root = archive.file_names().next().ok_or(name)??.into_owned();
    let at = archive
        .index_for_name(&format!("{root}dist/{name}"))
        .ok_or(name)?;
    let mut file = archive.by_index_raw(at)?;
    assert_eq!(
        file.compression(),
        zip::CompressionMethod::DEFLATE,
        "{name}"
    );
    let mut gzip = HEAD.to_vec();
    file.read_to_end(&mut gzip)?;
    gzip.extend(file.crc32().to_le_bytes());
    gzip.extend(u32::try_from(file.size())?.to_le_bytes());
    Ok(gzip)
}
