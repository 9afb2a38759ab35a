//! What the page shows while it is disconnected.

use crate::browser::Browser;
use crate::cluster::{smallest, url};
use crate::support::netns::isolated;

#[test]
fn a_lost_connection_is_shown_and_reconnected() {
    isolated(async || {
        let mut cluster = smallest();
        let browser = Browser::at(&url(&cluster)).await;
        browser.until("Number(document.querySelector('#strokes').textContent) > 0").await;
        cluster.kill("proxy.pi1");
        let disconnected =
            browser.until("document.querySelector('[data-kind=disconnected]')").await;
        println!("shown as disconnected after {disconnected:?}");
        let notice =
            browser.eval("document.querySelector('[data-kind=disconnected]').textContent").await;
        let notice = notice.as_str().expect("text");
        let expected = "Disconnected from the scoreboard. Reconnecting … Last update ";
        assert!(notice.starts_with(expected), "{notice}");
        let role = browser.eval("document.querySelector('#bar').role").await;
        assert_eq!(role, "alert");
        let header = browser.eval("document.querySelector('#connection').textContent").await;
        assert_eq!(header, "not connected");

        let strokes = "document.querySelector('#strokes').textContent";
        let before = browser.eval(strokes).await;
        cluster.add("proxy.pi1", "pi1");
        let connected = browser.until("!document.querySelector('[data-kind=disconnected]')").await;
        println!("connected {connected:?} after the proxy started");
        browser.until(&format!("{strokes} !== {before}")).await;
    });
}
