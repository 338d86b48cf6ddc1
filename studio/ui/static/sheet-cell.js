/** One picture of a contact sheet. @module */

import { h } from './dom.js';
import { keep } from './keeping.js';
import { paint } from './stage.js';
import { complete, keyOf } from './state.js';
import { signButton } from './widgets.js';

/**
 * One picture of a sheet, once it is drawn: a press takes it with all its controls, the heart keeps it, the rings make it a parent.
 * @param {any} atelier @param {number} i
 * @param {{mode: string, choose: (recipe: any) => void, breeding: ReturnType<typeof import('./breeding.js').breeding>}} told
 */
export function cell(atelier, i, { mode, choose, breeding }) {
  const { words, state } = atelier;
  const { size, rendering } = state.declaration;
  let recipe = /** @type {any} */ (null);
  const canvas = h('canvas', { width: size, height: size, 'data-rendering': rendering });
  const pick = words.put(h('button', { type: 'button', class: 'cell-pick', disabled: true, onclick: () => choose(recipe) }, canvas), 'sheet.take', { n: i + 1 }, 'label');
  const heart = signButton(words, 'save', 'act.save', async () => {
    heart.disabled = true;
    try {
      await keep(atelier, recipe, breeding.parents());
      heart.setAttribute('aria-pressed', 'true');
    } catch (fault) {
      heart.disabled = false;
      atelier.notice.say(words.fault(/** @type {any} */ (fault).fault), 'fault');
    }
  }, { class: 'sign cell-keep', disabled: true });
  const rings = signButton(words, 'blend', 'breed.parent', () => breeding.toggle(recipe, canvas), { class: 'sign cell-mate', disabled: true, 'aria-pressed': 'false' });
  const root = h('div', { class: 'cell' }, pick, rings, heart);
  const mark = () => {
    const on = Boolean(recipe) && breeding.has(recipe);
    root.toggleAttribute('data-mate', on);
    rings.setAttribute('aria-pressed', String(on));
  };
  const show = (picture, drawn) => {
    recipe = drawn;
    pick.disabled = rings.disabled = heart.disabled = false;
    root.toggleAttribute('data-now', keyOf(plain(recipe)) === keyOf(plain(state.recipe)));
    if (['series', 'random', 'varied'].includes(mode)) words.put(pick, 'sheet.pick', { seed: recipe.seed ?? 0 }, 'label');
    const says = caption(words, mode, recipe);
    if (says) root.append(says);
    paint(canvas, picture, rendering, 256);
    mark();
  };
  return { root, show, mark };
}

/** What a cell shows, where a number or a name says it. @param {import('./words.js').Words} words @param {string} mode @param {any} recipe */
function caption(words, mode, recipe) {
  const text = h('span', { class: 'cell-says', 'aria-hidden': 'true' });
  const { classes, styles, truncation, variation } = complete(recipe);
  if (mode === 'parent') words.put(text, 'breed.is_parent');
  else if (mode === 'truncation') text.textContent = truncation.toFixed(2);
  else if (mode === 'walk') text.textContent = variation.toFixed(2);
  else {
    const [kind, [name]] = Object.keys(classes).length ? ['class', Object.keys(classes)] : ['style', Object.keys(styles)];
    if (mode !== 'classes' || !name) return null; // a picture of another mode may still come in
    words.put(text, name, { $kind: kind });
  }
  return text;
}

/** A recipe without what has no effect on its picture. @param {any} recipe */
function plain(recipe) {
  const { position, variation, mix_layers: layers, ...rest } = complete(recipe);
  return {
    ...rest, variation, mix_layers: layers, position: position?.some(Boolean) ? position : null,
    variation_seed: variation ? rest.variation_seed : 0, mix_seed: layers.length ? rest.mix_seed : 0,
  };
}
