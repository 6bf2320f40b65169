/* block.c -- memory between guard pages. */
#include "block.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ALIGN = 64, SLACK = 0x5a };

static size_t page(void) { return (size_t)sysconf(_SC_PAGESIZE); }

int block_make(struct block *b, size_t bytes) {
    size_t whole = (bytes + ALIGN - 1) / ALIGN * ALIGN, inside = (whole + page() - 1) / page() * page();
    if (inside < bytes || inside > SIZE_MAX / 2) return -1;
    b->map_bytes = inside + 2 * page();
    b->map = mmap(NULL, b->map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (b->map == MAP_FAILED) return -1;
    if (inside && mprotect(b->map + page(), inside, PROT_READ | PROT_WRITE)) {
        munmap(b->map, b->map_bytes);
        return -1;
    }
    b->data = b->map + page() + inside - whole;
    b->bytes = bytes;
    memset(b->data + bytes, SLACK, whole - bytes);
    return 0;
}

void block_free(struct block *b) {
    if (b->map) munmap(b->map, b->map_bytes);
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

size_t block_extent(const struct block *b, unsigned char pattern) {
    size_t n = b->bytes;
    while (n > 0 && (unsigned char)b->data[n - 1] == pattern) n--;
    return n;
}
