/** The camera as what a bench works on, frame after frame, for as long as it is wanted. @module */

import { h } from './dom.js';
import { wordButton } from './gallery-viewer.js';

const SIDE = 320; // pixels of the longer side that are sent
const QUALITY = 0.75;

/** A file as text. @param {Blob} blob @returns {Promise<string>} */
export async function base64(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''));
}

/** A button that turns it on and off. @param {import('./bench.js').Bench} bench */
export function cameraButton(bench) {
  const { words, atelier } = bench;
  const video = h('video', { muted: true, playsinline: true });
  video.muted = true;
  const canvas = h('canvas');
  let stream = /** @type {MediaStream|null} */ (null);

  const off = () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    button.setAttribute('aria-pressed', 'false');
  };
  const on = async () => {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 } } });
    } catch {
      return atelier.toast(words.say('bench.no_camera'));
    }
    video.srcObject = stream;
    await video.play();
    const scale = SIDE / Math.max(video.videoWidth, video.videoHeight);
    Object.assign(canvas, { width: Math.round(video.videoWidth * scale), height: Math.round(video.videoHeight * scale) });
    bench.live(canvas.width, canvas.height);
    button.setAttribute('aria-pressed', 'true');
    void next();
  };
  // One frame is under way; the next is taken when it has been painted, or when it never came.
  const next = async () => {
    if (!stream || bench.root.dataset.state !== 'live') return off();
    const step = bench.step();
    if (step) {
      canvas.getContext('2d').drawImage(video, 0, 0, canvas.width, canvas.height);
      const shot = await new Promise((done) => { canvas.toBlob(done, 'image/jpeg', QUALITY); });
      bench.wire.draw({ after: [step] }, false, await base64(shot));
      await bench.painted();
    } else {
      await new Promise(requestAnimationFrame);
    }
    return next();
  };
  const button = wordButton(words, 'camera', 'bench.live_camera', () => (stream ? off() : void on()), { 'aria-pressed': 'false', 'data-act': 'live-camera' });
  return button;
}
