/** One measurement: a workload, settings, what came of them, and the ideal cache beside it. */
import { layoutOf, parseStripes } from '@sion/core';
import type { ReplayStep } from '@sion/workload';
import { type IdealCache, idealCache } from './ideal-cache.ts';
import { type ReplayResult, replay } from './replay.ts';
import { chunkBytesOf, TraceWorld, type TraceWorldOptions, usableBytes } from './trace-world.ts';

export type WindowsChoice = Omit<TraceWorldOptions, 'meanChunkBytes'>;

export interface Measurement {
  readonly choice: WindowsChoice;
  readonly ideal: IdealCache;
  readonly result: ReplayResult;
  /** How much more than its data an object takes in memory. */
  readonly codingFactor: number;
  /** Of one node, for chunks, unscaled. */
  readonly usableBytes: number;
  readonly tookSeconds: number;
}

export async function measure(steps: readonly ReplayStep[], choice: WindowsChoice): Promise<Measurement> {
  const { windowSeconds, activeWindows, degradedWindows, scale, stripes, nodeMemoryMb } = choice;
  const beganMs = process.hrtime.bigint();
  const chunks = chunksOf(steps, stripes, scale);
  const world = await TraceWorld.start({ ...choice, meanChunkBytes: chunks.bytes / chunks.count });
  const result = await replay(world, steps);
  return {
    choice,
    ideal: idealCache(steps, windowSeconds * 1000 * (activeWindows + degradedWindows)),
    result,
    codingFactor: chunks.bytes / chunks.dataBytes,
    usableBytes: usableBytes(nodeMemoryMb),
    tookSeconds: Number(process.hrtime.bigint() - beganMs) / 1e9,
  };
}

/** The chunks that the workload's objects are cut into, scaled. */
function chunksOf(steps: readonly ReplayStep[], stripes: string, scale: number) {
  const table = parseStripes(stripes).map((row) => ({ ...row, upToBytes: row.upToBytes / scale }));
  const sizes = new Map(steps.map(({ record, sizeBytes }) => [record.key, sizeBytes]));
  let [count, bytes, dataBytes] = [0, 0, 0];
  for (const sizeBytes of sizes.values()) {
    const scaledBytes = Math.max(1, Math.round(sizeBytes / scale));
    const { dataChunks, parityChunks, fragments } = layoutOf(scaledBytes, table, chunkBytesOf(scale));
    count += fragments * (dataChunks + parityChunks);
    dataBytes += scaledBytes;
    bytes += (scaledBytes * (dataChunks + parityChunks)) / dataChunks;
  }
  return { count: Math.max(1, count), bytes: Math.max(1, bytes), dataBytes: Math.max(1, dataBytes) };
}
