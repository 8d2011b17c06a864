// Notes what page code reads of the look in which the snapshots of a story differ:
// of the viewport and of the theme. A page is taken to follow the changes that it
// listens to.
const { MediaQueryList, Proxy } = window;
const { construct } = window.Reflect;
const { getOwnPropertyDescriptor } = window.Object;
const Media = captureCollection(window.Set);
const reads = { viewport: false, theme: false };
const traps = createList();
// How many functions of ours are running, whose reads are not the page's. The first
// is the rest of the scripts that are installed.
let ownCalls = 1;
function beginPage() {
  ownCalls -= 1;
}

// Runs a function whose reads are not noted.
function unnoticed(run) {
  return function () {
    ownCalls += 1;
    try {
      return apply(run, this, arguments);
    } finally {
      ownCalls -= 1;
    }
  };
}

function note(kinds) {
  if (ownCalls > 0) return;
  for (let index = 0; index < kinds.length; index += 1) reads[kinds[index]] = true;
  // Reading may be frequent, so that a trap is removed once it has nothing to note.
  for (let index = 0; index < traps.length; index += 1) removeTrap(traps[index]);
}

function removeTrap({ owner, key, kinds, original, get, value }) {
  for (let index = 0; index < kinds.length; index += 1) if (!reads[kinds[index]]) return;
  const present = getOwnPropertyDescriptor(owner, key);
  if (!present) return;
  setPrototypeOf(present, null);
  if (present.get === get && present.value === value) defineProperty(owner, key, original);
}

// Notes that a property is read, a method is called or a class is used.
function trap(owner, keys, kinds) {
  for (const key of owner ? keys : []) {
    const original = getOwnPropertyDescriptor(owner, key);
    if (original?.configurable) traps[traps.length] = setTrap({ owner, key, kinds, original });
  }
}

function setTrap(trapped) {
  const { owner, key, kinds, original } = trapped;
  setPrototypeOf(original, null);
  if (original.get) {
    const { get } = original;
    trapped.get = { get() {
      note(kinds);
      return apply(get, this, createList());
    } }.get;
    defineProperty(owner, key, { ...original, __proto__: null, get: trapped.get });
  } else {
    trapped.value = new Proxy(original.value, {
      __proto__: null,
      apply(target, self, given) {
        note(kinds);
        return apply(target, self, given);
      },
      construct(target, given, newTarget) {
        note(kinds);
        return construct(target, given, newTarget);
      },
    });
    defineProperty(owner, key, { ...original, __proto__: null, value: trapped.value });
  }
  return trapped;
}

// Media queries whose result is read, and those whose changes are listened to.
const readMedia = new Media();
const heardMedia = new Media();
const getMedia = getter(MediaQueryList.prototype, 'media');

function noteMedia() {
  const lists = MediaQueryList.prototype;
  const matches = getOwnPropertyDescriptor(lists, 'matches');
  defineProperty(lists, 'matches', { ...matches, __proto__: null, get() {
    const result = apply(matches.get, this, createList());
    if (ownCalls === 0) readMedia.add(getMedia(this));
    return result;
  } });
  const listen = { addListener: lists.addListener, addEventListener: lists.addEventListener };
  for (const key of ['addListener', 'addEventListener']) {
    const original = listen[key];
    lists[key] = { [key]() {
      const result = apply(original, this, arguments);
      heardMedia.add(getMedia(this));
      return result;
    } }[key];
  }
  const onchange = getOwnPropertyDescriptor(lists, 'onchange');
  defineProperty(lists, 'onchange', { ...onchange, __proto__: null, set(listener) {
    apply(onchange.set, this, [listener]);
    heardMedia.add(getMedia(this));
  } });
}

const isOfTheme = /prefers-|-colors|print|screen/;
const isOfViewport = /width|height|ratio|orientation|resolution/;

// What the page has read since it was loaded.
function readsOfLook() {
  let { viewport, theme } = reads;
  readMedia.forEach((media) => {
    if (heardMedia.has(media)) return;
    const [hasTheme, hasViewport] = [isOfTheme.test(media), isOfViewport.test(media)];
    theme ||= hasTheme || !hasViewport;
    viewport ||= hasViewport || !hasTheme;
  });
  return { viewport, theme };
}

function trapLayout() {
  const layout = ['viewport', 'theme'];
  const prototypeOf = (name) => window[name]?.prototype;
  const box = (prefix) => ['Width', 'Height', 'Left', 'Top'].map((side) => `${prefix}${side}`);
  trap(window, ['getComputedStyle', 'IntersectionObserver'], layout);
  trap(prototypeOf('HTMLElement'), [...box('offset'), 'offsetParent', 'innerText'], layout);
  trap(prototypeOf('Element'), [
    ...box('client'), ...box('scroll'), 'getBoundingClientRect', 'getClientRects',
    'checkVisibility', 'computedStyleMap',
  ], layout);
  trap(prototypeOf('Range'), ['getBoundingClientRect', 'getClientRects'], layout);
  const points = [
    'elementFromPoint', 'elementsFromPoint', 'caretPositionFromPoint', 'caretRangeFromPoint',
  ];
  trap(prototypeOf('Document'), points, layout);
  trap(prototypeOf('ShadowRoot'), points, layout);
  const image = ['width', 'height', 'x', 'y', 'naturalWidth', 'naturalHeight'];
  trap(prototypeOf('HTMLImageElement'), image, layout);
  trap(prototypeOf('SVGGraphicsElement'), ['getBBox', 'getCTM', 'getScreenCTM'], layout);
  trap(prototypeOf('SVGTextContentElement'), [
    'getComputedTextLength', 'getSubStringLength', 'getExtentOfChar', 'getStartPositionOfChar',
  ], layout);
}

trap(window, [
  'innerWidth', 'innerHeight', 'outerWidth', 'outerHeight', 'devicePixelRatio', 'screen',
  'visualViewport', 'ResizeObserver', 'scrollX', 'scrollY', 'pageXOffset', 'pageYOffset',
], ['viewport']);
trapLayout();
noteMedia();
