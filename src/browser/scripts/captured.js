// Built-ins of before the page's first script, for code that page code calls and
// that calls page code: there a guard would cost too much. Such code neither
// iterates nor spreads, awaits own promises only, and gives objects without a
// prototype to the platform.
const { apply } = window.Reflect;
const { defineProperty, getPrototypeOf, setPrototypeOf } = window.Object;
const { iterator } = window.Symbol;
const NativePromise = window.Promise;

// `uncurry(method)(self, ...args)` calls `method` on `self`.
const uncurry = window.Function.prototype.bind.bind(window.Function.prototype.call);

// Reads an attribute of the platform, whatever the object's own properties are.
function getter(owner, key) {
  const get = window.Object.getOwnPropertyDescriptor(owner, key)?.get;
  return get ? uncurry(get) : (self) => self[key];
}

// A sequence of one value for the platform, which asks it for an iterator.
function sequenceOf(value) {
  let done = false;
  const next = () => {
    const result = { __proto__: null, value, done };
    done = true;
    return result;
  };
  return { __proto__: null, [iterator]: () => ({ __proto__: null, next }) };
}

// A class of collections whose methods cannot be replaced.
function captureCollection(Collection) {
  const Captured = class extends Collection {
    // An inherited constructor may iterate over its arguments.
    constructor() {
      super();
    }
  };
  const methods = window.Object.getOwnPropertyDescriptors(Collection.prototype);
  window.Object.defineProperties(Captured.prototype, methods);
  setPrototypeOf(Captured.prototype, null);
  return Captured;
}

// An array without methods: what is assigned to it reaches no setter of the page.
function createList() {
  return setPrototypeOf([], null);
}

// Makes `await` and `then` take a promise as it is.
function own(promise) {
  return defineProperty(promise, 'constructor', { __proto__: null, value: NativePromise });
}

// Runs a function once a promise is kept or broken. The page hears of the failure.
async function afterwards(promise, run) {
  try {
    await own(promise);
  } catch {
    // It is not ours.
  }
  run();
}

// A promise that is resolved with a primitive, a list or an object without a prototype.
function createPromise(run) {
  return own(new NativePromise(run));
}
