/** The newest pictures of the gallery, to choose one. @module */

import { dialog } from './dialog.js';
import { h } from './dom.js';

const CHOICES = 24;

/**
 * @param {any} atelier @param {(entry: import('./gallery-album.js').Entry) => void} take
 * @param {string} [generator] only what this one drew
 */
export async function chooseSaved(atelier, take, generator = '') {
  const { words, api } = atelier;
  const body = h('div', { class: 'choices' });
  const box = dialog(words, 'bench.from_gallery', body, { name: 'choose' });
  const choice = (entry) => h('button', {
    type: 'button', class: 'choice', 'aria-label': `${entry.generator} ${entry.recipe.seed ?? ''}`, onclick: () => {
      box.close();
      take(entry);
    },
  }, h('img', { src: api.at(`gallery/${entry.id}/thumb.webp`), alt: '' }));
  try {
    const page = await api.call('gallery', ['', generator, false, '', 0, CHOICES, '', false, '']);
    body.replaceChildren(...(page.entries.length ? page.entries.map(choice) : [words.put(h('p', { class: 'quiet' }), 'gallery.empty_title')]));
  } catch (error) {
    body.replaceChildren(h('p', {}, words.fault(error.fault)));
  }
}
