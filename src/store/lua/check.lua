-- The slow check of many rooms. ARGV: from 7 on, for each room, the epoch, the
-- sequence number and the editor that the worker knows. Answers index and room
-- for those that are different, and renews the time to live of all.
local out = {}
for i = 0, (#KEYS - 2) / ROOM - 1 do
	local b, at = 3 + ROOM * i, 7 + 3 * i
	local here = redis.pcall('HEXISTS', KEYS[b + 2], ID) == 1
	touch(b)
	if here then
		redis.call('PEXPIRE', KEYS[b + 6], TTL)
	end
	local epoch, seq = position(b)
	if not here or epoch ~= ARGV[at] or seq ~= ARGV[at + 1] or
	    fetch(KEYS[b + 3]) ~= opt(ARGV[at + 2]) then
		local s = snapshot(b)
		if not here then
			s[1] = ''
		end
		out[#out + 1] = i
		out[#out + 1] = answer('OK', s, false, roster(b),
		    fetch(KEYS[b + 7]))
	end
end
return out
