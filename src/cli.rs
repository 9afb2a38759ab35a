//! The command line.

use std::error::Error;
use std::io::{IsTerminal, Write, stdout};
use std::process::ExitCode;
use std::thread::available_parallelism;

use clap::{Args, Parser, Subcommand};
use court::options::{Log, Options};
use court::serve::Doors;
use court::{log, stop};
use tokio_util::sync::CancellationToken;

use crate::demo::{Demo, DemoOptions};
use crate::healthcheck::{self, HealthcheckOptions};
use crate::panel::Panel;
use crate::paths::{self, PathsOptions};

/// A table-tennis match played by a Docker Swarm of Raspberry Pis
///
/// Two kinds of player, ping and pong, trade HIT and MISS over HTTP; a manager referees; a proxy on
/// every node publishes port 3000; every request to it plays a rally. Without a command, the whole
/// cluster runs in this process: see 'swarm-pong demo --help'.
///
/// Every option can also be given as an environment variable, named in its help. A bad value is
/// refused with exit code 2; a service that cannot start or go on ends with exit code 1; SIGTERM
/// and Ctrl-C let running rallies finish and end with exit code 0 within 5 seconds.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    demo: DemoOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole cluster in this process, with simulated nodes
    ///
    /// Starts players, managers, a scoreboard, and a proxy and a light for each node, each with
    /// sockets of its own on loopback, says where they are, and plays a rally for every request:
    ///
    ///   curl localhost:3000
    ///
    /// A browser at the same address shows the cluster playing.
    #[command(verbatim_doc_comment)]
    Demo(DemoOptions),

    /// Ping or pong: answers each request with HIT or MISS
    ///
    /// GET / answers HIT or MISS as text, or the stroke with task, node and side as JSON.
    Player(Service<player::Options>),

    /// The referee: plays a rally for each request and publishes the feed
    ///
    /// GET / plays a rally: as text, or as JSON or NDJSON by the Accept header. ?who names the task
    /// and node of each stroke and its time, ?pace=300ms slows it down for people. GET /events is
    /// the feed, as server-sent events.
    Manager(Service<manager::Options>),

    /// The score of all managers, and a page that shows the whole cluster playing
    ///
    /// GET / is the page, /score everything it shows as JSON, /events the same as it changes. It
    /// follows every manager's feed and asks every task who it is; it needs no Docker socket. Any
    /// number of scoreboards keep the same score and tell each other what they have heard.
    Scoreboard(Service<scoreboard::Options>),

    /// The public door: passes requests on to managers and scoreboards
    ///
    /// GET / is a scoreboard's page for a browser and a rally for anyone else; /rally is always a
    /// rally. Nothing else inside the cluster can be reached through it.
    Proxy(Service<proxy::Options>),

    /// The lamp of a node: shows what the managers tell of the players and the proxy there
    ///
    /// Green for a HIT by a player here, red for a MISS, yellow while the proxy here carries the
    /// rally; a stroke each 150 ms, so that the ball is seen to travel from node to node. It serves
    /// the admin port alone; --listen is of no use to it.
    Light(Service<light::Options>),

    /// Prints how every path between two nodes is, the worst first
    ///
    /// Asks any node's port 3000 what the proxies have measured of each other's nodes and what the
    /// strokes took. A path is broken after three knocks in a row without an answer; the cause and
    /// what to look at are told below the table. Times are in milliseconds.
    ///
    /// Exit code: 0 no path is broken, 1 one is, 2 the arguments are wrong, 3 it could not be found
    /// out, since nothing that knows answered.
    Paths(PathsOptions),

    /// Tells by its exit code whether the service beside it is healthy
    ///
    /// For Docker's HEALTHCHECK, since an image from scratch has no curl: asks the service's own
    /// admin port for up to 2 seconds and ends with 0 when it answers, with 1 when it does not.
    Healthcheck(HealthcheckOptions),
}

/// Holds a service's own options and those that every service has.
#[derive(Args, Debug)]
struct Service<O: Args> {
    #[command(flatten)]
    own: O,

