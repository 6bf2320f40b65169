/* plan.c -- a sweep as data: the axes multiplied out, every point with what it needs. */
#include "plan.h"

#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "axis.h"
#include "child.h"
#include "claims.h"
#include "entry_tensors.h"
#include "group_axes.h"
#include "idset.h"
#include "inputs.h"
#include "layered.h"
#include "params.h"
#include "plugin.h"
#include "plugins_asked.h"
#include "position_kinds.h"
#include "problem.h"
#include "registry.h"
#include "rotation.h"
#include "section_layer.h"
#include "sections.h"
#include "tensor_source.h"
#include "tensors.h"

enum { POINTS_MAX = 100000, MAPS_MAX = 64 << 20 /* bytes, of all points together */ };

struct plan {
    struct reader reader;
    const struct run_options *options;
    const struct doc *sweep;
    struct doc *points;
    struct idset ids;       /* theirs */
    struct doc *labels;     /* of all curves, those that the filter leaves out too; NULL: nobody asks */
    struct doc *absent;     /* optional variants that this build lacks */
    struct doc *known_maps; /* of functions of blocks */
    size_t maps_bytes;      /* of those in the points */
    struct entry entries[64];
    size_t nentries;
    int groups;
    int is_cold; /* calls find their inputs in no cache */
    regex_t filter;
};

/* ---- points ------------------------------------------------------------------------------------ */

static const char *shape_label(const struct attn_problem *p) {
    static char label[160];
    int n = snprintf(label, sizeof label, "b%dh%d", p->batch, p->heads);
    if (p->kv_heads != p->heads) n += snprintf(label + n, sizeof label - (size_t)n, "g%d", p->kv_heads);
    if (p->nq == p->nk) n += snprintf(label + n, sizeof label - (size_t)n, "n%d", p->nk);
    else n += snprintf(label + n, sizeof label - (size_t)n, "q%dk%d", p->nq, p->nk);
    n += snprintf(label + n, sizeof label - (size_t)n, "d%d", p->dk);
    if (p->dv != p->dk) n += snprintf(label + n, sizeof label - (size_t)n, "v%d", p->dv);
    if (p->causal_shift) n += snprintf(label + n, sizeof label - (size_t)n, ",shift=%d", p->causal_shift);
    if (p->softcap > 0)
        n += snprintf(label + n, sizeof label - (size_t)n, ",softcap=%.9g", (double)p->softcap);
    if (fabs(p->scale * sqrt(p->dk) - 1) > 1e-6)
        snprintf(label + n, sizeof label - (size_t)n, ",scale=%.9g", (double)p->scale);
    return label;
}

static void put_problem(struct doc *point, const struct attn_problem *p) {
    doc_put_num(point, "shape.batch", p->batch);
    doc_put_num(point, "shape.heads", p->heads);
    doc_put_num(point, "shape.kv_heads", p->kv_heads);
    doc_put_num(point, "shape.nq", p->nq);
    doc_put_num(point, "shape.nk", p->nk);
    doc_put_num(point, "shape.dk", p->dk);
    doc_put_num(point, "shape.dv", p->dv);
    doc_put_str(point, "mask", problem_mask_name(p->mask));
    doc_put_num(point, "logits.scale", (double)p->scale);
    doc_put_num(point, "logits.softcap", (double)p->softcap);
    doc_put_num(point, "logits.shift", p->causal_shift);
    doc_put_num(point, "seed", (double)p->seed);
    doc_put_num(point, "threads", p->threads);
}

/* What the layer adds to the needs of its operator, and what it reads and writes instead of q, k, v and o. */
static void put_layer(const struct layered *l, struct attn_need *need, struct attn_cost *cost, double *inputs,
                      double *outputs) {
    struct attn_need in = {.struct_size = sizeof in}, out = in;
    attn_layer_size(&l->layer, &in, &out);
    need->state += in.state + out.state;
    need->scratch += in.scratch + out.scratch;
    cost->flops += attn_layer_in_flops(&l->layer) + attn_layer_out_flops(&l->layer);
    *inputs = (double)layered_bytes(l) + (l->stands_in ? *inputs : 0);
    *outputs = layered_output_bytes(l);
    cost->bytes = *inputs + *outputs;
}

