// The court: a panel for each node, with ping's tasks left of the net and pong's right of it.
import { announce, byId, byName, element, reconcile, setText } from "./dom.js";

const LAMPS = ["red", "yellow", "green"];
// More panels than this are drawn smaller.
const MAX_LARGE_PANELS = 6;

const nodes = byId("nodes");
let known;

export function showTasks(tasks) {
  announceChanges(tasks);
  const names = [...new Set(tasks.map((task) => task.node))].sort(byName);
  nodes.classList.toggle("many", names.length > MAX_LARGE_PANELS);
  // If all tasks are of one release, the header names it.
  nodes.classList.toggle("one-release", new Set(tasks.map((task) => task.release)).size < 2);
  reconcile(nodes, names, (name) => name, createPanel, (panel, name) => {
    const here = tasks
      .filter((task) => task.node === name)
      .sort((one, other) => byName(one.task, other.task));
    const [ping, plate, pong] = panel.children;
    listTasks(ping, here.filter((task) => task.service === "ping"));
    listTasks(plate.querySelector(".others"), here.filter((task) => !["ping", "pong"].includes(task.service)));
    listTasks(pong, here.filter((task) => task.service === "pong"));
  });
}

function createPanel(name) {
  const panel = element("li", "node");
  const plate = element("div", "plate");
  const lamp = element("div", "lamp");
  lamp.setAttribute("aria-hidden", "true");
  lamp.append(...LAMPS.map((color) => element("i", color)));
  const label = element("div", "label");
  label.append(element("h3", "", name), element("p", "caption"));
  plate.append(lamp, label, element("ul", "others"));
  panel.append(element("ul", "half ping"), plate, element("ul", "half pong"));
  return panel;
}

function listTasks(list, tasks) {
  const key = (task) => `${task.task} ${task.release} ${task.started} ${task.state === "gone"}`;
  reconcile(list, tasks, key, (task) => {
    const item = element("li", "task");
    item.dataset.task = task.task;
    item.append(element("b", "", task.task), element("small", "", task.release), element("em"));
    return item;
  }, (item, task) => {
    item.dataset.state = task.state;
    setText(item.lastChild, task.state === "running" ? "" : task.state);
  });
}

function announceChanges(tasks) {
  const now = new Map(tasks.map((task) => [`${task.task} on ${task.node}`, task.state === "gone"]));
  if (known) {
    const joined = [...now].filter(([task, gone]) => !gone && known.get(task) !== false);
    const left = [...now].filter(([task, gone]) => gone && known.get(task) === false);
    const changes = [...joined.map(([task]) => `${task} joined`), ...left.map(([task]) => `${task} left`)];
    if (changes.length) announce(changes.join(", "));
  }
  known = now;
}

const findPanel = (node) => [...nodes.children].find((panel) => panel.dataset.key === node);

// Returns the element of a player; if it is not shown, its side of its node, if that is.
export function findPlayer(player) {
  const half = findPanel(player.node)?.querySelector(`.half.${player.side}`);
  const items = [...(half?.children ?? [])];
  return items.findLast((item) => item.dataset.task === player.task && item.dataset.state !== "gone") ?? half;
}

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
