/**
 * Charts as SVG text: lines, stacked areas and bars, with axes, a legend and a word on hovering. No script and no outside file, so a
 * report can be kept and sent. Pure; numbers in, text out.
 */

export interface ChartSeries {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly isDashed?: boolean;
}

export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly series: readonly ChartSeries[];
  readonly formatX: (value: number) => string;
  readonly formatY: (value: number) => string;
  readonly logX?: boolean;
  /** Default: the greatest value. */
  readonly maxY?: number;
  /** Areas on one another; all series have the same x. */
  readonly isStacked?: boolean;
}

export interface BarChart {
  readonly title: string;
  readonly groups: readonly {
    readonly name: string;
    readonly bars: readonly { readonly name: string; readonly value: number }[];
  }[];
  readonly format: (value: number) => string;
}

const [width, height] = [720, 260];
const [left, right, top, bottom] = [76, 12, 10, 34];
export const colors = ['#2f6fdb', '#d9622b', '#2e9e5b', '#9b4dca', '#c2a000', '#c0304f', '#3aa6b9', '#7a7a7a'];

export function lineChart(chart: LineChart): string {
  const series = chart.isStacked === true ? stacked(chart.series) : chart.series;
  const points = series.flatMap((each) => each.points);
  if (points.length === 0) return '';
  const place = scale(chart, points);
  const drawn = series.map((each, at) => drawSeries(each, colors[at % colors.length] ?? '', place, chart));
  // What is stacked is drawn from the top down, so that each area covers what lies under it.
  const body = chart.isStacked === true ? drawn.toReversed() : drawn;
  return figure(chart.title, legendOf(chart.series.map(({ name }) => name)), [axes(chart, place), ...body].join(''));
}

export function barChart(chart: BarChart): string {
  const bars = chart.groups.flatMap((group) => group.bars);
  const most = Math.max(...bars.map(({ value }) => value), 0);
  if (most <= 0) return '';
  const names = [...new Set(bars.map(({ name }) => name))];
  const groupWidth = (width - left - right) / chart.groups.length;
  const barWidth = Math.min(46, (groupWidth * 0.8) / names.length);
  const yOf = (value: number) => height - bottom - (value / most) * (height - top - bottom);
  const drawn = chart.groups.map((group, at) => {
    const middle = left + groupWidth * (at + 0.5);
    const from = middle - (barWidth * names.length) / 2;
    const rects = group.bars.map(({ name, value }) => {
      const index = names.indexOf(name);
      const x = from + barWidth * index;
      const hint = `${group.name}, ${name}: ${chart.format(value)}`;
      return (
        `<rect x="${px(x)}" y="${px(yOf(value))}" width="${px(barWidth - 2)}" height="${px(height - bottom - yOf(value))}" ` +
        `fill="${colors[index % colors.length] ?? ''}"><title>${escapeText(hint)}</title></rect>` +
        `<text class="value" x="${px(x + barWidth / 2)}" y="${px(yOf(value) - 3)}" text-anchor="middle">${escapeText(chart.format(value))}</text>`
      );
    });
    const label = `<text x="${px(middle)}" y="${height - bottom + 16}" text-anchor="middle">${escapeText(group.name)}</text>`;
    return rects.join('') + label;
  });
  return figure(chart.title, legendOf(names), drawn.join(''));
}

/** Text within HTML and its attributes. */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

interface Placing {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly ticksX: readonly number[];
  readonly ticksY: readonly number[];
}

function scale(chart: LineChart, points: readonly (readonly [number, number])[]): Placing {
  const [fromX, toX] = extent(points.map(([x]) => x));
  const most = chart.maxY ?? Math.max(...points.map(([, y]) => y));
  const topY = most > 0 ? most : 1;
  const y = (value: number) => height - bottom - (Math.min(value, topY) / topY) * (height - top - bottom);
  const ticksY = [0, 0.25, 0.5, 0.75, 1].map((share) => share * topY);
  if (chart.logX === true) {
    const [from, to] = [Math.log10(Math.max(fromX, 1e-6)), Math.log10(Math.max(toX, 1e-5))];
    const span = to > from ? to - from : 1;
    const x = (value: number) => left + ((Math.log10(Math.max(value, 1e-6)) - from) / span) * (width - left - right);
    const decades = Array.from(
      { length: Math.floor(to) - Math.ceil(from) + 1 },
      (_, at) => 10 ** (Math.ceil(from) + at),
    );
    return { x, y, ticksX: decades.length > 1 ? decades : [fromX, toX], ticksY };
  }
  const span = toX > fromX ? toX - fromX : 1;
  const x = (value: number) => left + ((value - fromX) / span) * (width - left - right);
  return { x, y, ticksX: [0, 0.2, 0.4, 0.6, 0.8, 1].map((share) => fromX + share * span), ticksY };
}

function axes({ formatX, formatY, xLabel }: LineChart, { ticksX, ticksY, x, y }: Placing): string {
  const lines = ticksY.map(
    (tick) =>
      `<line class="grid" x1="${left}" x2="${width - right}" y1="${px(y(tick))}" y2="${px(y(tick))}"/>` +
      `<text x="${left - 6}" y="${px(y(tick) + 4)}" text-anchor="end">${escapeText(formatY(tick))}</text>`,
  );
  const marks = ticksX.map(
    (tick) =>
      `<text x="${px(x(tick))}" y="${height - bottom + 16}" text-anchor="middle">${escapeText(formatX(tick))}</text>`,
  );
  const label = `<text x="${px((left + width - right) / 2)}" y="${height - 4}" text-anchor="middle">${escapeText(xLabel)}</text>`;
  return [...lines, ...marks, label].join('');
}

function drawSeries(series: ChartSeries, color: string, { x, y }: Placing, chart: LineChart): string {
  if (series.points.length === 0) return '';
  const path = series.points.map(([atX, atY], at) => `${at === 0 ? 'M' : 'L'}${px(x(atX))} ${px(y(atY))}`).join('');
  const last = series.points.at(-1)?.[1] ?? 0;
  const hint = `<title>${escapeText(`${series.name}: ${chart.formatY(last)} at the end`)}</title>`;
  if (chart.isStacked === true) {
    const [first] = series.points[0] ?? [0];
    const [end] = series.points.at(-1) ?? [0];
    return `<path d="${path}L${px(x(end))} ${px(y(0))}L${px(x(first))} ${px(y(0))}Z" fill="${color}">${hint}</path>`;
  }
  const dash = series.isDashed === true ? ' stroke-dasharray="5 4"' : '';
  return `<path d="${path}" fill="none" stroke="${color}" stroke-width="2"${dash}>${hint}</path>`;
}

/** Each series with those before it beneath. */
function stacked(series: readonly ChartSeries[]): readonly ChartSeries[] {
  const sums: number[] = [];
  return series.map(({ name, points }) => ({
    name,
    points: points.map(([x, y], at) => {
      sums[at] = (sums[at] ?? 0) + y;
      return [x, sums[at] ?? 0] as const;
    }),
  }));
}

function legendOf(names: readonly string[]): string {
  const entries = names.map(
    (name, at) => `<span><i style="background:${colors[at % colors.length] ?? ''}"></i>${escapeText(name)}</span>`,
  );
  return `<div class="legend">${entries.join('')}</div>`;
}

function figure(title: string, legend: string, body: string): string {
  return (
    `<figure><figcaption>${escapeText(title)}</figcaption>${legend}` +
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeText(title)}">${body}</svg></figure>`
  );
}

function extent(values: readonly number[]): readonly [number, number] {
  return values.reduce<[number, number]>(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
}

function px(value: number): string {
  return value.toFixed(1);
}
