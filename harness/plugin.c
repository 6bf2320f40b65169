/* plugin.c -- variants out of shared objects. */
#define _GNU_SOURCE
#include "plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <nettle/sha2.h>

#include "registry.h"
#include "text.h"

enum { DIGEST = 65 }; /* characters of a SHA-256, with the closing NUL */

static int refuse(struct attn_error *error, const char *path, const char *form, ...)
    __attribute__((format(printf, 3, 4)));
static int refuse(struct attn_error *error, const char *path, const char *form, ...) {
    char why[400];
    va_list args;
    va_start(args, form);
    vsnprintf(why, sizeof why, form, args);
    va_end(args);
    snprintf(error->text, sizeof error->text, "plugin %s: %s", path, why);
    return -1;
}

/* The SHA-256 of the file in hexadecimal. */
static int digest_of(const char *path, char digest[DIGEST], struct attn_error *error) {
    struct sha256_ctx context;
    uint8_t sum[SHA256_DIGEST_SIZE];
    struct stat st;
    size_t n;
    if (stat(path, &st)) return refuse(error, path, "cannot be read: %s", strerror(errno));
    if (!S_ISREG(st.st_mode)) return refuse(error, path, "is no file");
    char *bytes = read_file(path, &n);
    if (!bytes) return refuse(error, path, "cannot be read: %s", strerror(errno));
    sha256_init(&context);
    sha256_update(&context, n, (const uint8_t *)bytes);
    sha256_digest(&context, sizeof sum, sum);
    for (size_t i = 0; i < sizeof sum; i++) sprintf(digest + 2 * i, "%02x", sum[i]);
    free(bytes);
    return 0;
}

/* The plugin and this program were built with the same attn.h, as far as layouts go. */
static int verify_sizes(const char *path, const struct attn_plugin *p, struct attn_error *error) {
    const struct {
        const char *name;
        size_t theirs, ours;
    } sizes[] = {{"attn_plugin", p->struct_size, sizeof *p},
                 {"attn_variant", p->variant_size, sizeof(struct attn_variant)},
                 {"attn_problem", p->problem_size, sizeof(struct attn_problem)},
                 {"attn_call", p->call_size, sizeof(struct attn_call)},
                 {"attn_param", p->param_size, sizeof(struct attn_param)},
                 {"attn_tensor", p->tensor_size, sizeof(struct attn_tensor)}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i].theirs != sizes[i].ours)
            return refuse(
                error, path,
                "built with %s attn.h (struct %s has %zu bytes there, %zu here); build it again with "
                "the attn.h of this program",
                sizes[i].theirs > sizes[i].ours ? "a newer" : "an older", sizes[i].name, sizes[i].theirs,
                sizes[i].ours);
    return 0;
}

static int verify(const char *path, const struct attn_plugin *p, struct attn_error *error) {
    if (!p)
        return refuse(error, path,
                      "is no plugin: it has no symbol attn_plugin; end its source with "
                      "ATTN_PLUGIN(&attn_variant_NAME);");
    if (p->magic != ATTN_MAGIC)
        return refuse(error, path, "is no plugin: its attn_plugin has the magic 0x%08x, not 0x%08x", p->magic,
                      ATTN_MAGIC);
    if (p->abi != ATTN_ABI)
        return refuse(error, path, "is too %s: built for ABI %u, and this program has %u; %s",
                      p->abi < ATTN_ABI ? "old" : "new", p->abi, ATTN_ABI,
                      p->abi < ATTN_ABI ? "build it again with the attn.h of this program"
                                        : "use a newer attnbench, or build it with the attn.h of this one");
    if (verify_sizes(path, p, error)) return -1;
    if (!p->variants || !p->variants[0]) return refuse(error, path, "holds no variant");
    return 0;
}

/* As plugin_load(), of a file whose digest is known. */
static int load(const char *path, const char *digest, struct attn_error *error) {
    struct attn_error why;
    char place[PATH_MAX];
    if (!realpath(path, place)) return refuse(error, path, "cannot be read: %s", strerror(errno));
    if (registry_has_plugin(place)) return 0;
    void *handle = dlopen(place, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *said = dlerror();
        size_t n = strlen(place);
        if (!strncmp(said, place, n) && said[n] == ':') said += n + 1 + (said[n + 1] == ' ');
        return refuse(error, path,
                      "cannot be loaded: %s; a plugin is a shared object, built with -fPIC -shared", said);
    }
    const struct attn_plugin *p = dlsym(handle, "attn_plugin");
    if (verify(path, p, error)) return -1;
    for (size_t i = 0; p->variants[i]; i++)
        if (registry_add(p->variants[i], place, digest, &why))
            return refuse(error, path, "variant %zu: %s", i + 1, why.text);
    return 0;
}

int plugin_load(const char *path, struct attn_error *error) {
    char digest[DIGEST];
    return digest_of(path, digest, error) || load(path, digest, error) ? -1 : 0;
}

int plugin_reload(const struct doc *d, struct attn_error *error) {
    const char *path = doc_str(d, "path", "");
    char digest[DIGEST];
    if (registry_has_plugin(path)) return 0; /* by an earlier point of the same job */
    if (digest_of(path, digest, error)) return -1;
    if (strcmp(digest, doc_str(d, "sha256", "")))
        return refuse(error, path, "has changed since the sweep was planned; start a new run");
    return load(path, digest, error);
}

struct doc *plugin_doc(const struct attn_variant *v) {
    const char *digest, *path = registry_plugin(v, &digest);
    if (!path) return NULL;
    struct doc *d = doc_object();
    doc_put_str(d, "path", path);
    doc_put_str(d, "sha256", digest);
    return d;
}

struct doc *plugin_docs(void) {
    struct doc *all = doc_array(), *last = NULL;
    for (size_t i = 0; i < registry_count(); i++) { /* those of one plugin stand together */
        const struct attn_variant *v = registry_at(i);
        const char *path = registry_plugin(v, NULL);
        if (!path) continue;
        if (!last || strcmp(doc_str(last, "path", ""), path)) {
            last = plugin_doc(v);
            doc_put(last, "variants", doc_array());
            doc_add(all, last);
        }
        doc_add(doc_get(last, "variants"), doc_string(v->name));
    }
    return all;
}

const char *plugin_object(const void *code) {
    Dl_info info;
    if (!dladdr(code, &info) || !info.dli_fname) return "";
    const char *slash = strrchr(info.dli_fname, '/');
    return slash ? slash + 1 : info.dli_fname;
}
