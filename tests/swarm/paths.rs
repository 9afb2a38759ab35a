//! The knock-up: each broken path is named, with its cause, through every node's port and by the
//! command; no other is; and it is cleared when it heals.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::join_all;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::load::STEADY;
use crate::prometheus::Prometheus;
use crate::stage::{Excuse, Scene, Stage};
use crate::swarm::{Engine, NODES, cluster, running, until, until_running};

/// How soon a broken path must be named, and one that has healed cleared.
const IN_TIME: Duration = Duration::from_secs(15);

/// The nodes between which packets are lost.
const FROM: &str = "pi1";
const TO: &str = "pi2";

/// The node whose proxy is killed.
const VICTIM: &str = "pi3";

/// From which size on packets are dropped where only large ones are: with 50 bytes around it less
/// than the overlay's MTU of 1,450, and more than any knock but a large one.
const LARGE: &str = "1400";

/// How many answers of a node must be the same: it asks its two scoreboards in turn.
const IN_A_ROW: usize = 4;

/// How long the bytes of knocks are counted: several large ones of each pair.
const COUNTED: Duration = Duration::from_secs(20);

/// The most bytes a second that the knocks of a pair may take, on the wire between the nodes.
const A_PAIR: f64 = 1024.0;

/// What Prometheus scrapes: 14 tasks, a node exporter on every node, and itself.
const TARGETS: usize = 18;

/// How far its rate and the clients' may be apart: it scrapes each 5 s, so it sees another 15 s.
const RATES_APART: f64 = 0.15;

/// The broken paths, such as `pi1>pi2`, with their causes.
type Broken = BTreeMap<String, String>;

pub(crate) async fn each_trouble_named(stage: &mut Stage) {
    let prometheus = Prometheus::deploy().await;
    stage
        .play("paths: all six well", STEADY, async |scene| {
            told(scene, &NODES, [&Broken::new(); 2], "well").await;
            command(scene, 0).await;
            cost(scene).await;
            scraped(scene, &prometheus).await;
            Excuse::default()
        })
        .await;
    for (name, bytes, cause) in [
        ("paths: one direction of one link dropped", None, "timeout"),
        ("paths: large packets of one direction dropped", Some(LARGE), "large_packets"),
    ] {
        stage
            .play(name, STEADY, async |scene| {
                let packets: Vec<&str> = [FROM, TO].into_iter().chain(bytes).collect();
                cluster(&[&["drop"], &packets[..]].concat()).await;
                // A connection needs both directions; a large packet goes in one.
                let ways = if bytes.is_some() { &["pi1>pi2"][..] } else { &["pi1>pi2", "pi2>pi1"] };
                let well = Broken::new();
                let broken = ways.iter().map(|way| ((*way).to_owned(), cause.to_owned())).collect();
                told(scene, &NODES, [&well, &broken], "named").await;
                command(scene, 1).await;
                alerted(scene, &prometheus, &broken).await;
                cluster(&[&["pass"], &packets[..]].concat()).await;
                told(scene, &NODES, [&broken, &well], "cleared").await;
                alerted(scene, &prometheus, &well).await;
                Excuse { nodes: vec![FROM, TO], ..Excuse::default() }
            })
            .await;
    }
    stage
        .play("paths: a proxy killed as often as it comes", STEADY, async |scene| {
            let mut killed = Vec::new();
            let ways = ["pi1>pi3", "pi2>pi3"].map(|way| (way.to_owned(), "no_dns".to_owned()));
            let (well, broken) = (Broken::new(), Broken::from(ways));
            let named = told(scene, &[FROM, TO], [&well, &broken], "named");
            tokio::select! {
                biased;
                () = named => {}
                () = keep_killing(&mut killed) => {}
            }
            command(scene, 1).await;
            told(scene, &[FROM, TO], [&broken, &well], "cleared").await;
            until_running("pong_proxy", NODES.len(), 20).await;
            Excuse { killed, ..Excuse::default() }
        })
        .await;
}

