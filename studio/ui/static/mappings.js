/** What moves what in a performance, as data that is read with suspicion and never evaluated. @module */

import { EASES } from './easing.js';
import { clamp, later } from './dom.js';
import { storage } from './storage.js';

/**
 * @typedef {{source: string, from: number, to: number, curve: string, parameter: string}} Mapping
 *   a source's level 0 .. 1 goes along the curve from `from` to `to`, in the parameter's own units
 */

export const MOST = 64; // mappings
export const CURVES = ['even', 'soft', 'start', 'stop'];
const KEY = 'atelier.mappings';
const MOST_LETTERS = 65536; // of a file
const MOST_NAME = 80; // letters of a source or a parameter
const BOUND = 100; // no parameter goes as far
// MIDI controls and notes by channel 1..16 and number 0..127, bend by channel; a gamepad's axes and buttons; bands and onsets of sound;
// OSC by its address, and by #2 … for further numbers of a message.
const CHANNEL = '([1-9]|1[0-6])';
const SOURCE = new RegExp(`^((cc|note)-${CHANNEL}-(\\d{1,2}|1[01]\\d|12[0-7])|bend-${CHANNEL}|axis-(\\d|1[0-5])|button-([12]?\\d|3[01])|sound-(low|mid|high|onset)|osc-(/[\\w.-]+)+(#[2-4])?)$`);
// Sliders that a generator may have, deeds, and the place in the latent.
const PARAMETER = /^(variation|truncation|temperature|noise_turn|side|(classes|styles|direction|bend)-.+|deed-(seed|save|next)|position-[xy])$/;

/** What each field must be. @type {Record<keyof Mapping, (value: unknown) => boolean>} */
const FITS = {
  source: (value) => typeof value === 'string' && value.length <= MOST_NAME && SOURCE.test(value),
  from: (value) => Number.isFinite(value) && Math.abs(Number(value)) <= BOUND,
  to: (value) => FITS.from(value),
  curve: (value) => CURVES.includes(/** @type {string} */ (value)),
  parameter: (value) => typeof value === 'string' && value.length <= MOST_NAME && PARAMETER.test(value),
};

/** Where a level leads. @param {Mapping} mapping @param {number} level 0 .. 1 */
export const valueAt = ({ from, to, curve }, level) => from + (to - from) * EASES[curve](clamp(level, 0, 1));

/** The mappings that a text holds; an error with a `fault` where it is none. @param {string} text @returns {Mapping[]} */
export function readMappings(text) {
  if (text.length > MOST_LETTERS) throw fault('fault.mappings_large', { most: MOST_LETTERS });
  const given = parsed(text)?.mappings;
  if (!Array.isArray(given)) throw fault('fault.mappings_file');
  if (given.length > MOST) throw fault('fault.mappings_many', { most: MOST });
  const read = given.map((one, i) => {
    const field = [...Object.keys(FITS), ...Object.keys(one ?? {})].find((name) => !Object.hasOwn(FITS, name) || !FITS[name](one?.[name]))?.slice(0, MOST_NAME);
    if (field !== undefined) throw fault('fault.mapping', { n: i + 1, field });
    return /** @type {Mapping} */ (Object.fromEntries(Object.keys(FITS).map((name) => [name, one[name]])));
  });
  const twice = read.findIndex(({ parameter }, i) => read.findIndex((one) => one.parameter === parameter) < i);
  if (twice >= 0) throw fault('fault.mapping', { n: twice + 1, field: 'parameter' });
  return read;
}

/** The visitor's mappings, one a parameter, kept in the browser beside the session. Each change is told as `atelier:mappings`. */
export class Mappings {
  constructor() {
    this.list = kept();
  }

  /** @param {string} parameter */
  of(parameter) {
    return this.list.find((one) => one.parameter === parameter);
  }

  /** In the place of what moved that parameter; an error with a `fault` where there is no room. @param {Mapping} mapping */
  put(mapping) {
    const at = this.list.findIndex(({ parameter }) => parameter === mapping.parameter);
    if (at < 0 && this.list.length >= MOST) throw fault('fault.mappings_many', { most: MOST });
    this.replace(at < 0 ? [...this.list, mapping] : this.list.with(at, mapping));
  }

  /** @param {string} parameter */
  remove(parameter) {
    this.replace(this.list.filter((one) => one.parameter !== parameter));
  }

  /** @param {Mapping[]} list */
  replace(list) {
    this.list = list;
    keep(this.text());
    document.dispatchEvent(new CustomEvent('atelier:mappings'));
  }

  /** As a file that `readMappings` reads. */
  text() {
    return JSON.stringify({ mappings: this.list }, null, 1);
  }
}

const keep = later((text) => {
  try {
    storage.setItem(KEY, text);
  } catch { /* full, or forbidden in a private window */ }
}, 150);
addEventListener('pagehide', () => keep.now());

function kept() {
  try {
    return readMappings(storage.getItem(KEY) ?? '');
  } catch {
    return [];
  }
}

/** @param {string} text @returns {any} */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @param {string} code @param {object} [params] */
const fault = (code, params = {}) => Object.assign(new Error(code), { fault: { code, params } });
