//! That nothing is named while nothing is wrong: rolling updates under load on slow nodes for an hour, or as
//! many minutes as `PONG_ALARM_MINUTES` says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use protocol::node_trouble::NodeTrouble;
use reqwest::Client;
use tokio::time::sleep;

use crate::paths::fetch_list;
use crate::scenario::TestRun;
use crate::swarm::NODES;
use crate::{deploy, roll, slow};

/// Interval between looks at what each node reports.
const INTERVAL: Duration = Duration::from_secs(1);

/// What was named, and how often.
type Named = BTreeMap<String, usize>;

pub(crate) async fn none_is_false(run: &mut TestRun) {
    let minutes = std::env::var("PONG_ALARM_MINUTES").ok();
    let minutes: u64 = minutes.map_or(60, |minutes| minutes.parse().expect("a number of minutes"));
    deploy::for_slow_nodes().await;
    deploy::until_all_run(slow::CHANGED_WITHIN).await;
    slow::hold().await;
    let named = Arc::new(Mutex::new((0, Named::new())));
    let watching = tokio::spawn(watch(Arc::clone(&named)));
    let started = Instant::now();
    let mut rounds = 0;
    while started.elapsed() < Duration::from_secs(60 * minutes) {
        roll::within(run, slow::PAUSE, slow::CHANGED_WITHIN).await;
        rounds += 1;
    }
    watching.abort();
    slow::release().await;
    deploy::again().await;
    deploy::until_all_run(slow::CHANGED_WITHIN).await;
    run.observe("alarm: what was named meanwhile", async |line| {
        let (looks, named) = &*named.lock().expect("nobody panicked");
        let minutes = started.elapsed().as_secs_f64() / 60.0;
        line.notes.push(format!(
            "{rounds} rounds of rolling updates and rollbacks under load in {minutes:.0} min, {looks} looks at \
             /paths: {} paths, ports or nodes named",
            named.len()
        ));
        for (what, times) in named {
            let text = format!("{what}, in {times} looks");
            // So it is, for as long as a slow node takes to start its new proxy.
            let is_so = what.ends_with(NodeTrouble::NoProber.name());
            if is_so { line.notes.push(text) } else { line.faults.push(text) }
        }
        if *looks < 60 * rounds {
            line.faults.push(format!("only {looks} looks"));
        }
    })
    .await;
}

/// Looks at what is named, until it is aborted.
async fn watch(named: Arc<Mutex<(usize, Named)>>) {
    let client = Client::builder().no_proxy().timeout(Duration::from_secs(5)).build();
    let client = client.expect("a client");
    loop {
        for node in NODES {
            // A node's port is closed while its proxy is updated.
            let Some(list) = fetch_list(&client, node).await else { continue };
            let (looks, all) = &mut *named.lock().expect("nobody panicked");
            *looks += 1;
            let paths = list
                .paths
                .iter()
                .filter_map(|path| Some(format!("{}>{} {}", path.from, path.to, path.problem()?)));
            let ports = list
                .broken_ports()
                .filter_map(|port| Some(format!("{}>{} {}", port.from, port.port, port.cause?)));
            let nodes =
                list.troubles.iter().map(|one| format!("{} {}", one.node, one.trouble.name()));
            for one in paths.chain(ports).chain(nodes) {
                *all.entry(one).or_default() += 1;
            }
        }
        sleep(INTERVAL).await;
    }
}
