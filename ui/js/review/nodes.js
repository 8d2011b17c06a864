/* The machines of recent runs, and the outcomes of the last hours. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const R = (T.review ??= {});
  const { h } = T;
  const encode = encodeURIComponent;

  const time = (at) => new Date(at).toISOString().slice(11, 16);
  const rate = (perSecond) => (perSecond >= 10 ? T.count(Math.round(perSecond)) : String(Math.round(perSecond * 100) / 100));

  /** A machine is busy from a process per core on, and overloaded from two on. */
  const loadStatus = (load) => (load > 2 ? "failed" : load > 1 ? "changed" : "passed");

  const loadBar = (load) => h("div", { class: "meter", "aria-hidden": "true" },
    h("span", { data: { status: loadStatus(load) }, style: { "--n": Math.min(load, 2) } }),
    load < 2 && h("span", { class: "rest", style: { "--n": 2 - load } }));

  function facts({ report, workers, runs, snapshots, perSecond }) {
    const memory = report?.memoryTotal && `${Math.round((1 - report.memoryAvailable / report.memoryTotal) * 100)} % of ${T.bytes(report.memoryTotal)}`;
    const known = [
      ["Load per core", report?.load !== undefined && [report.load.toFixed(2), loadBar(report.load)]],
      ["Cores", report && T.count(report.cores)],
      ["Memory", memory],
      ["Processes", T.count(workers)],
      ["Runs", T.count(runs)],
      ["Snapshots", T.count(snapshots)],
      ["Snapshots/s", perSecond !== undefined && rate(perSecond)],
      ["Journal lag", report && T.count(report.journalLag)],
    ];
    return h("dl", { class: "node-facts" }, known.filter(([, value]) => value).map(([term, value]) =>
      h("div", {}, h("dt", { class: "small quiet" }, term), h("dd", { class: "num" }, value))));
  }

  function line(machine, now) {
    const { host, report, lastRun, lastSeen } = machine;
    return h("li", { class: "stack stack-tight" },
      h("div", { class: "row row-tight" },
        T.shortened(host, "mono run-title"), T.badge(report ? "passed" : "skipped", report ? "active" : "not active"),
        h("span", { class: "small faint" }, `last seen ${T.duration(Math.max(now - lastSeen, 0))} ago in `, h("a", { href: `#/run/${encode(lastRun)}` }, lastRun))),
      facts(machine));
  }

  /** A chart of windows. `value` is null in a window without one. */
  function chart(title, windows, kind, value, unit, isBad = () => false) {
    const points = windows.map((window) => {
      const shown = value(window) ?? null;
      return { value: shown, status: isBad(window) ? "failed" : "passed", label: `${time(window.start)} UTC: ${shown === null ? "nothing" : unit(shown)}` };
    });
    const ends = [windows[0], windows.at(-1)].map(({ start }) => `${time(start)} UTC`);
    return h("section", { class: "panel panel-pad stack" }, h("h2", { class: "heading" }, title),
      points.some(({ value: shown }) => shown !== null)
        ? T.chart(title, points, kind, unit, ends)
        : h("p", { class: "small quiet" }, "Nothing was recorded in this time."));
  }

  R.showNodes = async (signal) => {
    document.title = "Machines · Tintype";
    const { now, machines, minutes, fiveMinutes } = await R.request("/api/machines", { signal });
    const outcomes = ({ outcomes: count }) => count || null;
    const hasFailed = ({ failed }) => failed > 0;
    R.main.replaceChildren(R.healthHead("machines", "The machines of the latest runs, and the outcomes of the project on all of them. Bars with failures are red."),
      h("div", { class: "scroll stack" },
        h("div", { class: "panel" }, machines.length === 0
          ? h("div", { class: "empty" }, h("p", {}, "No run has been recorded yet."))
          : h("ol", { class: "lines" }, machines.map((machine) => line(machine, now)))),
        h("div", { class: "split charts", style: { "--column": "30rem" } },
          chart("Snapshots per minute", minutes, "bars", outcomes, T.count, hasFailed),
          chart("Snapshots in five minutes", fiveMinutes, "bars", outcomes, T.count, hasFailed),
          chart("Median duration", fiveMinutes, "line", ({ medianMs }) => medianMs, T.duration),
          chart("Journal lag", minutes, "line", ({ journalLag }) => journalLag, T.count))));
  };
}
