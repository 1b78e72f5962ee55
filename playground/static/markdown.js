// As much of GitHub's Markdown as issues and worklogs use, as DOM nodes. HTML in it is text, but
// for comments (hidden, as GitHub hides them) and details/summary.

import { h } from "./dom.js";
import { link } from "./mrkdwn.js";

/** Nodes of a Markdown text. */
export function markdown(text) {
  const lines = String(text ?? "")
    .replace(/<!--[\s\S]*?-->/g, "")
    .split(/\r?\n/);
  return blockNodes(lines);
}

const STARTS = /^(#{1,6} |```|~~~|> ?|\s*[-*+] |\s*\d+[.)] |\||<details|(-{3,}|\*{3,}|_{3,})\s*$)/;

function blockNodes(lines) {
  const nodes = [];
  let i = 0;
  while (i < lines.length) {
    const taken = take(lines, i);
    if (taken.node) nodes.push(taken.node);
    i = taken.next;
  }
  return nodes;
}

function take(lines, i) {
  const line = lines[i];
  if (!line.trim()) return { next: i + 1 };
  const heading = /^(#{1,6}) (.*?)\s*#*$/.exec(line);
  if (heading)
    return {
      node: h(`h${Math.min(6, heading[1].length + 2)}`, null, inline(heading[2])),
      next: i + 1,
    };
  const fence = /^(`{3,}|~{3,})/.exec(line);
  if (fence) return fenced(lines, i, fence[1]);
  if (/^(-{3,}|\*{3,}|_{3,})\s*$/.test(line)) return { node: h("hr"), next: i + 1 };
  if (/^<details/.test(line)) return details(lines, i);
  if (/^> ?/.test(line)) {
    const end = until(lines, i, (l) => !/^> ?/.test(l));
    return {
      node: h(
        "blockquote",
        null,
        blockNodes(lines.slice(i, end).map((l) => l.replace(/^> ?/, ""))),
      ),
      next: end,
    };
  }
  if (/^\|/.test(line) && /^\|[\s:|-]+\|?\s*$/.test(lines[i + 1] || "")) return table(lines, i);
  if (/^\s*([-*+]|\d+[.)]) /.test(line)) return list(lines, i);
  const end = until(lines, i + 1, (l) => !l.trim() || STARTS.test(l));
  return { node: h("p", null, inline(lines.slice(i, end).join("\n"))), next: end };
}

function until(lines, from, stops) {
  let i = from;
  while (i < lines.length && !stops(lines[i])) i++;
  return i;
}

function fenced(lines, i, mark) {
  const end = until(lines, i + 1, (l) => l.startsWith(mark) && !l.slice(mark.length).trim());
  return {
    node: h("pre", { class: "pre", tabindex: "0" }, lines.slice(i + 1, end).join("\n")),
    next: end + 1,
  };
}

function details(lines, i) {
  const end = until(lines, i, (l) => /<\/details>/.test(l));
  const inside = lines
    .slice(i, end)
    .join("\n")
    .replace(/^<details[^>]*>/, "");
  const summary = /<summary>([\s\S]*?)<\/summary>/.exec(inside);
  const rest = summary ? inside.replace(summary[0], "") : inside;
  return {
    node: h(
      "details",
      null,
      h("summary", null, inline(summary ? summary[1] : "Details")),
      blockNodes(rest.split("\n")),
    ),
    next: end + 1,
  };
}

function list(lines, i) {
  const ordered = /^\s*\d/.test(lines[i]);
  const items = [];
  let at = i;
  while (at < lines.length) {
    const item = /^(\s*)([-*+]|\d+[.)]) (\[[ xX]\] )?(.*)$/.exec(lines[at]);
    if (item)
      items.push({
        box: item[3],
        depth: Math.min(3, Math.floor(item[1].length / 2)),
        lines: [item[4]],
      });
    else if (/^\s+\S/.test(lines[at]) && items.length) items.at(-1).lines.push(lines[at].trim());
    else break;
    at++;
  }
  const nodes = items.map(({ box, depth, lines: own }) =>
    h(
      "li",
      { class: `${box ? "task" : ""} rt-indent-${depth}` },
      box &&
        h("input", {
          type: "checkbox",
          disabled: true,
          checked: /x/i.test(box),
          "aria-label": /x/i.test(box) ? "done" : "not done",
        }),
      inline(own.join("\n")),
    ),
  );
  return { node: h(ordered ? "ol" : "ul", null, nodes), next: at };
}

function table(lines, i) {
  const end = until(lines, i, (l) => !/^\|/.test(l));
  const cells = (line) =>
    line
      .trim()
      .replace(/^\||\|$/g, "")
      .split("|")
      .map((cell) => inline(cell.trim()));
  const rows = lines.slice(i + 2, end);
  return {
    node: h(
      "div",
      { class: "table-wrap", tabindex: "0" },
      h(
        "table",
        null,
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            cells(lines[i]).map((cell) => h("th", null, cell)),
          ),
        ),
        h(
          "tbody",
          null,
          rows.map((row) =>
            h(
              "tr",
              null,
              cells(row).map((cell) => h("td", null, cell)),
            ),
          ),
        ),
      ),
    ),
    next: end,
  };
}

const INLINE =
  /(`+)([\s\S]+?)\1(?!`)|\*\*([^*\n]+)\*\*|(?<![\w*])\*([^*\s][^*\n]*)\*(?!\w)|(?<!\w)_([^_\s][^_\n]*)_(?!\w)|~~([^~\n]+)~~|\[([^\]\n]+)\]\(([^)\s]+)\)|(https?:\/\/[^\s<>)]+[^\s<>).,;:])|\\([\\`*_{}[\]()#+\-.!|<>~@])/g;

function inline(text) {
  const nodes = [];
  let at = 0;
  for (const m of text.matchAll(INLINE)) {
    if (m.index > at) nodes.push(entities(text.slice(at, m.index)));
    at = m.index + m[0].length;
    if (m[2] !== undefined) nodes.push(h("code", null, m[2]));
    else if (m[3] !== undefined) nodes.push(h("strong", null, inline(m[3])));
    else if (m[4] !== undefined || m[5] !== undefined)
      nodes.push(h("em", null, inline(m[4] ?? m[5])));
    else if (m[6] !== undefined) nodes.push(h("s", null, inline(m[6])));
    else if (m[7] !== undefined) nodes.push(link(m[8], m[7]));
    else if (m[9] !== undefined) nodes.push(link(m[9]));
    else nodes.push(m[10]);
  }
  if (at < text.length) nodes.push(entities(text.slice(at)));
  return nodes;
}

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"' };

function entities(text) {
  return text.replace(
    /&(?:(amp|lt|gt|quot)|#(\d{1,6}));/g,
    (_, name, code) => ENTITIES[name] ?? String.fromCodePoint(Number(code)),
  );
}
