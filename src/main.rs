//! Parses the command line, runs it, and reports failures.

use std::process::ExitCode;

use clap::Parser;
use swarm_pong::cli::{Cli, run};

fn main() -> ExitCode {
    run(Cli::parse()).unwrap_or_else(|error| {
        #[expect(clippy::print_stderr, reason = "the one place where failures are printed")]
        {
            eprintln!("swarm-pong: {error}");
        }
        error.exit_code()
    })
}
