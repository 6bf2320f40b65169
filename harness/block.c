/* block.c -- memory between guard pages. */
#include "block.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ALIGN = 64, SLACK = 0x5a };

static size_t page(void) { return (size_t)sysconf(_SC_PAGESIZE); }

/* ---- blocks that were freed --------------------------------------------------------------------- */

enum { KEPT_MAX = 64 };

static struct {
    struct kept {
        char *map;
        size_t bytes;
    } all[KEPT_MAX]; /* the oldest first */
    size_t n, bytes, most;
} kept;

static struct kept take(size_t at) {
    struct kept one = kept.all[at];
    kept.bytes -= one.bytes;
    memmove(kept.all + at, kept.all + at + 1, (--kept.n - at) * sizeof one);
    return one;
}

static char *again(size_t map_bytes) {
    for (size_t i = kept.n; i-- > 0;)
        if (kept.all[i].bytes == map_bytes) return take(i).map;
    return NULL;
}

static void drop_oldest(void) {
    struct kept one = take(0);
    munmap(one.map, one.bytes);
}

/* Keeps the block, in place of older ones where there is no room; 0: not even then. */
static int keep(struct block *b) {
    if (b->map_bytes > kept.most) return 0;
    block_writable(b);
    while (kept.n == KEPT_MAX || kept.bytes + b->map_bytes > kept.most) drop_oldest();
    kept.all[kept.n++] = (struct kept){b->map, b->map_bytes};
    kept.bytes += b->map_bytes;
    return 1;
}

void block_recycle(size_t most) {
    kept.most = most;
    while (kept.bytes > most) drop_oldest();
}

/* ---- one block ----------------------------------------------------------------------------------- */

static int map_fresh(struct block *b, size_t inside) {
    b->map = mmap(NULL, b->map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (b->map == MAP_FAILED) return -1;
    if (inside == 0 || !mprotect(b->map + page(), inside, PROT_READ | PROT_WRITE)) return 0;
    munmap(b->map, b->map_bytes);
    return -1;
}

int block_make(struct block *b, size_t bytes) {
    size_t whole = (bytes + ALIGN - 1) / ALIGN * ALIGN, inside = (whole + page() - 1) / page() * page();
    if (inside < bytes || inside > SIZE_MAX / 2) return -1;
    b->map_bytes = inside + 2 * page();
    b->map = again(b->map_bytes);
    if (!b->map && map_fresh(b, inside)) return -1;
    b->data = b->map + page() + inside - whole;
    b->bytes = bytes;
    memset(b->data + bytes, SLACK, whole - bytes);
    return 0;
}

void block_free(struct block *b) {
    if (b->map && !keep(b)) munmap(b->map, b->map_bytes);
    *b = (struct block){0};
}

void block_fill(struct block *b, unsigned char pattern) { memset(b->data, pattern, b->bytes); }

int block_slack_intact(const struct block *b) {
    const char *end = b->map + b->map_bytes - page();
    for (const char *at = b->data + b->bytes; at < end; at++)
        if (*at != SLACK) return 0;
    return 1;
}

static void protect(struct block *b, int rights) {
    if (b->map_bytes > 2 * page()) mprotect(b->map + page(), b->map_bytes - 2 * page(), rights);
}

void block_read_only(struct block *b) { protect(b, PROT_READ); }
void block_writable(struct block *b) { protect(b, PROT_READ | PROT_WRITE); }

void block_huge(struct block *b) { madvise(b->map + page(), b->map_bytes - 2 * page(), MADV_HUGEPAGE); }

size_t block_extent(const struct block *b, unsigned char pattern) {
    size_t n = b->bytes;
    while (n > 0 && (unsigned char)b->data[n - 1] == pattern) n--;
    return n;
}
