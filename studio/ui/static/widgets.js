/** Controls that every group shares: a named slider with its value, a seed field, a switch, a tip. @module */

import { clamp, h, round } from './dom.js';
import { icon } from './icons.js';
import { anySeed, MAX_SEED } from './state.js';

/** @typedef {{rest: boolean}} Told */

/**
 * An icon button.
 * @param {import('./words.js').Words} words @param {keyof typeof import('./icons.js')['SHAPES'] | any} sign @param {string} word key of its label and tip
 * @param {(event: MouseEvent) => void} press @param {Record<string, unknown>} [given]
 */
export function signButton(words, sign, word, press, given = {}) {
  const button = h('button', { type: 'button', class: 'sign', onclick: press, ...given }, icon(sign));
  words.put(button, word, {}, 'label');
  return words.put(button, word, {}, 'tip');
}

/**
 * A slider row: label, track, and its value as a field to type in. Arrow keys and wheel go by the fine step, double-click resets.
 * @param {import('./words.js').Words} words
 * @param {{name: string, label: [string, object?], tip?: string, min: number, max: number, step: number, usual: number, digits?: number,
 *   spell?: (value: number) => string, read?: (text: string) => number, input: (value: number, told: Told) => void}} told
 */
export function sliderRow(words, { name, label, tip, min, max, step, usual, digits = 2, spell = (value) => value.toFixed(digits), read = Number, input }) {
  const title = words.put(h('label', { class: 'row-name', for: `control-${name}` }), ...label);
  const range = h('input', { type: 'range', id: `control-${name}`, name, min, max, step });
  const field = h('input', { type: 'text', class: 'row-value', inputmode: 'decimal', autocomplete: 'off', spellcheck: 'false' });
  field.setAttribute('aria-labelledby', `label-${name}`);
  title.id = `label-${name}`;
  if (tip) words.put(title, tip, {}, 'tip');

  const show = (value) => {
    range.value = String(value);
    // A track that runs both ways is filled from its zero; the place is given as CSS wants it for a part of that size.
    const [low, high] = [Math.max(min, 0), clamp(value, min, max)].map((at) => (at - min) / (max - min)).sort((a, b) => a - b);
    range.style.setProperty('--fill', `${(high - low) * 100}%`);
    range.style.setProperty('--from', `${(low / Math.max(1e-6, 1 - high + low)) * 100}%`);
    if (document.activeElement !== field) field.value = spell(Number(value));
  };
  const tell = (value, rest) => {
    const next = round(clamp(value, min, max));
    show(next);
    input(next, { rest });
  };
  range.addEventListener('input', () => tell(range.valueAsNumber, false));
  range.addEventListener('change', () => tell(range.valueAsNumber, true));
  onWheel(range, (ticks, rest) => tell(range.valueAsNumber + ticks * step, rest));
  for (const part of [range, title]) part.addEventListener('dblclick', () => tell(usual, true));
  field.addEventListener('focus', () => field.select());
  field.addEventListener('keydown', (event) => {
    const by = { ArrowUp: step, ArrowDown: -step }[event.key];
    if (event.key === 'Enter') field.blur();
    if (!by) return;
    event.preventDefault();
    tell(range.valueAsNumber + by * (event.shiftKey ? 10 : 1), true);
    field.value = spell(range.valueAsNumber);
  });
  field.addEventListener('blur', () => {
    const typed = read(field.value.replace(',', '.'));
    if (Number.isFinite(typed) && field.value.trim()) tell(typed, true);
    else show(range.valueAsNumber);
  });
  return { root: h('div', { class: 'row' }, title, range, field), range, show };
}

/**
 * The wheel turns a control by fine steps while the pointer is on it, and comes to rest by itself.
 * @param {HTMLElement} element @param {(ticks: number, rest: boolean) => void} turn
 */
export function onWheel(element, turn) {
  let timer = 0;
  element.addEventListener('wheel', (event) => {
    event.preventDefault();
    turn(event.deltaY < 0 || event.deltaX > 0 ? 1 : -1, false);
    clearTimeout(timer);
    timer = window.setTimeout(() => turn(0, true), 250);
  }, { passive: false });
}

/**
 * A whole number 0 .. 2^32-1 with step and dice.
 * @param {import('./words.js').Words} words
 * @param {{name: string, label: string, tip: string, input: (seed: number) => void, dice?: () => void, act?: string, extra?: HTMLElement[]}} told
 */
