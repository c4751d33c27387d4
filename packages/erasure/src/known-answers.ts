/**
 * Parity as ISA-L 2.30 computes it (gf_gen_rs_matrix, ec_init_tables, ec_encode_data): what every codec here is held
 * against, in tests and once at start. Byte j of data chunk i is 37 i + 11 j² + 5 j + 1 modulo 256.
 */
import type { Codec } from './codec.ts';

/** Parity chunks of one shape, in hexadecimal. */
export interface KnownAnswer {
  readonly dataChunks: number;
  readonly parityChunks: number;
  readonly parity: readonly string[];
}

/** Chunks of 32 bytes. */
export const knownAnswers: readonly KnownAnswer[] = [
  {
    dataChunks: 2,
    parityChunks: 1,
    parity: ['27276beb2f7f7b5be767dbfbff2f6beb27272beb2fdf5b7b67273bdb5f6f2beb'],
  },
  {
    dataChunks: 4,
    parityChunks: 2,
    parity: [
      '1cfc4cb41494947c8c8cfc949414b4cc7c1c0c94f4b4749c4c4c1cb474b4148c',
      'db78e8d38ddc35f0c3030a261c24c0c1a5a138ed87ccecfa9a1d1a25d6fa64b1',
    ],
  },
  {
    dataChunks: 10,
    parityChunks: 2,
    parity: [
      '8f0f83e3a7a7c3e35fdf6343a7a763830f8f4363272783a3bfffe303e767a343',
      '465a0b7880a26210e16519eece01501962cf5e8be618215f6689b65bed23fb0b',
    ],
  },
  {
    dataChunks: 10,
    parityChunks: 4,
    parity: [
      '8f0f83e3a7a7c3e35fdf6343a7a763830f8f4363272783a3bfffe303e767a343',
      '465a0b7880a26210e16519eece01501962cf5e8be618215f6689b65bed23fb0b',
      '333c5a51c7d74a399f58460336b63dde52cc933de8ef76f1e4870bbc1f5a2e54',
      'c16c10bd5e54abc243d9d32b94d529034150f1112ced28e4479ae7a172365b24',
    ],
  },
];

/** The data chunks that the answers are for. */
export function knownData(dataChunks: number, chunkBytes: number): Uint8Array[] {
  return Array.from({ length: dataChunks }, (_, i) =>
    Uint8Array.from({ length: chunkBytes }, (_, j) => 37 * i + 11 * j * j + 5 * j + 1),
  );
}

/** Whether codecs made this way give ISA-L's parity and bring back lost chunks, in the loops' whole steps and beside them. */
export function givesKnownAnswers(create: (dataChunks: number, parityChunks: number) => Codec): boolean {
  return knownAnswers.every(({ dataChunks, parityChunks, parity }) => {
    const codec = create(dataChunks, parityChunks);
    const data = knownData(dataChunks, 32).map((chunk) => repeated(chunk));
    const expected = parity.map((hex) => repeated(Buffer.from(hex, 'hex')));
    const made = expected.map(({ length }) => new Uint8Array(length));
    codec.encode(data, made);
    const all = [...data, ...made];
    const lost = Array.from({ length: parityChunks }, (_, index) => index);
    const rebuilt = codec.rebuild(
      all.map((chunk, index) => (index < parityChunks ? undefined : chunk)),
      all[0]?.length ?? 0,
      lost,
    );
    return (
      made.every((chunk, row) => isEqual(chunk, expected[row])) &&
      lost.every((index) => isEqual(rebuilt.get(index), data[index]))
    );
  });
}

/** Three times, which is one step of the loops and a half. */
function repeated(chunk: Uint8Array): Uint8Array {
  return Buffer.concat([chunk, chunk, chunk]);
}

function isEqual(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one !== undefined && other !== undefined && Buffer.compare(one, other) === 0;
}
