/** A visitor's own directions, as the studio keeps them. Each change is told to the page as `atelier:directions`. @module */

import { giveFile } from './dom.js';

/** @typedef {{id: string, name: string, generator: string, current: boolean}} Own */

/** @param {any} api @param {import('./words.js').Words} words */
export function openOwn(api, words) {
  let list = /** @type {Own[]} */ ([]);
  const told = async (/** @type {Promise<any>} */ asked) => {
    const answer = await asked;
    list = await api.call('directions');
    for (const one of list) words.learn('direction', one.id, one.name);
    document.dispatchEvent(new CustomEvent('atelier:directions'));
    return answer;
  };
  return {
    /** @param {string} generator */
    of: (generator) => list.filter((one) => one.generator === generator),
    load: () => told(Promise.resolve()),
    /** @param {string} name @param {object[]} toward @param {object[]} away @param {boolean} apart @returns {Promise<Own>} */
    keep: (name, toward, away, apart) => told(api.call('keep_direction', [name, toward, away, apart])),
    /** @param {string} name @param {object} recipe @returns {Promise<Own>} */
    join: (name, recipe) => told(api.call('join_directions', [name, recipe])),
    /** @param {string} id @param {string} name */
    rename: (id, name) => told(api.call('rename_direction', [id, name])),
    /** @param {string} id */
    remove: (id) => told(api.call('remove_direction', [id])),
    /** @param {File} file @returns {Promise<Own>} */
    bring: async (file) => told(api.call('bring_direction', [await file.text()])),
    /** Give it to the browser as a file. @param {Own} one */
    save: async (one) => giveFile(JSON.stringify(await api.call('direction_file', [one.id])), `${one.name.replace(/[^\p{L}\p{N}]+/gu, '-') || one.id}.direction.json`),
  };
}
