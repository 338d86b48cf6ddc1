/** The page's words in the visitor's language, exchanged in place without a reload. @module */

import { storage } from './storage.js';

export const LANGUAGES = ['en', 'zh'];
const KEPT = 'atelier.language';
const SLOTS = { text: 'word', tip: 'wordTip', label: 'wordLabel', placeholder: 'wordPlaceholder' };

/** The language the page begins with. @returns {string} */
function firstLanguage() {
  const kept = storage.getItem(KEPT);
  if (kept && LANGUAGES.includes(kept)) return kept;
  const set = document.querySelector('meta[name=atelier-language]')?.getAttribute('content');
  if (set) return set;
  const wanted = (navigator.languages ?? [navigator.language]).map((tag) => tag.slice(0, 2).toLowerCase());
  return wanted.find((tag) => LANGUAGES.includes(tag)) ?? 'en';
}

/**
 * @param {URL} base where the page lives
 * @returns {Promise<Words>}
 */
export async function openWords(base) {
  const tables = Object.fromEntries(await Promise.all(LANGUAGES.map(async (language) => {
    const answer = await fetch(new URL(`text/${language}.json`, base));
    return [language, await answer.json()];
  })));
  return new Words(tables, firstLanguage());
}

export class Words {
  /** @param {Record<string, Record<string, string>>} tables @param {string} language */
  constructor(tables, language) {
    this.tables = tables;
    this.language = language;
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : language;
  }

  /** The sentence of a key; the key itself where a sentence is missing, so that the fault is seen. @param {string} key @param {Record<string, unknown>} [params] */
  say(key, params = {}) {
    const sentence = this.tables[this.language][key] ?? this.tables.en[key] ?? key;
    return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in params ? String(params[name]) : whole));
  }

  /** @param {string} key */
  has(key) {
    return key in this.tables.en;
  }

  /** The name of a class, style, direction or score: its word where there is one, else its id. @param {string} kind @param {string} id */
  name(kind, id) {
    const key = `${kind}.${id}`;
    return this.has(key) ? this.say(key) : id.replaceAll('_', ' ');
  }

  /** Things one after another, as the language parts them. @param {string[]} things */
  list(things) {
    return things.join(this.say('list.between'));
  }

  /** A name that no language translates, such as one that a visitor gave. @param {string} kind @param {string} id @param {string} name */
  learn(kind, id, name) {
    for (const table of Object.values(this.tables)) table[`${kind}.${id}`] = name;
  }

  /** One of several texts by language, as cards carry them. @param {Record<string, any>|undefined} texts */
  pick(texts) {
    return texts?.[this.language] ?? texts?.en ?? Object.values(texts ?? {})[0] ?? '';
  }

  /** A Fault as JSON in the visitor's words. @param {{code?: string, params?: object, text?: string}|undefined} fault */
  fault(fault) {
    if (fault?.code && this.has(fault.code)) return this.say(fault.code, /** @type {any} */ (fault.params ?? {}));
    return fault?.text ?? this.say('fault.unknown');
  }

  /**
   * Bind a key to an element, so that a switch of language reaches it.
   * @template {HTMLElement} E @param {E} element @param {string} key @param {Record<string, unknown>} [params] @param {keyof typeof SLOTS} [slot]
   * @returns {E}
   */
  put(element, key, params = {}, slot = 'text') {
    element.dataset[SLOTS[slot]] = JSON.stringify([key, params]);
    this.#fill(element, slot);
    return element;
  }

  /** Fill everything bound inside a node again. @param {ParentNode} root */
  translate(root = document) {
    for (const slot of /** @type {(keyof typeof SLOTS)[]} */ (Object.keys(SLOTS))) {
      const attribute = SLOTS[slot].replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      root.querySelectorAll(`[data-${attribute}]`).forEach((element) => this.#fill(/** @type {HTMLElement} */ (element), slot));
    }
  }

  /** @param {string} language */
  use(language) {
    this.language = language;
    storage.setItem(KEPT, language);
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : language;
    this.translate();
    document.dispatchEvent(new CustomEvent('atelier:language', { detail: language }));
  }

  /** @param {HTMLElement} element @param {keyof typeof SLOTS} slot */
  #fill(element, slot) {
    const bound = element.dataset[SLOTS[slot]] ?? '';
    // A bare key may be written in HTML by hand; a bound one carries its parameters.
    const [key, params] = bound.startsWith('[') ? JSON.parse(bound) : [bound, {}];
    const kind = params.$kind;
    const sentence = kind ? this.name(kind, key) : this.say(key, params);
    if (slot === 'text') element.textContent = sentence;
    else if (slot === 'tip') element.dataset.tip = sentence;
    else element.setAttribute(slot === 'label' ? 'aria-label' : slot, sentence);
  }
}
