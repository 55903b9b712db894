/*
 * For options.sh. Prints what the table of settings says, from the table
 * itself, in the two forms that the documents must have:
 *
 *   options man              the lines that man/collabd.conf.5 must have in
 *                            the item of each setting, between "== name" lines
 *   options sample           "# name = default", in the order of the table
 *   options load FILE        reads FILE as a configuration, says whether every
 *                            setting has its default afterwards
 *
 * Never installed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/conf.h"

static void
print_seconds(int64_t ms)
{
	printf("%lld", (long long)(ms / 1000));
	if (ms % 1000 != 0) {
		char text[8];
		size_t n;

		(void)snprintf(text, sizeof(text), ".%03lld",
		    (long long)(ms % 1000));
		for (n = strlen(text); text[n - 1] == '0'; n--)
			;
		printf("%.*s", (int)n, text);
	}
}

static void
print_type(const struct conf_option *o)
{
	size_t i;

	switch (o->type) {
	case CONF_BOOL:
		printf("On or off.\n");
		break;
	case CONF_INT:
		printf("A number, %lld to %lld.\n", (long long)o->min,
		    (long long)o->max);
		break;
	case CONF_SIZE:
		printf("Bytes, %lld to %lld.\n", (long long)o->min,
		    (long long)o->max);
		break;
	case CONF_SECONDS:
		printf("Seconds, ");
		print_seconds(o->min);
		printf(" to ");
		print_seconds(o->max);
		printf(".\n");
		break;
	case CONF_STRING:
		printf("A text.\n");
		break;
	case CONF_LIST:
		printf("A list.\n");
		break;
	case CONF_ENUM:
		printf("One of\n");
		for (i = 0; o->names[i] != NULL; i++)
			printf(".Ql %s%s\n", o->names[i],
			    o->names[i + 1] == NULL ? " ." : " ,");
		break;
	}
}

static void
print_man(const struct conf_option *o)
{
	const char *quote = strpbrk(o->def, " .{") != NULL ? "\"" : "";

	printf("== %s\n", o->name);
	print_type(o);
	if (*o->def == '\0')
		printf("The default is empty.\n");
	else
		printf("The default is\n.Ql %s%s%s .\n", quote, o->def, quote);
	if ((o->flags & CONF_SECRET) != 0)
		printf("Kept secret.\n");
	if ((o->flags & CONF_RESTART) != 0)
		printf("Read at start only.\n");
	if (o->env != NULL)
		printf("Also taken from\n.Ev %s .\n", o->env);
}

static int
load(const char *path)
{
	struct buf err = { NULL, 0, 0 }, a = { NULL, 0, 0 };
	struct buf b = { NULL, 0, 0 };
	struct conf conf, def;
	int rc = 0;

	conf_init(&def);
	conf_init(&conf);
	if (!conf_load_file(&conf, path, &err)) {
		printf("%s\n", buf_str(&err));
		return (1);
	}
	conf_dump(&def, &a);
	conf_dump(&conf, &b);
	if (strcmp(buf_str(&a), buf_str(&b)) != 0) {
		printf("%s: does not give the defaults\n", path);
		rc = 1;
	}
	buf_fini(&a);
	buf_fini(&b);
	buf_fini(&err);
	conf_fini(&conf);
	conf_fini(&def);
	return (rc);
}

int
main(int argc, char **argv)
{
	size_t i;

	if (argc == 3 && strcmp(argv[1], "load") == 0)
		return (load(argv[2]));
	if (argc != 2)
		return (2);
	for (i = 0; i < conf_options_count; i++) {
		const struct conf_option *o = &conf_options[i];

		if (strcmp(argv[1], "man") == 0)
			print_man(o);
		else
			printf("# %s =%s%s\n", o->name,
			    *o->def == '\0' ? "" : " ", o->def);
	}
	return (0);
}
