//! What probes cost on the network, as iptables counts it.

use std::time::{Duration, Instant};

use crate::proxies::{Proxy, proxies};
use crate::scenario::Scenario;
use crate::swarm::NODES;
use crate::wait::until;

/// How long the bytes of probes are counted: several large probes of each pair of nodes.
const COUNTED: Duration = Duration::from_secs(20);

/// Maximum number of bytes a second of the probes of a pair, on the wire between the nodes.
const MAX_BYTES_PER_PAIR: f64 = 1_024.0;

/// Counts the bytes of the probes of each pair of nodes, in both directions, and checks that they are
/// few.
pub(crate) async fn check_cost(scenario: &mut Scenario) {
    let proxies = proxies().await;
    for proxy in &proxies {
        proxy.iptables(&rules(proxy, "-A", &proxies)).await;
    }
    let started = Instant::now();
    until("the time is over", 30, async || started.elapsed() >= COUNTED).await;
    let seconds = started.elapsed().as_secs_f64();
    let mut packets = 0;
    let mut bytes = 0;
    for proxy in &proxies {
        let counted = proxy.iptables("'-nvxL'").await;
        let counted = count(&counted, ":3001");
        packets += counted.0;
        bytes += counted.1;
        proxy.iptables(&rules(proxy, "-D", &proxies)).await;
    }
    let pairs = (NODES.len() * (NODES.len() - 1)) as f64;
    let packets = packets as f64 / seconds / pairs;
    let bytes = bytes as f64 / seconds / pairs;
    let wire = bytes + 50.0 * packets;
    scenario.note(format!(
        "probes take {bytes:.0} B/s per pair, {wire:.0} with VXLAN's headers, in {packets:.1} packets/s"
    ));
    let cheap = (1.0..=MAX_BYTES_PER_PAIR).contains(&wire);
    scenario.check(cheap, format!("probes take {wire:.0} B/s per pair"));
}

/// Returns the packets and bytes that iptables has counted by the rules that contain a text, from what
/// `iptables -nvxL` prints.
pub(crate) fn count(rules: &str, text: &str) -> (u64, u64) {
    let counts = rules.lines().filter(|line| line.contains(text)).map(|line| {
        let mut counts = line.split_whitespace().map_while(|word| word.parse::<u64>().ok());
        (counts.next().expect("packets"), counts.next().expect("bytes"))
    });
    counts.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
}

/// Returns the rules that count a proxy's probes of others and their responses, and its datagrams and
/// answers.
fn rules(proxy: &Proxy, change: &str, proxies: &[Proxy]) -> String {
    let others = proxies.iter().filter(|other| other.address != proxy.address);
    let both_directions = |Proxy { address, .. }: &Proxy| {
        format!(
            "'{change} OUTPUT -p tcp -d {address} --dport 3001' \
             '{change} INPUT -p tcp -s {address} --sport 3001' \
             '{change} OUTPUT -p udp -d {address} --dport 3001' "
        )
    };
    others.map(both_directions).collect()
}
