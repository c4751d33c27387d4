/**
 * The loops over chunk bytes, in AssemblyScript: 128-bit SIMD, the same on x86-64 and arm64. `npm run kernel -w
 * packages/erasure` makes kernel.wasm of it, which is committed; a test builds it anew and compares.
 *
 * It owns no memory and keeps nothing between calls: the host lays out the one memory, which never grows, and gives
 * addresses. `sources` is the address of `count` addresses (32 bits each). Every length is a multiple of 64 from 64 on;
 * addresses need no alignment. Targets may not overlap sources, except where `add` says that they are added to.
 *
 * A table is 32 bytes: the products of one factor with 0 … 15, then with 0, 16 … 240. A byte's product is the sum of its
 * halves' products, which one shuffle each looks up.
 */

/**
 * Where the host has put 16 bytes 0x1d, the field's polynomial without its highest bit. V8 makes a constant vector anew,
 * with three instructions, wherever it is used; what was loaded stays in a register.
 */
const polynomialAt: usize = 0;

/** Where the host has put 16 bytes 0x0f. */
const halfMaskAt: usize = 16;

/** Bytes of one step: four vectors, so that their dependent operations overlap. */
const step: usize = 64;

/** Each of 16 elements times 2. */
// @ts-ignore: decorator
@inline
function double(x: v128, polynomial: v128): v128 {
  const carry = v128.and(i8x16.lt_s(x, i8x16.splat(0)), polynomial);
  return v128.xor(i8x16.add(x, x), carry);
}

// @ts-ignore: decorator
@inline
function highHalves(x: v128, mask: v128): v128 {
  return v128.and(i16x8.shr_u(x, 4), mask);
}

// @ts-ignore: decorator
@inline
function lowHalves(x: v128, mask: v128): v128 {
  return v128.and(x, mask);
}

/** The products of 16 elements, by the address of the factor's table. */
// @ts-ignore: decorator
@inline
function product(low: v128, high: v128, table: usize): v128 {
  return v128.xor(v128.swizzle(v128.load(table), low), v128.swizzle(v128.load(table, 16), high));
}

// @ts-ignore: decorator
@inline
function sourceAt(sources: usize, index: i32): usize {
  return <usize>load<u32>(sources + ((<usize>index) << 2));
}

/** target = the sum of all sources. */
export function sum(sources: usize, count: i32, target: usize, length: usize): void {
  for (let at: usize = 0; at < length; at += step) {
    let from = sourceAt(sources, 0) + at;
    let a = v128.load(from);
    let b = v128.load(from, 16);
    let c = v128.load(from, 32);
    let d = v128.load(from, 48);
    for (let index = 1; index < count; index++) {
      from = sourceAt(sources, index) + at;
      a = v128.xor(a, v128.load(from));
      b = v128.xor(b, v128.load(from, 16));
      c = v128.xor(c, v128.load(from, 32));
      d = v128.xor(d, v128.load(from, 48));
    }
    const to = target + at;
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
  }
}

/** plain = the sum of all sources, powers = the sum of source i × 2^i, by Horner's rule from the last source on. */
export function sumPair(sources: usize, count: i32, plain: usize, powers: usize, length: usize): void {
  const last = count - 1;
  const polynomial = v128.load(polynomialAt);
  for (let at: usize = 0; at < length; at += step) {
    let from = sourceAt(sources, last) + at;
    let a = v128.load(from);
    let b = v128.load(from, 16);
    let c = v128.load(from, 32);
    let d = v128.load(from, 48);
    let e = a;
    let f = b;
    let g = c;
    let h = d;
    for (let index = last - 1; index >= 0; index--) {
      e = double(e, polynomial);
      f = double(f, polynomial);
      g = double(g, polynomial);
      h = double(h, polynomial);
      from = sourceAt(sources, index) + at;
      const w = v128.load(from);
      const x = v128.load(from, 16);
      const y = v128.load(from, 32);
      const z = v128.load(from, 48);
      a = v128.xor(a, w);
      b = v128.xor(b, x);
      c = v128.xor(c, y);
      d = v128.xor(d, z);
      e = v128.xor(e, w);
      f = v128.xor(f, x);
      g = v128.xor(g, y);
      h = v128.xor(h, z);
    }
    v128.store(plain + at, a);
    v128.store(plain + at, b, 16);
    v128.store(plain + at, c, 32);
    v128.store(plain + at, d, 48);
    v128.store(powers + at, e);
    v128.store(powers + at, f, 16);
    v128.store(powers + at, g, 32);
    v128.store(powers + at, h, 48);
  }
}

/**
 * Two lost data chunks from the others and both sums. `sources` are all data chunks, address 0 where lost, and then the
 * two parity chunks. With s and t the parity chunks minus the others' share: first = table 0 of s + table 1 of t, second =
 * s + first.
 */
