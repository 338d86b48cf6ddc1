/** The live wire: the newest recipe wins, few frames are under way, and a lost connection comes back by itself. @module */

import { decodeExactly, decodeFrame } from './decode.js';
import { compact } from './state.js';

const REST_AFTER = 160; // ms without movement until the lossless frame is asked for
const REFRESH = 50; // ms after which what waits to be drawn is replaced by the newest: with many visitors frames become fewer, not older
const EAGER = 8; // likewise on one's own machine: the next is drawn while this one travels
const GIVE_UP = 4000; // ms after which a frame that never came no longer holds up the next
const BACKOFF = [250, 500, 1000, 2000, 5000, 10000, 30000];
const REFUSED = 2; // sockets that closed before they greeted, after which Gradio's events take over

/**
 * @typedef {{type: string, id: number, ms: number, rest: boolean, format: string, width?: number, height?: number, index?: number, position?: [number, number],
 *   recipe?: any}} Header
 * @typedef {{header: Header, picture: ImageBitmap|VideoFrame|OffscreenCanvas, bytes: Uint8Array, generator: string, lag: number}} Frame
 * @typedef {{recipe?: any, at?: number, rest: boolean, picture?: string}} Wanted a recipe's picture, or a film's at a moment
 * @typedef {{recipe?: any, mode?: string, count?: number, seed?: number, breed?: any, board?: any, map?: any}} Sampled compact recipes, and what is made of them
 * @typedef {{done?: (job: any) => void, cell: (index: number, picture: ImageBitmap, recipe: any) => void, job?: (job: any) => void,
 *   map?: (pictures: any[]) => void, fault?: (fault: any) => void}} SheetEars map: where a map's pictures lie, once its samples are drawn
 */
export class Live {
  /**
   * @param {URL} base where the page lives @param {ReturnType<typeof import('./api.js').openApi>} api for where no socket is let through
   * @param {{rests?: boolean, falls?: boolean}} [told] rests: once the hand rests, the lossless picture is asked for;
   *   falls: where no socket is let through, back on Gradio's events
   */
  constructor(base, api, { rests = true, falls = true } = {}) {
    this.rests = rests;
    this.falls = falls;
    this.address = new URL('live', base);
    this.address.protocol = base.protocol === 'https:' ? 'wss:' : 'ws:';
    this.near = ['localhost', '127.0.0.1', '[::1]'].includes(base.hostname);
    this.api = api;
    /** @type {'opening'|'line'|'live'|'events'|'lost'} */
    this.mode = 'opening';
    this.line = { place: 0, estimate: 0 }; // who stands before us at the door, and the seconds that it will take about
    this.hello = /** @type {{device?: string, dtype?: string, still?: boolean, osc?: {in: number|null, out: string|null}|null}} */ ({});
    this.number = 0;
    this.tries = 0;
    this.refused = 0;
    this.waiting = /** @type {Wanted|null} */ (null);
    this.flying = /** @type {Wanted & {id: number, sent: number}|null} */ (null); // the newest under way
    this.asked = /** @type {Map<number, {sent: number, generator?: string}>} */ (new Map()); // all that are
    this.reels = /** @type {Map<number, {resolve: (reel: any) => void, reject: (fault: any) => void}>} */ (new Map());
    this.film = /** @type {any} */ (null); // the one that can be played
    this.painted = { id: 0, rest: false }; // the newest frame shown
    this.sent = 0; // the number of the newest frame asked for
    this.sheets = /** @type {Map<number, SheetEars>} */ (new Map());
    this.ears = { frame: new Set(), mode: new Set(), fault: new Set(), osc: new Set() };
    this.restTimer = 0;
    this.#open();
  }

  /** @param {'frame'|'mode'|'fault'|'osc'} what @param {(told: any) => void} listener */
  on(what, listener) {
    this.ears[what].add(listener);
  }

  /**
   * The picture of these controls, now; once the hand rests, its lossless form.
   * @param {any} controls @param {boolean} [rest] @param {string} [picture] what it begins with, a file in base64
   */
  draw(controls, rest = false, picture = undefined) {
    clearTimeout(this.restTimer);
    const recipe = compact(controls);
    if (rest || !this.rests || !this.still) this.waiting = { recipe, rest, picture };
    if (!rest && this.rests) this.restTimer = window.setTimeout(() => this.draw(controls, true), REST_AFTER);
    this.#send();
  }

  /** The picture of a recipe that is only looked at: it never comes to rest. @param {any} recipe */
  peek(recipe) {
    if (this.still) return;
    clearTimeout(this.restTimer);
    this.waiting = { recipe, rest: false };
    this.#send();
  }

  /**
   * Make a film ready to be played: how many frames it has, how far its last is from its first as they look, and what a step is there.
   * @param {any} film @returns {Promise<{frames: number, seam: number, step: number}>}
   */
  reel(film) {
    const id = ++this.number;
    this.film = film;
    return new Promise((resolve, reject) => {
      this.reels.set(id, { resolve, reject });
      this.#say({ type: 'reel', id, film });
    });
  }

