// Workers live in real time. A page may go on after each message of one.
let messages = 0;
const countMessage = () => { messages += 1; };
for (const name of ['Worker', 'SharedWorker']) {
  const Native = window[name];
  if (!Native) continue;
  const Counted = new Proxy(Native, {
    construct(target, given, subclass) {
      const worker = Reflect.construct(target, given, subclass);
      Reflect.apply(listen, worker.port ?? worker, ['message', countMessage]);
      return worker;
    },
  });
  Native.prototype.constructor = Counted;
  window[name] = Counted;
}
