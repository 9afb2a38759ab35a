//! `overlay-net.sh` makes all or nothing, and says why.

use super::swarm::{Ran, Swarm, run};

const ALL: [&str; 6] = ["light", "manager", "ping", "pong", "proxy", "scoreboard"];

/// One line on stderr that has `words` in it, and exit 1.
#[track_caller]
fn assert_refused(ran: &Ran, words: &str) {
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(ran.err.contains(words), "{}", ran.err);
}

#[test]
fn without_up_only_the_network_is_created() {
    let swarm = Swarm::new();
    assert_eq!(swarm.run(&[], &[]).code, Some(0));
    assert_eq!(swarm.names("networks"), ["ping-pong-net"]);
    assert!(swarm.names("services").is_empty());
}

#[test]
fn up_makes_the_network_and_the_services_under_their_plain_names() {
    let swarm = Swarm::new();
    assert_eq!(swarm.run(&["up"], &[]).code, Some(0));
    assert_eq!(swarm.names("networks"), ["ping-pong-net"]);
    assert_eq!(swarm.names("services"), ALL);
}

#[test]
fn up_takes_an_image_that_goes_before_the_setting() {
    let swarm = Swarm::new();
    swarm.run(&["up", "pong:two"], &[("PONG_IMAGE", "pong:one")]);
    let changes = swarm.changes();
    let created: Vec<_> = changes.iter().filter(|call| call[0] == "service").collect();
    assert_eq!(created.len(), ALL.len());
    assert!(created.iter().all(|call| call[call.len() - 2] == "pong:two"));
}

#[test]
fn a_second_run_changes_nothing() {
    let swarm = Swarm::new();
    for arguments in [&[][..], &["up"], &["--encrypted", "up"]] {
        let swarm = Swarm::new();
        assert_eq!(swarm.run(arguments, &[]).code, Some(0));
        let before = swarm.changes();
        let again = swarm.run(arguments, &[]);
        assert_eq!(again.code, Some(0), "{}", again.err);
        assert_eq!(swarm.changes(), before);
    }
    assert_eq!(swarm.run(&["up"], &[]).code, Some(0));
    assert_eq!(swarm.run(&[], &[]).code, Some(0));
}

#[test]
fn up_adds_only_the_service_that_is_missing() {
    let swarm = Swarm::new();
    swarm.run(&["up"], &[]);
    std::fs::remove_file(swarm.file("services/pong")).expect("it was made");
    let before = swarm.changes().len();
    assert_eq!(swarm.run(&["up"], &[]).code, Some(0));
    assert_eq!(swarm.changes().len(), before + 1);
    assert_eq!(swarm.names("services"), ALL);
}

#[test]
fn down_removes_all_of_it() {
    let swarm = Swarm::new();
    swarm.run(&["up"], &[]);
    assert_eq!(swarm.run(&["down"], &[]).code, Some(0));
    assert!(swarm.names("services").is_empty());
    assert!(swarm.names("networks").is_empty());
    assert_eq!(swarm.run(&["down"], &[]).code, Some(0), "nothing to remove is no error");
}

#[test]
fn down_spares_what_others_made() {
    let swarm = Swarm::new();
    swarm.write("services/proxy", "{}\n");
    swarm.run(&[], &[]);
    assert_eq!(swarm.run(&["down"], &[]).code, Some(0));
    assert_eq!(swarm.names("services"), ["proxy"]);
}

