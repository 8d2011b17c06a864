/* The report: a run from its data, in one page without a server. */
"use strict";
{
  const T = globalThis.Tintype;
  const { h } = T;
  const { run, snapshots } = JSON.parse(document.getElementById("data").textContent);

  const bench = new T.Workbench({
    empty: snapshots.length === 0 ? "This run has no snapshots." : "No snapshot matches. Clear the search or the filters.",
    chosen: (name) => history.replaceState(null, "", `#${encodeURIComponent(name)}`),
  });
  bench.load(snapshots);

  const { summary } = run;
  const words = [];
  if (summary.failed) words.push(`${T.count(summary.failed)} failed`);
  if (summary.new) words.push(`${T.count(summary.new)} ${summary.new === 1 ? "is" : "are"} new`);
  const verdict = words.length > 0 ? words.join(", ") : { interrupted: "Interrupted", error: "The run could not be carried out", failed: "Nothing was compared" }[run.reason] ?? "Everything is as it was";
  const place = run.environment;
  const where = [place.browser, place.platform && `${place.platform} ${place.arch}`, place.git && `${place.git.branch ?? "detached"} ${place.git.commit.slice(0, 7)}${place.git.dirty ? " with changes" : ""}`].filter(Boolean).join(" · ");

  const help = T.keyboard([...bench.keys(), {
    keys: ["c"], show: "C", text: "Copy the command that accepts",
    run: () => { const item = bench.current(); if (item?.command) T.copy(item.command); },
  }]);
  document.body.replaceChildren(h("div", { class: "app" },
    h("header", { class: "nav" },
      h("span", { class: "brand" }, T.mark(), "Tintype"),
      h("span", { class: "mono small quiet truncate wide-only" }, run.runId),
      h("span", { class: "push" }),
      h("span", { class: "small quiet wide-only" }, [T.moment(run.startTime), run.duration !== undefined && T.duration(run.duration)].filter(Boolean).join(" · ")),
      h("button", { type: "button", class: "btn btn-quiet btn-icon btn-small", "aria-label": "Keys", onclick: () => help.open() }, T.icon("keyboard")),
      h("button", { type: "button", class: "btn btn-quiet btn-icon btn-small", "aria-label": "Light or dark", onclick: T.toggleTheme }, T.icon("moon"))),
    h("main", { class: "app-main" },
      h("div", { class: "app-head stack stack-tight" },
        h("div", { class: "row spread" }, h("h1", { class: "title" }, verdict), h("p", { class: "small quiet wide-only" }, where)),
        T.meter(bench.counts())),
      bench.element)));
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (snapshots.some(({ name }) => name === wanted)) bench.select(wanted, true);
}
