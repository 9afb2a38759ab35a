use std::net::SocketAddr;
use std::sync::Arc;

use client::fault::Fault;
use client::feed::FeedUpdate;
use game::{Score, Side};
use proptest::prelude::*;
use protocol::event::{Event, ManagerScore, PlayerCounters, PlayerUpdate};
use protocol::id::InstanceId;
use protocol::patch::apply;
use protocol::probe::ProbeFailure;
use protocol::service::Service;
use tokio::time::advance;

use super::*;
use crate::probes::tests::{report, reports};

/// What may happen to a cluster.
#[derive(Clone, Copy, Debug)]
enum Change {
    Score { rallies: u64 },
    Strokes { player: u8, strokes: u64 },
    TaskAnswered { at: u8 },
    TaskFailed { at: u8 },
    Probed { from: u8, to: u8, cause: Option<ProbeFailure>, micros: u32 },
    TimePassed { millis: u64 },
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let cause = prop::option::of(prop::sample::select(ProbeFailure::ALL.to_vec()));
    let probed = (1..20_u8, 1..20_u8, cause, 0..30_000_u32);
    let change = prop_oneof![
        (0..9_u64).prop_map(|rallies| Change::Score { rallies }),
        (0..4_u8, 0..99_u64).prop_map(|(player, strokes)| Change::Strokes { player, strokes }),
        (0..4_u8).prop_map(|at| Change::TaskAnswered { at }),
        (0..4_u8).prop_map(|at| Change::TaskFailed { at }),
        probed.prop_map(|(from, to, cause, micros)| Change::Probed { from, to, cause, micros }),
        (0..40_000_u64).prop_map(|millis| Change::TimePassed { millis }),
    ];
    prop::collection::vec(change, 1..60)
}

impl Change {
    async fn happen(self, identity: &Identity, cluster: &mut ClusterState) {
        let address = |n: u8| SocketAddr::from(([10, 0, 9, n], 3000));
        let manager = identity.task.clone();
        let node = |n| format!("pi{n}");
        match self {
            Self::Score { rallies } => {
                let score = Score { ping: rallies, pong_misses: rallies, ..Score::default() };
                let instance = InstanceId::new(7);
                let event = Event::Score(ManagerScore { manager, instance, score });
                cluster.apply(&FeedUpdate::Event(address(0), event));
            }
            Self::Strokes { player, strokes } => {
                let address = address(player);
                let player = format!("ping.{player}@pi{player}").parse().expect("a task");
                let players =
                    vec![PlayerCounters { address, side: Side::Ping, player, strokes, faults: 1 }];
                let event = Event::Players(PlayerUpdate { manager, players });
                cluster.apply(&FeedUpdate::Event(address, event));
            }
            // All of one name.
            Self::TaskAnswered { at } => {
                cluster.task_answered(address(at), identity.whoami(), true);
            }
            Self::TaskFailed { at } => cluster.task_failed(address(at), Fault::Refused, true),
            Self::Probed { from, to, cause, micros } => {
                let mut report = report(&node(from), &[(&node(to), cause)]);
                report.paths[0].median = Some(micros);
                cluster.probes.store(reports([(0, report)]));
            }
            Self::TimePassed { millis } => advance(Duration::from_millis(millis)).await,
        }
    }
}

fn object(snapshot: &Snapshot) -> Object {
    json(snapshot).as_object().expect("an object").clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn updates_applied_in_order_lead_to_the_snapshot_of_a_new_subscriber(changes in changes()) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(async {
            let task = "scoreboard.1@pi1".parse().expect("a task");
            let identity = Identity::new(Service::Scoreboard, task);
            let mut cluster = ClusterState::new(InstanceId::new(1), Arc::default());
            let mut published = Published::new(&identity, &mut cluster);
            let mut page = object(&published.snapshot);
            for change in changes {
                change.happen(&identity, &mut cluster).await;
                let update = published.apply(&mut cluster, true);
                apply(&mut page, update.patch);
                prop_assert_eq!(&page, &object(&published.snapshot));
            }
            let known: Snapshot = serde_json::from_value(page.into()).expect("a snapshot");
            prop_assert_eq!(known, published.snapshot);
            Ok(())
        })?;
    }
}
