//! Two proxies and the network between them, simulated: what is lost one way is named for that way.

use std::net::SocketAddr;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::advance;

use super::*;

const KEYS: [u64; 2] = [1 << 60, 7];

/// The length of a large datagram.
const LARGE: usize = 1422;

fn address(n: usize) -> SocketAddr {
    ([10, 0, 9, [1, 2][n]], 3001).into()
}

/// Two proxies that send datagrams to each other, and what the network does with them.
struct Network {
    proxies: [(Losses, Received); 2],
    random: StdRng,
    /// Which part of the datagrams is lost, small and large, by who sends them.
    loss: [[f64; 2]; 2],
}

impl Network {
    fn new() -> Self {
        let proxy = |n: usize| {
            let losses =
                Losses { key: Some(KEYS[n]), paths: Mutex::default(), large_lost: Notify::new() };
            losses.learn(address(1 - n), KEYS[1 - n], LARGE);
            (losses, Received::new(KEYS[n]))
        };
        let random = StdRng::seed_from_u64(7);
        Self { proxies: [proxy(0), proxy(1)], random, loss: [[0.0; 2]; 2] }
    }

    /// Delivers a datagram, unless it is lost; and the answer, if there is one, likewise.
    fn deliver(&mut self, from: usize, datagram: &[u8]) {
        if self.random.random_bool(self.loss[from][usize::from(datagram.len() > LENGTH)]) {
            return;
        }
        let (losses, received) = &mut self.proxies[1 - from];
        if let Some(answer) = losses.receive(received, address(from), datagram, 0) {
            assert!(answer.len() <= datagram.len());
            self.deliver(1 - from, &answer);
        }
    }

    /// Has both send datagrams for a while; returns how many seconds it takes until the state of the path
    /// from the first to the second changes, if it does.
    async fn run(&mut self, limit: Duration) -> Option<u64> {
        let before = self.is_lossy(0);
        let begun = Instant::now();
        while begun.elapsed() < limit {
            for from in 0..2 {
                let (datagram, is_large) = self.path(from, |sent| sent.next(0));
                self.path(from, |sent| sent.record(is_large));
                self.deliver(from, &datagram);
            }
            advance(DATAGRAM_INTERVAL).await;
            if self.is_lossy(0) != before {
                return Some(begun.elapsed().as_secs());
            }
        }
        None
    }

    fn path<T>(&self, from: usize, act: impl FnOnce(&mut Sent) -> T) -> T {
        act(self.proxies[from].0.paths.lock().get_mut(&address(1 - from)).expect("it was learned"))
    }

    fn is_lossy(&self, from: usize) -> bool {
        self.percent(from).is_some_and(|(_, is_lossy)| is_lossy)
    }

    /// The loss on a path in percent, and whether it is named.
    fn percent(&self, from: usize) -> Option<(f64, bool)> {
        self.path(from, |sent| sent.loss())
            .map(|loss| (f64::from(loss.hundredths) / 100.0, loss.is_lossy))
    }
}

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn the_direction_that_loses_is_named_in_time_and_the_other_is_not() {
    for (loss, named, cleared) in [(0.5, 60, 60), (0.2, 60, 120), (0.02, 900, 900)] {
        let mut network = Network::new();
        assert_eq!(network.run(HOUR).await, None);
        network.loss[0] = [loss; 2];
        let after = network.run(HOUR).await.expect("it is named");
        assert!(after <= named, "{loss}: after {after} s");
        let others = network.percent(1);
        assert_eq!(others, Some((0.0, false)), "its answers are lost, its requests are not");
        network.loss[0] = [0.0; 2];
        let after = network.run(HOUR).await.expect("it is over");
        assert!(after <= cleared, "{loss}: after {after} s");
    }
}

