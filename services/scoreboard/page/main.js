// Puts what the scoreboard tells in its places.
import { clear, over, stroke } from "./ball.js";
import { showTasks } from "./court.js";
import { find, keep, make, say } from "./dom.js";
import { listen } from "./news.js";
import { showPaths } from "./paths.js";
import { addRallies, allRallies } from "./rallies.js";
import { showScore } from "./score.js";
import { start } from "./serve.js";
import { shareTasks, showShare } from "./share.js";

const MISSING = {
  manager: "No manager is there, so nobody can play. Start some:",
  ping: "No ping player is there, so nobody serves. Start some:",
  pong: "No pong player is there, so nobody returns. Start some:",
};

function showMissing(missing) {
  find("missing").hidden = !missing.length;
  keep(find("missing"), missing, String, (service) => {
    const item = make("li", "", `${MISSING[service] ?? service} `);
    item.append(
      make("code", "", `docker service scale pong_${service}=2`),
      " in a stack, ",
      make("code", "", `docker service scale ${service}=2`),
      " beside one.",
    );
    return item;
  }, () => {});
}

function show(news) {
  if (news.score) showScore(news.score);
  if (news.missing) showMissing(news.missing);
  if (news.tasks) {
    showTasks(news.tasks);
    shareTasks(news.tasks);
  }
  if (news.share) showShare(news.share);
  if (news.paths) showPaths(news.paths);
}

let last;

listen({
  all(state) {
    clear();
    show(state);
    allRallies(state.rallies);
  },
  news(news) {
    last = new Date();
    show(news);
    for (const shot of news.strokes ?? []) stroke(shot);
    if (news.rallies) {
      addRallies(news.rallies);
      for (const rally of news.rallies) over(rally.rally);
    }
  },
  live(state) {
    last = new Date();
    document.body.classList.remove("stale");
    find("lost").hidden = true;
    say(find("connection"), `live from ${state.board.task}@${state.board.node}, release ${state.release}`);
  },
  lost() {
    document.body.classList.add("stale");
    const since = last ? ` What you see is from ${last.toLocaleTimeString()}.` : "";
    find("lost").hidden = false;
    say(find("lost"), `The connection to the scoreboard is lost.${since} Trying again by itself …`);
    say(find("connection"), "not connected");
  },
});
start();
