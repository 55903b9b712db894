-- A user enters a room through a worker. ARGV: 7 user, 8 info, 9 announce,
-- 10 chat value, 11 last modified if there is none, 12 the room's reference, 13
-- and 14 the event's head and tail, 15 what the user does there (a letter or
-- ""), 16 the epoch of which the worker knows the members already, or "".
local B, user, me = FIRST, ARGV[7], ID .. ARGV[15]
if not LEASE then
	return LAPSED
end
local ids, info = split(member(B, user))
local first = not ids
local announce = first and ARGV[9] == '1'
local before = ids and letters(ids)
if ids and has(ids, ID) then
	-- A repeat whose first attempt did get through, unheard.
	local others = without(ids, ID)
	first = REPEATED and others == ''
	ids = others == '' and me or others .. ',' .. me
	redis.call('HSET', KEYS[B + 1], user, ids .. ' ' .. info)
	if not repaired(redis.pcall('HSETNX', KEYS[B + 2], ID, '1'), B + 2) then
		redis.call('HSET', KEYS[B + 2], ID, '1')
	end
else
	if ids then
		ids = ids .. ',' .. me
	else
		ids, info = me, ARGV[8]
	end
	redis.call('HSET', KEYS[B + 1], user, ids .. ' ' .. info)
	-- How many users of the room the worker holds.
	if type(redis.pcall('HINCRBY', KEYS[B + 2], ID, '1')) ~= 'number' then
		if not repaired(redis.pcall('HSET', KEYS[B + 2], ID, '1'),
		    B + 2) then
			redis.call('HSET', KEYS[B + 2], ID, '1')
		end
	end
end

if type(redis.pcall('SADD', KEYS[2], ARGV[12])) ~= 'number' then
	redis.call('DEL', KEYS[2])
	redis.call('SADD', KEYS[2], ARGV[12])
end
redis.call('PEXPIRE', KEYS[2], TTL)
if opt(ARGV[11]) and not fetch(KEYS[B + 5]) then
	redis.call('SET', KEYS[B + 5], opt(ARGV[11]), 'PX', WEEK)
end
if opt(ARGV[10]) then
	if type(redis.pcall('HSET', KEYS[B + 6], user, opt(ARGV[10]))) ==
	    'number' then
		redis.call('PEXPIRE', KEYS[B + 6], TTL)
	else
		bad = bad + 1
	end
end

local does = before and letters(ids) ~= before
change(B, (announce or does) and 1 or 0, {})
touch(B)
local s = snapshot(B)
if announce then
	publish(workers_of(B), s, ARGV[13], ARGV[14])
elseif does then
	publish(workers_of(B), s, ARGV[13], item('Z', user) .. item('W', letters(ids)))
end
if s[1] == ARGV[16] then
	return answer('OK', s, first)
end
return answer('OK', s, first, roster(B), fetch(KEYS[B + 7]))