  /** The film's picture at a moment; of several asked for in haste, the newest. @param {number} at seconds @param {boolean} [rest] lossless */
  play(at, rest = false) {
    this.waiting = { at, rest };
    this.#send();
  }

  /** What stands on the page goes out as OSC. @param {{seed?: number, params: Record<string, number>}} told */
  tellOsc(told) {
    this.#say({ type: 'osc', ...told });
  }

  /** The next frame or fault, once. @param {() => void} listener */
  once(listener) {
    const hear = () => {
      for (const what of ['frame', 'fault']) this.ears[what].delete(hear);
      listener();
    };
    for (const what of ['frame', 'fault']) this.ears[what].add(hear);
  }

  /** The studio draws what a hand rests on and nothing that moves, for its card is lent a picture at a time. */
  get still() {
    return this.mode === 'live' && Boolean(this.hello.still);
  }

  /** The picture on the page is the lossless one of the newest recipe. */
  get settled() {
    return !this.waiting && !this.flying && this.painted.id === this.sent && this.painted.rest;
  }

  /**
   * Several pictures as one job: those of given recipes, or those whose recipes the studio finds: so many around one, parents and
   * their children, a mixing board row by row, a map's samples small.
   * @param {any[]|Sampled} asked @param {SheetEars} ears @returns {() => void} stops the job
   */
  sheet(asked, ears) {
    const id = ++this.number;
    const listed = Array.isArray(asked);
    if (this.mode === 'events') return this.#sheetByEvents(listed ? asked : this.#fetchSampled(asked, ears), ears);
    this.sheets.set(id, ears);
    this.#say({ type: 'sheet', id, ...(listed ? { recipes: asked.map(compact) } : asked) });
    return () => {
      if (this.sheets.delete(id)) this.#say({ type: 'cancel', id });
    };
  }

  #open() {
    const socket = new WebSocket(this.address);
    let greeted = false;
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => {
      if (typeof data !== 'string') return void this.#receive(data);
      const message = JSON.parse(data);
      if (message.type === 'line') {
        [this.line, this.refused] = [message, 0];
        return this.#turn('line');
      }
      if (message.type !== 'hello') return this.#hear(message);
      greeted = true;
      [this.hello, this.tries, this.refused] = [message, 0, 0];
      if (this.film) this.#say({ type: 'reel', id: ++this.number, film: this.film });
      if (message.still && this.rests && this.waiting?.recipe) this.waiting.rest = true; // it was asked for before that was known
      this.#turn('live');
      this.#send();
    };
    socket.onclose = () => {
      this.waiting ??= this.flying; // what was under way is asked for again
      this.flying = null;
      this.asked.clear();
      for (const { reject } of this.reels.values()) reject({ fault: { code: 'fault.connection' } });
      this.reels.clear();
      for (const ears of this.sheets.values()) ears.fault?.({ code: 'fault.connection' });
      this.sheets.clear();
      if (!greeted) this.refused += 1;
      this.#turn(this.falls && this.refused >= REFUSED ? 'events' : 'lost');
      this.#send();
      window.setTimeout(() => this.#open(), BACKOFF[Math.min(this.tries++, BACKOFF.length - 1)]);
    };
  }

