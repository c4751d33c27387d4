/** The HTTP path of an object: its key percent-encoded as one segment, so that `/` in a key stays part of the key. */
export function objectPath(key: string): string {
  return `/v1/objects/${encodeURIComponent(key)}`;
}
