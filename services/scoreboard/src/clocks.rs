//! Whose clock is off: by what time each task says it is when it is asked.
//!
//! Half of what the answer took is the most by which the comparison can be wrong.

use std::time::Duration;

use protocol::node::Node;
use protocol::node_trouble::{NodeTrouble, TroubledNode};
use server::expiring::ExpiringMap;

/// Maximum number of nodes whose clocks are compared.
const MAX_NODES: usize = 512;

/// How long an answer counts: the longest interval between two, some times over.
const KNOWN_FOR: Duration = Duration::from_secs(30);

/// By how many milliseconds clocks may differ.
const TOLERANCE: i64 = 2000;

/// By how many milliseconds each node's clock is ahead of this one's, and how far that may be wrong.
#[derive(Debug)]
pub(crate) struct Clocks(ExpiringMap<Node, (i64, i64)>);

impl Default for Clocks {
    fn default() -> Self {
        Self(ExpiringMap::new(MAX_NODES, KNOWN_FOR))
    }
}

impl Clocks {
    /// Records the clock of a node, as it was at some time between the question, at `asked` by this
    /// node's clock, and the answer; both clocks in milliseconds since 1970.
    pub(crate) fn told(&mut self, node: &Node, now: u64, asked: u64, took: Duration) {
        let signed = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
        let half = i64::try_from(took.as_millis() / 2 + 1).unwrap_or(i64::MAX);
        let ahead = signed(now).saturating_sub(signed(asked).saturating_add(half));
        *self.0.entry(node, || (0, 0)) = (ahead, half);
    }

    /// Returns the nodes whose clocks differ by more than 2 s for certain from that in the middle.
    pub(crate) fn off(&mut self) -> Vec<TroubledNode> {
        self.0.expire();
        let mut all: Vec<i64> = self.0.iter().map(|(_, _, (ahead, _))| *ahead).collect();
        all.sort_unstable();
        let Some(middle) = all.get(all.len().saturating_sub(1) / 2) else { return Vec::new() };
        let off = self.0.iter().filter_map(|(node, _, (ahead, wrong))| {
            let difference = ahead.saturating_sub(*middle);
            let is_off = difference.saturating_abs().saturating_sub(*wrong) > TOLERANCE;
            is_off.then(|| TroubledNode {
                node: node.clone(),
                trouble: NodeTrouble::ClockOff,
                addresses: Vec::new(),
                seconds: Some(difference.saturating_add(500 * difference.signum()) / 1000),
            })
        });
        off.collect()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    /// Returns the nodes whose clocks are off, with the seconds.
    fn off(clocks: &mut Clocks) -> Vec<(String, Option<i64>)> {
        let mut off: Vec<_> =
            clocks.off().iter().map(|one| (one.node.to_string(), one.seconds)).collect();
        off.sort();
        off
    }

    fn tell(clocks: &mut Clocks, node: &str, ahead: i64, took: u64) {
        let asked = 1_764_170_000_000_u64;
        let now = (asked + took / 2).saturating_add_signed(ahead);
        clocks.told(&node.parse().expect("a node"), now, asked, Duration::from_millis(took));
    }

    #[tokio::test(start_paused = true)]
    async fn clocks_more_than_two_seconds_from_the_middle_are_off_until_they_are_right() {
        let mut clocks = Clocks::default();
        assert_eq!(off(&mut clocks), []);
        for (node, ahead) in
            [("pi1", 900), ("pi2", -900), ("pi3", 5600), ("pi4", -7200), ("pi5", 0)]
        {
            tell(&mut clocks, node, ahead, 4);
        }
        let expected = [("pi3".to_owned(), Some(6)), ("pi4".to_owned(), Some(-7))];
        assert_eq!(off(&mut clocks), expected);
        tell(&mut clocks, "pi3", 1900, 4);
        assert_eq!(off(&mut clocks), expected[1..]);
        advance(KNOWN_FOR).await;
        assert_eq!(off(&mut clocks), [], "it has not answered for long");
    }

    #[tokio::test(start_paused = true)]
    async fn if_this_node_s_clock_is_the_one_that_is_off_the_others_are_not_named() {
        let mut clocks = Clocks::default();
        for (node, ahead) in [("pi1", 0), ("pi2", 60_000), ("pi3", 60_100)] {
            tell(&mut clocks, node, ahead, 4);
        }
        assert_eq!(off(&mut clocks), [("pi1".to_owned(), Some(-60))]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_took_long_proves_less_and_no_time_is_too_wild() {
        let mut clocks = Clocks::default();
        for (node, ahead, took) in [("pi1", 0, 4), ("pi2", 0, 4), ("pi3", 2400, 900)] {
            tell(&mut clocks, node, ahead, took);
        }
        assert_eq!(off(&mut clocks), []);
        let node = "pi4".parse().expect("a node");
        for now in [0, u64::MAX] {
            clocks.told(&node, now, u64::MAX, Duration::MAX);
            clocks.told(&node, now, 0, Duration::ZERO);
            off(&mut clocks);
        }
    }
}
