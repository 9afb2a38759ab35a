//! The paths as the page shows them: between a few nodes, in figures rounded to what is shown.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;

use protocol::path::{PathState, PathStatus};
use protocol::snapshot::{PathCell, PathMatrix};
use protocol::timeline::{TimelineEntry, TimelineEvent};

/// Maximum number of rows, and of columns.
const MAX_NODES: usize = 40;

/// Up to how many nodes the page shows figures in the cells; of more, cells are colors alone, and what is
/// said of one that is pointed at is not worth sending every change of every path.
const MAX_DETAILED: usize = 12;

/// Returns the paths between the nodes that the page shows: of too many, those with the worst paths. The
/// timeline says since when one is broken.
pub(crate) fn matrix(paths: &[PathStatus], timeline: &[TimelineEntry]) -> PathMatrix {
    let broken = timeline.iter().filter(|entry| entry.end.is_none());
    let broken = broken.filter_map(|entry| match &entry.event {
        TimelineEvent::Path { from, to, .. } => Some(((from, to), entry.at)),
        _ => None,
    });
    let broken: HashMap<_, _> = broken.collect();
    let (asking, from) = ends(paths, |path| &path.from);
    let (answering, to) = ends(paths, |path| &path.to);
    let is_detailed = from.len().max(to.len()) <= MAX_DETAILED;
    let is_bad = |path: &PathStatus| path.cause.is_some() || path.state == PathState::Loss;
    let cells = paths.iter().filter_map(|path| {
        let from = label(&from, &path.from)?;
        let to = label(&to, &path.to)?;
        let since = broken.get(&(&path.from, &path.to)).copied();
        Some((
            PathMatrix::key(from, to),
            PathCell { since: since.filter(|_| is_bad(path)), ..cell(path, is_detailed) },
        ))
    });
    let cells = cells.collect();
    PathMatrix { nodes: asking.max(answering), from: labels(from), to: labels(to), cells }
}

/// Returns how many nodes are at one end of the paths, and those that are shown, by name.
fn ends<N: Display + Ord>(
    paths: &[PathStatus],
    end: impl Fn(&PathStatus) -> &N,
) -> (usize, Vec<(&N, String)>) {
    let mut worst = BTreeMap::<&N, PathState>::new();
    for path in paths {
        let state = worst.entry(end(path)).or_insert(path.state);
        *state = path.state.max(*state);
    }
    let count = worst.len();
    let mut ends: Vec<_> =
        worst.into_iter().map(|(node, state)| (Reverse(state), node, node.to_string())).collect();
    ends.sort_by(|one, other| (one.0, by_number(&one.2)).cmp(&(other.0, by_number(&other.2))));
    ends.truncate(MAX_NODES);
    ends.sort_by(|one, other| by_number(&one.2).cmp(&by_number(&other.2)));
    (count, ends.into_iter().map(|(_, node, label)| (node, label)).collect())
}

/// Returns what a name is sorted by: `pi2` comes before `pi10`.
fn by_number(name: &str) -> (&str, u64, &str) {
    let stem = name.trim_end_matches(|end: char| end.is_ascii_digit());
    (stem, name[stem.len()..].parse().unwrap_or_default(), name)
}

/// Returns the label of a node that is shown.
fn label<'a, N: PartialEq>(ends: &'a [(&N, String)], node: &N) -> Option<&'a str> {
    let shown = ends.iter().find(|(shown, _)| *shown == node);
    shown.map(|(_, label)| label.as_str())
}

fn labels<N>(ends: Vec<(&N, String)>) -> Vec<String> {
    ends.into_iter().map(|(_, label)| label).collect()
}

