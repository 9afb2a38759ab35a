//! Reads the command line, runs what it says, and tells what went wrong.

use std::process::ExitCode;

use clap::Parser;
use swarm_pong::cli::Cli;
use swarm_pong::paths::CannotTell;

fn main() -> ExitCode {
    match swarm_pong::cli::run(Cli::parse()) {
        Ok(code) => code,
        Err(failure) => {
            #[expect(clippy::print_stderr, reason = "the one place where failures are told")]
            {
                eprintln!("swarm-pong: {failure}");
            }
            if failure.is::<CannotTell>() { ExitCode::from(3) } else { ExitCode::FAILURE }
        }
    }
}
