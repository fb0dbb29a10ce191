//! Makes the database that the query macros are checked against, so that a wrong column fails `cargo check`.

use std::error::Error;
use std::path::Path;

use sqlx::ConnectOptions as _;
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=migrations");
    let schema = Path::new(&std::env::var("OUT_DIR")?).join("schema.sqlite");
    if schema.exists() {
        std::fs::remove_file(&schema)?;
    }
    let options = SqliteConnectOptions::new()
        .filename(&schema)
        .create_if_missing(true);
    tokio::runtime::Builder::new_current_thread()
        .build()?
        .block_on(async {
            let migrator = Migrator::new(Path::new("migrations")).await?;
            migrator.run(&mut options.connect().await?).await
        })?;
    println!("cargo::rustc-env=DATABASE_URL=sqlite:{}", schema.display());
    Ok(())
}
