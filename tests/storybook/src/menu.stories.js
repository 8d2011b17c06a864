import { userEvent, within } from 'storybook/test';

function menu() {
  const box = document.createElement('div');
  box.innerHTML = '<button class="button">More</button><ul class="menu" hidden><li>Copy<li>Move<li>Delete</ul>';
  box.querySelector('button').onclick = () => box.querySelector('ul').toggleAttribute('hidden');
  return box;
}

export default { title: 'Controls/Menu', render: menu };

export const Closed = {};
export const Open = {
  play: async ({ canvasElement }) => userEvent.click(within(canvasElement).getByText('More')),
};
