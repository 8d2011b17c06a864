// Requests that are known to a script of the page: the clock stands still while
// one of them is pending.
const scriptRequests = new Map();
const elementLoads = new Map();
const scriptImages = new Set();

function beginRequest(requests, address, key = {}) {
  requests.set(key, String(address));
  return () => requests.delete(key);
}

function countPromise(requests, address, promise) {
  const end = beginRequest(requests, address);
  promise.then(end, end);
  return promise;
}

replace(window, 'fetch', (args, self, original) => (
  countPromise(scriptRequests, args[0]?.url ?? args[0], Reflect.apply(original, self, args))
));
for (const method of ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text']) {
  replace(Response?.prototype, method, (args, self, original) => {
    const content = Reflect.apply(original, self, args);
    // Responses that the page has made itself may need time.
    return self.url ? countPromise(scriptRequests, self.url, content) : content;
  });
}
replace(FontFace?.prototype, 'load', (args, self, original) => (
  countPromise(elementLoads, `font ${self.family}`, Reflect.apply(original, self, args))
));

const xhrAddresses = new WeakMap();
replace(XMLHttpRequest.prototype, 'open', (args, self, original) => {
  xhrAddresses.get(self)?.end?.();
  const isAsync = args.length < 3 || Boolean(args[2]);
  xhrAddresses.set(self, { address: args[1], isAsync });
  return Reflect.apply(original, self, args);
});
replace(XMLHttpRequest.prototype, 'send', (args, self, original) => {
  const opened = xhrAddresses.get(self);
  if (!opened?.isAsync) return Reflect.apply(original, self, args);
  opened.end = beginRequest(scriptRequests, opened.address);
  self.addEventListener('loadend', opened.end, { once: true });
  try {
    return Reflect.apply(original, self, args);
  } catch (error) {
    opened.end();
    throw error;
  }
});

// Images that are in no document.
const { set: setImageSource, ...imageSource } = (
  Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, 'src')
);
Object.defineProperty(HTMLImageElement.prototype, 'src', {
  ...imageSource,
  set(address) {
    scriptImages.add(new WeakRef(this));
    Reflect.apply(setImageSource, this, [address]);
  },
});

// Elements that load something when they are inserted, and report its end.
const LOADING = `script[src], iframe[src], iframe[srcdoc], object[data],
  link[rel~=stylesheet][href]`;

function noteElement(element) {
  if (!loadsAtOnce[element.localName]?.(element)) return;
  const address = element.src || element.href || element.data || 'about:srcdoc';
  const end = beginRequest(elementLoads, address, element);
  const options = { once: true };
  element.addEventListener('load', end, options);
  element.addEventListener('error', end, options);
}

const loadsAtOnce = {
  script: ({ type, noModule }) => /^$|javascript|ecmascript|^module$/.test(type) && !noModule,
  iframe: ({ loading }) => loading !== 'lazy',
  link: ({ disabled }) => !disabled,
  object: () => true,
};

// A window may get another document.
function observeInsertions() {
  const { document } = window;
  const observer = new MutationObserver((records) => {
    for (const { addedNodes } of records) {
      for (const node of addedNodes) {
        if (node.nodeType !== 1 || document.readyState !== 'complete') continue;
        if (node.matches(LOADING)) noteElement(node);
        node.querySelectorAll(LOADING).forEach(noteElement);
      }
    }
  });
  observer.observe(document, { childList: true, subtree: true });
}

function pendingImages() {
  const pending = [];
  for (const reference of scriptImages) {
    const image = reference.deref();
    if (image && !image.complete && image.loading !== 'lazy') pending.push(image.src);
    else scriptImages.delete(reference);
  }
  return pending;
}

// A frame that is removed does not report its end, nor does every object.
function hasEnded({ localName, isConnected, contentDocument }) {
  if (localName === 'iframe') return !isConnected;
  if (localName !== 'object') return false;
  const isShown = contentDocument?.readyState === 'complete'
    && contentDocument.URL !== 'about:blank';
  return !isConnected || isShown;
}

function pendingElements() {
  for (const key of elementLoads.keys()) if (hasEnded(key)) elementLoads.delete(key);
  return elementLoads.values();
}

function pendingRequests(options) {
  return [
    ...pendingElements(),
    ...pendingImages(),
    ...(options.network ? scriptRequests.values() : []),
  ];
}
