/** How long small reads took, alone and beside large ones: what is printed, and what is held against the goals. */
import { quantile, type Report } from '../recovery-bench/report.ts';

export interface Latencies {
  readonly aloneMs: readonly number[];
  readonly besideMs: readonly number[];
}

/** Of the p99 alone, and of that over one link, what the p99 beside large reads may be. */
const [mostRatio, mostOneLinkShare] = [2, 1 / 5];

export function tellLatencies({ aloneMs, besideMs }: Latencies, report: Report): void {
  const row = (name: string, ms: readonly number[]) => [
    ...[name, String(ms.length)],
    ...[0.5, 0.95, 0.99].map((share) => quantile(ms, share).toFixed(2)),
    Math.max(...ms).toFixed(1),
  ];
  report.table([['ms', 'reads', 'p50', 'p95', 'p99', 'most'], row('alone', aloneMs), row('beside', besideMs)]);
}

/** `apart`: with two queues and two links; `oneLink`: with one of each. */
export function judge(name: string, apart: Latencies, oneLink: Latencies, report: Report): void {
  const beside = quantile(apart.besideMs, 0.99);
  const ratio = beside / quantile(apart.aloneMs, 0.99);
  const share = beside / quantile(oneLink.besideMs, 0.99);
  report.say(
    `p99 beside large reads is ${ratio.toFixed(2)} times that alone, ${share.toFixed(3)} of that over one link`,
  );
  if (!(ratio <= mostRatio)) report.miss(`${name}: p99 is ${ratio.toFixed(2)} times that alone, above ${mostRatio}`);
  if (!(share <= mostOneLinkShare))
    report.miss(`${name}: p99 is ${share.toFixed(2)} of that over one link, above ${mostOneLinkShare}`);
}