static void put_growth(struct doc *point, const struct attn_variant *v, const void *params,
                       enum attn_mask mask) {
    struct attn_growths g = registry_growth(v, params, mask);
    doc_put_num(point, "growth.time", g.time.exponent);
    doc_put_num(point, "growth.memory", g.memory.exponent);
    doc_put_str(point, "growth.operations", g.time.formula);
    doc_put_str(point, "growth.steps", g.steps.formula);
    doc_put_str(point, "growth.path", g.path.formula);
}

/* What the point needs, or why it cannot be. */
static void put_need(struct doc *point, const struct attn_variant *v, const struct attn_problem *p,
                     const void *params, const char *refused) {
    struct layered layered;
    const struct doc *sources = doc_get(point, "tensors");
    struct attn_need need = {.struct_size = sizeof need};
    struct attn_cost cost = {.struct_size = sizeof cost};
    struct attn_error error;
    double extra = 0;
    if (!refused && problem_accept(v, p, params, &error)) refused = error.text;
    if (refused) {
        doc_put_str(point, "status", "unsupported");
        doc_put_str(point, "reason", refused);
        return;
    }
    v->size(p, params, &need);
    v->cost(p, params, NULL, &cost);
    for (size_t t = 0; t < tensors_count(v); t++) {
        const struct doc *source = sources ? doc_get(sources, v->tensors[t].name) : NULL;
        struct tensor_shape shape, stored;
        int failed = tensors_shape(v, &v->tensors[t], p, params, &shape, &error);
        if (!failed && source && tensor_source_open(source, &v->tensors[t], &shape, &stored, &error)) {
            doc_put_str(point, "status", "unsupported");
            doc_put_str(point, "reason", error.text);
            return;
        }
        if (!failed && (source || (v->tensors[t].role != ATTN_CARRY && !v->tensors[t].alias)))
            extra += (double)(source ? stored.count : shape.count) * sizeof(float);
    }
    size_t biases = positions_bias_count(doc_get(point, "positions"), p);
    double inputs = problem_input_bytes(p) + (double)biases * sizeof(float),
           outputs = problem_output_bytes(p);
    if (layered_sizes(point, p, &layered)) {
        put_layer(&layered, &need, &cost, &inputs, &outputs);
        need.state += positions_rope_floats(doc_get(point, "positions"), p) * sizeof(float);
    }
    doc_put_num(point, "need.state_bytes", (double)need.state);
    doc_put_num(point, "need.scratch_bytes", (double)need.scratch);
    doc_put_num(point, "need.inputs_bytes", inputs + extra);
    if (doc_get(point, "cache")) doc_put_num(point, "need.copies_bytes", rotation_bytes(inputs + outputs));
    doc_put_num(point, "need.outputs_bytes", outputs);
    doc_put_num(point, "cost.flops", cost.flops);
    doc_put_num(point, "cost.bytes", cost.bytes);
}

/* The name of the curve that the point belongs to: as the entry says it, so that "window = f(n)" is one curve
   although the window differs at every length. Several functions for one parameter are told apart by number. */
static char *series_of(const struct plan *plan, const struct entry *e, const struct doc *params,
                       struct doc *const *axes, const struct odometer *o, const char *isa) {
    const struct attn_variant *v = e->variant;
    struct text t = {0};
    text_add(&t, "%s", v->name);
    for (size_t i = 0; v->params && v->params[i].name; i++) {
        const struct attn_param *p = &v->params[i];
        int functions = 0;
        for (size_t x = 0; x <= o->at[i]; x++) functions += config_is_function(doc_at(axes[i], x));
        if (config_is_function(doc_at(axes[i], o->at[i]))) {
            text_add(&t, ",%s=f%.0d(n)", p->name, functions > 1 ? functions : 0);
            continue;
        }
        const struct doc *value = doc_get(params, p->name);
        int one_of_many = doc_len(axes[i]) > 1; /* its default is named as well */
        if (p->type == ATTN_CHOICE && (one_of_many || strcmp(doc_as_str(value), p->choices[(int)p->preset])))
            text_add(&t, ",%s=%s", p->name, doc_as_str(value));
        if (p->type != ATTN_CHOICE && (one_of_many || doc_as_num(value) != p->preset))
            text_add(&t, ",%s=%.10g", p->name, doc_as_num(value));
    }
    entry_tensors_name(&t, plan->entries, e, NULL);
    if (strcmp(isa, "best")) text_add(&t, "@%s", isa);
    return t.s;
}

