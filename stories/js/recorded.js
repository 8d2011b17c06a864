/* A review server that has been recorded, for the stories that show its pages:
   the page's JSON says what it would answer, which view is open, and what time
   it is. */
"use strict";
{
  const { view, now, answers } = JSON.parse(document.getElementById("recorded").textContent);
  Date.now = () => now;
  history.replaceState(null, "", view);
  globalThis.fetch = async (path) => {
    const answer = path === "/api/session" ? { who: "local", login: false } : answers[path];
    return { ok: answer !== undefined, status: answer ? 200 : 404, json: async () => answer ?? { error: `nothing is recorded of ${path}` } };
  };
  globalThis.EventSource = class {
    addEventListener() {}
    close() {}
  };
}
