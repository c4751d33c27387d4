/**
 * The client context of an invocation: base64 of a JSON object in a header of the Invoke API, and JSON in a header of the
 * Runtime API. It is read here, before anything is begun, because an instance could not be given what no header can hold.
 */

/** As the API documents it: bytes of base64. */
const maxClientContextBytes = 3583;

/** The context as JSON that any header can hold, or what is wrong with it. */
export type ClientContext =
  | { readonly kind: 'read'; readonly json: string }
  | { readonly kind: 'wrong'; readonly message: string };

export function readClientContext(base64: string): ClientContext {
  if (base64.length > maxClientContextBytes) {
    const message = `Client context must be at most ${maxClientContextBytes} bytes of base64, this one has ${base64.length}`;
    return { kind: 'wrong', message };
  }
  const value = parse(Buffer.from(base64, 'base64').toString('utf8'));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { kind: 'wrong', message: 'Client context must be a valid Base64-encoded JSON object' };
  }
  const json = JSON.stringify(value).replace(/[\u007f-\uffff]/g, escaped);
  return { kind: 'read', json };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