/* A point that is there already is no second measurement: where a file or a function of n made two settings one, it
   is left out; where the config wrote it twice, that is a mistake. */
static int is_twin(struct plan *p, const struct doc *point, int by_chance) {
    const char *id = doc_str(point, "id", "");
    if (idset_add(&p->ids, id)) return 0;
    if (!by_chance)
        complain(&p->reader, "variants", 1, "the point %s is there twice; remove one of its entries", id);
    return 1;
}

/* Takes the point over. Each has its maps spelt out, since a worker sees nothing else. */
static void keep_point(struct plan *p, struct doc *point) {
    const struct doc *sources = doc_get(point, "tensors");
    for (size_t t = 0; t < doc_len(sources); t++)
        p->maps_bytes += strlen(doc_str(doc_at(sources, t), "blocks", ""));
    if (p->maps_bytes > MAPS_MAX)
        complain(
            &p->reader, "variants", 1,
            "the functions of blocks take more than %d MiB in the plan: take larger blocks, or fewer points",
            MAPS_MAX >> 20);
    doc_add(p->points, point);
}

struct common { /* of the points of a group */
    const struct attn_problem *problem;
    const struct doc *input, *positions, *layer; /* layer NULL: there is none */
    const char *refused;                         /* why there is no such input; NULL */
};

static void add_point(struct plan *p, const struct entry *e, const void *params, struct doc *const *axes,
                      const struct odometer *o, const char *isa, const struct common *group) {
    const struct attn_variant *v = e->variant;
    const struct attn_problem *problem = group->problem;
    const struct doc *input = group->input, *positions = group->positions, *layer = group->layer;
    const char *refused = group->refused;
    struct attn_error unplaced;
    struct doc *sources =
        entry_tensors_sources(&p->reader, e, problem, params, p->options->config, p->known_maps);
    if (!sources) return;
    struct doc *point = doc_object();
    struct text tensors = {0};
    text_append(&tensors, "", 0);
    entry_tensors_name(&tensors, p->entries, e, sources);
    char *label = params_label(v, params), *from = inputs_label(input, NULL);
    char *name = format("%s%s%s%s", v->name, *label ? "," : "", label, tensors.s);
    char *place = positions_are(positions, "none") ? xstrdup("") : positions_label(positions);
    char *id = format("%s/%s/%s/%s%s%s/t%d/s%.0f%s%s%s%s%s", name, shape_label(problem),
                      problem_mask_name(problem->mask), from, *place ? "/" : "", place, problem->threads,
                      (double)problem->seed, strcmp(isa, "best") ? "/" : "", strcmp(isa, "best") ? isa : "",
                      p->is_cold ? "/cold" : "", layer ? "/" : "", doc_str(layer, "label", ""));
    doc_put_str(point, "id", id);
    doc_put_str(point, "variant", v->name);
    doc_put_str(point, "kind", registry_kind(v));
    doc_put(point, "params", params_doc(v, params));
    char *series = series_of(p, e, doc_get(point, "params"), axes, o, isa);
    int by_chance = strstr(series, "(n)") || !strcmp(doc_str(input, "family", ""), "file");
    doc_put_str(point, "label", series);
    put_problem(point, problem);
    doc_put(point, "input", doc_copy(input));
    doc_put_str(point, "input_label", from);
    if (*place) doc_put(point, "positions", doc_copy(positions));
    if (*place) doc_put_str(point, "positions_label", place);
    doc_put_str(point, "isa", isa);
    if (p->is_cold) doc_put_str(point, "cache", "cold");
    if (layer) doc_put(point, "layer", doc_copy(layer));
    if (layer) doc_drop(doc_get(point, "layer"), "refused");
    doc_put_str(point, "family", registry_family(v));
    put_growth(point, v, params, problem->mask);
    doc_put_num(point, "group", p->groups);
    struct doc *plugin = plugin_doc(v);
    if (plugin) doc_put(point, "plugin", plugin);
    if (doc_len(sources)) doc_put(point, "tensors", sources);
    else doc_free(sources);
    if (!refused && positions_accept(positions, problem, v, layer && !layered_stands_in(input), &unplaced))
        refused = unplaced.text;
    put_need(point, v, problem, params, refused);
    if (p->labels && !doc_has_word(p->labels, series)) doc_add(p->labels, doc_string(series));
    if ((!p->options->filter || regexec(&p->filter, id, 0, NULL, 0) == 0) && !is_twin(p, point, by_chance))
        keep_point(p, point);
    else doc_free(point);
    free(tensors.s), free(label), free(from), free(place), free(name), free(id), free(series);
}

