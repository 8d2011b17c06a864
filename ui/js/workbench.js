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

  T.Workbench = class {
    /** `actions(snapshot)` returns the buttons above the image, `bulk(shown)` one
        for all snapshots that are shown; `fetch(name)` resolves to a complete
        snapshot where the list has it only in part (`lean`); `chosen(name, how)`
        is called when the selection, the search, the filters or the view change,
        `how` being "opened" or "closed" if the snapshot then covers the list or no
        longer does, "searched", "filtered" or "viewed"; `empty` is shown
        when nothing is selected.

        `groups(items)` puts the snapshots into groups, if they have any:
        [{id, text, items, status, isChange, isFixed, picture()}]. A fixed one is
        always open, of the others only the chosen one. `overview(group)` returns
        what is shown of a change while none of its snapshots is selected;
        `residual(item, group)` the address of the image of what the change
        does not explain. */
    constructor({ actions = () => [], bulk = () => null, chosen = () => {}, groups = () => [], overview, residual = () => undefined, fetch, empty = "Nothing matches." } = {}) {
      this.actions = actions;
      this.bulk = bulk;
      this.fetch = fetch;
      this.chosen = chosen;
      this.empty = empty;
      this.groupsOf = groups;
      this.overview = overview;
      this.residual = residual;
      this.view = T.defaultView();
      this.byName = new Map();
      this.all = [];
      this.shown = [];
      this.statuses = new Set();
      this.name = undefined;
      this.groups = [];
      this.order = [];
      this.groupId = undefined;
      this.list = new T.VirtualList({ label: "Snapshots", draw: (row) => this.row(row) });
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
      this.group();
      this.look();
    }

    /** Puts what is shown into groups, and selects something of it. */
    group() {
      this.groups = this.groupsOf(this.shown);
      this.sections = this.groups.length === 0 ? [{ items: this.shown, isFixed: true }] : this.groups;
      this.order = T.orderOf(this.sections);
      const group = this.groups.find(({ id }) => id === this.groupId);
      if (!this.current()) {
        this.name = undefined;
        if (!group?.isChange) this.choose(group ?? this.groups[0]);
      } else if (!group?.items.some(({ name }) => name === this.name)) {
        this.groupId = this.groupWith(this.name)?.id;
      }
      this.drawRows();
    }

    /** Selects a change, or the first snapshot of another group. */
    choose(group) {
      this.groupId = group?.id;
      this.name = group?.isChange ? undefined : (group?.items ?? this.shown)[0]?.name;
    }

    groupWith(name) {
      return this.groups.find(({ items }) => items.some((item) => item.name === name));
    }

    currentGroup() {
      return this.groups.find(({ id }) => id === this.groupId);
    }

    drawRows() {
      const rows = this.sections.flatMap((group) => {
        group.isOpen = Boolean(group.isFixed) || group.id === this.groupId;
        return [...(group.id === undefined ? [] : [{ group }]), ...(group.isOpen ? group.stories : [])];
      });
      this.index = this.order.findIndex(({ name, group }) => name === this.name && group === this.groupId);
      const at = rows.findIndex(({ group, first, items }) => (this.name ? first <= this.index && this.index < first + items?.length : group?.id === this.groupId && first === undefined));
      this.list.show(rows, at, this.name ? `snapshot-${this.index}` : `group-${this.groupId}`);
    }

    row(row) {
      if (!row.story) return T.groupRow(row.group, { isSelected: !this.name && row.group.id === this.groupId, choose: () => this.openGroup(row.group) });
      return T.storyRow(row, { selected: this.index, total: this.order.length, choose: (item) => this.select(item.name, true, row.group.id) });
    }

    /** Opens a group of the list, and shows the change that it stands for. */
    openGroup(group, focus = false) {
      this.choose(group);
      this.show(Boolean(group.isChange));
      if (focus) this.shownOverview?.focus();
    }

    /** The next or previous change. */
    moveToChange(step) {
      const changes = this.groups.filter(({ isChange, isFixed }) => isChange || isFixed);
      const at = changes.findIndex(({ id }) => id === this.groupId);
      const next = at < 0 ? changes.at(step > 0 ? 0 : -1) : changes[at + step];
      if (!next) return false;
      this.openGroup(next, true);
      return true;
    }

    /** The next snapshot of the same group, wrapping around. */
    moveToSimilar() {
      const items = this.currentGroup()?.items ?? [];
      if (items.length === 0) return false;
      const at = items.findIndex(({ name }) => name === this.name);
      this.select(items[(at + 1) % items.length].name, true, this.groupId);
      return true;
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

    /** Selects a snapshot, in a group that has it; `open` shows it also where there
        is room for only one column. */
    select(name, open = false, group = this.groupId) {
      const has = ({ id, items }) => id === group && items.some((item) => item.name === name);
      this.name = name;
      this.groupId = this.groups.some(has) ? group : this.groupWith(name)?.id;
      this.show(open);
    }

    /** Shows what has been selected. */
    show(open) {
      // Back leads from a snapshot to the sheet that it was opened from.
      const isCovered = this.element.classList.contains("is-open") && !(this.shownOverview && this.name);
      const opened = open && !isCovered;
      if (open) this.element.classList.add("is-open");
      this.drawRows();
      this.look();
      this.chosen(this.name, opened ? "opened" : undefined);
    }

    /** Follows an address without a snapshot: to its change, or to the list. */
    showList(query) {
      const change = new URLSearchParams(query).get("change");
      const group = change && this.groups.find(({ id, isChange }) => isChange && id === change);
      if (group) this.openGroup(group);
      else this.close();
    }

    /** Shows the list again where there is room for only one column. */
    close() {
      this.element.classList.remove("is-open");
      this.drawRows();
    }

    move(step) {
      if (this.order.length === 0) return;
      // From a change to its first snapshot, or to the one before it.
      const first = this.order.findIndex(({ group }) => group === this.groupId);
      const from = this.name ? this.index : first - (step > 0 ? 1 : 0);
      const next = this.order[Math.min(this.order.length - 1, Math.max(0, from + step))];
      this.select(next.name, false, next.group);
    }

    /** Selects the next snapshot that needs a decision, wrapping around. */
    moveToUndecided() {
      const from = this.index + 1;
      const next = [...this.order.slice(from), ...this.order.slice(0, from)].find(({ name }) => {
        const item = this.byName.get(name);
        return T.needsDecision(item) && !item.decision;
      });
      if (next) this.select(next.name, false, next.group);
    }

    // ── The selected snapshot ──

    look() {
      const item = this.current();
      const group = this.currentGroup();
      if (!item && group) {
        this.compare = undefined;
        this.looked = undefined;
        this.lookAtChange(group);
        return;
      }
      this.shownOverview = undefined;
      if (item === this.looked && (!item || this.lookedIn === group?.id)) return;
      this.looked = item;
      this.lookedIn = group?.id;
      if (!item) {
        this.compare = undefined;
        this.detail.replaceChildren(h("div", { class: "empty panel" }, h("p", {}, this.empty)));
        return;
      }
      if (item.lean && this.fetch) return this.lookUp(item);
      this.compare = new T.Compare({
        name: item.name, images: { ...item.images, residual: this.residual(item, group) }, regions: item.regions ?? [],
        width: item.storyIdentifier.viewport.width, height: item.storyIdentifier.viewport.height,
      }, this.view);
      this.tools = h("div", { class: "row spread" });
      this.drawTools();
      this.detail.replaceChildren(...[
        this.head(item),
        item.message && h("p", { class: "message" }, item.message),
        h("div", { class: "row actions" }, this.actions(item)),
        this.tools, this.compare.element,
        T.environmentOf(item), ...T.remarksOf(item),
        T.needsDecision(item) && item.command && T.command(item.command), T.factsOf(item),
      ].filter(Boolean));
    }

    /** Shows the snapshots of a change. */
    lookAtChange(group) {
      const overview = this.overview(group);
      if (this.shownOverview === overview) return;
      this.shownOverview = overview;
      this.detail.replaceChildren(this.backButton(), overview.element);
      this.detail.scrollTop = 0;
    }

    backButton() {
      return h("button", { type: "button", class: "btn btn-small btn-quiet back", onclick: () => { this.close(); this.chosen(this.name, "closed"); } }, T.icon("left"), this.groups.length > 0 ? "All changes" : "All snapshots");
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
        this.backButton(),
        h("div", { class: "row row-tight steps" }, step("Previous snapshot", "left", -1), step("Next snapshot", "right", 1)),
        h("div", { class: "row row-tight detail-title" }, T.badge(item.status), item.decision && h("span", { class: "badge", data: { status: item.decision === "accepted" ? "passed" : "failed" } }, item.decision),
            h("h2", { class: "heading" }, item.storyIdentifier.storyId), h("span", { class: "small faint" }, T.variantOf(item))),
        this.currentGroup()?.isChange && h("button", { type: "button", class: "link small detail-change", onclick: () => this.openGroup(this.currentGroup(), true) }, T.changeText(this.currentGroup().text)));
    }

    drawTools() {
      const zooms = T.ZOOMS.map((value) => ({ value, text: value === "fit" ? "Fit" : `${value}×` }));
      const toggle = (name, text, icon) => h("button", { type: "button", class: "btn btn-small", "aria-pressed": String(this.view[name]), onclick: () => this.set(name, !this.view[name]) }, T.icon(icon), text);
      this.tools.replaceChildren(
        T.segments("Comparison", T.MODES.filter(({ value }) => value !== "residual" || this.compare.snapshot.images.residual), this.view.mode, (value) => this.set("mode", value)),
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

    /** Zooms to the next or previous region; after the last, the whole is shown and
        false returned. */
    moveToRegion(step) {
      const at = this.compare?.regionAfter(step);
      if (at === undefined && !this.compare?.region) return false;
      this.compare.region = at;
      this.set("zoom", at ? this.compare.zoomFor(at) : "fit");
      return Boolean(at);
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

    /** Search, filters, view and, if wanted, the chosen change as the query of an
        address: `?q=gift&show=new`. */
    query(withChange = true) {
      const query = new URLSearchParams();
      if (this.search.value) query.set("q", this.search.value);
      if (this.statuses.size > 0) query.set("show", [...this.statuses].join(","));
      if (this.view.mode !== "side") query.set("view", this.view.mode);
      if (this.view.zoom !== "fit") query.set("zoom", this.view.zoom);
      if (withChange && this.currentGroup()?.isChange) query.set("change", this.groupId);
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
      this.groupId = query.get("change") ?? undefined;
      if (this.groupId) this.name = undefined;
      this.filter();
    }
  };
}
