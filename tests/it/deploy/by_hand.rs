//! The match typed by hand in `docs/swarm.md` is that of `stack.yml`.

use std::collections::BTreeMap;
use std::process::Command;

use super::flags::{Flags, of_call, of_stack};
use super::stack::{stack, text};
use super::swarm::Swarm;

/// Returns the first block of commands below a heading.
fn commands(heading: &str) -> String {
    let manual = text("docs/swarm.md");
    let (_, section) = manual.split_once(&format!("\n## {heading}\n")).expect("a section");
    section.split("```\n").nth(1).expect("a block").to_owned()
}

/// Returns the services that commands create, and how often they create a network.
fn created_by(commands: &str) -> (BTreeMap<String, Flags>, usize) {
    let swarm = Swarm::new();
    let path = format!("{}:/usr/bin:/bin", swarm.file("").display());
    let mut shell = Command::new("/bin/sh");
    let typed = shell.args(["-euc", commands]).env("PATH", path).output().expect("a shell");
    assert!(typed.status.success(), "{}", String::from_utf8_lossy(&typed.stderr));
    let (mut services, mut networks) = (BTreeMap::new(), 0);
    for call in swarm.changes() {
        if call[0] == "network" {
            networks += 1;
            continue;
        }
        let at = call.iter().position(|word| word == "--name").expect("services have names");
        services.insert(call[at + 1].clone(), of_call(&call));
    }
    (services, networks)
}

/// Checks that a service has nothing that its namesake in the stack has not.
fn assert_part_of_the_stack(name: &str, flags: &Flags, others: &[(&str, &str)]) {
    let mut known = of_stack(&stack(&[])["services"][name]);
    known.extend(others.iter().map(|(flag, value)| ((*flag).to_owned(), (*value).to_owned())));
    let unknown: Vec<_> = flags.difference(&known).collect();
    assert!(unknown.is_empty(), "{name}: {unknown:?}");
}

#[test]
fn services_typed_by_hand_are_those_of_the_stack() {
    let (services, networks) = created_by(&commands("The match, typed by hand"));
    assert_eq!(networks, 1);
    for (name, flags) in &services {
        assert_part_of_the_stack(
            name,
            flags,
            &[("--publish", "mode=host,published=3000,target=3000")],
        );
    }
    let names: Vec<_> = services.keys().map(String::as_str).collect();
    assert_eq!(names, ["manager", "ping", "pong", "proxy", "scoreboard"]);
}

#[test]
fn the_light_alone_is_that_of_the_stack_without_managers() {
    let (services, networks) = created_by(&commands("The lights alone"));
    assert_eq!((services.len(), networks), (1, 0));
    let alone = [("--env", "PONG_IDLE=alone"), ("--env", "PONG_MANAGERS=127.0.0.1:3000")];
    assert_part_of_the_stack("light", &services["light"], &alone);
}