/* Sets every parameter of the entry for this combination; -1 after a complaint. */
static int set_params(struct plan *p, const struct entry *e, const struct odometer *o,
                      struct doc *const *axes, double n, void *params) {
    const struct attn_param *table = e->variant->params;
    for (size_t i = 0; table && table[i].name; i++) {
        struct doc *value = doc_copy(doc_at(axes[i], o->at[i]));
        struct attn_error error;
        if (config_is_function(value)) {
            double x = axis_value(&p->reader, value, table[i].name, n, table[i].type == ATTN_INT,
                                  table[i].min, table[i].max);
            doc_free(value);
            value = doc_number(x);
            if (isnan(x)) return doc_free(value), -1;
        }
        int failed = params_set(params, &table[i], value, &error);
        if (failed) complain(&p->reader, table[i].name, 1, "variants: %s: %s", e->variant->name, error.text);
        doc_free(value);
        if (failed) return -1;
    }
    return 0;
}

/* The points of one group: every entry, instruction set and parameter. */
static void add_group(struct plan *p, const struct doc *isas, const struct attn_problem *asked,
                      const struct doc *input, const struct doc *positions, const struct doc *layer) {
    struct attn_problem problem = *asked;
    struct attn_error refusal;
    int refused = inputs_adjust(input, &problem, &refusal) || inputs_suffice(input, &problem, &refusal);
    const struct common group = {&problem, input, positions, layer,
                                 refused ? refusal.text : doc_str(layer, "refused", NULL)};
    if (doc_get(p->sweep, "scale") == NULL) problem.scale = (float)(1 / sqrt((double)problem.dk));
    for (size_t x = 0; x < p->nentries; x++) {
        const struct entry *e = &p->entries[x];
        struct doc *axes[24] = {0};
        struct odometer o;
        size_t n = 0;
        for (const struct attn_param *t = e->variant->params; t && t->name && n < 23; t++, n++) {
            const struct doc *given = e->settings ? doc_get(e->settings, t->name) : NULL;
            axes[n] = doc_array();
            if (given && entry_tensors_is_pattern(e->variant, t->name, given)) given = NULL;
            if (!given)
                doc_add(axes[n], t->type == ATTN_CHOICE ? doc_string(t->choices[(int)t->preset])
                                                        : doc_number(t->preset));
            else if (!doc_is_array(given)) doc_add(axes[n], doc_copy(given));
            else
                for (size_t i = 0; i < doc_len(given); i++) doc_add(axes[n], doc_copy(doc_at(given, i)));
            if (doc_len(axes[n]) == 0) {
                complain(&p->reader, t->name, 1, "variants: %s: %s is an empty list", e->variant->name,
                         t->name);
                doc_add(axes[n], doc_number(t->preset));
            }
        }
        axes[n] = doc_copy(isas);
        odometer_start(&o, axes, n + 1);
        do {
            void *params = params_defaults(e->variant);
            if (!set_params(p, e, &o, axes, problem.nk, params))
                add_point(p, e, params, axes, &o, doc_as_str(doc_at(axes[n], o.at[n])), &group);
            free(params);
            if (doc_len(p->points) > POINTS_MAX)
                complain(&p->reader, "variants", 1, "the axes multiply to more than %d points", POINTS_MAX);
        } while (!p->reader.errors->length && odometer_next(&o));
        for (size_t i = 0; i <= n; i++) doc_free(axes[i]);
    }
    p->groups++;
}

