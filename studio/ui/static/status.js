/** Frames a second, milliseconds, precision, and how the pictures come. @module */

import { h } from './dom.js';

/** @param {any} atelier */
export function statusLine({ live, words }) {
  const figures = h('span', { class: 'figures' });
  const badge = h('span', { class: 'badge', 'data-role': 'mode' });
  const line = h('p', { class: 'status', 'data-role': 'status' }, figures, badge);
  let painted = /** @type {number[]} */ ([]);
  let last = { ms: 0, lag: 0 };
  let due = false;

  const show = () => {
    due = false;
    const now = performance.now();
    painted = painted.filter((at) => now - at < 1000);
    const dtype = live.hello.dtype?.replace('torch.', '').replace('bfloat16', 'bf16').replace('float32', 'fp32');
    const parts = [`${last.ms.toFixed(last.ms < 10 ? 1 : 0)} ms`, live.still ? '' : dtype, live.hello.device];
    // The rate means something only while a hand is moving.
    if (painted.length > 5) parts.unshift(`${painted.length} fps`);
    figures.textContent = parts.filter(Boolean).join(' · ');
  };
  const mode = () => {
    const kind = live.still ? 'still' : live.mode;
    badge.dataset.mode = kind;
    const line = { place: live.line.place + 1, minutes: Math.max(1, Math.round(live.line.estimate / 60)) };
    words.put(badge, `status.${kind}`, line);
    words.put(badge, `status.${kind}_tip`, {}, 'tip');
  };
  live.on('frame', ({ header, lag }) => {
    painted.push(performance.now());
    last = { ms: header.ms ?? 0, lag };
    if (!due) setTimeout(show, 250);
    due = true;
  });
  live.on('mode', mode);
  mode();
  return line;
}
