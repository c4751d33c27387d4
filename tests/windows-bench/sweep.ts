/** The settings of a sweep: one thing changed at a time from what is given, and the windows together. */
import type { WindowsChoice } from './measure.ts';

export function sweepOf(base: WindowsChoice): readonly WindowsChoice[] {
  const windows = [
    { windowSeconds: 300, activeWindows: 12, degradedWindows: 24 },
    { windowSeconds: 600, activeWindows: 2, degradedWindows: 16 },
    { windowSeconds: 600, activeWindows: 12, degradedWindows: 6 },
    { windowSeconds: 600, activeWindows: 6, degradedWindows: 6 },
    { windowSeconds: 600, activeWindows: 6, degradedWindows: 30 },
    { windowSeconds: 1200, activeWindows: 3, degradedWindows: 6 },
    { windowSeconds: 1800, activeWindows: 2, degradedWindows: 4 },
  ];
  return [
    base,
    ...windows.map((each) => ({ ...base, ...each })),
    ...[512, 1024, 3008].map((nodeMemoryMb) => ({ ...base, nodeMemoryMb, nodes: nodesFor(base, nodeMemoryMb) })),
    ...['*=2+1', '*=4+1', '*=4+2', '*=10+1', '*=10+2'].map((stripes) => ({ ...base, stripes })),
    { ...base, placeOnPut: false },
    { ...base, placeOnRead: 'second' },
    { ...base, placeOnPut: false, placeOnRead: 'second' },
  ];
}

/** What an account's quota leaves. */
const mostNodes = 900;

/** As much memory in all. */
function nodesFor({ nodes, nodeMemoryMb }: WindowsChoice, memoryMb: number): number {
  return Math.min(mostNodes, Math.ceil((nodes * nodeMemoryMb) / memoryMb));
}
