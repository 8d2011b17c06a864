/* The review page: its frame, log-in and addresses. The views are in review/. */
"use strict";
{
  const T = globalThis.Tintype;
  const R = T.review;
  const { h } = T;

  // ── The frame ──

  const main = R.main = h("main", { class: "app-main" });
  const notice = h("div", { class: "notice", role: "status" });
  const links = new Map([["runs", "Runs"], ["flaky", "Health"]].map(([name, text]) => [name, h("a", { href: `#/${name}` }, text)]));
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

  const say = R.say = (text) => notice.replaceChildren(...(text ? [h("div", { class: "alert", data: { status: "changed" } }, T.icon("info"), h("p", {}, text))] : []));
  const failed = (error) => main.replaceChildren(h("div", { class: "panel" }, h("div", { class: "empty" }, h("h1", { class: "title" }, "This page could not be loaded"), h("p", {}, error.message), h("a", { class: "btn", href: "#/runs" }, "All runs"))));
  const keysOf = R.keysOf = (keys) => { help.stop(); help = T.keyboard([...keys, { keys: ["t"], show: "T", text: "Light or dark", run: () => T.toggleTheme() }]); };

  /** Ends the current view; returns the abort signal of the next one. */
  function leave() {
    shown.abort();
    shown = new AbortController();
    keysOf([]);
    say(undefined);
    return shown.signal;
  }

  // ── Login ──

  R.logIn = async function logIn() {
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
        R.send("/api/session", { name: name.value, token: token.value }).then(() => { route(); showUser(); }, (error) => { trouble.textContent = error.message; });
      },
    }, h("h1", { class: "title" }, "Log in to review"), nameField, tokenField, trouble, h("button", { class: "btn btn-primary" }, "Log in")));
    name.focus();
  }

  const userArea = h("span", { class: "row row-tight small quiet" });
  document.querySelector(".nav .push").after(userArea);
  async function showUser() {
    const { who, login } = await R.request("/api/session");
    userArea.replaceChildren(...(login && who ? [h("span", { class: "wide-only" }, who), h("button", {
      type: "button", class: "btn btn-small btn-quiet",
      onclick: () => R.send("/api/session/end", {}).then(() => { userArea.replaceChildren(); R.logIn(); }),
    }, "Log out")] : []));
  }

  const VIEWS = { runs: R.showRuns, run: R.showRun, story: R.showStory, flaky: R.showFlaky, slow: R.showSlow, budgets: R.showBudgets, machines: R.showNodes, quarantine: R.showQuarantines };
  function route() {
    const signal = leave();
    const [view, ...rest] = R.address().parts;
    for (const [name, link] of links) {
      if (name === view || (name === "flaky" && R.isHealth(view))) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    const show = VIEWS[view] ?? R.showRuns;
    show(signal, ...rest).catch((error) => signal.aborted || failed(error));
  }

  addEventListener("hashchange", (event) => {
    // The view of a run follows its own part of the address.
    const view = (address) => R.address(new URL(address).hash).parts.slice(0, 2).join("/");
    if (view(event.oldURL) !== view(event.newURL) || !location.hash.startsWith("#/run/")) route();
  });
  route();
  showUser().catch((error) => say(error.message));
}
