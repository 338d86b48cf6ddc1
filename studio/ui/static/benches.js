/** The benches there are, and which network works at which. A bench stands once its tab was opened first. @module */

const FAMILIES = { upscale: ['upscaler'], restyle: ['style_transfer'], repair: ['inpainting'], translate: ['pix2pix', 'cut', 'stargan'] };

/** @typedef {keyof typeof FAMILIES} Name */

export class Benches {
  /** @param {any[]} translators @param {(tab: string) => void} openTab */
  constructor(translators, openTab) {
    this.translators = translators;
    this.openTab = openTab;
    this.standing = /** @type {Map<string, import('./bench.js').Bench>} */ (new Map());
    this.waiting = /** @type {Map<string, ((bench: import('./bench.js').Bench) => void)[]>} */ (new Map());
  }

  /** What works at a bench. @param {string} name */
  at(name) {
    return this.translators.filter(({ family }) => FAMILIES[name]?.includes(family));
  }

  /** Benches with something to work with. */
  get names() {
    return Object.keys(FAMILIES).filter((name) => this.at(name).length);
  }

  /** The bench at which a translator works. @param {string} translator its id */
  of(translator) {
    return this.names.find((name) => this.at(name).some(({ id }) => id === translator));
  }

  /** @param {string} name @returns {import('./bench.js').Bench|undefined} */
  get(name) {
    return this.standing.get(name);
  }

  /** It stands. @param {string} name @param {import('./bench.js').Bench} bench */
  put(name, bench) {
    this.standing.set(name, bench);
    for (const go of this.waiting.get(name) ?? []) go(bench);
    this.waiting.delete(name);
  }

  /** Its tab comes to the front. @param {string} name @returns {Promise<import('./bench.js').Bench>} */
  open(name) {
    this.openTab(name);
    const bench = this.standing.get(name);
    if (bench) return Promise.resolve(bench);
    return new Promise((go) => { this.waiting.set(name, [...(this.waiting.get(name) ?? []), go]); });
  }
}