#[tokio::test(start_paused = true)]
async fn large_datagrams_that_do_not_arrive_are_no_random_loss_and_known_soon() {
    let mut network = Network::new();
    assert_eq!(network.run(Duration::from_secs(60)).await, None);
    let lost = |network: &Network| network.path(0, Sent::take_large_lost);
    assert!(network.path(0, Sent::take_news).large_arrived && !lost(&network));
    network.loss[0] = [0.0, 1.0];
    network.run(Duration::from_secs(8)).await;
    assert!(lost(&network) && !network.path(0, Sent::take_news).large_arrived);
    assert_eq!(network.run(HOUR).await, None, "it has another name");
    network.loss[0] = [0.0, 0.2];
    assert!(network.run(HOUR).await.is_some_and(|after| after < 600), "only large ones are lost");
}

#[tokio::test(start_paused = true)]
async fn a_cut_a_pause_and_a_new_process_are_no_loss() {
    let mut network = Network::new();
    network.run(HOUR).await;
    for _ in 0..20 {
        network.loss = [[1.0; 2]; 2];
        assert_eq!(network.run(Duration::from_secs(20)).await, None);
        network.loss = [[0.0; 2]; 2];
        assert_eq!(network.run(Duration::from_secs(240)).await, None);
    }
    for n in 0..100 {
        // What waits for a process that does not run may find no room.
        network.loss[0] = [1.0; 2];
        network.run(Duration::from_secs(30)).await;
        network.loss[0] = [0.0; 2];
        network.proxies[1].1.clear();
        assert_eq!(network.run(Duration::from_secs(10)).await, None);
        network.proxies[1].1 = Received::new(n);
        network.run(Duration::from_secs(3)).await;
        network.proxies[0].0.learn(address(1), n, LARGE);
        assert_eq!(network.run(Duration::from_secs(10)).await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_no_key_is_not_answered_and_none_of_it_is_kept() {
    let mut network = Network::new();
    network.run(HOUR).await;
    let (datagram, _) = network.path(0, |sent| sent.next(0));
    for n in 0..1000 {
        let mut forged = datagram.clone();
        forged[11] ^= n as u8 | 1;
        let (losses, received) = &mut network.proxies[1];
        let stranger = ([10, 0, 9, 66], n).into();
        assert_eq!(losses.receive(received, stranger, &forged, 0), None);
        // Nor is an answer to what was never sent, nor one to another's session.
        let answer = datagram::Answer {
            session: n.into(),
            sent: datagram::Counts { small: 7, large: 7 },
            received: datagram::Counts::default(),
            jitter: 0,
            epoch: 0,
        };
        for from in [stranger, address(0)] {
            assert_eq!(losses.receive(received, from, &answer.encode(), 0), None);
        }
    }
    assert_eq!(network.percent(1), Some((0.0, false)));
    assert_eq!(network.proxies[1].1.len(), 1);
}

#[tokio::test]
async fn datagrams_are_counted_and_answered_by_real_sockets() {
    let (first, socket) = Losses::bind(([127, 0, 0, 1], 0).into());
    let (second, other) = Losses::bind(([127, 0, 0, 1], 0).into());
    let (socket, other) = (socket.expect("a port"), other.expect("a port"));
    let [to_first, to_second] =
        [&socket, &other].map(|socket| socket.local_addr().expect("an address"));
    first.learn(to_second, second.key().expect("a key"), LARGE);
    let (_targets, targets) = watch::channel(vec![to_first, to_second]);
    let measured = async {
        let limit = Instant::now() + Duration::from_secs(20);
        loop {
            let (loss, news) = first.take(to_second);
            if let Some(loss) = loss.filter(|_| news.sent > 0) {
                return (loss.hundredths, loss.is_lossy, news.lost);
            }
            assert!(Instant::now() < limit, "no answer");
            sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = first.run(&socket, targets.clone()) => unreachable!("it never ends"),
        () = second.run(&other, targets) => unreachable!("it never ends"),
        measured = measured => assert_eq!(measured, (0, false, 0)),
    }
}
