//! Which variables of the environment count.

use std::ffi::OsString;

use clap::builder::{Resettable, StyledStr};
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Command, CommandFactory, Error, FromArgMatches};

use super::Cli;

/// Parses a command line, the name of the program first.
///
/// A variable counts for the command that has an option of that name; an empty one counts as none,
/// since that is what is left of one that a compose file passes on and nobody has set.
///
/// # Errors
///
/// That of clap; a value that came from a variable is reported with its name.
pub(crate) fn parse(line: &[OsString]) -> Result<Cli, Error> {
    let mut command = Cli::command();
    let chosen = line.get(1).and_then(|word| word.to_str());
    let chosen = chosen.and_then(|word| command.find_subcommand(word)).map(Command::get_name);
    command = match chosen.map(str::to_owned) {
        // The options of the demo, which also stand without a command.
        Some(name) => command
            .mut_args(without_variable)
            .mut_subcommand(name, |chosen| chosen.mut_args(without_empty_variable)),
        None => command.mut_args(without_empty_variable),
    };
    let matches = command.try_get_matches_from_mut(line);
    let cli = matches.and_then(|matches| Cli::from_arg_matches(&matches));
    cli.map_err(|error| name_variable(error, &command, line))
}

fn without_variable(option: Arg) -> Arg {
    option.env(Resettable::Reset)
}

fn without_empty_variable(option: Arg) -> Arg {
    let value = option.get_env().and_then(std::env::var_os);
    if value.is_some_and(|value| value.is_empty()) { without_variable(option) } else { option }
}

/// Adds the name of the variable that a refused value came from.
fn name_variable(mut error: Error, command: &Command, line: &[OsString]) -> Error {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let chosen = line.get(1).and_then(|word| command.find_subcommand(word)).unwrap_or(command);
    if let (Some(option), Some(value)) =
        (text(ContextKind::InvalidArg), text(ContextKind::InvalidValue))
        && let Some(option) = chosen.get_arguments().find(|known| known.to_string() == option)
        && let Some(variable) = option.get_env()
        && std::env::var_os(variable).is_some_and(|set| set == *value)
        && !is_given(option, &value, line)
    {
        let tip = format!("the environment has {}={value}", variable.display());
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    }
    error
}

/// Returns whether an option is on the command line, or the value of one that has no name.
fn is_given(option: &Arg, value: &str, line: &[OsString]) -> bool {
    let long = option.get_long().map(|name| format!("--{name}"));
    line.iter().skip(1).filter_map(|word| word.to_str()).any(|word| match &long {
        Some(long) => {
            word.strip_prefix(long).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        }
        None => word == value,
    })
}
