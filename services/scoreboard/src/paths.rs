//! Which path between two nodes is slow or broken.
//!
//! A path leads from a manager's node to a player's. Its times are those of strokes in featured
//! rallies, a sample of a few rallies a second and manager; its faults are all there were.

use std::collections::HashMap;

use court::task::Name;
use serde::Serialize;
use tokio::time::Instant;

use crate::FORGOTTEN_AFTER;
use crate::window::Window;

/// The most paths kept: those between 32 nodes, with less than 1.2 MB.
const MOST: usize = 1024;

/// How many strokes a path's times are told of; with fewer, p99 would be the slowest of them.
const SAMPLES: usize = 128;

/// How many strokes it takes to call a path slow.
const ENOUGH: usize = 16;

/// Measures each path.
#[derive(Debug, Default)]
pub(crate) struct Paths(HashMap<(Name, Name), Path>);

#[derive(Debug)]
struct Path {
    /// The latest times in microseconds, the oldest overwritten first.
    times: Vec<u32>,
    next: usize,
    faults: Window,
    heard: Instant,
}

/// Tells how a path is.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Told {
    /// The node of the managers.
    pub(crate) manager: Name,
    /// The node of the players.
    pub(crate) player: Name,
    /// How many strokes the times are of.
    pub(crate) samples: usize,
    /// The time that half of the strokes took at most, in milliseconds.
    pub(crate) median: Option<f64>,
    /// The time that 99 of 100 strokes took at most, in milliseconds.
    pub(crate) p99: Option<f64>,
    /// Attempts at a stroke in the last minute that got no lawful answer.
    pub(crate) faults: u64,
    /// What is wrong with it, if anything.
    pub(crate) trouble: Option<Trouble>,
}

/// Names what can be wrong with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Trouble {
    /// There were faults in the last minute.
    Faults,
    /// It takes far longer than the others.
    Slow,
}

impl Paths {
    /// Finds a path, or begins one at the cost of the one not heard of for longest.
    fn path(&mut self, manager: &Name, player: &Name) -> &mut Path {
        let key = (manager.clone(), player.clone());
        if self.0.len() >= MOST
            && !self.0.contains_key(&key)
            && let Some(oldest) = self.0.iter().min_by_key(|(_, path)| path.heard)
        {
            let oldest = oldest.0.clone();
            self.0.remove(&oldest);
        }
        let new =
            || Path { times: Vec::new(), next: 0, faults: Window::new(), heard: Instant::now() };
        let path = self.0.entry(key).or_insert_with(new);
        path.heard = Instant::now();
        path
    }

    /// Takes the time of a stroke in.
    pub(crate) fn stroke(&mut self, manager: &Name, player: &Name, micros: u64) {
        let path = self.path(manager, player);
        let micros = u32::try_from(micros).unwrap_or(u32::MAX);
        if path.times.len() < SAMPLES {
            path.times.push(micros);
        } else {
            path.times[path.next] = micros;
        }
        path.next = (path.next + 1) % SAMPLES;
    }

    /// Counts faults.
    pub(crate) fn faults(&mut self, manager: &Name, player: &Name, faults: u64) {
        self.path(manager, player).faults.add(faults);
    }

    /// Tells all paths heard of in the last minute, and what is wrong with them.
    pub(crate) fn tell(&mut self) -> Vec<Told> {
        self.0.retain(|_, path| path.heard.elapsed() < FORGOTTEN_AFTER);
        let mut told: Vec<Told> = self.0.iter_mut().map(|(key, path)| path.tell(key)).collect();
        told.sort_by(|one, other| {
            (&one.manager, &one.player).cmp(&(&other.manager, &other.player))
        });
        let usual = |of: fn(&Told) -> Option<f64>| {
            let mut all: Vec<f64> = told.iter().filter_map(of).collect();
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied().unwrap_or(f64::INFINITY)
        };
        let (median, p99) = (usual(|told| told.median), usual(|told| told.p99));
        for told in &mut told {
            told.trouble = told.judge(median, p99);
        }
        told
    }
}

impl Path {
    fn tell(&mut self, (manager, player): &(Name, Name)) -> Told {
        let mut times = self.times.clone();
        times.sort_unstable();
        let rank = |percent: usize| times.get((times.len() * percent).div_ceil(100).max(1) - 1);
        let milliseconds = |micros: Option<&u32>| micros.map(|micros| f64::from(*micros) / 1000.0);
        Told {
            manager: manager.clone(),
            player: player.clone(),
            samples: times.len(),
            median: milliseconds(rank(50)),
            p99: milliseconds(rank(99)),
            faults: self.faults.sum(60),
            trouble: None,
        }
    }
}

impl Told {
    /// Calls a path slow if it takes three times what the middle one does and people could tell;
    /// the rarest strokes vary more, so more is allowed for them.
    fn judge(&self, median: f64, p99: f64) -> Option<Trouble> {
        let far = |time: Option<f64>, usual: f64, times: f64, least: f64| {
            time.is_some_and(|time| time > usual * times && time > usual + least)
        };
        let slow = far(self.median, median, 3.0, 1.0) || far(self.p99, p99, 5.0, 20.0);
        match self.faults {
            0 if slow && self.samples >= ENOUGH => Some(Trouble::Slow),
            0 => None,
            _ => Some(Trouble::Faults),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;

    fn node(n: usize) -> Name {
        Name::from_any(&format!("pi{n}"))
    }

    #[test]
    fn a_path_s_median_and_p99_are_those_of_its_latest_strokes() {
        let mut paths = Paths::default();
        paths.stroke(&node(1), &node(2), 700);
        let told = paths.tell();
        assert_eq!((told[0].median, told[0].p99, told[0].samples), (Some(0.7), Some(0.7), 1));
        for micros in (1..=1000).rev() {
            paths.stroke(&node(1), &node(2), micros);
        }
        let told = paths.tell();
        assert_eq!((told[0].median, told[0].p99, told[0].samples), (Some(0.064), Some(0.127), 128));
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
        let trouble: Vec<_> = paths.tell().into_iter().map(|told| told.trouble).collect();
        assert_eq!(trouble, [None, None, Some(Trouble::Slow), Some(Trouble::Faults)]);
        advance(Duration::from_secs(59)).await;
        assert!(paths.tell().is_empty(), "not heard of for a minute");
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