/* ---- the whole --------------------------------------------------------------------------------- */

static double cost_of(const struct doc *point) {
    return doc_num(point, "shape.nq", 0) * doc_num(point, "shape.nk", 0) * doc_num(point, "shape.batch", 0) *
           doc_num(point, "shape.heads", 0);
}

/* Small problems first: their times predict the large ones. Equal sizes keep their order. */
static int by_size(const void *x, const void *y) {
    const struct doc *a = *(struct doc *const *)x, *b = *(struct doc *const *)y;
    double d = cost_of(a) - cost_of(b);
    if (d == 0) d = doc_num(a, "group", 0) - doc_num(b, "group", 0);
    if (d == 0) d = doc_num(a, "order", 0) - doc_num(b, "order", 0);
    return (d > 0) - (d < 0);
}

static struct doc *sorted(struct doc *points) {
    size_t n = doc_len(points);
    struct doc **all = xmalloc(n * sizeof *all), *out = doc_array();
    for (size_t i = 0; i < n; i++) {
        all[i] = doc_copy(doc_at(points, i));
        doc_put_num(all[i], "order", (double)i);
    }
    qsort(all, n, sizeof *all, by_size);
    for (size_t i = 0; i < n; i++) {
        doc_drop(all[i], "order");
        doc_add(out, all[i]);
    }
    free(all);
    doc_free(points);
    return out;
}

static void expand(struct plan *p) {
    struct group_axes axes;
    struct doc *isas = group_axes_isas(&p->reader, p->sweep);
    group_axes_read(&axes, &p->reader, p->sweep, p->options->config);
    double points = axes.count * (double)p->nentries;
    if (points > POINTS_MAX)
        complain(&p->reader, "shape", 1, "the axes multiply to %.0f points; at most %d", points, POINTS_MAX);
    if (!p->reader.errors->length) do {
            struct attn_problem problem;
            if (group_axes_problem(&axes, &p->reader, &problem)) continue;
            struct doc *layer = group_axes_layer(&axes, &p->reader, &problem);
            add_group(p, isas, &problem, group_axes_input(&axes), group_axes_positions(&axes), layer);
            doc_free(layer);
        } while (!p->reader.errors->length && group_axes_next(&axes));
    group_axes_free(&axes);
    doc_free(isas);
}

/* "configs/quick.lua" is "quick". */
static char *config_name(const char *path) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    return format("%.*s", dot && dot > base ? (int)(dot - base) : (int)strlen(base), base);
}

/* An override of the variants takes curves away from claims that the config makes on them. */
static int sets_variants(const struct run_options *o) {
    for (size_t i = 0; i < o->nsets; i++)
        if (!strncmp(o->sets[i], "variants", strlen("variants"))) return 1;
    return 0;
}

/* Labels are complete, and can be held against claims, where nothing was wrong so far. */
static struct doc *read_claims(struct plan *p) {
    const struct claims_known known = {p->labels, p->absent,
                                       p->reader.errors->length || sets_variants(p->options)};
    return p->labels ? claims_read(&p->reader, p->sweep, &known) : NULL;
}

static struct doc *document(struct plan *p, struct doc *measure, struct doc *published) {
    struct doc *d = doc_object();
    char *name = config_name(p->options->config);
    doc_put_num(d, "schema", 1);
    doc_put_str(d, "name", name);
    doc_put_str(d, "question", config_question(p->reader.config));
    doc_put_str(d, "source", p->options->config);
    doc_put_str(d, "config", config_source(p->reader.config));
    doc_put(d, "measure", measure);
    doc_put(d, "plugins", plugin_docs());
    doc_put(d, "absent", doc_copy(p->absent));
    if (published) doc_put(d, "published", published);
    doc_put(d, "points", sorted(p->points));
    free(name);
    return d;
}

