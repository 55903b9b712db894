/*
 * The table of the Lua scripts. EVALSHA wants the SHA1 of the exact text, so
 * the texts are put together once, at start, and never change.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "store/scripts.h"
#include "store/tls.h"

static const struct {
	const char	*common;	/* or "" */
	const char	*body;
} table[SCRIPTS_N] = {
	[SCRIPT_ANNOUNCE] = { script_common, script_announce },
	[SCRIPT_BADGES] =  { script_common, script_badges },
	[SCRIPT_CHECK] =   { script_common, script_check },
	[SCRIPT_COMMIT] =  { script_common, script_commit },
	[SCRIPT_FORGET] =  { "", script_forget },
	[SCRIPT_HOLDERS] = { script_common, script_holders },
	[SCRIPT_JOIN] =	   { script_common, script_join },
	[SCRIPT_LEASE] =   { "", script_lease },
	[SCRIPT_LEAVE] =   { script_common, script_leave },
	[SCRIPT_LOAD] =	   { script_common, script_load },
	[SCRIPT_ORPHAN] =  { "", script_orphan },
	[SCRIPT_RESTORE] = { script_common, script_restore },
	[SCRIPT_SEEN] =	   { script_common, script_seen },
	[SCRIPT_SEND] =	   { script_common, script_send },
	[SCRIPT_STATE] =   { script_common, script_state },
};

struct scripts *
scripts_new(void)
{
	struct scripts *s = xcalloc(1, sizeof(*s));
	size_t i;

	for (i = 0; i < SCRIPTS_N; i++) {
		s->v[i].text = xasprintf("%s%s", table[i].common,
		    table[i].body);
		tls_sha1_hex(s->v[i].text, strlen(s->v[i].text), s->v[i].sha);
	}
	return (s);
}

void
scripts_free(struct scripts *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < SCRIPTS_N; i++)
		free(s->v[i].text);
	free(s);
}
