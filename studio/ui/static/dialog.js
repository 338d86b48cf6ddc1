/** Things that open over the page: a dialog and a small menu. Escape and a press beside them close both. @module */

import { clamp, h } from './dom.js';
import { signButton } from './widgets.js';

/**
 * @param {import('./words.js').Words} words @param {string} title key @param {Node} body @param {{name: string, wide?: boolean, closed?: () => void, aside?: Node}} told
 */
export function dialog(words, title, body, { name, closed, aside }) {
  const heading = words.put(h('h2', { id: `dialog-${name}` }), title);
  const close = signButton(words, 'close', 'dialog.close', () => box.close(), { 'data-act': 'close' });
  const box = h('dialog', { class: 'dialog', 'data-dialog': name, 'aria-labelledby': heading.id },
    h('header', {}, heading, aside, close), h('div', { class: 'dialog-body', tabindex: -1, autofocus: true }, body));
  box.addEventListener('close', () => {
    box.remove();
    closed?.();
  });
  box.addEventListener('click', (event) => event.target === box && box.close());
  layer().append(box);
  box.showModal();
  return box;
}

/** @param {HTMLElement} owner @param {import('./words.js').Words} words @param {(close: () => void) => HTMLElement} fill */
export function menu(owner, words, fill) {
  const open = document.querySelector('.menu');
  if (open) return open.remove();
  const close = () => {
    box.remove();
    document.removeEventListener('pointerdown', beside, true);
    document.removeEventListener('keydown', keys, true);
  };
  const box = h('div', { class: 'menu', role: 'menu' }, fill(close));
  words.put(box, 'act.download', {}, 'label');
  const beside = ({ target }) => !box.contains(target) && !owner.contains(target) && close();
  const keys = (event) => {
    if (event.key === 'Escape') {
      close();
      owner.focus();
    }
    const items = [...box.querySelectorAll('button')];
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 4, ArrowUp: -4 }[event.key];
    if (!by || !box.contains(document.activeElement)) return;
    event.preventDefault();
    event.stopPropagation();
    items[clamp(items.indexOf(document.activeElement) + by, 0, items.length - 1)].focus();
  };
  layer().append(box);
  const at = owner.getBoundingClientRect();
  box.style.left = `${clamp(at.left, 8, innerWidth - box.offsetWidth - 8)}px`;
  box.style.top = `${at.top - box.offsetHeight - 6 > 8 ? at.top - box.offsetHeight - 6 : at.bottom + 6}px`;
  document.addEventListener('pointerdown', beside, true);
  document.addEventListener('keydown', keys, true);
  box.querySelector('button')?.focus();
}

/** Where things over the page are put: inside Gradio's root, so that its theme reaches them. */
export function layer() {
  let place = document.getElementById('atelier-layer');
  if (!place) {
    place = h('div', { id: 'atelier-layer' });
    (document.querySelector('gradio-app .gradio-container') ?? document.body).append(place);
  }
  return place;
}
