-- Replaces the chat value of a user who is listed. ARGV: 7 user, 8 value.
local listed = redis.pcall('HEXISTS', KEYS[FIRST + 6], ARGV[7])
if listed == 1 then
	redis.call('HSET', KEYS[FIRST + 6], ARGV[7], ARGV[8])
end
return { 'OK' }
