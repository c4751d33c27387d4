/** A body's bytes at once, for those that are known to be small. One piece is given as it is. */
export async function wholeBody(pieces: AsyncIterable<Uint8Array>, sizeBytes: number): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return all.length === 1 && all[0] !== undefined ? all[0] : Buffer.concat(all, sizeBytes);
}
