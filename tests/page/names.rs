//! What tasks say of themselves is text, whatever it is.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::browser::Browser;
use crate::process::Process;

/// A task that answers every `/whoami` with the worst names, and every `/events` with worse.
fn liar() -> (std::net::SocketAddr, std::net::SocketAddr) {
    let serve = |answer: String| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let Ok(mut connection) = connection else { return };
                let _ = connection.read(&mut [0; 4096]);
                let _ = connection.write_all(answer.as_bytes());
            }
        });
        address
    };
    let bad = "<script>alert(1)</script><img src=x onerror=alert(2)>";
    let whoami = format!(
        r#"{{"service":"ping","task":"{bad}","node":"{bad}","version":"{bad}","release":"{bad}","os":"{bad}",
        "arch":"{bad}","started":1}}"#
    );
    let whoami = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{whoami}",
        whoami.len()
    );
    let ended = format!(
        "event: rally\ndata: {{\"rally\":\"x-1\",\"verdict\":\"{bad}\",\"strokes\":0,\"faults\":0,\
        \"micros\":1,\"manager\":{{\"task\":\"manager.1\",\"node\":\"{bad}\"}}}}\n\n"
    );
    let lawful = "event: rally\ndata: {\"rally\":\"x-2\",\"verdict\":\"constructor\",\"strokes\":0,\
        \"faults\":0,\"micros\":1,\"manager\":{\"task\":\"__proto__\",\"node\":\"toString\"}}\n\n";
    let events = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n{ended}{lawful}"
    );
    (serve(whoami), serve(events))
}

#[tokio::test]
async fn markup_in_names_stays_text() {
    let (whoami, manager) = liar();
    let scoreboard = Process::start(&[
        "scoreboard",
        "--managers",
        &manager.to_string(),
        "--peers",
        "127.0.0.1:1",
        "--whoami",
        &whoami.to_string(),
    ]);
    let browser = Browser::at(&format!("http://{}/", scoreboard.listen)).await;
    browser.until("document.querySelector('.half .chip')").await;
    let chip = browser.ask("document.querySelector('.half .chip b').textContent").await;
    assert_eq!(chip, "-script-alert-1---script--img-src-x-onerror-alert-2--");
    browser.until("document.querySelector('#list li')").await;
    assert_eq!(browser.ask("document.querySelectorAll('main script, main img').length").await, 0);
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_script_that_slipped_in_would_not_run() {
    let scoreboard = Process::start(&[
        "scoreboard",
        "--managers",
        "127.0.0.1:1",
        "--peers",
        "127.0.0.1:1",
        "--whoami",
        "127.0.0.1:1",
    ]);
    let browser = Browser::at(&format!("http://{}/", scoreboard.listen)).await;
    browser
        .ask(
            "document.body.insertAdjacentHTML('beforeend', \
        '<img id=bad src=x onerror=\"window.ran = 1\">')",
        )
        .await;
    browser.until("document.querySelector('#bad').complete").await;
    let slip = "(() => { const script = document.createElement('script'); \
        script.textContent = 'window.ran = 1'; document.body.append(script); return window.ran; })()";
    assert!(browser.ask(slip).await.is_null());
    let complaints = browser.complaints().await.join("\n");
    assert!(complaints.contains("Content Security Policy"), "{complaints}");
}
