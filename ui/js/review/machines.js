/* The machines of a run that several share: what each is doing, and commands to
   pause, resume and cancel them. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const R = (T.review ??= {});
  const { h } = T;
  const INTERVAL = 2000;
  const TONES = { working: "running", idle: "skipped", paused: "changed", leaving: "skipped", lost: "failed" };
  const plural = (count, word) => `${T.count(count)} ${word}${count === 1 ? "" : "s"}`;
  const stateOf = (worker) => (worker.lost ? "lost" : worker.state || "working");

  /** A panel for the workers of a run, which is empty without any. `isOver()` ends
      the updates. */
  R.Machines = class {
    constructor(signal, run, isOver) {
      this.path = `/api/runs/${encodeURIComponent(run)}`;
      this.rows = new Map();
      this.summary = h("span", {});
      this.lanes = h("span", { class: "small faint" });
      this.list = h("ul", { class: "lines machine-list", "aria-label": "Machines", tabindex: "0" });
      this.everyone = h("div", { class: "row row-tight" });
      this.element = h("details", { class: "panel machines", open: innerWidth >= 900, hidden: true },
        h("summary", { class: "row row-tight" }, T.icon("layers"), h("h2", { class: "label" }, this.summary), this.lanes),
        this.list, h("div", { class: "machine-foot" }, this.everyone));
      /** Updates the panel until the run is over. */
      this.follow = async () => {
        if (this.following || signal.aborted) return;
        this.following = true;
        try {
          this.show(isOver() ? { workers: [], lanes: [] } : await R.request(`${this.path}/workers`, { signal }));
        } catch {
          // The stream of events reports a record that is unavailable.
        }
        this.following = false;
        if (!isOver()) setTimeout(this.follow, INTERVAL);
      };
    }

    show({ workers, lanes }) {
      this.element.hidden = workers.length === 0;
      const lost = workers.filter((worker) => worker.lost).length;
      this.summary.textContent = plural(workers.length, "machine") + (lost > 0 ? `, ${T.count(lost)} lost` : "");
      this.lanes.textContent = lanes.map(({ lane, waiting, leased }) => `${lane}: ${plural(waiting + leased, "group")} left`).join(" · ");
      for (const [name, row] of this.rows) {
        if (workers.some(({ worker }) => worker === name)) continue;
        row.element.remove();
        this.rows.delete(name);
      }
      for (const worker of workers) {
        if (!this.rows.has(worker.worker)) {
          this.rows.set(worker.worker, this.row(worker.worker));
          this.list.append(this.rows.get(worker.worker).element);
        }
        this.rows.get(worker.worker).show(worker);
      }
      const live = workers.filter((worker) => !worker.lost);
      const isPaused = live.length > 0 && live.every(({ state }) => state === "paused");
      if (this.drawn === `${live.length > 0} ${isPaused}`) return;
      this.drawn = `${live.length > 0} ${isPaused}`;
      this.everyone.replaceChildren(...(live.length === 0 ? [] : [
        this.button(isPaused ? "Resume all" : "Pause all", isPaused ? "resume" : "pause"),
        h("button", { type: "button", class: "btn btn-small btn-reject", onclick: () => this.cancel() }, T.icon("cross"), "Cancel the run"),
      ]));
    }

    row(name) {
      const state = h("span", { class: "badge" });
      const tests = h("span", { class: "small quiet machine-tests" });
      const facts = h("span", { class: "small faint num" });
      const button = h("span", {});
      let drawn;
      return {
        element: h("li", { class: "machine" }, state, T.shortened(name, "mono small"), tests, facts, button),
        show: (worker) => {
          const now = stateOf(worker);
          state.dataset.status = TONES[now] ?? "skipped";
          state.textContent = now;
          const [first, ...others] = worker.currentTests;
          if (tests.title !== worker.currentTests.join("\n")) {
            tests.title = worker.currentTests.join("\n");
            tests.replaceChildren(...(first ? [T.shortened(first.split("::")[0]), others.length > 0 ? ` +${T.count(others.length)}` : ""] : []));
          }
          facts.textContent = worker.lost
            ? `last seen ${T.duration(worker.silentMs)} ago`
            : `${T.count(worker.running)} of ${plural(worker.sessions, "session")}`;
          if (drawn === now) return;
          drawn = now;
          const command = now === "paused" ? "resume" : "pause";
          button.replaceChildren(...(worker.lost || now === "leaving" ? [] : [this.button(now === "paused" ? "Resume" : "Pause", command, name)]));
        },
      };
    }

    button(text, command, worker) {
      return h("button", { type: "button", class: "btn btn-small", "aria-label": worker && `${text} ${worker}`, onclick: () => this.send(command, worker) }, text);
    }

    async cancel() {
      const live = [...this.rows.keys()];
      const isSure = await R.confirmed({
        question: "Cancel the run?",
        hint: `${plural(live.length, "machine")} will stop. The run ends as interrupted; what is finished is kept.`,
        button: h("button", { type: "button", class: "btn btn-reject" }, T.icon("cross"), "Cancel the run"),
      });
      if (isSure) await this.send("cancel");
    }

    async send(command, worker) {
      try {
        const { workers } = await R.send(`${this.path}/commands`, { command, worker });
        const past = { pause: "Pausing", resume: "Resuming", cancel: "Cancelling" }[command];
        T.toast(`${past} ${workers.length === 1 ? workers[0] : plural(workers.length, "machine")}`);
      } catch (error) {
        T.toast(error.message);
      }
    }
  };
}
