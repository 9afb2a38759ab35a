//! Which path between two nodes is slow or broken.
//!
//! The probes of one node's proxy cross a path to another's, and so do the strokes that a manager on
//! the one asks of a player on the other. The times of strokes are a sample, those of sampled
//! rallies; their faults are all there were.

use std::collections::BTreeMap;

use protocol::node::{Node, NodeRef};
use protocol::path::{PathState, PathStatus, StrokeStats, milliseconds};
use server::expiring::ExpiringMap;
use server::samples::RecentSamples;
use tokio::time::Instant;

use crate::probes::ProbeStore;
use crate::window::{MEMORY, SlidingCounter};

/// Maximum number of paths that strokes cross: those between 32 nodes, with less than 1.2 MB.
const MAX_PATHS: usize = 1024;

/// How many strokes or probes it takes to call a path slow.
const MIN_SAMPLES: usize = 16;

/// The strokes along each path, from the manager's node to the player's.
#[derive(Debug)]
pub(crate) struct PathStats(ExpiringMap<(Node, Node), PlayedStrokes>);

#[derive(Debug)]
struct PlayedStrokes {
    times: RecentSamples,
    faults: SlidingCounter,
}

impl Default for PathStats {
    fn default() -> Self {
        Self(ExpiringMap::new(MAX_PATHS, MEMORY))
    }
}

impl PathStats {
    fn path(&mut self, manager: &Node, player: &Node) -> &mut PlayedStrokes {
        self.0.entry(&(manager.clone(), player.clone()), || PlayedStrokes {
            times: RecentSamples::default(),
            faults: SlidingCounter::since(Instant::now()),
        })
    }

    /// Records the time of a stroke.
    pub(crate) fn stroke(&mut self, manager: &Node, player: &Node, micros: u64) {
        self.path(manager, player).times.add(micros);
    }

    /// Counts faults.
    pub(crate) fn faults(&mut self, manager: &Node, player: &Node, faults: u64) {
        self.path(manager, player).faults.add(faults);
    }

    /// Removes the strokes along paths between other nodes than those that are known.
    pub(crate) fn retain(&mut self, is_known: impl Fn(&Node) -> bool) {
        self.0.retain(|(manager, player)| is_known(manager) && is_known(player));
    }

    /// Returns the health of all paths known in the last minute, by name.
    pub(crate) fn statuses(&mut self, probes: &mut ProbeStore) -> Vec<PathStatus> {
        self.0.expire();
        let mut paths = BTreeMap::<(Node, NodeRef), PathStatus>::new();
        for ((from, to), played) in self.0.iter_mut() {
            let path = status(&mut paths, from.clone(), NodeRef::Node(to.clone()));
            path.strokes = Some(played.stats());
        }
        for report in probes.paths() {
            let path = status(&mut paths, report.from, report.to);
            path.probes = Some(report.stats);
            path.cause = report.cause;
            if report.is_stale {
                path.state = PathState::Stale;
            } else if report.is_lossy {
                path.state = PathState::Loss;
            }
        }
        let mut paths: Vec<PathStatus> = paths.into_values().collect();
        let baseline = Baseline::of(&paths);
        for path in &mut paths {
            path.state = path.state.max(baseline.state(path));
        }
        paths
    }
}

/// Returns the status of a path, a new one if there is none.
fn status(
    paths: &mut BTreeMap<(Node, NodeRef), PathStatus>,
    from: Node,
    to: NodeRef,
) -> &mut PathStatus {
    paths.entry((from.clone(), to.clone())).or_insert(PathStatus {
        from,
        to,
        state: PathState::Ok,
        cause: None,
        probes: None,
        strokes: None,
    })
}

impl PlayedStrokes {
    fn stats(&mut self) -> StrokeStats {
        let [median, p99] = self.times.median_and_p99().map(|time| time.map(milliseconds));
        StrokeStats { samples: self.times.count(), median, p99, faults: self.faults.sum(60) }
    }
}

/// The times of the median path, in milliseconds.
struct Baseline {
    stroke: f64,
    stroke_p99: f64,
    probe: f64,
}

impl Baseline {
    fn of(paths: &[PathStatus]) -> Self {
        let median = |of: fn(&PathStatus) -> Option<f64>| {
            let mut all: Vec<f64> = paths.iter().filter_map(of).collect();
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied().unwrap_or(f64::INFINITY)
        };
        Self {
            stroke: median(|path| path.strokes?.median),
            stroke_p99: median(|path| path.strokes?.p99),
            probe: median(|path| path.probes?.median),
        }
    }

