// The ball: one for each rally that is shown, and one beat for each of its strokes.
import { find, make } from "./dom.js";
import { light, place } from "./court.js";

const BEAT = 150;
// Longer than the slowest pace and a late player.
const LOST_AFTER = 11_000;
const MOST = 6;
const AHEAD = 14;

const table = find("table");
const balls = find("balls");
const still = matchMedia("(prefers-reduced-motion: reduce)");
const rallies = new Map();
const wait = (time) => new Promise((done) => setTimeout(done, time));

// Takes a stroke to show; a rally begins with its first.
export function stroke(shot) {
  let rally = rallies.get(shot.rally);
  if (!rally) {
    if (shot.n !== 1 || rallies.size >= MOST) return;
    rally = { shots: [], proxy: shot.proxy, over: false, seen: 0 };
    rallies.set(shot.rally, rally);
    show(shot.rally, rally);
  }
  // The page's own rallies come twice: as their answer, and with the news.
  if (shot.n <= rally.seen) return;
  rally.seen = shot.n;
  rally.shots.push(shot);
  rally.wake?.();
}

export function over(id) {
  const rally = rallies.get(id);
  if (!rally) return;
  rally.over = true;
  rally.wake?.();
}

// Takes every ball off the court.
export function clear() {
  for (const id of rallies.keys()) {
    rallies.get(id).shots = [];
    over(id);
  }
}

async function show(id, rally) {
  const ball = make("div", "ball");
  let last;
  if (rally.proxy) light(rally.proxy, "yellow", true);
  while (true) {
    const shot = rally.shots.shift();
    if (!shot) {
      if (rally.over) break;
      const woken = new Promise((done) => { rally.wake = () => done(true); });
      const heard = await Promise.race([woken, wait(LOST_AFTER)]);
      if (!heard) break;
      continue;
    }
    last = await fly(ball, last, shot);
  }
  if (last) await wait(BEAT);
  if (rally.proxy) light(rally.proxy, "yellow", false);
  ball.remove();
  // Its last copies may still be on their way.
  setTimeout(() => rallies.delete(id), 2000);
}

// Moves the ball to the player, who then is seen to hit or miss it.
async function fly(ball, from, shot) {
  const player = place(shot);
  const to = player ? before(player, shot.side) : from;
  const begun = performance.now();
  if (to) {
    if (!ball.isConnected) balls.append(ball);
    const at = (point, size) => `translate(${point.x}px, ${point.y}px) scale(${size})`;
    ball.style.transform = at(to, 1);
    if (from && !still.matches) {
      const halfway = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
      // Seen from above, a ball that rises grows.
      ball.animate({ transform: [at(from, 1), at(halfway, 1.5), at(to, 1)] }, { duration: BEAT });
    }
  }
  if (from && to) draw(from, to);
  await wait(from ? BEAT : 0);
  flash(shot, player);
  if (shot.outcome === "MISS") ball.classList.add("missed");
  await wait(Math.max(0, BEAT - (performance.now() - begun)));
  return to;
}

function flash(shot, player) {
  const hit = shot.outcome === "HIT";
  const colour = hit ? "green" : "red";
  const what = hit ? "hits" : "misses";
  light(shot.node, colour, true);
  player?.classList.add(what);
  setTimeout(() => {
    light(shot.node, colour, false);
    player?.classList.remove(what);
  }, hit ? BEAT : 3 * BEAT);
}

// The ball is played before the player, on the net's side.
function before(player, side) {
  const [outer, inner] = [table.getBoundingClientRect(), player.getBoundingClientRect()];
  const x = side === "ping" ? inner.right + AHEAD : inner.left - AHEAD;
  return { x: x - outer.x, y: inner.y - outer.y + inner.height / 2 };
}

// Leaves a line behind that fades.
function draw(from, to) {
  const line = make("div", "flight");
  const [x, y] = [to.x - from.x, to.y - from.y];
  line.style.width = `${Math.hypot(x, y)}px`;
  line.style.transform = `translate(${from.x}px, ${from.y}px) rotate(${Math.atan2(y, x)}rad)`;
  balls.append(line);
  setTimeout(() => line.remove(), 4 * BEAT);
}
