-- What a user does through this worker. ARGV: 7 user, 8 a letter or "" (no tab
-- there), 9 the event's head. Answers ABSENT if the user is not there: a join
-- will say it again.
local B, user = FIRST, ARGV[7]
if not LEASE then
	return LAPSED
end
local ids, info = split(member(B, user))
if not ids or not has(ids, ID) then
	return answer('ABSENT', snapshot(B))
end
local rest, me = without(ids, ID), ID .. ARGV[8]
local now = rest == '' and me or rest .. ',' .. me
if letters(now) ~= letters(ids) then
	redis.call('HSET', KEYS[B + 1], user, now .. ' ' .. info)
	advance(B)
	publish(workers_of(B), snapshot(B), ARGV[9],
	    item('Z', user) .. item('W', letters(now)))
end
return answer('OK', snapshot(B))
