//! Parses the command line, runs it, and reports failures.

use std::process::ExitCode;

use swarm_pong::cli::{Cli, run};

fn main() -> ExitCode {
    run(Cli::from_process()).unwrap_or_else(|error| {
        #[expect(clippy::print_stderr, reason = "the one place where failures are printed")]
        {
            eprintln!("swarm-pong: {error}");
        }
        error.exit_code()
    })
}
