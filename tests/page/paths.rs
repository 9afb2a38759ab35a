//! The matrix of paths: what is broken stands out and says why.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

use serde_json::json;

use crate::browser::Browser;
use crate::process::Process;

/// A task that calls itself a proxy and tells of the paths between so many nodes, the last of which
/// the first reaches with small packets alone.
fn proxy(nodes: usize) -> SocketAddr {
    let row = |from: usize| {
        let pair = |to: usize| match (from, to) {
            (1, to) if to == nodes => json!([format!("pi{to}"), "large_packets", 310, 900, 32, 16]),
            _ => json!([format!("pi{to}"), null, 310, 900, 32, 0]),
        };
        let pairs: Vec<_> = (1..=nodes).filter(|to| *to != from).map(pair).collect();
        let proxy = json!({ "task": format!("proxy.{from}"), "node": format!("pi{from}") });
        json!({ "age": 0, "row": { "proxy": proxy, "at": null, "pairs": pairs } })
    };
    let report = json!({ "rows": (1..=nodes).map(row).collect::<Vec<_>>() }).to_string();
    let whoami = json!({ "service": "proxy", "task": "proxy.1", "node": "pi1", "version": "1",
        "release": "1", "os": "linux", "arch": "arm", "started": 7 })
    .to_string();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let Ok(mut connection) = connection else { return };
            let mut request = [0; 4096];
            let read = connection.read(&mut request).unwrap_or_default();
            let is_report = request[..read].starts_with(b"GET /knock-up");
            let body = if is_report { &report } else { &whoami };
            let _ = write!(
                connection,
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    address
}

async fn page(nodes: usize) -> (Process, Browser) {
    let (whoami, nobody) = (proxy(nodes).to_string(), "127.0.0.1:1");
    let scoreboard = Process::start(&[
        "scoreboard",
        "--managers",
        nobody,
        "--peers",
        nobody,
        "--whoami",
        &whoami,
    ]);
    let browser = Browser::at(&format!("http://{}", scoreboard.listen)).await;
    browser.until("document.querySelector('td.broken')").await;
    (scoreboard, browser)
}

#[tokio::test]
async fn a_broken_path_stands_out_and_says_why() {
    let (_scoreboard, browser) = page(3).await;
    let text = browser.ask("document.querySelector('td.broken').innerText").await;
    assert_eq!(text, "0.31\np99 0.90\n✕ large packets");
    let others = "[...document.querySelectorAll('#path-rows td')].map((cell) => cell.innerText.split('\\n')[0])";
    let times = json!(["–", "0.31", "0.31", "0.31", "–", "0.31", "0.31", "0.31", "–"]);
    assert_eq!(browser.ask(others).await, times);
    assert_eq!(browser.ask("document.querySelectorAll('td.broken').length").await, 1);
    assert_eq!(browser.ask("document.querySelector('#path-more').hidden").await, true);
}

#[tokio::test]
async fn of_too_many_nodes_those_in_trouble_are_shown() {
    let (_scoreboard, browser) = page(30).await;
    let rows = "[...document.querySelectorAll('#path-rows th')].map((head) => head.innerText)";
    let rows = browser.ask(rows).await;
    let rows = rows.as_array().expect("a list");
    assert!(rows.len() == 16 && rows.contains(&json!("pi1")), "{rows:?}");
    let heads = "[...document.querySelectorAll('#path-heads th')].map((head) => head.innerText)";
    let heads = browser.ask(heads).await;
    assert!(heads.as_array().is_some_and(|heads| heads.contains(&json!("pi30"))), "{heads}");
    let more = browser.ask("document.querySelector('#path-more').innerText").await;
    assert!(more.as_str().is_some_and(|more| more.starts_with("16 of 30 nodes")), "{more}");
}
