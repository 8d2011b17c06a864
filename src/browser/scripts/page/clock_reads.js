// Notes that the page reads the clock. One that `clock.js` has set needs no
// note.
const clockIsSet = '__tintypeClock' in window;

function observeClock() {
  const noteRead = () => untracked.add('it reads the clock');
  window.Date = new Proxy(Date, {
    construct(target, args, newTarget) {
      if (args.length === 0) noteRead();
      return Reflect.construct(target, args, newTarget);
    },
    apply(target) {
      noteRead();
      return target();
    },
    get(target, key) {
      if (key === 'now') noteRead();
      return Reflect.get(target, key);
    },
  });
  for (const method of [
    'instant', 'zonedDateTimeISO', 'plainDateTimeISO', 'plainDateISO', 'plainTimeISO',
  ]) {
    observe(window.Temporal?.Now, method, noteRead);
  }
  observeDateFormats(noteRead);
}

// Formatting without a date formats the present.
function observeDateFormats(noteRead) {
  const formats = Intl.DateTimeFormat.prototype;
  const { get } = Object.getOwnPropertyDescriptor(formats, 'format');
  const { formatToParts } = formats;
  const observed = new WeakMap();
  const observeFormat = (original) => (date) => {
    if (date === undefined) noteRead();
    return original(date);
  };
  Object.defineProperty(formats, 'format', {
    get() {
      const original = Reflect.apply(get, this, []);
      if (!observed.has(original)) observed.set(original, observeFormat(original));
      return observed.get(original);
    },
  });
  formats.formatToParts = function (date) {
    return observeFormat(() => Reflect.apply(formatToParts, this, [date]))(date);
  };
}

if (!clockIsSet) observeClock();
