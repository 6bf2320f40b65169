/* idset.h -- a set of ids. */
#ifndef IDSET_H
#define IDSET_H

#include <stddef.h>

struct idset { /* starts as {0} */
    char **slots;
    size_t room, count;
};

int idset_has(const struct idset *, const char *id);
int idset_add(struct idset *, const char *id); /* 0 where it was there already */
void idset_free(struct idset *);

#endif
