/** How loud the microphone is in three bands, and its onsets (w3.org/TR/webaudio, AnalyserNode). Nothing of it leaves the page. @module */

import { clamp } from './dom.js';

export const BANDS = { low: [30, 200], mid: [200, 2000], high: [2000, 11000] }; // Hz, as films read their music
const SIZE = 1024; // samples a look
const LOUD = { minDecibels: -80, maxDecibels: -20 };
const AGAIN = 120; // ms from one onset to the next
const FALL = 250; // ms in which an onset's level falls to a third
const USUAL = 0.95; // how much of the usual flux stays from look to look
const SUDDEN = 1.8; // times the usual
const FLOOR = 0.02; // of the whole range; less is the room

export class Sound {
  /** @param {{hear: (source: string, level: number) => void, changed: () => void}} told */
  constructor({ hear, changed }) {
    Object.assign(this, { hear, changed });
    this.context = /** @type {AudioContext|null} */ (null);
    this.asking = false; // the browser is showing its question
    this.said = /** @type {[string, object]} */ (['perform.sound_off', {}]);
    this.levels = { low: 0, mid: 0, high: 0, onset: 0 };
  }

  get on() {
    return !!this.context;
  }

  /** Ask for the microphone, as it hears: without what is meant for speech. */
  async open() {
    if (this.on || this.asking) return;
    if (!navigator.mediaDevices) return this.#say('perform.sound_absent');
    this.asking = true;
    try {
      const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
      this.stream = await navigator.mediaDevices.getUserMedia({ audio });
    } catch {
      return this.#say('perform.sound_refused');
    } finally {
      this.asking = false;
    }
    this.context = new AudioContext();
    this.analyser = new AnalyserNode(this.context, { fftSize: SIZE, smoothingTimeConstant: 0, ...LOUD });
    this.context.createMediaStreamSource(this.stream).connect(this.analyser);
    this.seen = new Uint8Array(this.analyser.frequencyBinCount);
    this.before = new Uint8Array(this.analyser.frequencyBinCount);
    Object.assign(this, { usual: 0, struck: -Infinity, at: performance.now() });
    // Unplugged, or taken back in the browser's own menu.
    this.stream.getTracks()[0]?.addEventListener('ended', () => this.on && this.close());
    this.#say('perform.sound_on');
  }

  close() {
    for (const track of this.stream.getTracks()) track.stop();
    void this.context?.close();
    this.context = null;
    this.levels = { low: 0, mid: 0, high: 0, onset: 0 };
    this.#say('perform.sound_off');
  }

  /** One look: each band's mean level, and whether something began (half-wave rectified spectral flux; Bello et al. 2005, section III). */
  poll() {
    const { analyser, context, seen, before } = this;
    if (!context) return;
    analyser.getByteFrequencyData(seen);
    const bin = context.sampleRate / SIZE;
    for (const [band, [from, to]] of Object.entries(BANDS)) {
      const part = seen.subarray(Math.max(1, Math.round(from / bin)), Math.round(to / bin) + 1);
      this.levels[band] = part.reduce((sum, value) => sum + value, 0) / part.length / 255;
    }
    const flux = seen.reduce((sum, value, i) => sum + Math.max(0, value - before[i]), 0) / seen.length / 255;
    const now = performance.now();
    this.levels.onset *= Math.exp(-(now - this.at) / FALL);
    if (flux > FLOOR && flux > SUDDEN * this.usual && now - this.struck > AGAIN) {
      this.levels.onset = clamp(flux / (4 * FLOOR), 0.6, 1);
      this.struck = now;
    }
    this.usual = USUAL * this.usual + (1 - USUAL) * flux;
    this.at = now;
    before.set(seen);
    for (const [name, level] of Object.entries(this.levels)) this.hear(`sound-${name}`, level);
  }

  /** @param {string} key */
  #say(key) {
    this.said = [key, {}];
    this.changed();
  }
}
