/** Two pictures or more side by side, with what differs between them. @module */

import { dialog } from './dialog.js';
import { h } from './dom.js';
import { differing, facts } from './gallery-facts.js';
import { wordButton } from './gallery-viewer.js';

/** @typedef {import('./gallery-album.js').Entry} Entry */

/** @param {import('./gallery.js').Shop} shop @param {Entry[]} entries */
export function compare(shop, entries) {
  const { words } = shop;
  const told = differing(entries.map(({ recipe }) => recipe));
  const column = (entry) => {
    const said = facts(words, entry.recipe).filter(({ key }) => told.has(key));
    const restore = () => {
      box.close();
      shop.restore(entry);
    };
    return h('figure', { class: 'compared' },
      h('img', { src: shop.picture(entry), alt: shop.name(entry), class: shop.crisp(entry) ? 'crisp' : '' }),
      h('figcaption', {},
        h('strong', {}, shop.title(entry.generator)),
        h('dl', { class: 'facts' }, ...said.flatMap(({ key, text }) => [words.put(h('dt'), `fact.${key}`), h('dd', {}, text)])),
        wordButton(words, 'swap', 'gallery.restore', restore)));
  };
  const row = h('div', { class: 'compared-row', style: `--columns: ${entries.length > 4 ? 3 : entries.length}` }, ...entries.map(column));
  const box = dialog(words, 'gallery.compare_title', row, { name: 'gallery-compare' });
}
