/** What a measurement of windows prints: its figures, the goals beside them, and a sweep as a table and a plot. */
import type { Measurement, WindowsChoice } from './measure.ts';
import { plotBars } from './plot-bars.ts';

const gb = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
const share = (part: number, whole: number) => `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
const usd = (value: number) => `$${value.toFixed(4)}`;
const sum = (values: Readonly<Record<string, number>>) => Object.values(values).reduce((all, each) => all + each, 0);

/** Of the ideal's hits, in points; of its resident bytes; of the nodes that would do; of InfiniStore's warm-up dollars. */
const [mostMissedPoints, mostResident, mostNodes, mostWarmUp] = [0.5, 1.15, 1.5, 0.5];

export function tableOf({ choice, ideal, result, usableBytes, codingFactor, tookSeconds }: Measurement): string {
  const { totals } = result;
  const windows = `${choice.windowSeconds} s, ${choice.activeWindows} active, ${choice.degradedWindows} degraded`;
  return [
    `windows            ${windows}; ${choice.nodes} functions of ${choice.nodeMemoryMb} MB, ${gb(usableBytes)} usable; stripes ${choice.stripes}; ` +
      `bytes a ${choice.scale}th`,
    `requests           ${result.gets} GETs, ${ideal.reaccesses} of them re-accesses; ${sum(totals.puts)} PUTs`,
    `hits               ${share(result.hits, result.reaccesses)} of re-accesses, ${share(result.hits, result.gets)} with first accesses counted as misses`,
    `ideal cache        ${share(ideal.hits, ideal.reaccesses)} of re-accesses, ${gb(ideal.meanResidentBytes)} resident on average`,
    `resident           ${gb(result.meanResidentBytes)} of data chunks on average`,
    `warmed nodes       ${result.meanWarmNodes.toFixed(1)} on average, ${share(result.meanFill, 1)} full; ` +
      `${nodesThatWouldDo({ result, codingFactor, usableBytes }).toFixed(1)} would do`,
    `moved, released    ${totals.migratedChunks} chunks, ${gb(totals.migratedBytes * choice.scale)}; ${totals.releasedNodes} times a node`,
    `losses             ${totals.recoveries} instances, ${totals.lostChunks} chunks; ${sum(totals.recoveredChunks)} brought back; groups rotated ${totals.rotatedGroups} times`,
    `invocations        ${Object.entries(totals.invocations)
      .map(([cause, times]) => `${times} ${cause}`)
      .join(', ')}`,
    `dollars            ${usd(sum(totals.costUsd))}: ${Object.entries(totals.costUsd)
      .map(([cause, value]) => `${cause} ${usd(value)}`)
      .join(', ')}`,
    `InfiniStore’s warm-up of the same nodes: ${Math.round(result.plainWarmUps)} touches, ${usd(result.plainWarmUpUsd)}`,
    `latency            p50 ${result.latencyMs.p50.toFixed(0)} ms, p99 ${result.latencyMs.p99.toFixed(0)} ms (modelled)`,
    `verified           every byte of every read; ${result.problems.length} problems`,
    `took               ${tookSeconds.toFixed(0)} s for ${result.virtualHours.toFixed(1)} virtual hours`,
  ].join('\n');
}

/** Prints each goal with what was reached; gives how many were missed. */
export function judge(measurement: Measurement, print: (line: string) => void): number {
  const { ideal, result } = measurement;
  const hitPoints = (100 * result.hits) / Math.max(1, result.reaccesses);
  const idealPoints = (100 * ideal.hits) / Math.max(1, ideal.reaccesses);
  const goals: readonly (readonly [string, number, number])[] = [
    ['points of hits below the ideal cache’s', idealPoints - hitPoints, mostMissedPoints],
    ['times the ideal cache’s resident bytes', result.meanResidentBytes / ideal.meanResidentBytes, mostResident],
    ['times the nodes that would do', result.meanWarmNodes / nodesThatWouldDo(measurement), mostNodes],
    ['of InfiniStore’s warm-up dollars', result.totals.costUsd.warmup / result.plainWarmUpUsd, mostWarmUp],
    ['invocations in a minute, a window after the horizon', result.invocationsAtEnd, 0],
    ['problems', result.problems.length, 0],
  ];
  for (const problem of result.problems.slice(0, 10)) print(`PROBLEM ${problem}`);
  let missed = 0;
  for (const [what, value, most] of goals) {
    const isMet = value <= most;
    if (!isMet) missed++;
    print(`${isMet ? 'met   ' : 'MISSED'} ${value.toFixed(2)} ${what} (goal: at most ${most})`);
  }
  return missed;
}

/** Were they filled to the last byte. */
function nodesThatWouldDo({
  result,
  codingFactor,
  usableBytes,
}: Pick<Measurement, 'result' | 'codingFactor' | 'usableBytes'>): number {
  return (result.meanResidentBytes * codingFactor) / usableBytes;
}

export const sweepHead =
  '| window | active | degraded | MB | stripes | placed | hits | ideal | resident | of ideal | nodes | of need | invocations | $ serving | $ warm-up | $ moving | $ store | $ | p50 | p99 |\n' +
  '|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|';

export function rowOf(measurement: Measurement): string {
  const { choice, ideal, result } = measurement;
  const { costUsd, invocations } = result.totals;
  const cells = [
    `${choice.windowSeconds} s`,
    choice.activeWindows,
    choice.degradedWindows,
    choice.nodeMemoryMb,
    choice.stripes.replace('*=', ''),
    placingOf(choice),
    share(result.hits, result.reaccesses),
    share(ideal.hits, ideal.reaccesses),
    gb(result.meanResidentBytes),
    (result.meanResidentBytes / ideal.meanResidentBytes).toFixed(2),
    result.meanWarmNodes.toFixed(0),
    (result.meanWarmNodes / nodesThatWouldDo(measurement)).toFixed(2),
    sum(invocations),
    usd(costUsd.serving),
    usd(costUsd.warmup),
    usd(costUsd.migration),
    usd(costUsd.store),
    usd(sum(costUsd)),
    `${result.latencyMs.p50.toFixed(0)} ms`,
    `${result.latencyMs.p99.toFixed(0)} ms`,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** What takes an object into memory. */
function placingOf({ placeOnPut, placeOnRead }: WindowsChoice): string {
  const reads = { first: '1st GET', second: '2nd GET', never: '' }[placeOnRead];
  return [placeOnPut ? 'PUT' : '', reads].filter((each) => each !== '').join(', ');
}

/** A bar for each setting and figure; the first row is what the others differ from. */
export function plotOf(measurements: readonly Measurement[]): string {
  return plotBars(
    measurements.map(({ choice, result }) => ({
      name: nameOf(choice),
      figures: [
        ['hits of re-accesses', (100 * result.hits) / Math.max(1, result.reaccesses), '%'],
        ['resident', result.meanResidentBytes / 1e9, 'GB'],
        ['warmed nodes', result.meanWarmNodes, ''],
        ['invocations', sum(result.totals.invocations) / 1000, 'thousand'],
        ['dollars', sum(result.totals.costUsd), ''],
      ],
    })),
  );
}

function nameOf(choice: WindowsChoice): string {
  const windows = `${choice.windowSeconds} s, ${choice.activeWindows} + ${choice.degradedWindows}`;
  const stripes = choice.stripes.startsWith('*=') ? choice.stripes.slice('*='.length) : 'by size';
  return `${windows}; ${choice.nodeMemoryMb} MB; ${stripes}; ${placingOf(choice)}`;
}
