// Tracks what the page still has to do, and keeps animation frame callbacks
// from frames in which no time has passed. Runs before the page's own scripts
// where the page lives in virtual time.
(() => {
  if (window.__tintypeTime) return;
  const now = Performance.prototype.now.bind(performance);
  const native = {
    setTimeout: window.setTimeout,
    clearTimeout: window.clearTimeout,
    setInterval: window.setInterval,
    clearInterval: window.clearInterval,
    request: window.requestAnimationFrame,
    cancel: window.cancelAnimationFrame,
    requestIdle: window.requestIdleCallback,
    cancelIdle: window.cancelIdleCallback,
  };

  // ---- Timers ----

  const due = new Map();
  const periods = new Map();
  const delayOf = (delay) => Math.max(0, Number(delay) || 0);

  window.setTimeout = function setTimeout(handler, delay, ...given) {
    const id = native.setTimeout.call(window, handler, delay, ...given);
    if (due.size > 500) forgetFired();
    due.set(id, now() + delayOf(delay));
    return id;
  };
  window.setInterval = function setInterval(handler, delay, ...given) {
    const id = native.setInterval.call(window, handler, delay, ...given);
    periods.set(id, Math.max(delayOf(delay), 4));
    return id;
  };
  function clear(id) {
    due.delete(id);
    periods.delete(id);
    native.clearTimeout.call(window, id);
  }
  window.clearTimeout = function clearTimeout(id) { clear(id); };
  window.clearInterval = function clearInterval(id) { clear(id); };

  function forgetFired() {
    const limit = now();
    for (const [id, time] of due) if (time <= limit) due.delete(id);
  }

  // Idle callbacks run soon: they count until they have run.
  const idle = new Set();
  if (native.requestIdle) {
    window.requestIdleCallback = function requestIdleCallback(callback, options) {
      if (typeof callback !== 'function') return native.requestIdle.call(window, callback, options);
      const id = native.requestIdle.call(window, (deadline) => {
        idle.delete(id);
        callback(deadline);
      }, options);
      idle.add(id);
      return id;
    };
    window.cancelIdleCallback = function cancelIdleCallback(id) {
      idle.delete(id);
      native.cancelIdle.call(window, id);
    };
  }

  // ---- Animation frames ----

  const callbacks = new Map();
  let lastId = 0;
  let lastTime = -Infinity;

  function request(id) {
    const entry = callbacks.get(id);
    entry.native = native.request.call(window, (time) => run(id, time));
  }

  function run(id, time) {
    const entry = callbacks.get(id);
    if (!entry) return;
    // Frames are also issued to take a picture: time stands still in them.
    if (time !== lastTime && time < lastTime + 1) {
      request(id);
      return;
    }
    lastTime = time;
    callbacks.delete(id);
    entry.callback.call(window, time);
  }

  window.requestAnimationFrame = function requestAnimationFrame(callback) {
    if (typeof callback !== 'function') return native.request.call(window, callback);
    const id = ++lastId;
    callbacks.set(id, { callback });
    request(id);
    return id;
  };
  window.cancelAnimationFrame = function cancelAnimationFrame(id) {
    const entry = callbacks.get(id);
    if (entry) native.cancel.call(window, entry.native);
    callbacks.delete(id);
  };

  // ---- Queries ----

  // Milliseconds until the next timer, and whether anything else may move.
  function state() {
    forgetFired();
    const present = now();
    let next = Infinity;
    for (const time of due.values()) next = Math.min(next, time - present);
    for (const period of periods.values()) next = Math.min(next, period);
    const moving = document.querySelector('animate, animateTransform, animateMotion, set, marquee') !== null ||
      [...document.images].some((image) => /\.svg|image\/svg/.test(image.currentSrc || image.src));
    return {
      next: next === Infinity ? null : next,
      frames: callbacks.size > 0 || idle.size > 0,
      moving,
    };
  }

  Object.defineProperty(window, '__tintypeTime', { value: Object.freeze({ state }) });
})();
