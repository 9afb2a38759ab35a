use std::pin::pin;

use tokio::time::advance;

use super::*;
use crate::identity::Identity;
use crate::metrics::Metrics;

fn connections(limit: usize) -> Arc<Connections> {
    let task = "ping.1@pi1".parse().expect("a task");
    let identity = Identity::new(Service::Ping, task);
    let refusals = Refusals::register(&mut Metrics::new(&identity), Arc::default());
    Connections::new(Service::Ping, limit, refusals)
}

/// Connections from addresses that end in these numbers, a second apart, that wait for a request.
async fn waiting(
    connections: &Arc<Connections>,
    from: &[u8],
) -> Vec<(Place, oneshot::Receiver<()>)> {
    let mut places = Vec::new();
    for last in from {
        advance(Duration::from_secs(1)).await;
        let (place, evicted) = connections.admit([10, 0, 9, *last].into()).await;
        place.wait();
        places.push((place, evicted));
    }
    places
}

/// Returns which of these have been ended.
fn evicted(places: &mut [(Place, oneshot::Receiver<()>)]) -> Vec<usize> {
    let ended = places.iter_mut().map(|(_, evicted)| {
        evicted.try_recv().expect_err("nothing is sent") == oneshot::error::TryRecvError::Closed
    });
    ended.enumerate().filter_map(|(n, ended)| ended.then_some(n)).collect()
}

#[tokio::test(start_paused = true)]
async fn the_address_with_most_connections_loses_the_one_that_has_waited_longest() {
    let connections = connections(5);
    let mut places = waiting(&connections, &[1, 2, 2, 3, 2]).await;
    assert_eq!(evicted(&mut places), [0_usize; 0]);
    places.extend(waiting(&connections, &[4]).await);
    assert_eq!(evicted(&mut places), [1]);
    assert_eq!(connections.open(), 5);
}

#[tokio::test(start_paused = true)]
async fn connections_that_are_used_are_kept_and_give_their_place_to_others_after_a_while() {
    let connections = connections(2);
    let mut places = waiting(&connections, &[1, 1]).await;
    places.iter().for_each(|(place, _)| place.proceed());
    let mut next = pin!(connections.admit([10, 0, 9, 2].into()));
    timeout(TURN, &mut next).await.expect_err("all are in use");
    assert!(places[0].0.is_wanted() && places[1].0.is_wanted());
    places[1].0.wait();
    let begun = Instant::now();
    let (next, _evicted) = next.await;
    assert_eq!((begun.elapsed(), evicted(&mut places)), (MIN_WAIT, vec![1]));
    assert!(!next.is_wanted(), "it is new");

    let (more, ended) = (connections.admit([10, 0, 9, 3].into()), Instant::now());
    places.remove(0);
    more.await;
    assert_eq!(ended.elapsed(), Duration::ZERO, "one has ended by itself");
}

#[tokio::test(start_paused = true)]
async fn clients_that_do_not_read_lose_their_connection_when_too_much_is_kept_for_them() {
    let connections = connections(100);
    let mut places = waiting(&connections, &[1, 2, 3, 4]).await;
    for (place, _) in &places[1..] {
        place.hold(MAX_HELD_BYTES / 3);
    }
    assert_eq!(evicted(&mut places), [0_usize; 0]);
    places[3].0.release();
    places[3].0.hold(MAX_HELD_BYTES);
    assert_eq!(evicted(&mut places), [1], "the first of those that something is kept for");
    places.clear();
    assert_eq!(connections.held.load(Relaxed), 0);
}
