/** A result as one page that needs nothing else: what was run, comparison, latencies by size, distributions, and the course of time. */
import type { BenchResult, TargetResult } from '../result.ts';
import { barChart, escapeText, lineChart } from './chart.ts';
import { formatBytes, formatCount, formatMs, formatRate } from './quantities.ts';
import { describeLoad, describeWorkload } from './settings-text.ts';
import { sionCharts } from './sion-charts.ts';
import { cdfOf, latencyByClass } from './target-latencies.ts';

export function writeHtmlReport(result: BenchResult): string {
  const { settings, surroundings, targets } = result;
  const title = `sion bench: ${targets.map(({ name }) => name).join(', ')}`;
  return page(title, [
    `<h1>${escapeText(title)}</h1>`,
    `<p>${[describeWorkload(settings), describeLoad(settings), describeMachine(surroundings)].map(escapeText).join('<br>')}</p>`,
    ...(result.interrupted ? ['<p class="bad">Broken off: this is what was measured until then.</p>'] : []),
    ...targets.flatMap(verdictLines),
    '<h2>Comparison</h2>',
    overview(targets),
    ...comparisonBars(targets),
    '<h2>Latency by size</h2>',
    ...targets.map(latencyTable),
    '<h2>Distributions</h2>',
    ...distributions(targets),
    '<h2>Over time</h2>',
    ...overTime(targets),
    ...targets.flatMap(sionCharts),
    '<h2>All settings</h2>',
    `<pre>${escapeText(surroundings.command)}</pre>`,
    `<pre>${escapeText(JSON.stringify({ settings, facts: result.facts, surroundings }, undefined, 2))}</pre>`,
  ]);
}

function describeMachine(surroundings: BenchResult['surroundings']): string {
  const { cpuModel, cpus, loadAverage, nodeVersion, sionVersion, startedAt } = surroundings;
  const load = loadAverage.toFixed(1);
  return `${cpus} × ${cpuModel}, load ${load} at the start, Node ${nodeVersion}, SION ${sionVersion}, ${startedAt}`;
}

function verdictLines({ name, verdict }: TargetResult): readonly string[] {
  const line = (kind: string, words: string) =>
    `<p class="${kind}"><b>${escapeText(name)}</b>: ${escapeText(words)}</p>`;
  return [
    ...verdict.faults.map((fault) => line('bad', `invalid: ${fault}`)),
    ...(verdict.isVerified ? [] : [line('bad', 'what was read is not what was written')]),
    ...verdict.notes.map((note) => line('note', note)),
  ];
}

function overview(targets: readonly TargetResult[]): string {
  const rows = targets.map((target) => [
    target.name,
    Object.values(target.told).join(', '),
    formatCount(target.requests),
    formatCount(target.failed),
    formatRate(target.requestsPerSecond),
    `${formatBytes(target.bytesPerSecond)}/s`,
    ...[target.responseMs.p50Ms, target.responseMs.p95Ms, target.responseMs.p99Ms, target.serviceMs.p99Ms].map(
      formatMs,
    ),
    formatMs(target.lagMs.p99Ms),
    target.verdict.isValid && target.verdict.isVerified ? 'valid' : 'NOT VALID',
  ]);
  const head = [
    '',
    'what',
    'requests',
    'failed',
    'rate',
    'bytes',
    'p50',
    'p95',
    'p99',
    'service p99',
    'sent late p99',
    '',
  ];
  return table(head, rows);
}

function comparisonBars(targets: readonly TargetResult[]): readonly string[] {
  return (['p50Ms', 'p99Ms'] as const).map((at) => {
    const classes = [...new Set(targets.flatMap((target) => latencyByClass(target).map(({ label }) => label)))];
    return barChart({
      title: `Response time of reads by size, ${at === 'p50Ms' ? 'median' : '99th percentile'}`,
      format: formatMs,
      groups: classes.map((label) => ({
        name: label,
        bars: targets.flatMap((target) => {
          const found = latencyByClass(target).find((each) => each.label === label);
          return found === undefined ? [] : [{ name: target.name, value: found.summary[at] }];
        }),
      })),
    });
  });
}

function latencyTable({ name, rows }: TargetResult): string {
  const head = ['operation', 'size', 'count', 'p50', 'p90', 'p95', 'p99', 'p99.9', 'max', 'service p50', 'service p99'];
  const cells = rows.map(({ operation, responseMs, serviceMs, sizeClass }) => [
    ...[operation, sizeClass, formatCount(responseMs.count)],
    ...[
      responseMs.p50Ms,
      responseMs.p90Ms,
      responseMs.p95Ms,
      responseMs.p99Ms,
      responseMs.p999Ms,
      responseMs.maxMs,
    ].map(formatMs),
    ...[serviceMs.p50Ms, serviceMs.p99Ms].map(formatMs),
  ]);
  return `<h3>${escapeText(name)}</h3>${table(head, cells)}`;
}

function distributions(targets: readonly TargetResult[]): readonly string[] {
  const operations = [...new Set(targets.flatMap(({ rows }) => rows.map(({ operation }) => operation)))];
  return operations.map((operation) =>
    lineChart({
      title: `${operation}: share of requests that took at most so long`,
      xLabel: 'time (logarithmic)',
      ...{ formatX: formatMs, formatY: (share) => `${Math.round(share * 100)} %`, logX: true, maxY: 1 },
      series: targets.flatMap((target) => [
        { name: `${target.name}, response`, points: cdfOf(target, operation, 'response') },
        { name: `${target.name}, service`, points: cdfOf(target, operation, 'service'), isDashed: true },
      ]),
    }),
  );
}

function overTime(targets: readonly TargetResult[]): readonly string[] {
  const chart = (
    title: string,
    formatY: (value: number) => string,
    of: (line: TargetResult['seconds'][number]) => number,
  ) =>
    lineChart({
      ...{
        title,
        xLabel: 'seconds of the target’s own running time',
        formatX: (value) => `${Math.round(value)} s`,
        formatY,
      },
      series: targets.map(({ name, seconds }) => ({ name, points: seconds.map((line) => [line.second, of(line)]) })),
    });
  return [
    chart('Requests per second', formatCount, ({ requests }) => requests),
    chart('Bytes per second', formatBytes, ({ bytes }) => bytes),
    chart('99th percentile of response times, each second', formatMs, ({ p99Ms }) => p99Ms),
  ];
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (tag: string, cells: readonly string[]) =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeText(cell)}</${tag}>`).join('')}</tr>`;
  return `<div class="wide"><table>${line('th', head)}${rows.map((row) => line('td', row)).join('')}</table></div>`;
}

const style = `
:root { color-scheme: light dark; --line: #8884; --bad: #c0304f; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 1480px; margin: 1.5rem auto; padding: 0 1rem; }
figure { display: inline-block; width: min(100%, 720px); margin: 0 0 1.2rem; vertical-align: top; }
figcaption { font-weight: 600; }
svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: currentColor; } svg .value { font-size: 9px; }
svg .grid { stroke: var(--line); }
.legend span { margin-right: 1em; font-size: 13px; } .legend i { display: inline-block; width: .8em; height: .8em; margin-right: .35em; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2em .8em .2em 0; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; }
.bad { color: var(--bad); } .note { opacity: .8; } pre { overflow-x: auto; font-size: 12px; }
`;

function page(title: string, body: readonly string[]): string {
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeText(title)}</title><style>${style}</style></head><body>`,
    ...body,
    '</body></html>\n',
  ].join('\n');
}
