// Originals of what the scripted clock replaces, taken before the page's first
// script.
const {
  Event, FontFace, HTMLImageElement, Map, Math, MessageChannel, MutationObserver, Number, Object,
  Promise, Proxy, Reflect, Response, Set, String, WeakMap, WeakRef, XMLHttpRequest,
  eval: evaluateGlobally, parent,
} = window;

const native = {
  setTimeout: window.setTimeout.bind(window),
  requestFrame: window.requestAnimationFrame.bind(window),
  setInterval: window.setInterval.bind(window),
  clearInterval: window.clearInterval.bind(window),
  addEventListener: window.addEventListener.bind(window),
  reportError: window.reportError?.bind(window),
  now: window.performance.now.bind(window.performance),
};

// Replaces a function by one that looks native.
function replace(owner, name, replacement) {
  const original = owner?.[name];
  if (typeof original !== 'function') return;
  owner[name] = new Proxy(original, {
    apply: (target, self, args) => replacement(args, self, original),
  });
}

// Lets the browser run its own tasks, such as those of promises and requests.
function yieldToBrowser() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

// Calls page code. An exception is the page's own.
function callPage(callback, args) {
  try {
    Reflect.apply(callback, window, args);
  } catch (error) {
    if (native.reportError) native.reportError(error);
    else native.setTimeout(() => { throw error; });
  }
}
