// The court: a panel for each node, with ping's tasks left and pong's right.
import { byId, byName, element, reconcile, setText } from "./dom.js";
import { clock } from "./trouble.js";

const LAMPS = ["red", "yellow", "green"];
// More panels than this are a grid.
const MAX_ROWS = 7;
const ARCHITECTURES = { x86_64: "amd64", aarch64: "arm64", armv6: "arm/v6", armv7: "arm/v7" };
const MARKS = { bad: ["✕", "in trouble"], warn: ["!", "not all well"] };

const nodes = byId("nodes");

// Shows the tasks, and the nodes that have none any more.
export function showTasks(tasks, away = []) {
  const gone = new Map(away.map((one) => [one.node, one]));
  const names = [...new Set([...tasks.map((task) => task.node), ...gone.keys()])].sort(byName);
  byId("table").classList.toggle("many", names.length > MAX_ROWS);
  nodes.style.setProperty("--columns", Math.ceil(Math.sqrt(names.length * 1.9)));
  nodes.style.setProperty("--count", names.length);
  // What all have in common is said in the header, or not at all.
  const have = (what) => new Set(tasks.map(what)).size;
  nodes.classList.toggle("one-release", have((task) => task.release) < 2);
  nodes.classList.toggle("one-arch", have((task) => task.arch) < 2);
  reconcile(nodes, names, (name) => name, createPanel, (panel, name) => {
    const here = tasks
      .filter((task) => task.node === name)
      .sort((one, other) => byName(one.task, other.task));
    const [ping, plate, pong] = panel.children;
    listTasks(ping, here.filter((task) => task.service === "ping"));
    listTasks(plate.querySelector(".others"), here.filter((task) => !["ping", "pong"].includes(task.service)));
    listTasks(pong, here.filter((task) => task.service === "pong"));
    const lastSeen = gone.get(name);
    panel.classList.toggle("away", !!lastSeen);
    setText(plate.querySelector(".seen"), lastSeen ? `last seen ${clock(lastSeen.at)}` : "");
    setText(plate.querySelector(".arch"), [...new Set(here.map(({ arch }) => ARCHITECTURES[arch] ?? arch))].join(", "));
  });
}

// Marks the plates of nodes in trouble.
export function markNodes(levels) {
  for (const panel of nodes.children) {
    const mark = panel.querySelector(".mark");
    const [sign, text] = MARKS[levels.get(panel.dataset.key)] ?? ["", ""];
    mark.hidden = !sign;
    mark.className = `mark ${levels.get(panel.dataset.key) ?? ""}`;
    setText(mark, sign);
    if (text) mark.setAttribute("aria-label", text);
    mark.title = text;
  }
}

function createPanel(name) {
  const panel = element("li", "node");
  const plate = element("div", "plate");
  const lamp = element("div", "lamp");
  lamp.setAttribute("aria-hidden", "true");
  lamp.append(...LAMPS.map((color) => element("i", color)));
  const label = element("div", "label");
  const mark = element("span", "mark");
  mark.setAttribute("role", "img");
  mark.hidden = true;
  label.append(mark, element("h3", "", name), element("span", "arch"), element("span", "seen"), element("span", "caption"));
  plate.append(lamp, label, element("ul", "others"));
  panel.append(element("ul", "half ping"), plate, element("ul", "half pong"));
  return panel;
}

function listTasks(list, tasks) {
  const key = (task) => `${task.task} ${task.release} ${task.started} ${task.state === "gone"}`;
  reconcile(list, tasks, key, (task) => {
    const item = element("li", `task ${task.service}`);
    item.dataset.task = task.task;
    const dot = task.task.lastIndexOf(".") + 1;
    const name = element("b");
    name.append(element("span", "stem", task.task.slice(0, dot)), task.task.slice(dot));
    item.append(name, element("small", "", task.release), element("em"));
    return item;
  }, (item, task) => {
    item.dataset.state = task.state;
    setText(item.lastChild, task.state === "running" ? "" : task.state);
  });
}

const findPanel = (node) => [...nodes.children].find((panel) => panel.dataset.key === node);
const isHere = (task) => (item) => item.dataset.task === task && item.dataset.state !== "gone";

// Returns the element of a player; if it is not shown, its side of its node, if that is.
export function findPlayer(player) {
  const half = findPanel(player.node)?.querySelector(`.half.${player.side}`);
  return [...(half?.children ?? [])].findLast(isHere(player.task)) ?? half;
}

// Returns the element of a task that is no player.
export function findTask({ task, node }) {
  return [...(findPanel(node)?.querySelectorAll(".others .task") ?? [])].findLast(isHere(task));
}

// Returns the element of a node's proxy.
export const findProxy = (node) => findPanel(node)?.querySelector(".others .proxy:not([data-state='gone'])");

// Switches a light of a node's lamp on or off; while several have switched it on, it stays on.
export function setLamp(node, color, on) {
  const plate = findPanel(node)?.querySelector(".plate");
  if (!plate) return;
  const light = plate.querySelector(`.${color}`);
  const count = Math.max(0, Number(light.dataset.count ?? 0) + (on ? 1 : -1));
  light.dataset.count = count;
  light.classList.toggle("on", count > 0);
  const isOn = (color) => plate.querySelector(`.${color}.on`);
  setText(plate.querySelector(".caption"), isOn("red") ? "MISS" : isOn("green") ? "HIT" : isOn("yellow") ? "rally" : "");
}