#[test]
fn down_leaves_the_network_to_a_stack_that_plays_on_it() {
    let swarm = Swarm::new();
    swarm.run(&[], &[]);
    swarm.write("services/pong_ping", r#"{"com.docker.stack.namespace":"pong"}"#);
    let ran = swarm.run(&["down"], &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("stays"), "{}", ran.out);
    assert_eq!(swarm.names("networks"), ["ping-pong-net"]);
}

#[test]
fn an_encrypted_network_is_made_on_request_only() {
    let encrypts = |arguments: &[&str]| {
        let swarm = Swarm::new();
        assert_eq!(swarm.run(arguments, &[]).code, Some(0));
        swarm.changes()[0].windows(2).any(|words| words == ["--opt", "encrypted"])
    };
    assert!(encrypts(&["--encrypted"]));
    assert!(encrypts(&["--encrypted", "up"]));
    assert!(!encrypts(&[]));
    assert!(!encrypts(&["up"]));
}

#[test]
fn without_docker_it_says_so() {
    assert_refused(&run("/nowhere", &[], &[]), "no docker command");
}

#[test]
fn without_a_daemon_it_says_what_docker_says() {
    let swarm = Swarm::new();
    swarm.write("silent", "");
    assert_refused(&swarm.run(&["up"], &[]), "Cannot connect to the Docker daemon");
}

#[test]
fn on_a_worker_it_makes_nothing_and_names_the_remedy() {
    let swarm = Swarm::new();
    swarm.write("manager", "false\n");
    assert_refused(&swarm.run(&["up"], &[]), "docker swarm init");
    assert!(swarm.changes().is_empty());
}

#[test]
fn a_subnet_that_is_taken_leaves_no_network_and_names_the_remedy() {
    let swarm = Swarm::new();
    swarm.write("taken", "");
    assert_refused(&swarm.run(&["up"], &[]), "PONG_SUBNET=");
    assert!(swarm.names("networks").is_empty());
    assert!(swarm.names("services").is_empty());
}

#[test]
fn a_network_of_that_name_and_another_kind_is_not_used() {
    for other in
        ["bridge false 172.18.0.0/16", "overlay false 10.0.9.0/24 ", "overlay true 10.1.0.0/24 "]
    {
        let swarm = Swarm::new();
        swarm.write("networks/ping-pong-net", other);
        assert_refused(&swarm.run(&["up"], &[]), other.trim());
        assert!(swarm.changes().is_empty());
    }
}

#[test]
fn a_plain_network_does_not_pass_for_an_encrypted_one() {
    let swarm = Swarm::new();
    swarm.run(&[], &[]);
    assert_refused(&swarm.run(&["--encrypted"], &[]), "docker network rm");
}

#[test]
fn a_service_that_docker_refuses_takes_the_others_with_it() {
    let swarm = Swarm::new();
    swarm.write("refuses", "proxy");
    assert_refused(&swarm.run(&["up"], &[]), "no proxy today");
    assert!(swarm.names("services").is_empty());
    assert!(swarm.names("networks").is_empty());
}

#[test]
fn what_was_there_before_a_failure_is_there_after_it() {
    let swarm = Swarm::new();
    swarm.run(&[], &[]);
    swarm.write("refuses", "manager");
    assert_refused(&swarm.run(&["up"], &[]), "no manager today");
    assert!(swarm.names("services").is_empty());
    assert_eq!(swarm.names("networks"), ["ping-pong-net"]);
}

#[test]
fn a_foreign_service_is_not_touched() {
    let swarm = Swarm::new();
    swarm.write("services/proxy", "{}\n");
    assert_refused(&swarm.run(&["up"], &[]), "a service proxy of somebody else");
    assert_eq!(swarm.names("services"), ["proxy"]);
    assert!(swarm.names("networks").is_empty());
}

#[test]
fn up_does_not_play_beside_the_stack() {
    let swarm = Swarm::new();
    swarm.write("services/pong_ping", r#"{"com.docker.stack.namespace":"pong"}"#);
    assert_refused(&swarm.run(&["up"], &[]), "docker stack rm pong");
    assert!(swarm.changes().is_empty());
}

#[test]
fn wrong_usage_is_exit_2_and_help_is_exit_0() {
    let swarm = Swarm::new();
    for wrong in [
        &["sideways"][..],
        &["--fast"],
        &["up", "a", "b"],
        &["down", "a"],
        &["--encrypted", "down"],
    ] {
        let ran = swarm.run(wrong, &[]);
        assert_eq!(ran.code, Some(2), "{wrong:?}");
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    }
    let help = swarm.run(&["--help"], &[]);
    assert_eq!((help.code, help.err.as_str()), (Some(0), ""));
    assert!(help.out.starts_with("Usage: overlay-net.sh"));
    assert!(swarm.calls().is_empty());
}
