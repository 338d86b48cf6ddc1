/**
 * Notes, for every frame that reaches the screen, how long ago the hand made the movement it shows.
 *
 * Loaded before a page's own scripts, ours or the naive one, and the same rule for both: the clock starts at the
 * slider's input event. It stops once when the picture stands on the page (painted on the canvas, decoded in the image),
 * and again in the first animation frame after that, when the screen can show it: a screen of 60 Hz turns every wait into
 * whole steps of 17 ms, and both are worth knowing. A frame is matched with its movement by the slider value sent out.
 */
(() => {
  const moved = new Map(); // slider value -> time of its newest input event
  const started = new Map(); // number of a request -> time of the input it answers
  const record = { inputs: [], frames: [], latencies: [], shown: [] };
  let request = 0;
  window.benchRecord = record;
  window.benchReset = () => Object.values(record).forEach((list) => list.splice(0));

  addEventListener('input', ({ target }) => {
    if (target.type !== 'range') return;
    const now = performance.now();
    moved.set(Number(target.value), now);
    record.inputs.push(now);
  }, true);

  const painted = (start) => {
    if (start !== undefined) record.latencies.push(performance.now() - start);
    requestAnimationFrame(() => {
      const now = performance.now();
      record.frames.push(now);
      if (start !== undefined) record.shown.push(now - start);
    });
  };

  // Ours: a numbered draw leaves by the websocket, and the page says which number it has painted on the canvas.
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    const message = typeof data === 'string' && data.startsWith('{') ? JSON.parse(data) : {};
    if (message.type === 'draw' && !message.rest) started.set(message.id, moved.get(message.recipe.variation ?? 0));
    return send.call(this, data);
  };
  document.addEventListener('atelier:painted', ({ detail }) => {
    if (!detail.rest) painted(started.get(detail.id));
  });
  document.addEventListener('atelier:film-painted', ({ detail }) => { // a film moves by itself
    if (!detail.rest) painted();
  });

  // Naive: a Gradio event leaves by fetch, one at a time, and its answer is the next picture to load.
  const fetchAsBefore = window.fetch;
  window.fetch = function (address, options) {
    if (String(address?.url ?? address).includes('queue/join')) {
      request += 1;
      started.set(request, moved.get(JSON.parse(options.body).data[0]));
    }
    return fetchAsBefore.call(this, address, options);
  };
  document.addEventListener('load', async ({ target }) => {
    if (!(target instanceof HTMLImageElement) || !started.has(request)) return;
    const start = started.get(request);
    started.delete(request);
    await target.decode();
    painted(start);
  }, true);
})();
