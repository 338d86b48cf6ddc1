/** The studio's named endpoints, called as any client of Gradio calls them. @module */

/** What went wrong, as the studio says it: a code with parameters where it has one, else a sentence. */
export class ApiFault extends Error {
  /** @param {{code?: string, params?: object, text?: string}} fault */
  constructor(fault) {
    super(fault.text ?? fault.code ?? 'fault');
    this.fault = fault;
  }
}

/** @param {URL} base where the page lives */
export function openApi(base) {
  /**
   * Call a named endpoint and give its outputs: the output itself where there is one, a list where there are more.
   * @param {string} name @param {unknown[]} [args] @param {AbortSignal} [signal]
   */
  async function call(name, args = [], signal) {
    const at = new URL(`gradio_api/call/${name}`, base);
    const asked = await fetch(at, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ data: args }), signal,
    });
    if (!asked.ok) throw new ApiFault(await readFault(asked));
    const { event_id: event } = await asked.json();
    const answer = await fetch(`${at}/${event}`, { signal });
    const outputs = readEvents(await answer.text());
    return outputs.length === 1 ? outputs[0] : outputs;
  }

  /** POST bytes or JSON to one of the studio's own routes. @param {string} path @param {BodyInit} body @param {string} [type] */
  async function post(path, body, type) {
    const answer = await fetch(new URL(path, base), { method: 'POST', body, headers: type ? { 'content-type': type } : {} });
    if (!answer.ok) throw new ApiFault(await readFault(answer));
    return answer.json();
  }

  /** The picture that one of the studio's own routes makes of a JSON object. @param {string} path @param {object} given @param {AbortSignal} [signal] */
  async function picture(path, given, signal) {
    const answer = await fetch(new URL(path, base), { method: 'POST', body: JSON.stringify(given), headers: { 'content-type': 'application/json' }, signal });
    if (!answer.ok) throw new ApiFault(await readFault(answer));
    return answer.blob();
  }

  /** @param {string} path */
  async function get(path) {
    const answer = await fetch(new URL(path, base));
    if (!answer.ok) throw new ApiFault(await readFault(answer));
    return answer.json();
  }

  /** The address of one of the studio's routes. @param {string} path */
  const at = (path) => new URL(path, base).href;

  return { call, post, picture, get, at };
}

/** A recipe as the value of ?r= in an address. @param {ReturnType<typeof openApi>} api @param {object} recipe @returns {Promise<string>} */
export const linkOf = async (api, recipe) => /** @type {any} */ (await api.call('recipe', [null, JSON.stringify(recipe)])).link;

/** @param {Response} answer */
async function readFault(answer) {
  try {
    const body = await answer.json();
    return body.fault ?? faultIn(body.detail ?? body.error ?? '');
  } catch {
    return { code: 'fault.http', params: { status: answer.status } };
  }
}

/** Gradio carries an error as a sentence and a title; the studio puts the Fault's code and parameters in the title. @param {any} said */
function faultIn(said) {
  if (said && typeof said === 'object') return { text: said.error ?? said.message, ...parse(said.title) };
  return said ? { text: String(said), ...parse(said) } : {};
}

/** @param {unknown} text @returns {object} */
function parse(text) {
  try {
    const read = JSON.parse(String(text));
    return read && typeof read === 'object' ? read : {};
  } catch {
    return {};
  }
}

/** The outputs at the end of an event stream. @param {string} stream @returns {unknown[]} */
function readEvents(stream) {
  const events = stream.split('\n\n').map((block) => ({
    event: /^event: (.*)$/m.exec(block)?.[1] ?? '',
    data: /^data: (.*)$/m.exec(block)?.[1] ?? 'null',
  }));
  const failed = events.find(({ event }) => event === 'error');
  if (failed) {
    throw new ApiFault(faultIn(JSON.parse(failed.data)));
  }
  const done = events.findLast(({ event }) => event === 'complete');
  if (!done) throw new ApiFault({ code: 'fault.cut_off' });
  return JSON.parse(done.data) ?? [];
}
