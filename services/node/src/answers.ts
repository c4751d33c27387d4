/** What a node answers to each request, over the chunk memory and the loader. It knows nothing of links and sessions. */
import {
  type Chunk,
  type Done,
  type EvictChunks,
  type Failed,
  type FetchChunk,
  type ListChunks,
  type LoadChunk,
  maxChunksPerFrame,
  type NodeFailure,
  type Ping,
  type StoreChunk,
  type ToProxy,
} from '@sion/wire';
import type { ChunkLoader } from './chunk-loader.ts';
import type { ChunkMemory, StoreOutcome } from './chunk-memory.ts';

/** The messages that are answered. */
export type NodeRequest = StoreChunk | FetchChunk | EvictChunks | LoadChunk | ListChunks | Ping;

/** What requests work on. */
export interface Holdings {
  readonly memory: ChunkMemory;
  readonly loader: ChunkLoader;
}

export const done: Done = { type: 'done' };

export function failed(code: NodeFailure, message: string): Failed {
  return { type: 'failed', code, message };
}

/** Why bytes are not held, as an answer. */
export function refusalOf(outcome: Exclude<StoreOutcome, { kind: 'held' }>, memory: ChunkMemory): Failed {
  const reasons = {
    capacity: `no room: ${memory.occupiedBytes} of ${memory.capacityBytes} bytes are taken`,
    corrupt: 'the bytes do not have the checksum',
    conflict: 'a chunk of this id with other bytes is held',
  };
  return failed(outcome.kind === 'conflict' ? 'invalid' : outcome.kind, reasons[outcome.kind]);
}

/** Carries a request out. Only a load takes its time; its promise never rejects. */
export function answerRequest({ memory, loader }: Holdings, request: NodeRequest): ToProxy | Promise<ToProxy> {
  let answer: ToProxy | Promise<ToProxy>;
  switch (request.type) {
    case 'store':
      answer = storeChunk(memory, request);
      break;
    case 'fetch':
      answer = fetchChunk(memory, request);
      break;
    case 'load':
      answer = loader.load(request);
      break;
    case 'evict':
      for (const id of request.ids) {
        loader.cancel(id);
        memory.evict(id);
      }
      answer = done;
      break;
    case 'list':
      answer = { type: 'manifest', ...memory.page(request.from, maxChunksPerFrame) };
      break;
    case 'ping':
      answer = { type: 'pong', usedBytes: memory.usedBytes };
      break;
  }
  return answer;
}

function storeChunk(memory: ChunkMemory, { id, checksum, payload }: StoreChunk): Done | Failed {
  const outcome = memory.store(id, checksum, payload);
  return outcome.kind === 'held' ? done : refusalOf(outcome, memory);
}

function fetchChunk(memory: ChunkMemory, { id }: FetchChunk): Chunk | Failed {
  const outcome = memory.fetch(id);
  if (outcome.kind === 'hit') return { type: 'chunk', checksum: outcome.checksum, payload: outcome.bytes };
  return failed('missing', 'no such chunk');
}
