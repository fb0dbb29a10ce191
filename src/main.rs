//! The entry point of the program.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Chosen for requests: small allocations that one thread makes and another frees, above all those of the journal.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    uptrends_emulator::cli::run()
}
