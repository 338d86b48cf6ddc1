/** What varies over a contact sheet: a row of what the generator declares, the last choice remembered. @module */

import { h } from './dom.js';
import { storage } from './storage.js';

const KEPT = 'atelier.sheet';
const USUAL = 'random';
const BY_CHANCE = ['random', 'varied', 'walk', 'layers']; // where another seed of the sheet gives another sheet

/**
 * @param {import('./words.js').Words} words @param {any} declaration @param {() => void} changed
 * @returns {{root: HTMLElement, chosen: () => {mode: string, byChance: boolean}}}
 */
export function modeRow(words, declaration, changed) {
  // A generator that lacks the mode that was last chosen leaves the choice as it is for those that have it.
  let mode = declaration.modes.includes(kept()) ? kept() : USUAL;
  const buttons = declaration.modes.map((one) => {
    const word = one === 'classes' && !declaration.classes.length ? 'styles' : one;
    const button = words.put(h('button', { type: 'button', class: 'sheet-mode', 'data-mode': one, onclick: () => choose(one) }), `sheet.mode.${word}`);
    return words.put(button, `sheet.mode.${word}_tip`, {}, 'tip');
  });
  const mark = () => buttons.forEach((button) => button.setAttribute('aria-pressed', String(button.dataset.mode === mode)));
  const choose = (one) => {
    mode = one;
    keep(mode);
    mark();
    changed();
  };
  mark();
  const root = words.put(h('div', { class: 'sheet-modes', role: 'group' }, ...buttons), 'sheet.modes', {}, 'label');
  return { root, chosen: () => ({ mode, byChance: BY_CHANCE.includes(mode) }) };
}

function kept() {
  try {
    return storage.getItem(KEPT) ?? USUAL;
  } catch {
    return USUAL; // forbidden in a private window
  }
}

/** @param {string} mode */
function keep(mode) {
  try {
    storage.setItem(KEPT, mode);
  } catch {
    // It is remembered for as long as the sheet is open.
  }
}
