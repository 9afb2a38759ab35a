//! Whether a path loses packets, by a sequential test: CUSUM (Page, Biometrika 41, 1954).
//!
//! Each datagram that is lost is evidence for a loss of 2 %, each that arrives for one of 0.1 %, the
//! most that a healthy network may have: the logarithm of how much likelier it is then. The evidence is
//! never less than zero, and a path is lossy when it exceeds a limit. What the limit means is computed
//! in `docs/paths.md`.

/// How much likelier a lost datagram is at a loss of 2 % than of 0.1 %, as a natural logarithm.
const LOST: f64 = 2.995_732; // ln(0.02 / 0.001)

/// How much less likely one that arrives is.
const ARRIVED: f64 = 0.019_202; // -ln(0.98 / 0.999)

/// The evidence by which a path is lossy: that of seven losses in fewer than 156 datagrams, say. At a
/// loss of 0.1 % it is reached once in 8.9 billion datagrams.
const ENOUGH: f64 = 18.0;

/// A path is ok again when as many have arrived in a row as would have lost so many more, at the rate
/// at which it was losing them: by chance that happens once in 160,000 times, e^-12.
const LOSSES_MISSED: f64 = 12.0;

/// Of how many datagrams a rate is: half as many, up to as many.
const MAX_RATE_OF: f64 = 2048.0;

/// The evidence for loss on a path.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    amount: f64,
    is_lossy: bool,
    lost_in_a_row: u32,
    arrived_in_a_row: u32,
    /// Those since the evidence was last zero, without those that have arrived in a row since.
    since_zero: Rate,
    /// The latest, whatever the evidence.
    latest: Rate,
}

/// How many of the latest datagrams were lost.
#[derive(Debug, Default)]
struct Rate {
    sent: f64,
    lost: f64,
}

impl Rate {
    fn add(&mut self, sent: u32, lost: u32) {
        self.sent += f64::from(sent);
        self.lost += f64::from(lost);
        if self.sent > MAX_RATE_OF {
            self.sent /= 2.0;
            self.lost /= 2.0;
        }
    }

    fn ratio(&self) -> f64 {
        if self.sent > 0.0 { self.lost / self.sent } else { 0.0 }
    }
}

impl Evidence {
    /// Records how many datagrams were sent, and how many of them were lost. Of those lost in a row only so
    /// many are evidence: they may have one cause, which is another one.
    pub(super) fn record(&mut self, sent: u32, lost: u32, max_in_a_row: u32) {
        if lost < sent {
            self.lost_in_a_row = 0;
        }
        let counted = lost.min(max_in_a_row - self.lost_in_a_row);
        self.lost_in_a_row += counted;
        let arrived = f64::from(sent - lost) * ARRIVED;
        self.amount = (self.amount - arrived).max(0.0) + f64::from(counted) * LOST;
        self.latest.add(sent, lost);
        if self.amount == 0.0 && !self.is_lossy {
            (self.since_zero, self.arrived_in_a_row) = (Rate::default(), 0);
        } else if lost == 0 {
            self.arrived_in_a_row = self.arrived_in_a_row.saturating_add(sent);
        } else {
            self.since_zero
                .add(std::mem::take(&mut self.arrived_in_a_row).saturating_add(sent), lost);
        }
        self.is_lossy |= self.amount >= ENOUGH;
        let missed = f64::from(self.arrived_in_a_row) * self.since_zero.ratio();
        if self.is_lossy && missed >= LOSSES_MISSED {
            *self = Self { lost_in_a_row: self.lost_in_a_row, ..Self::default() };
        }
    }

    /// Returns whether the path is lossy.
    pub(super) const fn is_lossy(&self) -> bool {
        self.is_lossy
    }

    /// Returns which part of the datagrams is lost, 0 to 1: of the latest, or since the loss began.
    pub(super) fn ratio(&self) -> f64 {
        if self.is_lossy { self.since_zero.ratio() } else { self.latest.ratio() }
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// Has a path lose datagrams at random until `is_done`; returns how many it takes.
    fn datagrams(
        evidence: &mut Evidence,
        loss: f64,
        random: &mut StdRng,
        is_done: impl Fn(&Evidence) -> bool,
    ) -> u32 {
        let mut sent = 0;
        while !is_done(evidence) && sent < 100_000 {
            let lost = (0..3).filter(|_| random.random_bool(loss)).count();
            evidence.record(3, u32::try_from(lost).expect("at most 3"), 2);
            sent += 3;
        }
        sent
    }

    /// The p-th percentile of how many datagrams it takes to name a loss, and then to clear it.
    fn percentile(loss: f64, percent: usize) -> [u32; 2] {
        let mut random = StdRng::seed_from_u64(7);
        let mut times = [vec![], vec![]];
        for _ in 0..1000 {
            let mut evidence = Evidence::default();
            datagrams(&mut evidence, 0.0, &mut random, |evidence| evidence.latest.sent > 1000.0);
            times[0].push(datagrams(&mut evidence, loss, &mut random, Evidence::is_lossy));
            times[1].push(datagrams(&mut evidence, 0.0, &mut random, |one| !one.is_lossy()));
        }
        times.map(|mut times| {
            times.sort_unstable();
            times[times.len() * percent / 100]
        })
    }

    #[test]
    fn a_fifth_is_named_in_a_minute_and_one_in_fifty_in_a_quarter_of_an_hour() {
        // 1.27 a second are small.
        for (loss, named, cleared) in [(0.2, 75, 160), (0.02, 1200, 1000)] {
            let [name, clear] = percentile(loss, 99);
            assert!(name <= named && clear <= cleared, "{loss}: {name}, {clear}");
        }
    }

    #[test]
    fn what_is_named_is_about_what_is_lost_and_stays_for_as_long_as_it_is_so() {
        let mut random = StdRng::seed_from_u64(7);
        for loss in [0.02, 0.05, 0.2, 0.5] {
            let mut evidence = Evidence::default();
            datagrams(&mut evidence, loss, &mut random, Evidence::is_lossy);
            let more = datagrams(&mut evidence, loss, &mut random, |one| !one.is_lossy());
            assert_eq!(more, 100_002, "{loss}");
            assert!((evidence.ratio() / loss - 1.0).abs() < 0.3, "{loss}: {}", evidence.ratio());
        }
    }

    #[test]
    fn one_in_a_thousand_is_no_loss() {
        let mut random = StdRng::seed_from_u64(7);
        let mut evidence = Evidence::default();
        for _ in 0..20 {
            datagrams(&mut evidence, 0.001, &mut random, Evidence::is_lossy);
            assert!(!evidence.is_lossy());
        }
        assert!((0.0..0.005).contains(&evidence.ratio()), "{}", evidence.ratio());
    }
}
