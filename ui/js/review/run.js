/* One run: its progress, snapshots and decisions. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const R = (T.review ??= {});
  const { h } = T;
  const encode = encodeURIComponent;

  const nameOf = ({ storyId, theme, viewport }) => `${storyId}::${theme}::${viewport.width}x${viewport.height}`;
  /** Whether the event `id` is later than `other`. */
  const later = (id, other) => id.localeCompare(other, "en", { numeric: true }) > 0;

  R.showRun = async function showRun(signal, id) {
    document.title = `${id} · Tintype`;
    const state = { id, run: undefined, changes: [], before: undefined, last: { id: "0", n: 0 } };
    const changes = new R.Changes(signal, state);
    const bench = new T.Workbench({
      empty: "No snapshot matches. Clear the search or the filters.",
      fetch: (name) => R.request(`/api/runs/${encode(id)}/tests/${encode(name)}`, { signal }),
      actions: (item) => R.actionsOf(item, decide, bench),
      bulk: (shown) => decide.bulkButton(shown),
      groups: (items) => changes.groups(items),
      overview: (group) => changes.overview(group, bench, decide),
      residual: (item, group) => changes.residual(item, group),
      chosen: (name, how) => {
        if (signal.aborted) return;
        // Where there is room for one column, the list has an address of its own.
        const isNamed = name && how !== "closed" && (innerWidth >= 900 || bench.element.classList.contains("is-open"));
        const address = `#/run/${encode(id)}${isNamed ? `/${encode(name)}` : ""}${bench.query(how !== "closed")}`;
        // Back leads from a snapshot that covers the list to the list, and to the
        // filters before.
        if (["opened", "filtered"].includes(how) && !following) history.pushState(null, "", address);
        else history.replaceState(null, "", address);
      },
    });
    const images = ({ name, decision }) => {
      const address = (kind) => `/images/${encode(id)}/${encode(name)}/${kind}`;
      return { baseline: address(decision === "accepted" ? "replaced" : "baseline"), current: address("current"), diff: address("diff") };
    };
    const top = h("div", { class: "stack stack-tight" });
    const machines = new R.Machines(signal, id, () => Boolean(state.run?.reason));
    let following = false;
    let drawing;
    const redraw = () => { drawing ??= requestAnimationFrame(() => { drawing = undefined; if (bench.stale) bench.filter(); drawHead(top, state, bench, machines); }); };
    // Changes while the run is reloaded: the response may lack them.
    let kept;
    const changed = (news) => { kept?.push(() => bench.update(news)); bench.update(news); redraw(); };
    const decide = R.createDecisions(signal, state, bench, changed);

    const read = async () => {
      const { run, snapshots, changes: found, lastEvent, before } = await R.request(`/api/runs/${encode(id)}`, { signal });
      Object.assign(state, { run, before, changes: found, last: lastEvent });
      bench.load(snapshots);
      machines.follow();
      redraw();
    };
    const reload = async (trouble) => {
      kept ??= [];
      try {
        await read();
      } catch (error) {
        if (signal.aborted) return;
        R.say(error.message);
        setTimeout(reload, 1000, error);
        return;
      }
      if (trouble) R.say(undefined);
      const since = kept;
      kept = undefined;
      for (const change of since) change();
    };
    const receive = (event, at) => {
      if (kept) return kept.push(() => receive(event, at));
      if (!later(at, state.last.id)) return;
      // A record that lost its data counts from 1 again.
      const next = event.n === state.last.n + 1;
      state.last = { id: at, n: event.n };
      if (!next || event.type === "run:finished" || event.type === "run:started") reload();
      else applyEvent(bench, event);
      redraw();
    };
    await read();
    R.main.replaceChildren(h("div", { class: "app-head stack stack-tight" }, top, machines.element), bench.element, T.printable(bench, images, signal));
    const follow = () => {
      const { parts, query } = R.address();
      const wanted = parts[2];
      following = true;
      bench.restore(query);
      if (!wanted) bench.showList(query);
      else if (bench.byName.has(wanted) && (wanted !== bench.name || !bench.element.classList.contains("is-open"))) bench.select(wanted, true);
      following = false;
    };
    follow();
    addEventListener("hashchange", () => R.address().parts[1] === id && follow(), { signal });
    R.keysOf([...decide.keys(), ...R.changeKeys(bench), ...T.workbenchKeys(bench).filter(({ keys }) => !keys.includes("t"))]);
    R.listen(signal, () => `/api/runs/${encode(id)}/events?after=${encode(state.last.id)}`, { event: receive });
    const clock = setInterval(() => { if (!state.run.reason) redraw(); }, 1000);
    signal.addEventListener("abort", () => clearInterval(clock));
  }

  function applyEvent(bench, event) {
    if (!event.storyIdentifier) return;
    const news = { name: nameOf(event.storyIdentifier), storyIdentifier: event.storyIdentifier, lean: true };
    if (event.type === "test:started") news.status = "running";
    const decisions = { "baseline:accepted": "accepted", "baseline:rejected": "rejected" };
    if (event.type in decisions) news.decision = decisions[event.type];
    if (event.type === "decision:undone") news.decision = undefined;
    // They follow from the new status until the snapshot is loaded.
    if (event.status !== undefined) Object.assign(news, { needsDecision: undefined, acceptable: undefined });
    for (const field of ["status", "diffRatio", "durationMs", "step", "attempt"]) if (event[field] !== undefined) news[field] = event[field];
    bench.update(news);
  }

  function drawHead(top, { run, before }, bench, machines) {
    const counts = bench.counts();
    const undecided = bench.all.filter((item) => T.needsDecision(item));
    const open = undecided.filter((item) => !item.decision).length;
    const done = bench.all.length - (counts.running ?? 0);
    const rest = before && !run.reason ? Math.max(0, before.total - done) : 0;
    const title = run.reason
      ? undecided.length === 0 ? verdict(counts) : `${T.count(open)} of ${T.count(undecided.length)} to review`
      : `${T.count(done)}${before ? ` of about ${T.count(Math.max(before.total, done))}` : ""} snapshots`;
    top.replaceChildren(
      h("div", { class: "row spread" }, h("h1", { class: "title" }, title),
        h("p", { class: "row row-tight small quiet" }, R.runBadge(run), h("span", { class: "mono wide-only" }, run.runId), run.reason ? T.duration(run.duration) : remaining(run, before, done))),
      T.meter(bench.tones(), rest), ...(machines.element.hidden ? sessions(bench) : []));
  }

  /** The title of a run in which nothing needs a decision. */
  function verdict(counts) {
    if (counts.failed) return `${T.count(counts.failed)} failed`;
    if (counts.new) return `${T.count(counts.new)} accepted as new`;
    return "All snapshots match their baselines";
  }

  /** The remaining time, estimated from the progress so far. */
  function remaining(run, before, done) {
    const spent = Date.now() - run.timestamp;
    if (!before || done === 0 || done >= before.total) return T.duration(spent);
    return `about ${T.duration((spent / done) * (before.total - done))} left`;
  }

  function sessions(bench) {
    const running = bench.all.filter(({ status }) => status === "running").slice(0, 8);
    if (running.length === 0) return [];
    return [h("ul", { class: "sessions", "aria-label": "Running" }, running.map((item) =>
      h("li", { class: "small" }, h("span", { class: "dot", data: { status: "running" } }), h("span", { class: "truncate" }, item.name), item.step && h("span", { class: "faint" }, item.step))))];
  }
}
