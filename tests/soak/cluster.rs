//! The cluster: what runs, who knows whom, and the series of faults of each service.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::fault::Fault;
use crate::support::http::get;
use crate::support::ports::list;
use crate::support::wait::until_true;
use crate::task::Task;
use crate::violations::Violations;

/// A service: its name, how many tasks it has, and for how long, in milliseconds, they are left alone
/// after a fault of one of them.
///
/// A scoreboard that starts needs a few seconds to get the counters of managers that have ended from
/// another one.
struct Plan {
    service: &'static str,
    tasks: usize,
    calm: std::ops::Range<u64>,
}

const PLANS: [Plan; 6] = [
    Plan { service: "ping", tasks: 3, calm: 300..2000 },
    Plan { service: "pong", tasks: 3, calm: 300..2000 },
    Plan { service: "manager", tasks: 3, calm: 300..2000 },
    Plan { service: "proxy", tasks: 3, calm: 300..2000 },
    Plan { service: "scoreboard", tasks: 2, calm: 6000..9000 },
    Plan { service: "light", tasks: 2, calm: 300..2000 },
];

/// The names of all services.
pub(crate) const SERVICES: [&str; 6] = ["ping", "pong", "manager", "proxy", "scoreboard", "light"];

/// The tasks of all services.
#[derive(Clone)]
pub(crate) struct Cluster {
    tasks: Vec<Arc<Task>>,
}

impl Cluster {
    /// Starts all tasks.
    pub(crate) async fn start() -> Self {
        let mut tasks = Vec::new();
        for Plan { service, tasks: count, .. } in PLANS {
            for n in 1..=count {
                // The first of each lives as long as the soak, so that what it leaks is seen; of
                // scoreboards all must be replaceable, since together they outlive managers.
                let can_end = n > 1 || service == "scoreboard";
                let cuts = n == 1 && !["proxy", "light"].contains(&service);
                tasks.push(Arc::new(Task::new(service, n, can_end, cuts).await));
            }
        }
        let cluster = Self { tasks };
        for task in &cluster.tasks {
            task.start(&cluster.options(task)).await;
        }
        cluster
    }

    /// Waits until every task is ready.
    pub(crate) async fn until_ready(&self) {
        for task in &self.tasks {
            until_true(&format!("{} is ready", task.name), async || {
                get(task.admin(), "/readyz", &[]).await.status == 200
            })
            .await;
        }
    }

    /// Stops every task as Docker does, all at once.
    pub(crate) async fn stop(&self, violations: &Violations) {
        join_all(self.tasks.iter().map(|task| task.stop(violations))).await;
    }

    /// Returns what tasks suffered between two times, such as `pong.2: Kill`.
    pub(crate) fn faults(&self, from: Instant, to: Instant) -> Vec<String> {
        let of = |task: &Arc<Task>| {
            let name = task.name.clone();
            let faults = task.faults(from, to).into_iter();
            faults.map(move |(fault, _)| format!("{name}: {fault:?}"))
        };
        self.tasks.iter().flat_map(of).collect()
    }

    /// Returns how many faults there were.
    pub(crate) fn fault_count(&self) -> usize {
        self.tasks.iter().map(|task| task.all_faults().len()).sum()
    }

    /// Returns the tasks of all services.
    pub(crate) fn tasks(&self) -> &[Arc<Task>] {
        &self.tasks
    }

    /// Returns the tasks of a service.
    pub(crate) fn of(&self, service: &str) -> Vec<Arc<Task>> {
        self.tasks.iter().filter(|task| task.service == service).cloned().collect()
    }

    /// Returns the command line of a task, without its own addresses.
    fn options(&self, task: &Task) -> Vec<String> {
        let services = ["ping", "pong", "manager", "scoreboard"];
        let [ping, pong, managers, scoreboards] =
            services.map(|service| list(self.of(service).iter().map(|task| task.address())));
        let proxies = list(self.of("proxy").iter().map(|task| task.admin()));
        let tasks = list(self.tasks.iter().map(|task| task.admin()));
        let line: &[&str] = match task.service {
            side @ ("ping" | "pong") => &["player", "--side", side],
            "manager" => &["manager", "--ping", &ping, "--pong", &pong],
            "proxy" => {
                let called = ["--scoreboards", &scoreboards, "--proxies", &proxies];
                &[&["proxy", "--managers", &managers], &called[..]].concat()
            }
            "scoreboard" => {
                let called = ["--scoreboards", &scoreboards, "--tasks", &tasks];
                &[&["scoreboard", "--managers", &managers], &called[..]].concat()
            }
            _ => &["light", "--lamp", "simulated", "--managers", &managers],
        };
        line.iter().copied().map(str::to_owned).collect()
    }

    /// Has the tasks of each service suffer one fault after another, at most one task of a service at
    /// a time, so that there is always a well one; ends when `stop` is cancelled and all are well.
    pub(crate) fn suffer(
        &self,
        seed: u64,
        stop: &CancellationToken,
        violations: &Arc<Violations>,
    ) -> JoinSet<()> {
        let mut all = JoinSet::new();
        for (n, plan) in (0..).zip(PLANS) {
            let random = StdRng::seed_from_u64(seed.wrapping_add(n));
            let cluster = self.clone();
            let violations = Arc::clone(violations);
            let stop = stop.clone();
            all.spawn(async move { cluster.series(plan, random, stop, &violations).await });
        }
        all
    }

    /// The series of one service, which depends on nothing but the seed.
    async fn series(
        &self,
        plan: Plan,
        mut random: StdRng,
        stop: CancellationToken,
        violations: &Violations,
    ) {
        let tasks = self.of(plan.service);
        loop {
            let calm = Duration::from_millis(random.random_range(plan.calm.clone()));
            let task = &tasks[random.random_range(0..tasks.len())];
            let fault = Fault::draw(&mut random, task.can_end, task.has_relay());
            if stop.run_until_cancelled(sleep(calm)).await.is_none() {
                return;
            }
            task.suffer(fault, &self.options(task), violations).await;
        }
    }
}
