//! Every task gets its fair share.

use std::collections::HashMap;

use protocol::event::{RallyEnd, RallyResult, Stroke};

use crate::support::http::{Connection, get};
use crate::support::services::Cluster;
use crate::support::wait::until_ready;

/// Plays rallies on eight connections at once and returns each task's strokes.
async fn strokes(cluster: &Cluster, rallies: usize) -> HashMap<String, u32> {
    let clients = (0..8).map(|client| {
        let proxy = cluster.nodes[client % cluster.nodes.len()].proxy;
        tokio::spawn(async move {
            let mut client = Connection::open(proxy).await.expect("connected");
            let mut tasks = Vec::new();
            for _ in 0..rallies / 8 {
                let request =
                    "GET / HTTP/1.1\r\nHost: test\r\nAccept: application/x-ndjson\r\n\r\n";
                client.send(request).await.expect("sent");
                let response = client.response().await.expect("a complete rally");
                let (end, strokes) = response.ndjson::<Stroke, RallyResult>();
                assert!(matches!(end.end, RallyEnd::Ping | RallyEnd::Pong | RallyEnd::Draw));
                tasks.extend(strokes.into_iter().map(|stroke| stroke.player.name.to_string()));
            }
            tasks
        })
    });
    let mut strokes = HashMap::new();
    for client in clients.collect::<Vec<_>>() {
        for task in client.await.expect("a client") {
            *strokes.entry(task).or_default() += 1;
        }
    }
    strokes
}

#[tokio::test]
async fn each_of_four_players_plays_within_ten_percent_of_its_fair_share() {
    let cluster = Cluster::start(&["--players", "4"]);
    let strokes = strokes(&cluster, 1_000).await;
    for side in ["ping.", "pong."] {
        let of_side = strokes.iter().filter(|(task, _)| task.starts_with(side));
        let of_side: Vec<f64> = of_side.map(|(_, count)| f64::from(*count)).collect();
        assert_eq!(of_side.len(), 4, "{strokes:?}");
        let fair = of_side.iter().sum::<f64>() / 4.0;
        assert!(of_side.iter().all(|count| (count / fair - 1.0).abs() <= 0.1), "{strokes:?}");
    }
}

#[tokio::test]
async fn proxies_use_managers_round_robin() {
    let cluster = Cluster::start(&["--managers", "4", "--nodes", "1"]);
    until_ready(cluster.nodes[0].admin, "manager", 4).await;
    let mut rallies: HashMap<String, u32> = HashMap::new();
    for _ in 0..40 {
        let answer = get(cluster.proxy(), "/", &[]).await;
        *rallies.entry(answer.header("pong-manager").to_owned()).or_default() += 1;
    }
    assert_eq!(rallies.values().copied().collect::<Vec<_>>(), [10; 4], "{rallies:?}");
}
