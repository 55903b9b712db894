-- What a worker knows of a room, in an unsettled generation: becomes the room's
-- state, in a new epoch, if it is newer than what the room knows. ARGV: 7 and 8
-- epoch and sequence number up to which the worker knows it, 9 to 14 the change,
-- 15 and 16 the event's head and tail, 17 to 19 the badge.
local B = FIRST
if not LEASE then
	return LAPSED
end
local s = snapshot(B)
local mine = stamp(ARGV[7], ARGV[8])
if not UNSETTLED or knowledge(B, s[1], s[2]) >= mine then
	return answer('KNOWN', s)
end
repair(B)
ensure(B, s[1], s[2])
redis.call('HSET', KEYS[B], 'epoch', EPOCH, 'seq', '0', 'generation',
    GENERATION or '', 'known', UNSETTLED .. mine)
s[1], s[2], generations[B] = EPOCH, '0', GENERATION or ''
apply(B, 9, s)
badge(B, 17)
touch(B)
publish(B, s, ARGV[15], ARGV[16])
return answer('OK', s)
