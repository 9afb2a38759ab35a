//! The system's resolver against servers that answer as the test says.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use super::*;

mod machine;

use machine::{Machine, Reply, Server};

fn v4(count: u32) -> Vec<IpAddr> {
    (1..=count).map(|n| Ipv4Addr::from_bits(0x0a00_0900 + n).into()).collect()
}

const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

#[tokio::test]
async fn three_hundred_addresses_are_all_seen_and_aaaa_is_not_asked_for() {
    let machine = Machine::new().await;
    let server = Server::start(machine.server(1), |_, kind, _| match kind {
        RecordType::A => Reply::Addresses(v4(300)),
        _ => Reply::Silence,
    })
    .await;
    machine.write("resolv.conf", "nameserver 127.0.0.1\noptions ndots:0\n");
    let (found, time) = machine.look_up("tasks.ping:3000").await;
    assert_eq!(found, Ok(300));
    assert!(time < Duration::from_millis(700), "{time:?}");
    assert_eq!(server.asked(), ["A tasks.ping. by udp", "A tasks.ping. by tcp"]);
}

#[tokio::test]
async fn a_name_with_ipv6_alone_is_found() {
    let machine = Machine::new().await;
    let _server = Server::start(machine.server(1), |_, kind, _| match kind {
        RecordType::A => Reply::Addresses(vec![]),
        _ => Reply::Addresses(vec![V6]),
    })
    .await;
    machine.write("resolv.conf", "nameserver 127.0.0.1\n");
    let found = machine.resolver.resolve("tasks.ping:3000").await;
    assert_eq!(found, Ok(vec![SocketAddr::new(V6, 3000)]));
}

#[tokio::test]
async fn each_failure_has_its_cause_and_its_server_and_takes_a_second_at_most() {
    let machine = Machine::new().await;
    let server = Server::start(machine.server(1), |name, _, _| match name {
        "missing." => Reply::Code(ResponseCode::NXDomain),
        "failing." => Reply::Code(ResponseCode::ServFail),
        "denied." => Reply::Code(ResponseCode::Refused),
        "strange." => Reply::Code(ResponseCode::NotImp),
        "empty." => Reply::Addresses(vec![]),
        _ => Reply::Silence,
    })
    .await;
    machine.write("resolv.conf", "nameserver 127.0.0.1\n");
    for (host, cause, questions) in [
        ("missing", LookupCause::NoSuchName, 1),
        ("failing", LookupCause::ServerFailure, 1),
        ("denied", LookupCause::QueryRefused, 1),
        ("strange", LookupCause::InvalidAnswer, 1),
        ("empty", LookupCause::NoAddresses, 2),
        ("silent", LookupCause::Timeout, 3),
    ] {
        let (found, time) = machine.look_up(&format!("{host}:3000")).await;
        assert_eq!(found, Err(LookupError { cause, server: Some(machine.server(1)) }), "{host}");
        let limit = if cause == LookupCause::Timeout { 1500 } else { 700 };
        assert!(time < Duration::from_millis(limit), "{host}: {time:?}");
        assert_eq!(server.asked().len(), questions, "{host}");
    }
    machine.write("resolv.conf", "nameserver 127.0.0.2\n");
    let (found, time) = machine.look_up("tasks.ping:3000").await;
    let unreachable =
        LookupError { cause: LookupCause::Unreachable, server: Some(machine.server(2)) };
    assert_eq!(found, Err(unreachable), "nobody listens there");
    assert!(time < Duration::from_millis(700), "{time:?}");
}

