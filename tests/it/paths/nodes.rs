//! Nodes that share a name, and nodes without a prober: never all clear, and told apart where that is
//! possible.

use protocol::node_trouble::NodeTrouble;
use protocol::path::PathList;
use rustix::process::Signal;

use super::cluster::{AdminPorts, fetch, proxy_on, scoreboard, until, until_paths};
use super::command::{paths, url};
use crate::support::http::get;
use crate::support::process::Process;

/// Returns the nodes in trouble, such as `pi3 no_prober`.
fn troubles(list: &PathList) -> Vec<String> {
    let name =
        |one: &protocol::node_trouble::TroubledNode| format!("{} {}", one.node, one.trouble.name());
    list.troubles.iter().map(name).collect()
}

#[tokio::test]
async fn nodes_with_one_name_are_told_apart_by_their_ids() {
    let ports = AdminPorts::<2>::reserve();
    let start = |n: usize, id: &str| {
        let node = ["--node", "pi", "--node-id", id, "--task", "proxy.pi"];
        proxy_on(&node, ports.addresses()[n], &ports.addresses())
    };
    let _first = start(0, "2kq4ma1b");
    let second = start(1, "2kx9zz3c");
    let scoreboard = scoreboard(&ports.addresses());
    until_paths(scoreboard.listen, 2, &[]).await;
    let list = fetch(scoreboard.listen).await;
    assert_eq!((list.nodes, list.pairs, troubles(&list).len()), (2, 2, 0));
    let (code, out, _) = paths(&url(scoreboard.listen)).await;
    assert_eq!(code, Some(0), "{out}");

    second.signal(Signal::STOP);
    let failures = ["pi/2kq>pi/2kx broken no_answer", "pi/2kx>pi/2kq stale -"];
    until_paths(scoreboard.listen, 1, &failures).await;
    let (code, out, _) = paths(&url(scoreboard.listen)).await;
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("\npi/2kq  pi/2kx  BROKEN no_answer  "), "{out}");
    second.signal(Signal::CONT);
}

#[tokio::test]
async fn nodes_with_one_name_and_no_ids_are_never_all_clear() {
    let ports = AdminPorts::<2>::reserve();
    let [first, second] = ports.addresses();
    let start = |admin| proxy_on(&["--node", "pi"], admin, &[first, second]);
    let _first = start(first);
    let frozen = start(second);
    let scoreboard = scoreboard(&[first, second]);
    let shared = |list: &PathList| troubles(list) == ["pi shared_name"];
    let list = until(scoreboard.listen, "the name is shared", shared).await;
    let mut addresses = vec![first, second];
    addresses.sort_unstable();
    assert_eq!((&list.troubles[0].addresses, list.broken), (&addresses, 0));
    let (code, out, _) = paths(&url(scoreboard.listen)).await;
    assert_eq!(code, Some(1), "{out}");
    let expected =
        format!("\npi: shared name: the proxies at {}, {} have it", addresses[0], addresses[1]);
    assert!(out.contains("none broken, 1 node in trouble; ") && out.contains(&expected), "{out}");
    scoreboard
        .logged("several proxies have this node name: give each its --node-id", &[("node", "pi")]);

    frozen.signal(Signal::STOP);
    let address = second.to_string();
    let broken = |list: &PathList| {
        shared(list)
            && list.broken == 1
            && list.paths.iter().any(|path| path.to.to_string() == address)
    };
    until(scoreboard.listen, "the path to its address is broken", broken).await;
    frozen.signal(Signal::CONT);
}

#[tokio::test]
async fn a_node_with_a_player_and_no_proxy_has_no_prober() {
    let ports = AdminPorts::<2>::reserve();
    let _proxies = [ports.proxy(1), ports.proxy(2)];
    let player = Process::start(&["player", "--side", "ping", "--node", "pi3"]);
    let [first, second] = ports.addresses();
    let scoreboard = scoreboard(&[first, second, player.admin]);
    let no_prober = |list: &PathList| troubles(list) == ["pi3 no_prober"] && list.measured == 2;
    let list = until(scoreboard.listen, "no prober", no_prober).await;
    assert_eq!((list.nodes, list.pairs, list.broken), (3, 6, 0));
    assert_eq!(list.troubles[0].trouble, NodeTrouble::NoProber);
    let (code, out, _) = paths(&url(scoreboard.listen)).await;
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.starts_with("3 nodes, 2 of 6 pairs measured, none broken, 1 node in trouble; "),
        "{out}"
    );
    assert!(out.contains("\npi3: no prober: tasks run there and no proxy is heard: "), "{out}");
    let metrics = get(scoreboard.admin, "/metrics", &[]).await.body;
    let series = "pong_node_trouble{node=\"pi3\",trouble=\"no_prober\"} 1\n";
    assert!(metrics.contains(series), "{metrics}");
    let message = "no prober: tasks run on this node and no proxy is heard";
    scoreboard.logged(message, &[("node", "pi3")]);
}