/// Checks that Prometheus finds every task and every node, and counts what clients count.
async fn scraped(scene: &mut Scene, prometheus: &Prometheus) {
    let mut targets = Vec::new();
    until("all targets are up", 60, async || {
        targets = prometheus.targets().await;
        targets.len() == TARGETS && targets.iter().all(|target| target.ends_with(" up"))
    })
    .await;
    scene.note(format!("Prometheus has {TARGETS} targets, all up:\n   {}", targets.join("\n   ")));
    let query = "sum(rate(pong_rallies_total[15s]))";
    let told = prometheus.number(query).await.unwrap_or_default();
    let since = SystemTime::now() - Duration::from_secs(15);
    let records = scene.load.records();
    let got = records.iter().filter(|record| record.came.is_ok() && record.ended() >= since);
    let got = got.count() as f64 / 15.0;
    drop(records);
    scene.note(format!("{query} = {told:.1}; clients got {got:.1} a second in the last 15 s"));
    let close = (told - got).abs() <= RATES_APART * got;
    scene.check(close, format!("Prometheus counts {told:.1} a second, clients {got:.1}"));
}

/// Checks that the alert fires for these pairs and no others. Prometheus may itself be cut off from
/// the node that would tell it of one direction; one of them it always hears of.
async fn alerted(scene: &mut Scene, prometheus: &Prometheus, broken: &Broken) {
    let begun = Instant::now();
    let mut firing = BTreeSet::new();
    until(&format!("PongPairBroken for {broken:?}"), 30, async || {
        firing = prometheus.broken().await;
        firing.is_empty() == broken.is_empty() && firing.iter().all(|way| broken.contains_key(way))
    })
    .await;
    let seconds = begun.elapsed().as_secs_f64();
    scene.note(format!("PongPairBroken fires for {firing:?}, {seconds:.1} s later"));
}

