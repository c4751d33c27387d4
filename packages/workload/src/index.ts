export * from './linearizability.ts';
export * from './object-model.ts';
export * from './payload.ts';
export { SeededRandom } from './seeded-random.ts';
export * from './traces/read-trace.ts';
export * from './traces/registry-trace.ts';
export * from './traces/replay-plan.ts';
export * from './traces/trace-record.ts';
