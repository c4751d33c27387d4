export * from './linearizability.ts';
export * from './object-model.ts';
export * from './payload.ts';
export { SeededRandom } from './seeded-random.ts';
