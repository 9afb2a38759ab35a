// Passes each section of the snapshot to the module that shows it.
import { clearBall, setBeat, showSelected } from "./ball.js";
import { markNodes, showTasks } from "./court.js";
import { byId, setText, taskName } from "./dom.js";
import { subscribe } from "./events.js";
import { showPaths } from "./paths.js";
import { startPresenting } from "./present.js";
import { addRallies, showRallies } from "./rallies.js";
import { showScore } from "./score.js";
import { startServing } from "./serve.js";
import { setPlayers, showShares } from "./shares.js";
import { showTimeline } from "./timeline.js";
import { clock, findTroubles, showBar } from "./trouble.js";

const SECTIONS = {
  score: showScore,
  tasks(tasks, { away }) {
    showTasks(Object.values(tasks), away);
    setPlayers(Object.values(tasks));
  },
  away: (away, { tasks }) => SECTIONS.tasks(tasks, { away }),
  shares: ({ seconds, players }) => showShares({ seconds, players: Object.values(players) }),
  paths: showPaths,
  ports: (ports) => setText(byId("ports"), `Published ports: ${ports ? `${ports.checked} checked` : "not configured"}`),
  timeline: showTimeline,
};
const count = (all, noun) => `${all} ${noun}${all === 1 ? "" : "s"}`;

let last, connected = false, lastUpdate;

function show(names, snapshot) {
  last = snapshot;
  for (const name of names) SECTIONS[name]?.(snapshot[name], snapshot);
  showTroubles();
}

function showTroubles() {
  const since = lastUpdate ? ` Last update ${clock(lastUpdate)}.` : "";
  const lost = { kind: "disconnected", level: "bad", key: "", nodes: [], text: `Disconnected from the scoreboard. Reconnecting …${since}` };
  const troubles = [...(connected ? [] : [lost]), ...(last ? findTroubles(last) : [])];
  const tasks = Object.values(last?.tasks ?? {}).filter(({ state }) => state !== "gone");
  const nodes = new Set(tasks.map(({ node }) => node));
  showBar(troubles, `All is well: ${count(nodes.size, "node")}, ${count(tasks.length, "task")}`);
  const levels = new Map();
  for (const { level, nodes } of troubles) for (const node of nodes) if (levels.get(node) !== "bad") levels.set(node, level);
  markNodes(levels);
}

subscribe({
  onSnapshot(snapshot) {
    connected = true;
    setBeat(snapshot.beat_ms);
    clearBall();
    show(Object.keys(SECTIONS), snapshot);
    showRallies(snapshot.rallies ?? []);
  },
  onUpdate(changed, snapshot, strokes, rallies) {
    lastUpdate = new Date();
    show(changed, snapshot);
    for (const rally of rallies) rally.landed = () => addRallies([rally]);
    [...strokes, ...rallies].forEach(showSelected);
  },
  onConnected({ scoreboard, release }) {
    lastUpdate = new Date();
    document.body.classList.remove("stale");
    setText(byId("connection"), `live from ${taskName(scoreboard)}, release ${release}`);
  },
  onDisconnected() {
    document.body.classList.add("stale");
    connected = false;
    showTroubles();
    setText(byId("connection"), "not connected");
  },
});
startServing();
startPresenting();
// How long something lasts changes by itself.
setInterval(() => last && showTroubles(), 10_000);
window.loaded?.();
