//! The help texts, as a manual page is read.

use crate::support::process::Process;

fn help(arguments: &[&str]) -> String {
    let mut process = Process::spawn(arguments, &[]);
    assert_eq!(process.code(), Some(0));
    assert_eq!(process.log(), "");
    // clap fills empty lines with spaces.
    process.out().lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

const COMMANDS: [&str; 10] = [
    "demo",
    "player",
    "manager",
    "scoreboard",
    "proxy",
    "light",
    "paths",
    "healthcheck",
    "completions",
    "man",
];

#[test]
fn the_help_of_each_command_reads_as_it_should() {
    insta::assert_snapshot!("swarm-pong", help(&["--help"]));
    for command in COMMANDS {
        insta::assert_snapshot!(command, help(&[command, "--help"]));
    }
}

#[test]
fn every_command_is_in_the_help() {
    let all = help(&["--help"]);
    let commands = all.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next());
    // What does not fit one line goes on further in.
    let names = commands.expect("a list").lines().filter_map(|line| line.strip_prefix("  "));
    let names = names.filter_map(|line| line.split(' ').next());
    let names: Vec<&str> = names.filter(|name| !["", "help"].contains(name)).collect();
    assert_eq!(names, COMMANDS);
}

#[test]
fn every_option_names_its_variable_and_has_a_default_or_says_why_not() {
    for command in COMMANDS {
        let help = help(&[command, "--help"]);
        for option in help.split("\n      --").skip(1) {
            let name = option.split_whitespace().next().expect("a name");
            // They are actions, not settings.
            if ["test", "history", "watch"].contains(&name) {
                continue;
            }
            assert!(option.contains("[env: PONG_"), "{command} --{name}");
            let takes_value = option.lines().next().is_some_and(|line| line.contains('<'));
            let unset = ["seed", "side"].contains(&name);
            let default = option.split_whitespace().any(|word| word == "[default:");
            assert!(default || unset || !takes_value, "{command} --{name}");
        }
    }
}

#[test]
fn the_version_is_the_packages() {
    for option in ["--version", "-V"] {
        assert_eq!(help(&[option]), concat!("swarm-pong ", env!("CARGO_PKG_VERSION"), "\n"));
    }
}

#[test]
fn shells_and_man_get_what_they_read() {
    for (shell, part) in [
        ("bash", "complete -F _swarm__pong"),
        ("zsh", "#compdef swarm-pong"),
        ("fish", "-c swarm-pong"),
    ] {
        let script = help(&["completions", shell]);
        assert!(script.contains(part) && script.contains("stroke-timeout"), "{script}");
    }
    let page = help(&["man"]);
    assert!(
        page.contains(".TH swarm-pong 1") && page.contains("swarm\\-pong\\-player(1)"),
        "{page}"
    );
    let page = help(&["man", "player"]);
    assert!(page.contains(".TH swarm-pong-player 1") && page.contains("PONG_SIDE"), "{page}");
}
