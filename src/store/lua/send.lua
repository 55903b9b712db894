-- Publishes a text to the workers that hold one of two users. ARGV: 7 and 8
-- the users, 9 the text.
local done = {}
local found = redis.pcall('HMGET', KEYS[FIRST + 1], ARGV[7], ARGV[8])
if not found.err then
	for i = 1, 2 do
		local ids = split(found[i]) or ''
		for id in string.gmatch(ids, '[^,]+') do
			local w = string.sub(id, 1, 16)
			if not done[w] then
				done[w] = true
				redis.call('PUBLISH', CHANNEL .. w, ARGV[9])
			end
		end
	end
end
return { 'OK' }
