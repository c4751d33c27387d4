/*
 * ISA-L beside SION's codec: one shape per process, data that both sides make alike, one measurement per line of input,
 * so that the two alternate in one run. gcc -O2 isal.c -lisal
 *
 *   usage: isal DATA PARITY CHUNK_BYTES
 *   input: verify                      output: the CRC-32 of each parity chunk, as 8 digits each, or "wrong"
 *          PATH WORK REPEATS           output: the processor's nanoseconds for all repeats
 *   PATH is auto, avx2 or c (of the library itself); WORK is encode, rebuild1, rebuild2 or memcpy.
 */
#include <isa-l/crc.h>
#include <isa-l/erasure_code.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The forms that the library chooses from; its headers do not tell. */
extern void ec_encode_data_base(int, int, int, unsigned char *, unsigned char **, unsigned char **);
#ifdef __x86_64__
extern void ec_encode_data_avx2(int, int, int, unsigned char *, unsigned char **, unsigned char **);
#endif

typedef void (*encoder)(int, int, int, unsigned char *, unsigned char **, unsigned char **);

static int data_chunks, parity_chunks, chunk_bytes;
static unsigned char *chunks[32], *spare[4], *copy;
static unsigned char matrix[32 * 32], encode_tables[32 * 32 * 32], rebuild_tables[32 * 32 * 32];

static unsigned char *memory(size_t bytes) {
  void *got = NULL;
  if (posix_memalign(&got, 4096, bytes + 4096) != 0) exit(1);
  memset(got, 1, bytes);
  return got;
}

static void fill(unsigned char *chunk, uint32_t seed) {
  uint32_t state = seed * 0x9e3779b1u + 1;
  for (int at = 0; at < chunk_bytes; at++) {
    state = state * 1664525u + 1013904223u;
    chunk[at] = state >> 24;
  }
}

/* Data chunks 0 … lost - 1 from the others, as ISA-L's own examples do it. */
static void prepare_rebuild(int lost, unsigned char **sources) {
  unsigned char left[32 * 32], inverse[32 * 32];
  for (int row = 0; row < data_chunks; row++) {
    sources[row] = chunks[row + lost];
    memcpy(left + row * data_chunks, matrix + (row + lost) * data_chunks, data_chunks);
  }
  if (gf_invert_matrix(left, inverse, data_chunks) != 0) exit(1);
  ec_init_tables(data_chunks, lost, inverse, rebuild_tables);
}

static encoder encoder_of(const char *path) {
#ifdef __x86_64__
  if (strcmp(path, "avx2") == 0) return ec_encode_data_avx2;
#endif
  if (strcmp(path, "c") == 0) return ec_encode_data_base;
  return ec_encode_data;
}

static void verify(void) {
  unsigned char *sources[32];
  ec_encode_data(chunk_bytes, data_chunks, parity_chunks, encode_tables, chunks, chunks + data_chunks);
  for (int lost = 1; lost <= parity_chunks; lost++) {
    prepare_rebuild(lost, sources);
    ec_encode_data(chunk_bytes, data_chunks, lost, rebuild_tables, sources, spare);
    for (int at = 0; at < lost; at++) {
      if (memcmp(spare[at], chunks[at], chunk_bytes) != 0) {
        puts("wrong");
        return;
      }
    }
  }
  for (int row = 0; row < parity_chunks; row++) {
    printf("%s%08x", row == 0 ? "" : " ", crc32_gzip_refl(0, chunks[data_chunks + row], chunk_bytes));
  }
  puts("");
}

static long long measure(const char *path, const char *work, int repeats) {
  unsigned char *sources[32];
  struct timespec begun, ended;
  encoder encode = encoder_of(path);
  int lost = strcmp(work, "rebuild1") == 0 ? 1 : 2;
  if (strncmp(work, "rebuild", 7) == 0) prepare_rebuild(lost, sources);
  /* The first one brings into the caches what may be there, and does not count. */
  for (int repeat = -1; repeat < repeats; repeat++) {
    if (repeat == 0) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begun);
    if (strcmp(work, "encode") == 0) {
      encode(chunk_bytes, data_chunks, parity_chunks, encode_tables, chunks, chunks + data_chunks);
    } else if (strcmp(work, "memcpy") == 0) {
      for (int index = 0; index < data_chunks; index++) memcpy(copy + (size_t)index * chunk_bytes, chunks[index], chunk_bytes);
    } else {
      encode(chunk_bytes, data_chunks, lost, rebuild_tables, sources, spare);
    }
  }
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ended);
  return (ended.tv_sec - begun.tv_sec) * 1000000000LL + (ended.tv_nsec - begun.tv_nsec);
}

int main(int count, char **arguments) {
  char line[100], path[32], work[32];
  int repeats;
  if (count != 4) return 2;
  data_chunks = atoi(arguments[1]);
  parity_chunks = atoi(arguments[2]);
  chunk_bytes = atoi(arguments[3]);
  /* Chunks do not begin at the same place of a page, as they do not on the other side. */
  for (int index = 0; index < data_chunks + parity_chunks; index++) {
    chunks[index] = memory(chunk_bytes + 192 * 32) + 192 * index;
    if (index < data_chunks) fill(chunks[index], index);
  }
  for (int at = 0; at < 4; at++) spare[at] = memory(chunk_bytes + 192 * 32) + 192 * (at + 20);
  copy = memory((size_t)data_chunks * chunk_bytes);
  gf_gen_rs_matrix(matrix, data_chunks + parity_chunks, data_chunks);
  ec_init_tables(data_chunks, parity_chunks, matrix + data_chunks * data_chunks, encode_tables);
  setvbuf(stdout, NULL, _IOLBF, 0);
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (strncmp(line, "verify", 6) == 0) verify();
    else if (sscanf(line, "%31s %31s %d", path, work, &repeats) == 3) printf("%lld\n", measure(path, work, repeats));
    else return 2;
  }
  return 0;
}
