/*
 * The configuration file. A secret is set before the input's lines, and must
 * not show up in a complaint or a dump; a complaint names the file and a line;
 * what is taken is within its bounds.
 */
#include <stdint.h>
#include <string.h>

#include "base/conf.h"
#include "base/log.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MARKER	"zQ7xK9wV"

static const char first[] =
    "secret_key = " MARKER "\ndatabase_url = postgres://u:" MARKER "@h/d\n";

static void
check_bounds(const struct conf *conf)
{
	const struct conf_option *o;
	int64_t value;
	size_t i;

	for (i = 0; i < conf_options_count; i++) {
		o = &conf_options[i];
		if (o->type != CONF_INT && o->type != CONF_SIZE &&
		    o->type != CONF_SECONDS)
			continue;
		memcpy(&value, (const char *)conf + o->offset, sizeof(value));
		ASSERT(value >= o->min && value <= o->max);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = { NULL, 0, 0 }, err = { NULL, 0, 0 };
	struct buf dump = { NULL, 0, 0 };
	struct conf conf, copy;
	bool ok;

	/* The marker elsewhere is no secret. */
	if (memmem(data, size, MARKER, LITLEN(MARKER)) != NULL)
		return (0);
	conf_init(&conf);
	buf_add_str(&text, first);
	buf_add(&text, data, size);
	ok = conf_load_text(&conf, "fuzz", text.p, text.n, &err);
	ASSERT(ok == (err.n == 0));
	ASSERT(ok || strncmp(buf_str(&err), "fuzz:", 5) == 0);
	ASSERT(strstr(buf_str(&err), MARKER) == NULL);
	check_bounds(&conf);
	conf_dump(&conf, &dump);
	ASSERT(strstr(buf_str(&dump), MARKER) == NULL);
	ASSERT(!ok ||
	    strstr(buf_str(&dump), "secret_key = ********\n") != NULL);
	conf_init(&copy);
	conf_move(&copy, &conf);
	buf_reset(&err);
	conf_diff_restart(&copy, &copy, &err);
	ASSERT(err.n == 0);
	conf_fini(&copy);
	buf_fini(&text);
	buf_fini(&err);
	buf_fini(&dump);
	return (0);
}
