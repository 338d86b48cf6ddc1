/** Labels of one picture or of several: take one off with its cross, write a new one and press Enter. @module */

import { h } from './dom.js';
import { icon } from './icons.js';

const LONGEST = 40;
let fields = 0;

/**
 * @param {{words: import('./words.js').Words, known: () => string[], labels: string[],
 *   add: (label: string) => void, drop: (label: string) => void}} given
 * @returns {HTMLElement}
 */
export function labelField({ words, known, labels, add, drop }) {
  const list = `album-labels-${(fields += 1)}`;
  const field = h('input', { type: 'text', class: 'label-field', list, maxlength: LONGEST, autocomplete: 'off' });
  words.put(field, 'gallery.label_new', {}, 'placeholder');
  words.put(field, 'gallery.label_new', {}, 'label');
  const take = () => {
    const label = field.value.trim();
    field.value = '';
    if (label && !labels.includes(label)) add(label);
  };
  field.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    take();
  });
  field.addEventListener('change', take);
  const chips = labels.map((label) => {
    const cross = h('button', { type: 'button', class: 'chip-cross', onclick: () => drop(label) }, icon('close'));
    words.put(cross, 'gallery.label_drop', { label }, 'label');
    return h('span', { class: 'chip' }, label, cross);
  });
  const offered = h('datalist', { id: list }, ...known().filter((label) => !labels.includes(label)).map((label) => h('option', { value: label })));
  return h('div', { class: 'labels' }, ...chips, field, offered);
}
