/* The measurements of snapshots beside their limits, worst first. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const R = (T.review ??= {});
  const { h } = T;
  const encode = encodeURIComponent;

  const MEASURES = { bytes: ["Transferred", T.bytes], requests: ["Requests", T.count], nodes: ["Nodes", T.count], "console-errors": ["Console errors", T.count], cls: ["Layout shift", String] };

  /** How much of its limit a value takes: the end of the bar is the larger one. */
  function bar({ value, limit, isOver }) {
    const within = Math.min(value, limit);
    const parts = isOver
      ? [["skipped", within], ["failed", value - limit]]
      : [["passed", within]];
    return h("div", { class: "meter", "aria-hidden": "true" },
      ...parts.filter(([, size]) => size > 0).map(([status, size]) => h("span", { data: { status }, style: { "--n": size } })),
      !isOver && limit > value && h("span", { class: "rest", style: { "--n": limit - value } }));
  }

  function measure(item) {
    const [title, unit] = MEASURES[item.key] ?? [item.key, String];
    const text = `${unit(item.value)} of ${unit(item.limit)}`;
    const label = ({ value, commit, at }) => `${unit(value)}, ${T.moment(new Date(at).toISOString())}${commit ? `, commit ${commit.slice(0, 7)}` : ""}`;
    const points = item.points.map((point) => ({ value: point.value, label: label(point) }));
    return h("li", { class: "budget" },
      h("span", { class: "small quiet" }, title), bar(item),
      h("span", { class: "num", data: item.isOver ? { over: "" } : {} }, text),
      points.length > 0 ? T.sparkline(`${title} in the last runs (${points.length}); ${text}`, points, item.limit) : h("span"));
  }

  function line({ name, measures }) {
    const isOver = measures.some((item) => item.isOver);
    return h("li", { class: "stack stack-tight" },
      h("div", { class: "row row-tight" },
        h("a", { href: `#/story/${encode(name)}`, class: "run-title" }, T.shortened(name, "mono")),
        isOver && T.badge("failed", "over budget")),
      h("ul", { class: "budgets" }, measures.map(measure)));
  }

  R.showBudgets = async (signal) => {
    document.title = "Budgets · Tintype";
    const { snapshots, runId, more } = await R.request("/api/budgets", { signal });
    const of = runId ? ["The measurements of ", h("a", { href: `#/run/${encode(runId)}` }, runId), " beside their limits, worst first. The dashed line is the limit."] : "Measurements beside their limits.";
    R.main.replaceChildren(R.healthHead("budgets", of),
      h("div", { class: "panel scroll" }, snapshots.length === 0
        ? h("div", { class: "empty" }, h("p", {}, "No recent run has measured a snapshot with a budget."), h("p", { class: "small quiet" }, "Set `measure = true` in [capture] and limits in [budget]."))
        : h("ol", { class: "lines" }, snapshots.map(line), more > 0 && h("li", { class: "small quiet" }, `${T.count(more)} more snapshots use less of their limits`))));
  };
}
