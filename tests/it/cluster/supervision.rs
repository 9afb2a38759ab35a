//! A background task that dies takes its service with it, so that Docker replaces it.

use std::io;
use std::net::SocketAddr;

use futures_util::future::BoxFuture;
use protocol::service::Service as Kind;
use protocol::timing::STOP;
use server::start::Start;
use tokio::time::timeout;

use crate::support::http::ask;
use crate::support::ports::reserve_many;
use crate::support::services::{Service, manager_options, run, start, targets};
use crate::support::wait::until_true;

/// Starts a service from the beginning.
type Run = fn(Start, [SocketAddr; 3]) -> BoxFuture<'static, io::Result<()>>;

/// Starts an instance of a service and waits until it serves.
async fn serving(start: Start, addresses: [SocketAddr; 3], run_service: Run) -> Service {
    let service = run(start, |start| run_service(start, addresses));
    until_true("it serves", async || {
        ask(service.admin, "GET", "/healthz", &["Connection: close"]).await.is_ok()
    })
    .await;
    service
}

/// Aborts each background task of a service in an instance of its own, and checks that the service
/// soon ends with an error that names it; returns the names, those of discoveries without addresses.
async fn abort_each_task(kind: Kind, task: &str, run_service: Run) -> Vec<String> {
    // Nobody answers there, so that every background task has to wait for something.
    let ports = reserve_many::<3>();
    let addresses = ports.each_ref().map(|port| port.address);
    let first = start(kind, task);
    let tasks = first.tasks();
    let _first = serving(first, addresses, run_service).await;
    let names = tasks.names();
    for name in &names {
        let start = start(kind, task);
        let tasks = start.tasks();
        let mut service = serving(start, addresses, run_service).await;
        tasks.abort(name);
        let ended = timeout(2 * STOP, &mut service.ended).await;
        let ended = ended.unwrap_or_else(|_| panic!("{kind} goes on without '{name}'"));
        let error = ended.expect("no panic").expect_err("an error");
        assert!(error.to_string().contains(&format!("'{name}'")), "{name}: {error}");
    }
    let short = names.iter().map(|name| name.split(" of ").next().expect("a name").to_owned());
    let mut short: Vec<String> = short.collect();
    short.sort();
    short
}

#[tokio::test]
async fn a_player_has_no_background_tasks() {
    let names = abort_each_task(Kind::Ping, "ping.1@pi1", |start, _| {
        let chance = player::ChanceOptions { hit_chance: "50".parse().expect("valid"), seed: None };
        Box::pin(player::run(player::Options { side: game::Side::Ping, chance }, start))
    });
    assert_eq!(names.await, [""; 0]);
}

#[tokio::test]
async fn a_manager_ends_with_any_of_its_background_tasks() {
    let names = abort_each_task(Kind::Manager, "manager.1@pi1", |start, [ping, pong, _]| {
        let options = manager_options(&[ping], &[pong], &["--play-every", "100ms"]);
        Box::pin(manager::run(options, start))
    });
    assert_eq!(names.await, ["autoplay", "discovery", "discovery", "publisher"]);
}

#[tokio::test]
async fn a_proxy_ends_with_any_of_its_background_tasks() {
    let names = abort_each_task(Kind::Proxy, "proxy.1@pi1", |start, addresses| {
        let [managers, scoreboards, proxies] = addresses.map(|address| targets(&[address]));
        Box::pin(proxy::run(
            proxy::Options { managers, scoreboards, proxies, ports: proxy::PortOptions::default() },
            start,
        ))
    });
    assert_eq!(
        names.await,
        ["datagrams", "discovery", "discovery", "discovery", "goodbye", "probes"]
    );
}

#[tokio::test]
async fn a_scoreboard_ends_with_any_of_its_background_tasks() {
    let names = abort_each_task(Kind::Scoreboard, "scoreboard.1@pi1", |start, addresses| {
        let [managers, scoreboards, tasks] = addresses.map(|address| targets(&[address]));
        Box::pin(scoreboard::run(scoreboard::Options { managers, scoreboards, tasks }, start))
    });
    let discoveries = ["discovery"; 3];
    let others = ["feeds", "polling", "publisher", "showcase", "sync"];
    assert_eq!(names.await, [&discoveries[..], &others].concat());
}

#[tokio::test]
async fn a_light_ends_with_any_of_its_background_tasks() {
    let names = abort_each_task(Kind::Light, "light.1@pi1", |start, [managers, ..]| {
        Box::pin(light::run(light_options(managers), start))
    });
    assert_eq!(names.await, ["discovery", "display", "feeds"]);
}

#[derive(clap::Parser)]
struct LightLine {
    #[command(flatten)]
    options: light::Options,
}

/// Returns the options of a light that logs what its lamp would show.
fn light_options(managers: SocketAddr) -> light::Options {
    let managers = managers.to_string();
    let line = ["light", "--lamp", "simulated", "--managers", &managers];
    <LightLine as clap::Parser>::parse_from(line).options
}
