//! Invalid values are refused with exit code 2, and ports that are taken with 1.

use std::net::TcpListener;

use crate::support::process::Process;

/// Runs a command line that must be refused and returns the message.
fn refusal(arguments: &[&str], environment: &[(&str, &str)], code: i32) -> String {
    let mut process = Process::spawn(arguments, environment);
    assert_eq!(process.code(), Some(code), "{arguments:?}: {}", process.log());
    assert_eq!(process.out(), "", "{arguments:?}");
    process.log()
}

#[test]
fn an_invalid_value_is_refused_with_the_option_the_value_and_the_range() {
    let percent = "hit chance must be an integer from 0 to 100";
    let time = "is not a duration, such as 300ms or 2s";
    for (command, option, value, range) in [
        ("player", "--hit-chance", "101", percent),
        ("player", "--hit-chance", "-1", percent),
        ("player", "--hit-chance", "abc", percent),
        ("player", "--hit-chance", "", percent),
        ("demo", "--hit-chance", "-1", percent),
        ("player", "--side", "pang", "a side is ping or pong"),
        ("player", "--seed", "seven", "not a whole number from 0 to 18446744073709551615"),
        ("player", "--seed", "-1", "not a whole number from 0 to 18446744073709551615"),
        ("player", "--listen", "localhost", "not ADDRESS:PORT, such as 127.0.0.1:3000"),
        ("player", "--listen", "nowhere.invalid:3000", "'nowhere.invalid' has no address ("),
        ("player", "--listen", "127.0.0.1:70000", "not ADDRESS:PORT"),
        ("player", "--admin", "3001", "not ADDRESS:PORT"),
        ("player", "--node", "a b", "1 to 63 letters, digits"),
        ("player", "--task", "<task>", "1 to 63 letters, digits"),
        ("player", "--log", "xml", "text, json"),
        ("manager", "--ping", "ping", "HOST:PORT"),
        ("manager", "--pong", "http://pong:3000", "HOST:PORT"),
        ("manager", "--rounds", "0", "not a whole number from 1 to 99"),
        ("manager", "--rounds", "100", "not a whole number from 1 to 99"),
        ("manager", "--pace", "6s", "0s to 5s"),
        ("manager", "--pace", "5001ms", "0s to 5s"),
        ("manager", "--pace", "fast", time),
        ("manager", "--play-every", "1ms", "10ms to 1h"),
        ("manager", "--play-every", "never", "'never' is neither off nor a duration"),
        ("manager", "--stroke-timeout", "0", "10ms to 2s"),
        ("manager", "--stroke-timeout", "3s", "10ms to 2s"),
        ("manager", "--max-in-flight", "-1", "not a whole number from 1 to 65536"),
        ("manager", "--max-in-flight", "0", "not a whole number from 1 to 65536"),
        ("demo", "--nodes", "0", "not a whole number from 1 to 64"),
        ("demo", "--players", "65", "not a whole number from 1 to 64"),
        ("demo", "--managers", "many", "not a whole number from 1 to 64"),
        ("proxy", "--managers", "manager:0", "HOST:PORT"),
        ("proxy", "--scoreboards", "a:1,,b:2", "HOST:PORT"),
        ("proxy", "--proxies", "tasks.proxy", "HOST:PORT"),
        ("proxy", "--published", "pi1=10.99.0.1", "'10.99.0.1' is not HOST:PORT"),
        ("proxy", "--published", "a b=10.99.0.1:3000", "'a b' is not NODE or NODE/ID"),
        ("proxy", "--publish", "mesh", "host, ingress"),
        ("proxy", "--vip", "proxy", "'proxy' is not HOST:PORT"),
        ("healthcheck", "--admin", "here", "not ADDRESS:PORT"),
        ("healthcheck", "--timeout", "long", time),
    ] {
        let said = refusal(&[command, option, value], &[], 2);
        let all = [option, &format!("'{value}'"), range];
        assert!(all.iter().all(|part| said.contains(part)), "{all:?} in {said}");
    }
}

#[test]
fn an_invalid_value_in_the_environment_is_refused_too() {
    let said = refusal(&["player", "--side", "ping"], &[("PONG_HIT_CHANCE", "101")], 2);
    assert!(said.contains("'101'") && said.contains("--hit-chance"), "{said}");
    let said = refusal(&["manager"], &[("PONG_PACE", "6s")], 2);
    assert!(said.contains("'6s'") && said.contains("--pace"), "{said}");
}

#[test]
fn unknown_and_missing_options_are_named() {
    for (arguments, word) in [
        (&["--speed", "9"][..], "--speed"),
        (&["player", "--side", "ping", "--speed"], "--speed"),
        (&["referee"], "referee"),
        (&["player"], "--side"),
        (&["player", "--side", "ping", "more"], "more"),
        (&["--nodes", "1", "player", "--side", "ping"], "player"),
    ] {
        let said = refusal(arguments, &[], 2);
        assert!(said.contains(&format!("'{word}")) || said.contains(word), "{word} in {said}");
        assert!(said.contains("Usage: swarm-pong"), "{said}");
    }
}

#[test]
fn a_port_that_is_taken_is_named_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = taken.local_addr().expect("bound").to_string();
    let free = "127.0.0.1:0";
    for (arguments, option) in [
        (&["player", "--side", "ping", "--listen", &at, "--admin", free][..], "--listen"),
        (&["player", "--side", "ping", "--listen", free, "--admin", &at], "--admin"),
        (&["manager", "--listen", &at, "--admin", free], "--listen"),
        (&["proxy", "--listen", free, "--admin", &at], "--admin"),
        (&["demo", "--listen", &at], "--listen"),
        (&["--listen", &at], "--listen"),
    ] {
        let said = refusal(arguments, &[], 1);
        let expected = format!("swarm-pong: cannot listen on {at}: ");
        assert!(said.starts_with(&expected) && said.contains("in use"), "{said}");
        let remedy = format!("; free it, or add {option} 127.0.0.1:");
        assert!(said.contains(&remedy) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn a_second_service_on_a_machine_is_told_of_both_ports_and_what_to_type() {
    let taken = [0, 0].map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    let [listen, admin] =
        taken.each_ref().map(|port| port.local_addr().expect("bound").to_string());
    let line = ["player", "--side", "ping"];
    let said = refusal(&[&line[..], &["--listen", &listen, "--admin", &admin]].concat(), &[], 1);
    let expected = format!("swarm-pong: cannot listen on {listen}: ");
    assert!(said.starts_with(&expected) && said.contains(&format!(", nor on {admin}: ")), "{said}");
    let (_, options) = said.trim_end().split_once("; free them, or add ").expect("what to type");
    let options: Vec<&str> = options.split(' ').collect();
    assert!(matches!(options[..], ["--listen", _, "--admin", _]), "{said}");
    Process::start(&[&line[..], &options].concat());
}

#[test]
fn an_address_that_cannot_be_listened_on_is_told_from_a_port_that_is_taken() {
    // Of the block for documentation, which no machine has (RFC 5737).
    let said = refusal(&["demo", "--listen", "192.0.2.1:3000"], &[], 1);
    assert!(said.starts_with("swarm-pong: cannot listen on 192.0.2.1:3000: "), "{said}");
    let remedy = "; choose an address of this machine with --listen, or 0.0.0.0 for all of them\n";
    assert!(said.ends_with(remedy), "{said}");
}
