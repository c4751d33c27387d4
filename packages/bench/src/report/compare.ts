/**
 * Two results side by side: what differs in their settings, and for each target, operation and size by what factor the second one
 * takes longer or shorter. Factors within 5 % of 1 are called the same; whether more than that is noise, only repetition tells.
 */
import { type BenchResult, resultFormat, type TargetResult } from '../result.ts';
import { formatCount, formatMs, formatRate } from './quantities.ts';

/** Throws `RangeError` for what is no result of `sion bench`. */
export function readResult(text: string, name: string): BenchResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RangeError(`${name} is no JSON`);
  }
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined;
  if (format !== resultFormat)
    throw new RangeError(`${name} is no result that sion bench --json wrote (${resultFormat})`);
  return value as BenchResult;
}

/** Ratios nearer to 1 than this are called the same. */
const sameWithin = 0.05;

export function compareResults(a: BenchResult, b: BenchResult): string {
  const names = a.targets.map(({ name }) => name).filter((name) => b.targets.some((each) => each.name === name));
  const pairs = names.flatMap((name) => pairOf(a, b, name));
  const left = a.targets.map(({ name }) => name).filter((name) => !names.includes(name));
  const added = b.targets.map(({ name }) => name).filter((name) => !names.includes(name));
  // One target each: they are compared whatever they are called.
  const [onlyA, onlyB] = [a.targets[0], b.targets[0]];
  const isOnePair = pairs.length === 0 && a.targets.length === 1 && b.targets.length === 1;
  if (isOnePair && onlyA !== undefined && onlyB !== undefined) pairs.push([onlyA, onlyB]);
  return [
    `A  ${a.surroundings.startedAt}  ${a.surroundings.command}`,
    `B  ${b.surroundings.startedAt}  ${b.surroundings.command}`,
    ...differences(a, b),
    ...pairs.flatMap(([one, other]) => comparePair(one, other)),
    ...(isOnePair || left.length === 0 ? [] : ['', `only in A: ${left.join(', ')}`]),
    ...(isOnePair || added.length === 0 ? [] : ['', `only in B: ${added.join(', ')}`]),
    '',
  ].join('\n');
}

function pairOf(a: BenchResult, b: BenchResult, name: string): [TargetResult, TargetResult][] {
  const [one, other] = [a, b].map(({ targets }) => targets.find((each) => each.name === name));
  return one === undefined || other === undefined ? [] : [[one, other]];
}

/** Settings and machines, as far as they differ. */
function differences(a: BenchResult, b: BenchResult): readonly string[] {
  const [ofA, ofB] = [a, b].map(({ settings, surroundings }) => {
    const { command: _command, startedAt: _startedAt, ...machine } = surroundings;
    return flattened({ settings, machine });
  });
  if (ofA === undefined || ofB === undefined) return [];
  const names = [...new Set([...ofA.keys(), ...ofB.keys()])].filter((name) => ofA.get(name) !== ofB.get(name));
  return names.map((name) => `differs: ${name}: ${ofA.get(name) ?? 'not set'} → ${ofB.get(name) ?? 'not set'}`);
}

function flattened(value: unknown, path = ''): ReadonlyMap<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[path, String(value)]]);
  const inner = Object.entries(value).map(([name, each]) => flattened(each, path === '' ? name : `${path}.${name}`));
  return new Map(inner.flatMap((entries) => [...entries]));
}

function comparePair(a: TargetResult, b: TargetResult): readonly string[] {
  const title = a.name === b.name ? a.name : `${a.name} → ${b.name}`;
  const unsound = [
    ...(a.verdict.isValid && a.verdict.isVerified ? [] : ['A']),
    ...(b.verdict.isValid && b.verdict.isVerified ? [] : ['B']),
  ];
  const rows = a.rows.flatMap((row) => {
    const other = b.rows.find((each) => each.operation === row.operation && each.sizeClass === row.sizeClass);
    if (other === undefined) return [];
    const [one, two] = [row.responseMs, other.responseMs];
    return [
      [
        row.operation,
        row.sizeClass,
        `${formatCount(one.count)} → ${formatCount(two.count)}`,
        change(one.p50Ms, two.p50Ms),
        change(one.p99Ms, two.p99Ms),
      ],
    ];
  });
  return [
    '',
    title,
    ...(unsound.length > 0 ? [`  NOT TO BE RELIED ON: ${unsound.join(' and ')} is not valid`] : []),
    `  ${formatRate(a.requestsPerSecond)} → ${formatRate(b.requestsPerSecond)}, ${ratio(b.requestsPerSecond / a.requestsPerSecond)}`,
    ...columns([['', '', 'count', 'p50', 'p99'], ...rows]),
  ];
}

function change(a: number, b: number): string {
  return `${formatMs(a)} → ${formatMs(b)}  ${ratio(b / a)}`;
}

function ratio(value: number): string {
  if (!Number.isFinite(value)) return '';
  return Math.abs(value - 1) < sameWithin ? 'same' : `× ${value.toFixed(2)}`;
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd());
}
