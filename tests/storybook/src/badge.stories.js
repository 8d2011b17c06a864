const badge = (kind, text) => `<span class="badge ${kind}">${text}</span>`;

export default { title: 'Data/Badge', tags: ['small'] };

export const Neutral = { render: () => badge('', 'draft') };
export const Good = { render: () => badge('good', 'passed') };
export const Bad = { render: () => badge('bad', 'failed') };
export const Row = { render: () => `${badge('', 'new')} ${badge('good', 'passed')} ${badge('bad', 'failed')}` };
