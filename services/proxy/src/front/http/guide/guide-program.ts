/**
 * The program of the page at `/docs`: plain JavaScript for the browser, no library. It shows the description that the
 * server gives and sends what the form says, and shows at most a mebibyte of an answer. What comes from objects is only
 * ever set as text.
 */
export const guideProgram = String.raw`
'use strict';
const byId = (id) => document.getElementById(id);
const shownBytes = 1 << 20;
const methodHints = {
  PUT: 'Stores the value as the whole object; expiry, type and metadata are replaced with it.',
  GET: 'Reads the object, whole or in part.',
  HEAD: 'Reads what is known of the object, without its bytes.',
  PATCH: 'Changes the time to live and nothing else.',
  DELETE: 'Deletes the object, durably.',
};

/** An element with attributes and children; strings become text. */
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === 'onclick') element.addEventListener('click', value);
    else if (value !== false && value !== undefined) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children);
  return element;
}

/** Text with parts between backticks as code. */
function prose(text) {
  return String(text || '').split('\u0060').map((part, index) => (index % 2 === 1 ? make('code', {}, part) : part));
}

function toBase64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

function pathOf(key) {
  const encoded = encodeURIComponent(key).replace(/[!'()*]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase());
  const hasDots = key.split('/').some((part) => part === '.' || part === '..');
  return '/v1/objects/' + (hasDots ? encoded : encoded.replaceAll('%2F', '/'));
}

function sizeText(bytes) {
  if (bytes < 1024) return bytes + ' B';
  const power = Math.min(4, Math.floor(Math.log2(bytes) / 10));
  return (bytes / 1024 ** power).toFixed(1) + ' ' + ['B', 'KiB', 'MiB', 'GiB', 'TiB'][power];
}

// --- the form

const form = byId('form');
const methodOf = () => form.elements.method.value;

function readRequest() {
  const method = methodOf();
  const headers = {};
  const set = (name, id) => {
    const value = byId(id).value.trim();
    if (value !== '') headers[name] = value;
  };
  if (method === 'PUT') set('Content-Type', 'type');
  if (method === 'PUT' || method === 'PATCH') set('Sion-Ttl', 'ttl');
  if (method === 'PATCH' && headers['Sion-Ttl'] === undefined) headers['Sion-Ttl'] = 'none';
  if (method === 'PUT') {
    for (const line of byId('metadata').value.split('\n')) {
      if (line.trim() === '') continue;
      const colon = line.indexOf(':');
      if (colon < 1) throw new Error('A line of metadata is “name: value”, not “' + line.trim() + '”.');
      const value = line.slice(colon + 1).trim();
      headers['Sion-Meta-' + line.slice(0, colon).trim()] =
        /^[\x20-\x7e]*$/.test(value) ? value : '=?UTF-8?B?' + toBase64(value) + '?=';
    }
  }
  set('If-Match', 'if-match');
  set('If-None-Match', 'if-none-match');
  if (method === 'GET') set('Range', 'range');
  const file = byId('file').files[0];
  const body = method !== 'PUT' ? undefined : file || new Blob([byId('value').value]);
  return { method, headers, body, file, key: byId('key').value, path: pathOf(byId('key').value) };
}

function shellQuote(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : "'" + text.replaceAll("'", "'\\''") + "'";
}

function commandOf({ method, headers, file, path }) {
  const words = ['curl'];
  if (method === 'HEAD') words.push('-I');
  else if (method === 'GET') words.push('-i');
  else if (method === 'PUT' && file) words.push('-i', '-T', shellQuote(file.name));
  else words.push('-i', '-X', method);
  for (const [name, value] of Object.entries(headers)) words.push('-H', shellQuote(name + ': ' + value));
  if (method === 'PUT' && !file) words.push('--data-binary', shellQuote(byId('value').value));
  words.push(shellQuote(location.origin + path));
  return words.join(' ');
}

function refresh() {
  const method = methodOf();
  for (const part of document.querySelectorAll('[data-for]')) part.hidden = !part.dataset.for.split(' ').includes(method);
  byId('method-hint').textContent = methodHints[method];
  const file = byId('file').files[0];
  byId('value').disabled = file !== undefined;
  try {
    byId('command').textContent = commandOf(readRequest());
  } catch (error) {
    byId('command').textContent = error.message;
  }
}

let sending;

async function send() {
  if (sending) return;
  const answer = byId('answer');
  let request;
  try {
    request = readRequest();
    if (request.key === '.' || request.key === '..') {
      throw new Error('Browsers resolve this key before they send it. Use curl --path-as-is.');
    }
  } catch (error) {
    answer.replaceChildren(make('p', { class: 'status bad' }, error.message));
    return;
  }
  sending = new AbortController();
  byId('send').disabled = true;
  byId('stop').hidden = false;
  byId('took').textContent = '…';
  const begun = performance.now();
  try {
    const { method, headers, body, path } = request;
    const response = await fetch(path, { method, headers, body, cache: 'no-store', signal: sending.signal });
    const shown = await describeBody(response, request);
    byId('took').textContent = (performance.now() - begun).toFixed(1) + ' ms';
    answer.replaceChildren(statusOf(response), fieldsOf(response), ...shown);
    if (response.ok && method !== 'GET' && method !== 'HEAD') await list();
  } catch (error) {
    byId('took').textContent = '';
    const text = error.name === 'AbortError' ? 'Stopped.' : 'No whole answer came: ' + error.message;
    answer.replaceChildren(make('p', { class: 'status bad' }, text));
  } finally {
    sending = undefined;
    byId('send').disabled = false;
    byId('stop').hidden = true;
  }
}

function statusOf(response) {
  const kind = response.status < 300 ? 'good' : response.status < 400 ? 'warn' : 'bad';
  return make('p', { class: 'status ' + kind }, response.status + ' ' + response.statusText);
}

function fieldsOf(response) {
  const dull = new Set(['connection', 'date', 'keep-alive', 'x-content-type-options']);
  const rows = [...response.headers]
    .filter(([name]) => !dull.has(name))
    .map(([name, value]) => make('tr', {}, make('th', { scope: 'row' }, name), make('td', { class: 'mono' }, value)));
  return make('table', { class: 'fields' }, make('tbody', {}, ...rows));
}

/** The first bytes of the body, in the form that its type asks for; the rest is not loaded. */
async function describeBody(response, { method, path }) {
  if (method === 'HEAD' || response.body === null) return [];
  const reader = response.body.getReader();
  const pieces = [];
  let bytes = 0;
  let whole = true;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    bytes += value.length;
    if (bytes > shownBytes) {
      whole = false;
      await reader.cancel();
      break;
    }
  }
  if (bytes === 0) return method === 'GET' && response.ok ? [make('p', { class: 'hint' }, 'The object is empty.')] : [];
  const type = response.headers.get('content-type') || '';
  const blob = new Blob(pieces, { type });
  const parts = [];
  if (whole && /^image\/(png|jpeg|gif|webp|avif|bmp)/.test(type)) {
    const url = URL.createObjectURL(blob);
    const image = make('img', { class: 'preview', src: url, alt: 'The object as a picture' });
    image.addEventListener('load', () => URL.revokeObjectURL(url));
    parts.push(image);
  } else {
    parts.push(make('pre', { tabindex: '0', 'aria-label': 'Body' }, await bodyText(blob, type)));
  }
  if (!whole) parts.push(make('p', { class: 'hint' }, 'The first ' + sizeText(bytes) + ' are shown; the rest was not loaded.'));
  if (method === 'GET' && response.ok) {
    parts.push(make('p', { class: 'hint' }, make('a', { href: path, download: '' }, 'Download the object')));
  }
  return parts;
}

async function bodyText(blob, type) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  try {
    const text = new TextDecoder('utf-8', { fatal: blob.size <= shownBytes }).decode(bytes);
    if (!/[\x00-\x08\x0e-\x1f]/.test(text.slice(0, 4096))) {
      return /json/.test(type) ? JSON.stringify(JSON.parse(text), null, 2) : text;
    }
  } catch {
    // Shown as bytes.
  }
  const lines = [];
  for (let at = 0; at < Math.min(bytes.length, 1024); at += 16) {
    const row = [...bytes.slice(at, at + 16)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const plain = row.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : '·')).join('');
    lines.push(at.toString(16).padStart(8, '0') + '  ' + hex.padEnd(48) + ' ' + plain);
  }
  if (bytes.length > 1024) lines.push('…');
  return lines.join('\n');
}

form.addEventListener('input', refresh);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void send();
});
form.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
byId('file').addEventListener('change', () => {
  const file = byId('file').files[0];
  if (file !== undefined) byId('type').value = file.type;
  refresh();
});
byId('stop').addEventListener('click', () => sending && sending.abort());
byId('copy').addEventListener('click', async () => {
  const { textContent } = byId('command');
  const done = await navigator.clipboard.writeText(textContent).then(() => true, () => false);
  byId('copy').textContent = done ? 'Copied' : 'Select and copy it';
  setTimeout(() => { byId('copy').textContent = 'Copy'; }, 1500);
});

// --- keys

let nextPage;

async function list(after) {
  const query = new URLSearchParams();
  for (const name of ['prefix', 'delimiter']) if (byId(name).value !== '') query.set(name, byId(name).value);
  query.set('limit', '100');
  if (after !== undefined) query.set('after', after);
  const note = byId('list-note');
  try {
    const response = await fetch('/v1/objects?' + query, { cache: 'no-store' });
    const page = await response.json();
    if (!response.ok) throw new Error(page.error.message);
    const rows = [...page.prefixes.map(prefixRow), ...page.objects.map(objectRow)];
    if (after === undefined) byId('rows').replaceChildren(...rows);
    else byId('rows').append(...rows);
    nextPage = page.next;
    note.textContent = byId('rows').children.length > 0 ? '' : page.next ? 'None on this page.' : 'There are no such keys.';
    byId('more').hidden = nextPage === undefined;
  } catch (error) {
    note.textContent = error.message;
  }
  const prefix = byId('prefix').value;
  byId('trail').replaceChildren(...(prefix === '' ? [] : [
    make('button', { type: 'button', class: 'small', onclick: () => open(parentOf(prefix)) }, '↑ Up'), ' in ', make('code', {}, prefix),
  ]));
}

function parentOf(prefix) {
  const delimiter = byId('delimiter').value || '/';
  const at = prefix.slice(0, -delimiter.length).lastIndexOf(delimiter);
  return at < 0 ? '' : prefix.slice(0, at + delimiter.length);
}

function open(prefix) {
  byId('prefix').value = prefix;
  byId('prefix').focus();
  void list();
}

function prefixRow({ prefix, prefixBase64 }) {
  const name = prefix === undefined
    ? make('span', { class: 'mono' }, 'base64: ' + prefixBase64)
    : make('button', { type: 'button', class: 'link mono', onclick: () => open(prefix) }, prefix);
  return make('tr', {}, make('td', {}, name), make('td', { class: 'number' }, '—'), ...['', '', '', ''].map((text) => make('td', {}, text)));
}

function objectRow(object) {
  const name = object.key === undefined ? 'base64: ' + object.keyBase64 : object.key === '' ? '(the empty key)' : object.key;
  const row = make('tr', {},
    make('td', {}, object.key === undefined
      ? make('a', { class: 'mono', href: object.path, download: '' }, name)
      : make('button', { type: 'button', class: 'link mono', title: 'Read it', onclick: () => pick(object.key) }, name)),
    make('td', { class: 'number', title: object.sizeBytes + ' bytes' }, sizeText(object.sizeBytes)),
    make('td', {}, object.contentType || ''),
    make('td', {}, timeText(object.modified)),
    make('td', {}, object.expires ? timeText(object.expires) : 'never'),
    make('td', { class: 'buttons' },
      make('button', { type: 'button', class: 'small', 'aria-label': 'Delete ' + name, onclick: () => remove(object, name) }, 'Delete')));
  return row;
}

function timeText(iso) {
  return new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

function pick(key) {
  byId('key').value = key;
  form.elements.method.value = 'GET';
  refresh();
  byId('try').scrollIntoView();
  byId('key').focus({ preventScroll: true });
  void send();
}

async function remove({ path, etag }, name) {
  if (!confirm('Delete ' + name + '?')) return;
  const response = await fetch(path, { method: 'DELETE', headers: { 'If-Match': etag } });
  await list();
  if (!response.ok) byId('list-note').textContent = (await response.json()).error.message;
}

byId('list-form').addEventListener('submit', (event) => {
  event.preventDefault();
  void list();
});
byId('more').addEventListener('click', () => void list(nextPage));

// --- reference

function resolve(description, value) {
  if (!value || !value.$ref) return value;
  return value.$ref.slice(2).split('/').reduce((at, name) => at[name], description);
}

function showDescription(description) {
  byId('summary').replaceChildren(...prose(description.info.description));
  const operations = [];
  for (const [path, item] of Object.entries(description.paths)) {
    for (const method of ['get', 'head', 'put', 'patch', 'delete', 'options']) {
      if (item[method]) operations.push(showOperation(description, path, method, item));
    }
  }
  byId('operations').replaceChildren(...operations);
  const refusals = Object.entries(description.components.responses);
  byId('refusals').replaceChildren(...refusals.flatMap(([name, { description: text }]) => [
    make('dt', {}, name.replace('Refusal', '')), make('dd', {}, ...prose(text)),
  ]));
}

function showOperation(description, path, method, item) {
  const operation = item[method];
  const parameters = [...(item.parameters || []), ...(operation.parameters || [])];
  const inside = make('div', { class: 'inside' });
  if (operation.description) inside.append(make('p', {}, ...prose(operation.description)));
  if (parameters.length > 0) {
    inside.append(make('h4', {}, 'Parameters'), make('dl', {}, ...parameters.flatMap((one) => [
      make('dt', {}, make('code', {}, one.name), ' ', make('small', {}, one.in + (one.required ? ', required' : ''))),
      make('dd', {}, ...prose(one.description)),
    ])));
  }
  inside.append(make('h4', {}, 'Answers'), make('dl', {}, ...Object.entries(operation.responses).flatMap(([status, given]) => {
    const response = resolve(description, given);
    const names = Object.keys(response.headers || {}).filter((name) => !/request-id$/i.test(name));
    const text = response.description + (names.length > 0 ? ' Headers: ' + names.map((name) => '\u0060' + name + '\u0060').join(', ') + '.' : '');
    return [make('dt', {}, status), make('dd', {}, ...prose(text))];
  })));
  return make('details', { class: 'operation card' },
    make('summary', {}, make('b', { class: 'm-' + method }, method.toUpperCase()), make('code', {}, path), make('em', {}, operation.summary)), inside);
}

async function showState() {
  const state = byId('state');
  try {
    const response = await fetch('/readyz', { cache: 'no-store' });
    const answer = await response.json();
    state.textContent = answer.state || answer.error.code;
    state.className = 'state ' + (response.ok ? 'good' : 'bad');
  } catch {
    state.textContent = 'no answer';
    state.className = 'state bad';
  }
}

refresh();
void showState();
setInterval(showState, 10000);
void list();
fetch('/openapi.json').then((response) => response.json()).then(showDescription, () => {
  byId('summary').textContent = 'The description could not be loaded.';
});
`;
