/** The part of WebAssembly's JavaScript interface that the codec uses: neither Node's types nor TypeScript's have it without a browser's. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Memory {
    constructor(pages: { readonly initial: number; readonly maximum: number });
    readonly buffer: ArrayBuffer;
  }
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, Memory>>>>);
    readonly exports: Readonly<Partial<Record<string, unknown>>>;
  }
  function validate(bytes: Uint8Array): boolean;
}
