//! The image has what `stack.yml` leaves to it.

use super::flags::of_stack;
use super::stack::{stack, text};

/// The arguments of the last instruction of that name.
fn instruction(name: &str) -> String {
    let dockerfile = text("Dockerfile").replace("\\\n", " ");
    let found = dockerfile.lines().rev().find_map(|line| line.strip_prefix(name));
    found.unwrap_or_else(|| panic!("the Dockerfile has no {name}")).trim().to_owned()
}

#[test]
fn the_image_is_nothing_but_the_binary() {
    assert_eq!(instruction("FROM"), "scratch");
    assert_eq!(instruction("COPY"), "--from=binary /swarm-pong /swarm-pong");
    assert_eq!(instruction("ENTRYPOINT"), r#"["/swarm-pong"]"#);
}

#[test]
fn the_image_does_not_run_as_root() {
    let user = instruction("USER");
    let (user, group) = user.split_once(':').expect("a user and a group");
    assert!(user.parse().is_ok_and(|id: u32| id > 0), "{user} is no number over 0");
    assert!(group.parse().is_ok_and(|id: u32| id > 0), "{group} is no number over 0");
}

#[test]
fn the_image_probes_itself_as_often_as_the_stack_says_of_a_healthy_task() {
    let healthcheck = instruction("HEALTHCHECK");
    let (options, test) = healthcheck.split_once("CMD").expect("a command");
    assert_eq!(test.trim(), r#"["/swarm-pong", "healthcheck"]"#);
    let of_image: Vec<_> = options
        .split_whitespace()
        .filter_map(|option| option.strip_prefix("--")?.split_once('='))
        .map(|(name, value)| (format!("--health-{name}"), value.to_owned()))
        .collect();
    let stack = stack(&[]);
    for (name, service) in stack["services"].as_object().expect("a stack has services") {
        let mut flags = of_stack(service);
        flags
            .retain(|(flag, _)| flag.starts_with("--health-") && flag != "--health-start-interval");
        assert_eq!(flags, of_image.iter().cloned().collect(), "{name}");
    }
}

#[test]
fn the_image_listens_where_docker_publishes() {
    assert_eq!(instruction("ENV PONG_LISTEN="), "0.0.0.0:3000");
    assert_eq!(instruction("EXPOSE"), "3000");
}

#[test]
fn the_image_is_built_without_fetching_a_syntax() {
    assert!(!text("Dockerfile").to_lowercase().contains("syntax="));
}
