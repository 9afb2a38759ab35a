//! The page behind another server, and with parts that do not arrive.

use crate::browser::Browser;
use crate::cluster::demo;
use crate::relay::{Missing, Relay};

#[tokio::test]
async fn below_another_path_the_page_works_in_full() {
    let (demo, _) = demo(&[]);
    let relay = Relay::start("/pong", demo.proxy(), Missing::default()).await;
    let browser = Browser::at(&relay.url).await;
    browser.until("document.querySelectorAll('.half .task').length === 4").await;
    browser.eval("document.querySelector('#serve button').click()").await;
    browser.until("document.querySelectorAll('#rally-list li').length > 0").await;
    assert_eq!(browser.console().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_page_without_one_of_its_modules_says_so_and_loads_again() {
    let (demo, _) = demo(&[]);
    for part in ["/page/dom.js", "/page/main.js"] {
        let relay = Relay::start("", demo.proxy(), Missing::new(part, 2)).await;
        let browser = Browser::start().await;
        browser.open(&relay.url).await;
        let notice = "A part of this page did not arrive. Loading it again …";
        let begins = format!("document.body?.firstChild?.textContent === '{notice}'");
        let said = browser.until(&begins).await;
        assert_eq!(browser.eval("document.body.className").await, "stale", "no green dot");
        let whole = "document.querySelectorAll('.half .task').length === 4 && \
            !document.body.firstChild.textContent.trim() && !document.body.className && \
            getComputedStyle(document.querySelector('main')).display === 'grid'";
        let loaded = browser.until(whole).await;
        println!("{part}: said after {said:?}, whole after {loaded:?} more");
    }
}
