//! The network before a task: a relay of TCP connections that can be cut or fall silent.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The state of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// Everything passes.
    Up,
    /// Nothing passes; it arrives once the link is up again, as packets do that are sent again.
    Silent,
    /// Connections are reset, and so is each new one.
    Cut,
}

/// A relay to one task.
pub(crate) struct Relay {
    /// The address at which others reach the task.
    pub(crate) address: SocketAddr,
    link: watch::Sender<Link>,
}

impl Relay {
    /// Starts a relay to a task.
    pub(crate) async fn start(task: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (link, state) = watch::channel(Link::Up);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(pass(connection, task, state.clone()));
            }
        });
        Self { address, link }
    }

    /// Changes the state of the network.
    pub(crate) fn set(&self, link: Link) {
        self.link.send_replace(link);
    }
}

/// Passes one connection on until it ends or the link is cut.
async fn pass(mut caller: TcpStream, task: SocketAddr, link: watch::Receiver<Link>) {
    let Ok(mut called) = TcpStream::connect(task).await else { return reset(&caller) };
    for connection in [&caller, &called] {
        connection.set_nodelay(true).expect("an option");
    }
    let mut cut = link.clone();
    let (from_caller, to_caller) = caller.split();
    let (from_called, to_called) = called.split();
    let passed = async {
        let there = pump(from_caller, to_called, link.clone());
        tokio::try_join!(there, pump(from_called, to_caller, link.clone()))
    };
    let ended = tokio::select! {
        ended = passed => ended.is_ok(),
        _ = cut.wait_for(|link| *link == Link::Cut) => false,
    };
    if !ended {
        reset(&caller);
        reset(&called);
    }
}

async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut link: watch::Receiver<Link>,
) -> io::Result<()> {
    let mut piece = [0; 8192];
    loop {
        let length = from.read(&mut piece).await?;
        // An error means that the relay has ended, and the connection with it.
        let _ = link.wait_for(|link| *link != Link::Silent).await;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&piece[..length]).await?;
    }
}

/// Has a connection end with a reset when it is dropped.
fn reset(connection: &TcpStream) {
    // It may have ended already.
    let _ = connection.set_zero_linger();
}
