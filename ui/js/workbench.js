/* The two columns of report and review: the list of snapshots with search and
   filters, and the selected snapshot.

   A snapshot is the document of a test plus `name` (its test name), `images`
   (addresses of baseline, current, diff) and `command` (to accept it). */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const { h } = T;

  /** The order of the list: by status, then the largest difference first. */
  const order = (a, b) =>
    T.STATUSES.indexOf(a.status) - T.STATUSES.indexOf(b.status) ||
    (b.diffRatio ?? 0) - (a.diffRatio ?? 0) ||
    (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

  const prepared = (snapshot) => ({ images: {}, ...snapshot, words: snapshot.name.toLowerCase() });
  const about = ({ storyIdentifier: { theme, viewport } }) => `${theme} · ${viewport.width}×${viewport.height}`;

  T.Workbench = class {
    /** `actions(snapshot)` returns the buttons above the image, `bulk(shown)` one
        for all snapshots that are shown; `fetch(name)` resolves to a complete
        snapshot where the list has it only in part (`lean`); `chosen(name, how)`
        is called when the selection, the search, the filters or the view change,
        `how` being "opened" or "closed" if the snapshot then covers the list or no
        longer does, "searched", "filtered" or "viewed"; `empty` is shown
        when nothing is selected. */
    constructor({ actions = () => [], bulk = () => null, chosen = () => {}, fetch, empty = "Nothing matches." } = {}) {
      this.actions = actions;
      this.bulk = bulk;
      this.fetch = fetch;
      this.chosen = chosen;
      this.empty = empty;
      this.view = T.defaultView();
      this.byName = new Map();
      this.all = [];
      this.shown = [];
      this.statuses = new Set();
      this.name = undefined;
      this.list = new T.VirtualList({ label: "Snapshots", draw: (item) => this.row(item), choose: (item) => this.select(item.name, true) });
      this.search = h("input", { class: "input", type: "search", "aria-label": "Search stories", placeholder: "Search stories", oninput: () => this.refilter() });
      this.chips = h("div", { class: "row row-tight", role: "group", "aria-label": "Show only" });
      this.tally = h("p", { class: "small faint", role: "status" });
      this.bulkActions = h("div", { class: "bulk" });
      this.detail = h("section", { class: "detail", "aria-label": "Snapshot" });
      this.element = h("div", { class: "workbench" },
        h("section", { class: "panel side", "aria-label": "Snapshots" },
          h("div", { class: "panel-pad stack stack-tight" }, h("div", { class: "input-icon" }, T.icon("search"), this.search, h("kbd", {}, "/")), this.chips, h("div", { class: "row spread" }, this.tally, this.bulkActions)),
          this.list.element),
        this.detail);
    }

    /** All snapshots at once. */
    load(snapshots) {
      this.byName = new Map(snapshots.map((snapshot) => [snapshot.name, prepared(snapshot)]));
      this.stale = true;
      this.filter();
    }

    /** Merges new fields of a snapshot, by its name. */
    update(news) {
      this.byName.set(news.name, prepared({ ...this.byName.get(news.name), ...news }));
      this.stale = true;
      this.later ??= requestAnimationFrame(() => { this.later = undefined; this.filter(); });
    }

    counts() {
      return this.countBy((item) => item.status);
    }

    /** Counts by colour: accepted snapshots count as passed. */
    tones() {
      return this.countBy(T.tone);
    }

    countBy(key) {
      const counts = {};
      for (const item of this.all) counts[key(item)] = (counts[key(item)] ?? 0) + 1;
      return counts;
    }

    /** Filters because the user changed the search or the filters. */
    refilter(how = "searched") {
      this.filter();
      this.chosen(this.name, how);
    }

    filter() {
      if (this.stale) this.all = [...this.byName.values()].sort(order);
      this.stale = false;
      const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
      this.shown = this.all.filter((item) =>
        (this.statuses.size === 0 || this.statuses.has(item.status)) && words.every((word) => item.words.includes(word)));
      this.drawChips();
      this.tally.textContent = this.shown.length === this.all.length
        ? this.all.length === 1 ? "1 snapshot" : `${T.count(this.all.length)} snapshots`
        : `${T.count(this.shown.length)} of ${T.count(this.all.length)} snapshots`;
      this.bulkActions.replaceChildren(...[this.bulk(this.shown)].filter(Boolean));
      if (!this.current()) this.name = this.shown[0]?.name;
      this.list.show(this.shown, this.index());
      this.look();
    }

    drawChips() {
      const counts = this.counts();
      this.chips.replaceChildren(...T.STATUSES.filter((status) => counts[status]).map((status) =>
        h("button", { type: "button", class: "chip", data: { status }, "aria-pressed": String(this.statuses.has(status)), onclick: () => this.toggle(status) },
          T.sign(status), status, " ", h("span", { class: "count" }, T.count(counts[status])))));
    }

    toggle(status) {
      if (!this.statuses.delete(status)) this.statuses.add(status);
      this.refilter("filtered");
    }

    current() {
      return this.shown.find((item) => item.name === this.name);
    }

    index() {
      return this.shown.findIndex((item) => item.name === this.name);
    }

    /** Selects a snapshot; `open` shows it also where there is room for only one
        column. */
    select(name, open = false) {
      const opened = open && !this.element.classList.contains("is-open");
      this.name = name;
      if (open) this.element.classList.add("is-open");
      this.list.select(this.index());
      this.look();
      this.chosen(name, opened ? "opened" : undefined);
    }

    /** Shows the list again where there is room for only one column. */
    close() {
      this.element.classList.remove("is-open");
      this.list.select(this.index());
    }

    move(step) {
      if (this.shown.length === 0) return;
      const next = Math.min(this.shown.length - 1, Math.max(0, this.index() + step));
      this.select(this.shown[next].name);
    }

    /** Selects the next snapshot that needs a decision, wrapping around. */
    moveToUndecided() {
      const from = this.index() + 1;
      const next = [...this.shown.slice(from), ...this.shown.slice(0, from)].find((item) => T.needsDecision(item) && !item.decision);
      if (next) this.select(next.name);
    }

    row(item) {
      return [
        h("span", { class: "tone", data: { status: T.tone(item) } }, T.sign(T.tone(item)), h("span", { class: "visually-hidden" }, item.status)),
        h("span", { class: "vlist-words" }, T.shortened(item.storyIdentifier.storyId), h("span", { class: "small faint truncate" }, about(item))),
        item.decision ? h("span", { class: "small quiet" }, item.decision) : h("span", { class: "num small" }, item.status === "failed" || item.status === "changed" ? T.percent(item.diffRatio) : ""),
      ];
    }

    // ── The selected snapshot ──

    look() {
      const item = this.current();
      if (item === this.looked) return;
      this.looked = item;
      if (!item) {
        this.compare = undefined;
        this.detail.replaceChildren(h("div", { class: "empty panel" }, h("p", {}, this.empty)));
        return;
      }
      if (item.lean && this.fetch) return this.lookUp(item);
      this.compare = new T.Compare({
        name: item.name, images: item.images, regions: item.regions ?? [],
        width: item.storyIdentifier.viewport.width, height: item.storyIdentifier.viewport.height,
      }, this.view);
      this.tools = h("div", { class: "row spread" });
      this.drawTools();
      this.detail.replaceChildren(...[
        this.head(item),
        item.message && h("p", { class: "message" }, item.message),
        h("div", { class: "row actions" }, this.actions(item)),
        this.tools, this.compare.element,
        environment(item), ...remarks(item),
        T.needsDecision(item) && item.command && T.command(item.command), facts(item),
      ].filter(Boolean));
    }

    /** Shows a placeholder until the snapshot is loaded. */
    lookUp(item) {
      this.compare = undefined;
      const place = h("div", { class: "mat", "aria-busy": "true" }, h("div", { class: "skeleton skeleton-picture" }));
      this.detail.replaceChildren(this.head(item), place);
      this.fetch(item.name).then(
        (full) => { if (this.byName.get(item.name) === item) this.update({ ...full, lean: false }); },
        (error) => place.replaceWith(h("div", { class: "alert", data: { status: "failed" } }, T.icon("alert"), h("strong", {}, "The snapshot could not be loaded"), h("p", {}, error.message))));
    }

    head(item) {
      const step = (label, icon, by) => h("button", { type: "button", class: "btn btn-small btn-icon", "aria-label": label, onclick: () => this.move(by) }, T.icon(icon));
      return h("div", { class: "detail-head" },
        h("button", { type: "button", class: "btn btn-small btn-quiet back", onclick: () => { this.close(); this.chosen(item.name, "closed"); } }, T.icon("left"), "All snapshots"),
        h("div", { class: "row row-tight steps" }, step("Previous snapshot", "left", -1), step("Next snapshot", "right", 1)),
        h("div", { class: "row row-tight detail-title" }, T.badge(item.status), item.decision && h("span", { class: "badge", data: { status: item.decision === "accepted" ? "passed" : "failed" } }, item.decision),
            h("h2", { class: "heading" }, item.storyIdentifier.storyId), h("span", { class: "small faint" }, about(item))));
    }

    drawTools() {
      const zooms = T.ZOOMS.map((value) => ({ value, text: value === "fit" ? "Fit" : `${value}×` }));
      const toggle = (name, text, icon) => h("button", { type: "button", class: "btn btn-small", "aria-pressed": String(this.view[name]), onclick: () => this.set(name, !this.view[name]) }, T.icon(icon), text);
      this.tools.replaceChildren(
        T.segments("Comparison", T.MODES, this.view.mode, (value) => this.set("mode", value)),
        h("div", { class: "row row-tight" },
          T.segments("Zoom", zooms, this.view.zoom, (value) => this.set("zoom", value)),
          toggle("loupe", "Loupe", "zoom"), toggle("regions", "Regions", "pin")));
    }

    /** Changes a setting of the comparison. */
    set(name, value) {
      this.view[name] = value;
      if (this.name) this.chosen(this.name, "viewed");
      if (!this.compare) return;
      this.drawTools();
      this.compare.moved = false;
      this.compare.draw();
    }

    zoom(step) {
      const at = T.ZOOMS.indexOf(this.view.zoom) + step;
      if (at >= 0 && at < T.ZOOMS.length) this.set("zoom", T.ZOOMS[at]);
    }

    /** Shows the other of both images in the same place. */
    swap() {
      if (!this.compare || !this.current()?.images.baseline || !this.current().images.current) return false;
      if (this.view.mode !== "blink") this.set("mode", "blink");
      return this.compare.swap();
    }

    /** Clears the search and the filters; false if there are none. */
    clear() {
      if (this.search.value === "" && this.statuses.size === 0) return false;
      this.search.value = "";
      this.statuses.clear();
      this.refilter();
      return true;
    }

    /** Search, filters and view as the query of an address: `?q=gift&show=new`. */
    query() {
      const query = new URLSearchParams();
      if (this.search.value) query.set("q", this.search.value);
      if (this.statuses.size > 0) query.set("show", [...this.statuses].join(","));
      if (this.view.mode !== "side") query.set("view", this.view.mode);
      if (this.view.zoom !== "fit") query.set("zoom", this.view.zoom);
      const text = query.toString();
      return text && `?${text}`;
    }

    /** Takes search, filters and view from the query of an address. */
    restore(text) {
      if (text === this.query()) return;
      const query = new URLSearchParams(text);
      this.search.value = query.get("q") ?? "";
      const show = (query.get("show") ?? "").split(",");
      this.statuses = new Set(T.STATUSES.filter((status) => show.includes(status)));
      const [mode] = T.MODES.filter(({ value }) => value === query.get("view"));
      const [zoom] = T.ZOOMS.filter((value) => String(value) === query.get("zoom"));
      Object.assign(this.view, { mode: mode?.value ?? "side", zoom: zoom ?? "fit" });
      this.looked = undefined;
      this.filter();
    }

    /** The keys of list and comparison, for `T.keyboard`. */
    keys() {
      const mode = (value) => () => this.set("mode", value);
      const arrow = (dx, dy, otherwise) => (event) => {
        const far = event.shiftKey ? 10 : 1;
        if (!this.compare?.nudge(dx * far, dy * far)) return otherwise ? otherwise() : false;
        return true;
      };
      return [
        { keys: ["j"], show: "J", text: "Next snapshot", run: () => this.move(1) },
        { keys: ["k"], show: "K", text: "Previous snapshot", run: () => this.move(-1) },
        { keys: ["ArrowDown"], run: arrow(0, 1, () => this.move(1)) },
        { keys: ["ArrowUp"], run: arrow(0, -1, () => this.move(-1)) },
        { keys: ["ArrowLeft"], run: arrow(-1, 0) },
        { keys: ["ArrowRight"], run: arrow(1, 0) },
        { keys: ["Home"], run: () => this.move(-this.shown.length) },
        { keys: ["End"], run: () => this.move(this.shown.length) },
        { keys: ["n"], show: "N", text: "Next to review", run: () => this.moveToUndecided() },
        { keys: ["1"], show: "1", text: "Side by side", run: mode("side") },
        { keys: ["2"], show: "2", text: "Slider (arrow keys move it)", run: mode("slider") },
        { keys: ["3"], show: "3", text: "Overlay", run: mode("overlay") },
        { keys: ["4"], show: "4", text: "Blink", run: mode("blink") },
        { keys: ["b"], show: "B", text: "Blink manually", run: () => this.compare?.swap() ?? false },
        { keys: ["5"], show: "5", text: "Difference only", run: mode("diff") },
        { keys: ["+", "="], show: "+", text: "Zoom in", run: () => this.zoom(1) },
        { keys: ["-"], show: "-", text: "Zoom out", run: () => this.zoom(-1) },
        { keys: ["l"], show: "L", text: "Loupe (arrow keys move it)", run: () => this.set("loupe", !this.view.loupe) },
        { keys: ["o"], show: "O", text: "Outline regions", run: () => this.set("regions", !this.view.regions) },
        { keys: [" "], show: "Space", text: "Swap old and new", run: (event) => !event.target.closest("button, a, summary, [role=slider]") && this.swap() },
        { keys: ["Escape"], run: () => this.clear() },
        { keys: ["/"], show: "/", text: "Search", run: () => { this.element.classList.remove("is-open"); this.search.focus(); this.search.select(); } },
        { keys: ["t"], show: "T", text: "Light or dark", run: () => T.toggleTheme() },
      ];
    }
  };

  function environment({ environmentChanged = [] }) {
    if (environmentChanged.length === 0) return null;
    return h("div", { class: "alert", data: { status: "changed" } }, T.icon("info"),
      h("strong", {}, "The baseline was captured in another environment"),
      h("dl", { class: "facts" }, environmentChanged.flatMap(({ what, baseline, current }) =>
        [h("dt", {}, what), h("dd", {}, `${baseline}, now ${current}`)])));
  }

  // Known failures, unmet steps, instability and flakiness.
  function pageError({ kind, message, url }) {
    if (kind === "request") return `The request to ${url} failed: ${message}`;
    if (kind === "exception") return `Uncaught exception${url ? ` in ${url}` : ""}: ${message}`;
    return `console.error: ${message}`;
  }

  function remarks({ overBudget = [], knownFailure, attempts = [], status, unmetStep, unstable, pageErrors = [] }) {
    const remark = (icon, kind, title, text) => h("div", { class: "alert", data: { status: kind } }, T.icon(icon), h("strong", {}, title), text && h("p", {}, text));
    return [
      knownFailure && remark("info", status, "Known failure", knownFailure),
      unmetStep && remark("info", status, `Step ${unmetStep.number} failed`, "The image shows the page at that step and cannot be accepted."),
      overBudget.length > 0 && remark("info", status, "Over budget", overBudget.join(", ")),
      unstable && remark("info", status, "Unstable", "The page looked different each time. The images show the last capture and its difference from the one before; they cannot be accepted."),
      pageErrors.length > 0 && remark("info", "changed", "Errors of the page", pageErrors.map(pageError).join("; ")),
      attempts.length > 1 && (status === "passed" || status === "changed") && remark("info", "changed", "Flaky", `It ${status} on attempt ${attempts.length}.`),
    ].filter(Boolean);
  }

  const bytes = (count) => (count < 1024 ? `${T.count(count)} bytes` : count < 1048576 ? `${Math.round(count / 102.4) / 10} KiB` : `${Math.round(count / 104857.6) / 10} MiB`);
  const ms = (time) => `${T.count(time)} ms`;
  const MEASURED = [["bytes", "Transferred", bytes], ["requests", "Requests", T.count], ["nodes", "Nodes", T.count], ["consoleErrors", "Console errors", T.count], ["cls", "Layout shift", String], ["lcpMs", "Largest paint", ms], ["firstPaintMs", "First paint", ms], ["scriptMs", "Script time", ms], ["longTasks", "Long tasks", T.count]];

  const PARTS = [["navigateMs", "Navigate"], ["settleMs", "Settle"], ["captureMs", "Capture"], ["compareMs", "Compare"], ["durationMs", "Total"]];

  function facts(item) {
    const times = PARTS.filter(([key]) => item[key] !== undefined);
    const more = [
      ["Attempt", item.attempt], ["Browser", item.browser], ["Scale", item.scale], ["Worker", item.worker],
      ["Baseline", item.baseline], ["Current", item.current], ["Difference", item.diff],
    ].filter(([, value]) => value !== undefined);
    const regions = item.regions ?? [];
    const fact = ([name, value]) => [h("dt", {}, name), h("dd", {}, String(value))];
    const listed = (texts = []) => texts.map((text, index) => [String(index + 1), text]);
    const box = (title, rows, kind = "") => rows.length > 0 && h("section", { class: "panel panel-pad stack stack-tight" }, h("h3", { class: "label" }, title), h("dl", { class: `facts ${kind}` }, rows.flatMap(fact)));
    const measured = item.measurements ?? {};
    return h("div", { class: "split facts-row" },
      box(item.cached ? "Measurements of the last capture" : "Measurements", MEASURED.filter(([key]) => measured[key] !== undefined).map(([key, name, show]) => [name, show(measured[key])]), "facts-end"),
      box("Time", times.map(([key, name]) => [name, T.duration(item[key])]), "facts-end"),
      box("Settled", (item.settled ?? []).map(({ step, ms }) => [step, T.duration(ms)]), "facts-end"),
      box("Attempts", (item.attempts ?? []).map(({ status, durationMs, message }, index) => [String(index + 1), `${status} after ${T.duration(durationMs)}${message ? `: ${message}` : ""}`])),
      box("Regions", regions.slice(0, 8).map((region, index) => [String(index + 1), `${region.width}×${region.height} at ${region.x}, ${region.y}`]).concat(regions.length > 8 ? [["", `and ${T.count(regions.length - 8)} more`]] : []), "facts-end"),
      box("Causes", (item.explanation?.causes ?? []).map((cause, index) => [String(index + 1), `${[cause.kind, cause.selector, cause.property].filter(Boolean).join(" ")}${cause.property !== "content" && (cause.from || cause.to) ? `: ${cause.from ?? "(none)"} → ${cause.to ?? "(none)"}` : ""} (${T.count(cause.pixels)} pixels)`])),
      item.sensitivity?.length > 0 && h("section", { class: "panel panel-pad stack stack-tight" },
        h("h3", { class: "label" }, "Sensitivity"),
        h("pre", { class: "code", tabindex: "0" }, item.sensitivity.join("\n"))),
      box("Steps", (item.steps ?? []).map(({ number, kind, target, status, ms: time }) => [String(number), `${kind} ${target}: ${status} after ${T.duration(time)}`])),
      box("Error", [["Kind", item.error?.kind], ["Selector", item.error?.selector], ["Step", item.error?.step]].filter(([, value]) => value !== undefined)),
      ...[["Stack", item.error?.stack], ["Console", item.evidence?.console], ["Page as text", item.evidence?.dom]].map(([title, text]) => text && h("section", { class: "panel panel-pad stack stack-tight" },
        h("h3", { class: "label" }, title),
        h("pre", { class: "code evidence", tabindex: "0" }, text))),
      box("Open network", listed(item.openNetwork)),
      box("Limits of the engine", listed(item.limits)),
      box("Details", more));
  }
}
