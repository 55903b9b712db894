-- A dead worker is cleaned up. KEYS: all workers, its rooms, its lease, the
-- right to clean up. ARGV: its id.
redis.pcall('SREM', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
return 1
