/* block.h -- memory between guard pages. */
#ifndef BLOCK_H
#define BLOCK_H

#include <stddef.h>

/* `bytes` at `data`, on a boundary of 64, ending at an unreadable page but for the slack that the
   boundary costs (at most 63 bytes, which hold a pattern). */
struct block {
    char *data;
    size_t bytes;
    char *map;
    size_t map_bytes;
};

/* 0, or -1 where the system has not that much. Pages are untouched, unless block_recycle() was called. */
int block_make(struct block *, size_t bytes);
void block_free(struct block *);

/* From now on up to `most` bytes of freed blocks are kept and handed out again as they are, to whom asks for as many pages:
   mapping, clearing and unmapping pages costs more than most small tests do. 0: none, and those kept are freed. For one
   thread. */
void block_recycle(size_t most);

void block_fill(struct block *, unsigned char pattern); /* touches every page */
int block_slack_intact(const struct block *);           /* 0: someone wrote behind the end */
void block_read_only(struct block *);                   /* writing now ends the process */
void block_writable(struct block *);

void block_huge(struct block *); /* asks for huge pages, before any is touched */

/* The highest offset whose byte is not `pattern`, plus one. */
size_t block_extent(const struct block *, unsigned char pattern);

#endif
