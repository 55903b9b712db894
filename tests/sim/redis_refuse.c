/*
 * What a server refuses that is loading, busy, a replica, full, or cannot save.
 */
#include <stddef.h>

#include "sim/redis_priv.h"

static const char *
misconf(const struct sim_redis *r)
{
	return (r->version >= 7 ?
	    "MISCONF Redis is configured to save RDB snapshots, but it's "
	    "currently unable to persist to disk. Commands that may modify the "
	    "data set are disabled, because this instance is configured to "
	    "report errors during writes if RDB snapshotting fails "
	    "(stop-writes-on-bgsave-error option). Please check the Redis logs "
	    "for details about the RDB error." :
	    "MISCONF Redis is configured to save RDB snapshots, but it is "
	    "currently not able to persist on disk. Commands that may modify "
	    "the data set are disabled, because this instance is configured to "
	    "report errors during writes if RDB snapshotting fails "
	    "(stop-writes-on-bgsave-error option). Please check the Redis logs "
	    "for details about the RDB error.");
}

const char *
sim_command_refused(const struct sim_redis *r,
    const struct sim_command *command, bool is_script)
{
	unsigned flags = command->flags;
	bool writes = (flags & SIM_WRITE) != 0;

	switch (r->refusal) {
	case SIM_NONE:
		return (NULL);
	case SIM_LOADING:
		return (is_script || (flags & SIM_WHILE_LOADING) != 0 ? NULL :
		    "LOADING Redis is loading the dataset in memory");
	case SIM_BUSY:
		return (is_script || (flags & SIM_WHILE_BUSY) != 0 ? NULL :
		    "BUSY Redis is busy running a script. You can only call "
		    "SCRIPT KILL or SHUTDOWN NOSAVE.");
	case SIM_READONLY:
		return (!writes ? NULL : "READONLY You can't write against a "
		    "read only replica.");
	case SIM_OOM:
		return ((flags & SIM_DENYOOM) == 0 ? NULL : "OOM command not "
		    "allowed when used memory > 'maxmemory'.");
	case SIM_MISCONF:
		return (!writes && (is_script ||
		    command->run != sim_run_ping) ? NULL : misconf(r));
	case SIM_NOREPLICAS:
		return (!writes || (is_script && r->version < 7) ? NULL :
		    "NOREPLICAS Not enough good replicas to write.");
	}
	return (NULL);
}
