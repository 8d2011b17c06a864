// Tracks what the page still has to do, and keeps animation frame callbacks
// from frames in which no time has passed.
const { Map, Math, Number, URL, document, location } = window;
// Browsers add noise to fractions of a millisecond.
const precise = Performance.prototype.now.bind(performance);
const { max, min, round } = Math;
const now = () => round(precise());
const queryDocument = uncurry(Document.prototype.querySelectorAll);
const getBaseAddress = getter(Node.prototype, 'baseURI');
const CapturedMap = captureCollection(Map);
const native = {
  setTimeout: window.setTimeout,
  clearTimeout: window.clearTimeout.bind(window),
  setInterval: window.setInterval,
  request: window.requestAnimationFrame.bind(window),
  reportError: window.reportError.bind(window),
  requestIdle: window.requestIdleCallback?.bind(window),
};

// ---- Timers ----

// A timer is due until it has fired. Time alone does not tell: it is known in whole
// milliseconds only.
const due = new CapturedMap();
const periods = new CapturedMap();
const delayOf = (delay) => max(0, Number(delay) || 0);

// Hidden frames get their timers once in a second.
const MAX_DELAY = 1_100;

window.setTimeout = function setTimeout(handler, delay) {
  const given = createList();
  for (let index = 0; index < arguments.length; index += 1) given[index] = arguments[index];
  const isFunction = typeof handler === 'function';
  if (isFunction) {
    given[0] = function () {
      due.delete(id);
      return apply(handler, this, arguments);
    };
  }
  const id = apply(native.setTimeout, window, given);
  due.set(id, now() + delayOf(delay));
  if (!isFunction) apply(native.setTimeout, window, [() => { due.delete(id); }, delay]);
  return id;
};
window.setInterval = function setInterval(handler, delay) {
  const id = apply(native.setInterval, window, arguments);
  periods.set(id, { start: now(), period: max(delayOf(delay), 4) });
  return id;
};
function clear(id) {
  due.delete(id);
  periods.delete(id);
  native.clearTimeout(id);
}
window.clearTimeout = function clearTimeout(id) { clear(id); };
window.clearInterval = function clearInterval(id) { clear(id); };

// Milliseconds until a timer fires, or may fire where it is late.
function nextTimer(present) {
  let next = Infinity;
  due.forEach((time, id) => {
    const left = time - present;
    if (left <= -MAX_DELAY) due.delete(id);
    else if (left > -1) next = min(next, left);
    else next = min(next, 16);
  });
  return next;
}

// Idle callbacks run soon, with time left: what the browser calls idle depends on
// the speed of the machine. They count until they have run.
const idle = new CapturedMap();
let lastIdle = 0;
if (native.requestIdle) {
  window.requestIdleCallback = function requestIdleCallback(callback, options) {
    if (typeof callback !== 'function') return native.requestIdle(callback, options);
    lastIdle += 1;
    const id = lastIdle;
    const run = () => {
      idle.delete(id);
      let left = 50;
      const timeRemaining = () => {
        left = max(0, left - 0.05);
        return left;
      };
      apply(callback, window, [{ didTimeout: false, timeRemaining }]);
    };
    idle.set(id, apply(native.setTimeout, window, [run, 1]));
    return id;
  };
  window.cancelIdleCallback = function cancelIdleCallback(id) {
    native.clearTimeout(idle.get(id));
    idle.delete(id);
  };
}

// ---- Animation frames ----

let callbacks = new CapturedMap();
let runningCallbacks = callbacks;
let lastId = 0;
let lastTime = -Infinity;
let isRequested = false;

function requestFrame() {
  if (isRequested) return;
  isRequested = true;
  native.request(run);
}

function run(time) {
  isRequested = false;
  // Frames are also issued to take a picture: time stands still in them.
  if (time < lastTime + 1) {
    requestFrame();
    return;
  }
  lastTime = time;
  runningCallbacks = callbacks;
  callbacks = new CapturedMap();
  runningCallbacks.forEach((callback, id) => {
    // One that was cancelled by another is not visited.
    runningCallbacks.delete(id);
    try {
      apply(callback, window, [time]);
    } catch (error) {
      native.reportError(error);
    }
  });
}

window.requestAnimationFrame = function requestAnimationFrame(callback) {
  if (typeof callback !== 'function') return native.request(callback);
  lastId += 1;
  callbacks.set(lastId, callback);
  requestFrame();
  return lastId;
};
window.cancelAnimationFrame = function cancelAnimationFrame(id) {
  callbacks.delete(id);
  runningCallbacks.delete(id);
};

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
  periods.forEach(({ start, period }) => {
    next = Math.min(next, period - ((present - start) % period));
  });
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

const { guard } = createGuard(
  [...languageObjects(), ...[NodeList, Element, HTMLImageElement].map((each) => each.prototype)],
);
const time = { present: guard(now), state: guard(state), workerMotion };
Object.defineProperty(window, '__tintypeTime', { value: Object.freeze(time) });
