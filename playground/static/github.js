// The GitHub tab: what the bot filed, and what people do to it there.

import { h, replace } from "./dom.js";
import { ask } from "./live.js";
import { askConfirm } from "./menu.js";
import { markdown } from "./markdown.js";
import { on, state } from "./store.js";

export function startGithub(host) {
  const open = new Set(); // "owner/name#4" of unfolded issues

  function render() {
    const focused = host.contains(document.activeElement)
      ? document.activeElement.getAttribute("data-key")
      : null;
    const drafts = new Map(
      [...host.querySelectorAll("textarea")].map((box) => [
        box.getAttribute("data-key"),
        box.value,
      ]),
    );
    const repos = [...state.repos.values()];
    replace(
      host,
      repos.length ? repos.map(repoNode) : h("p", { class: "pane-empty" }, "No repository yet."),
    );
    for (const box of host.querySelectorAll("textarea"))
      box.value = drafts.get(box.getAttribute("data-key")) || "";
    if (focused) host.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  function repoNode(repo) {
    const issues = [...(repo.issues || [])].sort((a, b) =>
      a.state === b.state ? b.number - a.number : a.state === "open" ? -1 : 1,
    );
    const opened = issues.filter((issue) => issue.state === "open").length;
    return h(
      "section",
      { class: "repo", "aria-label": repo.full_name },
      h(
        "header",
        { class: "repo-head" },
        h("h3", null, repo.full_name),
        h("span", { class: "pill" }, repo.private ? "private" : "public"),
        h("span", { class: "hint" }, `${opened} open, ${issues.length - opened} closed`),
      ),
      issues.length
        ? h(
            "ul",
            { class: "issues" },
            issues.map((issue) => issueNode(repo, issue)),
          )
        : h(
            "p",
            { class: "pane-empty" },
            "No issues yet. A card's Create issue button files one here.",
          ),
    );
  }

  function issueNode(repo, issue) {
    const id = `${repo.full_name}#${issue.number}`;
    const unfolded = open.has(id);
    const closed = issue.state === "closed";
    return h(
      "li",
      { class: "issue", "data-testid": `issue-${issue.number}` },
      h(
        "button",
        {
          type: "button",
          class: "issue-head",
          "aria-expanded": String(unfolded),
          "data-key": id,
          onclick: () => {
            if (!open.delete(id)) open.add(id);
            render();
          },
        },
        h(
          "span",
          { class: `issue-state ${closed ? "closed" : "open"}` },
          closed ? "Closed" : "Open",
        ),
        h(
          "span",
          { class: "issue-title" },
          issue.title,
          " ",
          h("span", { class: "issue-number" }, `#${issue.number}`),
        ),
      ),
      labels(issue),
      unfolded && body(repo, issue, closed),
    );
  }

  function labels(issue) {
    const names = (issue.labels || []).map((label) => label.name || label);
    const hands = (issue.assignees || []).map((user) => user.login || user);
    if (!names.length && !hands.length) return null;
    return h(
      "div",
      { class: "labels" },
      names.map((name) => h("span", { class: "pill" }, name)),
      hands.map((name) => h("span", { class: "hint" }, `assigned to ${name}`)),
    );
  }

  function body(repo, issue, closed) {
    const order = (doing, more = {}) =>
      ask("github", {
        repo: repo.full_name,
        number: issue.number,
        do: doing,
        user: state.me,
        ...more,
      });
    const key = (name) => `${repo.full_name}#${issue.number}/${name}`;
    const box = h("textarea", {
      class: "field",
      rows: "2",
      "aria-label": `Comment on #${issue.number}`,
      placeholder: "Comment as a person",
      "data-key": key("comment"),
    });
    const comments = (issue.comments || []).map((comment) =>
      h(
        "div",
        { class: "issue-comment" },
        h(
          "div",
          { class: "hint" },
          comment.user?.login || comment.user || "someone",
          comment.created_at && ` · ${shortTime(comment.created_at)}`,
        ),
        h("div", { class: "markdown" }, markdown(comment.body)),
      ),
    );
    return h(
      "div",
      { class: "issue-body" },
      h(
        "div",
        { class: "hint" },
        `opened ${shortTime(issue.created_at)}, updated ${shortTime(issue.updated_at)}`,
      ),
      h("div", { class: "markdown" }, markdown(issue.body)),
      comments,
      box,
      h(
        "div",
        { class: "issue-buttons" },
        h(
          "button",
          {
            type: "button",
            class: "btn",
            "data-key": key("say"),
            onclick: async () => {
              const text = box.value.trim();
              if (text && (await order("comment", { body: text })))
                host.querySelector(`[data-key="${CSS.escape(key("comment"))}"]`).value = "";
            },
          },
          "Comment",
        ),
        h(
          "button",
          {
            type: "button",
            class: "btn",
            "data-testid": `issue-${issue.number}-${closed ? "reopen" : "close"}`,
            "data-key": key("state"),
            onclick: () => order(closed ? "reopen" : "close"),
          },
          closed ? "Reopen" : "Close",
        ),
        h(
          "button",
          {
            type: "button",
            class: "btn danger",
            "data-key": key("delete"),
            onclick: async () => {
              const title = { text: `Delete #${issue.number}?` };
              const text = {
                type: "plain_text",
                text: "As an owner of the repository would. gardener has to notice.",
              };
              if (await askConfirm({ title, text, confirm: { text: "Delete" }, style: "danger" }))
                order("delete");
            },
          },
          "Delete",
        ),
      ),
    );
  }

  on("github", render);
  on("snapshot", render);
  return {
    show(repo, number) {
      const id = `${repo}#${number}`;
      open.add(id);
      render();
      const head = host.querySelector(`[data-key="${CSS.escape(id)}"]`);
      head?.scrollIntoView({ block: "start" });
      head?.focus({ preventScroll: true });
    },
  };
}

function shortTime(iso) {
  const when = new Date(iso);
  if (Number.isNaN(when.getTime())) return "just now";
  return when.toLocaleString([], {
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
}
