// While more than the viewport is captured, the browser reports changes of its
// size and of media queries, and takes them back. They are hidden from the page.
let isCapturing = false;
function hideWhileCapturing(event) {
  if (isCapturing && event.isTrusted) event.stopImmediatePropagation();
}

const addListener = uncurry(EventTarget.prototype.addEventListener);
addListener(window, 'resize', hideWhileCapturing, true);
const visualViewport = windowGetter('visualViewport')();
if (visualViewport) {
  addListener(visualViewport, 'resize', hideWhileCapturing, true);
  addListener(visualViewport, 'scroll', hideWhileCapturing, true);
}

// A query's first listener is ours.
const guardedQueries = new WeakSet();
function guardQuery(query) {
  if (hasBrand(query, getMedia) === false || guardedQueries.has(query)) return;
  guardedQueries.add(query);
  addListener(query, 'change', hideWhileCapturing);
}

for (const method of ['addEventListener', 'addListener']) {
  const original = MediaQueryList.prototype[method];
  MediaQueryList.prototype[method] = function (...args) {
    guardQuery(this);
    return Reflect.apply(original, this, args);
  };
}
const onchange = Object.getOwnPropertyDescriptor(MediaQueryList.prototype, 'onchange');
if (onchange) {
  Object.defineProperty(MediaQueryList.prototype, 'onchange', {
    ...onchange,
    set(listener) {
      guardQuery(this);
      Reflect.apply(onchange.set, this, [listener]);
    },
  });
}

// Replaces a class of observers by one that drops entries.
function filterEntries(name, isPassedOn) {
  const original = window[name];
  if (!original) return;
  window[name] = new Proxy(original, {
    construct(target, [callback, ...options], newTarget) {
      const filtered = function (entries, observer) {
        const kept = entries.filter((entry) => isPassedOn(observer, entry));
        if (kept.length > 0) Reflect.apply(callback, this, [kept, observer]);
      };
      const passed = typeof callback === 'function' ? filtered : callback;
      return Reflect.construct(target, [passed, ...options], newTarget);
    },
  });
  original.prototype.constructor = window[name];
}

filterEntries('ResizeObserver', () => !isCapturing);

// Returns the place of the page's upper left corner, from which the browser
// counts, and the zoom factor of a mobile viewport.
function startCapture() {
  isCapturing = true;
  const { x, y } = scrollArea();
  return { x, y, zoom: visualViewport?.scale ?? 1 };
}

function endCapture() {
  isCapturing = false;
}
