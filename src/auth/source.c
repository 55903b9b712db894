/*
 * What all checks of a pool share and only read. Made on the loop's thread
 * before the first authorization thread, freed after the last.
 */
#include <string.h>

#include "auth/source.h"

bool
auth_source_init(struct auth_source *source, const struct conf *conf,
    struct buf *err)
{
	memset(source, 0, sizeof(*source));
	db_init_process();
	if (!db_url_parse(conf->database_url, &source->url, err))
		return (false);
	source->conf = conf;
	source->keys = django_keys_new(conf);
	query_set_init(&source->queries, conf, db_dialect_of(&source->url));
	return (true);
}

void
auth_source_fini(struct auth_source *source)
{
	query_set_fini(&source->queries);
	django_keys_free(source->keys);
	db_url_fini(&source->url);
	memset(source, 0, sizeof(*source));
}
