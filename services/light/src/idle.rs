//! What a lamp shows while nobody plays.

use std::time::Duration;

use clap::ValueEnum;

use crate::scene::Lights;

/// The classic cycle of a traffic light on a Pi's pins: each light, and how long it is on.
const CYCLE: [(Lights, Duration); 4] = [
    (Lights::RED, Duration::from_secs(2)),
    (Lights::YELLOW, Duration::from_secs(1)),
    (Lights::GREEN, Duration::from_secs(2)),
    (Lights::YELLOW, Duration::from_secs(2)),
];

/// What a lamp shows while nobody plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Idle {
    /// Nothing
    #[default]
    Off,
    /// Red for 2 s, yellow for 1 s, green for 2 s, yellow for 2 s, and again
    Cycle,
    /// The same, also without any manager
    Alone,
}

impl Idle {
    /// Returns what to show after this time of idling, and how long it still lasts; none if it does
    /// not change.
    pub(crate) fn lights(self, time: Duration) -> (Lights, Option<Duration>) {
        if self == Self::Off {
            return (Lights::DARK, None);
        }
        let round: u128 = CYCLE.iter().map(|(_, time)| time.as_nanos()).sum();
        let mut into = time.as_nanos() % round;
        for (lights, lasts) in CYCLE {
            match lasts.as_nanos().checked_sub(into) {
                Some(left) if left > 0 => {
                    return (lights, u64::try_from(left).ok().map(Duration::from_nanos));
                }
                _ => into -= lasts.as_nanos(),
            }
        }
        (Lights::DARK, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cycle_is_red_2_s_yellow_1_s_green_2_s_yellow_2_s_and_again() {
        let mut seen = Vec::new();
        let mut time = Duration::ZERO;
        for _ in 0..5 {
            let (lights, left) = Idle::Cycle.lights(time);
            let left = left.expect("it changes");
            seen.push((lights, left.as_millis()));
            time += left;
        }
        let cycle = [
            (Lights::RED, 2000),
            (Lights::YELLOW, 1000),
            (Lights::GREEN, 2000),
            (Lights::YELLOW, 2000),
            (Lights::RED, 2000),
        ];
        assert_eq!(seen, cycle);
    }

    #[test]
    fn halfway_through_a_light_half_its_time_is_left() {
        let left = Duration::from_millis(1500);
        assert_eq!(Idle::Cycle.lights(Duration::from_millis(7500)), (Lights::RED, Some(left)));
    }

    #[test]
    fn off_stays_dark() {
        assert_eq!(Idle::Off.lights(Duration::from_secs(3)), (Lights::DARK, None));
    }
}