/// Waits until each of these nodes tells that exactly these paths are broken, and checks how long it
/// took and that nobody told of others than these and those before.
async fn told(
    scene: &mut Scene,
    through: &[&'static str],
    [before, broken]: [&Broken; 2],
    what: &str,
) {
    let client = Client::builder().no_proxy().timeout(Duration::from_secs(5)).build();
    let client = client.expect("a client");
    let begun = Instant::now();
    let mut since: BTreeMap<&str, (usize, f64)> = BTreeMap::new();
    let mut others = Vec::new();
    until(&format!("{broken:?} through {through:?}"), 40, async || {
        let answers = join_all(through.iter().map(|node| ask(&client, node))).await;
        for (node, answer) in through.iter().zip(answers) {
            let Some(answer) = answer else { continue };
            if answer == *broken {
                since.entry(node).or_insert((0, begun.elapsed().as_secs_f64())).0 += 1;
            } else {
                since.remove(node);
            }
            let unknown = |way: &&String| !broken.contains_key(*way) && !before.contains_key(*way);
            others.extend(answer.keys().find(unknown).map(|way| format!("{node} named {way}")));
        }
        since.len() == through.len() && since.values().all(|(times, _)| *times >= IN_A_ROW)
    })
    .await;
    let slowest = since.values().map(|(_, time)| *time).fold(0.0, f64::max);
    let each = since.iter().map(|(node, (_, time))| format!("{node} {time:.1} s"));
    let each: Vec<String> = each.collect();
    scene.note(format!("{what} {broken:?}: {}", each.join(", ")));
    let late = format!("{what} only after {slowest:.1} s: {broken:?}");
    scene.check(slowest <= IN_TIME.as_secs_f64(), late);
    others.dedup();
    scene.check(others.is_empty(), format!("others were named: {others:?}"));
}

/// The broken paths as a node's port tells them; none when nobody answers.
async fn ask(client: &Client, node: &str) -> Option<Broken> {
    let url = format!("http://10.99.0.{}:3000/paths", node.trim_start_matches("pi"));
    let text = client.get(url).send().await.ok()?.error_for_status().ok()?.text().await.ok()?;
    let told: Value = serde_json::from_str(&text).expect("JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    // Before all pairs are measured nobody can say that all are well.
    let all = told["measured"].as_u64() >= Some(4) && told["nodes"] == 3;
    let broken = told["paths"].as_array().expect("a list").iter();
    let broken = broken.filter(|path| path["trouble"] == "broken");
    let broken = broken.map(|path| {
        (format!("{}>{}", text(&path["from"]), text(&path["to"])), text(&path["cause"]))
    });
    all.then(|| broken.collect())
}

/// Runs `swarm-pong paths` as an operator does.
async fn command(scene: &mut Scene, code: i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swarm-pong"));
    let output = command.args(["paths", "http://10.99.0.1:3000"]).output().await;
    let output = output.expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    scene.note(format!("swarm-pong paths: exit code {:?}\n{said}", output.status.code()));
    scene.check(output.status.code() == Some(code), format!("exit code {:?}", output.status));
}

/// Counts what the knocks of each pair take, both ways, and checks that it is little.
async fn cost(scene: &mut Scene) {
    let mut proxies = Vec::new();
    for task in running("pong_proxy").await {
        let node = *NODES.iter().find(|node| **node == task.node).expect("a node");
        let path = format!("/containers/{}/json", task.container);
        let container = Engine::of(node).json(&path, json!({})).await.expect("a container");
        let network = &container["NetworkSettings"]["Networks"]["ping-pong-net"];
        let address = network["IPAddress"].as_str().expect("an address").to_owned();
        proxies.push((node, container["State"]["Pid"].to_string(), address));
    }
    let tables = async |node: &str, pid: &str, arguments: &str| {
        let path = format!("PATH=/var/lib/swarm-pong-cluster/{node}/bin:$PATH");
        let line = format!("{path}; for rule in {arguments}; do iptables --wait $rule; done");
        cluster(&["enter", node, pid, "sh", "-c", &line]).await
    };
    let rules = |change: &str, own: &str| {
        let others = proxies.iter().filter(|(_, _, address)| address != own);
        let two = |(_, _, other): &(_, _, String)| {
            format!(
                "'{change} OUTPUT -p tcp -d {other} --dport 3001' \
                 '{change} INPUT -p tcp -s {other} --sport 3001' "
            )
        };
        others.map(two).collect::<String>()
    };
    for (node, pid, address) in &proxies {
        tables(node, pid, &rules("-A", address)).await;
    }
    let begun = Instant::now();
    until("enough is counted", 30, async || begun.elapsed() >= COUNTED).await;
    let seconds = begun.elapsed().as_secs_f64();
    let (mut packets, mut bytes) = (0, 0);
    for (node, pid, address) in &proxies {
        let counted = tables(node, pid, "'-nvxL'").await;
        for line in counted.lines().filter(|line| line.contains(":3001")) {
            let mut counts = line.split_whitespace().map_while(|word| word.parse::<u64>().ok());
            packets += counts.next().expect("packets");
            bytes += counts.next().expect("bytes");
        }
        tables(node, pid, &rules("-D", address)).await;
    }
    let pairs = (NODES.len() * (NODES.len() - 1)) as f64;
    let [packets, bytes] = [packets, bytes].map(|count: u64| count as f64 / seconds / pairs);
    let wire = bytes + 50.0 * packets;
    scene.note(format!(
        "knocks take {bytes:.0} B/s a pair, {wire:.0} with VXLAN's headers, in {packets:.1} packets/s"
    ));
    scene.check((1.0..=A_PAIR).contains(&wire), format!("{wire:.0} B/s a pair"));
}

/// Kills each container of the victim's proxy as soon as it runs, for ever.
async fn keep_killing(killed: &mut Vec<String>) {
    let engine = Engine::of(VICTIM);
    let filters = json!({ "label": ["com.docker.swarm.service.name=pong_proxy"] });
    loop {
        until("a container to kill", 60, async || {
            let containers = engine.json("/containers/json", filters.clone()).await;
            let containers = containers.expect("a list");
            let ids = containers.as_array().into_iter().flatten().map(|one| &one["Id"]);
            let new = ids.filter_map(Value::as_str).find(|id| !killed.iter().any(|old| old == id));
            let Some(id) = new.map(str::to_owned) else { return false };
            killed.push(id.clone());
            cluster(&["docker", VICTIM, "kill", &id]).await;
            true
        })
        .await;
    }
}
