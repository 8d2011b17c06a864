// Originals of what the scripted clock replaces, taken before the page's first
// script.
const {
  Document, Element, Event, EventTarget, FontFace, HTMLIFrameElement, HTMLImageElement,
  HTMLLinkElement, HTMLObjectElement, HTMLScriptElement, MessageChannel, MessageEvent, MessagePort,
  MutationObserver, MutationRecord, Node, NodeList, Number, Object, Proxy, Response, String,
  WeakRef, XMLHttpRequest, eval: evaluateGlobally, parent,
} = window;
const { max, min } = window.Math;
const CapturedMap = captureCollection(window.Map);
const CapturedSet = captureCollection(window.Set);
const CapturedWeakMap = captureCollection(window.WeakMap);

const native = {
  setTimeout: window.setTimeout.bind(window),
  requestFrame: window.requestAnimationFrame.bind(window),
  setInterval: window.setInterval.bind(window),
  clearInterval: window.clearInterval.bind(window),
  reportError: window.reportError?.bind(window),
  now: window.performance.now.bind(window.performance),
};
const listen = uncurry(EventTarget.prototype.addEventListener);

// Replaces a function by one that looks native.
function replace(owner, name, replacement) {
  const original = owner?.[name];
  if (typeof original !== 'function') return;
  owner[name] = new Proxy(original, {
    __proto__: null,
    apply: (target, self, args) => replacement(args, self, original),
  });
}

const getPort1 = getter(MessageChannel.prototype, 'port1');
const getPort2 = getter(MessageChannel.prototype, 'port2');
const getData = getter(MessageEvent.prototype, 'data');
const postToPort = uncurry(MessagePort.prototype.postMessage);
const startPort = uncurry(MessagePort.prototype.start);
const closePort = uncurry(MessagePort.prototype.close);

// Returns a port whose first message is received.
function openPort(receive) {
  const channel = new MessageChannel();
  const port = getPort1(channel);
  listen(port, 'message', (event) => {
    closePort(port);
    receive(getData(event));
  });
  startPort(port);
  return getPort2(channel);
}

// Lets the browser run its own tasks, such as those of promises and requests.
function yieldToBrowser() {
  return createPromise((resolve) => { postToPort(openPort(resolve), null); });
}

// Calls page code. An exception is the page's own.
function callPage(callback, args) {
  try {
    apply(callback, window, args);
  } catch (error) {
    if (native.reportError) native.reportError(error);
    else native.setTimeout(() => { throw error; });
  }
}
