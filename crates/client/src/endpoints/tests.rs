use proptest::prelude::*;

use super::*;
use crate::fault::Fault;

fn addresses(count: u16) -> Vec<SocketAddr> {
    (1..=count).map(|port| ([127, 0, 0, 1], port).into()).collect()
}

fn endpoints(addresses: &[SocketAddr]) -> Endpoints {
    let endpoints = Endpoints::new(Peer::Any);
    endpoints.update(addresses);
    addresses.iter().for_each(|address| endpoints.checked(*address));
    endpoints
}

fn due(endpoints: &Endpoints) -> Vec<SocketAddr> {
    endpoints.due().into_iter().map(|endpoint| endpoint.address).collect()
}

fn next(endpoints: &Endpoints, tried: &[SocketAddr]) -> Option<SocketAddr> {
    endpoints.next(tried).map(|endpoint| endpoint.address)
}

proptest! {
    #[test]
    fn everyone_gets_the_same_share_however_the_resolver_shuffles(
        count in 1_u16..12,
        orders in prop::collection::vec(any::<u16>(), 1..20),
    ) {
        let mut list = addresses(count);
        let endpoints = endpoints(&list);
        let mut turns = vec![0_u32; usize::from(count)];
        for order in orders {
            list.rotate_left(usize::from(order % count));
            endpoints.update(&list);
            for _ in 0..count {
                let next = next(&endpoints, &[]).expect("an endpoint");
                turns[usize::from(next.port()) - 1] += 1;
            }
        }
        prop_assert!(turns.iter().all(|turn| *turn == turns[0]), "{turns:?}");
    }

    #[test]
    fn next_returns_every_endpoint_once(count in 0_u16..12, failed in 0_u16..12) {
        let list = addresses(count);
        let endpoints = endpoints(&list);
        list.iter().take(failed.into()).for_each(|address| endpoints.failed(*address));
        let mut tried = Vec::new();
        while let Some(next) = next(&endpoints, &tried) {
            prop_assert!(!tried.contains(&next));
            tried.push(next);
        }
        prop_assert_eq!(tried.len(), list.len());
    }
}

#[test]
fn a_failed_endpoint_is_skipped_until_it_answers_a_check() {
    let list = addresses(3);
    let endpoints = endpoints(&list);
    endpoints.failed(list[0]);
    let taken: Vec<_> = (0..6).filter_map(|_| next(&endpoints, &[])).collect();
    assert!(!taken.contains(&list[0]), "{taken:?}");
    assert_eq!(endpoints.counts(), Counts { ready: 2, backing_off: 1 });
    let ready: Vec<_> = endpoints.ready().into_iter().map(|endpoint| endpoint.address).collect();
    assert_eq!(ready, list[1..]);
    endpoints.checked(list[0]);
    let taken: Vec<_> = (0..3).filter_map(|_| next(&endpoints, &[])).collect();
    assert!(taken.contains(&list[0]), "{taken:?}");
}

#[test]
fn an_endpoint_backing_off_is_used_as_a_last_resort() {
    let list = addresses(1);
    let endpoints = endpoints(&list);
    endpoints.failed(list[0]);
    assert_eq!(next(&endpoints, &[]), Some(list[0]));
    assert_eq!(next(&endpoints, &list), None);
}

#[tokio::test(start_paused = true)]
async fn an_answer_ends_the_backoff_and_a_lost_endpoint_begins_with_the_first_pause() {
    let list = addresses(1);
    let endpoints = endpoints(&list);
    let pause = || (endpoints.next_due().expect("backing off") - Instant::now()).as_millis();
    endpoints.failed(list[0]);
    endpoints.failed(list[0]);
    assert_eq!(pause(), 400);
    endpoints.lost(list[0]);
    assert_eq!(pause(), 200);
    endpoints.answered(list[0]);
    assert_eq!(endpoints.next_due(), None);
}

#[test]
fn a_relisted_endpoint_has_no_failures() {
    let list = addresses(2);
    let endpoints = endpoints(&list);
    endpoints.failed(list[0]);
    assert_eq!(endpoints.update(&list[1..]), (vec![], vec![list[0]]));
    assert_eq!(endpoints.update(&list), (vec![list[0]], vec![]));
    assert_eq!(due(&endpoints), [list[0]]);
    endpoints.checked(list[0]);
    assert_eq!(endpoints.counts(), Counts { ready: 2, backing_off: 0 });
}

