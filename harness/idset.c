/* idset.c -- a set of ids: open addressing, at most half full. */
#include "idset.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

/* The slot that holds the id, or the free one where it belongs. */
static size_t find(const struct idset *s, const char *id) {
    size_t at = (size_t)fingerprint(id) % s->room;
    while (s->slots[at] && strcmp(s->slots[at], id)) at = (at + 1) % s->room;
    return at;
}

int idset_has(const struct idset *s, const char *id) { return s->room && s->slots[find(s, id)]; }

int idset_add(struct idset *s, const char *id) {
    if (idset_has(s, id)) return 0;
    if (2 * (s->count + 1) > s->room) {
        struct idset larger = {.room = s->room ? 2 * s->room : 64, .count = s->count};
        larger.slots =
            memset(xmalloc(larger.room * sizeof *larger.slots), 0, larger.room * sizeof *larger.slots);
        for (size_t i = 0; i < s->room; i++)
            if (s->slots[i]) larger.slots[find(&larger, s->slots[i])] = s->slots[i];
        free(s->slots);
        *s = larger;
    }
    s->slots[find(s, id)] = xstrdup(id);
    s->count++;
    return 1;
}

void idset_free(struct idset *s) {
    for (size_t i = 0; i < s->room; i++) free(s->slots[i]);
    free(s->slots);
    *s = (struct idset){0};
}
