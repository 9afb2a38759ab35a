//! Names are text, never markup; and markup could do nothing.

use serde_json::json;

use crate::browser::Browser;
use crate::support::process::Process;

async fn page() -> (Process, Browser) {
    let scoreboard = Process::scoreboard("127.0.0.1:1");
    let browser = Browser::at(&format!("http://{}/", scoreboard.listen)).await;
    (scoreboard, browser)
}

/// A scoreboard accepts no such names; the page must not depend on it.
#[tokio::test]
async fn markup_in_names_stays_text() {
    let (_scoreboard, browser) = page().await;
    for name in
        ["<script>ran = 1</script><img src=x onerror='ran = 1'>", "__proto__", "constructor"]
    {
        let task = json!({ "service": "ping", "task": name, "node": name, "version": name,
            "release": name, "os": name, "arch": name, "started": 1, "state": "running" });
        let share = json!({ "side": "ping", "task": name, "node": name, "strokes": 1 });
        let cell = json!({ "state": "broken", "cause": name });
        let ends = format!("{name} {name}");
        let paths = json!({ "nodes": 1, "from": [name], "to": [name], "cells": { ends: cell } });
        let stroke = json!({ "rally": name, "n": 1, "side": "ping", "outcome": "MISS",
            "task": name, "node": name, "proxy": name, "micros": 1 });
        let rally = json!({ "rally": name, "verdict": name, "strokes": 1, "faults": 0, "micros": 1,
            "manager": { "task": name, "node": name }, "proxy": name, "played": [stroke] });
        let shown = browser
            .eval(&format!(
                "Promise.all(['court', 'shares', 'paths', 'rallies', 'ball']\
                .map((module) => import(`/page/${{module}}.js`)))\
                .then(([court, shares, paths, rallies, ball]) => {{ \
                court.showTasks([{task}]); \
                shares.showShares({{ seconds: 10, players: [{share}] }}); \
                paths.showPaths({paths}); rallies.showRallies([{rally}]); \
                ball.showSelected({stroke}); \
                return ['.half .task b', '.node h3', '#shares .name small', '#path-rows th', \
                '#rally-list .route'].map((text) => document.querySelector(text).textContent); }})"
            ))
            .await;
        assert_eq!(shown, json!([name, name, name, name, format!("{name}@{name}")]));
        assert_eq!(
            browser.eval("document.querySelectorAll('main script, main img').length").await,
            0
        );
    }
    assert!(browser.eval("window.ran").await.is_null());
    assert_eq!(browser.console().await, Vec::<String>::new());
}

#[tokio::test]
async fn injected_scripts_do_not_run() {
    let (_scoreboard, browser) = page().await;
    let image = "document.body.insertAdjacentHTML('beforeend', \
        '<img id=bad src=x onerror=\"window.ran = 1\">')";
    browser.eval(image).await;
    browser.until("document.querySelector('#bad').complete").await;
    let script = "(() => { const script = document.createElement('script'); \
        script.textContent = 'window.ran = 1'; document.body.append(script); return window.ran; })()";
    assert!(browser.eval(script).await.is_null());
    let console = browser.console().await.join("\n");
    assert!(console.contains("Content Security Policy"), "{console}");
}
