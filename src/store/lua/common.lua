-- Stands before every script that works on a room. KEYS[1] is the worker's
-- lease, KEYS[2] the rooms of a worker, KEYS[3] the generation and KEYS[4] what is
-- there while that is unsettled (lease.lua), then come ROOM keys for each room
-- (keys_add_room() in keys.c): hash, members, workers, editor, previous editor,
-- last modified, chat users, last save, who edits what of its model, workers of
-- its model's room. A function's b is the index of the first, which is FIRST for
-- the first room.
-- Values may have been written by anybody: of the wrong type or too long
-- counts as absent, and the caller is told how often (bad).
-- What goes into a command is a text (LAST is CAP): a number costs as much as the
-- command.
local CAP, LAST, FIRST, ROOM = 65536, '65536', 5, 10
local DAY, WEEK = '86400000', '604800000'
local ID, CHANNEL, EPOCH, TTL = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
-- Over which of its worker's connections the command came, as a number that
-- grows, with a '-' in front if it was sent before, without an answer; and its
-- own number, which grows too. A script's own arguments follow from 7.
local CONNECTION, NUMBER = tonumber(ARGV[5]), ARGV[6]
local REPEATED = CONNECTION < 0
-- A worker whose lease has lapsed is being cleaned up after: it must not change
-- anything under its old id, and is told so. Nor must what it sent over a
-- connection that it has given up, and Redis reads late: behind what came over
-- the next one. UNSETTLED is a token of the time.
local lease, GENERATION, UNSETTLED = unpack(redis.call('MGET', KEYS[1], KEYS[3],
    KEYS[4]))
local LEASE = lease and (tonumber(lease) or 0) <= math.abs(CONNECTION)
local LAPSED = { 'LAPSED' }
local bad = 0

-- An optional argument: "" is absent, else "v" and the value.
local function opt(s)
	if s == '' then
		return false
	end
	return string.sub(s, 2)
end

-- Of a value that is too long no more than shows that it is: one call, and
-- whatever somebody wrote there cannot take Redis' time.
local function fetch(key)
	local v = redis.pcall('GETRANGE', key, '0', LAST)
	if type(v) ~= 'string' or #v > CAP then
		bad = bad + 1
		return false
	end
	return v ~= '' and v
end

-- A hash, thrown away if it is none. Writers only.
local function repaired(v, i)
	if type(v) == 'table' and v.err then
		bad = bad + 1
		redis.call('DEL', KEYS[i])
		return false
	end
	return v
end

local function member(b, user)
	return repaired(redis.pcall('HGET', KEYS[b + 1], user), b + 1)
end

local function workers_of(b)
	return repaired(redis.pcall('HKEYS', KEYS[b + 2]), b + 2) or {}
end

local function is_sound(epoch, seq)
	return epoch and seq and #epoch == 16 and #seq > 0 and #seq < 16 and
	    not string.find(epoch, '[^0-9a-f]') and
	    string.find(epoch, '[^0]') and not string.find(seq, '%D') and
	    (seq == '0' or string.sub(seq, 1, 1) ~= '0')
end

-- The room's own hash as it is, read once. Without a sound epoch and sequence
-- number there is nothing in it: epoch is "" then, seq "0".
local heads = {}
local function head(b)
	local h = heads[b]
	if h then
		return h
	end
	h = { epoch = '', seq = '0' }
	heads[b] = h
	local v = redis.pcall('HMGET', KEYS[b], 'epoch', 'seq', 'generation',
	    'known', 'state')
	if v.err then
		bad, h.has_junk = bad + 1, true
	elseif is_sound(v[1], v[2]) then
		h.epoch, h.seq, h.generation, h.known = v[1], v[2], v[3], v[4]
		h.state = v[5]
		if h.state and #h.state > CAP then
			bad = bad + 1
			h.state, h.has_junk = false, true
		end
	elseif v[1] or v[2] then
		bad, h.has_junk = bad + 1, true
	end
	return h
