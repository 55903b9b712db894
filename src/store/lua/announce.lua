-- A save that the database has. ARGV: 7 its number, 8 the value to keep, 9 the
-- new last modified, 10 and 11 the event's head and tail. Each save is
-- announced once, whoever saw it first; an older one than the last is not.
local B = FIRST
local old = fetch(KEYS[B + 7])
local last = tonumber(old and string.match(old, '^%d+') or '0')
if last and last >= tonumber(ARGV[7]) then
	return { 'GATED' }
end
redis.call('SET', KEYS[B + 7], ARGV[8], 'PX', DAY)
redis.call('SET', KEYS[B + 5], ARGV[9], 'PX', WEEK)
local workers = redis.pcall('HKEYS', KEYS[B + 2])
for _, w in ipairs(workers.err and {} or workers) do
	redis.call('PUBLISH', CHANNEL .. w, ARGV[10] .. ARGV[11])
end
return { 'OK' }
