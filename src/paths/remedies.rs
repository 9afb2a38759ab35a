//! What each cause means, and what to do.

use protocol::probe::ProbeFailure;

/// What to do when DNS is wrong on one node.
const DNS: [&str; 2] = [
    "restart the FROM node's tasks: docker service update --force SERVICE",
    "if it stays so: systemctl restart docker on that node",
];

/// What the loss of packets means, and what to do about it.
pub(super) const LOSS: &str = "\
LOSS: of the packets from the FROM node to the TO node more are lost than in a healthy network
  - the other direction ok: the TO node's receiver or the FROM node's sender; both: cable, switch or Wi-Fi
  - Wi-Fi: iw dev wlan0 link on both, and a cable instead
  - ip -s link show eth0 on both: which counter of errors or dropped grows?
  - ethtool eth0 on both: does one say Duplex: Half?";

/// Returns what a cause means, and what to check and do, the most likely first. `docs/paths.md` says
/// how to prove each.
pub(super) const fn remedies(cause: ProbeFailure) -> (&'static str, &'static [&'static str]) {
    match cause {
        ProbeFailure::NoDns => (
            "the TO node's proxy answers, and the FROM node's DNS does not list it, nor perhaps other tasks",
            &DNS,
        ),
        ProbeFailure::StaleDns => {
            ("the FROM node's DNS lists an address where no proxy is any more", &DNS)
        }
        ProbeFailure::Lost => (
            "the TO node's proxy is neither listed nor heard, and did not say that it stops",
            &[
                "is the node on? docker node ls, or ping",
                "does its proxy fail to start? docker service ps pong_proxy; without Docker: journalctl -u swarm-pong@proxy",
                "a node that is gone for good is forgotten after ten minutes",
            ],
        ),
        ProbeFailure::Refused => (
            "the proxy's container answers, but no proxy in it",
            &[
                "its log: docker service logs pong_proxy; without Docker: journalctl -u swarm-pong@proxy",
            ],
        ),
        ProbeFailure::Unreachable => (
            "there is no route",
            &["docker node ls: is the node on?", "its address may be stale in DNS"],
        ),
        ProbeFailure::Timeout => (
            "nothing comes back",
            &[
                "docker node ls: is the node on?",
                "open UDP port 4789 between these nodes, in both directions; for an encrypted network \
                 also IP protocol 50 (ESP)",
                "tcpdump -ni any udp port 4789 on both: VXLAN must come from the address in docker node \
                 inspect; if not: docker swarm join --data-path-addr",
            ],
        ),
        ProbeFailure::NoAnswer => (
            "connections are made, and then nothing comes back",
            &[
                "if no node gets an answer from it, the proxy hangs: docker service logs pong_proxy",
                "if others do, data is lost, often by wrong checksums: on both nodes \
                 ethtool -K eth0 tx-checksum-ip-generic off",
            ],
        ),
        ProbeFailure::NoData => (
            "connections are made and datagrams answered, and no data comes through on connections",
            &[
                "wrong checksums, which receivers drop: on both nodes \
                 ethtool -K eth0 tx-checksum-ip-generic off",
                "proof: tcpdump -vvni eth0 udp port 4789 says incorrect; nstat -az TcpInCsumErrors grows",
                "if no node gets an answer from it, the proxy hangs in part: docker service logs pong_proxy",
            ],
        ),
        ProbeFailure::Reset => (
            "connections are cut: by something on the way, or by a proxy that crashes",
            &["docker service ps pong_proxy", "firewalls between the nodes"],
        ),
        ProbeFailure::LargePackets => (
            "small packets arrive, large ones do not",
            &[
                "what is between the nodes must carry the overlay's MTU and 50 bytes more: \
                 ping -M do -s 1472 NODE",
                "or give the network a smaller one: driver_opts com.docker.network.driver.mtu in stack.yml",
                "if ping passes, checksums may be wrong: on both nodes \
                 ethtool -K eth0 tx-checksum-ip-generic off",
            ],
        ),
        ProbeFailure::WrongService => {
            ("another service answers there, so the address in DNS is stale", &DNS)
        }
        ProbeFailure::InvalidAnswer => (
            "what answers there is not a swarm-pong proxy of this version",
            &["docker service ps pong_proxy: did an update stop halfway?"],
        ),
    }
}
