//! What processes use: memory, descriptors and threads, sampled while the soak runs.

use std::collections::BTreeMap;
use std::fs;

use crate::cluster::Cluster;
use crate::violations::Violations;

/// What one process uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Resident memory, in KiB.
    pub(crate) memory: u64,
    /// Open descriptors.
    pub(crate) descriptors: u64,
    /// Threads.
    pub(crate) threads: u64,
}

impl Usage {
    /// Reads what a process uses; none if it has ended.
    fn of(process: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches(':').split_whitespace().next()?.parse().ok()
        };
        let descriptors = fs::read_dir(format!("/proc/{process}/fd")).ok()?.count() as u64;
        Some(Self { memory: field("VmRSS")?, descriptors, threads: field("Threads")? })
    }

    fn max(self, other: Self) -> Self {
        Self {
            memory: self.memory.max(other.memory),
            descriptors: self.descriptors.max(other.descriptors),
            threads: self.threads.max(other.threads),
        }
    }
}

/// The memory limit of a task in stack.yml, in KiB.
const MAX_MEMORY: u64 = 32 * 1024;

/// The most that any task of each service used, in equal parts of the time so far.
#[derive(Debug, Default)]
pub(crate) struct Resources {
    samples: Vec<BTreeMap<&'static str, Usage>>,
}

impl Resources {
    /// Takes a sample of every process; one that has ended by itself is a violation.
    pub(crate) fn sample(&mut self, cluster: &Cluster, violations: &Violations) {
        let mut sample = BTreeMap::<_, Usage>::new();
        for task in cluster.tasks() {
            let usage = task.process_id().and_then(Usage::of);
            if let Some(usage) = usage {
                let most = sample.entry(task.service).or_default();
                *most = most.max(usage);
            } else if !task.suffers() {
                violations.add(format!("{} has ended by itself", task.name));
            }
        }
        self.samples.push(sample);
    }

    /// Returns the most that any task of a service used, in each quarter of the time.
    pub(crate) fn quarters(&self, service: &str) -> [Usage; 4] {
        std::array::from_fn(|n| {
            let length = self.samples.len();
            let quarter = &self.samples[length * n / 4..length * (n + 1) / 4];
            let of = quarter.iter().filter_map(|sample| sample.get(service).copied());
            of.fold(Usage::default(), Usage::max)
        })
    }

    /// Checks that what a service uses is bounded and does not grow.
    pub(crate) fn check(&self, service: &str, violations: &Violations) {
        let [_, second, third, fourth] = self.quarters(service);
        if fourth.memory > MAX_MEMORY || fourth.memory > second.max(third).memory * 5 / 4 + 2048 {
            violations.add(format!("the memory of {service} grows: {:?}", self.quarters(service)));
        }
        if fourth.threads > second.max(third).threads
            || fourth.descriptors > second.max(third).descriptors * 2 + 64
        {
            violations.add(format!("{service} grows: {:?}", self.quarters(service)));
        }
    }
}
