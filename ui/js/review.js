/* The review page: live runs, differences, and decisions on them. */
"use strict";
{
  const T = globalThis.Tintype;
  const { h } = T;
  const encode = encodeURIComponent;

  // ── Requests ──

  /** Rejects without side effects once the view that requests has been left. */
  async function request(path, options) {
    const response = await fetch(path, options);
    const answer = await response.json().catch(() => ({ error: `the server answered ${response.status}` }));
    options?.signal?.throwIfAborted();
    if (response.status === 401) logIn();
    if (!response.ok) throw new Error(answer.error ?? `the server answered ${response.status}`);
    return answer;
  }
  const send = (path, body) => request(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

  /** Server-sent events that reconnect. */
  function listen(signal, address, { event, listening = () => {} }) {
    let source;
    const open = () => {
      if (signal.aborted) return;
      source = new EventSource(address());
      source.onmessage = (message) => event(JSON.parse(message.data), message.lastEventId);
      source.addEventListener("listening", () => { say(undefined); listening(); });
      source.addEventListener("problem", (message) => say(message.data));
      source.onerror = async () => {
        source.close();
        say("The review server does not answer. Retrying.");
        // A stream has no reason for its end.
        const { who } = await request("/api/session", { signal }).catch(() => ({}));
        if (who === null && !signal.aborted) logIn();
        setTimeout(open, 1000);
      };
    };
    open();
    signal.addEventListener("abort", () => source.close());
  }

  // ── The frame ──

  const main = h("main", { class: "app-main" });
  const notice = h("div", { class: "notice", role: "status" });
  const links = new Map([["runs", "Runs"], ["flaky", "Flaky"]].map(([name, text]) => [name, h("a", { href: `#/${name}` }, text)]));
  let help = { open() {}, stop() {} };
  let shown = new AbortController();
  document.body.append(h("div", { class: "app" },
    h("header", { class: "nav" },
      h("a", { class: "brand", href: "#/runs" }, T.mark(), "Tintype"),
      h("nav", { class: "nav-links", "aria-label": "Main" }, ...links.values()),
      h("span", { class: "push" }),
      h("button", { type: "button", class: "btn btn-quiet btn-icon btn-small", "aria-label": "Keyboard shortcuts", onclick: () => help.open() }, T.icon("keyboard")),
      h("button", { type: "button", class: "btn btn-quiet btn-icon btn-small", "aria-label": "Light or dark", onclick: T.toggleTheme }, T.icon("moon"))),
    notice, main));

  const say = (text) => notice.replaceChildren(...(text ? [h("div", { class: "alert", data: { status: "changed" } }, T.icon("info"), h("p", {}, text))] : []));
  const failed = (error) => main.replaceChildren(h("div", { class: "panel" }, h("div", { class: "empty" }, h("h1", { class: "title" }, "This page could not be loaded"), h("p", {}, error.message), h("a", { class: "btn", href: "#/runs" }, "All runs"))));
  const keysOf = (keys) => { help.stop(); help = T.keyboard([...keys, { keys: ["t"], show: "T", text: "Light or dark", run: () => T.toggleTheme() }]); };

  /** Ends the current view; returns the abort signal of the next one. */
  function leave() {
    shown.abort();
    shown = new AbortController();
    keysOf([]);
    say(undefined);
    return shown.signal;
  }

  // ── Login ──

  async function logIn() {
    const signal = leave();
    const { login, hint } = await fetch("/api/session", { signal }).then((response) => response.json()).catch(() => ({ login: true }));
    if (signal.aborted) return;
    if (login) showLogIn();
    else main.replaceChildren(h("div", { class: "panel" }, h("div", { class: "empty" }, h("h1", { class: "title" }, "This browser is not logged in"), h("p", {}, hint))));
  }

  function showLogIn() {
    document.title = "Log in · Tintype";
    if (main.querySelector(".log-in")) return;
    const field = (label, type, autocomplete) => {
      const input = h("input", { class: "input", type, required: true, autocomplete, id: `log-in-${type}` });
      return [input, h("div", { class: "field" }, h("label", { class: "label", for: `log-in-${type}` }, label), input)];
    };
    const [name, nameField] = field("Your name", "text", "username");
    const [token, tokenField] = field("Token", "password", "current-password");
    const trouble = h("p", { class: "field-error", role: "alert" });
    main.replaceChildren(h("form", {
      class: "panel panel-pad stack log-in",
      onsubmit: (event) => {
        event.preventDefault();
        send("/api/session", { name: name.value, token: token.value }).then(() => { route(); showUser(); }, (error) => { trouble.textContent = error.message; });
      },
    }, h("h1", { class: "title" }, "Log in to review"), nameField, tokenField, trouble, h("button", { class: "btn btn-primary" }, "Log in")));
    name.focus();
  }

  const userArea = h("span", { class: "row row-tight small quiet" });
  document.querySelector(".nav .push").after(userArea);
  async function showUser() {
    const { who, login } = await request("/api/session");
    userArea.replaceChildren(...(login && who ? [h("span", { class: "wide-only" }, who), h("button", {
      type: "button", class: "btn btn-small btn-quiet",
      onclick: () => send("/api/session/end", {}).then(() => { userArea.replaceChildren(); logIn(); }),
    }, "Log out")] : []));
  }

  const VIEWS = { runs: showRuns, run: showRun, story: showStory, flaky: showFlaky };
  function route() {
    const signal = leave();
    const [view, ...rest] = (location.hash || "#/runs").replace(/^#\//, "").split("/").map(decodeURIComponent);
    for (const [name, link] of links) {
      if (name === view) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    const show = VIEWS[view] ?? showRuns;
    show(signal, ...rest).catch((error) => signal.aborted || failed(error));
  }

  // ── All runs ──

  const nameOf = ({ storyId, theme, viewport }) => `${storyId}::${theme}::${viewport.width}x${viewport.height}`;
  const STATUS_OF = { passed: "passed", failed: "failed", interrupted: "skipped", error: "failed" };
  const runBadge = (run) => T.badge(run.reason ? STATUS_OF[run.reason] ?? "failed" : "running", run.reason ?? "running");
  const commitOf = ({ git }) => (git ? `${git.branch ?? "detached"} · ${git.commit.slice(0, 7)}${git.dirty ? " with changes" : ""}` : "no commit");

  function runLine(run) {
    return h("li", { class: "run" },
      h("div", { class: "run-name" }, h("div", { class: "row row-tight" }, runBadge(run), h("a", { href: `#/run/${encode(run.runId)}`, class: "mono run-id" }, T.shortened(run.runId))),
        h("div", { class: "small faint truncate" }, commitOf(run.environment))),
      T.meter(run.summary), h("span", { class: "num" }, T.duration(run.duration)),
      h("span", { class: "num small faint" }, T.moment(run.startTime)));
  }

  async function showRuns(signal) {
    document.title = "Runs · Tintype";
    const list = h("ul", { class: "lines" });
    const where = h("p", { class: "small faint" });
    const draw = async () => {
      const { runs, problem, record } = await request("/api/runs", { signal });
      where.textContent = record;
      say(problem);
      list.replaceChildren(...runs.map(runLine));
      if (runs.length === 0) list.append(h("li", {}, h("div", { class: "empty" }, h("div", { class: "plate-mark" }, T.mark()), h("h2", { class: "title" }, "No runs yet"), h("p", {}, "The first run captures every story; accept the images to make them the baselines."), T.command("cargo test --test visual"))));
    };
    await draw();
    main.replaceChildren(h("div", { class: "row spread" }, h("h1", { class: "title" }, "Runs"), where), h("div", { class: "panel scroll" }, list));
    let waiting;
    const again = () => { waiting ??= setTimeout(() => { waiting = undefined; draw().catch((error) => signal.aborted || say(error.message)); }, 400); };
    // Events between the list and the subscription were missed.
    listen(signal, () => "/api/events", { event: again, listening: again });
  }

  // ── One run ──

  /** Whether the event `id` is later than `other`. */
  const later = (id, other) => id.localeCompare(other, "en", { numeric: true }) > 0;

  async function showRun(signal, id) {
    document.title = `${id} · Tintype`;
    const state = { id, run: undefined, before: undefined, last: { id: "0", n: 0 } };
    const bench = new T.Workbench({
      empty: "No snapshot matches. Clear the search or the filters.",
      fetch: (name) => request(`/api/runs/${encode(id)}/tests/${encode(name)}`, { signal }),
      actions: (item) => actionsOf(item, decide, bench),
      bulk: (shown) => decide.bulkButton(shown),
      chosen: (name, how) => {
        if (signal.aborted) return;
        const address = `#/run/${encode(id)}${how === "closed" ? "" : `/${encode(name)}`}`;
        // Back leads from a snapshot that covers the list to the list.
        if (how === "opened" && !following) history.pushState(null, "", address);
        else history.replaceState(null, "", address);
      },
    });
    const head = h("div", { class: "app-head stack stack-tight" });
    let following = false;
    let drawing;
    const redraw = () => { drawing ??= requestAnimationFrame(() => { drawing = undefined; if (bench.stale) bench.filter(); drawHead(head, state, bench); }); };
    // Changes while the run is reloaded: the response may lack them.
    let kept;
    const changed = (news) => { kept?.push(() => bench.update(news)); bench.update(news); redraw(); };
    const decide = createDecisions(state, bench, changed);

    const read = async () => {
      const { run, snapshots, lastEvent, before } = await request(`/api/runs/${encode(id)}`, { signal });
      Object.assign(state, { run, before, last: lastEvent });
      bench.load(snapshots);
      redraw();
    };
    const reload = async (trouble) => {
      kept ??= [];
      try {
        await read();
      } catch (error) {
        if (signal.aborted) return;
        say(error.message);
        setTimeout(reload, 1000, error);
        return;
      }
      if (trouble) say(undefined);
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
    main.replaceChildren(head, bench.element);
    const follow = () => {
      const wanted = decodeURIComponent(location.hash.split("/")[3] ?? "");
      if (!wanted) bench.close();
      else if (bench.byName.has(wanted) && (wanted !== bench.name || !bench.element.classList.contains("is-open"))) {
        following = true;
        bench.select(wanted, true);
        following = false;
      }
    };
    follow();
    addEventListener("hashchange", () => location.hash.startsWith(`#/run/${encode(id)}`) && follow(), { signal });
    keysOf([...decide.keys(), ...bench.keys().filter(({ keys }) => !keys.includes("t"))]);
    listen(signal, () => `/api/runs/${encode(id)}/events?after=${encode(state.last.id)}`, { event: receive });
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

  function drawHead(head, { run, before }, bench) {
    const counts = bench.counts();
    const undecided = bench.all.filter((item) => T.needsDecision(item));
    const open = undecided.filter((item) => !item.decision).length;
    const done = bench.all.length - (counts.running ?? 0);
    const rest = before && !run.reason ? Math.max(0, before.total - done) : 0;
    const title = run.reason
      ? undecided.length === 0 ? verdict(counts) : `${T.count(open)} of ${T.count(undecided.length)} to review`
      : `${T.count(done)}${before ? ` of about ${T.count(Math.max(before.total, done))}` : ""} snapshots`;
    head.replaceChildren(
      h("div", { class: "row spread" }, h("h1", { class: "title" }, title),
        h("p", { class: "row row-tight small quiet" }, runBadge(run), h("span", { class: "mono wide-only" }, run.runId), run.reason ? T.duration(run.duration) : remaining(run, before, done))),
      T.meter(bench.tones(), rest), ...sessions(bench));
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

  // ── Decisions ──

  const isOpen = (item) => item && T.isAcceptable(item) && !item.decision;
  const similarTo = (bench, item) => (item.alike ? bench.all.filter((other) => other.alike === item.alike && isOpen(other)) : []);

  function actionsOf(item, decide, bench) {
    const button = (text, kind, icon, key, run) => h("button", { type: "button", class: `btn ${kind}`, onclick: run }, T.icon(icon), text, h("kbd", {}, key));
    const similar = similarTo(bench, item);
    return [
      isOpen(item) && item.images.current && button("Accept", "btn-accept", "check", "A", () => decide.current("accept")),
      isOpen(item) && button("Reject", "btn-reject", "cross", "R", () => decide.current("reject")),
      item.decision && button("Undo", "", "undo", "U", () => decide.undo()),
      isOpen(item) && similar.length > 1 && button(`Accept ${T.count(similar.length)} similar`, "", "layers", "G", () => decide.group()),
      h("a", { class: "btn btn-quiet push", href: `#/story/${encode(item.name)}` }, T.icon("film"), "History", h("kbd", {}, "H")),
      item.baselineMoved && h("p", { class: "alert", data: { status: "changed" } }, T.icon("info"), h("span", {}, "The baseline has changed since this run. It is shown as it is now, and accepting replaces it.")),
    ];
  }

  function createDecisions(state, bench, changed) {
    let undoable = [];
    let busy = false;

    async function apply(decision, items) {
      // A key that is pressed twice makes one decision.
      if (busy) return;
      busy = true;
      const snapshots = items.map((item) => (decision === "accept" && item.baselineMoved ? { name: item.name, expected: item.baselineNow ?? null } : { name: item.name }));
      let answers;
      try {
        ({ answers } = await send("/api/decisions", { run: state.id, decision, snapshots }));
      } catch (error) {
        T.toast(error.message);
        return;
      } finally {
        busy = false;
      }
      const done = answers.filter((answer) => answer.done);
      const word = { accept: "accepted", reject: "rejected", undo: undefined }[decision];
      for (const { name } of done) changed({ name, decision: word, lean: true });
      const names = done.map(({ name }) => name);
      if (decision === "undo") undoable = undoable.map((group) => group.filter((name) => !names.includes(name)));
      else undoable.push(names);
      undoable = undoable.filter((group) => group.length > 0);
      const back = word && names.length > 0 ? () => undo(names) : undefined;
      const problems = answers.filter((answer) => !answer.done);
      const warning = done.find((answer) => answer.warning)?.warning;
      const subject = done.length === 1 ? done[0].name : `${T.count(done.length)} snapshots`;
      const text = { accept: `Accepted ${subject}`, reject: `Rejected ${subject}`, undo: `Undid ${subject}` }[decision];
      if (problems.length > 0) {
        for (const { name } of problems) changed({ name, lean: true });
        T.toast(problems.length === 1 ? problems[0].error : `${text}; ${T.count(problems.length)} failed: ${problems[0].error}`, back);
      } else {
        T.toast(warning ?? text, back);
      }
      return problems.length === 0;
    }

    async function undo(names = undoable.at(-1)) {
      if (names) await apply("undo", names.map((name) => ({ name })));
    }

    const decide = {
      async current(decision) {
        const item = bench.current();
        if (!isOpen(item) || item.lean) return;
        if (decision === "accept" && !item.images.current) return;
        if (await apply(decision, [item])) bench.moveToUndecided();
      },
      async group() {
        const item = bench.current();
        const similar = isOpen(item) ? similarTo(bench, item) : [];
        const hint = "They are grouped by the sizes of their differing regions only: check every image.";
        if (similar.length > 1 && (await confirmed(state.id, `Accept ${T.count(similar.length)} snapshots?`, hint, similar))) await apply("accept", similar);
      },
      async shown() {
        const items = bench.shown.filter(isOpen);
        const hint = "These are all snapshots that the search and the filters show.";
        if (items.length > 0 && (await confirmed(state.id, `Accept ${T.count(items.length)} snapshots?`, hint, items))) await apply("accept", items);
      },
      async undo() {
        const item = bench.current();
        const last = undoable.at(-1);
        // A decision on several snapshots is undone as a whole.
        if (item?.decision && !last?.includes(item.name)) await apply("undo", [item]);
        else await undo();
      },
      /** Accepts everything that search and filters show. */
      bulkButton(shown) {
        const count = shown.filter(isOpen).length;
        return count > 1 && h("button", { type: "button", class: "btn btn-small", onclick: () => decide.shown() }, `Accept ${T.count(count)} shown`);
      },
      keys: () => [
        { keys: ["a"], show: "A", text: "Accept and go to the next", run: () => { decide.current("accept"); } },
        { keys: ["r"], show: "R", text: "Reject and go to the next", run: () => { decide.current("reject"); } },
        { keys: ["u"], show: "U", text: "Undo", run: () => { decide.undo(); } },
        { keys: ["g"], show: "G", text: "Accept similar snapshots", run: () => { decide.group(); } },
        { keys: ["Shift+A"], show: "Shift A", text: "Accept all shown", run: () => { decide.shown(); } },
        { keys: ["h"], show: "H", text: "History of the snapshot", run: () => { const item = bench.current(); if (item) location.hash = `#/story/${encode(item.name)}`; } },
      ],
    };
    return decide;
  }

  /** Asks for confirmation before several baselines are replaced. */
  function confirmed(run, question, hint, items) {
    return new Promise((resolve) => {
      const close = (answer) => { dialog.close(); dialog.remove(); resolve(answer); };
      const dialog = h("dialog", { class: "dialog", "aria-labelledby": "sure-title", oncancel: () => close(false) },
        h("div", { class: "stack" }, h("h2", { class: "title", id: "sure-title" }, question),
          h("p", { class: "quiet" }, `${hint} Baselines changed since this run are skipped.`),
          h("ul", { class: "lines panel names", tabindex: "0", "aria-label": "Snapshots" }, items.map((item) => h("li", { class: "row row-tight" },
            h("img", { class: "thumb", alt: "", loading: "lazy", width: 64, height: 40, src: `/images/${encode(run)}/${encode(item.name)}/current` }),
            T.shortened(item.name, "small mono"))))),
        h("div", { class: "dialog-foot" }, h("button", { type: "button", class: "btn", onclick: () => close(false) }, "Cancel", h("kbd", {}, "Esc")),
          h("button", { type: "button", class: "btn btn-accept", autofocus: true, onclick: () => close(true) }, T.icon("check"), `Accept ${T.count(items.length)}`)));
      document.body.append(dialog);
      dialog.showModal();
    });
  }

  // ── History of a snapshot ──

  async function showStory(signal, name) {
    document.title = `${name} · Tintype`;
    keysOf([{ keys: ["Escape", "Backspace"], show: "Backspace", text: "Back", run: () => history.back() }]);
    const { outcomes } = await request(`/api/history/${encode(name)}`, { signal });
    const label = (outcome) => `${outcome.status}, ${T.moment(new Date(outcome.at).toISOString())}`;
    const chart = (title, value, kind, unit) => h("section", { class: "panel panel-pad stack" }, h("h2", { class: "heading" }, title),
      T.chart(title, outcomes.map((outcome) => ({ value: value(outcome) ?? 0, status: outcome.status, label: `${unit(value(outcome) ?? 0)}, ${label(outcome)}` })), kind, unit));
    main.replaceChildren(h("h1", { class: "title" }, name), ...(outcomes.length === 0
      ? [h("div", { class: "panel" }, h("div", { class: "empty" }, h("p", {}, "No run has recorded this snapshot.")))]
      : [h("div", { class: "scroll stack" },
        h("ol", { class: "filmstrip", tabindex: "0", "aria-label": "Runs, newest first" }, [...outcomes].reverse().map((outcome) => frame(name, outcome, label(outcome)))),
        h("div", { class: "split charts" },
          chart("Duration", ({ durationMs }) => durationMs, "line", (ms) => T.duration(ms)),
          chart("Differing pixels", ({ diffRatio }) => diffRatio, "bars", (ratio) => T.percent(ratio))))]));
  }

  function frame(name, outcome, label) {
    const picture = h("img", { alt: label, width: 560, height: 350, src: outcome.picture });
    picture.addEventListener("error", () => picture.replaceWith(h("span", { class: "no-picture small" }, "no image")));
    return h("li", {}, h("a", { href: `#/run/${encode(outcome.runId)}/${encode(name)}` }, picture,
      h("span", { class: "small" }, h("span", {}, new Date(outcome.at).toISOString().slice(0, 10)), h("span", { class: "num" }, T.percent(outcome.diffRatio))), T.badge(outcome.status)));
  }

  // ── Flaky ──

  async function showFlaky(signal) {
    document.title = "Flaky · Tintype";
    const { flaky } = await request("/api/flaky", { signal });
    main.replaceChildren(h("div", {}, h("h1", { class: "title" }, "Flaky"), h("p", { class: "quiet" }, "Snapshots that passed and failed on the same commit.")),
      h("div", { class: "panel scroll" }, flaky.length === 0
        ? h("div", { class: "empty" }, h("p", {}, "No flaky snapshots."))
        : h("ul", { class: "lines" }, flaky.sort((a, b) => b.failures - a.failures).map(({ name, failures, runs }) =>
          h("li", { class: "row" }, h("a", { href: `#/story/${encode(name)}`, class: "mono truncate" }, name), h("span", { class: "push num small quiet" }, `${T.count(failures)} of ${T.count(runs)} failed`))))));
  }

  addEventListener("hashchange", (event) => {
    // The view of a run follows its own part of the address.
    const view = (address) => new URL(address).hash.split("/").slice(0, 3).join("/");
    if (view(event.oldURL) !== view(event.newURL) || !location.hash.startsWith("#/run/")) route();
  });
  route();
  showUser().catch((error) => say(error.message));
}
