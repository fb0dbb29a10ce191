//! The program.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Requests are small things that one thread makes and another drops, the journal's most of all.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    uptrends_emulator::cli::run()
}
