/* The report of a run: one page without a server. */
"use strict";
{
  const T = globalThis.Tintype;
  const { h } = T;
  const { run, snapshots } = JSON.parse(document.getElementById("data").textContent);

  const bench = new T.Workbench({
    empty: snapshots.length === 0 ? "This run has no snapshots." : "No snapshot matches. Clear the search or the filters.",
    chosen: (name, how) => {
      const place = name && how !== "closed" ? encodeURIComponent(name) : "";
      history.replaceState(null, "", `#${place}${bench.query()}`);
    },
  });
  bench.load(snapshots);

  const { summary } = run;
  const words = [];
  if (summary.failed) words.push(`${T.count(summary.failed)} failed`);
  const accepted = snapshots.filter(({ status, baseline }) => status === "new" && baseline).length;
  if (accepted) words.push(`${T.count(accepted)} accepted as new`);
  if (summary.new > accepted) words.push(`${T.count(summary.new - accepted)} new`);
  const verdict = words.length > 0 ? words.join(", ") : { interrupted: "Interrupted", error: "The run failed with an error", failed: "Nothing was compared" }[run.reason] ?? "All snapshots match their baselines";
  const place = run.environment;
  const where = [place.browser, place.platform && `${place.platform} ${place.arch}`, place.git && `${place.git.branch ?? "detached"} ${place.git.commit.slice(0, 7)}${place.git.dirty ? " with changes" : ""}`].filter(Boolean).join(" · ");

  const help = T.keyboard([...T.workbenchKeys(bench), {
    keys: ["c"], show: "C", text: "Copy the accept command",
    run: () => { const item = bench.current(); if (item?.command) T.copy(item.command); },
  }]);
  document.body.replaceChildren(h("div", { class: "app" },
    h("header", { class: "nav" },
      h("span", { class: "brand" }, T.mark(), "Tintype"),
      h("span", { class: "mono small quiet truncate wide-only" }, run.runId),
      h("span", { class: "push" }),
      h("span", { class: "small quiet wide-only" }, [T.moment(run.startTime), run.duration !== undefined && T.duration(run.duration)].filter(Boolean).join(" · ")),
      h("button", { type: "button", class: "btn btn-quiet btn-icon btn-small", "aria-label": "Keyboard shortcuts", onclick: () => help.open() }, T.icon("keyboard")),
      h("button", { type: "button", class: "btn btn-quiet btn-icon btn-small", "aria-label": "Light or dark", onclick: T.toggleTheme }, T.icon("moon"))),
    h("main", { class: "app-main" },
      h("div", { class: "app-head stack stack-tight" },
        h("div", { class: "row spread" }, h("h1", { class: "title" }, verdict), h("p", { class: "small quiet wide-only" }, where)),
        T.meter(bench.counts())),
      bench.element, T.printable(bench, ({ images }) => images))));
  const [name, query] = location.hash.slice(1).split("?");
  const wanted = decodeURIComponent(name);
  if (query) bench.restore(`?${query}`);
  if (bench.byName.has(wanted)) bench.select(wanted, true);
}
