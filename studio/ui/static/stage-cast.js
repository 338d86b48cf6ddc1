/** What the first window shows, told to its stage windows in the same browser: the frames as they came, nothing drawn twice. @module */

import { anySeed } from './state.js';
import { tabStorage } from './storage.js';

const KEY = 'atelier.stage'; // each tab leads its own stage windows, also after a reload
const WATCHED = 3000; // ms after a stage window last asked

/** @param {any} atelier @returns {() => boolean} opens a stage window; false where the browser forbids it */
export function castStage({ live, state, words, base }) {
  const id = named();
  const channel = new BroadcastChannel(`${KEY}.${id}`);
  let asked = -Infinity;
  let last = /** @type {any} */ (null);
  live.on('frame', ({ header, bytes, generator }) => {
    const { id: number, format, rest, width, height } = header;
    last = { type: 'frame', header: { id: number, format, rest, width, height }, bytes, rendering: state.declared(generator).rendering };
    if (performance.now() - asked < WATCHED) channel.postMessage(last);
  });
  channel.onmessage = ({ data }) => {
    if (data?.type !== 'there') return;
    asked = performance.now();
    channel.postMessage({ type: 'here', hint: words.say('stage.press'), label: words.say('stage.follows') });
    if (last && data.seen !== last.header.id) channel.postMessage(last);
  };
  addEventListener('pagehide', () => channel.postMessage({ type: 'gone' }));
  return () => !!open(new URL(`page/stage-window.html#${id}`, base), `${KEY}.${id}`, 'popup,width=900,height=900');
}

function named() {
  try {
    const id = tabStorage.getItem(KEY) ?? String(anySeed());
    tabStorage.setItem(KEY, id);
    return id;
  } catch {
    return String(anySeed());
  }
}
