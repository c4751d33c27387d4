export * from './errors.ts';
export * from './link/index.ts';
export * from './resp/index.ts';
