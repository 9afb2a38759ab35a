//! What a person sees of a rally.

use tokio_util::sync::CancellationToken;

use crate::browser::Browser;
use crate::cluster::demo;

#[tokio::test]
async fn the_page_loads_without_a_complaint_and_shows_the_cluster() {
    let stop = CancellationToken::new();
    let (_demo, url) = demo(&["--nodes", "3", "--players", "2"], &stop);
    let browser = Browser::at(&url).await;
    browser.until("document.querySelectorAll('.board').length === 3").await;
    browser.until("document.querySelectorAll('.half .chip').length === 4").await;
    browser.until("document.querySelectorAll('.staff .chip').length === 9").await;
    let first = "document.querySelector('.half.ping .chip').innerText.replace(/\\s+/g, ' ').trim()";
    assert_eq!(browser.ask(first).await, format!("ping.1 {}", env!("CARGO_PKG_VERSION")));
    assert!(browser.ask("document.querySelector('#missing').hidden").await.as_bool() == Some(true));
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

#[tokio::test]
async fn serve_plays_a_rally_that_moves_the_ball_the_lights_and_the_score() {
    let stop = CancellationToken::new();
    let (_demo, url) = demo(&["--hit-chance", "90"], &stop);
    let browser = Browser::at(&url).await;
    browser.until("document.querySelectorAll('.half .chip').length === 4").await;
    let watch = "(() => { window.seen = { balls: new Set(), lamps: new Set(), most: 0 }; \
        const look = () => { for (const ball of document.querySelectorAll('.ball')) \
        seen.balls.add(ball.style.transform); \
        seen.most = Math.max(seen.most, document.querySelectorAll('.ball').length); \
        for (const lamp of document.querySelectorAll('.light .on')) seen.lamps.add(lamp.className); \
        requestAnimationFrame(look); }; look(); return true; })()";
    browser.ask(watch).await;
    // A rally may be over with its first stroke, and then no ball crosses the net.
    while browser.ask("seen.balls.size").await.as_u64() < Some(2) {
        let before = browser.ask("document.querySelectorAll('#list li').length").await;
        browser.ask("document.querySelector('#serve button').click()").await;
        browser.until(&format!("document.querySelectorAll('#list li').length > {before}")).await;
        browser.until("document.querySelectorAll('.ball').length === 0").await;
    }
    browser.until("seen.lamps.has('red on') && seen.lamps.has('yellow on')").await;
    let score = "Number(document.querySelector('#ping').textContent) + \
        Number(document.querySelector('#pong').textContent)";
    browser.until(&format!("{score} === document.querySelectorAll('#list li').length")).await;
    let said = browser.ask("document.querySelector('#announce').textContent").await;
    assert!(said.as_str().is_some_and(|said| said.starts_with("The winner is P")), "{said}");
    assert_eq!(browser.ask("seen.most").await, 1, "one rally, one ball");
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_keyboard_alone_sets_the_pace_and_serves() {
    let stop = CancellationToken::new();
    let (_demo, url) = demo(&[], &stop);
    let browser = Browser::at(&url).await;
    // Tab, twice to the right on the slider, tab to the button, enter.
    browser.type_keys("\u{e004}").await;
    browser.type_keys("\u{e014}\u{e014}").await;
    browser.until("document.querySelector('#pace-text').textContent === '500 ms'").await;
    browser.type_keys("\u{e004}").await;
    browser.type_keys("\u{e007}").await;
    browser.until("document.querySelectorAll('#list li').length > 0").await;
}

#[tokio::test]
async fn with_reduced_motion_nothing_flies_and_the_rally_is_still_told() {
    let stop = CancellationToken::new();
    let (_demo, url) = demo(&["--play-every", "200ms"], &stop);
    let browser = Browser::start().await;
    browser.prefer("prefers-reduced-motion", "reduce").await;
    browser.go(&url).await;
    let watch = "(() => { window.flew = 0; window.balls = 0; \
        const look = () => { flew += document.getAnimations().length; \
        balls += document.querySelectorAll('.ball').length; requestAnimationFrame(look); }; \
        look(); return true; })()";
    browser.ask(watch).await;
    browser.until("balls > 20 && document.querySelectorAll('#list li').length > 2").await;
    assert_eq!(browser.ask("flew").await, 0);
}
