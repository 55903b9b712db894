/*
 * The table of the Lua scripts. EVALSHA wants the SHA1 of the exact text, which
 * is taken once, at start.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "store/scripts.h"
#include "store/tls.h"

static const char *const table[SCRIPTS_N] = {
	[SCRIPT_ANNOUNCE] = script_announce,
	[SCRIPT_BADGES] = script_badges,
	[SCRIPT_CHECK] = script_check,
	[SCRIPT_COMMIT] = script_commit,
	[SCRIPT_FORGET] = script_forget,
	[SCRIPT_HOLDERS] = script_holders,
	[SCRIPT_JOIN] = script_join,
	[SCRIPT_LEASE] = script_lease,
	[SCRIPT_LEAVE] = script_leave,
	[SCRIPT_LOAD] = script_load,
	[SCRIPT_ORPHAN] = script_orphan,
	[SCRIPT_RESTORE] = script_restore,
	[SCRIPT_SEEN] = script_seen,
	[SCRIPT_SEND] = script_send,
	[SCRIPT_STATE] = script_state,
};

struct scripts *
scripts_new(void)
{
	struct scripts *s = xcalloc(1, sizeof(*s));
	size_t i;

	for (i = 0; i < SCRIPTS_N; i++) {
		s->v[i].text = table[i];
		tls_sha1_hex(s->v[i].text, strlen(s->v[i].text), s->v[i].sha);
	}
	return (s);
}

void
scripts_free(struct scripts *s)
{
	free(s);
}
