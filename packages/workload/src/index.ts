export * from './payload.ts';
export { SeededRandom } from './seeded-random.ts';
