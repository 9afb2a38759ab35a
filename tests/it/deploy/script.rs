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
fn an_encrypted_network_between_docker_28_and_29_is_warned_of() {
    let warns = |nodes: &str, arguments: &[&str]| {
        let swarm = Swarm::new();
        swarm.write("nodes", nodes);
        let ran = swarm.run(arguments, &[]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        ran.err.contains("warning: nothing encrypted arrives between Docker 29 and an older one")
    };
    let mixed = "28.5.2 active ready 192.168.1.11\n29.1.3 active ready 192.168.1.12\n";
    let same = "29.1.3 active ready 192.168.1.11\n29.8.2 active ready 192.168.1.12\n";
    assert!(warns(mixed, &["--encrypted"]));
    assert!(!warns(mixed, &[]));
    assert!(!warns(same, &["--encrypted"]));
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

#[test]
fn up_ends_when_every_node_has_answered_with_a_rally() {
    let swarm = Swarm::new();
    swarm.write(
        "nodes",
        "29.1.3 active ready 192.168.1.11\n29.1.3 active ready fd00::2\n29.1.3 drain ready 192.168.1.13\n",
    );
    let ran = swarm.run(&["up"], &[("PONG_PORT", "8080")]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let asked = ["127.0.0.1", "192.168.1.11", "[fd00::2]"];
    assert_eq!(swarm.requests(), asked.map(|node| format!("http://{node}:8080/rally")));

    let elsewhere = Swarm::new();
    elsewhere.run(&["up"], &[("DOCKER_HOST", "ssh://pi1")]);
    assert_eq!(elsewhere.requests(), ["http://192.168.1.11:3000/rally"]);
    let unasked = Swarm::new();
    assert_eq!(unasked.run(&["up"], &[("PONG_WAIT", "0")]).code, Some(0));
    assert!(unasked.requests().is_empty());
}

#[test]
fn a_node_that_does_not_answer_with_a_rally_is_named_and_the_services_stay() {
    let swarm = Swarm::new();
    for (answer, said) in [
        (None, "curl: (7) http://192.168.1.11:3000/rally is closed"),
        (Some("HIT\n"), "no rally from http://192.168.1.11:3000: HIT"),
        (Some("LET: no PONG player answered\n"), ": LET: no PONG player answered"),
    ] {
        match answer {
            Some(answer) => swarm.write("answers", answer),
            None => std::fs::remove_file(swarm.file("answers")).expect("made by new"),
        }
        let ran = swarm.run(&["up"], &[("PONG_WAIT", "1")]);
        assert_eq!(ran.code, Some(3), "{}", ran.err);
        assert!(ran.err.contains(said), "{}", ran.err);
        assert!(ran.err.contains("docker service ps"), "{}", ran.err);
        assert_eq!(swarm.names("services"), ALL);
    }
}

#[test]
fn without_curl_and_wget_it_says_that_nothing_was_checked() {
    let swarm = Swarm::new();
    std::fs::remove_file(swarm.file("curl")).expect("made by new");
    for tool in ["sh", "cat", "grep", "tail", "cut", "sed"] {
        let found = ["/usr/bin", "/bin"].map(|folder| std::path::Path::new(folder).join(tool));
        let found = found.into_iter().find(|path| path.exists()).expect("every Unix has it");
        std::os::unix::fs::symlink(found, swarm.file(tool)).expect("a link");
    }
    let ran = run(swarm.file("").to_str().expect("a path"), &["up"], &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("warning: without curl and wget"), "{}", ran.err);
}

#[test]
fn a_subnet_that_takes_the_nodes_addresses_or_has_no_ipv4_is_refused() {
    for (subnet, words) in [
        ("192.168.1.0/24", "192.168.1.11"),
        ("192.168.0.0/16", "192.168.1.11"),
        ("192.168.1.8/29", "192.168.1.11"),
        ("fd00::/64", "IPv6"),
        ("pong", "not an IPv4 subnet"),
    ] {
        let swarm = Swarm::new();
        assert_refused(&swarm.run(&["up"], &[("PONG_SUBNET", subnet)]), words);
        assert!(swarm.changes().is_empty());
    }
    for subnet in ["192.168.2.0/24", "192.168.1.16/28", "10.0.8.0/22"] {
        let swarm = Swarm::new();
        assert_eq!(swarm.run(&["up"], &[("PONG_SUBNET", subnet)]).code, Some(0), "{subnet}");
    }
}

#[test]
fn a_subnet_with_too_few_addresses_is_warned_of() {
    for (nodes, replicas, warned) in [(81, "2", false), (82, "2", true), (1, "300", true)] {
        let swarm = Swarm::new();
        let lines = (0..nodes).map(|n| format!("28.5.2 active ready 192.168.1.{n}\n"));
        swarm.write("nodes", &lines.collect::<String>());
        let ran = swarm.run(&["up"], &[("PONG_PING_REPLICAS", replicas)]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let warning = ran.err.contains("PONG_SUBNET=10.0.8.0/22");
        assert_eq!(warning, warned, "{nodes} nodes, {replicas} replicas: {}", ran.err);
    }
}
