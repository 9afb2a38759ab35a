//! What is asked, what is made of long and missing answers, and what the log says of it.

use std::fs;
use std::time::{Duration, Instant};

use super::cluster::{Cluster, player};
use crate::support::dns::{Dns, Reply};
use crate::support::http::get;
use crate::support::log::{ENDPOINT_REMOVED, with};
use crate::support::netns::isolated;
use crate::support::process::Process;
use crate::support::wait::until_true;

const DNS_LOOKUP_FAILED: &str = "DNS lookup failed";
const NO_DNS_SERVER: &str =
    "no DNS server is configured: only addresses and names in the hosts file work";

/// How many tasks of a service people have, and more than musl's resolver sees: 48.
const MANY: usize = 300;

/// Starts a manager whose players have these targets.
fn manager(ping: &str, pong: &str) -> Process {
    Process::start(&["manager", "--ping", ping, "--pong", pong])
}

/// Returns how many players of a side are in one of these states, as the manager knows.
async fn players(manager: &Process, side: &str, states: &[&str]) -> usize {
    let metrics = get(manager.admin, "/metrics", &[]).await.body;
    let of_state = |state: &&str| {
        let sample = format!("pong_endpoints{{service=\"{side}\",state=\"{state}\"}} ");
        let mut lines = metrics.lines();
        lines.find_map(|line| line.strip_prefix(&sample)?.parse::<usize>().ok()).unwrap_or_default()
    };
    states.iter().map(of_state).sum()
}

async fn listed(manager: &Process, side: &str) -> usize {
    players(manager, side, &["ready", "backing_off"]).await
}

/// Waits until the server has been asked each of these questions a few times from now on; returns all
/// that it was asked.
async fn until_asked_again(dns: &Dns, questions: &[&str]) -> Vec<String> {
    let mut asked = Vec::new();
    dns.asked();
    until_true("asked again", async || {
        asked.extend(dns.asked());
        let times = |question| asked.iter().filter(|asked| *asked == question).count();
        questions.iter().all(|question| times(question) >= 4)
    })
    .await;
    asked
}

#[test]
fn three_hundred_tasks_of_a_service_are_listed_and_none_disappears() {
    isolated(async || {
        let dns = Dns::start();
        let many: Vec<_> =
            (0..MANY).map(|n| format!("127.0.{}.{}", n / 100 + 1, n % 100 + 1)).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        dns.list("tasks.ping", &many);
        let manager = manager("tasks.ping:3000", "tasks.pong:3000");
        until_true("all listed", async || listed(&manager, "ping").await == MANY).await;
        let asked = until_asked_again(&dns, &["A tasks.ping by tcp"]).await;
        assert_eq!(listed(&manager, "ping").await, MANY);
        let removed = with(&manager.log_lines(), ENDPOINT_REMOVED).len();
        assert_eq!(removed, 0, "none came and went");
        assert!(!asked.iter().any(|question| question.starts_with("AAAA")), "{asked:?}");
    });
}

#[test]
fn a_lookup_that_fails_is_logged_once_with_its_cause_and_the_server() {
    isolated(async || {
        let dns = Dns::start();
        dns.set("failing", Reply::Failure);
        dns.set("denied", Reply::Refusal);
        dns.set("silent", Reply::Silence);
        dns.list("empty", &[]);
        let manager =
            manager("missing:3000,failing:3000,denied:3000", "silent:3000,empty:3000,missing:80");
        let causes = [
            ("missing", "nxdomain"),
            ("failing", "servfail"),
            ("denied", "refused"),
            ("silent", "timeout"),
            ("empty", "no_addresses"),
        ];
        for (name, cause) in causes {
            let fields = [
                ("level", "WARN"),
                ("target_name", name),
                ("cause", cause),
                ("server", "127.0.0.1"),
            ];
            manager.logged(DNS_LOOKUP_FAILED, &fields);
        }
        until_asked_again(&dns, &["A failing by udp", "A empty by udp"]).await;
        let lines = manager.log_lines();
        assert_eq!(with(&lines, DNS_LOOKUP_FAILED).len(), causes.len(), "{}", manager.log());
    });
}

#[test]
fn resolv_conf_is_read_again_when_it_changes() {
    isolated(async || {
        // The server that resolv.conf names at first is not there.
        fs::write("/etc/resolv.conf", "nameserver 127.0.0.2\n").expect("the test's own");
        let cluster = Cluster::start();
        let _players = [player("ping.1", "127.0.1.1"), player("pong.1", "127.0.2.1")];
        cluster.dns.list("tasks.ping", &["127.0.1.1"]);
        cluster.dns.list("tasks.pong", &["127.0.2.1"]);
        let fields = [("target_name", "tasks.ping"), ("cause", "unreachable")];
        cluster.manager.logged(DNS_LOOKUP_FAILED, &fields);
        fs::write("/etc/resolv.conf", "nameserver 127.0.0.1\noptions ndots:0\n")
            .expect("the test's own");
        let changed = Instant::now();
        cluster.until_playing().await;
        assert!(changed.elapsed() < Duration::from_secs(3), "{:?}", changed.elapsed());
    });
}

#[test]
fn without_a_server_addresses_are_played_and_the_log_says_so_once() {
    isolated(async || {
        fs::write("/etc/resolv.conf", "").expect("the test's own");
        let _players = [player("ping.1", "127.0.1.1"), player("pong.1", "127.0.2.1")];
        let manager = manager("127.0.1.1:3000,tasks.ping:3000", "127.0.2.1:3000,localhost:3000");
        until_true("both ready", async || {
            let ready = async |side| players(&manager, side, &["ready"]).await;
            ready("ping").await == 1 && ready("pong").await == 1
        })
        .await;
        manager.logged(DNS_LOOKUP_FAILED, &[("target_name", "tasks.ping"), ("cause", "no_server")]);
        std::thread::sleep(Duration::from_secs(2));
        assert_eq!(with(&manager.log_lines(), NO_DNS_SERVER).len(), 1, "{}", manager.log());
    });
}

#[test]
fn a_name_under_ndots_five_costs_the_questions_up_to_its_first_success() {
    isolated(async || {
        let search = "search pong.svc.cluster.local svc.cluster.local cluster.local";
        let text = format!("nameserver 127.0.0.1\n{search}\noptions ndots:5\n");
        fs::write("/etc/resolv.conf", text).expect("the test's own");
        let dns = Dns::start();
        dns.list("ping.pong.svc.cluster.local", &["127.0.1.1"]);
        dns.list("pong.other.svc.cluster.local", &["127.0.2.1"]);
        let manager = manager("ping:3000", "pong.other:3000");
        until_true("listed", async || listed(&manager, "pong").await == 1).await;
        let ping = "A ping.pong.svc.cluster.local by udp";
        let pong =
            ["A pong.other.pong.svc.cluster.local by udp", "A pong.other.svc.cluster.local by udp"];
        let asked = dns.asked();
        let is_expected = |question: &String| question == ping || pong.contains(&question.as_str());
        assert!(asked.iter().all(is_expected), "{asked:?}");
    });
}

#[test]
fn paths_says_that_a_name_does_not_resolve() {
    isolated(async || {
        let _dns = Dns::start();
        let mut paths = Process::spawn(&["paths", "http://nosuchhost:3000"], &[]);
        assert_eq!(paths.code(), Some(3));
        let expected = "http://nosuchhost:3000/paths: the name does not resolve; check the name";
        assert!(paths.log().contains(expected), "{}", paths.log());
    });
}
