/** What the visitor did, kept in the browser so that a closed tab loses nothing. @module */

import { later } from './dom.js';
import { storage, tabStorage } from './storage.js';

const KEY = 'atelier.session';
// Storage is finite though undo is not: when it is full, the oldest steps are no longer kept beyond this tab's life.
const FIRST_TRY = 20000;

/** @param {string[]} known generators that are here @returns {{steps: any[], at: number, newVisit: boolean}} */
export function readSession(known) {
  const own = parse(tabStorage.getItem(KEY));
  const kept = own ?? parse(storage.getItem(KEY));
  if (!kept) return { steps: [], at: -1, newVisit: true };
  const steps = kept.steps.filter((step) => known.includes(step?.generator));
  const at = steps.length === kept.steps.length ? kept.at : steps.length - 1;
  return { steps, at, newVisit: !own };
}

/** Each tab keeps its own session; the one that moved last is what a new tab goes on from. @param {() => any[]} list @param {number} at */
export function keepSession(list, at) {
  write(list, at);
}

const write = later((list, at) => {
  const steps = list();
  for (let most = FIRST_TRY; most >= 1; most = Math.floor(most / 2)) {
    const from = Math.max(0, Math.min(at, steps.length - most));
    const text = JSON.stringify({ steps: steps.slice(from, from + most), at: at - from });
    if (put(tabStorage, text) && put(storage, text)) return;
  }
}, 150);
addEventListener('pagehide', () => write.now());

/** @param {Pick<Storage, 'setItem'>} storage @param {string} text */
function put(storage, text) {
  try {
    storage.setItem(KEY, text);
    return true;
  } catch {
    return false; // full, or forbidden in a private window
  }
}

/** @param {string|null} text */
function parse(text) {
  try {
    const read = JSON.parse(text ?? 'null');
    return Array.isArray(read?.steps) && Number.isInteger(read.at) && read.at >= 0 && read.at < read.steps.length ? read : null;
  } catch {
    return null;
  }
}
