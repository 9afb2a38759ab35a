//! A server that answers probes as no proxy does.

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use protocol::id::InstanceId;
use protocol::probe::ProbeReport;
use protocol::service::Service;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

use crate::support::peer::{answer_check, sign, whoami};

/// What it does with a probe.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behavior {
    /// It answers.
    Answer,
    /// It answers probes without a body, and not the others.
    SwallowLarge,
    /// It reads, and does not answer.
    Hang,
    /// It closes instead of answering.
    Close,
}

/// What a request's first line contains, and the answer to it.
type Answers = Vec<(String, String)>;

/// A fake proxy, which runs until it is dropped.
pub(crate) struct FakeProxy {
    pub(crate) address: SocketAddr,
    behavior: Arc<Mutex<Behavior>>,
    _serving: AbortOnDropHandle<()>,
}

impl FakeProxy {
    /// Starts one that answers as the proxy of a node that has measured nothing.
    pub(crate) async fn start(node: &str) -> Self {
        Self::on_node(node, &[("/whoami", &ok(&whoami(Service::Proxy, &task(node))))]).await
    }

    /// Starts one that answers probes alone, as the proxy of a node that scoreboards cannot reach.
    pub(crate) async fn out_of_reach(node: &str) -> Self {
        Self::on_node(node, &[("/whoami", "")]).await
    }

    async fn on_node(node: &str, answers: &[(&str, &str)]) -> Self {
        let listener = listener().await;
        let admin = listener.local_addr().ok();
        let (proxy, instance) = (task(node).parse().expect("a task"), Some(InstanceId::new(9)));
        let report = ProbeReport {
            proxy,
            instance,
            admin,
            udp: None,
            paths: Vec::new(),
            left: Vec::new(),
            ports: None,
        };
        let report = ok(&serde_json::to_string(&report).expect("JSON"));
        Self::serve(listener, &[answers, &[("", report.as_str())]].concat())
    }

    /// Starts one that answers everything with this.
    pub(crate) async fn answering(answer: impl AsRef<str>) -> Self {
        Self::serving(&[("", answer.as_ref())]).await
    }

    /// Starts one that answers requests whose first line contains the first with the second.
    pub(crate) async fn serving(answers: &[(&str, &str)]) -> Self {
        Self::serve(listener().await, answers)
    }

    fn serve(listener: TcpListener, answers: &[(&str, &str)]) -> Self {
        let own = |(part, answer): &(&str, &str)| ((*part).to_owned(), (*answer).to_owned());
        let answers: Arc<Answers> = Arc::new(answers.iter().map(own).collect());
        let address = listener.local_addr().expect("bound");
        let behavior = Arc::new(Mutex::new(Behavior::Answer));
        let current = Arc::clone(&behavior);
        let serving = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, Arc::clone(&answers), Arc::clone(&current)));
            }
        });
        Self { address, behavior, _serving: AbortOnDropHandle::new(serving) }
    }

    /// Changes what it does from now on.
    pub(crate) fn behave(&self, behavior: Behavior) {
        *self.behavior.lock() = behavior;
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}

fn task(node: &str) -> String {
    format!("proxy.9@{node}")
}

/// Returns a response with this body.
pub(crate) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

async fn serve(mut connection: TcpStream, answers: Arc<Answers>, behavior: Arc<Mutex<Behavior>>) {
    let mut request = Vec::new();
    let (head, length): (usize, usize) = loop {
        if !matches!(connection.read_buf(&mut request).await, Ok(1..)) {
            return;
        }
        if let Some(end) = request.windows(4).position(|end| end == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            break (end + 4, length.and_then(|length| length.parse().ok()).unwrap_or(0));
        }
    };
    let is_large = length > 0;
    let behavior = *behavior.lock();
    match behavior {
        Behavior::Close => return,
        Behavior::SwallowLarge if !is_large => {}
        Behavior::Hang | Behavior::SwallowLarge => {
            // Until the other side gives up.
            while matches!(connection.read_buf(&mut request).await, Ok(1..)) {}
            return;
        }
        Behavior::Answer => {}
    }
    // Closing with something unread would reset the connection.
    while request.len() < head + length {
        if !matches!(connection.read_buf(&mut request).await, Ok(1..)) {
            return;
        }
    }
    let line = String::from_utf8_lossy(&request[..head]).lines().next().map(str::to_owned);
    let line = line.unwrap_or_default();
    let answer = answers.iter().find(|(part, _)| line.contains(part.as_str()));
    // The other side may have given up.
    let answer = answer.map_or("", |(_, text)| text);
    let request = String::from_utf8_lossy(&request[..head]);
    let answer = answer_check(&request).unwrap_or_else(|| sign(&request, answer.as_bytes()));
    let _ = connection.write_all(&answer).await;
}
