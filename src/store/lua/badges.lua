-- Who edits which object of a model. ARGV: 7 the time, in milliseconds. A value
-- begins with the time until which it holds, since nobody takes out what a
-- crash of everything leaves; what has run out is taken out here.
local out = {}
local all = redis.pcall('HGETALL', KEYS[FIRST + 8])
for i = 1, all.err and 0 or #all, 2 do
	local until_ms = tonumber(string.match(all[i + 1], '^(%d+) ') or '0')
	if until_ms and until_ms > tonumber(ARGV[7]) then
		out[#out + 1] = all[i]
		out[#out + 1] = all[i + 1]
	else
		redis.call('HDEL', KEYS[FIRST + 8], all[i])
	end
end
return out
