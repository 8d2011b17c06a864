// Requests that are known to a script of the page: the clock stands still while
// one of them is pending.
const scriptRequests = new CapturedMap();
const fontLoads = new CapturedMap();
const elementLoads = new CapturedMap();
const scriptImages = new CapturedSet();
const ONCE = { __proto__: null, once: true };

function beginRequest(requests, address, key = {}) {
  requests.set(key, String(address));
  return () => { requests.delete(key); };
}

function countPromise(requests, address, promise) {
  afterwards(promise, beginRequest(requests, address));
  return promise;
}

replace(window, 'fetch', (args, self, original) => (
  countPromise(scriptRequests, args[0]?.url ?? args[0], apply(original, self, args))
));
const getResponseAddress = getter(Response.prototype, 'url');
for (const method of ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text']) {
  replace(Response.prototype, method, (args, self, original) => {
    const content = apply(original, self, args);
    // Responses that the page has made itself may need time.
    const address = getResponseAddress(self);
    return address ? countPromise(scriptRequests, address, content) : content;
  });
}
replace(FontFace?.prototype, 'load', (args, self, original) => (
  countPromise(fontLoads, `font ${self.family}`, apply(original, self, args))
));

const xhrAddresses = new CapturedWeakMap();
replace(XMLHttpRequest.prototype, 'open', (args, self, original) => {
  xhrAddresses.get(self)?.end?.();
  const isAsync = args.length < 3 || !!args[2];
  xhrAddresses.set(self, { address: args[1], isAsync, end: null });
  return apply(original, self, args);
});
replace(XMLHttpRequest.prototype, 'send', (args, self, original) => {
  const opened = xhrAddresses.get(self);
  if (!opened?.isAsync) return apply(original, self, args);
  opened.end = beginRequest(scriptRequests, opened.address);
  listen(self, 'loadend', opened.end, ONCE);
  try {
    return apply(original, self, args);
  } catch (error) {
    opened.end();
    throw error;
  }
});

// Images that are in no document.
const imageSource = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, 'src');
const getImageSource = uncurry(imageSource.get);
const setImageSource = uncurry(imageSource.set);
const getImageLoading = getter(HTMLImageElement.prototype, 'loading');
const isImageComplete = getter(HTMLImageElement.prototype, 'complete');
const dereference = uncurry(WeakRef.prototype.deref);
Object.defineProperty(HTMLImageElement.prototype, 'src', {
  ...imageSource,
  set(address) {
    scriptImages.add(new WeakRef(this));
    setImageSource(this, address);
  },
});

// Elements that load something when they are inserted, and report its end.
const LOADING = `script[src]:not([nomodule]):is(:not([type]), [type=""], [type=module i],
  [type*=javascript i], [type*=ecmascript i]), link[rel~=stylesheet][href]:not([disabled]),
  iframe:is([src], [srcdoc]):not([loading=lazy i]), object[data]`;
const elementAddresses = {
  __proto__: null,
  script: getter(HTMLScriptElement.prototype, 'src'),
  link: getter(HTMLLinkElement.prototype, 'href'),
  iframe: getter(HTMLIFrameElement.prototype, 'src'),
  object: getter(HTMLObjectElement.prototype, 'data'),
};
const getLocalName = getter(Element.prototype, 'localName');
const getNamespace = getter(Element.prototype, 'namespaceURI');
const matches = uncurry(Element.prototype.matches);
const queryAll = uncurry(Element.prototype.querySelectorAll);

function noteElement(element) {
  if (getNamespace(element) !== 'http://www.w3.org/1999/xhtml') return;
  const address = elementAddresses[getLocalName(element)](element) || 'about:srcdoc';
  const end = beginRequest(elementLoads, address, element);
  listen(element, 'load', end, ONCE);
  listen(element, 'error', end, ONCE);
}

const getAddedNodes = getter(MutationRecord.prototype, 'addedNodes');
const getLength = getter(NodeList.prototype, 'length');
const getNodeType = getter(Node.prototype, 'nodeType');
const isConnected = getter(Node.prototype, 'isConnected');
const getReadyState = getter(Document.prototype, 'readyState');
const getDocumentAddress = getter(Document.prototype, 'URL');
const getContentDocument = getter(HTMLObjectElement.prototype, 'contentDocument');
const observe = uncurry(MutationObserver.prototype.observe);

function forEachNode(nodes, run) {
  const length = getLength(nodes);
  for (let index = 0; index < length; index += 1) run(nodes[index]);
}

function noteInsertion(node) {
  if (getNodeType(node) !== 1) return;
  if (matches(node, LOADING)) noteElement(node);
  forEachNode(queryAll(node, LOADING), noteElement);
}

// A window may get another document.
function observeInsertions() {
  const { document } = window;
  const observer = new MutationObserver((records) => {
    if (getReadyState(document) !== 'complete') return;
    for (let index = 0; index < records.length; index += 1) {
      forEachNode(getAddedNodes(records[index]), noteInsertion);
    }
  });
  observe(observer, document, { __proto__: null, childList: true, subtree: true });
}

// A frame that is removed does not report its end, nor does every object.
function hasEnded(element) {
  const name = getLocalName(element);
  if (name === 'iframe') return !isConnected(element);
  if (name !== 'object') return false;
  const shown = getContentDocument(element);
  const isShown = shown && getReadyState(shown) === 'complete'
    && getDocumentAddress(shown) !== 'about:blank';
  return !isConnected(element) || isShown;
}

function pendingRequests(options) {
  const pending = createList();
  const add = (address) => { pending[pending.length] = address; };
  elementLoads.forEach((address, element) => {
    if (hasEnded(element)) elementLoads.delete(element);
    else add(address);
  });
  scriptImages.forEach((reference) => {
    const image = dereference(reference);
    if (image && !isImageComplete(image) && getImageLoading(image) !== 'lazy') {
      add(getImageSource(image));
    } else {
      scriptImages.delete(reference);
    }
  });
  fontLoads.forEach(add);
  if (options.network) scriptRequests.forEach(add);
  return pending;
}
