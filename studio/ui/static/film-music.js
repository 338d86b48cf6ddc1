/** The music of a film: brought or recorded, seen under the timeline, heard in step with the pictures. @module */

import { onEach, snapped } from './film-beats.js';
import { h, round } from './dom.js';
import { stretched } from './film-kept.js';
import { sliderRow } from './widgets.js';

const BANDS = ['low', 'mid', 'high'];
const WAVE = 34; // pixels of the lane that show how loud it is; a row for each band comes below
const ROW = 12;
const EDGE = 26; // pixels before the first moment and after the last: half a picture of the timeline
const LAG = 0.25; // seconds that the sound may be off before it is put right

/**
 * @param {any} atelier
 * @param {{film: () => any, change: (patch: any) => void, seek: (at: number, rest: boolean) => void, listened: () => void}} told listened: what is heard is known
 */
export function filmMusic({ words, api, toast, tell }, { film, change, seek, listened }) {
  const audio = new Audio();
  let heard = /** @type {any} */ (null);
  let wanted = '';
  const lane = words.put(h('canvas', { class: 'film-lane', 'data-role': 'film-music', hidden: true }), 'film.music_lane', {}, 'label');
  lane.setAttribute('role', 'img');
  const line = h('p', { class: 'quiet', 'data-role': 'film-tempo' });
  const act = (deed, run) => words.put(words.put(h('button', { type: 'button', class: 'button', 'data-act': `film-${deed}`, onclick: run }),
    `film.${deed}`), `film.${deed}_tip`, {}, 'tip');

  const bring = async (data, name) => {
    words.put(line, 'film.listening');
    try {
      heard = decoded(await api.post('sounds', data));
      change({ music: { sound: heard.id, start: 0, name: name.replace(/\p{C}/gu, '').slice(0, 64) } });
    } catch (fault) {
      tell(fault);
    }
    show();
  };
  const file = h('input', { type: 'file', hidden: true, accept: 'audio/*,video/mp4,video/webm,.flac,.aiff', 'data-role': 'film-sound', onchange: () => {
    const [given] = file.files;
    file.value = '';
    if (given) void bring(given, given.name);
  } });
  const record = recorder(words, tell, (data) => bring(data, words.say('film.recorded')));
  const placed = (made) => (made ? change(made) : toast(words.say('film.no_beats')));
  const beats = [
    act('snap', () => placed(heard.beats.length > 1 && snapped(film(), heard))),
    act('each_beat', () => placed(heard.beats.length > 1 && onEach(film(), heard, 1))),
    act('each_bar', () => placed(heard.beats.length > 1 && onEach(film(), heard, 4))),
    act('fit', () => change(stretched(film(), round(Math.min(Math.max(heard.seconds - film().music.start, 1), 600), 3)))),
  ];
  const start = sliderRow(words, { // its place within the music, shown in seconds
    name: 'film-start', label: ['film.start'], tip: 'film.start_tip', min: 0, max: 1, step: 0.001, usual: 0,
    spell: (place) => (place * (heard?.seconds ?? 0)).toFixed(1), read: (text) => Number(text) / (heard?.seconds ?? 1),
    input: (place, { rest }) => rest && heard && change({ music: { ...film().music, start: round(place * heard.seconds, 2) } }),
  });
  const silence = act('silence', () => change({ music: null }));
  const tools = h('div', { class: 'film-beats' }, start.root, h('div', { class: 'buttons' }, ...beats, silence));
  const root = h('div', { class: 'film-part' }, h('div', { class: 'buttons' }, act('sound', () => file.click()), record, file), line, tools);

  /** Where the hand is on the lane, the film is. @param {PointerEvent} event */
  const point = (event) => {
    const { left, width } = lane.getBoundingClientRect();
    seek(((event.clientX - left - EDGE) / (width - 2 * EDGE)) * film().seconds, event.type === 'pointerup');
  };
  lane.addEventListener('pointerdown', (event) => { lane.setPointerCapture(event.pointerId); point(event); });
  for (const kind of ['pointermove', 'pointerup']) lane.addEventListener(kind, (event) => lane.hasPointerCapture(event.pointerId) && point(event));

  const draw = () => {
    const { music, seconds } = film();
    if (lane.hidden || !heard || !lane.clientWidth) return;
    const [width, height] = [lane.clientWidth, WAVE + BANDS.length * ROW];
    lane.width = width * devicePixelRatio;
    lane.height = height * devicePixelRatio;
    const [pen, style] = [lane.getContext('2d'), getComputedStyle(lane)];
    pen.scale(devicePixelRatio, devicePixelRatio);
    const [ink, accent] = [style.color, style.getPropertyValue('--accent')];
    const span = width - 2 * EDGE;
    const level = (name, x) => peak(heard.curves[name], (music.start + (x / span) * seconds) * heard.pace, (seconds / span) * heard.pace);
    pen.fillStyle = ink;
    for (let x = 0; x < span; x += 2) {
      const tall = Math.max(level('loud', x) * WAVE, 1);
      pen.globalAlpha = 0.5;
      pen.fillRect(EDGE + x, (WAVE - tall) / 2, 1.5, tall);
      BANDS.forEach((name, k) => {
        const high = level(name, x) * (ROW - 2);
        pen.globalAlpha = 0.75;
        pen.fillRect(EDGE + x, WAVE + (k + 1) * ROW - high, 1.5, high);
      });
    }
    pen.globalAlpha = 1;
    pen.font = `9px ${style.fontFamily}`;
    BANDS.forEach((name, k) => pen.fillText(words.say(`film.band_${name}`), 0, WAVE + (k + 1) * ROW - 1, EDGE - 3));
    pen.fillStyle = accent;
    const crowded = (seconds * heard.tempo) / 60 > span / 6;
    heard.beats.forEach((beat, k) => {
      const at = (beat - music.start) / seconds;
      const bar = k % 4 === heard.bar;
      if (at < -1e-3 || at > 1 || (crowded && !bar)) return;
      pen.globalAlpha = bar ? 1 : 0.55;
      pen.fillRect(EDGE + at * span - 0.5, 0, bar ? 2 : 1, WAVE);
    });
    pen.globalAlpha = 1;
    heard.onsets.forEach((onset, k) => {
      const at = (onset - music.start) / seconds;
      if (at >= 0 && at <= 1 && heard.strengths[k] > 0.3) pen.fillRect(EDGE + at * span - 1, WAVE - 3, 2, 3);
    });
  };
  new ResizeObserver(draw).observe(lane);
  document.addEventListener('atelier:language', () => show());

  const show = () => {
    const { music } = film();
    lane.hidden = tools.hidden = !music;
    if (!music) {
      line.textContent = '';
      if (wanted) audio.removeAttribute('src');
      wanted = '';
      return;
    }
    if (wanted !== music.sound) {
      wanted = music.sound;
      audio.src = api.at(`sounds/${wanted}`);
    }
    if (heard?.id !== wanted) return void load(wanted);
    start.show(music.start / heard.seconds);
    for (const button of beats.slice(0, 3)) button.disabled = !film().keys.length || heard.beats.length < 2;
    const name = music.name || words.say('film.music');
    words.put(line, heard.tempo ? 'film.tempo' : 'film.no_tempo', { name, tempo: Math.round(heard.tempo), beats: heard.beats.length });
    draw();
  };
  /** @param {string} id */
  const load = async (id) => {
    try {
      heard = decoded(await api.get(`sounds/${id}/heard.json`));
    } catch (fault) {
      tell(fault);
      if (film().music?.sound === id && /** @type {any} */ (fault).fault) change({ music: null });
      return;
    }
    if (film().music?.sound !== id) return;
    show();
    listened();
  };

  return {
    root, lane, show, audio,
    get heard() { return heard?.id === film().music?.sound ? heard : null; },
    /** The sound goes on from a moment of the film. @param {number} at */
    play: (at) => {
      const { music } = film();
      if (!music || (heard && music.start + at >= heard.seconds)) return audio.pause();
      audio.currentTime = music.start + at;
      void audio.play().catch(() => {}); // a browser that can't play this kind shows the pictures all the same
    },
    pause: () => audio.pause(),
    /** The moment of the film as its sound has it, while it sounds. @param {number} at what another clock says */
    now: (at) => {
      const own = audio.currentTime - (film().music?.start ?? 0);
      return film().music && !audio.paused && !audio.ended && !audio.seeking && Math.abs(own - at) < LAG ? own : at;
    },
  };
}

