/** What the gallery shows, fetched in pages as far as it is looked at. @module */

/**
 * @typedef {{id: string, created: string, generator: string, recipe: any, favourite: boolean, labels: string[], note: string, film: string, parents: string[], double: boolean,
 *   width: number, height: number, bytes: number}} Entry
 * @typedef {{entries: Entry[], total: number, labels: string[], generators: string[], doubles: number, unseen: number}} Page
 */

const PAGE = 60;
const MOST_AT_ONCE = 500; // ids in one call; an endpoint takes a thousand
export const EVERYTHING = Object.freeze({ text: '', generator: '', favourite: false, label: '', like: '', double: false, collection: '' });

/** @template T @param {T[]} items @param {number} size @returns {T[][]} */
const inParts = (items, size) => Array.from({ length: Math.ceil(items.length / size) }, (_, part) => items.slice(part * size, (part + 1) * size));

export class Album {
  /** @param {{call: (name: string, args: unknown[]) => Promise<any>}} api */
  constructor(api) {
    this.api = api;
    this.query = { ...EVERYTHING };
    this.total = 0;
    this.labels = /** @type {string[]} */ ([]);
    this.generators = /** @type {string[]} */ ([]);
    this.doubles = 0; // pictures that are there more than once
    this.unseen = 0; // pictures of which it isn't known yet what they look like
    this.pages = /** @type {Map<number, Entry[]>} */ (new Map());
    this.coming = /** @type {Map<number, Promise<void>>} */ (new Map());
    this.turn = 0; // answers to a question that is no longer asked are dropped
  }

  /** Whether everything is shown. */
  get isWhole() {
    return Object.entries(EVERYTHING).every(([key, value]) => this.query[key] === value);
  }

  /** Ask something else, or the same again. @param {Partial<typeof EVERYTHING>} [patch] */
  async ask(patch = {}) {
    this.query = { ...this.query, ...patch };
    this.turn += 1;
    this.coming.clear();
    const turn = this.turn;
    const first = await this.#fetch(0);
    if (turn !== this.turn) return false;
    this.pages = new Map();
    this.#keep(0, first);
    return true;
  }

  /** How many are still not looked at. */
  async glance() {
    this.unseen = (await this.api.call('gallery', ['', '', false, '', 0, 1, '', false, ''])).unseen;
  }

  /** @param {number} index @returns {Entry|undefined} */
  entry(index) {
    return this.pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** @param {string} id */
  find(id) {
    for (const page of this.pages.values()) {
      const found = page.find((entry) => entry.id === id);
      if (found) return found;
    }
    return undefined;
  }

  /** See to it that the entries from one place up to another are here. @param {number} from @param {number} to exclusive */
  async load(from, to) {
    const last = Math.min(to, this.total) - 1;
    const wanted = [];
    for (let page = Math.floor(from / PAGE); page <= Math.floor(last / PAGE); page += 1) wanted.push(this.#page(page));
    await Promise.all(wanted);
  }

  /** The entries between two places, both included. @param {number} a @param {number} b */
  async between(a, b) {
    const [from, to] = a < b ? [a, b] : [b, a];
    await this.load(from, to + 1);
    return Array.from({ length: to - from + 1 }, (_, step) => this.entry(from + step)).filter((entry) => entry !== undefined);
  }

  /** @param {Entry} entry @param {boolean} on */
  async favourite(entry, on) {
    return this.#change(await this.api.call('favourite', [entry.id, on]));
  }

  /** @param {Entry} entry @param {string[]} labels */
  async label(entry, labels) {
    const changed = this.#change(await this.api.call('label', [entry.id, labels]));
    this.labels = [...new Set([...this.labels, ...changed.labels])].sort((a, b) => a.localeCompare(b));
    return changed;
  }

  /** @param {string[]} ids */
  async remove(ids) {
    for (const part of inParts(ids, MOST_AT_ONCE)) await this.api.call('remove', [part]);
  }

  /** @param {string[]} ids */
  async bringBack(ids) {
    for (const part of inParts(ids, MOST_AT_ONCE)) await this.api.call('undo_remove', [part]);
  }

  /** @param {Entry} entry @param {string} text */
  async note(entry, text) {
    return this.#change(await this.api.call('note', [entry.id, text]));
  }

  /** @param {string} id @returns {Promise<{ancestors: {entry: Entry|null, recipe: any}[][], children: Entry[]}>} */
  lineage(id) {
    return this.api.call('lineage', [id]);
  }

  /** @param {number} page */
  #page(page) {
    if (this.pages.has(page)) return Promise.resolve();
    const coming = this.coming.get(page);
    if (coming) return coming;
    const turn = this.turn;
    const fetching = this.#fetch(page)
      .then((found) => {
        if (turn === this.turn) this.#keep(page, found);
      })
      .finally(() => {
        if (turn === this.turn) this.coming.delete(page);
      });
    this.coming.set(page, fetching);
    return fetching;
  }

  /** @param {number} page @returns {Promise<Page>} */
  #fetch(page) {
    const { text, generator, favourite, label, like, double, collection } = this.query;
    return this.api.call('gallery', [text, generator, favourite, label, page * PAGE, PAGE, like, double, collection]);
  }

  /** @param {number} page @param {Page} found */
  #keep(page, found) {
    this.pages.set(page, found.entries);
    this.total = found.total;
    this.labels = found.labels;
    this.generators = found.generators;
    this.doubles = found.doubles;
    this.unseen = found.unseen;
  }

  /** @param {Entry} changed */
  #change(changed) {
    for (const page of this.pages.values()) {
      const place = page.findIndex(({ id }) => id === changed.id);
      if (place >= 0) page[place] = changed;
    }
    return changed;
  }
}
