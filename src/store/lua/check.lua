-- The slow check of many rooms. ARGV: 7 the key of all workers, and from 8 on, for
-- each room, the epoch, the sequence number and the editor that the worker knows,
-- and the room's reference. Answers index and room for those that are different,
-- and renews the time to live of all.
-- A worker that a room still names and that has no lease is to be cleaned up
-- after: its list of rooms, which may have run out, gets the room again.
local prefix = string.sub(KEYS[1], 1, -17)
local rooms_prefix = string.sub(KEYS[2], 1, -17)
local alive = { [ID] = true }

local function is_alive(id)
	if alive[id] == nil then
		alive[id] = #id ~= 16 or
		    redis.call('EXISTS', prefix .. id) == 1
	end
	return alive[id]
end

local function find_dead(b, ref)
	local workers = redis.pcall('HKEYS', KEYS[b + 2])
	for _, id in ipairs(workers.err and {} or workers) do
		if not is_alive(id) then
			redis.pcall('SADD', ARGV[7], id)
			redis.pcall('SADD', rooms_prefix .. id, ref)
			redis.call('PEXPIRE', rooms_prefix .. id, TTL)
		end
	end
end

local out = {}
for i = 0, (#KEYS - FIRST + 1) / ROOM - 1 do
	local b, at = FIRST + ROOM * i, 8 + 4 * i
	local here = redis.pcall('HEXISTS', KEYS[b + 2], ID) == 1
	touch(b)
	if here then
		redis.call('PEXPIRE', KEYS[b + 6], TTL)
	end
	find_dead(b, ARGV[at + 3])
	local h = head(b)
	if not here or h.epoch ~= ARGV[at] or h.seq ~= ARGV[at + 1] or
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
