//! Variables that are empty, that belong to another command, or whose value is wrong.

use crate::support::process::Process;

/// Runs a command to its end; returns its exit code and what it wrote to stderr.
fn run(arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut process = Process::spawn(arguments, environment);
    (process.code(), process.log())
}

#[test]
fn an_empty_variable_counts_as_none() {
    let empty = ["LISTEN", "ADMIN", "LOG", "LOG_LEVEL", "NODE", "TASK", "SEED", "HIT_CHANCE"]
        .map(|name| format!("PONG_{name}"));
    let empty: Vec<_> = empty.iter().map(|name| (name.as_str(), "")).collect();
    let player = Process::spawn(
        &["player", "--side", "ping", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
        &empty,
    );
    player.logged("listening", &[("level", "INFO")]);
    let (code, said) = run(&["player"], &[("PONG_SIDE", "")]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("required") && said.contains("--side"), "{said}");
}

#[test]
fn a_variable_of_another_command_does_not_count() {
    let foreign = [("PONG_LAMP", "led"), ("PONG_NODES", "abc"), ("PONG_LISTEN", "here")];
    let (code, said) = run(&["paths", "http://127.0.0.1:1"], &foreign);
    assert_eq!(code, Some(3), "{said}");
    let admin = [&foreign[..], &[("PONG_ADMIN", "127.0.0.1:1")]].concat();
    assert_eq!(run(&["healthcheck", "--timeout", "2s"], &admin).0, Some(1));
}

#[test]
fn a_wrong_value_is_reported_with_the_variable_that_has_it() {
    for (arguments, variable, value) in [
        (&[][..], "PONG_NODES", "abc"),
        (&["demo"], "PONG_LAMP", "led"),
        (&["light"], "PONG_ACTIVE_LOW", "perhaps"),
        (&["player", "--side", "ping"], "PONG_LOG", "xml"),
        (&["paths"], "PONG_URL", "pi1/x"),
    ] {
        let (code, said) = run(arguments, &[(variable, value)]);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(&format!("{variable}={value}")), "{said}");
    }
    let (_, said) = run(&["--nodes", "abc"], &[("PONG_NODES", "abc")]);
    assert!(said.contains("'abc'") && !said.contains("PONG_NODES="), "{said}");
}
