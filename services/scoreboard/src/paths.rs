//! Which path between two nodes is slow or broken.
//!
//! Along a path go the knocks of one node's proxy to another's, and the strokes that a manager on the
//! one asks of a player on the other. The times of strokes are those in featured rallies, a sample of
//! a few rallies a second and manager; their faults are all there were.

use std::collections::{BTreeMap, HashMap};

use court::latest::Latest;
use court::path::{Path, Strokes, Trouble};
use court::task::Name;
use tokio::time::Instant;

use crate::FORGOTTEN_AFTER;
use crate::knocks::Knocks;
use crate::window::Window;

/// The most paths kept: those between 32 nodes, with less than 1.2 MB.
const MOST: usize = 1024;

/// How many strokes or knocks it takes to call a path slow.
const ENOUGH: usize = 16;

/// Measures the strokes along each path.
#[derive(Debug, Default)]
pub(crate) struct Paths(HashMap<(Name, Name), Played>);

#[derive(Debug)]
struct Played {
    times: Latest,
    faults: Window,
    heard: Instant,
}

impl Paths {
    /// Finds a path, or begins one at the cost of the one not heard of for longest.
    fn path(&mut self, manager: &Name, player: &Name) -> &mut Played {
        let key = (manager.clone(), player.clone());
        if self.0.len() >= MOST
            && !self.0.contains_key(&key)
            && let Some(oldest) = self.0.iter().min_by_key(|(_, path)| path.heard)
        {
            let oldest = oldest.0.clone();
            self.0.remove(&oldest);
        }
        let new = || Played {
            times: Latest::default(),
            faults: Window::since(Instant::now()),
            heard: Instant::now(),
        };
        let path = self.0.entry(key).or_insert_with(new);
        path.heard = Instant::now();
        path
    }

    /// Takes the time of a stroke in.
    pub(crate) fn stroke(&mut self, manager: &Name, player: &Name, micros: u64) {
        self.path(manager, player).times.add(micros);
    }

    /// Counts faults.
    pub(crate) fn faults(&mut self, manager: &Name, player: &Name, faults: u64) {
        self.path(manager, player).faults.add(faults);
    }

    /// Tells all paths heard of in the last minute by name, and what is wrong with them.
    pub(crate) fn tell(&mut self, knocks: &mut Knocks) -> Vec<Path> {
        self.0.retain(|_, played| played.heard.elapsed() < FORGOTTEN_AFTER);
        let mut paths = BTreeMap::<(Name, Name), Path>::new();
        let new = |(from, to): &(Name, Name)| Path {
            from: from.clone(),
            to: to.clone(),
            trouble: None,
            cause: None,
            knocks: None,
            strokes: None,
        };
        for (ends, played) in &mut self.0 {
            let path = paths.entry(ends.clone()).or_insert_with(|| new(ends));
            path.strokes = Some(played.tell());
        }
        for told in knocks.tell() {
            let ends = (told.from, told.to);
            let path = paths.entry(ends.clone()).or_insert_with(|| new(&ends));
            (path.knocks, path.cause) = (Some(told.knocks), told.cause);
            path.trouble = told.stale.then_some(Trouble::Unheard);
        }
        let mut told: Vec<Path> = paths.into_values().collect();
        let usual = Usual::of(&told);
        for path in &mut told {
            path.trouble = usual.judge(path).or(path.trouble);
        }
        told
    }
}

impl Played {
    fn tell(&mut self) -> Strokes {
        let [median, p99] = self.times.median_and_p99().map(|time| time.map(milliseconds));
        Strokes { samples: self.times.count(), median, p99, faults: self.faults.sum(60) }
    }
}

/// Turns microseconds into milliseconds.
pub(crate) fn milliseconds(micros: u32) -> f64 {
    f64::from(micros) / 1000.0
}

/// Holds what the middle path takes, in milliseconds.
struct Usual {
    stroke: f64,
    stroke_p99: f64,
    knock: f64,
}

impl Usual {
    fn of(paths: &[Path]) -> Self {
        let middle = |of: fn(&Path) -> Option<f64>| {
            let mut all: Vec<f64> = paths.iter().filter_map(of).collect();
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied().unwrap_or(f64::INFINITY)
        };
        Self {
            stroke: middle(|path| path.strokes?.median),
            stroke_p99: middle(|path| path.strokes?.p99),
            knock: middle(|path| path.knocks?.median),
        }
    }