/** The loudest between two places of a curve. @param {Uint8Array} curve @param {number} from @param {number} count */
function peak(curve, from, count) {
  let most = 0;
  for (let k = Math.floor(from); k < Math.max(from + count, Math.floor(from) + 1); k += 1) most = Math.max(most, curve[k] ?? 0);
  return most / 255;
}

/** What is heard, its curves as bytes. @param {any} told */
function decoded(told) {
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return { ...told, curves: Object.fromEntries(Object.entries(told.curves).map(([name, text]) => [name, bytes(text)])) };
}

/** A button that records from the microphone until it is pressed again. @param {any} words @param {(fault: any) => void} tell @param {(data: Blob) => void} made */
function recorder(words, tell, made) {
  let running = /** @type {MediaRecorder|null} */ (null);
  const button = words.put(h('button', { type: 'button', class: 'button', 'data-act': 'film-record', 'aria-pressed': 'false', onclick: async () => {
    if (running) return running.stop();
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      const parts = /** @type {Blob[]} */ ([]);
      running = new MediaRecorder(stream);
      running.ondataavailable = ({ data }) => parts.push(data);
      running.onstop = () => {
        stream.getTracks().forEach((track) => track.stop());
        running = null;
        show();
        made(new Blob(parts));
      };
      running.start();
      show();
    } catch {
      tell({ fault: { code: 'fault.microphone' } });
    }
  } }), 'film.record');
  const show = () => {
    button.setAttribute('aria-pressed', String(Boolean(running)));
    words.put(button, running ? 'film.record_stop' : 'film.record');
  };
  button.hidden = !navigator.mediaDevices || !('MediaRecorder' in globalThis);
  return words.put(button, 'film.record_tip', {}, 'tip');
}
