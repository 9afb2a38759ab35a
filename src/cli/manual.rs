//! The manual of the command line: completions for shells, and manual pages.

use std::io::{self, Write};

use clap::{Command, CommandFactory, ValueEnum};
use clap_complete::generate;
use clap_complete::shells::{Bash, Fish, PowerShell, Zsh};
use clap_mangen::Man;

use super::Cli;

/// A shell that can complete commands and options.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "lower")]
pub(super) enum Shell {
    Bash,
    Fish,
    Powershell,
    Zsh,
}

/// Returns the whole command line, its commands called after the program, as their pages are.
fn commands() -> Command {
    let mut commands = Cli::command();
    commands.build();
    commands
}

/// Parses the name of a command.
pub(super) fn parse_command(name: &str) -> Result<String, String> {
    let commands = commands();
    let names = commands.get_subcommands().map(Command::get_name);
    let names: Vec<_> = names.filter(|known| *known != "help").collect();
    if names.contains(&name) {
        return Ok(name.to_owned());
    }
    Err(format!("no command; there are {}", names.join(", ")))
}

/// Writes the completions for a shell.
///
/// # Errors
///
/// That of `out`.
pub(super) fn completions(shell: Shell, out: &mut impl Write) -> io::Result<()> {
    let (mut commands, mut script) = (Cli::command(), Vec::new());
    match shell {
        Shell::Bash => generate(Bash, &mut commands, "swarm-pong", &mut script),
        Shell::Fish => generate(Fish, &mut commands, "swarm-pong", &mut script),
        Shell::Powershell => generate(PowerShell, &mut commands, "swarm-pong", &mut script),
        Shell::Zsh => generate(Zsh, &mut commands, "swarm-pong", &mut script),
    }
    out.write_all(&script)
}

/// Writes the manual page, or that of one command, in the format of man(7).
///
/// # Errors
///
/// That of `out`.
pub(super) fn page(command: Option<&str>, out: &mut impl Write) -> io::Result<()> {
    let mut commands = commands();
    let command = command.and_then(|name| commands.find_subcommand_mut(name)).cloned();
    Man::new(command.unwrap_or(commands)).render(out)
}
