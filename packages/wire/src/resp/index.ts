export * from './inline.ts';
export * from './protocol-error.ts';
export * from './reply.ts';
export * from './reply-writer.ts';
export * from './request-parser.ts';
