/* The slowest snapshots, and what they wait for. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const R = (T.review ??= {});
  const { h } = T;
  const encode = encodeURIComponent;

  const PARTS = [["navigateMs", "navigate"], ["settleMs", "settle"], ["captureMs", "capture"], ["compareMs", "compare"]];

  /** The parts of a duration as a bar, relative to the longest of the list. */
  function parts(item, longest) {
    const known = PARTS.filter(([key]) => item[key] > 0);
    const words = known.map(([key, word]) => `${word} ${T.duration(item[key])}`).join(", ");
    const rest = longest - known.reduce((sum, [key]) => sum + item[key], 0);
    return h("div", { class: "meter parts", role: "img", "aria-label": words, title: words },
      ...known.map(([key, word]) => h("span", { data: { part: word }, style: { "--n": item[key] } })),
      rest > 0 && h("span", { class: "rest", style: { "--n": rest } }));
  }

  function line(item, longest) {
    const wait = item.longestWait;
    return h("li", { class: "run" },
      h("div", { class: "run-name" }, h("a", { href: `#/story/${encode(item.name)}`, class: "run-title" }, T.shortened(item.name, "mono")),
        h("span", { class: "small faint" }, wait && wait.ms > 0 ? `waited longest for ${wait.step}: ${T.duration(wait.ms)}` : "waited for nothing")),
      parts(item, longest), h("span", { class: "num" }, T.duration(item.durationMs)), h("span"));
  }

  R.showSlow = async (signal) => {
    document.title = "Slow · Tintype";
    const { snapshots, runId } = await R.request("/api/slow", { signal });
    const longest = Math.max(...snapshots.map(({ durationMs }) => durationMs ?? 0), 1);
    const legend = h("ul", { class: "row row-tight small quiet parts" }, PARTS.map(([, word]) => h("li", { class: "row row-tight" }, h("span", { class: "dot", data: { part: word } }), word)));
    R.main.replaceChildren(R.healthHead("slow", runId ? ["The slowest snapshots of ", h("a", { href: `#/run/${encode(runId)}` }, runId), "."] : "The slowest snapshots.", snapshots.length > 0 && legend),
      h("div", { class: "panel scroll" }, snapshots.length === 0
        ? h("div", { class: "empty" }, h("p", {}, "No run has captured a snapshot yet."))
        : h("ol", { class: "lines" }, snapshots.map((item) => line(item, longest)))));
  };
}
