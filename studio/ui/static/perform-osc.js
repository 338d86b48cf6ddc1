/** Open Sound Control by way of the studio: what it hears moves the controls, and what they come to is told outside. @module */

const TELL_EVERY = 40; // ms
const [SEED, SAVE, PARAM] = ['/atelier/seed', '/atelier/save', '/atelier/param/']; // what needs no learning

export class Osc {
  /**
   * @param {any} atelier @param {import('./perform-player.js').Player} player @param {() => HTMLInputElement[]} sliders
   * @param {() => void} changed
   */
  constructor({ live, state }, player, sliders, changed) {
    Object.assign(this, { live, state, player, sliders });
    this.told = /** @type {Map<string, number>} */ (new Map());
    this.due = false;
    live.on('osc', (values) => Object.entries(values).forEach(([address, value]) => this.#hear(address, value)));
    live.on('mode', () => {
      this.told.clear();
      this.#soon();
      changed();
    });
    state.follow(() => this.#soon());
  }

  /** Where it listens and whom it tells. @returns {[string, object]} */
  get said() {
    const { in: port, out } = this.live.hello.osc ?? {};
    return [`perform.osc_${port ? (out ? 'both' : 'in') : out ? 'out' : 'off'}`, { port, out }];
  }

  /** @param {string} address @param {number} value */
  #hear(address, value) {
    const { player } = this;
    if (address === SEED) player.move('seed', value);
    else if (address === SAVE) player.strike('deed-save');
    else if (address.startsWith(PARAM)) player.move(address.slice(PARAM.length), value);
    else player.hear(`osc-${address}`, value);
  }

  #soon() {
    if (this.due || !this.live.hello.osc?.out) return;
    this.due = true;
    setTimeout(() => this.#tell(), TELL_EVERY);
  }

  /** The seed and every slider, as far as they are not what was told last. */
  #tell() {
    this.due = false;
    if (this.live.mode !== 'live') return;
    const now = new Map([['seed', this.state.recipe.seed], ...this.sliders().map(({ name, valueAsNumber }) => /** @type {const} */ ([name, valueAsNumber]))]);
    const { seed, ...params } = Object.fromEntries([...now].filter(([name, value]) => this.told.get(name) !== value));
    this.told = now;
    if (seed !== undefined || Object.keys(params).length) this.live.tellOsc({ seed, params });
  }
}
