// Passes each part of a snapshot or an update to the module that shows it.
import { clearBall, setBeat, showSelected } from "./ball.js";
import { showTasks } from "./court.js";
import { byId, element, reconcile, setText, taskName } from "./dom.js";
import { subscribe } from "./events.js";
import { showPaths } from "./paths.js";
import { addRallies, showRallies } from "./rallies.js";
import { showScore } from "./score.js";
import { startServing } from "./serve.js";
import { setPlayers, showShares } from "./shares.js";

function showMissing(missing) {
  byId("missing").hidden = !missing.length;
  reconcile(byId("missing"), missing, String, (service) => {
    const tasks = service === "manager" ? "managers" : `${service} players`;
    const item = element("li", "", `No ${tasks} are running. Start some with `);
    item.append(
      element("code", "", `docker service scale pong_${service}=2`),
      " (stack) or ",
      element("code", "", `docker service scale ${service}=2`),
      " (plain services).",
    );
    return item;
  }, () => {});
}

// Without a prober, and with a name that several nodes have, nobody knows all paths of a node.
function showTroubles(troubles) {
  byId("troubles").hidden = !troubles.length;
  reconcile(byId("troubles"), troubles, ({ node, trouble }) => `${node} ${trouble}`, () => element("li"), (item, { node, trouble, addresses }) => {
    setText(item, trouble === "shared_name"
      ? `Several nodes are called ${node}, with proxies at ${addresses.join(", ")}. Their paths are not told apart: give each node its --node-id.`
      : `Tasks run on ${node} and no proxy is heard there, so its paths are not measured.`);
  });
}

function show({ score, missing, tasks, shares, paths, troubles }) {
  if (score) showScore(score);
  if (missing) showMissing(missing);
  if (tasks) {
    showTasks(tasks);
    setPlayers(tasks);
  }
  if (shares) showShares(shares);
  if (paths) showPaths(paths);
  if (troubles) showTroubles(troubles);
}

let lastUpdate;

subscribe({
  onSnapshot(snapshot) {
    setBeat(snapshot.beat_ms);
    clearBall();
    show(snapshot);
    showRallies(snapshot.rallies ?? []);
  },
  onUpdate(update) {
    lastUpdate = new Date();
    show(update);
    update.strokes?.forEach(showSelected);
    update.rallies?.forEach(showSelected);
    if (update.rallies) addRallies(update.rallies);
  },
  onConnected({ scoreboard, release }) {
    lastUpdate = new Date();
    document.body.classList.remove("stale");
    byId("disconnected").hidden = true;
    setText(byId("connection"), `live from ${taskName(scoreboard)}, release ${release}`);
  },
  onDisconnected() {
    document.body.classList.add("stale");
    const last = lastUpdate ? ` Last update ${lastUpdate.toLocaleTimeString()}.` : "";
    byId("disconnected").hidden = false;
    setText(byId("disconnected"), `Disconnected from the scoreboard. Reconnecting …${last}`);
    setText(byId("connection"), "not connected");
  },
});
startServing();
window.loaded?.();
