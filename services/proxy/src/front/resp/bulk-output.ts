/** A bulk string that is sent while its bytes are still being had. */
import type { ReplyWriter } from '@sion/wire';

/** Writes a bulk string piece by piece; throws before anything was written when the first piece cannot be had. */
export async function sendBulk(
  writer: ReplyWriter,
  sizeBytes: number,
  pieces: AsyncIterable<Uint8Array>,
  flushed: (onTaken?: () => void) => Promise<void>,
  onTaken?: (piece: Uint8Array) => void,
): Promise<void> {
  let sentBytes = 0;
  let isOpen = false;
  for await (const piece of pieces) {
    sentBytes += piece.byteLength;
    if (sentBytes > sizeBytes) break;
    if (!isOpen) writer.bulkHeader(sizeBytes);
    isOpen = true;
    writer.bytes(piece);
    await flushed(onTaken === undefined ? undefined : () => onTaken(piece));
  }
  if (sentBytes !== sizeBytes) throw new Error(`A body of ${sizeBytes} bytes gave ${sentBytes}.`);
  if (!isOpen) writer.bulkHeader(sizeBytes);
  writer.bulkEnd();
  await flushed();
}
