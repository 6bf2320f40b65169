/* report_weights.c -- heat maps and head statistics that were drawn into the folder of a run. */
#include "report_weights.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static int is_json(const struct dirent *e) {
    size_t n = strlen(e->d_name);
    return n > 5 && *e->d_name != '.' && !strcmp(e->d_name + n - 5, ".json");
}

/* The document of one pair of files; NULL where it is none. */
static struct doc *read_pair(const char *folder, const char *name) {
    char *json_path = format("%s/%s.json", folder, name), *svg_path = format("%s/%s.svg", folder, name);
    char *json = read_file(json_path, NULL), *svg = read_file(svg_path, NULL), error[200] = "cannot be read";
    struct doc *told = json ? doc_parse(json, strlen(json), error) : NULL;
    if (told && !doc_is_object(told)) {
        snprintf(error, sizeof error, "it is no object");
        doc_free(told);
        told = NULL;
    }
    if (!told) warn("%s: %s; it is left out of the page", json_path, error);
    else if (!svg) {
        warn("%s is missing; %s.json is left out of the page: draw both again with 'attnbench weights'",
             svg_path, name);
        doc_free(told);
        told = NULL;
    } else {
        doc_put_str(told, "name", name);
        doc_put_str(told, "svg", svg);
    }
    free(json_path), free(svg_path), free(json), free(svg);
    return told;
}

struct doc *report_weights(const char *dir) {
    struct doc *all = doc_array();
    struct dirent **found;
    char *folder = format("%s/weights", dir);
    int n = scandir(folder, &found, is_json, alphasort);
    for (int i = 0; i < n; i++) {
        found[i]->d_name[strlen(found[i]->d_name) - 5] = 0;
        struct doc *one = read_pair(folder, found[i]->d_name);
        if (one) doc_add(all, one);
        free(found[i]);
    }
    if (n >= 0) free(found);
    free(folder);
    return all;
}
