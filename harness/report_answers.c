/* report_answers.c -- the verdicts on a run: those of DIR/fit.json, none where there is no such file. */
#include "report_answers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

struct doc *report_answers(const char *dir, const struct doc *rows) {
    char *path = format("%s/fit.json", dir), why[200] = "no object";
    size_t length;
    struct doc *answers = NULL;
    (void)rows;
    errno = 0;
    char *text = read_file(path, &length);
    if (text) answers = doc_parse(text, length, why);
    else if (errno == ENOENT) answers = doc_object();
    else strcpy(why, strerror(errno));
    if (answers && !doc_is_object(answers)) {
        doc_free(answers);
        answers = NULL;
    }
    if (!answers) warn("%s: no verdicts to be read (%s); repair or remove it", path, why);
    free(text);
    free(path);
    return answers;
}
