-- For each room the users that one worker, which is dead (ARGV[7]), holds there.
local out = {}
for b = FIRST, #KEYS, ROOM do
	local users = {}
	local all = redis.pcall('HGETALL', KEYS[b + 1])
	for i = 1, all.err and 0 or #all, 2 do
		local ids = split(all[i + 1])
		if ids and has(ids, ARGV[7]) then
			users[#users + 1] = all[i]
		end
	end
	if #users == 0 then
		redis.pcall('HDEL', KEYS[b + 2], ARGV[7])
	end
	out[#out + 1] = users
end
return out