export function solvePair(
  sources: usize,
  count: i32,
  first: usize,
  second: usize,
  tables: usize,
  length: usize,
): void {
  const polynomial = v128.load(polynomialAt);
  for (let at: usize = 0; at < length; at += step) {
    let a = i8x16.splat(0);
    let b = i8x16.splat(0);
    let c = i8x16.splat(0);
    let d = i8x16.splat(0);
    let e = i8x16.splat(0);
    let f = i8x16.splat(0);
    let g = i8x16.splat(0);
    let h = i8x16.splat(0);
    for (let index = count - 1; index >= 0; index--) {
      e = double(e, polynomial);
      f = double(f, polynomial);
      g = double(g, polynomial);
      h = double(h, polynomial);
      const source = sourceAt(sources, index);
      if (source == 0) continue;
      const w = v128.load(source + at);
      const x = v128.load(source + at, 16);
      const y = v128.load(source + at, 32);
      const z = v128.load(source + at, 48);
      a = v128.xor(a, w);
      b = v128.xor(b, x);
      c = v128.xor(c, y);
      d = v128.xor(d, z);
      e = v128.xor(e, w);
      f = v128.xor(f, x);
      g = v128.xor(g, y);
      h = v128.xor(h, z);
    }
    let from = sourceAt(sources, count) + at;
    a = v128.xor(a, v128.load(from));
    b = v128.xor(b, v128.load(from, 16));
    c = v128.xor(c, v128.load(from, 32));
    d = v128.xor(d, v128.load(from, 48));
    from = sourceAt(sources, count + 1) + at;
    e = v128.xor(e, v128.load(from));
    f = v128.xor(f, v128.load(from, 16));
    g = v128.xor(g, v128.load(from, 32));
    h = v128.xor(h, v128.load(from, 48));
    const mask = v128.load(halfMaskAt);
    solveVector(first + at, second + at, a, e, tables, mask);
    solveVector(first + at + 16, second + at + 16, b, f, tables, mask);
    solveVector(first + at + 32, second + at + 32, c, g, tables, mask);
    solveVector(first + at + 48, second + at + 48, d, h, tables, mask);
  }
}

// @ts-ignore: decorator
@inline
function solveVector(first: usize, second: usize, s: v128, t: v128, tables: usize, mask: v128): void {
  const x = v128.xor(
    product(lowHalves(s, mask), highHalves(s, mask), tables),
    product(lowHalves(t, mask), highHalves(t, mask), tables + 32),
  );
  v128.store(first, x);
  v128.store(second, v128.xor(s, x));
}

/** target = the sum of source i × the factor of table i; with `add`, that is added to what the target holds. */
export function weigh(sources: usize, count: i32, target: usize, tables: usize, length: usize, add: bool): void {
  const mask = v128.load(halfMaskAt);
  for (let at: usize = 0; at < length; at += 32) {
    const to = target + at;
    let a = add ? v128.load(to) : i8x16.splat(0);
    let b = add ? v128.load(to, 16) : i8x16.splat(0);
    let table = tables;
    for (let index = 0; index < count; index++) {
      const from = sourceAt(sources, index) + at;
      const x = v128.load(from);
      const y = v128.load(from, 16);
      a = v128.xor(a, product(lowHalves(x, mask), highHalves(x, mask), table));
      b = v128.xor(b, product(lowHalves(y, mask), highHalves(y, mask), table));
      table += 32;
    }
    v128.store(to, a);
    v128.store(to, b, 16);
  }
}

/** Two targets at once, as {@link weigh}: of source i, table 2 i is for the first target, 2 i + 1 for the second. */
export function weighPair(
  sources: usize,
  count: i32,
  first: usize,
  second: usize,
  tables: usize,
  length: usize,
  add: bool,
): void {
  const mask = v128.load(halfMaskAt);
  for (let at: usize = 0; at < length; at += 32) {
    let a = add ? v128.load(first + at) : i8x16.splat(0);
    let b = add ? v128.load(first + at, 16) : i8x16.splat(0);
    let c = add ? v128.load(second + at) : i8x16.splat(0);
    let d = add ? v128.load(second + at, 16) : i8x16.splat(0);
    let table = tables;
    for (let index = 0; index < count; index++) {
      const from = sourceAt(sources, index) + at;
      const x = v128.load(from);
      const y = v128.load(from, 16);
      const xLow = lowHalves(x, mask);
      const xHigh = highHalves(x, mask);
      const yLow = lowHalves(y, mask);
      const yHigh = highHalves(y, mask);
      a = v128.xor(a, product(xLow, xHigh, table));
      b = v128.xor(b, product(yLow, yHigh, table));
      c = v128.xor(c, product(xLow, xHigh, table + 32));
      d = v128.xor(d, product(yLow, yHigh, table + 32));
      table += 64;
    }
    v128.store(first + at, a);
    v128.store(first + at, b, 16);
    v128.store(second + at, c);
    v128.store(second + at, d, 16);
  }
}

/**
 * plain += the sum of all sources, powers += (the sum of source i × 2^i) × the table's factor: what a run of consecutive
 * chunks adds to the first two parity chunks, the factor being the weight of the run's first one.
 */
export function addPair(
  sources: usize,
  count: i32,
  plain: usize,
  powers: usize,
  table: usize,
  length: usize,
): void {
  const last = count - 1;
  const mask = v128.load(halfMaskAt);
  const polynomial = v128.load(polynomialAt);
  for (let at: usize = 0; at < length; at += 32) {
    let from = sourceAt(sources, last) + at;
    let a = v128.load(from);
    let b = v128.load(from, 16);
    let c = a;
    let d = b;
    for (let index = last - 1; index >= 0; index--) {
      from = sourceAt(sources, index) + at;
      const x = v128.load(from);
      const y = v128.load(from, 16);
      a = v128.xor(a, x);
      b = v128.xor(b, y);
      c = v128.xor(double(c, polynomial), x);
      d = v128.xor(double(d, polynomial), y);
    }
    const p = plain + at;
    const q = powers + at;
    v128.store(p, v128.xor(v128.load(p), a));
    v128.store(p, v128.xor(v128.load(p, 16), b), 16);
    v128.store(q, v128.xor(v128.load(q), product(lowHalves(c, mask), highHalves(c, mask), table)));
    v128.store(q, v128.xor(v128.load(q, 16), product(lowHalves(d, mask), highHalves(d, mask), table)), 16);
  }
}
