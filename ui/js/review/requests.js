/* Requests of the review page to its server. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const R = (T.review ??= {});

  /** The parts of an address, decoded, and its query: `#/run/run-1?q=gift`. */
  R.address = (hash = location.hash) => {
    const [path, query] = (hash || "#/runs").replace(/^#\//, "").split("?");
    return { parts: path.split("/").map(decodeURIComponent), query: query ? `?${query}` : "" };
  };

  /** Rejects without side effects once the view that requests has been left. */
  R.request = async function request(path, options) {
    const response = await fetch(path, options);
    const answer = await response.json().catch(() => ({ error: `the server answered ${response.status}` }));
    options?.signal?.throwIfAborted();
    if (response.status === 401) R.logIn();
    if (!response.ok) throw new Error(answer.error ?? `the server answered ${response.status}`);
    return answer;
  };
  R.send = (path, body) => R.request(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

  /** Server-sent events that reconnect. */
  R.listen = function listen(signal, address, { event, listening = () => {} }) {
    let source;
    const open = () => {
      if (signal.aborted) return;
      source = new EventSource(address());
      source.onmessage = (message) => event(JSON.parse(message.data), message.lastEventId);
      source.addEventListener("listening", () => { R.say(undefined); listening(); });
      source.addEventListener("problem", (message) => R.say(message.data));
      source.onerror = async () => {
        source.close();
        R.say("The review server does not answer. Retrying.");
        // A stream has no reason for its end.
        const { who } = await R.request("/api/session", { signal }).catch(() => ({}));
        if (who === null && !signal.aborted) R.logIn();
        setTimeout(open, 1000);
      };
    };
    open();
    signal.addEventListener("abort", () => source.close());
  };
}
