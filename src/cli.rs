//! The command line.

use std::error::Error;
use std::io::{IsTerminal, Write, stdout};
use std::thread::available_parallelism;

use clap::{Args, Parser, Subcommand};
use court::options::Options;
use court::serve::Doors;
use court::{log, stop};
use tokio_util::sync::CancellationToken;

use crate::demo::{Demo, DemoOptions};
use crate::healthcheck::{self, HealthcheckOptions};

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
    /// Starts players, managers, and a proxy for each node, each with sockets of its own on
    /// loopback, says where they are, and plays a rally for every request:
    ///
    ///   curl localhost:3000
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

    /// The public door: passes requests on to managers and scoreboards
    ///
    /// GET / is a scoreboard's page for a browser and a rally for anyone else; /rally is always a
    /// rally. Nothing else inside the cluster can be reached through it.
    Proxy(Service<proxy::Options>),

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

/// Runs what the command line says, until it is over or a signal ends it.
///
/// # Errors
///
/// What kept it from starting or going on, in words for the person who started it.
pub fn run(cli: Cli) -> Result<(), Failure> {
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
            Some(Command::Proxy(Service { own, common })) => {
                let start = Start::new(common)?;
                let me = start.common.me("proxy");
                Ok(proxy::run(own, me, start.doors, start.workers, start.stop).await?)
            }
            Some(Command::Healthcheck(options)) => Ok(healthcheck::run(options).await?),
        }
    });
    // A name that is being looked up is waited for otherwise, seconds after all else is over.
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
        Ok(Self {
            doors: Doors::open(common.listen, common.admin)?.released_as(common.release.clone()),
            workers: available_parallelism()?.get(),
            stop: stop::on_signal()?,
            common,
        })
    }
}

async fn demo(options: DemoOptions) -> Result<(), Failure> {
    log::init(options.log.log, options.log.log_level);
    let demo = Demo::start(options, stop::on_signal()?)?;
    let colour = stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    // Nobody may be reading; the cluster plays on.
    let _ = write!(stdout(), "{}", demo.welcome(colour));
    Ok(demo.wait().await?)
}
