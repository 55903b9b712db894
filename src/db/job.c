/*
 * What all jobs have in common. Memory only.
 */
#include "db/job.h"

void
job_init(struct job *job, const struct job_ops *ops)
{
	job->ops = ops;
	atomic_init(&job->is_cancelled, false);
}

bool
job_is_cancelled(void *arg)
{
	struct job *job = arg;

	return (atomic_load(&job->is_cancelled));
}
