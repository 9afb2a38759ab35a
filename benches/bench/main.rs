//! What a user feels, in one run and as ratios: `cargo bench --bench bench`.
//!
//! The floor is a bare TCP echo of a stroke's bytes on one connection. Everything else runs in the
//! real binary, one process per service, on loopback. Absolute times depend on the machine and its
//! other work; the ratios do not, so the targets are ratios. `-- --record` writes the figures beside
//! this file, so that the next run is compared with them.

#![expect(clippy::print_stdout, reason = "it prints a table")]

mod figures;
mod floor;
mod lamp;
mod load;
mod page;
mod pressure;
mod scrape;
#[path = "../../tests/it/support/mod.rs"]
mod support;

use std::time::Duration;

use figures::Figures;
use support::memory::kib;
use support::process::Process;

fn main() {
    server::open_files::raise_limit();
    let mut figures = Figures::new();
    figures.add("binary size, MB", size_of_binary(), Some(4.8));

    let ping = Process::start(&["player", "--side", "ping"]);
    let pong = Process::start(&["player", "--side", "pong"]);
    let (at_ping, at_pong) = (ping.listen.to_string(), pong.listen.to_string());
    let manager = Process::start(&["manager", "--ping", &at_ping, "--pong", &at_pong]);
    let at_manager = manager.listen.to_string();
    let proxy = Process::start(&["proxy", "--managers", &at_manager]);
    let services = [("player", &ping), ("manager", &manager), ("proxy", &proxy)];
    for (name, service) in services {
        let millis = service.ready_in.as_secs_f64() * 1e3;
        figures.add(&format!("{name}: start to ready, ms"), millis, Some(50.0));
    }
    for (name, service) in services {
        figures.add(&format!("{name}: memory idle, MB"), resident(service), Some(5.0));
    }

    // Each ratio compares what was measured in turns, so that other work affects both alike.
    load::rallies(manager.listen, 1, Duration::from_secs(1));
    let (mut floors, mut strokes) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        floors.extend(floor::echoes(1_000));
        strokes.extend(load::strokes(manager.listen, 150));
    }
    let floor = figures::percentile(&mut floors, 50.0);
    let stroke = figures::percentile(&mut strokes, 50.0);
    figures.add("floor: TCP echo, p50 µs", floor, None);
    figures.add("stroke as the manager plays it, p50 µs", stroke, None);
    figures.add("stroke / floor", stroke / floor, Some(2.5));

    let mut alone = 0.0;
    for clients in [1, 16, 64, 256] {
        let (mut direct, mut proxied) = (load::Load::default(), load::Load::default());
        for _ in 0..4 {
            direct += load::rallies(manager.listen, clients, Duration::from_secs(1));
            proxied += load::rallies(proxy.listen, clients, Duration::from_secs(1));
        }
        let per_second = direct.strokes_per_second();
        let [p50, p99] = [50.0, 99.0].map(|p| direct.percentile(p));
        let proxied_p50 = proxied.percentile(50.0);
        let named = |what: &str| format!("{clients:>3} clients: {what}");
        figures.add(&named("rallies/s at the manager"), direct.rallies_per_second(), None);
        figures.add(&named("strokes/s at the manager"), per_second, None);
        figures.add(&named("rallies/s through the proxy"), proxied.rallies_per_second(), None);
        figures.add(&named("rally p50 at the manager, ms"), p50, None);
        figures.add(&named("rally p50 through the proxy, ms"), proxied_p50, None);
        figures.add(&named("rally p99 at the manager, ms"), p99, None);
        if clients == 1 {
            alone = per_second;
            figures.add(&named("proxied / direct, rally p50"), proxied_p50 / p50, Some(1.25));
        } else if clients == 64 {
            figures.add(&named("strokes/s alone / strokes/s here"), alone / per_second, Some(1.0));
            figures.add(&named("p99 / p50 of a rally"), p99 / p50, Some(5.0));
            let [p50, p99] = [50.0, 99.0].map(|p| direct.stroke_percentile(p));
            figures.add(&named("p99 / p50 of a stroke"), p99 / p50, Some(5.0));
        } else if clients == 256 {
            figures.add(&named("strokes/s alone / strokes/s here"), alone / per_second, Some(1.0));
        }
        assert_eq!(direct.failed + proxied.failed, 0, "a rally failed under load");
    }
    let mut times = lamp::stroke_to_lamp(40);
    let [p50, p99] = [50.0, 99.0].map(|p| figures::percentile(&mut times, p));
    figures.add("rally asked for to lamp lit, p50 ms", p50, Some(20.0));
    figures.add("rally asked for to lamp lit, p99 ms", p99, None);

    let light = lamp::light(manager.listen);
    let (mut followed, mut unfollowed) = (load::Load::default(), load::Load::default());
    let (mut spent, second) = (0.0, Duration::from_secs(1));
    for _ in 0..8 {
        unfollowed += load::rallies(manager.listen, 16, second);
        let subscribers = lamp::Subscribers::new(manager.listen, 20);
        let before = lamp::processor_time(&light);
        followed += load::rallies(manager.listen, 16, second);
        spent += lamp::processor_time(&light) - before;
        drop(subscribers);
    }
    let slower = unfollowed.strokes_per_second() / followed.strokes_per_second();
    figures.add("strokes/s without / with 20 subscribers", slower, Some(1.05));
    figures.add("light: of a core under its manager's load, %", spent / 8.0 * 100.0, Some(3.0));
    figures.add("light: memory under its manager's load, MB", resident(&light), Some(5.0));

    let (mut scraped, mut unscraped) = (load::Load::default(), load::Load::default());
    for _ in 0..8 {
        unscraped += load::rallies(manager.listen, 16, second);
        let scrapes = scrape::Scrapes::of(manager.admin);
        scraped += load::rallies(manager.listen, 16, second);
        drop(scrapes);
    }
    let slower = unscraped.strokes_per_second() / scraped.strokes_per_second();
    figures.add("strokes/s without / with a scrape each second", slower, Some(1.03));

    let [at_rest, loaded] = page::kilobytes_per_second();
    figures.add("page of 40 nodes: at rest, KB/s", at_rest, Some(4.0));
    figures.add("page of 40 nodes: with 32 clients, KB/s", loaded, Some(20.0));

    for (name, service) in services {
        figures.add(
            &format!("{name}: memory after 256 clients, MB"),
            resident(service),
            Some(12.0),
        );
    }
    pressure::crowd(&mut figures, proxy.listen);
    pressure::slow_beside_fast(&mut figures, proxy.listen);
    pressure::hung(&mut figures);
    figures.report(std::env::args().any(|argument| argument == "--record"));
}

fn size_of_binary() -> f64 {
    let binary = std::fs::metadata(env!("CARGO_BIN_EXE_swarm-pong")).expect("the binary");
    binary.len() as f64 / 1e6
}

/// Returns the resident memory of a process in MB; zero where there is no /proc.
fn resident(service: &Process) -> f64 {
    let path = format!("/proc/{}/status", service.id());
    let status = std::fs::read_to_string(path).unwrap_or_default();
    kib(&status, "VmRSS").unwrap_or_default() * 1024.0 / 1e6
}
