/** The load generator. */

export { compareResults, readResult } from './report/compare.ts';
export { writeHtmlReport } from './report/html-report.ts';
export { formatBytes, formatCount, formatMs, formatRate } from './report/quantities.ts';
export { writeTerminalReport } from './report/terminal-report.ts';
export * from './result.ts';
export { type BenchWorker, createBenchWorker, type WorkerResult, type WorkerTotals } from './run/bench-worker.ts';
export { type RunProgress, runBench } from './run/run-bench.ts';
export * from './settings.ts';
export * from './target.ts';
export { type OpenS3Calls, openTarget, type TargetOptions } from './targets/open-target.ts';
