// Builds DOM nodes. Content only ever enters as text nodes or attributes, never as markup, so
// whatever a log line or an issue says is shown literally.

const SVG = "http://www.w3.org/2000/svg";

/** h("p", {class: "note", onclick: fn, "aria-label": "…"}, "text", node, [nodes], null) */
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked" || key === "selected") node[key] = value;
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  append(node, children);
  return node;
}

export function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child);
  }
  return node;
}

export function replace(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

const PATHS = {
  reply: "M3 4.5h14v9H9l-4 3.2v-3.2H3z",
  close: "M5 5l10 10M15 5L5 15",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  panes: "M3 4h14v12H3zM11.5 4v12",
  file: "M5 2.8h6.5L15 6.3v10.9H5zM11.2 3v3.6h3.6",
  clip: "M14.5 9.2l-5.2 5.2a3 3 0 0 1-4.3-4.3l6-6a2 2 0 0 1 2.9 2.9l-5.8 5.8a1 1 0 0 1-1.5-1.4l5-5",
  send: "M3.5 3.5l13.5 6.5-13.5 6.5 2-6.5zM5.5 10H11",
  home: "M3.5 9.5L10 4l6.5 5.5M5.5 8.5V16h9V8.5M8.5 16v-4h3v4",
  eye: "M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5zM10 7.8a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.4",
  down: "M10 4v11M5.5 10.5L10 15l4.5-4.5",
  out: "M8 5H4.5v10.5H15V12M11 4h5v5M16 4l-7 7",
  phone: "M6 2.5h8v15H6zM9 15h2",
  sprout:
    "M10 17V9.5M10 11c0-3.5-2.2-5.6-6-5.6C4 9 6.3 11 10 11zM10 9.5c0-3 2-5.5 6-5.8 0 3.6-2.2 5.8-6 5.8z",
};

/** A 20 px line drawing, hidden from screen readers: the button around it carries the name. */
export function icon(name, extra = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", `icon ${extra}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** The address if a page may link to it (http, https, mailto), else null. */
export function safeUrl(url) {
  try {
    const parsed = new URL(String(url), location.href);
    return ["http:", "https:", "mailto:"].includes(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

/** Puts a menu below (or above) its button, inside the window. The menu is position: fixed. */
export function placeBeside(menu, anchor) {
  const at = anchor.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const below = at.bottom + 4 + size.height < innerHeight;
  const left = at.left > innerWidth / 2 ? at.right - size.width : at.left;
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - size.width - 8))}px`;
  menu.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - size.height - 4)}px`;
}

/** Arrow keys, Home and End move the focus among items(); the keyed item is then tabbable. */
export function roving(container, items, { vertical = true, onmove } = {}) {
  const next = vertical ? "ArrowDown" : "ArrowRight";
  const previous = vertical ? "ArrowUp" : "ArrowLeft";
  container.addEventListener("keydown", (event) => {
    if (![next, previous, "Home", "End"].includes(event.key)) return;
    const all = items();
    const at = all.indexOf(document.activeElement);
    if (at < 0) return;
    event.preventDefault();
    const to = {
      [next]: Math.min(at + 1, all.length - 1),
      [previous]: Math.max(at - 1, 0),
      Home: 0,
      End: all.length - 1,
    }[event.key];
    all.forEach((item, index) => (item.tabIndex = index === to ? 0 : -1));
    all[to].focus();
    onmove?.(all[to]);
  });
}
