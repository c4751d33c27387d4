/** The classes of sizes by which latencies are told. */

export interface SizeClass {
  readonly label: string;
  /** Up to and with; the last one has no end. */
  readonly maxBytes: number;
}

export const sizeClasses: readonly SizeClass[] = [
  { label: '≤ 1 KB', maxBytes: 2 ** 10 },
  { label: '≤ 16 KB', maxBytes: 16 * 2 ** 10 },
  { label: '≤ 128 KB', maxBytes: 128 * 2 ** 10 },
  { label: '≤ 1 MB', maxBytes: 2 ** 20 },
  { label: '≤ 10 MB', maxBytes: 10 * 2 ** 20 },
  { label: '≤ 100 MB', maxBytes: 100 * 2 ** 20 },
  { label: '> 100 MB', maxBytes: Number.POSITIVE_INFINITY },
];

export function sizeClassOf(bytes: number): number {
  return sizeClasses.findIndex(({ maxBytes }) => bytes <= maxBytes);
}
