//! Reads the command line, runs what it says, and tells what went wrong.

use std::process::ExitCode;

use clap::Parser;
use swarm_pong::cli::Cli;

fn main() -> ExitCode {
    match swarm_pong::cli::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            #[expect(clippy::print_stderr, reason = "the one place where failures are told")]
            {
                eprintln!("swarm-pong: {failure}");
            }
            ExitCode::FAILURE
        }
    }
}
