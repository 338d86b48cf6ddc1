/** What a bench works on: a picture from Create, the gallery, the disk, the clipboard or the camera. @module */

import { dialog } from './dialog.js';
import { h } from './dom.js';
import { chooseSaved } from './gallery-choose.js';
import { wordButton } from './gallery-viewer.js';
import { compact } from './state.js';

/**
 * @typedef {{recipe: any, width: number, height: number, before: string, notes?: any[]}} Given the recipe that makes it, its size, where it can be seen, what was noticed
 */

const SEEN_AT = 1600; // pixels of the longer side on the page
const SHOT = 1280; // of what the camera gives

/** Bring a file in: it gets an id that recipes name. @param {any} atelier @param {Blob} file @returns {Promise<Given & {found: any, notes: any[], id: string}>} */
export async function bringFile(atelier, file) {
  const { id, width, height, recipe, notes } = await atelier.api.post('tray', file, 'application/octet-stream');
  return { id, width, height, found: recipe, notes, recipe: { source: id }, before: atelier.api.at(`tray/${id}.webp?side=${SEEN_AT}`) };
}

/** What stands in Create, drawn. @param {any} atelier @returns {Promise<Given>} */
export async function bringDrawn(atelier) {
  const recipe = compact(atelier.state.recipe);
  const side = atelier.state.declaration.size * (recipe.upscale ?? 1);
  return { recipe, width: side, height: side, before: await drawn(atelier, recipe) };
}

/** What a recipe makes, as something to work on. @param {any} atelier @param {any} whole @returns {Promise<Given>} */
export async function bringRecipe(atelier, { made, weights, ...recipe }) { // it is made anew by what is here
  if (recipe.source && !recipe.after?.length) {
    const { id, width, height } = await atelier.api.get(`tray/${recipe.source}`);
    return { recipe, width, height, before: atelier.api.at(`tray/${id}.webp?side=${SEEN_AT}`) };
  }
  const before = await drawn(atelier, recipe);
  const image = new Image();
  image.src = before;
  await image.decode();
  return { recipe, width: image.naturalWidth, height: image.naturalHeight, before };
}

/** Any recipe as a picture on the page. @param {any} atelier @param {any} recipe */
export async function drawn(atelier, recipe) {
  return URL.createObjectURL(await atelier.api.picture('draw.png', { recipe }));
}

/**
 * The row of doors.
 * @param {any} atelier @param {(given: Promise<Given>) => void} take
 */
export function doors(atelier, take) {
  const { words } = atelier;
  const file = h('input', { type: 'file', accept: 'image/*', hidden: true, multiple: true, 'data-role': 'file' });
  file.addEventListener('change', () => {
    for (const one of file.files ?? []) take(bringFile(atelier, one));
    file.value = '';
  });
  const button = (sign, word, press, act) => wordButton(words, sign, word, press, { 'data-act': act });
  return h('div', { class: 'doors', role: 'group' },
    button('copy', 'bench.from_create', () => take(bringDrawn(atelier)), 'from-create'),
    button('open', 'bench.from_file', () => file.click(), 'from-file'),
    button('sheet', 'bench.from_gallery', () => void chooseSaved(atelier, (entry) => take(fromEntry(atelier, entry))), 'from-gallery'),
    navigator.mediaDevices ? button('camera', 'bench.from_camera', () => openCamera(atelier, take), 'from-camera') : null,
    file);
}

/** @param {any} atelier @param {any} entry @returns {Promise<Given>} */
async function fromEntry(atelier, entry) {
  const { made, weights, ...recipe } = entry.recipe; // it is made anew by what is here
  return { recipe, width: entry.width, height: entry.height, before: atelier.api.at(`gallery/${entry.id}.png`) };
}

/** @param {any} atelier @param {(given: Promise<Given>) => void} take */
async function openCamera(atelier, take) {
  const { words } = atelier;
  const video = h('video', { autoplay: true, playsinline: true, muted: true, class: 'viewfinder' });
  video.muted = true;
  const shoot = wordButton(words, 'camera', 'bench.shoot', () => {
    const canvas = h('canvas', { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext('2d').drawImage(video, 0, 0);
    canvas.toBlob((blob) => {
      box.close();
      take(bringFile(atelier, blob));
    }, 'image/png');
  }, { class: 'button first', 'data-act': 'shoot' });
  let stream = /** @type {MediaStream|null} */ (null);
  const box = dialog(words, 'bench.from_camera', h('div', { class: 'camera' }, video, shoot), {
    name: 'camera', closed: () => stream?.getTracks().forEach((track) => track.stop()),
  });
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: SHOT } } });
    video.srcObject = stream;
  } catch {
    box.close();
    atelier.toast(words.say('bench.no_camera'));
  }
}
