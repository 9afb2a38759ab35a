// Passes each section of the snapshot to the module that shows it.
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

const SECTIONS = {
  score: showScore,
  missing: showMissing,
  tasks(tasks) {
    showTasks(Object.values(tasks));
    setPlayers(Object.values(tasks));
  },
  shares: ({ seconds, players }) => showShares({ seconds, players: Object.values(players) }),
  paths: showPaths,
  troubles: showTroubles,
};

function show(names, snapshot) {
  for (const name of names) SECTIONS[name]?.(snapshot[name]);
}

let lastUpdate;

subscribe({
  onSnapshot(snapshot) {
    setBeat(snapshot.beat_ms);
    clearBall();
    show(Object.keys(SECTIONS), snapshot);
    showRallies(snapshot.rallies ?? []);
  },
  onUpdate(changed, snapshot, strokes, rallies) {
    lastUpdate = new Date();
    show(changed, snapshot);
    [...strokes, ...rallies].forEach(showSelected);
    if (rallies.length) addRallies(rallies);
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
