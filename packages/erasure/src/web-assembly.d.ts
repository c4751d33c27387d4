/** The part of WebAssembly's JavaScript interface that the codec uses: neither Node's types nor TypeScript's have it without a browser's. */
declare namespace WebAssembly {
  interface Module {
    readonly [Symbol.toStringTag]: 'WebAssembly.Module';
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  interface Instance {
    readonly exports: Readonly<Partial<Record<string, unknown>>>;
  }
  const Module: new (bytes: Uint8Array) => Module;
  const Memory: new (pages: { readonly initial: number; readonly maximum: number }) => Memory;
  const Instance: new (module: Module, imports: { readonly env: { readonly memory: Memory } }) => Instance;
  function validate(bytes: Uint8Array): boolean;
}
