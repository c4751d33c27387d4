/**
 * Replies as data, before they have a protocol version: the same reply is a map in RESP3 and a flat array in RESP2.
 * Texts are latin-1, one character per byte, so that whatever bytes a client sent come back unchanged.
 */

/** One reply, or a part of one. */
export type Reply =
  | { readonly kind: 'simple'; readonly text: string }
  /** Line ends in `text` become spaces. */
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'integer'; readonly value: number | bigint }
  | { readonly kind: 'bulk'; readonly bytes: Uint8Array | string }
  | { readonly kind: 'null' }
  /** The null of commands that else answer with an array. */
  | { readonly kind: 'null-array' }
  | { readonly kind: 'array'; readonly items: readonly Reply[] }
  /** An array in RESP2. */
  | { readonly kind: 'set'; readonly items: readonly Reply[] }
  /** A flat array in RESP2. */
  | { readonly kind: 'map'; readonly entries: readonly (readonly [Reply, Reply])[] }
  /** A bulk string in RESP2. */
  | { readonly kind: 'double'; readonly value: number }
  /** 1 or 0 in RESP2. */
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** Plain text for people; a bulk string in RESP2. */
  | { readonly kind: 'verbatim'; readonly text: string | Uint8Array };

/** `+OK`. */
export const okReply: Reply = { kind: 'simple', text: 'OK' };
/** No value. */
export const nullReply: Reply = { kind: 'null' };
/** No array. */
export const nullArrayReply: Reply = { kind: 'null-array' };

/** `+text`; for texts without line ends. */
export function simpleReply(text: string): Reply {
  return { kind: 'simple', text };
}

/** `-text`, where text begins with its error prefix. */
export function errorReply(text: string): Reply {
  return { kind: 'error', text };
}

/** `:value`, within 64 bits. */
export function integerReply(value: number | bigint): Reply {
  return { kind: 'integer', value };
}

/** A binary-safe string; the bytes stay the caller's and must not change until they are sent. */
export function bulkReply(bytes: Uint8Array | string): Reply {
  return { kind: 'bulk', bytes };
}

/** A list of replies. */
export function arrayReply(items: readonly Reply[]): Reply {
  return { kind: 'array', items };
}

/** A map with text keys. */
export function mapReply(entries: readonly (readonly [string, Reply])[]): Reply {
  return { kind: 'map', entries: entries.map(([name, value]) => [bulkReply(name), value] as const) };
}
