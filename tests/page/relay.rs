//! A server in front of a proxy, as nginx or Caddy would be.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Passes requests below a path on to a proxy, without that path; stopped when dropped.
pub(crate) struct Relay {
    /// The URL of the page.
    pub(crate) url: String,
    task: JoinHandle<()>,
}

/// What does not arrive: a path, and how many times a 408 comes instead.
#[derive(Default)]
pub(crate) struct Missing {
    path: &'static str,
    times: AtomicU32,
}

impl Missing {
    pub(crate) fn new(path: &'static str, times: u32) -> Self {
        Self { path, times: times.into() }
    }

    fn is(&self, path: &str) -> bool {
        let fewer = |times: u32| times.checked_sub(1);
        path == self.path
            && self.times.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer).is_ok()
    }
}

impl Relay {
    /// Starts one at a path such as `/pong`.
    pub(crate) async fn start(below: &'static str, proxy: SocketAddr, missing: Missing) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}{below}/", listener.local_addr().expect("bound"));
        let missing = Arc::new(missing);
        let task = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(pass(connection, below, proxy, Arc::clone(&missing)));
            }
        });
        Self { url, task }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Passes the request of one connection on; browsers open another for the next.
async fn pass(
    connection: TcpStream,
    below: &str,
    proxy: SocketAddr,
    missing: Arc<Missing>,
) -> std::io::Result<()> {
    let mut client = BufReader::new(connection);
    let mut request = String::new();
    while client.read_line(&mut request).await? > 2 {}
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let Some(path) = path.strip_prefix(below).filter(|path| path.starts_with('/')) else {
        return client
            .write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .await;
    };
    if missing.is(path) {
        return client
            .write_all(
                b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            )
            .await;
    }
    let (_, headers) = request.split_once("\r\n").unwrap_or_default();
    let headers = headers.replace("Connection: keep-alive", "Connection: close");
    let mut upstream = TcpStream::connect(proxy).await?;
    upstream.write_all(format!("GET {path} HTTP/1.1\r\n{headers}").as_bytes()).await?;
    copy_bidirectional(&mut client, &mut upstream).await?;
    Ok(())
}
