/** The benches that a picture can be taken to. @module */

import { menu } from './dialog.js';
import { h } from './dom.js';

/**
 * @param {any} atelier @param {HTMLElement} owner of the menu @param {(bench: any) => void} take @param {string} [besides] the bench that it comes from
 * @param {Record<string, () => void>} [others] further tabs that it can be taken to
 */
export function benchMenu(atelier, owner, take, besides = '', others = {}) {
  const { words, benches } = atelier;
  const names = benches.names.filter((name) => name !== besides);
  const ways = [...names.map((name) => [name, () => void benches.open(name).then(take)]), ...Object.entries(others)];
  menu(owner, words, (close) => h('div', { class: 'sends' }, ...ways.map(([name, go]) => h('button', {
    type: 'button', role: 'menuitem', 'data-send': name, onclick: () => {
      close();
      go();
    },
  }, words.say(`tab.${name}`)))));
}
