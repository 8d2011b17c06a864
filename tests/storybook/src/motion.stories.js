export default { title: 'Motion' };

export const Endless = { render: () => '<div class="pulse"></div>' };
export const Entering = { render: () => '<div class="enter"></div>' };
