-- Looks for workers without a lease and tries to win the right to clean up.
-- KEYS: all workers. ARGV: what stands before the id in the key of a lease and
-- of that right, the right's time, our id, and the id of a worker that is
-- known to be dead ("" to look at all). Answers the ids that were won.
local won = {}
local function try(id)
	if redis.call('SET', ARGV[2] .. id, ARGV[4], 'NX', 'PX', ARGV[3]) then
		won[#won + 1] = id
	end
end
if ARGV[5] ~= '' then
	redis.call('DEL', ARGV[1] .. ARGV[5])
	try(ARGV[5])
	return won
end
local all = redis.pcall('SMEMBERS', KEYS[1])
for i = 1, all.err and 0 or #all do
	if #all[i] ~= 16 or string.find(all[i], '[^0-9a-f]') then
		redis.call('SREM', KEYS[1], all[i])
	elseif all[i] ~= ARGV[4] and
	    redis.call('EXISTS', ARGV[1] .. all[i]) == 0 then
		try(all[i])
	end
end
return won
