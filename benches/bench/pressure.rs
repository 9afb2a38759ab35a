//! What clients feel of a task that hangs, of a crowd, and of others who watch slow rallies.

use std::net::SocketAddr;
use std::time::Duration;

use rustix::process::Signal;

use crate::figures::Figures;
use crate::load::{self, Load};
use crate::support::ports::list;
use crate::support::process::Process;
use crate::support::wait::until_ready;

/// How long a task hangs: the time to notice it counts too.
const HANGS: Duration = Duration::from_secs(4);

/// How long whatever it is compared with is measured.
const COMPARED: Duration = Duration::from_secs(2);

/// A task that hangs for a while.
struct Hung<'a> {
    what: &'a str,
    task: &'a Process,
    /// Who calls it, as one of this many tasks of a service.
    caller: &'a Process,
    count: usize,
    service: &'a str,
    /// Who calls the others alone.
    caller_of_rest: &'a Process,
}

impl Hung<'_> {
    /// Adds what is left of the rallies meanwhile, against what the others can do alone.
    fn measure(&self, figures: &mut Figures) {
        for clients in [1, 32] {
            load::block_on(until_ready(self.caller.admin, self.service, self.count));
            load::rallies(self.caller.listen, clients, Duration::from_millis(500));
            self.task.signal(Signal::STOP);
            let mut left = load::rallies(self.caller.listen, clients, HANGS);
            self.task.signal(Signal::CONT);
            let rest = load::rallies(self.caller_of_rest.listen, clients, COMPARED);
            let named =
                |figure: &str| format!("{clients:>3} clients, {} hangs: {figure}", self.what);
            let ratio = rest.rallies_per_second() / left.rallies_per_second();
            figures.add(&named("rest / here"), ratio, Some(1.25));
            figures.add(&named("slowest, ms"), left.percentile(100.0), Some(1_000.0));
            figures.add(&named("failed"), left.failed as f64, Some(0.0));
        }
    }
}

/// Adds the figures of one of two managers that hangs, and of one of three ping players.
pub(crate) fn hung(figures: &mut Figures) {
    let players = |side, count| -> Vec<Process> {
        (0..count).map(|_| Process::start(&["player", "--side", side])).collect()
    };
    let at = |processes: &[Process]| list(processes.iter().map(|process| process.listen));
    let (pings, pongs) = (players("ping", 3), players("pong", 1));
    let manager = |pings: &[Process]| {
        Process::start(&["manager", "--ping", &at(pings), "--pong", &at(&pongs)])
    };
    let proxy = |managers: &[Process]| Process::start(&["proxy", "--managers", &at(managers)]);
    let managers = [manager(&pings), manager(&pings)];
    let of_managers = Hung {
        what: "one of 2 managers",
        task: &managers[1],
        caller: &proxy(&managers),
        service: "manager",
        count: 2,
        caller_of_rest: &proxy(&managers[..1]),
    };
    of_managers.measure(figures);
    let of_pings = Hung {
        what: "one of 3 pings",
        task: &pings[0],
        caller: &managers[0],
        service: "ping",
        count: 3,
        caller_of_rest: &manager(&pings[1..]),
    };
    of_pings.measure(figures);
}

/// Adds the figures of a crowd at a proxy, against 64 clients.
pub(crate) fn crowd(figures: &mut Figures, proxy: SocketAddr) {
    let best = load::rallies(proxy, 64, COMPARED);
    let crowd = load::rallies(proxy, 6_000, HANGS);
    let ratio = best.rallies_per_second() / crowd.rallies_per_second();
    figures.add("6000 clients: rallies/s of 64 / here", ratio, Some(1.25));
    figures.add("6000 clients: refused", crowd.failed as f64, Some(0.0));
}

/// Adds the figures of fast rallies through a proxy while 1,000 others watch slow ones.
pub(crate) fn slow_beside_fast(figures: &mut Figures, proxy: SocketAddr) {
    let (mut alone, mut beside) = (Load::default(), Load::default());
    for _ in 0..2 {
        alone += load::rallies(proxy, 32, COMPARED);
        let slow = load::Crowd::start(proxy, "/?pace=300ms", 1_000);
        beside += load::rallies(proxy, 32, COMPARED);
        drop(slow);
    }
    let ratio = alone.rallies_per_second() / beside.rallies_per_second();
    figures.add("32 clients beside 1000 slow: alone / here", ratio, Some(1.5));
    figures.add("32 clients beside 1000 slow: refused", beside.failed as f64, Some(0.0));
}
