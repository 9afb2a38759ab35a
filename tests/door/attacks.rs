//! The attacks.

use std::io::Result;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::AsyncReadExt;
use tokio::time::sleep;

use crate::attack::{Attack, Attacker};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n";

/// Returns all attacks.
pub(crate) fn all() -> Vec<Attack> {
    vec![
        Attack {
            name: "pipelined, read slowly",
            service: "proxy",
            connections: 10,
            one: |a| pipelined(a).boxed(),
        },
        Attack {
            name: "pipelined at a player",
            service: "ping",
            connections: 10,
            one: |a| pipelined(a).boxed(),
        },
        Attack {
            name: "250 half heads of 125 KB",
            service: "proxy",
            connections: 250,
            one: |a| half_head(a).boxed(),
        },
        Attack {
            name: "1,000 half heads of 125 KB",
            service: "proxy",
            connections: 1000,
            one: |a| half_head(a).boxed(),
        },
        Attack {
            name: "half heads at a player",
            service: "ping",
            connections: 1000,
            one: |a| half_head(a).boxed(),
        },
        Attack {
            name: "1,000 half heads of 8 KB",
            service: "proxy",
            connections: 1000,
            one: |a| almost_a_head(a).boxed(),
        },
        Attack {
            name: "8 KB half heads at a scoreboard",
            service: "scoreboard",
            connections: 1000,
            one: |a| almost_a_head(a).boxed(),
        },
        Attack {
            name: "2,600 kept alive",
            service: "proxy",
            connections: 2600,
            one: |a| kept_alive(a).boxed(),
        },
        Attack {
            name: "10,000 idle",
            service: "proxy",
            connections: 10_000,
            one: |a| idle(a).boxed(),
        },
        Attack {
            name: "heads of a byte a second",
            service: "proxy",
            connections: 1000,
            one: |a| dripping(a).boxed(),
        },
        Attack {
            name: "5,000 malformed",
            service: "proxy",
            connections: 5000,
            one: |a| malformed(a).boxed(),
        },
        Attack {
            name: "bodies without end",
            service: "proxy",
            connections: 1000,
            one: |a| endless_body(a).boxed(),
        },
        Attack {
            name: "chunks without end",
            service: "scoreboard",
            connections: 1000,
            one: |a| endless_chunks(a).boxed(),
        },
        Attack {
            name: "files, not read",
            service: "proxy",
            connections: 1000,
            one: |a| unread_files(a).boxed(),
        },
        Attack {
            name: "1,000 paced rallies",
            service: "proxy",
            connections: 1000,
            one: |a| paced(a).boxed(),
        },
        Attack {
            name: "1,000 event streams",
            service: "proxy",
            connections: 1000,
            one: |a| events(a).boxed(),
        },
        Attack {
            name: "five of these at once",
            service: "proxy",
            connections: 1000,
            one: |a| any(a).boxed(),
        },
    ]
}

/// Asks as fast as it can, and reads 1 KB every 50 ms.
async fn pipelined(mut attacker: Attacker) -> Result<Attacker> {
    let many = GET.repeat(100);
    let mut read = [0; 1024];
    loop {
        tokio::select! {
            sent = attacker.send(&many) => sent?,
            () = sleep(Duration::from_millis(50)) => {}
        }
        // Whatever is there.
        let _ = attacker.stream.try_read(&mut read);
    }
}

async fn half_head(mut attacker: Attacker) -> Result<Attacker> {
    attacker.send(b"GET / HTTP/1.1\r\nHost: test\r\n").await?;
    for _ in 0..125 {
        attacker.send(format!("X-Padding: {}\r\n", "x".repeat(1000)).as_bytes()).await?;
    }
    Ok(attacker)
}

async fn almost_a_head(mut attacker: Attacker) -> Result<Attacker> {
    let head = format!("GET / HTTP/1.1\r\nHost: test\r\nX-Padding: {}", "x".repeat(8100));
    attacker.send(head.as_bytes()).await?;
    Ok(attacker)
}

async fn kept_alive(mut attacker: Attacker) -> Result<Attacker> {
    attacker.send(b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n").await?;
    attacker.stream.read_exact(&mut [0; 100]).await?;
    Ok(attacker)
}

async fn idle(attacker: Attacker) -> Result<Attacker> {
    Ok(attacker)
}

async fn dripping(mut attacker: Attacker) -> Result<Attacker> {
    loop {
        attacker.send(b"G").await?;
        sleep(Duration::from_secs(1)).await;
    }
}

async fn malformed(mut attacker: Attacker) -> Result<Attacker> {
    attacker.send(b"\x16\x03\x01 this is no HTTP\r\n\r\n").await?;
    attacker.stream.read_to_end(&mut Vec::new()).await?;
    Ok(attacker)
}

async fn endless_body(mut attacker: Attacker) -> Result<Attacker> {
    attacker.send(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 999999999\r\n\r\n").await?;
    loop {
        attacker.send(&[b'x'; 4096]).await?;
    }
}

async fn endless_chunks(mut attacker: Attacker) -> Result<Attacker> {
    attacker
        .send(b"GET /sync HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await?;
    let chunk = [b"1000\r\n".as_slice(), &[b'x'; 4096], b"\r\n"].concat();
    loop {
        attacker.send(&chunk).await?;
    }
}

/// Asks for the largest file again and again, and reads nothing.
async fn unread_files(mut attacker: Attacker) -> Result<Attacker> {
    loop {
        attacker.send(b"GET /page/court.js HTTP/1.1\r\nHost: test\r\n\r\n").await?;
        attacker.send(b"GET /page/page.css HTTP/1.1\r\nHost: test\r\n\r\n").await?;
    }
}

async fn paced(mut attacker: Attacker) -> Result<Attacker> {
    attacker.send(b"GET /?pace=500ms HTTP/1.1\r\nHost: test\r\n\r\n").await?;
    Ok(attacker)
}

async fn events(mut attacker: Attacker) -> Result<Attacker> {
    attacker.send(b"GET /events HTTP/1.1\r\nHost: test\r\n\r\n").await?;
    Ok(attacker)
}

/// Makes one attack after the other, of those that cost most.
async fn any(attacker: Attacker) -> Result<Attacker> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    match NEXT.fetch_add(1, Relaxed) % 5 {
        0 => almost_a_head(attacker).await,
        1 => unread_files(attacker).await,
        2 => pipelined(attacker).await,
        3 => paced(attacker).await,
        _ => events(attacker).await,
    }
}