    #[command(flatten)]
    common: Options,
}

/// Says what went wrong, for the person who started it.
pub type Failure = Box<dyn Error>;

/// Runs what the command line says, until it is over or a signal ends it; returns the exit code.
///
/// # Errors
///
/// What kept it from starting or going on, in words for the person who started it.
pub fn run(cli: Cli) -> Result<ExitCode, Failure> {
    // Services do their work on threads of their own; this one discovers and waits.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        match cli.command {
            None => demo(cli.demo).await,
            Some(Command::Demo(options)) => demo(options).await,
            Some(Command::Player(Service { own, common })) => {
                let start = Start::new(common)?;
                let me = start.common.me(own.side.name());
                Ok(player::run(own, me, start.doors, start.workers, start.stop).await?)
            }
            Some(Command::Manager(Service { own, common })) => {
                let start = Start::new(common)?;
                let me = start.common.me("manager");
                Ok(manager::run(own, me, start.doors, start.workers, start.stop).await?)
            }
            Some(Command::Scoreboard(Service { own, common })) => {
                let start = Start::new(common)?;
                let me = start.common.me("scoreboard");
                Ok(scoreboard::run(own, me, start.doors, start.workers, start.stop).await?)
            }
            Some(Command::Proxy(Service { own, common })) => {
                let start = Start::new(common)?;
                let me = start.common.me("proxy");
                Ok(proxy::run(own, me, start.doors, start.workers, start.stop).await?)
            }
            Some(Command::Light(Service { own, common })) => light(own, common).await,
            Some(Command::Paths(options)) => {
                let colour = stdout().is_terminal() && colour();
                return Ok(paths::run(&options, colour, &mut stdout()).await?);
            }
            Some(Command::Healthcheck(options)) => Ok(healthcheck::run(options).await?),
        }
        .map(|()| ExitCode::SUCCESS)
    });
    // The system's resolver cannot be interrupted; one that hangs must not keep a service from its
    // end for ten seconds (resolv.conf(5): two attempts of five).
    runtime.shutdown_background();
    outcome
}

/// Holds what every service needs to start.
struct Start {
    common: Options,
    doors: Doors,
    workers: usize,
    stop: CancellationToken,
}

impl Start {
    fn new(common: Options) -> Result<Self, Failure> {
        log::init(common.log.log, common.log.log_level);
        let doors = Doors::open(common.listen, common.admin)?;
        Self::with(doors, common)
    }

    fn with(doors: Doors, common: Options) -> Result<Self, Failure> {
        Ok(Self {
            doors: doors.released_as(common.release.clone()),
            workers: available_parallelism()?.get(),
            stop: stop::on_signal()?,
            common,
        })
    }
}

async fn light(own: light::Options, common: Options) -> Result<(), Failure> {
    log::init(common.log.log, common.log.log_level);
    let me = common.me("light");
    let light::Options { managers, test, lamp } = own;
    if test {
        return Ok(light::test(&lamp, &me, &mut stdout(), stop::on_signal()?).await?);
    }
    let start = Start::with(Doors::open_admin(common.admin)?, common)?;
    let (idle, open) = (lamp.idle, light::opener(lamp, me.clone()));
    // One worker, since nobody asks but the health check and Prometheus.
    Ok(light::run(managers, idle, open, me, start.doors, 1, start.stop).await?)
}

/// Tells whether colours are welcome on a terminal (no-color.org).
fn colour() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

async fn demo(options: DemoOptions) -> Result<(), Failure> {
    let Log { log, log_level } = options.log;
    let colour = colour();
    let panel = Panel::for_terminal(log, colour);
    match &panel {
        Some(panel) => log::init_to(log, log_level, panel.writer()),
        None => log::init(log, log_level),
    }
    let demo = Demo::start(options, panel.as_ref(), stop::on_signal()?)?;
    // Nobody may be reading; the cluster plays on.
    let _ = write!(stdout(), "{}", demo.welcome(stdout().is_terminal() && colour));
    if let Some(panel) = panel {
        panel.show();
    }
    Ok(demo.wait().await?)
}
