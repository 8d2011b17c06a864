/* Accept, reject and undo. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const R = (T.review ??= {});
  const { h } = T;
  const encode = encodeURIComponent;

  /** Whether its image may become the baseline. Of a snapshot that a live event
      has told of, this is known once it is loaded. */
  const canBeAccepted = (item) => !item.damaged && (item.acceptable ?? (!item.lean && T.isAcceptable(item)));
  /** Whether it may be accepted, and whether it may be rejected. */
  const isOpen = R.isOpen = (item) => Boolean(item) && !item.decision && canBeAccepted(item);
  const isRejectable = (item) => Boolean(item) && !item.decision && (T.needsDecision(item) || canBeAccepted(item));
  /** Whether it may be accepted together with others: not if causes explain only a
      part of its difference. */
  const isOfBatch = (item) => isOpen(item) && !item.hasResidual;

  R.actionsOf = (item, decide, bench) => {
    const button = (text, kind, icon, key, run) => h("button", { type: "button", class: `btn ${kind}`, onclick: run }, T.icon(icon), text, h("kbd", {}, key));
    const change = bench.currentGroup();
    const decisions = [
      isOpen(item) && item.images.current && button("Accept", "btn-accept", "check", "A", () => decide.current("accept")),
      isRejectable(item) && button("Reject", "btn-reject", "cross", "R", () => decide.current("reject")),
      item.decision && button("Undo", "", "undo", "U", () => decide.undo()),
    ].filter(Boolean);
    return [
      decisions.length > 0 && h("div", { class: "row decide-bar" }, decisions),
      change?.isChange && change.items.length > 1 && button(`All ${T.count(change.items.length)} with this change`, "", "layers", "G", () => decide.group()),
      h("a", { class: "btn btn-quiet push", href: `#/story/${encode(item.name)}` }, T.icon("film"), "History", h("kbd", {}, "H")),
      item.damaged && h("p", { class: "alert", data: { status: "failed" } }, T.icon("alert"), h("span", {}, `The current image cannot be accepted: ${item.damaged}`)),
      item.baselineMoved && h("p", { class: "alert", data: { status: "changed" } }, T.icon("info"), h("span", {}, "The baseline has changed since this run. It is shown as it is now, and accepting replaces it.")),
    ];
  };

  /** Batches of decisions on a run, the last one last. They survive a reload of
      the page. */
  function createHistory(id) {
    const key = `tintype-undo ${id}`;
    let batches;
    try {
      batches = JSON.parse(sessionStorage.getItem(key)) ?? [];
    } catch {
      batches = [];
    }
    const keep = (next) => {
      batches = next.filter((batch) => batch.length > 0);
      try {
        sessionStorage.setItem(key, JSON.stringify(batches));
      } catch {
        // It is full or forbidden: only a reload forgets the batches.
      }
    };
    return {
      last: () => batches.at(-1),
      add: (names) => keep([...batches, names]),
      remove: (names) => keep(batches.map((batch) => batch.filter((name) => !names.includes(name)))),
    };
  }

  R.createDecisions = (signal, state, bench, changed) => {
    const undoable = createHistory(state.id);
    const tabs = new BroadcastChannel("tintype-decisions");
    let busy = false;
    const show = (names, decision) => { for (const name of names) changed({ name, decision, lean: true }); };

    // Decisions in other tabs, also while the record is unavailable.
    tabs.onmessage = ({ data }) => { if (data.run === state.id) show(data.names.filter((name) => bench.byName.has(name)), data.decision); };
    signal.addEventListener("abort", () => tabs.close());

    async function apply(decision, items) {
      // A key that is pressed twice makes one decision.
      if (busy) return;
      busy = true;
      const snapshots = items.map((item) => (decision === "accept" && item.baselineMoved ? { name: item.name, expected: item.baselineNow ?? null } : { name: item.name }));
      let answers;
      try {
        ({ answers } = await R.send("/api/decisions", { run: state.id, decision, snapshots }));
      } catch (error) {
        T.toast(error.message);
        return;
      } finally {
        busy = false;
      }
      const done = answers.filter((answer) => answer.done);
      const word = { accept: "accepted", reject: "rejected", undo: undefined }[decision];
      const names = done.map(({ name }) => name);
      show(names, word);
      if (!signal.aborted) tabs.postMessage({ run: state.id, names, decision: word });
      if (decision === "undo") undoable.remove(names);
      else undoable.add(names);
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

    /** Shows several snapshots before they are accepted. */
    async function look(hint, items) {
      const { accepted, open } = await R.contactSheet({ run: state.id, hint, items });
      if (open) bench.select(open.name, true);
      if (accepted.length > 0) await apply("accept", accepted);
    }

    async function undo(names = undoable.last()) {
      if (names) await apply("undo", names.map((name) => ({ name })));
    }

    const overview = () => (bench.current() ? undefined : bench.shownOverview);
    const decide = {
      batch: (items) => apply("accept", items),
      async current(decision) {
        const item = bench.current();
        if (!item && decision === "accept") return overview()?.accept();
        if (!item || item.lean) return;
        if (decision === "accept" ? !isOpen(item) || !item.images.current : !isRejectable(item)) return;
        if (await apply(decision, [item])) bench.moveToUndecided();
      },
      /** Shows all snapshots with the change of the selected one. */
      group() {
        const change = bench.currentGroup();
        if (change?.isChange) bench.openGroup(change, true);
      },
      async shown() {
        const items = bench.shown.filter(isOfBatch);
        const left = bench.shown.filter(isOpen).length - items.length;
        const hint = `These are all snapshots that the search and the filters show${left > 0 ? `, but ${T.count(left)} whose difference is explained only in part` : ""}.`;
        if (items.length > 0) await look(hint, items);
      },
      async undo() {
        const item = bench.current();
        const last = undoable.last();
        // A decision on several snapshots is undone as a whole.
        if (item?.decision && !last?.includes(item.name)) await apply("undo", [item]);
        else await undo();
      },
      /** Accepts everything that search and filters show. */
      bulkButton(shown) {
        const count = shown.filter(isOfBatch).length;
        return count > 0 && h("button", { type: "button", class: "btn btn-small", title: "Shift A", onclick: () => decide.shown() }, `Accept ${T.count(count)} shown`);
      },
      keys: () => [
        { keys: ["a"], show: "A", text: "Accept and go to the next", run: () => { decide.current("accept"); } },
        { keys: ["r"], show: "R", text: "Reject and go to the next", run: () => { decide.current("reject"); } },
        { keys: ["u"], show: "U", text: "Undo, a batch as a whole", run: () => { decide.undo(); } },
        { keys: ["g"], show: "G", text: "All snapshots with the same change", run: () => decide.group() },
        { keys: ["x"], show: "X", text: "Exclude a snapshot of the sheet", run: () => { overview()?.focus(); overview()?.sheet.toggle(); } },
        { keys: ["Enter"], show: "Enter", text: "Open a snapshot of the sheet", run: (event) => { const sheet = overview()?.sheet; return !event.target.closest("button, a, summary") && sheet?.active() ? sheet.open(sheet.active().item) : false; } },
        { keys: ["Shift+A"], show: "Shift A", text: "Accept all shown", run: () => { decide.shown(); } },
        { keys: ["h"], show: "H", text: "History of the snapshot", run: () => { const item = bench.current(); if (item) location.hash = `#/story/${encode(item.name)}`; } },
      ],
    };
    return decide;
  };
}
