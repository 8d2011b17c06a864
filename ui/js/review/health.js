/* What the lists about the health of the suite have in common. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const R = (T.review ??= {});
  const { h } = T;

  const LISTS = [["flaky", "Flaky"], ["slow", "Slow"], ["budgets", "Budgets"], ["machines", "Machines"], ["quarantine", "Quarantine"]];

  R.isHealth = (view) => LISTS.some(([name]) => name === view);

  /** The head of a list: links to all of them, and what this one contains. */
  R.healthHead = (view, text, ...more) => h("div", { class: "stack stack-tight" },
    h("h1", { class: "visually-hidden" }, LISTS.find(([name]) => name === view)[1]),
    h("nav", { class: "tabs", "aria-label": "Health" }, LISTS.map(([name, title]) =>
      h("a", { class: "tab", href: `#/${name}`, "aria-current": name === view && "page" }, title))),
    h("p", { class: "quiet" }, text), ...more);
}
