//! The paths as a table.

use std::fmt::Write as _;

use court::knock::Cause;
use court::path::{Path, Paths, Trouble};

/// What each column is called, and whether it is set flush right.
const HEADS: [(&str, bool); 10] = [
    ("FROM", false),
    ("TO", false),
    ("STATE", false),
    ("ROUND TRIP", true),
    ("P99", true),
    ("LOST", true),
    ("OF", true),
    ("STROKE", true),
    ("P99", true),
    ("FAULTS", true),
];

/// Writes all of it, the worst first. Names are lawful by their type, and everything else is written
/// here, so nothing that came over the network can steer the terminal.
pub(super) fn table(told: &Paths, colour: bool) -> String {
    let Paths { nodes, pairs, measured, broken, board, .. } = told;
    let count =
        |count: &usize, what: &str| format!("{count} {what}{}", if *count == 1 { "" } else { "s" });
    let broken = if *broken == 0 { "none".to_owned() } else { broken.to_string() };
    let mut text = format!(
        "{}, {measured} of {} measured, {broken} broken; as {board} knows\n",
        count(nodes, "node"),
        count(pairs, "pair"),
    );
    let worst_first = [Trouble::Broken, Trouble::Faults, Trouble::Slow, Trouble::Unheard];
    let worst_first = worst_first.into_iter().map(Some).chain([None]);
    let paths: Vec<&Path> = worst_first
        .flat_map(|trouble| told.paths.iter().filter(move |path| path.trouble == trouble))
        .collect();
    let rows: Vec<[String; 10]> = paths.iter().map(|path| cells(path)).collect();
    let width = |n: usize| {
        let cells = rows.iter().map(|row| row[n].chars().count());
        cells.chain([HEADS[n].0.len()]).max().unwrap_or_default()
    };
    let widths: [usize; 10] = std::array::from_fn(width);
    let line = |row: [&str; 10]| {
        let mut line = String::new();
        for ((cell, width), (_, right)) in row.into_iter().zip(widths).zip(HEADS) {
            // Writing to a string does not fail.
            let _ = if right {
                write!(line, "{cell:>width$}  ")
            } else {
                write!(line, "{cell:<width$}  ")
            };
        }
        line.trim_end().to_owned()
    };
    if !rows.is_empty() {
        let _ = write!(text, "\n{}\n", line(HEADS.map(|(head, _)| head)));
    }
    for (path, row) in paths.iter().zip(&rows) {
        let line = line(std::array::from_fn(|n| row[n].as_str()));
        let _ = match path.trouble.map(shade).filter(|_| colour) {
            Some(shade) => writeln!(text, "\x1b[{shade}m{line}\x1b[0m"),
            None => writeln!(text, "{line}"),
        };
    }
    let mut causes: Vec<Cause> = paths.iter().filter_map(|path| path.cause).collect();
    causes.dedup();
    for (n, cause) in causes.iter().enumerate().filter(|(n, cause)| !causes[..*n].contains(cause)) {
        let gap = if n == 0 { "\n" } else { "" };
        let _ = writeln!(text, "{gap}{}: {}", cause.name(), advice(*cause));
    }
    text
}

fn cells(path: &Path) -> [String; 10] {
    let none = || "-".to_owned();
    let time = |time: Option<f64>| time.map_or_else(none, |time| format!("{time:.2}"));
    let state = match (path.trouble, path.cause) {
        (_, Some(cause)) => format!("BROKEN {}", cause.name()),
        (Some(Trouble::Broken), None) => "BROKEN".to_owned(),
        (Some(Trouble::Faults), _) => "faults".to_owned(),
        (Some(Trouble::Slow), _) => "slow".to_owned(),
        (Some(Trouble::Unheard), _) => "unheard".to_owned(),
        (None, _) => "well".to_owned(),
    };
    let knocks = path.knocks.map_or_else(
        || std::array::from_fn(|_| none()),
        |knocks| {
            let [lost, of] = [knocks.failures, knocks.count].map(|count| count.to_string());
            [time(knocks.median), time(knocks.p99), lost, of]
        },
    );
    let strokes = path.strokes.map_or_else(
        || std::array::from_fn(|_| none()),
        |strokes| [time(strokes.median), time(strokes.p99), strokes.faults.to_string()],
    );
    let [median, p99, lost, of] = knocks;
    let [stroke, stroke_p99, faults] = strokes;
    let [from, to] = [&path.from, &path.to].map(ToString::to_string);
    [from, to, state, median, p99, lost, of, stroke, stroke_p99, faults]
}

