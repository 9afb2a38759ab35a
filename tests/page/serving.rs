//! Serving a rally and watching it.

use serde_json::json;

use crate::browser::Browser;
use crate::cluster::demo;

#[tokio::test]
async fn the_page_loads_without_errors_and_shows_the_cluster() {
    let (_demo, url) = demo(&["--nodes", "3", "--players", "2"]);
    let browser = Browser::at(&url).await;
    browser.until("document.querySelectorAll('.node').length === 3").await;
    browser.until("document.querySelectorAll('.half .task').length === 4").await;
    browser.until("document.querySelectorAll('.others .task').length === 9").await;
    let first = "document.querySelector('.half.ping .task').innerText.replace(/\\s+/g, ' ').trim()";
    assert_eq!(browser.eval(first).await, "ping.1");
    browser.until("document.querySelector('#bar.well')").await;
    assert_eq!(browser.console().await, Vec::<String>::new());
}

#[tokio::test]
async fn serve_plays_a_rally_that_moves_the_ball_the_lights_and_the_score() {
    let (_demo, url) = demo(&["--hit-chance", "90"]);
    let browser = Browser::at(&url).await;
    browser.until("document.querySelectorAll('.half .task').length === 4").await;
    let watch = "(() => { window.seen = { balls: new Set(), lamps: new Set(), most: 0 }; \
        const look = () => { for (const ball of document.querySelectorAll('.ball')) \
        seen.balls.add(ball.style.transform); \
        seen.most = Math.max(seen.most, document.querySelectorAll('.ball').length); \
        for (const lamp of document.querySelectorAll('.lamp .on')) seen.lamps.add(lamp.className); \
        requestAnimationFrame(look); }; look(); return true; })()";
    browser.eval(watch).await;
    // A rally may end with its first stroke, and then no ball crosses the net.
    while browser.eval("seen.balls.size").await.as_u64() < Some(2) {
        let before = browser.eval("document.querySelectorAll('#rally-list li').length").await;
        browser.eval("document.querySelector('#serve button').click()").await;
        browser
            .until(&format!("document.querySelectorAll('#rally-list li').length > {before}"))
            .await;
        browser.until("document.querySelectorAll('.ball').length === 0").await;
    }
    browser.until("seen.lamps.has('red on') && seen.lamps.has('yellow on')").await;
    let score = "Number(document.querySelector('#ping').textContent) + \
        Number(document.querySelector('#pong').textContent)";
    browser.until(&format!("{score} === document.querySelectorAll('#rally-list li').length")).await;
    let announced = browser.eval("document.querySelector('#announce').textContent").await;
    assert!(
        announced.as_str().is_some_and(|text| text.starts_with("The winner is P")),
        "{announced}"
    );
    assert_eq!(browser.eval("seen.most").await, 1, "one rally, one ball");
    assert_eq!(browser.console().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_served_rally_has_a_marked_ball_even_while_others_are_shown() {
    let (_demo, url) = demo(&["--play-every", "100ms"]);
    let browser = Browser::at(&url).await;
    browser.until("document.querySelector('.ball')").await;
    for _ in 0..5 {
        browser.until("!document.querySelector('.ball.own')").await;
        browser.eval("document.querySelector('#serve button').click()").await;
        browser.until("document.querySelector('.ball.own')").await;
    }
}

#[tokio::test]
async fn strokes_are_drawn_in_order_one_per_beat_and_once() {
    let (_demo, url) = demo(&[]);
    let browser = Browser::at(&url).await;
    browser.until("document.querySelectorAll('.half .task').length === 4").await;
    for first in ["showSelected", "showOwn"] {
        // Ten strokes and the result, from both sources at once; the ball is at ping or at pong.
        let draw = format!(
            "import('/page/ball.js').then(async (ball) => {{ \
            const second = '{first}' === 'showOwn' ? 'showSelected' : 'showOwn'; \
            const items = Array.from({{ length: 10 }}, (_, i) => ({{ rally: '{first}', n: i + 1, \
            outcome: 'HIT', side: i % 2 ? 'pong' : 'ping', task: i % 2 ? 'pong.1' : 'ping.1', \
            node: 'pi1', proxy: 'pi2' }})).concat({{ rally: '{first}', verdict: 'draw' }}); \
            items.forEach(ball[{first:?}]); items.forEach(ball[second]); \
            const started = performance.now(); const sides = []; let most = 0; let lamp = 0; \
            while (document.querySelector('.ball')) {{ \
            const balls = document.querySelectorAll('.ball'); most = Math.max(most, balls.length); \
            const transform = balls[0].style.transform; \
            if (sides.at(-1) !== transform) sides.push(transform); \
            lamp += !!document.querySelector('.yellow.on'); \
            await new Promise(requestAnimationFrame); }} \
            const after = document.querySelectorAll('.yellow.on').length; \
            return {{ moves: sides.length, places: new Set(sides).size, most, lamp: lamp > 0, after, \
            beats: Math.floor((performance.now() - started) / 150) }}; }})"
        );
        let drawn = browser.eval(&draw).await;
        println!("{first} first: {drawn}");
        assert!(drawn["beats"].as_u64() >= Some(10), "{drawn}");
        let expected = json!({ "moves": 10, "places": 2, "most": 1, "lamp": true, "after": 0,
            "beats": drawn["beats"] });
        assert_eq!(drawn, expected, "{first} first");
    }
}

#[tokio::test]
async fn pace_and_serve_work_by_keyboard() {
    let (_demo, url) = demo(&[]);
    let browser = Browser::at(&url).await;
    // Tab past what is before it, twice to the right on the slider, tab to the button, enter.
    while browser.eval("document.activeElement.id").await != "pace" {
        browser.type_keys("\u{e004}").await;
    }
    browser.type_keys("\u{e014}\u{e014}").await;
    browser.until("document.querySelector('#pace-text').textContent === '500 ms'").await;
    browser.type_keys("\u{e004}").await;
    browser.type_keys("\u{e007}").await;
    browser.until("document.querySelectorAll('#rally-list li').length > 0").await;
}

#[tokio::test]
async fn reduced_motion_stops_animation_only() {
    let (_demo, url) = demo(&["--play-every", "200ms"]);
    let browser = Browser::start().await;
    browser.prefer("prefers-reduced-motion", "reduce").await;
    browser.go(&url).await;
    let watch = "(() => { window.animations = 0; window.balls = 0; \
        const look = () => { animations += document.getAnimations().length; \
        balls += document.querySelectorAll('.ball').length; requestAnimationFrame(look); }; \
        look(); return true; })()";
    browser.eval(watch).await;
    browser.until("balls > 20 && document.querySelectorAll('#rally-list li').length > 2").await;
    assert_eq!(browser.eval("animations").await, 0);
}
