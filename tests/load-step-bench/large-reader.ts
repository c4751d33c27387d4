/**
 * Reads large objects, one after the other, in a thread of its own: the one that times the small reads has nothing else to do.
 * Every piece is compared as it comes. It tells its owner of every object that it has read, and ends when told to.
 */
import { Agent } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { getObject } from './object-get.ts';

/** What it is given. */
export interface LargeReaderData {
  readonly objects: readonly { readonly url: string; readonly payload: Uint8Array }[];
  /** The place of the object that it begins with. */
  readonly first: number;
}

/** What it says, once for each object. */
export interface LargeRead {
  readonly bytes: number;
  /** What was wrong with it. */
  readonly problem?: string;
}

const { objects, first }: LargeReaderData = workerData;
const agent = new Agent({ keepAlive: true });
let isOver = false;
parentPort?.once('message', () => {
  isOver = true;
});
for (let read = first; !isOver; read++) {
  const object = objects[read % objects.length];
  if (object === undefined) break;
  const done = await readOne(object.url, Buffer.from(object.payload.buffer));
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- That is for windows; this is a thread.
  parentPort?.postMessage(done);
}
agent.destroy();
parentPort?.close();

async function readOne(url: string, expected: Buffer): Promise<LargeRead> {
  let [bytes, isWrong] = [0, false];
  const status = await getObject(url, agent, (piece) => {
    isWrong ||= !expected.subarray(bytes, bytes + piece.length).equals(piece);
    bytes += piece.length;
  });
  if (status === 200 && !isWrong && bytes === expected.length) return { bytes };
  return { bytes, problem: `GET ${url}: status ${status}, ${bytes} bytes, ${isWrong ? 'wrong' : 'right'} ones` };
}
