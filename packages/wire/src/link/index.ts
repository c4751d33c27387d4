export { encodeFrame } from './encode-frame.ts';
export * from './invocation.ts';
export * from './limits.ts';
export type { LinkDecoderOptions } from './link-decoder.ts';
export { LinkDecoder } from './link-decoder.ts';
export type { LinkFault } from './link-protocol-error.ts';
export { LinkProtocolError } from './link-protocol-error.ts';
export * from './message.ts';
