//! Prometheus as a manager sees it: all its metrics, once a second.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Scrapes of a service, one a second, until this is dropped.
pub(crate) struct Scrapes {
    enough: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Scrapes {
    pub(crate) fn of(admin: SocketAddr) -> Self {
        let enough = Arc::<AtomicBool>::default();
        let until = Arc::clone(&enough);
        let thread = std::thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                assert!(
                    scrape(admin).contains("pong_stroke_duration_seconds_bucket"),
                    "no histogram"
                );
                std::thread::park_timeout(Duration::from_secs(1));
            }
        });
        Self { enough, thread: Some(thread) }
    }
}

fn scrape(admin: SocketAddr) -> String {
    let mut connection = TcpStream::connect(admin).expect("connected");
    let accept = "Accept: application/openmetrics-text; version=1.0.0";
    let request =
        format!("GET /metrics HTTP/1.1\r\nHost: bench\r\n{accept}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).expect("asked");
    let mut text = String::new();
    connection.read_to_string(&mut text).expect("answered");
    text
}

impl Drop for Scrapes {
    fn drop(&mut self) {
        self.enough.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            thread.join().expect("every scrape is answered");
        }
    }
}
