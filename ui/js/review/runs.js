/* The lists of the review page: runs and flaky snapshots. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const R = (T.review ??= {});
  const { h } = T;
  const encode = encodeURIComponent;

  const STATUS_OF = { passed: "passed", failed: "failed", interrupted: "skipped", error: "failed" };
  R.runBadge = (run) => T.badge(run.reason ? STATUS_OF[run.reason] ?? "failed" : "running", run.reason ?? "running");
  const commitOf = ({ git }) => (git ? `${git.commit.slice(0, 7)}${git.dirty ? " with changes" : ""}` : "no commit");

  /** What distinguishes a run: branch and subject of its commit. */
  function titleOf({ runId, environment: { git } }) {
    if (!git) return runId;
    return [git.branch ?? "detached", git.subject ?? git.commit.slice(0, 7)].join(" · ");
  }

  /** What a person has to look at. */
  function openIn({ reason, summary }) {
    const parts = [[summary.failed, "failed"], [summary.new, "new"], [summary.changed, "changed"]].filter(([count]) => count > 0);
    if (parts.length > 0) return parts.map(([count, word]) => `${T.count(count)} ${word}`).join(", ");
    return reason === "passed" ? `${T.count(summary.total)} passed` : "";
  }

  function runLine(run) {
    return h("li", { class: "run" },
      h("div", { class: "run-name" }, h("div", { class: "row row-tight" }, R.runBadge(run), h("a", { href: `#/run/${encode(run.runId)}`, class: "run-title" }, T.shortened(titleOf(run)))),
        h("div", { class: "row row-tight small faint" }, h("span", { class: "run-open" }, openIn(run)), run.environment.git ? T.shortened(run.runId, "mono") : null, h("span", { class: "truncate" }, commitOf(run.environment)))),
      T.meter(run.summary), h("span", { class: "num" }, T.duration(run.duration)),
      h("span", { class: "num small faint" }, T.moment(run.startTime)));
  }

  R.showRuns = async (signal) => {
    document.title = "Runs · Tintype";
    const list = h("ul", { class: "lines" });
    const where = h("p", { class: "small faint" });
    const draw = async () => {
      const { runs, problem, record } = await R.request("/api/runs", { signal });
      where.textContent = record;
      R.say(problem);
      list.replaceChildren(...runs.map(runLine));
      if (runs.length === 0) list.append(h("li", {}, h("div", { class: "empty" }, h("div", { class: "plate-mark" }, T.mark()), h("h2", { class: "title" }, "No runs yet"), h("p", {}, "The first run captures every story; accept the images to make them the baselines."), T.command("cargo test --test visual"))));
    };
    await draw();
    R.main.replaceChildren(h("div", { class: "row spread" }, h("h1", { class: "title" }, "Runs"), where), h("div", { class: "panel scroll" }, list));
    let waiting;
    const again = () => { waiting ??= setTimeout(() => { waiting = undefined; draw().catch((error) => signal.aborted || R.say(error.message)); }, 400); };
    // Events between the list and the subscription were missed.
    R.listen(signal, () => "/api/events", { event: again, listening: again });
  };

  const TONES = { noisy: "changed", "at-risk": "changed", unstable: "failed", broken: "failed" };

  /** Snapshots that disagree with themselves although nothing changed. */
  R.showFlaky = async (signal) => {
    document.title = "Flaky · Tintype";
    const { flaky } = await R.request("/api/flaky", { signal });
    const line = ({ name, level, failures, runs, advice, kinds = {} }) => h("li", { class: "stack stack-tight flaky" },
      h("div", { class: "row row-tight" }, h("a", { href: `#/story/${encode(name)}`, class: "run-title" }, T.shortened(name, "mono")), level && T.badge(TONES[level] ?? "changed", level.replace("-", " ")),
        h("span", { class: "push num small quiet" }, `${T.count(failures)} of ${T.count(runs)} disagreed`)),
      Object.keys(kinds).length > 0 && h("div", { class: "small quiet" }, Object.entries(kinds).map(([kind, count]) => `${T.count(count)} × ${kind}`).join(", ")),
      advice && h("div", { class: "small" }, advice));
    R.main.replaceChildren(R.healthHead("flaky", "Snapshots that disagree with themselves although nothing changed."),
      h("div", { class: "panel scroll" }, flaky.length === 0
        ? h("div", { class: "empty" }, h("p", {}, "No flaky snapshots."))
        : h("ul", { class: "lines" }, flaky.map(line))));
  };
}
