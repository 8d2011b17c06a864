const card = (title, text) => `<article class="card"><h2>${title}</h2><p>${text}</p></article>`;

export default { title: 'Data/Card' };

export const Short = { render: () => card('Harbour', 'A short text.') };
export const Long = { render: () => card('Harbour', 'A long text that goes on. '.repeat(12)) };
export const Empty = { render: () => card('', '') };

// The data of a loader is available before the first render.
export const Loaded = {
  loaders: [() => new Promise((done) => setTimeout(() => done({ text: 'It came late.' }), 300))],
  render: (_, { loaded }) => card('Loaded', loaded.text),
};