  #send() {
    const next = this.waiting;
    const moves = this.near ? EAGER : REFRESH;
    const patience = next?.picture || this.flying?.picture || this.mode !== 'live' ? GIVE_UP : moves; // a picture is not sent in vain
    if (!next || (this.flying && performance.now() - this.flying.sent < patience)) return;
    if (this.mode === 'live') {
      const sent = performance.now();
      this.flying = { id: ++this.number, sent, ...next };
      this.sent = this.flying.id;
      this.asked.set(this.sent, { sent, generator: next.recipe?.generator });
      const what = next.recipe ? { type: 'draw', recipe: next.recipe, picture: next.picture } : { type: 'play', at: next.at };
      this.#say({ ...what, id: this.sent, rest: next.rest, near: this.near });
    } else if (this.mode === 'events' && next.recipe) {
      void this.#drawByEvents(next);
    } else {
      return; // it waits until the connection stands
    }
    this.waiting = null;
  }

  /** @param {object} message */
  #say(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** A binary frame: the header's length in four bytes, the header, the picture. @param {ArrayBuffer} data */
  async #receive(data) {
    const length = new DataView(data).getUint32(0);
    const header = /** @type {Header} */ (JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length))));
    const bytes = new Uint8Array(data, 4 + length);
    if (header.type === 'cell') {
      // The job may be over, and forgotten, by the time its last pictures are decoded.
      const ears = this.sheets.get(header.id);
      return ears?.cell(header.index ?? 0, await decodeExactly(bytes, header), header.recipe);
    }
    const asked = this.asked.get(header.id);
    for (const id of this.asked.keys()) if (id <= header.id) this.asked.delete(id); // what came before was replaced
    if (this.flying?.id === header.id) this.flying = null;
    this.#send(); // the next is drawn while this one is decoded
    const picture = await decodeFrame(bytes, header);
    if (header.id >= this.painted.id) { // a small frame is decoded sooner than a large one before it
      this.painted = header;
      const generator = header.recipe?.generator ?? asked?.generator ?? this.film?.keys[0].recipe.generator;
      this.#shout('frame', { header, picture, bytes, generator, lag: asked ? performance.now() - asked.sent : 0 });
    }
    if (!header.rest && 'close' in picture) picture.close(); // sixty a second are not left to the garbage collector
  }

  /** @param {any} message */
  #hear(message) {
    const sheet = this.sheets.get(message.id);
    if (message.type === 'job' && sheet) {
      sheet.job?.(message);
      if (['done', 'cancelled', 'failed'].includes(message.state)) {
        this.sheets.delete(message.id);
        sheet.done?.(message);
      }
    } else if (message.type === 'map') {
      sheet?.map?.(message.pictures);
    } else if (message.type === 'reel') {
      this.reels.get(message.id)?.resolve(message);
      this.reels.delete(message.id);
    } else if (message.type === 'osc') {
      this.#shout('osc', message.values);
    } else if (message.type === 'error') {
      if (this.reels.has(message.id)) {
        this.reels.get(message.id)?.reject({ fault: message.fault });
        this.reels.delete(message.id);
        return;
      }
      if (sheet) {
        this.sheets.delete(message.id);
        return sheet.fault?.(message.fault);
      }
      this.flying = null;
      this.#shout('fault', message.fault);
      this.#send();
    }
  }

  /** One picture through Gradio's queue. @param {Wanted} next */
  async #drawByEvents({ recipe, rest }) {
    const flown = { id: ++this.number, sent: performance.now(), recipe, rest };
    this.flying = flown;
    this.sent = flown.id;
    try {
      const bytes = new Uint8Array(await (await this.#fetchDrawn(recipe)).arrayBuffer());
      const header = { type: 'frame', id: flown.id, ms: performance.now() - flown.sent, rest, format: 'png', recipe: rest ? recipe : undefined };
      const picture = await decodeExactly(bytes, header);
      this.painted = header;
      this.#shout('frame', { header, picture, bytes, generator: recipe.generator, lag: header.ms });
    } catch (fault) {
      this.#shout('fault', /** @type {any} */ (fault).fault ?? { code: 'fault.connection' });
    }
    if (this.flying === flown) this.flying = null;
    this.#send();
  }

  /** @param {any[]|Promise<any[]>} asked @param {SheetEars} ears */
  #sheetByEvents(asked, ears) {
    let stopped = false;
    const run = async () => {
      const recipes = await asked;
      for (const [index, recipe] of recipes.entries()) {
        if (stopped) return;
        ears.cell(index, await createImageBitmap(await this.#fetchDrawn(compact(recipe))), recipe);
        ears.job?.({ done: index + 1, total: recipes.length, state: 'running' });
      }
      ears.done?.({ done: recipes.length, total: recipes.length, state: 'done' });
    };
    run().catch((fault) => ears.fault?.(fault.fault ?? { code: 'fault.connection' }));
    return () => {
      stopped = true;
    };
  }

  /** @param {Sampled} asked @param {SheetEars} ears @returns {Promise<any[]>} */
  async #fetchSampled({ recipe, mode, count, seed, breed, board, map }, ears) {
    const find = (name, args) => /** @type {Promise<any[]>} */ (this.api.call(name, args));
    if (board) return find('mixing_board', [board.rows, board.columns, board.layer]);
    if (breed) return [...breed.parents, ...await find('breed', [breed.parents, breed.temperature, breed.count, breed.seed, breed.crossing])];
    if (map) {
      const pictures = await find('map', [map.generator, map.count, map.seed, map.gallery]);
      ears.map?.(pictures);
      return pictures.filter(({ id }) => !id).map((one) => one.recipe);
    }
    return find('sample', [recipe, count, mode, seed]);
  }

  /** @param {any} recipe @returns {Promise<Blob>} */
  async #fetchDrawn(recipe) {
    const drawn = /** @type {any} */ (await this.api.call('draw', [recipe, 'png']));
    const file = Array.isArray(drawn) ? drawn[0] : drawn;
    return (await fetch(file.url)).blob();
  }

  /** @param {'opening'|'line'|'live'|'events'|'lost'} mode */
  #turn(mode) {
    this.mode = mode;
    this.#shout('mode', mode);
  }

  /** @param {'frame'|'mode'|'fault'|'osc'} what @param {any} told */
  #shout(what, told) {
    for (const listener of this.ears[what]) listener(told);
  }
}
