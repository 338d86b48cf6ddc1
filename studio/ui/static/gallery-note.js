/** What the visitor writes about a picture; kept as it is written. @module */

import { h, later } from './dom.js';

const LONGEST = 2000;
const REST = 700; // ms

/**
 * @param {import('./words.js').Words} words @param {string} text @param {(text: string) => void} keep
 * @returns {HTMLElement}
 */
export function noteField(words, text, keep) {
  const field = h('textarea', { class: 'note', rows: 2, maxlength: LONGEST, name: 'gallery-note' });
  words.put(field, 'gallery.note', {}, 'label');
  words.put(field, 'gallery.note_hint', {}, 'placeholder');
  field.value = text;
  const save = later(() => keep(field.value), REST);
  field.addEventListener('input', save);
  field.addEventListener('blur', save.now);
  return field;
}
