/** The benches that a picture can be taken to. @module */

import { menu } from './dialog.js';
import { h } from './dom.js';

/** @param {any} atelier @param {HTMLElement} owner of the menu @param {(bench: any) => void} take @param {string} [besides] the bench that it comes from */
export function benchMenu(atelier, owner, take, besides = '') {
  const { words, benches } = atelier;
  const names = benches.names.filter((name) => name !== besides);
  menu(owner, words, (close) => h('div', { class: 'sends' }, ...names.map((name) => h('button', {
    type: 'button', role: 'menuitem', 'data-send': name, onclick: () => {
      close();
      void benches.open(name).then(take);
    },
  }, words.say(`tab.${name}`)))));
}
