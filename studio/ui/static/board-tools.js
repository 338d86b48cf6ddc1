/** What can be done with the picture that is chosen on the mixing board. @module */

import { chooseSaved } from './gallery-choose.js';
import { wordButton } from './gallery-viewer.js';
import { h } from './dom.js';
import { keep, toFilm } from './keeping.js';
import { compact, complete } from './state.js';
import { seedRow, signButton } from './widgets.js';

/** @typedef {import('./board.js').Head} Head */

/** A cell: open it, save it, send it to the film. @param {any} atelier @param {any} recipe @param {any[]} parents @param {() => void} close */
export function pictureTools(atelier, recipe, parents, close) {
  const { words, state } = atelier;
  const open = wordButton(words, 'swap', 'gallery.restore', () => {
    close();
    state.restore(recipe, { parents, from: 'board' });
  }, { class: 'button first', 'data-act': 'board-open' });
  const save = wordButton(words, 'save', 'act.save', async () => {
    save.disabled = true;
    try {
      await keep(atelier, recipe, parents);
      save.setAttribute('aria-pressed', 'true');
    } catch (fault) {
      save.disabled = false;
      atelier.tell(fault);
    }
  }, { 'data-act': 'board-save' });
  const film = wordButton(words, 'play', 'board.film', () => {
    close();
    void toFilm(atelier, recipe);
  }, { 'data-act': 'board-film' });
  return h('div', { class: 'buttons' }, open, save, film);
}

/** An edge's picture: another seed, what stands in Create, a saved one, or none. @param {any} atelier @param {Head} head @param {{exchange: (head: Head) => void, remove: (() => void)|null}} told */
export function headTools(atelier, head, { exchange, remove }) {
  const { words, state } = atelier;
  const { seed: shown, classes, styles, generator } = complete(head.recipe);
  const seed = seedRow(words, {
    name: 'board-seed', label: 'seed.name', tip: 'seed.tip',
    input: (value) => exchange({ recipe: { ...(head.recipe.blend ? compact(complete({ generator, classes, styles })) : { ...head.recipe, position: undefined }), seed: value } }),
  });
  seed.show(shown);
  return h('div', { class: 'buttons' }, seed.root,
    wordButton(words, 'copy', 'bench.from_create', () => exchange({ recipe: compact(state.recipe) }), { 'data-act': 'board-from-create' }),
    wordButton(words, 'sheet', 'bench.from_gallery', () => void chooseSaved(atelier, ({ id, recipe }) => exchange({ id, recipe: compact(complete(recipe)) }), generator), { 'data-act': 'board-from-gallery' }),
    remove && signButton(words, 'remove', 'board.remove', remove, { 'data-act': 'board-remove' }));
}
