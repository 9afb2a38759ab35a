//! What the page says when it hears nothing.

use crate::browser::Browser;
use crate::cluster::Cluster;

#[tokio::test]
async fn a_lost_connection_is_said_plainly_and_comes_back_by_itself() {
    let mut cluster = Cluster::start(1, 1);
    let browser = Browser::at(&cluster.url()).await;
    browser.until(".5 < Number(document.querySelector('#strokes').textContent)").await;
    cluster.proxy = None;
    let lost = browser.until("!document.querySelector('#lost').hidden").await;
    println!("said to be lost after {lost:?}");
    let said = browser.ask("document.querySelector('#lost').textContent").await;
    let said = said.as_str().expect("text");
    assert!(
        said.starts_with("The connection to the scoreboard is lost. What you see is from "),
        "{said}"
    );
    assert_eq!(browser.ask("document.querySelector('#lost').getAttribute('role')").await, "alert");
    assert_eq!(
        browser.ask("document.querySelector('#connection').textContent").await,
        "not connected"
    );

    let stale = "document.querySelector('#strokes').textContent";
    let before = browser.ask(stale).await;
    cluster.open();
    let back = browser.until("document.querySelector('#lost').hidden").await;
    println!("back {back:?} after the proxy");
    browser.until(&format!("{stale} !== {before}")).await;
}