end

-- A place in the order of all that ever happened in a room, as a text that
-- compares like it: an epoch is made with the time in front.
local function stamp(epoch, seq)
	return string.format('%16s%15s', epoch, seq)
end

-- How much of the past the room's state knows: where it stood, for as long as
-- the generation is unsettled, before anything was changed in it.
local function knowledge(b)
	local h = head(b)
	if h.known and string.sub(h.known, 1, 16) == UNSETTLED then
		return string.sub(h.known, 17)
	end
	return stamp(h.epoch, h.seq)
end

-- Changes the room's hash: steps more events (0 or 1), and fields, each with its
-- value behind it. Makes it if there is none that is sound; begins an epoch with the
-- first change in a generation, lest what comes now is taken for less than what
-- was there and is lost; and notes what the room knew, while that counts.
local function change(b, steps, fields)
	local h, known = head(b), UNSETTLED and UNSETTLED .. knowledge(b)
	local is_new = h.epoch == ''
	local function set(field, value)
		fields[#fields + 1] = field
		fields[#fields + 1] = value
	end
	if is_new and h.has_junk then
		redis.call('DEL', KEYS[b])
	end
	if is_new or h.generation ~= (GENERATION or '') then
		h.epoch, h.generation = EPOCH, GENERATION or ''
		set('epoch', h.epoch)
		set('generation', h.generation)
	end
	if known and known ~= h.known then
		h.known = known
		set('known', known)
	end
	if steps ~= 0 or is_new then
		h.seq = string.format('%.0f', h.seq + steps)
		set('seq', h.seq)
	end
	if #fields ~= 0 then
		redis.call('HSET', KEYS[b], unpack(fields))
	end
	if is_new then
		-- It has no limit yet.
		redis.call('PEXPIRE', KEYS[b], TTL)
	end
end

local function advance(b)
	change(b, 1, {})
end

local function touch(b)
	for i = b, b + 2 do
		redis.call('PEXPIRE', KEYS[i], TTL)
	end
end

local function snapshot(b)
	local h = head(b)
	local previous, ttl = fetch(KEYS[b + 4]), '-2'
	if previous then
		ttl = string.format('%.0f', redis.call('PTTL', KEYS[b + 4]))
	end
	return { h.epoch, h.seq, fetch(KEYS[b + 3]), previous, ttl,
	    h.state or false, fetch(KEYS[b + 5]), UNSETTLED and knowledge(b) }
end

-- A member's value: the ids of the workers that hold it, each with the letter
-- of what the user does there, if it has a tab there, and its info.
local function split(v)
	if not v then
		return nil, ''
	end
	local ids, info = string.match(v, '^([0-9a-fiuv,]+) (.*)$')
	if not ids or #info > CAP then
		bad = bad + 1
		return nil, ''
	end
	return ids, info
end

-- Ids are of one length, so one is never the beginning of another.
local function has(ids, id)
	return string.find(',' .. ids, ',' .. id, 1, true) ~= nil
end

-- The letters alone: what the user does, over all workers. None is a hex digit.
local function letters(ids)
	return (string.gsub(ids, '[0-9a-f,]', ''))
end

-- ids without one worker, "" if it was the only one.
local function without(ids, id)
	local rest = {}
	for one in string.gmatch(ids, '[^,]+') do
		if string.sub(one, 1, 16) ~= id then
			rest[#rest + 1] = one
		end
	end
	return table.concat(rest, ',')
end

local function roster(b)
	local out = {}
	local all = redis.pcall('HGETALL', KEYS[b + 1])
	if all.err then
		bad = bad + 1
		return out
	end
	for i = 1, #all, 2 do
		local ids, info = split(all[i + 1])
		if ids and #all[i] <= CAP then
			out[#out + 1] = all[i]
			out[#out + 1] = info
			out[#out + 1] = letters(ids)
		end
	end
	return out
end

-- Whether editor, previous editor and state are the three expected arguments.
local function same(s, at)
	return s[3] == opt(ARGV[at]) and s[4] == opt(ARGV[at + 1]) and
	    s[6] == opt(ARGV[at + 2])
end

-- old: what is there, as far as it can be used.
local function put(key, value, ttl, old)
	if not value then
		if old or bad ~= 0 then
			redis.call('DEL', key)
		end
	elseif ttl ~= '0' then
		redis.call('SET', key, value, 'PX', ttl)
	end
end

-- Advances the room and writes a change: editor, its ttl, previous, its ttl,
-- state, modified, and further fields of the room's hash. s, the snapshot that
-- it was made from, becomes the one after it, so that nothing is read twice
-- (time stands still in a script).
local function apply(b, at, s, fields)
	local editor, previous = opt(ARGV[at]), opt(ARGV[at + 2])
	local state, modified = opt(ARGV[at + 4]), opt(ARGV[at + 5])
	if state then
		fields[#fields + 1] = 'state'
		fields[#fields + 1] = state
	end
	-- First: once a script has written anything, a full Redis refuses it
	-- nothing.
	change(b, 1, fields)
	if not state and (s[6] or head(b).has_junk) then
		redis.call('HDEL', KEYS[b], 'state')
	end
	s[1], s[2], s[6] = head(b).epoch, head(b).seq, state
	put(KEYS[b + 3], editor, ARGV[at + 1], s[3])
	put(KEYS[b + 4], previous, ARGV[at + 3], s[4])
	if not editor or ARGV[at + 1] ~= '0' then
		s[3] = editor
	end
	if not previous then
		s[4], s[5] = false, '-2'
	elseif ARGV[at + 3] ~= '0' then
		s[4], s[5] = previous, ARGV[at + 3]
	end
	if modified then
		redis.call('SET', KEYS[b + 5], modified, 'PX', WEEK)
		s[7] = modified
	end
end

local function item(tag, v)
	if not v then
		return ''
	end
	return tag .. #v .. ':' .. v .. ','
end

-- Who edits which object of the model: the editor of this room, for the model's
-- own room. Arguments: object, "" if that is as it was; value; and what the
-- workers of that room are told, "" if nobody needs to hear of it.
local function badge(b, at)
	local object, value = ARGV[at], opt(ARGV[at + 1])
	if object == '' then
		return
	end
	local done
	if value then
		done = redis.pcall('HSET', KEYS[b + 8], object, value)
		if not repaired(done, b + 8) then
			redis.call('HSET', KEYS[b + 8], object, value)
		end
		redis.call('PEXPIRE', KEYS[b + 8], DAY)
	else
		repaired(redis.pcall('HDEL', KEYS[b + 8], object), b + 8)
	end
	if ARGV[at + 2] == '' then
		return
	end
	local workers = redis.pcall('HKEYS', KEYS[b + 9])
	for _, w in ipairs(workers.err and {} or workers) do
		redis.call('PUBLISH', CHANNEL .. w, ARGV[at + 2])
	end
end

-- Publishes the event to the room's workers (pubmsg.h has the form).
local function publish(workers, s, first, last)
	local text = first .. item('e', s[1]) .. item('n', s[2]) ..
	    item('E', s[3]) .. item('P', s[4]) .. item('T', s[4] and s[5]) ..
	    item('S', s[6]) .. item('M', s[7]) .. item('K', s[8]) .. last
	for _, w in ipairs(workers) do
		redis.call('PUBLISH', CHANNEL .. w, text)
	end
end

-- members false: they were not asked for. With them goes the last save, which
-- events do not carry.
local function answer(status, s, first, members, saved)
	return { status, s[1], s[2], s[3], s[4], s[5], s[6], s[7], bad,
	    first and 1 or 0, members or false, saved or false, s[8] or false }
end
