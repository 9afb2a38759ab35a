//! DNS that disagrees with the proxies' probes, and proxies that leave.

use super::cluster::start_on;
use crate::paths::cluster::{failures, until, until_paths};
use crate::support::dns::Dns;
use crate::support::netns::isolated;
use crate::support::process::Process;

/// The addresses of the proxies on pi1, pi2 and pi3.
const ALL: [&str; 3] = ["127.0.5.1", "127.0.5.2", "127.0.5.3"];

/// Three proxies, each of which DNS can tell something else, and a scoreboard that it tells the truth.
struct Cluster {
    dns: Dns,
    proxies: [Process; 3],
    scoreboard: Process,
}

impl Cluster {
    fn start() -> Self {
        Self::told([&ALL; 3])
    }

    /// Starts proxies that DNS tells these addresses, each its own.
    fn told(lists: [&[&str]; 3]) -> Self {
        let dns = Dns::start();
        dns.list("tasks.all", &ALL);
        (1..=3).zip(lists).for_each(|(n, addresses)| dns.list(&name(n), addresses));
        let proxy = |n: usize| {
            let (node, proxies) = (format!("pi{n}"), format!("{}:3001", name(n)));
            let line = ["proxy", "--node", &node, "--node-id", &node, "--proxies", &proxies];
            start_on(ALL[n - 1], &line)
        };
        let proxies = [1, 2, 3].map(proxy);
        let scoreboard = start_on("127.0.6.1", &["scoreboard", "--tasks", "tasks.all:3001"]);
        Self { dns, proxies, scoreboard }
    }

    /// Waits until so many paths are measured and exactly these have failed.
    async fn until(&self, measured: usize, failed: &[&str]) {
        until_paths(self.scoreboard.listen, measured, failed).await;
    }

    /// Lists these addresses to everyone.
    fn list(&self, addresses: &[&str]) {
        self.dns.list("tasks.all", addresses);
        (1..=3).for_each(|n| self.dns.list(&name(n), addresses));
    }
}

/// The name by which a proxy finds the others.
fn name(n: usize) -> String {
    format!("tasks.proxy{n}")
}

#[test]
fn a_proxy_that_answers_and_is_not_listed_to_another_is_named_until_it_is() {
    isolated(async || {
        let cluster = Cluster::start();
        cluster.until(6, &[]).await;
        cluster.dns.list(&name(1), &ALL[..2]);
        cluster.until(6, &["pi1>pi3 broken no_dns"]).await;
        cluster.dns.list(&name(1), &ALL);
        cluster.until(6, &[]).await;
    });
}

#[test]
fn a_proxy_that_dns_never_listed_is_measured_since_it_probes_the_others() {
    isolated(async || {
        Cluster::told([&ALL[..2], &ALL, &ALL]).until(6, &[]).await;
    });
}

#[test]
fn two_proxies_whose_dns_lists_neither_of_them_to_the_other_hear_of_each_other_by_a_third() {
    isolated(async || {
        Cluster::told([&ALL[..2], &ALL, &ALL[1..]]).until(6, &[]).await;
    });
}

#[test]
fn a_proxy_that_stops_is_gone_without_a_broken_path() {
    isolated(async || {
        let cluster = Cluster::start();
        cluster.until(6, &[]).await;
        cluster.list(&ALL[..2]);
        cluster.proxies[2].terminate();
        let gone = until(cluster.scoreboard.listen, "gone", |list| {
            assert!(!failures(list).iter().any(|path| path.contains("broken")), "{list:#?}");
            list.nodes == 2 && list.paths.len() == 2
        });
        gone.await;
    });
}

#[test]
fn an_address_that_stays_listed_when_its_proxy_has_stopped_is_stale() {
    isolated(async || {
        let cluster = Cluster::start();
        cluster.until(6, &[]).await;
        cluster.proxies[2].terminate();
        let stale = ["pi1", "pi2"].map(|node| format!("{node}>{}:3001 broken stale_dns", ALL[2]));
        cluster.until(4, &stale.each_ref().map(String::as_str)).await;
        cluster.list(&ALL[..2]);
        cluster.until(2, &[]).await;
    });
}

#[test]
fn a_proxy_that_is_killed_and_no_longer_listed_is_lost_to_a_new_scoreboard_too() {
    isolated(async || {
        let mut cluster = Cluster::start();
        cluster.until(6, &[]).await;
        cluster.proxies[2].kill();
        cluster.list(&ALL[..2]);
        let lost = ["pi1>pi3 broken lost", "pi2>pi3 broken lost"];
        let is_lost =
            |paths: &[String]| lost.iter().all(|path| paths.contains(&(*path).to_owned()));
        until(cluster.scoreboard.listen, "lost", |list| is_lost(&failures(list))).await;
        let new = start_on("127.0.6.2", &["scoreboard", "--tasks", "tasks.all:3001"]);
        until(new.listen, "lost", |list| is_lost(&failures(list))).await;
    });
}
