-- Takes or renews a lease. KEYS: lease, all workers, rooms of the worker.
-- ARGV: id, the lease's time, ours' time to live, "new" or "renew". 0 when
-- there is no lease left to renew.
if ARGV[4] == 'new' then
	redis.call('SET', KEYS[1], '1', 'PX', ARGV[2])
elseif redis.call('PEXPIRE', KEYS[1], ARGV[2]) == 0 then
	return 0
end
if redis.call('TYPE', KEYS[2]).ok ~= 'set' then
	redis.call('DEL', KEYS[2])
end
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('PEXPIRE', KEYS[3], ARGV[3])
return 1