struct doc *plan_build(const struct run_options *options, struct text *errors) {
    static const char *const keys[] = {"shape",        "mask",     "input",     "threads",   "seed",
                                       "isa",          "variants", "measure",   "scale",     "softcap",
                                       "causal_shift", "plugins",  "published", "positions", "layer"};
    struct plan p = {.options = options, .reader.errors = errors};
    struct doc *result = NULL;
    if (options->filter && regcomp(&p.filter, options->filter, REG_EXTENDED | REG_NOSUB)) {
        text_add(errors, "--filter '%s' is not an extended regular expression\n", options->filter);
        return NULL;
    }
    p.reader.config = config_open(options->config, options->sets, options->nsets, errors);
    if (!p.reader.config) return NULL;
    struct doc *sweep = doc_copy(config_sweep(p.reader.config));
    if (options->threads) doc_put_num(sweep, "threads", options->threads);
    if (options->seed >= 0) doc_put_num(sweep, "seed", options->seed);
    p.sweep = sweep;
    p.points = doc_array();
    p.absent = doc_array();
    if (doc_get(p.sweep, "published")) p.labels = doc_array();
    p.known_maps = doc_object();
    axis_known_keys(&p.reader, "sweep", p.sweep, keys, sizeof keys / sizeof *keys);
    size_t missing = sections_plugins(&p.reader, p.sweep, p.options->config);
    p.nentries = sections_variants(&p.reader, p.sweep, p.options->config, missing, p.absent, p.entries,
                                   sizeof p.entries / sizeof *p.entries);
    struct doc *measure = sections_measure(&p.reader, p.sweep);
    p.is_cold = !strcmp(doc_str(measure, "cache", ""), "cold");
    if (doc_get(p.sweep, "layer")) section_layer_measure(&p.reader, measure);
    expand(&p);
    struct doc *published = read_claims(&p);
    if (!errors->length && doc_len(p.points) == 0)
        text_add(errors,
                 "%s: no point is left%s%s; points are named like flash/b1h8n512d64/none/gauss,s=1/t2/s1\n",
                 options->config, options->filter ? " by --filter " : "",
                 options->filter ? options->filter : "");
    if (!errors->length) result = document(&p, measure, published);
    else doc_free(measure), doc_free(p.points), doc_free(published);
    idset_free(&p.ids);
    doc_free(p.known_maps);
    doc_free(p.absent);
    doc_free(p.labels);
    doc_free(sweep);
    config_close(p.reader.config);
    if (options->filter) regfree(&p.filter);
    return result;
}

int plan_child(int argc, char **argv) {
    struct run_options options;
    struct text errors = {0};
    options_parse(argc, argv, &options);
    struct doc *plan = plan_build(&options, &errors);
    if (plan) {
        child_send(plan);
        return EXIT_FINE;
    }
    char *rest = errors.s;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
        if (*line) fault("%s", line);
    return EXIT_USAGE;
}

static void keep(void *context, struct doc *event) {
    struct doc **plan = context;
    if (!plugins_asked_heard(event) && !*plan) *plan = doc_copy(event);
}

struct doc *plan_fetch(const struct run_options *options, int argc, char **argv) {
    const char **arguments = xmalloc((size_t)(argc + 2) * sizeof *arguments);
    struct doc *plan = NULL;
    struct child c = {.arguments = arguments,
                      .data = -1,
                      .silence = 30,
                      .pass_output = 1,
                      .with_plugins = 1,
                      .event = keep,
                      .context = &plan};
    arguments[0] = "plan-child";
    for (int i = 1; i < argc; i++) arguments[i] = argv[i];
    arguments[argc] = NULL;
    child_run(&c);
    free(arguments);
    if (c.end == CHILD_INTERRUPTED) exit(EXIT_INTERRUPTED);
    if (c.end == CHILD_FAILED && c.code == EXIT_USAGE) exit(EXIT_USAGE);
    if (c.end != CHILD_DONE || !plan) {
        char *reason = child_reason(&c);
        const char *suspect = plugins_asked_suspect();
        if (suspect)
            die(EXIT_USAGE, "%s: planning failed with plugin %s: %s", options->config, suspect, reason);
        die(EXIT_USAGE, "%s: planning failed: %s", options->config, reason);
    }
    return plan;
}