/// The colour of a line, as a terminal names it: red, yellow, or faint for what nobody knows.
const fn shade(trouble: Trouble) -> u8 {
    match trouble {
        Trouble::Broken => 91,
        Trouble::Faults | Trouble::Slow => 93,
        Trouble::Unheard => 2,
    }
}

/// Says what a cause means and what to look at.
const fn advice(cause: Cause) -> &'static str {
    match cause {
        Cause::NoDns => {
            "discovery does not list the node's proxy any more: is it running? \
             docker service ps pong_proxy"
        }
        Cause::Refused => {
            "the proxy's container answers, but no proxy in it: docker service logs pong_proxy"
        }
        Cause::Unreachable => {
            "no route leads there: the node may be off, or its address stale in DNS"
        }
        Cause::Timeout => {
            "nothing comes back: is UDP port 4789 open between these nodes, in both directions, \
             and the proxy not frozen?"
        }
        Cause::Reset => "connections are cut: something on the way, or a proxy that crashes",
        Cause::LargePackets => {
            "small packets arrive, large ones do not: what is between the nodes must carry the \
             overlay's MTU and 50 bytes more"
        }
        Cause::Answer => "what answers there is no swarm-pong proxy of this version",
    }
}

#[cfg(test)]
mod tests {
    use court::path::{FORMAT, Knocks, Strokes};

    use super::*;

    fn path(from: &str, to: &str, trouble: Option<Trouble>, cause: Option<Cause>) -> Path {
        let knocks = Knocks { median: Some(0.314), p99: Some(1.0), count: 32, failures: 7 };
        let strokes = Strokes { samples: 128, median: Some(0.5), p99: Some(12.345), faults: 1 };
        let [from, to] = [from, to].map(|name| name.parse().expect("a name"));
        let strokes = cause.is_none().then_some(strokes);
        Path { from, to, trouble, cause, knocks: Some(knocks), strokes }
    }

    fn paths(paths: Vec<Path>) -> Paths {
        let broken = paths.iter().filter(|path| path.trouble == Some(Trouble::Broken)).count();
        let board = "scoreboard.1@pi2".parse().expect("a task");
        Paths { format: FORMAT, board, nodes: 3, pairs: 6, measured: 4, broken, paths }
    }

    #[test]
    fn the_worst_comes_first_and_the_cause_is_explained_once() {
        let broken = Some(Trouble::Broken);
        let told = paths(vec![
            path("pi1", "pi2", None, None),
            path("pi1", "pi3", broken, Some(Cause::Timeout)),
            path("pi2", "pi1", Some(Trouble::Slow), None),
            path("pi3", "pi1", broken, Some(Cause::Timeout)),
        ]);
        insta::assert_snapshot!(table(&told, false), @r"
        3 nodes, 4 of 6 pairs measured, 2 broken; as scoreboard.1@pi2 knows

        FROM  TO   STATE           ROUND TRIP   P99  LOST  OF  STROKE    P99  FAULTS
        pi1   pi3  BROKEN timeout        0.31  1.00     7  32       -      -       -
        pi3   pi1  BROKEN timeout        0.31  1.00     7  32       -      -       -
        pi2   pi1  slow                  0.31  1.00     7  32    0.50  12.35       1
        pi1   pi2  well                  0.31  1.00     7  32    0.50  12.35       1

        timeout: nothing comes back: is UDP port 4789 open between these nodes, in both directions, and the proxy not frozen?
        ");
    }

    #[test]
    fn a_cluster_of_one_node_has_no_paths() {
        let told = Paths { nodes: 1, pairs: 0, measured: 0, ..paths(Vec::new()) };
        let text = table(&told, true);
        assert_eq!(text, "1 node, 0 of 0 pairs measured, none broken; as scoreboard.1@pi2 knows\n");
    }

    #[test]
    fn colours_are_for_those_who_want_them() {
        let told = paths(vec![path("pi1", "pi2", Some(Trouble::Broken), Some(Cause::Refused))]);
        assert!(table(&told, true).contains("\x1b[91mpi1   pi2"));
        assert!(!table(&told, false).contains('\x1b'));
    }
}