export function seedRow(words, { name, label, tip, input, dice, act, extra = [] }) {
  const count = MAX_SEED + 1;
  const title = words.put(h('label', { class: 'row-name', for: `control-${name}` }), label);
  words.put(title, tip, {}, 'tip');
  const field = h('input', { type: 'text', inputmode: 'numeric', class: 'seed', id: `control-${name}`, name, autocomplete: 'off', maxlength: 10 });
  let now = 0;
  const show = (seed) => {
    now = seed;
    if (document.activeElement !== field) field.value = String(seed);
  };
  const tell = (seed) => {
    show(seed);
    field.value = String(seed);
    input(seed);
  };
  const step = (by) => tell((now + by + count) % count);
  field.addEventListener('focus', () => field.select());
  field.addEventListener('change', () => {
    const typed = Number(field.value.replace(/\s/g, ''));
    tell(Number.isInteger(typed) ? clamp(typed, 0, MAX_SEED) : now);
  });
  field.addEventListener('keydown', (event) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (event.key === 'Enter') field.blur();
    if (!by) return;
    event.preventDefault();
    step(by * (event.shiftKey ? 10 : 1));
  });
  onWheel(field, (ticks) => ticks && step(ticks));
  const root = h('div', { class: 'row seed-row' }, title,
    h('span', { class: 'seed-field' },
      signButton(words, 'minus', 'seed.less', () => step(-1), { class: 'sign small', 'data-act': `${name}-less` }), field,
      signButton(words, 'plus', 'seed.more', () => step(1), { class: 'sign small', 'data-act': `${name}-more` })),
    signButton(words, 'dice', 'seed.dice', dice ?? (() => tell(anySeed())), { 'data-act': act ?? `${name}-dice` }), ...extra);
  return { root, field, show };
}

/**
 * A section of controls under a name.
 * @param {any} atelier @param {string} id @param {{root: Element|Element[], show: (controls: any) => void, aside?: Element|null}} told
 */
export function group({ words }, id, { root, show, aside = null, ...more }) {
  const title = words.put(h('h2', { class: 'group-name', id: `group-${id}` }), `group.${id}`);
  words.put(title, `group.${id}_tip`, {}, 'tip');
  const section = h('section', { class: 'group', 'data-group': id, 'aria-labelledby': `group-${id}` },
    h('header', {}, title, aside), ...[root].flat());
  return { id, root: section, show, ...more };
}

/** One tip for the whole page: plain words about the thing under the pointer or the focus. @param {HTMLElement} layer */
export function tips(layer) {
  const tip = h('div', { class: 'tip', role: 'tooltip', id: 'atelier-tip', hidden: true });
  layer.append(tip);
  let timer = 0;
  let owner = /** @type {HTMLElement|null} */ (null);
  const hide = () => {
    clearTimeout(timer);
    tip.hidden = true;
    owner?.removeAttribute('aria-describedby');
    owner = null;
  };
  const show = (element) => {
    owner = element;
    tip.textContent = element.dataset.tip ?? '';
    tip.hidden = false;
    element.setAttribute('aria-describedby', tip.id);
    const box = element.getBoundingClientRect();
    const under = box.bottom + tip.offsetHeight + 16 < innerHeight;
    tip.style.top = `${under ? box.bottom + 8 : box.top - tip.offsetHeight - 8}px`;
    tip.style.left = `${clamp(box.left + box.width / 2 - tip.offsetWidth / 2, 8, innerWidth - tip.offsetWidth - 8)}px`;
  };
  const come = ({ target }, wait) => {
    const element = target instanceof Element ? /** @type {HTMLElement|null} */ (target.closest('[data-tip]')) : null;
    if (element === owner) return;
    hide();
    if (element?.dataset.tip) timer = window.setTimeout(() => show(element), wait);
  };
  document.addEventListener('pointerover', (event) => event.pointerType === 'mouse' && come(event, 500));
  document.addEventListener('focusin', (event) => /** @type {Element} */ (event.target).matches(':focus-visible') && come(event, 700));
  document.addEventListener('focusout', hide);
  // A finger has no hover: a touch on a control's name says what it is.
  document.addEventListener('click', (event) => (event.target instanceof Element && event.target.closest('.row-name, .group-name') ? come(event, 0) : hide()));
  document.addEventListener('keydown', (event) => event.key === 'Escape' && hide());
  document.addEventListener('scroll', hide, true);
}
