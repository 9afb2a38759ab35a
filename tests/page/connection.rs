//! What the page says when it hears nothing.

use crate::alone::alone;
use crate::browser::Browser;
use crate::cluster::{smallest, url};

#[test]
fn a_lost_connection_is_said_plainly_and_comes_back_by_itself() {
    alone(async || {
        let mut cluster = smallest();
        let browser = Browser::at(&url(&cluster)).await;
        browser.until(".5 < Number(document.querySelector('#strokes').textContent)").await;
        cluster.kill("proxy.pi1");
        let lost = browser.until("!document.querySelector('#lost').hidden").await;
        println!("said to be lost after {lost:?}");
        let said = browser.ask("document.querySelector('#lost').textContent").await;
        let said = said.as_str().expect("text");
        assert!(
            said.starts_with("The connection to the scoreboard is lost. What you see is from "),
            "{said}"
        );
        assert_eq!(
            browser.ask("document.querySelector('#lost').getAttribute('role')").await,
            "alert"
        );
        assert_eq!(
            browser.ask("document.querySelector('#connection').textContent").await,
            "not connected"
        );

        let stale = "document.querySelector('#strokes').textContent";
        let before = browser.ask(stale).await;
        cluster.add("proxy.pi1", "pi1");
        let back = browser.until("document.querySelector('#lost').hidden").await;
        println!("back {back:?} after the proxy");
        browser.until(&format!("{stale} !== {before}")).await;
    });
}
