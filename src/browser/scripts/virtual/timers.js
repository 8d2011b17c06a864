// Tracks what the page still has to do, and keeps animation frame callbacks
// from frames in which no time has passed.
const { Map, Math, Number, Reflect, URL, document, location } = window;
// Browsers add noise to fractions of a millisecond.
const precise = Performance.prototype.now.bind(performance);
const { round } = Math;
const now = () => round(precise());
const bindOriginal = Function.prototype.bind.bind(Function.prototype.call);
const queryDocument = bindOriginal(Document.prototype.querySelectorAll);
const getBaseAddress = bindOriginal(Object.getOwnPropertyDescriptor(Node.prototype, 'baseURI').get);
const native = {
  setTimeout: window.setTimeout,
  clearTimeout: window.clearTimeout,
  setInterval: window.setInterval,
  clearInterval: window.clearInterval,
  request: window.requestAnimationFrame,
  reportError: window.reportError,
  requestIdle: window.requestIdleCallback,
};

// ---- Timers ----

// A timer is due until it has fired. Time alone does not tell: it is known in whole
// milliseconds only.
const due = new Map();
const periods = new Map();
const delayOf = (delay) => Math.max(0, Number(delay) || 0);
const forget = bindOriginal(Map.prototype.delete);

// Hidden frames get their timers once in a second.
const MAX_DELAY = 1_100;

window.setTimeout = function setTimeout(handler, delay, ...given) {
  const isFunction = typeof handler === 'function';
  const fire = function (...values) {
    forget(due, id);
    return Reflect.apply(handler, this, values);
  };
  const id = native.setTimeout.call(window, isFunction ? fire : handler, delay, ...given);
  due.set(id, now() + delayOf(delay));
  if (!isFunction) native.setTimeout.call(window, () => forget(due, id), delay);
  return id;
};
window.setInterval = function setInterval(handler, delay, ...given) {
  const id = native.setInterval.call(window, handler, delay, ...given);
  periods.set(id, { start: now(), period: Math.max(delayOf(delay), 4) });
  return id;
};
function clear(id) {
  due.delete(id);
  periods.delete(id);
  native.clearTimeout.call(window, id);
}
window.clearTimeout = function clearTimeout(id) { clear(id); };
window.clearInterval = function clearInterval(id) { clear(id); };

// Milliseconds until a timer fires, or may fire where it is late.
function nextTimer(present) {
  let next = Infinity;
  for (const [id, time] of due) {
    const left = time - present;
    if (left <= -MAX_DELAY) due.delete(id);
    else if (left > -1) next = Math.min(next, left);
    else next = Math.min(next, 16);
  }
  return next;
}

// Idle callbacks run soon, with time left: what the browser calls idle depends on
// the speed of the machine. They count until they have run.
const idle = new Map();
let lastIdle = 0;
if (native.requestIdle) {
  window.requestIdleCallback = function requestIdleCallback(callback, options) {
    if (typeof callback !== 'function') return native.requestIdle.call(window, callback, options);
    lastIdle += 1;
    const id = lastIdle;
    const run = () => {
      idle.delete(id);
      let left = 50;
      const timeRemaining = () => {
        left = Math.max(0, left - 0.05);
        return left;
      };
      callback.call(window, { didTimeout: false, timeRemaining });
    };
    idle.set(id, native.setTimeout.call(window, run, 1));
    return id;
  };
  window.cancelIdleCallback = function cancelIdleCallback(id) {
    native.clearTimeout.call(window, idle.get(id));
    idle.delete(id);
  };
}

// ---- Animation frames ----

const callbacks = new Map();
let lastId = 0;
let lastTime = -Infinity;
let isRequested = false;

function requestFrame() {
  if (isRequested) return;
  isRequested = true;
  native.request.call(window, run);
}

function run(time) {
  isRequested = false;
  // Frames are also issued to take a picture: time stands still in them.
  if (time < lastTime + 1) {
    requestFrame();
    return;
  }
  lastTime = time;
  for (const [id, callback] of [...callbacks]) {
    // Another callback may have cancelled it.
    if (!callbacks.delete(id)) continue;
    try {
      callback.call(window, time);
    } catch (error) {
      native.reportError.call(window, error);
    }
  }
}

window.requestAnimationFrame = function requestAnimationFrame(callback) {
  if (typeof callback !== 'function') return native.request.call(window, callback);
  lastId += 1;
  callbacks.set(lastId, callback);
  requestFrame();
  return lastId;
};
window.cancelAnimationFrame = function cancelAnimationFrame(id) { callbacks.delete(id); };

// ---- Refresh ----

// Milliseconds until a <meta http-equiv=refresh> leads to another page. One
// that reloads its own page never ends.
function refresh() {
  const [loaded] = performance.getEntriesByType('navigation');
  let next = Infinity;
  for (const meta of queryDocument(document, 'meta[http-equiv="refresh" i]')) {
    const [, seconds, rest] = /^\s*(\d*\.?\d*)(.*)$/s.exec(meta.content) ?? [];
    const [, url] = /url\s*=\s*["']?([^"']*)/i.exec(rest) ?? [];
    if (!url || new URL(url.trim(), getBaseAddress(document)).href === location.href) continue;
    const due = (loaded?.loadEventEnd ?? 0) + Number(seconds) * 1000 - now();
    if (due > 0) next = Math.min(next, due);
  }
  return next;
}

// ---- Queries ----

const MOVING = 'animate, animateTransform, animateMotion, set, marquee';

// Milliseconds until the next timer, whether anything else may move, the number of
// messages from workers so far, and what the page waits for in real time.
function state() {
  const present = now();
  let next = Infinity;
  try {
    next = refresh();
  } catch {
    // An address that is not valid, or page code that replaces what is used.
  }
  next = Math.min(next, nextTimer(present));
  for (const { start, period } of periods.values()) {
    next = Math.min(next, period - ((present - start) % period));
  }
  const moving = queryDocument(document, MOVING).length > 0 ||
    [...queryDocument(document, 'img')].some(
      (image) => /\.svg|image\/svg/.test(image.currentSrc || image.src),
    );
  return {
    __proto__: null,
    next: next === Infinity ? null : Math.max(0, Math.ceil(next)),
    frames: callbacks.size > 0 || idle.size > 0,
    moving,
    ...workState(),
  };
}

const guard = createGuard(
  [...languageObjects(), ...[NodeList, Element, HTMLImageElement].map((each) => each.prototype)],
);
const time = { present: guard(now), state: guard(state) };
Object.defineProperty(window, '__tintypeTime', { value: Object.freeze(time) });
