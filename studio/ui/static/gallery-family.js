/** What a saved picture came from and what came from it, as a small tree to walk in. @module */

import { clamp, h } from './dom.js';

/** @typedef {import('./gallery-album.js').Entry} Entry */

const UP = 3; // generations above that are shown; further ones come into sight on the way up

/**
 * @param {import('./gallery.js').Shop} shop @param {Entry} entry @param {{ancestors: {entry: Entry|null, recipe: any}[][], children: Entry[]}} family
 * @param {(relative: Entry) => void} visit
 * @returns {HTMLElement[]} nothing where it is alone
 */
export function familyTree(shop, entry, { ancestors, children }, visit) {
  if (!ancestors.length && !children.length) return [];
  const { words } = shop;
  const look = (one) => h('img', { src: shop.thumb(one), alt: shop.name(one), loading: 'lazy', class: shop.crisp(one) ? 'crisp' : '' });
  const relative = (one) => h('button', { type: 'button', class: 'relative', onclick: () => visit(one) }, look(one));
  const unsaved = (recipe) => {
    const { size = 64, rendering = 'smooth' } = shop.declaration(recipe.generator) ?? {};
    const canvas = h('canvas', { width: size, height: size, 'data-rendering': rendering });
    shop.atelier.live.sheet([recipe], { cell: (_, picture) => canvas.getContext('2d').drawImage(picture, 0, 0, size, size) });
    const button = h('button', { type: 'button', class: 'relative unsaved', onclick: () => shop.reopen(recipe) }, canvas);
    return words.put(words.put(button, 'gallery.unsaved', {}, 'label'), 'gallery.unsaved', {}, 'tip');
  };
  const row = (word, ...parts) => words.put(h('div', { class: 'family-row', role: 'group' }, ...parts), word, {}, 'label');
  const above = ancestors.slice(0, UP).map((generation, up) => row(up ? 'gallery.forebears' : 'gallery.parents',
    ...generation.map((one) => (one.entry ? relative(one.entry) : unsaved(one.recipe)))));
  const self = h('div', { class: 'family-row' }, h('span', { class: 'relative self', 'aria-current': 'true' }, look(entry)));
  const below = children.length ? [row('gallery.children', ...children.map(relative))] : [];
  const stem = () => h('span', { class: 'family-stem', 'aria-hidden': 'true' });
  const rows = [...above.reverse(), self, ...below].flatMap((one, i) => (i ? [stem(), one] : [one]));
  return [words.put(h('h3'), 'gallery.lineage'), h('div', { class: 'family-tree', 'data-more': String(ancestors.length > UP) }, ...rows)];
}

/**
 * Where the keyboard goes in a tree: up to what a picture came from, down to what came from it, aside among those of one generation.
 * True where there was somewhere to go.
 * @param {Element|null} tree @param {string} key
 */
export function walkTree(tree, key) {
  const by = { ArrowUp: -1, ArrowDown: 1 }[key] ?? 0;
  const aside = { ArrowLeft: -1, ArrowRight: 1 }[key] ?? 0;
  if (!tree || !(by || aside)) return false;
  const rows = [...tree.querySelectorAll('.family-row')];
  const held = document.activeElement?.closest('.family-row');
  if (aside && !held) return false;
  const here = rows.indexOf(/** @type {any} */ (held ?? tree.querySelector('.self')?.parentElement));
  let to = here + by;
  if (rows[to]?.querySelector('.self')) to += by;
  const buttons = /** @type {HTMLElement[]} */ ([...(rows[to]?.querySelectorAll('button') ?? [])]);
  const place = aside ? clamp(buttons.indexOf(/** @type {any} */ (document.activeElement)) + aside, 0, buttons.length - 1) : 0;
  buttons[place]?.focus();
  buttons[place]?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  return buttons.length > 0;
}
