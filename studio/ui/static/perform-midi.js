/** Knobs, faders, keys and wheels by Web MIDI (w3.org/TR/webmidi): every port that is there, and every one that comes. @module */

const SHOWN = 3; // names of ports that are said
const LONGEST = 40; // letters of one

export class Midi {
  /** @param {{hear: (source: string, level: number) => void, changed: () => void}} told */
  constructor({ hear, changed }) {
    Object.assign(this, { hear, changed });
    this.access = /** @type {any} */ (null);
    this.asking = false; // the browser is showing its question
    this.said = /** @type {[string, object]} */ (['perform.midi_off', {}]);
  }

  get on() {
    return !!this.access;
  }

  /** Ask the browser for MIDI; what comes of it stands in `said`. */
  async open() {
    if (this.on || this.asking) return;
    if (!('requestMIDIAccess' in navigator)) return this.#say('perform.midi_absent');
    this.asking = true;
    try {
      this.access = await navigator.requestMIDIAccess({ sysex: false });
    } catch {
      return this.#say('perform.midi_refused');
    } finally {
      this.asking = false;
    }
    this.access.onstatechange = () => this.#attach();
    this.#attach();
  }

  close() {
    this.access.onstatechange = null;
    for (const port of this.access.inputs.values()) port.onmidimessage = null;
    this.access = null;
    this.#say('perform.midi_off');
  }

  #attach() {
    const ports = [...this.access.inputs.values()].filter(({ state }) => state !== 'disconnected');
    for (const port of ports) port.onmidimessage = ({ data }) => this.#read(data);
    const names = ports.slice(0, SHOWN).map(({ name }) => String(name ?? 'MIDI').slice(0, LONGEST));
    this.#say(ports.length ? 'perform.midi_ports' : 'perform.midi_none', { names: names.join(', ') + (ports.length > SHOWN ? ' …' : '') });
  }

  /** A channel message (MIDI 1.0, table 1); clocks, system messages and what is cut off are left out. @param {Uint8Array|undefined} data */
  #read(data) {
    if (!data || data.length < 3) return;
    const [kind, channel, first, second] = [data[0] & 0xf0, (data[0] & 0x0f) + 1, data[1] & 0x7f, data[2] & 0x7f];
    if (kind === 0xb0) this.hear(`cc-${channel}-${first}`, second / 127);
    else if (kind === 0x90) this.hear(`note-${channel}-${first}`, second / 127); // a velocity of 0 lets go
    else if (kind === 0x80) this.hear(`note-${channel}-${first}`, 0);
    else if (kind === 0xe0) this.hear(`bend-${channel}`, (second * 128 + first) / 16383);
  }

  /** @param {string} key @param {object} [params] */
  #say(key, params = {}) {
    this.said = [key, params];
    this.changed();
  }
}
