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
if not UNSETTLED or knowledge(B) >= mine then
	return answer('KNOWN', s)
end
local h = head(B)
h.epoch, h.seq = EPOCH, '0'
h.generation, h.known = GENERATION or '', UNSETTLED .. mine
s[8] = mine
apply(B, 9, s, { 'epoch', h.epoch, 'generation', h.generation, 'known',
    h.known })
badge(B, 17)
touch(B)
publish(workers_of(B), s, ARGV[15], ARGV[16])
return answer('OK', s)
