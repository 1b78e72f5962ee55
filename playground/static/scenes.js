// The Behind the scenes tab: envelopes, API calls, the queue, Redis keys and acks as they happen;
// and the bot's processes, which can be killed.

import { h, replace } from "./dom.js";
import { ask } from "./live.js";
import { on, state } from "./store.js";

const KINDS = { envelope: "envelope", ack: "ack", api: "API call", queue: "queue", redis: "Redis" };
const SHOWN = 300;
const KILLABLE = ["web", "worker", "clock"];

export function startScenes(host) {
  const hidden = new Set();
  const filters = h(
    "div",
    { class: "scene-filters", role: "group", "aria-label": "Kinds to show" },
    Object.entries(KINDS).map(([kind, name]) =>
      h(
        "button",
        {
          type: "button",
          class: "filter",
          "aria-pressed": "true",
          onclick: (event) => {
            const shown = hidden.delete(kind) || !hidden.add(kind);
            event.currentTarget.setAttribute("aria-pressed", String(shown));
            list.classList.toggle(`hide-${kind}`, !shown);
          },
        },
        name,
      ),
    ),
  );
  const list = h("ol", {
    class: "scene-list",
    tabindex: "0",
    "aria-label": "Events, newest first",
    "data-testid": "scenes",
  });
  const processes = h("div", { class: "scene-processes" });
  host.append(processes, filters, list);

  on("snapshot", () => {
    replace(list, state.scenes.slice(-SHOWN).reverse().map(row));
    if (!state.scenes.length)
      list.append(h("li", { class: "pane-empty" }, "Nothing has happened yet."));
  });
  on("scene", (scene) => {
    list.querySelector(".pane-empty")?.remove();
    list.prepend(row(scene));
    while (list.childElementCount > SHOWN) list.lastChild.remove();
  });
  const showProcesses = () => replace(processes, processNodes());
  on("process", showProcesses);
  on("snapshot", showProcesses);
}

function row(scene) {
  const detail = typeof scene.detail === "string" ? scene.detail : JSON.stringify(scene.detail);
  const when = new Date(scene.at);
  const time = when.toLocaleTimeString([], {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  return h(
    "li",
    { class: `scene kind-${scene.kind}` },
    h(
      "span",
      { class: "scene-time" },
      `${time}.${String(when.getMilliseconds()).padStart(3, "0")}`,
    ),
    h("span", { class: "scene-kind" }, KINDS[scene.kind] || scene.kind),
    h("span", { class: "scene-name" }, scene.name),
    typeof scene.ms === "number" &&
      h("span", { class: `scene-ms ${scene.ms > 1000 ? "slow" : ""}` }, `${scene.ms} ms`),
    detail && h("span", { class: "scene-detail", title: detail }, detail),
  );
}

function processNodes() {
  return [...state.processes.values()].map((process) => {
    const killable = KILLABLE.includes(process.name);
    const down = ["stopped", "crashed"].includes(process.state);
    const order = down ? "restart" : "kill";
    return h(
      "span",
      {
        class: `process is-${process.state}`,
        title: process.pid ? `process ${process.pid}` : null,
      },
      h("span", { class: "dot", "aria-hidden": "true" }),
      h("b", null, process.name),
      h(
        "span",
        { class: "process-state" },
        h("span", { class: "process-word" }, process.state),
        killable &&
          h(
            "button",
            {
              type: "button",
              class: "kill",
              "data-testid": `${order}-${process.name}`,
              "data-key": `process/${process.name}`,
              "aria-label": down ? `Restart ${process.name}` : `Kill ${process.name} with kill -9`,
              onclick: () => ask("process", { name: process.name, do: order }),
            },
            down ? "restart" : "kill -9",
          ),
      ),
    );
  });
}

/** The line at the page's foot: process states and the last ack. */
export function startFooter(host) {
  const list = h("div", { class: "foot-processes" });
  const summary = h("span", { class: "foot-summary" });
  const ack = h("span", { class: "foot-ack", "data-testid": "last-ack" });
  host.append(list, summary, ack);
  function render() {
    const focused =
      host.contains(document.activeElement) && document.activeElement.getAttribute("data-key");
    replace(list, processNodes());
    if (focused) list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    const all = [...state.processes.values()];
    const down = all.filter((process) => process.state !== "running");
    summary.textContent = down.length
      ? down.map((p) => `${p.name} ${p.state}`).join(", ")
      : `${all.length} processes running`;
    summary.classList.toggle(
      "problem",
      down.some((p) => p.state !== "starting"),
    );
  }
  function showAck() {
    ack.textContent = state.lastAck ? `last ack ${state.lastAck.ms} ms` : "no ack yet";
    ack.title = state.lastAck ? `${state.lastAck.name}: Slack wants it within 3,000 ms` : "";
  }
  on("process", render);
  on("snapshot", () => {
    render();
    showAck();
  });
  on("scene", (scene) => scene.kind === "ack" && showAck());
}
