//! What clients received: answers by kind, the rallies of each manager instance, how long they took.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use game::{Score, Verdict};
use parking_lot::Mutex;

use crate::cluster::Cluster;
use crate::judge::allowed;
use crate::load::Kind;
use crate::response::{Failure, ReceivedRally};
use crate::task::Task;
use crate::violations::Violations;

/// For how long it is remembered when rallies were received.
const RECENT: Duration = Duration::from_secs(5);

/// The longest time that is told apart.
const SLOWEST: usize = 12_000;

/// What clients received from one manager instance.
#[derive(Debug, Default)]
pub(crate) struct Received {
    /// The task and node of the manager.
    pub(crate) manager: String,
    /// When the first rally was received.
    pub(crate) first: Option<Instant>,
    /// What it must have counted at least.
    pub(crate) score: Score,
    /// When the last rallies were received.
    pub(crate) recent: VecDeque<Instant>,
    /// One bit for each number of a rally.
    numbers: Vec<u64>,
}

impl Received {
    /// Notes the number of a rally; returns whether it is new.
    fn is_new(&mut self, number: u64) -> bool {
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        if self.numbers.len() <= word {
            self.numbers.resize(word + 1, 0);
        }
        let was = self.numbers[word];
        self.numbers[word] |= bit;
        was & bit == 0
    }
}

/// How many answers took how many milliseconds.
#[derive(Debug)]
pub(crate) struct Times([u64; SLOWEST + 1]);

impl Times {
    fn add(&mut self, took: Duration) {
        self.0[(took.as_millis() as usize).min(SLOWEST)] += 1;
    }

    /// Returns a quantile, in milliseconds.
    pub(crate) fn quantile(&self, quantile: f64) -> usize {
        let all: u64 = self.0.iter().sum();
        let mut rest = (all as f64 * quantile).ceil() as u64;
        self.0
            .iter()
            .position(|count| {
                rest = rest.saturating_sub(*count);
                rest == 0
            })
            .unwrap_or(SLOWEST)
    }
}

/// The counts so far.
#[derive(Debug)]
pub(crate) struct Counts {
    /// Answers by kind of client, and failures by why they are allowed.
    pub(crate) answers: BTreeMap<&'static str, u64>,
    /// By manager instance.
    pub(crate) received: HashMap<String, Received>,
    /// The times of rallies at full speed, at proxies that were well all the time.
    pub(crate) times: Times,
    /// Rallies in all.
    pub(crate) rallies: u64,
}

/// Where clients count.
pub(crate) struct Tally {
    cluster: Cluster,
    violations: Arc<Violations>,
    counts: Mutex<Counts>,
}

impl Tally {
    pub(crate) fn new(cluster: &Cluster, violations: &Arc<Violations>) -> Self {
        let counts = Counts {
            answers: BTreeMap::new(),
            received: HashMap::new(),
            times: Times([0; SLOWEST + 1]),
            rallies: 0,
        };
        Self {
            cluster: cluster.clone(),
            violations: Arc::clone(violations),
            counts: Mutex::new(counts),
        }
    }

    /// Returns what was counted.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Counts) -> T) -> T {
        read(&self.counts.lock())
    }

    /// Returns how many answers of a name there were.
    pub(crate) fn answers(&self, name: &str) -> u64 {
        self.read(|counts| counts.answers.get(name).copied().unwrap_or_default())
    }

    /// Counts what a request for a rally came to.
    pub(crate) fn rally(
        &self,
        proxy: &Task,
        kind: Kind,
        begun: Instant,
        result: Result<ReceivedRally, Failure>,
    ) {
        let rally = match result {
            Ok(rally) => rally,
            Err(failure) => return self.failure(proxy, kind, begun, &failure),
        };
        let now = Instant::now();
        if let Verdict::Let(_) = rally.verdict {
            let meanwhile = self.cluster.faults(begun, now);
            self.violations.add(format!(
                "a let, though players were well, after {:?}; meanwhile {meanwhile:?}: {rally:?}",
                now - begun
            ));
        }
        let was_well = proxy.faults(begun, now).is_empty();
        let mut counts = self.counts.lock();
        *counts.answers.entry(kind.name).or_default() += 1;
        counts.rallies += 1;
        if kind.is_full_speed() && was_well {
            counts.times.add(now - begun);
        }
        let instance = rally.instance();
        let received = counts.received.entry(instance.to_owned()).or_default();
        if received.first.is_none() {
            received.manager.clone_from(&rally.manager);
            received.first = Some(now);
        }
        let number = rally.id.rsplit('-').next().and_then(|number| number.parse().ok());
        if received.manager != rally.manager || !number.is_some_and(|n| received.is_new(n)) {
            self.violations.add(format!("not unique: {} of {}", rally.id, rally.manager));
        }
        rally.count_in(&mut received.score);
        while received.recent.front().is_some_and(|then| now - *then > RECENT) {
            received.recent.pop_front();
        }
        received.recent.push_back(now);
    }

    /// Counts what a request for the score came to.
    pub(crate) fn score(
        &self,
        proxy: &Task,
        kind: Kind,
        begun: Instant,
        result: Result<(), Failure>,
    ) {
        match result {
            Ok(()) => *self.counts.lock().answers.entry(kind.name).or_default() += 1,
            Err(failure) => self.failure(proxy, kind, begun, &failure),
        }
    }

    fn failure(&self, proxy: &Task, kind: Kind, begun: Instant, failure: &Failure) {
        let now = Instant::now();
        let name = allowed(failure, kind.is_full_speed(), proxy, &self.cluster, (begun, now));
        if let Some(name) = name {
            *self.counts.lock().answers.entry(name).or_default() += 1;
            return;
        }
        let meanwhile = self.cluster.faults(begun, now);
        self.violations.add(format!(
            "{} at {} after {:?}; meanwhile {meanwhile:?}: {failure}",
            kind.name,
            proxy.name,
            now - begun
        ));
    }
}
