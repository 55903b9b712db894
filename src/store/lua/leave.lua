-- A worker, this one or a dead one, no longer holds a user. ARGV: 7 that
-- worker, 8 user, 9 to 11 the expected editor, previous editor and state, 12 to
-- 17 the change, 18 the room's reference, 19 and 20 the event's head and tail,
-- 21 to 23 the badge. In an unsettled generation a user's last worker may not be
-- the last: others have yet to say that the user is theirs, too.
-- KEYS[2] are the rooms of that worker.
local B, worker, user = FIRST, ARGV[7], ARGV[8]
if not LEASE then
	return LAPSED
end

local function leave_room()
	repaired(redis.pcall('HDEL', KEYS[B + 2], worker), B + 2)
	redis.pcall('HDEL', KEYS[B], 'op:' .. worker)
	redis.pcall('SREM', KEYS[2], ARGV[18])
end

-- The worker holds one user less.
local function count_down()
	local n = redis.pcall('HINCRBY', KEYS[B + 2], worker, '-1')
	if type(n) ~= 'number' or n <= 0 then
		leave_room()
	end
end

local ids, info = split(member(B, user))
if not ids or not has(ids, worker) then
	if redis.pcall('HEXISTS', KEYS[B + 2], worker) ~= 1 then
		leave_room()
	end
	return answer(ids and 'NOT_LAST' or 'ABSENT', snapshot(B))
end

local rest = without(ids, worker)
if rest ~= '' then
	redis.call('HSET', KEYS[B + 1], user, rest .. ' ' .. info)
	count_down()
	if letters(rest) ~= letters(ids) then
		advance(B)
		publish(workers_of(B), snapshot(B), ARGV[19],
		    item('Z', user) .. item('W', letters(rest)))
	end
	touch(B)
	return answer('NOT_LAST', snapshot(B))
end

local s = snapshot(B)
if UNSETTLED then
	return answer('UNSETTLED', s)
end
if not same(s, 9) then
	return answer('MISMATCH', s)
end
redis.call('HDEL', KEYS[B + 1], user)
redis.pcall('HDEL', KEYS[B + 6], user)
count_down()
apply(B, 12, s, {})
badge(B, 21)
touch(B)
if redis.call('EXISTS', KEYS[B + 1]) == 0 then
	-- Whoever is still listed is a guest of the package's server, which
	-- lists without an end; our limit must not take it away.
	redis.call('PERSIST', KEYS[B + 6])
end
publish(workers_of(B), s, ARGV[19], ARGV[20])
return answer('OK', s)
