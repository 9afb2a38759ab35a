//! The health of the paths as a table.

use std::cmp::Reverse;
use std::fmt::Write as _;

use protocol::node_trouble::{NodeTrouble, TroubledNode};
use protocol::path::{PathList, PathState, PathStatus};
use protocol::probe::ProbeFailure;

use super::columns::{Head, align, paint};
use super::ports;
use super::remedies::{LOSS, remedies};

const COLUMNS: usize = 11;

const HEADS: [Head; COLUMNS] = [
    ("FROM", false),
    ("TO", false),
    ("STATE", false),
    ("RTT", true),
    ("P99", true),
    ("LOST/SENT", true),
    ("LOSS", true),
    ("JITTER", true),
    ("STROKE", true),
    ("P99", true),
    ("FAULTS", true),
];

/// Renders the paths, worst first. Names are harmless by their type, and everything else is written
/// here, so nothing that came over the network can control the terminal.
pub(super) fn render(list: &PathList, color: bool) -> String {
    let broken = if list.broken == 0 { "none".to_owned() } else { list.broken.to_string() };
    let lossy = match list.lossy {
        0 => String::new(),
        lossy => format!(", {lossy} lossy"),
    };
    let in_trouble = match list.troubles.len() {
        0 => String::new(),
        nodes => format!(", {} in trouble", count(nodes, "node")),
    };
    let mut text = format!(
        "{}, {} of {} measured, {broken} broken{lossy}{in_trouble}; reported by {}\n",
        count(list.nodes, "node"),
        list.measured,
        count(list.pairs, "pair"),
        list.scoreboard,
    );
    text.push_str(&ports::count(list));
    text.push_str(&render_troubles(&list.troubles, color));
    let mut paths: Vec<&PathStatus> = list.paths.iter().collect();
    paths.sort_by_key(|path| Reverse(path.state));
    let rows: Vec<[String; COLUMNS]> = paths.iter().map(|path| cells(path)).collect();
    let lines = align(HEADS, &rows);
    let states = paths.iter().map(|path| path.state);
    // Writing to a string does not fail.
    if let [head, lines @ ..] = lines.as_slice()
        && !lines.is_empty()
    {
        let _ = writeln!(text, "\n{head}");
        for (line, state) in lines.iter().zip(states) {
            text.push_str(&paint(line, color_of(state).filter(|_| color)));
        }
    }
    text.push_str(&ports::table(list, color));
    let causes: Vec<ProbeFailure> = paths.iter().filter_map(|path| path.cause).collect();
    for (n, cause) in causes.iter().enumerate().filter(|(n, cause)| !causes[..*n].contains(cause)) {
        let gap = if n == 0 { "\n" } else { "" };
        let (meaning, checks) = remedies(*cause);
        let _ = writeln!(text, "{gap}{}: {meaning}", cause.name());
        for check in checks {
            let _ = writeln!(text, "  - {check}");
        }
    }
    if list.lossy > 0 {
        let gap = if causes.is_empty() { "\n" } else { "" };
        let _ = writeln!(text, "{gap}{LOSS}");
    }
    text.push_str(&ports::remedies(list));
    text
}

