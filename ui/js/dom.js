/* Helpers that the pages are built with. Data of a run is inserted as text,
   never as markup: `h` does not use innerHTML. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;

  /** An element. A property starting with "on" is a listener, "data" and
      "style" are objects, the rest are attributes (true: bare, false: absent). */
  T.h = function h(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (value === undefined || value === null || value === false) continue;
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (name === "data") Object.assign(element.dataset, value);
      else if (name === "style") for (const [k, v] of Object.entries(value)) element.style.setProperty(k, v);
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return element;
  };

  const SIGNS = { passed: "check", changed: "tilde", failed: "cross", new: "plus", skipped: "minus", running: "half" };

  /** The statuses in the order of the list. */
  T.STATUSES = ["failed", "new", "changed", "running", "passed", "skipped"];
  /** Whether a person must accept or reject a snapshot, as
      `VisualTestResult::needs_decision` of the model. The server sends it; the
      report and live events have the fields that it follows from. */
  T.needsDecision = (item) => item.needsDecision ?? (
    (item.status === "failed" || (item.status === "new" && !item.baseline))
      && !item.unstable && !item.unmetStep && Boolean(item.lean || item.current));
  /** Whether its current image may become the baseline. */
  T.isAcceptable = (item) => item.acceptable ?? (
    T.needsDecision(item)
      || (item.status === "changed" && !item.knownFailure && !item.unstable && !item.unmetStep));
  /** The status that colours a snapshot: accepting it settles a failure. */
  T.tone = (item) => (item.decision === "accepted" ? "passed" : item.status);

  T.icon = (name) => T.h("i", { class: `icon icon-${name}`, "aria-hidden": "true" });
  T.sign = (status) => T.icon(SIGNS[status] ?? "info");
  T.badge = (status, text = status, kind = "") =>
    T.h("span", { class: `badge ${kind}`.trim(), data: { status } }, T.sign(status), text);

  /** Text that is shortened before its end, which distinguishes long names. */
  T.shortened = (text, kind = "") => {
    if (text.length <= 20) return T.h("span", { class: `truncate ${kind}`.trim() }, text);
    const at = text.length - 12;
    return T.h("span", { class: `shortened ${kind}`.trim(), title: text },
      T.h("span", { class: "truncate" }, text.slice(0, at)), T.h("span", {}, text.slice(at)));
  };

  const whole = new Intl.NumberFormat("en-GB");
  /** 1284 as "1,284". */
  T.count = (number) => whole.format(number);
  /** A ratio from 0 to 1 as "2.76 %". Only zero is shown as 0. */
  T.percent = (ratio) => {
    if (ratio === undefined || ratio === null) return "–";
    if (ratio === 0) return "0";
    return ratio < 0.0001 ? "<0.01 %" : `${(ratio * 100).toFixed(2)} %`;
  };
  /** Milliseconds as "214 ms", "41.8 s" or "3 m 12 s". */
  T.duration = (ms) => {
    if (ms === undefined || ms === null) return "–";
    if (ms < 1000) return `${Math.round(ms)} ms`;
    if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
    return `${Math.floor(ms / 60_000)} m ${Math.floor((ms % 60_000) / 1000)} s`;
  };
  /** An RFC 3339 time as "26 October 2025, 12:00 UTC". */
  T.moment = (text) => {
    const date = new Date(text);
    if (Number.isNaN(date.getTime())) return text;
    const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" }).format(date);
    const time = new Intl.DateTimeFormat("en-GB", { timeStyle: "short", timeZone: "UTC" }).format(date);
    return `${day}, ${time} UTC`;
  };

  const SVG = "http://www.w3.org/2000/svg";
  /** The logo. */
  T.mark = () => {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 48 56");
    svg.setAttribute("aria-hidden", "true");
    for (const [fill, d] of [
      ["currentColor", "M7 1h34l6 6v42l-6 6H7l-6-6V7zM24 9C14.600 9 9 17 9 28s5.600 19 15 19 15-8 15-19S33.400 9 24 9z"],
      ["currentColor", "M24 13c-7 0-11 6.300-11 15s4 15 11 15z"],
      ["#c8743d", "M26.500 13.200c5.500 1.300 8.500 7.200 8.500 14.800s-3 13.500-8.500 14.800z"],
    ]) {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("fill", fill);
      path.setAttribute("fill-rule", "evenodd");
      path.setAttribute("d", d);
      svg.append(path);
    }
    return svg;
  };

  /** A bar with one part per status that occurs. */
  T.meter = (counts, rest = 0, kind = "") => {
    const parts = T.STATUSES.filter((status) => counts[status] > 0);
    const words = parts.map((status) => `${T.count(counts[status])} ${status}`).join(", ");
    return T.h("div", { class: `meter ${kind}`.trim(), role: "img", "aria-label": words || "no results yet" },
      parts.map((status) => T.h("span", { data: { status }, style: { "--n": counts[status] } })),
      rest > 0 && T.h("span", { class: "rest", style: { "--n": rest } }));
  };

  /** A group of buttons, one of which is pressed. */
  T.segments = (label, options, chosen, choose) =>
    T.h("div", { class: "segments", role: "group", "aria-label": label }, options.map(({ value, text, icon, key }) =>
      T.h("button", {
        type: "button", class: "segment", "aria-pressed": String(value === chosen),
        title: key && `Key ${key}`, onclick: () => choose(value),
      }, icon && T.icon(icon), text)));

  /** A message that disappears; `undo` adds a button. */
  T.toast = (text, undo) => {
    document.querySelector(".toasts")?.remove();
    const box = T.h("div", { class: "toasts" }, T.h("div", { class: "toast", role: "status" }, T.h("span", { class: "toast-text" }, text), T.h("span", { class: "push" }),
      undo && T.h("button", { type: "button", class: "btn btn-small", onclick: () => { box.remove(); undo(); } }, "Undo")));
    document.body.append(box);
    setTimeout(() => box.remove(), undo ? 9000 : 3500);
  };

  /** Copies text, also on pages that are opened from disk. */
  T.copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = T.h("textarea", { class: "visually-hidden" });
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    T.toast("Copied");
  };

  /** A command with its copy button. */
  T.command = (text) => T.h("div", { class: "code code-copy" }, T.h("code", { tabindex: "0" }, text),
    T.h("button", { type: "button", class: "btn btn-small", "aria-label": "Copy the command", onclick: () => T.copy(text) }, T.icon("copy"), "Copy"));

  /** Switches between light and dark. */
  T.toggleTheme = () => {
    const root = document.documentElement;
    const now = root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
  };
}
