/* The changes of a run: the causes of its differences, each with its snapshots,
   which are accepted together from a contact sheet. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const R = (T.review ??= {});
  const { h } = T;
  const encode = encodeURIComponent;
  const THUMBNAIL = { width: 56, height: 40 };
  /** Snapshots whose images one request compares. */
  const AT_ONCE = 8;
  const plural = (count, word) => `${T.count(count)} ${word}${count === 1 ? "" : "s"}`;
  const OTHERS = { new: "New", changed: "Within tolerance", running: "Running", passed: "Passed", skipped: "Skipped" };

  /** What is known of the changes of a run. `state.changes` has its causes, those
      of the most snapshots first. */
  R.Changes = class {
    constructor(signal, state) {
      this.signal = signal;
      this.state = state;
      this.pictures = new Map();
      this.views = new Map();
      /** By causes and name: true, or the reason why it is left out. */
      this.checked = new Map();
    }

    /** Groups of snapshots: what is unexplained, each change, and by status what
        does not differ. None if no difference has a known cause. A snapshot is in
        the group of each of its causes. */
    groups(items) {
      const known = new Map((this.state.changes ?? []).map((change) => [change.id, change]));
      const found = new Map();
      const add = (id, item) => { if (found.has(id)) found.get(id).push(item); else found.set(id, [item]); };
      let isExplained = false;
      for (const item of items) {
        const causes = (item.causes ?? []).filter((id) => known.has(id));
        if (item.status !== "failed") add(item.status, item);
        else if (item.hasResidual || causes.length === 0) add("unexplained", item);
        else for (const id of causes) { isExplained = true; add(id, item); }
      }
      if (!isExplained) return [];
      const status = (name) => found.has(name) && { id: name, text: OTHERS[name], status: name, items: found.get(name) };
      return [
        found.has("unexplained") && { id: "unexplained", text: "Unexplained", status: "failed", isFixed: true, items: found.get("unexplained") },
        ...[...known.values()].filter(({ id }) => found.has(id)).map((change) => ({
          ...change, isChange: true, items: found.get(change.id), picture: () => this.picture(change.id, found.get(change.id)),
        })),
        ...Object.keys(OTHERS).map(status),
      ].filter(Boolean);
    }

    /** The changed part of one of the snapshots. It is drawn once. */
    picture(id, items) {
      if (!this.pictures.has(id)) {
        const item = items.find(({ crop }) => crop) ?? items[0];
        const address = `/images/${encode(this.state.id)}/${encode(item.name)}/current`;
        const crop = R.crop(address, item.crop, item.crop && Math.max(0.15, R.fittingScale(item.crop, THUMBNAIL)));
        crop.classList.add("thumbnail");
        this.pictures.set(id, crop);
      }
      return this.pictures.get(id);
    }

    /** The address of the image of what a change does not explain. */
    residual(item, group) {
      const address = item.images.residual;
      return address && (group?.isChange ? `${address}&cause=${encode(group.id)}` : address);
    }

    /** What is shown of a change. */
    overview(group, bench, decide) {
      if (!this.views.has(group.id)) this.views.set(group.id, new ChangeView(this, bench, decide));
      const view = this.views.get(group.id);
      view.show(group);
      return view;
    }

    /** Whether a snapshot consists of these causes only: true, the reason why not,
        or undefined as long as it is not known. */
    result(causes, name) {
      return this.checked.get(`${causes.join()} ${name}`);
    }

    /** Asks the server to compare the images of these snapshots, which takes a
        while for many. */
    async check(causes, names) {
      const answer = await R.request(`/api/runs/${encode(this.state.id)}/explained`, {
        method: "POST", headers: { "content-type": "application/json" }, signal: this.signal, body: JSON.stringify({ causes, snapshots: names }),
      });
      const keep = (name, result) => this.checked.set(`${causes.join()} ${name}`, result);
      for (const name of names) keep(name, "it does not have this change any more");
      for (const name of answer.accepted) keep(name, true);
      for (const { name, reason } of answer.leftOut) keep(name, reason);
    }
  };

  /** The keys for changes, for `T.keyboard`. */
  R.changeKeys = (bench) => [
    { keys: ["]"], show: "]", text: "Next change", run: () => bench.moveToChange(1) },
    { keys: ["["], show: "[", text: "Previous change", run: () => bench.moveToChange(-1) },
    { keys: ["."], show: ".", text: "Next snapshot with the same change", run: () => bench.moveToSimilar() },
    { keys: ["6"], show: "6", text: "Residual: what the change does not explain", run: () => (bench.compare?.snapshot.images.residual ? bench.set("mode", "residual") : false) },
  ];

  /** A change: its text, and the contact sheet of its snapshots. */
  class ChangeView {
    constructor(changes, bench, decide) {
      this.changes = changes;
      this.bench = bench;
      this.decide = decide;
      this.with = new Set();
      const run = changes.state.id;
      this.sheet = new R.Sheet({
        run,
        open: (item) => bench.select(item.name, true, this.group.id),
        address: (item) => `#/run/${encode(run)}/${encode(item.name)}?change=${encode(this.group.id)}`,
        changed: () => this.draw(),
        stateOf: (item) => this.stateOf(item),
      });
      this.head = h("div", { class: "stack stack-tight" });
      this.others = h("div", { class: "row row-tight", role: "group", "aria-label": "Accept together with" });
      this.progress = h("p", { class: "small quiet", role: "status" });
      this.button = h("button", { type: "button", class: "btn btn-accept", onclick: () => this.accept() });
      this.element = h("div", { class: "stack change" }, this.head, this.others,
        h("div", { class: "row actions" }, h("div", { class: "row decide-bar" }, this.button), this.progress, R.sheetHint()), this.sheet.element);
    }

    show(group) {
      this.group = group;
      const step = (label, icon, by) => h("button", { type: "button", class: "btn btn-small btn-icon", "aria-label": label, onclick: () => this.bench.moveToChange(by) }, T.icon(icon));
      const facts = [group.place, plural(group.items.length, "snapshot"), `${plural(group.pixels, "pixel")} on ${plural(group.elements, "element")}`];
      this.head.replaceChildren(h("div", { class: "row spread change-head" },
        h("h2", { class: "heading change-text" }, T.changeText(group.text)),
        h("div", { class: "row row-tight steps" }, step("Previous change", "left", -1), step("Next change", "right", 1))),
      h("p", { class: "small faint" }, facts.filter(Boolean).join(" · ")));
      this.drawOthers();
      this.sheet.show(group.items);
      this.draw();
      this.check();
    }

    focus() {
      this.sheet.focus();
    }

    /** Changes that occur together with this one can be accepted with it. */
    drawOthers() {
      const counts = new Map();
      for (const item of this.group.items) {
        if (R.isOpen(item)) for (const id of item.causes) if (id !== this.group.id) counts.set(id, (counts.get(id) ?? 0) + 1);
      }
      for (const id of this.with) if (!counts.has(id)) this.with.delete(id);
      const texts = new Map(this.changes.state.changes.map(({ id, text }) => [id, text]));
      /** The causes that are accepted. */
      this.causes = [this.group.id, ...this.with].sort();
      this.others.hidden = counts.size === 0;
      this.others.replaceChildren(h("span", { class: "small quiet" }, "Together with"), ...[...counts].map(([id, count]) =>
        h("button", { type: "button", class: "chip chip-change", "aria-pressed": String(this.with.has(id)), title: texts.get(id), onclick: () => this.toggleOther(id) },
          h("span", { class: "truncate" }, T.changeText(texts.get(id) ?? id)), h("span", { class: "count" }, T.count(count)))));
    }

    toggleOther(id) {
      if (!this.with.delete(id)) this.with.add(id);
      this.drawOthers();
      this.sheet.draw();
      this.draw();
      this.check();
      this.others.querySelector("[aria-pressed=true], button")?.focus();
    }

    /** The other causes of a snapshot. */
    otherThan(item) {
      return item.causes.filter((id) => id !== this.group.id && !this.with.has(id));
    }

    /** Why a snapshot is not offered. */
    stateOf(item) {
      if (item.decision) return { text: item.decision, kind: item.decision };
      if (!R.isOpen(item)) return { text: "not acceptable" };
      if (this.otherThan(item).length > 0) return { text: "other changes" };
      const result = this.changes.result(this.causes, item.name);
      if (result === undefined) return { text: "checking", kind: "checking" };
      return result === true ? undefined : { text: "left out", reason: result };
    }

    /** The snapshots whose images have to be compared before they are offered. */
    unchecked() {
      return this.group.items.filter((item) => this.stateOf(item)?.kind === "checking").map(({ name }) => name);
    }

    async check() {
      if (this.isChecking) return;
      this.isChecking = true;
      try {
        let names = this.unchecked();
        while (names.length > 0) {
          await this.changes.check(this.causes, names.slice(0, AT_ONCE));
          // It goes on when the change is shown again.
          if (this.changes.signal.aborted || this.bench.shownOverview !== this) return;
          this.sheet.draw();
          this.draw();
          names = this.unchecked();
        }
      } catch (error) {
        if (!this.changes.signal.aborted) this.progress.textContent = error.message;
      } finally {
        this.isChecking = false;
      }
    }

    draw() {
      const waiting = this.unchecked().length;
      const count = this.sheet.included().length;
      const refused = this.group.items.filter((item) => !item.decision && this.stateOf(item)).length - waiting;
      this.button.replaceChildren(T.icon("check"), `Accept ${T.count(count)}`, h("kbd", {}, "A"));
      this.button.disabled = count === 0 || waiting > 0;
      this.button.hidden = !this.group.items.some(R.isOpen);
      this.progress.textContent = waiting > 0
        ? `Comparing images: ${T.count(this.group.items.length - waiting)} of ${T.count(this.group.items.length)}`
        : refused > 0 ? `${plural(refused, "snapshot")} ${refused === 1 ? "is" : "are"} not offered: ${refused === 1 ? "it differs" : "they differ"} in another way as well.` : "";
    }

    /** Accepts what is left in the sheet. */
    async accept() {
      if (this.button.disabled || this.button.hidden) return;
      await this.decide.batch(this.sheet.included());
    }
  }
}
