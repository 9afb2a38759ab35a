use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::*;

fn options() -> Options {
    let nobody: client::targets::Targets = "127.0.0.1:1".parse().expect("a target");
    Options { managers: nobody.clone(), scoreboards: nobody.clone(), tasks: nobody }
}

#[tokio::test]
async fn a_background_task_that_dies_stops_the_service_with_an_error() {
    for name in ["discovery of 127.0.0.1:1", "feeds", "showcase", "sync", "polling", "publisher"] {
        let task = "scoreboard.1@pi1".parse().expect("a task");
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let shutdown = CancellationToken::new();
        let start = Start::local(Service::Scoreboard, task, listen, shutdown).expect("free ports");
        let tasks = start.tasks();
        let abort = async {
            while !tasks.names().iter().any(|running| running == "publisher") {
                tokio::task::yield_now().await;
            }
            tasks.abort(name);
        };
        let running = async { tokio::join!(run(options(), start), abort).0 };
        let outcome = timeout(Duration::from_secs(60), running).await.expect("ends by itself");
        let error = outcome.expect_err("not without its task");
        assert_eq!(error.to_string(), format!("background task '{name}' was aborted"));
    }
}
