// Elements and text. Whatever comes from the network is put on the page as text, never as markup.

export const byId = (id) => document.getElementById(id);

export function element(tag, className = "", text = "") {
  const created = document.createElement(tag);
  if (className) created.className = className;
  if (text) created.textContent = text;
  return created;
}

// Sets a text if it differs: a screen reader and a selection are not disturbed for nothing.
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

// Gives `parent` one child per item, in the items' order: created once per key, updated each time.
export function reconcile(parent, items, key, create, update) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let next = parent.firstElementChild;
  for (const item of items) {
    const name = key(item);
    let child = old.get(name);
    if (child) {
      old.delete(name);
    } else {
      child = create(item);
      child.dataset.key = name;
    }
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
    update(child, item);
  }
  for (const child of old.values()) child.remove();
}

const grouped = new Intl.NumberFormat("en");
export const number = (value) => grouped.format(value).replaceAll(",", "\u202f");

// Sorts pi2 before pi10.
export const byName = new Intl.Collator("en", { numeric: true }).compare;

export const taskName = (task) => `${task.task}@${task.node}`;

// Has a screen reader say it.
export function announce(text) {
  setText(byId("announce"), text);
}
