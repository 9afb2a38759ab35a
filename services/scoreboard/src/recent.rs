//! The rally that is being shown, and the last ones that were.

use std::collections::VecDeque;

use protocol::event::{RallyResult, Stroke};
use protocol::id::RallyId;
use protocol::snapshot::{PlayedStroke, RecentRally, ShownStroke};

/// Maximum number of rallies in the list.
const MAX_RALLIES: usize = 20;

/// How many strokes of a rally the list has, the first ones; one rally of the demo in a hundred is
/// longer.
const MAX_STROKES: usize = 30;

/// The last rallies shown, and the strokes so far of the one that is being shown.
#[derive(Debug, Default)]
pub(crate) struct RecentRallies {
    shown: Option<(RallyId, Vec<PlayedStroke>)>,
    list: VecDeque<RecentRally>,
    unpublished: Unpublished,
}

/// What has been shown and is not published yet.
#[derive(Debug, Default)]
pub(crate) struct Unpublished {
    /// Strokes whose beat has begun.
    pub(crate) strokes: Vec<ShownStroke>,
    /// Rallies whose last stroke has been shown, the oldest first.
    pub(crate) rallies: Vec<RecentRally>,
}

impl RecentRallies {
    /// Records a stroke whose beat begins.
    pub(crate) fn stroke(&mut self, stroke: &Stroke) {
        let shown = self.shown.take().filter(|(rally, _)| *rally == stroke.rally);
        let (rally, mut played) = shown.unwrap_or_else(|| (stroke.rally.clone(), Vec::new()));
        if played.len() < MAX_STROKES {
            played.push(PlayedStroke {
                side: stroke.side,
                outcome: stroke.outcome,
                player: stroke.player.clone(),
                micros: stroke.micros,
            });
        }
        self.shown = Some((rally, played));
        self.unpublished.strokes.push(ShownStroke {
            rally: stroke.rally.clone(),
            n: stroke.n,
            side: stroke.side,
            outcome: stroke.outcome,
            player: stroke.player.clone(),
            manager: stroke.manager.clone(),
            proxy: stroke.proxy.clone(),
        });
    }

    /// Adds a rally whose last stroke has been shown to the list.
    pub(crate) fn finish(&mut self, result: RallyResult) {
        let shown = self.shown.take().filter(|(rally, _)| *rally == result.rally);
        let played = shown.map(|(_, played)| played).unwrap_or_default();
        let rally = RecentRally { result, played };
        self.list.truncate(MAX_RALLIES - 1);
        self.list.push_front(rally.clone());
        self.unpublished.rallies.push(rally);
    }

    /// Returns what has been shown since the last call.
    pub(crate) fn take_unpublished(&mut self) -> Unpublished {
        std::mem::take(&mut self.unpublished)
    }

    /// Returns the list, the newest first.
    pub(crate) fn list(&self) -> Vec<RecentRally> {
        self.list.iter().cloned().collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use game::{Outcome, Side};
    use protocol::event::RallyEnd;
    use protocol::name::Name;

    use super::*;

    pub(crate) fn stroke(rally: &str, n: u16) -> Stroke {
        Stroke {
            rally: rally.parse::<Name>().expect("an id").into(),
            n,
            side: Side::Ping,
            outcome: Outcome::Hit,
            player: "ping.1@pi2".parse().expect("a task"),
            release: None,
            arch: None,
            micros: 400,
            manager: "manager.1@pi1".parse().expect("a task"),
            proxy: "pi1".parse().ok(),
        }
    }

    pub(crate) fn result(rally: &str, strokes: u16) -> RallyResult {
        RallyResult {
            rally: rally.parse::<Name>().expect("an id").into(),
            end: RallyEnd::Let { missing: Side::Ping },
            strokes,
            faults: 0,
            micros: 900,
            manager: "manager.1@pi1".parse().expect("a task"),
            proxy: "pi1".parse().ok(),
        }
    }

    #[test]
    fn the_list_has_the_last_twenty_with_their_first_strokes() {
        let mut recent = RecentRallies::default();
        for rally in 0..30 {
            let rally = format!("rally-{rally}");
            (1..=100).for_each(|n| recent.stroke(&stroke(&rally, n)));
            recent.finish(result(&rally, 100));
        }
        recent.stroke(&stroke("other", 1));
        recent.finish(result("last", 0));
        let list = recent.list();
        assert_eq!(list[0].played, [], "the stroke is of another rally");
        assert!(list[1..].iter().all(|rally| rally.played.len() == 30));
        let ids: Vec<_> = list.iter().map(|rally| rally.result.rally.as_str()).collect();
        assert_eq!((ids.len(), ids[0], ids[1], ids[19]), (20, "last", "rally-29", "rally-11"));
    }
}