    /// Names the worst that is wrong with a path. Slow is what takes three times the usual so that
    /// people could tell; the rarest strokes vary more, so more is allowed for them. The rarest
    /// knocks say nothing here: one packet lost makes one of them take a second.
    fn judge(&self, path: &Path) -> Option<Trouble> {
        let far = |time: Option<f64>, usual: f64, times: f64, least: f64| {
            time.is_some_and(|time| time > usual * times && time > usual + least)
        };
        let slow_strokes =
            path.strokes.filter(|strokes| strokes.samples >= ENOUGH).is_some_and(|s| {
                far(s.median, self.stroke, 3.0, 1.0) || far(s.p99, self.stroke_p99, 5.0, 20.0)
            });
        let slow_knocks = path.trouble.is_none()
            && path.knocks.is_some_and(|knocks| {
                knocks.count as usize >= ENOUGH && far(knocks.median, self.knock, 3.0, 1.0)
            });
        if path.cause.is_some() {
            Some(Trouble::Broken)
        } else if path.strokes.is_some_and(|strokes| strokes.faults > 0) {
            Some(Trouble::Faults)
        } else {
            (slow_knocks || slow_strokes).then_some(Trouble::Slow)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use court::knock::Cause;
    use tokio::time::advance;

    use super::*;
    use crate::knocks::tests::{report, row};

    fn node(n: usize) -> Name {
        Name::from_any(&format!("pi{n}"))
    }

    /// Tells of strokes alone.
    fn tell(paths: &mut Paths) -> Vec<Path> {
        paths.tell(&mut Knocks::default())
    }

    fn strokes(path: &Path) -> (Option<f64>, Option<f64>, usize) {
        let strokes = path.strokes.expect("strokes");
        (strokes.median, strokes.p99, strokes.samples)
    }

    #[test]
    fn a_path_s_median_and_p99_are_those_of_its_latest_strokes() {
        let mut paths = Paths::default();
        paths.stroke(&node(1), &node(2), 700);
        assert_eq!(strokes(&tell(&mut paths)[0]), (Some(0.7), Some(0.7), 1));
        for micros in (1..=1000).rev() {
            paths.stroke(&node(1), &node(2), micros);
        }
        assert_eq!(strokes(&tell(&mut paths)[0]), (Some(0.064), Some(0.127), 128));
    }

    #[tokio::test(start_paused = true)]
    async fn faults_and_slowness_stand_out_and_faults_are_over_after_a_minute() {
        let mut paths = Paths::default();
        for (manager, player) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
            for n in 0..20 {
                let micros = if (manager, player) == (2, 1) { 9_000 } else { 400 + n };
                paths.stroke(&node(manager), &node(player), micros);
            }
        }
        paths.faults(&node(2), &node(2), 3);
        advance(Duration::from_secs(1)).await;
        let trouble: Vec<_> = tell(&mut paths).into_iter().map(|told| told.trouble).collect();
        assert_eq!(trouble, [None, None, Some(Trouble::Slow), Some(Trouble::Faults)]);
        advance(Duration::from_secs(59)).await;
        assert!(tell(&mut paths).is_empty(), "not heard of for a minute");
    }

    #[tokio::test(start_paused = true)]
    async fn knocks_and_strokes_of_a_path_go_together_and_the_worst_is_its_trouble() {
        let mut paths = Paths::default();
        let mut knocks = Knocks::default();
        paths.stroke(&node(1), &node(1), 300);
        paths.faults(&node(1), &node(2), 3);
        paths.stroke(&node(1), &node(3), 300);
        let broken = Some(Cause::LargePackets);
        let own = row("pi1", &[("pi2", broken), ("pi3", None)]);
        knocks.hear(report([(0, own), (0, row("pi2", &[("pi1", None)]))]));
        advance(Duration::from_secs(1)).await;
        let told = paths.tell(&mut knocks);
        let ends = |path: &Path| format!("{}>{}", path.from, path.to);
        let all: Vec<_> = told.iter().map(|path| (ends(path), path.trouble, path.cause)).collect();
        let expected = [
            ("pi1>pi1", None, None),
            ("pi1>pi2", Some(Trouble::Broken), broken),
            ("pi1>pi3", None, None),
            ("pi2>pi1", None, None),
        ];
        assert_eq!(all, expected.map(|(ends, trouble, cause)| (ends.to_owned(), trouble, cause)));
        assert!(told[2].knocks.is_some() && told[2].strokes.is_some(), "{:?}", told[2]);
        assert!(told[0].knocks.is_none() && told[3].strokes.is_none());

        advance(Duration::from_secs(10)).await;
        let trouble: Vec<_> =
            paths.tell(&mut knocks).into_iter().map(|path| path.trouble).collect();
        let unheard = Some(Trouble::Unheard);
        assert_eq!(trouble, [None, Some(Trouble::Faults), unheard, unheard], "nobody can say");
    }

    #[test]
    fn the_number_of_paths_is_bounded() {
        let mut paths = Paths::default();
        for n in 0..MOST + 10 {
            paths.faults(&node(n), &node(n), 1);
        }
        assert_eq!(paths.0.len(), MOST);
    }
}
