export * from './invocation.ts';
export * from './message.ts';
