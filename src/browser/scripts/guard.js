// Runs functions with the language and the DOM as they were before the page's
// first script, whatever page code has replaced since. Until the originals are in
// place it uses nothing that page code can replace: no iteration and no methods.

// Built-in objects of the language. Their own properties are kept.
function languageObjects() {
  const iteratorOf = (iterable) => Object.getPrototypeOf(iterable[Symbol.iterator]());
  return [
    Object, Object.prototype, Function.prototype, Reflect, Symbol, Symbol.prototype,
    Array, Array.prototype, iteratorOf([]), window.Iterator?.prototype,
    Map, Map.prototype, iteratorOf(new Map()), Set, Set.prototype, iteratorOf(new Set()),
    WeakMap.prototype, WeakSet.prototype, WeakRef.prototype, Promise, Promise.prototype,
    String, String.prototype, iteratorOf(''), RegExp.prototype, Number, Number.prototype,
    Boolean.prototype, Error.prototype, Math, JSON,
  ];
}

// Guards the members of `owners`, and each `[owner, key]` of `members`. `guard` wraps
// a function; `enter` and `leave` guard what is between them.
function createGuard(owners, members = []) {
  const { defineProperty, getOwnPropertyDescriptor, setPrototypeOf } = Object;
  const { apply, deleteProperty, ownKeys } = Reflect;
  const everyObject = Object.prototype;
  // Inherited properties would become part of a description.
  const read = (owner, key) => {
    const property = getOwnPropertyDescriptor(owner, key);
    return property && setPrototypeOf(property, null);
  };

  const inherited = setPrototypeOf({}, null);
  for (const key of ownKeys(everyObject)) inherited[key] = true;
  let originals = null;
  const keep = (owner, key) => {
    const property = read(owner, key);
    if (property?.configurable) originals = { owner, key, property, next: originals };
  };
  for (const owner of owners.filter(Boolean)) for (const key of ownKeys(owner)) keep(owner, key);
  for (const [owner, key] of members) keep(owner, key);
  const removesInherited = owners.includes(everyObject);

  function isOriginal({ owner, key, property }) {
    if (property.get === undefined && property.set === undefined) {
      try {
        return owner[key] === property.value;
      } catch {
        return false;
      }
    }
    const present = read(owner, key);
    return present !== undefined && present.get === property.get && present.set === property.set;
  }

  // Returns what was replaced, the last first.
  function restore(before) {
    let replaced = before;
    const keys = removesInherited ? ownKeys(everyObject) : [];
    for (let index = 0; index < keys.length; index += 1) {
      const key = keys[index];
      if (inherited[key]) continue;
      const property = read(everyObject, key);
      if (deleteProperty(everyObject, key)) {
        replaced = { owner: everyObject, key, property, original: null, next: replaced };
      }
    }
    for (let original = originals; original !== null; original = original.next) {
      const { owner, key } = original;
      if (isOriginal(original)) continue;
      const property = read(owner, key);
      try {
        defineProperty(owner, key, original.property);
        replaced = { owner, key, property, original, next: replaced };
      } catch {
        // The page has made it final.
      }
    }
    return replaced;
  }

  function putBack(replaced) {
    for (let each = replaced; each !== null; each = each.next) {
      // The page may have replaced it again meanwhile.
      if (each.original !== null && !isOriginal(each.original)) continue;
      if (each.property === undefined) deleteProperty(each.owner, each.key);
      else defineProperty(each.owner, each.key, each.property);
    }
  }

  let isGuarded = false;
  let replaced = null;
  function enter() {
    replaced = restore(isGuarded ? replaced : null);
    isGuarded = true;
  }
  function leave() {
    if (isGuarded) putBack(replaced);
    isGuarded = false;
  }
  const guard = (run) => function guarded(...given) {
    if (isGuarded) return apply(run, this, given);
    enter();
    try {
      return apply(run, this, given);
    } finally {
      leave();
    }
  };
  return { guard, enter, leave };
}
