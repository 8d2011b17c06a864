// Originals of what page code may replace, shadow or clobber, taken before the
// page's first script runs. All other parts of this closure use these only.
const {
  AbortController, Array, Boolean, CSSStyleSheet, Date, Document, DocumentFragment, Element, Event,
  EventTarget, Image, Intl, JSON, Map, Math, MediaQueryList, Node, Number, Object, Promise, Proxy,
  Range, Reflect, RegExp, Set, ShadowRoot, String, Symbol, WeakMap, WeakRef, WeakSet,
  XMLHttpRequest, document, eval: evaluateGlobally, getComputedStyle, location, matchMedia,
  parseFloat, performance,
} = window;

function windowGetter(key) {
  const get = getter(window, key);
  return () => get(window);
}

function documentGetter(key) {
  const get = getter(Document.prototype, key);
  return () => get(document);
}

const getInnerWidth = windowGetter('innerWidth');
const getInnerHeight = windowGetter('innerHeight');
const getPixelRatio = windowGetter('devicePixelRatio');
const getScrollX = windowGetter('scrollX');
const getScrollY = windowGetter('scrollY');
const getFrameCount = windowGetter('length');
const getRootElement = documentGetter('documentElement');
const getBody = documentGetter('body');
const getScrollingElement = documentGetter('scrollingElement');
const getFonts = documentGetter('fonts');
const getTimeline = documentGetter('timeline');
const getReadyState = documentGetter('readyState');
const getCookie = documentGetter('cookie');
const getActiveElement = documentGetter('activeElement');

const getNodeType = getter(Node.prototype, 'nodeType');
const getMedia = getter(MediaQueryList.prototype, 'media');

// `instanceof` asks the class, to which page code can add an answer.
function hasBrand(value, read) {
  try {
    return read(value);
  } catch {
    return false;
  }
}

const isElement = (value) => hasBrand(value, getNodeType) === 1;

const getShadowRoot = getter(Element.prototype, 'shadowRoot');
const getId = getter(Element.prototype, 'id');
const getLocalName = getter(Element.prototype, 'localName');
const getClassList = getter(Element.prototype, 'classList');
const getRect = uncurry(Element.prototype.getBoundingClientRect);
const getRects = uncurry(Element.prototype.getClientRects);
const getAttribute = uncurry(Element.prototype.getAttribute);
const setAttribute = uncurry(Element.prototype.setAttribute);
const removeAttribute = uncurry(Element.prototype.removeAttribute);
const matches = uncurry(Element.prototype.matches);
const scrollWindowTo = window.scrollTo.bind(window);
const scrollIntoView = uncurry(Element.prototype.scrollIntoView);

// The methods of a document and of a shadow root, which are not the same.
function rootMethod(inDocument, inShadowRoot) {
  const [ofDocument, ofShadowRoot] = [uncurry(inDocument), uncurry(inShadowRoot)];
  return (root, ...args) => (root === document ? ofDocument : ofShadowRoot)(root, ...args);
}

const query = rootMethod(
  Document.prototype.querySelector,
  DocumentFragment.prototype.querySelector,
);
const queryNodes = rootMethod(
  Document.prototype.querySelectorAll,
  DocumentFragment.prototype.querySelectorAll,
);
const getAnimations = rootMethod(
  Document.prototype.getAnimations,
  ShadowRoot.prototype.getAnimations,
);
const elementFromPoint = rootMethod(
  Document.prototype.elementFromPoint,
  ShadowRoot.prototype.elementFromPoint,
);
const elementsFromPoint = Document.prototype.elementsFromPoint.bind(document);

// The style sheets that a document or a shadow root has adopted.
const adoptedSheets = (owner) => Object.getOwnPropertyDescriptor(owner, 'adoptedStyleSheets');
const getAdoptedSheets = rootMethod(
  adoptedSheets(Document.prototype).get,
  adoptedSheets(ShadowRoot.prototype).get,
);
const setAdoptedSheets = rootMethod(
  adoptedSheets(Document.prototype).set,
  adoptedSheets(ShadowRoot.prototype).set,
);

function queryAll(root, selector) {
  return Array.from(queryNodes(root, selector));
}

const { stringify } = JSON;
const mapArray = uncurry(Array.prototype.map);

// JSON that does not ask for `toJSON`, which page code may have defined.
function serialize(value) {
  if (value === undefined || typeof value === 'function') return 'null';
  if (value === null || typeof value !== 'object') return stringify(value);
  if (Array.isArray(value)) return `[${mapArray(value, serialize).join(',')}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([key, member]) => `${stringify(key)}:${serialize(member)}`).join(',')}}`;
}