#[tokio::test]
async fn a_name_is_asked_for_up_to_its_first_success_under_ndots_five() {
    let machine = Machine::new().await;
    let server = Server::start(machine.server(1), |name, _, _| match name {
        "ping.pong.svc.cluster.local." | "manager.other.svc.cluster.local." | "pi1.lan." => {
            Reply::Addresses(v4(3))
        }
        "broken.pong.svc.cluster.local." => Reply::Code(ResponseCode::ServFail),
        _ => Reply::Code(ResponseCode::NXDomain),
    })
    .await;
    let search = "search pong.svc.cluster.local svc.cluster.local cluster.local lan";
    machine.write("resolv.conf", &format!("nameserver 127.0.0.1\n{search}\noptions ndots:5\n"));
    for (host, found, questions) in [
        ("ping", Ok(3), 1),
        ("manager.other", Ok(3), 2),
        ("pi1", Ok(3), 4),
        ("manager.other.svc.cluster.local.", Ok(3), 1),
        ("nobody", Err(LookupCause::NoSuchName), 5),
        ("broken", Err(LookupCause::ServerFailure), 1),
    ] {
        let answer = machine.look_up(&format!("{host}:3000")).await.0;
        assert_eq!(answer.map_err(|error| error.cause), found, "{host}");
        let asked = server.asked();
        assert_eq!(asked.len(), questions, "{host}: {asked:?}");
    }
}

#[tokio::test]
async fn a_silent_server_is_passed_over_and_lost_udp_is_made_up_for_by_tcp() {
    let machine = Machine::new().await;
    let silent = Server::start(machine.server(1), |_, _, _| Reply::Silence).await;
    let _second = Server::start(machine.server(2), |name, _, _| match name {
        "ping." => Reply::Addresses(v4(2)),
        _ => Reply::Code(ResponseCode::NXDomain),
    })
    .await;
    let _tcp_only = Server::start(machine.server(3), |_, _, tcp| {
        if tcp { Reply::Addresses(v4(4)) } else { Reply::Silence }
    })
    .await;
    let both = "nameserver 127.0.0.1\nnameserver 127.0.0.2\nsearch a b c d\noptions ndots:1\n";
    machine.write("resolv.conf", both);
    let (found, time) = machine.look_up("ping:3000").await;
    assert_eq!(found, Ok(2));
    assert!(time < Duration::from_millis(800), "waited for once: {time:?}");
    assert_eq!(silent.asked().len(), 1, "the second one is asked first from then on");
    machine.write("resolv.conf", "nameserver 127.0.0.3\n");
    let (found, time) = machine.look_up("tasks.ping:3000").await;
    assert_eq!(found, Ok(4));
    assert!(time < Duration::from_millis(1000), "{time:?}");
}

#[tokio::test]
async fn addresses_and_names_in_hosts_need_no_server() {
    let machine = Machine::new().await;
    assert_eq!(machine.look_up("10.0.9.4:3000").await.0, Ok(1));
    assert_eq!(machine.look_up("[fd00::4]:3000").await.0, Ok(1));
    machine.write("hosts", "127.0.0.1 localhost\n::1 localhost\n10.0.9.4 pi1\n");
    assert_eq!(machine.look_up("localhost:3000").await.0, Ok(2));
    assert_eq!(machine.look_up("pi1:3000").await.0, Ok(1));
    let no_server = LookupError { cause: LookupCause::NoServer, server: None };
    assert_eq!(machine.look_up("tasks.ping:3000").await.0, Err(no_server));

    let server = Server::start(machine.server(1), |_, _, _| Reply::Addresses(v4(2))).await;
    machine.write("resolv.conf", "nameserver 127.0.0.1\n");
    assert_eq!(machine.look_up("tasks.ping:3000").await.0, Ok(2), "read again");
    assert_eq!(machine.look_up("10.0.9.4:3000").await.0, Ok(1));
    assert_eq!(machine.look_up("pi1:3000").await.0, Ok(1));
    assert_eq!(server.asked(), ["A tasks.ping. by udp"]);
}

#[tokio::test]
async fn a_server_without_tcp_still_gives_the_part_that_fits() {
    let machine = Machine::new().await;
    let _server = Server::start(machine.server(1), |_, _, tcp| {
        if tcp { Reply::Code(ResponseCode::ServFail) } else { Reply::Addresses(v4(100)) }
    })
    .await;
    machine.write("resolv.conf", "nameserver 127.0.0.1\n");
    let found = machine.look_up("tasks.ping:3000").await.0.expect("some");
    assert!((20..100).contains(&found), "{found}");
}