    /// Returns the worst that the measurements of a path say. A path is slow if it takes three times
    /// the baseline and the difference is noticeable; the rarest strokes vary more, so more is
    /// allowed for them. The rarest probes do not count here: one lost packet makes one of them take
    /// a second.
    fn state(&self, path: &PathStatus) -> PathState {
        let exceeds = |time: Option<f64>, baseline: f64, times: f64, least: f64| {
            time.is_some_and(|time| time > baseline * times && time > baseline + least)
        };
        let slow_strokes =
            path.strokes.filter(|strokes| strokes.samples >= MIN_SAMPLES).is_some_and(|strokes| {
                exceeds(strokes.median, self.stroke, 3.0, 1.0)
                    || exceeds(strokes.p99, self.stroke_p99, 5.0, 20.0)
            });
        let slow_probes = path.state != PathState::Stale
            && path.probes.is_some_and(|probes| {
                probes.sent as usize >= MIN_SAMPLES && exceeds(probes.median, self.probe, 3.0, 1.0)
            });
        if path.cause.is_some() {
            PathState::Broken
        } else if path.strokes.is_some_and(|strokes| strokes.faults > 0) {
            PathState::Faults
        } else if slow_probes || slow_strokes {
            PathState::Slow
        } else {
            PathState::Ok
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use protocol::probe::ProbeFailure;
    use tokio::time::advance;

    use super::*;
    use crate::probes::tests::{report, reports};

    fn node(n: usize) -> Node {
        format!("pi{n}").parse().expect("a node")
    }

    /// Returns the paths of strokes alone.
    fn statuses(paths: &mut PathStats) -> Vec<PathStatus> {
        paths.statuses(&mut ProbeStore::default())
    }

    fn strokes(path: &PathStatus) -> (Option<f64>, Option<f64>, usize) {
        let strokes = path.strokes.expect("strokes");
        (strokes.median, strokes.p99, strokes.samples)
    }

    #[test]
    fn a_path_s_median_and_p99_are_those_of_its_latest_strokes() {
        let mut paths = PathStats::default();
        paths.stroke(&node(1), &node(2), 700);
        assert_eq!(strokes(&statuses(&mut paths)[0]), (Some(0.7), Some(0.7), 1));
        for micros in (1..=1000).rev() {
            paths.stroke(&node(1), &node(2), micros);
        }
        assert_eq!(strokes(&statuses(&mut paths)[0]), (Some(0.064), Some(0.127), 128));
    }

    #[tokio::test(start_paused = true)]
    async fn faults_and_slowness_stand_out_and_faults_are_over_after_a_minute() {
        let mut paths = PathStats::default();
        for (manager, player) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
            for n in 0..20 {
                let micros = if (manager, player) == (2, 1) { 9_000 } else { 400 + n };
                paths.stroke(&node(manager), &node(player), micros);
            }
        }
        paths.faults(&node(2), &node(2), 3);
        advance(Duration::from_secs(1)).await;
        let states: Vec<_> = statuses(&mut paths).into_iter().map(|path| path.state).collect();
        let expected = [PathState::Ok, PathState::Ok, PathState::Slow, PathState::Faults];
        assert_eq!(states, expected);
        advance(Duration::from_secs(59)).await;
        assert!(statuses(&mut paths).is_empty(), "not used for a minute");
    }

    #[tokio::test(start_paused = true)]
    async fn probes_and_strokes_of_a_path_are_merged_and_the_worst_state_wins() {
        let mut paths = PathStats::default();
        let mut probes = ProbeStore::default();
        paths.stroke(&node(1), &node(1), 300);
        paths.faults(&node(1), &node(2), 3);
        paths.stroke(&node(1), &node(3), 300);
        let broken = Some(ProbeFailure::LargePackets);
        let own = report("pi1", &[("pi2", broken), ("pi3", None)]);
        probes.store(reports([(0, own), (0, report("pi2", &[("pi1", None)]))]));
        advance(Duration::from_secs(1)).await;
        let merged = paths.statuses(&mut probes);
        let ends = |path: &PathStatus| format!("{}>{}", path.from, path.to);
        let all: Vec<_> = merged.iter().map(|path| (ends(path), path.state, path.cause)).collect();
        let expected = [
            ("pi1>pi1", PathState::Ok, None),
            ("pi1>pi2", PathState::Broken, broken),
            ("pi1>pi3", PathState::Ok, None),
            ("pi2>pi1", PathState::Ok, None),
        ];
        assert_eq!(all, expected.map(|(ends, state, cause)| (ends.to_owned(), state, cause)));
        assert!(merged[2].probes.is_some() && merged[2].strokes.is_some(), "{:?}", merged[2]);
        assert!(merged[0].probes.is_none() && merged[3].strokes.is_none());

        advance(Duration::from_secs(10)).await;
        let states: Vec<_> =
            paths.statuses(&mut probes).into_iter().map(|path| path.state).collect();
        let stale = PathState::Stale;
        assert_eq!(states, [PathState::Ok, PathState::Faults, stale, stale]);
    }

    #[test]
    fn the_number_of_paths_is_bounded() {
        let mut paths = PathStats::default();
        for n in 0..MAX_PATHS + 10 {
            paths.faults(&node(n), &node(n), 1);
        }
        assert_eq!(statuses(&mut paths).len(), MAX_PATHS);
    }
}
