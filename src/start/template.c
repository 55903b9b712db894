/*
 * Filling in a template. Values come from options, paths and settings; what
 * could end a directive of nginx's is kept out by template_is_plain(), which
 * the caller asks first.
 */
#include <string.h>

#include "start/template.h"

#define DEPTH_MAX	8
#define NAME_CHARS	"abcdefghijklmnopqrstuvwxyz_"
#define PLAIN_CHARS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
			"0123456789/._~:[]-"

struct expansion {
	const struct template_var *vars;
	size_t		 n;
	struct buf	*out;
	struct buf	*err;
	bool		 is_on[DEPTH_MAX];	/* parts that we are in */
	size_t		 depth;
};

static const struct template_var *
find(struct expansion *x, const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < x->n; i++) {
		if (strlen(x->vars[i].name) == n &&
		    memcmp(x->vars[i].name, name, n) == 0)
			return (&x->vars[i]);
	}
	buf_addf(x->err, "the template names \"%.*s\", which nobody knows",
	    (int)n, name);
	return (NULL);
}

static bool
is_shown(const struct expansion *x)
{
	size_t i;

	for (i = 0; i < x->depth; i++) {
		if (!x->is_on[i])
			return (false);
	}
	return (true);
}

/* @name@, or an at sign. The bytes taken, 0 if the name is unknown. */
static size_t
add_at(struct expansion *x, const char *p, size_t n)
{
	size_t len = strspn(p + 1, NAME_CHARS);
	const struct template_var *var;

	if (len == 0 || len + 1 >= n || p[len + 1] != '@') {
		buf_add_char(x->out, '@');
		return (1);
	}
	if ((var = find(x, p + 1, len)) == NULL)
		return (0);
	buf_add_str(x->out, var->value == NULL ? "" : var->value);
	return (len + 2);
}

static bool
add_line(struct expansion *x, const char *line, size_t n)
{
	size_t taken;

	for (; n > 0; line += taken, n -= taken) {
		if (*line == '@')
			taken = add_at(x, line, n);
		else {
			buf_add_char(x->out, *line);
			taken = 1;
		}
		if (taken == 0)
			return (false);
	}
	buf_add_char(x->out, '\n');
	return (true);
}

static bool
is_word(const char *line, size_t n, const char *word)
{
	return (n == strlen(word) && memcmp(line, word, n) == 0);
}

/* A line that begins with %. */
static bool
obey(struct expansion *x, const char *line, size_t n)
{
	const struct template_var *var;

	if (n > 4 && memcmp(line, "%if ", 4) == 0 && x->depth < DEPTH_MAX) {
		if ((var = find(x, line + 4, n - 4)) == NULL)
			return (false);
		x->is_on[x->depth++] = var->value != NULL;
		return (true);
	}
	if (x->depth > 0 && is_word(line, n, "%else")) {
		x->is_on[x->depth - 1] = !x->is_on[x->depth - 1];
		return (true);
	}
	if (x->depth > 0 && is_word(line, n, "%end")) {
		x->depth--;
		return (true);
	}
	buf_addf(x->err, "the template has a line \"%.*s\"", (int)n, line);
	return (false);
}

bool
template_expand(const char *text, const struct template_var *vars, size_t n,
    struct buf *out, struct buf *err)
{
	struct expansion x = { .vars = vars, .n = n, .out = out, .err = err };
	const char *end;
	bool ok = true;

	for (; ok && *text != '\0'; text = *end == '\0' ? end : end + 1) {
		end = strchrnul(text, '\n');
		if (*text == '%')
			ok = obey(&x, text, (size_t)(end - text));
		else if (is_shown(&x))
			ok = add_line(&x, text, (size_t)(end - text));
	}
	if (ok && x.depth != 0) {
		buf_add_str(err, "a part of the template does not end");
		ok = false;
	}
	return (ok);
}

bool
template_is_plain(const char *value)
{
	return (value[strspn(value, PLAIN_CHARS)] == '\0');
}
