// The Service log tab: what the sample service writes, its planted secret included.

import { h, replace } from "./dom.js";
import { on, state } from "./store.js";

const SHOWN = 400;
// Shapes of credentials. The one that the service writes on purpose must be seen here alone.
const SECRET =
  /\b(eyJ[\w-]{8,}(?:\.[\w-]+){1,2}|gh[pousr]_\w{16,}|AKIA[A-Z0-9]{12,}|AIza[\w-]{20,}|xox[abp]-[\w-]{10,}|sk[-_](?:live|test)?[-_]?\w{16,})|\b(?:password|token|secret|api_key)=([^\s,;&"']{6,})|Bearer ([\w.~+/-]{12,})|:\/\/[^:/\s]+:([^@\s]{4,})@/g;

export function startServiceLog(host) {
  const note = h(
    "p",
    { class: "pane-note" },
    "What the service writes, as it writes it. It plants a secret: that is shown here, marked, and must never reach Slack, GitHub or Redis.",
  );
  const rows = h("div", {
    class: "log-rows",
    tabindex: "0",
    "aria-label": "Service log, newest last",
    "data-testid": "service-log",
  });
  host.append(note, rows);
  let stuck = true;
  rows.addEventListener(
    "scroll",
    () => (stuck = rows.scrollTop + rows.clientHeight > rows.scrollHeight - 60),
    { passive: true },
  );

  function row(entry) {
    const severity = String(entry.severity || "DEFAULT").toUpperCase();
    return h(
      "div",
      {
        class: `log-row sev-${severity.toLowerCase()}`,
        title: [entry.service, entry.revision].filter(Boolean).join(" "),
      },
      h("span", { class: "log-time" }, timeOf(entry.timestamp)),
      h("span", { class: "log-sev" }, severity),
      h("span", { class: "log-text" }, marked(String(entry.text ?? ""))),
    );
  }

  function settle() {
    while (rows.childElementCount > SHOWN) rows.firstChild.remove();
    if (stuck) rows.scrollTop = rows.scrollHeight;
  }

  on("snapshot", () => {
    replace(
      rows,
      state.log.length
        ? state.log.slice(-SHOWN).map(row)
        : h("p", { class: "pane-empty" }, "The service has written nothing yet."),
    );
    settle();
  });
  on("log", (entries) => {
    rows.querySelector(".pane-empty")?.remove();
    rows.append(...entries.map(row));
    settle();
  });
  return { shown: settle };
}

function marked(text) {
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(SECRET)) {
    const value = match[1] || match[2] || match[3] || match[4];
    const start = match.index + match[0].indexOf(value);
    nodes.push(
      text.slice(at, start),
      h("mark", { class: "secret", title: "a secret: shown only here" }, value),
    );
    at = start + value.length;
  }
  nodes.push(text.slice(at));
  return nodes;
}

function timeOf(timestamp) {
  const when = new Date(timestamp);
  return Number.isNaN(when.getTime())
    ? ""
    : when.toLocaleTimeString([], {
        hour: "2-digit",
        minute: "2-digit",
        second: "2-digit",
        hourCycle: "h23",
      });
}
