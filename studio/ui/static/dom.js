/** Building and finding nodes. @module */

/**
 * An element with attributes, listeners (`onclick: fn`) and children.
 * @param {string} tag
 * @param {Record<string, unknown>} [given]
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {any}
 */
export function h(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), /** @type {any} */ (value));
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** @param {number} value @param {number} least @param {number} most */
export const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

/** A number without the noise of binary fractions. @param {number} value */
export const round = (value, digits = 4) => Number(value.toFixed(digits));

/**
 * Run once after the calls have ceased for a while; `now` runs what still waits.
 * @template {(...args: any[]) => void} F @param {F} run @param {number} wait @returns {F & {now: () => void}}
 */
export function later(run, wait) {
  let timer = 0;
  let waiting = /** @type {any[]|null} */ (null);
  const now = () => {
    clearTimeout(timer);
    const given = waiting;
    waiting = null; // before it runs: it may call for itself again
    if (given) run(...given);
  };
  const call = (...args) => {
    clearTimeout(timer);
    waiting = args;
    timer = window.setTimeout(now, wait);
  };
  return /** @type {any} */ (Object.assign(call, { now }));
}

/** Give the browser a text as a file. @param {string} text @param {string} name */
export function giveFile(text, name) {
  const address = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  h('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

/** Whether the visitor asked the machine for less movement. */
export const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** A number field or a text field holds the focus, so a letter is meant for it. @param {EventTarget|null} target */
export function isWriting(target) {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches('textarea, select, input:not([type=range]):not([type=checkbox]):not([type=button])');
}
