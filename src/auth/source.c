/*
 * What all checks share and only read. Made on the loop's thread before the
 * first job is given to a thread, freed after the threads have ended.
 */
#include <string.h>

#include "auth/source.h"

void
auth_source_init(struct auth_source *source, const struct conf *conf,
    enum db_dialect dialect, struct auth_tally *tally)
{
	memset(source, 0, sizeof(*source));
	source->conf = conf;
	source->keys = django_keys_new(conf);
	source->tally = tally;
	query_set_init(&source->queries, conf, dialect);
}

void
auth_source_fini(struct auth_source *source)
{
	query_set_fini(&source->queries);
	django_keys_free(source->keys);
	memset(source, 0, sizeof(*source));
}
