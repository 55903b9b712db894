-- Compare and set. ARGV: 7 to 9 the expected editor, previous editor and state,
-- 10 to 15 the change, 16 the gate's time (0: no gate), 17 and 18 the event's
-- head and tail, 19 to 21 the badge, 22 whether another is the editor after it,
-- or nobody. KEYS[FIRST + ROOM] is the gate. The number of the last commit of each
-- worker is kept in the room's hash: a repeat of one that did get through is
-- answered, not applied.
local B, mark = FIRST, 'op:' .. ID
if not LEASE then
	return LAPSED
end
if REPEATED then
	local last = redis.pcall('HGET', KEYS[B], mark)
	if type(last) == 'string' and tonumber(last) and
	    tonumber(last) >= tonumber(NUMBER) then
		return answer('OK', snapshot(B))
	end
end
local s = snapshot(B)
if not same(s, 7) then
	return answer('MISMATCH', s)
end
if UNSETTLED and ARGV[22] == '1' then
	return answer('UNSETTLED', s)
end
if ARGV[16] ~= '0' and
    not redis.call('SET', KEYS[B + ROOM], '1', 'NX', 'PX', ARGV[16]) then
	return answer('GATED', s)
end
local workers, fields = workers_of(B), {}
for _, w in ipairs(workers) do
	if w == ID then
		fields = { mark, NUMBER }
	end
end
apply(B, 10, s, fields)
badge(B, 19)
-- The time to live is the slow check's business, which every worker of the room
-- does every few seconds.
publish(workers, s, ARGV[17], ARGV[18])
return answer('OK', s)
