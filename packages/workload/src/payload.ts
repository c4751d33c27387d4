/**
 * Payloads that anyone can make again: the bytes of (key, version, size) at any offset, without keeping them, so that
 * whoever reads an object can say whether it is right, and where it first is not. Not random in any stronger sense.
 *
 * Each aligned 4 bytes are one word: a 32-bit mix of the word's position and the payload's seed, little-endian. The seed
 * comes from key and version; the size does not enter, so that a shorter payload is a prefix of a longer one.
 */

/** The seed of a key's version. FNV-1a over the key's UTF-16 code units and the version's decimal digits. */
export function payloadSeed(key: string, version: number): number {
  let hash = 0x811c9dc5;
  for (const text of [key, '/', String(version)]) {
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}

/** The whole payload, in memory of its own. */
export function payloadOf(key: string, version: number, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  fillPayload(bytes, payloadSeed(key, version), 0);
  return bytes;
}

/** Writes the payload's bytes from `offset` on into all of `target`. */
export function fillPayload(target: Uint8Array, seed: number, offset: number): void {
  let at = 0;
  while (at < target.length && (offset + at) % 4 !== 0) at = fillByte(target, seed, offset, at);
  if ((target.byteOffset + at) % 4 === 0 && isLittleEndian) {
    const words = new Uint32Array(target.buffer, target.byteOffset + at, (target.length - at) >>> 2);
    const firstWord = (offset + at) / 4;
    for (let index = 0; index < words.length; index++) words[index] = wordAt(seed, firstWord + index);
    at += words.length * 4;
  }
  while (at < target.length) at = fillByte(target, seed, offset, at);
}

/** The position in the payload of the first byte that is wrong in `bytes`, which begin at `offset`; undefined = none. */
export function findPayloadError(bytes: Uint8Array, seed: number, offset: number): number | undefined {
  const expected = new Uint8Array(Math.min(bytes.length, 1 << 16));
  for (let at = 0; at < bytes.length; at += expected.length) {
    const part = bytes.subarray(at, at + expected.length);
    const want = expected.subarray(0, part.length);
    fillPayload(want, seed, offset + at);
    if (Buffer.compare(part, want) === 0) continue;
    return offset + at + part.findIndex((byte, index) => byte !== want[index]);
  }
  return undefined;
}

const isLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

function fillByte(target: Uint8Array, seed: number, offset: number, at: number): number {
  const position = offset + at;
  target[at] = wordAt(seed, Math.floor(position / 4)) >>> ((position % 4) * 8);
  return at + 1;
}

/** The finaliser of MurmurHash3 over the word's number, which passes 2^32 only for payloads of 16 GiB. */
function wordAt(seed: number, number: number): number {
  let word = Math.imul(number | 0, 0x9e3779b1) ^ seed ^ Math.imul((number / 0x1_0000_0000) | 0, 0x85ebca77);
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return (word ^ (word >>> 16)) >>> 0;
}
