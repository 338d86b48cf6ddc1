/** The screen of the exhibition: one visitor's place, or two side by side where it is wide. @module */

import { openApi } from '../api.js';
import { h } from '../dom.js';
import { openWords } from '../words.js';
import { ask, keepAsking } from './ask.js';
import { confine, listenInCorner } from './confine.js';
import { isOpen } from './hours.js';
import { Place } from './place.js';

const EVERY = 5000; // ms between questions what is settled, and which version there is
const WIDE = 2; // as wide as this times its height, or
const VAST = 3840; // pixels across, and two people have room

const places = () => (innerWidth >= WIDE * innerHeight || innerWidth >= VAST ? 2 : 1);

async function open() {
  confine(document);
  listenInCorner(() => location.assign('curator'));
  const base = new URL('.', document.baseURI);
  const api = openApi(base);
  const [words, declarations, first] = await Promise.all([openWords(base), api.get('declarations.json'), ask('kiosk.json')]);
  const made = Array.from({ length: places() }, () => new Place({ base, api, tables: words.tables, declarations }));
  document.body.replaceChildren(h('main', { class: 'floor', 'data-places': made.length }, ...made.map(({ root }) => root)));
  for (const place of made) place.settle(first);
  let told = first;
  const watch = () => {
    for (const place of made) place.open(isOpen(told));
    const changed = told.version !== first.version || made.length !== places();
    if (changed && made.every((place) => place.resting)) location.reload(); // only after an answer, so that there is something to load
  };
  keepAsking('kiosk.json', EVERY, (now) => {
    told = now;
    for (const place of made) place.offer(now.home);
    watch();
  });
  setInterval(watch, EVERY); // the hours pass where the studio is silent, too
  watch();
  stayAwake();
}

/** The screen does not sleep, where the browser lets a page ask for it. */
function stayAwake() {
  const wake = () => document.visibilityState === 'visible' && navigator.wakeLock?.request('screen').catch(() => {});
  document.addEventListener('visibilitychange', wake);
  void wake();
}

open().catch(() => setTimeout(() => location.reload(), EVERY)); // the studio went just then