fn cell(path: &PathStatus, is_detailed: bool) -> PathCell {
    let rounded = |time| if is_detailed { rounded(time) } else { (time * 10.0).round() / 10.0 };
    let strokes = path.strokes.filter(|_| is_detailed);
    PathCell {
        state: path.state,
        cause: path.cause,
        since: None,
        median: path.probes.and_then(|probes| probes.median).map(rounded),
        p99: path.probes.filter(|_| is_detailed).and_then(|probes| probes.p99).map(rounded),
        loss: path
            .probes
            .filter(|_| is_detailed || path.state == PathState::Loss)
            .and_then(|probes| probes.loss)
            .map(to_tenths),
        jitter: path.probes.filter(|_| is_detailed).and_then(|probes| probes.jitter).map(to_tenths),
        stroke: strokes.and_then(|strokes| strokes.median).map(rounded),
        faults: path
            .strokes
            .filter(|_| path.state == PathState::Faults)
            .map(|strokes| strokes.faults),
    }
}

/// Rounds a time in milliseconds to what is shown of it.
fn rounded(time: f64) -> f64 {
    if time < 10.0 { (time * 100.0).round() / 100.0 } else { time.round() }
}

/// Rounds what varies more than it matters.
fn to_tenths(figure: f64) -> f64 {
    (figure * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use protocol::path::{ProbeStats, StrokeStats};

    use super::*;

    fn path(from: usize, to: usize, state: PathState) -> PathStatus {
        let from = format!("pi{from}").parse().expect("a node");
        let to = format!("pi{to}").parse().expect("a node");
        PathStatus { from, to, state, cause: None, probes: None, strokes: None }
    }

    #[test]
    fn of_too_many_nodes_those_with_the_worst_paths_are_shown() {
        let state = |from, to| match (from, to) {
            (11, 13) => PathState::Broken,
            (25.., 25..) => PathState::Slow,
            _ => PathState::Ok,
        };
        let ends = (1..=64).flat_map(|from| (1..=64).map(move |to| (from, to)));
        let paths: Vec<_> = ends.map(|(from, to)| path(from, to, state(from, to))).collect();
        let shown = matrix(&paths, &[]);
        assert_eq!((shown.nodes, shown.cells.len()), (64, 40 * 40));
        let slow = (25..=63).map(|n| format!("pi{n}"));
        let names =
            |first: &str| [first.to_owned()].into_iter().chain(slow.clone()).collect::<Vec<_>>();
        assert_eq!((shown.from, shown.to), (names("pi11"), names("pi13")));
        assert_eq!(shown.cells["pi11 pi13"].state, PathState::Broken);
    }

    #[test]
    fn nodes_are_in_the_order_of_their_numbers() {
        let paths: Vec<_> = (1..=20).map(|n| path(n, 21 - n, PathState::Ok)).collect();
        let shown = matrix(&paths, &[]);
        let expected: Vec<_> = (1..=20).map(|n| format!("pi{n}")).collect();
        assert_eq!((shown.nodes, &shown.from, &shown.to), (20, &expected, &expected));
        assert_eq!(shown.cells.len(), 20);
    }

    #[test]
    fn figures_that_are_not_shown_make_no_difference() {
        let measured = |n: u32| PathStatus {
            probes: Some(ProbeStats {
                median: Some(0.3101 + f64::from(n) / 1e4),
                p99: Some(12.4 - f64::from(n) / 10.0),
                sent: n,
                lost: n,
                loss: Some(2.01 + f64::from(n) / 1e2),
                jitter: Some(0.101 + f64::from(n) / 1e3),
            }),
            strokes: Some(StrokeStats {
                samples: 30 + n as usize,
                median: Some(0.999),
                p99: Some(f64::from(n)),
                faults: n.into(),
            }),
            ..path(1, 2, PathState::Ok)
        };
        let expected = PathCell {
            state: PathState::Ok,
            cause: None,
            since: None,
            median: Some(0.31),
            p99: Some(12.0),
            loss: Some(2.0),
            jitter: Some(0.1),
            stroke: Some(1.0),
            faults: None,
        };
        assert_eq!([1, 2, 3].map(|n| cell(&measured(n), true)), [(); 3].map(|()| expected.clone()));
        let faults = PathStatus { state: PathState::Faults, ..measured(3) };
        assert_eq!(
            cell(&faults, true),
            PathCell { state: PathState::Faults, faults: Some(3), ..expected }
        );
    }
}
