use proptest::prelude::*;
use protocol::probe::ProbeFailure;
use tokio::time::advance;

use super::*;

const TIMEOUT: PortProblem = PortProblem::Failed(ProbeFailure::Timeout);
const CHECK: Duration = Duration::from_secs(5);

fn node(n: usize) -> Node {
    format!("pi{n}").parse().expect("a node")
}

fn nodes(count: usize) -> Vec<Node> {
    (0..count).map(node).collect()
}

/// Records the answers of these nodes, in turn, none for a check that fails; returns what is wrong then.
async fn play(
    health: &mut PortHealth,
    checks: usize,
    expected: &[Node],
    answers: impl Fn(usize) -> Option<usize>,
) -> Option<PortProblem> {
    for n in 0..checks {
        health.record(answers(n).map(node).ok_or(TIMEOUT), expected.len(), expected);
        advance(CHECK).await;
    }
    health.problem()
}

#[tokio::test(start_paused = true)]
async fn a_port_fails_once_every_check_has_failed_for_as_long_as_an_update_takes() {
    let mut health = PortHealth::default();
    assert_eq!(play(&mut health, 2, &nodes(1), |_| Some(0)).await, None);
    assert_eq!(play(&mut health, 2, &nodes(1), |_| None).await, None);
    assert!(health.is_failing());
    assert_eq!(play(&mut health, 1, &nodes(1), |_| None).await, Some(TIMEOUT));
    assert_eq!(play(&mut health, 1, &nodes(1), |_| Some(0)).await, None, "it answers again");
    health.record(Err(PortProblem::WrongNode), 1, &nodes(1));
    advance(PATIENCE).await;
    assert_eq!(health.problem(), Some(PortProblem::WrongNode));
}

#[tokio::test(start_paused = true)]
async fn a_dead_task_among_those_behind_a_port_is_noticed_until_it_is_gone() {
    for backends in [1, 3, 12, 16] {
        let mut health = PortHealth::default();
        let expected = nodes(backends);
        let turn = |n: usize| Some(n % (backends + 1)).filter(|n| *n < backends);
        let checks = MIN_FAILURES * (backends + 1);
        assert_eq!(play(&mut health, checks - 1, &expected, turn).await, None, "{backends}");
        let problem = play(&mut health, 1, &expected, |_| None).await;
        assert_eq!(problem, Some(PortProblem::SomeFail), "{backends}");
        assert_eq!(play(&mut health, 2 * checks, &expected, turn).await, problem, "{backends}");
        let enough = ANSWERS_EACH * (backends + 1);
        let well = |n: usize| Some(n % backends);
        assert_eq!(play(&mut health, enough - 1, &expected, well).await, problem);
        assert_eq!(play(&mut health, 1, &expected, well).await, None, "{backends}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_never_reached_is_named_and_a_new_one_has_its_time() {
    let mut health = PortHealth::default();
    let two = |n: usize| Some(n % 2);
    let window = CHECKS_EACH * 3;
    assert_eq!(play(&mut health, window, &nodes(2), two).await, None);
    assert_eq!(play(&mut health, window - 1, &nodes(3), two).await, None);
    assert_eq!(play(&mut health, 1, &nodes(3), two).await, Some(PortProblem::Unreached));
    assert_eq!((health.answered(), health.unreached()), (nodes(2), vec![node(2)]));
    assert_eq!(play(&mut health, 1, &nodes(3), |_| Some(2)).await, None);
    assert_eq!(play(&mut health, window, &nodes(2), two).await, None, "it has stopped");
}

proptest! {
    #[test]
    fn a_port_all_of_whose_checks_are_answered_in_turn_is_well(
        backends in 1..MAX_BACKENDS,
        checks in 1_usize..600,
    ) {
        let mut health = PortHealth::default();
        for n in 0..checks {
            health.record(Ok(node(n % backends)), backends, &nodes(backends));
            prop_assert_eq!(health.problem(), None);
        }
        prop_assert_eq!(health.answered(), {
            let mut answered = nodes(backends.min(checks));
            answered.sort_unstable();
            answered
        });
    }

    #[test]
    fn what_is_remembered_is_bounded(results in prop::collection::vec((any::<bool>(), 0..400_usize), 600)) {
        let mut health = PortHealth::default();
        for (answers, n) in results {
            health.record(Some(node(n)).filter(|_| answers).ok_or(TIMEOUT), n, &[node(n)]);
        }
        prop_assert!(health.latest.len() <= CHECKS_EACH * MAX_BACKENDS);
        prop_assert!(health.answered().len() <= MAX_BACKENDS && health.present.len() <= 1);
    }
}
