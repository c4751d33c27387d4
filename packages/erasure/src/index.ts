export type { Codec } from './codec.ts';
export * from './erasure.ts';
export { createParityStream, type ParityStream } from './parity-stream.ts';
export { createRebuildStream, type RebuildStream } from './rebuild-stream.ts';
export type { Slab } from './slab-pool.ts';