/// Renders the nodes in trouble, each with what to look at.
fn render_troubles(troubles: &[TroubledNode], color: bool) -> String {
    let [begin, end] = if color { ["\x1b[91m", "\x1b[0m"] } else { [""; 2] };
    let line = |TroubledNode { node, trouble, addresses, seconds }: &TroubledNode| match trouble {
        NodeTrouble::NoProber => format!(
            "{begin}{node}: no prober{end}: tasks run there and no proxy is heard: docker service ps \
             pong_proxy, and is its port taken?\n"
        ),
        NodeTrouble::SharedName => {
            let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            format!(
                "{begin}{node}: shared name{end}: the proxies at {} have it and no id, and their paths \
                 are not told apart: give each its --node-id\n",
                addresses.join(", ")
            )
        }
        NodeTrouble::ClockOff => format!(
            "{begin}{node}: clock off{end}: it differs by {} s from most other nodes: timedatectl there; is \
             NTP reached?\n",
            seconds.unwrap_or_default()
        ),
    };
    let lines: String = troubles.iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

fn count(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn cells(path: &PathStatus) -> [String; COLUMNS] {
    let none = || "-".to_owned();
    let time = |time: Option<f64>| time.map_or_else(none, |time| format!("{time:.2}"));
    let state = match (path.state, path.cause) {
        (PathState::Broken, Some(cause)) => format!("BROKEN {}", cause.name()),
        (PathState::Broken, None) => "BROKEN".to_owned(),
        (PathState::Loss, _) => "LOSS".to_owned(),
        (state, _) => state.name().to_owned(),
    };
    [
        path.from.to_string(),
        path.to.to_string(),
        state,
        time(path.probes.and_then(|probes| probes.median)),
        time(path.probes.and_then(|probes| probes.p99)),
        path.probes.map_or_else(none, |probes| format!("{}/{}", probes.lost, probes.sent)),
        path.probes.and_then(|probes| probes.loss).map_or_else(none, |loss| format!("{loss:.1}%")),
        time(path.probes.and_then(|probes| probes.jitter)),
        time(path.strokes.and_then(|strokes| strokes.median)),
        time(path.strokes.and_then(|strokes| strokes.p99)),
        path.strokes.map_or_else(none, |strokes| strokes.faults.to_string()),
    ]
}

/// Returns the color of a line as a terminal names it: bright red, bright yellow, or faint for what
/// is unknown.
const fn color_of(state: PathState) -> Option<u8> {
    match state {
        PathState::Broken | PathState::Loss => Some(91),
        PathState::Faults | PathState::Slow => Some(93),
        PathState::Stale => Some(2),
        PathState::Ok => None,
    }
}

#[cfg(test)]
mod tests {
    use protocol::path::{FORMAT, ProbeStats, StrokeStats};

    use super::*;

    fn path(from: &str, to: &str, state: PathState, cause: Option<ProbeFailure>) -> PathStatus {
        let (loss, jitter) = (Some(2.04), Some(0.05));
        let probes =
            ProbeStats { median: Some(0.314), p99: Some(1.0), sent: 32, lost: 7, loss, jitter };
        let strokes = StrokeStats { samples: 128, median: Some(0.5), p99: Some(12.345), faults: 1 };
        PathStatus {
            from: from.parse().expect("a name"),
            to: to.parse().expect("a name"),
            state,
            cause,
            probes: Some(probes),
            strokes: cause.is_none().then_some(strokes),
        }
    }

    fn list(paths: Vec<PathStatus>) -> PathList {
        let count = |state| paths.iter().filter(|path| path.state == state).count();
        let (broken, lossy) = (count(PathState::Broken), count(PathState::Loss));
        let scoreboard = "scoreboard.1@pi2".parse().expect("a task");
        let troubles = Vec::new();
        let format = FORMAT;
        let (nodes, pairs, measured) = (3, 6, 4);
        PathList {
            format,
            scoreboard,
            nodes,
            pairs,
            measured,
            broken,
            lossy,
            troubles,
            ports: None,
            paths,
        }
    }

    #[test]
    fn worst_paths_come_first_and_each_cause_is_explained_once() {
        let timeout = Some(ProbeFailure::Timeout);
        let list = list(vec![
            path("pi1", "pi2", PathState::Ok, None),
            path("pi1", "10.0.9.7:3001", PathState::Broken, timeout),
            path("pi2", "pi1", PathState::Slow, None),
            path("pi3", "pi1", PathState::Broken, timeout),
            path("pi3", "pi2", PathState::Loss, None),
        ]);
        insta::assert_snapshot!(render(&list, false), @r"
        3 nodes, 4 of 6 pairs measured, 2 broken, 1 lossy; reported by scoreboard.1@pi2
        published ports: not configured, see proxy --published

        FROM  TO             STATE            RTT   P99  LOST/SENT  LOSS  JITTER  STROKE    P99  FAULTS
        pi1   10.0.9.7:3001  BROKEN timeout  0.31  1.00       7/32  2.0%    0.05       -      -       -
        pi3   pi1            BROKEN timeout  0.31  1.00       7/32  2.0%    0.05       -      -       -
        pi3   pi2            LOSS            0.31  1.00       7/32  2.0%    0.05    0.50  12.35       1
        pi2   pi1            slow            0.31  1.00       7/32  2.0%    0.05    0.50  12.35       1
        pi1   pi2            ok              0.31  1.00       7/32  2.0%    0.05    0.50  12.35       1

        timeout: nothing comes back
          - docker node ls: is the node on?
          - open UDP port 4789 between these nodes, in both directions; for an encrypted network also IP protocol 50 (ESP)
          - tcpdump -ni any udp port 4789 on both: VXLAN must come from the address in docker node inspect; if not: docker swarm join --data-path-addr
        LOSS: of the packets from the FROM node to the TO node more are lost than in a healthy network
          - the other direction ok: the TO node's receiver or the FROM node's sender; both: cable, switch or Wi-Fi
          - Wi-Fi: iw dev wlan0 link on both, and a cable instead
          - ip -s link show eth0 on both: which counter of errors or dropped grows?
          - ethtool eth0 on both: does one say Duplex: Half?
        ");
    }

    #[test]
    fn a_cluster_of_one_node_has_no_paths() {
        let list = PathList { nodes: 1, pairs: 0, measured: 0, ..list(Vec::new()) };
        let text = "1 node, 0 of 0 pairs measured, none broken; reported by scoreboard.1@pi2\n\
                    published ports: not configured, see proxy --published\n";
        assert_eq!(render(&list, true), text);
    }

    #[test]
    fn nodes_in_trouble_come_before_the_paths() {
        let trouble = |node: &str, trouble, ports: &[u16]| TroubledNode {
            node: node.parse().expect("a node"),
            trouble,
            addresses: ports.iter().map(|port| ([10, 0, 9, 4], *port).into()).collect(),
            seconds: (trouble == NodeTrouble::ClockOff).then_some(-7),
        };
        let troubles = vec![
            trouble("pi", NodeTrouble::SharedName, &[3001, 3002]),
            trouble("pi3/2k", NodeTrouble::NoProber, &[]),
            trouble("pi4", NodeTrouble::ClockOff, &[]),
        ];
        let list = PathList { troubles, ..list(vec![path("pi", "pi2", PathState::Ok, None)]) };
        insta::assert_snapshot!(render(&list, false), @r"
        3 nodes, 4 of 6 pairs measured, none broken, 3 nodes in trouble; reported by scoreboard.1@pi2
        published ports: not configured, see proxy --published

        pi: shared name: the proxies at 10.0.9.4:3001, 10.0.9.4:3002 have it and no id, and their paths are not told apart: give each its --node-id
        pi3/2k: no prober: tasks run there and no proxy is heard: docker service ps pong_proxy, and is its port taken?
        pi4: clock off: it differs by -7 s from most other nodes: timedatectl there; is NTP reached?

        FROM  TO   STATE   RTT   P99  LOST/SENT  LOSS  JITTER  STROKE    P99  FAULTS
        pi    pi2  ok     0.31  1.00       7/32  2.0%    0.05    0.50  12.35       1
        ");
    }

    #[test]
    fn colors_are_used_only_when_wanted() {
        let list = list(vec![path("pi1", "pi2", PathState::Broken, Some(ProbeFailure::Refused))]);
        assert!(render(&list, true).contains("\x1b[91mpi1   pi2"));
        assert!(!render(&list, false).contains('\x1b'));
    }
}