#[test]
fn a_new_endpoint_is_used_after_its_first_check() {
    let list = addresses(2);
    let endpoints = endpoints(&list[..1]);
    endpoints.update(&list);
    assert_eq!(due(&endpoints), [list[1]]);
    assert!((0..4).all(|_| next(&endpoints, &[]) == Some(list[0])));
    assert_eq!(next(&endpoints, &list[..1]), Some(list[1]), "as a last resort");
    endpoints.answered(list[1]);
    assert_eq!(endpoints.counts(), Counts { ready: 2, backing_off: 0 });
}

#[test]
fn endpoints_are_unreachable_until_checked_or_after_two_failures() {
    let list = addresses(1);
    let endpoints = Endpoints::new(Peer::Any);
    assert!(!endpoints.is_reachable());
    endpoints.update(&list);
    assert!(!endpoints.is_reachable());
    endpoints.checked(list[0]);
    assert!(endpoints.is_reachable());
    endpoints.failed(list[0]);
    assert!(endpoints.is_reachable(), "it may have been this once");
    endpoints.failed(list[0]);
    assert!(!endpoints.is_reachable());
}

#[test]
fn only_changes_are_announced() {
    let list = addresses(2);
    let endpoints = endpoints(&list);
    let mut revision = endpoints.subscribe();
    endpoints.answered(list[0]);
    endpoints.checked(list[1]);
    endpoints.update(&list);
    assert!(!revision.has_changed().expect("a sender"));
    for change in [Endpoints::failed, Endpoints::answered, Endpoints::lost, Endpoints::checked] {
        change(&endpoints, list[0]);
        assert!(revision.has_changed().expect("a sender"));
        revision.mark_unchanged();
    }
}

const LEAST: Duration = Duration::from_millis(250);
const MOST: Duration = Duration::from_secs(1);

/// Has an endpoint answer after this many milliseconds.
async fn answer(endpoints: &Endpoints, address: SocketAddr, millis: u64) -> Result<(), Fault> {
    let took = Duration::from_millis(millis);
    let answer = async {
        tokio::time::sleep(took).await;
        Ok(())
    };
    endpoints.wait_for(address, &[], (LEAST, MOST), answer).await.0
}

#[tokio::test(start_paused = true)]
async fn patience_is_four_times_the_usual_while_there_is_another_to_ask() {
    let list = addresses(3);
    let endpoints = endpoints(&list);
    let patience = |tried: &[SocketAddr]| endpoints.patience(list[0], tried, LEAST, MOST);
    assert_eq!(patience(&[]), MOST, "nothing is known yet");
    answer(&endpoints, list[0], 8).await.expect("in time");
    assert_eq!(patience(&[]), LEAST);
    answer(&endpoints, list[0], 100).await.expect("in time");
    assert_eq!(patience(&[]), Duration::from_millis(400));
    assert_eq!(patience(&[list[1]]), Duration::from_millis(400));
    assert_eq!(patience(&[list[1], list[2]]), MOST, "there is nobody else");
    endpoints.failed(list[1]);
    endpoints.failed(list[2]);
    assert_eq!(patience(&[]), MOST, "the others back off");
    endpoints.checked(list[1]);
    answer(&endpoints, list[0], 300).await.expect("in time");
    assert_eq!(patience(&[]), MOST);
}

#[tokio::test(start_paused = true)]
async fn who_fails_at_once_does_not_count_as_fast_and_who_is_silent_counts_as_slow() {
    let list = addresses(2);
    let endpoints = endpoints(&list);
    let refused = async { Err::<(), _>(Fault::Refused) };
    let (outcome, _) = endpoints.wait_for(list[0], &[], (LEAST, MOST), refused).await;
    assert_eq!(outcome, Err(Fault::Refused));
    assert_eq!(endpoints.patience(list[0], &[], LEAST, MOST), MOST, "nothing is known yet");
    answer(&endpoints, list[0], 2).await.expect("in time");
    assert_eq!(answer(&endpoints, list[0], 260).await, Err(Fault::Timeout));
    assert_eq!(endpoints.patience(list[0], &[], LEAST, MOST), MOST);
}
