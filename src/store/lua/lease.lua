-- Takes or renews a lease, and learns in which generation of Redis that is: one
-- lasts as long as a Redis keeps its data. Whoever finds another Redis than
-- before, or none of ours in it, opens the next one, which is unsettled for a
-- while: until then those who were there before may say what they know
-- (restore.lua), and nobody is made the editor. KEYS: lease, all workers, rooms
-- of the worker, the generation, what is there while it is unsettled. ARGV: 1 id,
-- 2 the lease's time, 3 ours' time to live, 4 "new" or "renew", 5 the name of
-- this Redis ("-": it does not tell), 6 a token, for a new generation or a new
-- time of being unsettled, 7 the generation that the worker has seen going
-- backwards ("": none), 8 for how long a new one is unsettled ("0": nobody knows
-- more), 9 the number of the worker's connection, which the lease holds,
-- 10 the generation that the worker knows ("": none). One that comes late from
-- an older one makes it unsettled again, for LATE, so that it can say what it
-- knows of rooms that nobody has been in since, and the others after it.
-- Answers { 0 } when there is no lease left to renew, else { 1, generation, how
-- long it will be unsettled, what was refused }.
local WEEK, LATE = '604800000', '2000'
local lease = redis.pcall('GET', KEYS[1])
lease = type(lease) == 'string' and lease
if ARGV[4] ~= 'new' and
    (not lease or (tonumber(lease) or 0) > tonumber(ARGV[9])) then
	return { 0 }
end

-- A Redis that is full renews leases, and refuses what may take memory.
local refused = false
local function try(...)
	local done = redis.pcall(...)
	if type(done) == 'table' and done.err then
		refused = done.err
	end
	return done
end

-- First: once a script has written anything, Redis refuses it no memory.
local kind = redis.call('TYPE', KEYS[2]).ok
if kind ~= 'set' and kind ~= 'none' then
	redis.call('DEL', KEYS[2])
end
try('SADD', KEYS[2], ARGV[1])
if ARGV[4] ~= 'new' and lease == ARGV[9] then
	redis.call('PEXPIRE', KEYS[1], ARGV[2])
else
	redis.call('SET', KEYS[1], ARGV[9], 'PX', ARGV[2])
end
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('PEXPIRE', KEYS[3], ARGV[3])

local old = redis.pcall('GET', KEYS[4])
local token, name = string.match(type(old) == 'string' and old or '',
    '^(%x+) (%S+)$')
if not token or token == ARGV[7] or
    (name ~= ARGV[5] and name ~= '-' and ARGV[5] ~= '-') then
	token, name = ARGV[6], false
	if ARGV[8] ~= '0' then
		try('SET', KEYS[5], token, 'PX', ARGV[8])
	end
end
if ARGV[10] ~= '' and ARGV[10] ~= token and ARGV[8] ~= '0' and
    redis.call('PTTL', KEYS[5]) < tonumber(LATE) and
    redis.call('PEXPIRE', KEYS[5], LATE) == 0 then
	try('SET', KEYS[5], ARGV[6], 'PX', LATE)
end
if name ~= ARGV[5] and (not name or ARGV[5] ~= '-') then
	try('SET', KEYS[4], token .. ' ' .. ARGV[5])
end
redis.call('PEXPIRE', KEYS[4], WEEK)
return { 1, token, redis.call('PTTL', KEYS[5]), refused }
